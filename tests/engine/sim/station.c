/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * station: see station.h. It allows the engine so many packets: RV of each change of
 * what the host wants, one for each query; more where the MTU splits them, or where
 * the older versions know no records.
 */
#include "station.h"

#include <errno.h>
#include <stdlib.h>

#include "heap.h"

#define IFINDEX      3u
#define ETHERNET_MTU 1500u

static uint32_t draw_32(void *context)
{
	return (uint32_t)(draw(context) >> 32);
}

static bool is_lightweight(const struct station *station)
{
	return (station->history->lightweight >> station->index & 1) != 0;
}

/* Packets of a report about so many groups. */
static unsigned int count_packets(const struct station *station, unsigned int n_groups)
{
	const struct history *history = station->history;
	unsigned int n_parts = history->mtu < ETHERNET_MTU ? 2 : 1;

	return n_parts == 1 && history->kind != OLDER_QUERIER ? 1 : n_parts * n_groups;
}

static void allow_changes(struct station *station, unsigned int n_groups)
{
	station->n_allowed += station->history->timing.robustness *
			      count_packets(station, n_groups);
}

static int tell_interface(struct station *station, uint64_t now)
{
	const struct history *history = station->history;
	struct engine_interface interface = {
		.ifindex = IFINDEX,
		.mtu = history->mtu,
		.is_up = station->is_up,
	};

	interface.source[history->family].state = station->address;
	interface.source[history->family].addr = get_host(history, station->index);
	return engine_set_interface(station->engine, &interface, now);
}

int station_init(struct station *station, const struct history *history,
		 unsigned int index, uint64_t now)
{
	struct engine_config config = {
		.resize = heap_resize,
		.draw = draw_32,
		.context = &station->random,
	};
	int r;

	*station = (struct station){
		.history = history,
		.index = index,
		.random = history->seed * HOSTS_MAX + index,
		.is_present = true,
		.is_up = true,
		.address = ENGINE_ADDRESS_VALID,
	};
	r = engine_new(&station->engine, &config);
	if (r == 0)
		r = engine_set_tunable(station->engine, ENGINE_LIGHTWEIGHT,
				       is_lightweight(station), now);
	if (r == 0)
		r = tell_interface(station, now);
	return r;
}

void station_fini(struct station *station)
{
	station->engine = engine_free(station->engine);
}

static int set_filter(struct station *station, const struct event *event, uint64_t now)
{
	struct addr sources[SOURCES_MAX];
	struct filter filter = { event->mode, { 0, sources } };
	unsigned int wanted = station_get_wanted(station, event->group);
	bool was_member = station_is_member(station, event->group);

	if (!station->is_present)
		return 0;
	for (unsigned int i = 0; i < SOURCES_MAX; i++) {
		if (event->sources & 1u << i)
			sources[filter.sources.n++] = get_source(station->history, i);
	}
	station->filters[event->group][event->socket].mode = event->mode;
	station->filters[event->group][event->socket].sources = event->sources;
	if (wanted != station_get_wanted(station, event->group) ||
	    was_member != station_is_member(station, event->group))
		allow_changes(station, 1);
	return engine_set_filter(station->engine, IFINDEX, event->socket,
				 get_group(station->history, event->group), &filter, now);
}

static int delete_interface(struct station *station, uint64_t now)
{
	if (!station->is_present)
		return 0;
	for (unsigned int i = 0; i < GROUPS_MAX * SOCKETS_MAX; i++)
		station->filters[i / SOCKETS_MAX][i % SOCKETS_MAX].mode = FILTER_NONE;
	station->is_present = false;
	return engine_del_interface(station->engine, IFINDEX, now);
}

static int add_interface(struct station *station, uint64_t now)
{
	if (station->is_present)
		return 0;
	station->is_present = station->is_up = true;
	station->address = ENGINE_ADDRESS_VALID;
	return tell_interface(station, now);
}

static int set_up(struct station *station, bool is_up, uint64_t now)
{
	if (is_up && !station->is_up)
		allow_changes(station, station->history->n_groups);
	station->is_up = is_up;
	return station->is_present ? tell_interface(station, now) : 0;
}

static int set_address(struct station *station, enum engine_address_state state,
		       uint64_t now)
{
	if (state == ENGINE_ADDRESS_VALID && station->address != state)
		allow_changes(station, station->history->n_groups);
	station->address = state;
	return station->is_present ? tell_interface(station, now) : 0;
}

int station_apply(struct station *station, const struct event *event, uint64_t now)
{
	switch (event->kind) {
	case SET_FILTER:
		return set_filter(station, event, now);
	case LINK_DOWN:
	case LINK_UP:
		return set_up(station, event->kind == LINK_UP, now);
	case ADDRESS_NONE:
		return set_address(station, ENGINE_ADDRESS_NONE, now);
	case ADDRESS_TENTATIVE:
		return set_address(station, ENGINE_ADDRESS_TENTATIVE, now);
	case ADDRESS_VALID:
		return set_address(station, ENGINE_ADDRESS_VALID, now);
	case INTERFACE_DEL:
		return delete_interface(station, now);
	case INTERFACE_ADD:
		return add_interface(station, now);
	case ROUTER_RESTART:
	case ROUTER_VERSION:
		break;
	}
	return 0;
}

int station_hear(struct station *station, const uint8_t *bytes, size_t len, uint64_t now)
{
	struct engine_datagram datagram;
	int r;

	if (!station->is_present || !station->is_up)
		return 0;
	station->n_allowed += count_packets(station, station->history->n_groups);
	r = engine_read_datagram(bytes, len, &datagram);
	if (r == 0)
		r = engine_receive(station->engine, IFINDEX, &datagram, now);
	return r;
}

bool station_is_believed(const struct station *station)
{
	return station->is_present && station->is_up &&
	       (station->history->family == ENGINE_IPV4 ||
		station->address == ENGINE_ADDRESS_VALID);
}

unsigned int station_get_wanted(const struct station *station, unsigned int group)
{
	unsigned int wanted = 0;

	for (unsigned int i = 0; i < SOCKETS_MAX; i++) {
		unsigned int sources = station->filters[group][i].sources;

		if (station->filters[group][i].mode == FILTER_INCLUDE)
			wanted |= sources;
		else if (station->filters[group][i].mode == FILTER_EXCLUDE &&
			 !is_ssm(station->history, group))
			wanted |= is_lightweight(station) ? EVERY_SOURCE
							  : EVERY_SOURCE & ~sources;
	}
	return wanted;
}

bool station_is_member(const struct station *station, unsigned int group)
{
	for (unsigned int i = 0; i < SOCKETS_MAX; i++) {
		enum filter_mode mode = station->filters[group][i].mode;

		if (mode == FILTER_EXCLUDE ||
		    (mode == FILTER_INCLUDE && station->filters[group][i].sources))
			return true;
	}
	return false;
}
