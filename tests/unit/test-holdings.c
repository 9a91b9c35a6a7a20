/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The holdings of msfd, rule by rule, and the table of limits.
 */
#include <stdint.h>
#include <time.h>

#include "holdings-rig.h"

#define ANY    (&(struct filter){ .mode = FILTER_EXCLUDE })
#define NOBODY (&(struct filter){ .mode = FILTER_NONE })

static bool is_held(const struct rig *rig, unsigned int i)
{
	struct holdings_key key = rig_get_key(i), found = key;
	struct holding holding;

	found.group.lo--;
	return holdings_next(rig->holdings, &found, &holding) &&
	       found.cookie == key.cookie && found.ifindex == key.ifindex &&
	       addr_equal(found.group, key.group);
}

static void test_stamps(struct tap *tap)
{
	struct rig rig;

	rig_init(&rig, tap);
	rig_set(&rig, 0, 1, 7, ANY, 50);
	rig_set(&rig, 0, 1, 7, NOBODY, 40);
	tap_expect(tap, is_held(&rig, 0), "ended by what is older");
	rig_set(&rig, 0, 1, 7, NOBODY, 60);
	tap_expect(tap, rig_set(&rig, 0, 1, 7, ANY, 55) == MESSAGE_DONE,
		   "not just ignored");
	tap_expect(tap, !is_held(&rig, 0), "brought back");
	rig_set(&rig, 0, 1, 7, ANY, 60);
	tap_expect(tap, is_held(&rig, 0), "the same stamp is no older one");
	rig_set(&rig, 1, 1, 7, NOBODY, 90);
	rig_set(&rig, 1, 1, 7, ANY, 80);
	tap_expect(tap, !is_held(&rig, 1), "the end came before the beginning");
	rig_fini(&rig);
	tap_end(tap, "what is told late neither ends a holding nor brings it back");
}

static void test_settlement(struct tap *tap)
{
	struct rig rig;

	rig_init(&rig, tap);
	rig_set(&rig, 0, 1, 7, ANY, 50);
	rig_set(&rig, 1, 1, 7, ANY, 70);
	rig_set(&rig, RIG_PER_SOCKET, 1, 7, ANY, 10);
	holdings_settle(rig.holdings, 100, 60, rig.now);
	tap_expect(tap, !is_held(&rig, 0), "the older one is there");
	tap_expect(tap, is_held(&rig, 1), "the newer one is not");
	tap_expect(tap, is_held(&rig, RIG_PER_SOCKET), "another socket's");
	rig_set(&rig, 2, 1, 7, ANY, 55);
	tap_expect(tap, !is_held(&rig, 2), "older than the settlement");
	rig_fini(&rig);
	tap_end(tap, "a settlement ends what is older, and what comes late is ignored");
}

static void test_forgetting(struct tap *tap)
{
	struct rig rig;
	long n_live;

	rig_init(&rig, tap);
	n_live = rig_memory.n_live;
	holdings_set_listener(rig.holdings, NULL, NULL);
	for (uint64_t i = 0; i < 2 * HOLDINGS_ENDED_MAX; i++)
		rig_set(&rig, (unsigned int)i * RIG_PER_SOCKET, 1, 7, NOBODY, i);
	tap_expect(tap, rig_memory.n_live - n_live == HOLDINGS_ENDED_MAX, "%ld are kept",
		   rig_memory.n_live - n_live);
	for (uint64_t i = 0; i < 2 * HOLDINGS_ENDED_MAX; i++)
		holdings_end_socket(rig.holdings, 100 + i, rig.now);
	tap_expect(tap, rig_memory.n_live == n_live, "the dead are remembered");
	rig_fini(&rig);
	tap_end(tap, "stamps of ended holdings are kept up to a limit, or until the "
		     "socket dies");
}

