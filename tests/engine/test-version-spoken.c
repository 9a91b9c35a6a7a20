/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is spoken in which Host Compatibility Mode (RFC 9776 7.2, RFC 9777 8.2, RFC 4604
 * 2.2), how versions are forced, and which values of queries are taken over.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "older.h"

#define N_SEEDS 64

/*
 * What is spoken in it
 */

static void test_answer_in_new_mode(struct tap *tap, struct rig *rig)
{
	static const struct {
		uint8_t version;
		const char *line;
	} steps[] = { { 2, "v2 REPORT(239.1.1.1)" }, { 1, "v1 REPORT(239.1.1.1)" } };
	struct spread spread;

	spread_init(&spread, 10 * SECOND);
	for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
		older_restart(rig, tap, seed);
		older_settle(&older_protocols[0], rig);
		for (int i = 0; i < 2; i++) {
			uint64_t origin = rig->now;

			rig_clear(rig);
			older_general(rig, ENGINE_IPV4, steps[i].version, 10000);
			rig_run(rig, 20 * SECOND);
			if (!EXPECT_STEPS(tap, rig, origin, steps[i].line,
					  { steps[i].line, 0, 10 * SECOND }))
				return;
			spread_add(&spread, rig->lines[0].when - origin);
		}
	}
	spread_expect(&spread, tap, "answers");
}

static void test_mld_answer_in_new_mode(struct tap *tap, struct rig *rig)
{
	uint64_t origin;

	older_settle(&older_protocols[1], rig);
	origin = rig->now;
	older_general(rig, ENGINE_IPV6, 1, 5000);
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "MLDv1",
		     { "mld1 REPORT(ff15::1)", 0, 5 * SECOND });
}

static void plain(const struct protocol *p, struct tap *tap, struct rig *rig)
{
	char filter[128];
	uint64_t origin;

	older_force(rig, p->family, p->older);
	origin = rig->now;
	snprintf(filter, sizeof(filter), "IN{%s}", p->source);
	older_filter(rig, p->group, filter);
	rig_run(rig, 11 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "a source", { p->report, 0, 0 },
		     { p->report, 0, 10 * SECOND });
	rig_clear(rig);
	snprintf(filter, sizeof(filter), "EX{%s}", p->source);
	older_filter(rig, p->group, filter);
	older_filter(rig, p->group, "EX{}");
	snprintf(filter, sizeof(filter), "IN{%s}", p->source);
	older_filter(rig, p->group, filter);
	rig_set(rig, 2, p->group, "EX{}");
	rig_set(rig, 2, p->group, "NONE");
	rig_run(rig, 60 * SECOND);
	older_expect_silence(tap, rig, "changes that keep the group");
	origin = rig->now;
	older_filter(rig, p->group, "IN{}");
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "no source", { p->leave, 0, 0 });
	tap_expect(tap, older_count(rig, p->newest_sent) == 0, "the newest is spoken");
}

static void test_plain(struct tap *tap, struct rig *rig)
{
	older_for_both(tap, rig, plain);
}

static void test_ssm_plain(struct tap *tap, struct rig *rig)
{
	older_force(rig, ENGINE_IPV4, 2);
	older_force(rig, ENGINE_IPV6, 1);
	older_filter(rig, "232.1.1.1", "IN{10.0.0.1}");
	older_filter(rig, "232.1.1.2", "EX{}");
	older_filter(rig, "ff3e::1", "IN{fd09::1}");
	older_filter(rig, "232.1.1.1", "NONE");
	older_filter(rig, "232.1.1.2", "NONE");
	older_filter(rig, "ff3e::1", "NONE");
	EXPECT_STEPS(tap, rig, rig->now, "source-specific groups",
		     { "v2 REPORT(232.1.1.1)", 0, 0 }, { "v2 REPORT(232.1.1.2)", 0, 0 },
		     { "mld1 REPORT(ff3e::1)", 0, 0 }, { "v2 LEAVE(232.1.1.1)", 0, 0 },
		     { "v2 LEAVE(232.1.1.2)", 0, 0 }, { "mld1 DONE(ff3e::1)", 0, 0 });
}

