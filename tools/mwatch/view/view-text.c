/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * view-text: samples as text for people (see view.h): for each interval a line an
 * interface and a table of flows; at the end the totals.
 *
 * Invariant: what does not fit or is left out is said; "-" is what cannot be known.
 */
#include "view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "columns.h"
#include "endpoint.h"
#include "figure.h"
#include "names.h"
#include "order.h"
#include "utf8.h"

#define NSEC_PER_SEC     1000000000ULL
#define BITS_PER_BYTE    8
#define PEAK_1MS_PER_SEC 1000

/* Counts of an interval below it are written in full. */
#define SCALED_FROM 10000

#define CELL_MAX        320 /* a host name, too */
#define CLOCK_MAX       24
#define EXPLANATION_MAX 1024

struct view_text {
	struct outlet *outlet; /* borrowed */
	uint32_t top;
	bool is_narrow, is_farewell;
	struct names *names;
	void (*explain)(const struct sample_delivery *delivery, char *buf, size_t len);
};

/* What the cells of a table are made from. */
struct row {
	const struct view_text *view;
	const struct sample *sample;
	const struct sample_flow *flow;
	const struct sample_counts *counts;
	uint64_t ns;
};

/* Fills the cell; false: it cannot be known. */
typedef bool cell(const struct row *row, char buf[CELL_MAX]);

enum presence {
	ALWAYS,
	WITH_INTERFACES, /* more than one */
	WITH_VLANS,
	WITH_OUTGOING,
	WITH_RESTARTS,
	WITH_TS,
	WITH_ROOM,
};

struct text_column {
	const char *title;
	cell *fill;
	enum presence presence;
};

static void format_clock(uint64_t ns, char buf[CLOCK_MAX])
{
	time_t second = (time_t)(ns / NSEC_PER_SEC);
	struct tm tm;

	localtime_r(&second, &tm);
	strftime(buf, CLOCK_MAX, "%H:%M:%S", &tm);
}

static bool fill_interface(const struct row *row, char buf[CELL_MAX])
{
	snprintf(buf, CELL_MAX, "%s",
		 row->sample->interfaces[row->flow->i_interface].name);
	return true;
}

static bool fill_source(const struct row *row, char buf[CELL_MAX])
{
	struct sockaddr_storage source;

	sample_get_source(row->flow, &source);
	names_format(row->view->names, &source, buf, CELL_MAX);
	return true;
}

static bool fill_group(const struct row *row, char buf[CELL_MAX])
{
	struct endpoint endpoint = { .n_groups = 1, .port = row->flow->port };

	sample_get_group(row->flow, &endpoint.group);
	return endpoint_format(&endpoint, buf, CELL_MAX) > 0;
}

static bool fill_vlan(const struct row *row, char buf[CELL_MAX])
{
	snprintf(buf, CELL_MAX, "%" PRIu16, row->flow->vlan);
	return row->flow->vlan > 0;
}

static bool fill_direction(const struct row *row, char buf[CELL_MAX])
{
	snprintf(buf, CELL_MAX, "%s", row->flow->is_outgoing ? "out" : "in");
	return true;
}

static bool fill_pps(const struct row *row, char buf[CELL_MAX])
{
	figure_format_scaled(sample_get_rate(row->counts->packets, row->ns), buf);
	return true;
}

static bool fill_bps(const struct row *row, char buf[CELL_MAX])
{
	double bytes = sample_get_rate(row->counts->bytes, row->ns);

	figure_format_scaled(bytes * BITS_PER_BYTE, buf);
	return true;
}

static bool fill_packets(const struct row *row, char buf[CELL_MAX])
{
	snprintf(buf, CELL_MAX, "%" PRIu64, row->counts->packets);
	return true;
}

static bool fill_bytes(const struct row *row, char buf[CELL_MAX])
{
	figure_format_scaled((double)row->counts->bytes, buf);
	return true;
}

static bool fill_count(uint64_t count, char buf[CELL_MAX])
{
	if (count < SCALED_FROM)
		snprintf(buf, CELL_MAX, "%" PRIu64, count);
	else
		figure_format_scaled((double)count, buf);
	return true;
}

/* A count that only a sequence tells. */
static bool fill_known(const struct row *row, uint64_t count, char buf[CELL_MAX])
{
	return row->flow->sequence != SAMPLE_NO_SEQUENCE && fill_count(count, buf);
}

