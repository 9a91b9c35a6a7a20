/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IGMP version that an interface speaks, and what the administrator forces on it
 * (Documentation/networking/ip-sysctl.rst: force_igmp_version, force_mld_version).
 */
#include "state-version.h"

#include <errno.h>
#include <stdio.h>

#include "context.h"
#include "interface.h"
#include "proc.h"

/* "ipv6/conf/" an interface "/force_mld_version" */
#define NAME_SIZE (IF_NAMESIZE + 40)

static int read_version(int family, const char *conf)
{
	char name[NAME_SIZE];
	long value;

	snprintf(name, sizeof(name),
		 family == AF_INET ? "ipv4/conf/%s/force_igmp_version"
				   : "ipv6/conf/%s/force_mld_version",
		 conf);
	value = proc_get_sysctl(name);
	return value < 0 ? 0 : (int)value; /* no such file: a family not there */
}

/* Either of the two can force a version, the older one wins; 3 is what holds
 * anyway. */
static int combine_igmp(int all, int own)
{
	if (all == 1 || own == 1)
		return 1;
	return all == 2 || own == 2 ? 2 : 0;
}

/* "all" goes before the interface's own; 2 is what holds anyway. */
static int combine_mld(int all, int own)
{
	return (all ? all : own) == 1;
}

int state_version_get_forced(int family, const char *interface)
{
	int all = read_version(family, "all"), own = read_version(family, interface);

	return family == AF_INET ? combine_igmp(all, own) : combine_mld(all, own);
}

int msf_state_get_version(struct msf *msf, uint32_t ifindex, int family)
{
	struct proc_groups groups;
	struct proc_group entry;
	int version = 0, r = context_get(msf, &msf);

	if (r < 0)
		return r;
	if (family != AF_INET)
		return family == AF_INET6 ? 0 : -EAFNOSUPPORT;
	r = proc_groups_open(&groups, family);
	if (r < 0)
		return r == -ENOENT ? 0 : r; /* a kernel without IGMP, or no /proc */
	while (!version && proc_groups_next(&groups, &entry))
		if (entry.ifindex == ifindex)
			version = entry.version;
	r = proc_groups_close(&groups);
	return version || r == 0 ? version : r;
}

int msf_state_get_forced_version(struct msf *msf, uint32_t ifindex, int family)
{
	struct msf_interface interface;
	int r = context_get(msf, &msf);

	if (r < 0)
		return r;
	if (family != AF_INET && family != AF_INET6)
		return -EAFNOSUPPORT;
	r = interface_get(ifindex, &interface);
	return r < 0 ? r : state_version_get_forced(family, interface.name);
}
