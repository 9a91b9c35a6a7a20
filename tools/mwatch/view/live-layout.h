/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-layout: which columns of the table are shown on a screen of some width.
 *
 * Invariant: what is chosen is never wider than the screen; addresses are cut only when
 * the columns without which the table says little would have no room otherwise.
 */
#ifndef MWATCH_LIVE_LAYOUT_H
#define MWATCH_LIVE_LAYOUT_H

#include <stdbool.h>

/* In the order in which they stand on the screen. */
enum live_column {
	LIVE_MARK, /* frozen, sent by this host */
	LIVE_SOURCE,
	LIVE_GROUP,
	LIVE_INTERFACE,
	LIVE_VLAN,
	LIVE_RATE,
	LIVE_BITS,
	LIVE_LOST,
	LIVE_DUPLICATES,
	LIVE_REORDERED,
	LIVE_JITTER,
	LIVE_GAP,
	LIVE_PEAK_1MS,
	LIVE_PEAK_100MS,
	LIVE_VERDICT,
	LIVE_TTL,
	LIVE_AGE,
	LIVE_PACKETS,
	LIVE_BYTES,
	LIVE_SEQUENCE,
	LIVE_N_COLUMNS,
};

struct live_layout {
	unsigned int widths[LIVE_N_COLUMNS]; /* 0: not shown */
};

struct live_needs {
	unsigned int source, group; /* cells of the longest address to be seen */
	unsigned int interface;     /* of the longest name; 0: one interface only */
	bool has_vlan;              /* a tag was seen */
};

/* Cells between two columns. */
#define LIVE_COLUMN_GAP 1

void live_layout_choose(struct live_layout *ret, unsigned int width,
			const struct live_needs *needs);

const char *live_layout_get_title(enum live_column column);

/* Do its cells stand to the right, as numbers do? */
bool live_layout_is_right(enum live_column column);

#endif
