/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ts: continuity of MPEG transport streams (see ts.h).
 */
#include "ts.h"

#include <string.h>

/* ISO/IEC 13818-1 2.4.3.2 */
#define TRANSPORT_ERROR 0x80 /* of byte 1 */
#define PID_HIGH        0x1f /* of byte 1 */
#define NULL_PID        0x1fff
#define HAS_ADAPTATION  0x20 /* of byte 3 */
#define HAS_PAYLOAD     0x10
#define COUNTER         0x0f
#define DISCONTINUITY   0x80 /* of byte 5 */

/* Beside the counter of a PID. */
#define IS_KNOWN    0x10
#define IS_REPEATED 0x20 /* came twice already: one duplicate is allowed */

bool ts_is_stream(const uint8_t *bytes, uint32_t n_bytes)
{
	if (n_bytes == 0 || n_bytes % TS_PACKET_SIZE)
		return false;
	for (uint32_t i = 0; i < n_bytes; i += TS_PACKET_SIZE)
		if (bytes[i] != TS_SYNC_BYTE)
			return false;
	return true;
}

/* NULL: there are too many. */
static uint8_t *get_counter(struct ts *ts, uint16_t pid)
{
	uint16_t i = 0;

	while (i < ts->n_pids && ts->pids[i] != pid)
		i++;
	if (i == TS_MAX_PIDS)
		return NULL;
	if (i == ts->n_pids) {
		ts->pids[i] = pid;
		ts->counters[i] = 0;
		ts->n_pids++;
	}
	return &ts->counters[i];
}

static uint16_t get_pid(const uint8_t *packet)
{
	return (uint16_t)((packet[1] & PID_HIGH) << 8 | packet[2]);
}

static bool has_discontinuity(const uint8_t *packet)
{
	return packet[3] & HAS_ADAPTATION && packet[4] > 0 && packet[5] & DISCONTINUITY;
}

static void count_payload(struct ts *ts, uint8_t *counter, uint8_t value)
{
	uint8_t n_ahead = (value - *counter) & COUNTER;

	if (*counter & IS_KNOWN && n_ahead == 0 && !(*counter & IS_REPEATED)) {
		*counter |= IS_REPEATED;
		return;
	}
	if (*counter & IS_KNOWN)
		ts->lost += (n_ahead - 1) & COUNTER;
	*counter = IS_KNOWN | value;
}

static void count_packet(struct ts *ts, const uint8_t *packet)
{
	uint16_t pid = get_pid(packet);
	uint8_t *counter;

	if (packet[1] & TRANSPORT_ERROR || pid == NULL_PID)
		return;
	counter = get_counter(ts, pid);
	if (!counter)
		return;
	if (has_discontinuity(packet))
		*counter = 0;
	if (packet[3] & HAS_PAYLOAD)
		count_payload(ts, counter, packet[3] & COUNTER);
}

/* Of the heads of all packets, which hold the counters and often a clock; 0: they are
 * null packets, which are all the same. */
static uint64_t take_print(const uint8_t *bytes, uint32_t n_bytes)
{
	uint64_t print = 0, words[2];

	for (uint32_t i = 0; i < n_bytes; i += TS_PACKET_SIZE) {
		if (get_pid(bytes + i) == NULL_PID)
			continue;
		memcpy(words, bytes + i, sizeof(words));
		print = (print ^ words[0]) * UINT64_C(0x9e3779b97f4a7c15);
		print = (print ^ print >> 32 ^ words[1]) * UINT64_C(0xc2b2ae3d27d4eb4f);
	}
	return print;
}

void ts_count(struct ts *ts, const uint8_t *bytes, uint32_t n_bytes)
{
	uint64_t print = take_print(bytes, n_bytes);

	/* The network duplicates datagrams: their counters would seem to go back. */
	if (print && print == ts->print) {
		ts->duplicates++;
		return;
	}
	ts->print = print;
	ts->packets += n_bytes / TS_PACKET_SIZE;
	for (uint32_t i = 0; i < n_bytes; i += TS_PACKET_SIZE)
		count_packet(ts, bytes + i);
}

void ts_forget(struct ts *ts)
{
	ts->n_pids = 0;
}
