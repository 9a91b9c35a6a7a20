/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge: see judge.h. The first failure counts.
 */
#include "judge.h"

#include <string.h>

/* [Unsolicited Report Interval], RFC 9776 8.11. */
#define UNSOLICITED_INTERVAL SECOND

/* Of IGMPv2 and MLDv1, RFC 2236 8.10; as long as a v1 query lets hosts wait. */
#define OLDER_UNSOLICITED_INTERVAL (10 * SECOND)

/* RFC 9776 8.12 with its defaults. */
#define OLDER_PRESENT (350 * SECOND)

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Does every host hear at once who the querier is, and answers the first query? Not after
 * a link that was down, and not in the state SLEEPING of IGMP. */
static bool knows_querier(const struct history *history)
{
	return !history->has_faults && history->family == ENGINE_IPV6;
}

static void set_bounds(struct judge *judge, const struct timing *timing)
{
	uint64_t cycle = timing->query_interval + timing->response_interval;
	uint64_t older_present = larger(OLDER_PRESENT,
					timing->robustness * timing->query_interval +
						timing->response_interval);

	judge->join_bound = (timing->robustness - 1) * UNSOLICITED_INTERVAL +
			    3 * timing->max_delay + MS;
	judge->leave_bound = judge->join_bound + timing->last_time + timing->max_delay;
	judge->wanted_bound = cycle + judge->join_bound;
	judge->exact_bound = cycle + timing->membership + judge->leave_bound;
	/* Where loss does not end, RV - 1 more of the queries may stay without answer. */
	if (judge->history->kind == BOUNDED_LOSS)
		judge->exact_bound += (timing->robustness - 1) * timing->query_interval;
	if (judge->history->kind != BOUNDED_LOSS)
		judge->join_bound += timing->response_interval;
	if (judge->history->kind != OLDER_QUERIER)
		return;
	judge->wanted_bound += cycle + OLDER_UNSOLICITED_INTERVAL;
	judge->join_bound = knows_querier(judge->history)
				    ? judge->join_bound + OLDER_UNSOLICITED_INTERVAL
				    : judge->wanted_bound;
	judge->exact_bound += cycle + OLDER_UNSOLICITED_INTERVAL + older_present;
}

void judge_init(struct judge *judge, const struct history *history)
{
	memset(judge, 0, sizeof(*judge));
	judge->history = history;
	judge->end = history_get_end(history);
	set_bounds(judge, &history->timing);
}

uint64_t judge_get_end(const struct judge *judge)
{
	return judge->end + judge->exact_bound + 1;
}

uint64_t judge_get_deadline(const struct judge *judge, uint64_t now)
{
	uint64_t times[] = { judge->end + judge->leave_bound + 1,
			     judge->end + judge->wanted_bound + 1,
			     judge->end + judge->exact_bound + 1 };

	for (unsigned int i = 0; i < 3; i++) {
		if (times[i] > now)
			return times[i];
	}
	return ENGINE_NEVER;
}

void judge_fail(struct judge *judge, enum failure failure, unsigned int host,
		const char *why, uint64_t now)
{
	if (judge->verdict.failure == NO_FAILURE)
		judge->verdict = (struct verdict){ failure, now, host, 0, 0, why };
}

static void fail_about(struct judge *judge, enum failure failure, unsigned int host,
		       unsigned int group, unsigned int sources, uint64_t now)
{
	if (judge->verdict.failure == NO_FAILURE)
		judge->verdict = (struct verdict){ failure, now,     host,
						   group,   sources, NULL };
}

/*
 * What hosts want
 */

static void note_host(struct judge *judge, const struct station *host, unsigned int group,
		      uint64_t now)
{
	unsigned int *old = &judge->wanted[host->index][group];
	unsigned int wanted = station_is_believed(host) ? station_get_wanted(host, group)
							: 0;

	for (unsigned int s = 0; s <= SOURCES_MAX; s++) {
		if (has(wanted & ~*old, s))
			judge->wanted_since[host->index][group][s] = now;
	}
	if ((wanted ^ *old) & OTHER_SOURCES)
		judge->mode_since[group] = now;
	*old = wanted;
	if (wanted & OTHER_SOURCES)
		judge->excluding[group] |= 1u << host->index;
}

static void note_group(struct judge *judge, unsigned int group, uint64_t now)
{
	unsigned int any = 0;

	for (unsigned int i = 0; i < judge->history->n_hosts; i++)
		any |= judge->wanted[i][group];
	for (unsigned int s = 0; s <= SOURCES_MAX; s++) {
		if (has(judge->any[group] & ~any, s))
			judge->unwanted_since[group][s] = now;
	}
	judge->any[group] = any;
}

void judge_note_event(struct judge *judge, const struct event *event,
		      const struct station *hosts, uint64_t now)
{
	if (event->kind != SET_FILTER)
		judge->has_had_faults = true;
	if (event->kind == ROUTER_RESTART || event->kind == ROUTER_VERSION)
		judge->router_since = now;
	for (unsigned int g = 0; g < judge->history->n_groups; g++) {
		for (unsigned int i = 0; i < judge->history->n_hosts; i++)
			note_host(judge, &hosts[i], g, now);
		note_group(judge, g, now);
	}
}

/*
 * BOUNDED_LOSS
 */

static void note_forwarded(struct judge *judge, unsigned int group,
			   unsigned int forwarded, uint64_t now)
{
	for (unsigned int s = 0; s <= SOURCES_MAX; s++) {
		if (has(judge->forwarded[group] & ~forwarded, s))
			judge->dropped_since[group][s] = now;
	}
	judge->forwarded[group] = forwarded;
}

