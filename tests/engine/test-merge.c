/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the filters of sockets to that of the interface: RFC 9776 2 to 3.2, RFC 9777 3 to
 * 4.2.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

static void replaces(struct script *s)
{
	set(s, 1, "G", "IN{a,b}");
	twice(s, "* ALLOW(G){a,b}");
	set(s, 1, "G", "IN{c}");
	twice(s, "* ALLOW(G){c} BLOCK(G){a,b}");
	merged(s, "G", "IN{c}");
}

static void joins_and_leaves(struct script *s)
{
	set(s, 1, "G", "EX{}");
	merged(s, "G", "EX{}");
	twice(s, "* TO_EX(G){}");
	set(s, 1, "G", "IN{}");
	merged(s, "G", "NONE");
	twice(s, "* TO_IN(G){}");
}

static void ends_by_none(struct script *s)
{
	set(s, 1, "G", "IN{a}");
	twice(s, "* ALLOW(G){a}");
	set(s, 1, "G", "NONE");
	merged(s, "G", "NONE");
	twice(s, "* BLOCK(G){a}");
}

static void ignores_leave_without_state(struct script *s)
{
	size_t n_used = s->rig.n_used;

	set(s, 1, "G", "IN{}");
	set(s, 1, "G", "NONE");
	quiet(s);
	merged(s, "G", "NONE");
	tap_expect(s->tap, s->rig.n_used == n_used, "it has taken memory");
	tap_expect(s->tap, get_status(s).n_groups == 0, "there is a group");
}

static void keeps_sockets_apart(struct script *s)
{
	set(s, 1, "G", "IN{a}");
	set(s, 2, "G", "IN{b}");
	set(s, 1, "H", "IN{c}");
	settle(s);
	set(s, 1, "G", "IN{}");
	twice(s, "* BLOCK(G){a}");
	merged(s, "G", "IN{b}");
	merged(s, "H", "IN{c}");
}

/* The numbers of sockets are 64 bits, all of them. */
static void takes_any_socket(struct script *s)
{
	set(s, 0, "G", "IN{a}");
	set(s, UINT64_MAX, "G", "IN{b}");
	set(s, 1ull << 32, "G", "IN{c}");
	merged(s, "G", "IN{a,b,c}");
	set(s, 0, "G", "IN{}");
	merged(s, "G", "IN{b,c}");
	settle(s);
}

static void limits_a_socket(struct script *s)
{
	set(s, 1, "G", "IN{L+64}");
	now(s, "* ALLOW(G){L+64}");
	settle(s);
	set_fails(s, 1, "G", "IN{L+65}", -ENOBUFS);
	merged(s, "G", "IN{L+64}");
	set_fails(s, 2, "G", "EX{L+65}", -ENOBUFS);
	merged(s, "G", "IN{L+64}");
	set_fails(s, 2, "H", "EX{L+65}", -ENOBUFS);
	merged(s, "H", "NONE");
	quiet(s);
}

static void limits_a_group(struct script *s)
{
	set(s, 1, "G", "IN{L+64}");
	set(s, 2, "G", "IN{a,b,c}");
	set_tunable(s, ENGINE_SOMAXSRC, 128);
	set(s, 1, "G", "IN{L+125}");
	settle(s);
	set_fails(s, 1, "G", "IN{L+126}", -ENOBUFS);
	set_fails(s, 3, "G", "IN{d}", -ENOBUFS);
	quiet(s);
	set(s, 3, "G", "IN{a}");
	quiet(s);
	set_tunable(s, ENGINE_MAXSRCFILTER, 129);
	set(s, 3, "G", "IN{d}");
	twice(s, "* ALLOW(G){d}");
}

