/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What clients, users and all have, and what they may have (limits.h). A holding counts
 * for who told of it last; when that client is gone, for its user only: else a user had
 * any number of sockets by connecting anew.
 */
#include <stdlib.h>

#include "msfd/holdings-parts.h"

struct count *usage_get_count(struct tree *tree, const struct tree_key *key)
{
	struct count *count = (struct count *)tree_find(tree, key);

	if (count)
		return count;
	count = calloc(1, sizeof(*count));
	if (!count)
		return NULL;
	count->node.key = *key;
	TAILQ_INIT(&count->entries);
	tree_add(tree, &count->node);
	return count;
}

void usage_settle_count(struct tree *tree, struct count *count)
{
	if (!count || count->usage.groups)
		return;
	tree_del(tree, &count->node);
	free(count);
}

static void add(struct holdings_usage *usage, const struct entry *entry)
{
	usage->groups++;
	usage->sources += entry->filter.sources.n;
}

static void del(struct holdings_usage *usage, const struct entry *entry)
{
	usage->groups--;
	usage->sources -= entry->filter.sources.n;
}

void usage_add(struct holdings *holdings, struct entry *entry)
{
	add(&holdings->usage, entry);
	add(&entry->user->usage, entry);
	add(&entry->group->usage, entry);
	if (!entry->client)
		return;
	add(&entry->client->usage, entry);
	TAILQ_INSERT_TAIL(&entry->client->entries, entry, link);
}

void usage_del(struct holdings *holdings, struct entry *entry)
{
	del(&holdings->usage, entry);
	del(&entry->user->usage, entry);
	del(&entry->group->usage, entry);
	if (!entry->client)
		return;
	del(&entry->client->usage, entry);
	TAILQ_REMOVE(&entry->client->entries, entry, link);
}

void holdings_forget_client(struct holdings *holdings, uint64_t client)
{
	struct tree_key key = { .number = client };
	struct count *count = (struct count *)tree_find(&holdings->clients, &key);
	struct entry *entry;

	if (!count)
		return;
	while ((entry = TAILQ_FIRST(&count->entries))) {
		TAILQ_REMOVE(&count->entries, entry, link);
		del(&count->usage, entry);
		entry->client = NULL;
		entry->pid = 0;
	}
	usage_settle_count(&holdings->clients, count);
}

/*
 * Limits
 */

struct scope {
	const struct limits_scope *limits;
	struct holdings_usage usage;
	bool has_held; /* what is replaced counts there */
	enum message_reason groups, sources;
};

static enum message_reason check_scope(const struct scope *scope,
				       const struct entry *held, uint32_t n_sources)
{
	uint64_t n = (uint64_t)scope->usage.sources + n_sources;

	if (held && scope->has_held)
		n -= held->filter.sources.n;
	if (!held && scope->usage.groups >= scope->limits->groups)
		return scope->groups;
	if ((!held || n_sources > held->filter.sources.n) && n > scope->limits->sources)
		return scope->sources;
	return MESSAGE_DONE;
}

enum message_reason usage_check(const struct holdings *holdings,
				const struct holdings_teller *teller,
				const struct entry *held, uint32_t n_sources)
{
	const struct limits *limits = holdings->limits;
	bool is_clients = held && held->client &&
			  held->client->node.key.number == teller->client;
	bool is_users = held && held->user->node.key.number == teller->uid;
	struct scope scopes[] = {
		{ &limits->client, holdings_get_client_usage(holdings, teller->client),
		  is_clients, MESSAGE_CLIENT_GROUPS, MESSAGE_CLIENT_SOURCES },
		{ &limits->user, holdings_get_user_usage(holdings, teller->uid), is_users,
		  MESSAGE_USER_GROUPS, MESSAGE_USER_SOURCES },
		{ &limits->total, holdings->usage, true, MESSAGE_TOTAL_GROUPS,
		  MESSAGE_TOTAL_SOURCES },
	};
	enum message_reason reason = MESSAGE_DONE;

	if (!teller->client) /* it was allowed once */
		return MESSAGE_DONE;
	for (size_t i = 0; reason == MESSAGE_DONE && i < 3; i++) {
		if (i != 1 || teller->uid != 0) /* root's are those of all */
			reason = check_scope(&scopes[i], held, n_sources);
	}
	return reason;
}

/*
 * For others
 */

static struct holdings_usage get(const struct tree *tree, const struct tree_key *key)
{
	const struct count *count = (struct count *)tree_find(tree, key);

	return count ? count->usage : (struct holdings_usage){ 0 };
}

struct holdings_usage holdings_get_client_usage(const struct holdings *holdings,
						uint64_t client)
{
	return get(&holdings->clients, &(struct tree_key){ .number = client });
}

struct holdings_usage holdings_get_user_usage(const struct holdings *holdings, uid_t uid)
{
	return get(&holdings->users, &(struct tree_key){ .number = uid });
}

struct holdings_usage holdings_get_usage(const struct holdings *holdings)
{
	return holdings->usage;
}

uint32_t holdings_count_users(const struct holdings *holdings, uint32_t ifindex,
			      struct addr group)
{
	struct tree_key key = { .ifindex = ifindex, .group = group };

	return get(&holdings->groups, &key).groups;
}
