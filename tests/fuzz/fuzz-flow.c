/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: payloads of datagrams that mwatch counts. Sent by: anybody who reaches a link
 * of the host.
 *
 * Whatever bytes senders choose, the counters of their flow stay such as can be. An
 * input is a row of datagrams: two octets of length, one of what is special, and the
 * payload. The first octet of all chooses how loss is looked for.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "flow/flow-table.h"
#include "target.h"

#define MAX_FLOWS 4

/* Of the octet before a payload. */
#define IS_GLUED   0x80 /* the segment size is the rest, 1 at least */
#define IS_CUT     0x40 /* half of the payload was captured */
#define SOURCE     0x07
#define CLOCK_BACK 0x08

static const struct flow_settings all_settings[] = {
	{ .loss = FLOW_LOSS_AUTO },
	{ .loss = FLOW_LOSS_RTP, .rtp_clock = 48000 },
	{ .loss = FLOW_LOSS_TS },
	{ .loss = FLOW_LOSS_MSEND },
	{ .loss = FLOW_LOSS_FIELD, .sequence = { 0, 1, false } },
	{ .loss = FLOW_LOSS_FIELD, .sequence = { 3, 8, true } },
	{ .loss = FLOW_LOSS_FIELD,
	  .sequence = { 0, 8, false },
	  .has_count = true,
	  .count = { 8, 2, false } },
	{ .loss = FLOW_LOSS_NONE },
};

/* Counts one datagram, in memory of just its size; the bytes that it took. */
static size_t put(struct flow_table *table, const uint8_t *data, size_t len, uint64_t now)
{
	size_t n = ((size_t)data[0] << 8 | data[1]) % 2048;
	uint8_t special = data[2];
	struct datagram datagram = { .key.group = { 232, 1, 1, 1 },
				     .key.port = 5000,
				     .key.source = { special & SOURCE },
				     .ttl = special,
				     .when_ns = special & CLOCK_BACK ? 1 : now };
	uint8_t *exact;

	n = n < len - 3 ? n : len - 3;
	datagram.length = (uint32_t)n;
	datagram.n_payload = (uint32_t)(special & IS_CUT ? n / 2 : n);
	if (special & IS_GLUED)
		datagram.segment_size = 1 + (special & 0x3f);
	exact = malloc(datagram.n_payload ? datagram.n_payload : 1);
	target_expect(exact != NULL, "no memory");
	memcpy(exact, data + 3, datagram.n_payload);
	datagram.payload = exact;
	flow_table_count(table, &datagram, 1);
	free(exact);
	return 3 + n;
}

static void check_counts(const struct sample_counts *counts)
{
	target_expect(counts->gap_ns < UINT64_C(1) << 63, "a gap does not wrap");
	target_expect(counts->lost < UINT64_C(1) << 63, "lost does not wrap");
	target_expect(counts->peak_1ms <= counts->peak_100ms, "1 ms is in 100 ms");
}

static void check_flow(const struct sample_flow *flow)
{
	uint64_t n_gaps = 0;

	check_counts(&flow->total);
	check_counts(&flow->interval);
	for (int i = 0; i < SAMPLE_N_BUCKETS; i++)
		n_gaps += flow->buckets[i];
	target_expect(flow->total.packets > 0, "a flow has a packet");
	target_expect(flow->interval.packets <= flow->total.packets, "packets");
	target_expect(n_gaps + 1 == flow->interval.packets, "a gap between two packets");
	target_expect(flow->ttl_min <= flow->ttl && flow->ttl <= flow->ttl_max, "ttl");
	target_expect(flow->jitter_ns < UINT64_C(1) << 49, "jitter");
	target_expect(flow->has_ts || flow->sequence != SAMPLE_TS, "TS");
}

static void check_sample(struct flow_table *table)
{
	struct sample_flow flows[MAX_FLOWS];
	struct sample_interface interface = { 0 };
	struct sample sample = { .interfaces = &interface,
				 .n_interfaces = 1,
				 .flows = flows,
				 .max_flows = MAX_FLOWS };
	uint64_t packets = 0;

	flow_table_take(table, &sample);
	target_expect(sample.n_flows <= MAX_FLOWS, "no more flows than fit");
	for (uint32_t i = 0; i < sample.n_flows; i++) {
		check_flow(&flows[i]);
		packets += flows[i].total.packets;
	}
	target_expect(interface.total.evicted ? packets < interface.total.packets
					      : packets == interface.total.packets,
		      "flows add up");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t n_settings = sizeof(all_settings) / sizeof(all_settings[0]);
	struct flow_settings settings;
	struct flow_table *table;
	uint64_t now = UINT64_C(1700000000000000000);

	if (len == 0)
		return 0;
	settings = all_settings[data[0] % n_settings];
	settings.max = MAX_FLOWS;
	settings.n_interfaces = 1;
	target_expect(flow_table_new(&table, &settings) == 0, "a table");
	for (size_t at = 1; at + 3 <= len; now += 300000)
		at += put(table, data + at, len - at, now);
	check_sample(table);
	flow_table_free(table);
	return 0;
}
