/* SPDX-License-Identifier: BSD-2-Clause */
/* struct sockaddr <-> struct addr. */
#ifndef LIB_SOCKADDR_H
#define LIB_SOCKADDR_H

#include <sys/socket.h>

#include "base/addr.h"

enum sockaddr_outcome {
	SOCKADDR_OK,
	SOCKADDR_MAPPED, /* a v4-mapped IPv6 address: no argument of any request */
	SOCKADDR_FAMILY, /* neither AF_INET nor AF_INET6 */
};

/* Of a structure of any alignment, as all here. */
int sockaddr_get_family(const struct sockaddr *sa);

/* *ret_addr is set unless the outcome is SOCKADDR_FAMILY. */
enum sockaddr_outcome sockaddr_get(const struct sockaddr *sa, struct addr *ret_addr);

/* Writes the sockaddr of that family; returns its length. */
socklen_t sockaddr_set(struct sockaddr_storage *ss, int family, struct addr a);

/* 0 for other families. */
socklen_t sockaddr_length(int family);

#endif
