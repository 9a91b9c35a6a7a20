/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * router: the querier of the link, by the tables of RFC 3376 6 (RFC 3810 7 has the
 * same under other names) and, for hosts of older versions, RFC 3376 7.3; or a querier
 * that speaks an older version itself, RFC 2236 7 (RFC 2710 6), and forwards whole
 * groups.
 *
 * Its sets are bits. A source record is "known"; its timer runs until its deadline.
 */
#ifndef SIM_ROUTER_H
#define SIM_ROUTER_H

#include "report.h"

struct router_group {
	bool is_exclude;
	uint64_t group_timer; /* deadline; EXCLUDE only */
	unsigned int known;   /* sources that have a record */
	uint64_t source_timer[SOURCES_MAX];
	unsigned int n_group_sends; /* queries that are still to be sent */
	uint64_t group_next;
	unsigned int n_source_sends[SOURCES_MAX];
	uint64_t source_next;
	/* Older Version Host Present */
	uint64_t older_host[2];
	/* Of a router of an older version. */
	bool is_member;
	uint64_t member_timer;
};

struct router_query {
	bool is_general, is_suppressing;
	unsigned int version, group, sources;
};

#define QUERIES_MAX 64u

struct router {
	const struct history *history;
	unsigned int version;
	unsigned int n_startup; /* General Queries left at the shorter interval */
	uint64_t general_next;
	struct router_group groups[GROUPS_MAX];
	/* What is to be sent now. */
	unsigned int n_queries;
	struct router_query queries[QUERIES_MAX];
};

/* It starts, and knows nothing. */
void router_start(struct router *router, const struct history *history,
		  unsigned int version, uint64_t now);

/* It speaks another version from now on and keeps what it knows. */
void router_set_version(struct router *router, unsigned int version, uint64_t now);

void router_hear(struct router *router, const struct report *report, uint64_t now);

/* What the clock brings. */
void router_run(struct router *router, uint64_t now);
uint64_t router_get_deadline(const struct router *router, uint64_t now);

/* The sources whose packets are forwarded. */
unsigned int router_get_forwarded(const struct router *router, unsigned int group,
				  uint64_t now);

bool router_is_newest(const struct router *router);

/* The query as an IP datagram: byte by byte, nothing of it is the engine's. */
#define QUERY_LEN_MAX 256u
size_t query_encode(const struct history *history, const struct router_query *query,
		    uint8_t bytes[QUERY_LEN_MAX]);

void query_print(const struct history *history, const struct router_query *query,
		 FILE *stream);

#endif
