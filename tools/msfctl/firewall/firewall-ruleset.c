/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Indexes over the JSON of a ruleset (see firewall-ruleset.h).
 *
 * Invariant: what is in an index is an object with family and table as strings, so
 * that nothing behind it checks these again.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firewall-ruleset.h"

#define TOUCHED "touched by rules" /* no key of libnftables */

static const struct {
	const char *name;
	enum field_hook hook;
} hooks[] = {
	{ "ingress", FIELD_INGRESS },
	{ "prerouting", FIELD_PREROUTING },
	{ "input", FIELD_INPUT },
	{ "output", FIELD_OUTPUT },
	{ "postrouting", FIELD_POSTROUTING },
	{ "egress", FIELD_EGRESS },
};

static const char *get_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

bool ruleset_format_key(char *ret, const char *family, const char *table,
			const char *name)
{
	int n;

	if (!family || !table || !name)
		return false;
	n = snprintf(ret, RULESET_KEY_MAX, "%s\n%s\n%s", family, table, name);
	return n < RULESET_KEY_MAX;
}

static bool format_key_of(char *ret, const json_t *object, const char *name)
{
	return ruleset_format_key(ret, get_text(object, "family"),
				  get_text(object, "table"), name);
}

static int add(json_t *index, json_t *object, const char *name)
{
	char key[RULESET_KEY_MAX];

	if (!format_key_of(key, object, name))
		return -EBADMSG;
	return json_object_set(index, key, object) < 0 ? -ENOMEM : 0;
}

static int add_table(struct firewall *firewall, json_t *table)
{
	char key[RULESET_KEY_MAX];

	if (!ruleset_format_key(key, get_text(table, "family"), get_text(table, "name"),
				""))
		return -EBADMSG;
	return json_object_set(firewall->tables, key, table) < 0 ? -ENOMEM : 0;
}

static bool find_hook(const char *name, enum field_hook *ret)
{
	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks); i++) {
		if (strcmp(hooks[i].name, name) != 0)
			continue;
		*ret = hooks[i].hook;
		return true;
	}
	return false;
}

static int add_base(struct firewall *firewall, const json_t *chain)
{
	const char *hook_name = get_text(chain, "hook"), *type = get_text(chain, "type");
	json_int_t priority = json_integer_value(json_object_get(chain, "prio"));
	const char *policy = get_text(chain, "policy");
	struct base_chain *larger;
	enum field_hook hook;

	if (!hook_name || !find_hook(hook_name, &hook))
		return 0; /* called by rules; or forward, where we never are */
	if (priority < INT_MIN || priority > INT_MAX)
		return -EBADMSG;
	larger = reallocarray(firewall->bases, firewall->n_bases + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	firewall->bases = larger;
	firewall->bases[firewall->n_bases] = (struct base_chain){
		.chain = chain,
		.hook = hook,
		.priority = (int)priority,
		.order = firewall->n_bases,
		.is_nat = type && !strcmp(type, "nat"),
		.is_drop_policy = policy && !strcmp(policy, "drop"),
	};
	firewall->n_bases++;
	return 0;
}

static int add_chain(struct firewall *firewall, json_t *chain)
{
	const char *name = get_text(chain, "name");
	char key[RULESET_KEY_MAX];
	int r = add(firewall->chains, chain, name);

	if (r < 0)
		return r;
	if (!format_key_of(key, chain, name))
		return -EBADMSG;
	if (!json_object_get(firewall->rules, key) &&
	    json_object_set_new(firewall->rules, key, json_array()) < 0)
		return -ENOMEM;
	return add_base(firewall, chain);
}

static int add_set(struct firewall *firewall, json_t *set)
{
	/* A set without elements is listed without them. */
	if (!json_is_array(json_object_get(set, "elem")) &&
	    json_object_set_new(set, "elem", json_array()) < 0)
		return -ENOMEM;
	return add(firewall->sets, set, get_text(set, "name"));
}

static int add_rule(struct firewall *firewall, json_t *rule)
{
	char key[RULESET_KEY_MAX];
	json_t *rules;

	if (!format_key_of(key, rule, get_text(rule, "chain")))
		return -EBADMSG;
	rules = json_object_get(firewall->rules, key);
	if (!rules || !json_is_array(json_object_get(rule, "expr")))
		return -EBADMSG;
	return json_array_append(rules, rule) < 0 ? -ENOMEM : 0;
}

static const struct {
	const char *name;
	int (*add)(struct firewall *firewall, json_t *object);
} objects[] = {
	{ "table", add_table }, { "chain", add_chain }, { "set", add_set },
	{ "map", add_set },     { "rule", add_rule },
};

static int index_object(struct firewall *firewall, const json_t *holder)
{
	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++) {
		json_t *object = json_object_get(holder, objects[i].name);

		if (object)
			return objects[i].add(firewall, object);
	}
	return 0; /* counters, limits, version */
}

