/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Floods: whatever is sent to a host by the hundred thousand, memory and packets stay
 * within bounds that follow from the tunables. Nothing here looks at a clock: how long a
 * message takes is how often it asks for memory, and how much.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flood.h"

#define FLOOD 100000u

/* Bytes of a recorded source, and calls for more memory of a query that names some: one
 * that makes room for them. */
#define RECORDED_BYTES    32u
#define RESIZES_PER_QUERY 1u

/* What a delay of 0 becomes (R-SEC-3): the unit of IGMP's code. */
#define DELAY_MIN (ENGINE_SECOND / 10)

static const struct addr nobody;

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t get_tunable(const struct flood *flood, enum engine_tunable tunable)
{
	return engine_get_tunable(flood->rig->engine, tunable);
}

/* What queries can make the engine record, in bytes. */
static uint64_t get_recorded_max(const struct flood *flood, uint64_t n_groups)
{
	return least(n_groups * get_tunable(flood, ENGINE_MAXQUERYSRC),
		     get_tunable(flood, ENGINE_MAXRECORDED)) *
	       RECORDED_BYTES;
}

static void expect_memory(const struct flood *flood, uint64_t n_groups)
{
	uint64_t max = flood->n_base + get_recorded_max(flood, n_groups);

	tap_expect(flood->tap, flood->n_peak <= max,
		   "%zu bytes at most before and %zu in the flood, %llu allowed",
		   flood->n_base, flood->n_peak, (unsigned long long)max);
	tap_expect(flood->tap, flood->n_resizes_max <= RESIZES_PER_QUERY,
		   "%zu calls for memory in one query", flood->n_resizes_max);
}

/* Not a byte, and not a call. */
static void expect_no_memory(const struct flood *flood)
{
	tap_expect(flood->tap, flood->n_peak == flood->n_base, "%zu bytes more",
		   flood->n_peak - flood->n_base);
	tap_expect(flood->tap, flood->n_resizes == 0, "%zu calls for memory",
		   flood->n_resizes);
}

static void expect_as_before(const struct flood *flood)
{
	tap_expect(flood->tap, flood->rig->n_used == flood->n_base,
		   "%zu bytes before and %zu after", flood->n_base, flood->rig->n_used);
	tap_expect(flood->tap,
		   engine_get_counter(flood->rig->engine, ENGINE_RECORDED_SOURCES) == 0,
		   "sources are still recorded");
}

static void expect_packets(const struct flood *flood, uint64_t min, uint64_t max)
{
	tap_expect(flood->tap, flood->n_packets >= min && flood->n_packets <= max,
		   "%zu packets, %llu to %llu are right", flood->n_packets,
		   (unsigned long long)min, (unsigned long long)max);
}

/*
 * The query floods of the Linux Test Project: 1 group or 20, of one socket each; General
 * Queries, such of a group, such of a group and a source, as fast as can be with a Max
 * Response Code of 0.
 */

#define LTP_GROUPS  20u /* MCASTNUM_NORMAL */
#define LTP_QUERIES 10000u
#define LTP_PAUSE   100u /* us */

struct ltp_flood {
	const char *name;
	unsigned int n_groups;
	bool has_group, has_source;
};

static const struct ltp_flood ltp_floods[] = {
	{ "queryfld01", 1, false, false },
	{ "queryfld02", 1, true, false },
	{ "queryfld03", 1, true, true },
	{ "queryfld04", LTP_GROUPS, false, false },
	{ "queryfld05", LTP_GROUPS, true, false },
	{ "queryfld06", LTP_GROUPS, true, true },
};

static void hear_ltp_query(struct flood *flood, const struct ltp_flood *ltp,
			   enum engine_family family, unsigned int i)
{
	bool is_ipv4 = family == ENGINE_IPV4;
	struct addr group = rig_addr(is_ipv4 ? "239.255.0.1" : "ff0e::1:1");
	struct addr source = rig_addr(is_ipv4 ? "10.10.10.1" : "fec0:100:100:100::1");
	uint8_t bytes[FLOOD_QUERY_MAX(1)];
	size_t len;

