/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firewall-match: expressions of rules, asked about a packet. Answers are YES, NO or
 * UNKNOWN, and the first cause of an UNKNOWN is kept in words.
 */
#ifndef MSFCTL_FIREWALL_MATCH_H
#define MSFCTL_FIREWALL_MATCH_H

#include <jansson.h>

#include "firewall-field.h"
#include "firewall-ruleset.h"
#include "firewall-value.h"

#define MATCH_KEYS_MAX 16 /* of a concatenation; the kernel holds 64 bytes */
#define MATCH_WHY_MAX  160

struct match {
	const struct firewall *firewall;
	const json_t *rule; /* whose table has the sets */
	const struct field_state *state;
	uint32_t *budget; /* rules and elements that may still be looked at */
	char why[MATCH_WHY_MAX];
};

/* What is looked up: one field or several. */
struct match_key {
	bool is_absent;
	unsigned int n_values;
	struct value values[MATCH_KEYS_MAX];
};

/* The statement {"match": ...}. */
enum truth match_test(struct match *match, const json_t *test);

/* A key of more fields than MATCH_KEYS_MAX is unknown. */
void match_read_key(struct match *match, const json_t *expression, struct match_key *ret);

/* The elements of {"set": [...]} or of "@name"; NULL: not to be known. A set that
 * rules change is *ret_is_touched. */
const json_t *match_get_elements(struct match *match, const json_t *set,
				 bool *ret_is_touched);

/* One element (or key of a map) against the key; catch-alls fit always. */
enum truth match_test_element(struct match *match, const struct match_key *key,
			      const json_t *element);
bool match_is_catch_all(const json_t *element);

/* What a statement would store in the field. Absent: nothing, the rule ends. */
struct value match_compute(struct match *match, const json_t *json,
			   const struct value *like);

/* Keeps why something is unknown, unless there is a cause already. */
void match_explain(struct match *match, const json_t *expression);

#endif
