/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which queries are heard, and what of them is kept: RFC 9776 4.1, 5.2 and 9.1; RFC 9777
 * 5.1, 6.2 and 10. The answers are in test-response.c.
 */
#include <string.h>

#include "script.h"

#define QUERY(...) ((struct rig_query){ __VA_ARGS__ })

/* It is heard, and answered within the time. */
static void answered(struct script *s, struct rig_query query, const char *lines)
{
	int r;

	if (!query.max_response_ms && !query.code)
		query.max_response_ms = 1000;
	r = hear(s, query);
	tap_expect(s->tap, r == 0, "it returns %d", r);
	in_ms(s, query.max_response_ms, lines);
	quiet(s);
}

/* It is dropped, and counted there. */
static void dropped(struct script *s, struct rig_query query, enum engine_counter igmp,
		    enum engine_counter mld)
{
	uint64_t n = get_counter(s, igmp, mld);
	int r;

	if (!query.max_response_ms && !query.code)
		query.max_response_ms = 1000;
	r = hear(s, query);
	tap_expect(s->tap, r == ENGINE_DROPPED, "it returns %d", r);
	tap_expect(s->tap, get_counter(s, igmp, mld) == n + 1, "it is counted %d times",
		   (int)(get_counter(s, igmp, mld) - n));
	quiet(s);
}

static void begin(struct script *s)
{
	set(s, 1, "G", "EX{a}");
	set(s, 2, "H", "IN{a,b}");
	settle(s);
}

static void bad_query(struct script *s, struct rig_query query)
{
	dropped(s, query, ENGINE_IGMP_RCV_BADQUERIES, ENGINE_MLD_RCV_BADQUERIES);
}

static void three_kinds(struct script *s)
{
	begin(s);
	answered(s, QUERY(0), "* IS_EX(G){a} IS_IN(H){a,b}");
	answered(s, QUERY(.group = "G"), "* IS_EX(G){a}");
	answered(s, QUERY(.group = "H"), "* IS_IN(H){a,b}");
	answered(s, QUERY(.group = "H", .sources = "a,c"), "* IS_IN(H){a}");
	tap_expect(s->tap,
		   get_counter(s, ENGINE_IGMP_RCV_V3_QUERIES,
			       ENGINE_MLD_RCV_V2_QUERIES) == 4,
		   "four of them are not counted");
}

static void other_kinds(struct script *s)
{
	begin(s);
	bad_query(s, QUERY(.sources = "a"));
	bad_query(s, QUERY(.sources = "a,b"));
	bad_query(s, QUERY(.group = "a"));
	bad_query(s, QUERY(.group = "a", .sources = "b"));
	bad_query(s, QUERY(.group = "a",
			   .to = s->family == ENGINE_IPV4 ? "224.0.0.1" : "ff02::1"));
}

static void any_address(struct script *s)
{
	bool is_ipv4 = s->family == ENGINE_IPV4;
	const char *own = is_ipv4 ? "10.9.0.1" : "fe80::1";
	const char *all = is_ipv4 ? "224.0.0.1" : "ff02::1";

	begin(s);
	answered(s, QUERY(.to = own), "* IS_EX(G){a} IS_IN(H){a,b}");
	answered(s, QUERY(.group = "G", .to = own), "* IS_EX(G){a}");
	answered(s, QUERY(.group = "G", .to = all), "* IS_EX(G){a}");
	answered(s, QUERY(.group = "H", .sources = "b", .to = own), "* IS_IN(H){b}");
}

static void general_to_a_group(struct script *s)
{
	begin(s);
	if (s->family == ENGINE_IPV6) {
		/* Nothing in RFC 9777 forbids it. */
		answered(s, QUERY(.to = "ff02::16"), "* IS_EX(G){a} IS_IN(H){a,b}");
		return;
	}
	bad_query(s, QUERY(.to = "224.0.0.2"));
	bad_query(s, QUERY(.to = "239.1.1.1"));
}

