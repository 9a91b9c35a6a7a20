/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow-table: flows in an array that is taken at once (see flow-table.h).
 *
 * A batch is gone through three times, so that the memory that one datagram needs is
 * fetched while others are worked on: the index, then the flow, then counting.
 *
 * Invariant: flows 0 to n_flows - 1 are in use; each is in the index and in the heap
 * once.
 */
#include "flow-table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "flow-index.h"
#include "flow-sample.h"
#include "flow.h"
#include "idle-heap.h"
#include "payload.h"
#include "scope.h"

#define HUGE_PAGE (2u << 20)

/* Bytes of the longest payload. */
#define MAX_PAYLOAD 65535u

struct flow_table {
	uint32_t max, n_flows;
	struct flow *flows;      /* owned */
	struct flow_rest *rests; /* owned */
	struct flow_index index;
	struct idle_heap heap;
	struct scope scope;
	struct payload payload;
	struct ts_pool pool;
	uint64_t *wides; /* owned; the wide windows of all flows. NULL: they have none */
	struct sample_wire *wires; /* owned; of each interface since the start */
	struct sample_wire *taken; /* owned; the same until the last interval */
	uint32_t n_interfaces;
	uint64_t n_seen; /* datagrams */
	uint64_t n_ids;
};

static bool is_field(const struct flow_field *field)
{
	return field->size >= 1 && field->size <= 8 &&
	       field->offset <= MAX_PAYLOAD - field->size;
}

static int check_settings(const struct flow_settings *settings)
{
	if (settings->max > FLOW_TABLE_MAX)
		return -EINVAL;
	if (settings->loss != FLOW_LOSS_FIELD)
		return 0;
	if (!is_field(&settings->sequence) ||
	    (settings->has_count && !is_field(&settings->count)))
		return -EINVAL;
	return 0;
}

/* A random access to a huge page needs no walk through page tables. */
static struct flow *make_flows(uint32_t max)
{
	size_t size = max * sizeof(struct flow);
	struct flow *flows;

	if (size < HUGE_PAGE)
		return aligned_alloc(FLOW_LINE, size);
	size = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	flows = aligned_alloc(HUGE_PAGE, size);
	if (flows)
		madvise(flows, size, MADV_HUGEPAGE);
	return flows;
}

static bool has_wide_windows(const struct flow_settings *settings)
{
	return settings->loss == FLOW_LOSS_FIELD && settings->has_count;
}

static int take_memory(struct flow_table *table, const struct flow_settings *settings)
{
	int r = scope_init(&table->scope, settings->groups, settings->n_groups);

	if (r == 0)
		r = flow_index_init(&table->index, table->max);
	if (r == 0)
		r = idle_heap_init(&table->heap, table->max);
	if (r < 0)
		return r;
	table->flows = make_flows(table->max);
	table->rests = calloc(table->max, sizeof(*table->rests));
	table->wires = calloc(table->n_interfaces, sizeof(*table->wires));
	table->taken = calloc(table->n_interfaces, sizeof(*table->taken));
	if (has_wide_windows(settings))
		table->wides = calloc(table->max, SEQUENCE_WIDE_WINDOW / 8);
	if (!table->flows || !table->rests || !table->wires || !table->taken ||
	    (has_wide_windows(settings) && !table->wides))
		return -ENOMEM;
	return 0;
}

int flow_table_new(struct flow_table **ret, const struct flow_settings *settings)
{
	struct flow_table *table;
	int r = check_settings(settings);

	if (r < 0)
		return r;
	table = calloc(1, sizeof(*table));
	if (!table)
		return -ENOMEM;
	table->max = settings->max ? settings->max : FLOW_TABLE_DEFAULT_MAX;
	table->n_interfaces = settings->n_interfaces;
	payload_init(&table->payload, settings, &table->pool);
	r = take_memory(table, settings);
	if (r < 0) {
		flow_table_free(table);
		return r;
	}
	*ret = table;
	return 0;
}

struct flow_table *flow_table_free(struct flow_table *table)
{
	if (!table)
		return NULL;
	scope_fini(&table->scope);
	flow_index_fini(&table->index);
	idle_heap_fini(&table->heap);
	for (uint32_t i = 0; i < table->n_flows; i++)
		payload_end(&table->payload, &table->rests[i]);
	free(table->wides);
	free(table->flows);
	free(table->rests);
	free(table->wires);
	free(table->taken);
	free(table);
	return NULL;
}

uint32_t flow_table_get_max(const struct flow_table *table)
{
	return table->max;
}

/* Makes room: the flow that was not seen for longest goes, and its place is returned. */
static uint32_t evict(struct flow_table *table)
{
	const struct idle_node *top = idle_heap_get_top(&table->heap);
	struct flow *flow = &table->flows[top->i_flow];

	while (flow->seen != top->seen) {
		idle_heap_update_top(&table->heap, flow->seen);
		flow = &table->flows[top->i_flow];
	}
	flow_index_del(&table->index, flow_index_hash(&table->index, &flow->key),
		       top->i_flow);
	payload_end(&table->payload, &table->rests[top->i_flow]);
	table->wires[flow->key.i_interface].evicted++;
	idle_heap_update_top(&table->heap, table->n_seen);
	return (uint32_t)(flow - table->flows);
}

static uint32_t take_place(struct flow_table *table)
{
	if (table->n_flows == table->max)
		return evict(table);
	idle_heap_add(&table->heap, table->n_flows, table->n_seen);
	return table->n_flows++;
}

static uint64_t *get_wide(const struct flow_table *table, uint32_t i)
{
	return table->wides ? table->wides + (size_t)i * (SEQUENCE_WIDE_WINDOW / 64)
			    : NULL;
}

