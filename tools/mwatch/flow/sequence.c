/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sequence: numbers of packets (see sequence.h).
 *
 * Invariant: a number among the last depth ones whose bit is clear has been counted as
 * lost, so that taking it back never makes lost negative; bits of numbers before these
 * are clear.
 */
#include "sequence.h"

#include <string.h>

/* RFC 3550 A.1, for 16 bits; longer numbers allow for more, up to those of 32 bits. */
#define MAX_DROPOUT      3000
#define MAX_DROPOUT_BITS 32

/* A byte comes round too soon for these: what is not near is a restart. */
#define MAX_AHEAD_8  32
#define MAX_BEHIND_8 64

void sequence_space_init(struct sequence_space *space, unsigned int n_bits)
{
	unsigned int n_more = n_bits < MAX_DROPOUT_BITS ? n_bits : MAX_DROPOUT_BITS;

	space->mask = UINT64_MAX >> (64 - n_bits);
	if (n_bits == 8) {
		space->max_ahead = MAX_AHEAD_8;
		space->max_behind = MAX_BEHIND_8;
		return;
	}
	space->max_ahead = (uint64_t)MAX_DROPOUT << (n_more - 16);
	space->max_behind = SEQUENCE_WINDOW;
}

static uint64_t *get_word(struct sequence *sequence, uint64_t number)
{
	return &sequence->seen[number % SEQUENCE_WINDOW / 64];
}

static void mark(struct sequence *sequence, uint64_t number)
{
	*get_word(sequence, number) |= UINT64_C(1) << number % 64;
}

static void unmark(struct sequence *sequence, uint64_t number)
{
	*get_word(sequence, number) &= ~(UINT64_C(1) << number % 64);
}

static bool is_marked(const struct sequence *sequence, uint64_t number)
{
	return sequence->seen[number % SEQUENCE_WINDOW / 64] >> number % 64 & 1;
}

static void mark_run(struct sequence *sequence, uint64_t number, uint64_t n, bool is_seen)
{
	if (n >= SEQUENCE_WINDOW) {
		memset(sequence->seen, is_seen ? 0xff : 0, sizeof(sequence->seen));
		return;
	}
	for (uint64_t i = 0; i < n; i++)
		if (is_seen)
			mark(sequence, number + i);
		else
			unmark(sequence, number + i);
}

/* Over n_missing numbers, then n that were seen. */
static void advance(struct sequence *sequence, struct sequence_log *log,
		    const struct sequence_space *space, uint64_t n_missing, uint64_t n)
{
	uint64_t depth = sequence->depth + n_missing + n;

	/* The log is elsewhere in memory. */
	if (n_missing) {
		mark_run(sequence, sequence->next, n_missing, false);
		log->lost += n_missing;
	}
	mark_run(sequence, sequence->next + n_missing, n, true);
	sequence->next = (sequence->next + n_missing + n) & space->mask;
	sequence->depth = depth < space->max_behind ? depth : space->max_behind;
}

static void begin(struct sequence *sequence, struct sequence_log *log,
		  const struct sequence_space *space, uint64_t number, uint64_t n)
{
	*sequence = (struct sequence){ .next = number, .is_started = true };
	advance(sequence, log, space, 0, n);
}

/* One number that is behind by so many. */
static void look_back(struct sequence *sequence, struct sequence_log *log,
		      uint64_t n_behind)
{
	uint64_t number = sequence->next - n_behind;

	if (n_behind > sequence->depth) {
		/* Before the first one: what is between them is missing now. */
		log->lost += n_behind - sequence->depth - 1;
		sequence->depth = n_behind;
	} else if (is_marked(sequence, number)) {
		log->duplicates++;
		return;
	} else {
		log->lost--;
	}
	log->reordered++;
	mark(sequence, number);
}

static enum sequence_step go_back(struct sequence *sequence, struct sequence_log *log,
				  const struct sequence_space *space, uint64_t n_behind,
				  uint64_t n)
{
	while (n && n_behind) {
		look_back(sequence, log, n_behind--);
		n--;
	}
	if (!n)
		return SEQUENCE_BACK;
	advance(sequence, log, space, 0, n);
	return SEQUENCE_ON;
}

static enum sequence_step jump(struct sequence *sequence, struct sequence_log *log,
			       const struct sequence_space *space, uint64_t number,
			       uint64_t n)
{
	uint64_t n_missing = (number - log->jump - log->n_jump) & space->mask;

	if (sequence->is_jumping && n_missing < SEQUENCE_NEAR) {
		begin(sequence, log, space, log->jump, log->n_jump);
		advance(sequence, log, space, n_missing, n);
		log->restarts++;
		return SEQUENCE_RESTART;
	}
	sequence->is_jumping = true;
	log->jump = number;
	log->n_jump = n;
	return SEQUENCE_JUMP;
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
	if (n_missing < space->max_ahead) {
		sequence->is_jumping = false;
		advance(sequence, log, space, n_missing, n);
		return SEQUENCE_ON;
	}
	if (n_behind <= space->max_behind) {
		sequence->is_jumping = false;
		return go_back(sequence, log, space, n_behind, n);
	}
	return n ? jump(sequence, log, space, number, n) : SEQUENCE_BACK;
}

enum sequence_step sequence_count_other(struct sequence *sequence,
					struct sequence_log *log,
					const struct sequence_space *space,
					uint64_t number)
{
	return jump(sequence, log, space, number, 1);
}

bool sequence_has(const struct sequence *sequence, const struct sequence_space *space,
		  uint64_t number)
{
	uint64_t n_behind = (sequence->next - number) & space->mask;

	return n_behind > 0 && n_behind <= sequence->depth && is_marked(sequence, number);
}

void sequence_forget(struct sequence *sequence, struct sequence_log *log)
{
	log->restarts += sequence->is_started;
	*sequence = (struct sequence){ 0 };
}
