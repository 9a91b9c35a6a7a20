/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jsonline: events as JSON (see jsonline.h).
 *
 * Invariant: each line is one whole object, flushed before the call returns.
 */
#include <errno.h>
#include <string.h>

#include "endpoint.h"
#include "jsonline.h"

#define ZONE_LENGTH 5 /* +hhmm */

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
	return json_pack("{s:s, s:s}", "time", text, "event", event);
}

json_t *jsonline_new_address(const struct sockaddr_storage *address)
{
	char text[ENDPOINT_TEXT_MAX];

	if (endpoint_format_address(address, text, sizeof(text)) < 0)
		return NULL;
	return json_string(text);
}

int jsonline_write(json_t *object, FILE *out)
{
	int r;

	if (!object)
		return -ENOMEM;
	errno = 0;
	r = json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(9));
	json_decref(object);
	if (r < 0 || fputc('\n', out) == EOF || fflush(out) == EOF)
		return errno ? -errno : -EIO;
	return 0;
}
