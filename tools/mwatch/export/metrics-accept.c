/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics-accept: RFC 9110 12.4.2 (weights) and 12.5.1 (Accept), see metrics-accept.h.
 *
 * Invariant: of the ranges that match a type, the most specific one gives its weight.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "metrics-accept.h"

#define SPACE       " \t"
#define FULL_WEIGHT 1000

/* The ranges that match a type, the most specific one first. */
#define N_RANGES 3

static const char *const openmetrics[N_RANGES] = { "application/openmetrics-text",
						   "application/*", "*/*" };
static const char *const text[N_RANGES] = { "text/plain", "text/*", "*/*" };

/* 0 to 1000: a digit, and three after the point. */
static int read_weight(const char *value)
{
	int weight = 0;

	if (*value == '1')
		return FULL_WEIGHT;
	if (value[0] != '0' || value[1] != '.')
		return 0;
	value += 2;
	for (int unit = FULL_WEIGHT / 10; unit && *value >= '0' && *value <= '9';
	     unit /= 10)
		weight += (*value++ - '0') * unit;
	return weight;
}

/* What its parameters say; they end where the range does. */
static int find_weight(const char *range, const char *end)
{
	for (const char *at = range; (at = memchr(at, ';', (size_t)(end - at)));) {
		at++;
		at += strspn(at, SPACE);
		if (strncasecmp(at, "q=", 2) == 0)
			return read_weight(at + 2);
	}
	return FULL_WEIGHT;
}

/* The weight of a range that is written there; -1: it is not. */
static int weigh_range(const char *accept, const char *range)
{
	size_t len = strlen(range);

	while (*accept) {
		const char *start = accept + strspn(accept, SPACE ",");
		const char *end = start + strcspn(start, ",");

		if (strncasecmp(start, range, len) == 0 &&
		    strcspn(start, SPACE ";,") == len)
			return find_weight(start, end);
		accept = end;
	}
	return -1;
}

static int weigh_type(const char *accept, const char *const ranges[N_RANGES])
{
	for (int i = 0; i < N_RANGES; i++) {
		int weight = weigh_range(accept, ranges[i]);

		if (weight >= 0)
			return weight;
	}
	return 0;
}

enum metrics_format metrics_accept_choose(const char *accept)
{
	if (accept && weigh_type(accept, text) > weigh_type(accept, openmetrics))
		return METRICS_TEXT;
	return METRICS_OPENMETRICS;
}
