/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The source filter of one membership: filter mode and source list (RFC 3376 2,
 * RFC 3810 3). FILTER_NONE is no membership; it delivers nothing.
 */
#ifndef BASE_FILTER_H
#define BASE_FILTER_H

#include <stdbool.h>

#include "base/source_set.h"

enum filter_mode { FILTER_NONE, FILTER_INCLUDE, FILTER_EXCLUDE };

struct filter {
	enum filter_mode mode;
	struct source_set sources;
};

/* Is a packet of this source delivered? */
static inline bool filter_accepts(const struct filter *filter, struct addr source)
{
	if (filter->mode == FILTER_NONE)
		return false;
	return source_set_has(&filter->sources, source, 0) ==
	       (filter->mode == FILTER_INCLUDE);
}

static inline bool filter_equal(const struct filter *a, const struct filter *b)
{
	if (a->mode != b->mode)
		return false;
	return a->mode == FILTER_NONE || source_set_equal(&a->sources, &b->sources);
}

#endif
