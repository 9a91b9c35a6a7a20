/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What queries of the newest version are answered with: RFC 9776 5.2, RFC 9777 6.2, 6.3.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

/* Every delay is the longest of its interval. */
static void fix_delays(struct script *s)
{
	s->rig.is_fixed = true;
	s->rig.fixed_draw = UINT32_MAX;
}

static void begin(struct script *s)
{
	set(s, 1, "G", "EX{a}");
	set(s, 2, "H", "IN{a,b}");
	settle(s);
}

static void general(struct script *s)
{
	set(s, 1, "G", "EX{a,b}");
	set(s, 1, "H", "IN{c}");
	set(s, 1, "J", "EX{}");
	settle(s);
	for (int i = 0; i < 3; i++) {
		ask(s, 10000, NULL, NULL);
		in_ms(s, 10000, "* IS_EX(G){a,b} IS_IN(H){c} IS_EX(J){}");
		quiet(s);
	}
}

/* A group that is left is no state, though its leave is still to be told. */
static void left(struct script *s)
{
	begin(s);
	fix_delays(s);
	set(s, 2, "H", "NONE");
	now(s, "* BLOCK(H){a,b}");
	ask(s, 500, NULL, NULL);
	ask(s, 500, "H", NULL);
	ask(s, 500, "H", "a");
	in_ms(s, 500, "* IS_EX(G){a}");
	in_ms(s, 1000, "* BLOCK(H){a,b}");
	quiet(s);
}

static void left_before_the_answer(struct script *s)
{
	begin(s);
	fix_delays(s);
	ask(s, 10000, "G", NULL);
	ask(s, 10000, "H", "a");
	set(s, 1, "G", "NONE");
	set(s, 2, "H", "NONE");
	now(s, "* TO_IN(G){} BLOCK(H){a,b}");
	in_ms(s, 1000, "* TO_IN(G){} BLOCK(H){a,b}");
	quiet(s);
	begin(s);
	ask(s, 10000, NULL, NULL);
	set(s, 1, "G", "NONE");
	now(s, "* TO_IN(G){}");
	in_ms(s, 1000, "* TO_IN(G){}");
	in_ms(s, 10000, "* IS_IN(H){a,b}");
	quiet(s);
}

static void joined_before_the_answer(struct script *s)
{
	begin(s);
	fix_delays(s);
	ask(s, 10000, NULL, NULL);
	set(s, 1, "J", "EX{}");
	now(s, "* TO_EX(J){}");
	in_ms(s, 1000, "* TO_EX(J){}");
	in_ms(s, 10000, "* IS_EX(G){a} IS_IN(H){a,b} IS_EX(J){}");
	quiet(s);
}

static uint64_t get_recorded(struct script *s)
{
	return engine_get_counter(s->rig.engine, ENGINE_RECORDED_SOURCES);
}

struct answer {
	const char *filter, *sources, *told; /* NULL: nothing */
};

/* RFC 9776 5.2: of what is asked for, what is wanted. */
static const struct answer answers[] = {
	{ "IN{a,b,c}", "b,c,d", "* IS_IN(G){b,c}" },
	{ "IN{a,b,c}", "a,b,c", "* IS_IN(G){a,b,c}" },
	{ "IN{a,b,c}", "c,b,c,c", "* IS_IN(G){b,c}" },
	{ "IN{a,b,c}", "d", "" },
	{ "IN{a,b,c}", "d,e,f", "" },
	{ "EX{a,b}", "b,c,d", "* IS_IN(G){c,d}" },
	{ "EX{a,b}", "a,b", "" },
	{ "EX{a,b}", "a", "" },
	{ "EX{a,b}", "d,c,a,c", "* IS_IN(G){c,d}" },
	{ "EX{}", "a", "* IS_IN(G){a}" },
	{ "EX{}", "c,a,b", "* IS_IN(G){a,b,c}" },
	{ "EX{a,b}", NULL, "* IS_EX(G){a,b}" },
	{ "EX{}", NULL, "* IS_EX(G){}" },
	{ "IN{a,b}", NULL, "* IS_IN(G){a,b}" },
};