/* RFC 4604 2.2.3, 2.2.5: logged, and processed all the same. */
static void expect_ssm_query(struct tap *tap, struct rig *rig, const struct protocol *p,
			     const char *group, const char *line)
{
	size_t n_notices = rig->n_notices;
	uint64_t origin = rig->now;

	older_specific(rig, p->family, p->older, group, 1000);
	tap_expect(tap,
		   rig->n_notices == n_notices + 1 &&
			   rig->last_notice.event == ENGINE_OLD_SSM_QUERY &&
			   rig->last_notice.ifindex == RIG_IFINDEX &&
			   addr_equal(rig->last_notice.group, rig_addr(group)),
		   "%s: not logged", line);
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, line, { line, 0, SECOND });
	rig_clear(rig);
}

static void test_ssm_queries(struct tap *tap, struct rig *rig)
{
	size_t n_notices;

	older_filter(rig, "232.1.1.1", "IN{10.0.0.1}");
	older_filter(rig, "ff3e::1", "IN{fd09::1}");
	rig_run(rig, 11 * SECOND);
	rig_clear(rig);
	expect_ssm_query(tap, rig, &older_protocols[0], "232.1.1.1",
			 "v3 IS_IN(232.1.1.1){10.0.0.1}");
	expect_ssm_query(tap, rig, &older_protocols[1], "ff3e::1",
			 "mld2 IS_IN(ff3e::1){fd09::1}");
	older_force(rig, ENGINE_IPV4, 2);
	older_force(rig, ENGINE_IPV6, 1);
	rig_clear(rig);
	expect_ssm_query(tap, rig, &older_protocols[0], "232.1.1.1",
			 "v2 REPORT(232.1.1.1)");
	expect_ssm_query(tap, rig, &older_protocols[1], "ff3e::1",
			 "mld1 REPORT(ff3e::1)");
	n_notices = rig->n_notices;
	older_specific(rig, ENGINE_IPV4, 3, "232.1.1.1", 1000);
	older_specific(rig, ENGINE_IPV4, 2, "239.1.1.1", 1000);
	older_general(rig, ENGINE_IPV4, 2, 1000);
	tap_expect(tap, rig->n_notices == n_notices, "logged without a cause");
}

/* Reports of older hosts beside one of the newest version. */
static void not_suppressed(const struct protocol *p, struct tap *tap, struct rig *rig)
{
	uint64_t origin = rig->now;

	older_filter(rig, p->group, "EX{}");
	rig_report(rig, p->family, p->older, p->group);
	rig_report(rig, p->family, 1, p->group);
	rig_run(rig, 11 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "a change", { p->join, 0, 0 },
		     { p->join, 0, SECOND });
	for (int i = 0; i < 2; i++) {
		rig_clear(rig);
		origin = rig->now;
		older_ask_newest(p, rig, i ? NULL : p->group, NULL);
		rig_report(rig, p->family, p->older, p->group);
		rig_report(rig, p->family, 1, p->group);
		rig_run(rig, 60 * SECOND);
		EXPECT_STEPS(tap, rig, origin, "an answer", { p->state, 0, 10 * SECOND });
	}
	/* And the next query for the group is still answered. */
	rig_clear(rig);
	origin = rig->now;
	older_ask_newest(p, rig, p->group, NULL);
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "the next", { p->state, 0, 10 * SECOND });
	tap_expect(tap, older_count(rig, p->our_reports) == 6, "%s: not counted",
		   p->name);
}

static void test_not_suppressed(struct tap *tap, struct rig *rig)
{
	older_for_both(tap, rig, not_suppressed);
}

/* Answered in the older version; the mode goes on as it would have. */
static void newer_query(const struct protocol *p, struct tap *tap, struct rig *rig)
{
	struct engine_status before, after;
	uint64_t origin;

	older_general(rig, p->family, p->older, 10000);
	older_settle(p, rig);
	for (int i = 0; i < 3; i++) {
		rig_clear(rig);
		before = older_status(rig, p->family);
		origin = rig->now;
		older_ask_newest(p, rig, i ? p->group : NULL, i == 2 ? p->source : NULL);
		after = older_status(rig, p->family);
		tap_expect(tap,
			   !memcmp(before.older_us, after.older_us,
				   sizeof(before.older_us)) &&
				   after.version == p->older,
			   "%s: the mode has changed", p->name);
		tap_expect(tap, older_count(rig, ENGINE_RECORDED_SOURCES) == 0,
			   "sources are recorded");
		rig_run(rig, 11 * SECOND);
		EXPECT_STEPS(tap, rig, origin, "an answer",
			     { p->report, 0, 10 * SECOND });
	}
}

