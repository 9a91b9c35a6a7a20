/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * names: the groups and sources of the histories have numbers; here are their addresses,
 * and sets of them.
 */
#ifndef DIFF_NAMES_H
#define DIFF_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"

#define NAMES_GROUPS  6u
#define NAMES_SOURCES 250u

/* Random histories use the groups before these. */
#define NAMES_GROUP_SSM   4u /* source-specific */
#define NAMES_GROUP_LOCAL 5u /* 224.0.0.0/24, or of link-local scope */

struct addr names_get_group(enum engine_family family, unsigned int group);
struct addr names_get_source(enum engine_family family, unsigned int source);

/* Numbers; -1: none of ours. */
int names_find_group(struct addr address);
int names_find_source(struct addr address);

/* Is it a group that a host of IPv6 or a bridge joins for itself, and that no history
 * has? */
bool names_is_noise(struct addr group);

struct source_bits {
	uint64_t words[4];
};

static inline void bits_add(struct source_bits *bits, unsigned int i)
{
	bits->words[i / 64] |= 1ull << i % 64;
}

static inline void bits_del(struct source_bits *bits, unsigned int i)
{
	bits->words[i / 64] &= ~(1ull << i % 64);
}

static inline bool bits_has(const struct source_bits *bits, unsigned int i)
{
	return bits->words[i / 64] >> i % 64 & 1;
}

unsigned int bits_count(const struct source_bits *bits);
bool bits_equal(const struct source_bits *a, const struct source_bits *b);
struct source_bits bits_union(struct source_bits a, struct source_bits b);
struct source_bits bits_intersection(struct source_bits a, struct source_bits b);
struct source_bits bits_difference(struct source_bits a, struct source_bits b);
/* "{1,2,5}"; numbers of sources. Returns the length. */
size_t bits_print(const struct source_bits *bits, char *text, size_t size);

#endif
