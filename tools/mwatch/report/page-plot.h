/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page-plot: a rate, and what was lost, over time, as SVG.
 */
#ifndef MWATCH_PAGE_PLOT_H
#define MWATCH_PAGE_PLOT_H

#include <stdbool.h>
#include <stdio.h>

#include "history.h"

struct page_plot {
	const struct history *history;
	const struct history_point *points;
	const char *label;   /* of what, for those who do not see it */
	const char *lost;    /* what the lower part counts: "lost" */
	const char *unknown; /* why it cannot count it; NULL: it can */
	bool is_interface;   /* no duplicates, no reordering */
};

void page_plot_print(const struct page_plot *plot, FILE *out);

#endif