/* A leave that is still told takes no room of those who want something. */
static void leaves_do_not_count(struct script *s)
{
	set(s, 1, "G", "IN{L+64}");
	set(s, 2, "G", "IN{a+64}");
	settle(s);
	set(s, 2, "G", "NONE");
	now(s, "* BLOCK(G){a+64}");
	set(s, 2, "G", s->family == ENGINE_IPV4 ? "IN{10.3.0.0+64}" : "IN{fd03::+64}");
	rig_pull(&s->rig);
	rig_expect(&s->rig, s->tap, "others",
		   script_name(s, s->family == ENGINE_IPV4
					  ? "* ALLOW(G){10.3.0.0+64} BLOCK(G){a+64}"
					  : "* ALLOW(G){fd03::+64}\n* BLOCK(G){a+64}"));
	settle(s);
}

static void refuses_low_limits(struct script *s)
{
	struct engine *engine = s->rig.engine;
	enum engine_tunable limits[] = { ENGINE_SOMAXSRC, ENGINE_MAXSRCFILTER };

	tap_expect(s->tap, engine_get_tunable(engine, ENGINE_SOMAXSRC) == 64, "somaxsrc");
	tap_expect(s->tap, engine_get_tunable(engine, ENGINE_MAXSRCFILTER) == 128,
		   "maxsrcfilter");
	for (int i = 0; i < 2; i++) {
		uint64_t before = engine_get_tunable(engine, limits[i]);
		int r = engine_set_tunable(engine, limits[i], 63, s->rig.now);

		tap_expect(s->tap, r == -ERANGE, "63: %d", r);
		tap_expect(s->tap, engine_get_tunable(engine, limits[i]) == before,
			   "it has changed");
	}
}

static void lowered_limit_keeps(struct script *s)
{
	set_tunable(s, ENGINE_SOMAXSRC, 100);
	set(s, 1, "G", "IN{L+100}");
	settle(s);
	set_tunable(s, ENGINE_SOMAXSRC, 64);
	merged(s, "G", "IN{L+100}");
	quiet(s);
	set_fails(s, 1, "G", "IN{L+99}", -ENOBUFS);
	set(s, 1, "G", "IN{L+64}");
	merged(s, "G", "IN{L+64}");
	settle(s);
}

static void rfc_exclude(struct script *s)
{
	set(s, 1, "G", "EX{a,b,c,d}");
	twice(s, "* TO_EX(G){a,b,c,d}");
	set(s, 2, "G", "EX{b,c,d,e}");
	merged(s, "G", "EX{b,c,d}");
	twice(s, "* ALLOW(G){a}");
	set(s, 3, "G", "IN{d,e,f}");
	merged(s, "G", "EX{b,c}");
	twice(s, "* ALLOW(G){d}");
	set(s, 4, "G", "EX{}");
	merged(s, "G", "EX{}");
	twice(s, "* ALLOW(G){b,c}");
	set(s, 4, "G", "IN{}");
	merged(s, "G", "EX{b,c}");
	twice(s, "* BLOCK(G){b,c}");
}

static void rfc_last_exclude(struct script *s)
{
	set(s, 1, "G", "EX{a,b,c,d}");
	set(s, 2, "G", "EX{b,c,d,e}");
	set(s, 3, "G", "IN{d,e,f}");
	twice(s, "* TO_EX(G){b,c}");
	set(s, 1, "G", "IN{}");
	merged(s, "G", "EX{b,c}");
	quiet(s);
	set(s, 2, "G", "IN{}");
	merged(s, "G", "IN{d,e,f}");
	twice(s, "* TO_IN(G){d,e,f}");
}

static void rfc_include(struct script *s)
{
	set(s, 1, "G", "IN{a,b,c}");
	twice(s, "* ALLOW(G){a,b,c}");
	set(s, 2, "G", "IN{b,c,d}");
	merged(s, "G", "IN{a,b,c,d}");
	twice(s, "* ALLOW(G){d}");
	set(s, 3, "G", "IN{e,f}");
	merged(s, "G", "IN{a,b,c,d,e,f}");
	twice(s, "* ALLOW(G){e,f}");
}

