/* SPDX-License-Identifier: BSD-2-Clause */
/* See older.h. */
#include "engine/older.h"

#include "engine/change.h"
#include "engine/interface.h"
#include "engine/tally.h"

enum event {
	HEAR_V1_QUERY,
	HEAR_QUERY,
	HEAR_V1_REPORT_IN_V1, /* while IGMPv1 is in force */
	HEAR_V1_REPORT,
	HEAR_REPORT,
	EXPIRE,
	LEAVE,
};
#define EVENTS 7u

enum action {
	NOTHING,
	START,   /* the timer, which does not run */
	SHORTEN, /* the timer, where it is later than the query allows */
	STOP,
	SEND, /* a report */
	SEND_LEAVE,
};

struct transition {
	enum older_state next;
	enum action action;
};

/* S-IGMP-16, 20, 26, 27, 32, 35. */
static const struct transition igmp_table[OLDER_STATES][EVENTS] = {
	[OLDER_IDLE] = {
		[HEAR_V1_QUERY] = { OLDER_DELAYING, START },
		[HEAR_QUERY] = { OLDER_DELAYING, START },
		[HEAR_V1_REPORT_IN_V1] = { OLDER_SLEEPING, STOP },
		[HEAR_V1_REPORT] = { OLDER_SLEEPING, STOP },
		[HEAR_REPORT] = { OLDER_LAZY, STOP },
		[EXPIRE] = { OLDER_IDLE, NOTHING },
		[LEAVE] = { OLDER_IDLE, SEND_LEAVE },
	},
	[OLDER_DELAYING] = {
		[HEAR_V1_QUERY] = { OLDER_DELAYING, NOTHING },
		[HEAR_QUERY] = { OLDER_DELAYING, SHORTEN },
		[HEAR_V1_REPORT_IN_V1] = { OLDER_LAZY, STOP },
		[HEAR_V1_REPORT] = { OLDER_SLEEPING, STOP },
		[HEAR_REPORT] = { OLDER_LAZY, STOP },
		[EXPIRE] = { OLDER_IDLE, SEND },
		[LEAVE] = { OLDER_IDLE, SEND_LEAVE },
	},
	[OLDER_LAZY] = {
		[HEAR_V1_QUERY] = { OLDER_DELAYING, START },
		[HEAR_QUERY] = { OLDER_DELAYING, START },
		[HEAR_V1_REPORT_IN_V1] = { OLDER_SLEEPING, STOP },
		[HEAR_V1_REPORT] = { OLDER_SLEEPING, STOP },
		[HEAR_REPORT] = { OLDER_LAZY, STOP },
		[EXPIRE] = { OLDER_LAZY, NOTHING },
		[LEAVE] = { OLDER_LAZY, NOTHING },
	},
	[OLDER_SLEEPING] = {
		[HEAR_V1_QUERY] = { OLDER_DELAYING, START },
		[HEAR_QUERY] = { OLDER_AWAKENING, NOTHING },
		[HEAR_V1_REPORT_IN_V1] = { OLDER_SLEEPING, STOP },
		[HEAR_V1_REPORT] = { OLDER_SLEEPING, STOP },
		[HEAR_REPORT] = { OLDER_SLEEPING, STOP },
		[EXPIRE] = { OLDER_SLEEPING, NOTHING },
		[LEAVE] = { OLDER_SLEEPING, NOTHING },
	},
	[OLDER_AWAKENING] = {
		[HEAR_V1_QUERY] = { OLDER_DELAYING, START },
		[HEAR_QUERY] = { OLDER_DELAYING, START },
		[HEAR_V1_REPORT_IN_V1] = { OLDER_SLEEPING, STOP },
		[HEAR_V1_REPORT] = { OLDER_SLEEPING, STOP },
		[HEAR_REPORT] = { OLDER_LAZY, STOP },
		[EXPIRE] = { OLDER_AWAKENING, NOTHING },
		[LEAVE] = { OLDER_AWAKENING, NOTHING },
	},
};

/* S-MLD-6, 16 to 18, 20, 29. */
static const struct transition mld_table[OLDER_STATES][EVENTS] = {
	[OLDER_IDLE] = {
		[HEAR_QUERY] = { OLDER_DELAYING, START },
		[HEAR_REPORT] = { OLDER_LAZY, STOP },
		[LEAVE] = { OLDER_IDLE, SEND_LEAVE },
	},
	[OLDER_DELAYING] = {
		[HEAR_QUERY] = { OLDER_DELAYING, SHORTEN },
		[HEAR_REPORT] = { OLDER_LAZY, STOP },
		[EXPIRE] = { OLDER_IDLE, SEND },
		[LEAVE] = { OLDER_IDLE, SEND_LEAVE },
	},
	[OLDER_LAZY] = {
		[HEAR_QUERY] = { OLDER_DELAYING_LAZY, START },
		[HEAR_REPORT] = { OLDER_LAZY, STOP },
		[LEAVE] = { OLDER_LAZY, NOTHING },
	},
	[OLDER_DELAYING_LAZY] = {
		[HEAR_QUERY] = { OLDER_DELAYING_LAZY, SHORTEN },
		[HEAR_REPORT] = { OLDER_LAZY, STOP },
		[EXPIRE] = { OLDER_IDLE, SEND },
		[LEAVE] = { OLDER_LAZY, NOTHING },
	},
};