static void answers_by_filter(struct script *s)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		size_t n_used;

		set(s, 1, "G", answers[i].filter);
		settle(s);
		n_used = s->rig.n_used;
		for (int j = 0; j < 2; j++) {
			ask(s, 1000, "G", answers[i].sources);
			in_ms(s, 1000, answers[i].told);
			quiet(s);
		}
		tap_expect(s->tap,
			   engine_get_counter(s->rig.engine, ENGINE_RECORDED_SOURCES) ==
				   0,
			   "sources stay recorded");
		tap_expect(s->tap, s->rig.n_used == n_used, "%zu bytes are %zu", n_used,
			   s->rig.n_used);
	}
}

static void by_the_state_of_the_moment(struct script *s)
{
	set(s, 1, "G", "IN{a,b}");
	settle(s);
	fix_delays(s);
	ask(s, 100000, "G", "a,b,c");
	set(s, 1, "G", "IN{b,c}");
	now(s, "* ALLOW(G){c} BLOCK(G){a}");
	in_ms(s, 1000, "* ALLOW(G){c} BLOCK(G){a}");
	in_ms(s, 100000, "* IS_IN(G){b,c}");
	ask(s, 100000, "G", "b,c,d");
	set(s, 1, "G", "EX{c}");
	now(s, "* TO_EX(G){c}");
	in_ms(s, 1000, "* TO_EX(G){c}");
	in_ms(s, 100000, "* IS_IN(G){b,d}");
	ask(s, 100000, "G", NULL);
	set(s, 1, "G", "IN{d}");
	now(s, "* TO_IN(G){d}");
	in_ms(s, 1000, "* TO_IN(G){d}");
	in_ms(s, 100000, "* IS_IN(G){d}");
	ask(s, 100000, "G", "d");
	set(s, 1, "G", "IN{e}");
	now(s, "* ALLOW(G){e} BLOCK(G){d}");
	in_ms(s, 1000, "* ALLOW(G){e} BLOCK(G){d}");
	in_ms(s, 100000, "");
	quiet(s);
}

/*
 * RFC 9776 5.2, its five rules
 */

/* Runs what asks over 100 seeds: each time these lines or those, each of them once at
 * least. */
static void either(struct script *s, void (*run)(struct script *s), const char *these,
		   const char *those)
{
	unsigned int n_these = 0, n_those = 0;
	char *first = script_text(s, these), *second = script_text(s, those), *text;

	for (uint64_t seed = 1; seed <= 100; seed++) {
		script_reseed(s, seed);
		begin(s);
		run(s);
		text = rig_print(&s->rig);
		n_these += strcmp(text, first) == 0;
		n_those += strcmp(text, second) == 0;
		if (!tap_expect(s->tap, n_these + n_those == seed, "seed %d", (int)seed))
			tap_comment("%s", text);
		free(text);
		rig_clear(&s->rig);
		quiet(s);
	}
	tap_expect(s->tap, n_these && n_those, "%u these, %u those", n_these, n_those);
	free(first);
	free(second);
}

static void ask_general_then_group(struct script *s)
{
	ask(s, 1000, NULL, NULL);
	ask(s, 1000, "G", NULL);
	rig_run(&s->rig, ENGINE_SECOND);
}

static void rule_1_group(struct script *s)
{
	either(s, ask_general_then_group, "* IS_EX(G){a} IS_IN(H){a,b}",
	       "* IS_EX(G){a}\n* IS_EX(G){a} IS_IN(H){a,b}");
}

static void ask_general_then_sources(struct script *s)
{
	ask(s, 1000, NULL, NULL);
	ask(s, 1000, "H", "b,c");
	rig_run(&s->rig, ENGINE_SECOND);
}

static void rule_1_sources(struct script *s)
{
	either(s, ask_general_then_sources, "* IS_EX(G){a} IS_IN(H){a,b}",
	       "* IS_IN(H){b}\n* IS_EX(G){a} IS_IN(H){a,b}");
}

static void ask_group_then_general(struct script *s)
{
	ask(s, 1000, "G", NULL);
	ask(s, 1000, NULL, NULL);
	rig_run(&s->rig, ENGINE_SECOND);
}

static void group_stays_pending(struct script *s)
{
	either(s, ask_group_then_general, "* IS_EX(G){a} IS_IN(H){a,b}\n* IS_EX(G){a}",
	       "* IS_EX(G){a}\n* IS_EX(G){a} IS_IN(H){a,b}");
}

static void rule_2(struct script *s)
{
	for (uint64_t seed = 1; seed <= 100; seed++) {
		script_reseed(s, seed);
		begin(s);
		ask(s, seed % 2 ? 100000 : 1000, NULL, NULL);
		ask(s, seed % 2 ? 1000 : 100000, NULL, NULL);
		in_ms(s, 1000, "* IS_EX(G){a} IS_IN(H){a,b}");
		quiet(s);
	}
}

