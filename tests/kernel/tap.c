/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Test Anything Protocol, version 13, plan at the end. Every line is written at
 * once, so that a crash loses nothing.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tap.h"

#define MAX_COMMENTS 12

static void line(const char *head, const char *format, va_list args, const char *tail)
{
	fputs(head, stdout);
	vprintf(format, args);
	puts(tail);
	fflush(stdout);
}

bool tap_expect(struct tap *tap, bool ok, const char *format, ...)
{
	va_list args;

	tap->n_expected++;
	if (ok)
		return true;
	if (tap->n_surprises++ >= MAX_COMMENTS)
		return false;
	va_start(args, format);
	line("# ", format, args, "");
	va_end(args);
	return false;
}

void tap_skip(struct tap *tap, const char *why)
{
	tap->skip = why;
}

void tap_end(struct tap *tap, const char *format, ...)
{
	bool ok = tap->n_surprises == 0 && (tap->n_expected > 0 || tap->skip);
	char head[40], tail[120] = "";
	va_list args;

	if (tap->n_expected == 0 && !tap->skip)
		tap_comment("nothing was looked at");
	if (tap->n_surprises > MAX_COMMENTS)
		tap_comment("%u surprises in all", tap->n_surprises);
	tap->n_tests++;
	tap->n_failed += !ok;
	tap->n_expected = 0;
	tap->n_surprises = 0;
	if (ok && tap->skip)
		snprintf(tail, sizeof(tail), " # SKIP %s", tap->skip);
	tap->skip = NULL;
	snprintf(head, sizeof(head), "%s %u - ", ok ? "ok" : "not ok", tap->n_tests);
	va_start(args, format);
	line(head, format, args, tail);
	va_end(args);
}

void tap_comment(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line("# ", format, args, "");
	va_end(args);
}

void tap_bail_out(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line("Bail out! ", format, args, "");
	va_end(args);
	exit(99);
}

long tap_get_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int tap_finish(const struct tap *tap)
{
	printf("1..%u\n", tap->n_tests);
	return tap->n_failed > 0 || tap->n_tests == 0;
}
