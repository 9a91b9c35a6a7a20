/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * names: addresses as people see them, in digits or (--resolve) as host names, which are
 * looked up by a thread of its own so that nothing waits for a name server.
 */
#ifndef MWATCH_NAMES_H
#define MWATCH_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct names;

/* Without looking up, if !is_resolving. -ENOMEM or what the thread says. */
int names_new(struct names **ret, bool is_resolving);

/* Frees; NULL is fine. Returns NULL. */
struct names *names_free(struct names *names);

/* The name that is known by now, else the digits; cleaned for terminals. */
void names_format(struct names *names, const struct sockaddr_storage *address, char *buf,
		  size_t len);

#endif
