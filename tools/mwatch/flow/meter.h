/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meter: when the packets of a flow come: gaps, bursts, and how long they live.
 *
 * A burst is measured in half windows: the most packets in two that follow each other.
 * So one that lasts up to half a window is counted whole, wherever it begins.
 */
#ifndef MWATCH_FLOW_METER_H
#define MWATCH_FLOW_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "sample.h"

struct meter_window {
	uint32_t half; /* the number of this half window, modulo 2^32 */
	uint32_t n_now, n_before;
	uint32_t peak;
};

struct meter {
	uint64_t last_ns; /* since the epoch */
	uint64_t gap_ns;  /* the largest of the interval */
	struct meter_window window_1ms, window_100ms;
	uint8_t ttl, ttl_min, ttl_max;
	uint8_t bucket;    /* of the last gap */
	uint32_t n_bucket; /* gaps in a row that fell into it and are in no bucket yet */
};

/* The first packet. */
void meter_init(struct meter *meter, uint64_t when_ns, uint8_t ttl);

/* Another one; the gap before it, 0 if the clock went back. */
uint64_t meter_count(struct meter *meter, uint64_t when_ns, uint8_t ttl,
		     uint32_t buckets[SAMPLE_N_BUCKETS]);

/* Puts all gaps into the buckets, and begins the next interval. */
void meter_close(struct meter *meter, uint32_t buckets[SAMPLE_N_BUCKETS]);

#endif
