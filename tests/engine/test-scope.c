/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where messages go, and which groups of the link and of the host are told: RFC 9776
 * 4.2.14, RFC 9777 5.2.14 and 6, RFC 2236 9, RFC 2710 8.
 */
#include <stdio.h>

#include "script.h"

static void force(struct script *s, uint8_t version)
{
	int r = engine_force_version(s->rig.engine, RIG_IFINDEX, s->family, version,
				     s->rig.now);

	tap_expect(s->tap, r == 0, "engine_force_version(): %d", r);
}

/* One packet is sent now, to there, with TTL 1 and Router Alert, or none. */
static void goes_to(struct script *s, const char *lines, const char *destination,
		    bool has_alert)
{
	const struct rig_line *line = &s->rig.lines[0];
	bool is_ipv4 = s->family == ENGINE_IPV4;

	rig_pull(&s->rig);
	if (tap_expect(s->tap, s->rig.n_lines == 1, "%zu packets", s->rig.n_lines)) {
		tap_expect(s->tap,
			   addr_equal(line->packet.destination,
				      rig_addr(script_name(s, destination))),
			   "not to %s", destination);
		tap_expect(s->tap, line->bytes[is_ipv4 ? 8 : 7] == 1, "TTL");
		tap_expect(s->tap,
			   line->packet.message ==
				   (is_ipv4 ? 20u : 40u) +
					   (has_alert ? is_ipv4 ? 4 : 8 : 0),
			   "the message is at %zu", line->packet.message);
	}
	rig_expect(&s->rig, s->tap, "now", script_name(s, lines));
}

static void newest(struct script *s)
{
	const char *all = s->family == ENGINE_IPV4 ? "224.0.0.22" : "ff02::16";

	set(s, 1, "G", "EX{}");
	goes_to(s, "* TO_EX(G){}", all, true);
	in_ms(s, 1000, "* TO_EX(G){}");
	ask(s, 1, "G", NULL);
	rig_run(&s->rig, 100 * RIG_MS);
	rig_clear(&s->rig);
	set(s, 1, "G", "NONE");
	goes_to(s, "* TO_IN(G){}", all, true);
	settle(s);
}

static void older(struct script *s)
{
	bool is_ipv4 = s->family == ENGINE_IPV4;

	force(s, is_ipv4 ? 2 : 1);
	set(s, 1, "G", "EX{}");
	goes_to(s, is_ipv4 ? "v2 REPORT(G)" : "mld1 REPORT(G)", "G", true);
	settle(s);
	set(s, 1, "G", "NONE");
	goes_to(s, is_ipv4 ? "v2 LEAVE(G)" : "mld1 DONE(G)",
		is_ipv4 ? "224.0.0.2" : "ff02::2", true);
	quiet(s);
	if (!is_ipv4)
		return;
	force(s, 1);
	set(s, 1, "G", "EX{}");
	goes_to(s, "v1 REPORT(G)", "G", false);
	settle(s);
	set(s, 1, "G", "NONE");
	quiet(s);
}

/* The switch is IGMP's alone, and IGMPv1 never has Router Alert. */
static void without_alert(struct script *s)
{
	bool is_ipv4 = s->family == ENGINE_IPV4;

	set_tunable(s, ENGINE_SENDWITHRA, 0);
	set(s, 1, "G", "EX{}");
	goes_to(s, "* TO_EX(G){}", is_ipv4 ? "224.0.0.22" : "ff02::16", !is_ipv4);
	settle(s);
	force(s, is_ipv4 ? 2 : 1);
	set(s, 1, "H", "EX{}");
	goes_to(s, is_ipv4 ? "v2 REPORT(H)" : "mld1 REPORT(H)", "H", !is_ipv4);
	settle(s);
}

/* What the switch says of 224.0.0.0/24, in each version: told, or not. */
static void linklocal(struct script *s)
{
	static const char *const lines[] = { NULL, "v1 REPORT(224.0.0.251)",
					     "v2 REPORT(224.0.0.251)",
					     "v3 TO_EX(224.0.0.251){}" };
	static const bool is_told[3][4] = {
		{ 0, false, false, false },
		{ 0, false, false, true },
		{ 0, true, true, true },
	};

	if (s->family == ENGINE_IPV6) {
		force(s, 1);
		set(s, 1, "ff02::fb", "EX{}");
		now(s, "mld1 REPORT(ff02::fb)");
		settle(s);
		return;
	}
	for (uint8_t mode = 0; mode < 3; mode++) {
		for (uint8_t version = 1; version <= 3; version++) {
			set_tunable(s, ENGINE_LINKLOCAL, mode);
			force(s, version);
			set(s, 1, "224.0.0.251", "EX{}");
			now(s, is_told[mode][version] ? lines[version] : "");
			settle(s);
			hear(s, (struct rig_query){ .version = version,
						    .max_response_ms = 1000 });
			rig_run(&s->rig, 10 * ENGINE_SECOND);
			tap_expect(s->tap,
				   s->rig.n_lines == (is_told[mode][version] ? 1 : 0),
				   "mode %u, version %u: %zu answers", mode, version,
				   s->rig.n_lines);
			rig_clear(&s->rig);
			set(s, 1, "224.0.0.251", "NONE");
			settle(s);
			set(s, 1, "224.0.0.1", "EX{}");
			quiet(s);
			set(s, 1, "224.0.0.1", "NONE");
			quiet(s);
		}
	}
}