static void test_group_limits(struct tap *tap)
{
	struct rig rig;

	rig_init(&rig, tap);
	rig.limits.client.groups = 2;
	rig.limits.user.groups = 3;
	rig.limits.total.groups = 5;
	rig_set(&rig, 0, 1, 7, ANY, 1);
	rig_set(&rig, 1, 1, 7, ANY, 1);
	tap_expect(tap, rig_set(&rig, 2, 1, 7, ANY, 1) == MESSAGE_CLIENT_GROUPS,
		   "client");
	tap_expect(tap, rig_set(&rig, 2, 2, 7, ANY, 1) == MESSAGE_DONE, "another client");
	tap_expect(tap, rig_set(&rig, 3, 2, 7, ANY, 1) == MESSAGE_USER_GROUPS, "user");
	tap_expect(tap, rig_set(&rig, 3, 0, 7, ANY, 1) == MESSAGE_DONE, "nobody's");
	tap_expect(tap, rig_set(&rig, 4, 3, 0, ANY, 1) == MESSAGE_DONE, "root");
	tap_expect(tap, rig_set(&rig, 5, 3, 0, ANY, 1) == MESSAGE_TOTAL_GROUPS, "root's");
	tap_expect(tap, !is_held(&rig, 5), "refused and held");
	rig_set(&rig, 0, 1, 7, NOBODY, 2);
	tap_expect(tap, rig_set(&rig, 5, 3, 0, ANY, 1) == MESSAGE_DONE, "there is room");
	rig_fini(&rig);
	tap_end(tap, "memberships are limited for a client, a user and all; root's only "
		     "by those of all");
}

static void test_source_limits(struct tap *tap)
{
	struct addr list[RIG_SOURCES];
	struct rig rig;
	struct filter two = rig_make_filter(FILTER_INCLUDE, 3, list);
	struct addr list3[RIG_SOURCES];
	struct filter three = rig_make_filter(FILTER_INCLUDE, 7, list3);

	rig_init(&rig, tap);
	rig.limits.client.sources = 4;
	rig_set(&rig, 0, 1, 7, &two, 1);
	rig_set(&rig, 1, 1, 7, &two, 1);
	tap_expect(tap, rig_set(&rig, 1, 1, 7, &three, 2) == MESSAGE_CLIENT_SOURCES,
		   "client");
	rig.limits.client.sources = 1;
	tap_expect(tap, rig_set(&rig, 1, 1, 7, &two, 2) == MESSAGE_DONE,
		   "no more than before");
	rig.limits.client.sources = 10;
	rig.limits.user.sources = 4;
	tap_expect(tap, rig_set(&rig, 1, 1, 7, &three, 2) == MESSAGE_USER_SOURCES,
		   "user");
	tap_expect(tap, rig_set(&rig, 1, 1, 0, &three, 2) == MESSAGE_DONE, "root");
	rig.limits.total.sources = 5;
	tap_expect(tap, rig_set(&rig, 2, 1, 0, &two, 2) == MESSAGE_TOTAL_SOURCES, "all");
	tap_expect(tap, rig_set(&rig, 2, 1, 0, ANY, 2) == MESSAGE_DONE, "no source");
	rig_fini(&rig);
	tap_end(tap, "sources are limited likewise, but not for who asks for less");
}

static void test_takeover(struct tap *tap)
{
	struct rig rig;
	long n_live;

	rig_init(&rig, tap);
	rig_set(&rig, 0, 1, 6, ANY, 0);
	n_live = rig_memory.n_live;
	rig_set(&rig, 0, 2, 7, ANY, 0);
	tap_expect(tap, rig_memory.n_live == n_live, "the old client is kept");
	rig.limits.client.groups = 1;
	rig.limits.user.groups = 2;
	rig_set(&rig, 0, 1, 7, ANY, 1);
	rig_set(&rig, 1, 2, 7, ANY, 1);
	tap_expect(tap, rig_set(&rig, 0, 2, 7, ANY, 2) == MESSAGE_DONE, "refused");
	tap_expect(tap,
		   holdings_get_client_usage(rig.holdings, 1).groups == 0 &&
			   holdings_get_client_usage(rig.holdings, 2).groups == 2,
		   "counted otherwise");
	holdings_forget_client(rig.holdings, 2);
	tap_expect(tap, is_held(&rig, 0) && is_held(&rig, 1), "ended");
	tap_expect(tap, rig_set(&rig, 2, 3, 7, ANY, 2) == MESSAGE_USER_GROUPS,
		   "the user has more than allowed");
	rig_fini(&rig);
	tap_end(tap,
		"a holding counts for who told of it last, and for its user when the "
		"client is gone");
}

