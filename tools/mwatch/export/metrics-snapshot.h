/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics-snapshot: a sample that stays as it is while it is read, however long that
 * takes, and whose counters are never less than those of the one before: what was told
 * as lost stays told, though a packet that comes late takes itself back from it.
 */
#ifndef MWATCH_METRICS_SNAPSHOT_H
#define MWATCH_METRICS_SNAPSHOT_H

#include "sample.h"

struct metrics_snapshot;

/* Copies the sample; previous is the snapshot before it, or NULL. Held once. -ENOMEM. */
int metrics_snapshot_new(struct metrics_snapshot **ret, const struct sample *sample,
			 const struct metrics_snapshot *previous);

/* Holds it once more, from any thread. Returns it. */
struct metrics_snapshot *metrics_snapshot_ref(struct metrics_snapshot *snapshot);

/* Frees with the last holder; NULL is fine. Returns NULL. */
struct metrics_snapshot *metrics_snapshot_unref(struct metrics_snapshot *snapshot);

const struct sample *metrics_snapshot_get_sample(const struct metrics_snapshot *snapshot);

#endif
