/* SPDX-License-Identifier: BSD-2-Clause */
/* See tree.h. */
#include "msfd/tree.h"

#include <stddef.h>

#include <sys/random.h>

/* Where no random numbers are to be had, as early at boot, any seed does. */
void tree_init(struct tree *ret)
{
	*ret = (struct tree){ .random = (uintptr_t)ret };
	if (getrandom(&ret->random, sizeof(ret->random), GRND_NONBLOCK) < 0)
		ret->random += 1;
}

/* SplitMix64 (Steele, Lea, Flood). */
static uint32_t draw(struct tree *tree)
{
	uint64_t z = tree->random += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (uint32_t)(z >> 32);
}

static int compare(const struct tree_key *a, const struct tree_key *b)
{
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	if (a->ifindex != b->ifindex)
		return a->ifindex < b->ifindex ? -1 : 1;
	return addr_compare(a->group, b->group);
}

struct tree_node *tree_find(const struct tree *tree, const struct tree_key *key)
{
	struct tree_node *node = tree->root;
	int order;

	while (node && (order = compare(key, &node->key)) != 0)
		node = order < 0 ? node->left : node->right;
	return node;
}

struct tree_node *tree_next(const struct tree *tree, const struct tree_key *key)
{
	struct tree_node *node = tree->root, *next = NULL;

	while (node) {
		if (compare(key, &node->key) < 0) {
			next = node;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return next;
}

static void split(struct tree_node *top, const struct tree_key *key,
		  struct tree_node **left, struct tree_node **right)
{
	while (top) {
		if (compare(key, &top->key) < 0) {
			*right = top;
			right = &top->left;
			top = top->left;
		} else {
			*left = top;
			left = &top->right;
			top = top->right;
		}
	}
	*left = *right = NULL;
}

static void join(struct tree_node **place, struct tree_node *left,
		 struct tree_node *right)
{
	while (left && right) {
		if (left->priority >= right->priority) {
			*place = left;
			place = &left->right;
			left = left->right;
		} else {
			*place = right;
			place = &right->left;
			right = right->left;
		}
	}
	*place = left ? left : right;
}

static struct tree_node **descend(struct tree_node **place, const struct tree_key *key)
{
	return compare(key, &(*place)->key) < 0 ? &(*place)->left : &(*place)->right;
}

void tree_add(struct tree *tree, struct tree_node *node)
{
	struct tree_node **place = &tree->root;

	node->priority = draw(tree);
	while (*place && (*place)->priority >= node->priority)
		place = descend(place, &node->key);
	split(*place, &node->key, &node->left, &node->right);
	*place = node;
}

void tree_del(struct tree *tree, struct tree_node *node)
{
	struct tree_node **place = &tree->root;

	while (*place != node)
		place = descend(place, &node->key);
	join(place, node->left, node->right);
}
