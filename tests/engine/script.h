/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * script: one test for both families. Its texts say G, H, J and K for groups, P, Q for
 * source-specific ones, a to z for sources, which follow each other, L for a list that
 * begins with 10.1.0.0 or fd01:: ("{L+365}"), and * for the newest version, so that
 * "* ALLOW(G){a,b}" is "v3 ALLOW(239.1.1.1){10.0.0.1,10.0.0.2}" and
 * "mld2 ALLOW(ff0e::1){fd00::1,fd00::2}".
 */
#ifndef ENGINE_SCRIPT_H
#define ENGINE_SCRIPT_H

#include "rig.h"

struct script {
	struct rig rig;
	struct tap *tap;
	enum engine_family family;
	uint64_t seed;
};

struct script_test {
	const char *sentence; /* with its rows */
	void (*run)(struct script *script);
};

/* Runs each test as IGMPv3 and as MLDv2, each with a rig of its own that ends without
 * anything broken, and with all memory back. */
void script_run(struct tap *tap, const struct script_test *tests, size_t n_tests);

/* The text with its names replaced: free() it. */
char *script_text(const struct script *script, const char *text);

/* One name, static: the next 8 calls leave it. */
const char *script_name(const struct script *script, const char *name);

/* Ends the rig, and begins anew with another seed. */
void script_reseed(struct script *script, uint64_t seed);

/* Socket wants filter of group: expects 0, or result. */
void set(struct script *script, uint64_t socket, const char *group, const char *filter);
void set_fails(struct script *script, uint64_t socket, const char *group,
	       const char *filter, int result);

/* The merged filter of the group is this. */
void merged(struct script *script, const char *group, const char *filter);

/* Exactly these lines are sent now. */
void now(struct script *script, const char *lines);

/* Exactly these, and all of them in that time; nothing at once. */
void in_ms(struct script *script, uint64_t ms, const char *lines);

/* Nothing is pending any more. */
void quiet(struct script *script);

/* now(), the same once more within the Unsolicited Report Interval, quiet(): a change of
 * Robustness 2. */
void twice(struct script *script, const char *lines);

/* A change is told to the end, whatever it is. */
void settle(struct script *script);

/* A query of the newest version with the names of the script; Max Resp Time in ms.
 * Expects that engine_receive() returns 0. */
void ask(struct script *script, uint64_t ms, const char *group, const char *sources);

/* The same, made by the test. Adds the family, and the names. */
int hear(struct script *script, struct rig_query query);

uint64_t get_counter(struct script *script, enum engine_counter igmp,
		     enum engine_counter mld);
void set_tunable(struct script *script, enum engine_tunable tunable, uint64_t value);
struct engine_status get_status(struct script *script);

#endif
