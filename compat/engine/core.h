/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core: what all interfaces of an engine share: configuration, memory, tunables,
 * counters, the wheel of timers, and who has a packet to send.
 */
#ifndef ENGINE_CORE_H
#define ENGINE_CORE_H

#include "engine/engine.h"
#include "engine/list.h"
#include "engine/memory.h"
#include "engine/tunable.h"
#include "engine/wheel.h"

/* What the timers time, and of whom: a group's, or a host's. */
enum timer_kind {
	TIMER_CHANGE,   /* the next transmission of a state-change report */
	TIMER_RESPONSE, /* an answer about a group; an older report */
	TIMER_GENERAL,  /* the next packet of the answer to a General Query */
	TIMER_OLDER_V1, /* IGMPv1 (MLDv1) Querier Present */
	TIMER_OLDER_V2, /* IGMPv2 Querier Present */
};

struct ssm_range {
	bool is_iana;
	struct addr prefix;
	uint8_t len; /* of the 128 bits of a struct addr */
};

struct engine {
	struct engine_config config;
	struct memory memory;
	struct tunables tunables;
	uint64_t counters[ENGINE_COUNTERS];
	struct wheel wheel;
	struct interface **interfaces; /* owned, by ifindex */
	size_t n_interfaces, max_interfaces;
	struct link busy; /* hosts with something due */
	size_t n_groups, n_recorded;
	struct ssm_range ssm[ENGINE_FAMILIES];
	uint64_t now; /* the latest that was told */
};

/* Lets all that is due by now expire, before anything else happens; it may free groups.
 * Returns the time, which never goes back. */
uint64_t engine_advance(struct engine *engine, uint64_t now);

/* Uniform in 1..max us: never at once (RFC 9776 5.2). */
uint64_t engine_draw_delay(struct engine *engine, uint64_t max);

bool engine_is_ssm(const struct engine *engine, struct addr group);

static inline void engine_count(struct engine *engine, enum engine_counter counter)
{
	engine->counters[counter]++;
}

static inline enum engine_family engine_get_family(struct addr addr)
{
	return addr_is_ipv4(addr) ? ENGINE_IPV4 : ENGINE_IPV6;
}

#endif
