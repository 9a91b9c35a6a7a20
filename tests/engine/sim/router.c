/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * router: see router.h. RFC 3376 6.2 to 6.6, 7.3.2, 8; in the words of IGMP.
 */
#include "router.h"

#include <string.h>

bool router_is_newest(const struct router *router)
{
	return router->version == get_newest_version(router->history->family);
}

static void start_querying(struct router *router, uint64_t now)
{
	/* [Startup Query Count], RFC 3376 8.7 */
	router->n_startup = router->history->timing.robustness;
	router->general_next = now;
}

void router_start(struct router *router, const struct history *history,
		  unsigned int version, uint64_t now)
{
	*router = (struct router){ .history = history, .version = version };
	start_querying(router, now);
}

/*
 * Queries
 */

static void ask(struct router *router, struct router_query query)
{
	query.version = router->version;
	if (router->n_queries < QUERIES_MAX)
		router->queries[router->n_queries++] = query;
}

static unsigned int get_running(const struct router_group *group, uint64_t now)
{
	unsigned int running = 0;

	for (unsigned int i = 0; i < SOURCES_MAX; i++) {
		if (group->known & 1u << i && group->source_timer[i] > now)
			running |= 1u << i;
	}
	return running;
}

/* RFC 3376 6.6.3.1. */
static void send_group_query(struct router *router, unsigned int i, uint64_t now)
{
	const struct timing *timing = &router->history->timing;
	struct router_group *group = &router->groups[i];
	bool is_suppressing = router_is_newest(router) &&
			      group->group_timer > now + timing->last_time;

	ask(router,
	    (struct router_query){ .group = i, .is_suppressing = is_suppressing });
	group->n_group_sends--;
	group->group_next = group->n_group_sends ? now + timing->last_interval
						 : ENGINE_NEVER;
}

static void query_group(struct router *router, unsigned int i, uint64_t now)
{
	const struct timing *timing = &router->history->timing;
	struct router_group *group = &router->groups[i];

	if (group->group_timer > now + timing->last_time)
		group->group_timer = now + timing->last_time;
	group->n_group_sends = timing->robustness;
	send_group_query(router, i, now);
}

/* RFC 3376 6.6.3.2: two messages. */
static void send_source_query(struct router *router, unsigned int i, uint64_t now)
{
	const struct timing *timing = &router->history->timing;
	struct router_group *group = &router->groups[i];
	unsigned int sources[2] = { 0, 0 };

	group->source_next = ENGINE_NEVER;
	for (unsigned int s = 0; s < SOURCES_MAX; s++) {
		if (!group->n_source_sends[s])
			continue;
		sources[group->source_timer[s] > now + timing->last_time] |= 1u << s;
		if (--group->n_source_sends[s])
			group->source_next = now + timing->last_interval;
	}
	for (unsigned int suppressing = 0; suppressing < 2; suppressing++) {
		if (sources[suppressing])
			ask(router,
			    (struct router_query){ .group = i,
						   .sources = sources[suppressing],
						   .is_suppressing = suppressing });
	}
}

static void query_sources(struct router *router, unsigned int i, unsigned int sources,
			  uint64_t now)
{
	const struct timing *timing = &router->history->timing;
	struct router_group *group = &router->groups[i];
	bool is_any = false;

	for (unsigned int s = 0; s < SOURCES_MAX; s++) {
		if (!(sources & 1u << s) ||
		    group->source_timer[s] <= now + timing->last_time)
			continue;
		group->source_timer[s] = now + timing->last_time;
		group->n_source_sends[s] = timing->robustness;
		is_any = true;
	}
	if (is_any)
		send_source_query(router, i, now);
}

/*
 * The tables of RFC 3376 6.4.1 and 6.4.2
 */

static void set_timers(struct router_group *group, unsigned int sources, uint64_t when)
{
	for (unsigned int s = 0; s < SOURCES_MAX; s++) {
		if (sources & 1u << s)
			group->source_timer[s] = when;
	}
	group->known |= sources;
}

static void delete (struct router_group *group, unsigned int sources)
{
	group->known &= ~sources;
	for (unsigned int s = 0; s < SOURCES_MAX; s++) {
		if (sources & 1u << s)
			group->n_source_sends[s] = 0;
	}
}

