/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every call that receives or waits, with the shim preloaded: those of libc and those
 * that _FORTIFY_SOURCE makes of them. A is admitted, R is not. Where the shim itself
 * has to filter they are where it can go wrong; elsewhere they are libc's.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <msf.h>

#include "system.h"
#include "tap.h"
#include "traffic.h"

#define SHORT_MS 60
#define LONG_MS  5000
#define LATE_MS  400
#define MANY_R   "RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR"

/*
 * Of libc, for programs that were compiled so; or that know its other names. The headers
 * declare some of them as well, depending on the options, so they have a name of ours.
 */
ssize_t other_read(int fd, void *buf, size_t len) __asm__("__read");
int other_poll(struct pollfd *fds, nfds_t n, int timeout) __asm__("__poll");
int other_select(int n, fd_set *reads, fd_set *writes, fd_set *excepts,
		 void *timeout) __asm__("__select");
ssize_t fortified_recv(int fd, void *buf, size_t len, size_t room,
		       int flags) __asm__("__recv_chk");
ssize_t fortified_recvfrom(int fd, void *buf, size_t len, size_t room, int flags,
			   struct sockaddr *from,
			   socklen_t *fromlen) __asm__("__recvfrom_chk");
ssize_t fortified_read(int fd, void *buf, size_t len, size_t room) __asm__("__read_chk");
int fortified_poll(struct pollfd *fds, nfds_t n, int timeout,
		   size_t room) __asm__("__poll_chk");
int fortified_ppoll(struct pollfd *fds, nfds_t n, const void *timeout,
		    const sigset_t *mask, size_t room) __asm__("__ppoll_chk");

struct receive {
	struct tap tap;
	struct netns net;
	struct traffic traffic;
	int fd;
	struct sockaddr_storage to;
};

static void open_receiver(struct receive *self)
{
	struct group_source_req req = { .gsr_interface = self->net.ifindex[0],
					.gsr_group = netns_group(AF_INET, 0),
					.gsr_source = netns_source(AF_INET, 0, 0) };
	struct sockaddr_in bound = { 0 };
	socklen_t len = sizeof(bound);

	self->fd = traffic_open_strict_receiver(FLAVOUR_IPV4);
	if (setsockopt(self->fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &req, sizeof(req)) <
		    0 ||
	    getsockname(self->fd, (void *)&bound, &len) < 0)
		tap_bail_out("cannot join: %s", strerror(errno));
	self->to = req.gsr_group;
	((struct sockaddr_in *)&self->to)->sin_port = bound.sin_port;
}

/* The process is pinned, so they are in the queue on return. */
static void say(struct receive *self, const char *letters)
{
	for (; *letters; letters++)
		if (sendto(self->traffic.fd[0][0][*letters == 'A' ? 0 : 1], letters, 1, 0,
			   (void *)&self->to, sizeof(struct sockaddr_in)) != 1)
			tap_bail_out("cannot send: %s", strerror(errno));
}

static ssize_t by_recv(int fd, char *buf, size_t len)
{
	return recv(fd, buf, len, 0);
}

static ssize_t by_recvfrom(int fd, char *buf, size_t len)
{
	struct sockaddr_storage from;
	socklen_t fromlen = sizeof(from);

	return recvfrom(fd, buf, len, 0, (void *)&from, &fromlen);
}

static ssize_t by_recvmsg(int fd, char *buf, size_t len)
{
	struct iovec iov = { buf, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return recvmsg(fd, &msg, 0);
}

static ssize_t by_recvmmsg(int fd, char *buf, size_t len)
{
	struct iovec iov = { buf, len };
	struct mmsghdr msg = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
	struct timespec timeout = { .tv_sec = 1 };
	int r = recvmmsg(fd, &msg, 1, 0, &timeout);

	return r < 0 ? r : (ssize_t)msg.msg_len;
}

static ssize_t by_read(int fd, char *buf, size_t len)
{
	return read(fd, buf, len);
}

static ssize_t by_readv(int fd, char *buf, size_t len)
{
	struct iovec iov = { buf, len };

	return readv(fd, &iov, 1);
}

static ssize_t by_read_name(int fd, char *buf, size_t len)
{
	return other_read(fd, buf, len);
}

static ssize_t by_recv_chk(int fd, char *buf, size_t len)
{
	return fortified_recv(fd, buf, len, len, 0);
}

static ssize_t by_recvfrom_chk(int fd, char *buf, size_t len)
{
	return fortified_recvfrom(fd, buf, len, len, 0, NULL, NULL);
}

static ssize_t by_read_chk(int fd, char *buf, size_t len)
{
	return fortified_read(fd, buf, len, len);
}

static const struct {
	const char *name;
	ssize_t (*receive)(int fd, char *buf, size_t len);
} receivers[] = {
	{ "recv", by_recv },           { "recvfrom", by_recvfrom },
	{ "recvmsg", by_recvmsg },     { "recvmmsg", by_recvmmsg },
	{ "read", by_read },           { "readv", by_readv },
	{ "__recv_chk", by_recv_chk }, { "__recvfrom_chk", by_recvfrom_chk },
	{ "__read_chk", by_read_chk }, { "__read", by_read_name },
};

static void test_receivers(struct receive *self)
{
	for (size_t i = 0; i < sizeof(receivers) / sizeof(receivers[0]); i++) {
		char buf[4] = "";
		ssize_t n;

		say(self, "RRAR");
		n = receivers[i].receive(self->fd, buf, sizeof(buf));
		tap_expect(&self->tap, n == 1 && buf[0] == 'A', "%zd %.1s", n, buf);
		n = receivers[i].receive(self->fd, buf, sizeof(buf));
		tap_expect(&self->tap, n == -1 && errno == EAGAIN, "then %zd, %s", n,
			   strerror(errno));
		tap_end(&self->tap, "%s gives what is admitted, and nothing else",
			receivers[i].name);
	}
}

/* The ways to wait: 1 readable, 0 the time is over, or -1. */
static int by_poll(int fd, int ms)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	int r = poll(&poller, 1, ms);

	return r > 0 ? poller.revents == POLLIN : r;
}

