/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When things are sent, over many random numbers: RFC 9776 5.1 and 5.2, RFC 9777 6.1 to
 * 6.3. Delays are uniform in (0, interval].
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

#define SEEDS    400u
#define QUARTERS 4u

/* How often delays fell into each quarter of their interval. */
struct spread {
	uint64_t max;
	unsigned int n[QUARTERS], n_all;
};

static void note(struct script *s, struct spread *spread, uint64_t delay)
{
	if (!tap_expect(s->tap, delay > 0 && delay <= spread->max,
			"seed %d: %llu us of %llu", (int)s->seed,
			(unsigned long long)delay, (unsigned long long)spread->max))
		return;
	spread->n[(delay - 1) * QUARTERS / spread->max]++;
	spread->n_all++;
}

/* Each quarter has 20 to 30 of 100: with 400 and more that is two deviations and more. */
static void expect_uniform(struct script *s, const struct spread *spread, unsigned int n)
{
	tap_expect(s->tap, spread->n_all == n, "%u delays, not %u", spread->n_all, n);
	for (unsigned int i = 0; i < QUARTERS; i++) {
		tap_expect(s->tap,
			   spread->n[i] * 100 >= 18 * n && spread->n[i] * 100 <= 32 * n,
			   "quarter %u: %u of %u", i, spread->n[i], n);
	}
}

static void first_at_the_same_instant(struct script *s)
{
	for (uint64_t seed = 1; seed <= 50; seed++) {
		script_reseed(s, seed);
		s->rig.now += seed * 12345;
		set(s, 1, "G", "EX{}");
		rig_run(&s->rig, ENGINE_SECOND);
		tap_expect(s->tap,
			   s->rig.n_lines == 2 &&
				   s->rig.lines[0].when == s->rig.now - ENGINE_SECOND,
			   "seed %d: it is late", (int)seed);
		rig_clear(&s->rig);
	}
}

static void gaps(struct script *s)
{
	struct spread spread = { .max = ENGINE_SECOND };

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		script_reseed(s, seed);
		set_tunable(s, ENGINE_ROBUSTNESS, 4);
		set(s, 1, "G", "EX{}");
		rig_run(&s->rig, 3 * ENGINE_SECOND);
		tap_expect(s->tap, s->rig.n_lines == 4, "%zu packets", s->rig.n_lines);
		for (size_t i = 1; i < s->rig.n_lines; i++)
			note(s, &spread, s->rig.lines[i].when - s->rig.lines[i - 1].when);
		rig_clear(&s->rig);
		quiet(s);
	}
	expect_uniform(s, &spread, 3 * SEEDS);
}

/* The gap is counted from the report before, however it came about. */
static void gap_after_a_change(struct script *s)
{
	struct spread spread = { .max = ENGINE_SECOND };

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		script_reseed(s, seed);
		set(s, 1, "G", "IN{a}");
		now(s, "* ALLOW(G){a}");
		set(s, 1, "G", "IN{b}");
		rig_run(&s->rig, ENGINE_SECOND);
		tap_expect(s->tap, s->rig.n_lines == 2, "%zu packets", s->rig.n_lines);
		note(s, &spread, s->rig.lines[1].when - s->rig.lines[0].when);
		rig_clear(&s->rig);
		quiet(s);
	}
	expect_uniform(s, &spread, SEEDS);
}

static void one_gap_for_a_packet(struct script *s)
{
	for (uint64_t seed = 1; seed <= 50; seed++) {
		script_reseed(s, seed);
		set_tunable(s, ENGINE_ROBUSTNESS, 3);
		set(s, 1, "G", "EX{}");
		set(s, 1, "H", "IN{a}");
		set(s, 1, "J", "EX{b}");
		now(s, "* TO_EX(G){} ALLOW(H){a} TO_EX(J){b}");
		in_ms(s, 2000,
		      "* TO_EX(G){} ALLOW(H){a} TO_EX(J){b}\n"
		      "* TO_EX(G){} ALLOW(H){a} TO_EX(J){b}");
		quiet(s);
	}
}

static uint64_t get_delay(struct script *s, uint64_t ms, const char *group,
			  const char *sources)
{
	uint64_t begin = s->rig.now, delay;

	ask(s, ms, group, sources);
	rig_run(&s->rig, ms * RIG_MS);
	tap_expect(s->tap, s->rig.n_lines == 1, "seed %d: %zu packets", (int)s->seed,
		   s->rig.n_lines);
	delay = s->rig.n_lines ? s->rig.lines[0].when - begin : 0;
	rig_clear(&s->rig);
	quiet(s);
	return delay;
}

