/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Host Compatibility Mode (RFC 9776 7.2.1, RFC 9777 8.2.1): which queries set it, how
 * long it lasts, what a change forgets, what is spoken in it, and how it is forced.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "older.h"

#define N_SEEDS 64

/*
 * What sets the mode
 */

static void begin(const struct protocol *p, struct tap *tap, struct rig *rig)
{
	struct engine_status status = older_status(rig, p->family);

	tap_expect(tap,
		   status.version == p->newest && status.forced == 0 &&
			   status.is_speaking && status.older_us[0] == 0 &&
			   status.older_us[1] == 0 && status.n_groups == 0,
		   "%s: the mode", p->name);
	tap_expect(tap,
		   status.robustness == 2 && status.query_interval_s == 125 &&
			   status.response_us == 10 * SECOND,
		   "%s: the defaults", p->name);
	older_expect_join(tap, rig, p->group, p->join);
}

static void test_begin(struct tap *tap, struct rig *rig)
{
	older_for_both(tap, rig, begin);
}

static void each_interface(const struct protocol *p, struct tap *tap, struct rig *rig)
{
	enum engine_family other = p->family == ENGINE_IPV4 ? ENGINE_IPV6 : ENGINE_IPV4;
	struct engine_status status;

	rig_add_interface(rig, RIG_IFINDEX + 1);
	older_general(rig, p->family, 1, 10000);
	older_expect_version(p, tap, rig, 1, "an older query");
	engine_get_status(rig->engine, RIG_IFINDEX + 1, p->family, &status, rig->now);
	tap_expect(tap, status.version == p->newest, "the other interface: %u",
		   status.version);
	tap_expect(tap, older_version(rig, other) == (other == ENGINE_IPV4 ? 3 : 2),
		   "the other family");
}

static void test_each_interface(struct tap *tap, struct rig *rig)
{
	older_for_both(tap, rig, each_interface);
}

static void specific(const struct protocol *p, struct tap *tap, struct rig *rig)
{
	uint64_t origin;

	older_settle(p, rig);
	origin = rig->now;
	tap_expect(tap, older_specific(rig, p->family, p->older, p->group, 1000) == 0,
		   "refused");
	older_expect_version(p, tap, rig, p->newest, "a specific query");
	tap_expect(tap,
		   older_status(rig, p->family).older_us[0] == 0 &&
			   older_status(rig, p->family).older_us[1] == 0,
		   "a timer runs");
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "the answer", { p->state, 0, SECOND });
	rig_clear(rig);
	older_specific(rig, p->family, p->older, p->other, 1000);
	rig_run(rig, 60 * SECOND);
	older_expect_silence(tap, rig, "a query for another group");
	older_expect_version(p, tap, rig, p->newest, "another group");
}

static void test_specific(struct tap *tap, struct rig *rig)
{
	older_for_both(tap, rig, specific);
}

/* Nor does it prolong a mode, or set a timer below it. */
static void specific_in_mode(const struct protocol *p, struct tap *tap, struct rig *rig)
{
	struct engine_status before, after;

	older_filter(rig, p->group, "EX{}");
	older_general(rig, p->family, 1, 10000);
	rig_run(rig, 30 * SECOND);
	before = older_status(rig, p->family);
	older_specific(rig, p->family, p->older, p->group, 1000);
	after = older_status(rig, p->family);
	tap_expect(tap, before.older_us[0] > 0 && before.older_us[0] == after.older_us[0],
		   "%s: v1's timer", p->name);
	tap_expect(tap, after.older_us[1] == 0, "%s: v2's timer", p->name);
	older_expect_version(p, tap, rig, 1, "a specific query");
}

static void test_specific_in_mode(struct tap *tap, struct rig *rig)
{
	older_for_both(tap, rig, specific_in_mode);
}

