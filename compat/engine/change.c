/* SPDX-License-Identifier: BSD-2-Clause */
/* See change.h. */
#include "engine/change.h"

#include "engine/older.h"

void change_queue(struct group *group)
{
	struct host *host = group->host;

	/* Who is in the queue keeps its place: nobody is put off again and again. */
	if (timer_is_set(&group->change) || list_is_empty(&group->change.link)) {
		timer_stop(&group->change);
		list_add(&host->changes.groups, &group->change.link);
	}
	host_wake(host);
}

/* What is half told may be another by now, and begins anew. */
static void queue_anew(struct group *group)
{
	struct host *host = group->host;

	queue_forget(&host->changes, group);
	queue_forget(&host->answers, group);
	queue_forget(&host->owing, group);
	change_queue(group);
}

static void tell_mode(struct group *group)
{
	group->n_mode_sends = host_get_robustness(group->host);
	queue_anew(group);
}

void change_tell(struct group *group, enum change_kind kind, bool was_wanted)
{
	bool is_wanted = group->n_members > 0;

	if (!group_is_told(group))
		return;
	if (host_is_newest(group->host)) {
		if (kind == CHANGE_MODE)
			tell_mode(group);
		else if (kind == CHANGE_SOURCES)
			queue_anew(group);
	} else if (is_wanted && !was_wanted) {
		older_join(group);
	} else if (!is_wanted && was_wanted) {
		older_leave(group);
	}
}

static void tell_sources(struct group *group)
{
	struct stance stance = group_get_stance(group);

	for (uint32_t i = 0; i < group->n_sources; i++) {
		if (stance_lists(&stance, &group->sources[i]))
			group->sources[i].n_sends = host_get_robustness(group->host) & 7u;
	}
	queue_anew(group);
}

void change_announce(struct group *group)
{
	if (!group->n_members || !group_is_told(group))
		return;
	if (!host_is_newest(group->host))
		older_join(group);
	else if (group_get_stance(group).mode == FILTER_EXCLUDE)
		tell_mode(group);
	else if (group_has_state(group))
		tell_sources(group);
}

/*
 * Sending
 */

static bool is_allowed(const struct stance *stance, const struct source *source)
{
	return source->n_sends && stance_accepts(stance, source);
}

static bool is_blocked(const struct stance *stance, const struct source *source)
{
	return source->n_sends && !stance_accepts(stance, source);
}

static unsigned int plan(const struct group *group, struct record_plan plans[2])
{
	bool is_exclude = group_get_stance(group).mode == FILTER_EXCLUDE;

	if (group->n_mode_sends) {
		plans[0] = (struct record_plan){
			is_exclude ? CHANGE_TO_EXCLUDE_MODE : CHANGE_TO_INCLUDE_MODE,
			stance_lists,
		};
		return 1;
	}
	plans[0] = (struct record_plan){ ALLOW_NEW_SOURCES, is_allowed };
	plans[1] = (struct record_plan){ BLOCK_OLD_SOURCES, is_blocked };
	return 2;
}

/* Every state-change report counts for all that is pending (R-CHG-9). Returns whether
 * there is more to tell. */
static bool count_down(struct group *group)
{
	bool is_pending;

	if (group->n_mode_sends)
		group->n_mode_sends--;
	is_pending = group->n_mode_sends > 0;
	for (uint32_t i = 0; i < group->n_sources; i++) {
		struct source *source = &group->sources[i];

		if (source->n_sends)
			source->n_sends--;
		is_pending = is_pending || source->n_sends;
	}
	return is_pending;
}

static void finish(struct group *group, uint64_t next)
{
	timer_stop(&group->change);
	if (count_down(group))
		wheel_set(&group->host->engine->wheel, &group->change, next);
	group_compact(group);
	group_settle(group);
}

/* Groups that are told in one packet are told again in one packet. */
bool change_pull(struct host *host, struct report *report)
{
	struct engine *engine = host->engine;
	uint64_t interval = engine->tunables.value[ENGINE_UNSOLICITED_INTERVAL] * 1000;
	struct record_plan plans[2];
	struct link *link;
	uint64_t next;

	if (list_is_empty(&host->changes.groups))
		return false;
	next = engine->now + engine_draw_delay(engine, interval);
	while ((link = queue_get_first(&host->changes))) {
		struct group *group = list_entry(link, struct group, change.link);
		unsigned int n = plan(group, plans);

		if (!report_add(report, &host->changes, group, plans, n))
			break;
		finish(group, next);
	}
	return report->n_records > 0;
}
