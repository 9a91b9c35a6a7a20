/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ts: packets of an MPEG transport stream (see ts.h; H.222.0 2.4.3.2 to 2.4.3.5).
 *
 * Invariant: the continuity counter of a PID grows by one with each packet that has a
 * payload, and with no other.
 */
#include "ts.h"

#include <string.h>

#include "bytes.h"

#define NULL_PERIOD 16u

/* Places in the row of a PID's packets. */
#define FIELD_PERIOD 32u
#define FIELD_PCR    7u  /* adaptation field and payload */
#define FIELD_ONLY   20u /* adaptation field alone */

#define SYNC_BYTE 0x47

enum {
	CONTROL_PAYLOAD = 0x10,
	CONTROL_FIELD = 0x20,
};

#define FLAG_PCR    0x10
#define PCR_SIZE    6u
#define PCR_CLOCK   90000u
#define NSEC_PER_MS 1000000u

/* A null packet's counter may be anything (H.222.0 2.4.3.3). */
static uint8_t *put_head(uint8_t *at, uint32_t pid, unsigned int control,
			 uint64_t counter)
{
	at = bytes_put_8(at, SYNC_BYTE);
	at = bytes_put_16(at, (uint16_t)pid);
	return bytes_put_8(at, (uint8_t)(control | (counter & 0xf)));
}

/* 33 bits at 90 kHz, 6 reserved ones, and 9 bits of 27 MHz, which stay 0. */
static uint8_t *put_pcr(uint8_t *at, uint64_t elapsed)
{
	uint64_t base = elapsed / NSEC_PER_MS * (PCR_CLOCK / 1000);

	at = bytes_put_32(at, (uint32_t)(base >> 1));
	return bytes_put_16(at, (uint16_t)((base & 1) << 15 | 0x7e00));
}

void ts_encode(uint64_t n, uint32_t n_pids, uint64_t elapsed, uint8_t *at)
{
	uint64_t i = n - n / NULL_PERIOD; /* without the null packets */
	uint32_t pid = TS_FIRST_PID + (uint32_t)(i % n_pids);
	uint64_t row = i / n_pids; /* of the packets of this PID */
	uint64_t n_without = (row + FIELD_PERIOD - 1 - FIELD_ONLY) /
			     FIELD_PERIOD; /* before it */
	uint64_t counter = row - n_without;

	memset(at, TS_STUFFING, TS_HEAD_MAX);
	if (n % NULL_PERIOD == NULL_PERIOD - 1) {
		put_head(at, TS_NULL_PID, CONTROL_PAYLOAD, 0);
	} else if (row % FIELD_PERIOD == FIELD_ONLY) {
		at = put_head(at, pid, CONTROL_FIELD, counter - 1);
		at = bytes_put_8(at, TS_SIZE - 5);
		bytes_put_8(at, 0); /* no flags */
	} else if (row % FIELD_PERIOD == FIELD_PCR) {
		at = put_head(at, pid, CONTROL_FIELD | CONTROL_PAYLOAD, counter);
		at = bytes_put_8(at, 1 + PCR_SIZE);
		at = bytes_put_8(at, FLAG_PCR);
		put_pcr(at, elapsed);
	} else {
		put_head(at, pid, CONTROL_PAYLOAD, counter);
	}
}
