/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * holdings-rig: holdings with a real engine, and memory that may fail (linked with
 * -Wl,--wrap). Memberships are numbered places: socket, interface and group.
 */
#ifndef HOLDINGS_RIG_H
#define HOLDINGS_RIG_H

#include "msfd/holdings.h"
#include "tap.h"

#define RIG_SOCKETS    6u
#define RIG_INTERFACES 2u
#define RIG_GROUPS     4u
#define RIG_SOURCES    8u
#define RIG_PER_SOCKET (RIG_INTERFACES * RIG_GROUPS)
#define RIG_PLACES     (RIG_SOCKETS * RIG_PER_SOCKET)

/* An allocator gets no argument of ours. */
struct rig_memory {
	bool is_armed;
	unsigned int left; /* allocations before the one that fails */
	unsigned int n_failed;
	long n_live;
};

extern struct rig_memory rig_memory;

struct rig {
	struct tap *tap;
	struct engine *engine;
	struct holdings *holdings;
	struct limits limits; /* none at first */
	uint32_t seed;
	uint64_t now;
};

void rig_init(struct rig *rig, struct tap *tap);

/* Expects that nothing leaks. */
void rig_fini(struct rig *rig);

/* Makes those of the engine's that are missing. */
void rig_add_interfaces(struct rig *rig);

struct holdings_key rig_get_key(unsigned int place);
unsigned int rig_find_place(uint64_t cookie, uint32_t ifindex, struct addr group);
struct addr rig_get_source(unsigned int i);

/* A filter of the sources whose bits are set. */
struct filter rig_make_filter(enum filter_mode mode, unsigned int bits,
			      struct addr list[RIG_SOURCES]);

/* The client tells of the place. */
enum message_reason rig_set(struct rig *rig, unsigned int place, uint64_t client,
			    uid_t uid, const struct filter *filter, uint64_t stamp);

#endif
