/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock: the time that msfd and its engine live by, in microseconds. It goes on while the
 * machine sleeps, and does not jump when somebody sets the date.
 */
#ifndef MSFD_CLOCK_H
#define MSFD_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_MSFD CLOCK_BOOTTIME

static inline uint64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MSFD, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

#endif
