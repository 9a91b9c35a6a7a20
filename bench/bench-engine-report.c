/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report of bench-engine. A ratio is the largest engine's cost to the smallest one's;
 * it is reached when the ratio of the medians of the rounds is.
 */
#include <math.h>
#include <string.h>

#include "bench-engine.h"
#include "figure.h"

#define MAX_INSTRUCTIONS 1.5
#define MAX_TIME         10
#define MAX_BYTES        96
#define MAX_JOIN         2

static double get_ratio(struct series *large, struct series *small)
{
	if (!large->n || !small->n)
		return NAN;
	return series_get_spread(large).median / series_get_spread(small).median;
}

static double get_bytes(const struct memory_cell *cell)
{
	uint64_t sum = cell->msfilter + cell->moptions + cell->other;

	return cell->n_states ? (double)sum / (double)cell->n_states : NAN;
}

void bench_get_targets(struct bench *bench, struct target ret[N_TARGETS])
{
	struct size_cell *small = &bench->sizes[0], *large = &bench->sizes[N_SIZES - 1];
	bool is_counted = small->is_counted && large->is_counted;
	const struct target targets[N_TARGETS] = {
		{ "change: instructions",
		  is_counted ? large->change.instructions / small->change.instructions
			     : NAN,
		  MAX_INSTRUCTIONS },
		{ "expiry: instructions",
		  is_counted ? large->expire.instructions / small->expire.instructions
			     : NAN,
		  MAX_INSTRUCTIONS },
		{ "change: time", get_ratio(&large->change_ns, &small->change_ns),
		  MAX_TIME },
		{ "expiry: time", get_ratio(&large->expire_ns, &small->expire_ns),
		  MAX_TIME },
		{ "bytes a state, one socket a group", get_bytes(&bench->memory[0]),
		  MAX_BYTES },
		{ "bytes a state, ten sockets a group", get_bytes(&bench->memory[1]),
		  MAX_BYTES },
		{ "change / the kernel's first join",
		  bench->join.ratio.n ? series_get_spread(&bench->join.ratio).median
				      : NAN,
		  MAX_JOIN },
	};

	memcpy(ret, targets, sizeof(targets));
}

/*
 * Tables
 */

static void print_count(const struct size_cell *cell, const struct count *count,
			FILE *out)
{
	if (cell->is_counted)
		fprintf(out, " %9.0f %7.1f %7.1f", count->instructions, count->misses_1,
			count->misses_2);
	else
		fprintf(out, " %9s %7s %7s", "-", "-", "-");
}

static void print_size(struct size_cell *cell, FILE *out)
{
	fprintf(out, "%9zu", cell->n_states);
	print_count(cell, &cell->change, out);
	fprintf(out, " %6.0f  ", series_get_spread(&cell->change_ns).median);
	print_count(cell, &cell->expire, out);
	fprintf(out, " %6.0f  ", series_get_spread(&cell->expire_ns).median);
	fprintf(out, " %8.1f %8llu\n", series_get_spread(&cell->query_ns).median,
		(unsigned long long)cell->query_packets);
}

static void print_sizes(struct bench *bench, FILE *out)
{
	fprintf(out, "%9s  %-32s  %-32s  %s\n", "", "one state change",
		"one timer that expires", "a General Query");
	fprintf(out, "%9s %9s %7s %7s %6s   %9s %7s %7s %6s   %8s %8s\n", "states",
		"instr", "miss L1", "miss L2", "ns", "instr", "miss L1", "miss L2", "ns",
		"ns/state", "packets");
	for (unsigned int i = 0; i < N_SIZES; i++) {
		if (bench->sizes[i].change_ns.n || bench->sizes[i].is_counted)
			print_size(&bench->sizes[i], out);
	}
}

static const char *get_kind_name(enum load_kind kind)
{
	return kind == LOAD_ONE_SOCKET ? "one socket, ten sources"
				       : "ten sockets, one source each";
}

static void print_memory(const struct memory_cell *cell, FILE *out)
{
	double n = (double)cell->n_states;

	if (!cell->n_states)
		return;
	fprintf(out, "%9zu %-30s %8.1f %8.1f %8.1f %8.1f\n", cell->n_states,
		get_kind_name(cell->kind), (double)cell->msfilter / n,
		(double)cell->moptions / n, (double)cell->other / n, get_bytes(cell));
}

