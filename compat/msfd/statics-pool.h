/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * statics-pool: sockets that hold any-source memberships and receive nothing: they are
 * bound to no port. A socket holds only so many (igmp_max_memberships, optmem_max), so
 * there are as many sockets as it takes, and one more than before only where the kernel
 * refuses.
 */
#ifndef MSFD_STATICS_POOL_H
#define MSFD_STATICS_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct statics_pool_socket {
	int fd;
	bool is_ipv4;
	uint32_t n; /* memberships; never 0 */
};

struct statics_pool {
	struct statics_pool_socket *sockets; /* owned */
	size_t n;
};

/* Zeroed is empty. Closes all. */
void statics_pool_fini(struct statics_pool *pool);

/* The descriptor that holds it from now on, for leave(); -ENODEV: no such interface, or
 * one without that family; -ENOMEM: the kernel has no room; -errno. */
int statics_pool_join(struct statics_pool *pool, uint32_t ifindex, struct addr group);

/* Also when the interface has gone. */
void statics_pool_leave(struct statics_pool *pool, int fd, uint32_t ifindex,
			struct addr group);

#endif
