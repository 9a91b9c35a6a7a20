/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IGMPv1 and IGMPv2 beside what their transition table says (test-older-table): which
 * queries and reports are believed, and how long answers wait (RFC 1112 appendix I, RFC
 * 2236).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "older.h"

#define N_SEEDS  64
#define GROUP    "239.1.1.1"
#define OTHER    "239.1.1.9"
#define REPORT   "v2 REPORT(239.1.1.1)"
#define N_GROUPS 200

/* The query is heard, and answered in (0, max]. */
static void expect_answer(struct tap *tap, struct rig *rig, const struct raw *raw,
			  uint64_t max, const char *what)
{
	uint64_t origin = rig->now;

	tap_expect(tap, older_hear(rig, raw) == 0, "%s: refused", what);
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, what, { REPORT, 0, max });
	rig_clear(rig);
}

static void expect_refusal(struct tap *tap, struct rig *rig, const struct raw *raw,
			   const char *what)
{
	tap_expect(tap, older_hear(rig, raw) == ENGINE_DROPPED, "%s: not dropped", what);
	rig_run(rig, 60 * SECOND);
	older_expect_silence(tap, rig, what);
}

/*
 * Queries
 */

static void test_sources_of_queries(struct tap *tap, struct rig *rig)
{
	static const char *const from[] = { "10.9.0.254", "192.0.2.1", "0.0.0.0",
					    "10.9.0.1" };

	older_settle_igmp(rig, 2, GROUP);
	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		struct raw raw = { .type = RAW_QUERY,
				   .code = 50,
				   .from = from[i],
				   .hop_limit = (uint8_t)(1 + i * 80),
				   .is_without_alert = i % 2 };

		expect_answer(tap, rig, &raw, 5 * SECOND, from[i]);
	}
}

static void test_v1_destination(struct tap *tap, struct rig *rig)
{
	static const char *const wrong[] = { "224.0.0.5", "239.1.1.1", "224.0.0.2",
					     "239.255.255.255" };
	struct raw raw = { .type = RAW_QUERY };
	uint64_t origin;

	older_speak_igmp(rig, 2);
	older_filter(rig, GROUP, "EX{}");
	rig_clear(rig);
	origin = rig->now;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		raw.to = wrong[i];
		tap_expect(tap, older_hear(rig, &raw) == ENGINE_DROPPED, "%s", wrong[i]);
	}
	tap_expect(tap, older_version(rig, ENGINE_IPV4) == 2, "the mode has changed");
	tap_expect(tap, older_status(rig, ENGINE_IPV4).older_us[0] == 0, "a timer runs");
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "what was pending", { REPORT, 0, 10 * SECOND });
	tap_expect(tap, older_count(rig, ENGINE_IGMP_RCV_BADQUERIES) == 4, "not counted");
	raw.to = "10.9.0.1";
	tap_expect(tap, older_hear(rig, &raw) == 0, "the own address");
	tap_expect(tap, older_version(rig, ENGINE_IPV4) == 1, "IGMPv1 is not spoken");
}

/* RFC 1112: sent as 0, ignored on receipt. */
static void test_v1_group_field(struct tap *tap, struct rig *rig)
{
	static const char *const fields[] = { "239.1.1.1", "239.7.7.7", "10.1.1.1",
					      "232.1.1.1" };

	older_settle_igmp(rig, 1, GROUP);
	older_filter(rig, OTHER, "EX{}");
	rig_run(rig, 11 * SECOND);
	rig_clear(rig);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct raw raw = { .type = RAW_QUERY,
				   .group = fields[i],
				   .to = "224.0.0.1" };

		tap_expect(tap, older_hear(rig, &raw) == 0, "%s: refused", fields[i]);
		rig_run(rig, 11 * SECOND);
		tap_expect(tap,
			   rig->n_lines == 2 &&
				   rig_count(rig, "v1 REPORT(239.1.1.1)") == 1 &&
				   rig_count(rig, "v1 REPORT(239.1.1.9)") == 1,
			   "%s: not one report of each group", fields[i]);
		rig_clear(rig);
	}
}

