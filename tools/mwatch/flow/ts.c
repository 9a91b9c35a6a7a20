/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ts: continuity of MPEG transport streams (see ts.h).
 *
 * Invariant: lost is never less than lost_before; what comes late takes back from what
 * was counted since then only.
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
#define IS_FRESH    0x40 /* seen since datagrams were known to be missing */

/* Counters that go on, and datagrams, in a row that prove a stream. */
#define N_PROOFS    4
#define N_DATAGRAMS 2

/* After so many datagrams in a row that are none, it is over. */
#define MAX_MISFITS 32

bool ts_is_stream(const uint8_t *bytes, uint32_t n_bytes)
{
	if (n_bytes == 0 || n_bytes % TS_PACKET_SIZE)
		return false;
	for (uint32_t i = 0; i < n_bytes; i += TS_PACKET_SIZE)
		if (bytes[i] != TS_SYNC_BYTE)
			return false;
	return true;
}

/*
 * Counters
 */

static void move_to_table(struct ts *ts, uint8_t *table)
{
	for (uint16_t i = 0; i < ts->n_pids; i++)
		table[ts->pids[i]] = ts->counters[i];
	ts->table = table;
}

/* Of a PID that is not in the list yet. NULL: there are too many. */
static uint8_t *add_counter(struct ts *ts, struct ts_pool *pool, uint16_t pid)
{
	uint8_t *table;

	if (ts->n_pids < TS_N_PIDS) {
		ts->pids[ts->n_pids] = pid;
		ts->counters[ts->n_pids] = 0;
		return &ts->counters[ts->n_pids++];
	}
	table = pool ? ts_pool_take(pool) : NULL;
	if (!table) {
		ts->is_overflown = true;
		return NULL;
	}
	move_to_table(ts, table);
	return &table[pid];
}

/* NULL: it is not followed. */
static uint8_t *find_counter(struct ts *ts, uint16_t pid)
{
	if (ts->table)
		return &ts->table[pid];
	for (uint16_t i = 0; i < ts->n_pids; i++)
		if (ts->pids[i] == pid)
			return &ts->counters[i];
	return NULL;
}

static uint8_t *get_counter(struct ts *ts, struct ts_pool *pool, uint16_t pid)
{
	uint8_t *counter = find_counter(ts, pid);

	return counter ? counter : add_counter(ts, pool, pid);
}

static uint16_t get_pid(const uint8_t *packet)
{
	return (uint16_t)((packet[1] & PID_HIGH) << 8 | packet[2]);
}

static bool has_discontinuity(const uint8_t *packet)
{
	return packet[3] & HAS_ADAPTATION && packet[4] > 0 && packet[5] & DISCONTINUITY;
}

static bool is_counted(const uint8_t *packet)
{
	return !(packet[1] & TRANSPORT_ERROR) && get_pid(packet) != NULL_PID;
}

static bool has_counted_payload(const uint8_t *packet)
{
	return is_counted(packet) && packet[3] & HAS_PAYLOAD;
}

static struct ts_step *find_step(struct ts_step *steps, uint8_t n, uint16_t pid)
{
	for (uint8_t i = 0; i < n; i++)
		if (steps[i].pid == pid)
			return &steps[i];
	return NULL;
}

/* Remembers what the last datagram did. */
static void note_step(struct ts *ts, uint16_t pid, uint8_t before, uint8_t value,
		      uint8_t lost)
{
	struct ts_step *step;

	if (ts->n_steps > TS_N_STEPS)
		return;
	step = find_step(ts->steps, ts->n_steps, pid);
	if (step)
		step->lost = (uint8_t)(step->lost + lost);
	else if (ts->n_steps < TS_N_STEPS)
		ts->steps[ts->n_steps++] = (struct ts_step){ pid, before, value, lost };
	else
		ts->n_steps = TS_N_STEPS + 1;
}

static void count_payload(struct ts *ts, uint8_t *counter, uint16_t pid, uint8_t value)
{
	uint8_t n_ahead = (value - *counter) & COUNTER, before = *counter, lost = 0;

	if (before & IS_KNOWN && n_ahead == 0 && !(before & IS_REPEATED)) {
		*counter |= IS_REPEATED;
		return;
	}
	if (before & IS_KNOWN) {
		lost = (n_ahead - 1) & COUNTER;
		ts->n_proofs = lost ? 0 : ts->n_proofs + (ts->n_proofs < N_PROOFS);
	}
	ts->lost += lost;
	*counter = IS_KNOWN | IS_FRESH | value;
	note_step(ts, pid, before, value, lost);
}

static void count_packet(struct ts *ts, struct ts_pool *pool, const uint8_t *packet)
{
	uint16_t pid = get_pid(packet);
	uint8_t *counter;

	if (!is_counted(packet))
		return;
	counter = get_counter(ts, pool, pid);
	if (!counter)
		return;
	if (has_discontinuity(packet))
		*counter = 0;
	if (packet[3] & HAS_PAYLOAD)
		count_payload(ts, counter, pid, packet[3] & COUNTER);
}

/*
 * One datagram that comes late, by its counters alone: it goes on from what was before
 * the last datagram, for each of its PIDs, and fills what is missing there.
 */