static void no_state(struct script *s)
{
	enum filter_mode mode = FILTER_EXCLUDE;
	struct addr group = { 0 };
	uint32_t n = 0;
	int r;

	set(s, 1, "G", "IN{a}");
	settle(s);
	set(s, 1, "G", "IN{}");
	r = engine_get_filter(s->rig.engine, RIG_IFINDEX, rig_addr(script_name(s, "G")),
			      &mode, NULL, &n);
	tap_expect(s->tap, r == -ENOENT, "the filter: %d", r);
	r = engine_next_group(s->rig.engine, RIG_IFINDEX, s->family, &group);
	tap_expect(s->tap, r == -ENOENT, "the walk: %d", r);
	tap_expect(s->tap, get_status(s).n_groups == 1, "the leave is not awaited");
	twice(s, "* BLOCK(G){a}");
	tap_expect(s->tap, get_status(s).n_groups == 0, "the group stays");
}

static void walks(struct script *s)
{
	const char *names[] = { "G", "H", "J" };
	struct addr group = { 0 };
	unsigned int seen = 0, n = 0;

	for (uint64_t i = 0; i < 3; i++)
		set(s, i, names[i], "EX{}");
	set(s, 9, "K", "EX{}");
	settle(s);
	set(s, 9, "K", "IN{}");
	ask(s, 10000, NULL, NULL);
	while (engine_next_group(s->rig.engine, RIG_IFINDEX, s->family, &group) == 0) {
		for (unsigned int i = 0; i < 3; i++) {
			if (addr_equal(group, rig_addr(script_name(s, names[i]))))
				seen |= 1u << i;
		}
		n++;
	}
	tap_expect(s->tap, n == 3 && seen == 7, "%u groups, %x", n, seen);
	settle(s);
}

static void unchanged(struct script *s)
{
	set(s, 1, "G", "EX{a,b}");
	set(s, 2, "G", "EX{b,c}");
	settle(s);
	set(s, 1, "G", "EX{a,b}");
	quiet(s);
	set(s, 1, "G", "EX{b,d}");
	merged(s, "G", "EX{b}");
	quiet(s);
	set(s, 3, "G", "IN{a}");
	set(s, 4, "G", "EX{a,b,c}");
	quiet(s);
	set(s, 3, "G", "IN{}");
	set(s, 4, "G", "NONE");
	quiet(s);
	merged(s, "G", "EX{b}");
}

static void unchanged_include(struct script *s)
{
	set(s, 1, "G", "IN{a,b}");
	settle(s);
	set(s, 2, "G", "IN{b}");
	set(s, 3, "G", "IN{a}");
	quiet(s);
	set(s, 1, "G", "IN{}");
	merged(s, "G", "IN{a,b}");
	quiet(s);
}

static void include_stays_include(struct script *s)
{
	set(s, 1, "G", "IN{L+64}");
	set(s, 2, "G", "IN{a+64}");
	settle(s);
	set(s, 3, "G", "IN{z}");
	quiet(s);
	set_fails(s, 4, "G", "IN{L+65}", -ENOBUFS);
	set_tunable(s, ENGINE_SOMAXSRC, 256);
	set_fails(s, 4, "G", "IN{L+65}", -ENOBUFS);
	set_fails(s, 4, "G", "IN{L+256}", -ENOBUFS);
	merged(s, "G", "IN{a+64,L+64}");
	quiet(s);
}

/* Sources that the filters of the family may not have. */
static void refuses(struct script *s)
{
	const char *bad[] = { "IN{a,G}", "EX{G}", "IN{0.0.0.0}", "IN{::}",
			      s->family == ENGINE_IPV4 ? "IN{fd00::1}" : "IN{10.0.0.1}" };

	set(s, 1, "G", "IN{a}");
	settle(s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set_fails(s, 1, "G", bad[i], -EINVAL);
		merged(s, "G", "IN{a}");
		set_fails(s, 1, "H", bad[i], -EINVAL);
	}
	set_fails(s, 1, "a", "EX{}", -EINVAL);
	tap_expect(s->tap,
		   rig_set_on(&s->rig, RIG_IFINDEX + 1, 1, script_name(s, "G"), "EX{}") ==
			   -ENODEV,
		   "an unknown interface");
	quiet(s);
	tap_expect(s->tap, get_status(s).n_groups == 1, "more than one group");
}