static void test_v2_destination(struct tap *tap, struct rig *rig)
{
	struct raw raw = { .type = RAW_QUERY, .code = 50 };

	older_settle_igmp(rig, 2, GROUP);
	raw.to = "224.0.0.5";
	expect_refusal(tap, rig, &raw, "a General Query to 224.0.0.5");
	raw.to = GROUP;
	expect_refusal(tap, rig, &raw, "a General Query to the group");
	tap_expect(tap, older_count(rig, ENGINE_IGMP_RCV_BADQUERIES) == 2, "not counted");
	raw.to = "10.9.0.1";
	expect_answer(tap, rig, &raw, 5 * SECOND, "a General Query to the host");
	raw.group = GROUP;
	expect_answer(tap, rig, &raw, 5 * SECOND, "a group query to the host");
	raw.to = "224.0.0.1";
	expect_answer(tap, rig, &raw, 5 * SECOND, "a group query to all hosts");
	raw.to = OTHER;
	expect_answer(tap, rig, &raw, 5 * SECOND, "a group query to another group");
}

/* To the destination of a group, about another: the field counts. */
static void test_v2_group_field(struct tap *tap, struct rig *rig)
{
	struct raw raw = {
		.type = RAW_QUERY, .code = 50, .group = "239.7.7.7", .to = GROUP
	};

	older_settle_igmp(rig, 2, GROUP);
	tap_expect(tap, older_hear(rig, &raw) == 0, "a query for a strange group");
	rig_run(rig, 60 * SECOND);
	older_expect_silence(tap, rig, "a query for a strange group");
	raw.group = "10.1.1.1";
	expect_refusal(tap, rig, &raw, "a query for what is no group");
	tap_expect(tap, older_count(rig, ENGINE_IGMP_RCV_BADQUERIES) == 1, "not counted");
}

/* Code to the longest delay, over many seeds. */
static void expect_delays(struct tap *tap, struct rig *rig, uint8_t version, uint8_t code,
			  uint64_t max)
{
	const char *report = version == 1 ? "v1 REPORT(239.1.1.1)" : REPORT;
	struct raw raw = { .type = RAW_QUERY, .code = code };
	struct spread spread;
	char what[32];

	snprintf(what, sizeof(what), "IGMPv%u, code %u", version, code);
	spread_init(&spread, max);
	for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
		uint64_t origin;

		older_restart(rig, tap, seed);
		older_settle_igmp(rig, version, GROUP);
		origin = rig->now;
		older_hear(rig, &raw);
		rig_run(rig, 60 * SECOND);
		if (!EXPECT_STEPS(tap, rig, origin, what, { report, 0, max }))
			return;
		spread_add(&spread, rig->lines[0].when - origin);
	}
	spread_expect(&spread, tap, what);
	tap_expect(tap, spread.has_fraction, "%s: in steps of a millisecond", what);
}

static void test_codes(struct tap *tap, struct rig *rig)
{
	expect_delays(tap, rig, 2, 1, 100 * MS);
	expect_delays(tap, rig, 2, 100, 10 * SECOND);
	expect_delays(tap, rig, 2, 127, 12700 * MS);
	expect_delays(tap, rig, 2, 128, 12800 * MS);
	expect_delays(tap, rig, 2, 255, 25500 * MS);
}

static void test_v1_delays(struct tap *tap, struct rig *rig)
{
	expect_delays(tap, rig, 1, 0, 10 * SECOND);
	expect_delays(tap, rig, 1, 100, 10 * SECOND);
	expect_delays(tap, rig, 1, 10, SECOND);
}

/* Though it runs for longer than the query allows. */
static void test_v1_keeps(struct tap *tap, struct rig *rig)
{
	unsigned int n_longer = 0;

	for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
		struct raw raw = { .type = RAW_QUERY, .code = 255 };
		uint64_t origin, kept = 0;

		for (int i = 0; i < 2; i++) {
			older_restart(rig, tap, seed);
			older_settle_igmp(rig, 1, GROUP);
			origin = rig->now;
			older_hear(rig, &raw);
			if (i)
				older_general(rig, ENGINE_IPV4, 1, 0);
			rig_run(rig, 60 * SECOND);
			if (!i && rig->n_lines)
				kept = rig->lines[0].when - origin;
		}
		EXPECT_STEPS(tap, rig, origin, "an IGMPv1 query",
			     { "v1 REPORT(239.1.1.1)", kept, kept });
		n_longer += kept > 10 * SECOND;
	}
	tap_expect(tap, n_longer > N_SEEDS / 4, "%u longer than 10 s", n_longer);
}

