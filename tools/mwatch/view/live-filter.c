/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-filter: search by words (see live-filter.h).
 */
#include "live-filter.h"

#include <string.h>
#include <strings.h>

static bool contains(const char *text, const char *word, size_t n)
{
	for (; *text; text++)
		if (!strncasecmp(text, word, n))
			return true;
	return false;
}

bool live_filter_matches(const char *filter, const char *text)
{
	for (;;) {
		size_t n;

		filter += strspn(filter, " ");
		n = strcspn(filter, " ");
		if (!n)
			return true;
		if (!contains(text, filter, n))
			return false;
		filter += n;
	}
}
