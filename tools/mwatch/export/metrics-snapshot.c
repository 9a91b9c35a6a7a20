/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics-snapshot: copies of samples with counters that only grow (see
 * metrics-snapshot.h).
 *
 * Invariant: what is told as lost is the most that was told before and what is lost now;
 * it is too much by no more than what was on its way while a sample was taken.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "metrics-snapshot.h"

/* What was told of a flow that lost something. */
struct mark {
	uint64_t id;
	uint64_t lost;
	uint64_t ts_lost;
};

struct metrics_snapshot {
	atomic_uint n_refs;
	struct sample sample;
	struct mark *marks; /* by id; owned */
	size_t n_marks;
};

static int compare_ids(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static void raise_to(uint64_t *value, uint64_t least)
{
	if (*value < least)
		*value = least;
}

static void raise_counters(struct sample *sample, const struct metrics_snapshot *previous)
{
	for (uint32_t i = 0; previous->n_marks && i < sample->n_flows; i++) {
		struct sample_flow *flow = &sample->flows[i];
		struct mark key = { .id = flow->id };
		const struct mark *mark = bsearch(&key, previous->marks,
						  previous->n_marks, sizeof(key),
						  compare_ids);

		if (!mark)
			continue;
		raise_to(&flow->total.lost, mark->lost);
		raise_to(&flow->total.ts_lost, mark->ts_lost);
	}
}

static int mark_flows(struct metrics_snapshot *snapshot)
{
	const struct sample *sample = &snapshot->sample;
	size_t n = 0;

	for (uint32_t i = 0; i < sample->n_flows; i++)
		n += sample->flows[i].total.lost || sample->flows[i].total.ts_lost;
	snapshot->marks = malloc(n * sizeof(*snapshot->marks) + 1);
	if (!snapshot->marks)
		return -ENOMEM;
	for (uint32_t i = 0; i < sample->n_flows; i++) {
		const struct sample_counts *total = &sample->flows[i].total;

		if (total->lost || total->ts_lost)
			snapshot->marks[snapshot->n_marks++] = (struct mark){
				sample->flows[i].id, total->lost, total->ts_lost
			};
	}
	qsort(snapshot->marks, n, sizeof(*snapshot->marks), compare_ids);
	return 0;
}

int metrics_snapshot_new(struct metrics_snapshot **ret, const struct sample *sample,
			 const struct metrics_snapshot *previous)
{
	struct metrics_snapshot *snapshot = calloc(1, sizeof(*snapshot));
	int r;

	if (!snapshot)
		return -ENOMEM;
	atomic_init(&snapshot->n_refs, 1);
	r = sample_copy(&snapshot->sample, sample);
	if (r == 0 && previous)
		raise_counters(&snapshot->sample, previous);
	if (r == 0)
		r = mark_flows(snapshot);
	if (r < 0)
		metrics_snapshot_unref(snapshot);
	else
		*ret = snapshot;
	return r;
}

struct metrics_snapshot *metrics_snapshot_ref(struct metrics_snapshot *snapshot)
{
	atomic_fetch_add(&snapshot->n_refs, 1);
	return snapshot;
}

struct metrics_snapshot *metrics_snapshot_unref(struct metrics_snapshot *snapshot)
{
	if (snapshot && atomic_fetch_sub(&snapshot->n_refs, 1) == 1) {
		sample_fini(&snapshot->sample);
		free(snapshot->marks);
		free(snapshot);
	}
	return NULL;
}

const struct sample *metrics_snapshot_get_sample(const struct metrics_snapshot *snapshot)
{
	return &snapshot->sample;
}