static uint32_t add_flow(struct flow_table *table, const struct datagram *datagram,
			 uint32_t hash)
{
	uint32_t i = take_place(table);
	struct flow *flow = &table->flows[i];

	*flow = (struct flow){ .key = datagram->key, .seen = table->n_seen };
	payload_start(&table->payload, flow);
	table->rests[i] = (struct flow_rest){ .id = ++table->n_ids,
					      .first_ns = datagram->when_ns,
					      .log.wide = get_wide(table, i) };
	flow_index_add(&table->index, hash, i);
	return i;
}

/* One datagram, of n bytes on the wire. */
static void count_one(struct flow_table *table, uint32_t i_flow,
		      const struct datagram *datagram, uint32_t offset, uint32_t length)
{
	struct flow *flow = &table->flows[i_flow];
	struct flow_rest *rest = &table->rests[i_flow];
	struct payload_bytes bytes = { .bytes = datagram->payload + offset,
				       .length = length,
				       .is_first = flow->packets == 0 };

	if (datagram->n_payload > offset)
		bytes.n = datagram->n_payload - offset;
	if (bytes.n > length)
		bytes.n = length;
	if (bytes.is_first)
		meter_init(&flow->meter, datagram->when_ns, datagram->ttl);
	else
		bytes.since_ns = meter_count(&flow->meter, datagram->when_ns,
					     datagram->ttl, rest->buckets);
	flow->packets++;
	flow->bytes += length;
	if (offset && bytes.n < length && bytes.n < table->payload.size)
		payload_count_unseen(&table->payload, flow, rest, &bytes);
	else
		payload_count(&table->payload, flow, rest, &bytes);
}

/* Datagrams that were glued together came at once. */
static uint32_t count_all(struct flow_table *table, uint32_t i_flow,
			  const struct datagram *datagram)
{
	uint32_t size = datagram->segment_size, offset = 0, n = 0;

	if (size == 0 || size >= datagram->length) {
		count_one(table, i_flow, datagram, 0, datagram->length);
		return 1;
	}
	for (; offset < datagram->length; offset += size, n++) {
		uint32_t left = datagram->length - offset;

		count_one(table, i_flow, datagram, offset, left < size ? left : size);
	}
	return n;
}

/* The flow, a new one if need be; FLOW_INDEX_NONE: nobody asked for this group. */
static uint32_t find_flow(struct flow_table *table, const struct datagram *datagram,
			  uint32_t hash, uint32_t guess)
{
	const struct datagram_key *key = &datagram->key;
	uint32_t i = guess;

	if (i != FLOW_INDEX_NONE && flow_index_is_same(&table->flows[i].key, key))
		return i;
	i = flow_index_find(&table->index, table->flows, hash, key);
	if (i == FLOW_INDEX_NONE && scope_has(&table->scope, key))
		i = add_flow(table, datagram, hash);
	return i;
}

static void count_datagram(struct flow_table *table, const struct datagram *datagram,
			   uint32_t hash, uint32_t guess)
{
	struct sample_wire *wire = &table->wires[datagram->key.i_interface];
	uint32_t i;

	table->n_seen++;
	i = find_flow(table, datagram, hash, guess);
	if (i == FLOW_INDEX_NONE)
		return;
	table->flows[i].seen = table->n_seen;
	wire->packets += count_all(table, i, datagram);
	wire->bytes += datagram->length;
}

static void prefetch_flow(const struct flow_table *table, uint32_t i)
{
	const char *flow = (const char *)&table->flows[i];

	if (i == FLOW_INDEX_NONE)
		return;
	__builtin_prefetch(flow, 1);
	__builtin_prefetch(flow + FLOW_LINE, 1);
	__builtin_prefetch(flow + 2 * FLOW_LINE, 1);
}

static void count_batch(struct flow_table *table, const struct datagram *datagrams,
			unsigned int n)
{
	uint32_t hashes[FLOW_TABLE_BATCH], guesses[FLOW_TABLE_BATCH];

	for (unsigned int i = 0; i < n; i++) {
		hashes[i] = flow_index_hash(&table->index, &datagrams[i].key);
		flow_index_prefetch(&table->index, hashes[i]);
	}
	for (unsigned int i = 0; i < n; i++) {
		guesses[i] = flow_index_guess(&table->index, hashes[i]);
		prefetch_flow(table, guesses[i]);
	}
	for (unsigned int i = 0; i < n; i++)
		count_datagram(table, &datagrams[i], hashes[i], guesses[i]);
}

void flow_table_count(struct flow_table *table, const struct datagram *datagrams,
		      unsigned int n)
{
	for (; n > FLOW_TABLE_BATCH; n -= FLOW_TABLE_BATCH, datagrams += FLOW_TABLE_BATCH)
		count_batch(table, datagrams, FLOW_TABLE_BATCH);
	count_batch(table, datagrams, n);
}

void flow_table_take(struct flow_table *table, struct sample *sample)
{
	for (uint32_t i = 0; i < table->n_flows; i++)
		flow_sample_take(&table->flows[i], &table->rests[i], &sample->flows[i]);
	sample->n_flows = table->n_flows;
	for (uint32_t i = 0; i < table->n_interfaces; i++) {
		struct sample_interface *interface = &sample->interfaces[i];
		const struct sample_wire *now = &table->wires[i];

		interface->interval.packets = now->packets - table->taken[i].packets;
		interface->interval.bytes = now->bytes - table->taken[i].bytes;
		interface->interval.evicted = now->evicted - table->taken[i].evicted;
		interface->total.packets = now->packets;
		interface->total.bytes = now->bytes;
		interface->total.evicted = now->evicted;
		table->taken[i] = *now;
	}
}