/* The first 8 bytes of a v3 query with a code that v3 reads as 24.8 s. */
static void test_v3_code(struct tap *tap, struct rig *rig)
{
	struct spread spread;

	spread_init(&spread, 14300 * MS);
	for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
		struct rig_query query = { .version = 3, .code = -1 - 0x8f };
		uint64_t origin;

		older_restart(rig, tap, seed);
		older_settle_igmp(rig, 2, GROUP);
		origin = rig->now;
		rig_query(rig, &query);
		rig_run(rig, 60 * SECOND);
		if (!EXPECT_STEPS(tap, rig, origin, "code 143",
				  { REPORT, 0, 14300 * MS }))
			return;
		spread_add(&spread, rig->lines[0].when - origin);
	}
	spread_expect(&spread, tap, "code 143");
}

static void join_many(struct rig *rig)
{
	char group[32];

	for (unsigned int i = 0; i < N_GROUPS; i++) {
		snprintf(group, sizeof(group), "239.2.0.%u", i);
		older_filter(rig, group, "EX{}");
	}
	rig_run(rig, 11 * SECOND);
	rig_clear(rig);
}

static int compare_times(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* How many of the lines stand at a time of their own. */
static size_t count_times(const struct rig *rig)
{
	uint64_t times[RIG_LINES];
	size_t n = rig->n_lines ? 1 : 0;

	for (size_t i = 0; i < rig->n_lines; i++)
		times[i] = rig->lines[i].when;
	qsort(times, rig->n_lines, sizeof(times[0]), compare_times);
	for (size_t i = 1; i < rig->n_lines; i++)
		n += times[i] != times[i - 1];
	return n;
}

static void test_delay_of_each(struct tap *tap, struct rig *rig)
{
	struct spread spread;
	uint64_t origin;

	older_speak_igmp(rig, 2);
	join_many(rig);
	origin = rig->now;
	older_general(rig, ENGINE_IPV4, 2, 10000);
	rig_run(rig, 60 * SECOND);
	tap_expect(tap, rig->n_lines == N_GROUPS, "%zu reports", rig->n_lines);
	spread_init(&spread, 10 * SECOND);
	for (size_t i = 0; i < rig->n_lines; i++) {
		spread_add(&spread, rig->lines[i].when - origin);
		tap_expect(tap, rig_count(rig, rig->lines[i].text) == 1, "twice: %s",
			   rig->lines[i].text);
	}
	spread_expect(&spread, tap, "delays of groups");
	tap_expect(tap, count_times(rig) > N_GROUPS * 9 / 10, "only %zu different times",
		   count_times(rig));
	tap_expect(tap, spread.has_fraction, "in steps of a millisecond");
}

/* Nothing is joined, or it was left. */
static void test_non_member(struct tap *tap, struct rig *rig)
{
	older_speak_igmp(rig, 2);
	older_general(rig, ENGINE_IPV4, 2, 10000);
	older_specific(rig, ENGINE_IPV4, 2, GROUP, 1000);
	rig_report(rig, ENGINE_IPV4, 2, GROUP);
	rig_run(rig, 60 * SECOND);
	older_expect_silence(tap, rig, "nothing joined");
	older_filter(rig, GROUP, "EX{}");
	rig_run(rig, 11 * SECOND);
	older_filter(rig, GROUP, "NONE");
	rig_clear(rig);
	older_general(rig, ENGINE_IPV4, 2, 10000);
	older_specific(rig, ENGINE_IPV4, 2, GROUP, 1000);
	rig_run(rig, 60 * SECOND);
	older_expect_silence(tap, rig, "left");
	tap_expect(tap, older_status(rig, ENGINE_IPV4).n_groups == 0, "a group is left");
	older_filter(rig, GROUP, "EX{}");
	EXPECT_STEPS(tap, rig, rig->now, "joined again", { REPORT, 0, 0 });
}

static void test_idle(struct tap *tap, struct rig *rig)
{
	tap_expect(tap, engine_get_deadline(rig->engine) == ENGINE_NEVER, "at first");
	older_force(rig, ENGINE_IPV4, 2);
	older_filter(rig, GROUP, "EX{}");
	tap_expect(tap, engine_get_deadline(rig->engine) > rig->now, "a joined group");
	rig_run(rig, 11 * SECOND);
	tap_expect(tap, engine_get_deadline(rig->engine) == ENGINE_NEVER, "both sent");
	older_filter(rig, GROUP, "NONE");
	tap_expect(tap, engine_get_deadline(rig->engine) == ENGINE_NEVER, "left");
	older_filter(rig, GROUP, "EX{}");
	rig_report(rig, ENGINE_IPV4, 2, GROUP);
	rig_run(rig, 11 * SECOND);
	tap_expect(tap, engine_get_deadline(rig->engine) == ENGINE_NEVER, "suppressed");
}

/*
 * Reports heard
 */

/* Joined, with the second report pending. */
static void start(struct rig *rig, struct tap *tap, uint8_t version)
{
	older_restart(rig, tap, 5);
	older_speak_igmp(rig, version);
	older_filter(rig, GROUP, "EX{}");
	rig_clear(rig);
}

static void expect_suppressed(struct tap *tap, struct rig *rig, const struct raw *raw,
			      const char *what)
{
	tap_expect(tap, older_hear(rig, raw) == 0, "%s: refused", what);
	rig_run(rig, 60 * SECOND);
	older_expect_silence(tap, rig, what);
	tap_expect(tap, older_count(rig, ENGINE_IGMP_RCV_OURREPORTS) == 1,
		   "%s: not counted", what);
}

static void test_report_destination(struct tap *tap, struct rig *rig)
{
	static const char *const to[] = { GROUP, "10.9.0.1", "224.0.0.1", OTHER };

	for (uint8_t type = RAW_V1_REPORT; type <= RAW_V2_REPORT; type += 4) {
		for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
			struct raw raw = { .type = type, .group = GROUP, .to = to[i] };

			start(rig, tap, 2);
			expect_suppressed(tap, rig, &raw, to[i]);
		}
	}
}