/* IGMP believes them unless it is told not to; MLD never does. */
static void without_router_alert(struct script *s)
{
	struct rig_query query = QUERY(.is_without_alert = true, .max_response_ms = 1000);

	begin(s);
	if (s->family == ENGINE_IPV4) {
		answered(s, query, "* IS_EX(G){a} IS_IN(H){a,b}");
		tap_expect(s->tap, get_counter(s, ENGINE_IGMP_RCV_NORA, 0) == 1,
			   "it is not counted");
		set_tunable(s, ENGINE_DROPWITHNORA, 1);
	}
	dropped(s, query, ENGINE_IGMP_RCV_NORA, ENGINE_MLD_RCV_NORA);
	answered(s, QUERY(0), "* IS_EX(G){a} IS_IN(H){a,b}");
}

static void wrong_hop_limit(struct script *s)
{
	struct rig_query query = QUERY(.hop_limit = 2, .max_response_ms = 1000);

	begin(s);
	if (s->family == ENGINE_IPV4) {
		answered(s, query, "* IS_EX(G){a} IS_IN(H){a,b}");
		tap_expect(s->tap, get_counter(s, ENGINE_IGMP_RCV_BADTTL, 0) == 1,
			   "it is not counted");
		set_tunable(s, ENGINE_DROPWITHBADTTL, 1);
	}
	dropped(s, query, ENGINE_IGMP_RCV_BADTTL, ENGINE_MLD_RCV_BADHOPLIMIT);
	query.hop_limit = 255;
	dropped(s, query, ENGINE_IGMP_RCV_BADTTL, ENGINE_MLD_RCV_BADHOPLIMIT);
	answered(s, QUERY(0), "* IS_EX(G){a} IS_IN(H){a,b}");
}

/* RFC 9777 5.1.14; IGMP takes any (RFC 9776 4.1.11). */
static void wrong_source(struct script *s)
{
	const char *sources[] = { "fd00::fe", "2001:db8::1", "::", "fec0::1" };

	begin(s);
	if (s->family == ENGINE_IPV4) {
		answered(s, QUERY(.from = "0.0.0.0"), "* IS_EX(G){a} IS_IN(H){a,b}");
		answered(s, QUERY(.from = "192.0.2.1"), "* IS_EX(G){a} IS_IN(H){a,b}");
		return;
	}
	for (size_t i = 0; i < 4; i++) {
		dropped(s, QUERY(.from = sources[i]), 0, ENGINE_MLD_RCV_BADSOURCE);
		tap_expect(s->tap,
			   s->rig.n_notices == i + 1 &&
				   s->rig.last_notice.event == ENGINE_BAD_QUERY_SOURCE &&
				   addr_equal(s->rig.last_notice.source,
					      rig_addr(sources[i])),
			   "%s is not told: %zu notices", sources[i], s->rig.n_notices);
	}
	answered(s, QUERY(.from = "febf::1"), "* IS_EX(G){a} IS_IN(H){a,b}");
}

static void s_flag(struct script *s)
{
	begin(s);
	answered(s, QUERY(.is_suppressing = true), "* IS_EX(G){a} IS_IN(H){a,b}");
	answered(s, QUERY(.group = "G", .is_suppressing = true), "* IS_EX(G){a}");
	answered(s, QUERY(.group = "H", .sources = "a", .is_suppressing = true),
		 "* IS_IN(H){a}");
}

/* Between the older query and the one of the newest version there is nothing. */
static void lengths(struct script *s)
{
	uint8_t older = s->family == ENGINE_IPV4 ? 2 : 1;
	uint8_t newest = get_status(s).version;

	begin(s);
	for (unsigned int i = 1; i <= 3; i++)
		bad_query(s, QUERY(.version = older, .n_extra = i));
	tap_expect(s->tap, get_status(s).version == newest, "the version is %u",
		   get_status(s).version);
}

static void longer(struct script *s)
{
	begin(s);
	for (unsigned int i = 1; i <= 5; i++) {
		answered(s, QUERY(.n_extra = i), "* IS_EX(G){a} IS_IN(H){a,b}");
		answered(s, QUERY(.group = "H", .sources = "b", .n_extra = 16 * i),
			 "* IS_IN(H){b}");
	}
}

