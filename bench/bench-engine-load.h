/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An engine (compat/engine) that holds many (S,G) states on one interface, under a clock
 * of its own, and what happens to it: sockets change a source, timers expire, a querier
 * asks. Packets are made and thrown away.
 */
#ifndef BENCH_ENGINE_LOAD_H
#define BENCH_ENGINE_LOAD_H

#include "engine/engine.h"
#include "series.h"

/* A group has ten states: ten sources of one socket, or of one source each of ten. */
enum load_kind { LOAD_ONE_SOCKET, LOAD_TEN_SOCKETS };
#define LOAD_SOURCES 10u

struct load {
	struct engine *engine;
	enum load_kind kind;
	size_t n_groups;
	uint64_t now; /* us */
	uint64_t seed;
	uint16_t *variants; /* owned: a bit a source, which of two it is */
	uint64_t n_packets, n_bytes;
	uint8_t buffer[ENGINE_PACKET_MAX];
};

/* One socket replaces one of its sources by another. */
struct load_step {
	uint64_t socket;
	struct addr group;
	struct addr sources[LOAD_SOURCES];
	struct filter filter; /* of the sources above */
};

/* All is told, nothing pending. 0 or -errno. */
int load_init(struct load *load, size_t n_states, enum load_kind kind);
void load_fini(struct load *load);

/* Of group number i, random or new. The step must not move. */
void load_prepare_change(struct load *load, size_t i, struct load_step *ret);
void load_prepare_join(struct load *load, size_t i, struct load_step *ret);
void load_prepare_leave(struct load *load, size_t i, struct load_step *ret);

/*
 * What is measured; callgrind counts what these two cost by their names, so nothing else
 * calls them.
 */

/* The change, and all packets that are due at that instant. 0 or -errno. */
int load_change(struct load *load, const struct load_step *step);

/* Sleeps up to the next packet of some timer, and makes it: 1. 0: there is none up to the
 * time of the end, which it is then. */
int load_expire(struct load *load, uint64_t end);

/* Up to the time of the end, pulling. 0 or -errno. */
int load_run(struct load *load, uint64_t end);

/* Changes of every other group, but not of more than 5,000, all over the memory, and the
 * expiries that follow: most of their timers run at the same time. The series, which may
 * be NULL, get nanoseconds. 0 or -errno. */
int load_measure(struct load *load, struct series *change_ns, struct series *expire_ns,
		 double clock_cost);

/* How many changes that is. */
unsigned int load_get_round(const struct load *load);

/* A General Query and all of its answer: nanoseconds for each state, and packets. */
int load_measure_query(struct load *load, struct series *ns, uint64_t *ret_packets);

#endif
