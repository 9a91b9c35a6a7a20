/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The measurement. A pass is the steps of a cycle on one side; passes alternate
 * between the sides, and so does who begins. The median of a round, not its
 * mean: a timer interrupt of 20 us weighs 60 system calls.
 */
#include "measure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MIN_PASSES 3
#define MAX_PASSES 2000

/* Does one list of n sources fit? An unjoined group answers without a trace:
 * ENOBUFS over the limit, else EINVAL. */
static int fits(const struct plan *plan, int fd, const struct cycle *cycle)
{
	struct arena arena = { 0 };
	struct action action;
	struct sockaddr_storage *list;
	struct msf_request request = {
		.verb = MSF_SET_FILTER,
		.ifindex = plan->ifindex,
		.group = plan_get_group(plan, cycle->family),
		.fmode = MCAST_INCLUDE,
		.numsrc = cycle->needs,
	};
	int r = -ENOMEM;

	list = arena_alloc(&arena, cycle->needs * sizeof(*list));
	if (list) {
		for (uint32_t i = 0; i < cycle->needs; i++)
			list[i].ss_family = (sa_family_t)cycle->family;
		request.slist = list;
		r = action_init(&action, &arena, &request, 0);
	}
	if (!r)
		r = action_call_raw(&action, fd);
	arena_fini(&arena);
	return r != -ENOBUFS && r != -ENOMEM;
}

/* libmsf turns it off when it makes a membership: each pass pays for that. */
static int reset_multicast_all(int fd, int family)
{
	int on = 1, r;

	if (family == AF_INET)
		r = setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &on, sizeof(on));
	else
		r = setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &on, sizeof(on));
	return r < 0 ? -errno : 0;
}

static int complain(const struct action *action, enum side side, int r, int expected)
{
	fprintf(stderr, "bench-filters: %s, verb %d, %u sources: %s instead of %s\n",
		side == SIDE_RAW ? "setsockopt" : "libmsf", (int)action->request.verb,
		action->request.numsrc, strerror(-r), strerror(expected));
	return -EIO;
}

static int run_step(struct measure *measure, const struct cycle *cycle,
		    const struct action *action, int fd, enum side side, int is_warm)
{
	struct msf *msf = measure->msf[cycle->is_exclusive];
	int expected = side == SIDE_RAW ? action->raw_error : action->msf_error;
	uint64_t start, end;
	int r;

	start = series_now();
	if (side == SIDE_RAW)
		r = action_call_raw(action, fd);
	else
		r = action_call_msf(action, msf, fd);
	end = series_now();

	if (r != -expected)
		return complain(action, side, r, expected);
	if (!is_warm || action->row < 0)
		return 0;
	return series_add(&measure->plan->row[action->row].sample[side],
			  (double)(end - start) - measure->clock_cost);
}

static int run_pass(struct measure *measure, const struct cycle *cycle, int fd,
		    enum side side, int is_warm)
{
	int r = cycle->creates ? reset_multicast_all(fd, cycle->family) : 0;

	for (unsigned int i = 0; !r && i < cycle->n_steps; i++)
		r = run_step(measure, cycle, &cycle->step[i], fd, side, is_warm);
	return r;
}

static int run_passes(struct measure *measure, const struct cycle *cycle, int fd)
{
	double start = (double)series_now();
	int r = 0;

	for (int i = -1; !r && i < MAX_PASSES; i++) {
		enum side begins = i & 1 ? SIDE_MSF : SIDE_RAW;

		if (i >= MIN_PASSES && (double)series_now() - start > measure->budget_ns)
			break;
		r = run_pass(measure, cycle, fd, begins, i >= 0);
		if (!r)
			r = run_pass(measure, cycle, fd, !begins, i >= 0);
	}
	return r;
}

static int run_setup(const struct plan *plan, const struct cycle *cycle, int fd,
		     int holder)
{
	struct group_req req = { .gr_interface = plan->ifindex };
	int level = cycle->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int r = 0;

	memcpy(&req.gr_group, plan_get_group(plan, cycle->family), sizeof(req.gr_group));
	if (cycle->is_held &&
	    setsockopt(holder, level, MCAST_JOIN_GROUP, &req, sizeof(req)) < 0)
		return -errno;
	for (unsigned int i = 0; !r && i < cycle->n_setup; i++) {
		r = action_call_raw(&cycle->setup[i], fd);
		if (r < 0)
			complain(&cycle->setup[i], SIDE_RAW, r, 0);
	}
	return r;
}

static int measure_cycle(struct measure *measure, const struct cycle *cycle)
{
	int fd = socket(cycle->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int holder = socket(cycle->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = 0;

	if (fd < 0 || holder < 0)
		r = -errno;
	else if (fits(measure->plan, fd, cycle)) {
		r = run_setup(measure->plan, cycle, fd, holder);
		if (!r)
			r = run_passes(measure, cycle, fd);
	}
	if (fd >= 0)
		close(fd);
	if (holder >= 0)
		close(holder);
	return r;
}

static int finish_row(struct row *row)
{
	double ns[N_SIDES];
	int r = 0;

	if (!row->sample[SIDE_RAW].n || !row->sample[SIDE_MSF].n)
		return 0;
	for (int side = 0; !r && side < N_SIDES; side++) {
		ns[side] = series_get_spread(&row->sample[side]).median;
		r = series_add(&row->ns[side], ns[side]);
		series_clear(&row->sample[side]);
	}
	row->is_measured = 1;
	return r ? r : series_add(&row->ratio, ns[SIDE_MSF] / ns[SIDE_RAW]);
}

static int is_wanted(const struct measure *measure, const struct cycle *cycle)
{
	int is_wanted = !measure->only;

	for (unsigned int i = 0; !is_wanted && i < cycle->n_steps; i++) {
		int row = cycle->step[i].row;

		if (row >= 0 && strstr(measure->plan->row[row].request, measure->only))
			is_wanted = 1;
	}
	return is_wanted;
}

int measure_round(struct measure *measure)
{
	struct plan *plan = measure->plan;
	int r = 0;

	for (size_t i = 0; !r && i < plan->n_cycles; i++) {
		if (is_wanted(measure, &plan->cycle[i]))
			r = measure_cycle(measure, &plan->cycle[i]);
	}
	for (size_t i = 0; !r && i < plan->n_rows; i++)
		r = finish_row(&plan->row[i]);
	return r;
}
