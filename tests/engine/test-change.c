/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State-change reports: RFC 9776 5.1, RFC 9777 6.1. What does not fit into a packet is in
 * test-split.c.
 */
#include <string.h>

#include "script.h"

/* Each gap is random in (0, 1 s]: half of that is behind the first repetition, or not. */
#define REPEATS_MS 1000

static void first_at_once(struct script *s)
{
	set(s, 1, "G", "EX{a}");
	tap_expect(s->tap, engine_get_deadline(s->rig.engine) <= s->rig.now,
		   "the deadline is later");
	now(s, "* TO_EX(G){a}");
	settle(s);
}

static void changes_made_together(struct script *s)
{
	set(s, 1, "G", "EX{}");
	set(s, 1, "G", "EX{a}");
	set(s, 1, "H", "IN{a}");
	set(s, 1, "H", "IN{a,b}");
	now(s, "* TO_EX(G){a} ALLOW(H){a,b}");
	in_ms(s, REPEATS_MS, "* TO_EX(G){a} ALLOW(H){a,b}");
	quiet(s);
}

struct transition {
	const char *from, *to, *told;
};

/* RFC 9776 5.1, in its order. */
static const struct transition transitions[] = {
	{ "IN{a,b}", "IN{b,c}", "* ALLOW(G){c} BLOCK(G){a}" },
	{ "IN{a}", "IN{a,b,c}", "* ALLOW(G){b,c}" },
	{ "IN{a,b,c}", "IN{b}", "* BLOCK(G){a,c}" },
	{ "IN{a}", "IN{b}", "* ALLOW(G){b} BLOCK(G){a}" },
	{ "EX{a,b}", "EX{b,c}", "* ALLOW(G){a} BLOCK(G){c}" },
	{ "EX{a}", "EX{}", "* ALLOW(G){a}" },
	{ "EX{}", "EX{a,b}", "* BLOCK(G){a,b}" },
	{ "EX{a}", "EX{a,b}", "* BLOCK(G){b}" },
	{ "IN{a}", "EX{b}", "* TO_EX(G){b}" },
	{ "IN{a}", "EX{a}", "* TO_EX(G){a}" },
	{ "IN{a,b}", "EX{}", "* TO_EX(G){}" },
	{ "EX{a}", "IN{b}", "* TO_IN(G){b}" },
	{ "EX{a}", "IN{a}", "* TO_IN(G){a}" },
	{ "EX{}", "IN{a,b}", "* TO_IN(G){a,b}" },
	/* No state counts as INCLUDE({}). */
	{ "NONE", "IN{a,b}", "* ALLOW(G){a,b}" },
	{ "NONE", "EX{}", "* TO_EX(G){}" },
	{ "NONE", "EX{a,b}", "* TO_EX(G){a,b}" },
	{ "IN{a,b}", "NONE", "* BLOCK(G){a,b}" },
	{ "EX{}", "NONE", "* TO_IN(G){}" },
	{ "EX{a}", "NONE", "* TO_IN(G){}" },
	{ "EX{a}", "IN{}", "* TO_IN(G){}" },
};

static void tells_transitions(struct script *s)
{
	for (size_t i = 0; i < sizeof(transitions) / sizeof(transitions[0]); i++) {
		const struct transition *t = &transitions[i];

		set(s, 1, "G", t->from);
		settle(s);
		set(s, 1, "G", t->to);
		twice(s, t->told);
		set(s, 1, "G", "NONE");
		settle(s);
	}
}

static void repeats_as_often(struct script *s)
{
	for (uint64_t n = 2; n <= 7; n++) {
		char lines[512] = "* ALLOW(G){a}";

		set_tunable(s, ENGINE_ROBUSTNESS, n);
		set(s, 1, "G", "IN{a}");
		now(s, lines);
		for (uint64_t i = 2; i < n; i++)
			strcat(lines, "\n* ALLOW(G){a}");
		in_ms(s, (n - 1) * REPEATS_MS, lines);
		quiet(s);
		set(s, 1, "G", "NONE");
		settle(s);
	}
}