static void test_newer_query(struct tap *tap, struct rig *rig)
{
	older_for_both(tap, rig, newer_query);
}

/*
 * What is forced
 */

/* How to force the newest version. */
enum way { ALWAYS_V3, FORCED, TUNED };
#define WAYS 3

static void force_newest(const struct protocol *p, struct rig *rig, enum way way)
{
	switch (way) {
	case ALWAYS_V3:
		older_tune(rig, ENGINE_ALWAYS_V3, 1);
		break;
	case FORCED:
		older_force(rig, p->family, p->newest);
		break;
	case TUNED:
		older_tune(rig,
			   p->family == ENGINE_IPV4 ? ENGINE_IGMP_VERSION
						    : ENGINE_MLD_VERSION,
			   p->newest);
		break;
	}
}

static void expect_ignored(const struct protocol *p, struct tap *tap, struct rig *rig,
			   enum way way)
{
	uint64_t origin;

	force_newest(p, rig, way);
	older_settle(p, rig);
	tap_expect(tap, older_general(rig, p->family, p->older, 1000) == 0, "refused");
	tap_expect(tap, older_general(rig, p->family, 1, 1000) == 0, "refused");
	older_expect_version(p, tap, rig, p->newest, "older queries");
	tap_expect(tap,
		   older_status(rig, p->family).older_us[0] == 0 &&
			   older_status(rig, p->family).older_us[1] == 0,
		   "a timer runs");
	tap_expect(tap, engine_get_deadline(rig->engine) == ENGINE_NEVER, "pending");
	rig_run(rig, 60 * SECOND);
	older_expect_silence(tap, rig, "older queries");
	tap_expect(tap, rig->n_notices == 0, "%zu notices", rig->n_notices);
	origin = rig->now;
	older_specific(rig, p->family, p->older, p->group, 1000);
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "a query for the group", { p->state, 0, SECOND });
}

static void newest_only(const struct protocol *p, struct tap *tap, struct rig *rig)
{
	for (int way = 0; way < WAYS; way++) {
		older_restart(rig, tap, (uint64_t)way + 1);
		expect_ignored(p, tap, rig, (enum way)way);
	}
	tap_expect(tap,
		   older_count(rig, p->family == ENGINE_IPV4
					    ? ENGINE_IGMP_RCV_V1_QUERIES
					    : ENGINE_MLD_RCV_V1_QUERIES) ==
			   (p->family == ENGINE_IPV4 ? 1 : 3),
		   "%s: not counted", p->name);
}

static void test_newest_only(struct tap *tap, struct rig *rig)
{
	older_for_both(tap, rig, newest_only);
}

/* On all interfaces, for those that come later, and over what is forced. */
static void test_always_v3(struct tap *tap, struct rig *rig)
{
	struct engine_status status;

	older_force(rig, ENGINE_IPV4, 2);
	older_general(rig, ENGINE_IPV4, 1, 0);
	older_general(rig, ENGINE_IPV6, 1, 10000);
	older_filter(rig, "239.1.1.1", "EX{}");
	rig_clear(rig);
	older_tune(rig, ENGINE_ALWAYS_V3, 1);
	older_expect_version(&older_protocols[0], tap, rig, 3, "always_v3");
	older_expect_version(&older_protocols[1], tap, rig, 2, "always_v3");
	rig_run(rig, 60 * SECOND);
	older_expect_silence(tap, rig, "what was pending");
	older_expect_join(tap, rig, "239.2.0.1", "v3 TO_EX(239.2.0.1){}");
	rig_add_interface(rig, RIG_IFINDEX + 1);
	engine_get_status(rig->engine, RIG_IFINDEX + 1, ENGINE_IPV4, &status, rig->now);
	tap_expect(tap, status.version == 3, "a new interface: %u", status.version);
	older_tune(rig, ENGINE_ALWAYS_V3, 0);
	tap_expect(tap, older_version(rig, ENGINE_IPV4) < 3, "it stays forced");
}

