/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-table: the table of flows (see live-draw.h).
 *
 * Rates, jitter, gap and peaks are those of the interval; lost, dup and reord those of
 * the whole run, so that none is missed between two looks.
 */
#include "live-draw.h"

#include <stdio.h>
#include <string.h>

#include "live-format.h"
#include "utf8.h"

#define CELL_MAX LIVE_ADDRESS_MAX

struct row {
	struct live_draw *draw;
	const struct sample_flow *flow;
};

typedef void format_cell(const struct row *row, char buf[CELL_MAX]);

static void format_mark(const struct row *row, char buf[CELL_MAX])
{
	bool is_frozen = live_model_is_frozen(row->draw->model, row->flow->id);

	snprintf(buf, CELL_MAX, "%s",
		 is_frozen                ? "*"
		 : row->flow->is_outgoing ? ">"
					  : "");
}

static void format_source(const struct row *row, char buf[CELL_MAX])
{
	live_model_format_source(row->draw->model, row->flow, buf);
}

static void format_group(const struct row *row, char buf[CELL_MAX])
{
	live_model_format_group(row->draw->model, row->flow, buf);
}

static void format_interface(const struct row *row, char buf[CELL_MAX])
{
	live_model_format_interface(row->draw->model, row->flow, buf);
}

static void format_vlan(const struct row *row, char buf[CELL_MAX])
{
	if (row->flow->vlan)
		snprintf(buf, CELL_MAX, "%u", row->flow->vlan);
}

static void format_rate(const struct row *row, char buf[CELL_MAX])
{
	uint64_t ns = row->draw->model->shown.interval_ns;

	live_format_rate(sample_get_rate(row->flow->interval.packets, ns), buf);
}

static void format_bits(const struct row *row, char buf[CELL_MAX])
{
	uint64_t ns = row->draw->model->shown.interval_ns;
	double bytes = sample_get_rate(row->flow->interval.bytes, ns);

	live_format_scaled(row->draw->model->is_bytes ? bytes : 8 * bytes, buf);
}

/* What only a sequence can tell. */
static void format_known(const struct row *row, uint64_t count, char buf[CELL_MAX])
{
	if (row->flow->sequence == SAMPLE_NO_SEQUENCE)
		snprintf(buf, CELL_MAX, "%s", "-");
	else
		live_format_count(count, buf);
}

static void format_lost(const struct row *row, char buf[CELL_MAX])
{
	format_known(row, row->flow->total.lost, buf);
}

static void format_duplicates(const struct row *row, char buf[CELL_MAX])
{
	format_known(row, row->flow->total.duplicates, buf);
}

static void format_reordered(const struct row *row, char buf[CELL_MAX])
{
	if (sample_has_reordered(row->flow))
		live_format_count(row->flow->total.reordered, buf);
	else
		snprintf(buf, CELL_MAX, "%s", "-");
}

static void format_jitter(const struct row *row, char buf[CELL_MAX])
{
	if (row->flow->clock == SAMPLE_NO_JITTER)
		snprintf(buf, CELL_MAX, "%s", "-");
	else
		live_format_time(row->flow->jitter_ns, buf);
}

static void format_gap(const struct row *row, char buf[CELL_MAX])
{
	if (!row->flow->interval.gap_ns)
		snprintf(buf, CELL_MAX, "%s", "-");
	else
		live_format_time(row->flow->interval.gap_ns, buf);
}

static void format_peak_1ms(const struct row *row, char buf[CELL_MAX])
{
	live_format_count(row->flow->interval.peak_1ms * UINT64_C(1000), buf);
}

static void format_peak_100ms(const struct row *row, char buf[CELL_MAX])
{
	live_format_count(row->flow->interval.peak_100ms * UINT64_C(10), buf);
}

static void format_verdict(const struct row *row, char buf[CELL_MAX])
{
	const char *name = sample_get_verdict_name(row->flow->verdict);

	snprintf(buf, CELL_MAX, "%s", name ? name : row->flow->is_outgoing ? "out" : "-");
}

static void format_ttl(const struct row *row, char buf[CELL_MAX])
{
	snprintf(buf, CELL_MAX, "%u", row->flow->ttl);
}

static void format_age(const struct row *row, char buf[CELL_MAX])
{
	uint64_t when = row->draw->model->shown.when_ns, last = row->flow->last_ns;

	live_format_age(when > last ? when - last : 0, buf);
}

static void format_packets(const struct row *row, char buf[CELL_MAX])
{
	snprintf(buf, CELL_MAX, "%llu", (unsigned long long)row->flow->total.packets);
}

static void format_bytes(const struct row *row, char buf[CELL_MAX])
{
	snprintf(buf, CELL_MAX, "%llu", (unsigned long long)row->flow->total.bytes);
}

static void format_sequence(const struct row *row, char buf[CELL_MAX])
{
	const char *name = sample_get_sequence_name(row->flow->sequence);

	snprintf(buf, CELL_MAX, "%s", name ? name : "-");
}

