/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor-groups: what is known of the groups of every interface, and how that comes to
 * be told.  Two things change it: notifications, which tell that the first socket
 * joined or the last one left, and looks at everything, which tell the rest.
 *
 * Invariant: for each group on an interface, joins and leaves are told in turns,
 * whichever of the two noticed them first; what was told is what is known.
 */
#ifndef MSFCTL_MONITOR_GROUPS_H
#define MSFCTL_MONITOR_GROUPS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <msf.h>

#include "monitor-links.h"
#include "monitor-report.h"

struct monitor_groups;

/* One look at all groups, in order. */
struct monitor_look {
	struct msf_state *state;  /* owned */
	struct msf_group *groups; /* owned; their lists are of the state */
	bool *is_claimed;         /* owned; of each group */
	size_t n_groups;
	struct timespec when;
};

/* Both are borrowed. 0 or -ENOMEM. */
int monitor_groups_new(struct monitor_groups **ret, const struct monitor_links *links,
		       struct monitor_report *report);

/* Frees; NULL is fine. Returns NULL. */
struct monitor_groups *monitor_groups_free(struct monitor_groups *groups);

/* Looks. 0 or -errno; always followed by monitor_look_fini(). */
int monitor_look_init(struct monitor_look *look);
void monitor_look_fini(struct monitor_look *look);

/* The group of an event, for the first that asks for it; NULL: not there, or claimed. */
const struct msf_group *monitor_look_claim(struct monitor_look *look,
					   const struct msf_event *event);

/* A notification; seen: the group in a look that was taken behind it, or NULL.
 * 0 or -ENOMEM. */
int monitor_groups_join(struct monitor_groups *groups, const struct msf_event *event,
			const struct timespec *when, const struct msf_group *seen);
void monitor_groups_leave(struct monitor_groups *groups, const struct msf_event *event,
			  const struct timespec *when);

/* The interface is gone: whatever was joined there is left. 0 or -ENOMEM. */
int monitor_groups_leave_all(struct monitor_groups *groups, uint32_t ifindex,
			     const struct timespec *when);

/* The first look; is_told: as "state". 0 or -ENOMEM. */
int monitor_groups_start(struct monitor_groups *groups, const struct monitor_look *look,
			 bool is_told);

/* Every other look: tells the difference. 0 or -ENOMEM. */
int monitor_groups_compare(struct monitor_groups *groups,
			   const struct monitor_look *look);

#endif
