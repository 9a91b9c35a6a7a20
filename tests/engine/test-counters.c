/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counters: each message counts where it should and nowhere else, and who passes messages
 * on to raw sockets is told which of them not to (S-IGMP-10). Router Alert and TTL, sent
 * and heard, with the tunables for them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "older.h"

#define COUNTS_MAX 6
#define GROUP      "239.1.1.1"
#define GROUP6     "ff15::1"

/*
 * What is heard
 */

/* A message, what hearing it returns, and the counters that it counts in. */
struct stimulus {
	const char *name;
	struct raw raw;
	int result;
	enum engine_counter counts[COUNTS_MAX];
	uint8_t n;
};

/* The list and its length; the total is always one of them. */
#define COUNT_OF(list) (sizeof(list) / sizeof(enum engine_counter))
#define IGMP(...)                               \
	{ ENGINE_IGMP_RCV_TOTAL, __VA_ARGS__ }, \
		COUNT_OF(                       \
			((enum engine_counter[]){ ENGINE_IGMP_RCV_TOTAL, __VA_ARGS__ }))
#define MLD(...)                               \
	{ ENGINE_MLD_RCV_TOTAL, __VA_ARGS__ }, \
		COUNT_OF(((enum engine_counter[]){ ENGINE_MLD_RCV_TOTAL, __VA_ARGS__ }))
#define IGMP_TOTAL { ENGINE_IGMP_RCV_TOTAL }, 1
#define MLD_TOTAL  { ENGINE_MLD_RCV_TOTAL }, 1

#define V1_QUERY ENGINE_IGMP_RCV_V1_QUERIES
#define V2_QUERY ENGINE_IGMP_RCV_V2_QUERIES
#define REPORTS  ENGINE_IGMP_RCV_REPORTS
#define OURS     ENGINE_IGMP_RCV_OURREPORTS

