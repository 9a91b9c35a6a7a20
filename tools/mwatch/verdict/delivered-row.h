/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delivered-row: one group and port on one interface, with its probe and what was counted
 * on either side of it.
 *
 * Wire and sockets are not read at one instant, nor do their counts begin at one when
 * packets are flowing already.  What that may make out is kept beside them: a difference
 * below it says nothing, and the least difference that was ever seen, as far as
 * it is below it, is taken for the beginning's and left out.
 */
#ifndef MWATCH_VERDICT_DELIVERED_ROW_H
#define MWATCH_VERDICT_DELIVERED_ROW_H

#include <stdbool.h>

#include "probe.h"
#include "queues.h"
#include "sample.h"

/* Each one is a socket. */
#define DELIVERED_ROWS_MAX 1024

struct delivered_key {
	uint32_t i_interface; /* where it is seen */
	struct place place;   /* where it is received */
	uint16_t port;
};

/* What one interval brought. */
struct delivered_interval {
	uint64_t wire;   /* packets of flows that the host admits */
	uint64_t burst;  /* most of them in 100 ms */
	int64_t socket;  /* -1: no probe */
	bool is_joined;  /* the host is a member */
	bool is_older;   /* some of them may have come before the probe was there */
	bool is_unknown; /* it cannot be told what should come */
	bool is_wanted;  /* the viewpoint accepts one of the flows */
};

struct delivered_row {
	struct delivered_key key;
	struct probe probe;
	uint64_t made_ns; /* since the epoch */
	bool is_shown;    /* a flow was accepted */
	bool is_begun;    /* both sides count */
	bool has_left;    /* they did before: the group was left, or its filter unknown */
	bool is_unknown;  /* what should come, at present */
	bool has_outgoing; /* this host sends to the group itself */
	uint64_t wire, socket, queue_drops;
	uint64_t under_way, burst; /* of the beginning, and now */
	bool has_skew;
	int64_t skew;  /* of the beginning: more on the wire than at the sockets */
	uint64_t came; /* as it is shown: never less than before, nor more than wire */
	struct delivered_interval interval;
};

struct delivered_rows {
	struct delivered_row *rows; /* the first n_sorted ascending by key; owned */
	uint32_t n_rows, n_sorted;
	bool is_full; /* rows were left out */
};

void delivered_rows_fini(struct delivered_rows *rows);

struct delivered_row *delivered_rows_find(const struct delivered_rows *rows,
					  const struct delivered_key *key);

/* Adds one with its probe, behind the sorted ones, if it is not there. *ret_new: the row,
 * as long as it is new; else NULL. -ENOMEM. */
int delivered_rows_add(struct delivered_rows *rows, const struct delivered_key *key,
		       struct delivered_row **ret_new);

/* So that they are found. */
void delivered_rows_sort(struct delivered_rows *rows);

/* Adds the interval to the row, and begins another one. */
void delivered_row_close(struct delivered_row *row);

/* All but the counters of the namespace. */
void delivered_row_show(const struct delivered_row *row, struct sample_delivery *ret);

#endif
