/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receive calls of a program that has a socket which nothing else filters, and the
 * calls that wait for one.
 *
 * select() is asked again when all that it found was not admitted: for the time that is
 * left, and until then nothing is written to the program's sets.
 */
#include "policy.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "asm/asm.h"

#define NS_PER_S  1000000000
#define NS_PER_US 1000
#define US_PER_S  1000000

/* Of libc; it says so and ends the process. */
extern void __chk_fail(void) __attribute__((noreturn));

size_t policy_fit(size_t len, size_t room)
{
	if (len > room)
		__chk_fail();
	return len;
}

bool policy_has_receive(void)
{
	return asm_is_receive_filtered();
}

static ssize_t end(ssize_t r, int error)
{
	if (r >= 0)
		errno = error;
	return r;
}

ssize_t policy_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *from,
			socklen_t *fromlen)
{
	int error = errno;

	return end(msf_recvfrom(fd, buf, len, flags, from, fromlen), error);
}

ssize_t policy_recvmsg(int fd, struct msghdr *msg, int flags)
{
	int error = errno;

	return end(msf_recvmsg(fd, msg, flags), error);
}

int policy_recvmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags,
		    void *timeout, enum times_size size)
{
	struct timespec storage, *time = times_get_spec(timeout, size, &storage);
	int error = errno, r = msf_recvmmsg(fd, msgs, n, flags, time);

	if (time && r > 0)
		times_put_spec(time, size, timeout);
	return (int)end(r, error);
}

ssize_t policy_read(int fd, void *buf, size_t len)
{
	int error = errno;

	return end(msf_read(fd, buf, len), error);
}

ssize_t policy_readv(int fd, const struct iovec *iov, int n)
{
	int error = errno;

	return end(msf_readv(fd, iov, n), error);
}

int policy_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	int error = errno;

	return (int)end(msf_poll(fds, n, timeout), error);
}

int policy_ppoll(struct pollfd *fds, nfds_t n, const void *timeout, enum times_size size,
		 const sigset_t *mask)
{
	struct timespec storage, *time = times_get_spec(timeout, size, &storage);
	int error = errno;

	return (int)end(asm_ppoll(fds, n, time, mask), error);
}

/* The sets of one round, as big as C makes them. */
struct round {
	int n;
	fd_set *given[3]; /* reads, writes, excepts; NULL: none */
	fd_set found[3];
};

/* The words that hold the first n bits: more need not be there. */
static size_t set_size(int n)
{
	return ((size_t)n + NFDBITS - 1) / NFDBITS * sizeof(fd_mask);
}

/* Packets that pselect() does not see. */
static int find_stashed(const struct round *round, fd_set *ret)
{
	int n = 0;

	FD_ZERO(ret);
	for (int fd = 0; fd < round->n; fd++) {
		if (FD_ISSET(fd, round->given[0]) && asm_has_stashed(fd)) {
			FD_SET(fd, ret);
			n++;
		}
	}
	return n;
}

static int add_stashed(const fd_set *stashed, fd_set *reads, int n)
{
	int added = 0;

	for (int fd = 0; fd < n; fd++) {
		if (FD_ISSET(fd, stashed) && !FD_ISSET(fd, reads)) {
			FD_SET(fd, reads);
			added++;
		}
	}
	return added;
}

static int ask_sets(struct round *round, const struct timespec *left,
		    const sigset_t *mask)
{
	fd_set *sets[3];

	for (int i = 0; i < 3; i++) {
		sets[i] = round->given[i] ? &round->found[i] : NULL;
		if (sets[i])
			memcpy(sets[i], round->given[i], set_size(round->n));
	}
	return pselect(round->n, sets[0], sets[1], sets[2], left, mask);
}

static int ask(struct round *round, const struct timespec *left, const sigset_t *mask)
{
	static const struct timespec no_time;
	fd_set stashed;
	bool has_stashed = find_stashed(round, &stashed) > 0;
	int r = ask_sets(round, has_stashed ? &no_time : left, mask);

	if (r >= 0 && has_stashed)
		r += add_stashed(&stashed, &round->found[0], round->n);
	return r;
}

