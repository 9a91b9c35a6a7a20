/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/mwatch/order.h: the order in which flows are shown.
 */
#include <errno.h>

#include "order.h"
#include "sample-rig.h"

static void check_order_names(struct tap *tap)
{
	enum order_key key;

	for (int i = 0; i < ORDER_N; i++) {
		const char *name = order_get_name((enum order_key)i);

		tap_expect(tap, name && order_find(name, &key) == 0 && (int)key == i,
			   "key %d", i);
	}
	tap_expect(tap, !order_get_name(ORDER_N), "a name behind the last");
	key = ORDER_GAP;
	tap_expect(tap, order_find("", &key) == -EINVAL, "the empty name");
	tap_expect(tap, order_find("rates", &key) == -EINVAL, "rates");
	tap_expect(tap, key == ORDER_GAP, "an output that was touched");
	tap_end(tap, "each order has a name, and no other name is taken");
}

static uint64_t sum_ids(const struct sample *sample)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < sample->n_flows; i++)
		sum += sample->flows[i].id * sample->flows[i].id;
	return sum;
}

static bool is_descending(const struct sample *sample, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++)
		if (sample->flows[i].interval.packets >=
		    sample->flows[i - 1].interval.packets)
			return false;
	return true;
}

static void check_order(struct tap *tap)
{
	const uint32_t n = 4999; /* a prime: each number comes once */
	struct sample sample = new_shuffled_sample(n);
	uint64_t sum = sum_ids(&sample);

	order_sort(&sample, ORDER_RATE);
	tap_expect(tap, is_descending(&sample, n), "not by rate");
	tap_expect(tap, sum_ids(&sample) == sum, "flows were lost");
	order_sort(&sample, ORDER_PACKETS);
	tap_expect(tap, sample.flows[0].total.packets == n, "not by packets");
	order_sort(&sample, ORDER_LOST);
	tap_expect(tap, sample.flows[0].interval.lost == 6, "not by lost");
	tap_expect(tap, order_select(&sample, ORDER_LOST, true, 0) == 0, "no memory");
	tap_expect(tap, sample.flows[0].total.lost == 4, "not by lost of the run");
	order_sort(&sample, ORDER_VERDICT);
	tap_expect(tap, sample.flows[0].verdict == SAMPLE_ACCEPT, "accept is not first");
	tap_expect(tap, sample.flows[n - 1].verdict == SAMPLE_UNKNOWN,
		   "unknown: not last");
	order_sort(&sample, ORDER_SOURCE);
	tap_expect(tap,
		   sample.flows[0].family == AF_INET &&
			   sample.flows[n - 1].family == AF_INET6,
		   "not by source");
	tap_expect(tap, sum_ids(&sample) == sum, "flows were lost");
	sample_fini(&sample);
	tap_end(tap, "flows are sorted by each key, and none is lost");
}

static void check_selection(struct tap *tap)
{
	static const uint32_t tops[] = { 1, 2, 20, 500, 996, 997, 2000 };
	const uint32_t n = 997;

	for (size_t i = 0; i < sizeof(tops) / sizeof(*tops); i++) {
		struct sample sorted = new_shuffled_sample(n);
		struct sample sample = new_shuffled_sample(n);
		uint64_t sum = sum_ids(&sample);
		uint32_t n_top = tops[i] < n ? tops[i] : n;
		bool is_same = true;

		order_sort(&sorted, ORDER_LOST);
		tap_expect(tap, order_select(&sample, ORDER_LOST, false, tops[i]) == 0,
			   "no memory");
		for (uint32_t row = 0; row < n_top; row++)
			is_same &= sorted.flows[row].id == sample.flows[row].id;
		tap_expect(tap, is_same, "the first %u are others", tops[i]);
		tap_expect(tap, sum_ids(&sample) == sum, "flows were lost");
		sample_fini(&sorted);
		sample_fini(&sample);
	}
	tap_end(tap, "the first rows of a selection are those of the whole order");
}

static void check_stable_order(struct tap *tap)
{
	struct sample sample = new_sample(1, 5);

	for (uint32_t i = 0; i < 5; i++) {
		set_flow(&sample.flows[i], "10.9.0.1", "232.1.1.1");
		sample.flows[i].id = i;
	}
	sample.flows[4].vlan = 0;
	sample.flows[1].source[3] = 0;
	sample.flows[2].vlan = 9;
	sample.flows[3].is_outgoing = true;
	sample.flows[0].group[3] = 2;
	order_sort(&sample, ORDER_RATE);
	tap_expect(tap,
		   sample.flows[0].id == 1 && sample.flows[1].id == 4 &&
			   sample.flows[2].id == 3 && sample.flows[3].id == 2 &&
			   sample.flows[4].id == 0,
		   "%d %d %d %d %d", (int)sample.flows[0].id, (int)sample.flows[1].id,
		   (int)sample.flows[2].id, (int)sample.flows[3].id,
		   (int)sample.flows[4].id);
	sample_fini(&sample);
	sample = new_sample(1, 0);
	order_sort(&sample, ORDER_RATE);
	tap_expect(tap, sample.n_flows == 0, "flows out of nothing");
	sample_fini(&sample);
	tap_end(tap, "equal flows stand by group, source, VLAN and direction");
}

/* As it is said in order.h, from the bytes of the flow. */
static int compare_as_told(const struct sample_flow *a, const struct sample_flow *b)
{
	if (a->i_interface != b->i_interface)
		return a->i_interface < b->i_interface ? -1 : 1;
	if (a->family != b->family)
		return a->family == AF_INET ? -1 : 1;
	if (memcmp(a->group, b->group, 16) != 0)
		return memcmp(a->group, b->group, 16);
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return memcmp(a->source, b->source, 16);
}

static void check_order_of_equals(struct tap *tap)
{
	struct sample sample = new_sample(3, 2000);
	uint64_t sum;
	bool is_right = true;

	for (uint32_t i = 0; i < sample.n_flows; i++) {
		struct sample_flow *flow = &sample.flows[i];
		uint32_t number = i * 7919;

		set_flow(flow, number % 3 ? "10.9.0.1" : "fd09::1",
			 number % 3 ? "232.1.1.1" : "ff3e::1");
		flow->id = i;
		flow->i_interface = number % 5 % 3;
		flow->group[3] = (uint8_t)(number % 7 * 40);
		flow->port = (uint16_t)(number % 11 * 6000);
		flow->source[0] = (uint8_t)(number % 13 * 19);
		flow->source[15] = number % 3 ? 0 : (uint8_t)(number >> 8);
	}
	sum = sum_ids(&sample);
	order_sort(&sample, ORDER_RATE);
	for (uint32_t i = 1; i < sample.n_flows; i++)
		is_right &= compare_as_told(&sample.flows[i - 1], &sample.flows[i]) <= 0;
	tap_expect(tap, is_right, "not by interface, group, port and source");
	tap_expect(tap, sum_ids(&sample) == sum, "flows were lost");
	sample_fini(&sample);
	tap_end(tap, "equal flows of both families and three interfaces");
}

int main(void)
{
	struct tap tap = { 0 };

	check_order_names(&tap);
	check_order(&tap);
	check_selection(&tap);
	check_stable_order(&tap);
	check_order_of_equals(&tap);
	return tap_finish(&tap);
}
