/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jsonline: events as JSON (see jsonline.h).
 *
 * Invariant: each line is one whole object of visible ASCII characters, flushed before
 * the call returns.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "jsonline.h"
#include "utf8.h"

#define ZONE_LENGTH 5 /* +hhmm */

#define DEL '\177'

void jsonline_format_time(const struct timespec *when, char buf[JSONLINE_TIME_MAX])
{
	char date[24] = "", zone[ZONE_LENGTH + 1] = "+0000";
	struct tm tm = { 0 };

	localtime_r(&when->tv_sec, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	snprintf(buf, JSONLINE_TIME_MAX, "%s.%06u%.3s:%.2s", date,
		 (unsigned int)(when->tv_nsec / 1000) % 1000000, zone, zone + 3);
}

json_t *jsonline_new(const char *event, const struct timespec *when)
{
	char text[JSONLINE_TIME_MAX];
	struct timespec now;

	if (!when) {
		clock_gettime(CLOCK_REALTIME, &now);
		when = &now;
	}
	jsonline_format_time(when, text);
	return json_pack("{s:s, s:s*}", "time", text, "event", event);
}

json_t *jsonline_new_text(const char *text)
{
	char *clean;
	json_t *string;

	if (!text)
		return json_null();
	clean = utf8_new(text);
	if (!clean)
		return NULL;
	string = json_string_nocheck(clean);
	free(clean);
	return string;
}

json_t *jsonline_new_address(const struct sockaddr_storage *address)
{
	char text[ENDPOINT_TEXT_MAX];

	if (endpoint_format_address(address, text, sizeof(text)) < 0)
		return NULL;
	return json_string(text);
}

/* jansson escapes every control character of ASCII but the last one. */
static int write_part(const char *part, size_t len, void *data)
{
	FILE *out = data;
	const char *del;

	while ((del = memchr(part, DEL, len))) {
		size_t n = (size_t)(del - part);

		if (fwrite(part, 1, n, out) != n || fputs("\\u007f", out) == EOF)
			return -1;
		part += n + 1;
		len -= n + 1;
	}
	return fwrite(part, 1, len, out) == len ? 0 : -1;
}

int jsonline_write(json_t *object, FILE *out)
{
	const size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(9) | JSON_ENSURE_ASCII;
	int r;

	if (!object)
		return -ENOMEM;
	errno = 0;
	r = json_dump_callback(object, write_part, out, flags);
	json_decref(object);
	if (r < 0 || fputc('\n', out) == EOF || fflush(out) == EOF)
		return errno ? -errno : -EIO;
	return 0;
}