/* Sent to our group, about another one, or about none. */
static void test_report_group(struct tap *tap, struct rig *rig)
{
	struct raw raw = { .type = RAW_V2_REPORT, .group = OTHER, .to = GROUP };
	uint64_t origin;

	start(rig, tap, 2);
	origin = rig->now;
	tap_expect(tap, older_hear(rig, &raw) == 0, "about another");
	raw.group = "10.9.0.7";
	tap_expect(tap, older_hear(rig, &raw) == ENGINE_DROPPED, "about a host");
	raw.type = RAW_V1_REPORT;
	raw.group = NULL;
	tap_expect(tap, older_hear(rig, &raw) == ENGINE_DROPPED, "about nothing");
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "what was pending", { REPORT, 0, 10 * SECOND });
	tap_expect(tap, older_count(rig, ENGINE_IGMP_RCV_BADREPORTS) == 2, "not counted");
}

/* Code and trailing bytes are ignored, but for the checksum. */
static void test_report_longer(struct tap *tap, struct rig *rig)
{
	struct raw raw = {
		.type = RAW_V2_REPORT, .code = 77, .group = GROUP, .n_extra = 13
	};
	uint64_t origin;

	start(rig, tap, 2);
	origin = rig->now;
	raw.is_broken = true;
	tap_expect(tap, older_hear(rig, &raw) == ENGINE_DROPPED, "a wrong checksum");
	raw.is_broken = false;
	raw.n_cut = 13;
	tap_expect(tap, older_hear(rig, &raw) == ENGINE_DROPPED, "trailing bytes cut");
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "what was pending", { REPORT, 0, 10 * SECOND });
	start(rig, tap, 2);
	raw.n_cut = 0;
	expect_suppressed(tap, rig, &raw, "21 bytes");
	start(rig, tap, 1);
	raw.type = RAW_V1_REPORT;
	expect_suppressed(tap, rig, &raw, "21 bytes of IGMPv1");
}

static void test_report_source(struct tap *tap, struct rig *rig)
{
	static const char *const from[] = { "0.0.0.0", "0.1.2.3", "192.0.2.1" };

	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		struct raw raw = { .type = RAW_V2_REPORT,
				   .group = GROUP,
				   .from = from[i],
				   .hop_limit = 64,
				   .is_without_alert = true };

		start(rig, tap, 2);
		expect_suppressed(tap, rig, &raw, from[i]);
	}
}