	group.lo += i % ltp->n_groups;
	if (!ltp->has_group)
		group = is_ipv4 ? rig_addr("0.0.0.0") : nobody;
	len = flood_write_query(bytes, family, group, 0, source, ltp->has_source);
	tap_expect(flood->tap, flood_hear(flood, family, bytes, len) == 0,
		   "a query is dropped");
}

/* An answer needs a query that has not been answered. */
static void expect_ltp_packets(const struct flood *flood, const struct ltp_flood *ltp)
{
	expect_packets(flood, ltp->has_group ? ltp->n_groups : 1, LTP_QUERIES);
	tap_comment("%zu queries, %zu packets, %zu bytes more at most", flood->n_messages,
		    flood->n_packets, flood->n_peak - flood->n_base);
}

static void test_ltp(struct tap *tap, const struct ltp_flood *ltp,
		     enum engine_family family)
{
	bool is_ipv4 = family == ENGINE_IPV4;
	struct flood flood;

	flood_init(&flood, tap);
	flood_join(&flood, is_ipv4 ? "239.255.0.1" : "ff0e::1:1", ltp->n_groups,
		   !ltp->has_source ? "EX{}"
		   : is_ipv4        ? "IN{10.10.10.1}"
				    : "IN{fec0:100:100:100::1}");
	for (unsigned int i = 0; i < LTP_QUERIES; i++) {
		hear_ltp_query(&flood, ltp, family, i);
		flood_run(&flood, LTP_PAUSE);
	}
	flood_run(&flood, 30 * ENGINE_SECOND);
	if (ltp->has_source)
		expect_memory(&flood, ltp->n_groups);
	else
		expect_no_memory(&flood);
	expect_as_before(&flood);
	expect_ltp_packets(&flood, ltp);
	flood_fini(&flood);
	tap_end(tap,
		"mcast%u-%s: queries without a pause neither grow nor amplify anything "
		"[R-SEC-1, R-SEC-3, R-QRY-1]",
		is_ipv4 ? 4 : 6, ltp->name);
}

/*
 * Recorded sources
 */

/* Each query names another source; the groups take turns. */
static void hear_spoofed(struct flood *flood, enum engine_family family,
			 const char *first_group, unsigned int n_groups, uint16_t code)
{
	struct addr first = rig_addr(first_group), group;
	struct addr source = rig_addr(family == ENGINE_IPV4 ? "11.0.0.0" : "2001:db8::");
	uint8_t bytes[FLOOD_QUERY_MAX(1)];
	uint64_t max = get_tunable(flood, ENGINE_MAXRECORDED), n = 0;
	size_t len;

	for (unsigned int i = 0; i < FLOOD; i++, source.lo++) {
		group = first;
		group.lo += i % n_groups;
		len = flood_write_query(bytes, family, group, code, source, 1);
		flood_hear(flood, family, bytes, len);
		n = engine_get_counter(flood->rig->engine, ENGINE_RECORDED_SOURCES);
		if (n > max)
			break;
	}
	tap_expect(flood->tap, n <= max, "%llu sources are recorded",
		   (unsigned long long)n);
}

/* All answers to groups that tell no source fit into few packets: as many as their
 * records need. */
static uint64_t count_plain_packets(const struct flood *flood, enum engine_family family,
				    unsigned int n_groups)
{
	unsigned int header = family == ENGINE_IPV4 ? 32 : 56;
	unsigned int record = family == ENGINE_IPV4 ? 8 : 20;
	unsigned int n_fit = (flood->rig->interface.mtu - header) / record;

	return (n_groups + n_fit - 1) / n_fit;
}

static void test_spoofed_group(struct tap *tap, enum engine_family family)
{
	bool is_ipv4 = family == ENGINE_IPV4;
	const char *group = is_ipv4 ? "239.1.1.1" : "ff0e::1";
	struct flood flood;

	flood_init(&flood, tap);
	flood_join(&flood, group, 1, "EX{}");
	/* 12.8 s; 10 s */
	hear_spoofed(&flood, family, group, 1, is_ipv4 ? 0x80 : 10000);
	expect_memory(&flood, 1);
	rig_run(flood.rig, 20 * ENGINE_SECOND);
	rig_expect(flood.rig, tap, "the answer",
		   is_ipv4 ? "v3 IS_EX(239.1.1.1){}" : "mld2 IS_EX(ff0e::1){}");
	tap_expect(tap, flood.rig->last_notice.event == ENGINE_RECORDING_FULL,
		   "nobody is told");
	expect_as_before(&flood);
	flood_fini(&flood);
	tap_end(tap,
		"%u spoofed sources of one %s group are forgotten at maxquerysrc, and "
		"one record answers them [R-SEC-1, R-QRY-2]",
		FLOOD, is_ipv4 ? "IPv4" : "IPv6");
}