/* The steps that a datagram would make from there on; false: it does not go on. */
static bool follow(struct ts *ts, const uint8_t *bytes, uint32_t n_bytes,
		   struct ts_step *steps, uint8_t *n_steps)
{
	for (uint32_t i = 0; i < n_bytes; i += TS_PACKET_SIZE) {
		const uint8_t *packet = bytes + i;
		uint16_t pid = get_pid(packet);
		uint8_t *counter = find_counter(ts, pid);
		struct ts_step *step = find_step(steps, *n_steps, pid);

		if (!has_counted_payload(packet))
			continue;
		if (!step && (!counter || *n_steps == TS_N_STEPS))
			return false;
		if (!step) {
			step = &steps[(*n_steps)++];
			*step = (struct ts_step){ .pid = pid, .before = *counter };
		}
		if (has_discontinuity(packet) || !(step->before & IS_KNOWN) ||
		    ((packet[3] - step->before) & COUNTER) != 1)
			return false;
		step->before = IS_KNOWN | (packet[3] & COUNTER);
	}
	return true;
}

/* Is what the last datagram has lost there now, and no more? */
static bool is_filled(const struct ts *ts, const struct ts_step *steps)
{
	uint32_t lost = 0;

	for (uint8_t i = 0; i < ts->n_steps; i++) {
		const struct ts_step *step = &ts->steps[i];
		uint8_t n_left = (step->first - steps[i].before - 1) & COUNTER;

		if (step->before & IS_KNOWN && n_left)
			return false;
		lost += step->lost;
	}
	return lost > 0;
}

/* True: it came late, and is counted. */
static bool fill_gap(struct ts *ts, const uint8_t *bytes, uint32_t n_bytes)
{
	struct ts_step steps[TS_N_STEPS];
	uint8_t n_plain = 0, n_steps = ts->n_steps;

	if (n_steps > TS_N_STEPS || follow(ts, bytes, n_bytes, steps, &n_plain))
		return false;
	memcpy(steps, ts->steps, sizeof(steps));
	if (!follow(ts, bytes, n_bytes, steps, &n_steps) || !is_filled(ts, steps))
		return false;
	for (uint8_t i = 0; i < ts->n_steps; i++)
		ts->lost -= ts->steps[i].lost;
	/* What the last datagram had nothing of. */
	for (uint8_t i = ts->n_steps; i < n_steps; i++)
		*find_counter(ts, steps[i].pid) = steps[i].before | IS_FRESH;
	ts->n_steps = 0;
	return true;
}

static bool has_lost_now(const struct ts *ts)
{
	for (uint8_t i = 0; i < ts->n_steps && i < TS_N_STEPS; i++)
		if (ts->steps[i].lost)
			return true;
	return false;
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

static void look_for_proof(struct ts *ts)
{
	ts->n_misfits = 0;
	ts->n_datagrams += ts->n_datagrams < N_DATAGRAMS;
	ts->is_proven |= ts->n_datagrams == N_DATAGRAMS && ts->n_proofs == N_PROOFS;
}

void ts_count(struct ts *ts, struct ts_pool *pool, const uint8_t *bytes, uint32_t n_bytes)
{
	uint64_t print = take_print(bytes, n_bytes);

	/* The network duplicates datagrams: their counters would seem to go back. */
	if (print && print == ts->print) {
		ts->duplicates++;
		return;
	}
	ts->print = print;
	ts->packets += n_bytes / TS_PACKET_SIZE;
	if (has_lost_now(ts) && fill_gap(ts, bytes, n_bytes))
		return;
	ts->n_steps = 0;
	for (uint32_t i = 0; i < n_bytes; i += TS_PACKET_SIZE)
		count_packet(ts, pool, bytes + i);
	look_for_proof(ts);
}

/* A PID that was not seen since the gap has lost nothing yet: it goes on. */
static void count_late_payload(struct ts *ts, uint8_t *counter, uint8_t value)
{
	bool is_next = ((value - *counter) & COUNTER) == 1;

	if (!(*counter & IS_FRESH) && is_next)
		*counter = IS_KNOWN | value;
	else if (ts->lost > ts->lost_before)
		ts->lost--;
}

void ts_count_late(struct ts *ts, const uint8_t *bytes, uint32_t n_bytes)
{
	ts->packets += n_bytes / TS_PACKET_SIZE;
	for (uint32_t i = 0; i < n_bytes; i += TS_PACKET_SIZE) {
		const uint8_t *packet = bytes + i;
		uint8_t *counter = find_counter(ts, get_pid(packet));

		if (has_counted_payload(packet) && counter && *counter & IS_KNOWN)
			count_late_payload(ts, counter, packet[3] & COUNTER);
	}
}

void ts_expect_gap(struct ts *ts)
{
	for (uint32_t i = 0; ts->table && i < TS_POOL_TABLE; i++)
		ts->table[i] &= (uint8_t)~IS_FRESH;
	for (uint16_t i = 0; i < ts->n_pids; i++)
		ts->counters[i] &= (uint8_t)~IS_FRESH;
}

bool ts_count_misfit(struct ts *ts, struct ts_pool *pool)
{
	if (ts->is_proven && ++ts->n_misfits < MAX_MISFITS)
		return true;
	if (!ts->is_proven)
		ts->lost = ts->lost_before;
	ts_fini(ts, pool);
	*ts = (struct ts){ .packets = ts->packets,
			   .lost = ts->lost,
			   .lost_before = ts->lost,
			   .duplicates = ts->duplicates };
	return false;
}

void ts_forget(struct ts *ts)
{
	if (ts->table)
		memset(ts->table, 0, TS_POOL_TABLE);
	ts->n_pids = ts->n_steps = 0;
}

void ts_fini(struct ts *ts, struct ts_pool *pool)
{
	if (ts->table)
		ts_pool_give(pool, ts->table);
	ts->table = NULL;
}
