/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/mwatch/flow/flow-table.h: what is a flow of its own, which one makes
 * room, and that senders of any number take no more memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "flow-rig.h"
#include "flow/flow-index.h"
#include "flow/idle-heap.h"

static const uint8_t payload[64];

static void put_source(struct rig *rig, uint32_t source)
{
	struct datagram datagram = rig_make(rig, source, payload, sizeof(payload));

	flow_table_count(rig->table, &datagram, 1);
}

/* The sum of products of 64 bits, reckoned elsewhere: 32-bit systems have no type for
 * it. */
static void test_hash(struct tap *tap)
{
	struct flow_index index = { .last_seed = UINT64_C(0xc2b2ae3d27d4eb4f) };
	uint64_t words[FLOW_INDEX_N_WORDS];
	struct datagram_key key;
	uint32_t hash;

	for (unsigned int i = 0; i < FLOW_INDEX_N_WORDS; i++)
		words[i] = UINT64_C(0x9e3779b97f4a7c15) * (i + 1);
	for (unsigned int i = 0; i < FLOW_INDEX_N_WORDS + 1; i++)
		index.seeds[i] = UINT64_C(0xfedcba9876543210) * (2 * i + 1);
	memcpy(&key, words, sizeof(key));
	hash = flow_index_hash(&index, &key);
	tap_expect(tap, hash == UINT32_C(0x994e4608), "%#" PRIx32, hash);
	tap_end(tap, "the hash of a key is the same on all systems");
}

static void test_keys(struct tap *tap)
{
	struct flow_settings settings = { .loss = FLOW_LOSS_NONE, .n_interfaces = 2 };
	struct datagram datagrams[9];
	struct rig rig;

	rig_init(&rig, &settings);
	for (unsigned int i = 0; i < 9; i++)
		datagrams[i] = rig_make(&rig, 1, payload, 10 + i);
	datagrams[1].key.source[15] = 1;
	datagrams[2].key.group[15] = 1;
	datagrams[3].key.port++;
	datagrams[4].key.vlan = 7;
	datagrams[5].key.i_interface = 1;
	datagrams[6].key.is_ipv6 = 1;
	datagrams[7].key.is_outgoing = 1;
	flow_table_count(rig.table, datagrams, 9);
	flow_table_count(rig.table, datagrams, 9);
	rig_take(&rig);
	tap_expect(tap, rig.sample.n_flows == 8, "%" PRIu32 " flows", rig.sample.n_flows);
	for (uint32_t i = 0; i < rig.sample.n_flows; i++) {
		const struct sample_flow *flow = &rig.sample.flows[i];
		uint64_t bytes = i == 0 ? 10 + 18 : 10 + i;

		tap_expect(tap,
			   flow->total.packets == (i == 0 ? 4 : 2) &&
				   flow->total.bytes == 2 * bytes && flow->id == i + 1,
			   "flow %" PRIu32, i);
		tap_expect(tap,
			   flow->vlan == (i == 4 ? 7 : 0) &&
				   flow->i_interface == (i == 5 ? 1 : 0) &&
				   flow->family == (i == 6 ? AF_INET6 : AF_INET) &&
				   flow->is_outgoing == (i == 7) &&
				   flow->port == (i == 3 ? 5001 : 5000),
			   "key of flow %" PRIu32, i);
	}
	tap_expect(tap,
		   rig.sample.interfaces[0].total.packets == 16 &&
			   rig.sample.interfaces[1].total.packets == 2,
		   "interfaces");
	rig_fini(&rig);
	tap_end(tap, "each part of the key makes a flow of its own");
}

/* Flows that a naive table would hold: for each source when it was seen, 0: not there. */
#define MODEL_SOURCES 200

struct model {
	uint32_t max, n;
	uint64_t now, evicted;
	uint64_t seen[MODEL_SOURCES];
	uint64_t packets[MODEL_SOURCES];
};

static void model_evict(struct model *model)
{
	uint32_t idlest = MODEL_SOURCES;

	for (uint32_t i = 0; i < MODEL_SOURCES; i++)
		if (model->seen[i] &&
		    (idlest == MODEL_SOURCES || model->seen[i] < model->seen[idlest]))
			idlest = i;
	model->seen[idlest] = 0;
	model->n--;
	model->evicted++;
}

static void model_count(struct model *model, uint32_t source)
{
	model->now++;
	if (!model->seen[source]) {
		if (model->n == model->max)
			model_evict(model);
		model->n++;
		model->packets[source] = 0;
	}
	model->seen[source] = model->now;
	model->packets[source]++;
}

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