static const struct stimulus igmp[] = {
	{ "7 bytes",
	  { .type = RAW_QUERY, .n_cut = 1 },
	  ENGINE_DROPPED,
	  IGMP(ENGINE_IGMP_RCV_TOOSHORT) },
	{ "1 byte",
	  { .type = RAW_V2_REPORT, .group = GROUP, .n_cut = 7 },
	  ENGINE_DROPPED,
	  IGMP(ENGINE_IGMP_RCV_TOOSHORT) },
	{ "no byte",
	  { .type = RAW_QUERY, .n_cut = 8 },
	  ENGINE_DROPPED,
	  IGMP(ENGINE_IGMP_RCV_TOOSHORT) },
	{ "short, of no type that is known",
	  { .type = 0x77, .n_cut = 1 },
	  ENGINE_DROPPED,
	  IGMP(ENGINE_IGMP_RCV_TOOSHORT) },
	{ "a wrong checksum of a query",
	  { .type = RAW_QUERY, .is_broken = true },
	  ENGINE_DROPPED,
	  IGMP(ENGINE_IGMP_RCV_BADSUM) },
	{ "a wrong checksum of a report",
	  { .type = RAW_V2_REPORT, .group = GROUP, .is_broken = true },
	  ENGINE_DROPPED,
	  IGMP(ENGINE_IGMP_RCV_BADSUM) },
	{ "a wrong checksum of no type that is known",
	  { .type = 0x77, .is_broken = true },
	  ENGINE_DROPPED,
	  IGMP(ENGINE_IGMP_RCV_BADSUM) },
	{ "a Leave without Router Alert",
	  { .type = RAW_LEAVE,
	    .group = GROUP,
	    .to = "224.0.0.2",
	    .is_without_alert = true },
	  0,
	  IGMP(ENGINE_IGMP_RCV_NORA) },
	{ "a checksum without the trailing bytes",
	  { .type = RAW_LEAVE, .group = GROUP, .n_extra = 4, .n_cut = 4 },
	  ENGINE_DROPPED,
	  IGMP(ENGINE_IGMP_RCV_BADSUM) },
	{ "an IGMPv1 query", { .type = RAW_QUERY }, 0, IGMP(V1_QUERY) },
	{ "an IGMPv1 query, which has no Router Alert",
	  { .type = RAW_QUERY, .is_without_alert = true },
	  0,
	  IGMP(V1_QUERY) },
	{ "an IGMPv1 query with another TTL",
	  { .type = RAW_QUERY, .hop_limit = 64 },
	  0,
	  IGMP(V1_QUERY, ENGINE_IGMP_RCV_BADTTL) },
	{ "an IGMPv1 query to 224.0.0.9",
	  { .type = RAW_QUERY, .to = "224.0.0.9" },
	  ENGINE_DROPPED,
	  IGMP(V1_QUERY, ENGINE_IGMP_RCV_BADQUERIES) },
	{ "an IGMPv2 query", { .type = RAW_QUERY, .code = 10 }, 0, IGMP(V2_QUERY) },
	{ "an IGMPv2 query for a group",
	  { .type = RAW_QUERY, .code = 10, .group = GROUP },
	  0,
	  IGMP(V2_QUERY) },
	{ "an IGMPv2 query without Router Alert",
	  { .type = RAW_QUERY, .code = 10, .is_without_alert = true },
	  0,
	  IGMP(V2_QUERY, ENGINE_IGMP_RCV_NORA) },
	{ "an IGMPv2 query with another TTL, without Router Alert",
	  { .type = RAW_QUERY, .code = 10, .is_without_alert = true, .hop_limit = 2 },
	  0,
	  IGMP(V2_QUERY, ENGINE_IGMP_RCV_NORA, ENGINE_IGMP_RCV_BADTTL) },
	{ "an IGMPv2 query to 224.0.0.9",
	  { .type = RAW_QUERY, .code = 10, .to = "224.0.0.9" },
	  ENGINE_DROPPED,
	  IGMP(V2_QUERY, ENGINE_IGMP_RCV_BADQUERIES) },
	{ "an IGMPv2 query for a host",
	  { .type = RAW_QUERY, .code = 10, .group = "10.9.0.7", .to = "224.0.0.1" },
	  ENGINE_DROPPED,
	  IGMP(V2_QUERY, ENGINE_IGMP_RCV_BADQUERIES) },
	{ "a query of 10 bytes",
	  { .type = RAW_QUERY, .code = 10, .n_extra = 2 },
	  ENGINE_DROPPED,
	  IGMP(ENGINE_IGMP_RCV_BADQUERIES) },
	{ "a datagram of the MTU",
	  { .type = RAW_QUERY, .total_len = 1500 },
	  0,
	  IGMP(V1_QUERY) },
	{ "a datagram above the MTU",
	  { .type = RAW_QUERY, .total_len = 1501 },
	  0,
	  IGMP(V1_QUERY, ENGINE_IGMP_RCV_TOOLONG) },
	{ "a datagram above the MTU, with a wrong checksum",
	  { .type = RAW_QUERY, .total_len = 9000, .is_broken = true },
	  ENGINE_DROPPED,
	  IGMP(ENGINE_IGMP_RCV_BADSUM, ENGINE_IGMP_RCV_TOOLONG) },
	{ "a query of a querier on this host",
	  { .type = RAW_QUERY, .code = 10, .is_own = true },
	  0,
	  IGMP(V2_QUERY) },
	{ "an IGMPv1 report of a group of ours",
	  { .type = RAW_V1_REPORT, .group = GROUP, .is_without_alert = true },
	  0,
	  IGMP(REPORTS, OURS) },
	{ "an IGMPv2 report of a group of ours",
	  { .type = RAW_V2_REPORT, .group = GROUP },
	  0,
	  IGMP(REPORTS, OURS) },
	{ "a report of a group of ours in 224.0.0.0/24",
	  { .type = RAW_V2_REPORT, .group = "224.0.0.251" },
	  0,
	  IGMP(REPORTS, OURS) },
	{ "an IGMPv2 report without Router Alert, with another TTL",
	  { .type = RAW_V2_REPORT,
	    .group = GROUP,
	    .is_without_alert = true,
	    .hop_limit = 3 },
	  0,
	  IGMP(REPORTS, OURS, ENGINE_IGMP_RCV_NORA, ENGINE_IGMP_RCV_BADTTL) },
	{ "a report of another group",
	  { .type = RAW_V2_REPORT, .group = "239.9.9.9" },
	  0,
	  IGMP(REPORTS) },
	{ "an IGMPv2 report of a host",
	  { .type = RAW_V2_REPORT, .group = "10.9.0.9", .to = GROUP },
	  ENGINE_DROPPED,
	  IGMP(REPORTS, ENGINE_IGMP_RCV_BADREPORTS) },
	{ "an IGMPv1 report of nothing",
	  { .type = RAW_V1_REPORT, .to = GROUP },
	  ENGINE_DROPPED,
	  IGMP(REPORTS, ENGINE_IGMP_RCV_BADREPORTS) },
	{ "an own report",
	  { .type = RAW_V2_REPORT, .group = GROUP, .is_own = true },
	  0,
	  IGMP_TOTAL },
	{ "a Leave",
	  { .type = RAW_LEAVE, .group = GROUP, .to = "224.0.0.2" },
	  0,
	  IGMP_TOTAL },
	{ "a Leave of a host",
	  { .type = RAW_LEAVE, .group = "10.1.1.1", .to = "224.0.0.2" },
	  0,
	  IGMP_TOTAL },
	{ "an IGMPv3 report",
	  { .type = RAW_V3_REPORT, .to = "224.0.0.22" },
	  0,
	  IGMP_TOTAL },
	{ "DVMRP", { .type = 0x13 }, 0, IGMP_TOTAL },
	{ "PIM", { .type = 0x14 }, 0, IGMP_TOTAL },
	{ "mtrace", { .type = 0x1f }, 0, IGMP_TOTAL },
	{ "its answer", { .type = 0x1e }, 0, IGMP_TOTAL },
	{ "type 0", { .type = 0 }, 0, IGMP_TOTAL },
	{ "type 255", { .type = 255, .n_extra = 100 }, 0, IGMP_TOTAL },
};

