/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Series of numbers. Quantiles are interpolated between neighbours, so that the
 * median of an even number of rounds is not the worse one of the two.
 */
#include "series.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define N_CLOCK_SAMPLES 2001

int series_add(struct series *series, double value)
{
	if (series->n == series->room) {
		size_t room = series->room ? 2 * series->room : 64;
		double *p = realloc(series->value, room * sizeof(*p));

		if (!p)
			return -ENOMEM;
		series->value = p;
		series->room = room;
	}
	series->value[series->n++] = value;
	return 0;
}

void series_clear(struct series *series)
{
	series->n = 0;
}

void series_fini(struct series *series)
{
	free(series->value);
	free(series->sorted);
	*series = (struct series){ 0 };
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t n, double q)
{
	double at = q * (double)(n - 1);
	size_t below = (size_t)at;
	size_t above = below + 1 < n ? below + 1 : below;

	return sorted[below] + (at - (double)below) * (sorted[above] - sorted[below]);
}

struct spread series_get_spread(struct series *series)
{
	size_t n = series->n;
	double *p = n ? realloc(series->sorted, n * sizeof(*p)) : NULL;

	if (!p)
		return (struct spread){ 0 };
	series->sorted = p;
	memcpy(p, series->value, n * sizeof(*p));
	qsort(p, n, sizeof(*p), compare);
	return (struct spread){
		.min = p[0],
		.q1 = quantile(p, n, 0.25),
		.median = quantile(p, n, 0.5),
		.q3 = quantile(p, n, 0.75),
		.max = p[n - 1],
	};
}

uint64_t series_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

double series_get_clock_cost(void)
{
	struct series cost = { 0 };
	double median;

	for (int i = 0; i < N_CLOCK_SAMPLES; i++) {
		uint64_t start = series_now();

		if (series_add(&cost, (double)(series_now() - start)) < 0)
			break;
	}
	median = series_get_spread(&cost).median;
	series_fini(&cost);
	return median;
}