/* Each kind of query, with the longest times that there are. */
static void responses(struct script *s)
{
	uint64_t longest = s->family == ENGINE_IPV4 ? 3174400 : 8387584;
	const uint64_t times[] = { 100, 1000, 10000, longest };

	for (int i = 0; i < 4; i++) {
		for (int kind = 0; kind < 3; kind++) {
			struct spread spread = { .max = times[i] * RIG_MS };

			for (uint64_t seed = 1; seed <= SEEDS; seed++) {
				script_reseed(s, seed);
				set(s, 1, "G", "EX{}");
				settle(s);
				note(s, &spread,
				     get_delay(s, times[i], kind ? "G" : NULL,
					       kind == 2 ? "a" : NULL));
			}
			expect_uniform(s, &spread, SEEDS);
		}
	}
}

/* The smallest and the largest that draw() can make of an interval. */
static void ends_of_the_interval(struct script *s)
{
	static const uint32_t draws[] = { 0, 999999, 1000000, UINT32_MAX };

	for (int i = 0; i < 4; i++) {
		uint64_t begin;

		script_reseed(s, 1);
		s->rig.is_fixed = true;
		s->rig.fixed_draw = draws[i];
		set(s, 1, "G", "EX{}");
		now(s, "* TO_EX(G){}");
		begin = s->rig.now;
		rig_run(&s->rig, ENGINE_SECOND);
		tap_expect(s->tap,
			   s->rig.n_lines == 1 && s->rig.lines[0].when > begin &&
				   s->rig.lines[0].when <= begin + ENGINE_SECOND,
			   "draw %u: the gap", draws[i]);
		rig_clear(&s->rig);
		quiet(s);
		tap_expect(s->tap, get_delay(s, 1000, "G", NULL) > 0, "draw %u: group",
			   draws[i]);
		tap_expect(s->tap, get_delay(s, 1000, NULL, NULL) > 0, "draw %u: general",
			   draws[i]);
		tap_expect(s->tap, get_delay(s, 1000, "G", "a") > 0, "draw %u: sources",
			   draws[i]);
	}
}

static void begin_many(struct script *s, unsigned int n)
{
	struct addr group = rig_addr(script_name(s, "G"));
	char text[RIG_ADDR_TEXT];

	for (unsigned int i = 0; i < n; i++) {
		rig_format((struct addr){ group.hi, group.lo + i }, text);
		set(s, 1, text, "EX{}");
	}
	settle(s);
}

/* Each group once, in packets that are apart, all of them in time. */
static void expect_spread(struct script *s, unsigned int n, uint64_t begin, uint64_t end)
{
	struct addr group = rig_addr(script_name(s, "G"));
	char text[RIG_ADDR_TEXT], record[80];
	uint64_t last = begin;

	for (unsigned int i = 0; i < n; i++) {
		rig_format((struct addr){ group.hi, group.lo + i }, text);
		snprintf(record, sizeof(record), " IS_EX(%s){}", text);
		tap_expect(s->tap, rig_count_like(&s->rig, record) == 1, "%s %zu times",
			   record, rig_count_like(&s->rig, record));
	}
	for (size_t i = 0; i < s->rig.n_lines; i++) {
		tap_expect(s->tap, s->rig.lines[i].when > last, "packet %zu: at once", i);
		last = s->rig.lines[i].when;
	}
	tap_expect(s->tap, last <= end, "the last one is late");
}

static void spreads_the_general_answer(struct script *s)
{
	unsigned int fit = s->family == ENGINE_IPV4 ? (1500 - 32) / 8 : (1500 - 56) / 20;
	unsigned int n = 4 * fit + 10;

	for (uint64_t seed = 1; seed <= 20; seed++) {
		uint64_t begin;

		script_reseed(s, seed);
		begin_many(s, n);
		begin = s->rig.now;
		ask(s, 10000, NULL, NULL);
		rig_run(&s->rig, 10 * ENGINE_SECOND);
		tap_expect(s->tap, s->rig.n_lines == 5, "%zu packets", s->rig.n_lines);
		expect_spread(s, n, begin, begin + 10 * ENGINE_SECOND);
		tap_expect(s->tap,
			   s->rig.n_lines == 5 &&
				   s->rig.lines[4].when - s->rig.lines[0].when >
					   2 * ENGINE_SECOND,
			   "in a burst");
		rig_clear(&s->rig);
		quiet(s);
	}
}

