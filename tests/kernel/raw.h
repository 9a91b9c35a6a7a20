/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel without the library: system calls made by hand, so that neither the
 * library nor a test that counts the library's calls is in between. Everything
 * returns 0 or -errno.
 */
#ifndef RAW_H
#define RAW_H

#include <msf.h>

#define RAW_MAX_SOURCES 80u

int raw_setsockopt(int fd, int level, int optname, const void *optval, socklen_t optlen);
int raw_getsockopt(int fd, int level, int optname, void *optval, socklen_t *optlen);

/* A delta by the MCAST_* option of its name. */
int raw_delta(int fd, enum msf_verb verb, uint32_t ifindex,
	      const struct sockaddr_storage *group,
	      const struct sockaddr_storage *source);

/* MCAST_MSFILTER. */
int raw_set_filter(int fd, uint32_t ifindex, const struct sockaddr_storage *group,
		   uint32_t fmode, uint32_t numsrc, const struct sockaddr_storage *slist);

struct raw_filter {
	uint32_t fmode;
	uint32_t numsrc; /* the total, which may be more than the list has room for */
	struct sockaddr_storage slist[RAW_MAX_SOURCES];
};

/* getsockopt(MCAST_MSFILTER): what the socket really holds. */
int raw_get_filter(int fd, uint32_t ifindex, const struct sockaddr_storage *group,
		   struct raw_filter *ret);

/*
 * How many sources a filter may have, found by asking with lists that are not
 * there: the kernel looks at the count first (net.ipv6.mld_max_msf cannot be read
 * in a namespace). It is one value for the whole host, and somebody may have raised
 * it for a while: waits until it is one that a list in one call can exceed.
 */
unsigned int raw_await_source_limit(int family);

#endif
