/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sequence: the numbers that a sender gives its packets, and what they say about those
 * that did not come (RFC 3550 A.1, for numbers of any width).
 *
 * Lost are the numbers between those seen that were not seen.  One that comes late
 * takes itself back from them.  A jump that is too far to be a loss is believed when
 * the next packet is near to it: the sender began anew, and nothing is lost.
 */
#ifndef MWATCH_FLOW_SEQUENCE_H
#define MWATCH_FLOW_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

/* So many of the last numbers are remembered one by one. */
#define SEQUENCE_WINDOW 256

/* A number so near behind a jump confirms it. */
#define SEQUENCE_NEAR 16

/* What numbers of one width mean. */
struct sequence_space {
	uint64_t mask;
	uint64_t max_ahead;  /* so many missing ones are a loss, MAX_DROPOUT */
	uint64_t max_behind; /* so late it may be, MAX_MISORDER */
};

/* n_bits: a multiple of 8 up to 64. */
void sequence_space_init(struct sequence_space *space, unsigned int n_bits);

/* What each packet needs. Zeros: nothing seen yet. */
struct sequence {
	uint64_t next; /* expected */
	uint64_t
		seen[SEQUENCE_WINDOW / 64]; /* a bit for each number, modulo the window */
	uint16_t depth; /* numbers before next that the bits tell of */
	bool is_started;
	bool is_jumping;
};

/* What few packets need. */
struct sequence_log {
	uint64_t lost, duplicates, reordered, restarts; /* numbers; restarts */
	uint64_t jump, n_jump;                          /* where the jump went */
};

enum sequence_step {
	SEQUENCE_ON,      /* further, over a loss or not */
	SEQUENCE_BACK,    /* late, or seen before */
	SEQUENCE_JUMP,    /* far away: counts when the next one confirms it */
	SEQUENCE_RESTART, /* confirmed */
};

/* A packet that holds the n numbers from this one on; n 0: it says which number comes
 * next. */
enum sequence_step sequence_count(struct sequence *sequence, struct sequence_log *log,
				  const struct sequence_space *space, uint64_t number,
				  uint64_t n);

/* The same for a number that is known to belong to another sequence. */
enum sequence_step sequence_count_other(struct sequence *sequence,
					struct sequence_log *log,
					const struct sequence_space *space,
					uint64_t number);

/* Is it one of the last numbers, and was seen? */
bool sequence_has(const struct sequence *sequence, const struct sequence_space *space,
		  uint64_t number);

/* The next number is the first one of another sequence, which is a restart if there
 * was one before. */
void sequence_forget(struct sequence *sequence, struct sequence_log *log);

#endif
