/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accounts: what was sent by kind, the limits on sources, and memory by what it is for.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "older.h"

#define GROUP  "239.1.1.1"
#define GROUP6 "ff15::1"

/*
 * What is sent
 */

/* What is sent of a life of both families in each version, all told. */
static void live(struct rig *rig, uint8_t version)
{
	older_force(rig, ENGINE_IPV4, version);
	older_force(rig, ENGINE_IPV6, version == 3 ? 2 : 1);
	for (int i = 0; i < 3; i++) {
		older_filter(rig, GROUP, "EX{}");
		older_filter(rig, GROUP6, i % 2 ? "EX{}" : "IN{fd09::1}");
		rig_run(rig, 11 * SECOND);
		older_general(rig, ENGINE_IPV4, version, 1000);
		older_general(rig, ENGINE_IPV6, version == 3 ? 2 : 1, 1000);
		rig_run(rig, 11 * SECOND);
		older_filter(rig, GROUP, "NONE");
		older_filter(rig, GROUP6, "NONE");
		rig_run(rig, 11 * SECOND);
	}
}

static void expect_sent(struct tap *tap, const struct rig *rig,
			enum engine_counter counter, size_t expected)
{
	tap_expect(tap, expected > 0, "none of them was sent");
	tap_expect(tap, older_count(rig, counter) == expected, "%s: %" PRIu64 ", not %zu",
		   engine_get_counter_info((unsigned int)counter)->name,
		   older_count(rig, counter), expected);
}

static void test_sent(struct tap *tap, struct rig *rig)
{
	/* The other way round the IGMPv1 querier would count still. */
	for (uint8_t version = 3; version >= 1; version--)
		live(rig, version);
	expect_sent(tap, rig, ENGINE_IGMP_SND_V1V2_REPORTS,
		    rig_count_like(rig, "v1 ") + rig_count_like(rig, "v2 "));
	expect_sent(tap, rig, ENGINE_IGMP_SND_V3_REPORTS, rig_count_like(rig, "v3 "));
	expect_sent(tap, rig, ENGINE_MLD_SND_V1_REPORTS,
		    rig_count_like(rig, "mld1 REPORT"));
	expect_sent(tap, rig, ENGINE_MLD_SND_V1_DONES, rig_count_like(rig, "mld1 DONE"));
	expect_sent(tap, rig, ENGINE_MLD_SND_V2_REPORTS, rig_count_like(rig, "mld2 "));
	tap_expect(tap, rig_count_like(rig, "v2 LEAVE") == 3, "three leaves");
}

/*
 * Names, limits and memory
 */

static void test_names(struct tap *tap, struct rig *rig)
{
	static const char *const kame[] = {
		"rcv_total",      "rcv_tooshort",   "rcv_toolong",      "rcv_badsum",
		"rcv_badttl",     "rcv_nora",       "rcv_v1_queries",   "rcv_v2_queries",
		"rcv_v3_queries", "rcv_badqueries", "rcv_query_fails",  "rcv_reports",
		"rcv_badreports", "rcv_ourreports", "snd_v1v2_reports", "snd_v3_reports",
	};

	for (unsigned int i = 0; i < sizeof(kame) / sizeof(kame[0]); i++) {
		tap_expect(tap, !strcmp(engine_get_counter_info(i)->name, kame[i]),
			   "%u is not %s", i, kame[i]);
		tap_expect(tap, older_count(rig, (enum engine_counter)i) == 0,
			   "%s does not begin with 0", kame[i]);
	}
}

