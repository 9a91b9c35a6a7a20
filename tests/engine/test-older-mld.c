/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MLDv1 beside what its transition table says (test-older-table): which listeners speak,
 * which messages are believed, how long answers wait, and how the messages look (RFC
 * 2710, RFC 3590).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "older.h"

#define N_SEEDS  64
#define GROUP    "ff15::1"
#define OTHER    "ff15::9"
#define REPORT   "mld1 REPORT(ff15::1)"
#define DONE     "mld1 DONE(ff15::1)"
#define N_GROUPS 100

static void speak(struct rig *rig)
{
	older_force(rig, ENGINE_IPV6, 1);
}

/* Listening, both unsolicited reports sent. */
static void settle(struct rig *rig, const char *group)
{
	speak(rig);
	older_filter(rig, group, "EX{}");
	rig_run(rig, 11 * SECOND);
	rig_clear(rig);
}

/* Listening, with the second report pending. */
static void start(struct rig *rig, struct tap *tap)
{
	older_restart(rig, tap, 5);
	speak(rig);
	older_filter(rig, GROUP, "EX{}");
	rig_clear(rig);
}

static const struct raw general = {
	.family = ENGINE_IPV6,
	.type = RAW_MLD_QUERY,
	.delay = 10000,
};

/* The query is heard, and answered in (0, max]. */
static void expect_answer(struct tap *tap, struct rig *rig, const struct raw *raw,
			  uint64_t max, const char *what)
{
	uint64_t origin = rig->now;

	tap_expect(tap, older_hear(rig, raw) == 0, "%s: refused", what);
	rig_run(rig, 80 * SECOND);
	EXPECT_STEPS(tap, rig, origin, what, { REPORT, 0, max });
	rig_clear(rig);
}

/* It is dropped, counted there, and changes nothing. */
static void expect_refusal(struct tap *tap, struct rig *rig, const struct raw *raw,
			   enum engine_counter counter, const char *what)
{
	uint64_t before = older_count(rig, counter);

	tap_expect(tap, older_hear(rig, raw) == ENGINE_DROPPED, "%s: not dropped", what);
	tap_expect(tap, older_count(rig, counter) == before + 1, "%s: not counted", what);
	rig_run(rig, 80 * SECOND);
	older_expect_silence(tap, rig, what);
	rig_clear(rig);
}

/*
 * Starting and stopping
 */

static void test_start(struct tap *tap, struct rig *rig)
{
	struct spread spread;

	spread_init(&spread, 10 * SECOND);
	for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
		uint64_t origin;

		older_restart(rig, tap, seed);
		older_tune(rig, ENGINE_ROBUSTNESS, 7);
		speak(rig);
		origin = rig->now;
		older_filter(rig, GROUP, "EX{}");
		rig_run(rig, 80 * SECOND);
		if (!EXPECT_STEPS(tap, rig, origin, "a start", { REPORT, 0, 0 },
				  { REPORT, 0, 10 * SECOND }))
			return;
		spread_add(&spread, rig->lines[1].when - origin);
	}
	spread_expect(&spread, tap, "the second report");
	tap_expect(tap, spread.has_fraction, "in steps of a millisecond");
}

static void test_stop(struct tap *tap, struct rig *rig)
{
	uint64_t origin;

	settle(rig, GROUP);
	older_tune(rig, ENGINE_ROBUSTNESS, 7);
	origin = rig->now;
	older_filter(rig, GROUP, "NONE");
	rig_run(rig, 80 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "a stop", { DONE, 0, 0 });
	tap_expect(tap, engine_get_deadline(rig->engine) == ENGINE_NEVER, "a timer runs");
	tap_expect(tap, older_status(rig, ENGINE_IPV6).n_groups == 0, "it is left");
}

