/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * holdings: what every socket of the namespace holds, as it was told; and its mirror in
 * the engine. A holding is a membership: socket, interface, group, filter (RFC 9776 2).
 *
 * Invariants: the engine's filter of a socket is that of its holding, always; a refused
 * change changes neither; the counts of clients and users are those of the holdings that
 * they told of last. A holding lives as long as its socket or until it is told to end,
 * whatever becomes of who told of it.
 */
#ifndef MSFD_HOLDINGS_H
#define MSFD_HOLDINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/message.h"
#include "engine/engine.h"
#include "msfd/limits.h"

/* Keys of the engine that are no socket's cookie. */
#define HOLDINGS_STATIC 0xffffffff00000001ull /* all static joins */
#define HOLDINGS_NATIVE 0xffffffff00000002ull /* what the kernel and strangers joined */

struct holdings_socket {
	uint64_t cookie; /* SO_COOKIE: never used again; the key */
	uint64_t inode;  /* as in /proc/PID/fd */
	int family, type, protocol;
	bool is_listed; /* it is, or was, in a list of sockets, being bound (deaths.h) */
};

/* Who tells; limits are counted by it. */
struct holdings_teller {
	uint64_t client; /* number of the connection, never used again; 0: nobody's (the
			  * journal's) */
	pid_t pid;       /* 0: not known, or gone */
	uid_t uid;       /* its limits count on when the client is gone */
};

struct holding {
	struct holdings_socket socket;
	struct holdings_teller teller; /* the last one */
	uint32_t ifindex;
	struct addr group;
	struct filter filter; /* never FILTER_NONE; sources are of the holdings */
	uint64_t stamp;
};

struct holdings;

/* limits: borrowed, may change at any time. 0 or -ENOMEM. */
int holdings_new(struct holdings **ret, struct engine *engine,
		 const struct limits *limits);
struct holdings *holdings_free(struct holdings *holdings);

/* Stamps of what has ended are remembered, so that what is told late does not bring it
 * back: of the last so many. */
#define HOLDINGS_ENDED_MAX 16384u

/*
 * The filter is that from now on; FILTER_NONE and INCLUDE {} end the holding. One that
 * is older than what is held or has ended (stamp) is ignored: MESSAGE_DONE. What asks for
 * no more sources than before, and no further group, is never refused for a limit of
 * limits.h, and what is nobody's neither.
 * MESSAGE_DONE or why it is refused.
 */
enum message_reason holdings_set(struct holdings *holdings,
				 const struct holdings_socket *socket,
				 const struct holdings_teller *teller, uint32_t ifindex,
				 struct addr group, const struct filter *filter,
				 uint64_t stamp, uint64_t now);

/* Ends those holdings of a socket that were last told of before the stamp. */
void holdings_settle(struct holdings *holdings, uint64_t cookie, uint64_t stamp,
		     uint64_t now);

/* The socket is gone. Returns how many holdings it had. */
uint32_t holdings_end_socket(struct holdings *holdings, uint64_t cookie, uint64_t now);

/* The client is: its holdings stay, and are nobody's. */
void holdings_forget_client(struct holdings *holdings, uint64_t client);

/* The interface is gone, and engine_del_interface() has been called or will be. */
void holdings_end_interface(struct holdings *holdings, uint32_t ifindex, uint64_t now);

/* Walks all, in an order that changes of others do not disturb: the first behind *key;
 * zero-initialised: the first of all. false: no more. *ret until the next change. */
struct holdings_key {
	uint64_t cookie;
	uint32_t ifindex;
	struct addr group;
};
bool holdings_next(const struct holdings *holdings, struct holdings_key *key,
		   struct holding *ret);

/* Walks the sockets. */
bool holdings_next_socket(const struct holdings *holdings, uint64_t *cookie,
			  struct holdings_socket *ret);
bool holdings_has_socket(const struct holdings *holdings, uint64_t cookie);

/* For deaths.h. Notes that a list has the socket. */
void holdings_set_listed(struct holdings *holdings, uint64_t cookie);
/* It may be gone without a word, until it is told of or its doubt is taken back. */
void holdings_set_doubtful(struct holdings *holdings, uint64_t cookie, bool is_doubtful);
bool holdings_is_doubtful(const struct holdings *holdings, uint64_t cookie);
/* Is there a client that told of one of its holdings, except for that one? */
bool holdings_has_teller(const struct holdings *holdings, uint64_t cookie,
			 uint64_t except);

/* How many sockets hold the group there: what the kernel counts as its users. */
uint32_t holdings_count_users(const struct holdings *holdings, uint32_t ifindex,
			      struct addr group);

/* What a client, a user, or everybody has. */
struct holdings_usage {
	uint32_t groups, sources;
};
struct holdings_usage holdings_get_client_usage(const struct holdings *holdings,
						uint64_t client);
struct holdings_usage holdings_get_user_usage(const struct holdings *holdings, uid_t uid);
struct holdings_usage holdings_get_usage(const struct holdings *holdings);

/* Called with each holding that begins, changes (filter or user) or ends (filter.mode
 * FILTER_NONE, and its last stamp): the journal listens. */
void holdings_set_listener(struct holdings *holdings,
			   void (*listen)(void *context, const struct holding *holding),
			   void *context);

#endif