#define QUERY6   .family = ENGINE_IPV6, .type = RAW_MLD_QUERY
#define REPORT6  .family = ENGINE_IPV6, .type = RAW_MLD_REPORT
#define V1_MLD   ENGINE_MLD_RCV_V1_QUERIES
#define REPORTS6 ENGINE_MLD_RCV_REPORTS

static const struct stimulus mld[] = {
	{ "23 bytes",
	  { QUERY6, .n_cut = 1 },
	  ENGINE_DROPPED,
	  MLD(ENGINE_MLD_RCV_TOOSHORT) },
	{ "a report of 8 bytes",
	  { REPORT6, .group = GROUP6, .n_cut = 16 },
	  ENGINE_DROPPED,
	  MLD(ENGINE_MLD_RCV_TOOSHORT) },
	{ "a wrong checksum",
	  { QUERY6, .is_broken = true },
	  ENGINE_DROPPED,
	  MLD(ENGINE_MLD_RCV_BADSUM) },
	{ "an MLDv1 query", { QUERY6, .delay = 10 }, 0, MLD(V1_MLD) },
	{ "an MLDv1 query for an address",
	  { QUERY6, .delay = 10, .group = GROUP6 },
	  0,
	  MLD(V1_MLD) },
	{ "a query from ::",
	  { QUERY6, .from = "::" },
	  ENGINE_DROPPED,
	  MLD(V1_MLD, ENGINE_MLD_RCV_BADSOURCE) },
	{ "a query from a global address",
	  { QUERY6, .from = "fd09::7" },
	  ENGINE_DROPPED,
	  MLD(V1_MLD, ENGINE_MLD_RCV_BADSOURCE) },
	{ "a query with hop limit 64",
	  { QUERY6, .hop_limit = 64 },
	  ENGINE_DROPPED,
	  MLD(V1_MLD, ENGINE_MLD_RCV_BADHOPLIMIT) },
	{ "a query without Router Alert",
	  { QUERY6, .is_without_alert = true },
	  ENGINE_DROPPED,
	  MLD(V1_MLD, ENGINE_MLD_RCV_NORA) },
	{ "a query for a host",
	  { QUERY6, .group = "fd09::7", .to = "ff02::1" },
	  ENGINE_DROPPED,
	  MLD(V1_MLD, ENGINE_MLD_RCV_BADQUERIES) },
	{ "a query of 26 bytes",
	  { QUERY6, .n_extra = 2 },
	  ENGINE_DROPPED,
	  MLD(ENGINE_MLD_RCV_BADQUERIES) },
	{ "a datagram of the MTU", { QUERY6, .total_len = 1500 }, 0, MLD(V1_MLD) },
	{ "a datagram above the MTU",
	  { QUERY6, .total_len = 1501 },
	  0,
	  MLD(V1_MLD, ENGINE_MLD_RCV_TOOLONG) },
	{ "a query of a querier on this host",
	  { QUERY6, .is_own = true },
	  0,
	  MLD(V1_MLD) },
	{ "a report of an address of ours",
	  { REPORT6, .group = GROUP6 },
	  0,
	  MLD(REPORTS6, ENGINE_MLD_RCV_OURREPORTS) },
	{ "a report of another address",
	  { REPORT6, .group = "ff15::77" },
	  0,
	  MLD(REPORTS6) },
	{ "a report of a host",
	  { REPORT6, .group = "fd09::7", .to = GROUP6 },
	  ENGINE_DROPPED,
	  MLD(REPORTS6, ENGINE_MLD_RCV_BADREPORTS) },
	{ "a report from ::",
	  { REPORT6, .group = GROUP6, .from = "::" },
	  ENGINE_DROPPED,
	  MLD(REPORTS6, ENGINE_MLD_RCV_BADSOURCE) },
	{ "an own report", { REPORT6, .group = GROUP6, .is_own = true }, 0, MLD_TOTAL },
	{ "a Done",
	  { .family = ENGINE_IPV6,
	    .type = RAW_MLD_DONE,
	    .group = GROUP6,
	    .to = "ff02::2" },
	  0,
	  MLD_TOTAL },
	{ "an MLDv2 report",
	  { .family = ENGINE_IPV6, .type = RAW_MLD2_REPORT, .to = "ff02::16" },
	  0,
	  MLD_TOTAL },
	{ "a Neighbor Solicitation, which is no MLD",
	  { .family = ENGINE_IPV6, .type = 135, .to = "ff02::1" },
	  0,
	  { 0 },
	  0 },
	{ "an Echo Request of 7 bytes",
	  { .family = ENGINE_IPV6, .type = 128, .n_cut = 17 },
	  0,
	  { 0 },
	  0 },
};