static void test_v1_over_v2(struct tap *tap, struct rig *rig)
{
	uint64_t origin = rig->now;

	older_general(rig, ENGINE_IPV4, 1, 0);
	tap_expect(tap, rig->n_notices == 1 && rig->last_notice.version == 1, "v1: told");
	rig_run(rig, 200 * SECOND);
	older_general(rig, ENGINE_IPV4, 2, 10000);
	older_expect_join(tap, rig, "239.2.0.1", "v1 REPORT(239.2.0.1)");
	tap_expect(tap,
		   older_status(rig, ENGINE_IPV4).older_us[0] == 150 * SECOND &&
			   older_status(rig, ENGINE_IPV4).older_us[1] == 350 * SECOND,
		   "both timers run");
	rig_run(rig, origin + 350 * SECOND - 1 - rig->now);
	older_expect_join(tap, rig, "239.2.0.2", "v1 REPORT(239.2.0.2)");
	rig_run(rig, 1);
	older_expect_join(tap, rig, "239.2.0.3", "v2 REPORT(239.2.0.3)");
	tap_expect(tap, rig->n_notices == 2 && rig->last_notice.version == 2, "v2: told");
	rig_run(rig, 200 * SECOND - 1);
	older_expect_join(tap, rig, "239.2.0.4", "v2 REPORT(239.2.0.4)");
	rig_run(rig, 1);
	older_expect_join(tap, rig, "239.2.0.5", "v3 TO_EX(239.2.0.5){}");
	tap_expect(tap,
		   rig->n_notices == 3 && rig->last_notice.version == 3 &&
			   rig->last_notice.event == ENGINE_VERSION_CHANGED &&
			   rig->last_notice.ifindex == RIG_IFINDEX,
		   "v3: told");
}

/* The other way round, and back to the newest where v1 lasts longer. */
static void test_v2_then_v1(struct tap *tap, struct rig *rig)
{
	older_general(rig, ENGINE_IPV4, 2, 1000);
	older_expect_join(tap, rig, "239.2.0.1", "v2 REPORT(239.2.0.1)");
	older_general(rig, ENGINE_IPV4, 1, 0);
	older_expect_join(tap, rig, "239.2.0.2", "v1 REPORT(239.2.0.2)");
	rig_run(rig, 260 * SECOND);
	tap_expect(tap, older_status(rig, ENGINE_IPV4).older_us[1] == 0, "v2 lasts");
	older_expect_join(tap, rig, "239.2.0.3", "v1 REPORT(239.2.0.3)");
	rig_run(rig, 90 * SECOND - 1);
	older_expect_join(tap, rig, "239.2.0.4", "v1 REPORT(239.2.0.4)");
	rig_run(rig, 1);
	older_expect_join(tap, rig, "239.2.0.5", "v3 TO_EX(239.2.0.5){}");
}

/* As long as the IGMPv1 router is there, whatever is heard beside it. */
static void test_v1_router(struct tap *tap, struct rig *rig)
{
	older_force(rig, ENGINE_IPV4, 2);
	older_filter(rig, "239.1.1.1", "EX{}");
	rig_clear(rig);
	older_general(rig, ENGINE_IPV4, 1, 0);
	for (int i = 0; i < 7; i++) {
		rig_run(rig, 50 * SECOND);
		older_general(rig, ENGINE_IPV4, 2, 5000);
	}
	rig_run(rig, 50 * SECOND - 1);
	tap_expect(tap, rig->n_lines == 8, "%zu lines", rig->n_lines);
	tap_expect(tap, rig_count(rig, "v1 REPORT(239.1.1.1)") == rig->n_lines,
		   "not all are IGMPv1");
	older_filter(rig, "239.1.1.1", "NONE");
	older_filter(rig, "239.1.1.1", "EX{}");
	tap_expect(tap, rig->n_lines == 9, "a leave is told");
	rig_run(rig, 1);
	older_expect_join(tap, rig, "239.2.0.1", "v2 REPORT(239.2.0.1)");
}

/*
 * How long it lasts
 */

struct interval {
	const char *name;
	enum engine_family family;
	uint8_t version;
	uint8_t forced;
	uint8_t robustness;      /* the tunable; 0: its default */
	uint64_t older_interval; /* the tunable, s */
	uint64_t max_response_ms;
	/* A query of the newest version before it; QRV 0: none. */
	uint8_t qrv;
	uint32_t qqi_s;
	uint64_t qri_ms;
	uint64_t expected_s;
};