static void merges_sources(struct script *s)
{
	set(s, 1, "G", "IN{a}");
	now(s, "* ALLOW(G){a}");
	set(s, 1, "G", "IN{a,b}");
	now(s, "* ALLOW(G){a,b}");
	in_ms(s, REPEATS_MS, "* ALLOW(G){b}");
	quiet(s);
}

/* The difference goes out once more while the source is counted on its own. */
static void counts_each_source(struct script *s)
{
	set_tunable(s, ENGINE_ROBUSTNESS, 4);
	set(s, 1, "G", "IN{a}");
	now(s, "* ALLOW(G){a}");
	set(s, 1, "G", "IN{a,b}");
	now(s, "* ALLOW(G){a,b}");
	set(s, 1, "G", "IN{a,b,c}");
	now(s, "* ALLOW(G){a,b,c}");
	set(s, 1, "G", "IN{a,b,c,d}");
	now(s, "* ALLOW(G){a,b,c,d}");
	in_ms(s, 3 * REPEATS_MS,
	      "* ALLOW(G){b,c,d}\n"
	      "* ALLOW(G){c,d}\n"
	      "* ALLOW(G){d}");
	quiet(s);
}

static void flips(struct script *s)
{
	set(s, 1, "G", "IN{a,b}");
	settle(s);
	set(s, 1, "G", "IN{b}");
	now(s, "* BLOCK(G){a}");
	set(s, 1, "G", "IN{a,b}");
	now(s, "* ALLOW(G){a}");
	set(s, 1, "G", "IN{b}");
	now(s, "* BLOCK(G){a}");
	in_ms(s, REPEATS_MS, "* BLOCK(G){a}");
	quiet(s);
}

static void leaves_and_returns(struct script *s)
{
	set(s, 1, "G", "IN{a}");
	settle(s);
	set(s, 1, "G", "NONE");
	now(s, "* BLOCK(G){a}");
	set(s, 2, "G", "IN{a,b}");
	now(s, "* ALLOW(G){a,b}");
	in_ms(s, REPEATS_MS, "* ALLOW(G){a,b}");
	quiet(s);
	merged(s, "G", "IN{a,b}");
}

static void both_directions(struct script *s)
{
	set(s, 1, "G", "EX{a,b}");
	settle(s);
	set(s, 1, "G", "EX{b,c}");
	now(s, "* ALLOW(G){a} BLOCK(G){c}");
	set(s, 1, "G", "EX{b,d}");
	now(s, "* ALLOW(G){a,c} BLOCK(G){d}");
	in_ms(s, REPEATS_MS, "* ALLOW(G){c} BLOCK(G){d}");
	quiet(s);
}

/* RFC 9776 5.1: a mode change that is repeated tells the state of the moment. */
static void sources_while_mode(struct script *s)
{
	set(s, 1, "G", "EX{a}");
	now(s, "* TO_EX(G){a}");
	set(s, 1, "G", "EX{a,b}");
	now(s, "* TO_EX(G){a,b}");
	in_ms(s, REPEATS_MS, "* BLOCK(G){b}");
	quiet(s);
}

static void sources_while_mode_of_many(struct script *s)
{
	set(s, 1, "G", "EX{a}");
	settle(s);
	set_tunable(s, ENGINE_ROBUSTNESS, 3);
	set(s, 1, "G", "IN{a,b}");
	now(s, "* TO_IN(G){a,b}");
	set(s, 1, "G", "IN{b,c}");
	now(s, "* TO_IN(G){b,c}");
	in_ms(s, 2 * REPEATS_MS,
	      "* TO_IN(G){b,c}\n"
	      "* ALLOW(G){c} BLOCK(G){a}");
	quiet(s);
}

