/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three ways to join and leave one source, side by side: the socket options, libmsf with
 * the kernel's own filters, and libmsf with the ASM backend.
 */
#ifndef BENCH_SIDES_H
#define BENCH_SIDES_H

#include <msf.h>

enum side { SIDE_RAW, SIDE_KERNEL, SIDE_ASM, N_SIDES };

struct sides {
	struct msf *msf[N_SIDES]; /* owned; none of SIDE_RAW */
	uint32_t ifindex;
};

/* "setsockopt", "kernel backend", "ASM backend" */
const char *sides_get_name(enum side side);

/* 0 or -errno; sides_fini() is due either way. */
int sides_init(struct sides *sides, uint32_t ifindex);
void sides_fini(struct sides *sides);

/* MCAST_JOIN_SOURCE_GROUP or MCAST_LEAVE_SOURCE_GROUP, or what does the same: 0 or
 * -errno. */
int sides_join(const struct sides *sides, enum side side, int fd,
	       const struct sockaddr_storage *group,
	       const struct sockaddr_storage *source);
int sides_leave(const struct sides *sides, enum side side, int fd,
		const struct sockaddr_storage *group,
		const struct sockaddr_storage *source);

/* An IPv4 address in host order, with a port. */
struct sockaddr_storage sides_get_ipv4(uint32_t address, uint16_t port);

/* An IPv6 address by its first and its last 32 bits; the others are 0. */
struct sockaddr_storage sides_get_ipv6(uint32_t first, uint32_t last, uint16_t port);

#endif
