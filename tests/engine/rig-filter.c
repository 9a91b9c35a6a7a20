/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig: addresses, lists and filters as text, "IN{10.1.0.1,10.1.0.2}" (see rig.h).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "rig-text.h"

struct addr rig_addr(const char *text)
{
	struct in6_addr ipv6;
	struct in_addr ipv4;

	if (inet_pton(AF_INET, text, &ipv4) == 1)
		return addr_from_ipv4(ntohl(ipv4.s_addr));
	if (inet_pton(AF_INET6, text, &ipv6) != 1)
		tap_bail_out("%s is no address", text);
	return addr_from_bytes(ipv6.s6_addr);
}

void rig_format(struct addr addr, char ret_text[RIG_ADDR_TEXT])
{
	struct in_addr ipv4 = { htonl(addr_ipv4(addr)) };
	struct in6_addr ipv6;

	addr_to_bytes(addr, ipv6.s6_addr);
	if (addr_is_ipv4(addr))
		inet_ntop(AF_INET, &ipv4, ret_text, RIG_ADDR_TEXT);
	else
		inet_ntop(AF_INET6, &ipv6, ret_text, RIG_ADDR_TEXT);
}

/* One "10.1.0.0" or "10.1.0.0+365", which it cuts at the plus. */
static struct addr *add_run(struct addr *list, uint32_t *n, char *text)
{
	char *plus = strchr(text, '+');
	uint32_t more = plus ? (uint32_t)strtoul(plus + 1, NULL, 10) : 1;
	struct addr addr;

	if (plus)
		*plus = '\0';
	addr = rig_addr(text);
	list = realloc(list, (*n + more) * sizeof(*list));
	if (!list)
		tap_bail_out("no memory, or an empty run");
	while (more--) {
		list[(*n)++] = addr;
		addr.lo++;
	}
	return list;
}

struct addr *rig_list(const char *text, uint32_t *ret_n)
{
	char *copy = strdup(text), *rest = NULL;
	struct addr *list = NULL;

	if (!copy)
		tap_bail_out("no memory");
	*ret_n = 0;
	for (char *word = strtok_r(copy, ",", &rest); word;
	     word = strtok_r(NULL, ",", &rest))
		list = add_run(list, ret_n, word);
	free(copy);
	return list;
}

static enum filter_mode read_mode(const char *text)
{
	if (strcmp(text, "NONE") == 0)
		return FILTER_NONE;
	if (strncmp(text, "IN{", 3) == 0 && strchr(text, '}'))
		return FILTER_INCLUDE;
	if (strncmp(text, "EX{", 3) == 0 && strchr(text, '}'))
		return FILTER_EXCLUDE;
	tap_bail_out("%s is no filter", text);
}

/* The caller frees the sources. */
static struct filter read_filter(const char *text)
{
	struct filter filter = { .mode = read_mode(text) };
	struct addr *scratch;
	char *inside;

	if (filter.mode == FILTER_NONE)
		return filter;
	inside = strndup(text + 3, strcspn(text + 3, "}"));
	filter.sources.addr = rig_list(inside, &filter.sources.n);
	free(inside);
	scratch = calloc(filter.sources.n + 1, sizeof(*scratch));
	if (!scratch)
		tap_bail_out("no memory");
	filter.sources.n = source_set_sort(filter.sources.addr, filter.sources.n,
					   scratch);
	free(scratch);
	return filter;
}

int rig_set_on(struct rig *rig, uint32_t ifindex, uint64_t socket, const char *group,
	       const char *filter)
{
	struct filter wanted = read_filter(filter);
	int r = engine_set_filter(rig->engine, ifindex, socket, rig_addr(group), &wanted,
				  rig->now);

	free(wanted.sources.addr);
	return r;
}

int rig_set(struct rig *rig, uint64_t socket, const char *group, const char *filter)
{
	return rig_set_on(rig, RIG_IFINDEX, socket, group, filter);
}

char *rig_get_on(const struct rig *rig, uint32_t ifindex, const char *group)
{
	enum filter_mode mode = FILTER_NONE;
	uint32_t n = 0, n_room;
	struct addr *list;
	char *text = NULL;
	size_t len;
	FILE *stream;

	/* First their number, then as many. */
	if (engine_get_filter(rig->engine, ifindex, rig_addr(group), &mode, NULL, &n))
		return strdup("NONE");
	n_room = n;
	list = calloc(n + 1, sizeof(*list));
	stream = open_memstream(&text, &len);
	if (!list || !stream)
		tap_bail_out("no memory");
	if (engine_get_filter(rig->engine, ifindex, rig_addr(group), &mode, list, &n) ||
	    n != n_room)
		tap_bail_out("engine_get_filter() says %u, then %u", n_room, n);
	fputs(mode == FILTER_INCLUDE ? "IN" : "EX", stream);
	rig_write_list(stream, list, n);
	fclose(stream);
	free(list);
	return text;
}
