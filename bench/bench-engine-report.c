/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report of bench-engine. A ratio is the largest engine's cost to the smallest one's;
 * it is reached when the ratio of the medians of the rounds is.
 */
#include <math.h>
#include <string.h>
#include <time.h>

#include "bench-engine.h"

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
		  1.5 },
		{ "expiry: instructions",
		  is_counted ? large->expire.instructions / small->expire.instructions
			     : NAN,
		  1.5 },
		{ "change: time", get_ratio(&large->change_ns, &small->change_ns), 10 },
		{ "expiry: time", get_ratio(&large->expire_ns, &small->expire_ns), 10 },
		{ "bytes a state, one socket a group", get_bytes(&bench->memory[0]), 96 },
		{ "bytes a state, ten sockets a group", get_bytes(&bench->memory[1]),
		  96 },
		{ "change / the kernel's first join",
		  bench->join.ratio.n ? series_get_spread(&bench->join.ratio).median
				      : NAN,
		  2 },
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
		if (bench->sizes[i].change_ns.n)
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

static void print_head(const char *what, size_t n_states, FILE *out)
{
	char buf[40];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fprintf(out, "{\"time\":\"%s\",\"what\":\"%s\",\"states\":%zu", buf, what,
		n_states);
}

static void print_spread(const char *name, struct series *series, FILE *out)
{
	struct spread spread = series_get_spread(series);

	fprintf(out,
		",\"%s\":{\"min\":%.6g,\"q1\":%.6g,\"median\":%.6g,\"q3\":%.6g,"
		"\"max\":%.6g}",
		name, spread.min, spread.q1, spread.median, spread.q3, spread.max);
}

/* null where valgrind is not there. */
static void print_json_count(const char *name, const struct size_cell *cell,
			     const struct count *count, FILE *out)
{
	if (!cell->is_counted)
		fprintf(out, ",\"%s\":null", name);
	else
		fprintf(out,
			",\"%s\":{\"instructions\":%.6g,\"accesses\":%.6g,"
			"\"misses_1\":%.6g,\"misses_2\":%.6g}",
			name, count->instructions, count->accesses, count->misses_1,
			count->misses_2);
}

static void print_json_size(struct size_cell *cell, FILE *out)
{
	print_head("size", cell->n_states, out);
	print_spread("change_ns", &cell->change_ns, out);
	print_json_count("change", cell, &cell->change, out);
	print_spread("expiry_ns", &cell->expire_ns, out);
	print_json_count("expiry", cell, &cell->expire, out);
	print_spread("query_ns_per_state", &cell->query_ns, out);
	fprintf(out, ",\"query_packets\":%llu}\n",
		(unsigned long long)cell->query_packets);
}

static void print_json_memory(const struct memory_cell *cell, FILE *out)
{
	print_head("memory", cell->n_states, out);
	fprintf(out,
		",\"sockets_per_group\":%u,\"msfilter\":%llu,\"moptions\":%llu,"
		"\"other\":%llu,\"bytes_per_state\":%.6g}\n",
		cell->kind == LOAD_ONE_SOCKET ? 1 : LOAD_SOURCES,
		(unsigned long long)cell->msfilter, (unsigned long long)cell->moptions,
		(unsigned long long)cell->other, get_bytes(cell));
}

static void print_json_join(struct join_cell *cell, FILE *out)
{
	print_head("join", cell->n_states, out);
	print_spread("change_ns", &cell->change_ns, out);
	print_spread("join_ns", &cell->join_ns, out);
	print_spread("kernel_ns", &cell->kernel_ns, out);
	print_spread("change_per_kernel", &cell->ratio, out);
	fprintf(out, "}\n");
}

static void print_json_target(const struct target *target, size_t n_states, FILE *out)
{
	print_head("target", n_states, out);
	fprintf(out, ",\"name\":\"%s\",\"target\":%.6g", target->name, target->most);
	if (isnan(target->value))
		fprintf(out, ",\"value\":null,\"reached\":null}\n");
	else
		fprintf(out, ",\"value\":%.6g,\"reached\":%s}\n", target->value,
			target->value <= target->most ? "true" : "false");
}

void bench_print_json(struct bench *bench, FILE *out)
{
	struct target targets[N_TARGETS];

	for (unsigned int i = 0; i < N_SIZES; i++) {
		if (bench->sizes[i].change_ns.n)
			print_json_size(&bench->sizes[i], out);
	}
	for (unsigned int i = 0; i < 2; i++) {
		if (bench->memory[i].n_states)
			print_json_memory(&bench->memory[i], out);
	}
	if (bench->join.ratio.n)
		print_json_join(&bench->join, out);
	bench_get_targets(bench, targets);
	for (unsigned int i = 0; i < N_TARGETS; i++)
		print_json_target(&targets[i], bench->sizes[N_SIZES - 1].n_states, out);
}
