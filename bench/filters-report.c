/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report. A ratio is libmsf / raw: below 1 libmsf is the faster one. It is
 * reached when the median of the rounds is; the quartiles beside it tell how much
 * that is worth.
 */
#include "filters-report.h"

#include <string.h>

#include "figure.h"

static const char *family_name(const struct row *row)
{
	return row->family == AF_INET ? "IPv4" : "IPv6";
}

static int is_reached(const struct row *row, const struct spread *ratio)
{
	return ratio->median <= row->target;
}

static void format_target(const struct row *row, char *buf, size_t len)
{
	if (!row->target)
		snprintf(buf, len, "-");
	else if (row->target < 1)
		snprintf(buf, len, "<= 1/%.0f", 1 / row->target);
	else
		snprintf(buf, len, "<= %.2f", row->target);
}

static void format_ratio(double ratio, char *buf, size_t len)
{
	if (ratio < 0.5)
		snprintf(buf, len, "1/%.1f", 1 / ratio);
	else
		snprintf(buf, len, "%.2f", ratio);
}

static void format_quartiles(const struct spread *ratio, char *buf, size_t len)
{
	char q1[16], q3[16];

	format_ratio(ratio->q1, q1, sizeof(q1));
	format_ratio(ratio->q3, q3, sizeof(q3));
	snprintf(buf, len, "%s..%s", q1, q3);
}

static void print_row(struct row *row, FILE *out)
{
	struct spread ratio = series_get_spread(&row->ratio);
	char target[16], median[16], quartiles[40];

	fprintf(out, "%-4s %-24s %-21s %7u %-9s ", family_name(row), row->request,
		row->state, row->n_sources, row->is_exclusive ? "exclusive" : "default");
	if (!row->is_measured) {
		fprintf(out, "not measured: the limit on sources is lower\n");
		return;
	}
	format_target(row, target, sizeof(target));
	format_ratio(ratio.median, median, sizeof(median));
	format_quartiles(&ratio, quartiles, sizeof(quartiles));
	fprintf(out, "%9.0f %9.0f %8s %-18s %9s %s\n",
		series_get_spread(&row->ns[SIDE_RAW]).median,
		series_get_spread(&row->ns[SIDE_MSF]).median, median, quartiles, target,
		!row->target              ? ""
		: is_reached(row, &ratio) ? "reached"
					  : "MISSED");
}

static int is_wanted(const struct row *row, const char *only)
{
	return !only || strstr(row->request, only);
}

void report_print_table(const struct plan *plan, const char *only, FILE *out)
{
	size_t n_targets = 0, n_reached = 0;

	fprintf(out, "%-4s %-24s %-21s %7s %-9s %9s %9s %8s %-18s %9s\n", "", "request",
		"meets", "sources", "context", "raw ns", "msf ns", "msf/raw", "quartiles",
		"target");
	for (size_t i = 0; i < plan->n_rows; i++) {
		struct row *row = &plan->row[i];
		struct spread ratio = series_get_spread(&row->ratio);

		if (!is_wanted(row, only))
			continue;
		print_row(row, out);
		if (!row->target || !row->is_measured)
			continue;
		n_targets++;
		n_reached += (size_t)is_reached(row, &ratio);
	}
	fprintf(out, "\n%zu of %zu targets reached\n", n_reached, n_targets);
}

static void print_json_row(struct row *row, FILE *out)
{
	char name[128];
	struct figure figure = {
		.name = name,
		.peer = "setsockopt",
		.unit = "ns",
		.target = row->target,
		.is_detail = !row->target,
	};

	snprintf(name, sizeof(name), "%s %s, %u sources, %s%s", family_name(row),
		 row->request, row->n_sources, row->state,
		 row->is_exclusive ? ", exclusive" : "");
	if (!figure_compare(&figure, &row->ns[SIDE_MSF], &row->ns[SIDE_RAW]))
		figure_print(&figure, out);
}

void report_print_json(const struct plan *plan, const char *only, FILE *out)
{
	for (size_t i = 0; i < plan->n_rows; i++) {
		if (is_wanted(&plan->row[i], only))
			print_json_row(&plan->row[i], out);
	}
}
