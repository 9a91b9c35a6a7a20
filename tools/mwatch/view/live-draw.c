/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-draw: puts the parts of the screen together (see live-draw.h).
 */
#include "live-draw.h"

#include <stdio.h>
#include <string.h>

#define FILTER_PROMPT "filter: "

static const char *const key_lines[] = {
	[LIVE_TABLE] = ("q quit  ? help  Enter flow  s sort  r reverse  / filter  "
			"p pause  f freeze"),
	[LIVE_FILTER] = "",
	[LIVE_ORDER] = "Up Down choose  Enter sort  Esc back",
	[LIVE_PAGE] =
		"Esc back  Left Right other flow  Up Down scroll  p pause  f freeze",
	[LIVE_HELP] = "Esc back  Up Down scroll",
};

static void draw_last_row(struct live_draw *draw)
{
	struct live_screen *screen = draw->screen;
	int row = screen->n_rows - 1, column;

	if (draw->model->mode == LIVE_FILTER) {
		column = live_screen_put(screen, row, 0, screen->n_columns, LIVE_BOLD,
					 FILTER_PROMPT);
		live_screen_put(screen, row, column, screen->n_columns, LIVE_PLAIN,
				draw->model->filter);
		return;
	}
	if (draw->notice)
		live_screen_put(screen, row, 0, screen->n_columns, LIVE_BOLD,
				draw->notice);
	else
		live_screen_put(screen, row, 0, screen->n_columns, LIVE_DIM,
				key_lines[draw->model->mode]);
}

static void draw_too_small(struct live_draw *draw)
{
	char text[80];

	snprintf(text, sizeof(text), "mwatch needs %dx%d, this is %dx%d",
		 LIVE_MIN_COLUMNS, LIVE_MIN_ROWS, draw->screen->n_columns,
		 draw->screen->n_rows);
	live_screen_put(draw->screen, 0, 0, draw->screen->n_columns, LIVE_PLAIN, text);
	live_screen_put(draw->screen, 1, 0, draw->screen->n_columns, LIVE_PLAIN,
			"(counting goes on; q quits)");
}

static void draw_parts(struct live_draw *draw)
{
	int row = live_draw_head(draw);

	draw->n_body = draw->screen->n_rows - 1 - row;
	switch (draw->model->mode) {
	case LIVE_ORDER:
		live_draw_table(draw, row);
		live_draw_order_menu(draw);
		break;
	case LIVE_TABLE:
	case LIVE_FILTER:
		live_draw_table(draw, row);
		break;
	case LIVE_PAGE:
		live_draw_page(draw, row);
		break;
	case LIVE_HELP:
		live_draw_help(draw, row);
		break;
	}
	draw_last_row(draw);
}

void live_draw(struct live_draw *draw)
{
	struct live_screen *screen = draw->screen;
	const struct live_model *model = draw->model;
	int column = -1;

	if (draw->n_columns != screen->n_columns)
		draw->needs = (struct live_needs){ 0 };
	draw->n_columns = screen->n_columns;
	live_screen_erase(screen);
	if (screen->n_columns < LIVE_MIN_COLUMNS || screen->n_rows < LIVE_MIN_ROWS) {
		draw_too_small(draw);
	} else {
		draw_parts(draw);
		if (model->mode == LIVE_FILTER)
			column = (int)(strlen(FILTER_PROMPT) + strlen(model->filter));
	}
	live_screen_refresh(screen, screen->n_rows - 1, column);
}