/* Groups and whether they are told (RFC 2710 4, RFC 4291 2.7). */
static const struct {
	const char *group;
	bool is_told;
} scopes[] = {
	{ "ff02::1", false },   { "ff00::1:2", false }, { "ff01::1", false },
	{ "ff11::1:2", false }, { "ff10::1", false },   { "ff31::1:2", false },
	{ "ff02::2", true },    { "ff02::16", true },   { "ff02::1:ff00:1", true },
	{ "ff12::1", true },    { "ff05::1", true },    { "ff0e::1", true },
	{ "ff0f::1", true },    { "ff03::1", true },
};

static void expect_scope(struct tap *tap, uint8_t version, const char *group,
			 bool is_told)
{
	size_t expected = !is_told ? 0 : version == 1 ? 5 : 6;
	struct rig rig;

	rig_init(&rig, version);
	older_force(&rig, ENGINE_IPV6, version);
	older_filter(&rig, group, "EX{}");
	rig_run(&rig, 11 * SECOND);
	older_general(&rig, ENGINE_IPV6, version, 1000);
	rig_run(&rig, 11 * SECOND);
	older_specific(&rig, ENGINE_IPV6, version, group, 1000);
	rig_run(&rig, 11 * SECOND);
	older_filter(&rig, group, "NONE");
	rig_run(&rig, 11 * SECOND);
	tap_expect(tap, rig.n_lines == expected, "MLDv%u, %s: %zu lines, not %zu",
		   version, group, rig.n_lines, expected);
	rig_fini(&rig, tap);
}

static void test_scopes(struct tap *tap, struct rig *rig)
{
	(void)rig;
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
		for (uint8_t version = 1; version <= 2; version++)
			expect_scope(tap, version, scopes[i].group, scopes[i].is_told);
}

static void test_sockets(struct tap *tap, struct rig *rig)
{
	uint64_t origin = rig->now;

	speak(rig);
	rig_set(rig, 1, GROUP, "EX{}");
	rig_pull(rig);
	rig_set(rig, 2, GROUP, "IN{fd09::1}");
	rig_set(rig, 3, GROUP, "EX{fd09::1}");
	rig_run(rig, 11 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "three sockets", { REPORT, 0, 0 },
		     { REPORT, 0, 10 * SECOND });
	rig_clear(rig);
	rig_set(rig, 1, GROUP, "NONE");
	rig_set(rig, 3, GROUP, "IN{}");
	rig_run(rig, 11 * SECOND);
	older_expect_silence(tap, rig, "one socket is left");
	origin = rig->now;
	rig_set(rig, 2, GROUP, "NONE");
	rig_run(rig, 11 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "none is left", { DONE, 0, 0 });
}

static void test_no_memory(struct tap *tap, struct rig *rig)
{
	int result = -ENOMEM;
	unsigned int n = 0;

	speak(rig);
	while (result == -ENOMEM && n < 32) {
		rig->fails_at = rig->n_calls + ++n;
		result = rig_set(rig, 1, GROUP, "EX{fd09::1}");
		rig->fails_at = 0;
		if (result == 0)
			break;
		tap_expect(tap, result == -ENOMEM, "call %u fails: %d", n, result);
		rig_run(rig, 11 * SECOND);
		older_expect_silence(tap, rig, "a refused start");
		tap_expect(tap, older_status(rig, ENGINE_IPV6).n_groups == 0,
			   "call %u fails: a group is left", n);
	}
	tap_expect(tap, result == 0 && n > 1, "%d behind %u failures", result, n - 1);
}

static void test_always_leave(struct tap *tap, struct rig *rig)
{
	for (uint64_t value = 0; value <= 1; value++) {
		uint64_t origin;

		start(rig, tap);
		older_tune(rig, ENGINE_ALWAYS_LEAVE, value);
		rig_report(rig, ENGINE_IPV6, 1, GROUP);
		origin = rig->now;
		older_filter(rig, GROUP, "NONE");
		rig_run(rig, 11 * SECOND);
		if (value)
			EXPECT_STEPS(tap, rig, origin, "always", { DONE, 0, 0 });
		else
			older_expect_silence(tap, rig, "another reported last");
	}
}

