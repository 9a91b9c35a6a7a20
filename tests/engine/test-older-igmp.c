/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IGMPv1 and IGMPv2 beside what their transition table says (test-older-table): joining
 * and leaving, and how the messages look (RFC 1112 appendix I, RFC 2236).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "older.h"

#define N_SEEDS 64
#define GROUP   "239.1.1.1"
#define OTHER   "239.1.1.9"
#define REPORT  "v2 REPORT(239.1.1.1)"
#define LEAVE   "v2 LEAVE(239.1.1.1)"

/*
 * Joining and leaving
 */

static void join_once(struct tap *tap, struct rig *rig, uint8_t version,
		      struct spread *spread)
{
	const char *report = version == 1 ? "v1 REPORT(239.1.1.1)" : REPORT;
	uint64_t origin;

	older_speak_igmp(rig, version);
	origin = rig->now;
	older_filter(rig, GROUP, "EX{}");
	rig_run(rig, 60 * SECOND);
	if (EXPECT_STEPS(tap, rig, origin, "a join", { report, 0, 0 },
			 { report, 0, 10 * SECOND }))
		spread_add(spread, rig->lines[1].when - origin);
}

static void test_join(struct tap *tap, struct rig *rig)
{
	for (uint8_t version = 1; version <= 2; version++) {
		struct spread spread;

		spread_init(&spread, 10 * SECOND);
		for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
			older_restart(rig, tap, seed);
			join_once(tap, rig, version, &spread);
		}
		spread_expect(&spread, tap, "the second report");
	}
}

static void test_robustness(struct tap *tap, struct rig *rig)
{
	uint64_t origin;

	older_tune(rig, ENGINE_ROBUSTNESS, 7);
	older_tune(rig, ENGINE_UNSOLICITED_INTERVAL, 1);
	older_speak_igmp(rig, 2);
	origin = rig->now;
	older_filter(rig, GROUP, "EX{}");
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "a join", { REPORT, 0, 0 },
		     { REPORT, 0, 10 * SECOND });
	rig_clear(rig);
	origin = rig->now;
	older_filter(rig, GROUP, "NONE");
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "a leave", { LEAVE, 0, 0 });
}

static void test_no_memory(struct tap *tap, struct rig *rig)
{
	int result = -ENOMEM;
	unsigned int n = 0;

	older_speak_igmp(rig, 2);
	while (result == -ENOMEM && n < 32) {
		rig->fails_at = rig->n_calls + ++n;
		result = rig_set(rig, 1, GROUP, "IN{10.0.0.1,10.0.0.2}");
		rig->fails_at = 0;
		if (result == 0)
			break;
		tap_expect(tap, result == -ENOMEM, "call %u fails: %d", n, result);
		rig_run(rig, 11 * SECOND);
		older_expect_silence(tap, rig, "a refused join");
		tap_expect(tap, older_status(rig, ENGINE_IPV4).n_groups == 0,
			   "call %u fails: a group is left", n);
	}
	tap_expect(tap, result == 0 && n > 1, "%d behind %u failures", result, n - 1);
	rig_pull(rig);
	EXPECT_STEPS(tap, rig, rig->now, "at last", { REPORT, 0, 0 });
}

/* Hearing needs no memory in these versions. */
static void test_heard_without_memory(struct tap *tap, struct rig *rig)
{
	size_t n_calls;

	older_force(rig, ENGINE_IPV4, 2);
	older_filter(rig, GROUP, "EX{}");
	n_calls = rig->n_calls;
	rig->fails_at = n_calls + 1;
	tap_expect(tap, older_general(rig, ENGINE_IPV4, 1, 0) == 0, "a query");
	tap_expect(tap, older_version(rig, ENGINE_IPV4) == 1, "IGMPv1 is not spoken");
	tap_expect(tap, rig_report(rig, ENGINE_IPV4, 1, GROUP) == 0, "a report");
	tap_expect(tap, older_general(rig, ENGINE_IPV4, 2, 1000) == 0, "a query");
	rig_run(rig, 11 * SECOND);
	tap_expect(tap, rig->n_calls == n_calls, "memory is asked for");
}