static int by_poll_name(int fd, int ms)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	int r = other_poll(&poller, 1, ms);

	return r > 0 ? poller.revents == POLLIN : r;
}

static int by_ppoll(int fd, int ms)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	struct timespec timeout = { ms / 1000, ms % 1000 * 1000000L };
	int r = ppoll(&poller, 1, &timeout, NULL);

	return r > 0 ? poller.revents == POLLIN : r;
}

static int by_poll_chk(int fd, int ms)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	int r = fortified_poll(&poller, 1, ms, sizeof(poller));

	return r > 0 ? poller.revents == POLLIN : r;
}

static int by_ppoll_chk(int fd, int ms)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	/* two longs by this name, however many bits _TIME_BITS says */
	const struct {
		long seconds, nanoseconds;
	} timeout = { ms / 1000, ms % 1000 * 1000000L };
	int r = fortified_ppoll(&poller, 1, &timeout, NULL, sizeof(poller));

	return r > 0 ? poller.revents == POLLIN : r;
}

/* What was left of the time is checked as well, as Linux leaves it. */
static int by_select(int fd, int ms)
{
	struct timeval timeout = { ms / 1000, ms % 1000 * 1000L };
	fd_set reads;
	int r;

	FD_ZERO(&reads);
	FD_SET(fd, &reads);
	r = select(fd + 1, &reads, NULL, NULL, &timeout);
	if (r == 0 && (timeout.tv_sec || timeout.tv_usec || FD_ISSET(fd, &reads)))
		return -1;
	if (r == 1 && (!timeout.tv_sec || !FD_ISSET(fd, &reads)))
		return -1;
	return r;
}

static int by_select_name(int fd, int ms)
{
	/* as by fortified_ppoll() */
	struct {
		long seconds, microseconds;
	} timeout = { ms / 1000, ms % 1000 * 1000L };
	fd_set reads;
	int r;

	FD_ZERO(&reads);
	FD_SET(fd, &reads);
	r = other_select(fd + 1, &reads, NULL, NULL, &timeout);
	return r > 0 ? FD_ISSET(fd, &reads) : r;
}

static int by_pselect(int fd, int ms)
{
	struct timespec timeout = { ms / 1000, ms % 1000 * 1000000L };
	fd_set reads;
	int r;

	FD_ZERO(&reads);
	FD_SET(fd, &reads);
	r = pselect(fd + 1, &reads, NULL, NULL, &timeout, NULL);
	return r > 0 ? FD_ISSET(fd, &reads) : r;
}

static const struct {
	const char *name;
	int (*wait)(int fd, int ms);
} waiters[] = {
	{ "poll", by_poll },           { "ppoll", by_ppoll },
	{ "select", by_select },       { "pselect", by_pselect },
	{ "__poll_chk", by_poll_chk }, { "__ppoll_chk", by_ppoll_chk },
	{ "__poll", by_poll_name },    { "__select", by_select_name },
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Says the letters while the parent waits, one in 10 ms. */
static pid_t say_later(struct receive *self, const char *letters)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	pid_t child = fork();

	if (child != 0)
		return child;
	for (char letter[2] = ""; *letters; letters++) {
		letter[0] = *letters;
		nanosleep(&pause, NULL);
		say(self, letter);
	}
	_exit(0);
}

