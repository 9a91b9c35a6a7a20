/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * statics-pool: memberships without a receiver (see statics-pool.h). Plain joins: what
 * filters there are is msfd's to tell.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "msfd/statics-pool.h"

void statics_pool_fini(struct statics_pool *pool)
{
	size_t i;

	for (i = 0; i < pool->n; i++)
		close(pool->sockets[i].fd);
	free(pool->sockets);
	*pool = (struct statics_pool){ 0 };
}

static int set_ipv4(int fd, bool is_join, uint32_t ifindex, struct addr group)
{
	struct ip_mreqn request = {
		.imr_multiaddr.s_addr = htonl(addr_ipv4(group)),
		.imr_ifindex = (int)ifindex,
	};

	return setsockopt(fd, IPPROTO_IP,
			  is_join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &request,
			  sizeof(request));
}

static int set_ipv6(int fd, bool is_join, uint32_t ifindex, struct addr group)
{
	struct ipv6_mreq request = { .ipv6mr_interface = ifindex };

	addr_to_bytes(group, request.ipv6mr_multiaddr.s6_addr);
	return setsockopt(fd, IPPROTO_IPV6, is_join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP,
			  &request, sizeof(request));
}

static int join_socket(int fd, uint32_t ifindex, struct addr group)
{
	int r = addr_is_ipv4(group) ? set_ipv4(fd, true, ifindex, group)
				    : set_ipv6(fd, true, ifindex, group);

	return r < 0 ? -errno : 0;
}

/* A new socket of the group's family, in a room of the pool that is not counted yet. */
static int open_socket(struct statics_pool *pool, bool is_ipv4)
{
	struct statics_pool_socket *sockets;
	int fd;

	sockets = reallocarray(pool->sockets, pool->n + 1, sizeof(*sockets));
	if (!sockets)
		return -ENOMEM;
	pool->sockets = sockets;
	fd = socket(is_ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno == EAFNOSUPPORT ? -ENODEV : -errno;
	sockets[pool->n] =
		(struct statics_pool_socket){ .fd = fd, .is_ipv4 = is_ipv4, .n = 1 };
	return fd;
}

static bool is_full(int error)
{
	return error == -ENOBUFS || error == -ENOMEM;
}

/* A missing interface has several names, RFC 3493's among them; Linux says EINVAL where
 * it has no IPv6, as with an MTU below 1280. */
static int translate(int error)
{
	switch (error) {
	case -EADDRNOTAVAIL:
	case -EINVAL:
	case -ENXIO:
		return -ENODEV;
	case -ENOBUFS:
		return -ENOMEM;
	default:
		return error;
	}
}

static int join_new(struct statics_pool *pool, uint32_t ifindex, struct addr group)
{
	int fd = open_socket(pool, addr_is_ipv4(group));
	int r;

	if (fd < 0)
		return fd;
	r = join_socket(fd, ifindex, group);
	if (r < 0) {
		close(fd);
		return translate(r);
	}
	pool->n++;
	return fd;
}

int statics_pool_join(struct statics_pool *pool, uint32_t ifindex, struct addr group)
{
	struct statics_pool_socket *s;
	size_t i;
	int r;

	/* The youngest first: the others are full, but for those that were left. */
	for (i = pool->n; i-- > 0;) {
		s = &pool->sockets[i];
		if (s->is_ipv4 != addr_is_ipv4(group))
			continue;
		r = join_socket(s->fd, ifindex, group);
		if (r == 0) {
			s->n++;
			return s->fd;
		}
		if (!is_full(r))
			return translate(r);
	}
	return join_new(pool, ifindex, group);
}

void statics_pool_leave(struct statics_pool *pool, int fd, uint32_t ifindex,
			struct addr group)
{
	size_t i;

	for (i = 0; i < pool->n && pool->sockets[i].fd != fd; i++)
		;
	if (i == pool->n)
		return;
	if (--pool->sockets[i].n) {
		if (addr_is_ipv4(group))
			set_ipv4(fd, false, ifindex, group);
		else
			set_ipv6(fd, false, ifindex, group);
		return;
	}
	close(fd);
	pool->sockets[i] = pool->sockets[--pool->n];
}
