/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the shim makes of select(), pselect() and recvmmsg() where the receive calls
 * filter (policy-receive.c), asked without libc in between: so that what a race leaves
 * behind can be made one step after the other.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "asm/asm.h"
#include "asm/receive-stash.h"
#include "preload/policy.h"
#include "receive-rig.h"

#define WAIT_S 5

static void discard(struct rig *rig, const struct rig_socket *socket)
{
	struct receiver receiver;

	tap_expect(&rig->tap,
		   receiver_init(&receiver, socket->fd) && stash_discard(&receiver) == 0,
		   "discard");
}

/* Is it readable before the time is over? */
static int by_select(int fd)
{
	struct timeval timeout = { .tv_sec = WAIT_S };
	fd_set reads;
	int r;

	FD_ZERO(&reads);
	FD_SET(fd, &reads);
	r = policy_select(fd + 1, &reads, NULL, NULL, &timeout, TIMES_PLAIN);
	return r == 1 && FD_ISSET(fd, &reads) && timeout.tv_sec == WAIT_S - 1;
}

static int by_pselect(int fd)
{
	const struct timespec timeout = { .tv_sec = WAIT_S };
	fd_set reads;
	int r;

	FD_ZERO(&reads);
	FD_SET(fd, &reads);
	r = policy_pselect(fd + 1, &reads, NULL, NULL, &timeout, TIMES_PLAIN, NULL);
	return r == 1 && FD_ISSET(fd, &reads);
}

/* Another descriptor that is ready is counted as well. */
static int by_select_of_two(int fd)
{
	fd_set reads, writes;
	int fds[2], r;

	if (pipe(fds) < 0)
		tap_bail_out("pipe: %s", strerror(errno));
	FD_ZERO(&reads);
	FD_ZERO(&writes);
	FD_SET(fd, &reads);
	FD_SET(fds[0], &reads);
	FD_SET(fds[1], &writes);
	r = policy_select(fds[1] + 1, &reads, &writes, NULL, NULL, TIMES_PLAIN);
	r = r == 2 && FD_ISSET(fd, &reads) && !FD_ISSET(fds[0], &reads) &&
	    FD_ISSET(fds[1], &writes);
	close(fds[0]);
	close(fds[1]);
	return r;
}

static void test_stash(struct rig *rig)
{
	struct rig_socket socket;
	char buf[8];

	rig_open(rig, &socket, RIG_UDP4);
	tap_expect(&rig->tap, !asm_has_stashed(socket.fd), "there is one at the start");
	for (int i = 0; i < 2; i++) {
		rig_say(rig, &socket, "A");
		discard(rig, &socket);
		tap_expect(&rig->tap, asm_has_stashed(socket.fd), "there is none");
		tap_expect(&rig->tap, by_select(socket.fd), "select");
		tap_expect(&rig->tap, by_pselect(socket.fd), "pselect");
		tap_expect(&rig->tap, by_select_of_two(socket.fd), "select of two");
		rig_expect(rig, &socket, "recv", buf,
			   policy_recvfrom(socket.fd, buf, sizeof(buf), 0, NULL, NULL),
			   "A0");
		tap_expect(&rig->tap, !asm_has_stashed(socket.fd), "there is one left");
	}
	rig_close(&socket);
	tap_end(&rig->tap, "select finds what was taken off the queue and is admitted");
}

/* The port of the connected peer is closed; Linux tells so once, to whoever asks. */
static void test_error(struct rig *rig)
{
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct pollfd poller = { .events = 0 };
	struct rig_socket socket;
	socklen_t len = sizeof(int);
	int error = 0;

	rig_open(rig, &socket, RIG_UDP4);
	peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	poller.fd = socket.fd;
	if (connect(socket.fd, (void *)&peer, sizeof(peer)) < 0 ||
	    send(socket.fd, "x", 1, 0) < 0 || poll(&poller, 1, WAIT_S * 1000) != 1)
		tap_bail_out("no error comes: %s", strerror(errno));
	tap_expect(&rig->tap, by_select(socket.fd) && by_select(socket.fd), "select");
	getsockopt(socket.fd, SOL_SOCKET, SO_ERROR, &error, &len);
	tap_expect(&rig->tap, error == ECONNREFUSED, "%s", strerror(error));
	rig_close(&socket);
	tap_end(&rig->tap, "select leaves a pending error to the program");
}

/* As Linux: what is left of the time is told with the packets. */
static void test_read_only_time(struct rig *rig)
{
	struct timespec *timeout = mmap(NULL, sizeof(*timeout), PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct rig_socket socket;
	struct mmsghdr msg = { 0 };

	rig_open(rig, &socket, RIG_UDP4);
	timeout->tv_sec = WAIT_S;
	mprotect(timeout, sizeof(*timeout), PROT_READ);
	rig_say(rig, &socket, "R");
	rig_expect_error(
		rig, "recvmmsg",
		policy_recvmmsg(socket.fd, &msg, 1, MSG_DONTWAIT, timeout, TIMES_PLAIN),
		EAGAIN);
	munmap(timeout, sizeof(*timeout));
	rig_close(&socket);
	tap_end(&rig->tap, "recvmmsg without a packet leaves the time alone");
}

int main(void)
{
	struct rig rig = { 0 };

	rig_init(&rig);
	test_stash(&rig);
	test_error(&rig);
	test_read_only_time(&rig);
	return tap_finish(&rig.tap);
}
