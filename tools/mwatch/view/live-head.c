/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-head: the first rows of the screen: whose traffic, how much of it, what went
 * wrong with counting, and what was chosen (see live-draw.h).
 */
#include "live-draw.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "live-format.h"
#include "utf8.h"

#define NSEC_PER_SEC UINT64_C(1000000000)

/* To the right of the first row, with blanks before them. */
#define CLOCK_WIDTH 10
#define PAUSE_WIDTH 16

/* "12:34:56", of the sample that is shown. */
static void format_clock(const struct sample *sample, char buf[16])
{
	time_t when = (time_t)(sample->when_ns / NSEC_PER_SEC);
	struct tm tm;

	*buf = '\0';
	if (sample->when_ns && localtime_r(&when, &tm))
		strftime(buf, 16, "%H:%M:%S", &tm);
}

static void draw_title(struct live_draw *draw)
{
	struct live_screen *screen = draw->screen;
	const struct live_model *model = draw->model;
	int width = screen->n_columns - CLOCK_WIDTH, column;
	char clock[16], pause[32];

	format_clock(&model->shown, clock);
	live_screen_put_right(screen, 0, width, CLOCK_WIDTH, LIVE_PLAIN, clock);
	if (model->is_paused) {
		snprintf(pause, sizeof(pause), "PAUSED %llus",
			 (unsigned long long)(live_model_get_pause_ns(model) /
					      NSEC_PER_SEC));
		width -= PAUSE_WIDTH;
		live_screen_put_right(screen, 0, width, PAUSE_WIDTH,
				      LIVE_BOLD | LIVE_YELLOW, pause);
	}
	column = live_screen_put(screen, 0, 0, width, LIVE_BOLD, "mwatch  ");
	live_screen_put(screen, 0, column, width - column, LIVE_BOLD, draw->title);
}

static void add_wire(struct sample_wire *sum, const struct sample_wire *wire)
{
	sum->packets += wire->packets;
	sum->bytes += wire->bytes;
	sum->kernel_drops += wire->kernel_drops;
	sum->malformed += wire->malformed;
	sum->orphans += wire->orphans;
	sum->evicted += wire->evicted;
}

/* What went wrong in the whole run; bold while it goes on. */
static int draw_problem(struct live_draw *draw, int column, const char *what,
			uint64_t interval, uint64_t total, unsigned int ink)
{
	char number[LIVE_NUMBER_MAX], text[64];

	if (!total)
		return column;
	live_format_count(total, number);
	snprintf(text, sizeof(text), "  %s %s", what, number);
	return live_screen_put(draw->screen, 1, column, draw->screen->n_columns,
			       ink | (interval ? LIVE_BOLD : 0), text);
}

static int draw_gone(struct live_draw *draw, int column)
{
	const struct sample *sample = &draw->model->shown;
	char name[4 * IF_NAMESIZE], text[sizeof(name) + 16];

	for (uint32_t i = 0; i < sample->n_interfaces; i++) {
		if (!sample->interfaces[i].is_gone)
			continue;
		utf8_clean(sample->interfaces[i].name, name, sizeof(name));
		snprintf(text, sizeof(text), "  %s is down", name);
		column = live_screen_put(draw->screen, 1, column, draw->screen->n_columns,
					 LIVE_RED | LIVE_BOLD, text);
	}
	return column;
}

static void draw_totals(struct live_draw *draw)
{
	const struct sample *sample = &draw->model->shown;
	struct sample_wire interval = { 0 }, total = { 0 };
	char rate[LIVE_NUMBER_MAX], bits[LIVE_NUMBER_MAX], text[128];
	bool is_bytes = draw->model->is_bytes;
	double bytes;
	int column;

	for (uint32_t i = 0; i < sample->n_interfaces; i++) {
		add_wire(&interval, &sample->interfaces[i].interval);
		add_wire(&total, &sample->interfaces[i].total);
	}
	bytes = sample_get_rate(interval.bytes, sample->interval_ns);
	live_format_rate(sample_get_rate(interval.packets, sample->interval_ns), rate);
	live_format_unit(is_bytes ? bytes : 8 * bytes, is_bytes ? "B/s" : "bit/s", bits);
	snprintf(text, sizeof(text), "%u %s  %s packets/s  %s", sample->n_flows,
		 sample->n_flows == 1 ? "flow" : "flows", rate, bits);
	column = live_screen_put(draw->screen, 1, 0, draw->screen->n_columns, LIVE_PLAIN,
				 text);
	column = draw_gone(draw, column);
	column = draw_problem(draw, column, "drops", interval.kernel_drops,
			      total.kernel_drops, LIVE_RED);
	column = draw_problem(draw, column, "malformed", interval.malformed,
			      total.malformed, LIVE_YELLOW);
	column = draw_problem(draw, column, "evicted", interval.evicted, total.evicted,
			      LIVE_YELLOW);
	draw_problem(draw, column, "orphans", interval.orphans, total.orphans,
		     LIVE_YELLOW);
}

/* What the rows of the table are. */
static void draw_choice(struct live_draw *draw)
{
	const struct live_model *model = draw->model;
	struct live_screen *screen = draw->screen;
	char text[2 * LIVE_FILTER_MAX];
	int column;

	snprintf(text, sizeof(text), "SORT %s%s", order_get_name(model->order),
		 model->is_reversed ? ", reversed" : "");
	column = live_screen_put(screen, 2, 0, screen->n_columns, LIVE_PLAIN, text);
	if (model->n_frozen) {
		snprintf(text, sizeof(text), "  FROZEN %u", model->n_frozen);
		column = live_screen_put(screen, 2, column, screen->n_columns, LIVE_BOLD,
					 text);
	}
	if (!*model->filter)
		return;
	snprintf(text, sizeof(text), "  FILTER %s: %u of %u", model->filter,
		 model->n_rows - model->n_frozen_rows,
		 model->shown.n_flows - model->n_frozen_rows);
	live_screen_put(screen, 2, column, screen->n_columns, LIVE_BOLD, text);
}

int live_draw_head(struct live_draw *draw)
{
	draw_title(draw);
	draw_totals(draw);
	if (draw->model->mode == LIVE_PAGE || draw->model->mode == LIVE_HELP)
		return 2;
	draw_choice(draw);
	return 3;
}
