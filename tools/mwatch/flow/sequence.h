/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sequence: the numbers that a sender gives its packets, and what they say about those
 * that did not come (RFC 3550 A.1, for numbers of any width).
 *
 * Lost are the numbers between those seen that were not seen.  One that comes late
 * takes itself back from them.  A number that is far from the last ones is believed when
 * the next packet is near to it: what lies between is lost; or it is too far for that,
 * and the sender began anew, and nothing is lost.
 *
 * Several senders may use one address and port, and a number that is far may be another
 * one's.  So where the sequence was before is remembered: coming back there is a
 * restart, and shows that what was counted as lost on the way out was none.
 */
#ifndef MWATCH_FLOW_SEQUENCE_H
#define MWATCH_FLOW_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

/* So many of the last numbers are remembered one by one; a step further than that is
 * far. */
#define SEQUENCE_WINDOW 256

/* The same where one packet holds many numbers. */
#define SEQUENCE_WIDE_WINDOW 8192

/* So many packets before or behind a number that is far confirm it. */
#define SEQUENCE_NEAR 16

/* Places where the sequence was before. */
#define SEQUENCE_N_PASTS 4

/* What numbers of one width mean. */
struct sequence_space {
	uint64_t mask;
	uint64_t max_near;   /* nearer than this needs no confirmation */
	uint64_t max_ahead;  /* so many missing ones are a loss, MAX_DROPOUT */
	uint64_t max_behind; /* so late it may be, MAX_MISORDER */
	uint64_t max_return; /* so near to an old place the sequence has come back */
	uint64_t n_window;
};

/* n_bits: a multiple of 8 up to 64.  is_wide: sequences have a wide window. */
void sequence_space_init(struct sequence_space *space, unsigned int n_bits, bool is_wide);

/* What each packet needs. Zeros: nothing seen yet. */
struct sequence {
	uint64_t next; /* expected */
	uint64_t
		seen[SEQUENCE_WINDOW / 64]; /* a bit for each number, modulo the window */
	uint16_t depth; /* numbers before next, from the first one seen on */
	bool is_started;
	bool is_jumping;
	bool is_jump_other; /* the jump is known to go to another sequence */
};

struct sequence_past {
	uint64_t next;        /* expected there */
	uint64_t from, n_gap; /* the gap over which it was left */
	uint64_t n_lost;      /* what of it is lost until now */
};

/* What few packets need. */
struct sequence_log {
	uint64_t lost, duplicates, reordered, restarts; /* numbers; restarts */
	uint64_t jump, n_jump;                          /* where the jump went */
	uint64_t n_again; /* how often it came there again */
	uint64_t landed;  /* where the last jump ended that was believed */
	uint64_t *wide;   /* borrowed; the bits, in a space that is wide */
	struct sequence_past pasts[SEQUENCE_N_PASTS]; /* the last one first */
	uint8_t n_pasts;
	bool has_returned;
	bool is_known; /* a number was read, ever */
};

enum sequence_step {
	SEQUENCE_ON,      /* further */
	SEQUENCE_OVER,    /* further, over a loss */
	SEQUENCE_LATE,    /* one that was lost until now */
	SEQUENCE_BACK,    /* seen before, or from before the first one */
	SEQUENCE_JUMP,    /* far away: counts when the next one confirms it */
	SEQUENCE_GAP,     /* confirmed: a long loss */
	SEQUENCE_RESTART, /* confirmed: the sender began anew */
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
bool sequence_has(const struct sequence *sequence, const struct sequence_log *log,
		  const struct sequence_space *space, uint64_t number);

/* The next number is the first one of another sequence, which is a restart if there
 * was one before. */
void sequence_forget(struct sequence *sequence, struct sequence_log *log);

/* Numbers went by that could not be read: the next one is not compared with those
 * before, which is no restart. */
void sequence_skip(struct sequence *sequence);

#endif
