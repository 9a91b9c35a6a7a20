/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop: epoll with timerfd and signalfd (see loop.h).
 *
 * Invariant: one event is taken at a time, so that a handler may free any other
 * source without leaving an event behind that points to it.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "loop.h"

struct loop {
	int epoll_fd;
};

int loop_new(struct loop **ret)
{
	struct loop *loop = malloc(sizeof(*loop));
	int r;

	if (!loop)
		return -ENOMEM;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		r = -errno;
		free(loop);
		return r;
	}
	*ret = loop;
	return 0;
}

struct loop *loop_free(struct loop *loop)
{
	if (loop)
		close(loop->epoll_fd);
	free(loop);
	return NULL;
}

int loop_add(struct loop *loop, struct loop_source *source, int fd, loop_handler *handler,
	     void *data)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = source };

	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	*source = (struct loop_source){ .fd = fd, .handler = handler, .data = data };
	return 0;
}

int loop_want(struct loop *loop, struct loop_source *source, bool reads, bool writes)
{
	struct epoll_event event = {
		.events = (reads ? EPOLLIN : 0u) | (writes ? EPOLLOUT : 0u),
		.data.ptr = source,
	};

	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &event) < 0)
		return -errno;
	return 0;
}

int loop_want_write(struct loop *loop, struct loop_source *source, bool is_wanted)
{
	return loop_want(loop, source, true, is_wanted);
}

static int add_owned(struct loop *loop, struct loop_source *source, int fd,
		     loop_handler *handler, void *data)
{
	int r = loop_add(loop, source, fd, handler, data);

	if (r < 0)
		close(fd);
	else
		source->is_owned = true;
	return r;
}

static struct timespec to_timespec(uint64_t ms)
{
	return (struct timespec){ .tv_sec = (time_t)(ms / 1000),
				  .tv_nsec = (long)(ms % 1000) * 1000000 };
}

int loop_add_timer(struct loop *loop, struct loop_source *source, uint64_t first_ms,
		   uint64_t interval_ms, loop_handler *handler, void *data)
{
	struct itimerspec when = { .it_value = to_timespec(first_ms ? first_ms : 1),
				   .it_interval = to_timespec(interval_ms) };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int r;

	if (fd < 0)
		return -errno;
	if (timerfd_settime(fd, 0, &when, NULL) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	r = add_owned(loop, source, fd, handler, data);
	if (r == 0)
		source->is_timer = true;
	return r;
}

int loop_add_signals(struct loop *loop, struct loop_source *source, loop_handler *handler,
		     void *data)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	return add_owned(loop, source, fd, handler, data);
}

void loop_release_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	/* A shell starts background jobs with SIGINT ignored. */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int loop_take_signal(struct loop_source *source)
{
	struct signalfd_siginfo info;
	ssize_t n;
	int r;

	do {
		n = read(source->fd, &info, sizeof(info));
	} while (n < 0 && errno == EINTR);
	r = n == sizeof(info) ? (int)info.ssi_signo : n < 0 ? -errno : -EIO;
	loop_release_signals();
	return r;
}

void loop_del(struct loop *loop, struct loop_source *source)
{
	if (source->fd < 0)
		return;
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	if (source->is_owned)
		close(source->fd);
	*source = LOOP_SOURCE_INIT;
}

/* A timer that is not read stays ready. */
static int clear_timer(const struct loop_source *source)
{
	uint64_t n_expired;
	ssize_t n;

	do {
		n = read(source->fd, &n_expired, sizeof(n_expired));
	} while (n < 0 && errno == EINTR);
	return n < 0 && errno != EAGAIN ? -errno : 0;
}

int loop_run(struct loop *loop)
{
	for (;;) {
		struct epoll_event event;
		struct loop_source *source;
		int r = epoll_wait(loop->epoll_fd, &event, 1, -1);

		if (r < 0 && errno != EINTR)
			return -errno;
		if (r <= 0)
			continue;
		source = event.data.ptr;
		r = source->is_timer ? clear_timer(source) : 0;
		if (r == 0)
			r = source->handler(source->data);
		if (r != 0)
			return r;
	}
}
