/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host: the IGMP or the MLD host of one interface: its groups, what of them is due, the
 * version that it speaks, and what it knows of the querier.
 */
#ifndef ENGINE_HOST_H
#define ENGINE_HOST_H

#include "engine/core.h"
#include "engine/proto.h"

/* RFC 9776 8.2, 8.3; RFC 9777 9.2, 9.3. */
#define QUERY_INTERVAL_S        125u
#define QUERY_RESPONSE_INTERVAL (10 * ENGINE_SECOND)

/*
 * Groups whose records are due, in order. Where the records of the first one do not
 * fit into one packet, the cursor says how far they are told.
 */
struct queue {
	struct link groups;
	const struct group *current; /* whom the cursor is for; NULL: nobody */
	unsigned int step;           /* record of the group */
	struct addr next; /* source of the record, the first when unspecified */
};

/* Groups by address. */
struct group_table {
	struct group **buckets;
	size_t n_buckets; /* a power of 2, or 0 */
	size_t n;
};

struct host {
	struct engine *engine;
	const struct interface *interface;
	const struct proto *proto;
	bool is_speaking;
	struct addr source; /* of what is sent; unspecified until one is valid */
	struct group_table groups;
	uint64_t salt;    /* of the table */
	size_t n_sources; /* of all groups */

	struct link idle;   /* groups that owe no answer to a General Query */
	struct queue owing; /* the others: answered when is_general_due */
	struct timer general;
	uint64_t general_interval; /* us: all shall be answered in it */
	uint64_t general_last;     /* when an answer was begun; 0: never */
	uint32_t round;            /* of General Queries; see group->round */
	uint32_t round_told;       /* that was when the first in owing was begun */
	bool is_general_due;
	bool is_general_begun;

	struct queue changes; /* state changes; in older versions, messages */
	struct queue answers; /* to queries about groups */
	struct link busy;     /* in engine->busy */

	uint8_t version; /* in force */
	uint8_t forced;  /* 0: none */
	struct timer older[2];

	uint8_t robustness;        /* QRV of the last query; 0: none told */
	uint32_t query_interval_s; /* QQI */
	uint64_t response_us;      /* Query Response Interval */
	struct addr querier;
};

/* Not speaking yet. */
void host_init(struct host *host, struct engine *engine,
	       const struct interface *interface, enum engine_family family);

/* fe80::/10, where MLD is sent from. */
static inline bool host_is_linklocal(struct addr addr)
{
	return addr.hi >> 54 == 0x3fa;
}

/* 0.0.0.0 or ::. */
struct addr host_get_unspecified(const struct host *host);

/* Frees its groups. */
void host_fini(struct host *host);

/* Is somebody in owing? */
bool host_is_general_pending(const struct host *host);

/* Nobody is any more. */
void host_end_general(struct host *host);

/* Every group in turn; the call may free it. */
void host_for_each_group(struct host *host, void (*call)(struct group *group));

/* Something is due. */
void host_wake(struct host *host);

/* Tells the groups of host anew, as if they had just been joined. */
void host_announce(struct host *host);

/* Nothing is pending any more; leaves that were not told yet are forgotten. */
void host_cancel(struct host *host);

/* It speaks from now on, or no longer. */
void host_set_speaking(struct host *host, bool is_speaking);

/* [Robustness Variable], 2 to 7 (R-QRY-9, R-SEC-2). */
uint8_t host_get_robustness(const struct host *host);

/* Are groups in 224.0.0.0/24 told, with that value of the tunable linklocal? */
bool host_tells_local_control(const struct host *host, uint64_t mode);

/* Does it speak the newest version? */
static inline bool host_is_newest(const struct host *host)
{
	return host->version == host->proto->newest;
}

/* Does a message of that version carry the Router Alert option (S-V3-6)? */
bool host_sends_alert(const struct host *host, uint8_t version);

/* Tells the caller's log. */
void host_log(const struct host *host, enum engine_event event, struct addr group,
	      struct addr source);

void queue_init(struct queue *queue);
struct link *queue_get_first(const struct queue *queue);

/* The cursor is not for this group any more. */
void queue_forget(struct queue *queue, const struct group *group);

#endif
