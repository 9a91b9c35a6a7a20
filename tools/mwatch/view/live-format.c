/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-format: short numbers and texts (see live-format.h).
 */
#include <stdio.h>
#include <string.h>

#include "live-format.h"
#include "utf8.h"

#define NSEC_PER_SEC UINT64_C(1000000000)

/* Three digits: 1.23, 12.3, 123. */
static void print_digits(double value, const char *unit, char buf[LIVE_NUMBER_MAX])
{
	int precision = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

	snprintf(buf, LIVE_NUMBER_MAX, "%.*f%s", precision, value, unit);
}

void live_format_scaled(double value, char buf[LIVE_NUMBER_MAX])
{
	static const char *const units[] = { "", "k", "M", "G", "T", "P" };
	size_t i = 0;

	for (; value >= 999.5 && i + 1 < sizeof(units) / sizeof(*units); i++)
		value /= 1000;
	if (i == 0)
		snprintf(buf, LIVE_NUMBER_MAX, "%.*f", value > 0 && value < 9.95, value);
	else
		print_digits(value, units[i], buf);
}

void live_format_unit(double value, const char *unit, char buf[LIVE_NUMBER_MAX])
{
	char number[LIVE_NUMBER_MAX];
	int n_digits;

	live_format_scaled(value, number);
	n_digits = (int)strspn(number, "0123456789.");
	snprintf(buf, LIVE_NUMBER_MAX, "%.*s %s%s", n_digits, number, number + n_digits,
		 unit);
}

void live_format_rate(double rate, char buf[LIVE_NUMBER_MAX])
{
	bool is_small = rate < 9.95 && rate != (double)(uint64_t)rate;

	if (rate < 99999.5)
		snprintf(buf, LIVE_NUMBER_MAX, "%.*f", is_small, rate);
	else
		live_format_scaled(rate, buf);
}

void live_format_count(uint64_t count, char buf[LIVE_NUMBER_MAX])
{
	live_format_rate((double)count, buf);
}

void live_format_time(uint64_t ns, char buf[LIVE_NUMBER_MAX])
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	double value = (double)ns;
	size_t i = 0;

	for (; value >= 999.5 && i + 1 < sizeof(units) / sizeof(*units); i++)
		value /= 1000;
	if (i == 0)
		snprintf(buf, LIVE_NUMBER_MAX, "%.0fns", value);
	else
		print_digits(value, units[i], buf);
}

void live_format_age(uint64_t ns, char buf[LIVE_NUMBER_MAX])
{
	static const struct {
		uint64_t seconds, end;
		char unit;
	} units[] = {
		{ 1, 100, 's' },
		{ 60, 6000, 'm' },
		{ 3600, 172800, 'h' },
		{ 86400, UINT64_MAX, 'd' },
	};
	uint64_t seconds = ns / NSEC_PER_SEC;
	size_t i = 0;

	while (seconds >= units[i].end)
		i++;
	snprintf(buf, LIVE_NUMBER_MAX, "%llu%c",
		 (unsigned long long)(seconds / units[i].seconds), units[i].unit);
}

/* Where character number n begins, or the end. */
static const char *skip(const char *text, size_t n)
{
	for (; *text && n; n--)
		do
			text++;
		while (((unsigned char)*text & 0xc0) == 0x80);
	return text;
}

void live_format_cut(const char *text, unsigned int width, bool is_utf8, char *buf,
		     size_t len)
{
	const char *ellipsis = is_utf8 ? "\xe2\x80\xa6" : "~";
	size_t n = utf8_get_width(text);
	size_t n_head = (width - 1) / 2, n_tail = width - 1 - n_head;

	if (n <= width)
		snprintf(buf, len, "%s", text);
	else
		snprintf(buf, len, "%.*s%s%s", (int)(skip(text, n_head) - text), text,
			 ellipsis, skip(text, n - n_tail));
}