static const struct interval intervals[] = {
	{ "IGMPv1", ENGINE_IPV4, 1, .expected_s = 350 },
	{ "IGMPv2", ENGINE_IPV4, 2, .max_response_ms = 10000, .expected_s = 350 },
	{ "IGMPv2, 1 s", ENGINE_IPV4, 2, .max_response_ms = 1000, .expected_s = 260 },
	{ "IGMPv2, 0.1 s", ENGINE_IPV4, 2, .max_response_ms = 100, .expected_s = 251 },
	{ "IGMPv2, 25.5 s", ENGINE_IPV4, 2, .max_response_ms = 25500, .expected_s = 505 },
	{ "IGMPv2, robustness 7", ENGINE_IPV4, 2, .robustness = 7,
	  .max_response_ms = 10000, .expected_s = 975 },
	{ "IGMPv1, robustness 3", ENGINE_IPV4, 1, .robustness = 3, .expected_s = 475 },
	{ "IGMPv1, QRV 7, QQI 31744 s", ENGINE_IPV4, 1, .qrv = 7, .qqi_s = 31744,
	  .qri_ms = 100000, .expected_s = 350 },
	{ "IGMPv2, QRV 3, QQI 20 s", ENGINE_IPV4, 2, .max_response_ms = 1000, .qrv = 3,
	  .qqi_s = 20, .qri_ms = 4000, .expected_s = 260 },
	{ "IGMPv1 below IGMPv2", ENGINE_IPV4, 1, .forced = 2, .expected_s = 400 },
	{ "IGMPv1 below IGMPv2, robustness 7", ENGINE_IPV4, 1, .forced = 2,
	  .robustness = 7, .expected_s = 400 },
	{ "IGMPv1 below IGMPv2, tuned", ENGINE_IPV4, 1, .forced = 2, .older_interval = 77,
	  .expected_s = 77 },
	{ "IGMPv1, tuned", ENGINE_IPV4, 1, .older_interval = 77, .expected_s = 77 },
	{ "IGMPv2, tuned", ENGINE_IPV4, 2, .older_interval = 3600,
	  .max_response_ms = 10000, .expected_s = 3600 },
	{ "MLDv1", ENGINE_IPV6, 1, .max_response_ms = 10000, .expected_s = 260 },
	{ "MLDv1, 1 s", ENGINE_IPV6, 1, .max_response_ms = 1000, .expected_s = 260 },
	{ "MLDv1, robustness 3", ENGINE_IPV6, 1, .robustness = 3,
	  .max_response_ms = 10000, .expected_s = 385 },
	{ "MLDv1, QRV 3, QQI 60 s, QRI 4 s", ENGINE_IPV6, 1, .max_response_ms = 10000,
	  .qrv = 3, .qqi_s = 60, .qri_ms = 4000, .expected_s = 184 },
	{ "MLDv1, QRV 7, QQI 31744 s", ENGINE_IPV6, 1, .max_response_ms = 10000, .qrv = 7,
	  .qqi_s = 31744, .qri_ms = 8387584, .expected_s = 3600 },
	{ "MLDv1, tuned", ENGINE_IPV6, 1, .older_interval = 1, .max_response_ms = 10000,
	  .expected_s = 1 },
};

static void hear_newest(struct rig *rig, const struct interval *i)
{
	struct rig_query query = {
		.family = i->family,
		.version = i->family == ENGINE_IPV4 ? 3 : 2,
		.max_response_ms = i->qri_ms,
		.robustness = i->qrv,
		.interval_s = i->qqi_s,
	};

	rig_query(rig, &query);
}

static void expect_remaining(struct tap *tap, const struct rig *rig,
			     const struct interval *i, uint64_t us)
{
	struct engine_status status = older_status(rig, i->family);

	tap_expect(tap, status.older_us[i->version - 1] == us,
		   "%s: %" PRIu64 " us, not %" PRIu64, i->name,
		   status.older_us[i->version - 1], us);
	tap_expect(tap, (status.version == i->version) == (us > 0), "%s: version %u",
		   i->name, status.version);
}

static void test_interval(const struct interval *i, struct tap *tap, struct rig *rig)
{
	uint64_t us = i->expected_s * SECOND;

	if (i->robustness)
		older_tune(rig, ENGINE_ROBUSTNESS, i->robustness);
	older_tune(rig, ENGINE_OLDER_INTERVAL, i->older_interval);
	older_force(rig, i->family, i->forced);
	if (i->qrv)
		hear_newest(rig, i);
	older_general(rig, i->family, i->version, i->max_response_ms);
	expect_remaining(tap, rig, i, us);
	rig_run(rig, us / 2);
	expect_remaining(tap, rig, i, us - us / 2);
	/* Heard again: anew. */
	older_general(rig, i->family, i->version, i->max_response_ms);
	rig_run(rig, us - 1);
	expect_remaining(tap, rig, i, 1);
	rig_run(rig, 1);
	expect_remaining(tap, rig, i, 0);
	tap_expect(tap, engine_get_deadline(rig->engine) == ENGINE_NEVER,
		   "%s: something is pending", i->name);
}

