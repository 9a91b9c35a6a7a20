/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The wheel of timers beside the plainest one there can be: a table that is searched for
 * the earliest deadline.
 */
#include <stdint.h>

#include "engine/wheel.h"
#include "tap.h"

#define N_TIMERS     200u
#define N_OPERATIONS 100000u
#define MINUTE       60000000ull

struct bench {
	struct wheel wheel;
	uint64_t now; /* of the last pop, which never goes back */
	uint64_t state;
	uint64_t n_set;
	struct timer timers[N_TIMERS];
	uint64_t deadline[N_TIMERS], order[N_TIMERS]; /* as it must be */
	struct tap *tap;
};

/* Steele, Lea and Flood's splitmix64. */
static uint64_t draw(struct bench *bench)
{
	uint64_t z = bench->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* Of every magnitude alike, up to n_bits. */
static uint64_t draw_distance(struct bench *bench, unsigned int n_bits)
{
	return draw(bench) >> (63 - draw(bench) % n_bits);
}

static void bench_init(struct bench *bench, struct tap *tap, uint64_t now)
{
	*bench = (struct bench){ .now = now, .state = now, .tap = tap };
	wheel_init(&bench->wheel, now);
	for (unsigned int i = 0; i < N_TIMERS; i++) {
		timer_init(&bench->timers[i], (uint8_t)i);
		bench->deadline[i] = WHEEL_NEVER;
	}
}

static void set(struct bench *bench, unsigned int i, uint64_t deadline)
{
	wheel_set(&bench->wheel, &bench->timers[i], deadline);
	bench->deadline[i] = deadline < bench->now ? bench->now : deadline;
	bench->order[i] = bench->n_set++;
}

static void stop(struct bench *bench, unsigned int i)
{
	timer_stop(&bench->timers[i]);
	bench->deadline[i] = WHEEL_NEVER;
}

static bool is_before(const struct bench *bench, unsigned int a, unsigned int b)
{
	if (bench->deadline[a] != bench->deadline[b])
		return bench->deadline[a] < bench->deadline[b];
	return bench->order[a] < bench->order[b];
}

static unsigned int find_first(const struct bench *bench)
{
	unsigned int first = 0;

	for (unsigned int i = 1; i < N_TIMERS; i++) {
		if (is_before(bench, i, first))
			first = i;
	}
	return first;
}

/* Pops once; false: nothing was due, as it must be. */
static bool pop(struct bench *bench, uint64_t now)
{
	struct timer *timer = wheel_pop(&bench->wheel, now);
	unsigned int first = find_first(bench);
	uint64_t due = bench->deadline[first];

	if (now < bench->now)
		now = bench->now;
	if (due == WHEEL_NEVER || due > now) {
		tap_expect(bench->tap, !timer, "timer %d is popped too early",
			   timer ? (int)(timer - bench->timers) : 0);
		bench->now = now;
		return false;
	}
	tap_expect(bench->tap, timer == &bench->timers[first],
		   "timer %u is popped, not %d", first,
		   timer ? (int)(timer - bench->timers) : -1);
	tap_expect(bench->tap, !timer_is_set(&bench->timers[first]), "it is stopped");
	stop(bench, first);
	bench->now = due;
	return timer;
}

/* Pops all that is due; returns how many. */
static unsigned int drain(struct bench *bench, uint64_t now)
{
	unsigned int n = 0;
	uint64_t deadline;

	while (pop(bench, now))
		n++;
	deadline = wheel_get_deadline(&bench->wheel);
	tap_expect(bench->tap, deadline <= bench->deadline[find_first(bench)],
		   "the wheel would sleep too long");
	tap_expect(bench->tap, deadline > bench->now, "the wheel would not sleep");
	return n;
}

/* Returns how many have expired. */
static unsigned int operate(struct bench *bench, unsigned int n_bits)
{
	unsigned int i = (unsigned int)(draw(bench) % N_TIMERS);
	uint64_t distance = draw_distance(bench, n_bits);

	switch (draw(bench) % 8) {
	case 0:
		stop(bench, i);
		break;
	case 1:
		return drain(bench, bench->now + distance);
	case 2:
		return pop(bench, bench->now + distance);
	case 3:
		set(bench, i, bench->now - distance % (bench->now + 1));
		break;
	case 4: /* several at the same time */
		set(bench, i, bench->now + distance % 4);
		break;
	default:
		set(bench, i, bench->now + distance);
	}
	return 0;
}

static void test_random(struct tap *tap)
{
	static const unsigned int magnitudes[] = { 4, 12, 30, 38 };
	unsigned int n = 0;

	for (unsigned int m = 0; m < sizeof(magnitudes) / sizeof(magnitudes[0]); m++) {
		struct bench bench;

		bench_init(&bench, tap, m * 1234567890123ull);
		for (unsigned int i = 0; i < N_OPERATIONS; i++)
			n += operate(&bench, magnitudes[m]);
		drain(&bench, bench.now + (2ull << magnitudes[m]));
		tap_expect(tap, wheel_get_deadline(&bench.wheel) == WHEEL_NEVER,
			   "nothing is left");
	}
	tap_expect(tap, n > N_OPERATIONS, "%u of 4 times as many expired", n);
	tap_end(tap, "100,000 random operations are those of a sorted list");
}

static void test_far(struct tap *tap)
{
	struct bench bench;

	bench_init(&bench, tap, 1);
	for (unsigned int i = 0; i < 63; i++)
		set(&bench, i, 1ull << (62 - i));
	set(&bench, 63, 1ull << 63);
	set(&bench, 64, WHEEL_NEVER - 1);
	set(&bench, 65, WHEEL_NEVER - 2);
	for (unsigned int i = 0; i < 64; i++)
		tap_expect(tap, drain(&bench, 1ull << i) == 1, "bit %u", i);
	tap_expect(tap, drain(&bench, WHEEL_NEVER - 3) == 0, "not yet");
	tap_expect(tap, drain(&bench, WHEEL_NEVER - 2) == 1, "the last but one");
	set(&bench, 0, WHEEL_NEVER - 2);
	tap_expect(tap, wheel_get_deadline(&bench.wheel) == WHEEL_NEVER - 2, "at once");
	tap_expect(tap,
		   pop(&bench, WHEEL_NEVER - 1) && pop(&bench, WHEEL_NEVER - 1) &&
			   !wheel_pop(&bench.wheel, WHEEL_NEVER - 1),
		   "the last");
	tap_end(tap, "deadlines lie up to the end of time");
}

static void test_bursts(struct tap *tap)
{
	struct bench bench;

	bench_init(&bench, tap, 7);
	for (unsigned int i = 0; i < N_TIMERS; i++) {
		/* Half of them are set when the time is near, on other levels. */
		if (i == N_TIMERS / 2)
			drain(&bench, MINUTE - 100);
		set(&bench, i, MINUTE);
	}
	tap_expect(tap, drain(&bench, MINUTE - 1) == 0, "none before");
	tap_expect(tap, drain(&bench, MINUTE) == N_TIMERS, "all of them");
	tap_end(tap, "timers of one instant expire in the order of setting");
}

static void test_stop_inside(struct tap *tap)
{
	struct bench bench;
	unsigned int n = 0;

	bench_init(&bench, tap, 0);
	for (unsigned int i = 0; i < N_TIMERS; i++)
		set(&bench, i, 1000 + i % 3);
	while (pop(&bench, 2000)) {
		stop(&bench, N_TIMERS - 1 - n);
		if (n % 2)
			set(&bench, N_TIMERS - 1 - n, 5000);
		n++;
	}
	tap_expect(tap, n < N_TIMERS, "some have not expired");
	tap_expect(tap, drain(&bench, 5000) == n / 2, "those set anew do later");
	timer_stop(&bench.timers[0]);
	timer_stop(&bench.timers[0]);
	tap_expect(tap, !timer_is_set(&bench.timers[0]), "stopped");
	tap_end(tap, "what is stopped or set anew between two pops does not expire");
}

static void test_past(struct tap *tap)
{
	struct bench bench;

	bench_init(&bench, tap, MINUTE);
	set(&bench, 0, MINUTE - 1);
	set(&bench, 1, MINUTE);
	set(&bench, 2, 0);
	tap_expect(tap, wheel_get_deadline(&bench.wheel) <= MINUTE, "at once");
	tap_expect(tap, drain(&bench, 0) == 3, "though the clock went back");
	set(&bench, 3, MINUTE / 2);
	tap_expect(tap, drain(&bench, MINUTE) == 1, "once more");
	set(&bench, 4, MINUTE + 1);
	tap_expect(tap, drain(&bench, MINUTE - 5) == 0, "time stands still");
	tap_expect(tap, drain(&bench, MINUTE + 1) == 1, "and goes on");
	tap_end(tap, "a deadline that has passed expires at the next pop");
}

static void test_never(struct tap *tap)
{
	struct bench bench;

	bench_init(&bench, tap, MINUTE);
	tap_expect(tap, wheel_get_deadline(&bench.wheel) == WHEEL_NEVER, "empty");
	set(&bench, 0, MINUTE * 2);
	wheel_set(&bench.wheel, &bench.timers[0], WHEEL_NEVER);
	bench.deadline[0] = WHEEL_NEVER;
	tap_expect(tap, !timer_is_set(&bench.timers[0]), "not set");
	tap_expect(tap, wheel_get_deadline(&bench.wheel) == WHEEL_NEVER, "empty again");
	tap_expect(tap, drain(&bench, MINUTE * 3) == 0, "nothing");
	tap_end(tap, "where no timer is set nobody is woken [S-IGMP-34]");
}

/* How often whoever sleeps until the deadline is woken for nothing. */
static unsigned int count_early(struct bench *bench, uint64_t end)
{
	unsigned int n = 0;
	uint64_t deadline;

	while ((deadline = wheel_get_deadline(&bench->wheel)) <= end)
		n += drain(bench, deadline) == 0;
	return n;
}

static void test_wakeups(struct tap *tap)
{
	struct bench bench;

	bench_init(&bench, tap, 99);
	for (unsigned int i = 0; i < 100; i++) {
		uint64_t deadline = bench.now + draw_distance(&bench, 50) + 1;
		unsigned int n;

		set(&bench, 0, deadline);
		n = count_early(&bench, deadline);
		tap_expect(tap, n < WHEEL_LEVELS, "woken %u times for nothing", n);
		tap_expect(tap, bench.deadline[0] == WHEEL_NEVER, "and then in time");
	}
	for (unsigned int i = 0; i < N_TIMERS; i++)
		set(&bench, i, bench.now + 1 + draw(&bench) % (10 * MINUTE));
	for (unsigned int i = 0; i < N_TIMERS; i += 2)
		stop(&bench, i);
	tap_expect(tap, count_early(&bench, WHEEL_NEVER - 1) < WHEEL_LEVELS * N_TIMERS,
		   "each timer wakes for nothing once a level at most");
	tap_end(tap, "sleeping to the deadline is never late and seldom early "
		     "[R-V2-8, S-IGMP-42]");
}

/* An owner keeps expired timers in a list of its own. */
static void test_lists(struct tap *tap)
{
	struct bench bench;
	struct link list;

	list_init(&list);
	bench_init(&bench, tap, 0);
	for (unsigned int i = 0; i < 3; i++) {
		set(&bench, i, 10);
		pop(&bench, 10);
		list_add(&list, &bench.timers[i].link);
	}
	set(&bench, 1, 20);
	tap_expect(tap, list.next == &bench.timers[0].link, "the first is there");
	tap_expect(tap, list.prev == &bench.timers[2].link, "the last is there");
	tap_expect(tap, list.next->next == list.prev, "and no other");
	tap_expect(tap, drain(&bench, 20) == 1, "the one set anew expires");
	tap_end(tap, "setting a timer takes it out of its owner's list");
}

int main(void)
{
	struct tap tap = { 0 };

	test_random(&tap);
	test_far(&tap);
	test_bursts(&tap);
	test_stop_inside(&tap);
	test_past(&tap);
	test_never(&tap);
	test_wakeups(&tap);
	test_lists(&tap);
	return tap_finish(&tap);
}
