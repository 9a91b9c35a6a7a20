/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fragments: puts together what belongs to one datagram, for counting only: the datagram
 * counts once, with its first fragment's payload and the length of all of it.
 * It holds a fixed number of unfinished ones; the oldest makes room.
 */
#ifndef MWATCH_CAPTURE_FRAGMENTS_H
#define MWATCH_CAPTURE_FRAGMENTS_H

#include <stdint.h>

#include "datagram.h"

struct fragments;

/* -ENOMEM */
int fragments_new(struct fragments **ret);

/* Frees; NULL is fine. Returns NULL. */
struct fragments *fragments_free(struct fragments *fragments);

/* A fragment was seen. 1: its datagram is complete, and is in *ret with a payload of the
 * object's, valid until the next call; 0: not yet. */
int fragments_add(struct fragments *fragments, const struct datagram *datagram,
		  const struct datagram_fragment *fragment, struct datagram *ret);

/* Datagrams given up since the object was made: a piece never came. */
uint64_t fragments_get_orphans(const struct fragments *fragments);

/* Gives up what began before that time (ns since the epoch). */
void fragments_expire(struct fragments *fragments, uint64_t before_ns);

#endif
