/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults: what a bad network would do, on purpose and at given places: packets that
 * do not leave, leave twice, or leave behind later ones.
 *
 * Time is a row of slots, one for each packet number. Without faults, packet n leaves
 * in slot n. A lost packet leaves in none; a late one leaves at the end of slot
 * n + distance; a duplicate leaves twice in a row. What is lost cannot be late
 * nor a duplicate. Each slot has parts, some of which may be empty. Nothing is
 * remembered from one slot to the next, so a million sources cost no memory.
 */
#ifndef MSEND_FAULTS_H
#define MSEND_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "numbers.h"

struct faults {
	struct numbers lose;
	struct numbers duplicate;
	struct numbers reorder;
};

/*
 * Fits the faults to a stream of n_packets, UINT64_MAX for one without an end: every
 * K-th packet that would leave behind the last one is not late. Where rules overlap
 * the longer way counts. NULL, or the option whose number in *ret_number leaves at the
 * end or behind it.
 */
const char *faults_prepare(struct faults *faults, uint64_t n_packets,
			   uint64_t *ret_number);

/* Parts of a slot, 1 at least. */
unsigned int faults_count_parts(const struct faults *faults);

/* Which packet leaves in that part of the slot; false: none. */
bool faults_get(const struct faults *faults, uint64_t slot, unsigned int part,
		uint64_t *ret_number);

bool faults_is_lost(const struct faults *faults, uint64_t number);

/* Is what leaves in this part the second one of its kind? */
bool faults_is_duplicate(unsigned int part);

/* Has a later packet left before this one, which leaves in that slot? */
bool faults_is_reordered(const struct faults *faults, uint64_t number, uint64_t slot);

#endif
