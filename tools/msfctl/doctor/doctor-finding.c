/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * finding: what one check says (see doctor-finding.h).
 *
 * Invariant: the texts always end; what does not fit is cut.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "doctor-finding.h"

static void set(struct finding *finding, enum finding_result result, const char *format,
		va_list ap)
{
	finding->result = result;
	finding->cure[0] = '\0';
	vsnprintf(finding->detail, sizeof(finding->detail), format, ap);
}

void finding_pass(struct finding *finding, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	set(finding, FINDING_PASS, format, ap);
	va_end(ap);
}

void finding_fail(struct finding *finding, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	set(finding, FINDING_FAIL, format, ap);
	va_end(ap);
}

void finding_unknown(struct finding *finding, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	set(finding, FINDING_UNKNOWN, format, ap);
	va_end(ap);
}

void finding_add(struct finding *finding, const char *format, ...)
{
	size_t len = strlen(finding->detail);
	va_list ap;

	if (len > 0 && len + 2 < sizeof(finding->detail)) {
		memcpy(finding->detail + len, "; ", 3);
		len += 2;
	}
	va_start(ap, format);
	vsnprintf(finding->detail + len, sizeof(finding->detail) - len, format, ap);
	va_end(ap);
}

void finding_cure(struct finding *finding, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(finding->cure, sizeof(finding->cure), format, ap);
	va_end(ap);
}

const char *finding_get_name(enum finding_result result)
{
	switch (result) {
	case FINDING_UNKNOWN:
		return "unknown";
	case FINDING_PASS:
		return "pass";
	case FINDING_FAIL:
		return "fail";
	}
	return "unknown";
}