#define MANY_GROUPS  2000u
#define RECORDED_MAX 5000u

static void test_spoofed_groups(struct tap *tap, enum engine_family family)
{
	bool is_ipv4 = family == ENGINE_IPV4;
	const char *group = is_ipv4 ? "239.1.0.0" : "ff0e::1:0";
	struct flood flood;

	flood_init(&flood, tap);
	engine_set_tunable(flood.rig->engine, ENGINE_MAXRECORDED, RECORDED_MAX,
			   flood.rig->now);
	flood_join(&flood, group, MANY_GROUPS, "EX{}");
	hear_spoofed(&flood, family, group, MANY_GROUPS, is_ipv4 ? 0x80 : 10000);
	expect_memory(&flood, MANY_GROUPS);
	flood_run(&flood, 20 * ENGINE_SECOND);
	/* Each group has a time of its own, and is answered once. */
	expect_packets(&flood, count_plain_packets(&flood, family, MANY_GROUPS),
		       MANY_GROUPS);
	expect_as_before(&flood);
	flood_fini(&flood);
	tap_end(tap,
		"%u spoofed sources of %u %s groups are forgotten at maxrecorded, "
		"and each group answers once [R-SEC-1]",
		FLOOD, MANY_GROUPS, is_ipv4 ? "IPv4" : "IPv6");
}

/* 0 allows none. */
static void test_unrecorded(struct tap *tap)
{
	struct flood flood;

	flood_init(&flood, tap);
	engine_set_tunable(flood.rig->engine, ENGINE_MAXQUERYSRC, 0, flood.rig->now);
	flood_join(&flood, "239.1.1.1", 1, "EX{10.1.0.1}");
	hear_spoofed(&flood, ENGINE_IPV4, "239.1.1.1", 1, 50);
	expect_no_memory(&flood);
	rig_expect_in(flood.rig, tap, 5 * ENGINE_SECOND, "the answer",
		      "v3 IS_EX(239.1.1.1){10.1.0.1}");
	flood_fini(&flood);
	tap_end(tap,
		"without room for recorded sources every group-and-source query asks "
		"for its group [R-SEC-1]");
}

/*
 * General queries
 */

#define GENERAL_GROUPS 5000u

/* However many come at one instant: as one. */
static void test_general(struct tap *tap, enum engine_family family)
{
	bool is_ipv4 = family == ENGINE_IPV4;
	struct addr all = is_ipv4 ? rig_addr("0.0.0.0") : nobody;
	uint8_t bytes[FLOOD_QUERY_MAX(0)];
	struct flood flood;
	uint64_t n;
	size_t len;

	flood_init(&flood, tap);
	flood_join(&flood, is_ipv4 ? "239.1.0.0" : "ff0e::1:0", GENERAL_GROUPS, "EX{}");
	len = flood_write_query(bytes, family, all, is_ipv4 ? 100 : 10000, nobody, 0);
	for (unsigned int i = 0; i < FLOOD; i++)
		flood_hear(&flood, family, bytes, len);
	expect_no_memory(&flood);
	flood_run(&flood, 0);
	expect_packets(&flood, 0, 0);
	flood_run(&flood, 10 * ENGINE_SECOND);
	n = count_plain_packets(&flood, family, GENERAL_GROUPS);
	expect_packets(&flood, n, n);
	expect_no_memory(&flood);
	flood_fini(&flood);
	tap_end(tap,
		"%u General %s Queries at one instant are answered as one, and no answer "
		"is at once [R-QRY-1, R-QRY-4]",
		FLOOD, is_ipv4 ? "IGMP" : "MLD");
}

/*
 * While the answer goes on each query asks for all of it again: it comes once in each
 * response interval, as if there were a query in each.
 */
