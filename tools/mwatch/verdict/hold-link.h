/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hold-link: what is held on one interface (hold.h), and the joining of it.
 */
#ifndef MWATCH_VERDICT_HOLD_LINK_H
#define MWATCH_VERDICT_HOLD_LINK_H

#include <stdbool.h>

#include <msf.h>

#include "address.h"

/* What is asked for, on every interface. */
struct hold_filter {
	struct msf *msf;        /* owned by hold.c */
	struct address *groups; /* ascending, each once; the same */
	uint32_t n_groups;
	uint32_t fmode;
	struct sockaddr_storage *slist; /* ascending; the same */
	uint32_t numsrc;
};

struct hold_link {
	struct msf_interface interface;
	bool is_held;
	int *fds; /* owned */
	uint32_t n_fds;
};

/* Joins all groups. 0 or -errno, said: then nothing is held. */
int hold_link_join(struct hold_link *link, const struct hold_filter *filter);

/* Leaves them; nothing to do where nothing is held. */
void hold_link_leave(struct hold_link *link);

/* Does the kernel know of all of them on the interface? Not after that was replaced. */
bool hold_link_is_in_force(const struct hold_link *link,
			   const struct hold_filter *filter);

#endif
