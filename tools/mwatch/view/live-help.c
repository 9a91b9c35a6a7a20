/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-help: the help, and the menu of sort keys (see live-draw.h).
 */
#include "live-draw.h"

#include <stdio.h>

static const char *const help[] = {
	"Arrows, PgUp, PgDn, Home, End   move; the cursor stays with its flow, but on",
	"                                the first row (Home), where it stays on top",
	"Enter       the page of the flow: all numbers, rate over time, gaps",
	"s           sort: a menu of the keys; S: the next key; r: the other way round",
	"/           filter: rows that contain all the words, in source, group, port,",
	"            interface or verdict; Enter keeps it, Esc clears it",
	"p, Space    pause: the screen stands still, counting goes on",
	"f           freeze: the flow stays on top (*), whatever sort and filter say",
	"u           bits or bytes a second",
	"Ctrl-L      draw the screen anew",
	"q           quit; in a page: back",
	"",
	"pps, bit/s, jitter, gap and peaks are of the last interval; lost, dup and",
	"reord of the whole run. - : it cannot be known (no sequence numbers).",
	"pk1ms, pk100: the most packets within 1 ms or 100 ms, as packets a second",
	"jitter: RFC 3550 6.4.1          gap: the longest between two packets",
	"age: since the last packet      > : sent by this host",
	"accept: the filter in force lets this source in; block: it does not;",
	"unjoined: nobody has joined the group",
};

#define N_HELP (sizeof(help) / sizeof(*help))

void live_draw_help(struct live_draw *draw, int row)
{
	unsigned int n = (unsigned int)draw->n_body;
	unsigned int most = n < N_HELP ? N_HELP - n : 0;

	if (draw->model->page_scroll > most)
		draw->model->page_scroll = most;
	for (unsigned int i = 0; i < n && draw->model->page_scroll + i < N_HELP; i++)
		live_screen_put(draw->screen, row + (int)i, 0, draw->screen->n_columns,
				LIVE_PLAIN, help[draw->model->page_scroll + i]);
}

#define MENU_WIDTH  20
#define MENU_COLUMN 4

void live_draw_order_menu(struct live_draw *draw)
{
	int row = 2, n = draw->n_body + 1;
	int first = (int)draw->model->menu < n ? 0 : (int)draw->model->menu - n + 1;

	for (int i = first; i < ORDER_N && i - first < n; i++) {
		bool is_chosen = (unsigned int)i == draw->model->menu;
		char text[MENU_WIDTH + 1];

		snprintf(text, sizeof(text), "%c %-17s ", is_chosen ? '>' : ' ',
			 order_get_name((enum order_key)i));
		live_screen_put(draw->screen, row + 1 + i - first, MENU_COLUMN,
				MENU_WIDTH, LIVE_REVERSE | (is_chosen ? LIVE_BOLD : 0),
				text);
	}
}
