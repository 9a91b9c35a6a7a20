/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow: datagrams of one source to one port of the group, as the wire shows them.
 * Whether two stations send with one address, and whether datagrams come twice, is seen
 * here.
 */
#ifndef MSFCTL_DOCTOR_FLOW_H
#define MSFCTL_DOCTOR_FLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "wire/wire.h"

#define FLOW_MAX    64 /* what is behind is counted only */
#define FLOW_RECENT 64 /* datagrams that a repeated one is looked for in */

struct flow {
	struct sockaddr_storage source;
	uint16_t port; /* that it sends to */
	uint64_t packets;
	bool is_outgoing; /* this host sends it */
	uint8_t ttl_min, ttl_max;
	uint8_t first_mac[WIRE_MAC], last_mac[WIRE_MAC], other_mac[WIRE_MAC];
	uint64_t n_mac_changes;
	uint64_t n_repeated; /* came once more, shortly after */
	uint32_t recent[FLOW_RECENT];
};

struct flow_table {
	struct flow flows[FLOW_MAX];
	unsigned int n_flows;
	uint64_t n_uncounted; /* datagrams of flows that found no place */
};

/* A datagram to the group. */
void flow_table_count(struct flow_table *table, const struct wire_packet *packet);

/* Do two stations send with this address? One change is a device that was replaced. */
bool flow_has_two_senders(const struct flow *flow);

/* Does the network (or the sender) deliver datagrams twice? Payloads that are the same
 * all the time, or in a short cycle, say nothing. */
bool flow_is_repeated(const struct flow *flow);

#endif
