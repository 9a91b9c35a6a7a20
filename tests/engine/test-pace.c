/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pace of the answer to General Queries (RFC 9776 5.2): its packets stay apart, and
 * none of it is forgotten, whatever is heard while it goes on.
 */
#include <stdio.h>
#include <string.h>

#include "script.h"

#define GROUPS    2000u
#define TURNS     40
#define PACKET_US 12u /* that it takes to send one */

/* Answers are not begun sooner one behind the other (R-SEC-3). */
#define APART (100 * RIG_MS)

/* Number i behind G. */
static const char *get_group(struct script *s, unsigned int i)
{
	static char text[RIG_ADDR_TEXT];
	struct addr group = rig_addr(script_name(s, "G"));

	group.lo += i;
	rig_format(group, text);
	return text;
}

static void join(struct script *s, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		set(s, 1, get_group(s, i), "EX{}");
	settle(s);
}

/* Packets of the answer about so many groups. */
static unsigned int count_packets(struct script *s, unsigned int n)
{
	unsigned int fit = s->family == ENGINE_IPV4 ? (1500 - 32) / 8 : (1500 - 56) / 20;

	return (n + fit - 1) / fit;
}

/* Pulls one packet, which takes time to send. */
static bool pull_slowly(struct script *s)
{
	uint8_t bytes[1500];
	struct engine_packet packet;
	int r = engine_pull(s->rig.engine, bytes, sizeof(bytes), &packet, s->rig.now);

	if (r > 0)
		s->rig.now += PACKET_US;
	return r > 0;
}

/* Up to that moment. Returns the number of packets. */
static size_t run_until(struct script *s, uint64_t end)
{
	uint64_t deadline;
	size_t n = 0;

	while (s->rig.now < end) {
		if (pull_slowly(s)) {
			n++;
			continue;
		}
		deadline = engine_get_deadline(s->rig.engine);
		s->rig.now = deadline < end ? deadline : end;
	}
	return n;
}

/* A query each `pause`. */
static size_t flood(struct script *s, uint64_t us, uint64_t pause,
		    const struct rig_query *query)
{
	uint64_t begin = s->rig.now;
	size_t n = 0;

	for (uint64_t at = 0; at < us; at += pause) {
		hear(s, *query);
		n += run_until(s, begin + at + pause);
	}
	return n;
}

static void expect_at_most(struct script *s, size_t n, size_t max)
{
	tap_expect(s->tap, n > 0 && n <= max, "%zu packets, 1 to %zu are right", n, max);
}

/* In each interval two answers, as one may end in it and the next begin, and a packet. */
static void query_each_ms(struct script *s)
{
	const struct rig_query query = { .max_response_ms = 10000 };

	join(s, GROUPS);
	for (unsigned int i = 0; i < 3; i++)
		expect_at_most(s, flood(s, 10 * ENGINE_SECOND, RIG_MS, &query),
			       2 * count_packets(s, GROUPS) + 1);
	run_until(s, s->rig.now + 20 * ENGINE_SECOND);
	quiet(s);
}

/* What is left of the first answer does not hurry, nor does what begins anew. */
static void query_at_the_end(struct script *s)
{
	unsigned int n = count_packets(s, GROUPS);

	join(s, GROUPS);
	for (int i = 0; i < 10; i++) {
		uint64_t begin = s->rig.now;
		size_t n_first, n_second;

		ask(s, 10000, NULL, NULL);
		n_first = run_until(s, begin + 9800 * RIG_MS);
		ask(s, 10000, NULL, NULL);
		n_second = run_until(s, begin + 10050 * RIG_MS);
		tap_expect(s->tap, n_second < n / 2, "%zu of %u packets in 250 ms",
			   n_second, n);
		n_second += run_until(s, begin + 19800 * RIG_MS + n * PACKET_US);
		tap_expect(s->tap, n_first <= n && n_second >= n && n_second <= n + 1,
			   "%zu and %zu packets, not %u each", n_first, n_second, n);
		quiet(s);
	}
}

/* The queries allow a millisecond: the bound of the answers is the host's own. A packet
 * more each time, as in query_each_ms(). */
static void short_queries(struct script *s, unsigned int n_groups, uint64_t pause)
{
	const struct rig_query query = { .code = -2 };

	join(s, n_groups);
	expect_at_most(s, flood(s, 3 * ENGINE_SECOND, pause, &query),
		       (3 * ENGINE_SECOND / APART + 1) *
			       (count_packets(s, n_groups) + (n_groups > 1)));
	run_until(s, s->rig.now + ENGINE_SECOND);
	quiet(s);
}

static void short_queries_one_packet(struct script *s)
{
	short_queries(s, 1, RIG_MS);
}

/* The answer is not done when the next one comes. */
static void short_queries_amid(struct script *s)
{
	short_queries(s, GROUPS, RIG_MS / 10);
}