static int drop_unadmitted(fd_set *reads, int n)
{
	int dropped = 0;

	for (int fd = 0; fd < n; fd++) {
		if (FD_ISSET(fd, reads) && !asm_settle(fd)) {
			FD_CLR(fd, reads);
			dropped++;
		}
	}
	return dropped;
}

static void finish(const struct round *round)
{
	for (int i = 0; i < 3; i++)
		if (round->given[i])
			memcpy(round->given[i], &round->found[i], set_size(round->n));
}

/* What is left of a time that began at start; 0 when it is over. */
static struct timespec get_rest(const struct timespec *timeout,
				const struct timespec *start)
{
	struct timespec now, rest;

	clock_gettime(CLOCK_MONOTONIC, &now);
	rest.tv_sec = timeout->tv_sec - (now.tv_sec - start->tv_sec);
	rest.tv_nsec = timeout->tv_nsec - (now.tv_nsec - start->tv_nsec);
	if (rest.tv_nsec < 0) {
		rest.tv_sec--;
		rest.tv_nsec += NS_PER_S;
	} else if (rest.tv_nsec >= NS_PER_S) {
		rest.tv_sec++;
		rest.tv_nsec -= NS_PER_S;
	}
	if (rest.tv_sec < 0)
		rest.tv_sec = rest.tv_nsec = 0;
	return rest;
}

/* Sets beyond FD_SETSIZE have a size that only the program knows. */
static bool is_as_it_is(int n, const fd_set *reads)
{
	return n < 0 || n > FD_SETSIZE || !reads;
}

static int wait_for_sets(struct round *round, const struct timespec *timeout,
			 const sigset_t *mask)
{
	struct timespec start, rest = { 0 };
	int error = errno, r;
	bool is_over = false;

	if (timeout)
		rest = *timeout;
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		r = ask(round, timeout ? &rest : NULL, mask);
		if (r < 0)
			return r;
		if (r == 0)
			break;
		r -= drop_unadmitted(&round->found[0], round->n);
		if (timeout) {
			rest = get_rest(timeout, &start);
			is_over = !rest.tv_sec && !rest.tv_nsec;
		}
	} while (r == 0 && !is_over);
	finish(round);
	errno = error;
	return r;
}

int policy_pselect(int n, fd_set *reads, fd_set *writes, fd_set *excepts,
		   const void *timeout, enum times_size size, const sigset_t *mask)
{
	struct round round = { .n = n, .given = { reads, writes, excepts } };
	struct timespec storage, *time = times_get_spec(timeout, size, &storage);

	if (is_as_it_is(n, reads))
		return pselect(n, reads, writes, excepts, time, mask);
	return wait_for_sets(&round, time, mask);
}

static int select_for(struct round *round, struct timeval *timeout)
{
	struct timespec start, rest;
	int r;

	rest.tv_sec = timeout->tv_sec + timeout->tv_usec / US_PER_S;
	rest.tv_nsec = timeout->tv_usec % US_PER_S * NS_PER_US;
	clock_gettime(CLOCK_MONOTONIC, &start);
	r = wait_for_sets(round, &rest, NULL);
	rest = get_rest(&rest, &start);
	timeout->tv_sec = rest.tv_sec;
	timeout->tv_usec = rest.tv_nsec / NS_PER_US;
	return r;
}

int policy_select(int n, fd_set *reads, fd_set *writes, fd_set *excepts, void *timeout,
		  enum times_size size)
{
	struct round round = { .n = n, .given = { reads, writes, excepts } };
	struct timeval storage, *time = times_get_val(timeout, size, &storage);
	int r;

	if (is_as_it_is(n, reads) || (time && (time->tv_sec < 0 || time->tv_usec < 0)))
		r = select(n, reads, writes, excepts, time);
	else if (time)
		r = select_for(&round, time);
	else
		r = wait_for_sets(&round, NULL, NULL);
	if (time)
		times_put_val(time, size, timeout);
	return r;
}