static void print_join(struct join_cell *cell, FILE *out)
{
	struct spread ratio = series_get_spread(&cell->ratio);

	if (!cell->ratio.n)
		return;
	fprintf(out,
		"\n%zu states, ns: one change and its report %.0f, a first join and its "
		"report %.0f;\nthe kernel's first join, without its report %.0f: ratio "
		"%.2f, quartiles %.2f..%.2f\n",
		cell->n_states, series_get_spread(&cell->change_ns).median,
		series_get_spread(&cell->join_ns).median,
		series_get_spread(&cell->kernel_ns).median, ratio.median, ratio.q1,
		ratio.q3);
}

static void print_target(const struct target *target, FILE *out)
{
	if (isnan(target->value))
		fprintf(out, "%-36s not measured\n", target->name);
	else
		fprintf(out, "%-36s %7.2f  <= %5.2f %s\n", target->name, target->value,
			target->most,
			target->value <= target->most ? "reached" : "MISSED");
}

void bench_print_table(struct bench *bench, FILE *out)
{
	struct target targets[N_TARGETS];

	print_sizes(bench, out);
	fprintf(out, "\n%9s %-30s %8s %8s %8s %8s\n", "states", "bytes a state",
		"msfilter", "moptions", "other", "all");
	for (unsigned int i = 0; i < 2; i++)
		print_memory(&bench->memory[i], out);
	print_join(&bench->join, out);
	bench_get_targets(bench, targets);
	fprintf(out, "\n");
	for (unsigned int i = 0; i < N_TARGETS; i++)
		print_target(&targets[i], out);
}

/*
 * JSON
 */

static void print_growth(const char *name, struct series *large, struct series *small,
			 double target)
{
	struct figure figure = {
		.name = name,
		.peer = "the same with 1,000",
		.unit = "ns",
		.target = target,
	};

	if (!figure_compare(&figure, large, small))
		figure_print(&figure, stdout);
}

/* Counted once: there is no spread. */
static void print_instructions(const char *name, double large, double small)
{
	double ratio = large / small;
	const struct figure figure = {
		.name = name,
		.peer = "the same with 1,000",
		.unit = "instr",
		.ours = large,
		.theirs = small,
		.ratio = { ratio, ratio, ratio, ratio, ratio },
		.n_rounds = 1,
		.target = MAX_INSTRUCTIONS,
	};

	figure_print(&figure, stdout);
}

static void print_bytes(const char *name, const struct memory_cell *cell)
{
	double bytes = get_bytes(cell), ratio = bytes / MAX_BYTES;
	const struct figure figure = {
		.name = name,
		.peer = "the limit of 96",
		.unit = "bytes",
		.ours = bytes,
		.theirs = MAX_BYTES,
		.ratio = { ratio, ratio, ratio, ratio, ratio },
		.n_rounds = 1,
		.target = 1,
	};

	if (cell->n_states)
		figure_print(&figure, stdout);
}

void bench_print_json(struct bench *bench)
{
	struct size_cell *small = &bench->sizes[0], *large = &bench->sizes[N_SIZES - 1];
	struct figure join = {
		.name = "engine: one change at 10,000 states, its report included",
		.peer = "the kernel's first join",
		.unit = "ns",
		.target = MAX_JOIN,
	};

	print_growth("engine: one change at 1,000,000 states", &large->change_ns,
		     &small->change_ns, MAX_TIME);
	print_growth("engine: one expiry at 1,000,000 states", &large->expire_ns,
		     &small->expire_ns, MAX_TIME);
	print_growth("engine: a General Query, for each of 1,000,000 states",
		     &large->query_ns, &small->query_ns, 0);
	if (small->is_counted && large->is_counted) {
		print_instructions("engine: one change at 1,000,000 states, instructions",
				   large->change.instructions,
				   small->change.instructions);
		print_instructions("engine: one expiry at 1,000,000 states, instructions",
				   large->expire.instructions,
				   small->expire.instructions);
	}
	print_bytes("engine: memory of a state, one socket a group", &bench->memory[0]);
	print_bytes("engine: memory of a state, ten sockets a group", &bench->memory[1]);
	if (!figure_compare(&join, &bench->join.change_ns, &bench->join.kernel_ns))
		figure_print(&join, stdout);
}