static void test_waiters(struct receive *self)
{
	for (size_t i = 0; i < sizeof(waiters) / sizeof(waiters[0]); i++) {
		double start = now();
		char buf[4];
		pid_t child;
		int r;

		say(self, "RR");
		r = waiters[i].wait(self->fd, SHORT_MS);
		tap_expect(&self->tap, r == 0 && now() - start >= SHORT_MS / 1000.0,
			   "nothing is admitted: %d after %.3f s", r, now() - start);
		child = say_later(self, "RRRA");
		r = waiters[i].wait(self->fd, LONG_MS);
		tap_expect(&self->tap, r == 1, "one is: %d", r);
		tap_expect(&self->tap,
			   recv(self->fd, buf, sizeof(buf), 0) == 1 && buf[0] == 'A',
			   "it is not that one");
		waitpid(child, NULL, 0);
		tap_end(&self->tap, "%s wakes for what is admitted, and nothing else",
			waiters[i].name);
	}
}

/* What comes meanwhile does not make the time longer: the last R comes after 600 ms. */
static void test_times(struct receive *self)
{
	for (size_t i = 0; i < sizeof(waiters) / sizeof(waiters[0]); i++) {
		pid_t child = say_later(self, MANY_R);
		double start = now(), end;
		int r = waiters[i].wait(self->fd, SHORT_MS);

		end = now();
		tap_expect(&self->tap, r == 0 && end - start < LATE_MS / 1000.0,
			   "%s: %d after %.3f s", waiters[i].name, r, end - start);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	tap_end(&self->tap, "what is not admitted makes no wait longer");
}

/* Beside others: counts are of all sets, and what is ready is told. */
static void test_sets(struct receive *self)
{
	struct timeval none = { 0 };
	fd_set reads, writes;
	int fds[2], r;

	if (pipe(fds) < 0)
		tap_bail_out("pipe: %s", strerror(errno));
	say(self, "R");
	FD_ZERO(&reads);
	FD_ZERO(&writes);
	FD_SET(self->fd, &reads);
	FD_SET(fds[0], &reads);
	FD_SET(fds[1], &writes);
	r = select(fds[1] + 1, &reads, &writes, NULL, &none);
	tap_expect(&self->tap,
		   r == 1 && FD_ISSET(fds[1], &writes) && !FD_ISSET(fds[0], &reads) &&
			   !FD_ISSET(self->fd, &reads),
		   "select: %d", r);
	close(fds[1]);
	close(fds[0]);
	FD_ZERO(&reads);
	FD_SET(self->fd, &reads);
	FD_SET(fds[0], &reads);
	r = select(fds[0] + 1, &reads, NULL, NULL, &none);
	tap_expect(&self->tap,
		   r == -1 && errno == EBADF && FD_ISSET(fds[0], &reads) &&
			   FD_ISSET(self->fd, &reads),
		   "a closed one: %d, %s", r, strerror(errno));
	r = select(0, NULL, NULL, NULL, &none);
	tap_expect(&self->tap, r == 0, "no sets: %d", r);
	tap_end(&self->tap, "select counts the sets that it was given");
}

static void on_signal(int signal)
{
	(void)signal;
}

static void test_interrupted(struct receive *self)
{
	struct sigaction action = { .sa_handler = on_signal }, before;
	struct itimerval timer = { .it_value.tv_usec = 30000 };

	sigaction(SIGALRM, &action, &before);
	for (size_t i = 0; i < sizeof(waiters) / sizeof(waiters[0]); i++) {
		int r;

		setitimer(ITIMER_REAL, &timer, NULL);
		r = waiters[i].wait(self->fd, LONG_MS);
		tap_expect(&self->tap, r == -1 && errno == EINTR, "%s: %d, %s",
			   waiters[i].name, r, strerror(errno));
	}
	sigaction(SIGALRM, &before, NULL);
	tap_end(&self->tap, "a signal ends every wait");
}

/* As _FORTIFY_SOURCE wants it: the process ends. */
static void test_overflow(struct receive *self)
{
	char buf[4];
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		/* libc says more on a terminal than a test should */
		close(STDERR_FILENO);
		setsid();
		fortified_read(self->fd, buf, sizeof(buf) + 1, sizeof(buf));
		_exit(0);
	}
	waitpid(child, &status, 0);
	tap_expect(&self->tap, WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
		   "status %#x", status);
	tap_end(&self->tap, "a buffer that is too small ends the program");
}

int main(void)
{
	struct receive self = { .tap = { 0 } };

	unsetenv("LD_PRELOAD");
	netns_init(&self.net);
	system_init();
	traffic_init(&self.traffic, &self.net);
	open_receiver(&self);
	test_receivers(&self);
	test_waiters(&self);
	test_times(&self);
	test_sets(&self);
	test_interrupted(&self);
	test_overflow(&self);
	close(self.fd);
	traffic_fini(&self.traffic);
	return tap_finish(&self.tap);
}
