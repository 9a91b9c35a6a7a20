/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow: what is known of one flow, in two parts: what every packet touches, in three
 * cache lines, and the rest, which few packets need.
 */
#ifndef MWATCH_FLOW_FLOW_H
#define MWATCH_FLOW_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/datagram.h"
#include "jitter.h"
#include "meter.h"
#include "sample.h"
#include "sequence.h"
#include "ts.h"

#define FLOW_LINE 64 /* bytes of a cache line */

/* RTP is proven by so many packets in a row. */
#define FLOW_N_PROOFS 4

struct flow {
	struct datagram_key key;
	uint64_t packets, bytes;
	uint64_t seen; /* the number of its last packet among those of all flows */

	struct meter meter;
	struct jitter jitter;

	struct sequence sequence;
	uint32_t ssrc;     /* of RTP, proven or not */
	uint8_t kind;      /* enum sample_sequence, but SAMPLE_TS */
	uint8_t n_proofs;  /* unproven: signs of RTP in a row; proven: misfits in a row */
	uint8_t clock : 7; /* enum flow_clock */
	uint8_t is_ts : 1; /* there may be a TS: rest.ts tells */
} __attribute__((aligned(FLOW_LINE)));

_Static_assert(sizeof(struct flow) == 3 * FLOW_LINE, "three cache lines");

/* How far the jitter has come. */
enum flow_clock {
	FLOW_NO_CLOCK, /* no time of the sender, or gap, to compare with */
	FLOW_STARTED,  /* one */
	FLOW_RUNNING,  /* there is a jitter */
};

struct flow_rest {
	uint64_t id;
	uint64_t first_ns;
	struct sequence_log log;
	uint32_t new_ssrc; /* of the RTP stream to which the sequence is jumping */
	uint16_t proofs[FLOW_N_PROOFS]; /* the numbers that look like RTP's */
	struct sample_counts total;     /* until the last interval */
	uint32_t buckets[SAMPLE_N_BUCKETS];
	struct ts ts;
};

#endif
