/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fragments: unfinished datagrams (see fragments.h), by RFC 791 3.2 and RFC 8200 4.5.
 *
 * Fragments are multiples of 8 bytes but for the last one, so a bit for each 8 bytes says
 * what has come.  Invariant: bits are set below the end only, once it is known.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fragments.h"

#define MAX_UNFINISHED 256u
#define MAX_PAYLOAD    2048u
#define UDP_HEADER     8u

#define UNIT    8u
#define N_UNITS ((UINT16_MAX + UNIT) / UNIT)
#define N_WORDS (N_UNITS / 64)

/* A piece that came before is of another datagram with the same identification when it
 * comes so much later: 16 bits are soon used up (RFC 6864).  A piece that is missing may
 * come later than that, as Linux waits for it, too (ipfrag_time). */
#define SAME_NS 500000000u

struct unfinished {
	struct datagram datagram; /* of the first fragment; payload is not used */
	uint32_t id;
	uint32_t n_options; /* see struct datagram_fragment */
	uint32_t end;       /* bytes of the whole; 0: not known */
	uint32_t n_units;   /* that have come */
	uint64_t began_ns;
	bool has_first;
	bool is_given_up; /* and counted; what else comes of it is passed over */
	uint64_t units[N_WORDS];
	uint8_t payload[MAX_PAYLOAD];
};

struct fragments {
	uint64_t orphans;
	uint64_t tags[MAX_UNFINISHED]; /* hashes, to be looked through fast; 0: free */
	struct unfinished unfinished[MAX_UNFINISHED];
};

int fragments_new(struct fragments **ret)
{
	struct fragments *fragments = calloc(1, sizeof(*fragments));

	if (!fragments)
		return -ENOMEM;
	*ret = fragments;
	return 0;
}

struct fragments *fragments_free(struct fragments *fragments)
{
	free(fragments);
	return NULL;
}

/* FNV-1a; never 0. The port is known in the first fragment only. */
static uint64_t get_tag(const struct datagram_key *key, uint32_t id)
{
	uint64_t words[5], hash = UINT64_C(0xcbf29ce484222325);
	struct datagram_key portless = *key;

	portless.port = 0;
	memcpy(words, &portless, sizeof(words));
	for (unsigned int i = 0; i < 5; i++)
		hash = (hash ^ words[i]) * UINT64_C(0x100000001b3);
	hash = (hash ^ id) * UINT64_C(0x100000001b3);
	return hash | 1;
}

static bool is_of(const struct unfinished *unfinished, const struct datagram_key *key,
		  uint32_t id)
{
	struct datagram_key a = unfinished->datagram.key, b = *key;

	a.port = b.port = 0;
	return unfinished->id == id && !memcmp(&a, &b, sizeof(a));
}

static void drop(struct fragments *fragments, uint32_t i)
{
	fragments->tags[i] = 0;
}

static void give_up(struct fragments *fragments, struct unfinished *unfinished)
{
	fragments->orphans += !unfinished->is_given_up;
	unfinished->is_given_up = true;
}

/* The place of an unfinished datagram, or that of the oldest one, which makes room. */
static uint32_t find(struct fragments *fragments, const struct datagram_key *key,
		     uint32_t id, uint64_t tag, bool *ret_is_known)
{
	uint32_t oldest = 0;

	*ret_is_known = true;
	for (uint32_t i = 0; i < MAX_UNFINISHED; i++)
		if (fragments->tags[i] == tag &&
		    is_of(&fragments->unfinished[i], key, id))
			return i;
	*ret_is_known = false;
	for (uint32_t i = 0; i < MAX_UNFINISHED; i++) {
		if (!fragments->tags[i])
			return i;
		if (fragments->unfinished[i].began_ns <
		    fragments->unfinished[oldest].began_ns)
			oldest = i;
	}
	give_up(fragments, &fragments->unfinished[oldest]);
	return oldest;
}

static void begin(struct unfinished *unfinished, const struct datagram *datagram,
		  uint32_t id)
{
	unfinished->datagram = *datagram;
	unfinished->id = id;
	unfinished->n_options = unfinished->end = unfinished->n_units = 0;
	unfinished->began_ns = datagram->when_ns;
	unfinished->has_first = unfinished->is_given_up = false;
	memset(unfinished->units, 0, sizeof(unfinished->units));
}

/* The bits of a word that are units from "from" to below "to". */
static uint64_t get_mask(uint32_t word, uint32_t from, uint32_t to)
{
	uint64_t mask = UINT64_MAX;

	if (from > word * 64)
		mask <<= from - word * 64;
	if (to < (word + 1) * 64)
		mask &= UINT64_MAX >> ((word + 1) * 64 - to);
	return mask;
}

/* How many of the units have come already. */
static uint32_t count_units(const struct unfinished *unfinished, uint32_t from,
			    uint32_t to)
{
	uint32_t n = 0;

	for (uint32_t word = from / 64; word * 64 < to; word++)
		n += (uint32_t)__builtin_popcountll(unfinished->units[word] &
						    get_mask(word, from, to));
	return n;
}

