/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * figure: numbers as people read them (see figure.h).
 *
 * Invariant: a number that is rounded up to the next unit is written in that unit:
 * 999,600 is 1M, never 1000k.
 */
#include "figure.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define N_DIGITS 3

static const char *const prefixes[] = { "", "k", "M", "G", "T", "P", "E" };

#define N_PREFIXES (sizeof(prefixes) / sizeof(*prefixes))

static const struct {
	const char *name;
	double ns;
	double end; /* from here on the next unit */
} durations[] = {
	{ "ns", 1, 1e3 },
	{ "us", 1e3, 999.5e3 },
	{ "ms", 1e6, 999.5e6 },
	{ "s", 1e9, HUGE_VAL },
};

/* Digits behind the point, so that n digits are written in all. */
static int get_decimals(double value, int n_digits)
{
	int decimals = n_digits - 1;
	double limit = 10;

	while (decimals > 0 && value >= limit - pow(10, -decimals) / 2) {
		decimals--;
		limit *= 10;
	}
	return decimals;
}

/* Without zeros at the end of a fraction. */
static void format_digits(double value, int decimals, char buf[FIGURE_TEXT_MAX])
{
	size_t len = (size_t)snprintf(buf, FIGURE_TEXT_MAX, "%.*f", decimals, value);

	if (decimals == 0)
		return;
	while (buf[len - 1] == '0')
		len--;
	if (buf[len - 1] == '.')
		len--;
	buf[len] = '\0';
}

/* Returns the unit's prefix. */
static const char *scale(double value, char buf[FIGURE_TEXT_MAX])
{
	size_t i = 0;

	while (i + 1 < N_PREFIXES && value >= 999.5) {
		value /= 1000;
		i++;
	}
	/* What is counted has no more than a tenth. */
	format_digits(value, i ? get_decimals(value, N_DIGITS) : value < 9.95, buf);
	return prefixes[i];
}

void figure_format_scaled(double value, char buf[FIGURE_TEXT_MAX])
{
	const char *prefix = scale(value, buf);

	strncat(buf, prefix, FIGURE_TEXT_MAX - strlen(buf) - 1);
}

void figure_format_unit(double value, const char *unit, char buf[FIGURE_TEXT_MAX])
{
	char digits[FIGURE_TEXT_MAX];
	const char *prefix = scale(value, digits);

	snprintf(buf, FIGURE_TEXT_MAX, "%.16s %s%.12s", digits, prefix, unit);
}

void figure_format_duration(uint64_t ns, char buf[FIGURE_TEXT_MAX])
{
	size_t i = 0;
	double value;

	while ((double)ns >= durations[i].end)
		i++;
	value = (double)ns / durations[i].ns;
	format_digits(value, i ? get_decimals(value, N_DIGITS - 1) : 0, buf);
	strncat(buf, durations[i].name, FIGURE_TEXT_MAX - strlen(buf) - 1);
}

void figure_format_exact(uint64_t value, char buf[FIGURE_TEXT_MAX])
{
	char digits[FIGURE_TEXT_MAX];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, value);

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*buf++ = ',';
		*buf++ = digits[i];
	}
	*buf = '\0';
}
