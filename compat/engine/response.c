/* SPDX-License-Identifier: BSD-2-Clause */
/* See response.h. */
#include "engine/response.h"

#include "engine/tally.h"

/* A delay of 0 is none that a host may take (R-SEC-3): the unit of IGMP's code. */
#define RESPONSE_MIN (ENGINE_SECOND / 10)

static uint64_t draw_delay(struct host *host, uint64_t max)
{
	return engine_draw_delay(host->engine, max ? max : RESPONSE_MIN);
}

/*
 * General Queries
 */

/* How many packets the answer takes: one, or at least as many. */
static uint64_t count_packets(const struct host *host)
{
	const struct proto *proto = host->proto;
	struct report report;
	uint64_t n_bytes;

	report_begin(&report, host, NULL, ENGINE_PACKET_MAX);
	n_bytes = host->groups.n * proto->record_len + host->n_sources * proto->addr_len;
	return n_bytes / (report.max - report.len) + 1;
}

/* Not begun sooner than this behind the last one: a bound for floods (R-SEC-3). */
static uint64_t get_soonest(const struct host *host)
{
	return host->general_last ? host->general_last + RESPONSE_MIN : 0;
}

/* The pause between two packets, when there are as many as the sizes of all groups
 * make, or as the last one's: it has told n_told of them. */
static uint64_t get_gap(const struct host *host, size_t n_told)
{
	uint64_t n_packets = count_packets(host), interval = host->general_interval;

	if (n_told && host->groups.n / n_told > n_packets)
		n_packets = host->groups.n / n_told;
	/* Queries without end, each with no time to speak of, find an end here. */
	if (interval < RESPONSE_MIN)
		interval = RESPONSE_MIN;
	return interval / (n_packets + 1) + 1;
}

/* When the next packet goes, if nothing is pending that is sooner. */
static uint64_t choose_deadline(struct host *host)
{
	struct engine *engine = host->engine;
	uint64_t max = host->general_interval / count_packets(host);
	uint64_t deadline = engine->now + engine_draw_delay(engine, max);
	uint64_t soonest = get_soonest(host);

	/* A draw for each query would hurry an answer that is on its way. */
	if (host->is_general_begun)
		return engine->now + get_gap(host, 0);
	return deadline > soonest ? deadline : soonest;
}

void response_hear_general(struct host *host, uint64_t max)
{
	bool is_pending = host_is_general_pending(host);
	uint64_t deadline;

	if (!host->groups.n)
		return;
	if (!max)
		max = RESPONSE_MIN;
	/* Who has been answered already is so once more. */
	list_splice(&host->owing.groups, &host->idle);
	host->round++;
	if (!is_pending || max < host->general_interval)
		host->general_interval = max;
	deadline = choose_deadline(host);
	/* RFC 9776 5.2 rules 1 and 2. */
	if (is_pending && (host->is_general_due || host->general.deadline <= deadline))
		return;
	wheel_set(&host->engine->wheel, &host->general, deadline);
}

static void set_next(struct host *host, size_t n_told)
{
	struct engine *engine = host->engine;

	wheel_set(&engine->wheel, &host->general, engine->now + get_gap(host, n_told));
}

/* RFC 9776 5.2; RFC 5790 4.4 for lightweight hosts. */
static unsigned int plan_state(const struct group *group, struct record_plan *ret)
{
	struct stance stance = group_get_stance(group);
	enum record_type include = MODE_IS_INCLUDE, exclude = MODE_IS_EXCLUDE;

	if (!group_is_told(group))
		return 0;
	if (stance.is_lightweight) {
		include = ALLOW_NEW_SOURCES;
		exclude = CHANGE_TO_EXCLUDE_MODE;
	}
	*ret = (struct record_plan){
		stance.mode == FILTER_EXCLUDE ? exclude : include,
		stance_lists,
	};
	return 1;
}

/* It has been told; once more if it was asked again between two parts of its record. */
static void settle_general(struct group *group)
{
	struct host *host = group->host;
	bool is_done = host->round_told == host->round;

	if (is_done)
		group->round = host->round;
	list_add(is_done ? &host->idle : &host->owing.groups, &group->general);
}