static void rule_2_while_it_answers(struct script *s)
{
	begin(s);
	for (int i = 0; i < 5; i++) {
		ask(s, 10000, NULL, NULL);
		in_ms(s, 10000, "* IS_EX(G){a} IS_IN(H){a,b}");
	}
	quiet(s);
}

static void rule_4(struct script *s)
{
	for (uint64_t seed = 1; seed <= 50; seed++) {
		script_reseed(s, seed);
		begin(s);
		ask(s, seed % 2 ? 1000 : 100000, "G", "b");
		ask(s, seed % 2 ? 100000 : 1000, "G", NULL);
		tap_expect(s->tap, get_recorded(s) == 0, "sources stay recorded");
		in_ms(s, 1000, "* IS_EX(G){a}");
		quiet(s);
		ask(s, seed % 2 ? 1000 : 100000, "H", NULL);
		ask(s, seed % 2 ? 100000 : 1000, "H", "b");
		tap_expect(s->tap, get_recorded(s) == 0, "sources are recorded");
		in_ms(s, 1000, "* IS_IN(H){a,b}");
		quiet(s);
	}
}

static void rule_5(struct script *s)
{
	for (uint64_t seed = 1; seed <= 50; seed++) {
		script_reseed(s, seed);
		set(s, 1, "G", "EX{a}");
		settle(s);
		ask(s, seed % 2 ? 1000 : 100000, "G", "b,c");
		ask(s, 50000, "G", "c,d");
		ask(s, seed % 2 ? 100000 : 1000, "G", "a,e");
		in_ms(s, 1000, "* IS_IN(G){b,c,d,e}");
		quiet(s);
	}
}

/* KAME answered it with the recorded sources alone. */
static void general_while_sources(struct script *s)
{
	begin(s);
	fix_delays(s);
	ask(s, 100000, "G", "b");
	ask(s, 1000, NULL, NULL);
	in_ms(s, 1000, "* IS_EX(G){a} IS_IN(H){a,b}");
	in_ms(s, 100000, "* IS_IN(G){b}");
	quiet(s);
}

static void groups_on_their_own(struct script *s)
{
	begin(s);
	fix_delays(s);
	ask(s, 100000, "G", NULL);
	ask(s, 1000, "H", NULL);
	in_ms(s, 1000, "* IS_IN(H){a,b}");
	in_ms(s, 100000, "* IS_EX(G){a}");
	quiet(s);
}

static void change_while_pending(struct script *s)
{
	begin(s);
	fix_delays(s);
	ask(s, 100000, "G", NULL);
	set(s, 1, "G", "EX{a,b}");
	now(s, "* BLOCK(G){b}");
	in_ms(s, 1000, "* BLOCK(G){b}");
	in_ms(s, 100000, "* IS_EX(G){a,b}");
	quiet(s);
}

/*
 * Delays of nothing
 */

static void no_delay(struct script *s)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		script_reseed(s, seed);
		begin(s);
		for (int i = 0; i < 3; i++) {
			hear(s, (struct rig_query){ .code = -1,
						    .group = i ? "H" : NULL,
						    .sources = i == 2 ? "b" : NULL });
			in_ms(s, 100,
			      i == 0   ? "* IS_EX(G){a} IS_IN(H){a,b}"
			      : i == 1 ? "* IS_IN(H){a,b}"
				       : "* IS_IN(H){b}");
			quiet(s);
		}
	}
}

static void smallest_delay(struct script *s)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		script_reseed(s, seed);
		begin(s);
		hear(s, (struct rig_query){ .code = -2 });
		in_ms(s, s->family == ENGINE_IPV4 ? 100 : 1,
		      "* IS_EX(G){a} IS_IN(H){a,b}");
		quiet(s);
	}
}

/*
 * Limits
 */

