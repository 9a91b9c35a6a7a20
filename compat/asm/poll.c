/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readiness: a socket whose receive calls filter is readable when an admitted packet
 * is there. poll() sees every packet; so what it says is looked into, and the wait
 * goes on with the time that remains when there was nothing else to tell.
 *
 * A packet that the application is told of may be taken by another thread before it
 * comes to receive, as ever. One at a socket with SO_PEEK_OFF may be one that is not
 * admitted: what lies behind it cannot be seen there without changing the offset.
 */
#include <errno.h>

#include "asm/receive-packet.h"
#include "asm/receive-stash.h"
#include "asm/receive-wait.h"

#define READABLE (POLLIN | POLLRDNORM)

static bool has_event(int fd, short event)
{
	struct pollfd poller = { .fd = fd, .events = event };

	return poll(&poller, 1, 0) > 0 && (poller.revents & event) != 0;
}

/* An empty queue is readable, too, when nothing will come any more. */
static bool is_shut(int fd)
{
	return has_event(fd, POLLRDHUP);
}

enum look { LOOK_EMPTY, LOOK_READABLE, LOOK_AGAIN };

/* LOOK_AGAIN: a packet was discarded, by us or by somebody else. */
static enum look look(const struct receiver *receiver)
{
	const struct msghdr no_data = { 0 };
	struct packet packet;
	int r;

	if (stash_has(receiver->key))
		return LOOK_READABLE;
	r = packet_receive(&packet, receiver, &no_data, MSG_PEEK | MSG_DONTWAIT);
	if (r == -EAGAIN)
		return is_shut(receiver->fd) || receiver_has_peek_offset(receiver)
			       ? LOOK_READABLE
			       : LOOK_EMPTY;
	if (r < 0)
		stash_put_error(receiver, -r);
	if (r < 0 || packet_is_admitted(&packet, receiver) ||
	    receiver_has_peek_offset(receiver))
		return LOOK_READABLE;
	r = stash_discard(receiver);
	return r == 0 || r == -EAGAIN ? LOOK_AGAIN : LOOK_READABLE;
}

bool asm_has_stashed(int fd)
{
	struct receiver receiver;

	return stash_is_used() && receiver_init(&receiver, fd) && stash_has(receiver.key);
}

/* A pending error is left to the application: to look would take it away. */
bool asm_settle(int fd)
{
	struct receiver receiver;
	int saved = errno;
	enum look seen;

	if (!asm_is_receive_filtered() || !receiver_init(&receiver, fd))
		return true;
	seen = has_event(fd, POLLERR) ? LOOK_READABLE : look(&receiver);
	if (seen == LOOK_AGAIN) {
		uint32_t n_left = patience_get_depth(fd);

		/* What was not there at the start is for the next time. */
		while (seen == LOOK_AGAIN && n_left-- > 0)
			seen = look(&receiver);
	}
	errno = saved;
	return seen == LOOK_READABLE;
}

/* Packets in the stash, which ppoll() does not see: sets what it is to tell of them. */
static bool add_stashed(struct pollfd *fds, nfds_t n, bool is_told)
{
	bool has_any = false;

	for (nfds_t i = 0; i < n; i++) {
		if (fds[i].fd < 0 || (fds[i].events & READABLE) == 0 ||
		    !asm_has_stashed(fds[i].fd))
			continue;
		has_any = true;
		if (is_told)
			fds[i].revents |= fds[i].events & READABLE;
	}
	return has_any;
}

/* How many are ready, once those are not whose packets are not admitted. */
static int settle(struct pollfd *fds, nfds_t n)
{
	int n_ready = 0;

	for (nfds_t i = 0; i < n; i++) {
		struct pollfd *poller = &fds[i];

		if ((poller->revents & READABLE) != 0 &&
		    (poller->revents & POLLERR) == 0 && !asm_settle(poller->fd))
			poller->revents &= (short)~READABLE;
		n_ready += poller->revents != 0;
	}
	return n_ready;
}

int asm_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
	      const sigset_t *mask)
{
	const struct timespec no_time = { 0, 0 };
	struct timespec deadline, rest;

	if (!asm_is_receive_filtered() || fds == NULL ||
	    (timeout != NULL && !patience_get_deadline(timeout, &deadline)))
		return ppoll(fds, n, timeout, mask);
	for (;;) {
		bool is_stashed = stash_is_used() && add_stashed(fds, n, false);
		int r = ppoll(fds, n, is_stashed ? &no_time : timeout, mask);

		if (r < 0 || (r == 0 && !is_stashed))
			return r;
		if (is_stashed)
			add_stashed(fds, n, true);
		r = settle(fds, n);
		if (r > 0)
			return r;
		if (timeout == NULL)
			continue;
		if (!patience_get_rest(&deadline, &rest))
			return 0;
		timeout = &rest;
	}
}
