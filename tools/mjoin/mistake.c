/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mistake: what is wrong with words that the user wrote (see mistake.h).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "mistake.h"
#include "output.h"

int mistake_set(struct mistake *mistake, const char *what, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	snprintf(mistake->what, sizeof(mistake->what), "%s", what);
	vsnprintf(mistake->why, sizeof(mistake->why), format, ap);
	va_end(ap);
	return -EINVAL;
}

void mistake_print(const struct mistake *mistake, const char *file)
{
	char where[MISTAKE_WHAT_MAX + 512];

	if (file && mistake->line)
		snprintf(where, sizeof(where), "%.480s:%zu: %s", file, mistake->line,
			 mistake->what);
	else if (file)
		snprintf(where, sizeof(where), "%.480s: %s", file, mistake->what);
	else
		snprintf(where, sizeof(where), "%s", mistake->what);
	if (mistake->is_warning)
		output_warning(where, "%s", mistake->why);
	else
		output_error(where, "%s", mistake->why);
}