static void test_loopback(struct tap *tap, struct rig *rig)
{
	struct engine_interface loopback = rig->interface;

	loopback.is_loopback = true;
	tap_expect(tap, rig_change(rig, &loopback) == 0, "a loopback interface");
	older_filter(rig, GROUP, "EX{}");
	tap_expect(tap, older_general(rig, ENGINE_IPV4, 1, 0) == 0, "a v1 query");
	tap_expect(tap, older_general(rig, ENGINE_IPV4, 2, 1000) == 0, "a v2 query");
	tap_expect(tap, rig_report(rig, ENGINE_IPV4, 1, GROUP) == 0, "a v1 report");
	tap_expect(tap, rig_report(rig, ENGINE_IPV4, 2, GROUP) == 0, "a v2 report");
	tap_expect(tap, older_version(rig, ENGINE_IPV4) == 3, "the mode has changed");
	rig_run(rig, 60 * SECOND);
	older_filter(rig, GROUP, "NONE");
	rig_run(rig, 60 * SECOND);
	older_expect_silence(tap, rig, "a loopback interface");
	tap_expect(tap,
		   older_count(rig, ENGINE_IGMP_RCV_TOTAL) == 4 &&
			   older_count(rig, ENGINE_IGMP_RCV_V1_QUERIES) == 1 &&
			   older_count(rig, ENGINE_IGMP_RCV_V2_QUERIES) == 1 &&
			   older_count(rig, ENGINE_IGMP_RCV_REPORTS) == 2 &&
			   older_count(rig, ENGINE_IGMP_RCV_OURREPORTS) == 0,
		   "not counted as they came");
}

static const struct older_test tests[] = {
	{ "a query may have any source and TTL, and no Router Alert [S-IGMP-8, "
	  "S-V3-38]",
	  test_sources_of_queries },
	{ "an IGMPv1 query to another group than 224.0.0.1 is dropped before it "
	  "changes the mode [S-IGMP-14, S-IGMP-15, S-V3-15, R-QRY-6, B-15]",
	  test_v1_destination },
	{ "the group field of an IGMPv1 query is ignored [S-IGMP-16, R-V1-1, R-CMP-2]",
	  test_v1_group_field },
	{ "an IGMPv2 General Query to another group than 224.0.0.1 is dropped, and "
	  "queries to other addresses are not [S-IGMP-17, S-IGMP-19, R-QRY-6]",
	  test_v2_destination },
	{ "an IGMPv2 query asks for the group in its field, which must be one "
	  "[S-IGMP-19, R-V2-3, R-QRY-12]",
	  test_v2_group_field },
	{ "the code of an IGMPv2 query is linear, in tenths of a second [S-IGMP-13, "
	  "S-IGMP-18, R-FMT-6, B-4]",
	  test_codes },
	{ "beside an IGMPv1 router code 0 is 10 s, and others are tenths of a second "
	  "[S-IGMP-13, S-IGMP-16, R-FMT-6, R-V1-1, B-6, B-7]",
	  test_v1_delays },
	{ "an IGMPv1 query never resets a timer, longer ones of IGMPv2 neither "
	  "[R-V1-2, S-IGMP-16]",
	  test_v1_keeps },
	{ "the code of an IGMPv3 query is linear where IGMPv2 is spoken [R-CMP-9, "
	  "S-IGMP-18]",
	  test_v3_code },
	{ "each group has a delay of its own by the microsecond, for R-V2-8 asks for "
	  "the finest clock, not for ticks of 200 ms [R-V2-8, S-IGMP-42]",
	  test_delay_of_each },
	{ "a group that is not joined is neither reported nor left [R-V2-1, R-V2-3]",
	  test_non_member },
	{ "without timers nothing is due [S-IGMP-34]", test_idle },
	{ "a report suppresses whatever address it was sent to [S-IGMP-23, R-FMT-12, "
	  "R-V2-4, R-V1-2]",
	  test_report_destination },
	{ "a report about another group does not suppress, and one about none is "
	  "dropped [S-IGMP-23]",
	  test_report_group },
	{ "a report's code and trailing bytes are ignored, but for the checksum "
	  "[S-IGMP-7, R-FMT-13, R-FMT-2]",
	  test_report_longer },
	{ "a report from any source suppresses [S-IGMP-8, R-FMT-12]",
	  test_report_source },
	{ "a loopback interface counts and does nothing else [S-IGMP-11, S-IGMP-12, "
	  "S-IGMP-22, S-IGMP-30]",
	  test_loopback },
};

int main(void)
{
	return older_run(tests, sizeof(tests) / sizeof(tests[0]));
}
