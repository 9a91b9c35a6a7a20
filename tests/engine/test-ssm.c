/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Source-specific groups (RFC 4604) and lightweight hosts (RFC 5790), which have in
 * common that they exclude nobody.
 */
#include <errno.h>
#include <stdio.h>

#include "script.h"

static void exclude_is_not_told(struct script *s)
{
	set(s, 1, "P", "EX{}");
	quiet(s);
	merged(s, "P", "EX{}");
	set(s, 1, "P", "EX{a}");
	quiet(s);
	merged(s, "P", "EX{a}");
	set(s, 1, "P", "NONE");
	quiet(s);
	merged(s, "P", "NONE");
}

static void include_beside_exclude(struct script *s)
{
	set(s, 1, "P", "EX{a,c}");
	set(s, 2, "P", "IN{a,b}");
	merged(s, "P", "EX{c}");
	twice(s, "* ALLOW(P){a,b}");
	set(s, 2, "P", "IN{b,c}");
	twice(s, "* ALLOW(P){c} BLOCK(P){a}");
	set(s, 1, "P", "NONE");
	quiet(s);
	set(s, 1, "P", "EX{b}");
	quiet(s);
	set(s, 2, "P", "NONE");
	twice(s, "* BLOCK(P){b,c}");
	merged(s, "P", "EX{b}");
}

static void change_of_mode(struct script *s)
{
	set(s, 1, "P", "IN{a}");
	twice(s, "* ALLOW(P){a}");
	set(s, 1, "P", "EX{}");
	twice(s, "* BLOCK(P){a}");
	set(s, 1, "P", "IN{b}");
	twice(s, "* ALLOW(P){b}");
	set(s, 1, "P", "NONE");
	twice(s, "* BLOCK(P){b}");
}

static void answers(struct script *s)
{
	set(s, 1, "P", "EX{a}");
	set(s, 2, "P", "IN{a,b}");
	set(s, 1, "Q", "EX{}");
	set(s, 1, "G", "EX{a}");
	settle(s);
	ask(s, 1000, NULL, NULL);
	in_ms(s, 1000, "* IS_IN(P){a,b} IS_EX(G){a}");
	ask(s, 1000, "P", NULL);
	in_ms(s, 1000, "* IS_IN(P){a,b}");
	ask(s, 1000, "P", "b,c");
	in_ms(s, 1000, "* IS_IN(P){b}");
	ask(s, 1000, "Q", NULL);
	quiet(s);
	ask(s, 1000, "Q", "a,b");
	quiet(s);
}

static void one_report(struct script *s)
{
	set(s, 1, "G", "EX{}");
	set(s, 1, "P", "IN{a}");
	set(s, 1, "Q", "EX{}");
	twice(s, "* TO_EX(G){} ALLOW(P){a}");
}

/* An older version knows groups only. */
static void older_versions(struct script *s)
{
	static const char *const lines[ENGINE_FAMILIES][2] = {
		{ "v2 REPORT(P)", "v2 LEAVE(P)" }, { "mld1 REPORT(P)", "mld1 DONE(P)" }
	};
	uint8_t version = s->family == ENGINE_IPV4 ? 2 : 1;
	const char *filters[] = { "EX{}", "EX{a}", "IN{a,b}" };

	engine_force_version(s->rig.engine, RIG_IFINDEX, s->family, version, s->rig.now);
	for (int i = 0; i < 3; i++) {
		set(s, 1, "P", filters[i]);
		now(s, lines[s->family][0]);
		in_ms(s, 10000, lines[s->family][0]);
		quiet(s);
		set(s, 1, "P", "NONE");
		now(s, lines[s->family][1]);
		quiet(s);
	}
}

static void older_query(struct script *s)
{
	uint8_t version = s->family == ENGINE_IPV4 ? 2 : 1;

	set(s, 1, "P", "IN{a}");
	settle(s);
	hear(s, (struct rig_query){
			.version = version, .group = "P", .max_response_ms = 1000 });
	tap_expect(s->tap,
		   s->rig.n_notices == 1 &&
			   s->rig.last_notice.event == ENGINE_OLD_SSM_QUERY &&
			   s->rig.last_notice.ifindex == RIG_IFINDEX &&
			   addr_equal(s->rig.last_notice.group,
				      rig_addr(script_name(s, "P"))),
		   "%zu notices", s->rig.n_notices);
	in_ms(s, 1000, "* IS_IN(P){a}");
	quiet(s);
}