/* The RFC's 64 of a socket, 128 of a group, and not one fewer (R-MRG-2). */
static void test_limits(struct tap *tap, struct rig *rig)
{
	rig_set(rig, 1, GROUP, "IN{10.1.0.0+64}");
	rig_set(rig, 2, GROUP, "IN{10.2.0.0+64}");
	rig_pull(rig);
	EXPECT_STEPS(tap, rig, rig->now, "128 sources",
		     { "v3 ALLOW(239.1.1.1){10.1.0.0+64,10.2.0.0+64}", 0, 0 });
	rig_run(rig, 11 * SECOND);
	rig_clear(rig);
	tap_expect(tap, rig_set(rig, 3, GROUP, "IN{10.3.0.0}") == -ENOBUFS, "129");
	tap_expect(tap, rig_set(rig, 1, GROUP, "IN{10.1.0.0+65}") == -ENOBUFS, "65");
	tap_expect(tap, rig_set(rig, 2, GROUP, "EX{10.1.0.0+65}") == -ENOBUFS, "EX 65");
	tap_expect(tap, rig_set(rig, 3, GROUP, "IN{10.2.0.63}") == 0, "one of them");
	rig_run(rig, 11 * SECOND);
	older_expect_silence(tap, rig, "what is refused");
	older_tune(rig, ENGINE_SOMAXSRC, 65);
	tap_expect(tap, rig_set(rig, 1, GROUP, "IN{10.1.0.0+65}") == -ENOBUFS, "129");
	older_tune(rig, ENGINE_MAXSRCFILTER, 129);
	tap_expect(tap, rig_set(rig, 1, GROUP, "IN{10.1.0.0+65}") == 0, "tuned");
}

static uint64_t get_memory(const struct rig *rig)
{
	return older_count(rig, ENGINE_MEMORY_MSFILTER) +
	       older_count(rig, ENGINE_MEMORY_MOPTIONS) +
	       older_count(rig, ENGINE_MEMORY_OTHER);
}

/* aside: the engine itself. */
static void expect_memory(struct tap *tap, const struct rig *rig, uint64_t aside,
			  const char *when)
{
	tap_expect(tap, get_memory(rig) + aside == rig->n_used,
		   "%s: %zu bytes, %" PRIu64 " of them counted", when, rig->n_used,
		   get_memory(rig));
}

static void test_memory(struct tap *tap, struct rig *rig)
{
	uint64_t aside = rig->n_used - get_memory(rig), msfilter, moptions;

	tap_expect(tap,
		   older_count(rig, ENGINE_MEMORY_MSFILTER) == 0 &&
			   older_count(rig, ENGINE_MEMORY_MOPTIONS) == 0,
		   "filters before there are any");
	rig_set(rig, 1, GROUP, "IN{10.1.0.0+10}");
	msfilter = older_count(rig, ENGINE_MEMORY_MSFILTER);
	moptions = older_count(rig, ENGINE_MEMORY_MOPTIONS);
	tap_expect(tap, msfilter >= 40 && moptions >= 40, "10 sources");
	expect_memory(tap, rig, aside, "10 sources");
	rig_set(rig, 2, GROUP, "IN{10.1.0.0+10}");
	tap_expect(tap, older_count(rig, ENGINE_MEMORY_MSFILTER) == msfilter,
		   "the interface has as many sources");
	tap_expect(tap, older_count(rig, ENGINE_MEMORY_MOPTIONS) > moptions,
		   "the sockets have more");
	expect_memory(tap, rig, aside, "two sockets");
	rig_set(rig, 1, GROUP6, "EX{fd01::1+64}");
	tap_expect(tap, older_count(rig, ENGINE_MEMORY_MSFILTER) > msfilter, "IPv6");
	expect_memory(tap, rig, aside, "two families");
	rig_set(rig, 1, GROUP, "NONE");
	rig_set(rig, 2, GROUP, "NONE");
	rig_set(rig, 1, GROUP6, "NONE");
	expect_memory(tap, rig, aside, "left");
	rig_run(rig, 11 * SECOND);
	tap_expect(tap,
		   older_count(rig, ENGINE_MEMORY_MSFILTER) == 0 &&
			   older_count(rig, ENGINE_MEMORY_MOPTIONS) == 0,
		   "filters behind the last leave");
	expect_memory(tap, rig, aside, "told");
}

static const struct older_test tests[] = {
	{ "what is sent counts, leaves, too, by version [S-IGMP-39, S-MLD-26, S-V3-3]",
	  test_sent },
	{ "the sixteen counters of IGMP have KAME's names, and begin with 0 [S-V3-3, "
	  "S-IGMP-40]",
	  test_names },
	{ "64 sources of a socket and 128 of a group are accepted, one more is refused "
	  "and changes nothing [S-V3-8, S-V3-9, R-MRG-2, B-9, B-10]",
	  test_limits },
	{ "memory is told by what it is for, to the byte [S-V3-11]", test_memory },
};

int main(void)
{
	return older_run(tests, sizeof(tests) / sizeof(tests[0]));
}
