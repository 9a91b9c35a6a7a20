/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring: packets of one interface out of a ring of memory that is shared with the kernel
 * (AF_PACKET, TPACKET_V3).  It changes nothing on the interface and joins nothing.
 * Needs CAP_NET_RAW when it is made, and nothing later.
 *
 * Datagrams that are glued together can be told on Linux 6.6 and later; before that, they
 * look like one.
 */
#ifndef MWATCH_CAPTURE_RING_H
#define MWATCH_CAPTURE_RING_H

#include <stdbool.h>
#include <stdint.h>

struct prefilter;

/* Bytes begin at the network header; they are the ring's until the next ring_read(). */
struct ring_packet {
	const uint8_t *bytes;
	uint32_t n_bytes;      /* that were captured */
	uint32_t length;       /* on the wire, from the network header on */
	uint64_t when_ns;      /* since the epoch */
	uint16_t protocol;     /* host order; ETH_P_* of what begins at bytes */
	uint16_t vlan;         /* 0: none */
	uint16_t segment_size; /* UDP payload of each datagram glued together; 0: one */
	bool is_outgoing;
};

struct ring;

struct ring_settings {
	uint32_t ifindex;
	uint32_t size;                     /* bytes of the ring; 0: default */
	bool has_all_multicast;            /* the interface receives what nobody joined */
	const struct prefilter *prefilter; /* borrowed during the call */
};

/* 0; -EPERM: no CAP_NET_RAW; -ENODEV; -ENOMEM: the ring is too large; -errno. */
int ring_new(struct ring **ret, const struct ring_settings *settings);

/* Frees; NULL is fine. Returns NULL. */
struct ring *ring_free(struct ring *ring);

/* Readable when ring_read() has something, some milliseconds late at most. */
int ring_get_fd(const struct ring *ring);

/* The next packets, max at most; those of the call before are given back. 0: none now.
 * -ENETDOWN: the interface went down, -ENODEV: it is gone; told once. */
int ring_read(struct ring *ring, struct ring_packet packets[], unsigned int max);

/* Is the interface there, and up? One that was down is watched again by itself, one that
 * was removed is not. */
bool ring_is_up(const struct ring *ring);

/*
 * Watches an interface that was removed and came back, under any index.  Needs no
 * privilege. -ENODEV; -EMEDIUMTYPE: it is of another kind; -errno.
 */
int ring_renew(struct ring *ring, uint32_t ifindex);

/* Packets that found the ring full, since it was made. */
uint64_t ring_get_drops(struct ring *ring);

#endif
