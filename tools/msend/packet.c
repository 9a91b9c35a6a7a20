/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet: encodes the head of a packet (see packet.h; RFC 3550 5.1).
 *
 * Invariant: only the head differs between two packets of a run, so that the rest
 * is shared by all of them.
 */
#include "packet.h"

#define NSEC_PER_SEC 1000000000u

#define RTP_VERSION 2

#define MAGIC 0x6d736e64u /* "msnd" */

static uint8_t *put_bytes(uint8_t *at, uint64_t value, unsigned int n)
{
	for (unsigned int i = n; i-- > 0; value >>= 8)
		at[i] = (uint8_t)value;
	return at + n;
}

static uint8_t *put_rtp(uint8_t *at, const struct packet *packet,
			const struct packet_rtp *rtp)
{
	/* In two parts, so that no product passes 64 bits. */
	uint64_t ticks = packet->elapsed / NSEC_PER_SEC * PACKET_RTP_CLOCK +
			 packet->elapsed % NSEC_PER_SEC * PACKET_RTP_CLOCK / NSEC_PER_SEC;

	*at++ = RTP_VERSION << 6; /* no padding, no extension, no CSRC */
	*at++ = rtp->payload_type;
	at = put_bytes(at, rtp->sequence + packet->sequence, 2);
	at = put_bytes(at, rtp->timestamp + ticks, 4);
	return put_bytes(at, rtp->ssrc, 4);
}

size_t packet_get_head_size(bool is_rtp)
{
	return is_rtp ? PACKET_RTP_SIZE + PACKET_PLAIN_SIZE : PACKET_PLAIN_SIZE;
}

void packet_encode(const struct packet *packet, const struct packet_rtp *rtp,
		   uint8_t head[PACKET_HEAD_MAX])
{
	uint8_t *at = rtp ? put_rtp(head, packet, rtp) : head;

	at = put_bytes(at, MAGIC, 4);
	at = put_bytes(at, packet->sequence, 4);
	put_bytes(at, packet->realtime, 8);
}