/*
 * What is believed
 */

static void test_source(struct tap *tap, struct rig *rig)
{
	static const char *const from[] = { "::", "fd09::fe", "2001:db8::1", "fec0::1",
					    "::1" };
	struct raw raw = general;

	settle(rig, GROUP);
	older_force(rig, ENGINE_IPV6, 0);
	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		raw.from = from[i];
		expect_refusal(tap, rig, &raw, ENGINE_MLD_RCV_BADSOURCE, from[i]);
		tap_expect(tap,
			   rig->last_notice.event == ENGINE_BAD_QUERY_SOURCE &&
				   addr_equal(rig->last_notice.source, rig_addr(from[i])),
			   "%s: nobody is told", from[i]);
	}
	tap_expect(tap, older_version(rig, ENGINE_IPV6) == 2, "the mode has changed");
	raw.from = "febf::1";
	speak(rig);
	expect_answer(tap, rig, &raw, 10 * SECOND, raw.from);
}

static void test_report_source(struct tap *tap, struct rig *rig)
{
	struct raw raw = { .family = ENGINE_IPV6,
			   .type = RAW_MLD_REPORT,
			   .group = GROUP,
			   .from = "::" };
	uint64_t origin;

	start(rig, tap);
	origin = rig->now;
	tap_expect(tap, older_hear(rig, &raw) == ENGINE_DROPPED, "from ::");
	raw.from = "fd09::2";
	tap_expect(tap, older_hear(rig, &raw) == ENGINE_DROPPED, "from fd09::2");
	rig_run(rig, 80 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "what was pending", { REPORT, 0, 10 * SECOND });
	tap_expect(tap, older_count(rig, ENGINE_MLD_RCV_BADSOURCE) == 2, "not counted");
	tap_expect(tap, older_count(rig, ENGINE_MLD_RCV_OURREPORTS) == 0, "counted");
}

static void test_strict(struct tap *tap, struct rig *rig)
{
	struct raw raw = general;

	settle(rig, GROUP);
	older_force(rig, ENGINE_IPV6, 0);
	raw.hop_limit = 2;
	expect_refusal(tap, rig, &raw, ENGINE_MLD_RCV_BADHOPLIMIT, "hop limit 2");
	raw.hop_limit = 255;
	expect_refusal(tap, rig, &raw, ENGINE_MLD_RCV_BADHOPLIMIT, "hop limit 255");
	raw.hop_limit = 1;
	raw.is_without_alert = true;
	expect_refusal(tap, rig, &raw, ENGINE_MLD_RCV_NORA, "no Router Alert");
	tap_expect(tap, older_version(rig, ENGINE_IPV6) == 2, "the mode has changed");
}

static void test_lengths(struct tap *tap, struct rig *rig)
{
	struct raw raw = general;

	settle(rig, GROUP);
	for (raw.n_cut = 1; raw.n_cut <= 24; raw.n_cut++)
		expect_refusal(tap, rig, &raw, ENGINE_MLD_RCV_TOOSHORT, "short");
	raw.n_cut = 0;
	for (raw.n_extra = 1; raw.n_extra <= 3; raw.n_extra++)
		expect_refusal(tap, rig, &raw, ENGINE_MLD_RCV_BADQUERIES, "25 to 27");
	raw.n_extra = 0;
	raw.is_broken = true;
	expect_refusal(tap, rig, &raw, ENGINE_MLD_RCV_BADSUM, "a wrong checksum");
	raw.is_broken = false;
	raw.code = 99;
	expect_answer(tap, rig, &raw, 10 * SECOND, "24 bytes, with a code");
}

