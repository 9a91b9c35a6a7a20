/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet: the payload of what msend sends. In front stands, with RTP, an RTP header
 * (RFC 3550 5.1). Then comes msend's own head, and zeros up to the size:
 *
 *	0   "msnd"
 *	4   sequence number, 32 bits, from 0 for each source and group
 *	8   sending time, 64 bits, nanoseconds since 1970-01-01 00:00 UTC
 *
 * All numbers are in network order.  With TS there is no such head: MPEG-TS packets
 * stand there instead (see ts.h).
 */
#ifndef MSEND_PACKET_H
#define MSEND_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rate of the RTP timestamp in Hz, as most dynamic payload types have it, and 33 for
 * MPEG-TS (RFC 3551 6). */
#define PACKET_RTP_CLOCK 90000u

#define PACKET_TYPE_DYNAMIC 96
#define PACKET_TYPE_TS      33

/* Seven TS packets are what an Ethernet frame takes. */
#define PACKET_DEFAULT_SIZE 64u
#define PACKET_DEFAULT_TS   7u

/* What all packets of a run have in common. */
struct packet_shape {
	size_t size; /* bytes of UDP payload */
	bool is_rtp;
	bool is_ts;
	uint8_t payload_type;
	uint32_t n_pids; /* of TS */
};

/* What one source says for as long as it is not restarted; the first values are
 * random (RFC 3550 5.1). */
struct packet_rtp {
	uint16_t sequence;
	uint32_t timestamp;
	uint32_t ssrc;
};

struct packet {
	uint32_t sequence;
	uint64_t position; /* packets of this source and group since its start */
	uint64_t realtime; /* ns since the epoch */
	uint64_t elapsed;  /* ns since the first packet */
	struct packet_rtp rtp;
};

/* The least size, and what is sent without --size. */
size_t packet_get_min_size(const struct packet_shape *shape);
size_t packet_get_default_size(const struct packet_shape *shape);

/* Writes what is the same in every packet: shape->size bytes. */
void packet_fill(const struct packet_shape *shape, uint8_t *at);

/* Writes the rest over it. */
void packet_encode(const struct packet_shape *shape, const struct packet *packet,
		   uint8_t *at);

#endif