/* Each allocation of a change fails in turn, until there is none that fails. */
static void survives(struct script *s, const char *before, const char *after)
{
	char *old = NULL;
	int r = -ENOMEM;

	for (size_t i = 1; r == -ENOMEM && i < 100; i++) {
		set(s, 1, "G", before);
		settle(s);
		free(old);
		old = rig_get_on(&s->rig, RIG_IFINDEX, script_name(s, "G"));
		s->rig.fails_at = s->rig.n_calls + i;
		r = rig_set(&s->rig, 2, script_name(s, "G"), script_name(s, after));
		s->rig.fails_at = 0;
		if (r == -ENOMEM) {
			merged(s, "G", old);
			quiet(s);
		}
	}
	tap_expect(s->tap, r == 0, "%s never works: %d", after, r);
	set(s, 2, "G", "NONE");
	set(s, 1, "G", "NONE");
	settle(s);
	free(old);
}

static void runs_out_of_memory(struct script *s)
{
	survives(s, "NONE", "EX{}");
	survives(s, "NONE", "IN{a,b}");
	survives(s, "IN{a}", "IN{b,c}");
	survives(s, "IN{a}", "EX{a,c}");
	survives(s, "EX{a,b}", "EX{b,c}");
	survives(s, "EX{a,b}", "IN{a}");
}

static void reports_in_spite_of_memory(struct script *s)
{
	size_t n_calls;

	set(s, 1, "G", "IN{a,b}");
	set(s, 2, "G", "EX{c}");
	n_calls = s->rig.n_calls;
	settle(s);
	set_tunable(s, ENGINE_ROBUSTNESS, 3);
	ask(s, 1000, NULL, NULL);
	in_ms(s, 1000, "* IS_EX(G){c}");
	tap_expect(s->tap, s->rig.n_calls == n_calls, "sending takes memory");
	s->rig.fails_at = s->rig.n_calls + 1;
	set(s, 2, "G", "NONE");
	now(s, "* TO_IN(G){a,b}");
	in_ms(s, 2000, "* TO_IN(G){a,b}\n* TO_IN(G){a,b}");
	s->rig.fails_at = s->rig.n_calls + 1;
	set(s, 1, "G", "NONE");
	s->rig.fails_at = 0;
	now(s, "* BLOCK(G){a,b}");
	settle(s);
}

/* What its own filter does not let in: the querier's address. */
static void hears_queriers_in_spite_of_filters(struct script *s)
{
	set(s, 1, s->family == ENGINE_IPV4 ? "224.0.0.22" : "ff02::16", "IN{a}");
	set(s, 1, "G", s->family == ENGINE_IPV4 ? "EX{10.9.0.254}" : "EX{fe80::fe}");
	set(s, 2, "G", "EX{}");
	settle(s);
	set(s, 2, "G", "IN{}");
	settle(s);
	ask(s, 1000, "G", NULL);
	in_ms(s, 1000,
	      s->family == ENGINE_IPV4 ? "* IS_EX(G){10.9.0.254}"
				       : "* IS_EX(G){fe80::fe}");
	quiet(s);
}