static void test_gone(struct tap *tap, struct rig *rig)
{
	older_speak_igmp(rig, 1);
	older_filter(rig, GROUP, "EX{}");
	older_filter(rig, OTHER, "EX{}");
	older_general(rig, ENGINE_IPV4, 2, 10000);
	rig_clear(rig);
	tap_expect(tap, engine_del_interface(rig->engine, RIG_IFINDEX, rig->now) == 0,
		   "it does not go");
	tap_expect(tap, engine_get_deadline(rig->engine) == ENGINE_NEVER,
		   "something is pending");
	rig_run(rig, 500 * SECOND);
	older_expect_silence(tap, rig, "the interface is gone");
	tap_expect(tap,
		   older_general(rig, ENGINE_IPV4, 1, 0) == -ENODEV &&
			   rig_report(rig, ENGINE_IPV4, 1, GROUP) == -ENODEV,
		   "it hears");
	tap_expect(tap, rig_change(rig, &rig->interface) == 0, "it does not come back");
	tap_expect(tap, older_version(rig, ENGINE_IPV4) == 3, "it knows old queriers");
	tap_expect(tap, older_status(rig, ENGINE_IPV4).forced == 0, "it is forced");
	rig_run(rig, 60 * SECOND);
	older_expect_silence(tap, rig, "it has no groups");
}

static void expect_always_leave(struct tap *tap, struct rig *rig, const char *reports,
				bool is_told)
{
	uint64_t origin;

	for (; *reports; reports++)
		rig_report(rig, ENGINE_IPV4, *reports == '1' ? 1 : 2, GROUP);
	rig_clear(rig);
	origin = rig->now;
	older_filter(rig, GROUP, "NONE");
	rig_run(rig, 60 * SECOND);
	if (is_told)
		EXPECT_STEPS(tap, rig, origin, reports, { LEAVE, 0, 0 });
	else
		older_expect_silence(tap, rig, reports);
	rig_clear(rig);
	older_filter(rig, GROUP, "EX{}");
}

static void test_always_leave(struct tap *tap, struct rig *rig)
{
	older_speak_igmp(rig, 2);
	older_filter(rig, GROUP, "EX{}");
	older_tune(rig, ENGINE_ALWAYS_LEAVE, 1);
	expect_always_leave(tap, rig, "", true);
	expect_always_leave(tap, rig, "2", true);
	expect_always_leave(tap, rig, "1", true);
	expect_always_leave(tap, rig, "12", true);
	older_tune(rig, ENGINE_ALWAYS_LEAVE, 0);
	expect_always_leave(tap, rig, "2", false);
	expect_always_leave(tap, rig, "", true);
	older_tune(rig, ENGINE_ALWAYS_LEAVE, 1);
	older_general(rig, ENGINE_IPV4, 1, 0);
	rig_run(rig, 11 * SECOND);
	expect_always_leave(tap, rig, "", false);
}

/* What is said of a group in 224.0.0.0/24 by each version and value of the tunable. */
static void expect_local(struct tap *tap, uint8_t version, uint64_t linklocal,
			 const char *group)
{
	bool is_told = strcmp(group, "224.0.0.1") != 0 &&
		       (linklocal == 2 || (linklocal == 1 && version == 3));
	char what[64];
	struct rig rig;

	rig_init(&rig, version * 3 + linklocal);
	older_tune(&rig, ENGINE_LINKLOCAL, linklocal);
	if (version < 3)
		older_speak_igmp(&rig, version);
	older_filter(&rig, group, "EX{}");
	rig_run(&rig, 11 * SECOND);
	older_general(&rig, ENGINE_IPV4, version, 10000);
	older_specific(&rig, ENGINE_IPV4, version, group, 1000);
	rig_run(&rig, 11 * SECOND);
	older_filter(&rig, group, "NONE");
	rig_run(&rig, 11 * SECOND);
	snprintf(what, sizeof(what), "IGMPv%u, linklocal %" PRIu64 ", %s", version,
		 linklocal, group);
	if (is_told)
		tap_expect(tap, rig.n_lines >= 3, "%s: %zu lines", what, rig.n_lines);
	else
		older_expect_silence(tap, &rig, what);
	rig_fini(&rig, tap);
}