struct snapshot {
	uint64_t values[ENGINE_COUNTERS];
};

static struct snapshot take_snapshot(const struct rig *rig)
{
	struct snapshot ret;

	for (unsigned int i = 0; i < ENGINE_COUNTERS; i++)
		ret.values[i] = older_count(rig, (enum engine_counter)i);
	return ret;
}

/* Those of the list are one more, all others as they were, gauges aside. */
static void expect_counts(struct tap *tap, const struct rig *rig,
			  const struct snapshot *before,
			  const enum engine_counter *counts, unsigned int n,
			  const char *what)
{
	for (unsigned int i = 0; i < ENGINE_COUNTERS; i++) {
		const struct engine_counter_info *info = engine_get_counter_info(i);
		uint64_t expected = before->values[i];
		uint64_t actual = older_count(rig, info->counter);

		for (unsigned int j = 0; j < n; j++)
			expected += counts[j] == info->counter;
		tap_expect(tap, info->is_gauge || actual == expected,
			   "%s: %s is %" PRIu64 ", not %" PRIu64, what, info->name,
			   actual, expected);
	}
}

static void join_all(struct rig *rig)
{
	older_filter(rig, GROUP, "EX{}");
	older_filter(rig, "224.0.0.251", "EX{}");
	older_filter(rig, GROUP6, "EX{}");
	rig_run(rig, 11 * SECOND);
	rig_clear(rig);
}

