/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-bars: bars out of text: a rate over time, and a histogram of gaps.
 */
#ifndef MWATCH_LIVE_BARS_H
#define MWATCH_LIVE_BARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sample.h"

/* Bytes of one row of n_cells, NUL included. */
#define LIVE_BARS_ROW(n_cells) (3 * (n_cells) + 1)

/* One row of a chart that is n_rows high, row 0 on top: a column for each of the values,
 * which go from 0 to max.  What is above 0 is never drawn as nothing. */
void live_bars_chart(const float *values, size_t n, float max, unsigned int row,
		     unsigned int n_rows, bool is_utf8, char *buf, size_t len);

/* A lying bar: value of max in n_cells. */
void live_bars_lying(uint64_t value, uint64_t max, unsigned int n_cells, bool is_utf8,
		     char *buf, size_t len);

/* Buckets next to each other, as one line of the histogram. */
struct live_bin {
	unsigned int first, last; /* buckets */
	uint64_t count;
};

/* From the first to the last bucket that is not empty, so many put together that
 * there are at most max; the number of them. */
unsigned int live_bars_bin(const uint32_t buckets[SAMPLE_N_BUCKETS], unsigned int max,
			   struct live_bin bins[]);

/* "< 1us", "16us - 32us", "1ms - 2ms" (of 1024 us), ">= 4s". */
void live_bars_label(const struct live_bin *bin, char *buf, size_t len);

#endif