static void test_linklocal(struct tap *tap, struct rig *rig)
{
	(void)rig;
	for (uint8_t version = 1; version <= 3; version++) {
		for (uint64_t linklocal = 0; linklocal <= 2; linklocal++) {
			expect_local(tap, version, linklocal, "224.0.0.1");
			expect_local(tap, version, linklocal, "224.0.0.2");
			expect_local(tap, version, linklocal, "224.0.0.251");
		}
	}
	expect_local(tap, 2, 1, "224.0.0.255");
}

/* The first group behind 224.0.0.0/24 is one like any other. */
static void test_linklocal_ends(struct tap *tap, struct rig *rig)
{
	older_speak_igmp(rig, 2);
	older_filter(rig, "224.0.1.0", "EX{}");
	EXPECT_STEPS(tap, rig, rig->now, "224.0.1.0", { "v2 REPORT(224.0.1.0)", 0, 0 });
}

/* What is pending goes with the link, what is joined stays. */
static void test_link(struct tap *tap, struct rig *rig)
{
	struct engine_interface interface = rig->interface;
	uint64_t origin;

	older_speak_igmp(rig, 2);
	older_filter(rig, GROUP, "EX{}");
	older_filter(rig, OTHER, "EX{}");
	rig_clear(rig);
	interface.is_up = false;
	rig_change(rig, &interface);
	older_filter(rig, OTHER, "NONE");
	older_filter(rig, "239.1.1.7", "IN{10.0.0.1}");
	older_filter(rig, "239.1.1.8", "EX{}");
	older_filter(rig, "239.1.1.8", "NONE");
	rig_run(rig, 60 * SECOND);
	older_expect_silence(tap, rig, "down");
	tap_expect(tap, older_status(rig, ENGINE_IPV4).n_groups == 2, "%zu groups",
		   older_status(rig, ENGINE_IPV4).n_groups);
	interface.is_up = true;
	origin = rig->now;
	rig_change(rig, &interface);
	rig_run(rig, 60 * SECOND);
	tap_expect(tap,
		   rig->n_lines == 4 && rig_count(rig, REPORT) == 2 &&
			   rig_count(rig, "v2 REPORT(239.1.1.7)") == 2,
		   "%zu lines", rig->n_lines);
	for (size_t i = 0; i < rig->n_lines; i++)
		tap_expect(tap,
			   i < 2 ? rig->lines[i].when == origin
				 : rig->lines[i].when <= origin + 10 * SECOND,
			   "line %zu comes late", i);
}

/* Neither do the sources of source-specific groups matter here, nor how they are told. */
static void test_silent_tunables(struct tap *tap, struct rig *rig)
{
	older_settle_igmp(rig, 2, "232.1.1.1");
	older_filter(rig, GROUP, "EX{10.0.0.1}");
	rig_run(rig, 11 * SECOND);
	rig_clear(rig);
	older_tune(rig, ENGINE_LIGHTWEIGHT, 1);
	engine_set_ssm_range(rig->engine, ENGINE_IPV4, rig_addr("239.0.0.0"), 8,
			     rig->now);
	older_tune(rig, ENGINE_ALWAYS_LEAVE, 1);
	older_tune(rig, ENGINE_ROBUSTNESS, 7);
	older_tune(rig, ENGINE_SENDWITHRA, 0);
	rig_run(rig, 60 * SECOND);
	older_expect_silence(tap, rig, "tunables");
	older_filter(rig, GROUP, "NONE");
	older_filter(rig, "232.1.1.1", "NONE");
	EXPECT_STEPS(tap, rig, rig->now, "leaves", { LEAVE, 0, 0 },
		     { "v2 LEAVE(232.1.1.1)", 0, 0 });
}

/* A group that is not told any more is silent at once. */
static void test_linklocal_off(struct tap *tap, struct rig *rig)
{
	older_tune(rig, ENGINE_LINKLOCAL, 2);
	older_speak_igmp(rig, 2);
	older_filter(rig, "224.0.0.251", "EX{}");
	EXPECT_STEPS(tap, rig, rig->now, "linklocal 2",
		     { "v2 REPORT(224.0.0.251)", 0, 0 });
	rig_clear(rig);
	older_tune(rig, ENGINE_LINKLOCAL, 0);
	rig_run(rig, 60 * SECOND);
	older_expect_silence(tap, rig, "what was pending");
	older_general(rig, ENGINE_IPV4, 2, 1000);
	older_filter(rig, "224.0.0.251", "NONE");
	rig_run(rig, 60 * SECOND);
	older_expect_silence(tap, rig, "linklocal 0");
	tap_expect(tap, older_status(rig, ENGINE_IPV4).n_groups == 0, "it is left");
}

