/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idle-heap: a binary heap (see idle-heap.h).
 *
 * Invariant: no node is less than the one above it.
 */
#include "idle-heap.h"

#include <errno.h>
#include <stdlib.h>

int idle_heap_init(struct idle_heap *heap, uint32_t max)
{
	struct idle_node *nodes = calloc(max, sizeof(*nodes));

	if (!nodes)
		return -ENOMEM;
	*heap = (struct idle_heap){ .nodes = nodes };
	return 0;
}

void idle_heap_fini(struct idle_heap *heap)
{
	free(heap->nodes);
	*heap = (struct idle_heap){ 0 };
}

void idle_heap_add(struct idle_heap *heap, uint32_t i_flow, uint64_t seen)
{
	uint32_t i = heap->n++;

	for (; i && heap->nodes[(i - 1) / 2].seen > seen; i = (i - 1) / 2)
		heap->nodes[i] = heap->nodes[(i - 1) / 2];
	heap->nodes[i] = (struct idle_node){ .seen = seen, .i_flow = i_flow };
}

const struct idle_node *idle_heap_get_top(const struct idle_heap *heap)
{
	return &heap->nodes[0];
}

void idle_heap_update_top(struct idle_heap *heap, uint64_t seen)
{
	struct idle_node *nodes = heap->nodes;
	struct idle_node node = { .seen = seen, .i_flow = nodes[0].i_flow };
	uint32_t i = 0, below = 1;

	while (below < heap->n) {
		if (below + 1 < heap->n && nodes[below + 1].seen < nodes[below].seen)
			below++;
		if (nodes[below].seen >= seen)
			break;
		nodes[i] = nodes[below];
		i = below;
		below = 2 * i + 1;
	}
	nodes[i] = node;
}