/* INCLUDE (A) */
static void hear_in_include(struct router *router, const struct report_record *record,
			    uint64_t now)
{
	struct router_group *group = &router->groups[record->group];
	uint64_t gmi = now + router->history->timing.membership;
	unsigned int a = group->known, b = record->sources;

	switch (record->type) {
	case IS_IN:
	case ALLOW:
		set_timers(group, b, gmi);
		break;
	case BLOCK:
		query_sources(router, record->group, a & b, now);
		break;
	case TO_IN:
		set_timers(group, b, gmi);
		query_sources(router, record->group, a & ~b, now);
		break;
	case IS_EX:
	case TO_EX:
		group->is_exclude = true;
		set_timers(group, b & ~a, 0);
		delete (group, a & ~b);
		if (record->type == TO_EX)
			query_sources(router, record->group, a & b, now);
		group->group_timer = gmi;
		break;
	}
}

/* EXCLUDE (X,Y) */
static void hear_in_exclude(struct router *router, const struct report_record *record,
			    uint64_t now)
{
	struct router_group *group = &router->groups[record->group];
	uint64_t gmi = now + router->history->timing.membership;
	unsigned int a = record->sources, x = get_running(group, now),
		     y = group->known & ~x;

	switch (record->type) {
	case IS_IN:
	case ALLOW:
		set_timers(group, a, gmi);
		break;
	case BLOCK:
		set_timers(group, a & ~x & ~y, group->group_timer);
		query_sources(router, record->group, a & ~y, now);
		break;
	case TO_IN:
		set_timers(group, a, gmi);
		query_sources(router, record->group, x & ~a, now);
		query_group(router, record->group, now);
		break;
	case IS_EX:
		set_timers(group, a & ~x & ~y, gmi);
		delete (group, (x | y) & ~a);
		group->group_timer = gmi;
		break;
	case TO_EX:
		set_timers(group, a & ~x & ~y, group->group_timer);
		delete (group, (x | y) & ~a);
		query_sources(router, record->group, a & ~y, now);
		group->group_timer = gmi;
		break;
	}
}

/* RFC 3376 7.3.2: what counts while hosts of older versions are members. */
static void hear_record(struct router *router, struct report_record record, uint64_t now)
{
	struct router_group *group = &router->groups[record.group];
	bool has_v1 = group->older_host[0] > now;
	bool has_older = has_v1 || group->older_host[1] > now;

	if (has_older && record.type == BLOCK)
		return;
	if (has_older && record.type == TO_EX)
		record.sources = 0;
	if (has_v1 && router->history->family == ENGINE_IPV4 && record.type == TO_IN)
		return;
	if (group->is_exclude)
		hear_in_exclude(router, &record, now);
	else
		hear_in_include(router, &record, now);
}

static void hear_older(struct router *router, const struct report *report, uint64_t now)
{
	const struct timing *timing = &router->history->timing;
	struct report_record record = { report->is_leave ? TO_IN : IS_EX, report->group,
					0 };

	if (!report->is_leave)
		router->groups[report->group].older_host[report->version - 1] =
			now + timing->membership;
	hear_record(router, record, now);
}

/*
 * A router of an older version: RFC 2236 7, RFC 2710 6
 */

static bool is_igmp(const struct router *router)
{
	return router->history->family == ENGINE_IPV4;
}

static bool knows_leaves(const struct router *router)
{
	return router->version == 2 || !is_igmp(router);
}

static void hear_as_older(struct router *router, const struct report *report,
			  uint64_t now)
{
	const struct timing *timing = &router->history->timing;
	struct router_group *group = &router->groups[report->group];

	/* RFC 2236 5: a host of version 1 tells no leaves. */
	if (report->version > router->version ||
	    (report->is_leave && group->older_host[0] > now && is_igmp(router)))
		return;
	if (!report->is_leave) {
		group->older_host[report->version - 1] = now + timing->membership;
		group->is_member = true;
		group->member_timer = now + timing->membership;
		group->n_group_sends = 0;
		group->group_next = ENGINE_NEVER;
		return;
	}
	if (!group->is_member || !knows_leaves(router) || group->n_group_sends)
		return;
	group->member_timer = now + timing->last_time;
	group->n_group_sends = timing->robustness;
	send_group_query(router, report->group, now);
}

