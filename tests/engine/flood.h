/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flood: a rig that hears very much, and how much memory and how many packets that takes.
 */
#ifndef ENGINE_FLOOD_H
#define ENGINE_FLOOD_H

#include "rig.h"

struct flood {
	struct rig *rig;
	struct tap *tap;
	size_t n_base;        /* bytes before it */
	size_t n_peak;        /* the most bytes at any moment since */
	size_t n_resizes;     /* calls for more memory since */
	size_t n_resizes_max; /* in one message */
	size_t n_messages, n_packets;
	uint64_t packet_us; /* that it takes to send one */
};

void flood_init(struct flood *flood, struct tap *tap);
/* Expects that all memory comes back. */
void flood_fini(struct flood *flood);

/* Sockets 1 to n join as many groups from that one on, each with that filter, and are
 * done with telling it. */
void flood_join(struct flood *flood, const char *first, unsigned int n,
		const char *filter);

/* Counts from here on. */
void flood_begin(struct flood *flood);

/* Hears a message from the usual sender to the usual destination, whose checksum has been
 * looked at. */
int flood_hear(struct flood *flood, enum engine_family family, const uint8_t *message,
	       size_t len);

/* Turns the clock; counts packets and forgets them. */
void flood_run(struct flood *flood, uint64_t us);

/* A query of the newest version: code is the raw one. Returns its length; bytes has room
 * for the headers and n sources from first on. */
size_t flood_write_query(uint8_t *bytes, enum engine_family family, struct addr group,
			 uint16_t code, struct addr first, uint16_t n);

#define FLOOD_QUERY_MAX(n) (28u + (n)*16u)

#endif
