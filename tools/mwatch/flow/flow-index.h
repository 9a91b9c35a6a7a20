/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow-index: where the flow of a key is: a hash table with open addressing that is never
 * more than half full.
 *
 * The hash has a random key, since senders choose their addresses: without it they could
 * choose those that fall into one place.
 */
#ifndef MWATCH_FLOW_FLOW_INDEX_H
#define MWATCH_FLOW_FLOW_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "flow.h"

#define FLOW_INDEX_N_WORDS (sizeof(struct datagram_key) / sizeof(uint64_t))
#define FLOW_INDEX_NONE    UINT32_MAX

struct flow_slot {
	uint32_t hash;
	uint32_t i_flow; /* FLOW_INDEX_NONE: empty */
};

struct flow_index {
	struct flow_slot *slots; /* owned */
	uint32_t mask;
	uint64_t seeds[FLOW_INDEX_N_WORDS + 1];
	uint64_t last_seed;
};

/* -ENOMEM */
int flow_index_init(struct flow_index *index, uint32_t max);
void flow_index_fini(struct flow_index *index);

uint32_t flow_index_hash(const struct flow_index *index, const struct datagram_key *key);

void flow_index_prefetch(const struct flow_index *index, uint32_t hash);

/* The first flow that has this hash, and most likely the key; FLOW_INDEX_NONE. */
uint32_t flow_index_guess(const struct flow_index *index, uint32_t hash);

/* The flow that has the key; FLOW_INDEX_NONE. */
uint32_t flow_index_find(const struct flow_index *index, const struct flow *flows,
			 uint32_t hash, const struct datagram_key *key);

/* The key is not there yet; it is there. */
void flow_index_add(struct flow_index *index, uint32_t hash, uint32_t i_flow);
void flow_index_del(struct flow_index *index, uint32_t hash, uint32_t i_flow);

bool flow_index_is_same(const struct datagram_key *a, const struct datagram_key *b);

#endif
