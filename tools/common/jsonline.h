/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jsonline: events as JSON, one object a line, flushed line by line so that a
 * reader sees them as they happen.  Every object begins with its time, RFC 3339
 * with the zone.
 */
#ifndef TOOLS_COMMON_JSONLINE_H
#define TOOLS_COMMON_JSONLINE_H

#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include <jansson.h>

/* Room for 2026-01-02T03:04:05.678901+00:00 and its NUL. */
#define JSONLINE_TIME_MAX 40

/* RFC 3339 5.6, microseconds, the local zone. */
void jsonline_format_time(const struct timespec *when, char buf[JSONLINE_TIME_MAX]);

/* {"time":...,"event":...}; event NULL: time alone; when NULL: now. NULL: no memory. */
json_t *jsonline_new(const char *event, const struct timespec *when);

/* The address in canonical text. NULL: no memory, or no such family. */
json_t *jsonline_new_address(const struct sockaddr_storage *address);

/* A string of any bytes, as names of processes and interfaces may be: U+FFFD for each
 * one that is no UTF-8. text NULL: null. NULL: no memory. */
json_t *jsonline_new_text(const char *text);

/* Writes and frees the object. 0 or -errno; NULL is -ENOMEM, so that callers can
 * pass on what they could not build. */
int jsonline_write(json_t *object, FILE *out);

#endif
