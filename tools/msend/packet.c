/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet: encodes payloads (see packet.h; RFC 3550 5.1).
 *
 * Invariant: packet_encode() writes the same bytes of a buffer each time, so the others
 * are written once.
 */
#include "packet.h"

#include <string.h>

#include "bytes.h"
#include "ts.h"

#define NSEC_PER_SEC 1000000000u

#define RTP_VERSION 2

#define RTP_SIZE  12u
#define HEAD_SIZE 16u

#define MAGIC 0x6d736e64u /* "msnd" */

static uint8_t *put_rtp(uint8_t *at, const struct packet_shape *shape,
			const struct packet *packet)
{
	const struct packet_rtp *rtp = &packet->rtp;
	/* In two parts, so that no product passes 64 bits. */
	uint64_t ticks = packet->elapsed / NSEC_PER_SEC * PACKET_RTP_CLOCK +
			 packet->elapsed % NSEC_PER_SEC * PACKET_RTP_CLOCK / NSEC_PER_SEC;

	at = bytes_put_8(at, RTP_VERSION << 6); /* no padding, extension, CSRC */
	at = bytes_put_8(at, shape->payload_type);
	at = bytes_put_16(at, (uint16_t)(rtp->sequence + packet->sequence));
	at = bytes_put_32(at, rtp->timestamp + (uint32_t)ticks);
	return bytes_put_32(at, rtp->ssrc);
}

static void put_head(uint8_t *at, const struct packet *packet)
{
	at = bytes_put_32(at, MAGIC);
	at = bytes_put_32(at, packet->sequence);
	bytes_put_64(at, packet->realtime);
}

static size_t get_rtp_size(const struct packet_shape *shape)
{
	return shape->is_rtp ? RTP_SIZE : 0;
}

static uint32_t get_n_ts(const struct packet_shape *shape)
{
	return (uint32_t)((shape->size - get_rtp_size(shape)) / TS_SIZE);
}

static void put_ts(uint8_t *at, const struct packet_shape *shape,
		   const struct packet *packet)
{
	uint32_t n = get_n_ts(shape);

	for (uint32_t i = 0; i < n; i++)
		ts_encode(packet->position * n + i, shape->n_pids, packet->elapsed,
			  at + (size_t)i * TS_SIZE);
}

size_t packet_get_min_size(const struct packet_shape *shape)
{
	return get_rtp_size(shape) + (shape->is_ts ? TS_SIZE : HEAD_SIZE);
}

size_t packet_get_default_size(const struct packet_shape *shape)
{
	if (!shape->is_ts)
		return PACKET_DEFAULT_SIZE;
	return get_rtp_size(shape) + (size_t)PACKET_DEFAULT_TS * TS_SIZE;
}

void packet_fill(const struct packet_shape *shape, uint8_t *at)
{
	memset(at, shape->is_ts ? TS_STUFFING : 0, shape->size);
}

void packet_encode(const struct packet_shape *shape, const struct packet *packet,
		   uint8_t *at)
{
	if (shape->is_rtp)
		at = put_rtp(at, shape, packet);
	if (shape->is_ts)
		put_ts(at, shape, packet);
	else
		put_head(at, packet);
}
