/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel: source filters of the running kernel as it has them, without libmsf in
 * between: the MCAST_* options of RFC 3678 5 on a UDP socket, for one group on lo and
 * a few sources, all of them addresses for documentation (RFC 5737, 3849, 6676).
 *
 * Invariant: called in a namespace of its own only (isolate.h), where lo is down: no
 * packet is sent.
 */
#ifndef MSFCTL_KERNEL_H
#define MSFCTL_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define KERNEL_SOURCES 8u

/* What a socket holds: sources are bits. */
enum kernel_mode { KERNEL_NONE, KERNEL_INCLUDE, KERNEL_EXCLUDE, KERNEL_UNREADABLE };

struct kernel_filter {
	enum kernel_mode mode; /* KERNEL_INCLUDE with an empty set: a leftover */
	unsigned int set;
	uint32_t numsrc; /* as the kernel counts */
};

/* A UDP socket; -errno (-EAFNOSUPPORT: no such family here). */
int kernel_open(int family);

/* All of these: 0 or -errno of the system call. option: MCAST_JOIN_GROUP, ... */
int kernel_send_group(int fd, int family, int option);
int kernel_send_source(int fd, int family, int option, unsigned int source);
int kernel_send_address(int fd, int family, int option,
			const struct sockaddr_storage *source);
int kernel_send_filter(int fd, int family, uint32_t fmode, uint32_t n,
		       const unsigned int *sources);

/* KERNEL_UNREADABLE: it does not tell. */
struct kernel_filter kernel_get_filter(int fd, int family);

/* The group, and source i, as the calls above use them. */
struct sockaddr_storage kernel_group(int family);
struct sockaddr_storage kernel_source(int family, unsigned int i);

#endif
