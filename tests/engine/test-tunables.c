/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables of tunables, counters and events, what the limits do, and how much memory a
 * state takes.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

#define N_STATES 100000u
#define N_EACH   10u /* states a group */

struct expected {
	const char *name;
	uint64_t value;
};

static const struct expected defaults[ENGINE_TUNABLES] = {
	{ "sendwithra", 1 },      { "dropwithnora", 0 },
	{ "dropwithbadttl", 0 },  { "maxsrcfilter", 128 },
	{ "somaxsrc", 64 },       { "always_v3", 0 },
	{ "igmp_version", 0 },    { "mld_version", 0 },
	{ "robustness", 2 },      { "unsolicited_interval", 1000 },
	{ "older_interval", 0 },  { "linklocal", 1 },
	{ "always_leave", 0 },    { "lightweight", 0 },
	{ "maxquerysrc", 128 },   { "maxrecorded", 65536 },
	{ "maxgroups", 1048576 },
};

/* KAME's, in its order. */
static const char *const kame[] = {
	"rcv_total",      "rcv_tooshort",   "rcv_toolong",      "rcv_badsum",
	"rcv_badttl",     "rcv_nora",       "rcv_v1_queries",   "rcv_v2_queries",
	"rcv_v3_queries", "rcv_badqueries", "rcv_query_fails",  "rcv_reports",
	"rcv_badreports", "rcv_ourreports", "snd_v1v2_reports", "snd_v3_reports",
};
#define N_KAME (sizeof(kame) / sizeof(kame[0]))