static void test_untold(struct tap *tap, struct rig *rig)
{
	older_speak_igmp(rig, 1);
	rig_set(rig, 1, GROUP, "EX{}");
	rig_set(rig, 1, GROUP, "NONE");
	rig_run(rig, 60 * SECOND);
	older_expect_silence(tap, rig, "joined and left");
	tap_expect(tap, older_status(rig, ENGINE_IPV4).n_groups == 0, "it is left");
	older_restart(rig, tap, 2);
	older_speak_igmp(rig, 2);
	older_filter(rig, GROUP, "EX{}");
	rig_report(rig, ENGINE_IPV4, 2, GROUP);
	rig_clear(rig);
	rig_set(rig, 1, GROUP, "NONE");
	rig_set(rig, 1, GROUP, "EX{}");
	rig_pull(rig);
	EXPECT_STEPS(tap, rig, rig->now, "left and joined", { REPORT, 0, 0 });
}

/* What is reported anew is what is joined by then. */
static void test_untold_leave(struct tap *tap, struct rig *rig)
{
	struct engine_interface interface = rig->interface;

	interface.source[ENGINE_IPV4].state = ENGINE_ADDRESS_NONE;
	rig_change(rig, &interface);
	older_settle_igmp(rig, 2, GROUP);
	rig_set(rig, 1, GROUP, "NONE");
	interface.source[ENGINE_IPV4].state = ENGINE_ADDRESS_VALID;
	rig_change(rig, &interface);
	rig_pull(rig);
	EXPECT_STEPS(tap, rig, rig->now, "an address", { LEAVE, 0, 0 });
	rig_run(rig, 60 * SECOND);
	tap_expect(tap, rig->n_lines == 1, "%zu lines", rig->n_lines);
	tap_expect(tap, older_status(rig, ENGINE_IPV4).n_groups == 0, "it is left");
}

/* Another link is none of its business. */
static void test_other_link(struct tap *tap, struct rig *rig)
{
	struct raw raw = { .type = RAW_V2_REPORT, .group = GROUP };
	uint64_t origin;

	rig_add_interface(rig, RIG_IFINDEX + 1);
	older_speak_igmp(rig, 2);
	origin = rig->now;
	older_filter(rig, GROUP, "EX{}");
	older_hear_on(rig, RIG_IFINDEX + 1, &raw);
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "a report elsewhere", { REPORT, 0, 0 },
		     { REPORT, 0, 10 * SECOND });
	tap_expect(tap, older_count(rig, ENGINE_IGMP_RCV_OURREPORTS) == 0, "it is ours");
	rig_clear(rig);
	raw = (struct raw){ .type = RAW_QUERY, .code = 10 };
	older_hear_on(rig, RIG_IFINDEX + 1, &raw);
	rig_run(rig, 60 * SECOND);
	older_expect_silence(tap, rig, "a query elsewhere");
}

/*
 * Bytes
 */

struct bytes {
	uint8_t version;
	bool has_alert;
	bool is_leave;
	const char *hex;
};

/* From 10.9.0.1, about 239.1.1.1. The parser of the rig verifies the checksums. */
static const struct bytes messages[] = {
	{ 1, false, false,
	  "4500001c 00000000 0102.... 0a090001 ef010101"
	  "1200.... ef010101" },
	{ 2, false, false,
	  "4500001c 00000000 0102.... 0a090001 ef010101"
	  "1600.... ef010101" },
	{ 2, true, false,
	  "46000020 00000000 0102.... 0a090001 ef010101 94040000"
	  "1600.... ef010101" },
	{ 2, false, true,
	  "4500001c 00000000 0102.... 0a090001 e0000002"
	  "1700.... ef010101" },
	{ 2, true, true,
	  "46000020 00000000 0102.... 0a090001 e0000002 94040000"
	  "1700.... ef010101" },
};

