/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The waiting of receive calls. Nothing is looked up before the first packet that is
 * not admitted.
 */
#include "asm/receive-wait.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#define NS_PER_S 1000000000L

/* The kernel charges every packet to SO_RCVBUF with more than this. */
#define PACKET_CHARGE 256u

/* How often to look where poll() cannot wait, as an error queue is not empty. */
#define SLICE_NS 1000000L

static struct timespec get_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now;
}

/* A time that lies too far ahead to be told is as good as a later one. */
static struct timespec add(const struct timespec *a, const struct timespec *b)
{
	struct timespec sum = { .tv_nsec = a->tv_nsec + b->tv_nsec };

	if (__builtin_add_overflow(a->tv_sec, b->tv_sec, &sum.tv_sec))
		return *b;
	if (sum.tv_nsec >= NS_PER_S) {
		sum.tv_nsec -= NS_PER_S;
		sum.tv_sec++;
	}
	return sum;
}

bool patience_get_deadline(const struct timespec *timeout, struct timespec *ret)
{
	struct timespec now = get_now();

	if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= NS_PER_S)
		return false;
	*ret = add(&now, timeout);
	return true;
}

bool patience_get_rest(const struct timespec *deadline, struct timespec *ret)
{
	struct timespec now = get_now(), rest;

	rest.tv_sec = deadline->tv_sec - now.tv_sec;
	rest.tv_nsec = deadline->tv_nsec - now.tv_nsec;
	if (rest.tv_nsec < 0) {
		rest.tv_sec--;
		rest.tv_nsec += NS_PER_S;
	}
	if (rest.tv_sec < 0 || (rest.tv_sec == 0 && rest.tv_nsec == 0))
		return false;
	*ret = rest;
	return true;
}

uint32_t patience_get_depth(int fd)
{
	socklen_t len = sizeof(int);
	int size = 0;

	getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &len);
	return (uint32_t)size / PACKET_CHARGE + 1;
}

void patience_init(struct patience *patience, int fd, int flags)
{
	*patience = (struct patience){ .fd = fd, .flags = flags };
	patience->start = get_now();
}

int patience_get_flags(const struct patience *patience)
{
	bool waits_here = patience->is_timed && !patience->is_shut;

	return patience->flags | (waits_here ? MSG_DONTWAIT : 0);
}

/* Zero: it waits for ever. */
static struct timespec get_limit(int fd)
{
	struct timeval limit = { 0, 0 };
	socklen_t len = sizeof(limit);

	if (getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, &len) < 0)
		return (struct timespec){ 0, 0 };
	return (struct timespec){ limit.tv_sec, limit.tv_usec * 1000L };
}

static void learn(struct patience *patience)
{
	struct timespec limit = { 0, 0 };
	bool may_wait = false;

	if ((patience->flags & MSG_DONTWAIT) == 0)
		may_wait = (fcntl(patience->fd, F_GETFL) & O_NONBLOCK) == 0;
	if (may_wait)
		limit = get_limit(patience->fd);
	patience->is_known = true;
	patience->is_timed = !may_wait || limit.tv_sec != 0 || limit.tv_nsec != 0;
	patience->deadline = add(&patience->start, &limit);
	if (patience->is_timed)
		patience->n_left = patience_get_depth(patience->fd);
}

int patience_spend(struct patience *patience)
{
	struct timespec rest;

	if (!patience->is_known)
		learn(patience);
	if (!patience->is_timed || patience_get_rest(&patience->deadline, &rest))
		return 0;
	if (patience->n_left == 0)
		return -EAGAIN;
	patience->n_left--;
	return 0;
}

int patience_wait(struct patience *patience)
{
	struct pollfd poller = { .fd = patience->fd, .events = POLLIN | POLLRDHUP };
	const struct timespec slice = { .tv_nsec = SLICE_NS };
	struct timespec rest;

	if (!patience->is_timed || !patience_get_rest(&patience->deadline, &rest))
		return -EAGAIN;
	if (ppoll(&poller, 1, &rest, NULL) < 0)
		return -errno;
	if ((poller.revents & POLLRDHUP) != 0)
		patience->is_shut = true;
	else if (poller.revents == POLLERR && ppoll(NULL, 0, &slice, NULL) < 0)
		return -errno;
	return 0;
}
