/* SPDX-License-Identifier: BSD-2-Clause */
/* control: the rows about counters, tunables and limits (see control-row.h). */
#include "msfd/control-row.h"

#include <stddef.h>

/*
 * Counters: the engine's, then those of the rest of msfd
 */

enum own_counter {
	OWN_CLIENTS,
	OWN_CONNECTIONS,
	OWN_MESSAGES,
	OWN_REFUSED,
	OWN_BROKEN,
	OWN_MEMBERSHIPS,
	OWN_SOURCES,
	OWN_SENT,
	OWN_SENT_PACKET_SOCKET,
	OWN_LOST,
	OWN_RECEIVED,
	OWN_DROPPED,
	OWN_COUNTERS,
};

static const struct {
	const char *name;
	const char *help;
	bool is_gauge;
} own_counters[OWN_COUNTERS] = {
	[OWN_CLIENTS] = { "clients", "programs connected", true },
	[OWN_CONNECTIONS] = { "connections", "connections of programs", false },
	[OWN_MESSAGES] = { "messages", "messages of programs", false },
	[OWN_REFUSED] = { "refused", "requests and connections refused", false },
	[OWN_BROKEN] = { "broken", "messages of programs not understood", false },
	[OWN_MEMBERSHIPS] = { "memberships", "memberships of sockets", true },
	[OWN_SOURCES] = { "sources", "sources in the filters of sockets", true },
	[OWN_SENT] = { "sent", "packets sent", false },
	[OWN_SENT_PACKET_SOCKET] = { "sent_packet_socket",
				     "packets sent without an address to send from",
				     false },
	[OWN_LOST] = { "lost", "packets that could not be sent", false },
	[OWN_RECEIVED] = { "received", "packets received", false },
	[OWN_DROPPED] = { "dropped", "packets received and not taken", false },
};

static uint64_t get_own(const struct msfd *msfd, enum own_counter counter)
{
	struct clients_counts clients = clients_get_counts(msfd->clients);
	struct holdings_usage usage = holdings_get_usage(msfd->holdings);
	struct wire_counts wire = wire_get_counts(msfd->wire);

	switch (counter) {
	case OWN_CLIENTS:
		return clients.now;
	case OWN_CONNECTIONS:
		return clients.connections;
	case OWN_MESSAGES:
		return clients.messages;
	case OWN_REFUSED:
		return clients.refused;
	case OWN_BROKEN:
		return clients.broken;
	case OWN_MEMBERSHIPS:
		return usage.groups;
	case OWN_SOURCES:
		return usage.sources;
	case OWN_SENT:
		return wire.sent;
	case OWN_SENT_PACKET_SOCKET:
		return wire.sent_packet_socket;
	case OWN_LOST:
		return wire.lost;
	case OWN_RECEIVED:
		return wire.received;
	case OWN_DROPPED:
		return wire.dropped;
	case OWN_COUNTERS:
		break;
	}
	return 0;
}

static const char *name_protocol(enum engine_counter counter)
{
	if (counter < ENGINE_MLD_RCV_TOTAL)
		return "igmp";
	return counter < ENGINE_MEMORY_MSFILTER ? "mld" : "msfd";
}

static json_t *new_counter(const char *name, uint64_t value, const char *help,
			   bool is_gauge, const char *protocol)
{
	return json_pack("{s:s s:I s:s s:b s:s}", "name", name, "value",
			 (json_int_t)value, "help", help, "gauge", (int)is_gauge,
			 "protocol", protocol);
}

int control_make_counter(struct msfd *msfd, struct control_place *place, json_t **ret)
{
	unsigned int i = (unsigned int)(*place->position)++;
	const struct engine_counter_info *info = engine_get_counter_info(i);

	if (info) {
		*ret = new_counter(
			info->name, engine_get_counter(msfd->engine, info->counter),
			info->help, info->is_gauge, name_protocol(info->counter));
		return 1;
	}
	i -= ENGINE_COUNTERS;
	if (i >= OWN_COUNTERS)
		return 0;
	*ret = new_counter(own_counters[i].name, get_own(msfd, (enum own_counter)i),
			   own_counters[i].help, own_counters[i].is_gauge, "msfd");
	return 1;
}

/*
 * Tunables and limits
 */

int control_make_tunable(struct msfd *msfd, struct control_place *place, json_t **ret)
{
	const struct engine_tunable_info *info =
		engine_get_tunable_info((unsigned int)(*place->position)++);

	if (!info)
		return 0;
	*ret = json_pack("{s:s s:I s:I s:I s:I s:s s:s}", "name", info->name, "value",
			 (json_int_t)engine_get_tunable(msfd->engine, info->tunable),
			 "default", (json_int_t)info->value, "min", (json_int_t)info->min,
			 "max", (json_int_t)info->max, "unit", info->unit, "help",
			 info->help);
	return 1;
}

static json_t *new_used(uint32_t n)
{
	return json_integer((json_int_t)n);
}

/* What the asking user has of it; of rates, and of what one process may have, nothing. */
static json_t *new_usage(const struct msfd *msfd, const struct limits_info *info,
			 uid_t uid)
{
	struct holdings_usage user = holdings_get_user_usage(msfd->holdings, uid);
	struct holdings_usage total = holdings_get_usage(msfd->holdings);

	switch (info->offset) {
	case offsetof(struct limits, user.groups):
		return new_used(user.groups);
	case offsetof(struct limits, user.sources):
		return new_used(user.sources);
	case offsetof(struct limits, total.groups):
		return new_used(total.groups);
	case offsetof(struct limits, total.sources):
		return new_used(total.sources);
	case offsetof(struct limits, clients_user):
		return new_used(clients_count_user(msfd->clients, uid));
	case offsetof(struct limits, clients):
		return new_used(clients_get_counts(msfd->clients).now);
	default:
		return json_null();
	}
}

int control_make_limit(struct msfd *msfd, struct control_place *place, json_t **ret)
{
	const struct limits_info *info =
		limits_get_info((unsigned int)(*place->position)++);

	if (!info)
		return 0;
	*ret = json_pack("{s:s s:I s:s s:o s:s}", "name", info->name, "value",
			 (json_int_t)limits_get(&msfd->config.limits, info), "unit",
			 info->unit, "used", new_usage(msfd, info, place->uid), "help",
			 info->help);
	return 1;
}
