/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What it costs to change one source in a long list: one more, and it goes again.
 */
#ifndef BENCH_CHANGE_H
#define BENCH_CHANGE_H

#include "rate.h"
#include "sides.h"

struct change_cell {
	int family;
	uint32_t n_sources;
	int is_measured;
	struct series ns[N_SIDES]; /* of a change: a median for each round */
};

struct change {
	const struct rate *rate;
	const struct sides *sides;
	double clock_cost;
};

/* One round: 0 or -errno. */
int change_measure(const struct change *change, struct change_cell *cell);

void change_fini(struct change_cell *cell);

#endif