bool response_pull_general(struct host *host, struct report *report)
{
	struct record_plan plan;
	struct link *link;
	size_t n_told = 0;

	if (!host->is_general_due)
		return false;
	while ((link = queue_get_first(&host->owing))) {
		struct group *group = list_entry(link, struct group, general);
		unsigned int n = plan_state(group, &plan);

		if (host->owing.current != group)
			host->round_told = host->round;
		if (!report_add(report, &host->owing, group, &plan, n))
			break;
		settle_general(group);
		n_told++;
	}
	host->is_general_due = false;
	if (!host->is_general_begun)
		host->general_last = host->engine->now;
	host->is_general_begun = link != NULL;
	if (link)
		set_next(host, n_told);
	return report->n_records > 0;
}

/*
 * Queries about a group
 */

static bool is_pending(const struct group *group)
{
	return group->is_asked || group->n_queried;
}

/* Notes what is asked for: more sources, or all of it. */
static void note(struct group *group, const struct query *query, struct addr from)
{
	if (query->n_sources && !group->is_asked) {
		if (group_record(group, query) == 0)
			return;
		tally(group->host, TALLY_QUERY_FAILED);
		host_log(group->host, ENGINE_RECORDING_FULL, group->address, from);
	}
	group_forget_queried(group);
	group->is_asked = true;
}

/* Does the group owe an answer to a General Query? */
static bool is_owing(const struct group *group)
{
	return host_is_general_pending(group->host) && group->round != group->host->round;
}

/* RFC 9776 5.2 rule 1, of an answer that is one packet: the timer does not tell when the
 * others go. */
static bool is_general_sooner(const struct group *group, uint64_t deadline)
{
	const struct host *host = group->host;

	if (!is_owing(group) || host->is_general_begun || count_packets(host) > 1)
		return false;
	return host->is_general_due || host->general.deadline <= deadline;
}

/* It stands in host->answers, and may be half told. */
static bool is_due(const struct group *group)
{
	return !timer_is_set(&group->response) && !list_is_empty(&group->response.link);
}

void response_hear(struct group *group, const struct query *query, uint64_t max,
		   struct addr from)
{
	struct host *host = group->host;
	struct engine *engine = host->engine;
	uint64_t deadline = engine->now + draw_delay(host, max);

	if (!group_is_told(group) || !group_has_state(group) ||
	    is_general_sooner(group, deadline))
		return;
	if (host->answers.current == group)
		group->is_asked_amid = true;
	if (is_due(group) && group->is_asked)
		return;
	if (is_due(group))
		deadline = engine->now;
	else if (is_pending(group) && group->response.deadline < deadline)
		deadline = group->response.deadline;
	note(group, query, from);
	if (!is_due(group))
		wheel_set(&engine->wheel, &group->response, deadline);
}

void response_queue(struct group *group)
{
	struct host *host = group->host;

	queue_forget(&host->answers, group);
	list_add(&host->answers.groups, &group->response.link);
	host_wake(host);
}

static bool is_asked_for(const struct stance *stance, const struct source *source)
{
	return source->is_queried && stance_accepts(stance, source);
}

/* R-QRY-5: by the state at expiry. */
static unsigned int plan_answer(const struct group *group, struct record_plan *ret)
{
	struct stance stance = group_get_stance(group);
	unsigned int n = plan_state(group, ret);

	if (n && !group->is_asked &&
	    !(stance.is_lightweight && stance.mode == FILTER_EXCLUDE)) {
		ret->type = stance.is_lightweight ? ALLOW_NEW_SOURCES : MODE_IS_INCLUDE;
		ret->has = is_asked_for;
	}
	return n;
}

/* It has been answered; who has asked between two parts of the record soon is, too. */
static void settle(struct group *group)
{
	struct engine *engine = group->host->engine;

	if (group->is_asked_amid)
		wheel_set(&engine->wheel, &group->response,
			  engine->now + engine_draw_delay(engine, RESPONSE_MIN));
	else
		group_forget_queried(group);
	group->is_asked_amid = false;
}

bool response_pull(struct host *host, struct report *report)
{
	struct record_plan plan;
	struct link *link;

	while ((link = queue_get_first(&host->answers))) {
		struct group *group = list_entry(link, struct group, response.link);
		unsigned int n = plan_answer(group, &plan);

		if (!report_add(report, &host->answers, group, &plan, n))
			break;
		settle(group);
	}
	return report->n_records > 0;
}
