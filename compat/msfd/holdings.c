/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * holdings: their changes. One is prepared with all the memory that it needs, then the
 * engine is asked, and what follows cannot fail.
 */
#include "msfd/holdings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "msfd/holdings-parts.h"

/*
 * Life
 */

int holdings_new(struct holdings **ret, struct engine *engine,
		 const struct limits *limits)
{
	struct holdings *holdings = calloc(1, sizeof(*holdings));

	if (!holdings)
		return -ENOMEM;
	holdings->engine = engine;
	holdings->limits = limits;
	tree_init(&holdings->held);
	tree_init(&holdings->ended);
	tree_init(&holdings->sockets);
	tree_init(&holdings->clients);
	tree_init(&holdings->users);
	tree_init(&holdings->groups);
	TAILQ_INIT(&holdings->oldest_ended);
	*ret = holdings;
	return 0;
}

static void free_entry(struct entry *entry)
{
	if (entry)
		free(entry->filter.sources.addr);
	free(entry);
}

static void free_all(struct tree *tree)
{
	struct tree_node *node;

	while ((node = tree->root)) {
		tree_del(tree, node);
		free(node);
	}
}

static void free_entries(struct tree *tree)
{
	struct tree_node *node;

	while ((node = tree->root)) {
		tree_del(tree, node);
		free_entry((struct entry *)node);
	}
}

struct holdings *holdings_free(struct holdings *holdings)
{
	if (!holdings)
		return NULL;
	free_entries(&holdings->held);
	free_entries(&holdings->ended);
	free_all(&holdings->sockets);
	free_all(&holdings->clients);
	free_all(&holdings->users);
	free_all(&holdings->groups);
	free(holdings);
	return NULL;
}

void holdings_set_listener(struct holdings *holdings,
			   void (*listen)(void *context, const struct holding *holding),
			   void *context)
{
	holdings->listen = listen;
	holdings->context = context;
}

static void tell(const struct holdings *holdings, const struct holding *holding)
{
	if (holdings->listen)
		holdings->listen(holdings->context, holding);
}

/*
 * What has ended
 */

static struct entry *find_ended(const struct holdings *holdings,
				const struct tree_key *key)
{
	return (struct entry *)tree_find(&holdings->ended, key);
}

static void forget_ended(struct holdings *holdings, struct entry *entry)
{
	if (!entry)
		return;
	tree_del(&holdings->ended, &entry->node);
	TAILQ_REMOVE(&holdings->oldest_ended, entry, link);
	holdings->n_ended--;
	free_entry(entry);
}

/* Takes an entry that counts nowhere. */
static void remember_ended(struct holdings *holdings, struct entry *entry)
{
	struct entry *before = find_ended(holdings, &entry->node.key);

	if (before && before->stamp > entry->stamp)
		entry->stamp = before->stamp;
	forget_ended(holdings, before);
	tree_add(&holdings->ended, &entry->node);
	TAILQ_INSERT_TAIL(&holdings->oldest_ended, entry, link);
	if (++holdings->n_ended > HOLDINGS_ENDED_MAX)
		forget_ended(holdings, TAILQ_FIRST(&holdings->oldest_ended));
}

/* Of what was not held. It is a help and no more: without memory it is left out. */
static void remember_stamp(struct holdings *holdings, const struct tree_key *key,
			   uint64_t stamp)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return;
	entry->node.key = *key;
	entry->stamp = stamp;
	remember_ended(holdings, entry);
}

static bool is_outdated(const struct holdings *holdings, const struct tree_key *key,
			const struct entry *held, uint64_t stamp)
{
	struct tree_key settled = { .number = key->number };
	const struct entry *entry = held ? held : find_ended(holdings, key);

	if (entry && stamp < entry->stamp)
		return true;
	entry = find_ended(holdings, &settled);
	return entry && stamp < entry->stamp;
}

/*
 * Ends
 */

static void settle_socket(struct holdings *holdings, struct held_socket *socket)
{
	if (!socket || socket->n_entries)
		return;
	tree_del(&holdings->sockets, &socket->node);
	free(socket);
}

/* Its sources are freed, it is in no tree and counts nowhere. */
static void take_out(struct holdings *holdings, struct entry *entry)
{
	usage_del(holdings, entry);
	tree_del(&holdings->held, &entry->node);
	usage_settle_count(&holdings->clients, entry->client);
	usage_settle_count(&holdings->users, entry->user);
	usage_settle_count(&holdings->groups, entry->group);
	entry->socket->n_entries--;
	settle_socket(holdings, entry->socket);
	free(entry->filter.sources.addr);
	entry->filter = (struct filter){ .mode = FILTER_NONE };
}

