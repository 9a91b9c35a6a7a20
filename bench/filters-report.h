/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The results: one table for people, or one JSON object a line.
 */
#ifndef BENCH_FILTERS_REPORT_H
#define BENCH_FILTERS_REPORT_H

#include <stdio.h>

#include "plan.h"

/* only: requests whose names have this in them; NULL: all. */
void report_print_table(const struct plan *plan, const char *only, FILE *out);
void report_print_json(const struct plan *plan, const char *only, FILE *out);

#endif
