/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ts: one packet of an MPEG transport stream (ISO/IEC 13818-1, ITU-T H.222.0 2.4.3).
 *
 * The stream is a fixed pattern, so packet number n is known without those before it.
 * Every 16th packet is a null packet; the others belong to the PIDs 0x100, 0x101 and so
 * on, in turn. Of the packets of a PID every 32nd has an adaptation field with a clock
 * reference, and every 32nd is nothing but an adaptation field: its
 * continuity counter is that of the packet before it. The payload is stuffing.
 */
#ifndef MSEND_TS_H
#define MSEND_TS_H

#include <stdint.h>

#define TS_SIZE     188u
#define TS_STUFFING 0xff

#define TS_FIRST_PID    0x100u
#define TS_NULL_PID     0x1fffu
#define TS_MAX_PIDS     4096u
#define TS_DEFAULT_PIDS 2u

/* Writes the first TS_HEAD_MAX bytes of packet n; the others are TS_STUFFING always.
 * elapsed: ns, for the clock reference. */
#define TS_HEAD_MAX 12u
void ts_encode(uint64_t n, uint32_t n_pids, uint64_t elapsed, uint8_t *at);

#endif
