/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receive calls where socket filters do nothing: receive, judge, and go on until
 * an admitted packet is there. Invariant: an admitted packet is handed to exactly one
 * call, whichever threads and processes receive at the socket.
 *
 * A consuming call receives straight into the buffers of the application: there is no
 * moment between look and receipt, so no lock is needed and none can be lost; a packet
 * that is not admitted has then been discarded by the very receipt. Its data may be
 * left in these buffers where the call does not fill them anew, never anything in
 * name or control data. A peek looks, and discards with care (receive-stash.h).
 */
#include <errno.h>
#include <limits.h>
#include <sys/uio.h>
#include <unistd.h>

#include "asm/receive-packet.h"
#include "asm/receive-stash.h"
#include "asm/receive-wait.h"

/* What Linux cuts a length down to (MAX_RW_COUNT), give or take a page. */
#define MAX_LENGTH ((size_t)INT_MAX & ~(size_t)4095)

bool asm_is_receive_filtered(void)
{
	return store_is_used() || stash_is_used();
}

static bool is_filtered(int fd, struct receiver *ret)
{
	return asm_is_receive_filtered() && receiver_init(ret, fd);
}

static size_t get_room(const struct iovec *iov, size_t n)
{
	size_t room = 0;

	for (size_t i = 0; i < n; i++)
		room += iov[i].iov_len;
	return room;
}

/*
 * A peek met a packet that is not admitted. With SO_PEEK_OFF it need not be the head
 * of the queue, and every peek goes on behind the last: then it stays until a
 * consuming call meets it, and a peek that took no byte of it steps over it.
 */
static int pass_over(const struct receiver *receiver, const struct msghdr *msg)
{
	unsigned char bytes[1024];
	struct iovec iov = { bytes, sizeof(bytes) };
	struct packet packet;
	int r = 0;

	if (!receiver_has_peek_offset(receiver))
		r = stash_discard(receiver);
	else if (get_room(msg->msg_iov, msg->msg_iovlen) == 0)
		r = packet_receive(&packet, receiver,
				   &(struct msghdr){ .msg_iov = &iov, .msg_iovlen = 1 },
				   MSG_PEEK | MSG_DONTWAIT);
	return r == -EAGAIN ? 0 : r;
}

/* Receives one admitted packet. 0 or -errno. */
static int receive_admitted(const struct receiver *receiver, const struct msghdr *msg,
			    int flags, struct packet *packet)
{
	struct patience patience;

	patience_init(&patience, receiver->fd, flags);
	for (;;) {
		int r = stash_receive(receiver, msg, flags, packet);

		if (r != 0)
			return r < 0 ? r : 0;
		r = packet_receive(packet, receiver, msg, patience_get_flags(&patience));
		if (r == 0) {
			if (packet_is_admitted(packet, receiver))
				return 0;
			if ((flags & MSG_PEEK) != 0)
				r = pass_over(receiver, msg);
			if (r == 0)
				r = patience_spend(&patience);
		} else if (r == -EAGAIN) {
			r = patience_wait(&patience);
		}
		if (r < 0)
			return r;
	}
}

/* The same; a call that succeeds leaves errno alone. */
static int receive(const struct receiver *receiver, const struct msghdr *msg, int flags,
		   struct packet *packet)
{
	int saved = errno;
	int r = receive_admitted(receiver, msg, flags, packet);

	if (r == 0)
		errno = saved;
	return r;
}

static ssize_t fail(int error)
{
	errno = error;
	return -1;
}

static ssize_t receive_buffer(const struct receiver *receiver, void *buf, size_t len,
			      int flags, struct packet *packet)
{
	struct iovec iov = { buf, len < MAX_LENGTH ? len : MAX_LENGTH };
	int r = receive(receiver, &(struct msghdr){ .msg_iov = &iov, .msg_iovlen = 1 },
			flags, packet);

	return r < 0 ? fail(-r) : packet->len;
}

/* -errno or the length. */
static ssize_t receive_message(const struct receiver *receiver, struct msghdr *msg,
			       int flags)
{
	struct packet packet;
	int r;

	if (msg->msg_name != NULL && msg->msg_namelen > INT_MAX)
		return -EINVAL;
	r = receive(receiver, msg, flags, &packet);
	if (r < 0)
		return r;
	packet_hand_over(&packet, receiver, msg);
	return packet.len;
}

