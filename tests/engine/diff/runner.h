/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runner: runs every host's history through the kernel and through an engine, all hosts
 * at the same time, each at its own speed, and compares what both said, step by step.
 *
 * A step is over when both have said the same, or what an exception explains, and the
 * kernel has had the time to say more; what it says later counts for the next step. A
 * step is torn when the kernel's timers ran out between calls that belong together:
 * then it is not compared.
 */
#ifndef DIFF_RUNNER_H
#define DIFF_RUNNER_H

#include "exceptions.h"
#include "plans.h"

struct runner_score {
	unsigned int n_steps, n_torn, n_wrong;
	unsigned int n_notes; /* records and messages that were compared */
};

struct runner;

/* percent: of the steps that the plans say. */
struct runner *runner_new(uint64_t seed, unsigned int percent);
struct runner *runner_free(struct runner *runner);

void runner_run(struct runner *runner);

/* Afterwards: what was seen, and what should not have been seen. */
const struct runner_score *runner_get_score(const struct runner *runner,
					    unsigned int plan, enum script_kind kind);
unsigned int runner_get_exception(const struct runner *runner, unsigned int exception);
unsigned int runner_count_wrong(const struct runner *runner);

/* Frees the engines: bytes that they have not given back. */
size_t runner_count_leaks(struct runner *runner);

#endif
