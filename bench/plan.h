/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plan: what is measured. A cycle is a state of the socket and one or two
 * actions that lead back to it; a row is one line of the result.
 */
#ifndef BENCH_PLAN_H
#define BENCH_PLAN_H

#include "action.h"
#include "series.h"

enum side { SIDE_RAW, SIDE_MSF, N_SIDES };

struct row {
	int family;
	const char *request; /* static */
	const char *state;   /* static: what the request meets */
	uint32_t n_sources;  /* in the filter, beside the one that comes or goes */
	int is_exclusive;    /* msf_config_set_exclusive() */
	double target;       /* libmsf / raw at most; 0: none */
	int is_measured;
	struct series sample[N_SIDES]; /* nanoseconds of this round */
	struct series ns[N_SIDES];     /* a median for each round */
	struct series ratio;           /* one for each round */
};

struct cycle {
	int family;
	int is_exclusive;
	int is_held;    /* another socket has the group joined already */
	int creates;    /* every pass makes the membership anew */
	uint32_t needs; /* sources that one list must be able to hold */
	struct action setup[2];
	unsigned int n_setup;
	struct action step[2];
	unsigned int n_steps;
};

struct plan {
	uint32_t ifindex;
	struct sockaddr_storage group[2]; /* IPv4, IPv6 */
	struct arena arena;
	struct row *row;
	size_t n_rows;
	struct cycle *cycle;
	size_t n_cycles;
	int error; /* the first one met, or 0 */
};

/* Fills the plan for both families: 0 or -errno. Call plan_fini() after either. */
int plan_init(struct plan *plan, uint32_t ifindex);

void plan_fini(struct plan *plan);

/* The plan's group of a family. */
const struct sockaddr *plan_get_group(const struct plan *plan, int family);

#endif
