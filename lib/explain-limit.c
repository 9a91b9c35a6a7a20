/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ENOBUFS has four causes on Linux: sources of one filter, groups of one
 * socket, the size of one request, and the socket's option memory. Which one it
 * was shows in the numbers.
 */
#include "explain.h"

#include "probe.h"
#include "proc.h"
#include "socket.h"

uint32_t explain_count_wanted(const struct request *rq, const struct kernel_held *held)
{
	if (rq->verb == SET_INCLUDE || rq->verb == SET_EXCLUDE)
		return rq->list.n;
	if (rq->verb == JOIN_SOURCE || rq->verb == BLOCK_SOURCE)
		return held->n_sources + 1;
	return 0;
}

static bool is_include(const struct request *rq)
{
	return rq->verb == JOIN_SOURCE || rq->verb == SET_INCLUDE;
}

/* Memberships on interfaces that are gone count too, but are not found. */
uint32_t explain_count_groups(struct msf *msf, int fd, int family)
{
	struct msf_membership m;
	struct msf_state *state;
	uint32_t n = 0;

	if (msf_state_new(&state, msf, fd) < 0)
		return 0;
	while (msf_state_pop_membership(state, &m))
		n += m.group.ss_family == family;
	msf_state_free(state);
	return n;
}

static void explain_sources(struct text *text, const struct request *rq, uint32_t limit,
			    uint32_t wanted)
{
	bool is_ipv4 = rq->family == AF_INET;

	text_add(text,
		 "too many sources for one filter: %s is %u %s, %u are needed: sysctl -w "
		 "%s=%u%s",
		 is_ipv4 ? "net.ipv4.igmp_max_msf" : "net.ipv6.mld_max_msf", limit,
		 is_ipv4 ? "in this network namespace" : "for the whole host", wanted,
		 is_ipv4 ? "net.ipv4.igmp_max_msf" : "net.ipv6.mld_max_msf", wanted,
		 is_ipv4 ? "" : " in the initial network namespace");
	if (is_include(rq))
		text_add(text, ", or spread the sources over several sockets");
}

void explain_groups(struct text *text, uint32_t limit, uint32_t held)
{
	text_add(text,
		 "too many groups for one socket: net.ipv4.igmp_max_memberships is %u in "
		 "this network namespace, %u are needed: sysctl -w "
		 "net.ipv4.igmp_max_memberships=%u, or join on another socket",
		 limit, held + 1, held + 1);
}

/* optmem_max is hidden in the namespaces of older kernels. */
void explain_option_memory(struct text *text, long wanted)
{
	long optmem = proc_get_sysctl(SYSCTL_OPTION_MEMORY);

	if (optmem >= 0)
		text_add(text,
			 "net.core.optmem_max is %ld bytes in this network namespace: "
			 "sysctl -w net.core.optmem_max=%ld",
			 optmem, wanted ? wanted : 2 * optmem);
	else
		text_add(text,
			 "net.core.optmem_max, which cannot be read here, is too low: "
			 "raise it");
}

static void explain_memory(struct text *text, uint32_t groups, uint32_t groups_limit)
{
	text_add(text, "the socket's memory for options is used up: ");
	explain_option_memory(text, 0);
	text_add(text, ", or use another socket");
	if (groups_limit != UINT32_MAX && groups_limit)
		text_add(text,
			 "; if the socket was joined on interfaces that are gone "
			 "since, those groups and the %u that are seen may reach "
			 "net.ipv4.igmp_max_memberships, %u: leave them",
			 groups, groups_limit);
}

static void explain_size(struct text *text, const struct request *rq, uint32_t limit)
{
	size_t wanted = rq->family == AF_INET ? IP_MSFILTER_SIZE(0) + 4 * rq->list.n
					      : GROUP_FILTER_SIZE((size_t)rq->list.n);

	text_add(text,
		 "too many sources for one request: it carries %u at most, %u are "
		 "needed: ",
		 limit, rq->list.n);
	explain_option_memory(text, (long)wanted);
}

/* IPv4 lists that are too long for a struct group_filter need an address of the
 * interface's own to go by. */
static bool is_too_long_unnamed(int fd, const struct request *rq)
{
	struct in_addr address;

	return rq->family == AF_INET && rq->list.n > probe_read_set_sources(AF_INET6) &&
	       !socket_find_address(fd, rq->ifindex, &address);
}

void explain_limit(struct text *text, struct msf *msf, int fd, const struct request *rq,
		   const struct kernel_held *held)
{
	uint32_t wanted = explain_count_wanted(rq, held), groups;
	struct msf_limits limits;

	if (msf->max_sources && wanted > msf->max_sources) {
		text_add(text,
			 "too many sources for one filter: this program set itself a "
			 "limit of %u (msf_config_set_max_sources), %u are needed",
			 msf->max_sources, wanted);
		return;
	}
	if (msf_probe_limits(msf, rq->family, &limits) < 0) {
		text_add(text, "a limit was met, and the limits cannot be read now");
		return;
	}
	groups = explain_count_groups(msf, fd, rq->family);
	if (wanted > limits.sources)
		explain_sources(text, rq, limits.sources, wanted);
	else if (rq->list.n > limits.set_sources)
		explain_size(text, rq, limits.set_sources);
	else if (is_too_long_unnamed(fd, rq))
		text_add(text,
			 "too many sources for one request on an interface that has no "
			 "IPv4 address of its own: it carries %u at most, %u are "
			 "needed: give it an address, or raise net.core.optmem_max",
			 probe_read_set_sources(AF_INET6), rq->list.n);
	else if (held->mode == FILTER_NONE && groups >= limits.groups)
		explain_groups(text, limits.groups, groups);
	else
		explain_memory(text, groups,
			       held->mode == FILTER_NONE ? limits.groups : UINT32_MAX);
}
