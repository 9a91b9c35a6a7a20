/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow: datagrams of one source (see doctor-flow.h).
 *
 * Invariant: a table never grows; what finds no place in it is counted.
 */
#include <string.h>

#include "doctor.h"

/* Fewer datagrams than this prove nothing. */
#define REPEATS_MIN 4

static bool is_of(const struct flow *flow, const struct wire_packet *packet)
{
	return flow->port == packet->port &&
	       doctor_is_same(&flow->source, &packet->source);
}

static struct flow *get_flow(struct flow_table *table, const struct wire_packet *packet)
{
	struct flow *flow;

	for (unsigned int i = 0; i < table->n_flows; i++)
		if (is_of(&table->flows[i], packet))
			return &table->flows[i];
	if (table->n_flows == FLOW_MAX)
		return NULL;
	flow = &table->flows[table->n_flows++];
	*flow = (struct flow){ .source = packet->source,
			       .port = packet->port,
			       .is_outgoing = packet->is_outgoing,
			       .ttl_min = packet->ttl,
			       .ttl_max = packet->ttl };
	memcpy(flow->first_mac, packet->mac, WIRE_MAC);
	memcpy(flow->last_mac, packet->mac, WIRE_MAC);
	return flow;
}

static void count_mac(struct flow *flow, const uint8_t *mac)
{
	if (!memcmp(flow->last_mac, mac, WIRE_MAC))
		return;
	flow->n_mac_changes++;
	memcpy(flow->last_mac, mac, WIRE_MAC);
	if (memcmp(flow->first_mac, mac, WIRE_MAC) != 0)
		memcpy(flow->other_mac, mac, WIRE_MAC);
}

static void count_repeats(struct flow *flow, uint32_t hash)
{
	uint64_t n = flow->packets < FLOW_RECENT ? flow->packets : FLOW_RECENT;

	for (uint64_t i = 0; i < n; i++)
		if (flow->recent[i] == hash) {
			flow->n_repeated++;
			break;
		}
	flow->recent[flow->packets % FLOW_RECENT] = hash;
}

void flow_table_count(struct flow_table *table, const struct wire_packet *packet)
{
	struct flow *flow = get_flow(table, packet);

	if (!flow) {
		table->n_uncounted++;
		return;
	}
	count_mac(flow, packet->mac);
	count_repeats(flow, packet->payload_hash);
	if (packet->ttl < flow->ttl_min)
		flow->ttl_min = packet->ttl;
	if (packet->ttl > flow->ttl_max)
		flow->ttl_max = packet->ttl;
	flow->packets++;
}

bool flow_has_two_senders(const struct flow *flow)
{
	return flow->n_mac_changes >= 2;
}

bool flow_is_repeated(const struct flow *flow)
{
	uint64_t n_new = flow->packets - flow->n_repeated;

	/* Thrice each at most; more often it is what the sender repeats. */
	return flow->n_repeated >= REPEATS_MIN && flow->n_repeated >= n_new / 4 &&
	       flow->n_repeated <= 2 * n_new;
}