static void test_general_without_end(struct tap *tap)
{
	const uint64_t interval = ENGINE_SECOND, pause = RIG_MS, n_queries = 10000;
	const unsigned int n_groups = 20000;
	uint8_t bytes[FLOOD_QUERY_MAX(0)];
	struct flood flood;
	uint64_t n;
	size_t len;

	flood_init(&flood, tap);
	flood_join(&flood, "239.1.0.0", n_groups, "EX{}");
	/* To send the whole answer takes longer than until the next query. */
	flood.packet_us = 12;
	len = flood_write_query(bytes, ENGINE_IPV4, rig_addr("0.0.0.0"), 10, nobody, 0);
	for (unsigned int i = 0; i < n_queries; i++) {
		flood_hear(&flood, ENGINE_IPV4, bytes, len);
		flood_run(&flood, pause);
	}
	flood_run(&flood, 10 * ENGINE_SECOND);
	expect_no_memory(&flood);
	n = n_queries * pause / interval;
	/* A packet more each time, and what the last query asks for. */
	expect_packets(&flood, n,
		       (n + 2) *
			       (count_plain_packets(&flood, ENGINE_IPV4, n_groups) + 1));
	flood_fini(&flood);
	tap_end(tap, "General Queries without end bring the answer once in each response "
		     "interval [R-QRY-3, R-QRY-4, R-SEC-1]");
}

/* An 8-byte IGMP query. */
static void hear_older(struct flood *flood, uint8_t code)
{
	const uint8_t bytes[8] = { 0x11, code };

	flood_hear(flood, ENGINE_IPV4, bytes, sizeof(bytes));
}

#define TURN_GROUPS 50u

/* At one instant: the oldest wins, and each group says so once. */
static void test_turns_at_once(struct tap *tap)
{
	struct engine_status status;
	uint8_t bytes[FLOOD_QUERY_MAX(0)];
	struct flood flood;
	size_t len;

	flood_init(&flood, tap);
	flood_join(&flood, "239.1.0.0", TURN_GROUPS, "EX{}");
	len = flood_write_query(bytes, ENGINE_IPV4, rig_addr("0.0.0.0"), 10, nobody, 0);
	for (unsigned int i = 0; i < FLOOD / 3; i++) {
		hear_older(&flood, 0);
		hear_older(&flood, 10);
		flood_hear(&flood, ENGINE_IPV4, bytes, len);
	}
	expect_no_memory(&flood);
	engine_get_status(flood.rig->engine, RIG_IFINDEX, ENGINE_IPV4, &status,
			  flood.rig->now);
	tap_expect(tap, status.version == 1, "version %u", status.version);
	flood_run(&flood, 11 * ENGINE_SECOND);
	expect_packets(&flood, TURN_GROUPS, TURN_GROUPS);
	expect_no_memory(&flood);
	flood_fini(&flood);
	tap_end(tap,
		"queries of all versions in turns end in the oldest one and one report "
		"a group [R-CMP-1, R-CMP-8, R-SEC-1]");
}

/* One by one, so slowly that the mode ends each time. */
static void test_turns_of_modes(struct tap *tap)
{
	const unsigned int n_turns = 300;
	uint8_t bytes[FLOOD_QUERY_MAX(0)];
	struct flood flood;
	size_t len;

	flood_init(&flood, tap);
	engine_set_tunable(flood.rig->engine, ENGINE_OLDER_INTERVAL, 1, flood.rig->now);
	flood_join(&flood, "239.1.0.0", TURN_GROUPS, "EX{}");
	len = flood_write_query(bytes, ENGINE_IPV4, rig_addr("0.0.0.0"), 10, nobody, 0);
	for (unsigned int i = 0; i < n_turns; i++) {
		hear_older(&flood, i % 2 ? 0 : 5);
		flood_run(&flood, 1500 * RIG_MS);
		flood_hear(&flood, ENGINE_IPV4, bytes, len);
		flood_run(&flood, 1500 * RIG_MS);
	}
	expect_no_memory(&flood);
	/* A report a group of every older query, a packet of the others. */
	expect_packets(&flood, n_turns, n_turns * (TURN_GROUPS + 1));
	tap_expect(tap, flood.rig->n_notices >= 2 * n_turns, "%zu notices",
		   flood.rig->n_notices);
	flood_fini(&flood);
	tap_end(tap, "a mode that is entered and left again and again keeps nothing "
		     "[R-CMP-3, S-V3-18, R-SEC-1]");
}

