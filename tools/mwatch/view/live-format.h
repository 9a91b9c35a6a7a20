/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-format: numbers and texts that fit into a cell of the live view.
 */
#ifndef MWATCH_LIVE_FORMAT_H
#define MWATCH_LIVE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for any of these numbers, NUL included. */
#define LIVE_NUMBER_MAX 24

/* Digits up to 99999, then as live_format_scaled(); 5 cells. */
void live_format_count(uint64_t count, char buf[LIVE_NUMBER_MAX]);

/* The same for what may be less than one a second. */
void live_format_rate(double rate, char buf[LIVE_NUMBER_MAX]);

/* Three digits and k, M, G, T or P (powers of 1000); 5 cells. */
void live_format_scaled(double value, char buf[LIVE_NUMBER_MAX]);

/* The same with a blank and a unit: "12.3 Mbit/s". */
void live_format_unit(double value, const char *unit, char buf[LIVE_NUMBER_MAX]);

/* Three digits and ns, us, ms or s; 6 cells. */
void live_format_time(uint64_t ns, char buf[LIVE_NUMBER_MAX]);

/* Whole seconds, minutes, hours or days; 4 cells up to 999 days. */
void live_format_age(uint64_t ns, char buf[LIVE_NUMBER_MAX]);

/* Copies a text that was cleaned (utf8.h); what is longer than width characters (3 at
 * least) loses its middle to an ellipsis, since addresses differ at their ends. */
void live_format_cut(const char *text, unsigned int width, bool is_utf8, char *buf,
		     size_t len);

#endif
