/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * holdings-parts: what holdings.c, holdings-usage.c and holdings-walk.c share, and nobody
 * else sees.
 *
 * Every membership is an entry: held, by socket, interface and group; or ended, when only
 * its stamp is of interest. That of a socket's last settlement is an ended entry without
 * interface and group. Counts and sockets exist while an entry counts there.
 */
#ifndef MSFD_HOLDINGS_PARTS_H
#define MSFD_HOLDINGS_PARTS_H

#include <sys/queue.h>

#include "msfd/holdings.h"
#include "msfd/tree.h"

struct entry;
TAILQ_HEAD(entries, entry);

/* What a client, a user, or a group on an interface has: in that case its users. */
struct count {
	struct tree_node node; /* first */
	struct holdings_usage usage;
	struct entries entries; /* of a client */
};

struct held_socket {
	struct tree_node node; /* first: the cookie */
	struct holdings_socket socket;
	uint32_t n_entries;
	bool is_doubtful;
};

struct entry {
	struct tree_node node;   /* first: cookie, interface, group */
	TAILQ_ENTRY(entry) link; /* of the client, or of what has ended */
	struct held_socket *socket;
	struct count *client; /* NULL: nobody's */
	struct count *user, *group;
	pid_t pid;
	struct filter filter; /* the sources are owned */
	uint64_t stamp;
};

struct holdings {
	struct engine *engine;       /* borrowed */
	const struct limits *limits; /* borrowed */
	struct tree held, ended;
	struct tree sockets, clients, users, groups;
	struct entries oldest_ended; /* in the order of their ends */
	uint32_t n_ended;
	struct holdings_usage usage; /* of all */
	void (*listen)(void *context, const struct holding *holding);
	void *context;
};

/* The entry as others see it. */
struct holding entry_get(const struct entry *entry);

/* The one that is there, or a new one; NULL: no memory. */
struct count *usage_get_count(struct tree *tree, const struct tree_key *key);

/* Frees it if nothing counts there. NULL is fine. */
void usage_settle_count(struct tree *tree, struct count *count);

/* The entry counts, or no longer, where it says; nothing is freed. */
void usage_add(struct holdings *holdings, struct entry *entry);
void usage_del(struct holdings *holdings, struct entry *entry);

/* May the teller have the filter? held: what it replaces, or NULL. */
enum message_reason usage_check(const struct holdings *holdings,
				const struct holdings_teller *teller,
				const struct entry *held, uint32_t n_sources);

#endif
