/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow: what came from one source, and a table of them for one channel.
 *
 * Sources that the user named always have a place.  Those that nobody named are
 * as many as senders like to invent: all tables together keep FLOW_LIMIT of them,
 * and the packets of the others are counted in one sum.
 */
#ifndef MJOIN_FLOW_H
#define MJOIN_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

#define FLOW_LIMIT 65536

struct flow {
	struct sockaddr_storage source;
	bool is_named; /* by the user, and thus awaited */
	uint64_t packets, bytes;
	struct timespec first, last; /* when, CLOCK_REALTIME */
	int64_t latency_ns;          /* from the join to the first packet; < 0: unknown */
};

struct flow_table {
	struct flow *flows; /* owned */
	uint32_t n_flows;
	uint32_t *slots; /* owned; open addressing, 0: free, else flow number + 1 */
	uint32_t n_slots;
	uint32_t seed;
	uint32_t *places; /* borrowed: how many unnamed flows may still be added */
	uint64_t packets; /* of all flows and the unlisted */
	uint64_t unlisted_packets, unlisted_bytes;
};

/* One packet; latency as in struct flow. */
struct flow_packet {
	const struct sockaddr_storage *source;
	size_t len;
	struct timespec when;
	int64_t latency_ns;
};

/* seed: unforeseeable for senders. */
void flow_table_init(struct flow_table *table, uint32_t seed, uint32_t *places);

void flow_table_fini(struct flow_table *table);

/* A place for a source that the user named. 0 or -ENOMEM. */
int flow_table_add(struct flow_table *table, const struct sockaddr_storage *source);

/* Counts. 0, or -ENOMEM; *ret is the flow, or NULL for an unlisted one. */
int flow_table_count(struct flow_table *table, const struct flow_packet *packet,
		     const struct flow **ret);

/* Ascending by address. The table cannot count any more afterwards. */
void flow_table_sort(struct flow_table *table);

/* Packets a second between the first and the last; < 0: fewer than two. */
double flow_get_rate(const struct flow *flow);

/* y - x in nanoseconds */
int64_t flow_get_interval(const struct timespec *x, const struct timespec *y);

#endif
