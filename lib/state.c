/* SPDX-License-Identifier: BSD-2-Clause */
/* States: how they are made of one socket, handed out and freed. */
#include "state.h"

#include <errno.h>
#include <unistd.h>

#include "context.h"
#include "holders.h"
#include "membership.h"
#include "proc.h"
#include "socket.h"
#include "state-groups.h"

static int find_memberships(struct msf_state *state, struct msf *msf, int fd)
{
	struct vector groups = { 0 };
	struct membership_search search = {
		.state = state, .msf = msf, .fd = fd, .groups = &groups, .optmem = -1
	};
	int r = membership_read_groups(&groups, PROC_NET);
	bool is_asm;

	if (!r)
		r = membership_find_all(&search, &is_asm);
	vector_fini(&groups);
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
	r = find_memberships(state, msf, fd);
	if (r < 0) {
		msf_state_free(state);
		return r;
	}
	state->end_membership = state->memberships.n;
	*ret = state;
	return 0;
}

struct msf_state *msf_state_free(struct msf_state *state)
{
	if (state) {
		vector_fini(&state->sockets);
		vector_fini(&state->holders);
		vector_fini(&state->memberships);
		vector_fini(&state->sources);
		state_groups_free(state->groups);
		free(state);
	}
	return NULL;
}

int msf_state_pop_socket(struct msf_state *state, struct msf_socket *ret)
{
	const struct state_socket *socket = state->sockets.items;

	if (state->next_socket == state->sockets.n)
		return 0;
	socket += state->next_socket++;
	*ret = socket->shown;
	ret->holders = (struct msf_holder *)state->holders.items + socket->first_holder;
	state->next_membership = socket->first_membership;
	state->end_membership = socket->first_membership + socket->n_memberships;
	return 1;
}

int msf_state_pop_membership(struct msf_state *state, struct msf_membership *ret)
{
	const struct state_membership *m = state->memberships.items;

	if (state->next_membership == state->end_membership)
		return 0;
	m += state->next_membership++;
	*ret = m->shown;
	ret->slist = (struct sockaddr_storage *)state->sources.items + m->first_source;
	return 1;
}

void msf_state_get_unseen(const struct msf_state *state, struct msf_unseen *ret)
{
	*ret = state->unseen;
}

int msf_state_open_socket(struct msf *msf, pid_t pid, int fd)
{
	int pidfd, copy, r = context_get(msf, &msf);
	enum fault fault;

	if (r < 0)
		return r;
	pidfd = holders_open_process(pid);
	if (pidfd < 0)
		return pidfd;
	copy = holders_fetch(pidfd, fd);
	close(pidfd);
	if (copy < 0)
		return copy;
	fault = socket_find_fault(copy, AF_UNSPEC);
	/* what was opened with O_PATH counts as not open */
	if (fault == FAULT_NOT_SOCKET || fault == FAULT_NOT_OPEN) {
		close(copy);
		return -ENOTSOCK;
	}
	return copy;
}
