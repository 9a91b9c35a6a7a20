/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A flow table for tests: datagrams are put into it one by one, and a sample is taken.
 */
#ifndef FLOW_RIG_H
#define FLOW_RIG_H

#include <stdlib.h>
#include <string.h>

#include "flow/flow-table.h"
#include "tap.h"

#define RIG_START UINT64_C(1700000000000000000)
#define RIG_MSEC  UINT64_C(1000000)
#define RIG_MAX   16 /* flows, if nothing else is said */

struct rig {
	struct flow_table *table;
	struct sample sample;
	uint64_t now_ns;
};

static inline void rig_init(struct rig *rig, const struct flow_settings *settings)
{
	struct flow_settings own = *settings;

	own.n_interfaces = own.n_interfaces ? own.n_interfaces : 1;
	own.max = own.max ? own.max : RIG_MAX;
	*rig = (struct rig){ .now_ns = RIG_START };
	if (flow_table_new(&rig->table, &own) < 0)
		tap_bail_out("no flow table");
	rig->sample.max_flows = flow_table_get_max(rig->table);
	rig->sample.flows = calloc(rig->sample.max_flows, sizeof(*rig->sample.flows));
	rig->sample.n_interfaces = own.n_interfaces;
	rig->sample.interfaces = calloc(own.n_interfaces,
					sizeof(*rig->sample.interfaces));
	if (!rig->sample.flows || !rig->sample.interfaces)
		tap_bail_out("no memory");
}

static inline void rig_fini(struct rig *rig)
{
	sample_fini(&rig->sample);
	flow_table_free(rig->table);
}

/* To 232.1.1.1:5000. */
static inline struct datagram rig_make(const struct rig *rig, uint32_t source,
				       const uint8_t *payload, uint32_t n)
{
	struct datagram datagram = { .key.group = { 232, 1, 1, 1 },
				     .key.port = 5000,
				     .payload = payload,
				     .n_payload = n,
				     .length = n,
				     .when_ns = rig->now_ns,
				     .ttl = 1 };

	for (int i = 0; i < 4; i++)
		datagram.key.source[i] = (uint8_t)(source >> (24 - 8 * i));
	return datagram;
}

/* From 10.0.0.1, in memory of just that size, so that a look behind the end is seen. */
static inline void rig_put(struct rig *rig, const uint8_t *payload, uint32_t n)
{
	uint8_t *exact = calloc(1, n ? n : 1);
	struct datagram datagram = rig_make(rig, 0x0a000001, exact, n);

	if (!exact)
		tap_bail_out("no memory");
	if (n)
		memcpy(exact, payload, n);
	flow_table_count(rig->table, &datagram, 1);
	free(exact);
}

static inline const struct sample_flow *rig_take(struct rig *rig)
{
	flow_table_take(rig->table, &rig->sample);
	if (rig->sample.n_flows == 0)
		tap_bail_out("no flow");
	return &rig->sample.flows[0];
}

#endif