static void test_force_older(struct tap *tap, struct rig *rig)
{
	older_force(rig, ENGINE_IPV4, 2);
	older_general(rig, ENGINE_IPV4, 3, 1000);
	older_expect_join(tap, rig, "239.2.0.1", "v2 REPORT(239.2.0.1)");
	older_general(rig, ENGINE_IPV4, 1, 0);
	older_expect_join(tap, rig, "239.2.0.2", "v1 REPORT(239.2.0.2)");
	older_restart(rig, tap, 2);
	older_force(rig, ENGINE_IPV4, 1);
	older_general(rig, ENGINE_IPV4, 2, 1000);
	older_general(rig, ENGINE_IPV4, 3, 1000);
	rig_run(rig, 500 * SECOND);
	older_expect_join(tap, rig, "239.2.0.3", "v1 REPORT(239.2.0.3)");
	older_force(rig, ENGINE_IPV6, 1);
	older_general(rig, ENGINE_IPV6, 2, 1000);
	rig_run(rig, 500 * SECOND);
	older_expect_join(tap, rig, "ff15::7", "mld1 REPORT(ff15::7)");
	tap_expect(tap, older_status(rig, ENGINE_IPV4).forced == 1, "the status");
	older_force(rig, ENGINE_IPV4, 0);
	older_expect_join(tap, rig, "239.2.0.4", "v3 TO_EX(239.2.0.4){}");
}

/* What is forced on the interface rules over what is tuned for all. */
static void test_tuned(struct tap *tap, struct rig *rig)
{
	older_tune(rig, ENGINE_IGMP_VERSION, 2);
	older_expect_join(tap, rig, "239.2.0.1", "v2 REPORT(239.2.0.1)");
	older_expect_join(tap, rig, "ff15::7", "mld2 TO_EX(ff15::7){}");
	older_tune(rig, ENGINE_MLD_VERSION, 1);
	older_expect_join(tap, rig, "ff15::8", "mld1 REPORT(ff15::8)");
	older_force(rig, ENGINE_IPV4, 3);
	older_expect_join(tap, rig, "239.2.0.2", "v3 TO_EX(239.2.0.2){}");
	older_force(rig, ENGINE_IPV4, 1);
	older_expect_join(tap, rig, "239.2.0.3", "v1 REPORT(239.2.0.3)");
	older_force(rig, ENGINE_IPV4, 0);
	older_expect_join(tap, rig, "239.2.0.4", "v2 REPORT(239.2.0.4)");
	older_tune(rig, ENGINE_IGMP_VERSION, 0);
	older_expect_join(tap, rig, "239.2.0.5", "v3 TO_EX(239.2.0.5){}");
}

static void test_bad_versions(struct tap *tap, struct rig *rig)
{
	struct engine *engine = rig->engine;

	tap_expect(tap,
		   engine_force_version(engine, RIG_IFINDEX, ENGINE_IPV4, 4, rig->now) ==
			   -EINVAL,
		   "IGMPv4");
	tap_expect(tap,
		   engine_force_version(engine, RIG_IFINDEX, ENGINE_IPV6, 3, rig->now) ==
			   -EINVAL,
		   "MLDv3");
	tap_expect(tap,
		   engine_force_version(engine, 99, ENGINE_IPV4, 2, rig->now) == -ENODEV,
		   "no interface");
	tap_expect(tap,
		   engine_set_tunable(engine, ENGINE_IGMP_VERSION, 4, rig->now) ==
				   -ERANGE &&
			   engine_set_tunable(engine, ENGINE_MLD_VERSION, 3, rig->now) ==
				   -ERANGE,
		   "tunables");
	tap_expect(tap,
		   older_version(rig, ENGINE_IPV4) == 3 &&
			   older_version(rig, ENGINE_IPV6) == 2,
		   "something has changed");
}

/*
 * Values of queries
 */

struct adopted {
	enum engine_family family;
	int code; /* raw */
	uint8_t qrv;
	uint32_t qqi_s;
	uint8_t robustness;
	uint32_t interval_s;
	uint64_t response_us;
};