static void truncated(struct script *s)
{
	begin(s);
	bad_query(s, QUERY(.group = "G", .n_claimed_more = 1));
	bad_query(s, QUERY(.group = "G", .sources = "a,b", .n_claimed_more = 1));
	bad_query(s, QUERY(.group = "G", .sources = "a,b", .n_claimed_more = 65533));
	bad_query(s,
		  QUERY(.group = "G", .sources = "a", .n_claimed_more = 1, .n_extra = 3));
}

static void bad_checksum(struct script *s)
{
	begin(s);
	dropped(s, QUERY(.has_bad_sum = true), ENGINE_IGMP_RCV_BADSUM,
		ENGINE_MLD_RCV_BADSUM);
	dropped(s, QUERY(.group = "G", .has_bad_sum = true), ENGINE_IGMP_RCV_BADSUM,
		ENGINE_MLD_RCV_BADSUM);
}

/* Counted, and heard all the same. */
static void longer_than_the_mtu(struct script *s)
{
	struct engine_interface interface = s->rig.interface;

	begin(s);
	interface.mtu = 1280;
	rig_change(&s->rig, &interface);
	set_tunable(s, ENGINE_MAXQUERYSRC, 1000);
	answered(s, QUERY(.group = "H", .sources = "b,L+70"), "* IS_IN(H){b}");
	tap_expect(s->tap,
		   get_counter(s, ENGINE_IGMP_RCV_TOOLONG, ENGINE_MLD_RCV_TOOLONG) == 0,
		   "counted");
	answered(s, QUERY(.group = "H", .sources = "b,L+330"), "* IS_IN(H){b}");
	tap_expect(s->tap,
		   get_counter(s, ENGINE_IGMP_RCV_TOOLONG, ENGINE_MLD_RCV_TOOLONG) == 1,
		   "not counted");
}

static void unknown_groups(struct script *s)
{
	answered(s, QUERY(.group = "G"), "");
	answered(s, QUERY(.group = "G", .sources = "a"), "");
	tap_expect(s->tap, hear(s, QUERY(.max_response_ms = 1000)) == 0, "general");
	quiet(s);
	tap_expect(s->tap, hear(s, QUERY(.group = "G", .max_response_ms = 1000)) == 0,
		   "G");
	quiet(s);
	begin(s);
	tap_expect(s->tap,
		   hear(s, QUERY(.group = "J", .sources = "a",
				 .max_response_ms = 1000)) == 0,
		   "J");
	quiet(s);
}

static void unknown_interface(struct script *s)
{
	int r;

	begin(s);
	r = hear(s, QUERY(.ifindex = RIG_IFINDEX + 1, .max_response_ms = 1000));
	tap_expect(s->tap, r == -19, "it returns %d", r);
	quiet(s);
}

static void adopted(struct script *s, struct rig_query query, uint8_t robustness,
		    uint32_t interval_s, uint64_t response_ms)
{
	struct engine_status status;

	hear(s, query);
	status = get_status(s);
	tap_expect(s->tap, status.robustness == robustness, "robustness %u, not %u",
		   status.robustness, robustness);
	tap_expect(s->tap, status.query_interval_s == interval_s, "interval %u, not %u",
		   status.query_interval_s, interval_s);
	tap_expect(s->tap, status.response_us == response_ms * RIG_MS,
		   "response %llu us, not %llu ms",
		   (unsigned long long)status.response_us,
		   (unsigned long long)response_ms);
}

