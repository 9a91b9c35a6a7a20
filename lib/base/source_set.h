/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The source list of a filter as a set: sorted, each address once.
 *
 * Storage is the caller's; nothing here allocates. Lookup is O(log n), the set
 * operations are linear in both operands.
 */
#ifndef BASE_SOURCE_SET_H
#define BASE_SOURCE_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct source_set {
	uint32_t n;
	struct addr *addr; /* borrowed, ascending, distinct */
};

/*
 * Makes a set of the n addresses in list, in place, and returns how many are
 * distinct. scratch has room for n as well. Linear when list is sorted.
 */
uint32_t source_set_sort(struct addr *list, uint32_t n, struct addr *scratch);

/* ret_position (may be NULL): where it is, or would be inserted. */
bool source_set_has(const struct source_set *set, struct addr source,
		    uint32_t *ret_position);

bool source_set_equal(const struct source_set *a, const struct source_set *b);

/*
 * Is b the set a with one source more (returns 1), or less (-1)? *ret_source is
 * that source then. 0: no.
 */
int source_set_step(const struct source_set *a, const struct source_set *b,
		    struct addr *ret_source);

/* Results go to ret, whose addr has room for a->n + b->n (union) or a->n (difference).
 * ret may not share storage with them. */
void source_set_union(const struct source_set *a, const struct source_set *b,
		      struct source_set *ret);
void source_set_difference(const struct source_set *a, const struct source_set *b,
			   struct source_set *ret);

#endif
