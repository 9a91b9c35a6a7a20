/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * history: what a record tells, as a whole and over time: totals of each flow and
 * interface, and series for those that are plotted.
 *
 * Invariant: what it holds is bounded, however long the record is: HISTORY_MAX_FLOWS
 * flows, and HISTORY_MAX_SLOTS points of a series, each of one interval or of several.
 */
#ifndef MWATCH_HISTORY_H
#define MWATCH_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reading.h"

#define HISTORY_MAX_FLOWS      262144
#define HISTORY_MAX_INTERFACES 1024
#define HISTORY_MAX_SLOTS      360
#define HISTORY_MAX_PLOTS      50

struct history_counts {
	uint64_t packets, bytes;
	uint64_t lost, duplicates, reordered, ts_lost;
};

/* What a flow or an interface did within a slot. */
struct history_point {
	double seconds; /* 0: nothing is known of it then */
	uint64_t packets, bytes;
	uint64_t lost;       /* of an interface: dropped before it was counted */
	uint64_t duplicates; /* and of a flow: */
	uint64_t reordered;
	uint64_t evicted; /* of an interface: */
	uint64_t malformed;
};

/* Some intervals in a row. */
struct history_slot {
	uint64_t begin_ns, end_ns;
};

struct history_flow {
	uint32_t i_interface;
	char *source, *group; /* owned */
	uint16_t port, vlan;
	bool is_outgoing;
	bool has_sequence, has_ts;
	bool is_by_ts; /* lost counts TS packets */
	struct history_counts counts;
	struct history_counts summary; /* zeros: the record has none */
	double seconds;                /* of the intervals in which it was known */
	uint64_t peak_1ms_pps, peak_100ms_pps;
	double jitter_us, max_jitter_us; /* mean by packets; READING_UNKNOWN */
	uint64_t jitter_packets;         /* that the mean is made of */
	double gap_us;                   /* READING_UNKNOWN */
	int64_t ttl_min, ttl_max;        /* READING_UNKNOWN */
	char verdict[16];                /* the last one; "": unknown */
	bool has_changed;                /* there was another one before */
	struct history_point *points;    /* owned; NULL: not plotted */
};

struct history_interface {
	char *name; /* owned */
	uint64_t packets, bytes, kernel_drops, evicted, malformed, orphans;
	struct history_point *points; /* owned */
};

struct history {
	int32_t zone_s;
	uint64_t begin_ns, end_ns;
	uint64_t n_intervals;
	double seconds; /* the usual length of one */
	struct history_interface *interfaces;
	uint32_t n_interfaces;
	struct history_flow **flows; /* most packets first */
	uint32_t n_flows;
	uint64_t n_left_out; /* flows in intervals, for which there was no room */
	struct history_slot slots[HISTORY_MAX_SLOTS];
	uint32_t n_slots;
	uint32_t n_in_slot; /* intervals in each of them */
	void *tree;
	uint64_t last_ns; /* of the line before */
};

/* Reads all of it, twice. -ENODATA: there is no interval, -EINVAL, -ENOMEM, -errno:
 * said. */
int history_read(struct history *history, struct reading *reading);

void history_fini(struct history *history);

/* By the summary, where the record has one that covers more, else what intervals add up
 * to. */
const struct history_counts *history_get_counts(const struct history_flow *flow);

#endif
