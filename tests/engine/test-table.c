/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of groups, looked at from within: whoever makes a host join groups, as a web
 * page or a server may, cannot choose them so that they meet in one bucket.
 */
#include <stdio.h>

#include "engine/group.h"
#include "engine/interface.h"
#include "rig.h"

#define BITS   12u
#define GROUPS (1u << BITS)
#define SEEDS  8u

/* Of GROUPS in as many buckets chance puts 8 or so into the fullest. */
#define CHAIN_MAX 16u

static const struct addr base4 = { 0, 0x0000ffffef000000u }; /* 239.0.0.0 */
static const struct addr base6 = { 0xff0e000000000000u, 0 }; /* ff0e:: */

/* One behind the other. */
static struct addr get_ipv4(unsigned int i)
{
	return (struct addr){ base4.hi, base4.lo + i };
}

static struct addr get_ipv4_high(unsigned int i)
{
	return (struct addr){ base4.hi, base4.lo + ((uint64_t)i << (24 - BITS)) };
}

static struct addr get_low(unsigned int i)
{
	return (struct addr){ base6.hi, i };
}

static struct addr get_high(unsigned int i)
{
	return (struct addr){ base6.hi + i, 1 };
}

/* Both halves differ, alike. */
static struct addr get_both(unsigned int i)
{
	return (struct addr){ base6.hi + i, i };
}

/* What the one half adds to hi * factor + lo the other takes away; with a factor of a
 * multiplicative hash. */
static struct addr get_cancelled(unsigned int i)
{
	uint64_t hi = (uint64_t)i << 32;

	return (struct addr){ base6.hi + hi, -hi * 0x9e3779b97f4a7c15u };
}

static struct addr get_cancelled_low(unsigned int i)
{
	return (struct addr){ base6.hi + i, -(uint64_t)i * 0x9e3779b97f4a7c15u };
}

/* hi ^ lo is the same. */
static struct addr get_xored(unsigned int i)
{
	uint64_t bits = (uint64_t)i << 32;

	return (struct addr){ base6.hi ^ bits, bits };
}

static size_t find_longest(const struct group_table *table)
{
	size_t longest = 0;

	for (size_t i = 0; i < table->n_buckets; i++) {
		size_t n = 0;

		for (const struct group *group = table->buckets[i]; group;
		     group = group->next)
			n++;
		if (n > longest)
			longest = n;
	}
	return longest;
}

static void join(struct rig *rig, struct addr (*get)(unsigned int i))
{
	char text[RIG_ADDR_TEXT];

	for (unsigned int i = 0; i < GROUPS; i++) {
		rig_format(get(i), text);
		if (rig_set(rig, 1, text, "EX{}"))
			tap_bail_out("%s cannot be joined", text);
	}
}

static void expect_apart(struct tap *tap, struct rig *rig, const char *what,
			 struct addr (*get)(unsigned int i))
{
	const struct host *host;
	size_t longest = 0, n;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		rig_init(rig, seed);
		join(rig, get);
		host = interface_find_host(rig->engine, RIG_IFINDEX,
					   engine_get_family(get(0)));
		tap_expect(tap, host->groups.n == GROUPS && host->groups.n_buckets,
			   "%s: %zu groups in %zu buckets", what, host->groups.n,
			   host->groups.n_buckets);
		n = find_longest(&host->groups);
		longest = n > longest ? n : longest;
		rig_fini(rig, tap);
	}
	tap_expect(tap, longest <= CHAIN_MAX, "%s: %zu groups in a bucket", what,
		   longest);
}

/* The salt is drawn: the same groups are in other buckets. */
static size_t find_bucket(struct rig *rig, uint64_t seed)
{
	const struct group_table *table;
	struct addr group = get_low(7);
	size_t ret = 0;

	rig_init(rig, seed);
	join(rig, get_low);
	table = &interface_find_host(rig->engine, RIG_IFINDEX, ENGINE_IPV6)->groups;
	for (size_t i = 0; i < table->n_buckets; i++)
		for (const struct group *at = table->buckets[i]; at; at = at->next)
			if (addr_equal(at->address, group))
				ret = i;
	return ret;
}

static void test_salt(struct tap *tap, struct rig *rig)
{
	size_t first, n_same = 0;

	first = find_bucket(rig, 1);
	rig_fini(rig, tap);
	for (uint64_t seed = 2; seed <= SEEDS; seed++) {
		n_same += find_bucket(rig, seed) == first;
		rig_fini(rig, tap);
	}
	tap_expect(tap, n_same <= 2, "%zu seeds of %u: the same bucket", n_same, SEEDS);
	tap_end(tap, "nobody knows which bucket a group is in [R-SEC-1]");
}

int main(void)
{
	struct tap tap = { 0 };
	static struct rig rig;

	expect_apart(&tap, &rig, "IPv4, low bits", get_ipv4);
	expect_apart(&tap, &rig, "IPv4, high bits", get_ipv4_high);
	expect_apart(&tap, &rig, "IPv6, low bits", get_low);
	expect_apart(&tap, &rig, "IPv6, bits 64 on", get_high);
	tap_end(&tap, "groups that follow each other are apart in the table [R-SEC-1]");
	expect_apart(&tap, &rig, "both halves", get_both);
	expect_apart(&tap, &rig, "one half cancels the other", get_cancelled);
	expect_apart(&tap, &rig, "so do low bits", get_cancelled_low);
	expect_apart(&tap, &rig, "by exclusive or", get_xored);
	tap_end(&tap, "groups that are chosen so that their halves cancel each other "
		      "are, too [R-SEC-1]");
	test_salt(&tap, &rig);
	return tap_finish(&tap);
}