static void set_units(struct unfinished *unfinished, uint32_t from, uint32_t to)
{
	for (uint32_t word = from / 64; word * 64 < to; word++)
		unfinished->units[word] |= get_mask(word, from, to);
	unfinished->n_units += to - from;
}

/* Does it contradict what is known about the end? */
static bool is_beyond(const struct unfinished *unfinished,
		      const struct datagram_fragment *fragment)
{
	uint32_t end = fragment->offset + fragment->length;

	if (unfinished->end)
		return fragment->is_last ? end != unfinished->end
					 : end >= unfinished->end;
	/* Anything behind a last one that comes late. */
	return fragment->is_last &&
	       count_units(unfinished, (end + UNIT - 1) / UNIT, N_UNITS) > 0;
}

static void keep_first(struct unfinished *unfinished, const struct datagram *datagram,
		       const struct datagram_fragment *fragment)
{
	unfinished->datagram = *datagram;
	if (unfinished->datagram.n_payload > MAX_PAYLOAD)
		unfinished->datagram.n_payload = MAX_PAYLOAD;
	if (unfinished->datagram.n_payload > 0)
		memcpy(unfinished->payload, datagram->payload,
		       unfinished->datagram.n_payload);
	unfinished->n_options = fragment->n_options;
	unfinished->has_first = true;
}

static bool is_complete(const struct unfinished *unfinished)
{
	return unfinished->end && unfinished->has_first &&
	       unfinished->n_units == (unfinished->end + UNIT - 1) / UNIT;
}

/* Does what the UDP header claims fit into what came? */
static bool is_sound(const struct unfinished *unfinished)
{
	return unfinished->n_options + UDP_HEADER + unfinished->datagram.length <=
	       unfinished->end;
}

static uint32_t get_from(const struct datagram_fragment *fragment)
{
	return fragment->offset / UNIT;
}

static uint32_t get_to(const struct datagram_fragment *fragment)
{
	return (fragment->offset + fragment->length + UNIT - 1) / UNIT;
}

/* Is it of another datagram than what came before? */
static bool is_anew(const struct unfinished *unfinished, const struct datagram *datagram,
		    const struct datagram_fragment *fragment)
{
	if (datagram->when_ns <= unfinished->began_ns + SAME_NS)
		return false;
	return unfinished->is_given_up ||
	       count_units(unfinished, get_from(fragment), get_to(fragment)) > 0;
}

/* 1: it is complete. */
static int add(struct fragments *fragments, struct unfinished *unfinished,
	       const struct datagram *datagram, const struct datagram_fragment *fragment)
{
	uint32_t from = get_from(fragment), to = get_to(fragment);
	uint32_t n_known = count_units(unfinished, from, to);

	if (unfinished->is_given_up)
		return 0;
	if (is_beyond(unfinished, fragment) || (n_known > 0 && n_known < to - from)) {
		give_up(fragments, unfinished);
		return 0;
	}
	if (n_known > 0)
		return 0;
	set_units(unfinished, from, to);
	if (fragment->offset == 0)
		keep_first(unfinished, datagram, fragment);
	if (fragment->is_last)
		unfinished->end = fragment->offset + fragment->length;
	if (!is_complete(unfinished))
		return 0;
	if (is_sound(unfinished))
		return 1;
	give_up(fragments, unfinished);
	return 0;
}

int fragments_add(struct fragments *fragments, const struct datagram *datagram,
		  const struct datagram_fragment *fragment, struct datagram *ret)
{
	uint64_t tag = get_tag(&datagram->key, fragment->id);
	bool is_known;
	uint32_t i = find(fragments, &datagram->key, fragment->id, tag, &is_known);
	struct unfinished *unfinished = &fragments->unfinished[i];

	if (!is_known) {
		fragments->tags[i] = tag;
		begin(unfinished, datagram, fragment->id);
	} else if (is_anew(unfinished, datagram, fragment)) {
		give_up(fragments, unfinished);
		begin(unfinished, datagram, fragment->id);
	}
	if (!add(fragments, unfinished, datagram, fragment))
		return 0;
	drop(fragments, i);
	*ret = unfinished->datagram;
	ret->payload = unfinished->payload;
	ret->when_ns = datagram->when_ns;
	return 1;
}

uint64_t fragments_get_orphans(const struct fragments *fragments)
{
	return fragments->orphans;
}

void fragments_expire(struct fragments *fragments, uint64_t before_ns)
{
	for (uint32_t i = 0; i < MAX_UNFINISHED; i++) {
		struct unfinished *unfinished = &fragments->unfinished[i];

		if (!fragments->tags[i] || unfinished->began_ns >= before_ns)
			continue;
		give_up(fragments, unfinished);
		drop(fragments, i);
	}
}
