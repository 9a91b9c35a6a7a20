/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket-list: the datagram sockets of the namespace that are in a list of the kernel's:
 * the bound ones, and all raw ones. UDP and UDP-Lite are asked of sock_diag(7), which
 * tells their cookies; raw and ping sockets, and all where there is no sock_diag, are
 * read from /proc, by inode.
 *
 * A list that is read while sockets come and go may leave out one that has been there all
 * the time: who wants to know that one is gone reads twice into the same list.
 */
#ifndef MSFD_SOCKET_LIST_H
#define MSFD_SOCKET_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "msfd/holdings.h"

struct nl_sock;

struct socket_numbers {
	uint64_t *items; /* owned */
	size_t n, max;
};

/* Zero-initialised it is empty. */
struct socket_list {
	struct socket_numbers cookies, inodes;
};

void socket_list_fini(struct socket_list *list);

/* A netlink socket of sock_diag(7). 0; -EOPNOTSUPP: there is none; -ENOMEM. */
int socket_list_open(struct nl_sock **ret);

/* The kind of list (a bit) that such a socket is in once it is bound; 0: in none. */
unsigned int socket_list_get_kind(const struct holdings_socket *socket);

/* Adds the sockets of those kinds. Returns the kinds that could be read; not those whose
 * list is missing, or for which there was no memory. has_diag: sock_diag is to be used,
 * where it is there. */
unsigned int socket_list_read(struct socket_list *list, bool has_diag,
			      unsigned int kinds);

bool socket_list_has(const struct socket_list *list,
		     const struct holdings_socket *socket);

#endif
