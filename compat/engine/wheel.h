/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wheel: timers by the microsecond. Setting, stopping and expiring cost the same however
 * many there are, and nothing is allocated: a timer is a link in a slot of the hierarchy
 * of wheels, each 64 times as coarse as the one below, and moves down as its deadline
 * comes near.
 */
#ifndef ENGINE_WHEEL_H
#define ENGINE_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/list.h"

#define WHEEL_BITS   6u
#define WHEEL_SLOTS  (1u << WHEEL_BITS)
#define WHEEL_LEVELS 11u /* of 6 bits: 64 */
#define WHEEL_NEVER  UINT64_MAX

struct timer {
	struct link link; /* in a slot, or in a list of its owner's once it has expired */
	uint64_t deadline; /* us; WHEEL_NEVER: not set */
	uint8_t kind;      /* the owner's word for what it times */
};

struct wheel {
	uint64_t now; /* nothing before it is pending */
	uint64_t
		occupied[WHEEL_LEVELS]; /* a bit a slot; it may be set for an empty one */
	struct link slots[WHEEL_LEVELS][WHEEL_SLOTS];
};

void wheel_init(struct wheel *wheel, uint64_t now);

void timer_init(struct timer *timer, uint8_t kind);
bool timer_is_set(const struct timer *timer);

/* Not set any more, in no list. */
void timer_stop(struct timer *timer);

/* Sets it, or sets it anew. A deadline that has passed expires at the next pop. */
void wheel_set(struct wheel *wheel, struct timer *timer, uint64_t deadline);

/* The next timer whose deadline is not after now, in the order of deadlines, not set
 * any more; NULL: none, and the wheel's time is now. */
struct timer *wheel_pop(struct wheel *wheel, uint64_t now);

/* No timer is due before it; WHEEL_NEVER: none is set. Behind wheel_pop() has returned
 * NULL it is later than that now. */
uint64_t wheel_get_deadline(const struct wheel *wheel);

#endif