static const char *const inside[ENGINE_FAMILIES][4] = {
	{ "232.0.0.0", "232.255.255.255", "232.1.2.3" },
	{ "ff32::1", "ff3e::8000:1", "ff35:0:ffff::1", "ff3f::" },
};

static const char *const outside[ENGINE_FAMILIES][4] = {
	{ "231.255.255.255", "233.0.0.0", "224.0.1.1" },
	{ "ff3e:1::1", "ff2e::1", "ff4e::1", "ff02::3e" },
};

static void iana_range(struct script *s)
{
	char lines[80];

	for (int i = 0; i < 4; i++) {
		const char *group = inside[s->family][i];

		if (group) {
			set(s, 1, group, "EX{a}");
			quiet(s);
		}
		group = outside[s->family][i];
		if (group) {
			set(s, 1, group, "EX{a}");
			snprintf(lines, sizeof(lines), "* TO_EX(%s){a}", group);
			twice(s, lines);
		}
	}
}

static int set_range(struct script *s, const char *ipv4, const char *ipv6, uint8_t len4,
		     uint8_t len6)
{
	bool is_ipv4 = s->family == ENGINE_IPV4;

	return engine_set_ssm_range(s->rig.engine, s->family,
				    rig_addr(is_ipv4 ? ipv4 : ipv6),
				    is_ipv4 ? len4 : len6, s->rig.now);
}

/* G is 239.1.1.1 and ff0e::1. */
static void other_range(struct script *s)
{
	set(s, 1, "G", "EX{a}");
	set(s, 2, "G", "IN{b}");
	set(s, 1, "P", "EX{c}");
	set(s, 1, "H", "IN{a}");
	settle(s);
	tap_expect(s->tap, set_range(s, "239.1.1.0", "ff0e::", 24, 112) == 0, "no range");
	twice(s, "* TO_IN(G){b} TO_EX(P){c}");
	merged(s, "G", "EX{a}");
	set(s, 1, "G", "EX{}");
	quiet(s);
	tap_expect(s->tap, set_range(s, "239.1.1.0", "ff0e::", 23, 111) == 0, "no range");
	quiet(s);
	tap_expect(s->tap, set_range(s, "232.0.0.0", "ff3e::", 8, 32) == 0, "no range");
	twice(s, "* TO_EX(G){} TO_IN(P){}");
}

static void exact_range(struct script *s)
{
	tap_expect(s->tap, set_range(s, "239.1.1.1", "ff0e::1", 32, 128) == 0,
		   "no range");
	set(s, 1, "G", "EX{}");
	quiet(s);
	set(s, 1, "H", "EX{}");
	twice(s, "* TO_EX(H){}");
	tap_expect(s->tap, set_range(s, "239.1.1.2", "ff0e::2", 31, 127) == 0,
		   "no range");
	twice(s, "* TO_EX(G){} TO_IN(H){}");
}

static void wide_range(struct script *s)
{
	const char *group = s->family == ENGINE_IPV4 ? "239.250.1.1" : "ff0e:1:2:3::4";

	tap_expect(s->tap, set_range(s, "239.0.0.0", "ff0e::", 8, 16) == 0, "no range");
	set(s, 1, "G", "EX{}");
	set(s, 1, group, "EX{}");
	quiet(s);
	set(s, 1, "P", "EX{}");
	twice(s, "* TO_EX(P){}");
}

static void no_range(struct script *s)
{
	set(s, 1, "P", "EX{a}");
	quiet(s);
	tap_expect(s->tap, set_range(s, "232.0.0.0", "ff3e::", 33, 129) == 0, "refused");
	twice(s, "* TO_EX(P){a}");
	set(s, 1, "Q", "EX{}");
	twice(s, "* TO_EX(Q){}");
}