/* linklocal, raised: told at once, as often as a change; lowered: not once more. */
static void set_while_joined(struct script *s)
{
	bool is_ipv4 = s->family == ENGINE_IPV4;
	const char *group = is_ipv4 ? "224.0.0.251" : "ff02::fb";

	set_tunable(s, ENGINE_LINKLOCAL, 0);
	set(s, 1, group, "EX{}");
	set(s, 1, "G", "EX{}");
	settle(s);
	set_tunable(s, ENGINE_LINKLOCAL, 1);
	if (is_ipv4)
		twice(s, "v3 TO_EX(224.0.0.251){}");
	set_tunable(s, ENGINE_LINKLOCAL, 2);
	quiet(s);
	set_tunable(s, ENGINE_LINKLOCAL, 0);
	quiet(s);
	set_tunable(s, ENGINE_LINKLOCAL, 2);
	now(s, is_ipv4 ? "v3 TO_EX(224.0.0.251){}" : "");
	set_tunable(s, ENGINE_LINKLOCAL, 0);
	quiet(s);
	force(s, is_ipv4 ? 2 : 1);
	set_tunable(s, ENGINE_LINKLOCAL, 1);
	quiet(s);
	set_tunable(s, ENGINE_LINKLOCAL, 2);
	now(s, is_ipv4 ? "v2 REPORT(224.0.0.251)" : "");
	in_ms(s, 10000, is_ipv4 ? "v2 REPORT(224.0.0.251)" : "");
	set_tunable(s, ENGINE_LINKLOCAL, 1);
	quiet(s);
	set_tunable(s, ENGINE_LINKLOCAL, 2);
	now(s, is_ipv4 ? "v2 REPORT(224.0.0.251)" : "");
	set_tunable(s, ENGINE_LINKLOCAL, 1);
	quiet(s);
}

/* Silence in IGMPv2 is no membership less: it is told once IGMPv3 is spoken. */
static void silent_in_older_versions(struct script *s)
{
	bool is_ipv4 = s->family == ENGINE_IPV4;
	const char *group = is_ipv4 ? "224.0.0.251" : "ff01::fb";

	force(s, is_ipv4 ? 2 : 1);
	set(s, 1, group, "EX{}");
	quiet(s);
	rig_report(&s->rig, s->family, is_ipv4 ? 2 : 1, group);
	set(s, 1, group, "NONE");
	quiet(s);
	set(s, 1, group, "EX{}");
	quiet(s);
	force(s, 0);
	ask(s, 1000, NULL, NULL);
	in_ms(s, 1000, is_ipv4 ? "* IS_EX(224.0.0.251){}" : "");
	quiet(s);
}

static void loopback(struct script *s)
{
	static const enum engine_counter heard[ENGINE_FAMILIES][2] = {
		{ ENGINE_IGMP_RCV_V3_QUERIES, ENGINE_IGMP_RCV_REPORTS },
		{ ENGINE_MLD_RCV_V2_QUERIES, ENGINE_MLD_RCV_REPORTS },
	};
	struct engine_interface interface = s->rig.interface;
	int r;

	interface.is_loopback = true;
	rig_change(&s->rig, &interface);
	tap_expect(s->tap, !get_status(s).is_speaking, "it speaks");
	for (uint8_t version = 1; version <= 3; version++) {
		if (version == 3 && s->family == ENGINE_IPV6)
			break;
		force(s, version);
		set(s, 1, "G", "EX{a}");
		set(s, 2, "G", "IN{b}");
		quiet(s);
		merged(s, "G", "EX{a}");
		ask(s, 1000, NULL, NULL);
		ask(s, 1000, "G", NULL);
		r = rig_report(&s->rig, s->family, 1, script_name(s, "G"));
		tap_expect(s->tap, r == 0, "a report: %d", r);
		quiet(s);
		set(s, 1, "G", "NONE");
		set(s, 2, "G", "NONE");
		quiet(s);
		tap_expect(s->tap,
			   engine_get_counter(s->rig.engine, heard[s->family][0]) ==
					   2u * version &&
				   engine_get_counter(s->rig.engine,
						      heard[s->family][1]) == version,
			   "they are not counted");
		tap_expect(s->tap,
			   get_counter(s, ENGINE_IGMP_RCV_OURREPORTS,
				       ENGINE_MLD_RCV_OURREPORTS) == 0,
			   "the report is of a group of ours");
	}
}

