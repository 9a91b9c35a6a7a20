/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waiter: waits for a time, a socket, or the signal to stop.
 *
 * SIGINT and SIGTERM are blocked and read from a descriptor, so that no call is
 * interrupted and nothing is global.
 */
#ifndef MSEND_WAITER_H
#define MSEND_WAITER_H

#include <stdbool.h>
#include <stdint.h>

struct waiter {
	int signal_fd;
	int timer_fd;
	uint64_t start; /* ns, CLOCK_MONOTONIC */
};

#define WAITER_INIT                             \
	{                                       \
		.signal_fd = -1, .timer_fd = -1 \
	}

int waiter_init(struct waiter *waiter);
void waiter_fini(struct waiter *waiter);

/* From now on a signal ends the process at once. Is there one already? */
bool waiter_end(struct waiter *waiter);

/* ns of CLOCK_MONOTONIC since waiter_init(). */
uint64_t waiter_get_time(const struct waiter *waiter);

/*
 * Waits until this time, of waiter_get_time(), or until fd, if it is not -1, is
 * writable. A time that is over waits for nothing.
 * 1: a signal says stop; 0: it does not; -errno.
 */
int waiter_wait(struct waiter *waiter, int fd, uint64_t until);

#endif
