/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-history: rings of rates, found by the flow's id (see live-history.h).
 *
 * Invariant: every ring is written at the same place in each interval, so that one
 * counter tells where all of them begin; what is in a ring are its n newest values.
 */
#include "live-history.h"

#include <errno.h>
#include <stdlib.h>

#define N_PLACES (4 * LIVE_HISTORY_MAX) /* of the hash table; a power of two */
#define WANTED   LIVE_HISTORY_MAX       /* the ring of the flow that is looked at */
#define NO_RING  UINT16_MAX

struct ring {
	uint64_t id;
	uint64_t last_put; /* the interval that was written last; 0: free */
	uint32_t n;
	float rates[LIVE_HISTORY_LENGTH];
};

struct live_history {
	struct ring rings[LIVE_HISTORY_MAX + 1];
	uint16_t places[N_PLACES];
	uint16_t n_used;
	uint64_t n_puts;
};

int live_history_new(struct live_history **ret)
{
	struct live_history *history = calloc(1, sizeof(*history));

	if (!history)
		return -ENOMEM;
	for (size_t i = 0; i < N_PLACES; i++)
		history->places[i] = NO_RING;
	*ret = history;
	return 0;
}

struct live_history *live_history_free(struct live_history *history)
{
	free(history);
	return NULL;
}

/* Where the flow stands, or could. */
static uint16_t *find_place(struct live_history *history, uint64_t id)
{
	/* Fibonacci hashing: ids may be consecutive, or have a common step. */
	size_t i = (size_t)(id * UINT64_C(0x9e3779b97f4a7c15) >> 40);

	for (;; i++) {
		uint16_t *place = &history->places[i % N_PLACES];

		if (*place == NO_RING || history->rings[*place].id == id)
			return place;
	}
}

static struct ring *find(const struct live_history *history, uint64_t id)
{
	const uint16_t *place = find_place((struct live_history *)history, id);
	const struct ring *wanted = &history->rings[WANTED];

	if (*place != NO_RING)
		return (struct ring *)&history->rings[*place];
	return wanted->last_put && wanted->id == id ? (struct ring *)wanted : NULL;
}

/* NULL: there is no room. */
static struct ring *add(struct live_history *history, uint64_t id)
{
	uint16_t *place = find_place(history, id);

	if (history->n_used == LIVE_HISTORY_MAX)
		return NULL;
	*place = history->n_used++;
	history->rings[*place] = (struct ring){ .id = id };
	return &history->rings[*place];
}

/* Moves the rings together, and finds new places for all of them. */
static void forget_gone(struct live_history *history)
{
	uint16_t n = 0;

	for (size_t i = 0; i < N_PLACES; i++)
		history->places[i] = NO_RING;
	for (uint16_t i = 0; i < history->n_used; i++) {
		const struct ring *ring = &history->rings[i];

		if (ring->last_put != history->n_puts)
			continue;
		if (n != i)
			history->rings[n] = *ring;
		*find_place(history, history->rings[n].id) = n;
		n++;
	}
	history->n_used = n;
}

void live_history_put(struct live_history *history, const struct sample *sample)
{
	size_t at = history->n_puts++ % LIVE_HISTORY_LENGTH;
	uint16_t n_seen = 0;

	for (uint32_t i = 0; i < sample->n_flows; i++) {
		const struct sample_flow *flow = &sample->flows[i];
		struct ring *ring = find(history, flow->id);

		if (!ring)
			ring = add(history, flow->id);
		if (!ring)
			continue;
		ring->rates[at] = (float)sample_get_rate(flow->interval.packets,
							 sample->interval_ns);
		ring->n += ring->n < LIVE_HISTORY_LENGTH;
		ring->last_put = history->n_puts;
		n_seen += ring != &history->rings[WANTED];
	}
	if (n_seen < history->n_used)
		forget_gone(history);
}

void live_history_want(struct live_history *history, uint64_t id)
{
	if (!history || find(history, id))
		return;
	/* Not 0, which is free: the next interval is its first. */
	history->rings[WANTED] = (struct ring){ .id = id, .last_put = UINT64_MAX };
}

size_t live_history_get(const struct live_history *history, uint64_t id, uint64_t n_newer,
			float rates[LIVE_HISTORY_LENGTH])
{
	const struct ring *ring = find(history, id);
	uint64_t first;

	if (!ring || ring->n <= n_newer)
		return 0;
	first = history->n_puts - ring->n;
	for (uint64_t i = 0; i < ring->n - n_newer; i++)
		rates[i] = ring->rates[(first + i) % LIVE_HISTORY_LENGTH];
	return ring->n - n_newer;
}
