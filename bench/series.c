/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Series of numbers. Quantiles are interpolated between neighbours, so that the
 * median of an even number of rounds is not the worse one of the two.
 */
#include "series.h"

#include <errno.h>
#include <stdlib.h>
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
	*series = (struct series){ 0 };
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const struct series *series, double q)
{
	double at = q * (double)(series->n - 1);
	size_t below = (size_t)at;
	size_t above = below + 1 < series->n ? below + 1 : below;

	return series->value[below] +
	       (at - (double)below) * (series->value[above] - series->value[below]);
}

struct spread series_get_spread(struct series *series)
{
	if (!series->n)
		return (struct spread){ 0 };
	qsort(series->value, series->n, sizeof(*series->value), compare);
	return (struct spread){
		.min = series->value[0],
		.q1 = quantile(series, 0.25),
		.median = quantile(series, 0.5),
		.q3 = quantile(series, 0.75),
		.max = series->value[series->n - 1],
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
