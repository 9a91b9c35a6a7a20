/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/thread-self, not /proc/net: a thread may have moved to another network
 * namespace than the rest of its process.
 */
#include "proc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>

long proc_get_sysctl(const char *name)
{
	char path[128];
	FILE *file;
	long value;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (fscanf(file, "%ld", &value) != 1)
		value = -EIO;
	fclose(file);
	return value;
}

int proc_groups_open_at(struct proc_groups *groups, const char *net, int family)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", net, family == AF_INET ? "igmp" : "igmp6");
	groups->family = family;
	groups->ifindex = 0;
	groups->version = 0;
	groups->file = fopen(path, "re");
	return groups->file ? 0 : -errno;
}

int proc_groups_open(struct proc_groups *groups, int family)
{
	return proc_groups_open_at(groups, PROC_NET, family);
}

/* "2	eth0      :     1      V3" begins an interface, "	010000E0     1 ..."
 * is a group, its bytes as the machine stores them. */
static bool parse_igmp(struct proc_groups *groups, const char *line,
		       struct proc_group *ret)
{
	uint32_t address;
	const char *v;

	if (line[0] != '\t') {
		if (sscanf(line, "%" SCNu32 " %15[^: ]", &groups->ifindex,
			   groups->interface) != 2)
			groups->ifindex = 0; /* the title */
		v = strrchr(line, 'V');
		groups->version = v ? atoi(v + 1) : 0;
		return false;
	}
	if (sscanf(line, " %" SCNx32 " %u", &address, &ret->users) != 2)
		return false;
	ret->ifindex = groups->ifindex;
	memcpy(ret->interface, groups->interface, sizeof(ret->interface));
	ret->version = groups->version;
	ret->group = addr_from_ipv4(ntohl(address));
	return true;
}

/* "2    eth0            ff020000000000000000000000000001     1 0000000C 0" */
static bool parse_igmp6(const char *line, struct proc_group *ret)
{
	uint64_t hi, lo;

	if (sscanf(line, "%" SCNu32 " %15s %16" SCNx64 "%16" SCNx64 " %u", &ret->ifindex,
		   ret->interface, &hi, &lo, &ret->users) != 5)
		return false;
	ret->version = 0;
	ret->group = (struct addr){ hi, lo };
	return true;
}

int proc_groups_next(struct proc_groups *groups, struct proc_group *ret)
{
	char line[256];

	while (fgets(line, sizeof(line), groups->file)) {
		if (groups->family == AF_INET ? parse_igmp(groups, line, ret)
					      : parse_igmp6(line, ret))
			return 1;
	}
	return 0;
}

/* A file that could not be read to its end looks like one that is shorter. */
static int close_file(FILE *file)
{
	int r = ferror(file) ? -EIO : 0;

	fclose(file);
	return r;
}

int proc_groups_close(struct proc_groups *groups)
{
	return close_file(groups->file);
}

int proc_filters_open(struct proc_filters *filters, int family)
{
	filters->family = family;
	filters->file = fopen(family == AF_INET ? "/proc/thread-self/net/mcfilter"
						: "/proc/thread-self/net/mcfilter6",
			      "re");
	return filters->file ? 0 : -errno;
}

/* "  2   eth0 0xe8010101 0x0a090001      1      0", names cut to six bytes */
static bool parse_filter(const char *line, struct proc_filter *ret)
{
	uint32_t group, source;

	if (sscanf(line, "%" SCNu32 " %*s 0x%" SCNx32 " 0x%" SCNx32 " %u %u",
		   &ret->ifindex, &group, &source, &ret->include, &ret->exclude) != 5)
		return false;
	ret->group = addr_from_ipv4(group);
	ret->source = addr_from_ipv4(source);
	return true;
}

/* The same with 32 digits an address and no 0x. */
static bool parse_filter6(const char *line, struct proc_filter *ret)
{
	return sscanf(line,
		      "%" SCNu32 " %*s %16" SCNx64 "%16" SCNx64 " %16" SCNx64 "%16" SCNx64
		      " %u %u",
		      &ret->ifindex, &ret->group.hi, &ret->group.lo, &ret->source.hi,
		      &ret->source.lo, &ret->include, &ret->exclude) == 7;
}

int proc_filters_next(struct proc_filters *filters, struct proc_filter *ret)
{
	char line[256];

	while (fgets(line, sizeof(line), filters->file)) {
		if (filters->family == AF_INET ? parse_filter(line, ret)
					       : parse_filter6(line, ret))
			return 1;
	}
	return 0;
}

int proc_filters_close(struct proc_filters *filters)
{
	return close_file(filters->file);
}
