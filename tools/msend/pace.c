/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pace: deadlines at an even rate (see pace.h).
 *
 * Invariant: pace_count_due(p, t) > n exactly when pace_get_deadline(p, n) <= t.
 */
#include "pace.h"

#define NSEC_PER_SEC 1000000000u

/* After a longer stall (a stopped process, a suspended host) the packets that
 * were missed are not sent in one burst. */
#define MAX_BACKLOG_NSEC (NSEC_PER_SEC / 10)

uint64_t pace_count_due(const struct pace *pace, uint64_t now)
{
	uint64_t elapsed;

	if (pace->rate == 0)
		return UINT64_MAX;
	if (now < pace->start)
		return 0;
	elapsed = now - pace->start;
	/* In two parts, so that no product passes 64 bits. */
	return elapsed / NSEC_PER_SEC * pace->rate +
	       elapsed % NSEC_PER_SEC * pace->rate / NSEC_PER_SEC + 1;
}

uint64_t pace_get_deadline(const struct pace *pace, uint64_t n)
{
	uint64_t part;

	if (pace->rate == 0)
		return pace->start;
	part = n % pace->rate * NSEC_PER_SEC;
	return pace->start + n / pace->rate * NSEC_PER_SEC +
	       (part + pace->rate - 1) / pace->rate;
}

void pace_skip_backlog(struct pace *pace, uint64_t n_sent, uint64_t now)
{
	uint64_t deadline = pace_get_deadline(pace, n_sent);

	if (pace->rate && now > deadline && now - deadline > MAX_BACKLOG_NSEC)
		pace->start += now - deadline;
}
