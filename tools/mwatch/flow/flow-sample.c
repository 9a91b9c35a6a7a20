/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow-sample: from a flow to a sample (see flow-sample.h).
 *
 * Invariant: totals grow, but for lost, from which late packets take themselves back: an
 * interval in which more came late than were lost has lost nothing.
 */
#include "flow-sample.h"

#include <string.h>

#include "payload.h"

static void fill_key(const struct datagram_key *key, struct sample_flow *ret)
{
	ret->family = key->is_ipv6 ? AF_INET6 : AF_INET;
	memcpy(ret->source, key->source, sizeof(ret->source));
	memcpy(ret->group, key->group, sizeof(ret->group));
	ret->port = key->port;
	ret->vlan = key->vlan;
	ret->i_interface = key->i_interface;
	ret->is_outgoing = key->is_outgoing;
}

static uint32_t get_larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* Until now; of gap and peaks there is the interval's here, and the total of before. */
static struct sample_counts get_total(const struct flow *flow,
				      const struct flow_rest *rest,
				      enum sample_sequence sequence)
{
	const struct meter *meter = &flow->meter;
	const struct sample_counts *before = &rest->total;
	bool is_ts = sequence == SAMPLE_TS;

	return (struct sample_counts){
		.packets = flow->packets,
		.bytes = flow->bytes,
		.lost = is_ts ? rest->ts.lost : rest->log.lost,
		.duplicates = is_ts ? rest->ts.duplicates : rest->log.duplicates,
		.reordered = rest->log.reordered,
		.restarts = rest->log.restarts,
		.ts_lost = rest->ts.lost,
		.gap_ns = meter->gap_ns > before->gap_ns ? meter->gap_ns : before->gap_ns,
		.peak_1ms = get_larger(meter->window_1ms.peak, before->peak_1ms),
		.peak_100ms = get_larger(meter->window_100ms.peak, before->peak_100ms),
	};
}

static uint64_t get_growth(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static struct sample_counts get_interval(const struct meter *meter,
					 const struct sample_counts *now,
					 const struct sample_counts *before)
{
	return (struct sample_counts){
		.packets = now->packets - before->packets,
		.bytes = now->bytes - before->bytes,
		.lost = get_growth(now->lost, before->lost),
		.duplicates = get_growth(now->duplicates, before->duplicates),
		.reordered = get_growth(now->reordered, before->reordered),
		.restarts = get_growth(now->restarts, before->restarts),
		.ts_lost = get_growth(now->ts_lost, before->ts_lost),
		.gap_ns = meter->gap_ns,
		.peak_1ms = meter->window_1ms.peak,
		.peak_100ms = meter->window_100ms.peak,
	};
}

void flow_sample_take(struct flow *flow, struct flow_rest *rest, struct sample_flow *ret)
{
	struct sample_counts before = rest->total;

	*ret = (struct sample_flow){ .id = rest->id,
				     .ttl = flow->meter.ttl,
				     .ttl_min = flow->meter.ttl_min,
				     .ttl_max = flow->meter.ttl_max,
				     .has_ts = payload_has_ts(rest),
				     .sequence = payload_get_sequence(flow, rest),
				     .clock = payload_get_clock(flow),
				     .jitter_ns = jitter_get_ns(&flow->jitter),
				     .first_ns = rest->first_ns,
				     .last_ns = flow->meter.last_ns };
	fill_key(&flow->key, ret);
	rest->total = get_total(flow, rest, ret->sequence);
	ret->total = rest->total;
	ret->interval = get_interval(&flow->meter, &rest->total, &before);
	meter_close(&flow->meter, rest->buckets);
	memcpy(ret->buckets, rest->buckets, sizeof(ret->buckets));
	memset(rest->buckets, 0, sizeof(rest->buckets));
}