/*
 * Values of strangers
 */

/* The longest that an older querier may count. */
static uint64_t get_older_max(const struct flood *flood, enum engine_family family)
{
	/* RFC 9776 8.12 with the largest code of IGMPv2, 25.5 s; else an hour. */
	if (family == ENGINE_IPV4)
		return (get_tunable(flood, ENGINE_ROBUSTNESS) * 125 + 255) *
		       ENGINE_SECOND;
	return 3600 * ENGINE_SECOND;
}

static void test_older_interval(struct tap *tap, enum engine_family family)
{
	bool is_ipv4 = family == ENGINE_IPV4;
	struct addr all = is_ipv4 ? rig_addr("0.0.0.0") : nobody;
	uint8_t newest[FLOOD_QUERY_MAX(0)], older[24] = { 130 };
	struct engine_status status;
	struct flood flood;
	uint64_t us;
	size_t len;

	flood_init(&flood, tap);
	flood_join(&flood, is_ipv4 ? "239.1.1.1" : "ff0e::1", 1, "EX{}");
	len = flood_write_query(newest, family, all, 0xffff, nobody, 0);
	newest[len - 4] = 7;
	newest[len - 3] = 0xff;
	older[4] = older[5] = 0xff; /* Maximum Response Delay */
	for (unsigned int i = 0; i < 100; i++) {
		flood_hear(&flood, family, newest, len);
		if (is_ipv4)
			hear_older(&flood, 0xff);
		else
			flood_hear(&flood, family, older, sizeof(older));
	}
	engine_get_status(flood.rig->engine, RIG_IFINDEX, family, &status,
			  flood.rig->now);
	us = status.older_us[is_ipv4 ? 1 : 0];
	tap_expect(tap, us > 0 && us <= get_older_max(&flood, family), "%llu us",
		   (unsigned long long)us);
	flood_run(&flood, us + 1);
	engine_get_status(flood.rig->engine, RIG_IFINDEX, family, &status,
			  flood.rig->now);
	tap_expect(tap, status.version == (is_ipv4 ? 3 : 2), "version %u",
		   status.version);
	flood_fini(&flood);
	tap_end(tap,
		"QRV 7, the longest QQIC and the longest response time lock no %s host "
		"into an older version [R-SEC-2, S-V3-41]",
		is_ipv4 ? "IGMP" : "MLD");
}

static unsigned int count_transmissions(struct flood *flood, uint8_t qrv, const char *to)
{
	struct rig_query query = {
		.family = ENGINE_IPV4,
		.version = 3,
		.max_response_ms = 1000,
		.robustness = qrv,
	};

	rig_query(flood->rig, &query);
	rig_run(flood->rig, 5 * ENGINE_SECOND);
	rig_clear(flood->rig);
	rig_set(flood->rig, 1, "239.1.1.1", to);
	flood->n_packets = 0;
	flood_run(flood, 30 * ENGINE_SECOND);
	return (unsigned int)flood->n_packets;
}

static void test_robustness(struct tap *tap)
{
	struct flood flood;

	flood_init(&flood, tap);
	for (unsigned int qrv = 0; qrv < 8; qrv++) {
		unsigned int n = count_transmissions(&flood, (uint8_t)qrv,
						     qrv % 2 ? "NONE" : "EX{}");

		tap_expect(tap, n == (qrv < 2 ? 2 : qrv), "QRV %u sends %u times", qrv,
			   n);
	}
	flood_fini(&flood);
	tap_end(tap,
		"a change is sent 2 to 7 times, whatever QRV says [R-SEC-2, R-QRY-9]");
}

