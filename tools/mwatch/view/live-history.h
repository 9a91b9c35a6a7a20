/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-history: the rates of flows over the last intervals, in a fixed amount of memory:
 * of so many flows, the first ones that came, and of the one that is looked at.
 */
#ifndef MWATCH_LIVE_HISTORY_H
#define MWATCH_LIVE_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "sample.h"

#define LIVE_HISTORY_LENGTH 120  /* intervals */
#define LIVE_HISTORY_MAX    4096 /* flows */

struct live_history;

/* -ENOMEM */
int live_history_new(struct live_history **ret);

/* Frees; NULL is fine. Returns NULL. */
struct live_history *live_history_free(struct live_history *history);

/* Adds an interval; forgets flows that are not in the sample. */
void live_history_put(struct live_history *history, const struct sample *sample);

/* This flow is looked at: kept from now on, if it is not already. */
void live_history_want(struct live_history *history, uint64_t id);

/* Packets a second, the newest last, without the n_newer last intervals; the number of
 * them. */
size_t live_history_get(const struct live_history *history, uint64_t id, uint64_t n_newer,
			float rates[LIVE_HISTORY_LENGTH]);

#endif