static void never_tells(struct script *s)
{
	static const char *const silent[ENGINE_FAMILIES][5] = {
		{ "224.0.0.1" },
		{ "ff02::1", "ff00::1234", "ff01::1", "ff31::8000:1", "ff11::2" },
	};

	for (int i = 0; i < 5 && silent[s->family][i]; i++) {
		const char *group = silent[s->family][i];

		set(s, 1, group, "EX{}");
		merged(s, group, "EX{}");
		quiet(s);
		ask(s, 1000, NULL, NULL);
		ask(s, 1000, group, NULL);
		ask(s, 1000, group, "a,b");
		in_ms(s, 1000, "");
		quiet(s);
		set(s, 1, group, "EX{a}");
		set(s, 1, group, "IN{a,b}");
		quiet(s);
		merged(s, group, "IN{a,b}");
		ask(s, 1000, group, "a,b");
		in_ms(s, 1000, "");
		quiet(s);
		set(s, 1, group, "NONE");
		quiet(s);
		merged(s, group, "NONE");
	}
}

static void tells_all_others(struct script *s)
{
	static const char *const told[ENGINE_FAMILIES][6] = {
		{ "224.0.0.2", "224.0.0.22", "224.0.0.251", "224.0.1.1",
		  "239.255.255.255" },
		{ "ff02::2", "ff02::16", "ff02::1:ff00:1", "ff03::1", "ff05::1:3",
		  "ff02::1:1" },
	};

	for (int i = 0; i < 6 && told[s->family][i]; i++) {
		const char *group = told[s->family][i];
		char text[128];

		set(s, 1, group, "EX{}");
		snprintf(text, sizeof(text), "* TO_EX(%s){}", group);
		twice(s, text);
		ask(s, 1000, group, NULL);
		snprintf(text, sizeof(text), "* IS_EX(%s){}", group);
		in_ms(s, 1000, text);
		set(s, 1, group, "IN{}");
		snprintf(text, sizeof(text), "* TO_IN(%s){}", group);
		twice(s, text);
	}
}

/*
 * Any sockets against the definition, source by source.
 */

#define SOCKETS 5u
#define SOURCES 8u

struct model {
	bool is_member[SOCKETS], is_exclude[SOCKETS];
	unsigned int list[SOCKETS]; /* bits of sources */
};

static void write_bits(char *text, bool is_exclude, unsigned int bits)
{
	char *at = text + sprintf(text, "%s{", is_exclude ? "EX" : "IN");
	const char *comma = "";

	for (unsigned int i = 0; i < SOURCES; i++) {
		if (bits & 1u << i) {
			at += sprintf(at, "%s%c", comma, 'a' + (int)i);
			comma = ",";
		}
	}
	strcpy(at, "}");
}

/* RFC 9776 3.2 */
static void merge(const struct model *model, char *ret_text)
{
	unsigned int included = 0, excluded = (1u << SOURCES) - 1;
	bool is_exclude = false;

	for (unsigned int i = 0; i < SOCKETS; i++) {
		if (!model->is_member[i])
			continue;
		if (model->is_exclude[i])
			excluded &= model->list[i];
		else
			included |= model->list[i];
		is_exclude |= model->is_exclude[i];
	}
	if (!is_exclude && !included)
		strcpy(ret_text, "NONE");
	else
		write_bits(ret_text, is_exclude,
			   is_exclude ? excluded & ~included : included);
}

static uint32_t roll(uint64_t *state, uint32_t n)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33) % n;
}

static void change_any(struct script *s, struct model *model, uint64_t *state)
{
	unsigned int socket = roll(state, SOCKETS), bits = roll(state, 1u << SOURCES);
	char text[64];

	model->is_exclude[socket] = roll(state, 2) == 0;
	model->list[socket] = bits & roll(state, 1u << SOURCES);
	if (roll(state, 4) == 0) {
		model->is_exclude[socket] = false;
		model->list[socket] = 0;
	}
	model->is_member[socket] = model->is_exclude[socket] || model->list[socket];
	write_bits(text, model->is_exclude[socket], model->list[socket]);
	set(s, socket, "G", text);
}

static void merges_anything(struct script *s)
{
	char before[64] = "NONE", after[64];
	struct model model = { 0 };
	uint64_t state = 1;

	for (int i = 0; i < 2000; i++) {
		change_any(s, &model, &state);
		merge(&model, after);
		merged(s, "G", after);
		rig_pull(&s->rig);
		tap_expect(s->tap, s->rig.n_lines == (strcmp(before, after) ? 1 : 0),
			   "change %d, %s to %s: %zu packets", i, before, after,
			   s->rig.n_lines);
		settle(s);
		strcpy(before, after);
	}
}

