/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sockets that may hold memberships, by inode. UDP is listed through sock_diag
 * with the option memory of each, raw and ping sockets through /proc, without it.
 * No list of Linux has the UDP and ping sockets that are not bound: those are told
 * by the name that their inode has, where a descriptor of them is found. TCP
 * sockets, which Linux lets join, receive no multicast and are left out.
 */
#ifndef LIB_SOCKETS_H
#define LIB_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "vector.h"

#define SOCKETS_NONE UINT32_MAX

enum socket_kind {
	SOCKET_LISTED,   /* by a namespace */
	SOCKET_UNLISTED, /* found with a holder: to be asked what it is */
	SOCKET_OTHER,    /* found with a holder: TCP, Unix, ... */
};

struct socket_entry {
	uint64_t inode;
	uint32_t namespace; /* its number; NAMESPACE_UNKNOWN for those unlisted */
	int32_t optmem;     /* bytes; -1: not told */
	enum socket_kind kind;
	bool is_wanted; /* may hold memberships, or is to be shown anyway */
};

/* Zero-initialised it is empty. */
struct sockets {
	struct vector list;   /* struct socket_entry */
	uint32_t *buckets;    /* owned: numbers + 1, hashed by inode */
	uint32_t n_buckets;   /* a power of 2 */
	struct vector groups; /* struct addr: multicast addresses that one is bound to */
};

void sockets_fini(struct sockets *sockets);

struct socket_entry *sockets_get(const struct sockets *sockets, uint32_t number);

/* Its number, or SOCKETS_NONE. */
uint32_t sockets_find(const struct sockets *sockets, uint64_t inode);

/* An inode that is there already stays as it is. 0 and its number, or -ENOMEM. */
int sockets_add(struct sockets *sockets, const struct socket_entry *entry,
		uint32_t *ret_number);

/*
 * Adds the sockets of the calling thread's network namespace, whose number is
 * given. 0 or -errno.
 */
int sockets_list(struct sockets *sockets, uint32_t namespace);

/* The same from /proc/PID/net of somebody who is in that namespace; -ENOENT: there
 * is no such directory. */
int sockets_list_at(struct sockets *sockets, uint32_t namespace, const char *net);

#endif
