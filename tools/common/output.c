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
#include <unistd.h>

#include "output.h"
#include "utf8.h"
#include "writer.h"

/* What a pipe takes at once. */
#define LINE_MAX_LENGTH 4096

#define PATIENCE_MS 250

/* A message must not keep a signal waiting: a reader that sleeps loses it. */
static void write_line(const char *line)
{
	struct writer writer;
	size_t done;

	if (writer_init(&writer, STDERR_FILENO) < 0)
		return;
	writer.patience_ms = PATIENCE_MS;
	writer_write(&writer, line, strlen(line), &done);
}

static void print_line(const char *what, const char *kind, const char *format, va_list ap)
{
	char line[LINE_MAX_LENGTH], why[LINE_MAX_LENGTH / 2];
	size_t len;

	vsnprintf(why, sizeof(why), format, ap);
	snprintf(line, sizeof(line), "%s: %.1024s%s%s%s", program_invocation_short_name,
		 what ? what : "", what ? ": " : "", kind, why);
	len = utf8_clean(line, line, sizeof(line) - 1);
	line[len] = '\n';
	line[len + 1] = '\0';
	fflush(stderr);
	write_line(line);
}

enum output_status output_get_status(int error)
{
	return error == -EINVAL ? OUTPUT_USAGE : OUTPUT_FAILED;
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