/* Groups of more than two packets. */
static unsigned int get_many(const struct script *s)
{
	return s->family == ENGINE_IPV4 ? 600 : 250;
}

/* Groups that go and come while the answer is under way. */
static void changes_amid_the_general_answer(struct script *s)
{
	unsigned int n = get_many(s);
	struct addr group = rig_addr(script_name(s, "G"));
	char text[RIG_ADDR_TEXT];

	begin_many(s, n);
	ask(s, 10000, NULL, NULL);
	while (s->rig.n_lines < 2)
		rig_run(&s->rig, 10 * RIG_MS);
	for (unsigned int i = 0; i < n; i += 2) {
		rig_format((struct addr){ group.hi, group.lo + i }, text);
		set(s, 1, text, "NONE");
	}
	rig_pull(&s->rig);
	rig_run(&s->rig, 10 * ENGINE_SECOND);
	for (unsigned int i = 0; i < n; i++) {
		char record[80];
		size_t n_told;

		rig_format((struct addr){ group.hi, group.lo + i }, text);
		snprintf(record, sizeof(record), " IS_EX(%s){}", text);
		n_told = rig_count_like(&s->rig, record);
		tap_expect(s->tap, i % 2 ? n_told == 1 : n_told <= 1, "%s %zu times",
			   record, n_told);
		snprintf(record, sizeof(record), " TO_IN(%s){}", text);
		n_told = rig_count_like(&s->rig, record);
		tap_expect(s->tap, n_told == (i % 2 ? 0 : 2), "%s %zu times", record,
			   n_told);
	}
	rig_clear(&s->rig);
	quiet(s);
}

/* How many of the groups are told n times. */
static unsigned int count_told(struct script *s, size_t n)
{
	struct addr group = rig_addr(script_name(s, "G"));
	char text[RIG_ADDR_TEXT], record[80];
	unsigned int n_groups = 0;

	for (unsigned int i = 0; i < get_many(s); i++) {
		rig_format((struct addr){ group.hi, group.lo + i }, text);
		snprintf(record, sizeof(record), " IS_EX(%s){}", text);
		n_groups += rig_count_like(&s->rig, record) == n;
	}
	return n_groups;
}

/* Who asks anew wants to hear of all groups, of those that have been told, too. */
static void asked_again_amid_the_general_answer(struct script *s)
{
	begin_many(s, get_many(s));
	ask(s, 10000, NULL, NULL);
	while (s->rig.n_lines < 2)
		rig_run(&s->rig, 10 * RIG_MS);
	rig_clear(&s->rig);
	ask(s, 10000, NULL, NULL);
	rig_expect_now(&s->rig, s->tap, "at once", "");
	rig_run(&s->rig, 10 * ENGINE_SECOND);
	tap_expect(s->tap, count_told(s, 1) == get_many(s), "%u of %u are told once",
		   count_told(s, 1), get_many(s));
	rig_clear(&s->rig);
	quiet(s);
}

/* The general answer will not tell it once more. */
static void group_asked_for_amid_the_general_answer(struct script *s)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		script_reseed(s, seed);
		begin_many(s, get_many(s));
		ask(s, 10000, NULL, NULL);
		while (!rig_count_like(&s->rig, script_name(s, " IS_EX(G){}")))
			rig_run(&s->rig, 10 * RIG_MS);
		rig_clear(&s->rig);
		ask(s, 10000, "G", NULL);
		rig_run(&s->rig, 10 * ENGINE_SECOND);
		tap_expect(s->tap,
			   rig_count(&s->rig, script_name(s, "* IS_EX(G){}")) == 1,
			   "seed %d: it is not answered", (int)seed);
		tap_expect(s->tap,
			   rig_count_like(&s->rig, script_name(s, " IS_EX(G){}")) == 1,
			   "seed %d: it is answered twice", (int)seed);
		rig_clear(&s->rig);
		quiet(s);
	}
}

