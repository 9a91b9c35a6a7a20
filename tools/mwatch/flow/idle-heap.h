/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idle-heap: which flow is idle for longest, without a word about it for each packet.
 *
 * A node holds when its flow was last seen, as known when the node was last looked at:
 * a lower bound.  Whoever looks for the idlest takes the top; if its flow was seen
 * since, it tells so and takes the top again.
 */
#ifndef MWATCH_FLOW_IDLE_HEAP_H
#define MWATCH_FLOW_IDLE_HEAP_H

#include <stdint.h>

struct idle_node {
	uint64_t seen;
	uint32_t i_flow;
};

struct idle_heap {
	struct idle_node *nodes; /* owned; the least one first */
	uint32_t n;
};

/* -ENOMEM */
int idle_heap_init(struct idle_heap *heap, uint32_t max);
void idle_heap_fini(struct idle_heap *heap);

/* At most as many as there is room for. */
void idle_heap_add(struct idle_heap *heap, uint32_t i_flow, uint64_t seen);

/* The heap is not empty. */
const struct idle_node *idle_heap_get_top(const struct idle_heap *heap);
void idle_heap_update_top(struct idle_heap *heap, uint64_t seen);

#endif
