/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wheel: timers by the microsecond (what RFC 9776 5 and RFC 9777 6 wait for).
 *
 * A timer stands on the level of the highest digit (of 6 bits) in which its deadline
 * differs from the wheel's time, in the slot of its deadline's digit. So all timers of a
 * level are due before those of the level above, a slot of level 0 is one microsecond,
 * and time that passes moves nobody before it reaches the beginning of a slot. Timers
 * with the same deadline are always in the same slot, in the order of setting.
 */
#include "engine/wheel.h"

static unsigned int get_shift(unsigned int level)
{
	return level * WHEEL_BITS;
}

static unsigned int get_level(const struct wheel *wheel, uint64_t deadline)
{
	uint64_t difference = wheel->now ^ deadline;

	if (!difference)
		return 0;
	return (63 - (unsigned int)__builtin_clzll(difference)) / WHEEL_BITS;
}

/* When the slot begins: on level 0 that is when its timers are due. */
static uint64_t get_beginning(const struct wheel *wheel, unsigned int level,
			      unsigned int slot)
{
	uint64_t digits = wheel->now >> get_shift(level);

	return ((digits & ~(uint64_t)(WHEEL_SLOTS - 1)) | slot) << get_shift(level);
}

/* The first slot of a level that holds a timer, or WHEEL_SLOTS. */
static unsigned int find_slot(const struct wheel *wheel, unsigned int level)
{
	uint64_t bits = wheel->occupied[level];

	for (; bits; bits &= bits - 1) {
		unsigned int slot = (unsigned int)__builtin_ctzll(bits);

		if (!list_is_empty(&wheel->slots[level][slot]))
			return slot;
	}
	return WHEEL_SLOTS;
}

/* The slot that begins first. False: no timer is set. */
static bool find_next(const struct wheel *wheel, unsigned int *ret_level,
		      unsigned int *ret_slot)
{
	for (unsigned int level = 0; level < WHEEL_LEVELS; level++) {
		unsigned int slot = find_slot(wheel, level);

		if (slot == WHEEL_SLOTS)
			continue;
		*ret_level = level;
		*ret_slot = slot;
		return true;
	}
	return false;
}

/* Timers that were stopped have left their bits behind. */
static void clear_before(struct wheel *wheel, unsigned int level, unsigned int slot)
{
	for (unsigned int i = 0; i < level; i++)
		wheel->occupied[i] = 0;
	wheel->occupied[level] &= ~(uint64_t)0 << slot;
}

static void insert(struct wheel *wheel, struct timer *timer)
{
	unsigned int level = get_level(wheel, timer->deadline);
	unsigned int slot = (unsigned int)(timer->deadline >> get_shift(level)) &
			    (WHEEL_SLOTS - 1);

	wheel->occupied[level] |= (uint64_t)1 << slot;
	list_add(&wheel->slots[level][slot], &timer->link);
}

/* The slot begins: its timers move to lower levels. */
static void cascade(struct wheel *wheel, unsigned int level, unsigned int slot)
{
	struct link *timers = &wheel->slots[level][slot], *link;

	while ((link = list_get_first(timers)))
		insert(wheel, list_entry(link, struct timer, link));
}

void wheel_init(struct wheel *wheel, uint64_t now)
{
	wheel->now = now;
	for (unsigned int level = 0; level < WHEEL_LEVELS; level++) {
		wheel->occupied[level] = 0;
		for (unsigned int slot = 0; slot < WHEEL_SLOTS; slot++)
			list_init(&wheel->slots[level][slot]);
	}
}

void timer_init(struct timer *timer, uint8_t kind)
{
	list_init(&timer->link);
	timer->deadline = WHEEL_NEVER;
	timer->kind = kind;
}

bool timer_is_set(const struct timer *timer)
{
	return timer->deadline != WHEEL_NEVER;
}

void timer_stop(struct timer *timer)
{
	list_del(&timer->link);
	timer->deadline = WHEEL_NEVER;
}

void wheel_set(struct wheel *wheel, struct timer *timer, uint64_t deadline)
{
	timer_stop(timer);
	if (deadline == WHEEL_NEVER)
		return;
	timer->deadline = deadline > wheel->now ? deadline : wheel->now;
	insert(wheel, timer);
}

struct timer *wheel_pop(struct wheel *wheel, uint64_t now)
{
	unsigned int level, slot;

	if (now < wheel->now)
		now = wheel->now;
	while (find_next(wheel, &level, &slot)) {
		uint64_t beginning = get_beginning(wheel, level, slot);
		struct timer *timer;

		clear_before(wheel, level, slot);
		if (beginning > now)
			break;
		wheel->now = beginning;
		if (level > 0) {
			cascade(wheel, level, slot);
			continue;
		}
		timer = list_entry(list_get_first(&wheel->slots[0][slot]), struct timer,
				   link);
		timer_stop(timer);
		return timer;
	}
	wheel->now = now;
	return NULL;
}

uint64_t wheel_get_deadline(const struct wheel *wheel)
{
	unsigned int level, slot;

	if (!find_next(wheel, &level, &slot))
		return WHEEL_NEVER;
	return get_beginning(wheel, level, slot);
}