static const struct script_test tests[] = {
	{ "a call replaces what the socket wanted [R-MRG-1]", replaces },
	{ "joining a group is EXCLUDE({}), leaving it INCLUDE({}) [R-MRG-1, R-CHG-10]",
	  joins_and_leaves },
	{ "no filter at all ends a membership, too [R-MRG-1]", ends_by_none },
	{ "leaving without a membership changes nothing and takes no memory [R-MRG-1]",
	  ignores_leave_without_state },
	{ "what a socket wants of one group says nothing about another, or another "
	  "socket [R-MRG-2, R-MRG-3]",
	  keeps_sockets_apart },
	{ "sockets are told apart by all 64 bits [R-MRG-2]", takes_any_socket },
	{ "64 sources a socket are taken, 65 are an error that changes nothing "
	  "[R-MRG-2, S-V3-9, B-9, B-10]",
	  limits_a_socket },
	{ "128 sources an interface and group are taken, 129 are an error that "
	  "changes nothing [R-MRG-2, R-MRG-11, S-V3-8, B-9, B-10]",
	  limits_a_group },
	{ "sources whose leave is still being told do not count [R-MRG-2, S-V3-8]",
	  leaves_do_not_count },
	{ "no limit on sources can be below 64 [R-MRG-2]", refuses_low_limits },
	{ "a filter that is there stays when a limit is lowered [R-MRG-2]",
	  lowered_limit_keeps },
	{ "EX{a,b,c,d}, EX{b,c,d,e} and IN{d,e,f} are EX{b,c}, with EX{} EX{} "
	  "[R-MRG-3, R-MRG-4, R-MRG-6]",
	  rfc_exclude },
	{ "without the sockets that exclude, those that include remain "
	  "[R-MRG-3, R-MRG-5, R-MRG-6]",
	  rfc_last_exclude },
	{ "IN{a,b,c}, IN{b,c,d} and IN{e,f} are united [R-MRG-3, R-MRG-5, R-MRG-6]",
	  rfc_include },
	{ "INCLUDE({}) is no state, though the leave is still to be told [R-MRG-7]",
	  no_state },
	{ "the walk shows each group that somebody wants once, answering or not "
	  "[R-MRG-7]",
	  walks },
	{ "changes of sockets that the merged filter does not show are not told "
	  "[R-MRG-13]",
	  unchanged },
	{ "who wants a source that others want already changes nothing "
	  "[R-MRG-13, S-MLD-27]",
	  unchanged_include },
	{ "too many included sources are an error, never EXCLUDE [R-MRG-11]",
	  include_stays_include },
	{ "bad sources, bad groups and unknown interfaces are refused [R-MRG-2]",
	  refuses },
	{ "a change for which there is no memory is refused and changes nothing "
	  "[R-MRG-11]",
	  runs_out_of_memory },
	{ "reports need no memory, and a leave works without [R-MRG-11]",
	  reports_in_spite_of_memory },
	{ "a filter that excludes the querier does not hide its queries [R-MRG-12]",
	  hears_queriers_in_spite_of_filters },
	{ "groups that no message may name are kept and never told or answered [R-MRG-9]",
	  never_tells },
	{ "all other groups are told, those of the link, too [R-MRG-9, S-V3-29]",
	  tells_all_others },
	{ "2,000 changes of five sockets are merged as defined, and told where they show "
	  "[R-MRG-3, R-MRG-4, R-MRG-5, R-MRG-13]",
	  merges_anything },
};

int main(void)
{
	struct tap tap = { 0 };

	script_run(&tap, tests, sizeof(tests) / sizeof(tests[0]));
	return tap_finish(&tap);
}