static bool compare(struct tap *tap, struct rig *rig, const struct model *model)
{
	bool is_same;

	rig_take(rig);
	is_same = tap_expect(
		tap,
		rig->sample.n_flows == model->n &&
			rig->sample.interfaces[0].total.evicted == model->evicted &&
			rig->sample.interfaces[0].total.packets == model->now,
		"%" PRIu32 " flows for %" PRIu32 ", evicted %" PRIu64 " for %" PRIu64,
		rig->sample.n_flows, model->n, rig->sample.interfaces[0].total.evicted,
		model->evicted);
	for (uint32_t i = 0; i < rig->sample.n_flows && is_same; i++) {
		const struct sample_flow *flow = &rig->sample.flows[i];
		uint32_t source = (uint32_t)flow->source[2] << 8 | flow->source[3];

		is_same = tap_expect(tap,
				     model->seen[source] &&
					     flow->total.packets ==
						     model->packets[source],
				     "source %" PRIu32 ": %" PRIu64 " for %" PRIu64,
				     source, flow->total.packets, model->packets[source]);
	}
	return is_same;
}

/* Some sources send often, most seldom. */
static uint32_t draw_source(uint64_t *random)
{
	uint64_t n = next_random(random) % 4 ? 30 : MODEL_SOURCES;

	return (uint32_t)(next_random(random) % n);
}

static void test_idlest(struct tap *tap, uint32_t max)
{
	struct flow_settings settings = { .loss = FLOW_LOSS_NONE, .max = max };
	struct model model = { .max = max };
	struct datagram datagrams[3 * FLOW_TABLE_BATCH];
	uint64_t random = max;
	bool is_same = true;
	struct rig rig;

	rig_init(&rig, &settings);
	for (int round = 0; round < 400 && is_same; round++) {
		unsigned int n =
			1 + (unsigned int)(next_random(&random) % (3 * FLOW_TABLE_BATCH));

		for (unsigned int i = 0; i < n; i++) {
			uint32_t source = draw_source(&random);

			/* Times are no help: the clock may go back. */
			rig.now_ns -= 1000;
			datagrams[i] = rig_make(&rig, source, payload, sizeof(payload));
			model_count(&model, source);
		}
		flow_table_count(rig.table, datagrams, n);
		is_same = compare(tap, &rig, &model);
	}
	tap_expect(tap, model.evicted > 0, "room was made");
	rig_fini(&rig);
	tap_end(tap, "the idlest makes room, as in a model, for %" PRIu32 " flows", max);
}

static void test_heap(struct tap *tap)
{
	struct idle_heap heap;
	uint64_t random = 7, before = 0;

	if (idle_heap_init(&heap, 1000) < 0)
		tap_bail_out("no memory");
	for (uint32_t i = 0; i < 1000; i++)
		idle_heap_add(&heap, i, next_random(&random) % 500);
	for (int i = 0; i < 1000; i++) {
		uint64_t seen = idle_heap_get_top(&heap)->seen;

		if (seen < before)
			tap_expect(tap, false, "%" PRIu64 " behind %" PRIu64, seen,
				   before);
		before = seen;
		idle_heap_update_top(&heap, UINT64_MAX);
	}
	tap_expect(tap, idle_heap_get_top(&heap)->seen == UINT64_MAX, "all were there");
	idle_heap_fini(&heap);
	tap_end(tap, "the heap gives the least one first");
}

/* Pages in memory. */
static long get_resident(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long size, resident = -1;

	if (!file || fscanf(file, "%ld %ld", &size, &resident) != 2)
		tap_bail_out("/proc/self/statm cannot be read");
	fclose(file);
	return resident;
}

#define N_SPOOFED 1000000u
#define STEADY    0xffffffffu

static void test_spoofed(struct tap *tap)
{
	struct flow_settings settings = { .loss = FLOW_LOSS_AUTO,
					  .max = FLOW_TABLE_DEFAULT_MAX };
	const struct sample_flow *steady = NULL;
	uint64_t n_steady = 0;
	long before = 0, growth;
	struct rig rig;

	rig_init(&rig, &settings);
	for (uint32_t i = 0; i < N_SPOOFED; i++) {
		if (i % 1000 == 0) {
			put_source(&rig, STEADY);
			n_steady++;
		}
		put_source(&rig, i);
		if (i == N_SPOOFED / 10) {
			rig_take(&rig);
			before = get_resident();
		}
	}
	rig_take(&rig);
	growth = (get_resident() - before) * sysconf(_SC_PAGESIZE);
	for (uint32_t i = 0; i < rig.sample.n_flows; i++)
		if (rig.sample.flows[i].source[0] == 255)
			steady = &rig.sample.flows[i];
	tap_expect(tap, growth < 1 << 20, "%ld bytes more", growth);
	tap_expect(tap, rig.sample.n_flows == FLOW_TABLE_DEFAULT_MAX, "%" PRIu32 " flows",
		   rig.sample.n_flows);
	tap_expect(tap,
		   rig.sample.interfaces[0].total.evicted ==
			   N_SPOOFED + 1 - FLOW_TABLE_DEFAULT_MAX,
		   "evicted %" PRIu64, rig.sample.interfaces[0].total.evicted);
	tap_expect(tap, rig.sample.interfaces[0].total.packets == N_SPOOFED + n_steady,
		   "packets %" PRIu64, rig.sample.interfaces[0].total.packets);
	tap_expect(tap, steady && steady->total.packets == n_steady,
		   "the flow that goes on is there from its first packet on");
	rig_fini(&rig);
	tap_end(tap, "1,000,000 spoofed sources");
}

