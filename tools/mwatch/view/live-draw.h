/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-draw: the model on the screen: the table of flows, the page of one, the menu of
 * sort keys and the help. Only the rows that can be seen are formatted.
 */
#ifndef MWATCH_LIVE_DRAW_H
#define MWATCH_LIVE_DRAW_H

#include "live-history.h"
#include "live-layout.h"
#include "live-model.h"
#include "live-screen.h"

/* The least that is drawn on. */
#define LIVE_MIN_COLUMNS 60
#define LIVE_MIN_ROWS    8

struct live_draw {
	struct live_screen *screen;         /* borrowed */
	struct live_model *model;           /* borrowed; its scrolling follows the size */
	const struct live_history *history; /* borrowed */
	const char *title;                  /* borrowed; cleaned */
	const char *notice;                 /* borrowed; what was said last, or NULL */
	struct live_needs needs;            /* only grow, so that columns do not jump */
	int n_columns;                      /* of the screen that needs are for */
	int n_body;                         /* rows of the table's body, or of the page */
};

/* Draws everything, and shows it. */
void live_draw(struct live_draw *draw);

/* Title, totals, state. The row behind. (live-head.c) */
int live_draw_head(struct live_draw *draw);

/* From that row to the last but one. (live-table.c, live-page.c) */
void live_draw_table(struct live_draw *draw, int row);
void live_draw_page(struct live_draw *draw, int row);

/* Over what is there. (live-help.c) */
void live_draw_order_menu(struct live_draw *draw);
void live_draw_help(struct live_draw *draw, int row);

#endif
