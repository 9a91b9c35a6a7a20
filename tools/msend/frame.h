/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame: Ethernet, IP and UDP headers in front of a payload, made by ourselves, so that
 * a source need not be an address of the host.
 */
#ifndef MSEND_FRAME_H
#define MSEND_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define FRAME_MAC_SIZE 6

/* With a tag and IPv6. */
#define FRAME_HEAD_MAX 66u

#define FRAME_MAX_VLAN 4094

/* What all frames of a run have in common. */
struct frame {
	uint8_t mac[FRAME_MAC_SIZE];
	uint16_t vlan; /* 0: no tag */
	uint16_t port; /* of the sources */
	uint8_t ttl;
};

/* Bytes in front of the payload. */
size_t frame_get_head_size(const struct frame *frame, int family);

/* IP and UDP header. */
size_t frame_get_overhead(int family);

/* Writes the head at at; the payload of that size stands behind it already. The
 * group has the port; the source is 4 or 16 bytes, as its family has. */
void frame_encode(const struct frame *frame, const uint8_t *source,
		  const struct sockaddr_storage *group, size_t size, uint8_t *at);

#endif
