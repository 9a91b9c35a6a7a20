/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meter: arrival times (see meter.h).
 *
 * Invariant: times are only compared within one flow, and a clock that is set back makes
 * a gap of 0, never one that wraps.
 */
#include "meter.h"

#define NSEC_PER_USEC 1000u
#define HALF_1MS      500000u
#define HALF_100MS    50000000u

static void window_count(struct meter_window *window, uint32_t half)
{
	if (half != window->half) {
		window->n_before = half == window->half + 1 ? window->n_now : 0;
		window->n_now = 0;
		window->half = half;
	}
	window->n_now++;
	if (window->n_before + window->n_now > window->peak)
		window->peak = window->n_before + window->n_now;
}

static void count_windows(struct meter *meter, uint64_t when_ns)
{
	window_count(&meter->window_1ms, (uint32_t)(when_ns / HALF_1MS));
	window_count(&meter->window_100ms, (uint32_t)(when_ns / HALF_100MS));
}

void meter_init(struct meter *meter, uint64_t when_ns, uint8_t ttl)
{
	*meter = (struct meter){
		.last_ns = when_ns, .ttl = ttl, .ttl_min = ttl, .ttl_max = ttl
	};
	count_windows(meter, when_ns);
}

static uint8_t get_bucket(uint64_t gap_ns)
{
	uint64_t us = gap_ns / NSEC_PER_USEC;
	unsigned int n_bits = us ? 64 - (unsigned int)__builtin_clzll(us) : 0;

	return n_bits < SAMPLE_N_BUCKETS ? n_bits : SAMPLE_N_BUCKETS - 1;
}

/* Gaps of a steady stream fall into one bucket, so that runs of them are counted here
 * and the buckets, which are elsewhere in memory, are seldom touched. */
static void count_gap(struct meter *meter, uint64_t gap_ns, uint32_t *buckets)
{
	uint8_t bucket = get_bucket(gap_ns);

	if (bucket != meter->bucket) {
		buckets[meter->bucket] += meter->n_bucket;
		meter->bucket = bucket;
		meter->n_bucket = 0;
	}
	meter->n_bucket++;
	if (gap_ns > meter->gap_ns)
		meter->gap_ns = gap_ns;
}

static void count_ttl(struct meter *meter, uint8_t ttl)
{
	meter->ttl = ttl;
	if (ttl < meter->ttl_min)
		meter->ttl_min = ttl;
	if (ttl > meter->ttl_max)
		meter->ttl_max = ttl;
}

uint64_t meter_count(struct meter *meter, uint64_t when_ns, uint8_t ttl,
		     uint32_t buckets[SAMPLE_N_BUCKETS])
{
	uint64_t gap_ns = when_ns > meter->last_ns ? when_ns - meter->last_ns : 0;

	count_gap(meter, gap_ns, buckets);
	count_windows(meter, when_ns);
	count_ttl(meter, ttl);
	meter->last_ns = when_ns;
	return gap_ns;
}

void meter_close(struct meter *meter, uint32_t buckets[SAMPLE_N_BUCKETS])
{
	buckets[meter->bucket] += meter->n_bucket;
	meter->n_bucket = 0;
	meter->gap_ns = 0;
	meter->window_1ms.peak = 0;
	meter->window_100ms.peak = 0;
}