static void expect_stimulus(struct tap *tap, struct rig *rig, const struct stimulus *s)
{
	struct snapshot before = take_snapshot(rig);
	size_t n_used = rig->n_used;
	int result = older_hear(rig, &s->raw);

	tap_expect(tap, result == s->result, "%s: %d", s->name, result);
	tap_expect(tap, rig->n_used == n_used, "%s: memory is kept", s->name);
	expect_counts(tap, rig, &before, s->counts, s->n, s->name);
}

/* In the newest version and in the oldest one alike. */
static void expect_stimuli(struct tap *tap, struct rig *rig, const struct stimulus *list,
			   size_t n)
{
	for (size_t i = 0; i < 2 * n; i++) {
		older_restart(rig, tap, i + 1);
		if (i >= n) {
			older_force(rig, ENGINE_IPV4, 1 + i % 2);
			older_force(rig, ENGINE_IPV6, 1);
		}
		join_all(rig);
		expect_stimulus(tap, rig, &list[i % n]);
	}
}

static void test_igmp(struct tap *tap, struct rig *rig)
{
	expect_stimuli(tap, rig, igmp, sizeof(igmp) / sizeof(igmp[0]));
}

static void test_mld(struct tap *tap, struct rig *rig)
{
	expect_stimuli(tap, rig, mld, sizeof(mld) / sizeof(mld[0]));
}

/* Everything that is not cut short or broken is counted once, and no more. */
static void test_loopback(struct tap *tap, struct rig *rig)
{
	static const struct stimulus on_loopback[] = {
		{ "an IGMPv1 query", { .type = RAW_QUERY }, 0, IGMP(V1_QUERY) },
		{ "an IGMPv1 query to 224.0.0.9",
		  { .type = RAW_QUERY, .to = "224.0.0.9" },
		  0,
		  IGMP(V1_QUERY) },
		{ "an IGMPv2 query for a host",
		  { .type = RAW_QUERY, .code = 1, .group = "10.1.1.1" },
		  0,
		  IGMP(V2_QUERY) },
		{ "an IGMPv2 report",
		  { .type = RAW_V2_REPORT, .group = GROUP },
		  0,
		  IGMP(REPORTS) },
		{ "an IGMPv1 report of a host",
		  { .type = RAW_V1_REPORT, .group = "10.1.1.1" },
		  0,
		  IGMP(REPORTS) },
		{ "a Leave", { .type = RAW_LEAVE, .group = GROUP }, 0, IGMP_TOTAL },
		{ "7 bytes",
		  { .type = RAW_QUERY, .n_cut = 1 },
		  ENGINE_DROPPED,
		  IGMP(ENGINE_IGMP_RCV_TOOSHORT) },
		{ "a wrong checksum",
		  { .type = RAW_QUERY, .is_broken = true },
		  ENGINE_DROPPED,
		  IGMP(ENGINE_IGMP_RCV_BADSUM) },
		{ "an MLDv1 query", { QUERY6 }, 0, MLD(V1_MLD) },
		{ "an MLDv1 query from ::", { QUERY6, .from = "::" }, 0, MLD(V1_MLD) },
		{ "an MLDv1 report", { REPORT6, .group = GROUP6 }, 0, MLD(REPORTS6) },
	};
	struct engine_interface loopback = rig->interface;

	loopback.is_loopback = true;
	rig_change(rig, &loopback);
	join_all(rig);
	for (size_t i = 0; i < sizeof(on_loopback) / sizeof(on_loopback[0]); i++)
		expect_stimulus(tap, rig, &on_loopback[i]);
	rig_run(rig, 60 * SECOND);
	older_expect_silence(tap, rig, "loopback");
}

/* Queries of the newest version, which no raw is. */
static void expect_query(struct tap *tap, struct rig *rig, const struct rig_query *query,
			 int result, const enum engine_counter *counts, unsigned int n,
			 const char *what)
{
	struct snapshot before = take_snapshot(rig);
	int actual = rig_query(rig, query);

	tap_expect(tap, actual == result, "%s: %d", what, actual);
	expect_counts(tap, rig, &before, counts, n, what);
}