/* The engine cannot refuse to end a membership, and may have forgotten it already, with
 * its interface. */
static void end(struct holdings *holdings, struct entry *entry, uint64_t stamp,
		uint64_t now)
{
	struct filter none = { .mode = FILTER_NONE };
	struct holding holding;

	engine_set_filter(holdings->engine, entry->node.key.ifindex,
			  entry->node.key.number, entry->node.key.group, &none, now);
	entry->stamp = stamp;
	holding = entry_get(entry);
	holding.filter = none;
	take_out(holdings, entry);
	tell(holdings, &holding);
}

static struct entry *get_next(const struct tree *tree, const struct tree_key *key)
{
	return (struct entry *)tree_next(tree, key);
}

void holdings_settle(struct holdings *holdings, uint64_t cookie, uint64_t stamp,
		     uint64_t now)
{
	struct tree_key settled = { .number = cookie }, key = settled;
	struct entry *entry;

	while ((entry = get_next(&holdings->held, &key)) &&
	       entry->node.key.number == cookie) {
		key = entry->node.key;
		if (entry->stamp >= stamp)
			continue;
		end(holdings, entry, stamp, now);
		free_entry(entry);
	}
	remember_stamp(holdings, &settled, stamp);
}

uint32_t holdings_end_socket(struct holdings *holdings, uint64_t cookie, uint64_t now)
{
	struct tree_key first = { .number = cookie };
	struct entry *entry;
	uint32_t n = 0;

	while ((entry = get_next(&holdings->held, &first)) &&
	       entry->node.key.number == cookie) {
		end(holdings, entry, entry->stamp, now);
		free_entry(entry);
		n++;
	}
	while ((entry = get_next(&holdings->ended, &first)) &&
	       entry->node.key.number == cookie)
		forget_ended(holdings, entry);
	forget_ended(holdings, find_ended(holdings, &first));
	return n;
}

void holdings_end_interface(struct holdings *holdings, uint32_t ifindex, uint64_t now)
{
	struct tree_key key = { 0 };
	struct entry *entry;

	while ((entry = get_next(&holdings->held, &key))) {
		key = entry->node.key;
		if (key.ifindex != ifindex)
			continue;
		end(holdings, entry, entry->stamp, now);
		remember_ended(holdings, entry);
	}
}

/*
 * Changes
 */

struct change {
	struct tree_key key;
	const struct holdings_socket *socket;
	const struct holdings_teller *teller;
	const struct filter *filter;
	uint64_t stamp;
	struct entry *held;  /* NULL: it begins */
	struct entry *entry; /* held, or new */
	struct addr *sources;
	struct held_socket *held_socket;
	struct count *client, *user, *group;
};

static struct held_socket *get_socket(struct holdings *holdings,
				      const struct holdings_socket *socket)
{
	struct tree_key key = { .number = socket->cookie };
	struct held_socket *held = (struct held_socket *)tree_find(&holdings->sockets,
								   &key);

	if (held)
		return held;
	held = calloc(1, sizeof(*held));
	if (!held)
		return NULL;
	held->node.key = key;
	held->socket = *socket;
	tree_add(&holdings->sockets, &held->node);
	return held;
}

static bool prepare_counts(struct holdings *holdings, struct change *change)
{
	const struct holdings_teller *teller = change->teller;
	struct tree_key client = { .number = teller->client },
			user = { .number = teller->uid },
			group = { .ifindex = change->key.ifindex,
				  .group = change->key.group };

	if (teller->client)
		change->client = usage_get_count(&holdings->clients, &client);
	change->user = usage_get_count(&holdings->users, &user);
	change->group = usage_get_count(&holdings->groups, &group);
	return (change->client || !teller->client) && change->user && change->group;
}

static int prepare(struct holdings *holdings, struct change *change)
{
	const struct source_set *set = &change->filter->sources;

	if (set->n) {
		change->sources = malloc(set->n * sizeof(*set->addr));
		if (!change->sources)
			return -ENOMEM;
		memcpy(change->sources, set->addr, set->n * sizeof(*set->addr));
	}
	change->entry = change->held ? change->held : calloc(1, sizeof(*change->entry));
	if (!change->entry)
		return -ENOMEM;
	change->held_socket = get_socket(holdings, change->socket);
	return change->held_socket && prepare_counts(holdings, change) ? 0 : -ENOMEM;
}