/* Never at once, and not later than the bound. */
static void test_no_delay(struct tap *tap, enum engine_family family)
{
	bool is_ipv4 = family == ENGINE_IPV4;
	struct addr all = is_ipv4 ? rig_addr("0.0.0.0") : nobody;
	struct addr group = rig_addr(is_ipv4 ? "239.1.1.1" : "ff0e::1");
	struct addr source = rig_addr(is_ipv4 ? "10.1.0.1" : "2001:db8::1");
	uint8_t bytes[FLOOD_QUERY_MAX(1)];
	struct flood flood;

	flood_init(&flood, tap);
	flood_join(&flood, is_ipv4 ? "239.1.1.1" : "ff0e::1", 1, "EX{}");
	for (unsigned int i = 0; i < 300; i++) {
		size_t len = flood_write_query(bytes, family, i % 3 ? group : all, 0,
					       source, i % 3 == 2);

		flood_hear(&flood, family, bytes, len);
		flood.n_packets = 0;
		flood_run(&flood, 0);
		expect_packets(&flood, 0, 0);
		flood_run(&flood, DELAY_MIN);
		expect_packets(&flood, 1, 1);
	}
	flood_fini(&flood);
	tap_end(tap,
		"%s queries without a delay divide nothing by it and are answered soon, "
		"but not at once [R-SEC-3, S-V3-42, B-20]",
		is_ipv4 ? "IGMPv3" : "MLDv2");
}

/*
 * What is none of the host's business
 */

struct message_kind_row {
	enum engine_family family;
	size_t len;
	uint8_t bytes[44];
};

/* Reports of 239.1.1.1 and ff0e::1, where this host is, and leaves. */
static const struct message_kind_row reports[] = {
	{ ENGINE_IPV4, 8, { 0x12, 0, 0, 0, 239, 1, 1, 1 } },
	{ ENGINE_IPV4, 8, { 0x16, 0, 0, 0, 239, 1, 1, 1 } },
	{ ENGINE_IPV4, 8, { 0x17, 0, 0, 0, 239, 1, 1, 1 } },
	{ ENGINE_IPV4, 16, { 0x22, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 239, 1, 1, 1 } },
	{ ENGINE_IPV6, 24, { 131, [8] = 0xff, 0x0e, [23] = 1 } },
	{ ENGINE_IPV6, 24, { 132, [8] = 0xff, 0x0e, [23] = 1 } },
	{ ENGINE_IPV6, 28, { 143, [7] = 1, 2, [12] = 0xff, 0x0e, [27] = 1 } },
};

static void test_reports(struct tap *tap)
{
	size_t n = sizeof(reports) / sizeof(reports[0]);
	struct flood flood;

	flood_init(&flood, tap);
	rig_set(flood.rig, 1, "239.1.1.1", "EX{}");
	flood_join(&flood, "ff0e::1", 1, "EX{}");
	for (unsigned int i = 0; i < FLOOD; i++)
		tap_expect(tap,
			   flood_hear(&flood, reports[i % n].family, reports[i % n].bytes,
				      reports[i % n].len) == 0,
			   "a report is dropped");
	flood_run(&flood, 60 * ENGINE_SECOND);
	expect_no_memory(&flood);
	expect_packets(&flood, 0, 0);
	flood_fini(&flood);
	tap_end(tap,
		"%u reports and leaves of others, of every version, take no byte and "
		"bring no packet [R-CMP-7, S-V3-43, B-21]",
		FLOOD);
}

/* The same in the older versions, where reports suppress. */
static void test_older_reports(struct tap *tap)
{
	size_t n = sizeof(reports) / sizeof(reports[0]);
	struct flood flood;

	flood_init(&flood, tap);
	rig_set(flood.rig, 1, "239.1.1.1", "EX{}");
	flood_join(&flood, "ff0e::1", 1, "EX{}");
	engine_force_version(flood.rig->engine, RIG_IFINDEX, ENGINE_IPV4, 2,
			     flood.rig->now);
	engine_force_version(flood.rig->engine, RIG_IFINDEX, ENGINE_IPV6, 1,
			     flood.rig->now);
	for (unsigned int i = 0; i < FLOOD; i++)
		flood_hear(&flood, reports[i % n].family, reports[i % n].bytes,
			   reports[i % n].len);
	flood_run(&flood, 60 * ENGINE_SECOND);
	expect_no_memory(&flood);
	expect_packets(&flood, 0, 0);
	flood_fini(&flood);
	tap_end(tap, "nor do they where an older version is in force [R-V2-4, B-21]");
}

