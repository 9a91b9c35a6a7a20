/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limits: the table of what msfd keeps for others.
 *
 * The defaults leave room for 10,000 sockets in 100 processes of one user, each with the
 * 20 groups that Linux allows an IPv4 socket, and for a process that joins some thousand
 * groups at its start; what all of them may have is some 400 megabytes. A process that is
 * told of as fast as one thread can join stays below its messages.
 */
#include "msfd/limits.h"

#include <stddef.h>
#include <string.h>

#define KEPT_MAX     16777216u /* bounds for sanity's sake */
#define MESSAGES_MAX 10000000u
#define CLIENTS_MAX  1000000u

#define OF(field) (unsigned int)offsetof(struct limits, field)

static const struct limits_info table[LIMITS_COUNT] = {
	{ "client-groups", "memberships", 10000, 1, KEPT_MAX,
	  "the most memberships that one process may tell of", OF(client.groups) },
	{ "client-sources", "sources", 100000, 1, KEPT_MAX,
	  "the most sources in the filters that one process tells of",
	  OF(client.sources) },
	{ "client-messages", "messages/s", 20000, 1, MESSAGES_MAX,
	  "how many messages a second one process may send; twice that at once",
	  OF(client.messages) },
	{ "user-groups", "memberships", 250000, 1, KEPT_MAX,
	  "the most memberships of one user; root may have as many as all",
	  OF(user.groups) },
	{ "user-sources", "sources", 1000000, 1, KEPT_MAX,
	  "the most sources in the filters of one user; root may have as many as all",
	  OF(user.sources) },
	{ "user-messages", "messages/s", 50000, 1, MESSAGES_MAX,
	  "how many messages a second one user may send; root as many as all",
	  OF(user.messages) },
	{ "total-groups", "memberships", 500000, 1, KEPT_MAX, "the most memberships",
	  OF(total.groups) },
	{ "total-sources", "sources", 2000000, 1, KEPT_MAX,
	  "the most sources in all filters", OF(total.sources) },
	{ "total-messages", "messages/s", 100000, 1, MESSAGES_MAX,
	  "how many messages a second are taken of all", OF(total.messages) },
	{ "user-clients", "connections", 2048, 1, CLIENTS_MAX,
	  "the most connections of one user; root may have as many as all",
	  OF(clients_user) },
	{ "clients", "connections", 8192, 1, CLIENTS_MAX, "the most connections",
	  OF(clients) },
};

const struct limits_info *limits_get_info(unsigned int i)
{
	return i < LIMITS_COUNT ? &table[i] : NULL;
}

uint32_t limits_get(const struct limits *limits, const struct limits_info *info)
{
	uint32_t value;

	memcpy(&value, (const char *)limits + info->offset, sizeof(value));
	return value;
}

void limits_set(struct limits *limits, const struct limits_info *info, uint32_t value)
{
	memcpy((char *)limits + info->offset, &value, sizeof(value));
}

void limits_init(struct limits *ret)
{
	for (unsigned int i = 0; i < LIMITS_COUNT; i++)
		limits_set(ret, &table[i], table[i].value);
}
