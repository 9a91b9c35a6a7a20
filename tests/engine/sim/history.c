/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * history: from a seed to what happens, and to text (see history.h).
 */
#include "history.h"

#include <string.h>

#define IGMP_NEWEST 3u
#define MLD_NEWEST  2u

/* Of a report with a record of every source. Below it, lists are split, but those of
 * EXCLUDE filters would be cut off: they have one source less. */
#define MTU_OF_ALL (24u + 8u + 8u + 4u * SOURCES_MAX)

uint64_t draw(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* 0..n-1 */
static unsigned int choose(uint64_t *state, unsigned int n)
{
	return (unsigned int)(draw(state) % n);
}

/*
 * Addresses
 */

static struct addr ipv6(uint64_t high, uint64_t low)
{
	return (struct addr){ high, low };
}

bool is_ssm(const struct history *history, unsigned int group)
{
	return history->has_ssm && group == history->n_groups - 1;
}

struct addr get_group(const struct history *history, unsigned int group)
{
	if (history->family == ENGINE_IPV4)
		return addr_from_ipv4((is_ssm(history, group) ? 0xe8010100 : 0xef010100) +
				      group);
	return ipv6(is_ssm(history, group) ? 0xff3e000000000000 : 0xff0e000000000000,
		    0x100 + group);
}

struct addr get_source(const struct history *history, unsigned int source)
{
	if (history->family == ENGINE_IPV4)
		return addr_from_ipv4(0x0a000001 + source);
	return ipv6(0x20010db800000000, 1 + source);
}

struct addr get_host(const struct history *history, unsigned int host)
{
	if (history->family == ENGINE_IPV4)
		return addr_from_ipv4(0x0a090001 + host);
	return ipv6(0xfe80000000000000, 1 + host);
}

unsigned int get_newest_version(enum engine_family family)
{
	return family == ENGINE_IPV4 ? IGMP_NEWEST : MLD_NEWEST;
}

/*
 * Making one
 */

static void make_timing(struct timing *timing, uint64_t *state)
{
	static const unsigned int intervals[] = { 20, 40, 125 };
	static const unsigned int delays[] = { 1, 20, 150 };
	unsigned int rv = 2 + choose(state, 3);

	*timing = (struct timing){
		.robustness = rv,
		.query_interval = intervals[choose(state, 3)] * SECOND,
		.response_interval = (1 + choose(state, 10)) * SECOND,
		.last_interval = (5 + choose(state, 16)) * 100 * MS,
		.max_delay = delays[choose(state, 3)] * MS,
	};
	timing->last_time = rv * timing->last_interval;
	/* RFC 9776 8.4, RFC 9777 9.4 */
	timing->membership = rv * timing->query_interval + 2 * timing->response_interval;
}

/* Often at once, seldom long. */
static uint64_t make_pause(const struct history *history, uint64_t *state)
{
	switch (choose(state, 8)) {
	case 0:
	case 1:
		return 0;
	case 2:
		return draw(state) % (50 * MS);
	case 3:
	case 4:
		return draw(state) % SECOND;
	case 5:
	case 6:
		return draw(state) % (5 * SECOND);
	default:
		return draw(state) % history->timing.query_interval;
	}
}

static void make_filter(const struct history *history, struct event *event,
			uint64_t *state)
{
	unsigned int all = (1u << history->n_sources) - 1;

	event->socket = choose(state, history->n_sockets);
	event->group = choose(state, history->n_groups);
	switch (choose(state, 8)) {
	case 0:
		event->mode = FILTER_NONE;
		break;
	case 1:
		event->mode = FILTER_EXCLUDE;
		break;
	case 2:
	case 3:
		event->mode = FILTER_EXCLUDE;
		event->sources = (unsigned int)draw(state) & all;
		break;
	case 4:
		event->mode = FILTER_INCLUDE;
		break;
	case 5:
		event->mode = FILTER_INCLUDE;
		event->sources = all;
		break;
	default:
		event->mode = FILTER_INCLUDE;
		event->sources = (unsigned int)draw(state) & all;
		break;
	}
	if (history->mtu < MTU_OF_ALL && event->mode == FILTER_EXCLUDE)
		event->sources &= all >> 1;
}

/* What breaks, and what mends it. */
static enum event_kind make_fault(const struct history *history, uint64_t *state)
{
	static const enum event_kind kinds[] = {
		LINK_UP,           LINK_DOWN,     LINK_UP,        ADDRESS_VALID,
		ADDRESS_NONE,      ADDRESS_VALID, INTERFACE_ADD,  INTERFACE_DEL,
		ADDRESS_TENTATIVE, INTERFACE_ADD, ROUTER_RESTART,
	};
	unsigned int n = sizeof(kinds) / sizeof(kinds[0]);

	return kinds[choose(state, history->kind == BOUNDED_LOSS ? n - 1 : n)];
}

static void make_event(const struct history *history, struct event *event,
		       uint64_t *state)
{
	unsigned int dice = choose(state, 16);

	event->host = choose(state, history->n_hosts);
	if (history->kind == OLDER_QUERIER && dice == 0) {
		event->kind = ROUTER_VERSION;
		event->version = 1 + choose(state, get_newest_version(history->family));
	} else if (history->has_faults && dice < 4) {
		event->kind = make_fault(history, state);
	} else {
		event->kind = SET_FILTER;
		make_filter(history, event, state);
	}
}

static void make_events(struct history *history, uint64_t *state)
{
	uint64_t now = draw(state) % (5 * SECOND);

	history->n_events = 1 +
			    choose(state, choose(state, 4) ? EVENTS_MAX / 3 : EVENTS_MAX);
	for (unsigned int i = 0; i < history->n_events; i++) {
		struct event *event = &history->events[i];

		event->when = now;
		make_event(history, event, state);
		now += make_pause(history, state);
	}
	history->loss_end = now;
}

static void make_link(struct history *history, uint64_t *state)
{
	static const unsigned int rates[] = { 0, 16, 64, 160 };

	history->mtu = 1500;
	if (history->family == ENGINE_IPV4 && choose(state, 2))
		history->mtu = choose(state, 4) ? MTU_OF_ALL + choose(state, 64)
						: ENGINE_MTU_MIN;
	history->loss = rates[choose(state, 4)];
	history->duplication = rates[choose(state, 3)];
}

void history_make(struct history *ret, uint64_t seed)
{
	uint64_t state = seed;

	memset(ret, 0, sizeof(*ret));
	ret->seed = draw(&state);
	ret->family = seed % ENGINE_FAMILIES;
	ret->kind = seed / ENGINE_FAMILIES % HISTORY_KINDS;
	ret->n_hosts = 2 + choose(&state, HOSTS_MAX - 1);
	ret->n_sockets = 1 + choose(&state, SOCKETS_MAX);
	ret->n_groups = 1 + choose(&state, GROUPS_MAX);
	ret->n_sources = 1 + choose(&state, SOURCES_MAX);
	make_link(ret, &state);
	if (ret->mtu < MTU_OF_ALL)
		ret->n_sources = SOURCES_MAX;
	ret->has_ssm = choose(&state, 4) == 0;
	ret->has_faults = ret->kind == ANY_LOSS || choose(&state, 2);
	if (ret->kind != BOUNDED_LOSS && choose(&state, 4) == 0)
		ret->lightweight = choose(&state, 1u << HOSTS_MAX);
	make_timing(&ret->timing, &state);
	make_events(ret, &state);
}

uint64_t get_seed(enum engine_family family, enum history_kind kind, unsigned int i)
{
	return (uint64_t)(i * HISTORY_KINDS + kind) * ENGINE_FAMILIES + family;
}

uint64_t history_get_end(const struct history *history)
{
	uint64_t end = 0;

	if (history->n_events)
		end = history->events[history->n_events - 1].when;
	if (history->kind != BOUNDED_LOSS && history->loss_end > end)
		end = history->loss_end;
	return end;
}

/*
 * Text
 */

const char *get_version_name(enum engine_family family, unsigned int version)
{
	static const char *const names[ENGINE_FAMILIES][4] = {
		{ "", "IGMPv1", "IGMPv2", "IGMPv3" },
		{ "", "MLDv1", "MLDv2", "" },
	};

	return names[family][version & 3];
}

void format_sources(unsigned int sources, char ret_text[SOURCES_TEXT])
{
	size_t n = 0;

	ret_text[n++] = '{';
	for (unsigned int i = 0; i < SOURCES_MAX; i++) {
		if (sources & 1u << i)
			n += (size_t)snprintf(ret_text + n, SOURCES_TEXT - n, "%ss%u",
					      n > 1 ? "," : "", i);
	}
	snprintf(ret_text + n, SOURCES_TEXT - n, "%s}",
		 !(sources & OTHER_SOURCES) ? ""
		 : n > 1                    ? ",others"
					    : "others");
}

static void print_filter(const struct event *event, FILE *stream)
{
	char sources[SOURCES_TEXT];

	format_sources(event->sources, sources);
	fprintf(stream, "host %u socket %u: group %u ", event->host, event->socket,
		event->group);
	if (event->mode == FILTER_NONE)
		fprintf(stream, "NONE\n");
	else
		fprintf(stream, "%s%s\n",
			event->mode == FILTER_INCLUDE ? "INCLUDE" : "EXCLUDE", sources);
}

static void print_event(const struct history *history, const struct event *event,
			FILE *stream)
{
	static const char *const names[] = {
		[LINK_DOWN] = "link down",
		[LINK_UP] = "link up",
		[ADDRESS_NONE] = "no address",
		[ADDRESS_TENTATIVE] = "tentative address",
		[ADDRESS_VALID] = "valid address",
		[INTERFACE_DEL] = "interface deleted",
		[INTERFACE_ADD] = "interface added",
	};

	fprintf(stream, "%10.6f ", (double)event->when / SECOND);
	if (event->kind == SET_FILTER)
		print_filter(event, stream);
	else if (event->kind == ROUTER_RESTART)
		fprintf(stream, "router: restart\n");
	else if (event->kind == ROUTER_VERSION)
		fprintf(stream, "router: %s\n",
			get_version_name(history->family, event->version));
	else
		fprintf(stream, "host %u: %s\n", event->host, names[event->kind]);
}

void history_print(const struct history *history, FILE *stream)
{
	const struct timing *timing = &history->timing;

	fprintf(stream,
		"%s: %u hosts, %u groups%s, %u sources, MTU %u; RV %u, QI %.0f s, "
		"QRI %.0f s, LMQI %.1f s, delay up to %.0f ms, loss %u/256, "
		"duplication %u/256\n",
		get_version_name(history->family, get_newest_version(history->family)),
		history->n_hosts, history->n_groups,
		history->has_ssm ? " (the last source-specific)" : "", history->n_sources,
		history->mtu, timing->robustness, (double)timing->query_interval / SECOND,
		(double)timing->response_interval / SECOND,
		(double)timing->last_interval / SECOND, (double)timing->max_delay / MS,
		history->loss, history->duplication);
	for (unsigned int i = 0; i < history->n_events; i++)
		print_event(history, &history->events[i], stream);
}