ssize_t asm_recv(int fd, void *buf, size_t len, int flags)
{
	struct receiver receiver;
	struct packet packet;

	if (!is_filtered(fd, &receiver))
		return recv(fd, buf, len, flags);
	return receive_buffer(&receiver, buf, len, flags, &packet);
}

/* Linux, too, looks at fromlen when the packet is already taken. */
static ssize_t hand_over_name(const struct packet *packet, struct sockaddr *from,
			      socklen_t *fromlen)
{
	struct msghdr msg = { .msg_name = from };

	if (from == NULL)
		return packet->len;
	if (fromlen == NULL)
		return fail(EFAULT);
	if (*fromlen > INT_MAX)
		return fail(EINVAL);
	msg.msg_namelen = *fromlen;
	packet_hand_over_name(packet, &msg);
	*fromlen = msg.msg_namelen;
	return packet->len;
}

ssize_t asm_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *from,
		     socklen_t *fromlen)
{
	struct receiver receiver;
	struct packet packet;

	if (!is_filtered(fd, &receiver))
		return recvfrom(fd, buf, len, flags, from, fromlen);
	if (receive_buffer(&receiver, buf, len, flags, &packet) < 0)
		return -1;
	return hand_over_name(&packet, from, fromlen);
}

ssize_t asm_recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct receiver receiver;
	ssize_t n;

	if (msg == NULL || !is_filtered(fd, &receiver))
		return recvmsg(fd, msg, flags);
	n = receive_message(&receiver, msg, flags);
	return n < 0 ? fail((int)-n) : n;
}

/* A read of no bytes takes no packet. */
ssize_t asm_read(int fd, void *buf, size_t len)
{
	struct receiver receiver;
	struct packet packet;

	if (len == 0 || !is_filtered(fd, &receiver))
		return read(fd, buf, len);
	return receive_buffer(&receiver, buf, len, 0, &packet);
}

ssize_t asm_readv(int fd, const struct iovec *iov, int n)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)iov };
	struct receiver receiver;
	struct packet packet;
	int r;

	if (iov == NULL || n <= 0 || n > UIO_MAXIOV || !is_filtered(fd, &receiver) ||
	    get_room(iov, (size_t)n) == 0)
		return readv(fd, iov, n);
	msg.msg_iovlen = (size_t)n;
	r = receive(&receiver, &msg, 0, &packet);
	return r < 0 ? fail(-r) : packet.len;
}

/* Linux tells an error behind the first packet at the next call. */
static void keep_error(const struct receiver *receiver, int error)
{
	if (error != EAGAIN && error != EINTR)
		stash_put_error(receiver, error);
}

/* As Linux does: the time is looked at after each packet, and never cuts a wait. */
static int receive_messages(const struct receiver *receiver, struct mmsghdr *msgs,
			    unsigned int n, int flags, const struct timespec *deadline,
			    struct timespec *timeout)
{
	unsigned int i = 0;
	int saved = errno;

	while (i < n) {
		ssize_t len = receive_message(receiver, &msgs[i].msg_hdr,
					      flags & ~MSG_WAITFORONE);

		if (len < 0) {
			if (i == 0)
				return (int)len;
			keep_error(receiver, (int)-len);
			errno = saved;
			break;
		}
		msgs[i++].msg_len = (unsigned int)len;
		if ((flags & MSG_WAITFORONE) != 0)
			flags |= MSG_DONTWAIT;
		if (timeout != NULL && !patience_get_rest(deadline, timeout)) {
			*timeout = (struct timespec){ 0, 0 };
			break;
		}
	}
	return (int)i;
}

int asm_recvmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags,
		 struct timespec *timeout)
{
	struct receiver receiver;
	struct timespec deadline;
	int r;

	if (msgs == NULL || n == 0 || !is_filtered(fd, &receiver))
		return recvmmsg(fd, msgs, n, flags, timeout);
	if (timeout != NULL && !patience_get_deadline(timeout, &deadline))
		return (int)fail(EINVAL);
	r = receive_messages(&receiver, msgs, n, flags, &deadline, timeout);
	return r < 0 ? (int)fail(-r) : r;
}
