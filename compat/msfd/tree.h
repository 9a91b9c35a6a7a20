/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tree: things by key, in ascending order: a treap (Aragon, Seidel), whose nodes stand in
 * the structs of their owners, so that to add and to remove cannot fail. Priorities are
 * drawn from a seed that nobody outside knows: no choice of keys makes it deep.
 */
#ifndef MSFD_TREE_H
#define MSFD_TREE_H

#include <stdint.h>

#include "base/addr.h"

/* Compared in this order; what a tree does not need is 0. */
struct tree_key {
	uint64_t number;
	uint32_t ifindex;
	struct addr group;
};

struct tree_node {
	struct tree_key key;
	uint32_t priority;
	struct tree_node *left, *right;
};

struct tree {
	struct tree_node *root;
	uint64_t random; /* the state of a generator */
};

void tree_init(struct tree *ret);

/* NULL: not there. */
struct tree_node *tree_find(const struct tree *tree, const struct tree_key *key);

/* The first behind the key, which need not be there; NULL: none. */
struct tree_node *tree_next(const struct tree *tree, const struct tree_key *key);

/* The node's key is set, and not there yet. */
void tree_add(struct tree *tree, struct tree_node *node);

void tree_del(struct tree *tree, struct tree_node *node);

#endif
