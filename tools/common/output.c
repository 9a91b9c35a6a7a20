/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * output: one line on standard error (see output.h).
 *
 * Invariant: a line is written whole, without control characters.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "output.h"

#define LINE_MAX_LENGTH 4096

static void print_line(const char *what, const char *kind, const char *format, va_list ap)
{
	char line[LINE_MAX_LENGTH], why[LINE_MAX_LENGTH / 2];

	vsnprintf(why, sizeof(why), format, ap);
	snprintf(line, sizeof(line), "%s: %.1024s%s%s%s", program_invocation_short_name,
		 what ? what : "", what ? ": " : "", kind, why);
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == '\177')
			*c = '?';
	fprintf(stderr, "%s\n", line);
}

void output_error(const char *what, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	print_line(what, "", format, ap);
	va_end(ap);
}

void output_warning(const char *what, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	print_line(what, "warning: ", format, ap);
	va_end(ap);
}