static void mode_while_sources(struct script *s)
{
	set(s, 1, "G", "IN{a}");
	now(s, "* ALLOW(G){a}");
	set(s, 1, "G", "EX{b}");
	now(s, "* TO_EX(G){b}");
	in_ms(s, REPEATS_MS, "* TO_EX(G){b}");
	quiet(s);
}

static void mode_and_back(struct script *s)
{
	set(s, 1, "G", "EX{}");
	now(s, "* TO_EX(G){}");
	set(s, 1, "G", "NONE");
	now(s, "* TO_IN(G){}");
	set(s, 1, "G", "EX{}");
	now(s, "* TO_EX(G){}");
	set(s, 1, "G", "IN{a}");
	now(s, "* TO_IN(G){a}");
	in_ms(s, REPEATS_MS, "* TO_IN(G){a}");
	quiet(s);
}

/* A host may be silent for long and still tell the end of what it has begun. */
static void earlier_repetitions_end(struct script *s)
{
	for (uint64_t seed = 1; seed <= 50; seed++) {
		script_reseed(s, seed);
		set_tunable(s, ENGINE_ROBUSTNESS, 7);
		for (unsigned int i = 0; i < 10; i++) {
			set(s, 1, "G", i % 2 ? "EX{}" : "IN{a}");
			rig_pull(&s->rig);
		}
		tap_expect(s->tap, s->rig.n_lines == 10, "seed %u: %zu at once",
			   (unsigned int)seed, s->rig.n_lines);
		rig_clear(&s->rig);
		in_ms(s, 6 * REPEATS_MS,
		      "* TO_EX(G){}\n* TO_EX(G){}\n* TO_EX(G){}\n"
		      "* TO_EX(G){}\n* TO_EX(G){}\n* TO_EX(G){}");
		quiet(s);
	}
}

static void groups_repeat_on_their_own(struct script *s)
{
	set(s, 1, "G", "EX{}");
	now(s, "* TO_EX(G){}");
	set(s, 1, "H", "EX{}");
	now(s, "* TO_EX(H){}");
	rig_run(&s->rig, REPEATS_MS * RIG_MS);
	tap_expect(s->tap, s->rig.n_lines <= 2, "%zu packets", s->rig.n_lines);
	tap_expect(s->tap,
		   rig_count_like(&s->rig, script_name(s, "TO_EX(G){}")) == 1 &&
			   rig_count_like(&s->rig, script_name(s, "TO_EX(H){}")) == 1,
		   "each once");
	rig_clear(&s->rig);
	quiet(s);
}

static void packs_groups(struct script *s)
{
	set(s, 1, "G", "EX{}");
	set(s, 1, "H", "IN{a,b}");
	set(s, 1, "J", "EX{c}");
	twice(s, "* TO_EX(G){} ALLOW(H){a,b} TO_EX(J){c}");
	set(s, 1, "H", "IN{b,c}");
	set(s, 1, "G", "NONE");
	twice(s, "* ALLOW(H){c} BLOCK(H){a} TO_IN(G){}");
}

/* The clock stands while nothing is pulled: what is told is what is there by then. */
static void told_late(struct script *s)
{
	set(s, 1, "G", "IN{a}");
	now(s, "* ALLOW(G){a}");
	s->rig.now += 100 * ENGINE_SECOND;
	set(s, 1, "G", "IN{a,b}");
	now(s, "* ALLOW(G){a,b}");
	in_ms(s, REPEATS_MS, "* ALLOW(G){b}");
	quiet(s);
}

static void clock_goes_back(struct script *s)
{
	uint64_t later = s->rig.now + 100 * ENGINE_SECOND;

	set(s, 1, "G", "IN{a}");
	now(s, "* ALLOW(G){a}");
	in_ms(s, REPEATS_MS, "* ALLOW(G){a}");
	s->rig.now = later;
	set(s, 1, "G", "EX{}");
	now(s, "* TO_EX(G){}");
	s->rig.now = later - 50 * ENGINE_SECOND;
	set(s, 1, "H", "EX{}");
	now(s, "* TO_EX(H){}");
	s->rig.now = later;
	rig_run(&s->rig, REPEATS_MS * RIG_MS);
	tap_expect(s->tap,
		   rig_count_like(&s->rig, script_name(s, "TO_EX(G){}")) == 1 &&
			   rig_count_like(&s->rig, script_name(s, "TO_EX(H){}")) == 1,
		   "each once more");
	rig_clear(&s->rig);
	quiet(s);
}

