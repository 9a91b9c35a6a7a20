/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * figure: numbers as people read them: few digits, a unit behind them.
 */
#ifndef MWATCH_FIGURE_H
#define MWATCH_FIGURE_H

#include <stdint.h>

/* Room for any of the texts, NUL included. */
#define FIGURE_TEXT_MAX 32

/* 7, 0.5, 12.3k, 1.23M: three digits that count. */
void figure_format_scaled(double value, char buf[FIGURE_TEXT_MAX]);

/* The same with a unit: 12.3 kbit/s. */
void figure_format_unit(double value, const char *unit, char buf[FIGURE_TEXT_MAX]);

/* 450ns, 1.2ms, 34s: two digits that count, three where they are whole. */
void figure_format_duration(uint64_t ns, char buf[FIGURE_TEXT_MAX]);

/* All digits, in groups of three: 1,234,567. */
void figure_format_exact(uint64_t value, char buf[FIGURE_TEXT_MAX]);

#endif
