/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame: Ethernet packets with a UDP datagram to a group, or a piece of one, for the
 * tests of what reads them. The UDP checksum is 0 for IPv4 and wrong for IPv6: nobody
 * here looks at it.
 */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stdint.h>

#define FRAME_MAX         4096u
#define FRAME_MAX_HEADERS 20u

#define FRAME_TTL  7
#define FRAME_PORT 5000
#define FRAME_ID   0x1234u

/* Zeros: IPv4 from 10.9.0.1 to 232.1.1.1, IPv6 from fd09::1 to ff3e::1, no payload. */
struct frame_plan {
	bool is_ipv6;
	uint32_t length;       /* of the UDP payload */
	uint8_t payload[16];   /* its first bytes; zeros behind */
	uint8_t group_end;     /* last byte of the group; 0: 1 */
	uint32_t source;       /* added to the source address */
	uint16_t tags[2];      /* VLAN tags: identifier and priority */
	uint16_t tag_types[2]; /* 0: ETH_P_8021Q */
	uint8_t n_tags;
	uint8_t n_options;                  /* bytes of IPv4 options, a multiple of 4 */
	uint8_t protocol;                   /* 0: UDP */
	uint8_t n_headers;                  /* IPv6 extension headers, of 8 bytes each */
	uint8_t headers[FRAME_MAX_HEADERS]; /* kinds; at most one IPPROTO_FRAGMENT */
	bool has_piece; /* a fragment: this piece of what is behind its header */
	uint32_t offset, n_piece;
	uint32_t id;        /* added to FRAME_ID */
	bool has_more;      /* the more-fragments flag */
	uint32_t n_padding; /* bytes behind the IP packet */
};

struct frame {
	uint8_t bytes[FRAME_MAX];
	uint32_t n;
	uint32_t n_link; /* where IP begins */
};

void frame_make(struct frame *ret, const struct frame_plan *plan);

/* A socket that sends frames out of the interface. */
int frame_open(const char *interface);
void frame_send(int fd, const struct frame *frame);

#endif
