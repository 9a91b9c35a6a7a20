/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connections of the process, one for each path that somebody has named: never
 * freed, as their threads go on. The first one is no allocation.
 *
 * fork() is waited for by no lock of ours: in a child, which has one thread, the
 * connections are made anew, whatever a thread of the parent was about to do with them.
 * Requests cannot be, as the ASM backend holds all sockets then (compat/asm/store.h).
 */
#include "agent/agent.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/connection.h"
#include "agent/keeper.h"

/* For that long requests leave everything to the thread: where nobody listens or msfd
 * has enough messages, and where it does not answer. */
#define QUIET_MS        100u
#define QUIET_SILENT_MS 10000u

#define ROW_MAX 4096u /* of a limit */

static struct {
	pthread_once_t once;
	pthread_mutex_t lock; /* of the list; taken last */
	struct connection *list;
	struct connection first;
} connections = {
	.once = PTHREAD_ONCE_INIT,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

/*
 * After fork()
 */

/* Has the process told msfd everything? Then its child need not. */
static bool is_all_told(const struct connection *connection)
{
	const struct pending_set *set = &connection->pending.set;

	return connection->fd >= 0 && connection->peer &&
	       !atomic_load(&connection->is_replaying) && !set->is_lost &&
	       !set->is_full && !set->n;
}

/* In the child, where nobody holds its locks who could let them go. */
static void begin_anew(struct connection *connection)
{
	bool is_heir = is_all_told(connection), was_kept = connection->is_kept;
	pid_t peer = connection->peer;

	connection_abandon(connection);
	connection_init(connection);
	connection->is_heir = is_heir;
	connection->is_child = true;
	connection->peer = peer;
	if (!is_heir)
		pending_add_full(&connection->pending);
	if (was_kept)
		keeper_start(connection);
}

static void begin_all_anew(void)
{
	pthread_mutex_init(&connections.lock, NULL);
	for (struct connection *at = connections.list; at; at = at->next)
		begin_anew(at);
}

static void init_connections(void)
{
	pthread_atfork(NULL, NULL, begin_all_anew);
}

void agent_prepare(void)
{
	pthread_once(&connections.once, init_connections);
}

/*
 * The list
 */

static struct connection *find_connection(const char *path)
{
	struct connection *at = connections.list;

	while (at && strcmp(at->path, path) != 0)
		at = at->next;
	return at;
}

static int add_connection(const char *path, struct connection **ret)
{
	struct connection *new = &connections.first;
	int r;

	if (connections.list)
		new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	r = connection_set_path(new, path);
	if (r < 0) {
		if (new != &connections.first)
			free(new);
		return r;
	}
	connection_init(new);
	new->next = connections.list;
	connections.list = new;
	*ret = new;
	return 0;
}

/* Without a path, the only one that there is. */
static struct connection *get_only(void)
{
	struct connection *list = connections.list;

	return list && !list->next ? list : NULL;
}

static int get_connection(const char *path, struct connection **ret)
{
	struct connection *found;
	int r = 0;

	agent_prepare();
	pthread_mutex_lock(&connections.lock);
	found = path ? find_connection(path) : get_only();
	if (!found)
		r = path ? add_connection(path, &found) : -ENOENT;
	pthread_mutex_unlock(&connections.lock);
	if (r == 0)
		*ret = found;
	return r;
}

static bool is_off(const char *path)
{
	return path && !strcmp(path, "off");
}

/* The path itself, or that of the namespace, made in the buffer. NULL: nobody knows it,
 * as after chroot() to where there is no /proc. */
static const char *resolve_path(const char *path, char buffer[MESSAGE_PATH_MAX])
{
	if (path)
		return path;
	return message_get_path(buffer) == 0 ? buffer : NULL;
}

/*
 * Telling
 */

static bool is_end(const struct filter *filter)
{
	return filter->mode == FILTER_NONE ||
	       (filter->mode == FILTER_INCLUDE && !filter->sources.n);
}

static void keep_quiet(struct connection *connection, uint64_t ms)
{
	atomic_store(&connection->quiet_until, clock_now() + ms * CLOCK_MS);
}

static int ask(struct connection *connection, struct message *message, int fd,
	       uint64_t deadline, struct connection_answer *ret)
{
	int r = connection_lock(connection, deadline);

	if (r < 0)
		return r;
	r = connection_open(connection);
	if (r == 0)
		r = connection_ask(connection, message, fd, deadline, ret);
	connection_unlock(connection);
	return r;
}

/* 0, or why the request is refused. Longer than any message is a limit, too; that there
 * is no such interface the stack has not found. */
static int sort_answer(int r, const struct connection_answer *answer)
{
	if (r == -EINVAL || r == -ENOBUFS)
		return -ENOBUFS;
	if (r < 0)
		return 0;
	return answer->reason == MESSAGE_NO_INTERFACE ? 0 : answer->error;
}

/* What has not reached msfd now reaches it later. */
static void note_failure(struct connection *connection, const struct agent_change *change,
			 int r)
{
	if (r == 0 || r == -EINVAL || r == -ENOBUFS)
		return;
	pending_add(&connection->pending, change->inode);
	keep_quiet(connection,
		   r == -ETIMEDOUT || r == -EPROTO ? QUIET_SILENT_MS : QUIET_MS);
}

static int tell(struct connection *connection, const struct agent_change *change)
{
	uint64_t now = clock_now();
	struct connection_answer answer = { .reason = MESSAGE_DONE };
	struct message message = {
		.type = MESSAGE_SET,
		.stamp = now,
		.ifindex = change->ifindex,
		.group = change->group,
		.filter = *change->filter,
	};
	int r;

	if (now < atomic_load(&connection->quiet_until)) {
		pending_add(&connection->pending, change->inode);
		return 0;
	}
	r = ask(connection, &message, change->fd, now + AGENT_PATIENCE_MS * CLOCK_MS,
		&answer);
	if (r == 0 && answer.error == -EAGAIN)
		r = -EAGAIN;
	note_failure(connection, change, r);
	return is_end(change->filter) ? 0 : sort_answer(r, &answer);
}

int agent_tell(const struct agent_change *change)
{
	char buffer[MESSAGE_PATH_MAX];
	struct connection *connection;
	const char *path;
	int r;

	if (is_off(change->path))
		return 0;
	path = resolve_path(change->path, buffer);
	r = get_connection(path, &connection);
	if (r < 0)
		return !path || is_end(change->filter) ? 0 : r;
	/* a child that fork() has not made, as clone() does */
	if (atomic_load(&connection->pid) != getpid())
		begin_all_anew();
	atomic_store(&connection->reader, change->reader);
	keeper_start(connection);
	return tell(connection, change);
}

/*
 * Looking
 */

static bool is_readable(int fd)
{
	uint64_t deadline = clock_now() + AGENT_PATIENCE_MS * CLOCK_MS;
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	int r;

	do {
		r = poll(&poller, 1, clock_get_rest_ms(deadline));
	} while (r < 0 && errno == EINTR);
	return r > 0;
}

static bool is_answered(int fd)
{
	struct message message = { .type = MESSAGE_ASK,
				   .serial = 1,
				   .subject = MESSAGE_LIMITS };
	uint64_t buffer[ROW_MAX / sizeof(uint64_t)];
	int len = message_encode(&message, buffer, sizeof(buffer));
	ssize_t n;

	if (len < 0 || send(fd, buffer, (size_t)len, MSG_NOSIGNAL) < 0 ||
	    !is_readable(fd))
		return false;
	n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
	/* a row, or that there are too many connections */
	return n > 0 && message_decode(buffer, (size_t)n, &message) == 0;
}

enum agent_presence agent_find(const char *path)
{
	char buffer[MESSAGE_PATH_MAX];
	bool answers;
	int fd;

	if (is_off(path))
		return AGENT_OFF;
	path = resolve_path(path, buffer);
	if (!path)
		return AGENT_ABSENT;
	fd = connection_connect(path);
	if (fd < 0)
		return fd == -EAGAIN ? AGENT_SILENT : AGENT_ABSENT;
	answers = is_answered(fd);
	close(fd);
	return answers ? AGENT_PRESENT : AGENT_SILENT;
}
