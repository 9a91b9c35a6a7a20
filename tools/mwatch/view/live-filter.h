/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-filter: words that a row must contain, each of them, in any order and case.
 */
#ifndef MWATCH_LIVE_FILTER_H
#define MWATCH_LIVE_FILTER_H

#include <stdbool.h>

/* An empty filter matches everything. */
bool live_filter_matches(const char *filter, const char *text);

#endif