static void short_queries_many_packets(struct script *s)
{
	short_queries(s, GROUPS, RIG_MS);
}

/* Whatever the queries, and whoever pulls as soon as it may. */
static void begun_apart(struct script *s)
{
	const struct rig_query query = { .code = -2 };
	uint64_t end, last = 0;
	size_t n = 0;

	set(s, 1, "G", "EX{}");
	settle(s);
	for (end = s->rig.now + 5 * ENGINE_SECOND; s->rig.now < end;) {
		hear(s, query);
		rig_run(&s->rig, RIG_MS);
		if (!s->rig.n_lines)
			continue;
		tap_expect(s->tap, !last || s->rig.lines[0].when >= last + APART,
			   "%d us behind the one before",
			   (int)(s->rig.lines[0].when - last));
		tap_expect(s->tap, s->rig.n_lines == 1, "%zu in a ms", s->rig.n_lines);
		last = s->rig.lines[0].when;
		rig_clear(&s->rig);
		n++;
	}
	tap_expect(s->tap, n > 20, "%zu answers", n);
	settle(s);
}

static bool is_told(struct script *s, const char *group)
{
	char record[80];

	snprintf(record, sizeof(record), " IS_EX(%s){}", group);
	return rig_count_like(&s->rig, record) > 0;
}

/* The time of the general answer is that of its first packet, not of the others. */
static void group_query_amid(struct script *s)
{
	join(s, GROUPS);
	for (unsigned int i = 0; i < TURNS; i++) {
		const char *group;

		ask(s, 10000, NULL, NULL);
		rig_run(&s->rig, i * 200 * RIG_MS);
		rig_clear(&s->rig);
		group = get_group(s, (i * 977 + 1000) % GROUPS);
		ask(s, 1000, group, NULL);
		rig_run(&s->rig, ENGINE_SECOND);
		tap_expect(s->tap, is_told(s, group), "turn %u: %s is not told", i,
			   group);
		settle(s);
	}
}

static void group_query_before(struct script *s)
{
	set(s, 1, "G", "EX{}");
	set(s, 1, "H", "EX{}");
	settle(s);
	s->rig.is_fixed = true;
	s->rig.fixed_draw = UINT32_MAX / 2;
	ask(s, 1000, NULL, NULL);
	s->rig.fixed_draw = UINT32_MAX;
	ask(s, 1000, "G", NULL);
	in_ms(s, 1000, "* IS_EX(G){} IS_EX(H){}");
	quiet(s);
}

/* Nobody owes an answer any more: that of the General Query will not come. */
static void joined_behind_those_who_owed(struct script *s)
{
	for (uint64_t seed = 1; seed <= TURNS; seed++) {
		const char *group = script_name(s, "H");

		script_reseed(s, seed);
		set(s, 1, "G", "EX{}");
		settle(s);
		ask(s, 10000, NULL, NULL);
		set(s, 1, "G", "NONE");
		rig_run(&s->rig, ENGINE_SECOND);
		set(s, 1, "H", "EX{}");
		rig_run(&s->rig, ENGINE_SECOND);
		rig_clear(&s->rig);
		ask(s, 1000, "H", NULL);
		rig_run(&s->rig, ENGINE_SECOND);
		tap_expect(s->tap, is_told(s, group), "seed %d: no answer", (int)seed);
		settle(s);
	}
}

static const struct script_test tests[] = {
	{ "General Queries faster than the answer is long do not hurry it "
	  "[R-QRY-4, R-SEC-1]",
	  query_each_ms },
	{ "one that comes when the answer should be done does not hurry it, and is "
	  "answered as a whole [R-QRY-4, R-SEC-1]",
	  query_at_the_end },
	{ "queries that allow a millisecond, one each millisecond, bring no more than "
	  "ten answers a second [R-SEC-3]",
	  short_queries_one_packet },
	{ "nor do they where the answer is long [R-SEC-3, R-SEC-1]",
	  short_queries_many_packets },
	{ "nor do they where each comes amid the answer to the one before "
	  "[R-SEC-3, R-SEC-1]",
	  short_queries_amid },
	{ "answers to General Queries begin 100 ms apart at least [R-SEC-3]",
	  begun_apart },
	{ "a Group query amid the answer of many packets is answered in its own time "
	  "[R-QRY-3]",
	  group_query_amid },
	{ "an answer of one packet that is sooner does for it [R-QRY-3]",
	  group_query_before },
	{ "a group is answered for though all that owed a general answer have left "
	  "[R-QRY-3]",
	  joined_behind_those_who_owed },
};

int main(void)
{
	struct tap tap = { 0 };

	script_run(&tap, tests, sizeof(tests) / sizeof(tests[0]));
	return tap_finish(&tap);
}
