/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hold: memberships of our own (--join), on sockets that are bound to nothing and so
 * never queue a packet.  Made by libmsf, with as many sockets as the limits ask for.
 */
#ifndef MWATCH_HOLD_H
#define MWATCH_HOLD_H

#include <stdint.h>

#include <msf.h>

#include "endpoint.h"

struct hold;

struct hold_settings {
	const struct msf_interface *interfaces;
	uint32_t n_interfaces;
	const struct endpoint *groups; /* all of them on all interfaces */
	uint32_t n_groups;
	uint32_t fmode; /* MCAST_EXCLUDE without sources: any source */
	uint32_t numsrc;
	const struct sockaddr_storage *slist;
};

/* Joins all, or none. Copies the settings. -errno, said on standard error with group and
 * interface, the cause and the cure. */
int hold_new(struct hold **ret, const struct hold_settings *settings);

/* Leaves and frees; NULL is fine. Returns NULL. */
struct hold *hold_free(struct hold *hold);

/* To be called when an interface went: gives up what was held there. Else a new
 * interface with the same index would seem to be joined. */
void hold_drop(struct hold *hold, uint32_t ifindex);

/*
 * To be called when an interface came, or changed: joins again, under the index that its
 * name has now, what is not held there (any more). Nothing to do for one that is not
 * ours, or whose memberships are in force. 0 or -errno, said; then nothing is held
 * there until it is called again.
 */
int hold_renew(struct hold *hold, uint32_t ifindex);

/* 1: the group is held and this source admitted; 0: held, not admitted; -1: not held. */
int hold_judge(const struct hold *hold, uint32_t ifindex,
	       const struct sockaddr_storage *group,
	       const struct sockaddr_storage *source);

#endif
