/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rtp: headers of RTP (see rtp.h).
 *
 * Invariant: nothing behind bytes[n_bytes - 1] is read.
 */
#include "rtp.h"

#include <stddef.h>

#define RTP_VERSION   2
#define RTP_EXTENSION 0x10
#define RTP_CSRCS     0x0f
#define RTP_TYPE      0x7f

#define EXTENSION_HEADER 4

/* RTCP's 200 to 204, without the bit that is RTP's marker (RFC 5761 4). */
#define FIRST_RTCP_TYPE 72
#define LAST_RTCP_TYPE  76

#define LAST_STATIC_TYPE   34
#define FIRST_DYNAMIC_TYPE 96

static uint16_t get_16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t get_32(const uint8_t *bytes)
{
	return (uint32_t)get_16(bytes) << 16 | get_16(bytes + 2);
}

static uint32_t get_size(const uint8_t *bytes, uint32_t n_bytes)
{
	uint32_t size = RTP_HEADER_SIZE + 4u * (bytes[0] & RTP_CSRCS);

	if (bytes[0] & RTP_EXTENSION) {
		if (n_bytes < size + EXTENSION_HEADER)
			return 0;
		size += EXTENSION_HEADER + 4u * get_16(bytes + size + 2);
	}
	return size <= n_bytes ? size : 0;
}

bool rtp_parse(const uint8_t *bytes, uint32_t n_bytes, struct rtp_header *ret)
{
	if (n_bytes < RTP_HEADER_SIZE || bytes[0] >> 6 != RTP_VERSION)
		return false;
	ret->payload_type = bytes[1] & RTP_TYPE;
	if (ret->payload_type >= FIRST_RTCP_TYPE && ret->payload_type <= LAST_RTCP_TYPE)
		return false;
	ret->sequence = get_16(bytes + 2);
	ret->timestamp = get_32(bytes + 4);
	ret->ssrc = get_32(bytes + 8);
	ret->size = get_size(bytes, n_bytes);
	return true;
}

bool rtp_is_plausible(uint8_t payload_type)
{
	return payload_type <= LAST_STATIC_TYPE || payload_type >= FIRST_DYNAMIC_TYPE;
}

uint32_t rtp_get_clock(uint8_t payload_type)
{
	/* RFC 3551 6, tables 4 and 5; what is not here is video or dynamic. */
	static const uint32_t clocks[] = {
		[0] = 8000,   [3] = 8000,   [4] = 8000,   [5] = 8000,
		[6] = 16000,  [7] = 8000,   [8] = 8000,   [9] = 8000,
		[10] = 44100, [11] = 44100, [12] = 8000,  [13] = 8000,
		[15] = 8000,  [16] = 11025, [17] = 22050, [18] = 8000,
	};

	if (payload_type < sizeof(clocks) / sizeof(clocks[0]) && clocks[payload_type])
		return clocks[payload_type];
	return RTP_DEFAULT_CLOCK;
}
