/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A series of numbers and its order statistics: medians and quartiles, because
 * means of times are ruled by the interrupts that happened to fall into them.
 */
#ifndef BENCH_SERIES_H
#define BENCH_SERIES_H

#include <stddef.h>
#include <stdint.h>

struct series {
	double *value;  /* owned: in the order in which they came */
	double *sorted; /* owned: as series_get_spread() needed it last */
	size_t n;
	size_t room;
};

struct spread {
	double min;
	double q1;
	double median;
	double q3;
	double max;
};

/* 0 or -ENOMEM. */
int series_add(struct series *series, double value);

/* Forgets the numbers, keeps the memory. */
void series_clear(struct series *series);

void series_fini(struct series *series);

/* All zero when it is empty, or there is no memory. */
struct spread series_get_spread(struct series *series);

/* Nanoseconds of the monotonic clock. */
uint64_t series_now(void);

/* What reading the clock adds to a measured time, in nanoseconds. */
double series_get_clock_cost(void);

#endif
