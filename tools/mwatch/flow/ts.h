/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ts: MPEG transport streams (ISO/IEC 13818-1): packets of 188 bytes, and the continuity
 * counters of their PIDs (2.4.3.3), which tell what is missing, modulo 16.
 *
 * Bytes may look so by chance: it is one when the counters of a few packets went on, in
 * datagrams that are nothing but TS packets, one after the other.
 */
#ifndef MWATCH_FLOW_TS_H
#define MWATCH_FLOW_TS_H

#include <stdbool.h>
#include <stdint.h>

#include "ts-pool.h"

#define TS_PACKET_SIZE 188
#define TS_SYNC_BYTE   0x47

/* A stream has so many PIDs without a table of the pool. */
#define TS_N_PIDS 64

/* PIDs of one datagram by which one that comes late is known. */
#define TS_N_STEPS 8

/* What a datagram did to the counter of a PID. */
struct ts_step {
	uint16_t pid;
	uint8_t before; /* the counter, with its flags */
	uint8_t first;  /* the first one in the datagram */
	uint8_t lost;
};

/* Zeros: nothing seen yet. */
struct ts {
	uint64_t packets; /* TS packets */
	uint64_t lost;
	uint64_t lost_before; /* until what may be a stream began */
	uint64_t duplicates;  /* datagrams that were the same as the one before */
	uint64_t print;       /* of the last datagram */
	uint8_t *table; /* of the pool; the counters of all PIDs. NULL: those below */
	uint16_t n_pids;
	uint16_t pids[TS_N_PIDS];
	uint8_t counters[TS_N_PIDS];      /* the last one, and flags */
	struct ts_step steps[TS_N_STEPS]; /* of the last datagram */
	uint8_t n_steps;                  /* more than there is room for: unknown */
	uint8_t n_proofs, n_misfits, n_datagrams; /* in a row */
	bool is_proven;
	bool is_overflown; /* more PIDs than can be followed */
};

/* Is it nothing but TS packets? */
bool ts_is_stream(const uint8_t *bytes, uint32_t n_bytes);

/* Counts a datagram for which ts_is_stream() is true. */
void ts_count(struct ts *ts, struct ts_pool *pool, const uint8_t *bytes,
	      uint32_t n_bytes);

/* The same for one that is known to come late: it is not lost after all. */
void ts_count_late(struct ts *ts, const uint8_t *bytes, uint32_t n_bytes);

/* Datagrams are known to be missing before the next one. */
void ts_expect_gap(struct ts *ts);

/* A datagram that is no TS came. False: then the flow is none either. */
bool ts_count_misfit(struct ts *ts, struct ts_pool *pool);

/* A datagram could not be read: what follows is not compared with what was before. */
void ts_forget(struct ts *ts);

/* Gives a table back. */
void ts_fini(struct ts *ts, struct ts_pool *pool);

#endif
