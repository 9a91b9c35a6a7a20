/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ts: MPEG transport streams (ISO/IEC 13818-1): packets of 188 bytes, and the continuity
 * counters of their PIDs (2.4.3.3), which tell what is missing, modulo 16.
 */
#ifndef MWATCH_FLOW_TS_H
#define MWATCH_FLOW_TS_H

#include <stdbool.h>
#include <stdint.h>

#define TS_PACKET_SIZE 188
#define TS_SYNC_BYTE   0x47

/* PIDs of a flow that are followed; later ones are not. */
#define TS_MAX_PIDS 64

/* Zeros: nothing seen yet. */
struct ts {
	uint64_t packets; /* TS packets */
	uint64_t lost;
	uint64_t duplicates; /* datagrams that were the same as the one before */
	uint64_t print;      /* of the last datagram */
	uint16_t n_pids;
	uint16_t pids[TS_MAX_PIDS];
	uint8_t counters[TS_MAX_PIDS]; /* the last one, and flags */
};

/* Is it nothing but TS packets? */
bool ts_is_stream(const uint8_t *bytes, uint32_t n_bytes);

/* Counts a datagram for which ts_is_stream() is true. */
void ts_count(struct ts *ts, const uint8_t *bytes, uint32_t n_bytes);

/* A datagram could not be read: what follows is not compared with what was before. */
void ts_forget(struct ts *ts);

#endif