static void test_report_longer(struct tap *tap, struct rig *rig)
{
	struct raw raw = { .family = ENGINE_IPV6,
			   .type = RAW_MLD_REPORT,
			   .code = 7,
			   .delay = 1234,
			   .group = GROUP,
			   .n_extra = 9 };
	uint64_t origin;

	start(rig, tap);
	origin = rig->now;
	raw.n_cut = 9;
	tap_expect(tap, older_hear(rig, &raw) == ENGINE_DROPPED, "trailing bytes cut");
	rig_run(rig, 80 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "what was pending", { REPORT, 0, 10 * SECOND });
	start(rig, tap);
	raw.n_cut = 0;
	tap_expect(tap, older_hear(rig, &raw) == 0, "33 bytes");
	rig_run(rig, 80 * SECOND);
	older_expect_silence(tap, rig, "33 bytes");
}

/* RFC 9777 knows no forged General Query by its destination. */
static void test_destination(struct tap *tap, struct rig *rig)
{
	static const char *const to[] = { "ff02::1", "ff02::5", "fe80::1", GROUP, OTHER };
	struct raw raw = general;

	settle(rig, GROUP);
	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		raw.to = to[i];
		raw.group = NULL;
		expect_answer(tap, rig, &raw, 10 * SECOND, to[i]);
		raw.group = GROUP;
		expect_answer(tap, rig, &raw, 10 * SECOND, to[i]);
		raw.group = OTHER;
		tap_expect(tap, older_hear(rig, &raw) == 0, "%s", to[i]);
		rig_run(rig, 80 * SECOND);
		older_expect_silence(tap, rig, "about another");
	}
	raw.group = "fd09::1";
	raw.to = GROUP;
	expect_refusal(tap, rig, &raw, ENGINE_MLD_RCV_BADQUERIES, "about a host");
}

static void test_report_group(struct tap *tap, struct rig *rig)
{
	static const char *const to[] = { GROUP, OTHER, "fe80::1", "ff02::1" };
	struct raw raw = { .family = ENGINE_IPV6, .type = RAW_MLD_REPORT };
	uint64_t origin;

	start(rig, tap);
	origin = rig->now;
	raw.to = GROUP;
	raw.group = OTHER;
	tap_expect(tap, older_hear(rig, &raw) == 0, "about another");
	raw.group = "fd09::1";
	tap_expect(tap, older_hear(rig, &raw) == ENGINE_DROPPED, "about a host");
	tap_expect(tap, older_count(rig, ENGINE_MLD_RCV_BADREPORTS) == 1, "not counted");
	rig_run(rig, 80 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "what was pending", { REPORT, 0, 10 * SECOND });
	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		start(rig, tap);
		raw.to = to[i];
		raw.group = GROUP;
		tap_expect(tap, older_hear(rig, &raw) == 0, "%s", to[i]);
		rig_run(rig, 80 * SECOND);
		older_expect_silence(tap, rig, to[i]);
	}
}

static void test_loopback(struct tap *tap, struct rig *rig)
{
	struct engine_interface loopback = rig->interface;
	struct raw raw = general;

	loopback.is_loopback = true;
	rig_change(rig, &loopback);
	older_filter(rig, GROUP, "EX{}");
	tap_expect(tap, older_hear(rig, &raw) == 0, "a query");
	tap_expect(tap, rig_report(rig, ENGINE_IPV6, 1, GROUP) == 0, "a report");
	rig_run(rig, 80 * SECOND);
	older_filter(rig, GROUP, "NONE");
	rig_run(rig, 80 * SECOND);
	older_expect_silence(tap, rig, "a loopback interface");
	tap_expect(tap, older_version(rig, ENGINE_IPV6) == 2, "the mode has changed");
}

/*
 * Delays
 */

