/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/response.h"

/* A delay of 0 is none that a host may take (R-SEC-3): the unit of IGMP's code. */
#define RESPONSE_MIN (ENGINE_SECOND / 10)

static uint64_t draw_delay(struct host *host, uint64_t max)
{
	return engine_draw_delay(host->engine, max ? max : RESPONSE_MIN);
}

/*
 * General Queries
 */

/* How many packets the answer takes at least: each group has a source, or none in
 * EXCLUDE mode. */
static uint64_t count_packets(const struct host *host)
{
	struct report report;
	uint64_t n_fit;

	report_begin(&report, host, NULL, ENGINE_PACKET_MAX);
	n_fit = (report.max - report.len) /
		(host->proto->record_len + host->proto->addr_len);
	return host->groups.n / (n_fit ? n_fit : 1) + 1;
}

void response_hear_general(struct host *host, uint64_t max)
{
	uint64_t now = host->engine->now;
	struct wheel *wheel = &host->engine->wheel;
	uint64_t end = now + (max ? max : RESPONSE_MIN);
	uint64_t deadline = now + draw_delay(host, (end - now) / count_packets(host));
	bool is_pending = !list_is_empty(&host->owing.groups);

	if (!host->groups.n)
		return;
	/* Who has been answered already is so once more. */
	list_splice(&host->owing.groups, &host->idle);
	host->n_owing = host->groups.n;
	if (!is_pending || end < host->general_end)
		host->general_end = end;
	/* RFC 9776 5.2 rules 1 and 2. */
	if (is_pending && (host->is_general_due || host->general.deadline <= deadline))
		return;
	wheel_set(wheel, &host->general, deadline);
}

/* When the next packet goes, of as many as are left by this one's size. */
static void set_next(struct host *host, size_t n_told)
{
	uint64_t now = host->engine->now;
	uint64_t rest = host->general_end > now ? host->general_end - now : 0;
	uint64_t n_packets = host->n_owing / (n_told ? n_told : 1) + 1;
	uint64_t gap = rest / (n_packets + 1);

	wheel_set(&host->engine->wheel, &host->general, now + (gap ? gap : 1));
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

		if (!report_add(report, &host->owing, group, &plan, n))
			break;
		list_add(&host->idle, link);
		host->n_owing -= host->n_owing > 0;
		n_told++;
	}
	host->is_general_due = false;
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
static void note(struct group *group, const struct query *query)
{
	if (query->n_sources && !group->is_asked) {
		if (group_record(group, query) == 0)
			return;
		host_note_query_failed(group->host, group->address);
	}
	group_forget_queried(group);
	group->is_asked = true;
}

/* RFC 9776 5.2 rule 1. */
static bool is_general_sooner(const struct host *host, uint64_t deadline)
{
	if (host->is_general_begun)
		return false;
	return host->is_general_due ||
	       (timer_is_set(&host->general) && host->general.deadline <= deadline);
}

void response_hear(struct group *group, const struct query *query, uint64_t max)
{
	struct host *host = group->host;
	uint64_t now = host->engine->now;
	uint64_t deadline = now + draw_delay(host, max);

	if (!group_is_told(group) || !group_has_state(group) ||
	    is_general_sooner(host, deadline))
		return;
	if (is_pending(group) && !timer_is_set(&group->response))
		deadline = now; /* due already */
	else if (is_pending(group) && group->response.deadline < deadline)
		deadline = group->response.deadline;
	note(group, query);
	wheel_set(&host->engine->wheel, &group->response, deadline);
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

bool response_pull(struct host *host, struct report *report)
{
	struct record_plan plan;
	struct link *link;

	while ((link = queue_get_first(&host->answers))) {
		struct group *group = list_entry(link, struct group, response.link);
		unsigned int n = plan_answer(group, &plan);

		if (!report_add(report, &host->answers, group, &plan, n))
			break;
		group_forget_queried(group);
	}
	return report->n_records > 0;
}