static const struct adopted adopted[] = {
	{ ENGINE_IPV4, 100, 0, 0, 2, 125, 10 * SECOND },
	{ ENGINE_IPV4, 100, 1, 1, 2, 1, 10 * SECOND },
	{ ENGINE_IPV4, 127, 7, 127, 7, 127, 12700 * MS },
	{ ENGINE_IPV4, 128, 2, 128, 2, 128, 12800 * MS },
	{ ENGINE_IPV4, 0x8f, 5, 31744, 5, 31744, 24800 * MS },
	{ ENGINE_IPV4, 0xff, 3, 248, 3, 248, 3174400 * MS },
	/* Longer than the interval between queries: the querier's business. */
	{ ENGINE_IPV4, 0xff, 3, 60, 3, 60, 3174400 * MS },
	{ ENGINE_IPV6, 10000, 0, 0, 2, 125, 10 * SECOND },
	{ ENGINE_IPV6, 32767, 1, 20, 2, 20, 32767 * MS },
	{ ENGINE_IPV6, 32768, 6, 31744, 6, 31744, 32768 * MS },
	{ ENGINE_IPV6, 0xffff, 7, 60, 7, 60, 8387584 * MS },
};

static void test_adopted(struct tap *tap, struct rig *rig)
{
	for (size_t i = 0; i < sizeof(adopted) / sizeof(adopted[0]); i++) {
		const struct adopted *a = &adopted[i];
		struct rig_query query = { .family = a->family,
					   .version = a->family == ENGINE_IPV4 ? 3 : 2,
					   .code = -1 - a->code,
					   .robustness = a->qrv,
					   .interval_s = a->qqi_s };
		struct engine_status status;

		rig_query(rig, &query);
		status = older_status(rig, a->family);
		tap_expect(tap, status.robustness == a->robustness, "%zu: robustness %u",
			   i, status.robustness);
		tap_expect(tap, status.query_interval_s == a->interval_s,
			   "%zu: interval %u s", i, status.query_interval_s);
		tap_expect(tap, status.response_us == a->response_us,
			   "%zu: response %" PRIu64 " us", i, status.response_us);
	}
}

static void repeat(const struct protocol *p, struct tap *tap, struct rig *rig)
{
	for (uint8_t qrv = 0; qrv <= 7; qrv++) {
		struct rig_query query = { .family = p->family,
					   .version = p->newest,
					   .max_response_ms = 10000,
					   .robustness = qrv };
		size_t expected = qrv < 2 ? 2 : qrv;

		older_restart(rig, tap, qrv + 1);
		rig_query(rig, &query);
		older_filter(rig, p->group, "EX{}");
		rig_run(rig, 60 * SECOND);
		tap_expect(tap,
			   rig->n_lines == expected &&
				   rig_count(rig, p->join) == expected,
			   "%s, QRV %u: %zu lines", p->name, qrv, rig->n_lines);
	}
}

static void test_repeat(struct tap *tap, struct rig *rig)
{
	older_for_both(tap, rig, repeat);
}

/* The answer to a query with that raw code, for the group or General. */
static void expect_delays(struct tap *tap, struct rig *rig, const struct protocol *p,
			  const char *group, int code, uint64_t max)
{
	struct rig_query query = { .family = p->family,
				   .version = p->newest,
				   .group = group,
				   .code = -1 - code };
	struct spread spread;
	char what[64];

	snprintf(what, sizeof(what), "%s, %s, code %d", p->name,
		 group ? "group" : "general", code);
	spread_init(&spread, max);
	for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
		uint64_t origin;

		older_restart(rig, tap, seed);
		older_settle(p, rig);
		origin = rig->now;
		rig_query(rig, &query);
		rig_run(rig, max + 60 * SECOND);
		if (!EXPECT_STEPS(tap, rig, origin, what, { p->state, 0, max }))
			return;
		spread_add(&spread, rig->lines[0].when - origin);
	}
	spread_expect(&spread, tap, what);
}