static bool fill_lost(const struct row *row, char buf[CELL_MAX])
{
	return fill_known(row, row->counts->lost, buf);
}

static bool fill_duplicates(const struct row *row, char buf[CELL_MAX])
{
	return fill_known(row, row->counts->duplicates, buf);
}

static bool fill_reordered(const struct row *row, char buf[CELL_MAX])
{
	return sample_has_reordered(row->flow) && fill_count(row->counts->reordered, buf);
}

static bool fill_restarts(const struct row *row, char buf[CELL_MAX])
{
	return fill_known(row, row->counts->restarts, buf);
}

static bool fill_ts_lost(const struct row *row, char buf[CELL_MAX])
{
	return row->flow->has_ts && fill_count(row->counts->ts_lost, buf);
}

static bool fill_jitter(const struct row *row, char buf[CELL_MAX])
{
	figure_format_duration(row->flow->jitter_ns, buf);
	return row->flow->clock != SAMPLE_NO_JITTER;
}

static bool fill_gap(const struct row *row, char buf[CELL_MAX])
{
	figure_format_duration(row->counts->gap_ns, buf);
	return row->counts->gap_ns > 0;
}

static bool fill_peak(const struct row *row, char buf[CELL_MAX])
{
	figure_format_scaled((double)row->counts->peak_1ms * PEAK_1MS_PER_SEC, buf);
	return true;
}

static bool fill_ttl(const struct row *row, char buf[CELL_MAX])
{
	const struct sample_flow *flow = row->flow;

	if (flow->ttl_min < flow->ttl_max)
		snprintf(buf, CELL_MAX, "%u-%u", flow->ttl_min, flow->ttl_max);
	else
		snprintf(buf, CELL_MAX, "%u", flow->ttl);
	return true;
}

static bool fill_first(const struct row *row, char buf[CELL_MAX])
{
	format_clock(row->flow->first_ns, buf);
	return row->flow->first_ns > 0;
}

static bool fill_last(const struct row *row, char buf[CELL_MAX])
{
	format_clock(row->flow->last_ns, buf);
	return row->flow->last_ns > 0;
}

static bool fill_verdict(const struct row *row, char buf[CELL_MAX])
{
	const char *name = sample_get_verdict_name(row->flow->verdict);

	if (name)
		snprintf(buf, CELL_MAX, "%s", name);
	return name;
}

static const struct text_column interval_columns[] = {
	{ "INTERFACE", fill_interface, WITH_INTERFACES },
	{ "VLAN", fill_vlan, WITH_VLANS },
	{ "DIR", fill_direction, WITH_OUTGOING },
	{ "SOURCE", fill_source, ALWAYS },
	{ "GROUP:PORT", fill_group, ALWAYS },
	{ "-PPS", fill_pps, ALWAYS },
	{ "-BIT/S", fill_bps, ALWAYS },
	{ "-LOST", fill_lost, ALWAYS },
	{ "-DUP", fill_duplicates, ALWAYS },
	{ "-LATE", fill_reordered, ALWAYS },
	{ "-TSLOST", fill_ts_lost, WITH_TS },
	{ "-JITTER", fill_jitter, ALWAYS },
	{ "-GAP", fill_gap, ALWAYS },
	{ "-PEAK", fill_peak, ALWAYS },
	{ "VERDICT", fill_verdict, ALWAYS },
};

static const struct text_column summary_columns[] = {
	{ "INTERFACE", fill_interface, WITH_INTERFACES },
	{ "VLAN", fill_vlan, WITH_VLANS },
	{ "DIR", fill_direction, WITH_OUTGOING },
	{ "SOURCE", fill_source, ALWAYS },
	{ "GROUP:PORT", fill_group, ALWAYS },
	{ "-PACKETS", fill_packets, ALWAYS },
	{ "-BYTES", fill_bytes, ALWAYS },
	{ "-LOST", fill_lost, ALWAYS },
	{ "-DUP", fill_duplicates, ALWAYS },
	{ "-LATE", fill_reordered, ALWAYS },
	{ "-TSLOST", fill_ts_lost, WITH_TS },
	{ "-RESTARTS", fill_restarts, WITH_RESTARTS },
	{ "-TTL", fill_ttl, ALWAYS },
	{ "FIRST", fill_first, WITH_ROOM },
	{ "LAST", fill_last, WITH_ROOM },
	{ "VERDICT", fill_verdict, ALWAYS },
};

