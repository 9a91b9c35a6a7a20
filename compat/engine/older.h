/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * older: the hosts of IGMPv1, IGMPv2 (RFC 1112, RFC 2236) and MLDv1 (RFC 2710): one
 * report a group, put off when another host reports first, and a leave from who has
 * reported last. What happens is a table of states and events for each protocol, as the
 * BSD systems have them.
 */
#ifndef ENGINE_OLDER_H
#define ENGINE_OLDER_H

#include "engine/group.h"

/*
 * IGMP has the five states of the BSD hosts, which remember that IGMPv1 hosts are on the
 * link. MLD has a timer, and a flag that this host has reported last: with it IDLE and
 * DELAYING, without it LAZY and DELAYING_LAZY.
 */
enum older_state {
	OLDER_IDLE, /* what every group begins with */
	OLDER_DELAYING,
	OLDER_LAZY,     /* another host has reported last */
	OLDER_SLEEPING, /* that was one of IGMPv1 */
	OLDER_AWAKENING,
	OLDER_DELAYING_LAZY,
};
#define OLDER_STATES 6u

/* The first socket wants the group; nobody wants it any more. */
void older_join(struct group *group);
void older_leave(struct group *group);

/* A query of that version about the group, or all, asks for a report within max us. */
void older_hear_query(struct group *group, uint8_t version, uint64_t max);

/* Another host has reported the group. */
void older_hear_report(struct group *group, uint8_t version);

/* The group's timer has expired. */
void older_expire(struct group *group);

/* Makes the next message that is due. false: there is none. */
bool older_pull(struct host *host, uint8_t *bytes, struct engine_packet *ret);

#endif
