/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page-text: texts and times as they stand in a page (see page-text.h).
 */
#include "page-text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "utf8.h"

#define NSEC_PER_SEC 1000000000LL

static const char *get_entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void page_put(FILE *out, const char *text)
{
	char *clean = strdup(text);

	if (!clean)
		return;
	utf8_clean(clean, clean, strlen(clean) + 1);
	for (const char *c = clean; *c; c++) {
		const char *entity = get_entity(*c);

		if (entity)
			fputs(entity, out);
		else
			putc(*c, out);
	}
	free(clean);
}

void page_format_time(uint64_t ns, int32_t zone_s, const char *format,
		      char buf[PAGE_TIME_MAX])
{
	time_t local = (time_t)((int64_t)ns / NSEC_PER_SEC) + zone_s;
	struct tm tm;

	gmtime_r(&local, &tm);
	if (strftime(buf, PAGE_TIME_MAX, format, &tm) == 0)
		buf[0] = '\0';
}

void page_format_zone(int32_t zone_s, char buf[PAGE_TIME_MAX])
{
	unsigned int minutes = (unsigned int)abs(zone_s) / 60;

	snprintf(buf, PAGE_TIME_MAX, "%c%02u:%02u", zone_s < 0 ? '-' : '+', minutes / 60,
		 minutes % 60);
}

/* Three digits, or two if they are right but for one in a hundred: timers are late. */
static void format_seconds(double seconds, char buf[PAGE_TIME_MAX])
{
	snprintf(buf, PAGE_TIME_MAX, "%.2g s", seconds);
	if (fabs(strtod(buf, NULL) - seconds) > seconds / 100)
		snprintf(buf, PAGE_TIME_MAX, "%.3g s", seconds);
}

void page_format_length(double seconds, char buf[PAGE_TIME_MAX])
{
	uint64_t whole = (uint64_t)(seconds + 0.5);

	if (seconds < 59.95)
		format_seconds(seconds, buf);
	else if (whole < 3600)
		snprintf(buf, PAGE_TIME_MAX, "%llu min %llu s",
			 (unsigned long long)whole / 60, (unsigned long long)whole % 60);
	else
		snprintf(buf, PAGE_TIME_MAX, "%llu h %llu min",
			 (unsigned long long)whole / 3600,
			 (unsigned long long)whole % 3600 / 60);
}
