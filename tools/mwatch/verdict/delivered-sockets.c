/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delivered-sockets: receive queues by sock_diag(7), memberships by a scan (see
 * delivered-sockets.h).
 *
 * Invariant: sockets and members are those of one scan, sorted; after a scan that
 * failed there are none.
 */
#include <errno.h>
#include <stdlib.h>

#include <msf.h>

#include "delivered-sockets.h"

/* Both kinds of entries begin with the inode. */
static int compare_inodes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int compare_members(const void *a, const void *b)
{
	const struct delivered_member *x = a, *y = b;
	int order = compare_inodes(a, b);

	return order ? order : place_compare(&x->place, &y->place);
}

/* Room for one more; doubles. */
static void *make_room(void *entries, uint32_t n, size_t size)
{
	if (n & (n - 1))
		return entries;
	return reallocarray(entries, n ? 2 * (size_t)n : 1, size);
}

static int add_socket(struct delivered_sockets *self, const struct msf_socket *from)
{
	struct delivered_socket *sockets = make_room(self->sockets, self->n_sockets,
						     sizeof(*sockets));

	if (!sockets)
		return -ENOMEM;
	self->sockets = sockets;
	sockets[self->n_sockets++] = (struct delivered_socket){
		.inode = from->inode,
		.has_multicast_all = { from->multicast_all, from->multicast_all6 },
		.is_emulated = from->backend == MSF_BACKEND_ASM,
	};
	return 0;
}

static int add_member(struct delivered_sockets *self, uint64_t inode,
		      const struct msf_membership *from)
{
	struct delivered_member *members = make_room(self->members, self->n_members,
						     sizeof(*members));

	if (!members)
		return -ENOMEM;
	self->members = members;
	members[self->n_members++] = (struct delivered_member){
		.inode = inode,
		.place = { from->ifindex, address_get(&from->group) },
	};
	return 0;
}

static int take(struct delivered_sockets *self, struct msf_state *state)
{
	struct msf_membership membership;
	struct msf_socket socket;
	int r = 0;

	while (r == 0 && msf_state_pop_socket(state, &socket) > 0) {
		r = add_socket(self, &socket);
		while (r == 0 && msf_state_pop_membership(state, &membership) > 0)
			r = add_member(self, socket.inode, &membership);
	}
	if (self->n_sockets)
		qsort(self->sockets, self->n_sockets, sizeof(*self->sockets),
		      compare_inodes);
	if (self->n_members)
		qsort(self->members, self->n_members, sizeof(*self->members),
		      compare_members);
	return r;
}

void delivered_sockets_forget(struct delivered_sockets *self)
{
	free(self->sockets);
	free(self->members);
	self->sockets = NULL;
	self->members = NULL;
	self->n_sockets = self->n_members = 0;
}

/* Idle ones, too: a socket without memberships gets what others joined. */
int delivered_sockets_scan(struct delivered_sockets *self, pid_t pid)
{
	const struct msf_scan all = { .pid = pid,
				      .flags = MSF_SCAN_HERE | MSF_SCAN_IDLE };
	struct msf_state *state;
	int r = msf_state_scan(&state, NULL, &all);

	delivered_sockets_forget(self);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	r = take(self, state);
	msf_state_free(state);
	return r;
}

int delivered_sockets_refresh(struct delivered_sockets *self)
{
	int r = queues_refresh(&self->queues);

	self->has_queues = r == 0;
	/* What cannot be asked for the moment is asked again. */
	return r == -ENOMEM ? r : 0;
}

void delivered_sockets_fini(struct delivered_sockets *self)
{
	queues_fini(&self->queues);
	delivered_sockets_forget(self);
}

const struct delivered_socket *delivered_sockets_find(
	const struct delivered_sockets *self, uint64_t inode)
{
	return self->n_sockets ? bsearch(&inode, self->sockets, self->n_sockets,
					 sizeof(*self->sockets), compare_inodes)
			       : NULL;
}

static bool is_member(const struct delivered_sockets *self, uint64_t inode,
		      const struct place *place)
{
	const struct delivered_member key = { .inode = inode, .place = *place };

	return self->n_members && bsearch(&key, self->members, self->n_members,
					  sizeof(key), compare_members);
}

bool delivered_sockets_may_get(const struct delivered_sockets *self,
			       const struct queue *queue, const struct place *place,
			       uint16_t port)
{
	const struct delivered_socket *socket;

	if (!queue_hears(queue, place, port))
		return false;
	socket = delivered_sockets_find(self, queue->inode);
	return !socket || socket->has_multicast_all[place->group.is_ipv6] != 0 ||
	       is_member(self, queue->inode, place);
}
