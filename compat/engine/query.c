/* SPDX-License-Identifier: BSD-2-Clause */
/* See query.h. */
#include "engine/query.h"

#include "engine/group.h"
#include "engine/older.h"
#include "engine/response.h"
#include "engine/version.h"

/* RFC 9776 4.1.6, R-QRY-9: more than 7 does not fit, and 1 is no robustness. */
#define ROBUSTNESS_MIN 2u

/* What hosts use of it, by long practice (R-QRY-9). */
static void adopt(struct host *host, const struct query *query, bool is_general)
{
	host->robustness = query->robustness;
	if (host->robustness && host->robustness < ROBUSTNESS_MIN)
		host->robustness = ROBUSTNESS_MIN;
	host->query_interval_s = query->interval_s ? query->interval_s : QUERY_INTERVAL_S;
	/* Others carry the Last Member Query Interval. */
	if (is_general)
		host->response_us = query->max_response;
}

/* R-CMP-9: what the older version in force makes of a query, also of a newer one. */
static void answer_older(struct host *host, const struct message *message)
{
	bool is_newest = message->version == host->proto->newest;
	uint8_t version = is_newest ? message->query.older_version : message->version;
	uint64_t max = is_newest ? message->query.older_response
				 : message->query.max_response;
	struct group *group;

	if (!addr_is_unspecified(message->group)) {
		group = group_find(host, message->group);
		if (group)
			older_hear_query(group, version, max);
		return;
	}
	for (struct link *link = host->idle.next; link != &host->idle;
	     link = link->next) {
		group = list_entry(link, struct group, general);
		older_hear_query(group, version, max);
	}
}

static void answer_newest(struct host *host, const struct message *message,
			  struct addr from)
{
	uint64_t max = message->query.max_response;
	struct group *group;

	if (addr_is_unspecified(message->group)) {
		response_hear_general(host, max);
		return;
	}
	group = group_find(host, message->group);
	if (group)
		response_hear(group, &message->query, max, from);
}

void query_hear(struct host *host, const struct message *message, struct addr source)
{
	bool is_general = addr_is_unspecified(message->group);
	bool is_older = message->version < host->proto->newest;

	if (is_general && is_older && version_is_pinned(host))
		return;
	if (is_general)
		host->querier = source;
	if (is_older && engine_is_ssm(host->engine, message->group))
		host_log(host, ENGINE_OLD_SSM_QUERY, message->group, source);
	if (!is_older)
		adopt(host, &message->query, is_general);
	else if (is_general)
		version_hear(host, message->version, message->query.max_response);
	if (host_is_newest(host))
		answer_newest(host, message, source);
	else
		answer_older(host, message);
}
