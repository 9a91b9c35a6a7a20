/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel: raw source filter calls (see kernel.h). */
#include <errno.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "kernel.h"

#define LOOPBACK_IFINDEX 1 /* of every namespace */

static int level_of(int family)
{
	return family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
}

static struct sockaddr_storage make_address(int family, const char *text)
{
	struct sockaddr_storage address;

	memset(&address, 0, sizeof(address));
	address.ss_family = (sa_family_t)family;
	if (family == AF_INET)
		inet_pton(family, text, &((struct sockaddr_in *)&address)->sin_addr);
	else
		inet_pton(family, text, &((struct sockaddr_in6 *)&address)->sin6_addr);
	return address;
}

struct sockaddr_storage kernel_group(int family)
{
	return make_address(family, family == AF_INET ? "233.252.0.1" : "ff0e::db8:0:1");
}

struct sockaddr_storage kernel_source(int family, unsigned int i)
{
	struct sockaddr_storage source =
		make_address(family, family == AF_INET ? "192.0.2.0" : "2001:db8::");

	if (family == AF_INET)
		((struct sockaddr_in *)&source)->sin_addr.s_addr |= htonl(i + 1);
	else
		((struct sockaddr_in6 *)&source)->sin6_addr.s6_addr[15] =
			(uint8_t)(i + 1);
	return source;
}

int kernel_open(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

int kernel_send_group(int fd, int family, int option)
{
	struct group_req request;

	memset(&request, 0, sizeof(request));
	request.gr_interface = LOOPBACK_IFINDEX;
	request.gr_group = kernel_group(family);
	return setsockopt(fd, level_of(family), option, &request, sizeof(request))
		       ? -errno
		       : 0;
}

int kernel_send_address(int fd, int family, int option,
			const struct sockaddr_storage *source)
{
	struct group_source_req request;

	memset(&request, 0, sizeof(request));
	request.gsr_interface = LOOPBACK_IFINDEX;
	request.gsr_group = kernel_group(family);
	request.gsr_source = *source;
	return setsockopt(fd, level_of(family), option, &request, sizeof(request))
		       ? -errno
		       : 0;
}

int kernel_send_source(int fd, int family, int option, unsigned int source)
{
	struct sockaddr_storage address = kernel_source(family, source);

	return kernel_send_address(fd, family, option, &address);
}

/* A struct group_filter with room for a few sources. */
union full_state {
	struct group_filter filter;
	char bytes[GROUP_FILTER_SIZE(2 * KERNEL_SOURCES)];
};

static void *get_source(union full_state *state, uint32_t i)
{
	return state->bytes + GROUP_FILTER_SIZE(i);
}

static void init(union full_state *state, int family, uint32_t fmode, uint32_t n)
{
	memset(state, 0, sizeof(*state));
	state->filter.gf_interface = LOOPBACK_IFINDEX;
	state->filter.gf_group = kernel_group(family);
	state->filter.gf_fmode = fmode;
	state->filter.gf_numsrc = n;
}

int kernel_send_filter(int fd, int family, uint32_t fmode, uint32_t n,
		       const unsigned int *sources)
{
	struct sockaddr_storage source;
	union full_state state;

	if (n > 2 * KERNEL_SOURCES)
		return -ENOBUFS;
	init(&state, family, fmode, n);
	for (uint32_t i = 0; i < n; i++) {
		source = kernel_source(family, sources[i]);
		memcpy(get_source(&state, i), &source, sizeof(source));
	}
	return setsockopt(fd, level_of(family), MCAST_MSFILTER, &state,
			  GROUP_FILTER_SIZE(n))
		       ? -errno
		       : 0;
}

/* Addresses are compared as a whole: what is not set is 0 on both sides. */
static unsigned int find_source(int family, const void *address)
{
	for (unsigned int i = 0; i < KERNEL_SOURCES; i++) {
		struct sockaddr_storage source = kernel_source(family, i);
		size_t size = family == AF_INET ? sizeof(struct sockaddr_in)
						: sizeof(struct sockaddr_in6);

		if (!memcmp(address, &source, size))
			return 1u << i;
	}
	return 0;
}

struct kernel_filter kernel_get_filter(int fd, int family)
{
	struct kernel_filter filter = { .mode = KERNEL_NONE };
	union full_state state;
	socklen_t len = sizeof(state);
	uint32_t n;

	init(&state, family, 0, 2 * KERNEL_SOURCES);
	if (getsockopt(fd, level_of(family), MCAST_MSFILTER, &state, &len)) {
		if (errno != EADDRNOTAVAIL)
			filter.mode = KERNEL_UNREADABLE;
		return filter;
	}
	filter.mode = state.filter.gf_fmode == MCAST_INCLUDE ? KERNEL_INCLUDE
							     : KERNEL_EXCLUDE;
	filter.numsrc = state.filter.gf_numsrc;
	n = filter.numsrc < 2 * KERNEL_SOURCES ? filter.numsrc : 2 * KERNEL_SOURCES;
	for (uint32_t i = 0; i < n; i++)
		filter.set |= find_source(family, get_source(&state, i));
	return filter;
}