/* Back to what IANA says, whatever was set. */
static void reset_range(struct script *s)
{
	const char *first = s->family == ENGINE_IPV4 ? "232.0.0.0" : "ff32::1";
	const char *last = s->family == ENGINE_IPV4 ? "232.255.255.255" : "ff3f::1";
	char lines[80];

	set(s, 1, "P", "EX{a}");
	set(s, 1, "G", "EX{b}");
	settle(s);
	engine_reset_ssm_range(s->rig.engine, s->family, s->rig.now);
	quiet(s);
	tap_expect(s->tap, set_range(s, "239.1.1.0", "ff0e::", 24, 112) == 0, "no range");
	settle(s);
	set(s, 1, first, "EX{}");
	set(s, 1, last, "EX{}");
	settle(s);
	engine_reset_ssm_range(s->rig.engine, s->family, s->rig.now);
	rig_pull(&s->rig);
	tap_expect(s->tap, rig_count_like(&s->rig, script_name(s, "TO_IN(P){}")) == 1,
		   "P");
	tap_expect(s->tap, rig_count_like(&s->rig, script_name(s, "TO_EX(G){b}")) == 1,
		   "G");
	snprintf(lines, sizeof(lines), "TO_IN(%s){}", first);
	tap_expect(s->tap, rig_count_like(&s->rig, lines) == 1, "%s", first);
	snprintf(lines, sizeof(lines), "TO_IN(%s){}", last);
	tap_expect(s->tap, rig_count_like(&s->rig, lines) == 1, "%s", last);
	settle(s);
	iana_range(s);
	tap_expect(s->tap, set_range(s, "232.0.0.0", "ff3e::", 33, 129) == 0, "refused");
	settle(s);
	engine_reset_ssm_range(s->rig.engine, s->family, s->rig.now);
	settle(s);
	set(s, 1, "Q", "EX{}");
	quiet(s);
}

/* Shorter than what all multicast addresses have in common. */
static void short_range(struct script *s)
{
	uint8_t min = s->family == ENGINE_IPV4 ? 4 : 8;

	for (uint8_t len = 0; len < min; len++) {
		int r = set_range(s, "224.0.0.0", "ff00::", len, len);

		tap_expect(s->tap, r == -EINVAL, "/%u: %d", len, r);
	}
	set(s, 1, "P", "EX{}");
	set(s, 1, "G", "EX{}");
	twice(s, "* TO_EX(G){}");
	tap_expect(s->tap, set_range(s, "224.0.0.0", "ff00::", min, min) == 0,
		   "all groups: refused");
	twice(s, "* TO_IN(G){}");
}

static void bad_range(struct script *s)
{
	int r = set_range(s, "10.0.0.0", "fd00::", 8, 8);

	tap_expect(s->tap, r == -EINVAL, "no multicast: %d", r);
	r = engine_set_ssm_range(
		s->rig.engine, s->family,
		rig_addr(s->family == ENGINE_IPV4 ? "ff3e::" : "232.0.0.0"), 8,
		s->rig.now);
	tap_expect(s->tap, r == -EINVAL, "another family: %d", r);
	set(s, 1, "P", "EX{}");
	set(s, 1, "G", "EX{}");
	twice(s, "* TO_EX(G){}");
}

/*
 * Lightweight hosts
 */

static void lightweight_changes(struct script *s)
{
	set_tunable(s, ENGINE_LIGHTWEIGHT, 1);
	set(s, 1, "G", "IN{a,b}");
	twice(s, "* ALLOW(G){a,b}");
	set(s, 1, "G", "IN{b,c}");
	twice(s, "* ALLOW(G){c} BLOCK(G){a}");
	set(s, 1, "G", "EX{c}");
	twice(s, "* TO_EX(G){}");
	merged(s, "G", "EX{c}");
	set(s, 1, "G", "EX{a,b}");
	quiet(s);
	set(s, 2, "G", "IN{a}");
	quiet(s);
	set(s, 1, "G", "NONE");
	twice(s, "* TO_IN(G){a}");
	set(s, 1, "G", "EX{}");
	set(s, 2, "G", "NONE");
	twice(s, "* TO_EX(G){}");
	set(s, 1, "G", "NONE");
	twice(s, "* TO_IN(G){}");
}