static void test_intervals(struct tap *tap, struct rig *rig)
{
	for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++) {
		older_restart(rig, tap, i + 1);
		test_interval(&intervals[i], tap, rig);
	}
}

/* Queries for a group carry the Last Member Query Interval, which is none. */
static void interval_of_general(struct tap *tap, struct rig *rig, uint64_t qri_ms,
				const char *group, const char *sources)
{
	struct rig_query query = { .family = ENGINE_IPV6,
				   .version = 2,
				   .max_response_ms = qri_ms,
				   .robustness = 2,
				   .interval_s = 125 };
	uint64_t expected = 10 * SECOND;
	uint64_t older;

	older_filter(rig, "ff15::1", "EX{}");
	if (qri_ms) {
		rig_query(rig, &query);
		expected = qri_ms * MS;
	}
	query.group = group;
	query.sources = sources;
	query.max_response_ms = 1000;
	rig_query(rig, &query);
	tap_expect(tap, older_status(rig, ENGINE_IPV6).response_us == expected,
		   "%s: the Query Response Interval is %" PRIu64 " us", group,
		   older_status(rig, ENGINE_IPV6).response_us);
	older_general(rig, ENGINE_IPV6, 1, 10000);
	older = older_status(rig, ENGINE_IPV6).older_us[0];
	tap_expect(tap, older == 250 * SECOND + expected, "%s: MLDv1 for %" PRIu64 " us",
		   group, older);
}

static void test_interval_of_general(struct tap *tap, struct rig *rig)
{
	static const char *const groups[] = { "ff15::1", "ff15::99" };

	for (unsigned int i = 0; i < 8; i++) {
		older_restart(rig, tap, i + 1);
		interval_of_general(tap, rig, i & 1 ? 4000 : 0, groups[i >> 1 & 1],
				    i & 4 ? "fd09::1" : NULL);
	}
}

/* The time of the last query counts, though it be shorter. */
static void test_shorter(struct tap *tap, struct rig *rig)
{
	older_general(rig, ENGINE_IPV4, 2, 10000);
	rig_run(rig, SECOND);
	older_general(rig, ENGINE_IPV4, 2, 1000);
	tap_expect(tap, older_status(rig, ENGINE_IPV4).older_us[1] == 260 * SECOND,
		   "it is not the last query's");
	/* Below IGMPv2 400 s is IGMPv1's alone. */
	older_force(rig, ENGINE_IPV4, 2);
	older_general(rig, ENGINE_IPV4, 2, 1000);
	tap_expect(tap, older_status(rig, ENGINE_IPV4).older_us[1] == 260 * SECOND,
		   "it is IGMPv1's");
}

/*
 * What a change forgets
 */

static void hear_older(const struct protocol *p, struct tap *tap, struct rig *rig,
		       const char *what)
{
	uint64_t origin = rig->now;

	rig_clear(rig);
	older_general(rig, p->family, p->older, 1000);
	tap_expect(tap, older_count(rig, ENGINE_RECORDED_SOURCES) == 0,
		   "%s: sources are still recorded", what);
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, what, { p->report, 0, SECOND });
}

static void forget_newest(const struct protocol *p, struct tap *tap, struct rig *rig)
{
	older_settle(p, rig);
	older_ask_newest(p, rig, NULL, NULL);
	hear_older(p, tap, rig, "a general answer");

	older_restart(rig, tap, 3);
	older_settle(p, rig);
	older_ask_newest(p, rig, p->group, NULL);
	hear_older(p, tap, rig, "a group's answer");

	older_restart(rig, tap, 4);
	older_settle(p, rig);
	older_ask_newest(p, rig, p->group, p->source);
	tap_expect(tap, older_count(rig, ENGINE_RECORDED_SOURCES) == 1, "none recorded");
	hear_older(p, tap, rig, "recorded sources");

	older_restart(rig, tap, 5);
	older_tune(rig, ENGINE_ROBUSTNESS, 7);
	older_filter(rig, p->group, "EX{}");
	hear_older(p, tap, rig, "a change of mode");
}