/* Where is_newest, an MLDv2 query with this code. */
static void expect_delays(struct tap *tap, struct rig *rig, uint16_t delay,
			  bool is_newest)
{
	uint64_t max = delay * MS;
	struct raw raw = general;
	struct spread spread;
	char what[32];

	raw.delay = delay;
	snprintf(what, sizeof(what), "%u ms%s", delay, is_newest ? " of MLDv2" : "");
	spread_init(&spread, max);
	for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
		struct rig_query query = { .family = ENGINE_IPV6,
					   .version = 2,
					   .code = -1 - delay };
		uint64_t origin;

		older_restart(rig, tap, seed);
		settle(rig, GROUP);
		origin = rig->now;
		if (is_newest ? rig_query(rig, &query) : older_hear(rig, &raw))
			tap_bail_out("%s is refused", what);
		rig_run(rig, 80 * SECOND);
		if (!EXPECT_STEPS(tap, rig, origin, what, { REPORT, 0, max }))
			return;
		spread_add(&spread, rig->lines[0].when - origin);
	}
	spread_expect(&spread, tap, what);
}

static void test_delays(struct tap *tap, struct rig *rig)
{
	expect_delays(tap, rig, 1, false);
	expect_delays(tap, rig, 200, false);
	expect_delays(tap, rig, 10000, false);
	expect_delays(tap, rig, 32769, false);
	expect_delays(tap, rig, 65535, false);
}

static void test_newest_delays(struct tap *tap, struct rig *rig)
{
	expect_delays(tap, rig, 1000, true);
	expect_delays(tap, rig, 32769, true);
	expect_delays(tap, rig, 65535, true);
}

static void join_many(struct rig *rig)
{
	char group[32];

	for (unsigned int i = 0; i < N_GROUPS; i++) {
		snprintf(group, sizeof(group), "ff15::%x", i + 0x100);
		older_filter(rig, group, "EX{}");
	}
	rig_run(rig, 11 * SECOND);
	rig_clear(rig);
}

static void test_at_once(struct tap *tap, struct rig *rig)
{
	struct raw raw = general;
	uint64_t origin;

	speak(rig);
	join_many(rig);
	origin = rig->now;
	raw.delay = 0;
	tap_expect(tap, older_hear(rig, &raw) == 0, "a query");
	tap_expect(tap, engine_get_deadline(rig->engine) <= rig->now, "nothing is due");
	rig_pull(rig);
	tap_expect(tap, rig->n_lines == N_GROUPS, "%zu lines", rig->n_lines);
	for (size_t i = 0; i < rig->n_lines; i++) {
		tap_expect(tap, rig->lines[i].when == origin, "late");
		tap_expect(tap, rig_count(rig, rig->lines[i].text) == 1, "twice: %s",
			   rig->lines[i].text);
	}
	rig_run(rig, 80 * SECOND);
	tap_expect(tap, rig->n_lines == N_GROUPS, "%zu lines at last", rig->n_lines);
}

/* Number of the group ff15::100 + n that the next packet reports; N_GROUPS: none. */
static unsigned int pull_number(struct rig *rig)
{
	uint8_t bytes[1500];
	struct engine_packet packet;
	uint64_t first = rig_addr("ff15::100").lo;

	if (engine_pull(rig->engine, bytes, sizeof(bytes), &packet, rig->now) != 1 ||
	    packet.destination.lo - first >= N_GROUPS)
		return N_GROUPS;
	return (unsigned int)(packet.destination.lo - first);
}

/* Who is due stays so: the queries put nobody back to the end. */
static void test_at_once_again(struct tap *tap, struct rig *rig)
{
	struct raw raw = general;
	unsigned int n_reports[N_GROUPS + 1] = { 0 };

	speak(rig);
	join_many(rig);
	raw.delay = 0;
	for (unsigned int i = 0; i < N_GROUPS; i++) {
		older_hear(rig, &raw);
		n_reports[pull_number(rig)]++;
	}
	for (unsigned int i = 0; i < N_GROUPS; i++)
		tap_expect(tap, n_reports[i] == 1, "%u is reported %u times", i,
			   n_reports[i]);
	tap_expect(tap, n_reports[N_GROUPS] == 0, "%u times nobody", n_reports[N_GROUPS]);
	rig_run(rig, 80 * SECOND);
	tap_expect(tap, rig->n_lines == N_GROUPS - 1, "%zu reports behind that",
		   rig->n_lines);
}

