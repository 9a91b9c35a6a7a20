/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's joins: a group after the other, so that each is a first one. */
#include "bench-engine-join.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define GROUPS 0xe8010000u /* 232.1.0.0 */
#define SOURCE 0x0a090063u

int join_init(struct join *join, const char *interface)
{
	*join = (struct join){ .fd = -1, .ifindex = if_nametoindex(interface) };
	if (!join->ifindex)
		return -errno;
	join->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return join->fd < 0 ? -errno : 0;
}

void join_fini(struct join *join)
{
	if (join->fd >= 0)
		close(join->fd);
}

static int set(const struct join *join, int option, uint32_t group)
{
	struct group_source_req req = { .gsr_interface = join->ifindex };
	struct sockaddr_in *sin = (struct sockaddr_in *)&req.gsr_group;

	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = htonl(group);
	sin = (struct sockaddr_in *)&req.gsr_source;
	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = htonl(SOURCE);
	return setsockopt(join->fd, IPPROTO_IP, option, &req, sizeof(req)) ? -errno : 0;
}

int join_measure(struct join *join, struct series *ns, double clock_cost)
{
	uint32_t group = GROUPS + join->n++ % 65536;
	uint64_t start = series_now();
	int r = set(join, MCAST_JOIN_SOURCE_GROUP, group);

	if (!r)
		r = series_add(ns, (double)(series_now() - start) - clock_cost);
	if (!r)
		r = set(join, MCAST_LEAVE_SOURCE_GROUP, group);
	return r;
}
