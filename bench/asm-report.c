/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report. A ratio of rates above 1 says that the ASM backend is the faster one; it
 * is reached when the median of the rounds is.
 */
#include "asm-report.h"

#include <time.h>

#define TARGET_SOURCES 1000u
#define TARGET_KERNEL  1.8
#define TARGET_NONE    0.85

static const char *const rate_names[N_RATE_SIDES] = {
	[RATE_NONE] = "none",
	[RATE_KERNEL] = "kernel",
	[RATE_ASM] = "asm",
	[RATE_LINEAR] = "linear",
};

static const char *const change_names[N_CHANGE_SIDES] = {
	[CHANGE_RAW] = "raw",
	[CHANGE_KERNEL] = "kernel",
	[CHANGE_ASM] = "asm",
};

static const char not_measured[] = "not measured: the limit on sources is lower";

static int has_target(const struct rate_cell *cell)
{
	return cell->n_sources >= TARGET_SOURCES;
}

static void print_ratio(struct series *series, FILE *out)
{
	struct spread ratio = series_get_spread(series);

	fprintf(out, "   %7.2f %5.2f..%-6.2f", ratio.median, ratio.q1, ratio.q3);
}

static void print_verdict(const char *name, struct series *series, double target,
			  FILE *out)
{
	int is_reached = series_get_spread(series).median >= target;

	fprintf(out, "%s >= %.2f %s", name, target, is_reached ? "reached" : "MISSED");
}

void asm_report_print_rate_head(FILE *out)
{
	fprintf(out, "%-12s%36s\n%-4s %7s", "", "thousand packets a second", "",
		"sources");
	for (int i = 0; i < N_RATE_SIDES; i++)
		fprintf(out, " %8s", rate_names[i]);
	fprintf(out, "   %-21s   %-21s   target\n", "asm/kernel quartiles",
		"asm/none   quartiles");
}

void asm_report_print_rate(struct rate_cell *cell, FILE *out)
{
	fprintf(out, "%-4s %7u", cell->family == AF_INET ? "IPv4" : "IPv6",
		cell->n_sources);
	if (!cell->is_measured) {
		fprintf(out, " %s\n", not_measured);
		return;
	}
	for (int i = 0; i < N_RATE_SIDES; i++)
		fprintf(out, " %8.0f", 1e6 / series_get_spread(&cell->ns[i]).median);
	print_ratio(&cell->asm_per_kernel, out);
	print_ratio(&cell->asm_per_none, out);
	if (has_target(cell)) {
		print_verdict("   kernel", &cell->asm_per_kernel, TARGET_KERNEL, out);
		print_verdict(", none", &cell->asm_per_none, TARGET_NONE, out);
	}
	fprintf(out, "\n");
}

void asm_report_print_change_head(FILE *out)
{
	fprintf(out, "\none source changed, in us\n%-4s %7s", "", "sources");
	for (int i = 0; i < N_CHANGE_SIDES; i++)
		fprintf(out, " %8s %-17s", change_names[i], "quartiles");
	fprintf(out, "\n");
}

void asm_report_print_change(struct change_cell *cell, FILE *out)
{
	fprintf(out, "%-4s %7u", cell->family == AF_INET ? "IPv4" : "IPv6",
		cell->n_sources);
	if (!cell->is_measured) {
		fprintf(out, " %s\n", not_measured);
		return;
	}
	for (int i = 0; i < N_CHANGE_SIDES; i++) {
		struct spread ns = series_get_spread(&cell->ns[i]);
		char quartiles[32];

		snprintf(quartiles, sizeof(quartiles), "%.1f..%.1f", ns.q1 / 1e3,
			 ns.q3 / 1e3);
		fprintf(out, " %8.1f %-17s", ns.median / 1e3, quartiles);
	}
	fprintf(out, "\n");
}

static void print_json_head(const char *what, int family, uint32_t n_sources,
			    size_t n_rounds, FILE *out)
{
	char buf[40];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fprintf(out,
		"{\"time\":\"%s\",\"what\":\"%s\",\"family\":\"%s\",\"sources\":%u,"
		"\"rounds\":%zu",
		buf, what, family == AF_INET ? "ipv4" : "ipv6", n_sources, n_rounds);
}

/* null where nothing was measured. */
static void print_spread(const char *name, const char *unit, struct series *series,
			 FILE *out)
{
	struct spread spread = series_get_spread(series);

	if (!series->n) {
		fprintf(out, ",\"%s%s\":null", name, unit);
		return;
	}
	fprintf(out,
		",\"%s%s\":{\"min\":%.6g,\"q1\":%.6g,\"median\":%.6g,\"q3\":%.6g,"
		"\"max\":%.6g}",
		name, unit, spread.min, spread.q1, spread.median, spread.q3, spread.max);
}

static void print_json_target(const char *name, struct rate_cell *cell,
			      struct series *ratio, double target, FILE *out)
{
	if (!has_target(cell))
		fprintf(out, ",\"target_%s\":null,\"reached_%s\":null", name, name);
	else if (!cell->is_measured)
		fprintf(out, ",\"target_%s\":%.6g,\"reached_%s\":null", name, target,
			name);
	else
		fprintf(out, ",\"target_%s\":%.6g,\"reached_%s\":%s", name, target, name,
			series_get_spread(ratio).median >= target ? "true" : "false");
}

void asm_report_print_rate_json(struct rate_cell *cell, FILE *out)
{
	print_json_head("rate", cell->family, cell->n_sources, cell->asm_per_none.n, out);
	for (int i = 0; i < N_RATE_SIDES; i++)
		print_spread(rate_names[i], "_ns", &cell->ns[i], out);
	print_spread("asm_per_kernel", "", &cell->asm_per_kernel, out);
	print_spread("asm_per_none", "", &cell->asm_per_none, out);
	print_json_target("kernel", cell, &cell->asm_per_kernel, TARGET_KERNEL, out);
	print_json_target("none", cell, &cell->asm_per_none, TARGET_NONE, out);
	fprintf(out, "}\n");
}

void asm_report_print_change_json(struct change_cell *cell, FILE *out)
{
	print_json_head("change", cell->family, cell->n_sources, cell->ns[0].n, out);
	for (int i = 0; i < N_CHANGE_SIDES; i++)
		print_spread(change_names[i], "_ns", &cell->ns[i], out);
	fprintf(out, "}\n");
}
