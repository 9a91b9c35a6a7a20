/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel tells in /proc, of the calling thread's network namespace. */
#ifndef LIB_PROC_H
#define LIB_PROC_H

#include <stdio.h>

#include "base/addr.h"

/* A number of /proc/sys/net, say "ipv4/igmp_max_msf". -errno when there is none. */
long proc_get_sysctl(const char *name);

/*
 * One line a call of /proc/net/igmp or igmp6: a group that is joined on an
 * interface, by whomever.
 */
struct proc_group {
	uint32_t ifindex;
	struct addr group;
	unsigned int users; /* sockets, and the kernel itself */
	int version;        /* of IGMP in force on the interface; 0 for IPv6 */
};

struct proc_groups {
	FILE *file;
	int family;
	uint32_t ifindex;
	int version;
};

/* 0, or -errno. */
int proc_groups_open(struct proc_groups *groups, int family);
/* 1 and the next one, or 0. */
int proc_groups_next(struct proc_groups *groups, struct proc_group *ret);
void proc_groups_close(struct proc_groups *groups);

#endif
