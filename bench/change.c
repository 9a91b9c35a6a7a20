/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes of one source. The sides take turns; each has a socket and a group of its
 * own, and each change is timed on its own.
 */
#include "change.h"

#include <errno.h>
#include <unistd.h>

#define MIN_TURNS 3

static int take_turn(const struct change *change, const struct change_cell *cell,
		     enum side side, int fd, struct series *sample)
{
	struct sockaddr_storage group = rate_get_group(cell->family,
						       (enum rate_side)side);
	struct sockaddr_storage source = rate_get_source(cell->family, cell->n_sources);
	int r = 0;

	for (int is_leave = 0; !r && is_leave < 2; is_leave++) {
		uint64_t start = series_now();

		if (is_leave)
			r = sides_leave(change->sides, side, fd, &group, &source);
		else
			r = sides_join(change->sides, side, fd, &group, &source);
		if (!r)
			r = series_add(sample, (double)(series_now() - start) -
						       change->clock_cost);
	}
	return r;
}

static int take_turns(const struct change *change, const struct change_cell *cell,
		      const int fd[N_SIDES], struct series sample[N_SIDES])
{
	double start = (double)series_now();
	int r = 0;

	for (int turn = 0; !r; turn++) {
		if (turn > MIN_TURNS &&
		    (double)series_now() - start > change->rate->budget_ns)
			break;
		for (int i = 0; !r && i < N_SIDES; i++)
			r = take_turn(change, cell, (enum side)i, fd[i], &sample[i]);
	}
	return r;
}

static int open_sockets(const struct change *change, const struct change_cell *cell,
			int ret_fd[N_SIDES])
{
	int r = 0;

	for (int i = 0; i < N_SIDES; i++)
		ret_fd[i] = -1;
	for (int i = 0; !r && i < N_SIDES; i++) {
		enum rate_side side = i == SIDE_ASM ? RATE_ASM : RATE_KERNEL;
		struct sockaddr_storage group = rate_get_group(cell->family,
							       (enum rate_side)i);

		ret_fd[i] = rate_open(change->rate, side, &group, cell->n_sources);
		r = ret_fd[i] < 0 ? ret_fd[i] : 0;
	}
	return r;
}

int change_measure(const struct change *change, struct change_cell *cell)
{
	struct series sample[N_SIDES] = { 0 };
	int fd[N_SIDES];
	int r = open_sockets(change, cell, fd);

	if (!r)
		r = take_turns(change, cell, fd, sample);
	for (int i = 0; i < N_SIDES; i++) {
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
	for (int i = 0; i < N_SIDES; i++)
		series_fini(&cell->ns[i]);
}
