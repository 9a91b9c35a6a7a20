/* SPDX-License-Identifier: BSD-2-Clause */
/* clock: nanoseconds of CLOCK_MONOTONIC, which stamps of messages are, too. */
#ifndef AGENT_CLOCK_H
#define AGENT_CLOCK_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define CLOCK_S  1000000000ull
#define CLOCK_MS 1000000ull

static inline uint64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * CLOCK_S + (uint64_t)now.tv_nsec;
}

/* Until then, for poll(): rounded up. */
static inline int clock_get_rest_ms(uint64_t deadline)
{
	uint64_t now = clock_now();

	return deadline > now ? (int)((deadline - now + CLOCK_MS - 1) / CLOCK_MS) : 0;
}

/* The same moment on CLOCK_REALTIME, which pthread_mutex_timedlock() goes by. */
static inline struct timespec clock_get_wall_time(uint64_t deadline)
{
	uint64_t now = clock_now(), rest = deadline > now ? deadline - now : 0;
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	rest += (uint64_t)wall.tv_nsec;
	wall.tv_sec += (time_t)(rest / CLOCK_S);
	wall.tv_nsec = (long)(rest % CLOCK_S);
	return wall;
}

static inline void clock_sleep_ms(uint32_t ms)
{
	poll(NULL, 0, (int)ms);
}

#endif
