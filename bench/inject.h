/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP datagrams from any source, as Ethernet frames made beforehand: a packet socket
 * on the far end of a link sends them, so the kernel receives them as it would from
 * a wire. The kernel's tests use this, too.
 */
#ifndef BENCH_INJECT_H
#define BENCH_INJECT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define INJECT_MAX   128u
#define INJECT_BATCH 64u

/* The payload. Every word stands beside its complement, so that the checksum is the
 * same whatever they are. */
struct inject_payload {
	uint32_t stamp;
	uint32_t stamp_inverted;
	uint32_t tag;
	uint32_t tag_inverted;
};

struct inject_plan {
	const struct sockaddr_storage *from;
	const struct sockaddr_storage *to; /* with the port */
	const uint8_t *mac;   /* of the receiver, where that is not a group; 6 bytes */
	uint32_t tag;         /* for the receiver to know it by */
	unsigned int n_words; /* of IPv4 options; not 0: IPv6 destination options */
};

struct inject_frame {
	uint8_t bytes[INJECT_MAX];
	uint32_t n;
	uint32_t n_head; /* where the payload begins */
};

void inject_make(struct inject_frame *ret, const struct inject_plan *plan);

void inject_set_stamp(struct inject_frame *frame, uint32_t stamp);

/* The payload, which stands at the end of what was received. 1, or 0: it is not one. */
int inject_read(const void *data, size_t n, struct inject_payload *ret);

/* A socket that sends out of the interface: a descriptor or -errno. */
int inject_open(uint32_t ifindex);

/* Sends at most INJECT_BATCH frames in one call: 0 or -errno. */
int inject_send(int fd, struct inject_frame *const *frames, unsigned int n);

/* The other end of a veth pair in the same namespace: 0 or -errno. */
int inject_find_peer(const char *interface, uint32_t *ret_ifindex);

#endif
