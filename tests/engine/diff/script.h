/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * script: random histories of what sockets of a host ask for and what others on its
 * link say, step by step. A step is one burst of calls, or two with one report between
 * them, or a message from the link, or the link going down and up; silence follows each.
 *
 * Every call is legal for the socket (RFC 3678 4.1.3). The same seed makes the same
 * history whatever the answers are.
 */
#ifndef DIFF_SCRIPT_H
#define DIFF_SCRIPT_H

#include "base/filter.h"
#include "engine/engine.h"
#include "names.h"

#define SCRIPT_SOCKETS  6u
#define SCRIPT_CALLS    8u
#define SCRIPT_MESSAGES 2u

#define SCRIPT_GENERAL 255u /* the group of a General Query */

struct script_filter {
	enum filter_mode mode;
	struct source_bits sources;
};

enum script_verb {
	SCRIPT_JOIN_GROUP,
	SCRIPT_LEAVE_GROUP,
	SCRIPT_JOIN_SOURCE,
	SCRIPT_LEAVE_SOURCE,
	SCRIPT_BLOCK,
	SCRIPT_UNBLOCK,
	SCRIPT_SET_FILTER,
	SCRIPT_CLOSE, /* and another socket in its place */
};

struct script_call {
	enum script_verb verb;
	uint8_t socket, group, source;
	struct script_filter after; /* what the socket has of the group then */
};

/* A message of somebody else on the link. */
struct script_message {
	bool is_report; /* an older one; else a query */
	uint8_t version;
	uint8_t group; /* or SCRIPT_GENERAL */
	uint8_t robustness;
	/* Where the query is sent to, if not to where it should: */
	bool is_to_all; /* a group nobody joined, for its address is not heard */
	bool is_misled; /* a General Query, but the address of the first group */
	struct source_bits sources;
};

enum script_kind {
	SCRIPT_BURST,
	SCRIPT_OVERLAP, /* two bursts */
	SCRIPT_GENERAL_QUERY,
	SCRIPT_GROUP_QUERY,
	SCRIPT_SOURCE_QUERY,
	SCRIPT_OLDER_QUERY, /* heard by a host that is not forced */
	SCRIPT_HEARD,       /* an older report */
	SCRIPT_LINK,        /* down and up */
};
#define SCRIPT_KINDS 8u

struct script_step {
	enum script_kind kind;
	unsigned int n_calls;
	unsigned int split; /* SCRIPT_OVERLAP: calls behind it are the second burst */
	struct script_call calls[SCRIPT_CALLS];
	/* Heard after the calls; a second query is about the same group. */
	unsigned int n_messages;
	struct script_message messages[SCRIPT_MESSAGES];
	/* Groups that nobody wanted any more after EXCLUDE; and those of them that
	 * somebody then wanted with INCLUDE. */
	bool is_dead[NAMES_GROUPS], is_reborn[NAMES_GROUPS];
};

/* What histories of a kind of host are like. */
struct script_plan {
	enum engine_family family;
	uint8_t version;  /* spoken */
	bool is_forced;   /* to that version; else it is spoken because of a query */
	bool is_wide;     /* long lists, and an MTU that splits them */
	unsigned int mtu; /* 0: 1500 */
	unsigned int n_sockets, n_sources, n_steps;
	unsigned int weights[SCRIPT_KINDS];
	/* Makes step i instead of chance; false: there are no more. NULL: chance. */
	bool (*direct)(unsigned int i, struct script_step *step);
};

struct script {
	const struct script_plan *plan;
	uint64_t random;
	unsigned int n_steps;   /* made */
	unsigned int n_left;    /* to be made by chance */
	uint8_t robustness;     /* as the last query told it, 0 and 1 too; 2 before */
	bool is_asked_by_older; /* by an older Group-Specific Query */
	bool is_older;          /* an older querier was heard */
	bool is_heard[NAMES_GROUPS]; /* another host's report of the oldest version */
	struct script_filter filters[SCRIPT_SOCKETS][NAMES_GROUPS];
};

void script_init(struct script *script, const struct script_plan *plan, uint64_t seed);

/* The next step: true; or there are no more. */
bool script_make_step(struct script *script, struct script_step *ret);

/* What the interface's filter of the group is by now (RFC 9776 3.2). */
struct script_filter script_get_merged(const struct script *script, unsigned int group);

/* The version the host speaks; whether that is the newest. */
uint8_t script_get_version(const struct script *script);
bool script_is_newest(const struct script *script);

/* One line for people: calls, or the message. */
void script_print_step(const struct script_step *step, char *text, size_t size);

uint64_t script_draw(uint64_t *random);

#endif
