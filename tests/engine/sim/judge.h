/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge: compares what the router forwards with what the hosts want, all the time.
 *
 * BOUNDED_LOSS. A source that a host wants is forwarded within (RV - 1) * URI and the
 * delay of the link, always. One that nobody wants any more is not forwarded when LMQT
 * (LLQT) has gone on top; a change of a filter mode tells all lists anew and lets it
 * begin again. But for two cases, where the protocol itself needs GMI: a host in
 * EXCLUDE mode tells its list again to a router which has forgotten a source of it,
 * because of another one in EXCLUDE mode (RFC 3376 6.4.1: (A-X-Y)=GMI); and a host
 * left without being able to tell it, when a link went down. Then it is not forwarded
 * GMI after RV cycles of General Queries, because loss does not end here.
 *
 * ANY_LOSS. While nothing is lost at all a wanted source is forwarded as soon, or as
 * soon as a router that has just started may know of it: QRI later. When nothing
 * changes and nothing is lost any more, wanted sources are forwarded after one cycle
 * of General Queries, and unwanted ones are not after GMI and a cycle.
 *
 * OLDER_QUERIER. The same, 10 s later; one cycle later where a host may skip a query
 * (state AWAKENING) or does not know the querier yet. Before a querier of the newest
 * version knows better, hosts must have forgotten the older one.
 */
#ifndef SIM_JUDGE_H
#define SIM_JUDGE_H

#include "station.h"
#include "router.h"

enum failure {
	NO_FAILURE,
	NOT_FORWARDED, /* a source that is wanted */
	FORWARDED,     /* one that nobody wants */
	BAD_PACKET,
	TOO_MANY_PACKETS,
	ENGINE_FAILED,
};

struct verdict {
	enum failure failure;
	uint64_t when;
	unsigned int host, group, sources;
	const char *why;
};

struct judge {
	const struct history *history;
	uint64_t end; /* of what happens */
	uint64_t join_bound, leave_bound;
	uint64_t wanted_bound, exact_bound; /* after the end */
	bool has_had_faults;
	uint64_t router_since;                      /* it knows nothing from before */
	unsigned int wanted[HOSTS_MAX][GROUPS_MAX]; /* by those that are believed */
	uint64_t wanted_since[HOSTS_MAX][GROUPS_MAX][SOURCES_MAX + 1];
	unsigned int any[GROUPS_MAX];
	uint64_t unwanted_since[GROUPS_MAX][SOURCES_MAX + 1];
	unsigned int excluding[GROUPS_MAX]; /* hosts that have ever been */
	uint64_t mode_since[GROUPS_MAX];    /* the last host changed its filter mode */
	unsigned int forwarded[GROUPS_MAX];
	uint64_t dropped_since[GROUPS_MAX][SOURCES_MAX + 1];
	struct verdict verdict;
};

void judge_init(struct judge *judge, const struct history *history);

/* What hosts want may have changed. */
void judge_note_event(struct judge *judge, const struct event *event,
		      const struct station *hosts, uint64_t now);

void judge_look(struct judge *judge, const struct router *router,
		const struct station *hosts, uint64_t now);

/* When everything must be settled, and has been looked at. */
uint64_t judge_get_end(const struct judge *judge);

/* Times when it wants to look although nothing happens. */
uint64_t judge_get_deadline(const struct judge *judge, uint64_t now);

void judge_fail(struct judge *judge, enum failure failure, unsigned int host,
		const char *why, uint64_t now);

const char *verdict_describe(const struct verdict *verdict);
void verdict_print(const struct verdict *verdict, FILE *stream);

#endif
