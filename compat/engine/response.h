/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * response: answers to queries in the newest version (RFC 9776 5.2, RFC 9777 6.2, 6.3).
 *
 * A General Query moves all groups to the list of those that owe an answer; they are
 * answered packet by packet, spread over the time that the query gives. The answer
 * about one group waits for the group's own timer, with the sources that were asked for.
 */
#ifndef ENGINE_RESPONSE_H
#define ENGINE_RESPONSE_H

#include "engine/group.h"
#include "engine/report.h"

/* A General Query asks for an answer within max us. */
void response_hear_general(struct host *host, uint64_t max);

/* A query from that querier asks about the group, or about sources of it. */
void response_hear(struct group *group, const struct query *query, uint64_t max,
		   struct addr from);

/* The answer about the group is due. */
void response_queue(struct group *group);

/* Add what is due to an empty report. false: there is nothing. */
bool response_pull(struct host *host, struct report *report);
bool response_pull_general(struct host *host, struct report *report);

#endif
