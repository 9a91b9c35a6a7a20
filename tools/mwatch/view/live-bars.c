/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-bars: charts of block elements (Unicode 2581 to 2588), or of ASCII signs where the
 * terminal shows no others (see live-bars.h).
 */
#include "live-bars.h"

#include <stdio.h>
#include <string.h>

#include "live-format.h"

#define N_LEVELS 8 /* of one cell */

static const char *const blocks[N_LEVELS + 1] = {
	" ",
	"\xe2\x96\x81",
	"\xe2\x96\x82",
	"\xe2\x96\x83",
	"\xe2\x96\x84",
	"\xe2\x96\x85",
	"\xe2\x96\x86",
	"\xe2\x96\x87",
	"\xe2\x96\x88",
};

static const char *const signs[N_LEVELS + 1] = {
	" ", "_", "_", ".", ".", ":", ":", "|", "|",
};

/* Eighths of cells, all rows together. */
static unsigned int get_level(double value, double max, unsigned int n_cells)
{
	double level = value / max * n_cells * N_LEVELS;

	if (!(value > 0) || !(max > 0))
		return 0;
	if (level < 1)
		return 1;
	return level < n_cells * N_LEVELS ? (unsigned int)(level + 0.5)
					  : n_cells * N_LEVELS;
}

static size_t append(char *buf, size_t len, size_t at, const char *text)
{
	size_t n = strlen(text);

	if (at + n >= len)
		return at;
	memcpy(buf + at, text, n + 1);
	return at + n;
}

void live_bars_chart(const float *values, size_t n, float max, unsigned int row,
		     unsigned int n_rows, bool is_utf8, char *buf, size_t len)
{
	unsigned int base = (n_rows - 1 - row) * N_LEVELS;
	size_t at = 0;

	*buf = '\0';
	for (size_t i = 0; i < n; i++) {
		unsigned int level = get_level((double)values[i], (double)max, n_rows);

		level = level > base ? level - base : 0;
		if (level > N_LEVELS)
			level = N_LEVELS;
		at = append(buf, len, at, is_utf8 ? blocks[level] : signs[level]);
	}
}

void live_bars_lying(uint64_t value, uint64_t max, unsigned int n_cells, bool is_utf8,
		     char *buf, size_t len)
{
	unsigned int level = get_level((double)value, (double)max, n_cells);
	unsigned int n = (level + N_LEVELS - 1) / N_LEVELS;
	size_t at = 0;

	*buf = '\0';
	for (unsigned int i = 0; i < n; i++)
		at = append(buf, len, at, is_utf8 ? blocks[N_LEVELS] : "#");
}

unsigned int live_bars_bin(const uint32_t buckets[SAMPLE_N_BUCKETS], unsigned int max,
			   struct live_bin bins[])
{
	unsigned int first = 0, last = SAMPLE_N_BUCKETS, width, n = 0;

	while (first < last && !buckets[first])
		first++;
	while (last > first && !buckets[last - 1])
		last--;
	if (first == last || !max)
		return 0;
	width = (last - first + max - 1) / max;
	for (unsigned int i = first; i < last; i += width) {
		unsigned int end = i + width < last ? i + width : last;

		bins[n] = (struct live_bin){ .first = i, .last = end - 1 };
		for (unsigned int j = i; j < end; j++)
			bins[n].count += buckets[j];
		n++;
	}
	return n;
}

/* Bucket i ends at 2^i us. */
static void format_end(unsigned int bucket, char buf[LIVE_NUMBER_MAX])
{
	static const char *const units[] = { "us", "ms", "s" };
	unsigned int i = bucket / 10;

	/* Whole numbers: 1024 us are told as 1 ms, as memory is. */
	snprintf(buf, LIVE_NUMBER_MAX, "%u%s", 1u << bucket % 10, units[i]);
}

void live_bars_label(const struct live_bin *bin, char *buf, size_t len)
{
	char begin[LIVE_NUMBER_MAX], end[LIVE_NUMBER_MAX];

	if (bin->first > 0)
		format_end(bin->first - 1, begin);
	format_end(bin->last, end);
	if (bin->last == SAMPLE_N_BUCKETS - 1)
		snprintf(buf, len, ">= %s", bin->first > 0 ? begin : "0us");
	else if (bin->first == 0)
		snprintf(buf, len, "< %s", end);
	else
		snprintf(buf, len, "%s - %s", begin, end);
}
