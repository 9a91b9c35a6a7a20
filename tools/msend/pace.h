/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pace: when the packets of one source are due.
 *
 * Packet n is due at start + n / rate, an absolute time: what one packet is late
 * does not delay the next.  Times are nanoseconds of one monotonic clock, which
 * the caller reads.
 */
#ifndef MSEND_PACE_H
#define MSEND_PACE_H

#include <stdint.h>

#define PACE_MAX_RATE 1000000000u

struct pace {
	uint64_t start; /* ns; packet 0 is due */
	uint32_t rate;  /* packets a second; 0: always due */
};

/* How many packets are due until now, including those sent. */
uint64_t pace_count_due(const struct pace *pace, uint64_t now);

/* When packet number n, from 0, is due. */
uint64_t pace_get_deadline(const struct pace *pace, uint64_t n);

/* Gives up a backlog that is too long to be caught up in one burst: packet
 * n_sent becomes due now, and the others after it. */
void pace_skip_backlog(struct pace *pace, uint64_t n_sent, uint64_t now);

#endif
