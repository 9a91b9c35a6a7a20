/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client: one connection of clients.h, and what all of them share. Only clients.c and
 * client*.c include this.
 *
 * A client is in one of these states, and waits for one thing only:
 *
 *	reading   for its messages, CLIENT_TURN of them in turn with the others
 *	paused    for CLIENTS_PAUSE_MS: it has spoken too often
 *	answering for room for an answer, CLIENTS_PATIENCE_MS at most
 *	telling   for room for the next rows of what it asked for, for ever; then (is_due)
 *	          for its turn
 *
 * Rows are dear. All clients that are due share one turn of the loop, so that those who
 * have something to say, the timers and the wire wait for one of them at most; and their
 * users take turns, however many connections they have.
 *
 * Its messages are read in their order, and none before the last one is answered in full:
 * so there is never more than one answer to keep.
 */
#ifndef MSFD_CLIENT_H
#define MSFD_CLIENT_H

#include <stdalign.h>

#include <sys/queue.h>

#include "msfd/clients.h"
#include "msfd/users.h"

#define CLIENT_TURN     8u /* messages, and rows */
#define CLIENT_TEXT_MAX (MESSAGE_MAX - 64u)

struct client {
	struct client *next, **link; /* of the list of all */
	struct clients *clients;
	struct loop_source source;
	uint64_t number;
	pid_t pid;
	uid_t uid;
	bool is_admin;
	struct user *user;
	struct bucket bucket;
	unsigned int n_broken;
	bool is_deaf; /* it has gone, and has left messages to be read */
	bool is_paused;
	bool is_answering;
	bool is_telling;
	bool is_due;        /* telling, in the list of those */
	bool reads, writes; /* what the loop waits for */
	uint64_t since;     /* paused or answering */

	struct message answer; /* answering */

	/* telling: MESSAGE_ASK, and how far */
	struct message question;
	struct holdings_key cursor;
	uint64_t position;
	TAILQ_ENTRY(client) due;
};

struct clients {
	struct loop *loop;
	struct loop_source listener;
	struct loop_source rest; /* of the listener, when there are no descriptors */
	int reserve;             /* a descriptor that becomes that of rest; or -1 */
	struct loop_source turn; /* ready while there is a client that is due */
	TAILQ_HEAD(, client) due;
	uint64_t n_turns;
	struct loop_source tick; /* while there is a client that is paused or answering */
	struct holdings *holdings;
	struct deaths *deaths;
	const struct limits *limits;
	struct clients_handler handler;
	struct client *first;
	struct users users;
	struct bucket bucket;
	struct clients_counts counts;
	uint64_t last_number;
	uint32_t n_max; /* descriptors that connections may have */
	alignas(uint64_t) unsigned char input[MESSAGE_MAX];
	alignas(uint64_t) unsigned char output[MESSAGE_MAX];
	char text[CLIENT_TEXT_MAX];
};

/* A connection that was accepted, owned from here on: -ENOMEM and its like close it. */
int client_start(struct clients *clients, int fd, pid_t pid, uid_t uid, uint64_t now);

/* Closes a connection, and first what comes along with messages that nobody reads any
 * more: the kernel would close it in a way that may wait. */
void client_close(struct clients *clients, int fd);

/* Ends it: its holdings stay. Returns NULL. */
struct client *client_free(struct client *client);

/* Time has passed. Frees the client that has waited too long. */
void client_tick(struct client *client, uint64_t now);

/* Waits for what its state says. */
void client_wait(struct client *client);

/* 0: sent, or there is nobody any more to read it; -EAGAIN: no room; other -errno: the
 * connection is of no use. */
int client_send(struct client *client, const struct message *message);

/* Answers, now or as soon as there is room; the same values. */
int client_answer(struct client *client, uint32_t serial, enum message_reason reason);

/* The next rows of what is asked. The same values. */
int client_tell(struct client *client);

/* It is its turn to tell. May free it. */
void client_take_turn(struct client *client);

/* The next message: MESSAGE_SET and its like, with the descriptor that came along or -1,
 * which is the caller's. Does what it says. */
enum message_reason client_obey(struct client *client, const struct message *message,
				int fd, uint64_t now);

/* May it speak? MESSAGE_DONE, or the limit; in `paused` either way when that was all. */
enum message_reason client_admit(struct client *client, bool is_ending, uint64_t now);

/* It is due from now on, or no longer: either may be so already. */
void clients_add_due(struct client *client);
void clients_del_due(struct client *client);

/* Those who are paused or answering are looked at from now on. */
void clients_start_tick(struct clients *clients);

#endif
