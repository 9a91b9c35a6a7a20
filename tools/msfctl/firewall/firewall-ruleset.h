/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firewall-ruleset: what is loaded, found by name. The objects are those of
 * libnftables' JSON; only what is looked for again and again has an index.
 */
#ifndef MSFCTL_FIREWALL_RULESET_H
#define MSFCTL_FIREWALL_RULESET_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "firewall-field.h"
#include "firewall-value.h"
#include "firewall.h"

/* A chain that the kernel calls. */
struct base_chain {
	const json_t *chain; /* borrowed */
	enum field_hook hook;
	int priority;
	size_t order; /* of listing */
	bool is_nat;
	bool is_drop_policy;
};

struct firewall {
	json_t *root;   /* owned; all below is borrowed from it */
	json_t *tables; /* owned indexes */
	json_t *chains;
	json_t *rules; /* arrays, by chain */
	json_t *sets;
	struct base_chain *bases; /* owned; as packets meet them */
	size_t n_bases;
	json_t *outline;                  /* owned; of the listing, or NULL */
	char *listing;                    /* owned; text with handles, or NULL */
	char obstacle[FIREWALL_TEXT_MAX]; /* why nothing could be read */
	bool has_legacy;                  /* tables of iptables-legacy are in use */
};

/* Takes root, outline and listing over, even if it fails; the last two may be NULL.
 * root is an object with the array "nftables". 0, -ENOMEM, -EBADMSG. */
int ruleset_new(struct firewall **ret, json_t *root, json_t *outline, char *listing);

/* Objects in the table of the rule or chain; NULL: there is none. */
const json_t *ruleset_get_rules(const struct firewall *firewall, const json_t *place,
				const char *chain);
const json_t *ruleset_get_set(const struct firewall *firewall, const json_t *place,
			      const char *name);

/* Does a rule add or remove elements? */
bool ruleset_is_touched(const json_t *set);

/* Is the table awake and the chain on the device of the packet? */
enum truth ruleset_is_in_use(const struct firewall *firewall,
			     const struct base_chain *base, const char *interface);

/*
 * What a listing has: an array of tables {"family", "name", "flags": [...],
 * "chains": [{"name", "dev": [...]}]}. 0 or -ENOMEM.
 */
int listing_outline(const char *listing, json_t **ret);

/* Adds to the objects what JSON does not tell in all versions: "flags" of tables,
 * "dev" of chains. 0 or -ENOMEM. */
int listing_annotate(const struct firewall *firewall);

/* The text of a rule, without its handle; false: it is not there. */
bool listing_find_rule(const struct firewall *firewall, const json_t *rule, char *ret,
		       size_t size);

/* The key of an object in the indexes. False: a name is missing or too long. */
#define RULESET_KEY_MAX 800
bool ruleset_format_key(char *ret, const char *family, const char *table,
			const char *name);

#endif
