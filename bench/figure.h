/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A figure of the report: ours beside somebody else's, as a ratio with its spread. All
 * benchmarks print the same keys with --json, an object a line; bench/report reads them.
 */
#ifndef BENCH_FIGURE_H
#define BENCH_FIGURE_H

#include <stdio.h>

#include "series.h"

struct figure {
	const char *name;
	const char *peer; /* beside whom */
	const char *unit; /* of ours and theirs */
	double ours, theirs;
	struct spread ratio; /* ours / theirs, of the rounds */
	size_t n_rounds;
	double target;   /* for the ratio; 0: none */
	int is_at_least; /* more is better; else less */
	int is_detail;   /* not for the table of the report */
};

/*
 * Fills ours, theirs and ratio from series whose numbers belong together in pairs: one of
 * each for each round. Everything else stays. 0, -ENODATA where a side is empty, or
 * -ENOMEM.
 */
int figure_compare(struct figure *figure, struct series *ours, struct series *theirs);

/* The same, where the other side is a number. */
int figure_limit(struct figure *figure, struct series *ours, double theirs);

void figure_print(const struct figure *figure, FILE *out);

#endif
