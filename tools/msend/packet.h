/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet: the first bytes of what msend sends; zeros follow up to the size.
 *
 *	0   "msnd"
 *	4   sequence number, 32 bits, from 0 for each source and group
 *	8   sending time, 64 bits, nanoseconds since 1970-01-01 00:00 UTC
 *
 * All numbers are in network order.  With RTP an RTP header (RFC 3550 5.1)
 * stands before it.
 */
#ifndef MSEND_PACKET_H
#define MSEND_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_PLAIN_SIZE 16
#define PACKET_RTP_SIZE   12
#define PACKET_HEAD_MAX   (PACKET_RTP_SIZE + PACKET_PLAIN_SIZE)

/* Rate of the RTP timestamp in Hz, as most dynamic payload types have it. */
#define PACKET_RTP_CLOCK 90000u

/* The first values are random (RFC 3550 5.1). */
struct packet_rtp {
	uint8_t payload_type;
	uint16_t sequence;
	uint32_t timestamp;
	uint32_t ssrc;
};

struct packet {
	uint32_t sequence;
	uint64_t realtime; /* ns since the epoch */
	uint64_t elapsed;  /* ns since the first packet */
};

size_t packet_get_head_size(bool is_rtp);

/* Writes packet_get_head_size() bytes; rtp NULL: without the RTP header. */
void packet_encode(const struct packet *packet, const struct packet_rtp *rtp,
		   uint8_t head[PACKET_HEAD_MAX]);

#endif
