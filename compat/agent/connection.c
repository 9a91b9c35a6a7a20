/* SPDX-License-Identifier: BSD-2-Clause */
/* See connection.h. */
#include "agent/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/clock.h"

/* Where descriptors of ours begin: below 1024, which a select() of somebody who looks
 * through all of them may need. */
#define FD_LOWEST 960

/* An answer is much smaller; rows that nobody asked for are cut off. */
#define ANSWER_MAX 256u

void connection_init(struct connection *connection)
{
	pthread_mutex_init(&connection->lock, NULL);
	pending_init(&connection->pending);
	connection->fd = -1;
	connection->inode = 0;
	connection->serial = 0;
	connection->peer = 0;
	connection->is_heir = false;
	connection->is_child = false;
	atomic_store(&connection->n_waiting, 0);
	atomic_store(&connection->quiet_until, 0);
	atomic_store(&connection->is_kept, false);
	atomic_store(&connection->kept_again, 0);
	atomic_store(&connection->is_replaying, false);
	atomic_store(&connection->pid, getpid());
}

int connection_set_path(struct connection *connection, const char *path)
{
	size_t len = strlen(path);

	if (!len || len >= sizeof(connection->path))
		return -EINVAL;
	memcpy(connection->path, path, len + 1);
	return 0;
}

int connection_lock(struct connection *connection, uint64_t deadline)
{
	int r = pthread_mutex_trylock(&connection->lock);
	struct timespec until;

	if (r != 0) {
		/* a step of that clock costs little: who has the lock gives it up soon */
		until = clock_get_wall_time(deadline);
		atomic_fetch_add(&connection->n_waiting, 1);
		r = pthread_mutex_timedlock(&connection->lock, &until);
		atomic_fetch_sub(&connection->n_waiting, 1);
	}
	return r == 0 ? 0 : -ETIMEDOUT;
}

void connection_unlock(struct connection *connection)
{
	pthread_mutex_unlock(&connection->lock);
}

uint64_t connection_get_inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) ? st.st_ino : 0;
}

/* Is the number still that of our socket? */
static bool is_ours(const struct connection *connection)
{
	return connection->fd >= 0 &&
	       connection_get_inode(connection->fd) == connection->inode;
}

/*
 * Beginning and end
 */

int connection_move_up(int fd)
{
	struct rlimit limit;
	int lowest = FD_LOWEST, moved;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= FD_LOWEST)
		lowest = (int)limit.rlim_cur / 2;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, lowest);
	if (moved < 0)
		return fd;
	close(fd);
	return moved;
}

int connection_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;
	int fd, r;

	/* most systems have no msfd: then not even a number is used for a moment */
	if (stat(path, &st) < 0)
		return -errno;
	if (!memccpy(address.sun_path, path, '\0', sizeof(address.sun_path)))
		return -EINVAL;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	fd = connection_move_up(fd);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

/* Of who listens. 0, or 1, which opens sockets for others: nobody knows. */
static pid_t get_peer(int fd)
{
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 || peer.pid == 1)
		return 0;
	return peer.pid;
}

/* What was told to the same msfd before need not be told again. */
static void inherit(struct connection *connection, pid_t peer)
{
	if (connection->is_heir && (!peer || peer != connection->peer))
		pending_add_lost(&connection->pending);
	connection->is_heir = false;
	connection->peer = peer;
}

int connection_open(struct connection *connection)
{
	int fd;

	if (is_ours(connection))
		return 0;
	/* the program has closed it: msfd knows what it knew, if it is the same one */
	if (connection->fd >= 0)
		connection->is_heir = true;
	connection->fd = -1;
	fd = connection_connect(connection->path);
	if (fd < 0)
		return fd;
	connection->fd = fd;
	connection->inode = connection_get_inode(fd);
	inherit(connection, get_peer(fd));
	return 0;
}

void connection_abandon(struct connection *connection)
{
	if (is_ours(connection))
		close(connection->fd);
	connection->fd = -1;
}

void connection_drop(struct connection *connection)
{
	connection_abandon(connection);
	pending_add_lost(&connection->pending);
}

/*
 * Questions and answers
 */

/* 0: it is ready, or broken, which the next call tells. */
static int wait_for(const struct connection *connection, short events, uint64_t deadline)
{
	struct pollfd poller = { .fd = connection->fd, .events = events };
	int r;

	do {
		r = poll(&poller, 1, clock_get_rest_ms(deadline));
	} while (r < 0 && errno == EINTR);
	return r == 0 ? -ETIMEDOUT : 0;
}

