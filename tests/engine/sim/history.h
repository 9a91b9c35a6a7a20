/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * history: what happens on a link: a router with its timers, hosts with their sockets,
 * and at which time what changes. It is made of a seed, it can be printed, and it can
 * be cut down; whoever runs the same history sees the same.
 *
 * Sets of sources are bits: those that somebody may name, and one for all the others.
 */
#ifndef SIM_HISTORY_H
#define SIM_HISTORY_H

#include <stdio.h>

#include "base/filter.h"
#include "engine/engine.h"

#define HOSTS_MAX     6u
#define SOCKETS_MAX   4u
#define GROUPS_MAX    3u
#define SOURCES_MAX   8u
#define EVENTS_MAX    48u
#define OTHER_SOURCES (1u << SOURCES_MAX) /* those that nobody names */
#define EVERY_SOURCE  (2 * OTHER_SOURCES - 1)

static inline bool has(unsigned int sources, unsigned int source)
{
	return (sources >> source & 1) != 0;
}

#define MS     1000ull
#define SECOND ENGINE_SECOND

enum history_kind {
	BOUNDED_LOSS, /* of what is told RV times no more than RV - 1 are lost */
	ANY_LOSS,     /* anything may be lost until loss_end; links and routers fail */
	OLDER_QUERIER /* the same, and the querier speaks older versions in between */
};
#define HISTORY_KINDS 3u

/* RFC 3376 8, RFC 3810 9; us. */
struct timing {
	unsigned int robustness;
	uint64_t query_interval;
	uint64_t response_interval;
	uint64_t last_interval; /* LMQI, LLQI */
	uint64_t last_time;     /* LMQT, LLQT */
	uint64_t membership;    /* GMI, MALI */
	uint64_t max_delay;     /* of a packet on the link */
};

enum event_kind {
	SET_FILTER,
	LINK_DOWN,
	LINK_UP,
	ADDRESS_NONE,
	ADDRESS_TENTATIVE,
	ADDRESS_VALID,
	INTERFACE_DEL,
	INTERFACE_ADD,
	ROUTER_RESTART,
	ROUTER_VERSION,
};

struct event {
	uint64_t when;
	enum event_kind kind;
	unsigned int host, socket, group;
	enum filter_mode mode;
	unsigned int sources;
	unsigned int version;
};

/* What a link, or whoever is tested, does wrong on purpose. */
enum sabotage {
	NO_SABOTAGE,
	TO_IN_IS_LOST,
	IS_IN_IS_LOST,
	BLOCK_IS_ALLOW,
};

#define FAULT_PACKETS 256u /* of each host and direction; behind them all is well */

struct history {
	uint64_t seed;
	enum history_kind kind;
	enum engine_family family;
	unsigned int n_hosts, n_sockets, n_groups, n_sources;
	bool has_ssm;    /* the last group is a source-specific one */
	bool has_faults; /* links fail, and where anything may be lost, routers */
	unsigned int lightweight; /* hosts, bits (RFC 5790); not in BOUNDED_LOSS */
	uint32_t mtu;
	struct timing timing;
	unsigned int loss, duplication; /* of 256 packets */
	uint64_t loss_end;              /* ANY_LOSS, OLDER_QUERIER */
	enum sabotage sabotage;
	unsigned int n_events;
	struct event events[EVENTS_MAX]; /* by time */
	/* Packets that the link is not allowed to treat badly. */
	bool is_spared[HOSTS_MAX][2][FAULT_PACKETS];
};

/* splitmix64 */
uint64_t draw(uint64_t *state);

/* Seeds of all families and kinds follow each other in turn. */
void history_make(struct history *ret, uint64_t seed);

/* The seed of history i of a family and kind. */
uint64_t get_seed(enum engine_family family, enum history_kind kind, unsigned int i);

/* The time when nothing happens any more. */
uint64_t history_get_end(const struct history *history);

/* As text for people, one line an event. */
void history_print(const struct history *history, FILE *stream);

/* "{s0,s2,others}" */
#define SOURCES_TEXT 64u
void format_sources(unsigned int sources, char ret_text[SOURCES_TEXT]);

/* "IGMPv2", "MLDv1" */
const char *get_version_name(enum engine_family family, unsigned int version);
unsigned int get_newest_version(enum engine_family family);

/*
 * Addresses
 */
struct addr get_group(const struct history *history, unsigned int group);
struct addr get_source(const struct history *history, unsigned int source);
struct addr get_host(const struct history *history, unsigned int host);
bool is_ssm(const struct history *history, unsigned int group);

#endif