static void test_shortest(struct tap *tap, struct rig *rig)
{
	for (int i = 0; i < 2; i++) {
		const char *igmp = i ? "239.1.1.1" : NULL, *mld = i ? "ff15::1" : NULL;

		expect_delays(tap, rig, &older_protocols[0], igmp, 0, 100 * MS);
		expect_delays(tap, rig, &older_protocols[0], igmp, 1, 100 * MS);
		expect_delays(tap, rig, &older_protocols[1], mld, 0, 100 * MS);
		expect_delays(tap, rig, &older_protocols[1], mld, 1, MS);
	}
}

static void test_codes(struct tap *tap, struct rig *rig)
{
	for (int i = 0; i < 2; i++) {
		const char *igmp = i ? "239.1.1.1" : NULL, *mld = i ? "ff15::1" : NULL;

		expect_delays(tap, rig, &older_protocols[0], igmp, 127, 12700 * MS);
		expect_delays(tap, rig, &older_protocols[0], igmp, 128, 12800 * MS);
		expect_delays(tap, rig, &older_protocols[0], igmp, 0x8f, 24800 * MS);
		expect_delays(tap, rig, &older_protocols[1], mld, 32768, 32768 * MS);
		expect_delays(tap, rig, &older_protocols[1], mld, 0x9000, 65536 * MS);
	}
}

/* The first and the last number that can be drawn, in each mode. */
static void draw(const struct protocol *p, struct tap *tap, struct rig *rig)
{
	for (int i = 0; i < 8; i++) {
		const char *line = i % 2 ? p->report : p->state;
		uint64_t origin;

		older_restart(rig, tap, (uint64_t)i + 1);
		if (i % 2)
			older_force(rig, p->family, p->older);
		older_settle(p, rig);
		rig->is_fixed = true;
		rig->fixed_draw = i & 2 ? UINT32_MAX : 0;
		origin = rig->now;
		older_specific(rig, p->family, i % 2 ? p->older : p->newest,
			       i & 4 ? p->group : NULL, 100);
		rig_run(rig, 60 * SECOND);
		EXPECT_STEPS(tap, rig, origin, line, { line, 0, 100 * MS });
	}
}

/* The longest time there is takes more than one number. */
static void draw_longest(struct tap *tap, struct rig *rig)
{
	struct rig_query query = { .family = ENGINE_IPV6,
				   .version = 2,
				   .group = "ff15::1",
				   .code = -1 - 0xffff };
	uint64_t origin;

	older_settle(&older_protocols[1], rig);
	rig->is_fixed = true;
	rig->fixed_draw = 0;
	origin = rig->now;
	rig_query(rig, &query);
	rig_run(rig, 9000 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "8387.584 s",
		     { "mld2 IS_EX(ff15::1){}", 0, 8387584 * MS });
}

static void test_draws(struct tap *tap, struct rig *rig)
{
	older_for_both(tap, rig, draw);
	older_restart(rig, tap, 1);
	draw_longest(tap, rig);
}

/* A v2 query in the newest mode is linear still. */
static void test_specific_codes(struct tap *tap, struct rig *rig)
{
	struct raw raw = { .type = RAW_QUERY, .code = 0x8f, .group = "239.1.1.1" };
	struct spread spread;

	spread_init(&spread, 14300 * MS);
	for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
		uint64_t origin;

		older_restart(rig, tap, seed);
		older_settle(&older_protocols[0], rig);
		origin = rig->now;
		older_hear(rig, &raw);
		rig_run(rig, 60 * SECOND);
		if (!EXPECT_STEPS(tap, rig, origin, "code 143",
				  { "v3 IS_EX(239.1.1.1){}", 0, 14300 * MS }))
			return;
		spread_add(&spread, rig->lines[0].when - origin);
	}
	spread_expect(&spread, tap, "code 143");
}

