/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The results of bench-asm: two tables for people, or one JSON object a line. What was
 * not measured because a list was too long for a side is told so.
 */
#ifndef BENCH_ASM_REPORT_H
#define BENCH_ASM_REPORT_H

#include <stdio.h>

#include "change.h"
#include "rate.h"

void asm_report_print_rate_head(FILE *out);
void asm_report_print_rate(struct rate_cell *cell, FILE *out);
void asm_report_print_rate_json(struct rate_cell *cell);

void asm_report_print_change_head(FILE *out);
void asm_report_print_change(struct change_cell *cell, FILE *out);
void asm_report_print_change_json(struct change_cell *cell);

#endif