static void adopts(struct script *s)
{
	struct engine_status status = get_status(s);
	bool is_ipv4 = s->family == ENGINE_IPV4;

	tap_expect(s->tap,
		   status.robustness == 2 && status.query_interval_s == 125 &&
			   status.response_us == 10 * ENGINE_SECOND,
		   "other defaults");
	adopted(s, QUERY(.robustness = 5, .interval_s = 60, .max_response_ms = 5000), 5,
		60, 5000);
	/* Not one of them; 1 is no robustness. */
	adopted(s, QUERY(.max_response_ms = 10000), 2, 125, 10000);
	adopted(s, QUERY(.robustness = 1, .max_response_ms = 10000), 2, 125, 10000);
	adopted(s, QUERY(.robustness = 7, .max_response_ms = 10000), 7, 125, 10000);
	/* KAME took a code of 1/10 s for more than an interval in s. */
	adopted(s, QUERY(.interval_s = 20, .max_response_ms = 10000), 2, 20, 10000);
	/* From 128 on by mantissa and exponent; MLD's from 32768. */
	adopted(s, QUERY(.interval_s = 31744, .max_response_ms = 20000), 2, 31744, 20000);
	adopted(s, QUERY(.interval_s = 127, .code = -1 - (is_ipv4 ? 0x80 : 0x8000)), 2,
		127, is_ipv4 ? 12800 : 32768);
	adopted(s, QUERY(.interval_s = 128, .code = -1 - (is_ipv4 ? 0xff : 0xffff)), 2,
		128, is_ipv4 ? 3174400 : 8387584);
	adopted(s, QUERY(.code = -1 - 0x7f), 2, 125, is_ipv4 ? 12700 : 127);
}

static void adopts_from_specific(struct script *s)
{
	begin(s);
	adopted(s,
		QUERY(.group = "G", .robustness = 3, .interval_s = 30,
		      .max_response_ms = 1000),
		3, 30, 10000);
	settle(s);
	set(s, 1, "G", "EX{}");
	now(s, "* ALLOW(G){a}");
	in_ms(s, 2000, "* ALLOW(G){a}\n* ALLOW(G){a}");
	quiet(s);
}

static void knows_the_querier(struct script *s)
{
	bool is_ipv4 = s->family == ENGINE_IPV4;
	const char *from = is_ipv4 ? "10.9.0.253" : "fe80::fd";

	tap_expect(s->tap, get_status(s).querier.lo == (is_ipv4 ? ADDR_MAPPED : 0),
		   "somebody");
	hear(s, QUERY(.from = from, .max_response_ms = 1000));
	tap_expect(s->tap, addr_equal(get_status(s).querier, rig_addr(from)),
		   "somebody else");
}

/* All of these are correct messages, and none of them matters to a host. */
static void other_messages(struct script *s)
{
	static const uint8_t igmp[][32] = {
		/* IGMPv3 report with 4 bytes of auxiliary data, and of a type 99 */
		{ 0x22, 0, 0, 0, 0, 0, 0,  2, 4, 1, 0,   0, 239, 1,
		  1,    1, 1, 2, 3, 4, 99, 0, 0, 0, 239, 1, 1,   1 },
		{ 0x17, 0, 0, 0, 239, 1, 1, 1 },
		{ 0x13, 1, 0, 0, 0, 0, 0, 0 },
		{ 0x14, 0, 0, 0, 0, 0, 0, 0 },
		{ 0x30, 0, 0, 0, 0, 0, 0, 0 },
	};
	static const uint8_t mld[][32] = {
		{ 143, 0, 0, 0, 0, 0, 0, 1, 99, 0, 0, 0, 0xff, 0x0e,
		  0,   0, 0, 0, 0, 0, 0, 0, 0,  0, 0, 0, 0,    1 },
		{ 132, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x0e, 0, 0,
		  0,   0, 0, 0, 0, 0, 0, 0, 0,    0,    0, 1 },
		{ 135, 0, 0, 0, 0, 0, 0, 0 },
		{ 151, 0, 0, 0, 0, 0, 0, 0 },
		{ 255, 0, 0, 0, 0, 0, 0, 0 },
	};
	bool is_ipv4 = s->family == ENGINE_IPV4;
	uint64_t n;

	begin(s);
	for (int i = 0; i < 5; i++) {
		size_t len = i == 0 ? 28 : i == 1 && !is_ipv4 ? 24 : 8;
		int r = rig_message(&s->rig, s->family, script_name(s, "G"),
				    is_ipv4 ? igmp[i] : mld[i], len);

		tap_expect(s->tap, r == 0, "message %d: %d", i, r);
		quiet(s);
	}
	/* ICMPv6 is more than MLD. */
	n = get_counter(s, ENGINE_IGMP_RCV_TOTAL, ENGINE_MLD_RCV_TOTAL);
	tap_expect(s->tap, n == (is_ipv4 ? 5 : 2), "%d are counted", (int)n);
	merged(s, "G", "EX{a}");
}

