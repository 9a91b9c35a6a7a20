/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Carries a plan out. Both sides work on the same socket in turn, a few
 * microseconds apart, so that whatever else the machine does meets both.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "plan.h"

struct measure {
	struct plan *plan;
	struct msf *msf[2]; /* default configuration, exclusive */
	double clock_cost;
	double budget_ns; /* for each cycle of a round */
	const char *only; /* requests whose names have this in them; NULL: all */
};

/*
 * One round over all cycles; the ratios of the round are added to the rows.
 * -EIO: a call did not answer as planned (it says which on stderr), or the errno
 * of what failed.
 */
int measure_round(struct measure *measure);

#endif
