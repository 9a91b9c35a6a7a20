/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow: what came from one source (see flow.h).
 *
 * Invariant: at least half of the slots are free, so a search ends soon.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"

#define FIRST_SLOTS 16u

void flow_table_init(struct flow_table *table, uint32_t seed, uint32_t *places)
{
	*table = (struct flow_table){ .seed = seed, .places = places };
}

void flow_table_fini(struct flow_table *table)
{
	free(table->flows);
	free(table->slots);
	*table = (struct flow_table){ 0 };
}

static size_t address_bytes(const struct sockaddr_storage *address, const uint8_t **ret)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *sin = (const struct sockaddr_in *)address;

	if (address->ss_family == AF_INET6) {
		*ret = sin6->sin6_addr.s6_addr;
		return sizeof(sin6->sin6_addr);
	}
	*ret = (const uint8_t *)&sin->sin_addr;
	return sizeof(sin->sin_addr);
}

static uint32_t hash_address(const struct flow_table *table,
			     const struct sockaddr_storage *address)
{
	const uint8_t *bytes;
	size_t len = address_bytes(address, &bytes);
	uint64_t hash = table->seed;

	for (size_t i = 0; i < len; i++) {
		hash = (hash ^ bytes[i]) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 29;
	}
	return (uint32_t)(hash >> 16);
}

static int compare_sources(const struct sockaddr_storage *a,
			   const struct sockaddr_storage *b)
{
	const uint8_t *x, *y;
	size_t len = address_bytes(a, &x);

	address_bytes(b, &y);
	return memcmp(x, y, len);
}

/* The slot of a source, or the free one where it belongs. */
static uint32_t *find_slot(const struct flow_table *table,
			   const struct sockaddr_storage *source)
{
	uint32_t mask = table->n_slots - 1, i = hash_address(table, source) & mask;

	while (table->slots[i] &&
	       compare_sources(&table->flows[table->slots[i] - 1].source, source) != 0)
		i = (i + 1) & mask;
	return &table->slots[i];
}

static int table_grow(struct flow_table *table)
{
	uint32_t n_slots = table->n_slots ? 2 * table->n_slots : FIRST_SLOTS;
	struct flow *flows = reallocarray(table->flows, n_slots / 2, sizeof(*flows));
	uint32_t *slots;

	if (!flows)
		return -ENOMEM;
	table->flows = flows;
	slots = calloc(n_slots, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(table->slots);
	table->slots = slots;
	table->n_slots = n_slots;
	for (uint32_t i = 0; i < table->n_flows; i++)
		*find_slot(table, &table->flows[i].source) = i + 1;
	return 0;
}

static int table_insert(struct flow_table *table, const struct sockaddr_storage *source,
			struct flow **ret)
{
	struct flow *flow;

	if (!table->flows || table->n_flows == table->n_slots / 2) {
		int r = table_grow(table);

		if (r < 0)
			return r;
	}
	flow = &table->flows[table->n_flows];
	*flow = (struct flow){ .source = *source };
	*find_slot(table, source) = ++table->n_flows;
	*ret = flow;
	return 0;
}

static struct flow *table_find(const struct flow_table *table,
			       const struct sockaddr_storage *source)
{
	uint32_t slot = table->n_slots ? *find_slot(table, source) : 0;

	return slot ? &table->flows[slot - 1] : NULL;
}

int flow_table_add(struct flow_table *table, const struct sockaddr_storage *source)
{
	struct flow *flow;
	int r = table_insert(table, source, &flow);

	if (r == 0)
		flow->is_named = true;
	return r;
}

int flow_table_count(struct flow_table *table, const struct flow_packet *packet,
		     const struct flow **ret)
{
	struct flow *flow = table_find(table, packet->source);
	int r = 0;

	if (!flow && *table->places > 0) {
		r = table_insert(table, packet->source, &flow);
		if (r < 0)
			return r;
		--*table->places;
	}
	table->packets++;
	*ret = flow;
	if (!flow) {
		table->unlisted_packets++;
		table->unlisted_bytes += packet->len;
		return 0;
	}
	if (flow->packets == 0) {
		flow->first = packet->when;
		flow->latency_ns = packet->latency_ns;
	}
	flow->packets++;
	flow->bytes += packet->len;
	flow->last = packet->when;
	return 0;
}

static int compare_flows(const void *a, const void *b)
{
	return compare_sources(&((const struct flow *)a)->source,
			       &((const struct flow *)b)->source);
}

void flow_table_sort(struct flow_table *table)
{
	if (table->n_flows > 0)
		qsort(table->flows, table->n_flows, sizeof(*table->flows), compare_flows);
	free(table->slots);
	table->slots = NULL;
	table->n_slots = 0;
}

int64_t flow_get_interval(const struct timespec *x, const struct timespec *y)
{
	return (int64_t)(y->tv_sec - x->tv_sec) * 1000000000 + (y->tv_nsec - x->tv_nsec);
}

double flow_get_rate(const struct flow *flow)
{
	int64_t ns = flow_get_interval(&flow->first, &flow->last);

	if (flow->packets < 2 || ns <= 0)
		return -1;
	return (double)(flow->packets - 1) * 1e9 / (double)ns;
}