static bool is_overdue(const struct judge *judge, unsigned int host, unsigned int group,
		       unsigned int source, uint64_t now)
{
	uint64_t since = larger(judge->wanted_since[host][group][source],
				judge->dropped_since[group][source]);

	return now > larger(since, judge->router_since) + judge->join_bound;
}

static void look_for_missing(struct judge *judge, unsigned int group, uint64_t now)
{
	for (unsigned int i = 0; i < judge->history->n_hosts; i++) {
		unsigned int missing = judge->wanted[i][group] & ~judge->forwarded[group];

		for (unsigned int s = 0; s <= SOURCES_MAX; s++) {
			if (has(missing, s) && is_overdue(judge, i, group, s, now))
				fail_about(judge, NOT_FORWARDED, i, group, 1u << s, now);
		}
	}
}

static bool is_one(unsigned int bits)
{
	return (bits & (bits - 1)) == 0;
}

static bool is_left_over(const struct judge *judge, unsigned int group,
			 unsigned int source, uint64_t now)
{
	return now >
	       larger(judge->mode_since[group], judge->unwanted_since[group][source]) +
		       judge->leave_bound;
}

static void look_for_rest(struct judge *judge, unsigned int group, uint64_t now)
{
	unsigned int any = judge->any[group], rest = judge->forwarded[group] & ~any;

	/* See judge.h: (A-X-Y)=GMI. */
	if (judge->has_had_faults ||
	    (!is_one(judge->excluding[group]) && (any & OTHER_SOURCES)))
		return;
	for (unsigned int s = 0; s <= SOURCES_MAX; s++) {
		if (has(rest, s) && is_left_over(judge, group, s, now))
			fail_about(judge, FORWARDED, HOSTS_MAX, group, 1u << s, now);
	}
}

/*
 * After the end
 */

/* Hosts in IGMP's state SLEEPING skip a query, and one that returns to the newest version
 * just then forgets its answer to the next: the router may have to wait for a third. */
static unsigned int get_excused(const struct judge *judge, unsigned int group,
				uint64_t now)
{
	unsigned int excused = 0;

	if (judge->history->kind != OLDER_QUERIER ||
	    judge->history->family != ENGINE_IPV4)
		return 0;
	for (unsigned int s = 0; s <= SOURCES_MAX; s++) {
		if (now <= judge->dropped_since[group][s] + judge->wanted_bound)
			excused |= 1u << s;
	}
	return excused;
}

static void look_for_missing_at_end(struct judge *judge, unsigned int group, uint64_t now)
{
	unsigned int excused = get_excused(judge, group, now);

	for (unsigned int i = 0; i < judge->history->n_hosts; i++) {
		unsigned int missing = judge->wanted[i][group] &
				       ~judge->forwarded[group] & ~excused;

		if (missing)
			fail_about(judge, NOT_FORWARDED, i, group, missing, now);
	}
}

/* A router of an older version forwards whole groups. */
static unsigned int get_expected(const struct judge *judge, const struct router *router,
				 const struct station *hosts, unsigned int group)
{
	if (router_is_newest(router))
		return judge->any[group];
	for (unsigned int i = 0; i < judge->history->n_hosts; i++) {
		if (station_is_believed(&hosts[i]) && station_is_member(&hosts[i], group))
			return EVERY_SOURCE;
	}
	return 0;
}

static void look_at_end(struct judge *judge, const struct router *router,
			const struct station *hosts, unsigned int group, uint64_t now)
{
	unsigned int expected = get_expected(judge, router, hosts, group);

	if (now > judge->end + judge->wanted_bound)
		look_for_missing_at_end(judge, group, now);
	if (now > judge->end + judge->exact_bound &&
	    (judge->forwarded[group] & ~expected))
		fail_about(judge, FORWARDED, HOSTS_MAX, group,
			   judge->forwarded[group] & ~expected, now);
}

void judge_look(struct judge *judge, const struct router *router,
		const struct station *hosts, uint64_t now)
{
	for (unsigned int g = 0; g < judge->history->n_groups; g++) {
		note_forwarded(judge, g, router_get_forwarded(router, g, now), now);
		if (judge->history->kind == BOUNDED_LOSS || !judge->history->loss)
			look_for_missing(judge, g, now);
		if (judge->history->kind == BOUNDED_LOSS)
			look_for_rest(judge, g, now);
		look_at_end(judge, router, hosts, g, now);
	}
}

/*
 * Text
 */

const char *verdict_describe(const struct verdict *verdict)
{
	static const char *const texts[] = {
		[NO_FAILURE] = "nothing",
		[NOT_FORWARDED] = "a source that is wanted is not forwarded in time",
		[FORWARDED] = "a source that nobody wants is forwarded for too long",
		[BAD_PACKET] = "a packet that no host may send",
		[TOO_MANY_PACKETS] = "more packets than the protocol asks for",
		[ENGINE_FAILED] = "the engine refuses a call",
	};

	return texts[verdict->failure];
}

void verdict_print(const struct verdict *verdict, FILE *stream)
{
	char sources[SOURCES_TEXT];

	fprintf(stream, "%10.6f %s", (double)verdict->when / SECOND,
		verdict_describe(verdict));
	if (verdict->why)
		fprintf(stream, ": %s", verdict->why);
	format_sources(verdict->sources, sources);
	if (verdict->sources)
		fprintf(stream, ": group %u %s", verdict->group, sources);
	if (verdict->host < HOSTS_MAX)
		fprintf(stream, " (host %u)", verdict->host);
	fprintf(stream, "\n");
}
