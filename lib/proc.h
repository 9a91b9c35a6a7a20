/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel tells in /proc, of the calling thread's network namespace. */
#ifndef LIB_PROC_H
#define LIB_PROC_H

#include <stdio.h>
#include <net/if.h>

#include "base/addr.h"

#define PROC_NET "/proc/thread-self/net"

/* A number of /proc/sys/net, say "ipv4/igmp_max_msf". -errno when there is none. */
long proc_get_sysctl(const char *name);

/*
 * One line a call of /proc/net/igmp or igmp6: a group that is joined on an
 * interface, by whomever.
 */
struct proc_group {
	uint32_t ifindex;
	char interface[IF_NAMESIZE];
	struct addr group;
	unsigned int users; /* sockets, and the kernel itself */
	int version;        /* of IGMP in force on the interface; 0 for IPv6 */
};

struct proc_groups {
	FILE *file;
	int family;
	uint32_t ifindex;
	char interface[IF_NAMESIZE];
	int version;
};

/* 0, or -errno. The second one of the namespace whose /proc/PID/net that is. */
int proc_groups_open(struct proc_groups *groups, int family);
int proc_groups_open_at(struct proc_groups *groups, const char *net, int family);
/* 1 and the next one, or 0. */
int proc_groups_next(struct proc_groups *groups, struct proc_group *ret);
/* 0, or -EIO: there was more than could be read. */
int proc_groups_close(struct proc_groups *groups);

/*
 * One line a call of /proc/net/mcfilter or mcfilter6: a source of a group, and
 * how many sockets INCLUDE and EXCLUDE it.  Linux begins with the first interface
 * whose newest group has sources and leaves out all that stand before it; from
 * there on nothing is missing.  Both files have the interfaces in the order of
 * igmp and igmp6.
 */
struct proc_filter {
	uint32_t ifindex;
	struct addr group;
	struct addr source;
	unsigned int include;
	unsigned int exclude;
};

struct proc_filters {
	FILE *file;
	int family;
};

/* 0, or -errno. */
int proc_filters_open(struct proc_filters *filters, int family);
/* 1 and the next one, or 0. */
int proc_filters_next(struct proc_filters *filters, struct proc_filter *ret);
int proc_filters_close(struct proc_filters *filters);

#endif