static void test_newest_queries(struct tap *tap, struct rig *rig)
{
	static const enum engine_counter v3[] = { ENGINE_IGMP_RCV_TOTAL,
						  ENGINE_IGMP_RCV_V3_QUERIES,
						  ENGINE_IGMP_RCV_BADQUERIES };
	static const enum engine_counter mld2[] = { ENGINE_MLD_RCV_TOTAL,
						    ENGINE_MLD_RCV_V2_QUERIES,
						    ENGINE_MLD_RCV_BADQUERIES };

	join_all(rig);
	for (int i = 0; i < 2; i++) {
		const enum engine_counter *counts = i ? mld2 : v3;
		struct rig_query query = {
			.family = i ? ENGINE_IPV6 : ENGINE_IPV4,
			.version = i ? 2 : 3,
		};

		expect_query(tap, rig, &query, 0, counts, 2, "General");
		query.n_claimed_more = 1;
		expect_query(tap, rig, &query, ENGINE_DROPPED, counts, 3,
			     "a source too few");
		query.n_claimed_more = 0;
		query.sources = i ? "fd09::1" : "10.0.0.1";
		expect_query(tap, rig, &query, ENGINE_DROPPED, counts, 3,
			     "General with a source");
		query.group = i ? GROUP6 : GROUP;
		expect_query(tap, rig, &query, 0, counts, 2, "group and source");
	}
}

/* Recorded to the limit, without memory, and then as a whole. */
static void test_query_fails(struct tap *tap, struct rig *rig)
{
	static const enum engine_counter v3[] = { ENGINE_IGMP_RCV_TOTAL,
						  ENGINE_IGMP_RCV_V3_QUERIES,
						  ENGINE_IGMP_RCV_QUERY_FAILS };
	static const enum engine_counter mld2[] = { ENGINE_MLD_RCV_TOTAL,
						    ENGINE_MLD_RCV_V2_QUERIES,
						    ENGINE_MLD_RCV_QUERY_FAILS };
	struct engine_interface jumbo;

	for (int i = 0; i < 2; i++) {
		const enum engine_counter *counts = i ? mld2 : v3;
		struct rig_query query = {
			.family = i ? ENGINE_IPV6 : ENGINE_IPV4,
			.version = i ? 2 : 3,
			.group = i ? GROUP6 : GROUP,
			.sources = i ? "fd01::1+128" : "10.1.0.0+128",
		};

		older_restart(rig, tap, 1);
		jumbo = rig->interface;
		jumbo.mtu = 9000;
		rig_change(rig, &jumbo);
		join_all(rig);
		expect_query(tap, rig, &query, 0, counts, 2, "128 sources");
		tap_expect(tap, older_count(rig, ENGINE_RECORDED_SOURCES) == 128,
			   "%" PRIu64 " recorded",
			   older_count(rig, ENGINE_RECORDED_SOURCES));
		query.sources = i ? "fd02::1" : "10.2.0.1";
		expect_query(tap, rig, &query, 0, counts, 3, "one more");
		tap_expect(tap, older_count(rig, ENGINE_RECORDED_SOURCES) == 0,
			   "still recorded");
		rig_run(rig, 11 * SECOND);
		rig->fails_at = rig->n_calls + 1;
		expect_query(tap, rig, &query, 0, counts, 3, "without memory");
		rig->fails_at = 0;
	}
}

/*
 * Router Alert and TTL
 */