static void too_many_for_a_group(struct script *s)
{
	set_tunable(s, ENGINE_MAXQUERYSRC, 4);
	set(s, 1, "G", "EX{z}");
	settle(s);
	ask(s, 1000, "G", "a,b,c,d");
	tap_expect(s->tap, get_recorded(s) == 4, "%d are recorded", (int)get_recorded(s));
	in_ms(s, 1000, "* IS_IN(G){a,b,c,d}");
	tap_expect(s->tap, s->rig.n_notices == 0, "a notice");
	ask(s, 1000, "G", "a,b,c,d,e");
	tap_expect(s->tap, get_recorded(s) == 0, "%d are recorded", (int)get_recorded(s));
	tap_expect(s->tap,
		   s->rig.n_notices == 1 &&
			   s->rig.last_notice.event == ENGINE_RECORDING_FULL,
		   "nobody is told");
	in_ms(s, 1000, "* IS_EX(G){z}");
	ask(s, 1000, "G", "a,b,c");
	ask(s, 1000, "G", "d,e");
	in_ms(s, 1000, "* IS_EX(G){z}");
	tap_expect(s->tap,
		   get_counter(s, ENGINE_IGMP_RCV_QUERY_FAILS,
			       ENGINE_MLD_RCV_QUERY_FAILS) == 2,
		   "not counted");
	quiet(s);
}

static void too_many_in_all(struct script *s)
{
	set_tunable(s, ENGINE_MAXRECORDED, 5);
	set(s, 1, "G", "EX{}");
	set(s, 1, "H", "EX{z}");
	settle(s);
	fix_delays(s);
	ask(s, 1000, "G", "a,b,c");
	ask(s, 100000, "H", "a,b,c");
	tap_expect(s->tap, get_recorded(s) == 3, "%d are recorded", (int)get_recorded(s));
	in_ms(s, 1000, "* IS_IN(G){a,b,c}");
	in_ms(s, 100000, "* IS_EX(H){z}");
	ask(s, 1000, "H", "a,b,c,d,e");
	in_ms(s, 1000, "* IS_IN(H){a,b,c,d,e}");
	quiet(s);
}

static void no_memory_for_sources(struct script *s)
{
	set(s, 1, "G", "EX{a}");
	settle(s);
	s->rig.fails_at = s->rig.n_calls + 1;
	ask(s, 1000, "G", "b,c");
	in_ms(s, 1000, "* IS_EX(G){a}");
	tap_expect(s->tap,
		   get_counter(s, ENGINE_IGMP_RCV_QUERY_FAILS,
			       ENGINE_MLD_RCV_QUERY_FAILS) == 1,
		   "not counted");
	quiet(s);
}

/* As routers do, whose Last Member Query Count is 2: once recorded is recorded. */
static void asked_twice(struct script *s)
{
	const char *some = s->family == ENGINE_IPV4 ? "10.1.0.40+80" : "fd01::28+80";
	const char *told[ENGINE_FAMILIES][2] = {
		{ "* IS_IN(G){10.1.0.0,10.1.0.60}",
		  "* IS_IN(G){10.1.0.0,10.1.0.60,10.1.0.110}" },
		{ "* IS_IN(G){fd01::,fd01::3c}", "* IS_IN(G){fd01::,fd01::3c,fd01::6e}" },
	};

	set(s, 1, "G",
	    s->family == ENGINE_IPV4 ? "IN{10.1.0.0,10.1.0.60,10.1.0.110,10.1.0.200}"
				     : "IN{fd01::,fd01::3c,fd01::6e,fd01::c8}");
	settle(s);
	for (int i = 0; i < 3; i++) {
		ask(s, 1000, "G", "L+80");
		ask(s, 1000, "G", i == 1 ? some : "L+80");
		tap_expect(s->tap, get_recorded(s) == (i == 1 ? 120 : 80),
			   "%d are recorded", (int)get_recorded(s));
		in_ms(s, 1000, told[s->family][i == 1]);
		quiet(s);
	}
	tap_expect(s->tap,
		   get_counter(s, ENGINE_IGMP_RCV_QUERY_FAILS,
			       ENGINE_MLD_RCV_QUERY_FAILS) == 0,
		   "a query fails");
	tap_expect(s->tap, s->rig.n_notices == 0, "a notice");
}

/* Whatever strangers ask for, it is bounded, and given back. */
static void flood(struct script *s)
{
	char sources[64];
	size_t n_used;

	set(s, 1, "G", "EX{a}");
	settle(s);
	n_used = s->rig.n_used;
	for (unsigned int i = 0; i < 2000; i++) {
		snprintf(sources, sizeof(sources),
			 s->family == ENGINE_IPV4 ? "10.7.%u.%u+20" : "fd07::%x:%x+20",
			 i >> 8, i & 0xff);
		ask(s, 3000000, "G", sources);
		tap_expect(s->tap, get_recorded(s) <= 128, "%d are recorded",
			   (int)get_recorded(s));
		tap_expect(s->tap, s->rig.n_used < n_used + 32768, "%zu bytes",
			   s->rig.n_used);
	}
	in_ms(s, 3000000, "* IS_EX(G){a}");
	quiet(s);
	tap_expect(s->tap, s->rig.n_used == n_used, "%zu bytes are %zu", n_used,
		   s->rig.n_used);
}