static bool is_name(const char *name)
{
	if (!islower((unsigned char)*name))
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

/* A sentence without a full stop. */
static bool is_sentence(const char *text)
{
	size_t len = strlen(text);

	return len > 8 && text[len - 1] != '.' && !strchr(text, '\n');
}

static void test_tunable_table(struct tap *tap)
{
	for (unsigned int i = 0; i < ENGINE_TUNABLES; i++) {
		const struct engine_tunable_info *info = engine_get_tunable_info(i);

		tap_expect(tap, info->tunable == (enum engine_tunable)i, "%s: order",
			   info->name);
		tap_expect(tap, !strcmp(info->name, defaults[i].name), "%s, not %s",
			   info->name, defaults[i].name);
		tap_expect(tap, info->value == defaults[i].value, "%s: default",
			   info->name);
		tap_expect(tap, info->min <= info->value && info->value <= info->max,
			   "%s: range", info->name);
		tap_expect(tap, is_name(info->name) && *info->unit, "%s: name, unit",
			   info->name);
		tap_expect(tap, is_sentence(info->help), "%s: help", info->name);
	}
	tap_expect(tap, !engine_get_tunable_info(ENGINE_TUNABLES), "the end");
	tap_end(tap, "tunables have their defaults before anybody says otherwise "
		     "[S-V3-12, S-V3-41]");
}

static void test_ranges(struct tap *tap)
{
	struct rig rig;

	rig_init(&rig, 1);
	for (unsigned int i = 0; i < ENGINE_TUNABLES; i++) {
		const struct engine_tunable_info *info = engine_get_tunable_info(i);
		enum engine_tunable t = info->tunable;

		tap_expect(tap, engine_get_tunable(rig.engine, t) == info->value,
			   "%s: in force", info->name);
		tap_expect(tap, !engine_set_tunable(rig.engine, t, info->min, rig.now),
			   "%s: the least", info->name);
		tap_expect(tap, !engine_set_tunable(rig.engine, t, info->max, rig.now),
			   "%s: the most", info->name);
		tap_expect(tap,
			   engine_set_tunable(rig.engine, t, info->max + 1, rig.now) ==
				   -ERANGE,
			   "%s: too much", info->name);
		tap_expect(tap,
			   engine_set_tunable(rig.engine, t, info->min - 1, rig.now) ==
				   -ERANGE,
			   "%s: too little", info->name);
		tap_expect(tap, engine_get_tunable(rig.engine, t) == info->max,
			   "%s: kept", info->name);
	}
	tap_expect(tap,
		   engine_set_tunable(rig.engine, (enum engine_tunable)ENGINE_TUNABLES, 0,
				      rig.now) == -EINVAL,
		   "no such tunable");
	rig_fini(&rig, tap);
	tap_end(tap, "a tunable keeps its value when one out of range is refused");
}

static void test_limits_minimum(struct tap *tap)
{
	struct rig rig;

	rig_init(&rig, 1);
	tap_expect(tap, engine_set_tunable(rig.engine, ENGINE_SOMAXSRC, 63, 0) == -ERANGE,
		   "63 a socket");
	tap_expect(tap,
		   engine_set_tunable(rig.engine, ENGINE_MAXSRCFILTER, 63, 0) == -ERANGE,
		   "63 an interface");
	tap_expect(tap, rig_set(&rig, 1, "239.1.1.1", "IN{10.1.0.0+64}") == 0, "64");
	rig_fini(&rig, tap);
	tap_end(tap, "no limit on sources can be lower than 64 [R-MRG-2]");
}

static void test_somaxsrc(struct tap *tap)
{
	struct rig rig;
	size_t n_used;

	rig_init(&rig, 1);
	n_used = rig.n_used;
	tap_expect(tap, rig_set(&rig, 1, "239.1.1.1", "IN{10.1.0.0+65}") == -ENOBUFS,
		   "65 included");
	tap_expect(tap, rig_set(&rig, 1, "239.1.1.1", "EX{10.1.0.0+65}") == -ENOBUFS,
		   "65 excluded");
	rig_expect_now(&rig, tap, "a refused one", "");
	tap_expect(tap, rig.n_used == n_used, "nothing is kept");
	rig_set(&rig, 1, "239.1.1.1", "IN{10.1.0.0+64}");
	rig_expect_now(&rig, tap, "64", "v3 ALLOW(239.1.1.1){10.1.0.0+64}");
	engine_set_tunable(rig.engine, ENGINE_SOMAXSRC, 65, rig.now);
	rig_set(&rig, 1, "239.1.1.1", "IN{10.1.0.0+65}");
	rig_expect_now(&rig, tap, "one more", "v3 ALLOW(239.1.1.1){10.1.0.0+65}");
	rig_fini(&rig, tap);
	tap_end(tap, "a socket names 64 sources, one more is refused and changes nothing "
		     "[S-V3-9, R-MRG-2, B-9, B-10]");
}

static void test_maxsrcfilter(struct tap *tap)
{
	struct rig rig;

	rig_init(&rig, 1);
	rig_set(&rig, 1, "239.1.1.1", "IN{10.1.0.0+64}");
	tap_expect(tap, rig_set(&rig, 2, "239.1.1.1", "IN{10.2.0.0+64}") == 0, "128");
	rig_run(&rig, 5 * ENGINE_SECOND);
	rig_clear(&rig);
	tap_expect(tap, rig_set(&rig, 3, "239.1.1.1", "IN{10.3.0.0}") == -ENOBUFS, "129");
	tap_expect(tap, rig_set(&rig, 3, "239.1.1.1", "IN{10.1.0.0}") == 0, "shared");
	tap_expect(tap, rig_set(&rig, 3, "239.1.1.2", "IN{10.3.0.0+64}") == 0,
		   "another group");
	rig_expect_now(&rig, tap, "no more", "v3 ALLOW(239.1.1.2){10.3.0.0+64}");
	rig_fini(&rig, tap);
	tap_end(tap, "a group has 128 sources on an interface, one more is refused "
		     "[S-V3-8, B-9, B-10]");
}

static void test_lowered(struct tap *tap)
{
	struct rig rig;
	char *text;

	rig_init(&rig, 1);
	engine_set_tunable(rig.engine, ENGINE_SOMAXSRC, 100, rig.now);
	rig_set(&rig, 1, "239.1.1.1", "IN{10.1.0.0+100}");
	engine_set_tunable(rig.engine, ENGINE_SOMAXSRC, 64, rig.now);
	engine_set_tunable(rig.engine, ENGINE_MAXSRCFILTER, 64, rig.now);
	text = rig_get_on(&rig, RIG_IFINDEX, "239.1.1.1");
	tap_expect(tap, !strcmp(text, "IN{10.1.0.0+100}"), "%s stays", text);
	free(text);
	tap_expect(tap, rig_set(&rig, 1, "239.1.1.1", "IN{10.1.0.0+99}") == -ENOBUFS,
		   "99 are too many now");
	tap_expect(tap, rig_set(&rig, 1, "239.1.1.1", "IN{10.1.0.0+64}") == 0, "64");
	tap_expect(tap, rig_set(&rig, 1, "239.1.1.1", "NONE") == 0, "it can leave");
	rig_fini(&rig, tap);
	tap_end(tap, "filters that exceed a lowered limit stay");
}

static void test_maxgroups(struct tap *tap)
{
	struct rig rig;

	rig_init(&rig, 1);
	engine_set_tunable(rig.engine, ENGINE_MAXGROUPS, 2, rig.now);
	rig_set(&rig, 1, "239.1.1.1", "EX{}");
	rig_set(&rig, 1, "ff15::1", "EX{}");
	tap_expect(tap, rig_set(&rig, 1, "239.1.1.2", "EX{}") == -ENOBUFS, "the third");
	tap_expect(tap, rig_set(&rig, 2, "239.1.1.1", "EX{}") == 0, "another socket");
	rig_set(&rig, 1, "ff15::1", "NONE");
	tap_expect(tap, rig_set(&rig, 1, "239.1.1.2", "EX{}") == -ENOBUFS,
		   "while a leave is not told yet");
	rig_run(&rig, 5 * ENGINE_SECOND);
	tap_expect(tap, rig_set(&rig, 1, "239.1.1.2", "EX{}") == 0, "then there is room");
	rig_fini(&rig, tap);
	tap_end(tap, "groups are limited, with those whose leave is still to be told "
		     "[R-SEC-1]");
}

static void test_robustness(struct tap *tap)
{
	struct rig rig;

	rig_init(&rig, 1);
	for (unsigned int n = 2; n <= 7; n++) {
		engine_set_tunable(rig.engine, ENGINE_ROBUSTNESS, n, rig.now);
		rig_set(&rig, 1, "239.1.1.1", n % 2 ? "NONE" : "EX{}");
		rig_run(&rig, 10 * ENGINE_SECOND);
		tap_expect(tap, rig.n_lines == n, "%u times, not %zu", n, rig.n_lines);
		rig_clear(&rig);
	}
	rig_fini(&rig, tap);
	tap_end(tap, "a change is told as often as the tunable says [R-CHG-4]");
}

static void test_interval(struct tap *tap)
{
	struct rig rig;
	uint64_t longest = 0;

	rig_init(&rig, 1);
	engine_set_tunable(rig.engine, ENGINE_UNSOLICITED_INTERVAL, 20, rig.now);
	for (unsigned int i = 0; i < 100; i++) {
		uint64_t gap;

		rig_set(&rig, 1, "239.1.1.1", i % 2 ? "NONE" : "EX{}");
		rig_run(&rig, ENGINE_SECOND);
		gap = rig.lines[1].when - rig.lines[0].when;
		longest = gap > longest ? gap : longest;
		tap_expect(tap, rig.n_lines == 2 && gap > 0, "twice");
		rig_clear(&rig);
	}
	tap_expect(tap, longest <= 20 * RIG_MS && longest > 15 * RIG_MS,
		   "a gap of %llu us", (unsigned long long)longest);
	rig_fini(&rig, tap);
	tap_end(tap, "reports of a change are as far apart as the tunable says, or less "
		     "[R-CHG-4, S-V3-33]");
}

static void test_counter_table(struct tap *tap)
{
	for (unsigned int i = 0; i < ENGINE_COUNTERS; i++) {
		const struct engine_counter_info *info = engine_get_counter_info(i);

		tap_expect(tap, info->counter == (enum engine_counter)i, "%s: order",
			   info->name);
		tap_expect(tap, is_name(info->name) && is_sentence(info->help),
			   "%s: name, help", info->name);
		tap_expect(tap, info->is_gauge == (i >= ENGINE_MEMORY_MSFILTER),
			   "%s: gauge", info->name);
		for (unsigned int j = 0; j < i; j++)
			tap_expect(tap,
				   strcmp(engine_get_counter_info(j)->name, info->name),
				   "%s: twice", info->name);
	}
	for (unsigned int i = 0; i < N_KAME; i++)
		tap_expect(tap, !strcmp(engine_get_counter_info(i)->name, kame[i]),
			   "%s is there", kame[i]);
	tap_expect(tap, !engine_get_counter_info(ENGINE_COUNTERS), "the end");
	tap_end(tap, "counters have the names that they had, each its own "
		     "[S-V3-3, S-IGMP-40]");
}

static void test_events(struct tap *tap)
{
	static const enum engine_event events[] = {
		ENGINE_VERSION_CHANGED,
		ENGINE_OLD_SSM_QUERY,
		ENGINE_BAD_QUERY_SOURCE,
		ENGINE_RECORDING_FULL,
	};

	for (unsigned int i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		tap_expect(tap, is_sentence(engine_describe_event(events[i])), "%s",
			   engine_describe_event(events[i]));
	tap_expect(tap, is_sentence(engine_describe_event((enum engine_event)99)),
		   "even one that is not known");
	tap_end(tap, "every event is described by a sentence");
}

/*
 * Memory
 */

static uint64_t get_memory(const struct rig *rig)
{
	return engine_get_counter(rig->engine, ENGINE_MEMORY_MSFILTER) +
	       engine_get_counter(rig->engine, ENGINE_MEMORY_MOPTIONS) +
	       engine_get_counter(rig->engine, ENGINE_MEMORY_OTHER);
}

/* n sources from first on. */
static void join(struct rig *rig, uint32_t group, uint64_t socket, uint32_t first,
		 uint32_t n)
{
	struct addr sources[N_EACH];
	struct filter filter = { FILTER_INCLUDE, { n, sources } };

	for (uint32_t i = 0; i < n; i++)
		sources[i] = addr_from_ipv4(0x0a000000 + first + i);
	if (engine_set_filter(rig->engine, RIG_IFINDEX, socket,
			      addr_from_ipv4(0xef010000 + group), &filter, rig->now))
		tap_bail_out("group %u cannot be joined", group);
}

/* Every group has N_EACH states, of as many sockets. */
static void test_memory_of(struct tap *tap, uint32_t n_sockets)
{
	uint32_t n_sources = N_EACH / n_sockets;
	uint64_t limit = 96ull * N_STATES;
	struct rig rig;

	rig_init(&rig, 1);
	for (uint32_t group = 0; group < N_STATES / N_EACH; group++) {
		for (uint32_t i = 0; i < n_sockets; i++)
			join(&rig, group, i, i * n_sources, n_sources);
	}
	rig_run(&rig, 10 * ENGINE_SECOND);
	tap_expect(tap, get_memory(&rig) == rig.n_used, "%llu bytes, not %zu",
		   (unsigned long long)get_memory(&rig), rig.n_used);
	tap_expect(tap, get_memory(&rig) <= limit, "%llu bytes",
		   (unsigned long long)get_memory(&rig));
	for (uint32_t group = 0; group < N_STATES / N_EACH; group++) {
		for (uint32_t i = 0; i < n_sockets; i++)
			join(&rig, group, i, 0, 0);
	}
	rig_run(&rig, 10 * ENGINE_SECOND);
	tap_expect(tap, !engine_get_counter(rig.engine, ENGINE_MEMORY_MSFILTER),
		   "no source is left");
	tap_expect(tap, !engine_get_counter(rig.engine, ENGINE_MEMORY_MOPTIONS),
		   "no filter is left");
	rig_fini(&rig, tap);
}

static void test_memory(struct tap *tap)
{
	test_memory_of(tap, 1);
	test_memory_of(tap, N_EACH);
	tap_end(tap, "100,000 states take 96 bytes each at most, and say so [S-V3-11]");
}

int main(void)
{
	struct tap tap = { 0 };

	test_tunable_table(&tap);
	test_ranges(&tap);
	test_limits_minimum(&tap);
	test_somaxsrc(&tap);
	test_maxsrcfilter(&tap);
	test_lowered(&tap);
	test_maxgroups(&tap);
	test_robustness(&tap);
	test_interval(&tap);
	test_counter_table(&tap);
	test_events(&tap);
	test_memory(&tap);
	return tap_finish(&tap);
}
