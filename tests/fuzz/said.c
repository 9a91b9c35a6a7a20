/* SPDX-License-Identifier: BSD-2-Clause */
/* said: counts what would be said (see said.h), and makes its text. */
#include <stdarg.h>
#include <stdio.h>

#include "said.h"
#include "target.h"

#define TEXT_MAX 4096

/* Used: link-time optimisation does not know what --wrap makes of the calls. */
void __wrap_output_error(const char *what, const char *format, ...)
	__attribute__((format(printf, 2, 3), used));
void __wrap_output_warning(const char *what, const char *format, ...)
	__attribute__((format(printf, 2, 3), used));

static unsigned long n_said;

unsigned long said_count(void)
{
	return n_said;
}

static void say(const char *format, va_list ap)
{
	char text[TEXT_MAX];

	target_expect(vsnprintf(text, sizeof(text), format, ap) > 0, "it says why");
	n_said++;
}

void __wrap_output_error(const char *what, const char *format, ...)
{
	va_list ap;

	(void)what;
	va_start(ap, format);
	say(format, ap);
	va_end(ap);
}

void __wrap_output_warning(const char *what, const char *format, ...)
{
	va_list ap;

	(void)what;
	va_start(ap, format);
	say(format, ap);
	va_end(ap);
}
