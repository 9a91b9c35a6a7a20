/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts what one function costs by running this program once more under valgrind's
 * callgrind, which counts instructions exactly and simulates caches.
 */
#ifndef BENCH_ENGINE_COUNT_H
#define BENCH_ENGINE_COUNT_H

#include <stddef.h>

/* For one call, all on average. */
struct count {
	double instructions;
	double accesses; /* of memory, by instructions */
	double misses_1; /* of a first-level cache of 32 KiB */
	double misses_2; /* of a second-level cache of 1 MiB */
};

/*
 * Runs "PROGRAM --count STATES ROUNDS", this program, and counts function and what it
 * calls, n_calls times in all. 0; -ENOENT: no valgrind; -EIO.
 */
int count_function(const char *function, size_t n_states, unsigned int n_rounds,
		   unsigned int n_calls, struct count *ret);

#endif
