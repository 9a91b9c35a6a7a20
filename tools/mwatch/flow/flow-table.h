/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow-table: a flow for each (interface, direction, VLAN, source, group, port) with all
 * that is measured about it.  It never holds more flows than it was made for: a new one
 * takes the place of the idlest.  Not thread-safe.
 */
#ifndef MWATCH_FLOW_TABLE_H
#define MWATCH_FLOW_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/datagram.h"
#include "endpoint.h"
#include "sample.h"

#define FLOW_TABLE_DEFAULT_MAX 65536
#define FLOW_TABLE_MAX         (1u << 22)

/* Datagrams that flow_table_count() takes best. */
#define FLOW_TABLE_BATCH 32

enum flow_loss {
	FLOW_LOSS_AUTO, /* found out flow by flow */
	FLOW_LOSS_RTP,  /* every flow is RTP */
	FLOW_LOSS_TS,   /* every flow carries TS */
	FLOW_LOSS_MSEND,
	FLOW_LOSS_FIELD, /* by the sequence field */
	FLOW_LOSS_NONE,
};

/* A number in the payload. */
struct flow_field {
	uint32_t offset; /* bytes */
	uint8_t size;    /* 1 to 8 bytes */
	bool is_little_endian;
};

struct flow_settings {
	uint32_t max; /* flows, up to FLOW_TABLE_MAX; 0: default */
	uint32_t n_interfaces;
	enum flow_loss loss;
	struct flow_field sequence;
	bool has_count; /* how many numbers one datagram holds (market data) */
	struct flow_field count;
	const struct endpoint *groups; /* borrowed by flow_table_new(); port 0: any */
	uint32_t n_groups;             /* 0: all groups */
	uint32_t rtp_clock; /* Hz; 0: by payload type (RFC 3551 6), 90000 for others */
};

struct flow_table;

/* All memory is taken here, but for TS with many PIDs (ts-pool.h). -ENOMEM; -EINVAL: max
 * or a field is out of range. */
int flow_table_new(struct flow_table **ret, const struct flow_settings *settings);

/* Frees; NULL is fine. Returns NULL. */
struct flow_table *flow_table_free(struct flow_table *table);

/* Any number of them; best in batches. */
void flow_table_count(struct flow_table *table, const struct datagram *datagrams,
		      unsigned int n);

/* Flows that it can hold: settings.max, or the default. */
uint32_t flow_table_get_max(const struct flow_table *table);

/* Bytes of a payload that are read, for the prefilter, beside TS packets, which are read
 * whole; UINT32_MAX: all. */
uint32_t flow_table_get_payload_size(const struct flow_settings *settings);

/*
 * Closes the interval: fills the flows of the sample, which has room for settings.max,
 * and packets, bytes and evicted of its interfaces, and starts the next one.
 */
void flow_table_take(struct flow_table *table, struct sample *sample);

#endif
