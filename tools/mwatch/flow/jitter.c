/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jitter: a mean deviation in fixed point (see jitter.h).
 */
#include "jitter.h"

/* A clock that was set is no jitter. Also keeps the sum far from its end. */
#define MAX_DEVIATION (UINT64_C(1) << 48)

void jitter_count(struct jitter *jitter, int64_t arrived, int64_t sent)
{
	uint64_t d = arrived > sent ? (uint64_t)arrived - (uint64_t)sent
				    : (uint64_t)sent - (uint64_t)arrived;

	/* RFC 3550 A.8: J += (|D| - J) / 16, rounded */
	if (d < MAX_DEVIATION)
		jitter->sum += d - ((jitter->sum + 8) >> 4);
}

uint64_t jitter_get_ns(const struct jitter *jitter)
{
	return jitter->sum >> 4;
}
