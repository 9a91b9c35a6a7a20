/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sequence: numbers of packets (see sequence.h).
 *
 * Invariant: a number among the last depth ones whose bit is clear has been counted as
 * lost, so that taking it back never makes lost negative; bits of numbers before these
 * tell what came late from before the first one.
 */
#include "sequence.h"

#include <string.h>

/* RFC 3550 A.1, for 16 bits; longer numbers allow for more, up to those of 32 bits. */
#define MAX_DROPOUT      3000
#define MAX_DROPOUT_BITS 32

/* A byte comes round too soon for these: what is not near is a restart. */
#define MAX_AHEAD_8  32
#define MAX_BEHIND_8 64

/* In a flow where a jump has led back to an old place, a long gap so soon behind
 * another jump is a jump too. */
#define LONG_RUN 4096

/* Where one packet holds many numbers, so many of them are a few packets. */
#define MAX_NEAR_WIDE 2048

#define NO_PAST SEQUENCE_N_PASTS

static uint64_t get_smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void sequence_space_init(struct sequence_space *space, unsigned int n_bits, bool is_wide)
{
	unsigned int n_more = n_bits < MAX_DROPOUT_BITS ? n_bits : MAX_DROPOUT_BITS;
	bool is_byte = n_bits == 8;
	uint64_t max_near = SEQUENCE_WINDOW;

	space->mask = UINT64_MAX >> (64 - n_bits);
	space->n_window = SEQUENCE_WINDOW;
	if (is_wide && !is_byte) {
		space->n_window = SEQUENCE_WIDE_WINDOW;
		max_near = MAX_NEAR_WIDE;
	}
	space->max_ahead = is_byte ? MAX_AHEAD_8 : (uint64_t)MAX_DROPOUT << (n_more - 16);
	space->max_behind = is_byte ? MAX_BEHIND_8 : space->n_window;
	space->max_near = get_smaller(max_near, space->max_ahead);
	space->max_return = is_byte ? MAX_AHEAD_8 : space->n_window;
}

static bool is_wide(const struct sequence_space *space)
{
	return space->n_window > SEQUENCE_WINDOW;
}

/* The bits; both lengths are powers of two. */
static inline uint64_t *get_bits(struct sequence *sequence, struct sequence_log *log,
				 const struct sequence_space *space)
{
	return __builtin_expect(is_wide(space), 0) ? log->wide : sequence->seen;
}

static inline void mark(uint64_t *bits, const struct sequence_space *space,
			uint64_t number)
{
	bits[number % space->n_window / 64] |= UINT64_C(1) << number % 64;
}

static inline bool is_marked(const uint64_t *bits, const struct sequence_space *space,
			     uint64_t number)
{
	return bits[number % space->n_window / 64] >> number % 64 & 1;
}

/* Word by word. */
static void mark_run(uint64_t *bits, const struct sequence_space *space, uint64_t number,
		     uint64_t n, bool is_seen)
{
	n = get_smaller(n, space->n_window);
	while (n > 0) {
		uint64_t *word = &bits[number % space->n_window / 64];
		uint64_t n_here = get_smaller(n, 64 - number % 64);
		uint64_t mask = UINT64_MAX;

		if (n_here < 64)
			mask = ((UINT64_C(1) << n_here) - 1) << number % 64;
		*word = is_seen ? *word | mask : *word & ~mask;
		number += n_here;
		n -= n_here;
	}
}

/* Over n_missing numbers, then n that were seen. */
static enum sequence_step advance(struct sequence *sequence, struct sequence_log *log,
				  const struct sequence_space *space, uint64_t n_missing,
				  uint64_t n)
{
	uint64_t *bits = get_bits(sequence, log, space);
	uint64_t depth = get_smaller(n, space->n_window) + sequence->depth;

	/* The log is elsewhere in memory. */
	if (n_missing) {
		mark_run(bits, space, sequence->next, n_missing, false);
		log->lost += n_missing;
		depth += get_smaller(n_missing, space->n_window);
	}
	if (n == 1)
		mark(bits, space, sequence->next + n_missing);
	else
		mark_run(bits, space, sequence->next + n_missing, n, true);
	sequence->next = (sequence->next + n_missing + n) & space->mask;
	sequence->depth = (uint16_t)get_smaller(depth, space->max_behind);
	return n_missing ? SEQUENCE_OVER : SEQUENCE_ON;
}