static void test_dropwithnora(struct tap *tap, struct rig *rig)
{
	static const struct stimulus list[] = {
		{ "an IGMPv1 query",
		  { .type = RAW_QUERY, .is_without_alert = true },
		  0,
		  IGMP(V1_QUERY) },
		{ "an IGMPv2 query",
		  { .type = RAW_QUERY, .code = 1, .is_without_alert = true },
		  ENGINE_DROPPED,
		  IGMP(V2_QUERY, ENGINE_IGMP_RCV_NORA) },
		{ "an IGMPv1 report",
		  { .type = RAW_V1_REPORT, .group = GROUP, .is_without_alert = true },
		  0,
		  IGMP(REPORTS, OURS) },
		{ "an IGMPv2 report",
		  { .type = RAW_V2_REPORT, .group = GROUP, .is_without_alert = true },
		  ENGINE_DROPPED,
		  IGMP(REPORTS, ENGINE_IGMP_RCV_NORA) },
		{ "an IGMPv2 Leave",
		  { .type = RAW_LEAVE,
		    .group = GROUP,
		    .to = "224.0.0.2",
		    .is_without_alert = true },
		  ENGINE_DROPPED,
		  IGMP(ENGINE_IGMP_RCV_NORA) },
		{ "an IGMPv2 Leave with it",
		  { .type = RAW_LEAVE, .group = GROUP, .to = "224.0.0.2" },
		  0,
		  IGMP_TOTAL },
		{ "an IGMPv2 query with it",
		  { .type = RAW_QUERY, .code = 1 },
		  0,
		  IGMP(V2_QUERY) },
		{ "another TTL",
		  { .type = RAW_QUERY, .code = 1, .hop_limit = 9 },
		  0,
		  IGMP(V2_QUERY, ENGINE_IGMP_RCV_BADTTL) },
	};

	older_tune(rig, ENGINE_DROPWITHNORA, 1);
	join_all(rig);
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		expect_stimulus(tap, rig, &list[i]);
}

static void test_dropwithbadttl(struct tap *tap, struct rig *rig)
{
	static const struct stimulus list[] = {
		{ "an IGMPv1 query",
		  { .type = RAW_QUERY, .hop_limit = 2 },
		  ENGINE_DROPPED,
		  IGMP(V1_QUERY, ENGINE_IGMP_RCV_BADTTL) },
		{ "an IGMPv2 query",
		  { .type = RAW_QUERY, .code = 1, .hop_limit = 255 },
		  ENGINE_DROPPED,
		  IGMP(V2_QUERY, ENGINE_IGMP_RCV_BADTTL) },
		{ "a report",
		  { .type = RAW_V2_REPORT, .group = GROUP, .hop_limit = 2 },
		  ENGINE_DROPPED,
		  IGMP(REPORTS, ENGINE_IGMP_RCV_BADTTL) },
		{ "TTL 1", { .type = RAW_QUERY, .code = 1 }, 0, IGMP(V2_QUERY) },
		{ "no Router Alert",
		  { .type = RAW_QUERY, .code = 1, .is_without_alert = true },
		  0,
		  IGMP(V2_QUERY, ENGINE_IGMP_RCV_NORA) },
	};

	older_tune(rig, ENGINE_DROPWITHBADTTL, 1);
	join_all(rig);
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		expect_stimulus(tap, rig, &list[i]);
}

/* Nothing comes of what is dropped; an IGMPv3 query with code 0 is none of IGMPv1. */
static void test_dropped(struct tap *tap, struct rig *rig)
{
	struct raw raw = { .type = RAW_QUERY, .code = 1, .is_without_alert = true };
	struct rig_query query = { .version = 3, .is_without_alert = true, .code = -1 };

	older_tune(rig, ENGINE_DROPWITHNORA, 1);
	older_tune(rig, ENGINE_DROPWITHBADTTL, 1);
	join_all(rig);
	older_hear(rig, &raw);
	raw.code = 0;
	raw.hop_limit = 2;
	older_hear(rig, &raw);
	tap_expect(tap, rig_query(rig, &query) == ENGINE_DROPPED, "code 0");
	query.code = 0;
	query.max_response_ms = 1000;
	query.robustness = 7;
	tap_expect(tap, rig_query(rig, &query) == ENGINE_DROPPED, "code 10");
	tap_expect(tap, older_version(rig, ENGINE_IPV4) == 3, "the mode has changed");
	tap_expect(tap, older_status(rig, ENGINE_IPV4).robustness == 2, "QRV is taken");
	tap_expect(tap, older_count(rig, ENGINE_IGMP_RCV_NORA) == 3, "not counted");
	rig_run(rig, 60 * SECOND);
	older_expect_silence(tap, rig, "what is dropped");
	tap_expect(tap, engine_get_deadline(rig->engine) == ENGINE_NEVER, "pending");
}

