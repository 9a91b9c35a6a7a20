/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shrink: see shrink.h. Every cut is tried and kept if the failure stays; when no cut
 * is left that does, it is done.
 */
#include "shrink.h"

#include <string.h>

#define RUNS_MAX     20000u
#define SPARED_TOTAL (HOSTS_MAX * 2 * FAULT_PACKETS)

struct attempt {
	struct history *best;
	enum failure failure;
	struct verdict verdict; /* about the best one */
	unsigned int n_runs;
	bool has_improved;
};

static bool try(struct attempt *attempt, const struct history *candidate)
{
	struct sim_counts counts = { 0 };
	struct verdict verdict;

	if (attempt->n_runs++ >= RUNS_MAX)
		return false;
	verdict = sim_run(candidate, NULL, &counts);
	if (verdict.failure != attempt->failure)
		return false;
	*attempt->best = *candidate;
	attempt->verdict = verdict;
	attempt->has_improved = true;
	return true;
}

/*
 * Events
 */

static void drop_events(struct history *history, unsigned int first, unsigned int n)
{
	unsigned int behind = history->n_events - first - n;

	memmove(&history->events[first], &history->events[first + n],
		behind * sizeof(struct event));
	history->n_events -= n;
}

static void cut_events(struct attempt *attempt)
{
	struct history candidate;

	for (unsigned int n = attempt->best->n_events; n; n /= 2) {
		for (unsigned int i = 0; i + n <= attempt->best->n_events;) {
			candidate = *attempt->best;
			drop_events(&candidate, i, n);
			if (!try(attempt, &candidate))
				i += n;
		}
	}
}

/* In whole seconds, or at once: easier to read. */
static void round_times(struct attempt *attempt)
{
	struct history candidate;

	for (unsigned int i = 0; i < attempt->best->n_events; i++) {
		uint64_t last = i ? attempt->best->events[i - 1].when : 0;
		uint64_t when = attempt->best->events[i].when;
		uint64_t times[] = { last, (last / SECOND + 1) * SECOND };

		for (unsigned int j = 0; j < 2; j++) {
			candidate = *attempt->best;
			if (times[j] >= when)
				break;
			for (unsigned int k = i; k < candidate.n_events; k++)
				candidate.events[k].when -= when - times[j];
			if (try(attempt, &candidate))
				break;
		}
	}
}

static void cut_rest(struct attempt *attempt)
{
	struct history candidate = *attempt->best;

	candidate.loss_end = 0;
	if (candidate.loss_end < attempt->best->loss_end)
		try(attempt, &candidate);
	candidate = *attempt->best;
	candidate.mtu = 1500;
	if (candidate.mtu != attempt->best->mtu)
		try(attempt, &candidate);
	candidate = *attempt->best;
	candidate.lightweight = 0;
	if (attempt->best->lightweight)
		try(attempt, &candidate);
}

/*
 * Hosts, groups, sources: without the events of one, which has no number then
 */

enum actor { HOST, GROUP };

static unsigned int *get_number(struct event *event, enum actor actor)
{
	return actor == HOST ? &event->host : &event->group;
}

static bool has_actor(const struct event *event, enum actor actor)
{
	return event->kind == SET_FILTER ||
	       (actor == HOST && event->kind < ROUTER_RESTART);
}

static void drop_actor(struct history *history, enum actor actor, unsigned int number)
{
	for (unsigned int i = 0; i < history->n_events;) {
		struct event *event = &history->events[i];
		unsigned int *its = get_number(event, actor);

		if (has_actor(event, actor) && *its == number) {
			drop_events(history, i, 1);
			continue;
		}
		if (*its > number)
			(*its)--;
		i++;
	}
	if (actor == GROUP && number == history->n_groups - 1)
		history->has_ssm = false;
	(*(actor == HOST ? &history->n_hosts : &history->n_groups))--;
}

static void cut_actors(struct attempt *attempt, enum actor actor)
{
	unsigned int n = actor == HOST ? attempt->best->n_hosts : attempt->best->n_groups;
	struct history candidate;

	for (unsigned int i = n; i-- && n > 1;) {
		candidate = *attempt->best;
		drop_actor(&candidate, actor, i);
		n -= try(attempt, &candidate);
	}
}

static void drop_source(struct history *history, unsigned int source)
{
	unsigned int low = (1u << source) - 1;

	for (unsigned int i = 0; i < history->n_events; i++) {
		unsigned int *sources = &history->events[i].sources;

		*sources = (*sources & low) | (*sources >> 1 & ~low);
	}
	history->n_sources--;
}

static void cut_sources(struct attempt *attempt)
{
	struct history candidate;

	for (unsigned int i = attempt->best->n_sources; i--;) {
		candidate = *attempt->best;
		if (candidate.n_sources == 1)
			return;
		drop_source(&candidate, i);
		try(attempt, &candidate);
	}
}

/* A source less in one filter. */
static void cut_filters(struct attempt *attempt)
{
	struct history candidate;

	for (unsigned int i = 0; i < attempt->best->n_events; i++) {
		for (unsigned int s = 0; s < SOURCES_MAX; s++) {
			candidate = *attempt->best;
			if (!(candidate.events[i].sources & 1u << s))
				continue;
			candidate.events[i].sources &= ~(1u << s);
			try(attempt, &candidate);
		}
	}
}

/*
 * Faults of the link
 */

static bool *get_spared(struct history *history)
{
	return &history->is_spared[0][0][0];
}

unsigned int count_faults(const struct history *history)
{
	const bool *spared = &history->is_spared[0][0][0];
	unsigned int n = 0;

	for (unsigned int i = 0; i < SPARED_TOTAL; i++)
		n += !spared[i];
	return n;
}

static bool spare(struct attempt *attempt, unsigned int first, unsigned int n)
{
	struct history candidate = *attempt->best;

	memset(get_spared(&candidate) + first, true, n);
	if (!memcmp(get_spared(&candidate), get_spared(attempt->best), SPARED_TOTAL))
		return true;
	return try(attempt, &candidate);
}

/* Halves, and halves of halves, until one packet is left. */
static void cut_faults(struct attempt *attempt, unsigned int first, unsigned int n)
{
	if (spare(attempt, first, n) || n == 1)
		return;
	cut_faults(attempt, first, n / 2);
	cut_faults(attempt, first + n / 2, n - n / 2);
}

struct verdict shrink(struct history *history, enum failure failure)
{
	struct attempt attempt = { .best = history, .failure = failure };

	try(&attempt, history);
	do {
		attempt.has_improved = false;
		cut_events(&attempt);
		cut_actors(&attempt, HOST);
		cut_actors(&attempt, GROUP);
		cut_sources(&attempt);
		cut_filters(&attempt);
		cut_faults(&attempt, 0, SPARED_TOTAL);
		round_times(&attempt);
		cut_rest(&attempt);
	} while (attempt.has_improved && attempt.n_runs < RUNS_MAX);
	return attempt.verdict;
}
