/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show-view-text: an interface as lines and a table (see show-view.h).
 *
 * Invariant: a name of an interface is cleaned before it is printed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "show-counters.h"
#include "show-view.h"
#include "utf8.h"

/* Sources of a row that is not whole. */
#define SOURCES_MAX 2

#define LINE_N_COUNTERS 4

/* The kernel's counters in words (RFC 2710, 3810: a done is a reduction). */
static const struct {
	const char *title;
	struct {
		const char *key, *name;
	} counters[LINE_N_COUNTERS];
} counter_lines[] = {
	{ "MLD in",
	  { { "Icmp6InGroupMembQueries", "queries" },
	    { "Icmp6InGroupMembResponses", "v1 reports" },
	    { "Icmp6InMLDv2Reports", "v2 reports" },
	    { "Icmp6InGroupMembReductions", "dones" } } },
	{ "MLD out",
	  { { "Icmp6OutGroupMembQueries", "queries" },
	    { "Icmp6OutGroupMembResponses", "v1 reports" },
	    { "Icmp6OutMLDv2Reports", "v2 reports" },
	    { "Icmp6OutGroupMembReductions", "dones" } } },
	{ "IPv6 in",
	  { { "Ip6InMcastPkts", "multicast packets" },
	    { "Ip6InMcastOctets", "bytes" } } },
	{ "IPv6 out",
	  { { "Ip6OutMcastPkts", "multicast packets" },
	    { "Ip6OutMcastOctets", "bytes" } } },
	{ "IPv4 in",
	  { { "InMcastPkts", "multicast packets" }, { "InMcastOctets", "bytes" } } },
	{ "IPv4 out",
	  { { "OutMcastPkts", "multicast packets" }, { "OutMcastOctets", "bytes" } } },
};

#define N_COUNTER_LINES (sizeof(counter_lines) / sizeof(*counter_lines))

static void print_counter_line(const json_t *counters, size_t line)
{
	bool is_first = true;

	for (size_t i = 0; i < LINE_N_COUNTERS; i++) {
		const char *key = counter_lines[line].counters[i].key;
		const json_t *value = key ? json_object_get(counters, key) : NULL;

		if (!value)
			continue;
		if (is_first)
			printf("  %-8s ", counter_lines[line].title);
		printf("%s%" JSON_INTEGER_FORMAT " %s", is_first ? "" : ", ",
		       json_integer_value(value), counter_lines[line].counters[i].name);
		is_first = false;
	}
	if (!is_first)
		putchar('\n');
}

static void print_protocol(const struct show_protocol *protocol)
{
	printf("  %-8s version %s", protocol->name, protocol->version);
	if (protocol->forced > 0)
		printf(" (%d is forced)", protocol->forced);
	printf(", querier %s", protocol->querier);
	if (protocol->querier_version)
		printf(" (version %d)", protocol->querier_version);
	putchar('\n');
}

static void print_interface(const struct show_view *view)
{
	char name[IF_NAMESIZE];

	utf8_clean(view->interface, name, sizeof(name));
	printf("%s, index %" PRIu32 "\n", name, view->ifindex);
	for (size_t i = 0; i < SHOW_N_PROTOCOLS; i++)
		print_protocol(&view->protocols[i]);
	if (view->link.n_multicast >= 0)
		printf("  %-8s %" PRId64 " multicast frames\n", "link in",
		       view->link.n_multicast);
}

int show_view_print(const struct show_view *view)
{
	json_t *counters = view ? show_counters_new(view->interface, view->ifindex)
				: show_counters_new_netns();

	if (!counters)
		return -ENOMEM;
	if (view)
		print_interface(view);
	else
		puts("all interfaces");
	for (size_t i = 0; i < N_COUNTER_LINES; i++)
		print_counter_line(counters, i);
	json_decref(counters);
	return 0;
}

int show_view_new_columns(struct columns **ret)
{
	static const char *const titles[] = { "  GROUP", "MODE", "-USERS",
					      "SOURCES (INCLUDE/EXCLUDE)" };

	return columns_new(ret, titles, sizeof(titles) / sizeof(*titles));
}

/* "10.9.0.1 (2/0), 10.9.0.2 (1/1) +3" */
static void print_sources(const struct msf_group *group, bool is_whole, FILE *out)
{
	uint32_t n = is_whole || group->numsrc < SOURCES_MAX ? group->numsrc
							     : SOURCES_MAX;

	for (uint32_t i = 0; i < n; i++) {
		const struct msf_group_source *source = &group->slist[i];
		char text[ENDPOINT_TEXT_MAX] = "?";

		endpoint_format_address(&source->address, text, sizeof(text));
		fprintf(out, "%s%s (%" PRIu32 "/%" PRIu32 ")", i ? ", " : "", text,
			source->include, source->exclude);
	}
	if (n < group->numsrc)
		fprintf(out, " +%" PRIu32, group->numsrc - n);
}

/* To be freed. *ret NULL: there are none. */
static int format_sources(const struct msf_group *group, bool is_whole, char **ret)
{
	char *text = NULL;
	size_t len;
	FILE *out;

	*ret = NULL;
	if (group->has_sources && !group->numsrc)
		return 0;
	out = open_memstream(&text, &len);
	if (!out)
		return -ENOMEM;
	if (group->has_sources)
		print_sources(group, is_whole, out);
	else
		fputs(SHOW_UNKNOWN, out);
	if (fclose(out) == EOF) {
		free(text);
		return -ENOMEM;
	}
	*ret = text;
	return 0;
}

int show_view_add_row(struct columns *columns, const struct msf_group *group,
		      bool is_whole)
{
	char address[ENDPOINT_TEXT_MAX] = "", cell[ENDPOINT_TEXT_MAX + 2], users[24];
	char *sources;
	int r = format_sources(group, is_whole, &sources);

	if (r < 0)
		return r;
	endpoint_format_address(&group->group, address, sizeof(address));
	snprintf(cell, sizeof(cell), "  %s", address);
	snprintf(users, sizeof(users), "%" PRIu32, group->users);
	r = columns_add(columns, (const char *[]){ cell, show_view_get_mode(group), users,
						   sources });
	free(sources);
	return r;
}
