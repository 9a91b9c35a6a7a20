/* SPDX-License-Identifier: BSD-2-Clause */
/* See replay.h. */
#include "agent/replay.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/clock.h"

#define NUMBER_BASE 10

/* Pauses where msfd takes no more messages for now. */
#define PAUSE_MIN_MS 20u
#define PAUSE_MAX_MS 1000u

/* One socket of the program. */
struct subject {
	int fd;
	uint64_t inode;
};

struct replay {
	struct connection *connection;
	const struct agent_reader *reader;
	struct pending_set set; /* what is told in this run */
};

/*
 * One message
 */

static void let_requests_go_first(struct connection *connection)
{
	while (atomic_load(&connection->n_waiting))
		clock_sleep_ms(1);
}

static int ask(struct connection *connection, struct message *message, int fd,
	       struct connection_answer *ret)
{
	int r;

	let_requests_go_first(connection);
	pthread_mutex_lock(&connection->lock);
	/* who opens it anew has everything told again */
	r = connection->fd < 0 ? -EPIPE : connection_open(connection);
	if (r == 0)
		r = connection_ask(connection, message, fd,
				   clock_now() + AGENT_PATIENCE_MS * CLOCK_MS, ret);
	pthread_mutex_unlock(&connection->lock);
	return r;
}

/* There may be room another time. */
static bool is_refused_for_now(int error)
{
	return error == -ENOBUFS || error == -ENOMEM || error == -EUSERS;
}

static bool is_to_be_paced(int r, const struct connection_answer *answer)
{
	return r == -EAGAIN || (r == 0 && answer->error == -EAGAIN);
}

/* 0: told, or there is no way to; -EAGAIN: refused for now; -ESTALE: the number is
 * another file's; or as connection_ask(). */
static int tell(const struct replay *replay, const struct subject *subject,
		struct message *message)
{
	struct connection_answer answer = { .reason = MESSAGE_DONE };
	uint32_t pause_ms = PAUSE_MIN_MS;
	int r;

	for (;;) {
		if (connection_get_inode(subject->fd) != subject->inode)
			return -ESTALE;
		r = ask(replay->connection, message, subject->fd, &answer);
		if (!is_to_be_paced(r, &answer))
			break;
		clock_sleep_ms(pause_ms);
		if (pause_ms < PAUSE_MAX_MS)
			pause_ms *= 2;
	}
	if (r < 0)
		return r == -EBADF ? -ESTALE : r;
	atomic_store(&replay->connection->quiet_until, 0);
	return is_refused_for_now(answer.error) ? -EAGAIN : 0;
}

/*
 * One socket
 */

/* What was sent may have been another socket by then: all of them again. */
static int confirm(const struct replay *replay, const struct subject *subject)
{
	if (connection_get_inode(subject->fd) == subject->inode)
		return 0;
	pending_add_full(&replay->connection->pending);
	return -ESTALE;
}

static int tell_membership(const struct replay *replay, const struct subject *subject,
			   const struct agent_membership *membership, uint64_t stamp)
{
	struct message message = {
		.type = MESSAGE_SET,
		.stamp = stamp,
		.ifindex = membership->ifindex,
		.group = membership->group,
		.filter = membership->filter,
	};
	int r = tell(replay, subject, &message);

	/* longer than any message: its request was told so */
	if (r == -ENOBUFS || r == -EINVAL)
		return 0;
	return r == 0 ? confirm(replay, subject) : r;
}

static int settle(const struct replay *replay, const struct subject *subject,
		  uint64_t stamp)
{
	struct message message = { .type = MESSAGE_SETTLE, .stamp = stamp };
	int r = tell(replay, subject, &message);

	return r == 0 ? confirm(replay, subject) : r;
}

static int tell_memberships(const struct replay *replay, const struct subject *subject,
			    const struct agent_membership *memberships, int n,
			    uint64_t stamp)
{
	bool is_refused = false;
	int r = 0;

	for (int i = 0; i < n && r == 0; i++) {
		r = tell_membership(replay, subject, &memberships[i], stamp);
		if (r == -EAGAIN) {
			is_refused = true;
			r = 0;
		}
	}
	if (r == 0)
		r = settle(replay, subject, stamp);
	return r == 0 && is_refused ? -EAGAIN : r;
}

static int tell_socket(const struct replay *replay, const struct subject *subject)
{
	uint64_t stamp = clock_now();
	struct agent_membership *memberships = NULL;
	int n = replay->reader->read(subject->fd, &memberships), r;

	/* nobody knows what it holds: nothing of it may end */
	if (n == -ENOMEM)
		return -EAGAIN;
	if (n <= 0 && !pending_set_has(&replay->set, subject->inode))
		return 0;
	r = tell_memberships(replay, subject, memberships, n, stamp);
	if (n > 0)
		replay->reader->release(memberships, n);
	return r;
}

/*
 * All of them
 */

static bool is_one_of(int fd, int option, int one, int other)
{
	int value;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 &&
	       (value == one || value == other);
}

static bool is_subject(const struct replay *replay, int fd, struct subject *ret)
{
	uint64_t inode = connection_get_inode(fd);

	if (!inode || (!replay->set.is_lost && !pending_set_has(&replay->set, inode)) ||
	    !is_one_of(fd, SO_DOMAIN, AF_INET, AF_INET6) ||
	    !is_one_of(fd, SO_TYPE, SOCK_DGRAM, SOCK_RAW))
		return false;
	*ret = (struct subject){ fd, inode };
	return true;
}

/* The descriptors of this thread: its process may have lost the first one. The folder is
 * open for as long as this takes: high, and not where the program looks for a number. */
static DIR *open_descriptors(void)
{
	int fd = open("/proc/thread-self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir;

	if (fd < 0)
		return NULL;
	fd = connection_move_up(fd);
	dir = fdopendir(fd);
	if (!dir)
		close(fd);
	return dir;
}

/* NULL: errno says whether it was the last, 0, or the program has closed the folder. */
static const struct dirent *read_entry(DIR *dir)
{
	errno = 0;
	return readdir(dir);
}

static int walk(const struct replay *replay, DIR *dir)
{
	bool is_refused = false;
	const struct dirent *at;
	struct subject subject;
	int r;

	while ((at = read_entry(dir))) {
		int fd = (int)strtol(at->d_name, NULL, NUMBER_BASE);

		if (*at->d_name == '.' || !is_subject(replay, fd, &subject))
			continue;
		r = tell_socket(replay, &subject);
		if (r == -EAGAIN) {
			is_refused = true;
			pending_add(&replay->connection->pending, subject.inode);
		}
		if (r < 0 && r != -EAGAIN && r != -ESTALE)
			return r;
	}
	r = -errno;
	return r == 0 && is_refused ? -EAGAIN : r;
}

static int walk_all(const struct replay *replay)
{
	DIR *dir = open_descriptors();
	int r;

	if (!dir)
		return -EMFILE;
	r = walk(replay, dir);
	closedir(dir);
	return r;
}

int replay_run(struct connection *connection)
{
	struct replay replay = { .connection = connection,
				 .reader = atomic_load(&connection->reader) };
	int r;

	atomic_store(&connection->is_replaying, true);
	pending_take(&connection->pending, &replay.set);
	r = walk_all(&replay);
	if (r < 0 && r != -EAGAIN)
		pending_put_back(&connection->pending, &replay.set);
	atomic_store(&connection->is_replaying, false);
	return r;
}