static format_cell *const formats[LIVE_N_COLUMNS] = {
	[LIVE_MARK] = format_mark,
	[LIVE_SOURCE] = format_source,
	[LIVE_GROUP] = format_group,
	[LIVE_INTERFACE] = format_interface,
	[LIVE_VLAN] = format_vlan,
	[LIVE_RATE] = format_rate,
	[LIVE_BITS] = format_bits,
	[LIVE_LOST] = format_lost,
	[LIVE_DUPLICATES] = format_duplicates,
	[LIVE_REORDERED] = format_reordered,
	[LIVE_JITTER] = format_jitter,
	[LIVE_GAP] = format_gap,
	[LIVE_PEAK_1MS] = format_peak_1ms,
	[LIVE_PEAK_100MS] = format_peak_100ms,
	[LIVE_VERDICT] = format_verdict,
	[LIVE_TTL] = format_ttl,
	[LIVE_AGE] = format_age,
	[LIVE_PACKETS] = format_packets,
	[LIVE_BYTES] = format_bytes,
	[LIVE_SEQUENCE] = format_sequence,
};

static unsigned int get_ink(const struct sample_flow *flow, enum live_column column)
{
	unsigned int ink = flow->verdict == SAMPLE_UNJOINED ? LIVE_DIM : LIVE_PLAIN;

	if (column == LIVE_LOST && flow->total.lost)
		ink = LIVE_RED | (flow->interval.lost ? LIVE_BOLD : 0);
	if (column == LIVE_VERDICT && flow->verdict == SAMPLE_BLOCK)
		ink = LIVE_YELLOW;
	return ink;
}

static void put(struct live_draw *draw, int row, int column, enum live_column which,
		int width, unsigned int ink, const char *text)
{
	if (live_layout_is_right(which))
		live_screen_put_right(draw->screen, row, column, width, ink, text);
	else
		live_screen_put(draw->screen, row, column, width, ink, text);
}

static void draw_row(struct live_draw *draw, const struct live_layout *layout, int row,
		     uint32_t index)
{
	const struct live_model *model = draw->model;
	struct row cells = { draw, &model->shown.flows[model->rows[index]] };
	unsigned int reverse = index == model->cursor ? LIVE_REVERSE : LIVE_PLAIN;
	char text[CELL_MAX], cut[CELL_MAX];
	int column = 0;

	live_screen_fill(draw->screen, row, 0, draw->screen->n_columns, reverse);
	for (unsigned int i = 0; i < LIVE_N_COLUMNS; i++) {
		unsigned int width = layout->widths[i];

		if (!width)
			continue;
		*text = '\0';
		formats[i](&cells, text);
		live_format_cut(text, width, draw->screen->is_utf8, cut, sizeof(cut));
		put(draw, row, column, i, (int)width, reverse | get_ink(cells.flow, i),
		    cut);
		column += (int)width + LIVE_COLUMN_GAP;
	}
}

static void draw_titles(struct live_draw *draw, const struct live_layout *layout, int row)
{
	int column = 0;

	for (unsigned int i = 0; i < LIVE_N_COLUMNS; i++) {
		const char *title = live_layout_get_title(i);

		if (!layout->widths[i])
			continue;
		if (i == LIVE_BITS && draw->model->is_bytes)
			title = "B/s";
		put(draw, row, column, i, (int)layout->widths[i], LIVE_BOLD, title);
		column += (int)layout->widths[i] + LIVE_COLUMN_GAP;
	}
}

static void grow(unsigned int *need, const char *text)
{
	unsigned int width = (unsigned int)utf8_get_width(text);

	if (width > *need)
		*need = width;
}

static void grow_needs(struct live_draw *draw, uint32_t index)
{
	const struct live_model *model = draw->model;
	const struct sample_flow *flow = &model->shown.flows[model->rows[index]];
	char text[LIVE_ADDRESS_MAX];

	live_model_format_source(model, flow, text);
	grow(&draw->needs.source, text);
	live_model_format_group(model, flow, text);
	grow(&draw->needs.group, text);
	if (model->shown.n_interfaces > 1) {
		live_model_format_interface(model, flow, text);
		grow(&draw->needs.interface, text);
	}
	draw->needs.has_vlan = draw->needs.has_vlan || flow->vlan;
}

static const char *explain_empty(const struct live_model *model)
{
	if (!model->has_shown)
		return "counting: the first interval is not over yet";
	return model->shown.n_flows ? "no flow matches the filter"
				    : "no packet to a group so far";
}

/* Row number i of the screen's body, or none. */
static uint32_t get_index(const struct live_model *model, uint32_t n_apart, uint32_t i)
{
	return i < n_apart ? i : model->top + i - n_apart;
}

void live_draw_table(struct live_draw *draw, int row)
{
	struct live_model *model = draw->model;
	uint32_t n_lines = draw->n_body > 1 ? (uint32_t)draw->n_body - 1 : 0;
	uint32_t n_apart = live_model_scroll(model, n_lines), n = 0;
	struct live_layout layout;

	while (n < n_lines && get_index(model, n_apart, n) < model->n_rows)
		grow_needs(draw, get_index(model, n_apart, n++));
	live_layout_choose(&layout, (unsigned int)draw->screen->n_columns, &draw->needs);
	draw_titles(draw, &layout, row++);
	for (uint32_t i = 0; i < n; i++)
		draw_row(draw, &layout, row + (int)i, get_index(model, n_apart, i));
	if (!n)
		live_screen_put(draw->screen, row, 2, draw->screen->n_columns, LIVE_DIM,
				explain_empty(model));
}
