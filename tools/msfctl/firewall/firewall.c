/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packet's way through all base chains (see firewall.h), and what is said of it.
 *
 * Invariant: ACCEPT and DROP are said only if every way that the packet may take ends
 * so.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firewall-ruleset.h"
#include "firewall-walk.h"
#include "firewall.h"
#include "utf8.h"

static const char *get_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool is_on_way(const struct base_chain *base, const struct firewall_packet *packet)
{
	const char *family = get_text(base->chain, "family");
	bool is_out = base->hook >= FIELD_OUTPUT;

	if (is_out != packet->is_outgoing)
		return false;
	if (!strcmp(family, "inet") || !strcmp(family, "netdev"))
		return true;
	return !strcmp(family, packet->family == AF_INET ? "ip" : "ip6");
}

/* Expressions in short, where there is no listing. */
static void format_expressions(const json_t *rule, char *ret, size_t size)
{
	char *text = json_dumps(json_object_get(rule, "expr"),
				JSON_COMPACT | JSON_ENSURE_ASCII);

	utf8_clean(text ? text : "", ret, size);
	free(text);
}

static void tell_object(const struct firewall *firewall, const json_t *object,
			struct firewall_finding *finding)
{
	const char *rule_of = json_string_value(json_object_get(object, "chain"));
	json_int_t handle = json_integer_value(json_object_get(object, "handle"));

	utf8_clean(get_text(object, "family"), finding->family, sizeof(finding->family));
	utf8_clean(get_text(object, "table"), finding->table, sizeof(finding->table));
	if (!rule_of) {
		utf8_clean(get_text(object, "name"), finding->chain,
			   sizeof(finding->chain));
		snprintf(finding->rule, sizeof(finding->rule), "policy %.32s",
			 get_text(object, "policy"));
		return;
	}
	utf8_clean(rule_of, finding->chain, sizeof(finding->chain));
	finding->handle = handle > 0 ? (uint64_t)handle : 0;
	if (!listing_find_rule(firewall, object, finding->rule, sizeof(finding->rule)))
		format_expressions(object, finding->rule, sizeof(finding->rule));
}

static void tell_maybe(const struct firewall *firewall, const struct walk_doubt *maybe,
		       struct firewall_finding *finding)
{
	tell_object(firewall, maybe->object, finding);
	utf8_clean(maybe->why, finding->why, sizeof(finding->why));
}

static void tell_legacy(struct firewall_finding *finding)
{
	snprintf(finding->why, sizeof(finding->why),
		 "tables of iptables-legacy are in use and cannot be read here; "
		 "iptables-legacy -S or ip6tables-legacy -S shows them");
}

static enum firewall_verdict walk_bases(const struct firewall *firewall,
					const struct firewall_packet *packet,
					struct firewall_finding *finding)
{
	struct walk walk = { .firewall = firewall, .budget = WALK_BUDGET };
	struct walk_doubt maybe = { 0 };
	struct field_state state;

	field_init(&state, packet);
	for (size_t i = 0; i < firewall->n_bases; i++) {
		const struct base_chain *base = &firewall->bases[i];
		enum truth in_use = ruleset_is_in_use(firewall, base, packet->interface);

		if (in_use == TRUTH_NO || !is_on_way(base, packet))
			continue;
		walk.may_accept = walk.may_drop = false;
		walk.n_ends = 0;
		walk_base(&walk, base, in_use == TRUTH_YES, &state);
		if (!walk.may_accept) {
			tell_object(firewall, walk.dropped_by, finding);
			return FIREWALL_DROP;
		}
		if (walk.may_drop && !maybe.object)
			maybe = walk.maybe;
		state = walk.accepted;
	}
	if (!maybe.object)
		return FIREWALL_ACCEPT;
	tell_maybe(firewall, &maybe, finding);
	return FIREWALL_MAYBE;
}

enum firewall_verdict firewall_judge(const struct firewall *firewall,
				     const struct firewall_packet *packet,
				     struct firewall_finding *ret_finding)
{
	enum firewall_verdict verdict;

	*ret_finding = (struct firewall_finding){ 0 };
	if (firewall->obstacle[0]) {
		snprintf(ret_finding->why, sizeof(ret_finding->why), "%s",
			 firewall->obstacle);
		return FIREWALL_UNREADABLE;
	}
	verdict = walk_bases(firewall, packet, ret_finding);
	if (verdict != FIREWALL_ACCEPT || !firewall->has_legacy)
		return verdict;
	tell_legacy(ret_finding);
	return FIREWALL_MAYBE;
}

int firewall_format(const struct firewall_finding *finding, char *ret, size_t size)
{
	if (!finding->table[0])
		return snprintf(ret, size, "%s", finding->why);
	return snprintf(ret, size, "table %s %s, chain %s: %s%s%s%s", finding->family,
			finding->table, finding->chain, finding->rule,
			finding->why[0] ? " (" : "", finding->why,
			finding->why[0] ? ")" : "");
}

struct firewall *firewall_free(struct firewall *firewall)
{
	if (!firewall)
		return NULL;
	json_decref(firewall->tables);
	json_decref(firewall->chains);
	json_decref(firewall->rules);
	json_decref(firewall->sets);
	json_decref(firewall->root);
	json_decref(firewall->outline);
	free(firewall->bases);
	free(firewall->listing);
	free(firewall);
	return NULL;
}

int firewall_new_from_json(struct firewall **ret, const char *text, size_t len)
{
	json_t *root = json_loadb(text, len, 0, NULL);

	return root ? ruleset_new(ret, root, NULL, NULL) : -EBADMSG;
}
