/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report. A ratio of rates above 1 says that the ASM backend is the faster one; it
 * is reached when the median of the rounds is.
 */
#include "asm-report.h"

#include "figure.h"

#define TARGET_SOURCES 1000u
#define TARGET_KERNEL  1.8
#define TARGET_NONE    0.85

static const char *const rate_names[N_RATE_SIDES] = {
	[RATE_NONE] = "none",
	[RATE_KERNEL] = "kernel",
	[RATE_ASM] = "asm",
	[RATE_LINEAR] = "linear",
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
	for (int i = 0; i < N_SIDES; i++)
		fprintf(out, " %14s %-11s", sides_get_name((enum side)i), "quartiles");
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
	for (int i = 0; i < N_SIDES; i++) {
		struct spread ns = series_get_spread(&cell->ns[i]);
		char quartiles[32];

		snprintf(quartiles, sizeof(quartiles), "%.1f..%.1f", ns.q1 / 1e3,
			 ns.q3 / 1e3);
		fprintf(out, " %14.1f %-11s", ns.median / 1e3, quartiles);
	}
	fprintf(out, "\n");
}

static void print_json(struct figure *figure, struct series *ours, struct series *theirs)
{
	if (!figure_compare(figure, ours, theirs))
		figure_print(figure, stdout);
}

/* Thousand packets a second, from ns for each packet. */
static int get_rates(struct series *ns, struct series *ret)
{
	int r = 0;

	for (size_t i = 0; !r && i < ns->n; i++)
		r = series_add(ret, 1e6 / ns->value[i]);
	return r;
}

void asm_report_print_rate_json(struct rate_cell *cell)
{
	struct series rates[N_RATE_SIDES] = { 0 };
	int is_asked = has_target(cell), r = 0;
	char name[80];
	struct figure figure = { .name = name, .unit = "1000/s", .is_at_least = 1 };

	snprintf(name, sizeof(name), "%s packets through the ASM backend, %u sources",
		 cell->family == AF_INET ? "IPv4" : "IPv6", cell->n_sources);
	for (int i = 0; !r && i < N_RATE_SIDES; i++)
		r = get_rates(&cell->ns[i], &rates[i]);
	if (!r) {
		figure.peer = "the kernel's filters";
		figure.target = is_asked ? TARGET_KERNEL : 0;
		print_json(&figure, &rates[RATE_ASM], &rates[RATE_KERNEL]);
		figure.peer = "no filter";
		figure.target = is_asked ? TARGET_NONE : 0;
		print_json(&figure, &rates[RATE_ASM], &rates[RATE_NONE]);
		figure.peer = "linear program";
		figure.target = 0;
		print_json(&figure, &rates[RATE_ASM], &rates[RATE_LINEAR]);
	}
	for (int i = 0; i < N_RATE_SIDES; i++)
		series_fini(&rates[i]);
}

void asm_report_print_change_json(struct change_cell *cell)
{
	const char *family = cell->family == AF_INET ? "IPv4" : "IPv6";
	char name[80];
	struct figure figure = { .name = name, .unit = "ns", .peer = "setsockopt" };

	snprintf(name, sizeof(name), "%s one source of %u changed, ASM backend", family,
		 cell->n_sources);
	print_json(&figure, &cell->ns[SIDE_ASM], &cell->ns[SIDE_RAW]);
	snprintf(name, sizeof(name), "%s one source of %u changed, kernel backend",
		 family, cell->n_sources);
	print_json(&figure, &cell->ns[SIDE_KERNEL], &cell->ns[SIDE_RAW]);
}