/* RFC 9776 8.11 is a tunable. */
static void interval_is_a_tunable(struct script *s)
{
	set_tunable(s, ENGINE_UNSOLICITED_INTERVAL, 5);
	set(s, 1, "G", "EX{}");
	now(s, "* TO_EX(G){}");
	in_ms(s, 5, "* TO_EX(G){}");
	quiet(s);
}

static void robustness_of_queries(struct script *s)
{
	hear(s, (struct rig_query){ .robustness = 4, .max_response_ms = 1000 });
	quiet(s);
	set(s, 1, "G", "IN{a}");
	now(s, "* ALLOW(G){a}");
	in_ms(s, 3 * REPEATS_MS, "* ALLOW(G){a}\n* ALLOW(G){a}\n* ALLOW(G){a}");
	quiet(s);
}

static const struct script_test tests[] = {
	{ "a change is told at once [R-CHG-1, S-V3-33]", first_at_once },
	{ "changes that are made together are told in one report [R-CHG-1, R-CHG-5]",
	  changes_made_together },
	{ "each change of a filter has its records, told twice "
	  "[R-CHG-2, R-CHG-3, R-CHG-4, R-CHG-10]",
	  tells_transitions },
	{ "a change is told as often as the Robustness Variable says, 2 to 7 times "
	  "[R-CHG-4]",
	  repeats_as_often },
	{ "as often as the last query said [R-CHG-4, R-QRY-9]", robustness_of_queries },
	{ "a source joined meanwhile is told with the other one, which has its own count "
	  "[R-CHG-5, R-CHG-6]",
	  merges_sources },
	{ "four sources joined one by one are told four times each [R-CHG-6]",
	  counts_each_source },
	{ "a source that is left and joined again is told in its present direction only "
	  "[R-CHG-8, R-CHG-9]",
	  flips },
	{ "a group that is left and joined again forgets to leave [R-CHG-5, R-CHG-9]",
	  leaves_and_returns },
	{ "sources allowed and blocked meanwhile are told by the state of the moment "
	  "[R-CHG-5, R-CHG-6, R-CHG-8]",
	  both_directions },
	{ "a source blocked while TO_EX is repeated is in it at once, and then in BLOCK "
	  "[R-CHG-7, R-CHG-9, S-V3-34]",
	  sources_while_mode },
	{ "TO_IN that is repeated tells the sources of the moment [R-CHG-7, R-CHG-9, "
	  "S-V3-34]",
	  sources_while_mode_of_many },
	{ "a change of mode ends what is pending of sources [R-CHG-5, R-CHG-7]",
	  mode_while_sources },
	{ "modes that change in a hurry are each told at once, and the last one again "
	  "[R-CHG-5, R-CHG-7, R-CHG-10]",
	  mode_and_back },
	{ "a new change ends the repetitions of the earlier ones [R-CHG-5]",
	  earlier_repetitions_end },
	{ "two groups changed one after the other repeat once each [R-CHG-4]",
	  groups_repeat_on_their_own },
	{ "groups that change together share packets [R-CHG-1, S-V3-30]", packs_groups },
	{ "a repetition that is late is part of the next report [R-CHG-5]", told_late },
	{ "a clock that goes back stands still [R-CHG-4]", clock_goes_back },
	{ "the Unsolicited Report Interval is a tunable [R-CHG-4]",
	  interval_is_a_tunable },
};

int main(void)
{
	struct tap tap = { 0 };

	script_run(&tap, tests, sizeof(tests) / sizeof(tests[0]));
	return tap_finish(&tap);
}
