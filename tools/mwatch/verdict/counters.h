/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counters: what the network namespace counts of packets that it drops (RFC 4113, and
 * Linux's own).  It does not tell of which group they were.
 */
#ifndef MWATCH_VERDICT_COUNTERS_H
#define MWATCH_VERDICT_COUNTERS_H

#include <stdint.h>

enum counters_kind {
	COUNTERS_CHECKSUM, /* UDP checksums that were wrong */
	COUNTERS_MEMORY,   /* no memory for UDP */
	COUNTERS_ROUTE,    /* reverse-path check (RFC 3704); IPv6 has none */
	COUNTERS_N,
};

/* By family: [0] IPv4, [1] IPv6. -1: not known. */
struct counters {
	int64_t values[2][COUNTERS_N];
};

void counters_read(struct counters *ret);

/* What was counted since; -1: not known. */
int64_t counters_get(const struct counters *now, const struct counters *before,
		     int is_ipv6, enum counters_kind kind);

#endif