static void abandon(struct holdings *holdings, struct change *change)
{
	settle_socket(holdings, change->held_socket);
	usage_settle_count(&holdings->clients, change->client);
	usage_settle_count(&holdings->users, change->user);
	usage_settle_count(&holdings->groups, change->group);
	free(change->sources);
	if (!change->held)
		free(change->entry);
}

static void begin(struct holdings *holdings, struct change *change)
{
	struct entry *entry = change->entry;

	entry->node.key = change->key;
	entry->socket = change->held_socket;
	entry->socket->n_entries++;
	entry->group = change->group;
	tree_add(&holdings->held, &entry->node);
	forget_ended(holdings, find_ended(holdings, &change->key));
}

static void note(struct change *change)
{
	struct held_socket *socket = change->held_socket;

	change->entry->client = change->client;
	change->entry->user = change->user;
	change->entry->pid = change->teller->pid;
	change->entry->stamp = change->stamp;
	/* It came along: it is alive. */
	socket->is_doubtful = false;
	socket->socket.is_listed = socket->socket.is_listed || change->socket->is_listed;
}

static void commit(struct holdings *holdings, struct change *change)
{
	struct entry *entry = change->entry;
	struct count *old_client = entry->client, *old_user = entry->user;
	struct holding holding;
	bool is_changed = !change->held || old_user != change->user ||
			  !filter_equal(&entry->filter, change->filter);

	if (change->held)
		usage_del(holdings, entry);
	else
		begin(holdings, change);
	note(change);
	free(entry->filter.sources.addr);
	entry->filter = *change->filter;
	entry->filter.sources.addr = change->sources;
	usage_add(holdings, entry);
	usage_settle_count(&holdings->clients, old_client);
	if (old_user != change->user)
		usage_settle_count(&holdings->users, old_user);
	holding = entry_get(entry);
	if (is_changed)
		tell(holdings, &holding);
}

static enum message_reason get_reason(int error)
{
	switch (error) {
	case 0:
		return MESSAGE_DONE;
	case -ENOMEM:
		return MESSAGE_NO_MEMORY;
	case -ENODEV:
		return MESSAGE_NO_INTERFACE;
	case -ENOBUFS:
		return MESSAGE_ENGINE_LIMIT;
	default:
		return MESSAGE_BAD;
	}
}

static enum message_reason set(struct holdings *holdings, struct change *change,
			       uint64_t now)
{
	const struct tree_key *key = &change->key;
	enum message_reason reason = usage_check(holdings, change->teller, change->held,
						 change->filter->sources.n);
	int r;

	if (reason != MESSAGE_DONE)
		return reason;
	r = prepare(holdings, change);
	if (r == 0)
		r = engine_set_filter(holdings->engine, key->ifindex, key->number,
				      key->group, change->filter, now);
	if (r == 0)
		commit(holdings, change);
	else
		abandon(holdings, change);
	return get_reason(r);
}

static void leave(struct holdings *holdings, struct change *change, uint64_t now)
{
	if (change->held) {
		end(holdings, change->held, change->stamp, now);
		remember_ended(holdings, change->held);
	} else {
		remember_stamp(holdings, &change->key, change->stamp);
	}
}

static bool is_end(const struct filter *filter)
{
	return filter->mode == FILTER_NONE ||
	       (filter->mode == FILTER_INCLUDE && !filter->sources.n);
}

enum message_reason holdings_set(struct holdings *holdings,
				 const struct holdings_socket *socket,
				 const struct holdings_teller *teller, uint32_t ifindex,
				 struct addr group, const struct filter *filter,
				 uint64_t stamp, uint64_t now)
{
	struct change change = {
		.key = { socket->cookie, ifindex, group },
		.socket = socket,
		.teller = teller,
		.filter = filter,
		.stamp = stamp,
	};

	change.held = (struct entry *)tree_find(&holdings->held, &change.key);
	if (is_outdated(holdings, &change.key, change.held, stamp))
		return MESSAGE_DONE;
	if (!is_end(filter))
		return set(holdings, &change, now);
	leave(holdings, &change, now);
	return MESSAGE_DONE;
}