/* Sources of the filter, too, and a leave that is still to be repeated. */
static void forget_changes(const struct protocol *p, struct tap *tap, struct rig *rig)
{
	char filter[64];

	snprintf(filter, sizeof(filter), "IN{%s}", p->source);
	older_tune(rig, ENGINE_ROBUSTNESS, 7);
	older_filter(rig, p->other, "EX{}");
	older_filter(rig, p->other, "NONE");
	older_filter(rig, p->group, filter);
	hear_older(p, tap, rig, "sources and a leave");
	tap_expect(tap, older_status(rig, p->family).n_groups == 1, "%zu groups",
		   older_status(rig, p->family).n_groups);
}

static void test_forget_newest(struct tap *tap, struct rig *rig)
{
	older_for_both(tap, rig, forget_newest);
	older_for_both(tap, rig, forget_changes);
}

/* The way back: an answer of up to 10 s, a mode of 5 s. */
static void forget_older(const struct protocol *p, struct tap *tap, struct rig *rig)
{
	unsigned int n_sent = 0;

	for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
		uint64_t origin;

		older_restart(rig, tap, seed);
		older_tune(rig, ENGINE_OLDER_INTERVAL, 5);
		older_settle(p, rig);
		origin = rig->now;
		older_general(rig, p->family, p->older, 10000);
		rig_run(rig, 60 * SECOND);
		older_expect_version(p, tap, rig, p->newest, "behind 5 s");
		n_sent += rig->n_lines > 0;
		if (rig->n_lines)
			EXPECT_STEPS(tap, rig, origin, "in time",
				     { p->report, 0, 5 * SECOND });
	}
	tap_expect(tap, n_sent > N_SEEDS / 4 && n_sent < N_SEEDS * 3 / 4,
		   "%u of %u answers", n_sent, N_SEEDS);
}

static void test_forget_older(struct tap *tap, struct rig *rig)
{
	older_for_both(tap, rig, forget_older);
}

/* And says nothing of its own: the next query brings the state. */
static void come_back(const struct protocol *p, struct tap *tap, struct rig *rig)
{
	uint64_t origin;

	older_general(rig, p->family, p->older, 10000);
	older_settle(p, rig);
	rig_run(rig, 400 * SECOND);
	older_expect_silence(tap, rig, "the older querier goes");
	older_expect_version(p, tap, rig, p->newest, "it is gone");
	origin = rig->now;
	older_ask_newest(p, rig, NULL, NULL);
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "the next query", { p->state, 0, 10 * SECOND });
	rig_clear(rig);
	origin = rig->now;
	older_filter(rig, p->group, "NONE");
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "a leave", { p->stop, 0, 0 },
		     { p->stop, 0, SECOND });
}

static void test_come_back(struct tap *tap, struct rig *rig)
{
	older_for_both(tap, rig, come_back);
}

/* Behind the end of the mode, before anybody has pulled. */
static void change_late(const struct protocol *p, struct tap *tap, struct rig *rig)
{
	older_tune(rig, ENGINE_OLDER_INTERVAL, 5);
	older_filter(rig, p->other, "EX{}");
	rig_run(rig, 11 * SECOND);
	older_general(rig, p->family, p->older, 1000);
	rig_run(rig, 2 * SECOND);
	rig->now += 3 * SECOND;
	older_expect_join(tap, rig, p->group, p->join);
	older_general(rig, p->family, p->older, 1000);
	rig_run(rig, 2 * SECOND);
	rig_clear(rig);
	rig->now += 4 * SECOND;
	older_filter(rig, p->group, "NONE");
	EXPECT_STEPS(tap, rig, rig->now, "a late leave", { p->stop, 0, 0 });
}

/* A query and a look at the status, too. */
static void hear_late(const struct protocol *p, struct tap *tap, struct rig *rig)
{
	uint64_t origin;

	older_settle(p, rig);
	older_tune(rig, ENGINE_OLDER_INTERVAL, 5);
	older_general(rig, p->family, p->older, 1000);
	rig_run(rig, 2 * SECOND);
	rig_clear(rig);
	origin = rig->now += 3 * SECOND;
	older_ask_newest(p, rig, NULL, NULL);
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "a late query", { p->state, 0, 10 * SECOND });
	older_general(rig, p->family, p->older, 1000);
	rig_run(rig, 2 * SECOND);
	rig->now += 3 * SECOND - 1;
	older_expect_version(p, tap, rig, p->older, "until then");
	rig->now++;
	older_expect_version(p, tap, rig, p->newest, "then");
}