static void expect_header(struct tap *tap, struct rig *rig, const char *group,
			  const char *hex)
{
	rig_clear(rig);
	older_filter(rig, group, "EX{}");
	if (tap_expect(tap, rig->n_lines == 1, "%zu lines", rig->n_lines))
		older_expect_bytes(tap, &rig->lines[0], hex);
}

/* At once, both ways, and without any other effect. */
static void test_sendwithra(struct tap *tap, struct rig *rig)
{
	expect_header(tap, rig, "239.3.0.1",
		      "46c00028 00000000 0102.... 0a090001 e0000016 94040000"
		      "2200.... 00000001 04000000 ef030001");
	older_tune(rig, ENGINE_SENDWITHRA, 0);
	expect_header(tap, rig, "239.3.0.2",
		      "45c00024 00000000 0102.... 0a090001 e0000016"
		      "2200.... 00000001 04000000 ef030002");
	older_force(rig, ENGINE_IPV4, 2);
	expect_header(tap, rig, "239.3.0.3",
		      "4500001c 00000000 0102.... 0a090001 ef030003 1600.... ef030003");
	older_tune(rig, ENGINE_SENDWITHRA, 1);
	expect_header(tap, rig, "239.3.0.4",
		      "46000020 00000000 0102.... 0a090001 ef030004 94040000"
		      "1600.... ef030004");
	older_force(rig, ENGINE_IPV4, 1);
	expect_header(tap, rig, "239.3.0.5",
		      "4500001c 00000000 0102.... 0a090001 ef030005 1200.... ef030005");
	older_tune(rig, ENGINE_SENDWITHRA, 0);
	expect_header(tap, rig, "239.3.0.6",
		      "4500001c 00000000 0102.... 0a090001 ef030006 1200.... ef030006");
	expect_header(tap, rig, "ff15::1",
		      "60000000 00240001 fe800000 00000000 00000000 00000001"
		      "ff020000 00000000 00000000 00000016 3a000502 00000100"
		      "8f00.... 00000001 04000000 ff150000 00000000 00000000 00000001");
}

static const struct older_test tests[] = {
	{ "every IGMP message counts where it should and nowhere else, and the broken "
	  "ones are not passed on [S-IGMP-5, S-IGMP-6, S-IGMP-7, S-IGMP-9, S-IGMP-10, "
	  "S-IGMP-12, S-IGMP-22, S-IGMP-23, S-IGMP-25, S-IGMP-28, S-IGMP-40, S-IGMP-41, "
	  "S-V3-3, S-V3-4, S-V3-5, R-FMT-2, R-FMT-11]",
	  test_igmp },
	{ "every MLD message counts where it should and nowhere else [S-MLD-7, S-MLD-8, "
	  "S-MLD-11, S-MLD-19, R-M1-1, R-QRY-7, R-FMT-2, R-FMT-11, B-17, B-21]",
	  test_mld },
	{ "on loopback messages are counted and passed on, and nothing else [S-IGMP-10, "
	  "S-IGMP-11, S-IGMP-12, S-IGMP-22, S-MLD-11]",
	  test_loopback },
	{ "queries of the newest version count, and which are bad [S-V3-3, S-V3-22, "
	  "S-V3-26, R-QRY-11, R-QRY-12, B-5]",
	  test_newest_queries },
	{ "sources that cannot be recorded count as failed queries [S-V3-3, S-V3-26, "
	  "R-SEC-1]",
	  test_query_fails },
	{ "dropwithnora drops IGMPv2 and IGMPv3 without Router Alert, and not IGMPv1 "
	  "[S-V3-7, S-V3-38, R-QRY-6]",
	  test_dropwithnora },
	{ "dropwithbadttl drops what has another TTL [S-V3-38]", test_dropwithbadttl },
	{ "what a tunable drops changes nothing [S-V3-7, S-V3-38]", test_dropped },
	{ "sendwithra puts Router Alert into IGMPv2 and IGMPv3, at once, never into "
	  "IGMPv1, and MLD always has it [S-V3-6, S-V3-28, S-V3-39, R-FMT-1, R-FMT-7, "
	  "R-FMT-8]",
	  test_sendwithra },
};

int main(void)
{
	return older_run(tests, sizeof(tests) / sizeof(tests[0]));
}