static void test_one_at_once(struct tap *tap, struct rig *rig)
{
	struct raw raw = general;
	uint64_t origin;

	speak(rig);
	join_many(rig);
	origin = rig->now;
	raw.delay = 0;
	raw.group = "ff15::107";
	tap_expect(tap, older_hear(rig, &raw) == 0, "a query");
	rig_run(rig, 80 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "one", { "mld1 REPORT(ff15::107)", 0, 0 });
}

static void test_delay_of_each(struct tap *tap, struct rig *rig)
{
	struct spread spread;
	uint64_t origin;

	speak(rig);
	join_many(rig);
	origin = rig->now;
	older_general(rig, ENGINE_IPV6, 1, 10000);
	rig_run(rig, 80 * SECOND);
	tap_expect(tap, rig->n_lines == N_GROUPS, "%zu reports", rig->n_lines);
	spread_init(&spread, 10 * SECOND);
	for (size_t i = 0; i < rig->n_lines; i++) {
		spread_add(&spread, rig->lines[i].when - origin);
		tap_expect(tap, rig_count(rig, rig->lines[i].text) == 1, "twice: %s",
			   rig->lines[i].text);
	}
	spread_expect(&spread, tap, "delays of addresses");
}

/*
 * Addresses and bytes
 */

static void expect_from(struct tap *tap, const struct rig *rig, const char *from)
{
	for (size_t i = 0; i < rig->n_lines; i++)
		tap_expect(tap, addr_equal(rig->lines[i].packet.source, rig_addr(from)),
			   "line %zu is not from %s", i, from);
}

static void expect_address(struct tap *tap, struct rig *rig,
			   enum engine_address_state state)
{
	struct engine_interface interface = rig->interface;
	struct raw raw = general;
	uint64_t origin;

	interface.source[ENGINE_IPV6].state = state;
	rig_change(rig, &interface);
	speak(rig);
	older_filter(rig, OTHER, "EX{}");
	older_filter(rig, GROUP, "EX{}");
	older_filter(rig, OTHER, "NONE");
	rig_run(rig, 11 * SECOND);
	tap_expect(tap, rig_count(rig, REPORT) == 2, "no two reports");
	tap_expect(tap, rig_count(rig, "mld1 DONE(ff15::9)") == 1, "no Done");
	expect_from(tap, rig, "::");
	rig_clear(rig);
	raw.delay = 2000;
	expect_answer(tap, rig, &raw, 2 * SECOND, "a query");
	interface.source[ENGINE_IPV6].state = ENGINE_ADDRESS_VALID;
	origin = rig->now;
	rig_change(rig, &interface);
	rig_run(rig, 80 * SECOND);
	EXPECT_STEPS(tap, rig, origin, "once it has an address", { REPORT, 0, 0 },
		     { REPORT, 0, 10 * SECOND });
	expect_from(tap, rig, "fe80::1");
}

static void test_addresses(struct tap *tap, struct rig *rig)
{
	expect_address(tap, rig, ENGINE_ADDRESS_TENTATIVE);
	older_restart(rig, tap, 2);
	expect_address(tap, rig, ENGINE_ADDRESS_NONE);
}

/* With the Router Alert, which sendwithra does not concern. */
static void test_bytes(struct tap *tap, struct rig *rig)
{
	older_tune(rig, ENGINE_SENDWITHRA, 0);
	speak(rig);
	older_filter(rig, GROUP, "EX{}");
	older_filter(rig, GROUP, "NONE");
	if (!tap_expect(tap, rig->n_lines == 2, "%zu lines", rig->n_lines))
		return;
	older_expect_bytes(tap, &rig->lines[0],
			   "60000000 00200001 fe800000 00000000 00000000 00000001"
			   "ff150000 00000000 00000000 00000001 3a000502 00000100"
			   "8300.... 00000000 ff150000 00000000 00000000 00000001");
	older_expect_bytes(tap, &rig->lines[1],
			   "60000000 00200001 fe800000 00000000 00000000 00000001"
			   "ff020000 00000000 00000000 00000002 3a000502 00000100"
			   "8400.... 00000000 ff150000 00000000 00000000 00000001");
}

