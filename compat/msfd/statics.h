/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * statics: what an operator wants this host to receive, without a program: of the
 * configuration file, or of "msfctl agent join" until msfd ends. Each is a filter of the
 * key HOLDINGS_STATIC in the engine, by the name of its interface, which may come and go;
 * and an any-source membership of a socket of msfd's, so that the kernel hears queries
 * for the group and the network card lets it in.
 */
#ifndef MSFD_STATICS_H
#define MSFD_STATICS_H

#include <stdbool.h>

#include <net/if.h>

#include "agent/message.h"
#include "engine/engine.h"
#include "msfd/links.h"

struct statics;

struct statics_join {
	char interface[IF_NAMESIZE];
	struct addr group;
	struct filter
		filter; /* never FILTER_NONE; the sources are owned by who stores it */
	bool is_configured; /* from the file, not of msfctl */
	uint32_t ifindex;   /* in force there; 0: there is no such interface now */
};

int statics_new(struct statics **ret, struct engine *engine, struct links *links);
struct statics *statics_free(struct statics *statics);

/* More of them are refused (MESSAGE_TOTAL_GROUPS). */
#define STATICS_MAX 4096u

/* Adds or replaces; FILTER_NONE or INCLUDE {} ends it. One of the file that msfctl
 * changes is back with the next reload. Where there is no such interface, or not with
 * that family, it is in force when there is. Refused: as before. MESSAGE_DONE or why not
 * (MESSAGE_NOT_THERE: none to end). */
enum message_reason statics_set(struct statics *statics, const struct statics_join *join,
				uint64_t now);

/* Replaces those of the file by these. Those that cannot be are logged. */
void statics_reload(struct statics *statics, const struct statics_join *joins, uint32_t n,
		    uint64_t now);

/* Ends all, for the leaves at the end. */
void statics_end(struct statics *statics, uint64_t now);

/* An interface has come or changed, or goes. */
void statics_meet_link(struct statics *statics, const struct link *link, uint64_t now);
void statics_lose_link(struct statics *statics, const struct link *link, uint64_t now);

/* Join i, by interface and group; NULL behind the last. */
const struct statics_join *statics_get(const struct statics *statics, uint32_t i);

/* Is there one in force whose kernel membership is ours? 1 or 0. */
uint32_t statics_count_users(const struct statics *statics, uint32_t ifindex,
			     struct addr group);

#endif