static const struct transition *find_transition(const struct group *group,
						enum event event)
{
	bool is_igmp = group->host->proto->family == ENGINE_IPV4;

	return &(is_igmp ? igmp_table : mld_table)[group->older_state][event];
}

static void send(struct group *group, enum older_due due)
{
	group->older_due = (uint8_t)due;
	change_queue(group);
}

static void start(struct group *group, uint64_t max)
{
	struct engine *engine = group->host->engine;

	wheel_set(&engine->wheel, &group->response,
		  engine->now + engine_draw_delay(engine, max));
}

/* max: of queries, us. */
static void apply(struct group *group, enum event event, uint64_t max)
{
	const struct transition *transition = find_transition(group, event);

	group->older_state = (uint8_t)transition->next;
	switch (transition->action) {
	case NOTHING:
		break;
	case START:
		start(group, max);
		break;
	case SHORTEN:
		if (group->response.deadline > group->host->engine->now + max)
			start(group, max);
		break;
	case STOP:
		timer_stop(&group->response);
		break;
	case SEND:
		timer_stop(&group->response);
		send(group, OLDER_REPORT);
		break;
	case SEND_LEAVE:
		send(group, OLDER_LEAVE);
		break;
	}
}

/* At once, and once more (S-IGMP-29, S-MLD-4). */
void older_join(struct group *group)
{
	group->older_state = OLDER_DELAYING;
	send(group, OLDER_REPORT);
	start(group, group->host->proto->older_unsolicited);
}

static bool is_igmpv1(const struct host *host, uint8_t version)
{
	return host->proto->family == ENGINE_IPV4 && version == 1;
}

void older_leave(struct group *group)
{
	struct host *host = group->host;
	bool is_always = host->engine->tunables.value[ENGINE_ALWAYS_LEAVE] != 0;

	timer_stop(&group->response);
	timer_stop(&group->change);
	group->older_due = OLDER_NOTHING;
	if (is_igmpv1(host, host->version))
		return;
	if (is_always)
		send(group, OLDER_LEAVE);
	else
		apply(group, LEAVE, 0);
}

/* A query that wants the report at once (S-MLD-16, R-M1-6). */
static void answer_at_once(struct group *group)
{
	timer_stop(&group->response);
	group->older_state = OLDER_IDLE;
	send(group, OLDER_REPORT);
}

void older_hear_query(struct group *group, uint8_t version, uint64_t max)
{
	if (!group->n_members || !group_is_told(group))
		return;
	if (is_igmpv1(group->host, version))
		apply(group, HEAR_V1_QUERY, max);
	else if (max)
		apply(group, HEAR_QUERY, max);
	else
		answer_at_once(group);
}

void older_hear_report(struct group *group, uint8_t version)
{
	const struct host *host = group->host;
	enum event event = HEAR_REPORT;

	if (is_igmpv1(host, version))
		event = is_igmpv1(host, host->version) ? HEAR_V1_REPORT_IN_V1
						       : HEAR_V1_REPORT;
	if (group->n_members)
		apply(group, event, 0);
}

void older_expire(struct group *group)
{
	apply(group, EXPIRE, 0);
}

static void encode(struct group *group, uint8_t *bytes, struct engine_packet *ret)
{
	const struct host *host = group->host;
	bool is_leave = group->older_due == OLDER_LEAVE;

	*ret = (struct engine_packet){
		.ifindex = host->interface->settings.ifindex,
		.family = host->proto->family,
		.source = host->source,
		.destination = is_leave ? host->proto->leaves : group->address,
	};
	ret->len = host->proto->encode_older(
		bytes, host->source, host->version, group->address, is_leave,
		host_sends_alert(host, host->version), &ret->message);
	tally(host, is_leave ? TALLY_SENT_LEAVE : TALLY_SENT_OLDER);
}

bool older_pull(struct host *host, uint8_t *bytes, struct engine_packet *ret)
{
	struct link *link = queue_get_first(&host->changes);
	struct group *group;

	if (!link)
		return false;
	group = list_entry(link, struct group, change.link);
	encode(group, bytes, ret);
	timer_stop(&group->change);
	group->older_due = OLDER_NOTHING;
	group_compact(group);
	group_settle(group);
	return true;
}