static const struct older_test tests[] = {
	{ "a start is reported at once, and once more within 10 s, whatever the "
	  "Robustness Variable is [S-MLD-4, S-MLD-30, R-M1-2]",
	  test_start },
	{ "a stop is one Done, and nothing runs behind it [S-MLD-6, S-MLD-30, R-M1-2]",
	  test_stop },
	{ "ff02::1 and the scopes 0 and 1 are never told, all others are [S-MLD-3, "
	  "S-MLD-14, R-M1-3, R-MRG-9]",
	  test_scopes },
	{ "only the first socket starts and only the last stops [S-MLD-27]",
	  test_sockets },
	{ "a start without memory is refused and tells nothing [S-MLD-27]",
	  test_no_memory },
	{ "always_leave sends Done though another has reported last [R-M1-5]",
	  test_always_leave },
	{ "a query that is not from a link-local address is dropped, and somebody is "
	  "told [S-MLD-8, R-M1-1, R-QRY-7]",
	  test_source },
	{ "a report that is not from a link-local address is dropped [S-MLD-8, R-M1-1]",
	  test_report_source },
	{ "a query with another hop limit, or without Router Alert, is dropped "
	  "[R-QRY-7, S-MLD-2]",
	  test_strict },
	{ "below 24 bytes, and from 25 to 27, nothing is a query, and its code does "
	  "not matter [S-MLD-7, R-M1-1, R-QRY-10]",
	  test_lengths },
	{ "a report's code, delay and trailing bytes are ignored, but for the checksum "
	  "[S-MLD-10, R-FMT-13, R-FMT-2]",
	  test_report_longer },
	{ "the address field of a query counts, not its destination [S-MLD-10, "
	  "S-MLD-11, S-MLD-15, R-QRY-6, R-QRY-12]",
	  test_destination },
	{ "the address field of a report counts, not its destination [S-MLD-18, "
	  "R-FMT-12]",
	  test_report_group },
	{ "a loopback interface does nothing [S-MLD-11]", test_loopback },
	{ "delays are in milliseconds, and linear [S-MLD-13, S-MLD-17, R-FMT-6, B-2]",
	  test_delays },
	{ "the code of an MLDv2 query is linear where MLDv1 is spoken [R-CMP-9, "
	  "S-MLD-10]",
	  test_newest_delays },
	{ "a query without a delay is answered at once for every address [S-MLD-13, "
	  "S-MLD-16, R-M1-6, B-20]",
	  test_at_once },
	{ "such queries between each two reports let every address be reported [R-M1-6]",
	  test_at_once_again },
	{ "a query without a delay for one address is answered at once for that one "
	  "[S-MLD-15, S-MLD-16, R-M1-6]",
	  test_one_at_once },
	{ "each address has a delay of its own [S-MLD-17]", test_delay_of_each },
	{ "without a valid address Reports, Done and answers come from ::, and all is "
	  "reported again once there is one [S-MLD-12, S-MLD-21, S-MLD-22, R-M1-4, "
	  "R-FMT-9]",
	  test_addresses },
	{ "Report and Done are these bytes: hop limit 1, Router Alert of value 0, Done "
	  "to ff02::2 [S-MLD-1, S-MLD-2, S-MLD-6, S-MLD-23, R-FMT-1, R-FMT-8, "
	  "R-FMT-11, R-FMT-13, B-27]",
	  test_bytes },
};

int main(void)
{
	return older_run(tests, sizeof(tests) / sizeof(tests[0]));
}