#define N_INTERVAL_COLUMNS (sizeof(interval_columns) / sizeof(*interval_columns))
#define N_SUMMARY_COLUMNS  (sizeof(summary_columns) / sizeof(*summary_columns))
#define MAX_COLUMNS        N_SUMMARY_COLUMNS

struct table {
	const struct text_column *columns;
	unsigned int n_columns;
	bool is_total;
};

static const struct table interval_table = { interval_columns, N_INTERVAL_COLUMNS,
					     false };
static const struct table summary_table = { summary_columns, N_SUMMARY_COLUMNS, true };

static bool is_present(enum presence presence, const struct view_text *view,
		       const struct sample *sample, uint32_t n, bool is_total)
{
	if (presence == ALWAYS)
		return true;
	if (presence == WITH_ROOM)
		return !view->is_narrow;
	if (presence == WITH_INTERFACES)
		return sample->n_interfaces > 1;
	for (uint32_t i = 0; i < n; i++) {
		const struct sample_flow *flow = &sample->flows[i];

		if (!order_is_shown(sample, flow, is_total))
			continue;
		if ((presence == WITH_VLANS && flow->vlan) ||
		    (presence == WITH_OUTGOING && flow->is_outgoing) ||
		    (presence == WITH_RESTARTS && flow->total.restarts) ||
		    (presence == WITH_TS && flow->has_ts))
			return true;
	}
	return false;
}

static int add_row(struct columns *columns, const struct table *table,
		   const struct row *row)
{
	char texts[MAX_COLUMNS][CELL_MAX];
	const char *cells[MAX_COLUMNS];

	for (unsigned int i = 0; i < table->n_columns; i++)
		cells[i] = table->columns[i].fill(row, texts[i]) ? texts[i] : NULL;
	return columns_add(columns, cells);
}

static int add_rows(struct columns *columns, const struct table *table,
		    const struct view_text *view, const struct sample *sample, uint32_t n)
{
	struct row row = { .view = view, .sample = sample };
	int r = 0;

	row.ns = table->is_total ? sample->total_ns : sample->interval_ns;
	for (uint32_t i = 0; i < n && r == 0; i++) {
		row.flow = &sample->flows[i];
		row.counts = table->is_total ? &row.flow->total : &row.flow->interval;
		if (!order_is_shown(sample, row.flow, table->is_total))
			continue;
		r = add_row(columns, table, &row);
	}
	return r;
}

/* Those that are shown; i_interface NULL: of all interfaces. */
static uint32_t count_flows(const struct sample *sample, const uint32_t *i_interface,
			    bool is_total)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < sample->n_flows; i++) {
		const struct sample_flow *flow = &sample->flows[i];

		n += (!i_interface || flow->i_interface == *i_interface) &&
		     order_is_shown(sample, flow, is_total);
	}
	return n;
}

static int print_table(const struct view_text *view, const struct table *table,
		       const struct sample *sample)
{
	FILE *out = outlet_get_file(view->outlet);
	const char *titles[MAX_COLUMNS];
	uint32_t n = sample->n_flows,
		 n_shown = count_flows(sample, NULL, table->is_total);
	struct columns *columns;
	int r;

	if (view->top && view->top < n)
		n = view->top;
	for (unsigned int i = 0; i < table->n_columns; i++)
		titles[i] = table->columns[i].title;
	r = columns_new(&columns, titles, table->n_columns);
	if (r < 0)
		return r;
	for (unsigned int i = 0; i < table->n_columns; i++)
		if (!is_present(table->columns[i].presence, view, sample, n,
				table->is_total))
			columns_hide(columns, i);
	r = add_rows(columns, table, view, sample, n);
	if (r == 0)
		r = columns_print(columns, out);
	columns_free(columns);
	if (n < n_shown)
		fprintf(out, "and %" PRIu32 " more flows (--top %" PRIu32 ")\n",
			n_shown - n, view->top);
	return r;
}

/* ", 3 words", when there are any. */
static void print_count(FILE *out, uint64_t count, const char *words)
{
	if (count)
		fprintf(out, ", %" PRIu64 " %s", count, words);
}

