/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim: runs a history in virtual time. The same history gives the same verdict.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "judge.h"

struct sim_counts {
	unsigned long n_steps, n_reports, n_queries;
	unsigned long n_lost, n_twice; /* on the way to one receiver */
};

/* trace: every packet as a line of text; NULL: none. counts are added to. */
struct verdict sim_run(const struct history *history, FILE *trace,
		       struct sim_counts *counts);

#endif
