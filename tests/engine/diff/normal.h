/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * normal: what a host has said, without what is left to chance: which records, or older
 * messages, with which sources, how many times each. Nothing is left of their order, and
 * of how they were put into packets.
 */
#ifndef DIFF_NORMAL_H
#define DIFF_NORMAL_H

#include "script.h"
#include "wire.h"

#define NORMAL_MAX 256u

/* Record types as RFC 9776 4.2.12 numbers them, then older messages. */
enum note_type {
	NOTE_IS_IN = 1,
	NOTE_IS_EX,
	NOTE_TO_IN,
	NOTE_TO_EX,
	NOTE_ALLOW,
	NOTE_BLOCK,
	NOTE_REPORT,
	NOTE_LEAVE, /* or Done */
};

struct note {
	uint8_t version;
	uint8_t type; /* enum note_type, or one that nobody knows */
	uint8_t group;
	uint32_t n; /* how many times */
	struct source_bits sources;
};

struct normal {
	unsigned int n;
	struct note notes[NORMAL_MAX];
	/* Groups, sources and packets that nobody asked for. */
	unsigned int n_strange;
	char strange[128];    /* the first of them */
	unsigned int n_twice; /* sources that a record names twice */
	size_t longest;       /* bytes of a packet */
};

void normal_clear(struct normal *normal);

/* Adds a report, by the parser of msfctl. */
void normal_add_packet(struct normal *normal, const struct wire_packet *packet);

/* Adds the note n times. */
void normal_add(struct normal *normal, const struct note *note);

bool normal_has_group(const struct normal *normal, unsigned int group);

/* What both say of the group: the same records as often? */
bool normal_equal(const struct normal *a, const struct normal *b, unsigned int group);

/*
 * The same where packets are too small for the lists: sources count one by one, but of
 * IS_EX and TO_EX that were cut off (R-CHG-11) the number of sources, for which of them
 * are told is not defined. An EXCLUDE list with max sources or more was cut off.
 */
bool normal_equal_wide(const struct normal *a, const struct normal *b, unsigned int group,
		       unsigned int max);

/* The same, but a may say it more often. */
bool normal_equal_more(const struct normal *a, const struct normal *b,
		       unsigned int group);

/* One line for people. */
void normal_print(const struct normal *normal, unsigned int group, char *text,
		  size_t size);

#endif
