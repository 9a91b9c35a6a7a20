/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * order: flows in the order in which they are shown.
 */
#ifndef MWATCH_ORDER_H
#define MWATCH_ORDER_H

#include <stdbool.h>

#include "sample.h"

enum order_key {
	ORDER_RATE, /* packets of the interval, most first */
	ORDER_BITS,
	ORDER_PACKETS, /* of the whole run */
	ORDER_LOST,
	ORDER_JITTER,
	ORDER_GAP,
	ORDER_PEAK,
	ORDER_SOURCE, /* by address, ascending */
	ORDER_GROUP,  /* by group, port and source */
	ORDER_VERDICT,
	ORDER_N,
};

/* "rate", "bits", ...; NULL behind the last. */
const char *order_get_name(enum order_key key);

/* -EINVAL: no such name. */
int order_find(const char *name, enum order_key *ret);

/* Sorts the flows by what the interval counted; equal ones by interface, group, port and
 * source. */
void order_sort(struct sample *sample, enum order_key key);

/* Does a view that tells one interval after the other tell of this flow? One that has
 * been silent for more than a minute is left out until a packet of it comes; is_total:
 * the summary has all of them. */
bool order_is_shown(const struct sample *sample, const struct sample_flow *flow,
		    bool is_total);

/*
 * Puts the first n flows that are shown in front, in order, and the others behind them
 * in none; n 0: all that are shown. is_total: by what the whole run counted, for the
 * summary.  -ENOMEM, with the flows as they were.
 */
int order_select(struct sample *sample, enum order_key key, bool is_total, uint32_t n);

#endif