static void test_change_late(struct tap *tap, struct rig *rig)
{
	older_for_both(tap, rig, change_late);
	older_for_both(tap, rig, hear_late);
}

/* Groups are as those of who has reported last, whatever they were before. */
static void idle_again(const struct protocol *p, struct tap *tap, struct rig *rig)
{
	older_settle(p, rig);
	older_tune(rig, ENGINE_OLDER_INTERVAL, 30);
	older_general(rig, p->family, p->older, 1000);
	rig_report(rig, p->family, p->older, p->group);
	rig_run(rig, 31 * SECOND);
	older_expect_version(p, tap, rig, p->newest, "31 s");
	older_general(rig, p->family, p->older, 1000);
	rig_clear(rig);
	older_filter(rig, p->group, "NONE");
	rig_run(rig, 11 * SECOND);
	tap_expect(tap, rig->n_lines == 1 && !strcmp(rig->lines[0].text, p->leave),
		   "%s: no leave", p->name);
}

static void test_idle_again(struct tap *tap, struct rig *rig)
{
	older_for_both(tap, rig, idle_again);
	/* From IGMPv1 to IGMPv2, too. */
	older_restart(rig, tap, 3);
	older_force(rig, ENGINE_IPV4, 2);
	older_tune(rig, ENGINE_OLDER_INTERVAL, 30);
	older_settle(&older_protocols[0], rig);
	rig_report(rig, ENGINE_IPV4, 1, "239.1.1.1");
	older_general(rig, ENGINE_IPV4, 1, 0);
	rig_report(rig, ENGINE_IPV4, 1, "239.1.1.1");
	rig_run(rig, 30 * SECOND);
	rig_clear(rig);
	older_filter(rig, "239.1.1.1", "NONE");
	EXPECT_STEPS(tap, rig, rig->now, "a leave", { "v2 LEAVE(239.1.1.1)", 0, 0 });
}

/*
 * What this host has sent itself, and hears
 */

/* A General Query of the newest version, with 10 s, of a querier on this host. */
static int hear_own_newest(const struct protocol *p, struct rig *rig)
{
	static const uint8_t igmp[12] = { 0x11, 100, [8] = 2, 125 };
	static const uint8_t mld[28] = { 130, [4] = 0x27, 0x10, [24] = 2, 125 };
	bool is_ipv4 = p->family == ENGINE_IPV4;
	struct engine_datagram datagram = {
		.source = rig_addr(is_ipv4 ? "10.9.0.1" : "fe80::1"),
		.destination = rig_addr(is_ipv4 ? "224.0.0.1" : "ff02::1"),
		.hop_limit = 1,
		.has_router_alert = true,
		.is_own = true,
		.is_verified = true,
		.total_len = is_ipv4 ? 36 : 76,
		.message = is_ipv4 ? igmp : mld,
		.len = is_ipv4 ? sizeof(igmp) : sizeof(mld),
	};

	return engine_receive(rig->engine, RIG_IFINDEX, &datagram, rig->now);
}

static void own_query(const struct protocol *p, struct tap *tap, struct rig *rig)
{
	bool is_ipv4 = p->family == ENGINE_IPV4;
	struct raw raw = {
		.family = p->family,
		.type = is_ipv4 ? RAW_QUERY : RAW_MLD_QUERY,
		.code = is_ipv4 ? 100 : 0,
		.delay = 10000,
		.from = is_ipv4 ? "10.9.0.1" : "fe80::1",
		.is_own = true,
	};
	uint64_t origin;

	older_settle(p, rig);
	origin = rig->now;
	tap_expect(tap, hear_own_newest(p, rig) == 0, "%s: refused", p->name);
	tap_expect(tap,
		   addr_equal(older_status(rig, p->family).querier, rig_addr(raw.from)),
		   "%s: it is not the querier", p->name);
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "an own query", { p->state, 0, 10 * SECOND });
	rig_clear(rig);
	origin = rig->now;
	tap_expect(tap, older_hear(rig, &raw) == 0, "%s: older, refused", p->name);
	older_expect_version(p, tap, rig, p->older, "an own older query");
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "an older one", { p->report, 0, 10 * SECOND });
}

