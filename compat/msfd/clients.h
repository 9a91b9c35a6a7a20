/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clients: the connections of programs. A client may be slow, silent, wrong or hostile:
 * what it sends is read a few messages at a time in turn with the others, what it does
 * not read is made only when it does (rows) or ends its connection (answers), and
 * how often it may speak is limited for itself, its user and all.
 *
 * What only ends something (a SET of FILTER_NONE or INCLUDE {}, SETTLE) is never refused
 * for how often it is said: a leave must not be lost. Whoever speaks too often is not
 * read for CLIENTS_PAUSE_MS instead, so a flood costs no more than the limits allow.
 */
#ifndef MSFD_CLIENTS_H
#define MSFD_CLIENTS_H

#include "loop.h"
#include "msfd/deaths.h"
#include "msfd/holdings.h"

#define CLIENTS_PAUSE_MS      20
/* How long an answer waits for a client that reads none; then it is cut off. */
#define CLIENTS_PATIENCE_MS   10000
/* So many messages that are not understood end a connection. */
#define CLIENTS_BROKEN_MAX    8
/* Connections that root and msfd's own user may have above the limit: to look. */
#define CLIENTS_RESERVE       8
/* So long the end of the msfd before is waited for, which leaves its groups first. */
#define CLIENTS_SUCCESSION_MS 2500

struct clients;

/* What control.h does: the next rows of a subject, when there is room for them. */
struct clients_handler {
	/* ASK, TUNE, STATIC: MESSAGE_DONE or why not. is_admin: root, or msfd's user */
	enum message_reason (*handle)(void *context, const struct message *message,
				      bool is_admin, uid_t uid);
	/* The row behind *position (0: the first) of a subject, as text: its length; 0:
	 * no more; -ENOMEM. *position is the handler's to count with, and cursor its
	 * memory. */
	ssize_t (*make_row)(void *context, enum message_subject subject, uid_t uid,
			    struct holdings_key *cursor, uint64_t *position, char *buffer,
			    size_t size);
	/* Does the engine know the interface? Looks again before it says no. */
	bool (*has_interface)(void *context, uint32_t ifindex);
	/* Holdings or the engine have changed. */
	void (*changed)(void *context);
	void *context;
};

/* fd: listens (SOCK_SEQPACKET), owned from here on. 0 or -errno. */
int clients_new(struct clients **ret, struct loop *loop, int fd,
		struct holdings *holdings, struct deaths *deaths,
		const struct limits *limits, const struct clients_handler *handler);
struct clients *clients_free(struct clients *clients);

/* The same, but returns the listening socket, which is the caller's. */
int clients_end(struct clients *clients);

/* Makes the listening socket, and its folder where it is missing. What a killed msfd left
 * there is replaced; that of one that lives and does not end within CLIENTS_SUCCESSION_MS
 * is -EADDRINUSE. */
int clients_listen(const char *path);

struct clients_counts {
	uint32_t now; /* connections */
	uint64_t connections, messages, refused, broken;
};
struct clients_counts clients_get_counts(const struct clients *clients);

/* Connections of the user. */
uint32_t clients_count_user(const struct clients *clients, uid_t uid);

#endif
