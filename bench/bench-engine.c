/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench-engine [--json] [--only PART] [--rounds N] [--budget MS] IFACE: what the engine
 * costs with 1,000 to 1,000,000 (S,G) states, and beside the kernel's own host. PART is
 * scale, counts, memory or join. IFACE is where the kernel joins; bench/run makes it. The
 * engine's interface is made up, and so is its clock.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench-engine-join.h"
#include "bench-engine.h"
#include "options.h"

#define N_COUNTED_ROUNDS 2u
#define N_JOIN_STATES    10000u
#define N_PAIRS          50u /* in a round */

static const size_t sizes[N_SIZES] = { 1000, 10000, 100000, 1000000 };

static int is_wanted(const struct options *options, const char *what)
{
	return !options->only || strstr(what, options->only);
}

/*
 * Scale
 */

static int add_median(struct series *series, struct series *sample)
{
	int r = sample->n ? series_add(series, series_get_spread(sample).median) : -EIO;

	series_clear(sample);
	return r;
}

/* At least one round of each in so many milliseconds. */
static int measure_size(struct load *load, struct size_cell *cell,
			const struct options *options)
{
	struct series change = { 0 }, expire = { 0 };
	double clock_cost = series_get_clock_cost();
	double end = (double)series_now() + (double)options->budget_ms * 1e6;
	int r = 0;

	do {
		r = load_measure(load, &change, &expire, clock_cost);
	} while (!r && (double)series_now() < end);
	if (!r)
		r = add_median(&cell->change_ns, &change);
	if (!r)
		r = add_median(&cell->expire_ns, &expire);
	if (!r)
		r = load_measure_query(load, &cell->query_ns, &cell->query_packets);
	series_fini(&change);
	series_fini(&expire);
	return r;
}

static int count(struct size_cell *cell)
{
	const struct load load = { .n_groups = cell->n_states / LOAD_SOURCES };
	unsigned int n = N_COUNTED_ROUNDS * load_get_round(&load);
	int r = count_function("load_change", cell->n_states, N_COUNTED_ROUNDS, n,
			       &cell->change);

	if (!r)
		r = count_function("load_expire", cell->n_states, N_COUNTED_ROUNDS, n,
				   &cell->expire);
	cell->is_counted = !r;
	return r == -ENOENT ? 0 : r;
}

static int bench_scale(struct bench *bench, const struct options *options)
{
	struct load loads[N_SIZES] = { 0 };
	int r = 0;

	for (unsigned int i = 0; !r && i < N_SIZES; i++)
		r = load_init(&loads[i], bench->sizes[i].n_states, LOAD_ONE_SOCKET);
	for (long round = 0; !r && round < options->rounds; round++)
		for (unsigned int i = 0; !r && i < N_SIZES; i++)
			r = measure_size(&loads[i], &bench->sizes[i], options);
	for (unsigned int i = 0; i < N_SIZES; i++) {
		load_fini(&loads[i]);
	}
	return r;
}

/* Most of the time goes here. */
static int bench_counts(struct bench *bench)
{
	int r = 0;

	for (unsigned int i = 0; !r && i < N_SIZES; i++)
		r = count(&bench->sizes[i]);
	return r;
}

/* What valgrind sees. The first expiry of a round's end finds nothing. */
static int run_counted(const char *states, const char *rounds)
{
	struct load load = { 0 };
	int r = load_init(&load, strtoul(states, NULL, 10), LOAD_ONE_SOCKET);

	if (r < 0)
		return r;
	for (long i = atol(rounds); !r && i > 0; i--)
		r = load_measure(&load, NULL, NULL, 0);
	load_fini(&load);
	return r;
}

/*
 * Memory
 */

static int bench_memory(struct bench *bench)
{
	struct load load = { 0 };
	int r = 0;

	for (unsigned int i = 0; !r && i < 2; i++) {
		struct memory_cell *cell = &bench->memory[i];
		size_t n_states = sizes[N_SIZES - 1];

		r = load_init(&load, n_states, cell->kind);
		if (r < 0)
			break;
		cell->n_states = n_states;
		cell->msfilter = engine_get_counter(load.engine, ENGINE_MEMORY_MSFILTER);
		cell->moptions = engine_get_counter(load.engine, ENGINE_MEMORY_MOPTIONS);
		cell->other = engine_get_counter(load.engine, ENGINE_MEMORY_OTHER);
		load_fini(&load);
	}
	return r;
}

/*
 * Beside the kernel
 */

