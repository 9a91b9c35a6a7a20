/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scope: ranges of groups (see scope.h).
 */
#include "scope.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static void get_bytes(const struct sockaddr_storage *address, uint8_t bytes[16])
{
	const struct sockaddr_in *sin = (const void *)address;
	const struct sockaddr_in6 *sin6 = (const void *)address;

	memset(bytes, 0, 16);
	if (address->ss_family == AF_INET)
		memcpy(bytes, &sin->sin_addr, sizeof(sin->sin_addr));
	else
		memcpy(bytes, &sin6->sin6_addr, sizeof(sin6->sin6_addr));
}

static void fill_range(struct scope_range *range, const struct endpoint *endpoint)
{
	struct sockaddr_storage last = endpoint->group;

	endpoint_get_group(endpoint, endpoint->n_groups - 1, &last);
	get_bytes(&endpoint->group, range->first);
	get_bytes(&last, range->last);
	range->port = endpoint->port;
	range->is_ipv6 = endpoint->group.ss_family == AF_INET6;
}

int scope_init(struct scope *scope, const struct endpoint *groups, uint32_t n_groups)
{
	struct scope_range *ranges = NULL;

	if (n_groups) {
		ranges = calloc(n_groups, sizeof(*ranges));
		if (!ranges)
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < n_groups; i++)
		fill_range(&ranges[i], &groups[i]);
	*scope = (struct scope){ .ranges = ranges, .n_ranges = n_groups };
	return 0;
}

void scope_fini(struct scope *scope)
{
	free(scope->ranges);
	*scope = (struct scope){ 0 };
}

static bool range_has(const struct scope_range *range, const struct datagram_key *key)
{
	return range->is_ipv6 == key->is_ipv6 &&
	       (!range->port || range->port == key->port) &&
	       memcmp(key->group, range->first, sizeof(key->group)) >= 0 &&
	       memcmp(key->group, range->last, sizeof(key->group)) <= 0;
}

bool scope_has(const struct scope *scope, const struct datagram_key *key)
{
	for (uint32_t i = 0; i < scope->n_ranges; i++)
		if (range_has(&scope->ranges[i], key))
			return true;
	return scope->n_ranges == 0;
}