static void test_segments(struct tap *tap)
{
	static const struct {
		uint32_t length, segment_size;
		uint64_t packets;
	} glued[] = {
		{ 64, 0, 1 },  { 64, 16, 4 }, { 50, 16, 4 }, { 49, 16, 4 },
		{ 48, 16, 3 }, { 16, 16, 1 }, { 5, 16, 1 },  { 0, 16, 1 },
	};

	for (unsigned int i = 0; i < sizeof(glued) / sizeof(glued[0]); i++) {
		struct flow_settings settings = { .loss = FLOW_LOSS_NONE };
		struct datagram datagram;
		const struct sample_flow *flow;
		struct rig rig;

		rig_init(&rig, &settings);
		datagram = rig_make(&rig, 1, payload, glued[i].length);
		datagram.segment_size = glued[i].segment_size;
		flow_table_count(rig.table, &datagram, 1);
		flow = rig_take(&rig);
		tap_expect(tap,
			   flow->total.packets == glued[i].packets &&
				   flow->total.bytes == glued[i].length &&
				   flow->total.peak_1ms == glued[i].packets &&
				   flow->buckets[0] == glued[i].packets - 1 &&
				   rig.sample.interfaces[0].total.packets ==
					   glued[i].packets,
			   "%" PRIu32 " of %" PRIu32 ": %" PRIu64, glued[i].length,
			   glued[i].segment_size, flow->total.packets);
		rig_fini(&rig);
	}
	tap_end(tap, "datagrams that were glued together count one by one");
}

/* Each of them is looked at, as far as it was captured. */
static void test_segment_numbers(struct tap *tap)
{
	struct flow_settings settings = { .loss = FLOW_LOSS_FIELD,
					  .sequence = { 0, 1, false } };
	uint8_t bytes[] = { 1, 0, 0, 2, 0, 0, 4, 0, 0, 5, 0, 0, 9 };
	struct datagram datagram;
	const struct sample_flow *flow;
	struct rig rig;

	rig_init(&rig, &settings);
	datagram = rig_make(&rig, 1, bytes, sizeof(bytes));
	datagram.segment_size = 3;
	datagram.n_payload = 11;
	flow_table_count(rig.table, &datagram, 1);
	flow = rig_take(&rig);
	tap_expect(tap, flow->total.packets == 5 && flow->total.lost == 1,
		   "packets %" PRIu64 ", lost %" PRIu64, flow->total.packets,
		   flow->total.lost);
	rig_fini(&rig);
	tap_end(tap, "and their numbers too");
}

/* The filter in the kernel cuts packets, and knows nothing of segments. */
static void test_unseen(struct tap *tap)
{
	struct flow_settings settings = { .loss = FLOW_LOSS_AUTO };
	uint8_t bytes[5 * 32] = { 0 };
	struct datagram datagram;
	const struct sample_flow *flow;
	struct rig rig;

	rig_init(&rig, &settings);
	for (uint8_t i = 0; i < 50; i += 5) {
		/* Number 24 does not come, and those behind it move up. */
		for (uint8_t k = 0; k < 5; k++) {
			memcpy(bytes + 32 * k, "msnd", 4);
			bytes[32 * k + 7] = (uint8_t)(i + k + (i + k > 23));
		}
		datagram = rig_make(&rig, 1, bytes, sizeof(bytes));
		datagram.segment_size = 32;
		datagram.n_payload = 28;
		flow_table_count(rig.table, &datagram, 1);
	}
	flow = rig_take(&rig);
	tap_expect(tap,
		   flow->total.packets == 50 && flow->total.lost == 1 &&
			   flow->total.duplicates == 0 && flow->total.restarts == 0,
		   "packets %" PRIu64 ", lost %" PRIu64, flow->total.packets,
		   flow->total.lost);
	rig_fini(&rig);
	tap_end(tap, "a loss shows though only the first segment was captured");
}