/* RFC 9776 7.2.2: no report of another host keeps us from ours. */
static void reports_do_not_suppress(struct script *s)
{
	begin(s);
	ask(s, 1000, "G", NULL);
	ask(s, 1000, "H", "a");
	for (uint8_t i = 1; i <= (s->family == ENGINE_IPV4 ? 2 : 1); i++) {
		int r = rig_report(&s->rig, s->family, i, script_name(s, "G"));

		tap_expect(s->tap, r == 0, "the report: %d", r);
		rig_report(&s->rig, s->family, i, script_name(s, "H"));
	}
	rig_run(&s->rig, ENGINE_SECOND);
	tap_expect(s->tap,
		   rig_count_like(&s->rig, script_name(s, "IS_EX(G){a}")) == 1 &&
			   rig_count_like(&s->rig, script_name(s, "IS_IN(H){a}")) == 1,
		   "not both are answered");
	rig_clear(&s->rig);
	quiet(s);
}

static const struct script_test tests[] = {
	{ "General, Group and group-and-source queries are heard [R-QRY-12, S-V3-22]",
	  three_kinds },
	{ "a General Query with sources and a query for what is no group are bad "
	  "queries [R-QRY-12, S-V3-22]",
	  other_kinds },
	{ "queries are heard at any address of the interface [R-QRY-6]", any_address },
	{ "an IGMPv3 General Query to a group that is not all hosts is a bad one "
	  "[R-QRY-6, S-V3-22]",
	  general_to_a_group },
	{ "without Router Alert an MLD query is dropped, and an IGMP one on request "
	  "[R-QRY-6, R-QRY-7, S-V3-5, S-V3-7, S-V3-38]",
	  without_router_alert },
	{ "with another hop limit an MLD query is dropped, and an IGMP one on request "
	  "[R-QRY-7, S-V3-5, S-V3-38]",
	  wrong_hop_limit },
	{ "an MLD query that is not from a link-local address is dropped and told of, "
	  "an IGMP query is heard from anybody [R-QRY-6, R-QRY-7]",
	  wrong_source },
	{ "the S flag means nothing to a host [R-QRY-8, S-V3-27]", s_flag },
	{ "a query whose length is of no version is ignored [R-QRY-10]", lengths },
	{ "bytes behind a query are ignored [R-FMT-3, S-V3-26]", longer },
	{ "a query with fewer sources than it says is ignored [R-QRY-11, S-V3-26, B-5]",
	  truncated },
	{ "a query with a wrong checksum is ignored [R-FMT-3]", bad_checksum },
	{ "a query longer than the MTU is counted and heard [S-V3-4]",
	  longer_than_the_mtu },
	{ "a query about what nobody wants schedules nothing [R-QRY-1, R-QRY-13]",
	  unknown_groups },
	{ "a query on an interface that is not known is refused [R-QRY-13]",
	  unknown_interface },
	{ "Robustness, Query Interval and Response Interval are those of the last "
	  "query, each in its own unit [R-QRY-9, R-SEC-2, S-V3-20, B-4]",
	  adopts },
	{ "those of a query about a group count, too, but for its response time, which "
	  "is another interval [R-QRY-9, R-CMP-4, S-V3-20]",
	  adopts_from_specific },
	{ "the querier is known [R-QRY-9]", knows_the_querier },
	{ "auxiliary data, unknown types and other messages change nothing [R-FMT-4]",
	  other_messages },
	{ "older reports of others suppress no answer [R-QRY-2]",
	  reports_do_not_suppress },
};

int main(void)
{
	struct tap tap = { 0 };

	script_run(&tap, tests, sizeof(tests) / sizeof(tests[0]));
	return tap_finish(&tap);
}