static void test_own_query(struct tap *tap, struct rig *rig)
{
	older_for_both(tap, rig, own_query);
}

/* Neither the answer nor the leave is left to another host. */
static void own_report(const struct protocol *p, struct tap *tap, struct rig *rig)
{
	bool is_ipv4 = p->family == ENGINE_IPV4;
	struct raw raw = {
		.family = p->family,
		.type = is_ipv4 ? RAW_V2_REPORT : RAW_MLD_REPORT,
		.group = p->group,
		.from = is_ipv4 ? "10.9.0.1" : "fe80::1",
		.is_own = true,
	};
	uint64_t origin;

	older_force(rig, p->family, p->older);
	older_settle(p, rig);
	origin = rig->now;
	older_general(rig, p->family, p->older, 10000);
	tap_expect(tap, older_hear(rig, &raw) == 0, "%s: refused", p->name);
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "the answer", { p->report, 0, 10 * SECOND });
	rig_clear(rig);
	older_hear(rig, &raw);
	older_filter(rig, p->group, "NONE");
	EXPECT_STEPS(tap, rig, rig->now, "the leave", { p->leave, 0, 0 });
	tap_expect(tap, older_count(rig, p->our_reports) == 0, "%s: counted", p->name);
}

static void test_own_report(struct tap *tap, struct rig *rig)
{
	older_for_both(tap, rig, own_report);
}

static const struct older_test tests[] = {
	{ "an interface begins with the newest version and the defaults of the RFC "
	  "[S-IGMP-1, S-V3-12, R-CMP-1]",
	  test_begin },
	{ "each interface and family has a mode of its own [S-IGMP-1, R-CMP-1, "
	  "R-MRG-10]",
	  test_each_interface },
	{ "an older query for a group sets no mode, and is answered in the newest "
	  "version [R-CMP-2, S-V3-16, S-IGMP-21, B-19]",
	  test_specific },
	{ "an older query for a group prolongs no mode either [R-CMP-2, S-IGMP-21]",
	  test_specific_in_mode },
	{ "IGMPv1 rules over IGMPv2 while both queriers are there, and both times are "
	  "kept [R-CMP-1, R-CMP-2, S-V3-17]",
	  test_v1_over_v2 },
	{ "an IGMPv2 querier that has gone meanwhile is not gone back to [R-CMP-1, "
	  "S-V3-17]",
	  test_v2_then_v1 },
	{ "for 400 s behind the last IGMPv1 query all is IGMPv1, whatever else is "
	  "heard [R-V2-6, R-V2-8, R-CMP-4, S-IGMP-36, S-IGMP-21]",
	  test_v1_router },
	{ "an older querier counts as long as R-CMP-4 says: 350 s of IGMP, 400 s below "
	  "IGMPv2, 260 s of MLD, 3600 s at most [R-CMP-4, S-V3-16, S-IGMP-36, R-SEC-2]",
	  test_intervals },
	{ "MLDv2 queries for a group do not change how long an MLDv1 querier counts "
	  "[R-CMP-4]",
	  test_interval_of_general },
	{ "the last older query says how long, though it be shorter [R-CMP-4]",
	  test_shorter },
	{ "a change to an older mode forgets answers, sources and changes that are "
	  "pending [R-CMP-3, S-V3-18]",
	  test_forget_newest },
	{ "the change to the newest mode forgets older answers [R-CMP-3]",
	  test_forget_older },
	{ "when the older querier is gone nothing is told before the next query "
	  "[R-CMP-3, S-V3-13]",
	  test_come_back },
	{ "what comes behind the end of a mode meets the newest version, though nobody "
	  "has pulled in between [R-CMP-3, S-V3-17]",
	  test_change_late },
	{ "on entering an older mode every group is as one that this host has reported "
	  "last [R-CMP-3, S-IGMP-29]",
	  test_idle_again },
	{ "a querier on the same host is answered, and sets the mode, as any other "
	  "[S-MLD-18, S-IGMP-28]",
	  test_own_query },
	{ "an own report is not another's [S-MLD-18, S-IGMP-28]", test_own_report },
};

int main(void)
{
	return older_run(tests, sizeof(tests) / sizeof(tests[0]));
}