/* A query of a full packet: 366 IGMPv3 sources, 89 MLDv2 ones. */
static void full_query(struct script *s)
{
	unsigned int n = s->family == ENGINE_IPV4 ? 366 : 89;
	char sources[32], lines[128];

	set_tunable(s, ENGINE_MAXQUERYSRC, 1000);
	set(s, 1, "G", "EX{}");
	settle(s);
	snprintf(sources, sizeof(sources), "L+%u", n);
	ask(s, 1000, "G", sources);
	snprintf(lines, sizeof(lines), "* IS_IN(G){L+%u}", n);
	if (s->family == ENGINE_IPV4)
		strcpy(lines, "* IS_IN(G){L+365}\n* IS_IN(G){10.1.1.109}");
	in_ms(s, 1000, lines);
	quiet(s);
}

static const struct script_test tests[] = {
	{ "a General Query is answered with the state of each group in one packet "
	  "[R-QRY-1, R-QRY-2, R-QRY-4]",
	  general },
	{ "groups that are left are not told, though their leave is "
	  "[R-QRY-1, R-QRY-4, S-V3-27]",
	  left },
	{ "who leaves before the answer says no more than that [R-QRY-1, R-QRY-5, B-23]",
	  left_before_the_answer },
	{ "who joins before the general answer is in it [R-QRY-4]",
	  joined_before_the_answer },
	{ "of the sources asked for, those that are wanted are told "
	  "[R-QRY-5, R-CHG-10, S-V3-25, S-V3-32]",
	  answers_by_filter },
	{ "an answer tells the state at the time when it is sent [R-QRY-5]",
	  by_the_state_of_the_moment },
	{ "a general answer that is sooner does for a Group query, one that is later "
	  "does not [R-QRY-3, S-V3-24]",
	  rule_1_group },
	{ "a general answer that is sooner does for a group-and-source query, too "
	  "[R-QRY-3]",
	  rule_1_sources },
	{ "a pending answer about a group stays when a General Query comes "
	  "[R-QRY-3, S-V3-23]",
	  group_stays_pending },
	{ "two General Queries have one answer, in the shorter time [R-QRY-3, S-V3-23]",
	  rule_2 },
	{ "each General Query has its answer [R-QRY-4]", rule_2_while_it_answers },
	{ "a Group query beside one for sources is answered once, as a whole, in the "
	  "shorter time [R-QRY-3, S-V3-24]",
	  rule_4 },
	{ "sources asked for in turn are answered at once, in the shortest time "
	  "[R-QRY-3, S-V3-25]",
	  rule_5 },
	{ "a General Query is answered as a whole while sources are pending "
	  "[R-QRY-3, R-QRY-4, S-V3-32, B-14]",
	  general_while_sources },
	{ "each group has its own time to answer [R-QRY-2]", groups_on_their_own },
	{ "a change of the filter leaves a pending answer alone [R-QRY-3, R-QRY-5]",
	  change_while_pending },
	{ "a query that gives no time is answered soon, and not at once "
	  "[R-QRY-1, R-SEC-3, B-20]",
	  no_delay },
	{ "the shortest time that a query can give is kept [R-QRY-1, B-8]",
	  smallest_delay },
	{ "more sources than are recorded of a group are answered with all of it "
	  "[R-SEC-1]",
	  too_many_for_a_group },
	{ "more sources than are recorded in all are, too [R-SEC-1]", too_many_in_all },
	{ "sources that there is no memory for are, too [R-SEC-1, S-V3-26]",
	  no_memory_for_sources },
	{ "a query that comes twice, or with some sources of another, takes no more room "
	  "than once [R-QRY-3, R-SEC-1]",
	  asked_twice },
	{ "2,000 queries for other sources each take bounded memory and give it back "
	  "[R-SEC-1]",
	  flood },
	{ "a query as long as a packet is answered [R-FMT-10, R-QRY-5]", full_query },
};

int main(void)
{
	struct tap tap = { 0 };

	script_run(&tap, tests, sizeof(tests) / sizeof(tests[0]));
	return tap_finish(&tap);
}
