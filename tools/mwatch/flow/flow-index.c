/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow-index: linear probing (see flow-index.h).
 *
 * Invariant: between the place where a hash belongs and the one where it is, no slot is
 * empty.
 */
#include "flow-index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

_Static_assert(sizeof(struct datagram_key) % sizeof(uint64_t) == 0, "keys are words");

static uint64_t get_random(void)
{
	uint64_t value = 0;

	/* Never short for so few bytes; early in the boot it may fail (EAGAIN). */
	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value))
		value = (uint64_t)getpid() << 32 ^ (uintptr_t)&value;
	return value;
}

int flow_index_init(struct flow_index *index, uint32_t max)
{
	uint32_t n_slots = FLOW_LINE / sizeof(struct flow_slot);

	while (n_slots < 2 * (uint64_t)max)
		n_slots *= 2;
	index->slots = aligned_alloc(FLOW_LINE, n_slots * sizeof(*index->slots));
	if (!index->slots)
		return -ENOMEM;
	memset(index->slots, 0xff, n_slots * sizeof(*index->slots));
	index->mask = n_slots - 1;
	for (size_t i = 0; i < FLOW_INDEX_N_WORDS + 1; i++)
		index->seeds[i] = get_random();
	index->last_seed = get_random() | 1;
	return 0;
}

void flow_index_fini(struct flow_index *index)
{
	free(index->slots);
	*index = (struct flow_index){ 0 };
}

/* sum[0] + 2^64 sum[1] += a * b; 32-bit systems have no type for it. */
static void add_product(uint64_t sum[2], uint64_t a, uint64_t b)
{
	uint64_t low = a * b, high;
#ifdef __SIZEOF_INT128__
	high = (uint64_t)((unsigned __int128)a * b >> 64);
#else
	uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
	uint64_t middle = a1 * b0 + (a0 * b0 >> 32);

	high = a1 * b1 + (middle >> 32) + ((a0 * b1 + (uint32_t)middle) >> 32);
#endif
	sum[0] += low;
	sum[1] += high + (sum[0] < low);
}

/* NH of UMAC (RFC 4418 5.2.2) with words of 64 bits: two keys that differ have the same
 * sum with a chance of 2^-64, whoever chooses them. */
uint32_t flow_index_hash(const struct flow_index *index, const struct datagram_key *key)
{
	const uint64_t *seeds = index->seeds;
	uint64_t words[FLOW_INDEX_N_WORDS + 1] = { 0 }, sum[2] = { 0 };

	memcpy(words, key, sizeof(*key));
	for (size_t i = 0; i < FLOW_INDEX_N_WORDS; i += 2)
		add_product(sum, words[i] + seeds[i], words[i + 1] + seeds[i + 1]);
	return (uint32_t)((sum[0] ^ sum[1]) * index->last_seed >> 32);
}

void flow_index_prefetch(const struct flow_index *index, uint32_t hash)
{
	__builtin_prefetch(&index->slots[hash & index->mask]);
}

uint32_t flow_index_guess(const struct flow_index *index, uint32_t hash)
{
	uint32_t i = hash & index->mask;

	while (index->slots[i].hash != hash && index->slots[i].i_flow != FLOW_INDEX_NONE)
		i = (i + 1) & index->mask;
	return index->slots[i].i_flow;
}

bool flow_index_is_same(const struct datagram_key *a, const struct datagram_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

uint32_t flow_index_find(const struct flow_index *index, const struct flow *flows,
			 uint32_t hash, const struct datagram_key *key)
{
	uint32_t i = hash & index->mask;

	for (; index->slots[i].i_flow != FLOW_INDEX_NONE; i = (i + 1) & index->mask)
		if (index->slots[i].hash == hash &&
		    flow_index_is_same(&flows[index->slots[i].i_flow].key, key))
			break;
	return index->slots[i].i_flow;
}

void flow_index_add(struct flow_index *index, uint32_t hash, uint32_t i_flow)
{
	uint32_t i = hash & index->mask;

	while (index->slots[i].i_flow != FLOW_INDEX_NONE)
		i = (i + 1) & index->mask;
	index->slots[i] = (struct flow_slot){ .hash = hash, .i_flow = i_flow };
}

/* Moves back what would no longer be found over the hole. */
static void close_hole(struct flow_index *index, uint32_t hole)
{
	struct flow_slot *slots = index->slots;
	uint32_t mask = index->mask;

	for (uint32_t i = (hole + 1) & mask; slots[i].i_flow != FLOW_INDEX_NONE;
	     i = (i + 1) & mask) {
		uint32_t home = slots[i].hash & mask;

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		slots[hole] = slots[i];
		hole = i;
	}
	slots[hole] = (struct flow_slot){ .hash = UINT32_MAX, .i_flow = FLOW_INDEX_NONE };
}

void flow_index_del(struct flow_index *index, uint32_t hash, uint32_t i_flow)
{
	uint32_t i = hash & index->mask;

	while (index->slots[i].i_flow != i_flow)
		i = (i + 1) & index->mask;
	close_hole(index, i);
}
