/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counters: /proc/net/snmp, netstat and snmp6 (see counters.h).  The first two have
 * a line of names and a line of numbers for each protocol, snmp6 a line for each name.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"

static const struct {
	const char *path;
	const char *protocol; /* NULL: each name is on a line of its own */
	const char *name;
	int is_ipv6;
	enum counters_kind kind;
} places[] = {
	{ "/proc/net/snmp", "Udp:", "InCsumErrors", 0, COUNTERS_CHECKSUM },
	{ "/proc/net/snmp", "Udp:", "MemErrors", 0, COUNTERS_MEMORY },
	{ "/proc/net/netstat", "TcpExt:", "IPReversePathFilter", 0, COUNTERS_ROUTE },
	{ "/proc/net/snmp6", NULL, "Udp6InCsumErrors", 1, COUNTERS_CHECKSUM },
	{ "/proc/net/snmp6", NULL, "Udp6MemErrors", 1, COUNTERS_MEMORY },
};

/* The number that stands where the name stands in the line of names. */
static int64_t find_in_lines(char *names, char *numbers, const char *name)
{
	char *saved[2], *word, *number;

	word = strtok_r(names, " \n", &saved[0]);
	number = strtok_r(numbers, " \n", &saved[1]);
	while (word && number) {
		if (strcmp(word, name) == 0)
			return strtoll(number, NULL, 10);
		word = strtok_r(NULL, " \n", &saved[0]);
		number = strtok_r(NULL, " \n", &saved[1]);
	}
	return -1;
}

static int64_t find_in_pairs(FILE *file, const char *protocol, const char *name)
{
	char *names = NULL, *numbers = NULL;
	size_t sizes[2] = { 0 };
	int64_t value = -1;

	while (value < 0 && getline(&names, &sizes[0], file) > 0 &&
	       getline(&numbers, &sizes[1], file) > 0)
		if (strncmp(names, protocol, strlen(protocol)) == 0)
			value = find_in_lines(names, numbers, name);
	free(names);
	free(numbers);
	return value;
}

static int64_t find_alone(FILE *file, const char *name)
{
	char line[256], word[128];
	int64_t value;

	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%127s %" SCNd64, word, &value) == 2 &&
		    strcmp(word, name) == 0)
			return value;
	return -1;
}

static int64_t read_place(size_t i)
{
	FILE *file = fopen(places[i].path, "re");
	int64_t value;

	if (!file)
		return -1;
	value = places[i].protocol
			? find_in_pairs(file, places[i].protocol, places[i].name)
			: find_alone(file, places[i].name);
	fclose(file);
	return value;
}

void counters_read(struct counters *ret)
{
	struct counters counters = { .values = { { -1, -1, -1 }, { -1, -1, 0 } } };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		counters.values[places[i].is_ipv6][places[i].kind] = read_place(i);
	*ret = counters;
}

int64_t counters_get(const struct counters *now, const struct counters *before,
		     int is_ipv6, enum counters_kind kind)
{
	int64_t a = before->values[is_ipv6][kind], b = now->values[is_ipv6][kind];

	return a < 0 || b < 0 ? -1 : b - a;
}
