/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What bench-engine measures, and what it asks for.
 */
#ifndef BENCH_ENGINE_H
#define BENCH_ENGINE_H

#include <stdbool.h>
#include <stdio.h>

#include "bench-engine-count.h"
#include "bench-engine-load.h"
#include "series.h"

#define N_SIZES 4u

/* An engine of one size. */
struct size_cell {
	size_t n_states;
	struct series change_ns, expire_ns; /* medians of the rounds */
	struct series query_ns;             /* of each state */
	uint64_t query_packets;
	bool is_counted; /* valgrind is there */
	struct count change, expire;
};

/* Bytes of the largest engine. */
struct memory_cell {
	enum load_kind kind;
	size_t n_states;
	uint64_t msfilter, moptions, other;
};

struct join_cell {
	size_t n_states;
	struct series change_ns, join_ns, kernel_ns, ratio;
};

struct bench {
	struct size_cell sizes[N_SIZES];
	struct memory_cell memory[2];
	struct join_cell join;
};

/* Smaller is better. */
struct target {
	const char *name;
	double value, most;
};
#define N_TARGETS 7u

/* What was not measured has the value NAN. */
void bench_get_targets(struct bench *bench, struct target ret[N_TARGETS]);

void bench_print_table(struct bench *bench, FILE *out);
void bench_print_json(struct bench *bench);

#endif
