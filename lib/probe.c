/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits as they are in force here. A child network namespace does not show
 * mld_max_msf, which is global; there the kernel is asked with lists that it
 * refuses (MCAST_MSFILTER on a group that is not joined: EINVAL when the list
 * would fit, ENOBUFS when not).
 */
#include "probe.h"

#include <errno.h>
#include <unistd.h>

#include "agent/agent.h"
#include "backend.h"
#include "context.h"
#include "proc.h"

#define LOOPBACK_IFINDEX 1
#define SEARCH_MAX       4096u /* and larger than any request at the usual optmem_max */

int msf_probe_backend(struct msf *msf)
{
	enum msf_backend backend = MSF_BACKEND_AUTO;
	int r = context_get(msf, &msf);

	if (!r)
		r = backend_resolve(msf, -1, &backend);
	return r < 0 ? r : (int)backend;
}

int msf_probe_wire(struct msf *msf)
{
	int r = context_get(msf, &msf);

	if (!r)
		r = msf_probe_backend(msf);
	if (r < 0)
		return r;
	if (r == MSF_BACKEND_KERNEL)
		return MSF_WIRE_KERNEL;
	return agent_find(context_get_agent(msf)) == AGENT_PRESENT ? MSF_WIRE_AGENT
								   : MSF_WIRE_ASM;
}

uint32_t probe_read_set_sources(int family)
{
	long optmem = proc_get_sysctl(SYSCTL_OPTION_MEMORY);
	size_t head = GROUP_FILTER_SIZE(0), each = sizeof(struct sockaddr_storage);

	if (family == AF_INET) {
		head = IP_MSFILTER_SIZE(0);
		each = sizeof(struct in_addr);
	}
	if (optmem < 0)
		return UINT32_MAX;
	return (size_t)optmem < head ? 0 : (uint32_t)((optmem - head) / each);
}

int probe_search_sources(struct msf *msf, uint32_t *ret_sources)
{
	/* of the documentation prefix: nobody's group, and not joined here */
	struct request rq = { .verb = SET_INCLUDE,
			      .family = AF_INET6,
			      .ifindex = LOOPBACK_IFINDEX,
			      .group = { 0xff3e000000000000ull, 0x20010db8ull } };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint32_t low = 0, high = SEARCH_MAX;
	int r = 0;

	if (fd < 0)
		return -errno;
	while (low < high) {
		uint32_t middle = low + (high - low + 1) / 2;

		r = kernel_try_length(msf, fd, &rq, middle);
		if (r == -ENOBUFS)
			high = middle - 1;
		else if (r < 0)
			break;
		else
			low = middle;
		r = 0;
	}
	close(fd);
	if (!r)
		*ret_sources = low;
	return r;
}

static void read_groups_limit(int family, struct msf_limits *limits)
{
	long value = family == AF_INET ? proc_get_sysctl(SYSCTL_GROUPS) : -1;

	if (value >= 0)
		limits->groups = (uint32_t)value;
}

/* The limits of the joins are the kernel's, those of the sources are ours. */
static void read_asm_limits(const struct msf *msf, int family, struct msf_limits *ret)
{
	uint32_t sources = msf->max_sources ? msf->max_sources : ASM_SOURCES_DEFAULT;

	*ret = (struct msf_limits){ UINT32_MAX, sources, sources };
	read_groups_limit(family, ret);
}

static int read_kernel_limits(struct msf *msf, int family, struct msf_limits *ret)
{
	struct msf_limits limits = { UINT32_MAX, UINT32_MAX,
				     probe_read_set_sources(family) };
	long value = proc_get_sysctl(family == AF_INET ? SYSCTL_SOURCES_IPV4
						       : SYSCTL_SOURCES_IPV6);
	int r;

	read_groups_limit(family, &limits);
	if (value >= 0) {
		limits.sources = (uint32_t)value;
	} else if (family == AF_INET6) {
		r = probe_search_sources(msf, &limits.sources);
		if (r < 0)
			return r;
	}
	if (msf->max_sources && msf->max_sources < limits.sources)
		limits.sources = msf->max_sources;
	*ret = limits;
	return 0;
}

int msf_probe_limits(struct msf *msf, int family, struct msf_limits *ret_limits)
{
	enum msf_backend backend;
	int r = context_get(msf, &msf);

	if (r < 0)
		return r;
	if (family != AF_INET && family != AF_INET6)
		return -EAFNOSUPPORT;
	r = backend_resolve(msf, -1, &backend);
	if (r < 0)
		return r;
	if (backend == MSF_BACKEND_KERNEL)
		return read_kernel_limits(msf, family, ret_limits);
	read_asm_limits(msf, family, ret_limits);
	return 0;
}