static void begin(struct sequence *sequence, struct sequence_log *log,
		  const struct sequence_space *space, uint64_t number, uint64_t n)
{
	*sequence = (struct sequence){ .next = number, .is_started = true };
	if (is_wide(space))
		memset(log->wide, 0, SEQUENCE_WIDE_WINDOW / 8);
	log->is_known = true;
	log->landed = number;
	advance(sequence, log, space, 0, n);
}

/* One of those that are missing has come; if it is of a long gap, that has lost less. */
static void take_back(struct sequence_log *log, const struct sequence_space *space,
		      uint64_t number)
{
	log->lost--;
	log->reordered++;
	for (unsigned int i = 0; i < log->n_pasts; i++) {
		struct sequence_past *past = &log->pasts[i];

		if (past->n_lost > 0 &&
		    ((number - past->from) & space->mask) < past->n_gap) {
			past->n_lost--;
			return;
		}
	}
}

/* One number that is behind by so many.  What was sent before the first one that was
 * seen is late, and nothing between is lost. */
static enum sequence_step look_back(struct sequence *sequence, struct sequence_log *log,
				    const struct sequence_space *space, uint64_t n_behind)
{
	uint64_t *bits = get_bits(sequence, log, space);
	uint64_t number = (sequence->next - n_behind) & space->mask;
	enum sequence_step step = SEQUENCE_BACK;

	if (is_marked(bits, space, number)) {
		log->duplicates++;
	} else if (n_behind > sequence->depth) {
		log->reordered++;
	} else {
		take_back(log, space, number);
		step = SEQUENCE_LATE;
	}
	mark(bits, space, number);
	return step;
}

static enum sequence_step go_back(struct sequence *sequence, struct sequence_log *log,
				  const struct sequence_space *space, uint64_t n_behind,
				  uint64_t n)
{
	enum sequence_step step = SEQUENCE_BACK;

	while (n && n_behind) {
		step = look_back(sequence, log, space, n_behind--);
		n--;
	}
	return n ? advance(sequence, log, space, 0, n) : step;
}

/*
 * Jumps
 */

/* The place near the number where the sequence was before; NO_PAST. */
static unsigned int find_past(const struct sequence_log *log,
			      const struct sequence_space *space, uint64_t number)
{
	for (unsigned int i = 0; i < log->n_pasts; i++) {
		uint64_t next = log->pasts[i].next;

		if (((number - next) & space->mask) < space->max_return ||
		    ((next - number) & space->mask) <= space->max_return)
			return i;
	}
	return NO_PAST;
}

/* Without the place there, which is left for a newer one, or the oldest. */
static void push_past(struct sequence_log *log, unsigned int i_left, uint64_t next,
		      uint64_t n_gap)
{
	if (i_left == NO_PAST) {
		log->n_pasts += log->n_pasts < SEQUENCE_N_PASTS;
		i_left = log->n_pasts - 1;
	}
	memmove(&log->pasts[1], &log->pasts[0], i_left * sizeof(log->pasts[0]));
	log->pasts[0] = (struct sequence_past){ next, next, n_gap, n_gap };
}

/* Back to a place: the gaps since then led to other senders, and are none. */
static void undo_gaps(struct sequence_log *log, unsigned int i_past)
{
	for (unsigned int i = 0; i <= i_past; i++) {
		log->lost -= log->pasts[i].n_lost;
		log->pasts[i].n_lost = 0;
	}
	log->has_returned = true;
}

/* Is what lies between a loss? */
static bool is_gap(const struct sequence *sequence, const struct sequence_log *log,
		   const struct sequence_space *space)
{
	uint64_t n_missing = (log->jump - sequence->next) & space->mask;
	uint64_t n_run = (sequence->next - log->landed) & space->mask;

	return !sequence->is_jump_other && n_missing < space->max_ahead &&
	       !(log->has_returned && n_run < LONG_RUN);
}

