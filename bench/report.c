/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report. A ratio is libmsf / raw: below 1 libmsf is the faster one. It is
 * reached when the median of the rounds is; the quartiles beside it tell how much
 * that is worth.
 */
#include "report.h"

#include <string.h>
#include <time.h>

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

static void print_time(FILE *out)
{
	char buf[40];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fprintf(out, "{\"time\":\"%s\"", buf);
}

static void print_spread(const char *name, struct spread spread, FILE *out)
{
	fprintf(out,
		",\"%s\":{\"min\":%.6g,\"q1\":%.6g,\"median\":%.6g,\"q3\":%.6g,\"max\":%."
		"6g}",
		name, spread.min, spread.q1, spread.median, spread.q3, spread.max);
}

static void print_json_row(struct row *row, FILE *out)
{
	struct spread ratio = series_get_spread(&row->ratio);

	print_time(out);
	fprintf(out,
		",\"family\":\"%s\",\"request\":\"%s\",\"meets\":\"%s\",\"sources\":%u,"
		"\"exclusive\":%s,\"rounds\":%zu",
		row->family == AF_INET ? "ipv4" : "ipv6", row->request, row->state,
		row->n_sources, row->is_exclusive ? "true" : "false", row->ratio.n);
	if (row->is_measured) {
		print_spread("raw_ns", series_get_spread(&row->ns[SIDE_RAW]), out);
		print_spread("msf_ns", series_get_spread(&row->ns[SIDE_MSF]), out);
		print_spread("ratio", ratio, out);
	} else {
		fprintf(out, ",\"raw_ns\":null,\"msf_ns\":null,\"ratio\":null");
	}
	if (row->target)
		fprintf(out, ",\"target\":%.6g", row->target);
	else
		fprintf(out, ",\"target\":null");
	if (row->target && row->is_measured)
		fprintf(out, ",\"reached\":%s}\n",
			is_reached(row, &ratio) ? "true" : "false");
	else
		fprintf(out, ",\"reached\":null}\n");
}

void report_print_json(const struct plan *plan, const char *only, FILE *out)
{
	for (size_t i = 0; i < plan->n_rows; i++) {
		if (is_wanted(&plan->row[i], only))
			print_json_row(&plan->row[i], out);
	}
}
