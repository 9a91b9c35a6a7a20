/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delivered-row: one group and port on one interface, with its probe and what was counted
 * on either side of it.
 *
 * The wire is read before the probe, so that of all that was counted on the wire the
 * probe has seen what came to sockets; the ring may lag behind, never the probe.  Only
 * where a row begins it is the other way round: packets that came before the probe
 * counted can be counted on the wire behind it.  How many these may be, at most, is the
 * row's margin: so many may be missing, and nothing is said of them.  It is none where
 * the packets came later than the probe, and none again after a pause.
 */
#ifndef MWATCH_VERDICT_DELIVERED_ROW_H
#define MWATCH_VERDICT_DELIVERED_ROW_H

#include <stdbool.h>

#include "probe.h"
#include "sample.h"

/* Each one may be a socket. */
#define DELIVERED_ROWS_MAX 1024

struct delivered_key {
	uint32_t i_interface; /* where it is seen */
	struct place place;   /* where it is received */
	uint16_t port;
};

/* What one interval brought, of flows that the host admits. */
struct delivered_interval {
	uint64_t wire;
	uint64_t peak_1ms, peak_100ms; /* of all flows together, at most */
	uint64_t first_ns, last_ns;    /* the oldest of their first packets */
	uint64_t socket;
	uint64_t read_ns; /* when the probe was read */
	uint64_t queue_drops;
	uint64_t filter; /* digest of what the host admits at its end; 0: no member */
	bool is_unknown; /* it cannot be told what should come */
	bool is_wanted;  /* the viewpoint accepts one of the flows */
};

struct delivered_row {
	struct delivered_key key;
	struct probe probe;
	bool is_shown;        /* a flow was accepted */
	bool is_begun;        /* both sides count, from from_ns on */
	bool is_unknown;      /* what should come, at present */
	bool has_outgoing;    /* this host sends to the group itself */
	bool has_queue_doubt; /* drops of a queue that other packets reach, too */
	bool was_active;      /* packets came in the last interval */
	uint64_t from_ns;     /* since the epoch */
	uint64_t edge_ns; /* so far the wire is counted; 0: from the ring's beginning */
	uint64_t filter;  /* digest as of the end of the last interval */
	uint64_t wire, socket, queue_drops;
	uint64_t alone; /* on the wire, as long as there was no probe yet */
	uint64_t margin;
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

/* Adds one without a probe, behind the sorted ones, if it is not there. *ret_new: the
 * row, as long as it is not sorted; else NULL. -ENOMEM. */
int delivered_rows_add(struct delivered_rows *rows, const struct delivered_key *key,
		       struct delivered_row **ret_new);

/* So that they are found. */
void delivered_rows_sort(struct delivered_rows *rows);

/* Gives up those for which it is false. */
void delivered_rows_keep(struct delivered_rows *rows,
			 bool (*is_kept)(const struct delivered_key *key, void *data),
			 void *data);

/* Makes the probe, or closes it. */
void delivered_row_open(struct delivered_row *row);
void delivered_row_close(struct delivered_row *row);

/* Counts from the probe's beginning on; what the wire had before is the margin. */
void delivered_row_start(struct delivered_row *row, uint64_t filter);

/* Reads the probe. */
void delivered_row_read(struct delivered_row *row);

/* Did packets come, now or in the last interval? Queues are not read at one time. */
bool delivered_row_is_active(const struct delivered_row *row);

/* Has more than the margin got lost now, which had not before? */
bool delivered_row_is_behind(const struct delivered_row *row);

/* Adds the interval to the row, or leaves it out where it began or changed within
 * it, and begins another one. */
void delivered_row_take(struct delivered_row *row, uint64_t interval_ns);

/* All but the counters of the namespace. */
void delivered_row_show(const struct delivered_row *row, struct sample_delivery *ret);

#endif
