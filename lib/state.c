/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memberships of a socket. The kernel has no call that lists them; but the
 * groups of all sockets stand in /proc, and the socket can be asked for each.
 */
#include <errno.h>
#include <stdlib.h>

#include "context.h"
#include "kernel.h"
#include "proc.h"
#include "sockaddr.h"
#include "socket.h"

struct msf_state {
	size_t n_memberships;
	size_t next;
	size_t capacity;
	struct msf_membership *memberships; /* owned */
};

static int add_membership(struct msf_state *state, const struct request *rq,
			  const struct kernel_held *held)
{
	struct msf_membership *m;

	if (state->n_memberships == state->capacity) {
		size_t capacity = state->capacity ? 2 * state->capacity : 16;

		m = reallocarray(state->memberships, capacity, sizeof(*m));
		if (!m)
			return -ENOMEM;
		state->memberships = m;
		state->capacity = capacity;
	}
	m = &state->memberships[state->n_memberships++];
	*m = (struct msf_membership){
		.ifindex = rq->ifindex,
		.fmode = held->mode == FILTER_INCLUDE ? MCAST_INCLUDE : MCAST_EXCLUDE,
		.numsrc = held->n_sources,
	};
	sockaddr_set(&m->group, rq->family, rq->group);
	return 0;
}

static int read_family(struct msf_state *state, int fd, int family)
{
	struct proc_groups groups;
	struct proc_group entry;
	struct kernel_held held;
	int r = proc_groups_open(&groups, family);

	if (r < 0)
		return r == -ENOENT && family == AF_INET6 ? 0 : r; /* no IPv6 here */
	while (!r && proc_groups_next(&groups, &entry)) {
		struct request rq = { .family = family,
				      .ifindex = entry.ifindex,
				      .group = entry.group };

		if (!kernel_look(fd, &rq, &held) && held.mode != FILTER_NONE)
			r = add_membership(state, &rq, &held);
	}
	proc_groups_close(&groups);
	return r;
}

int msf_state_new(struct msf_state **ret, struct msf *msf, int fd)
{
	enum fault fault = socket_find_fault(fd, AF_UNSPEC);
	struct msf_state *state;
	int r = context_get(msf, &msf);

	if (r < 0)
		return r;
	if (fault == FAULT_NOT_OPEN || fault == FAULT_NOT_SOCKET)
		return fault_get_error(fault, TABLE_STRICT, GET_FILTER, false);
	state = calloc(1, sizeof(*state));
	if (!state)
		return -ENOMEM;
	r = read_family(state, fd, AF_INET);
	if (!r)
		r = read_family(state, fd, AF_INET6);
	if (r < 0) {
		msf_state_free(state);
		return r;
	}
	*ret = state;
	return 0;
}

struct msf_state *msf_state_free(struct msf_state *state)
{
	if (state) {
		free(state->memberships);
		free(state);
	}
	return NULL;
}

int msf_state_pop_membership(struct msf_state *state, struct msf_membership *ret)
{
	if (state->next == state->n_memberships)
		return 0;
	*ret = state->memberships[state->next++];
	return 1;
}

int msf_state_get_version(struct msf *msf, uint32_t ifindex, int family)
{
	struct proc_groups groups;
	struct proc_group entry;
	int version = 0, r = context_get(msf, &msf);

	if (r < 0)
		return r;
	if (family != AF_INET)
		return family == AF_INET6 ? 0 : -EAFNOSUPPORT;
	r = proc_groups_open(&groups, family);
	if (r < 0)
		return r;
	while (!version && proc_groups_next(&groups, &entry))
		if (entry.ifindex == ifindex)
			version = entry.version;
	proc_groups_close(&groups);
	return version;
}