static ssize_t send_once(struct connection *connection, size_t len, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { connection->buffer, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		control.header = (struct cmsghdr){
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(sizeof(fd)),
		};
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
	}
	return sendmsg(connection->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* What sendmsg() was refused for, as connection_ask() has it. */
static int sort_send_error(int error)
{
	switch (error) {
	case EBADF:
		return -EBADF;
	case ETOOMANYREFS: /* sockets that msfd has not received yet */
	case ENOBUFS:
	case ENOMEM:
		return -EAGAIN;
	case EMSGSIZE:
		return -ENOBUFS;
	default:
		return -EPIPE;
	}
}

static int send_message(struct connection *connection, size_t len, int fd,
			uint64_t deadline)
{
	while (send_once(connection, len, fd) < 0) {
		int error = errno;

		if (error == EINTR)
			continue;
		if (error != EAGAIN)
			return sort_send_error(error);
		if (wait_for(connection, POLLOUT, deadline) < 0)
			return -ETIMEDOUT;
	}
	return 0;
}

/* 1: the answer; 0: something else, which nobody waits for any more. An answer without
 * a serial is to whoever connects: there are too many. */
static int sort_answer(const void *buffer, size_t len, uint32_t serial,
		       struct connection_answer *ret)
{
	struct message message;
	int r = message_decode(buffer, len, &message);

	if (r == -EPROTO)
		return message.serial == serial || !message.serial ? -EPROTO : 0;
	if (r < 0)
		return -EPIPE;
	if (message.type != MESSAGE_ANSWER ||
	    (message.serial && message.serial != serial))
		return 0;
	ret->error = message.error;
	ret->reason = message.reason;
	return 1;
}

static int receive_answer(const struct connection *connection, uint32_t serial,
			  struct connection_answer *ret)
{
	uint64_t buffer[ANSWER_MAX / sizeof(uint64_t)];
	ssize_t len = recv(connection->fd, buffer, sizeof(buffer),
			   MSG_DONTWAIT | MSG_TRUNC);

	if (len < 0)
		return errno == EAGAIN || errno == EINTR || errno == ECONNRESET ? -EAGAIN
										: -EPIPE;
	if (len == 0)
		return -EPIPE;
	if ((size_t)len > sizeof(buffer))
		return 0;
	return sort_answer(buffer, (size_t)len, serial, ret);
}

static int wait_for_answer(const struct connection *connection, uint32_t serial,
			   uint64_t deadline, struct connection_answer *ret)
{
	int r;

	while ((r = receive_answer(connection, serial, ret)) == 0 || r == -EAGAIN) {
		if (wait_for(connection, POLLIN, deadline) < 0)
			return -ETIMEDOUT;
	}
	return r < 0 ? r : 0;
}

static uint32_t next_serial(struct connection *connection)
{
	if (!++connection->serial)
		connection->serial++;
	return connection->serial;
}

int connection_ask(struct connection *connection, struct message *message, int fd,
		   uint64_t deadline, struct connection_answer *ret)
{
	int len, r;

	message->serial = next_serial(connection);
	len = message_encode(message, connection->buffer, sizeof(connection->buffer));
	if (len < 0)
		return len;
	r = send_message(connection, (size_t)len, fd, deadline);
	/* a refused connection has its reason in the queue */
	if (r == 0 || r == -EPIPE)
		r = wait_for_answer(connection, message->serial, deadline, ret);
	if (r == -EPIPE)
		connection_drop(connection);
	return r;
}

/* While nobody has the lock, it may become another connection: that is looked at. */
static bool has_ended(struct connection *connection)
{
	struct pollfd poller = { .events = 0 };
	bool has_ended = true;

	pthread_mutex_lock(&connection->lock);
	if (is_ours(connection)) {
		poller.fd = connection->fd;
		has_ended = poll(&poller, 1, 0) > 0;
		if (has_ended)
			connection_drop(connection);
	}
	pthread_mutex_unlock(&connection->lock);
	return has_ended;
}

static int get_fd(struct connection *connection)
{
	int fd;

	pthread_mutex_lock(&connection->lock);
	fd = is_ours(connection) ? connection->fd : -1;
	pthread_mutex_unlock(&connection->lock);
	return fd;
}

bool connection_wait_for_end(struct connection *connection, int timeout_ms)
{
	struct pollfd poller = { .fd = get_fd(connection) };

	if (poller.fd >= 0)
		poll(&poller, 1, timeout_ms);
	return has_ended(connection);
}