/* Raw sockets get even what is dropped elsewhere. */
static void loopback_passes_on(struct script *s)
{
	struct engine_interface interface = s->rig.interface;
	struct rig_query query = { .max_response_ms = 1000, .is_without_alert = true };
	int r;

	set_tunable(s, ENGINE_DROPWITHNORA, 1);
	r = hear(s, query);
	tap_expect(s->tap, r == ENGINE_DROPPED, "before: %d", r);
	interface.is_loopback = true;
	rig_change(&s->rig, &interface);
	r = hear(s, query);
	tap_expect(s->tap, r == 0, "a query: %d", r);
	query.hop_limit = 7;
	query.is_without_alert = false;
	r = hear(s, query);
	tap_expect(s->tap, r == 0, "another hop limit: %d", r);
	tap_expect(s->tap,
		   get_counter(s, ENGINE_IGMP_RCV_NORA, ENGINE_MLD_RCV_NORA) == 1 &&
			   get_counter(s, ENGINE_IGMP_RCV_BADTTL,
				       ENGINE_MLD_RCV_BADHOPLIMIT) == 0,
		   "it is looked at");
	quiet(s);
}

/* An older query on loopback changes no mode. */
static void loopback_modes(struct script *s)
{
	struct engine_interface interface = s->rig.interface;
	uint8_t newest_version = get_status(s).version;

	interface.is_loopback = true;
	rig_change(&s->rig, &interface);
	hear(s, (struct rig_query){ .version = 1, .max_response_ms = 1000 });
	tap_expect(s->tap, get_status(s).version == newest_version,
		   "the mode has changed");
	quiet(s);
}

/* No interface is loopback for ever. */
static void no_loopback_any_more(struct script *s)
{
	struct engine_interface interface = s->rig.interface;

	interface.is_loopback = true;
	rig_change(&s->rig, &interface);
	set(s, 1, "G", "EX{a}");
	quiet(s);
	interface.is_loopback = false;
	rig_change(&s->rig, &interface);
	twice(s, "* TO_EX(G){a}");
}

static void counts_members(struct script *s)
{
	bool is_ipv4 = s->family == ENGINE_IPV4;

	force(s, is_ipv4 ? 2 : 1);
	set(s, 1, "G", "EX{}");
	now(s, is_ipv4 ? "v2 REPORT(G)" : "mld1 REPORT(G)");
	settle(s);
	set(s, 2, "G", "IN{a}");
	set(s, 3, "G", "EX{b}");
	set(s, 1, "G", "NONE");
	set(s, 2, "G", "IN{b}");
	set(s, 3, "G", "NONE");
	quiet(s);
	set(s, 2, "G", "NONE");
	now(s, is_ipv4 ? "v2 LEAVE(G)" : "mld1 DONE(G)");
	quiet(s);
}

static const struct script_test tests[] = {
	{ "reports of the newest version go to 224.0.0.22 and ff02::16 [R-FMT-8, "
	  "S-V3-28]",
	  newest },
	{ "older reports go to the group, Leave and Done to all routers [R-FMT-8, "
	  "S-V3-28]",
	  older },
	{ "sendwithra takes Router Alert out of IGMP only [S-V3-6, R-FMT-8]",
	  without_alert },
	{ "224.0.0.251 is told in IGMPv3 only, or never, or always, ff02::fb always "
	  "[S-V3-29, S-IGMP-30, R-MRG-9]",
	  linklocal },
	{ "linklocal tells and silences groups that are joined at once "
	  "[S-IGMP-30, S-V3-29]",
	  set_while_joined },
	{ "groups that are silent in an older version are answered for in the newest "
	  "[S-V3-29, S-IGMP-30]",
	  silent_in_older_versions },
	{ "on loopback nothing is sent in any version, and what is heard is counted "
	  "[S-IGMP-11, S-IGMP-30, S-V3-29]",
	  loopback },
	{ "on loopback nothing is dropped for want of Router Alert [S-IGMP-11]",
	  loopback_passes_on },
	{ "an older query on loopback changes no mode [S-IGMP-11]", loopback_modes },
	{ "an interface that is no loopback any more is told everything [S-V3-29]",
	  no_loopback_any_more },
	{ "in the older versions only the first socket starts and the last one stops "
	  "[R-CHG-12, S-MLD-27]",
	  counts_members },
};

int main(void)
{
	struct tap tap = { 0 };

	script_run(&tap, tests, sizeof(tests) / sizeof(tests[0]));
	return tap_finish(&tap);
}
