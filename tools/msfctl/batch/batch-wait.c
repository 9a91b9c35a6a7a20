/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-wait: poll(2) with a signalfd (see batch-wait.h).
 *
 * Invariant: between start and stop no signal of ours interrupts anything; it is seen
 * where we look for it.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "batch-wait.h"

/* nohup(1) ignores it, and means it. */
static bool is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void fill_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	if (!is_ignored(SIGHUP))
		sigaddset(set, SIGHUP);
}

int batch_wait_start(struct batch_wait *wait)
{
	sigset_t set;

	fill_signals(&set);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	wait->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return wait->fd < 0 ? -errno : 0;
}

void batch_wait_stop(struct batch_wait *wait)
{
	sigset_t set;

	if (wait->fd < 0)
		return;
	close(wait->fd);
	wait->fd = -1;
	fill_signals(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

uint64_t batch_wait_get_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int get_timeout(uint64_t deadline)
{
	uint64_t now = batch_wait_get_now();

	if (deadline == BATCH_WAIT_FOREVER)
		return -1;
	if (deadline <= now)
		return 0;
	return deadline - now < INT_MAX ? (int)(deadline - now) : INT_MAX;
}

int batch_wait_until(const struct batch_wait *wait, int fd, uint64_t deadline)
{
	struct pollfd fds[] = { { .fd = wait->fd, .events = POLLIN },
				{ .fd = fd, .events = POLLIN } };
	int timeout, n;

	do {
		timeout = get_timeout(deadline);
		n = poll(fds, 2, timeout);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			return fds[0].revents ? -EINTR : 1;
	} while (n < 0 || timeout != 0);
	return 0;
}

int batch_wait_take_signal(const struct batch_wait *wait)
{
	struct signalfd_siginfo info;

	if (read(wait->fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}