static void test_bytes(struct tap *tap, struct rig *rig)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		const struct bytes *expected = &messages[i];

		older_restart(rig, tap, 1);
		/* IGMPv1 never has the option, whatever is set. */
		if (expected->version > 1)
			older_tune(rig, ENGINE_SENDWITHRA, expected->has_alert);
		older_speak_igmp(rig, expected->version);
		older_filter(rig, GROUP, "EX{}");
		if (expected->is_leave) {
			rig_clear(rig);
			older_filter(rig, GROUP, "NONE");
		}
		if (tap_expect(tap, rig->n_lines == 1, "%zu lines", rig->n_lines))
			older_expect_bytes(tap, &rig->lines[0], expected->hex);
	}
}

static void test_addresses(struct tap *tap, struct rig *rig)
{
	struct engine_interface interface = rig->interface;
	uint64_t origin;

	interface.source[ENGINE_IPV4].state = ENGINE_ADDRESS_NONE;
	rig_change(rig, &interface);
	older_speak_igmp(rig, 2);
	older_filter(rig, GROUP, "EX{}");
	rig_run(rig, 11 * SECOND);
	tap_expect(tap, rig->n_lines == 2, "%zu lines", rig->n_lines);
	for (size_t i = 0; i < rig->n_lines; i++)
		tap_expect(tap,
			   addr_equal(rig->lines[i].packet.source, rig_addr("0.0.0.0")),
			   "not from 0.0.0.0");
	rig_clear(rig);
	interface.source[ENGINE_IPV4].state = ENGINE_ADDRESS_VALID;
	origin = rig->now;
	rig_change(rig, &interface);
	rig_run(rig, 60 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "once it has an address", { REPORT, 0, 0 },
		     { REPORT, 0, 10 * SECOND });
}

static const struct older_test tests[] = {
	{ "a join is reported at once in the version that is spoken, and once more "
	  "within 10 s [S-IGMP-2, S-IGMP-29, R-V2-2, R-V1-1, R-FMT-8]",
	  test_join },
	{ "two reports of a join and one Leave, whatever the Robustness Variable is "
	  "[S-IGMP-29]",
	  test_robustness },
	{ "a join without memory is refused and tells nothing [S-IGMP-31]",
	  test_no_memory },
	{ "queries and reports are heard without memory [S-IGMP-3]",
	  test_heard_without_memory },
	{ "what is known of queriers goes with the interface [S-IGMP-4, B-16, B-23]",
	  test_gone },
	{ "always_leave tells every IGMPv2 leave, and none of IGMPv1 [R-M1-5, R-V2-5, "
	  "R-V1-1, S-IGMP-32]",
	  test_always_leave },
	{ "224.0.0.0/24 is told by version, or as linklocal says, 224.0.0.1 never "
	  "[S-IGMP-30, S-V3-29, R-V2-6, R-V1-2]",
	  test_linklocal },
	{ "224.0.1.0 is told in IGMPv2 [S-IGMP-30]", test_linklocal_ends },
	{ "what is pending goes with the link, and all is reported when it is back "
	  "[R-V2-2, R-FMT-9]",
	  test_link },
	{ "what matters to the newest version only tells nothing in IGMPv2 [R-CMP-5, "
	  "R-CHG-12]",
	  test_silent_tunables },
	{ "a group that linklocal silences has nothing pending [S-IGMP-30, S-V3-29]",
	  test_linklocal_off },
	{ "what was not told yet is told as it is by then [R-V2-1, R-V1-1]",
	  test_untold },
	{ "a group that is left is not reported anew when there is an address "
	  "[R-FMT-9, R-V2-1]",
	  test_untold_leave },
	{ "reports and queries on another interface change nothing [R-MRG-10, "
	  "S-IGMP-25]",
	  test_other_link },
	{ "messages of IGMPv1 and IGMPv2 are these bytes: TTL 1, TOS 0, Leave to "
	  "224.0.0.2, code 0 [S-IGMP-33, S-IGMP-37, S-V3-28, S-V3-39, S-V3-40, "
	  "R-FMT-8, R-FMT-11, R-FMT-13]",
	  test_bytes },
	{ "without an address reports come from 0.0.0.0, and again once there is one "
	  "[R-FMT-9]",
	  test_addresses },
};

int main(void)
{
	return older_run(tests, sizeof(tests) / sizeof(tests[0]));
}