static void test_refusals(struct tap *tap)
{
	struct addr list[65];
	struct filter filter = { FILTER_INCLUDE, { 65, list } };
	struct holdings_socket socket = { .cookie = 100 };
	struct holdings_teller teller = { 1, 1, 7 };
	struct rig rig;
	long n_live;

	for (uint32_t i = 0; i < 65; i++)
		list[i] = addr_from_ipv4(0x0a000001u + i);
	rig_init(&rig, tap);
	n_live = rig_memory.n_live;
	tap_expect(tap, rig_set(&rig, 0, 1, 7, &filter, 1) == MESSAGE_ENGINE_LIMIT,
		   "limit");
	tap_expect(tap,
		   holdings_set(rig.holdings, &socket, &teller, 9, rig_get_key(0).group,
				ANY, 1, 1) == MESSAGE_NO_INTERFACE,
		   "interface");
	tap_expect(tap,
		   holdings_set(rig.holdings, &socket, &teller, 1, list[0], ANY, 1, 1) ==
			   MESSAGE_BAD,
		   "no group");
	tap_expect(tap, !holdings_has_socket(rig.holdings, 100), "held");
	tap_expect(tap, !holdings_get_usage(rig.holdings).groups, "counted");
	tap_expect(tap, rig_memory.n_live == n_live, "something is kept");
	rig_fini(&rig);
	tap_end(tap, "what the engine refuses is not held, and the reason is told");
}

static void test_walk(struct tap *tap)
{
	struct holdings_key key = { 0 };
	struct holding holding;
	struct rig rig;
	unsigned int n = 0;

	rig_init(&rig, tap);
	for (unsigned int i = 0; i < RIG_PLACES; i++)
		rig_set(&rig, RIG_PLACES - 1 - i, 1, 7, ANY, 1);
	while (holdings_next(rig.holdings, &key, &holding)) {
		tap_expect(tap, rig_find_place(key.cookie, key.ifindex, key.group) == n,
			   "out of order");
		rig_set(&rig, n, 1, 7, NOBODY, 2);
		rig_set(&rig, (n + 1) % RIG_PLACES, 2, 7, ANY, 3);
		n++;
	}
	tap_expect(tap, n == RIG_PLACES, "%u of %u", n, RIG_PLACES);
	rig_fini(&rig);
	tap_end(tap,
		"a walk meets each holding once, whatever ends or changes meanwhile");
}

static double get_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void test_scale(struct tap *tap)
{
	struct holdings_key key = { 0 };
	struct holding holding;
	struct rig rig;
	double begin, middle, end;
	uint32_t n = 0;

	rig_init(&rig, tap);
	holdings_set_listener(rig.holdings, NULL, NULL);
	begin = get_seconds();
	for (uint32_t i = 0; i < 200000; i++) {
		struct holdings_socket socket = { .cookie = 1 + i % 10000 };
		struct holdings_teller teller = { 1 + i % 100, 1, 7 };

		holdings_set(rig.holdings, &socket, &teller, 1,
			     addr_from_ipv4(0xe8000001u + i / 10), ANY, i, rig.now);
	}
	middle = get_seconds();
	while (holdings_next(rig.holdings, &key, &holding))
		n++;
	tap_expect(tap, n == 200000, "%u", n);
	end = get_seconds();
	tap_comment("a change %.2f us, a step of the walk %.2f us",
		    (middle - begin) * 1e6 / 200000, (end - middle) * 1e6 / n);
	for (uint64_t i = 1; i <= 100; i++)
		holdings_forget_client(rig.holdings, i);
	for (uint64_t i = 1; i <= 10000; i++)
		n -= holdings_end_socket(rig.holdings, i, rig.now);
	tap_comment("an end %.2f us", (get_seconds() - end) * 1e6 / 200000);
	tap_expect(tap, n == 0 && !holdings_get_usage(rig.holdings).groups, "%u left", n);
	rig_fini(&rig);
	tap_end(tap, "200,000 memberships of 10,000 sockets come and go");
}

static void test_limits_table(struct tap *tap)
{
	struct limits limits = { 0 };
	unsigned int i;

	limits_init(&limits);
	for (i = 0; limits_get_info(i); i++) {
		const struct limits_info *info = limits_get_info(i);

		tap_expect(tap,
			   limits_get(&limits, info) == info->value &&
				   info->min <= info->value && info->value <= info->max,
			   "%s", info->name);
		limits_set(&limits, info, i + 1);
		tap_expect(tap, limits_get(&limits, info) == i + 1, "%s is set",
			   info->name);
	}
	tap_expect(tap, i == LIMITS_COUNT, "%u limits", i);
	tap_expect(tap, limits.client.groups == 1 && limits.clients == LIMITS_COUNT,
		   "not each its own field");
	tap_end(tap, "each limit has a name, a default in its range, and a field");
}

int main(void)
{
	struct tap tap = { 0 };

	test_limits_table(&tap);
	test_stamps(&tap);
	test_settlement(&tap);
	test_forgetting(&tap);
	test_group_limits(&tap);
	test_source_limits(&tap);
	test_takeover(&tap);
	test_refusals(&tap);
	test_walk(&tap);
	test_scale(&tap);
	return tap_finish(&tap);
}