/* Groups from 239.2.0.0 on, which nobody here has joined. */
static void test_strangers(struct tap *tap)
{
	struct addr group = rig_addr("239.2.0.0"), source = rig_addr("10.1.0.1");
	uint8_t bytes[FLOOD_QUERY_MAX(1)];
	struct flood flood;

	flood_init(&flood, tap);
	flood_join(&flood, "239.1.1.1", 1, "EX{}");
	for (unsigned int i = 0; i < FLOOD; i++, group.lo++) {
		size_t len = flood_write_query(bytes, ENGINE_IPV4, group, 10, source,
					       i % 2);

		flood_hear(&flood, ENGINE_IPV4, bytes, len);
	}
	tap_expect(tap, engine_get_deadline(flood.rig->engine) == ENGINE_NEVER,
		   "something is pending");
	flood_run(&flood, 60 * ENGINE_SECOND);
	expect_no_memory(&flood);
	expect_packets(&flood, 0, 0);
	flood_fini(&flood);
	tap_end(tap,
		"%u queries for groups that nobody has schedule nothing and take no byte "
		"[R-QRY-13, R-SEC-1]",
		FLOOD);
}

/*
 * What is broken
 */

/* Another number of sources than there are, in memory of just the size of the rest. */
static int hear_claim(struct flood *flood, enum engine_family family, uint16_t claim,
		      uint16_t n)
{
	bool is_ipv4 = family == ENGINE_IPV4;
	struct addr group = rig_addr(is_ipv4 ? "239.1.1.1" : "ff0e::1");
	struct addr source = rig_addr(is_ipv4 ? "10.1.0.1" : "2001:db8::1");
	size_t room = FLOOD_QUERY_MAX(n), count_at = is_ipv4 ? 10 : 26, len;
	uint8_t *bytes = malloc(room), *exact;
	int r;

	if (!bytes)
		tap_bail_out("no memory");
	len = flood_write_query(bytes, family, group, 10, source, n);
	bytes[count_at] = (uint8_t)(claim >> 8);
	bytes[count_at + 1] = (uint8_t)claim;
	exact = malloc(len);
	if (!exact)
		tap_bail_out("no memory");
	memcpy(exact, bytes, len);
	r = flood_hear(flood, family, exact, len);
	free(exact);
	free(bytes);
	return r;
}

static void test_claims(struct tap *tap, enum engine_family family)
{
	enum engine_counter bad = family == ENGINE_IPV4 ? ENGINE_IGMP_RCV_BADQUERIES
							: ENGINE_MLD_RCV_BADQUERIES;
	unsigned int n_heard = 0;
	struct flood flood;

	flood_init(&flood, tap);
	flood_join(&flood, family == ENGINE_IPV4 ? "239.1.1.1" : "ff0e::1", 1, "EX{}");
	/* Products of 4, 16 and 24 that wrap are among them. */
	for (uint32_t claim = 1; claim <= UINT16_MAX; claim += claim < 1024 ? 1 : 63) {
		uint16_t n = (uint16_t)(claim % 3 < claim ? claim % 3 : claim - 1);

		tap_expect(tap,
			   hear_claim(&flood, family, (uint16_t)claim, n) ==
				   ENGINE_DROPPED,
			   "%u sources of %u are heard", n, claim);
		n_heard++;
	}
	tap_expect(tap, engine_get_counter(flood.rig->engine, bad) == n_heard,
		   "not all of %u are counted", n_heard);
	expect_no_memory(&flood);
	flood_run(&flood, 60 * ENGINE_SECOND);
	expect_packets(&flood, 0, 0);
	flood_fini(&flood);
	tap_end(tap,
		"%s queries that claim sources behind their end are counted, and nothing "
		"is stored or read of these [R-QRY-11, B-5, B-24, B-25, B-26]",
		family == ENGINE_IPV4 ? "IGMP" : "MLD");
}