void router_hear(struct router *router, const struct report *report, uint64_t now)
{
	bool is_newest = report->version == get_newest_version(router->history->family);

	/* RFC 9777 5.2.13; RFC 2710 3. */
	if (router->history->family == ENGINE_IPV6 && report->is_from_nobody)
		return;
	if (!router_is_newest(router) && !is_newest) {
		hear_as_older(router, report, now);
	} else if (router_is_newest(router) && !is_newest) {
		hear_older(router, report, now);
	} else if (router_is_newest(router)) {
		for (unsigned int i = 0; i < report->n_records; i++)
			hear_record(router, report->records[i], now);
	}
}

/*
 * Time
 */

/* RFC 3376 6.5, 6.3. */
static void expire(struct router_group *group, uint64_t now)
{
	if (group->is_exclude && group->group_timer <= now)
		group->is_exclude = false;
	if (!group->is_exclude)
		delete (group, group->known & ~get_running(group, now));
	if (group->member_timer <= now)
		group->is_member = false;
}

static void run_general(struct router *router, uint64_t now)
{
	const struct timing *timing = &router->history->timing;
	uint64_t interval = timing->query_interval;

	if (router->general_next > now)
		return;
	if (router->n_startup && --router->n_startup)
		interval /= 4;
	router->general_next = now + interval;
	ask(router, (struct router_query){ .is_general = true });
}

void router_run(struct router *router, uint64_t now)
{
	run_general(router, now);
	for (unsigned int i = 0; i < router->history->n_groups; i++) {
		struct router_group *group = &router->groups[i];

		expire(group, now);
		if (group->n_group_sends && group->group_next <= now)
			send_group_query(router, i, now);
		if (group->source_next <= now)
			send_source_query(router, i, now);
	}
}

static void lower(uint64_t *least, uint64_t when)
{
	if (when < *least)
		*least = when;
}

static void lower_future(uint64_t *least, uint64_t when, uint64_t now)
{
	if (when > now)
		lower(least, when);
}

static uint64_t get_group_deadline(const struct router_group *group, uint64_t now)
{
	uint64_t deadline = ENGINE_NEVER;

	if (group->n_group_sends)
		lower(&deadline, group->group_next);
	for (unsigned int s = 0; s < SOURCES_MAX; s++) {
		if (group->n_source_sends[s])
			lower(&deadline, group->source_next);
		if (group->known & 1u << s)
			lower_future(&deadline, group->source_timer[s], now);
	}
	if (group->is_exclude)
		lower_future(&deadline, group->group_timer, now);
	if (group->is_member)
		lower_future(&deadline, group->member_timer, now);
	return deadline;
}

uint64_t router_get_deadline(const struct router *router, uint64_t now)
{
	uint64_t deadline = router->general_next;

	for (unsigned int i = 0; i < router->history->n_groups; i++)
		lower(&deadline, get_group_deadline(&router->groups[i], now));
	return deadline;
}

/*
 * What it is all for: RFC 3376 6.3
 */

unsigned int router_get_forwarded(const struct router *router, unsigned int i,
				  uint64_t now)
{
	const struct router_group *group = &router->groups[i];
	unsigned int running = get_running(group, now);

	if (!router_is_newest(router))
		return group->is_member && group->member_timer > now ? EVERY_SOURCE : 0;
	if (!group->is_exclude || group->group_timer <= now)
		return running;
	return EVERY_SOURCE & ~(group->known & ~running);
}

/* A newer one takes whoever is a member for a host of the older version, until it knows
 * better; an older one has members wherever something was wanted. */
static void convert(struct router *router, struct router_group *group, bool was_wanted,
		    uint64_t now)
{
	uint64_t gmi = now + router->history->timing.membership;

	*group = (struct router_group){ .group_next = ENGINE_NEVER,
					.source_next = ENGINE_NEVER };
	if (!was_wanted)
		return;
	group->is_exclude = group->is_member = true;
	group->group_timer = group->member_timer = gmi;
}

void router_set_version(struct router *router, unsigned int version, uint64_t now)
{
	unsigned int forwarded[GROUPS_MAX];

	for (unsigned int i = 0; i < router->history->n_groups; i++)
		forwarded[i] = router_get_forwarded(router, i, now);
	router->version = version;
	for (unsigned int i = 0; i < router->history->n_groups; i++)
		convert(router, &router->groups[i], forwarded[i], now);
	start_querying(router, now);
}
