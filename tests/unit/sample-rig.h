/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sample-rig: samples made by hand, for tests of what is made of them.
 */
#ifndef TESTS_UNIT_SAMPLE_RIG_H
#define TESTS_UNIT_SAMPLE_RIG_H

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "tap.h"

#define SECOND 1000000000ULL
#define WHEN   (1767323045 * SECOND + 678901000) /* 2026-01-02T03:04:05.678901+00:00 */

static inline struct sample new_sample(uint32_t n_interfaces, uint32_t n_flows)
{
	struct sample sample = { .when_ns = WHEN,
				 .interval_ns = SECOND,
				 .total_ns = 10 * SECOND,
				 .n_interfaces = n_interfaces,
				 .n_flows = n_flows };

	sample.interfaces = calloc(n_interfaces, sizeof(*sample.interfaces));
	sample.flows = calloc(n_flows ? n_flows : 1, sizeof(*sample.flows));
	if (!sample.interfaces || !sample.flows)
		tap_bail_out("no memory");
	for (uint32_t i = 0; i < n_interfaces; i++)
		snprintf(sample.interfaces[i].name, IF_NAMESIZE, "eth%u", i);
	return sample;
}

static inline void set_flow(struct sample_flow *flow, const char *source,
			    const char *group)
{
	flow->family = strchr(source, ':') ? AF_INET6 : AF_INET;
	inet_pton(flow->family, source, flow->source);
	inet_pton(flow->family, group, flow->group);
	flow->port = 5000;
	flow->ttl = flow->ttl_min = flow->ttl_max = 1;
	flow->first_ns = WHEN - 10 * SECOND;
	flow->last_ns = WHEN;
}

/* Flows that differ in all that can be sorted by; each number is unique but for lost. */
static inline struct sample new_shuffled_sample(uint32_t n)
{
	struct sample sample = new_sample(2, n);

	for (uint32_t i = 0; i < n; i++) {
		struct sample_flow *flow = &sample.flows[i];
		uint32_t number = (uint32_t)((uint64_t)i * 40503 % n);

		set_flow(flow, i % 2 ? "fd09::1" : "10.9.0.1",
			 i % 2 ? "ff3e::1" : "232.1.1.1");
		flow->source[2] = (uint8_t)(number >> 8);
		flow->source[3] = (uint8_t)number;
		flow->id = i;
		flow->i_interface = i % 2;
		flow->interval.packets = number;
		flow->interval.bytes = n - number;
		flow->interval.lost = number % 7;
		flow->interval.gap_ns = number * 3ULL;
		flow->interval.peak_1ms = n - number;
		flow->total.packets = n - number;
		flow->total.lost = number % 5;
		flow->jitter_ns = number;
		flow->verdict = (enum sample_verdict)(number % 4);
	}
	return sample;
}

#endif
