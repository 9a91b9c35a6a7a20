/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * history: what a history of the engine has come to (see fuzz-engine-history.c), and a
 * model of it that is too naive to be wrong: what each socket wants, as sets of bits,
 * merged from scratch whenever somebody asks (RFC 9776 3.2).
 *
 * Groups and sources are numbers here: group 0 to N_GROUPS - 1 and source 0 to
 * N_SOURCES - 1 of each family.
 */
#ifndef FUZZ_HISTORY_H
#define FUZZ_HISTORY_H

#include "engine/engine.h"
#include "target.h"

#define N_INTERFACES 3u /* indexes 1 to 3 */
#define N_SOCKETS    3u
#define N_GROUPS     64u
#define N_SOURCES    256u
#define N_WORDS      (N_SOURCES / 64u)

struct wish {
	enum filter_mode mode;
	uint64_t sources[N_WORDS]; /* a bit a source */
};

struct interface_model {
	bool is_known;
	struct engine_interface set;
	struct wish wishes[ENGINE_FAMILIES][N_GROUPS][N_SOCKETS];
};

/* What a router has been told of a group: INCLUDE without a source to begin with. */
struct view {
	struct wish filter;
	struct wish listed; /* what was true when TO_IN was told last */
	bool is_changed;    /* since it was compared with the model */
};

struct host_view {
	bool is_lost; /* something was not told in the newest version */
	struct view groups[N_GROUPS];
};

/* IANA's until it is set. */
struct ssm_range {
	bool is_set;
	struct addr prefix;
	uint8_t len;
};

struct history {
	const uint8_t *data; /* the rest of the input */
	size_t len;

	struct engine *engine;
	uint64_t now, latest; /* what the engine is told, and the latest of that */
	uint64_t seed;

	uint64_t n_used, n_outside; /* bytes; and those that no gauge counts */
	unsigned int fails_in;      /* so many allocations from now; 0: none fails */
	bool has_failed;            /* one has, since the step began */

	struct interface_model interfaces[N_INTERFACES];
	uint64_t n_wished; /* sources of all wishes */
	struct host_view views[N_INTERFACES][ENGINE_FAMILIES];
	struct ssm_range ssm[ENGINE_FAMILIES];
	uint64_t max_recorded; /* the most that was ever allowed */
	uint64_t peak_bytes;   /* that the largest state so far may have taken */
};

/* The next octet of the input; 0 behind its end. */
uint8_t history_take(struct history *h);
/* One of the interfaces, known or not. */
uint32_t history_take_ifindex(struct history *h);
enum engine_family history_take_family(struct history *h);

/*
 * The model
 */

struct addr model_make_ipv6(uint32_t first, uint32_t last);
struct addr model_get_group(enum engine_family family, unsigned int i);
struct addr model_get_source(enum engine_family family, unsigned int i);
/* Their numbers; N_GROUPS, N_SOURCES: none of ours. */
unsigned int model_find_group(enum engine_family family, struct addr group);
unsigned int model_find_source(enum engine_family family, struct addr source);

/* NULL: not known to the engine. */
struct interface_model *model_find_interface(struct history *h, uint32_t ifindex);

/* Is it never told (RFC 9776 5, RFC 9777 6)? */
bool model_is_silent(enum engine_family family, unsigned int group);
/* 224.0.0.0/24, where tunables say what is told. */
bool model_is_linklocal(enum engine_family family, unsigned int group);
bool model_is_wanted(const struct wish *wishes);

/* The merged filter of N_SOCKETS wishes. */
struct wish model_merge(const struct wish *wishes, bool is_include_only);
/* What reports of the newest version say of a group. */
struct wish model_get_told(const struct history *h, const struct interface_model *model,
			   enum engine_family family, unsigned int group);

void wish_add_range(uint64_t *sources, unsigned int first, unsigned int n);
void wish_add(struct wish *wish, const struct wish *more);
void wish_remove(struct wish *wish, const struct wish *less);
bool wish_has(const struct wish *wish, unsigned int source);
uint32_t wish_count(const struct wish *wish);
bool wish_is_empty(const struct wish *wish);

/*
 * Is the engine what the model says? Each ends the process if not.
 */

void check_filter(const struct history *h, uint32_t ifindex, enum engine_family family,
		  unsigned int group);
void check_all(const struct history *h);
void check_memory(struct history *h);

/* That the engine knows, on all interfaces. */
uint64_t check_count_groups(const struct history *h);

bool check_is_speaking(const struct history *h, uint32_t ifindex,
		       enum engine_family family);

/* A packet that was pulled to a buffer of that size. */
void check_packet(struct history *h, const struct engine_packet *packet,
		  const uint8_t *bytes, size_t size);

/*
 * What a router knows
 */

/* A record of that type names sources, while the model says that of the group. */
void view_hear(struct view *view, uint8_t type, const struct wish *named,
	       const struct wish *told);
/* After each call that may change whether, or in which version, hosts speak. */
void view_observe(struct history *h);
/* What the model says of a group, or of all, has changed. */
void view_change(struct history *h, uint32_t ifindex, enum engine_family family,
		 unsigned int group);
void view_change_all(struct history *h);
/* Nothing more is due: is the router told of all of it? */
void view_check(struct history *h);

/* What a refused call must not change. */
struct snapshot {
	struct engine_status status[N_INTERFACES][ENGINE_FAMILIES];
	bool is_known[N_INTERFACES][ENGINE_FAMILIES];
	uint64_t memory[3];
};

void snapshot_take(const struct history *h, struct snapshot *ret);
void snapshot_expect(const struct history *h, const struct snapshot *before);

/*
 * Steps that hear a packet: any bytes; a query; a report of an older version
 */

void hear_bytes(struct history *h);
void hear_query(struct history *h);
void hear_report(struct history *h);

#endif
