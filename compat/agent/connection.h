/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connection: a conversation with the msfd at one path. One request at a time, and its
 * answer before the next one: the lock is held for both. Answers that come after who
 * asked has given up are passed over, by their serials.
 *
 * The descriptor is a guest in the program: it stands high, out of the way of programs
 * that expect low numbers, and is closed by exec(). A program may close it all the same,
 * as daemons do with all that they do not know, and use its number for something else:
 * so each use asks first whether it is still this socket, by its inode.
 */
#ifndef AGENT_CONNECTION_H
#define AGENT_CONNECTION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "agent/agent.h"
#include "agent/message.h"
#include "agent/pending.h"

struct connection {
	struct connection *next; /* never freed: see agent.c */
	char path[MESSAGE_PATH_MAX];
	_Atomic(const struct agent_reader *) reader;
	atomic_int pid; /* of the process that it serves: fork() makes others */

	/* What is behind it, of one conversation. */
	pthread_mutex_t lock;
	atomic_uint n_waiting; /* requests: the thread lets them go first */
	int fd;                /* -1: none */
	uint64_t inode;
	uint32_t serial;
	pid_t peer;   /* who listens, as far as it is known */
	bool is_heir; /* all was told to the peer, by a connection that is gone */
	uint64_t buffer[MESSAGE_MAX / sizeof(uint64_t)];

	/* Nanoseconds: requests before that do not try, but leave it to the thread. */
	atomic_uint_fast64_t quiet_until;
	struct pending pending;

	/* The thread: keeper.h. */
	atomic_bool is_kept;
	bool is_child;                   /* of a process that had one */
	atomic_uint_fast64_t kept_again; /* not tried again before */
	atomic_bool is_replaying;
};

/* Nothing but the path and next survives: for a new one, and for that of the parent in
 * a child. */
void connection_init(struct connection *connection);

/* Where there is no address like that: -EINVAL. */
int connection_set_path(struct connection *connection, const char *path);

/* Until the deadline: 0 or -ETIMEDOUT. */
int connection_lock(struct connection *connection, uint64_t deadline);
void connection_unlock(struct connection *connection);

/*
 * Of a locked one: 0, connected, now or since before. -ENOENT, -ECONNREFUSED: nobody
 * listens; -EAGAIN: too many wait there; and so on.
 */
int connection_open(struct connection *connection);

/* Closes it; what msfd still knows of us is in doubt. */
void connection_drop(struct connection *connection);

/* Of a child: the descriptor goes, the conversation of the parent goes on. */
void connection_abandon(struct connection *connection);

/*
 * Of a locked, open one: sends the message, whose serial is set, with a descriptor (-1:
 * none), and waits for its answer. 0 and what was answered, or
 *   -ETIMEDOUT  no answer until the deadline
 *   -EPIPE      it is closed, now
 *   -EPROTO     the other side speaks another version
 *   -EBADF      the descriptor is none, so nothing was sent
 *   -EINVAL, -ENOBUFS  it is no message, or too large
 *   -EAGAIN     the kernel has too much under way
 */
struct connection_answer {
	int error; /* 0 or -errno */
	enum message_reason reason;
};

int connection_ask(struct connection *connection, struct message *message, int fd,
		   uint64_t deadline, struct connection_answer *ret);

/* Waits until the other side is gone, for that long at most; then it is closed here.
 * Takes the lock. false: it is there. */
bool connection_wait_for_end(struct connection *connection, int timeout_ms);

/* A socket connected to the path, close-on-exec and non-blocking; -errno. */
int connection_connect(const char *path);

/* The same as a higher number, or fd where there is none. */
int connection_move_up(int fd);

/* The inode of a socket; 0: the descriptor is none. */
uint64_t connection_get_inode(int fd);

#endif