static void lightweight_answers(struct script *s)
{
	set_tunable(s, ENGINE_LIGHTWEIGHT, 1);
	set(s, 1, "G", "EX{a}");
	set(s, 1, "H", "IN{a,b}");
	settle(s);
	ask(s, 1000, NULL, NULL);
	in_ms(s, 1000, "* TO_EX(G){} ALLOW(H){a,b}");
	ask(s, 1000, "G", NULL);
	in_ms(s, 1000, "* TO_EX(G){}");
	ask(s, 1000, "H", NULL);
	in_ms(s, 1000, "* ALLOW(H){a,b}");
	ask(s, 1000, "H", "b,c");
	in_ms(s, 1000, "* ALLOW(H){b}");
	ask(s, 1000, "H", "c");
	in_ms(s, 1000, "");
	ask(s, 1000, "G", "b");
	in_ms(s, 1000, "* TO_EX(G){}");
	quiet(s);
}

static void lightweight_ssm(struct script *s)
{
	set_tunable(s, ENGINE_LIGHTWEIGHT, 1);
	set(s, 1, "P", "EX{}");
	quiet(s);
	set(s, 1, "P", "IN{a}");
	twice(s, "* ALLOW(P){a}");
	set(s, 1, "P", "EX{b}");
	twice(s, "* BLOCK(P){a}");
	ask(s, 1000, NULL, NULL);
	in_ms(s, 1000, "");
	set(s, 1, "P", "NONE");
	quiet(s);
}

static void lightweight_from_now_on(struct script *s)
{
	set(s, 1, "G", "EX{a}");
	set(s, 1, "H", "IN{a}");
	set(s, 1, "P", "EX{a}");
	settle(s);
	set_tunable(s, ENGINE_LIGHTWEIGHT, 1);
	twice(s, "* TO_EX(G){}");
	set_tunable(s, ENGINE_LIGHTWEIGHT, 1);
	quiet(s);
	set_tunable(s, ENGINE_LIGHTWEIGHT, 0);
	twice(s, "* TO_EX(G){a}");
}

static const struct script_test tests[] = {
	{ "who excludes in the source-specific range is not told of [R-SSM-1, R-SSM-2]",
	  exclude_is_not_told },
	{ "who includes there is told of, whoever excludes beside it [R-SSM-1, R-SSM-4]",
	  include_beside_exclude },
	{ "a change of mode is told by ALLOW and BLOCK there [R-SSM-1, R-SSM-4]",
	  change_of_mode },
	{ "queries are answered with IS_IN there, or not at all [R-SSM-1, R-SSM-4]",
	  answers },
	{ "both kinds of groups share a report [R-SSM-4]", one_report },
	{ "older versions report any membership there [R-SSM-4]", older_versions },
	{ "an older query for a source-specific group is told of and answered "
	  "[R-SSM-4, R-CMP-6]",
	  older_query },
	{ "the range is 232.0.0.0/8 and ff3x::/32 [R-SSM-3]", iana_range },
	{ "a range that is set tells anew what moves into it or out of it [R-SSM-3, "
	  "R-SSM-4]",
	  other_range },
	{ "a range may be one group, or two [R-SSM-3]", exact_range },
	{ "a range may be wide [R-SSM-3]", wide_range },
	{ "there may be no such range [R-SSM-3]", no_range },
	{ "a range is taken back to 232.0.0.0/8 and ff3x::/32 [R-SSM-3]", reset_range },
	{ "what is no multicast prefix is refused [R-SSM-3]", bad_range },
	{ "so is one that is shorter than 4 bits of IPv4, 8 of IPv6 [R-SSM-3]",
	  short_range },
	{ "a lightweight host excludes nobody [R-LW-1, R-LW-2]", lightweight_changes },
	{ "it answers with TO_EX({}) and ALLOW [R-LW-1]", lightweight_answers },
	{ "it tells nothing but ALLOW and BLOCK in the source-specific range [R-LW-2]",
	  lightweight_ssm },
	{ "a host that becomes one tells its EXCLUDE filters anew [R-LW-2]",
	  lightweight_from_now_on },
};

int main(void)
{
	struct tap tap = { 0 };

	script_run(&tap, tests, sizeof(tests) / sizeof(tests[0]));
	return tap_finish(&tap);
}