static const struct {
	const char *text;
	const char *group;
	uint16_t port;
	bool is_in;
} scopes[] = {
	{ "232.1.1.1", "232.1.1.1", 5000, true },
	{ "232.1.1.1", "232.1.1.2", 5000, false },
	{ "232.1.1.1:5000", "232.1.1.1", 5000, true },
	{ "232.1.1.1:5000", "232.1.1.1", 5001, false },
	{ "232.1.1.254+4:5000", "232.1.2.1", 5000, true },
	{ "232.1.1.254+4:5000", "232.1.2.2", 5000, false },
	{ "232.1.1.254+4:5000", "232.1.1.253", 5000, false },
	{ "[ff3e::1]:5000", "ff3e::1", 5000, true },
	{ "[ff3e::ffff]+2:5000", "ff3e::1:0", 5000, true },
	{ "[ff3e::ffff]+2:5000", "ff3e::1:1", 5000, false },
	{ "232.1.1.1", "e801:101::", 5000, false },
};

static void put_group(struct rig *rig, const char *group, uint16_t port)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_in *sin = (void *)&address;
	struct sockaddr_in6 *sin6 = (void *)&address;
	struct datagram datagram = rig_make(rig, 1, payload, sizeof(payload));
	const char *why;

	if (endpoint_parse_address(group, &address, &why) < 0)
		tap_bail_out("%s: %s", group, why);
	memset(datagram.key.group, 0, sizeof(datagram.key.group));
	datagram.key.is_ipv6 = address.ss_family == AF_INET6;
	if (datagram.key.is_ipv6)
		memcpy(datagram.key.group, &sin6->sin6_addr, 16);
	else
		memcpy(datagram.key.group, &sin->sin_addr, 4);
	datagram.key.port = port;
	flow_table_count(rig->table, &datagram, 1);
}

static void test_scopes(struct tap *tap)
{
	for (unsigned int i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		struct endpoint groups[2];
		struct flow_settings settings = { .loss = FLOW_LOSS_NONE,
						  .groups = groups,
						  .n_groups = 2 };
		const char *why;
		struct rig rig;

		if (endpoint_parse("239.0.0.1:1", &groups[0], &why) < 0 ||
		    endpoint_parse(scopes[i].text, &groups[1], &why) < 0)
			tap_bail_out("%s", why);
		rig_init(&rig, &settings);
		put_group(&rig, "239.0.0.1", 1);
		put_group(&rig, scopes[i].group, scopes[i].port);
		rig_take(&rig);
		tap_expect(tap,
			   rig.sample.n_flows == (scopes[i].is_in ? 2 : 1) &&
				   rig.sample.interfaces[0].total.packets ==
					   rig.sample.n_flows,
			   "%s: %s %u", scopes[i].text, scopes[i].group, scopes[i].port);
		rig_fini(&rig);
	}
	tap_end(tap, "only groups and ports that were named are watched");
}

static void test_refusals(struct tap *tap)
{
	static const struct flow_settings refused[] = {
		{ .n_interfaces = 1, .max = FLOW_TABLE_MAX + 1 },
		{ .n_interfaces = 1, .loss = FLOW_LOSS_FIELD },
		{ .n_interfaces = 1,
		  .loss = FLOW_LOSS_FIELD,
		  .sequence = { 0, 9, false } },
		{ .n_interfaces = 1,
		  .loss = FLOW_LOSS_FIELD,
		  .sequence = { UINT32_MAX, 4, false } },
		{ .n_interfaces = 1,
		  .loss = FLOW_LOSS_FIELD,
		  .sequence = { 0, 4, false },
		  .has_count = true },
	};

	for (unsigned int i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct flow_table *table = NULL;

		tap_expect(tap, flow_table_new(&table, &refused[i]) == -EINVAL && !table,
			   "%u", i);
	}
	tap_expect(tap, flow_table_free(NULL) == NULL, "no table");
	tap_end(tap, "settings that cannot be are refused");
}

int main(void)
{
	struct tap tap = { 0 };

	test_hash(&tap);
	test_keys(&tap);
	test_heap(&tap);
	test_idlest(&tap, 1);
	test_idlest(&tap, 7);
	test_idlest(&tap, 64);
	test_idlest(&tap, 150);
	test_spoofed(&tap);
	test_segments(&tap);
	test_segment_numbers(&tap);
	test_unseen(&tap);
	test_scopes(&tap);
	test_refusals(&tap);
	return tap_finish(&tap);
}
