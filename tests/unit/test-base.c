/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib/base: addresses, source sets against a naive model, filters, and the
 * interpreter of the table.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/filter.h"
#include "base/table.h"
#include "tap.h"

#define N_MAX 300

static void check(struct tap *tap, bool ok, const char *sentence)
{
	tap_expect(tap, ok, "it does not hold");
	tap_end(tap, "%s", sentence);
}

/* xorshift64: the same sequence everywhere */
static uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static struct addr ipv6(uint64_t hi, uint64_t lo)
{
	return (struct addr){ hi, lo };
}

static void test_addresses(struct tap *tap)
{
	struct addr v4 = addr_from_ipv4(0x0a090001);
	uint8_t bytes[16];

	check(tap, addr_is_ipv4(v4) && addr_ipv4(v4) == 0x0a090001,
	      "an IPv4 address comes back from its value");
	addr_to_bytes(v4, bytes);
	check(tap, bytes[10] == 0xff && bytes[11] == 0xff && bytes[12] == 10,
	      "an IPv4 address is held as ::ffff:a.b.c.d");
	check(tap, addr_equal(addr_from_bytes(bytes), v4), "bytes make the value again");
	check(tap, addr_compare(addr_from_ipv4(1), addr_from_ipv4(0x80000000)) < 0,
	      "IPv4 addresses sort as unsigned numbers");
	check(tap, addr_compare(ipv6(1, 0), ipv6(0, UINT64_MAX)) > 0,
	      "IPv6 addresses sort by their upper half first");
	check(tap,
	      addr_is_multicast(addr_from_ipv4(0xe0000000)) &&
		      addr_is_multicast(addr_from_ipv4(0xefffffff)) &&
		      !addr_is_multicast(addr_from_ipv4(0xf0000000)) &&
		      !addr_is_multicast(addr_from_ipv4(0xdfffffff)),
	      "224.0.0.0/4 is multicast, its neighbours are not");
	check(tap,
	      addr_is_multicast(ipv6(0xff02000000000000, 1)) &&
		      !addr_is_multicast(ipv6(0xfe80000000000000, 1)),
	      "ff00::/8 is multicast, fe80:: is not");
	check(tap,
	      !addr_is_sender(addr_from_ipv4(0)) &&
		      !addr_is_sender(addr_from_ipv4(0x00ffffff)) &&
		      !addr_is_sender(addr_from_ipv4(0xffffffff)) &&
		      !addr_is_sender(addr_from_ipv4(0xe8010101)) &&
		      !addr_is_sender(ipv6(0, 0)) &&
		      !addr_is_sender(ipv6(0xff3e000000000000, 1)),
	      "multicast, 0/8, broadcast and :: cannot send");
	check(tap,
	      addr_is_sender(addr_from_ipv4(0x7f000001)) &&
		      addr_is_sender(addr_from_ipv4(0xf0000001)) &&
		      addr_is_sender(ipv6(0, 1)) &&
		      addr_is_sender(addr_from_ipv4(0x01000000)),
	      "loopback and 240/4 can");
	check(tap,
	      addr_is_ssm(addr_from_ipv4(0xe8000001)) &&
		      !addr_is_ssm(addr_from_ipv4(0xe9000001)) &&
		      addr_is_ssm(ipv6(0xff3e000000000000, 1)) &&
		      addr_is_ssm(ipv6(0xff32000000000000, 1)) &&
		      !addr_is_ssm(ipv6(0xff3e004000000000, 1)) &&
		      !addr_is_ssm(ipv6(0xff1e000000000000, 1)),
	      "232/8 and ff3x::/32 are the source-specific range");
}

static int compare(const void *a, const void *b)
{
	return addr_compare(*(const struct addr *)a, *(const struct addr *)b);
}

static uint32_t sort_naively(struct addr *list, uint32_t n)
{
	uint32_t m = 0;

	qsort(list, n, sizeof(*list), compare);
	for (uint32_t i = 0; i < n; i++)
		if (!m || !addr_equal(list[m - 1], list[i]))
			list[m++] = list[i];
	return m;
}

/* Addresses close together, far apart, IPv4 or IPv6, some of them twice. */
static uint32_t draw_list(uint64_t *seed, struct addr *list)
{
	uint32_t n = draw(seed) % N_MAX;
	uint64_t kind = draw(seed) % 4, mask = kind & 1 ? 0xff : UINT64_MAX;

	for (uint32_t i = 0; i < n; i++) {
		if (kind < 2)
			list[i] = addr_from_ipv4((uint32_t)(draw(seed) & mask));
		else
			list[i] = ipv6(draw(seed) & mask, draw(seed) & mask);
	}
	return n;
}

static bool sorts_as_naively(uint64_t *seed)
{
	struct addr a[N_MAX], b[N_MAX], scratch[N_MAX];
	uint32_t n = draw_list(seed, a), m, k;

	memcpy(b, a, sizeof(a));
	m = source_set_sort(a, n, scratch);
	k = sort_naively(b, n);
	if (m != k)
		return false;
	for (uint32_t i = 0; i < m; i++)
		if (!addr_equal(a[i], b[i]))
			return false;
	return true;
}

static struct source_set draw_set(uint64_t *seed, struct addr *storage)
{
	struct addr scratch[N_MAX];
	uint32_t n = draw_list(seed, storage);

	return (struct source_set){ source_set_sort(storage, n, scratch), storage };
}