/* The jump is believed. */
static enum sequence_step land(struct sequence *sequence, struct sequence_log *log,
			       const struct sequence_space *space)
{
	unsigned int i_past = find_past(log, space, log->jump);
	uint64_t next = sequence->next, n_missing = (log->jump - next) & space->mask;

	sequence->is_jumping = false;
	log->duplicates += log->n_again * log->n_jump;
	if (i_past == NO_PAST && is_gap(sequence, log, space)) {
		push_past(log, NO_PAST, next, n_missing);
		log->landed = log->jump;
		advance(sequence, log, space, n_missing, log->n_jump);
		return SEQUENCE_GAP;
	}
	if (i_past != NO_PAST)
		undo_gaps(log, i_past);
	push_past(log, i_past, next, 0);
	begin(sequence, log, space, log->jump, log->n_jump);
	log->restarts++;
	return SEQUENCE_RESTART;
}

/* Is it right before or behind the jump?  The same number again is not: a packet
 * that strayed may have been duplicated. */
static bool is_confirmed(const struct sequence_log *log,
			 const struct sequence_space *space, uint64_t number)
{
	uint64_t n_near = SEQUENCE_NEAR * (log->n_jump ? log->n_jump : 1);
	uint64_t n_ahead = (number - log->jump - log->n_jump) & space->mask;
	uint64_t n_behind = (log->jump - number) & space->mask;

	n_near = get_smaller(n_near, space->max_return);
	return n_ahead < n_near || (n_behind > 0 && n_behind <= n_near);
}

static enum sequence_step jump(struct sequence *sequence, struct sequence_log *log,
			       const struct sequence_space *space, uint64_t number,
			       uint64_t n, bool is_other)
{
	unsigned int i_past = find_past(log, space, number);

	log->n_again = sequence->is_jumping && number == log->jump ? log->n_again + 1 : 0;
	sequence->is_jumping = true;
	sequence->is_jump_other = is_other;
	log->jump = number;
	log->n_jump = n;
	/* That sender goes on meanwhile. */
	if (i_past != NO_PAST)
		log->pasts[i_past].next = (number + n) & space->mask;
	return SEQUENCE_JUMP;
}

/* The sequence is where the jump went: what does the number say there? */
static enum sequence_step confirm(struct sequence *sequence, struct sequence_log *log,
				  const struct sequence_space *space, uint64_t number,
				  uint64_t n)
{
	enum sequence_step step = land(sequence, log, space);

	sequence_count(sequence, log, space, number, n);
	return step;
}

enum sequence_step sequence_count(struct sequence *sequence, struct sequence_log *log,
				  const struct sequence_space *space, uint64_t number,
				  uint64_t n)
{
	uint64_t n_missing = (number - sequence->next) & space->mask;
	uint64_t n_behind = (sequence->next - number) & space->mask;

	if (!sequence->is_started) {
		begin(sequence, log, space, number, n);
		return SEQUENCE_ON;
	}
	if (n_missing < space->max_near) {
		sequence->is_jumping = false;
		return advance(sequence, log, space, n_missing, n);
	}
	/* A late packet says nothing about the jump. */
	if (n_behind <= space->max_behind)
		return go_back(sequence, log, space, n_behind, n);
	if (sequence->is_jumping && is_confirmed(log, space, number))
		return confirm(sequence, log, space, number, n);
	return jump(sequence, log, space, number, n, false);
}

enum sequence_step sequence_count_other(struct sequence *sequence,
					struct sequence_log *log,
					const struct sequence_space *space,
					uint64_t number)
{
	if (!sequence->is_jumping || !is_confirmed(log, space, number))
		return jump(sequence, log, space, number, 1, true);
	sequence->is_jump_other = true;
	return confirm(sequence, log, space, number, 1);
}

bool sequence_has(const struct sequence *sequence, const struct sequence_log *log,
		  const struct sequence_space *space, uint64_t number)
{
	uint64_t n_behind = (sequence->next - number) & space->mask;
	const uint64_t *bits = is_wide(space) ? log->wide : sequence->seen;

	return n_behind > 0 && n_behind <= space->max_behind &&
	       is_marked(bits, space, number);
}

void sequence_forget(struct sequence *sequence, struct sequence_log *log)
{
	log->restarts += sequence->is_started;
	log->n_pasts = 0;
	log->has_returned = false;
	*sequence = (struct sequence){ 0 };
}

void sequence_skip(struct sequence *sequence)
{
	*sequence = (struct sequence){ 0 };
}
