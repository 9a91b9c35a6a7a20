/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's source filter calls (RFC 3678 5), by syscall(2). */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "raw.h"
#include "tap.h"

#define LIMIT_WAIT_MS 20000
#define LIMIT_CEILING 4096u
#define LIMIT_USABLE  RAW_MAX_SOURCES

int raw_setsockopt(int fd, int level, int optname, const void *optval, socklen_t optlen)
{
	return syscall(SYS_setsockopt, fd, level, optname, optval, optlen) < 0 ? -errno
									       : 0;
}

int raw_getsockopt(int fd, int level, int optname, void *optval, socklen_t *optlen)
{
	return syscall(SYS_getsockopt, fd, level, optname, optval, optlen) < 0 ? -errno
									       : 0;
}

static int get_level(const struct sockaddr_storage *group)
{
	return group->ss_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
}

int raw_delta(int fd, enum msf_verb verb, uint32_t ifindex,
	      const struct sockaddr_storage *group, const struct sockaddr_storage *source)
{
	static const int options[] = {
		[MSF_JOIN_GROUP] = MCAST_JOIN_GROUP,
		[MSF_LEAVE_GROUP] = MCAST_LEAVE_GROUP,
		[MSF_JOIN_SOURCE] = MCAST_JOIN_SOURCE_GROUP,
		[MSF_LEAVE_SOURCE] = MCAST_LEAVE_SOURCE_GROUP,
		[MSF_BLOCK_SOURCE] = MCAST_BLOCK_SOURCE,
		[MSF_UNBLOCK_SOURCE] = MCAST_UNBLOCK_SOURCE,
	};
	struct group_req group_req;
	struct group_source_req source_req;

	/* padding too: the kernel reads all of them */
	memset(&group_req, 0, sizeof(group_req));
	group_req.gr_interface = ifindex;
	group_req.gr_group = *group;
	memset(&source_req, 0, sizeof(source_req));
	source_req.gsr_interface = ifindex;
	source_req.gsr_group = *group;
	if (verb == MSF_JOIN_GROUP || verb == MSF_LEAVE_GROUP)
		return raw_setsockopt(fd, get_level(group), options[verb], &group_req,
				      sizeof(group_req));
	source_req.gsr_source = *source;
	return raw_setsockopt(fd, get_level(group), options[verb], &source_req,
			      sizeof(source_req));
}

int raw_set_filter(int fd, uint32_t ifindex, const struct sockaddr_storage *group,
		   uint32_t fmode, uint32_t numsrc, const struct sockaddr_storage *slist)
{
	struct group_filter *filter = calloc(1, GROUP_FILTER_SIZE(numsrc + 1));
	int r;

	if (filter == NULL)
		return -ENOMEM;
	filter->gf_interface = ifindex;
	filter->gf_group = *group;
	filter->gf_fmode = fmode;
	filter->gf_numsrc = numsrc;
	for (uint32_t i = 0; i < numsrc; i++)
		memcpy((char *)filter + GROUP_FILTER_SIZE(i), &slist[i],
		       sizeof(slist[i]));
	r = raw_setsockopt(fd, get_level(group), MCAST_MSFILTER, filter,
			   GROUP_FILTER_SIZE(numsrc));
	free(filter);
	return r;
}

int raw_get_filter(int fd, uint32_t ifindex, const struct sockaddr_storage *group,
		   struct raw_filter *ret)
{
	socklen_t len = GROUP_FILTER_SIZE(RAW_MAX_SOURCES);
	struct group_filter *filter = calloc(1, len);
	uint32_t n;
	int r;

	if (filter == NULL)
		return -ENOMEM;
	filter->gf_interface = ifindex;
	filter->gf_group = *group;
	filter->gf_numsrc = RAW_MAX_SOURCES;
	r = raw_getsockopt(fd, get_level(group), MCAST_MSFILTER, filter, &len);
	if (r == 0) {
		ret->fmode = filter->gf_fmode;
		ret->numsrc = filter->gf_numsrc;
		n = ret->numsrc < RAW_MAX_SOURCES ? ret->numsrc : RAW_MAX_SOURCES;
		memcpy(ret->slist, (char *)filter + GROUP_FILTER_SIZE(0),
		       n * sizeof(ret->slist[0]));
	}
	free(filter);
	return r;
}

/* The length is right, else the answer to a 32-bit program would be EINVAL. The group is
 * not, so that nothing is joined. */
static bool is_over_limit(int fd, int family, uint32_t n)
{
	struct sockaddr_storage group = { .ss_family = (sa_family_t)family };
	struct sockaddr_storage *slist = calloc(n + 1, sizeof(*slist));
	int r;

	if (slist == NULL)
		tap_bail_out("out of memory");
	r = raw_set_filter(fd, 1, &group, MCAST_INCLUDE, n, slist);
	free(slist);
	return r == -ENOBUFS;
}

static unsigned int get_source_limit(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint32_t low = 0, high = LIMIT_CEILING;

	while (low < high) {
		uint32_t middle = (low + high + 1) / 2;

		if (is_over_limit(fd, family, middle))
			high = middle - 1;
		else
			low = middle;
	}
	close(fd);
	return low;
}

unsigned int raw_await_source_limit(int family)
{
	for (int waited = 0; waited < LIMIT_WAIT_MS; waited += 50) {
		unsigned int limit = get_source_limit(family);

		if (limit < LIMIT_USABLE)
			return limit;
		poll(NULL, 0, 50);
	}
	tap_bail_out("sources per filter: the limit is above %u; for IPv6 set "
		     "net.ipv6.mld_max_msf=64 on the host",
		     LIMIT_USABLE - 1);
}