/* The first query still has its answer in time. */
static void asked_again_with_more_time(struct script *s)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		script_reseed(s, seed);
		begin_many(s, get_many(s));
		ask(s, 1000, NULL, NULL);
		ask(s, 1000000, NULL, NULL);
		rig_run(&s->rig, ENGINE_SECOND);
		tap_expect(s->tap, count_told(s, 1) == get_many(s),
			   "seed %d: %u of %u are told once", (int)seed, count_told(s, 1),
			   get_many(s));
		rig_clear(&s->rig);
		quiet(s);
	}
}

/* The same to whoever looks every millisecond: no deadline comes too late. */
static void deadlines_are_not_late(struct script *s)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		uint64_t when[16], begin;
		size_t n;

		for (int is_busy = 0; is_busy < 2; is_busy++) {
			script_reseed(s, seed);
			s->rig.room = 1500;
			set_tunable(s, ENGINE_ROBUSTNESS, 7);
			set(s, 1, "G", "EX{}");
			begin = s->rig.now;
			if (!is_busy)
				rig_run(&s->rig, 6 * ENGINE_SECOND);
			for (int i = 0; is_busy && i < 7000; i++) {
				rig_pull(&s->rig);
				s->rig.now += RIG_MS;
			}
			tap_expect(s->tap, s->rig.n_lines == 7, "%zu packets",
				   s->rig.n_lines);
			n = is_busy ? s->rig.n_lines : 0;
			for (size_t i = 0; i < s->rig.n_lines && !is_busy; i++)
				when[i] = s->rig.lines[i].when - begin;
			for (size_t i = 0; i < n; i++)
				tap_expect(s->tap,
					   s->rig.lines[i].when - begin + RIG_MS / 2 >=
							   when[i] &&
						   s->rig.lines[i].when - begin <=
							   when[i] + (i + 1) * RIG_MS,
					   "seed %d: packet %zu", (int)seed, i);
			rig_clear(&s->rig);
		}
	}
}

/* Nobody has looked for a while: what is due is sent once, not as often as it was
 * missed. */
static void sleeps_over(struct script *s)
{
	set_tunable(s, ENGINE_ROBUSTNESS, 4);
	set(s, 1, "G", "EX{}");
	now(s, "* TO_EX(G){}");
	s->rig.now += 3600 * ENGINE_SECOND;
	now(s, "* TO_EX(G){}");
	in_ms(s, 2000, "* TO_EX(G){}\n* TO_EX(G){}");
	quiet(s);
	ask(s, 1000, NULL, NULL);
	s->rig.now += 3600 * ENGINE_SECOND;
	now(s, "* IS_EX(G){}");
	quiet(s);
}

static const struct script_test tests[] = {
	{ "the first report is sent in the same instant [R-CHG-1, S-V3-33]",
	  first_at_the_same_instant },
	{ "repetitions are random, 0 to 1 s after the one before, evenly [R-CHG-4, "
	  "S-V3-33]",
	  gaps },
	{ "so they are behind a change that came meanwhile [R-CHG-4, R-CHG-5]",
	  gap_after_a_change },
	{ "groups that are told in one packet are told again in one [R-CHG-4]",
	  one_gap_for_a_packet },
	{ "answers are random, 0 to the time that the query gives, evenly, and never "
	  "at once [R-QRY-1, R-QRY-4]",
	  responses },
	{ "the least and the greatest random number are in that interval, too "
	  "[R-CHG-4, R-QRY-1]",
	  ends_of_the_interval },
	{ "the answer about many groups is spread, each once and in time [R-QRY-4]",
	  spreads_the_general_answer },
	{ "groups may go while it is under way [R-QRY-4, B-23]",
	  changes_amid_the_general_answer },
	{ "a General Query amid the answer to another is answered about all of them "
	  "[R-QRY-3, R-QRY-4]",
	  asked_again_amid_the_general_answer },
	{ "a Group query amid the general answer is answered, though the group has "
	  "been told [R-QRY-3]",
	  group_asked_for_amid_the_general_answer },
	{ "one with more time takes none from the answer to the first [R-QRY-3]",
	  asked_again_with_more_time },
	{ "no deadline is too late [R-CHG-4]", deadlines_are_not_late },
	{ "what was slept over is sent once [R-CHG-4, R-QRY-4]", sleeps_over },
};

int main(void)
{
	struct tap tap = { 0 };

	script_run(&tap, tests, sizeof(tests) / sizeof(tests[0]));
	return tap_finish(&tap);
}