/* Statements "add @set { ... }" and their likes. */
static int mark_touched(const struct firewall *firewall, const json_t *rule)
{
	static const char *const changers[] = { "set", "map" };
	const json_t *statement;
	size_t i;

	json_array_foreach(json_object_get(rule, "expr"), i, statement)
	{
		for (size_t c = 0; c < sizeof(changers) / sizeof(*changers); c++) {
			const json_t *change = json_object_get(statement, changers[c]);
			const char *name = get_text(change, changers[c]);
			json_t *set = name && *name == '@'
					      ? (json_t *)ruleset_get_set(firewall, rule,
									  name + 1)
					      : NULL;

			if (set && json_object_set_new(set, TOUCHED, json_true()) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

/* The kernel puts a hook of equal priority in front of those that are there. */
static int compare_bases(const void *a, const void *b)
{
	const struct base_chain *x = a, *y = b;

	if (x->hook != y->hook)
		return x->hook < y->hook ? -1 : 1;
	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return x->order > y->order ? -1 : x->order < y->order;
}

static int index_all(struct firewall *firewall)
{
	const json_t *all = json_object_get(firewall->root, "nftables"), *object, *rules;
	const char *key;
	size_t i;
	int r = 0;

	firewall->tables = json_object();
	firewall->chains = json_object();
	firewall->rules = json_object();
	firewall->sets = json_object();
	if (!firewall->tables || !firewall->chains || !firewall->rules || !firewall->sets)
		return -ENOMEM;
	if (!json_is_array(all))
		return -EBADMSG;
	for (i = 0; !r && i < json_array_size(all); i++)
		r = index_object(firewall, json_array_get(all, i));
	json_object_foreach(firewall->rules, key, rules)
	{
		json_array_foreach(rules, i, object)
			r = r < 0 ? r : mark_touched(firewall, object);
	}
	if (r < 0)
		return r;
	if (firewall->n_bases)
		qsort(firewall->bases, firewall->n_bases, sizeof(*firewall->bases),
		      compare_bases);
	return listing_annotate(firewall);
}

int ruleset_new(struct firewall **ret, json_t *root, json_t *outline, char *listing)
{
	struct firewall *firewall = calloc(1, sizeof(*firewall));
	int r = -ENOMEM;

	if (firewall) {
		*firewall = (struct firewall){ .root = root,
					       .outline = outline,
					       .listing = listing };
		r = index_all(firewall);
	} else {
		json_decref(root);
		json_decref(outline);
		free(listing);
	}
	if (r < 0) {
		firewall_free(firewall);
		return r;
	}
	*ret = firewall;
	return 0;
}

const json_t *ruleset_get_rules(const struct firewall *firewall, const json_t *place,
				const char *chain)
{
	char key[RULESET_KEY_MAX];

	return format_key_of(key, place, chain) ? json_object_get(firewall->rules, key)
						: NULL;
}

const json_t *ruleset_get_set(const struct firewall *firewall, const json_t *place,
			      const char *name)
{
	char key[RULESET_KEY_MAX];

	return format_key_of(key, place, name) ? json_object_get(firewall->sets, key)
					       : NULL;
}

bool ruleset_is_touched(const json_t *set)
{
	return json_object_get(set, TOUCHED) != NULL;
}

/* A word, or one of a list of words. */
static bool has_word(const json_t *json, const char *word)
{
	const json_t *element;
	size_t i;

	if (json_is_string(json))
		return !strcmp(json_string_value(json), word);
	json_array_foreach(json, i, element) if (json_is_string(element) &&
						 !strcmp(json_string_value(element),
							 word)) return true;
	return false;
}

/* Version 1.0.6 writes another word where a lone flag should stand. */
static enum truth is_awake(const struct firewall *firewall, const json_t *chain)
{
	char key[RULESET_KEY_MAX];
	const json_t *flags;

	if (!ruleset_format_key(key, get_text(chain, "family"), get_text(chain, "table"),
				""))
		return TRUTH_UNKNOWN;
	flags = json_object_get(json_object_get(firewall->tables, key), "flags");
	if (!flags || json_is_array(flags))
		return has_word(flags, "dormant") ? TRUTH_NO : TRUTH_YES;
	if (has_word(flags, "dormant"))
		return TRUTH_NO;
	return has_word(flags, "owner") ? TRUTH_YES : TRUTH_UNKNOWN;
}

static enum truth is_on_device(const struct base_chain *base, const char *interface)
{
	const json_t *devices = json_object_get(base->chain, "dev");

	if (base->hook != FIELD_INGRESS && base->hook != FIELD_EGRESS)
		return TRUTH_YES;
	if (!devices)
		return TRUTH_UNKNOWN;
	return has_word(devices, interface) ? TRUTH_YES : TRUTH_NO;
}

enum truth ruleset_is_in_use(const struct firewall *firewall,
			     const struct base_chain *base, const char *interface)
{
	return truth_and(is_awake(firewall, base->chain), is_on_device(base, interface));
}
