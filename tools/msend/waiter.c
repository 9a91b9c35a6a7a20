/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waiter: poll(2) over a signalfd and a timerfd (see waiter.h).
 *
 * Invariant: deadlines are absolute, and a timerfd has no slack: waiting does not
 * add up to a lower rate.
 */
#include "waiter.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"

#define NSEC_PER_SEC 1000000000u

static uint64_t clock_get_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

int waiter_init(struct waiter *waiter)
{
	sigset_t signals;
	int r;

	*waiter = (struct waiter)WAITER_INIT;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	waiter->start = clock_get_time();
	waiter->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (waiter->signal_fd >= 0)
		waiter->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (waiter->timer_fd >= 0)
		return 0;
	r = -errno;
	waiter_fini(waiter);
	return r;
}

void waiter_fini(struct waiter *waiter)
{
	if (waiter->signal_fd >= 0)
		close(waiter->signal_fd);
	if (waiter->timer_fd >= 0)
		close(waiter->timer_fd);
	*waiter = (struct waiter)WAITER_INIT;
}

bool waiter_end(struct waiter *waiter)
{
	struct signalfd_siginfo info;
	bool is_stopped = read(waiter->signal_fd, &info, sizeof(info)) == sizeof(info);

	loop_release_signals();
	return is_stopped;
}

uint64_t waiter_get_time(const struct waiter *waiter)
{
	return clock_get_time() - waiter->start;
}

int waiter_wait(struct waiter *waiter, int fd, uint64_t until)
{
	struct pollfd polls[] = { { .fd = waiter->signal_fd, .events = POLLIN },
				  { .fd = waiter->timer_fd, .events = POLLIN },
				  { .fd = fd, .events = POLLOUT } };
	uint64_t deadline = waiter->start + until;
	struct itimerspec timer = {
		.it_value.tv_sec = (time_t)(deadline / NSEC_PER_SEC),
		.it_value.tv_nsec = (long)(deadline % NSEC_PER_SEC),
	};
	bool is_over = waiter_get_time(waiter) >= until;

	if (!is_over &&
	    timerfd_settime(waiter->timer_fd, TFD_TIMER_ABSTIME, &timer, NULL) < 0)
		return -errno;
	while (poll(polls, 3, is_over ? 0 : -1) < 0)
		if (errno != EINTR)
			return -errno;
	return polls[0].revents != 0;
}