/* All the sources that a datagram can name. */
static void test_longest(struct tap *tap, enum engine_family family)
{
	bool is_ipv4 = family == ENGINE_IPV4;
	uint16_t n = is_ipv4 ? (ENGINE_PACKET_MAX - 24 - 12) / 4
			     : (ENGINE_PACKET_MAX - 8 - 28) / 16;
	/* As many to a packet as its MTU has room for. */
	uint64_t n_packets = is_ipv4 ? (n + 364u) / 365 : (n + 88u) / 89;
	struct flood flood;

	flood_init(&flood, tap);
	engine_set_tunable(flood.rig->engine, ENGINE_MAXQUERYSRC, UINT16_MAX,
			   flood.rig->now);
	flood_join(&flood, is_ipv4 ? "239.1.1.1" : "ff0e::1", 1, "EX{}");
	tap_expect(tap, hear_claim(&flood, family, n, n) == 0, "a query is dropped");
	tap_expect(tap,
		   engine_get_counter(flood.rig->engine, ENGINE_RECORDED_SOURCES) == n,
		   "not all of %u sources are recorded", n);
	expect_memory(&flood, 1);
	flood_run(&flood, 60 * ENGINE_SECOND);
	expect_packets(&flood, n_packets, n_packets);
	expect_as_before(&flood);
	flood_fini(&flood);
	tap_end(tap,
		"%u sources, the most that one %s query has room for, are recorded and "
		"answered in as many packets as they need [R-QRY-5, R-FMT-10, R-SEC-1]",
		n, is_ipv4 ? "IGMP" : "MLD");
}

static void hear_everything(struct flood *flood)
{
	static const uint8_t v1_query[24] = { 130 };
	size_t n = sizeof(reports) / sizeof(reports[0]);

	for (unsigned int i = 0; i < n; i++)
		flood_hear(flood, reports[i].family, reports[i].bytes, reports[i].len);
	hear_claim(flood, ENGINE_IPV4, 2, 2);
	hear_claim(flood, ENGINE_IPV6, 2, 2);
	flood_hear(flood, ENGINE_IPV6, v1_query, sizeof(v1_query));
	hear_older(flood, 10);
	hear_older(flood, 0);
	for (unsigned int type = 0; type < 256; type++) {
		const uint8_t bytes[24] = { (uint8_t)type };

		flood_hear(flood, ENGINE_IPV4, bytes, type % 25);
		flood_hear(flood, ENGINE_IPV6, bytes, type % 25);
	}
}

/* An interface of which little is known yet, with a group or none. */
static void test_unready(struct tap *tap)
{
	for (unsigned int i = 0; i < 16; i++) {
		struct flood flood;
		struct engine_interface set;

		flood_init(&flood, tap);
		set = flood.rig->interface;
		set.is_up = i & 1;
		set.is_loopback = i & 2;
		set.mtu = i & 4 ? ENGINE_MTU_MIN : 1500;
		set.source[0].state = set.source[1].state = ENGINE_ADDRESS_NONE;
		tap_expect(tap, rig_change(flood.rig, &set) == 0, "an interface");
		if (i & 8)
			rig_set(flood.rig, 1, "239.1.1.1", "EX{}");
		flood_run(&flood, 20 * ENGINE_SECOND);
		flood_begin(&flood);
		hear_everything(&flood);
		flood_run(&flood, 60 * ENGINE_SECOND);
		expect_packets(&flood, 0, (i & 11) == 9 ? 2 : 0);
		expect_as_before(&flood);
		flood_fini(&flood);
	}
	tap_end(tap,
		"an interface that is not up, has no address, or no group hears every "
		"message without harm [B-28, S-IGMP-11]");
}

int main(void)
{
	struct tap tap = { 0 };

	for (unsigned int i = 0; i < sizeof(ltp_floods) / sizeof(ltp_floods[0]); i++) {
		test_ltp(&tap, &ltp_floods[i], ENGINE_IPV4);
		test_ltp(&tap, &ltp_floods[i], ENGINE_IPV6);
	}
	for (unsigned int f = 0; f < ENGINE_FAMILIES; f++) {
		test_spoofed_group(&tap, (enum engine_family)f);
		test_spoofed_groups(&tap, (enum engine_family)f);
		test_general(&tap, (enum engine_family)f);
		test_older_interval(&tap, (enum engine_family)f);
		test_no_delay(&tap, (enum engine_family)f);
	}
	for (unsigned int f = 0; f < ENGINE_FAMILIES; f++) {
		test_claims(&tap, (enum engine_family)f);
		test_longest(&tap, (enum engine_family)f);
	}
	test_unready(&tap);
	test_unrecorded(&tap);
	test_general_without_end(&tap);
	test_turns_at_once(&tap);
	test_turns_of_modes(&tap);
	test_robustness(&tap);
	test_reports(&tap);
	test_older_reports(&tap);
	test_strangers(&tap);
	return tap_finish(&tap);
}