/* eth0: 12345 packets, 98.7 Mbit/s, 3 flows, 12 dropped */
static void print_interface(FILE *out, const struct sample *sample, uint32_t i_interface,
			    bool is_total)
{
	const struct sample_interface *interface = &sample->interfaces[i_interface];
	const struct sample_wire *wire = is_total ? &interface->total
						  : &interface->interval;
	uint64_t ns = is_total ? sample->total_ns : sample->interval_ns;
	uint32_t n_flows = count_flows(sample, &i_interface, is_total);
	char name[IF_NAMESIZE], rate[FIGURE_TEXT_MAX];

	utf8_clean(interface->name, name, sizeof(name));
	figure_format_unit(sample_get_rate(wire->bytes, ns) * BITS_PER_BYTE, "bit/s",
			   rate);
	fprintf(out, "%s%s: %" PRIu64 " packet%s, %s, %" PRIu32 " flow%s", name,
		interface->is_gone ? " (down)" : "", wire->packets,
		wire->packets == 1 ? "" : "s", rate, n_flows, n_flows == 1 ? "" : "s");
	if (is_total)
		fprintf(out, ", %" PRIu64 " dropped by the kernel", wire->kernel_drops);
	else
		print_count(out, wire->kernel_drops, "dropped by the kernel");
	print_count(out, wire->evicted, "flows evicted");
	print_count(out, wire->malformed, "malformed");
	print_count(out, wire->orphans, "datagrams in fragments that were not complete");
	fputc('\n', out);
}

static void print_deliveries(const struct view_text *view, const struct sample *sample)
{
	FILE *out = outlet_get_file(view->outlet);

	for (uint32_t i = 0; i < sample->n_deliveries && view->explain; i++) {
		const struct sample_delivery *delivery = &sample->deliveries[i];
		char text[EXPLANATION_MAX] = "", name[IF_NAMESIZE];

		view->explain(delivery, text, sizeof(text));
		utf8_clean(text, text, sizeof(text));
		utf8_clean(sample->interfaces[delivery->i_interface].name, name,
			   sizeof(name));
		fprintf(out, "%s%s%s\n", sample->n_interfaces > 1 ? name : "",
			sample->n_interfaces > 1 ? ": " : "", text);
	}
}

static int put(void *data, const struct sample *sample)
{
	const struct view_text *view = data;
	FILE *out = outlet_get_file(view->outlet);
	char clock[CLOCK_MAX];
	int r;

	format_clock(sample->when_ns, clock);
	for (uint32_t i = 0; i < sample->n_interfaces; i++) {
		fprintf(out, "%s ", clock);
		print_interface(out, sample, i, false);
	}
	r = print_table(view, &interval_table, sample);
	print_deliveries(view, sample);
	fputc('\n', out);
	return r < 0 ? r : outlet_flush(view->outlet);
}

static int end(void *data, const struct sample *sample)
{
	const struct view_text *view = data;
	FILE *out = outlet_get_file(view->outlet);
	int r;

	/* Not every terminal has a second screen to return from. */
	if (view->is_farewell)
		fputc('\n', out);
	fprintf(out, "in all, %.1f s\n", (double)sample->total_ns / 1e9);
	for (uint32_t i = 0; i < sample->n_interfaces; i++)
		print_interface(out, sample, i, true);
	r = print_table(view, &summary_table, sample);
	print_deliveries(view, sample);
	return r < 0 ? r : outlet_flush(view->outlet);
}

static void *free_view(void *data)
{
	struct view_text *view = data;

	if (view)
		names_free(view->names);
	free(view);
	return NULL;
}

int view_text_new(struct sink *ret, const struct view_settings *settings)
{
	struct view_text *view = calloc(1, sizeof(*view));
	int r;

	if (!view)
		return -ENOMEM;
	view->outlet = settings->outlet;
	view->top = settings->top;
	view->is_narrow = settings->is_narrow;
	view->is_farewell = settings->is_farewell;
	view->explain = settings->explain;
	r = names_new(&view->names, settings->has_names);
	if (r < 0) {
		free_view(view);
		return r;
	}
	*ret = (struct sink){ .put = put, .end = end, .free = free_view, .data = view };
	return 0;
}
