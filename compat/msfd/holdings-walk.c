/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The holdings and their sockets, one behind the other, and what is known of one.
 */
#include "msfd/holdings-parts.h"

struct holding entry_get(const struct entry *entry)
{
	return (struct holding){
		.socket = entry->socket->socket,
		.teller = {
			.client = entry->client ? entry->client->node.key.number : 0,
			.pid = entry->pid,
			.uid = (uid_t)entry->user->node.key.number,
		},
		.ifindex = entry->node.key.ifindex,
		.group = entry->node.key.group,
		.filter = entry->filter,
		.stamp = entry->stamp,
	};
}

bool holdings_next(const struct holdings *holdings, struct holdings_key *key,
		   struct holding *ret)
{
	struct tree_key behind = { key->cookie, key->ifindex, key->group };
	const struct entry *entry = (struct entry *)tree_next(&holdings->held, &behind);

	if (!entry)
		return false;
	*key = (struct holdings_key){ entry->node.key.number, entry->node.key.ifindex,
				      entry->node.key.group };
	*ret = entry_get(entry);
	return true;
}

bool holdings_next_socket(const struct holdings *holdings, uint64_t *cookie,
			  struct holdings_socket *ret)
{
	struct tree_key behind = { .number = *cookie };
	const struct held_socket *socket =
		(struct held_socket *)tree_next(&holdings->sockets, &behind);

	if (!socket)
		return false;
	*cookie = socket->node.key.number;
	*ret = socket->socket;
	return true;
}

static struct held_socket *find(const struct holdings *holdings, uint64_t cookie)
{
	struct tree_key key = { .number = cookie };

	return (struct held_socket *)tree_find(&holdings->sockets, &key);
}

bool holdings_has_socket(const struct holdings *holdings, uint64_t cookie)
{
	return find(holdings, cookie) != NULL;
}

void holdings_set_listed(struct holdings *holdings, uint64_t cookie)
{
	struct held_socket *socket = find(holdings, cookie);

	if (socket)
		socket->socket.is_listed = true;
}

void holdings_set_doubtful(struct holdings *holdings, uint64_t cookie, bool is_doubtful)
{
	struct held_socket *socket = find(holdings, cookie);

	if (socket)
		socket->is_doubtful = is_doubtful;
}

bool holdings_is_doubtful(const struct holdings *holdings, uint64_t cookie)
{
	const struct held_socket *socket = find(holdings, cookie);

	return socket && socket->is_doubtful;
}

bool holdings_has_teller(const struct holdings *holdings, uint64_t cookie,
			 uint64_t except)
{
	struct holdings_key key = { .cookie = cookie };
	struct holding holding;

	while (holdings_next(holdings, &key, &holding) && key.cookie == cookie) {
		if (holding.teller.client && holding.teller.client != except)
			return true;
	}
	return false;
}
