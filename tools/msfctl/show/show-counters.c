/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show-counters: what the kernel has counted (see show-counters.h).
 *
 * Invariant: a counter that the kernel does not tell is not there.
 */
#include <inttypes.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "show-counters.h"

#define INTERFACE_FOLDER "/proc/thread-self/net/dev_snmp6/"
#define NETNS_FILE       "/proc/thread-self/net/netstat"

static const char *const interface_names[] = {
	"Ip6InMcastPkts",
	"Ip6OutMcastPkts",
	"Ip6InMcastOctets",
	"Ip6OutMcastOctets",
	"Icmp6InGroupMembQueries",
	"Icmp6InGroupMembResponses",
	"Icmp6InGroupMembReductions",
	"Icmp6InMLDv2Reports",
	"Icmp6OutGroupMembQueries",
	"Icmp6OutGroupMembResponses",
	"Icmp6OutGroupMembReductions",
	"Icmp6OutMLDv2Reports",
	NULL,
};

static const char *const netns_names[] = {
	"InMcastPkts", "OutMcastPkts", "InMcastOctets", "OutMcastOctets", NULL,
};

static int set_counter(json_t *counters, const char *const *names, const char *name,
		       const char *value)
{
	for (; *names; names++)
		if (!strcmp(*names, name))
			return json_object_set_new(
				counters, name,
				json_integer((json_int_t)strtoull(value, NULL, 10)));
	return 0;
}

/* Lines of a name and a number; the first one says whose they are. */
static int read_interface(json_t *counters, FILE *file, uint32_t ifindex)
{
	char line[256], name[64], value[24];
	int r = 0;

	while (!r && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63s %23s", name, value) != 2)
			continue;
		if (!strcmp(name, "ifIndex") && strtoul(value, NULL, 10) != ifindex)
			return 0;
		r = set_counter(counters, interface_names, name, value);
	}
	return r;
}

/* Two lines that begin with the same word: names, and under them the values. */
static int read_netns(json_t *counters, FILE *file)
{
	char *lines[2] = { NULL, NULL }, *rest[2];
	size_t sizes[2] = { 0, 0 };
	int r = 0;

	while (!r && getline(&lines[0], &sizes[0], file) > 0 &&
	       getline(&lines[1], &sizes[1], file) > 0) {
		const char *name = strtok_r(lines[0], " \n", &rest[0]);
		const char *value = strtok_r(lines[1], " \n", &rest[1]);

		if (!name || strcmp(name, "IpExt:") != 0)
			continue;
		while (!r && name && value) {
			name = strtok_r(NULL, " \n", &rest[0]);
			value = strtok_r(NULL, " \n", &rest[1]);
			if (name && value)
				r = set_counter(counters, netns_names, name, value);
		}
	}
	free(lines[0]);
	free(lines[1]);
	return r;
}

static json_t *whole(json_t *object, int r)
{
	if (!r)
		return object;
	json_decref(object);
	return NULL;
}

json_t *show_counters_new(const char *interface, uint32_t ifindex)
{
	char path[sizeof(INTERFACE_FOLDER) + IF_NAMESIZE];
	json_t *counters = json_object();
	FILE *file;
	int r;

	if (!counters)
		return NULL;
	snprintf(path, sizeof(path), INTERFACE_FOLDER "%s", interface);
	file = fopen(path, "re");
	if (!file) /* no IPv6 there */
		return counters;
	r = read_interface(counters, file, ifindex);
	fclose(file);
	return whole(counters, r);
}

json_t *show_counters_new_netns(void)
{
	json_t *counters = json_object();
	FILE *file;
	int r;

	if (!counters)
		return NULL;
	file = fopen(NETNS_FILE, "re");
	if (!file)
		return counters;
	r = read_netns(counters, file);
	fclose(file);
	return whole(counters, r);
}
