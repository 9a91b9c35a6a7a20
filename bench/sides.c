/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The three sides. The ASM backend has room for the longest list that any benchmark
 * has; everything else is as contexts are made.
 */
#include "sides.h"

#include <errno.h>
#include <string.h>
#include <netinet/in.h>

#define MAX_SOURCES 2000u /* of the ASM backend: more than any benchmark has */

const char *sides_get_name(enum side side)
{
	static const char *const names[N_SIDES] = {
		[SIDE_RAW] = "setsockopt",
		[SIDE_KERNEL] = "kernel backend",
		[SIDE_ASM] = "ASM backend",
	};

	return names[side];
}

static int new_context(struct msf **ret, enum msf_backend backend)
{
	struct msf_config *config;
	int r = msf_config_new(&config);

	if (r < 0)
		return r;
	r = msf_config_set_backend(config, backend);
	if (!r && backend == MSF_BACKEND_ASM)
		r = msf_config_set_max_sources(config, MAX_SOURCES);
	if (!r)
		r = msf_new(ret, config);
	msf_config_free(config);
	return r;
}

int sides_init(struct sides *sides, uint32_t ifindex)
{
	int r;

	*sides = (struct sides){ .ifindex = ifindex };
	r = new_context(&sides->msf[SIDE_KERNEL], MSF_BACKEND_KERNEL);
	return r ? r : new_context(&sides->msf[SIDE_ASM], MSF_BACKEND_ASM);
}

void sides_fini(struct sides *sides)
{
	for (int i = 0; i < N_SIDES; i++)
		msf_free(sides->msf[i]);
	*sides = (struct sides){ 0 };
}

static int set_raw(const struct sides *sides, int fd, int option,
		   const struct sockaddr_storage *group,
		   const struct sockaddr_storage *source)
{
	struct group_source_req req = { .gsr_interface = sides->ifindex,
					.gsr_group = *group,
					.gsr_source = *source };
	int level = group->ss_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;

	return setsockopt(fd, level, option, &req, sizeof(req)) < 0 ? -errno : 0;
}

int sides_join(const struct sides *sides, enum side side, int fd,
	       const struct sockaddr_storage *group,
	       const struct sockaddr_storage *source)
{
	if (side == SIDE_RAW)
		return set_raw(sides, fd, MCAST_JOIN_SOURCE_GROUP, group, source);
	return msf_join_source(sides->msf[side], fd, sides->ifindex,
			       (const struct sockaddr *)group,
			       (const struct sockaddr *)source);
}

int sides_leave(const struct sides *sides, enum side side, int fd,
		const struct sockaddr_storage *group,
		const struct sockaddr_storage *source)
{
	if (side == SIDE_RAW)
		return set_raw(sides, fd, MCAST_LEAVE_SOURCE_GROUP, group, source);
	return msf_leave_source(sides->msf[side], fd, sides->ifindex,
				(const struct sockaddr *)group,
				(const struct sockaddr *)source);
}

struct sockaddr_storage sides_get_ipv4(uint32_t address, uint16_t port)
{
	struct sockaddr_storage ss = { .ss_family = AF_INET };
	struct sockaddr_in *sin = (struct sockaddr_in *)&ss;

	sin->sin_port = htons(port);
	sin->sin_addr.s_addr = htonl(address);
	return ss;
}

struct sockaddr_storage sides_get_ipv6(uint32_t first, uint32_t last, uint16_t port)
{
	struct sockaddr_storage ss = { .ss_family = AF_INET6 };
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ss;
	uint32_t words[4] = { htonl(first), 0, 0, htonl(last) };

	sin6->sin6_port = htons(port);
	memcpy(&sin6->sin6_addr, words, sizeof(words));
	return ss;
}