static int time_change(struct load *load, const struct load_step *step, struct series *ns,
		       double clock_cost)
{
	uint64_t start = series_now();
	int r = load_change(load, step);

	if (!r)
		r = series_add(ns, (double)(series_now() - start) - clock_cost);
	return r;
}

struct samples {
	struct series change, join, kernel;
};

/* By turns, so that whatever else the machine does meets all. */
static int measure_pair(struct load *load, struct join *join, size_t i,
			struct samples *samples, double clock_cost)
{
	size_t group = (size_t)load->now * 7919 % load->n_groups;
	struct load_step step;
	int r;

	load_prepare_change(load, group, &step);
	r = time_change(load, &step, &samples->change, clock_cost);
	if (!r)
		r = join_measure(join, &samples->kernel, clock_cost);
	load_prepare_join(load, i, &step);
	if (!r)
		r = time_change(load, &step, &samples->join, clock_cost);
	load_prepare_leave(load, i, &step);
	if (!r)
		r = load_change(load, &step);
	return r ? r : load_run(load, load->now + ENGINE_SECOND / 1000);
}

static int measure_join(struct load *load, struct join *join, struct join_cell *cell)
{
	struct samples samples = { 0 };
	double clock_cost = series_get_clock_cost();
	int r = 0;

	for (unsigned int i = 0; !r && i < N_PAIRS; i++)
		r = measure_pair(load, join, i, &samples, clock_cost);
	if (!r)
		r = series_add(&cell->ratio,
			       series_get_spread(&samples.change).median /
				       series_get_spread(&samples.kernel).median);
	if (!r)
		r = add_median(&cell->change_ns, &samples.change);
	if (!r)
		r = add_median(&cell->join_ns, &samples.join);
	if (!r)
		r = add_median(&cell->kernel_ns, &samples.kernel);
	series_fini(&samples.change);
	series_fini(&samples.join);
	series_fini(&samples.kernel);
	return r;
}

static int bench_join(struct bench *bench, const struct options *options)
{
	struct load load = { 0 };
	struct join join;
	int r = join_init(&join, options->interface);

	if (r < 0) {
		join_fini(&join);
		return r;
	}
	r = load_init(&load, N_JOIN_STATES, LOAD_ONE_SOCKET);
	if (!r) {
		bench->join.n_states = N_JOIN_STATES;
		for (long i = 0; !r && i < options->rounds; i++)
			r = measure_join(&load, &join, &bench->join);
		load_fini(&load);
	}
	join_fini(&join);
	return r;
}

static void bench_init(struct bench *bench)
{
	*bench = (struct bench){ 0 };
	for (unsigned int i = 0; i < N_SIZES; i++)
		bench->sizes[i].n_states = sizes[i];
	bench->memory[0].kind = LOAD_ONE_SOCKET;
	bench->memory[1].kind = LOAD_TEN_SOCKETS;
}

static void bench_fini(struct bench *bench)
{
	for (unsigned int i = 0; i < N_SIZES; i++) {
		series_fini(&bench->sizes[i].change_ns);
		series_fini(&bench->sizes[i].expire_ns);
		series_fini(&bench->sizes[i].query_ns);
	}
	series_fini(&bench->join.change_ns);
	series_fini(&bench->join.join_ns);
	series_fini(&bench->join.kernel_ns);
	series_fini(&bench->join.ratio);
}

static int run(const struct options *options)
{
	struct bench bench;
	int r = 0;

	bench_init(&bench);
	if (is_wanted(options, "scale"))
		r = bench_scale(&bench, options);
	if (!r && is_wanted(options, "counts"))
		r = bench_counts(&bench);
	if (!r && is_wanted(options, "memory"))
		r = bench_memory(&bench);
	if (!r && is_wanted(options, "join"))
		r = bench_join(&bench, options);
	if (!r && options->json)
		bench_print_json(&bench);
	else if (!r)
		bench_print_table(&bench, stdout);
	bench_fini(&bench);
	return r;
}

int main(int argc, char **argv)
{
	struct options options = { .rounds = 7, .budget_ms = 50 };
	bool is_counted = argc == 4 && !strcmp(argv[1], "--count");
	int r;

	if (!is_counted && options_parse(&options, argc, argv) < 0) {
		fprintf(stderr,
			"usage: bench-engine [--json] [--only scale|counts|memory|join] "
			"[--rounds N] [--budget MS] IFACE\n");
		return 2;
	}
	r = is_counted ? run_counted(argv[2], argv[3]) : run(&options);
	if (r < 0) {
		fprintf(stderr, "bench-engine: %s\n", strerror(-r));
		return 1;
	}
	return 0;
}
