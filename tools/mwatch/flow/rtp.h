/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rtp: the fixed header of RTP (RFC 3550 5.1) and the clocks of its payload types
 * (RFC 3551 6).
 */
#ifndef MWATCH_FLOW_RTP_H
#define MWATCH_FLOW_RTP_H

#include <stdbool.h>
#include <stdint.h>

#define RTP_HEADER_SIZE   12
#define RTP_DEFAULT_CLOCK 90000u /* Hz */

struct rtp_header {
	uint8_t payload_type;
	uint16_t sequence;
	uint32_t timestamp;
	uint32_t ssrc;
	uint32_t size; /* of header, CSRCs and extension; 0: not all of it was captured */
};

/* False: it is no RTP packet (RTCP neither), or too little of it was captured. */
bool rtp_parse(const uint8_t *bytes, uint32_t n_bytes, struct rtp_header *ret);

/* Is this type assigned or dynamic? */
bool rtp_is_plausible(uint8_t payload_type);

/* Hz */
uint32_t rtp_get_clock(uint8_t payload_type);

#endif
