/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes of one source. The sides take turns; each has a socket and a group of its
 * own, and each change is timed on its own.
 */
#include "change.h"

#include <errno.h>
#include <unistd.h>

#define MIN_TURNS 3

static int apply_raw(const struct change *change, int fd,
		     const struct sockaddr_storage *group,
		     const struct sockaddr_storage *source, int is_join)
{
	struct group_source_req req = { .gsr_interface = change->rate->ifindex,
					.gsr_group = *group,
					.gsr_source = *source };
	int level = group->ss_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int option = is_join ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP;

	return setsockopt(fd, level, option, &req, sizeof(req)) < 0 ? -errno : 0;
}

static int apply(const struct change *change, enum change_side side, int fd,
		 const struct sockaddr_storage *group,
		 const struct sockaddr_storage *source, int is_join)
{
	struct msf *msf = side == CHANGE_ASM ? change->rate->msf : change->kernel;
	const struct sockaddr *g = (const struct sockaddr *)group;
	const struct sockaddr *s = (const struct sockaddr *)source;

	if (side == CHANGE_RAW)
		return apply_raw(change, fd, group, source, is_join);
	if (is_join)
		return msf_join_source(msf, fd, change->rate->ifindex, g, s);
	return msf_leave_source(msf, fd, change->rate->ifindex, g, s);
}

static int take_turn(const struct change *change, const struct change_cell *cell,
		     enum change_side side, int fd, struct series *sample)
{
	struct sockaddr_storage group = rate_get_group(cell->family,
						       (enum rate_side)side);
	struct sockaddr_storage source = rate_get_source(cell->family, cell->n_sources);
	int r = 0;

	for (int is_join = 1; !r && is_join >= 0; is_join--) {
		uint64_t start = series_now();

		r = apply(change, side, fd, &group, &source, is_join);
		if (!r)
			r = series_add(sample, (double)(series_now() - start) -
						       change->clock_cost);
	}
	return r;
}

static int take_turns(const struct change *change, const struct change_cell *cell,
		      const int fd[N_CHANGE_SIDES], struct series sample[N_CHANGE_SIDES])
{
	double start = (double)series_now();
	int r = 0;

	for (int turn = 0; !r; turn++) {
		if (turn > MIN_TURNS &&
		    (double)series_now() - start > change->rate->budget_ns)
			break;
		for (int i = 0; !r && i < N_CHANGE_SIDES; i++)
			r = take_turn(change, cell, (enum change_side)i, fd[i],
				      &sample[i]);
	}
	return r;
}

static int open_sockets(const struct change *change, const struct change_cell *cell,
			int ret_fd[N_CHANGE_SIDES])
{
	int r = 0;

	for (int i = 0; i < N_CHANGE_SIDES; i++)
		ret_fd[i] = -1;
	for (int i = 0; !r && i < N_CHANGE_SIDES; i++) {
		enum rate_side side = i == CHANGE_ASM ? RATE_ASM : RATE_KERNEL;
		struct sockaddr_storage group = rate_get_group(cell->family,
							       (enum rate_side)i);

		ret_fd[i] = rate_open(change->rate, side, &group, cell->n_sources);
		r = ret_fd[i] < 0 ? ret_fd[i] : 0;
	}
	return r;
}

int change_measure(const struct change *change, struct change_cell *cell)
{
	struct series sample[N_CHANGE_SIDES] = { 0 };
	int fd[N_CHANGE_SIDES];
	int r = open_sockets(change, cell, fd);

	if (!r)
		r = take_turns(change, cell, fd, sample);
	for (int i = 0; i < N_CHANGE_SIDES; i++) {
		if (!r)
			r = series_add(&cell->ns[i],
				       series_get_spread(&sample[i]).median);
		series_fini(&sample[i]);
		if (fd[i] >= 0)
			close(fd[i]);
	}
	cell->is_measured |= !r;
	return r == -ENOBUFS ? 0 : r;
}

void change_fini(struct change_cell *cell)
{
	for (int i = 0; i < N_CHANGE_SIDES; i++)
		series_fini(&cell->ns[i]);
}