/* Every address of a, b and the two results is where logic says. */
static bool operations_hold(uint64_t *seed)
{
	struct addr sa[N_MAX], sb[N_MAX], su[2 * N_MAX], sd[N_MAX];
	struct source_set a = draw_set(seed, sa), b = draw_set(seed, sb);
	struct source_set u = { 0, su }, d = { 0, sd };
	uint32_t n_common = 0;

	source_set_union(&a, &b, &u);
	source_set_difference(&a, &b, &d);
	for (uint32_t k = 0; k < u.n; k++) {
		bool in_a = source_set_has(&a, u.addr[k], NULL);
		bool in_b = source_set_has(&b, u.addr[k], NULL);

		if (!in_a && !in_b)
			return false;
		n_common += in_a && in_b;
		if (source_set_has(&d, u.addr[k], NULL) != (in_a && !in_b))
			return false;
		if (k && !addr_less(u.addr[k - 1], u.addr[k]))
			return false;
	}
	return u.n + n_common == a.n + b.n && d.n + n_common == a.n;
}

static bool step_holds(uint64_t *seed)
{
	struct addr sa[N_MAX + 1], sb[N_MAX + 1], found;
	struct source_set a = draw_set(seed, sa), b = { 0, sb };
	struct source_set one = { 1, (struct addr[]){ ipv6(draw(seed), draw(seed)) } };

	source_set_union(&a, &one, &b);
	if (b.n == a.n)
		return true;
	if (source_set_step(&a, &b, &found) != 1 || !addr_equal(found, one.addr[0]))
		return false;
	if (source_set_step(&b, &a, &found) != -1 || !addr_equal(found, one.addr[0]))
		return false;
	if (source_set_step(&a, &a, &found))
		return false;
	if (a.n) {
		/* one gone and another come is no step */
		b.addr[0].lo ^= 1;
		if (source_set_equal(&a, &b) || source_set_step(&b, &b, &found))
			return false;
	}
	return true;
}

static void test_sets(struct tap *tap)
{
	uint64_t seed = 0x6d7366;
	bool sorts = true, operations = true, steps = true;

	for (int i = 0; i < 3000; i++) {
		sorts = sorts && sorts_as_naively(&seed);
		operations = operations && operations_hold(&seed);
		steps = steps && step_holds(&seed);
	}
	check(tap, sorts, "3,000 random lists sort as qsort() sorts them");
	check(tap, operations, "union and difference of 3,000 random pairs hold");
	check(tap, steps, "a set and the same with one source more are one step apart");
}

static void test_filters(struct tap *tap)
{
	struct addr a = addr_from_ipv4(1), b = addr_from_ipv4(2);
	struct filter none = { 0 }, everyone = { FILTER_EXCLUDE, { 0 } };
	struct filter only_a = { FILTER_INCLUDE, { 1, &a } };
	struct filter not_a = { FILTER_EXCLUDE, { 1, &a } };

	check(tap, !filter_accepts(&none, a), "no membership accepts nobody");
	check(tap, filter_accepts(&everyone, a), "EXCLUDE {} accepts everybody");
	check(tap, filter_accepts(&only_a, a) && !filter_accepts(&only_a, b),
	      "INCLUDE {a} accepts a and nobody else");
	check(tap, !filter_accepts(&not_a, a) && filter_accepts(&not_a, b),
	      "EXCLUDE {a} accepts everybody but a");
	check(tap, !filter_equal(&only_a, &not_a) && filter_equal(&not_a, &not_a),
	      "filters are equal when mode and sources are");
}

static void test_apply(struct tap *tap)
{
	struct addr s1 = addr_from_ipv4(1), s2 = addr_from_ipv4(2), storage[4], more[4];
	struct filter none = { 0 }, f = { FILTER_NONE, { 0, storage } },
		      g = { FILTER_NONE, { 0, more } };
	struct table_request join = { JOIN_SOURCE, s1, { 0 } };
	struct table_request join2 = { JOIN_SOURCE, s2, { 0 } };
	struct table_request block = { BLOCK_SOURCE, s1, { 0 } };
	struct table_request set = { SET_EXCLUDE, s1, { 1, &s2 } };

	check(tap,
	      !filter_apply(TABLE_STRICT, &none, &join, &f) && f.mode == FILTER_INCLUDE &&
		      f.sources.n == 1,
	      "joining a source makes INCLUDE {S}");
	check(tap,
	      filter_apply(TABLE_STRICT, &f, &block, &g) == -EINVAL &&
		      g.mode == FILTER_NONE,
	      "blocking is refused in INCLUDE mode, and nothing is written");
	check(tap,
	      !filter_apply(TABLE_STRICT, &f, &join2, &g) && g.sources.n == 2 &&
		      addr_equal(g.sources.addr[1], s2),
	      "joining another makes INCLUDE {A + S}");
	check(tap,
	      !filter_apply(TABLE_STRICT, &g, &set, &f) && f.mode == FILTER_EXCLUDE &&
		      f.sources.n == 1,
	      "a full-state set replaces mode and list");
	check(tap, filter_apply(TABLE_STRICT, &f, &set, &g) == -EADDRINUSE,
	      "the identical set is refused");
	check(tap, !filter_apply(TABLE_LINUX, &f, &set, &g) && filter_equal(&f, &g),
	      "in the linux table it succeeds and changes nothing");
}

static void test_unknown_facts(struct tap *tap)
{
	struct table_facts facts = { FILTER_INCLUDE, JOIN_SOURCE, 3, 0,
				     FACT_UNKNOWN,   FACT_NO };

	check(tap, !table_find(TABLE_STRICT, &facts),
	      "the table is silent where the answer hangs on what is not known");
	facts.verb = BLOCK_SOURCE;
	check(tap,
	      table_find(TABLE_STRICT, &facts) &&
		      table_find(TABLE_STRICT, &facts)->error == EINVAL,
	      "and answers where it does not");
}

int main(void)
{
	struct tap tap = { 0 };

	test_addresses(&tap);
	test_sets(&tap);
	test_filters(&tap);
	test_apply(&tap);
	test_unknown_facts(&tap);
	return tap_finish(&tap);
}
