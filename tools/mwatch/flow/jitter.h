/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jitter: how much the time between packets changes on their way (RFC 3550 6.4.1, A.8),
 * in nanoseconds.
 */
#ifndef MWATCH_FLOW_JITTER_H
#define MWATCH_FLOW_JITTER_H

#include <stdint.h>

struct jitter {
	uint64_t sum;  /* 16 times the jitter */
	uint64_t sent; /* the sender's time of the last packet; or the last gap */
};

/* arrived and sent: ns between two packets, at the receiver and at the sender. */
void jitter_count(struct jitter *jitter, int64_t arrived, int64_t sent);

uint64_t jitter_get_ns(const struct jitter *jitter);

#endif