static void test_lengths(struct tap *tap, struct rig *rig)
{
	struct raw raw = { .type = RAW_QUERY, .code = 10 };

	for (raw.n_extra = 1; raw.n_extra <= 3; raw.n_extra++)
		tap_expect(tap, older_hear(rig, &raw) == ENGINE_DROPPED,
			   "%zu bytes: not dropped", raw.n_extra + 8);
	tap_expect(tap, older_count(rig, ENGINE_IGMP_RCV_BADQUERIES) == 3, "not counted");
	raw.code = 0;
	raw.n_extra = 1;
	tap_expect(tap, older_hear(rig, &raw) == ENGINE_DROPPED, "9 bytes, code 0");
	older_expect_version(&older_protocols[0], tap, rig, 3, "9 to 11 bytes");
	older_general(rig, ENGINE_IPV4, 3, 0);
	older_expect_version(&older_protocols[0], tap, rig, 3, "12 bytes, code 0");
	raw.n_extra = 0;
	raw.code = 1;
	older_hear(rig, &raw);
	older_expect_version(&older_protocols[0], tap, rig, 2, "8 bytes, code 1");
	raw.code = 0;
	older_hear(rig, &raw);
	older_expect_version(&older_protocols[0], tap, rig, 1, "8 bytes, code 0");
	tap_expect(tap,
		   older_count(rig, ENGINE_IGMP_RCV_V1_QUERIES) == 1 &&
			   older_count(rig, ENGINE_IGMP_RCV_V2_QUERIES) == 1 &&
			   older_count(rig, ENGINE_IGMP_RCV_V3_QUERIES) == 1,
		   "not counted by version");
}

static const struct older_test tests[] = {
	{ "the query that changes the mode is answered in the new one [R-CMP-8, "
	  "S-V3-13]",
	  test_answer_in_new_mode },
	{ "so is one of MLDv1 [R-CMP-8]", test_mld_answer_in_new_mode },
	{ "in an older mode a filter is a plain join, and no change of it is told "
	  "[R-CMP-5, R-CHG-12]",
	  test_plain },
	{ "in an older mode source-specific groups are joined and left [R-CMP-5, "
	  "R-SSM-4]",
	  test_ssm_plain },
	{ "an older query for a source-specific group is logged, and answered "
	  "[R-CMP-6, R-SSM-4]",
	  test_ssm_queries },
	{ "older reports suppress nothing in the newest version, but count [R-CMP-7, "
	  "S-V3-43]",
	  test_not_suppressed },
	{ "a newer query in an older mode is answered in it, and leaves it as it is "
	  "[R-CMP-9, S-V3-19]",
	  test_newer_query },
	{ "where the newest version is forced older General Queries do nothing, those "
	  "for a group are answered in the newest [S-V3-10, S-V3-41, R-CMP-6]",
	  test_newest_only },
	{ "always_v3 takes effect at once on all interfaces, over what is forced "
	  "[S-V3-10]",
	  test_always_v3 },
	{ "an older version can be forced, and IGMPv2 falls back to IGMPv1 [S-V3-10, "
	  "S-V3-41, R-FMT-11]",
	  test_force_older },
	{ "what is forced on an interface rules over igmp_version and mld_version "
	  "[S-V3-10, S-V3-41]",
	  test_tuned },
	{ "versions that are none cannot be forced [S-V3-10, S-V3-41]",
	  test_bad_versions },
	{ "QRV, QQIC and the response time are taken from queries, in their own units "
	  "[S-V3-20, S-V3-21, R-QRY-9, R-SEC-2, R-FMT-5, B-1, B-2, B-4]",
	  test_adopted },
	{ "a change is told QRV times, and twice where QRV is 0 or 1 [S-V3-20, "
	  "R-QRY-9, R-CHG-4]",
	  test_repeat },
	{ "the shortest response times are small, but not 0 [S-V3-21, S-V3-41, "
	  "S-V3-42, R-SEC-3, B-7, B-8, B-20]",
	  test_shortest },
	{ "no answer comes at once or late, whatever is drawn [R-QRY-1, R-V2-8, "
	  "S-MLD-17]",
	  test_draws },
	{ "answers are spread over what a floating-point code says [S-V3-21, R-FMT-5, "
	  "B-1, B-2, B-3]",
	  test_codes },
	{ "the code of an IGMPv2 query is linear where IGMPv3 is spoken [R-FMT-6, "
	  "R-CMP-2]",
	  test_specific_codes },
	{ "8 bytes are IGMPv1 or IGMPv2 by the code, 12 are IGMPv3, 9 to 11 nothing "
	  "[S-V3-14, R-QRY-10, S-IGMP-13]",
	  test_lengths },
};

int main(void)
{
	return older_run(tests, sizeof(tests) / sizeof(tests[0]));
}
