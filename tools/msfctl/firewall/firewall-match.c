/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Expressions of rules (see firewall-match.h). The kernel ends a rule at an
 * expression for a field that the packet does not have, whatever the operator, "!="
 * too.
 */
#include <stdio.h>
#include <string.h>

#include "firewall-match.h"

#define DEPTH_MAX 16 /* of expressions in each other */

static const struct {
	const char *expression, *why;
} causes[] = {
	{ "fib", "the result of fib hangs on routes and addresses (a reverse path "
		 "check, if it asks for saddr)" },
	{ "limit", "it limits a rate" },
	{ "quota", "it counts a quota" },
	{ "ct count", "it counts connections" },
	{ "numgen", "it takes turns or draws a number" },
	{ "queue", "a program decides (queue)" },
	{ "set", "it changes a set, which may be full" },
	{ "map", "it changes a map, which may be full" },
	{ "xt", "it was made by iptables and cannot be read here; iptables -S or "
		"ip6tables -S shows it" },
};

void match_explain(struct match *match, const json_t *expression)
{
	char name[MATCH_WHY_MAX / 2];

	if (match->why[0])
		return;
	field_format(expression, name, sizeof(name));
	for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++) {
		if (strcmp(causes[i].expression, name) != 0)
			continue;
		snprintf(match->why, sizeof(match->why), "%s", causes[i].why);
		return;
	}
	snprintf(match->why, sizeof(match->why), "%s is not known here", name);
}

static struct value compute(struct match *match, const json_t *json,
			    const struct value *like, unsigned int depth);

/* The letter by which value_combine() knows an operator of libnftables. */
static const struct {
	const char *name;
	char op;
} operators[] = {
	{ "&", '&' }, { "|", '|' }, { "^", '^' }, { "<<", '<' }, { ">>", '>' },
};

static const json_t *find_operator(const json_t *json, char *ret_op)
{
	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
		const json_t *operands = json_object_get(json, operators[i].name);

		if (!operands)
			continue;
		*ret_op = operators[i].op;
		return operands;
	}
	return NULL;
}

static struct value combine(struct match *match, char op, const json_t *operands,
			    const struct value *like, unsigned int depth)
{
	struct value result = compute(match, json_array_get(operands, 0), like, depth);
	struct value plain = value_unknown(KIND_NUMBER, result.width);

	for (size_t i = 1; i < json_array_size(operands); i++) {
		bool is_shift = op == '<' || op == '>';
		struct value operand = compute(match, json_array_get(operands, i),
					       is_shift ? &plain : &result, depth);

		result = value_combine(op, &result, &operand);
	}
	return result;
}

static struct value give_up(struct match *match, const json_t *expression,
			    const struct value *like)
{
	match_explain(match, expression);
	return value_unknown(like->kind, like->width);
}

/* The first element that fits gives its data; nothing does: absent. */
static struct value look_up(struct match *match, const json_t *map,
			    const struct value *like, unsigned int depth)
{
	const json_t *field = json_object_get(map, "key");
	const json_t *pair, *elements, *catch_all = NULL;
	struct match_key key;
	struct value absent = *like;
	bool is_touched;
	size_t i;

	absent.is_absent = true;
	match_read_key(match, field, &key);
	if (key.is_absent)
		return absent;
	elements = match_get_elements(match, json_object_get(map, "data"), &is_touched);
	if (!elements || is_touched)
		return give_up(match, field, like);
	json_array_foreach(elements, i, pair)
	{
		if (match_is_catch_all(json_array_get(pair, 0))) {
			catch_all = json_array_get(pair, 1);
			continue;
		}
		switch (match_test_element(match, &key, json_array_get(pair, 0))) {
		case TRUTH_NO:
			break;
		case TRUTH_YES:
			return compute(match, json_array_get(pair, 1), like, depth);
		case TRUTH_UNKNOWN:
			return give_up(match, field, like);
		}
	}
	return catch_all ? compute(match, catch_all, like, depth) : absent;
}

static bool is_field(const json_t *json)
{
	return json_object_get(json, "meta") || json_object_get(json, "ct") ||
	       json_object_get(json, "payload");
}

static struct value compute(struct match *match, const json_t *json,
			    const struct value *like, unsigned int depth)
{
	struct value result = like ? value_unknown(like->kind, like->width)
				   : value_unknown(KIND_NUMBER, 128);
	const json_t *inner;
	struct bits bits;
	char op;

	if (is_field(json)) {
		result = field_get(match->state, json);
		if (!result.is_absent && !value_is_known(&result))
			match_explain(match, json);
		return result;
	}
	if (like && constant_parse(&bits, json, like->kind, like->width))
		return value_known(like->kind, like->width, bits);
	if (depth >= DEPTH_MAX)
		return result;
	inner = find_operator(json, &op);
	if (inner)
		return combine(match, op, inner, like, depth + 1);
	inner = json_object_get(json, "map");
	if (inner && like)
		return look_up(match, inner, like, depth + 1);
	match_explain(match, json);
	return result;
}

struct value match_compute(struct match *match, const json_t *json,
			   const struct value *like)
{
	return compute(match, json, like, 0);
}

void match_read_key(struct match *match, const json_t *expression, struct match_key *ret)
{
	const json_t *parts = json_object_get(expression, "concat");
	size_t n = parts ? json_array_size(parts) : 1;

	*ret = (struct match_key){ .n_values = n <= MATCH_KEYS_MAX ? (unsigned int)n
								   : 0 };
	for (unsigned int i = 0; i < ret->n_values; i++) {
		const json_t *part = parts ? json_array_get(parts, i) : expression;

		ret->values[i] = compute(match, part, NULL, 0);
		ret->is_absent = ret->is_absent || ret->values[i].is_absent;
	}
}

const json_t *match_get_elements(struct match *match, const json_t *set,
				 bool *ret_is_touched)
{
	const char *name = json_string_value(set);
	const json_t *found;

	*ret_is_touched = false;
	if (!name) {
		found = json_object_get(set, "set");
		return json_is_array(found) ? found : NULL;
	}
	found = *name == '@' ? ruleset_get_set(match->firewall, match->rule, name + 1)
			     : NULL;
	if (!found)
		return NULL;
	*ret_is_touched = ruleset_is_touched(found);
	if (*ret_is_touched && !match->why[0])
		snprintf(match->why, sizeof(match->why), "rules change the set %s", name);
	return json_object_get(found, "elem");
}

/* {"elem": {"val": ..., "timeout": ...}} */
static const json_t *unwrap(const json_t *element, bool *ret_is_limited)
{
	const json_t *wrapped = json_object_get(element, "elem");

	*ret_is_limited = json_object_get(wrapped, "limit") ||
			  json_object_get(wrapped, "quota") ||
			  json_object_get(wrapped, "ct count");
	return wrapped ? json_object_get(wrapped, "val") : element;
}

bool match_is_catch_all(const json_t *element)
{
	bool is_limited;
	const char *word = json_string_value(unwrap(element, &is_limited));

	return word && !strcmp(word, "*");
}

static enum truth test_part(const struct value *value, const json_t *constant)
{
	struct pattern pattern;

	if (!pattern_parse(&pattern, constant, value->kind, value->width))
		return TRUTH_UNKNOWN;
	return pattern_fits(&pattern, value);
}

enum truth match_test_element(struct match *match, const struct match_key *key,
			      const json_t *element)
{
	enum truth truth = TRUTH_YES;
	bool is_limited;
	const json_t *value = unwrap(element, &is_limited);
	const json_t *parts = json_object_get(value, "concat");

	if (*match->budget == 0)
		return TRUTH_UNKNOWN;
	--*match->budget;
	if (match_is_catch_all(element))
		return is_limited ? TRUTH_UNKNOWN : TRUTH_YES;
	if (key->n_values != (parts ? json_array_size(parts) : 1))
		return TRUTH_UNKNOWN;
	for (unsigned int i = 0; i < key->n_values; i++)
		truth = truth_and(truth,
				  test_part(&key->values[i],
					    parts ? json_array_get(parts, i) : value));
	return truth == TRUTH_YES && is_limited ? TRUTH_UNKNOWN : truth;
}

static enum truth test_set(struct match *match, const struct match_key *key,
			   const json_t *set)
{
	enum truth truth = TRUTH_NO;
	const json_t *elements, *element;
	bool is_touched;
	size_t i;

	elements = match_get_elements(match, set, &is_touched);
	if (!elements || is_touched)
		return TRUTH_UNKNOWN;
	json_array_foreach(elements, i, element)
	{
		switch (match_test_element(match, key, element)) {
		case TRUTH_NO:
			break;
		case TRUTH_YES:
			return TRUTH_YES;
		case TRUTH_UNKNOWN:
			truth = TRUTH_UNKNOWN;
			break;
		}
	}
	return truth;
}

static bool is_set(const json_t *right)
{
	const char *word = json_string_value(right);

	return (word && *word == '@') || json_object_get(right, "set");
}

static enum truth test_equal(struct match *match, const struct match_key *key,
			     const json_t *right)
{
	return is_set(right) ? test_set(match, key, right)
			     : match_test_element(match, key, right);
}

static enum truth test_less(const struct value *value, const json_t *right, bool or_equal)
{
	struct bits number;

	if (!constant_parse(&number, right, value->kind, value->width))
		return TRUTH_UNKNOWN;
	return value_is_less(value, number, or_equal);
}

static enum truth test_flags(const struct value *value, const json_t *right)
{
	struct bits flags;

	if (!constant_parse(&flags, right, value->kind, value->width))
		return TRUTH_UNKNOWN;
	return value_has_any(value, flags);
}

static enum truth test_operator(struct match *match, const char *op,
				const struct match_key *key, const json_t *right)
{
	const struct value *value = &key->values[0];

	if (!strcmp(op, "==") || (!strcmp(op, "in") && is_set(right)))
		return test_equal(match, key, right);
	if (!strcmp(op, "!="))
		return truth_not(test_equal(match, key, right));
	if (key->n_values != 1)
		return TRUTH_UNKNOWN;
	if (!strcmp(op, "in"))
		return test_flags(value, right);
	if (!strcmp(op, "!"))
		return truth_not(test_flags(value, right));
	if (!strcmp(op, "<"))
		return test_less(value, right, false);
	if (!strcmp(op, "<="))
		return test_less(value, right, true);
	if (!strcmp(op, ">"))
		return truth_not(test_less(value, right, true));
	if (!strcmp(op, ">="))
		return truth_not(test_less(value, right, false));
	return TRUTH_UNKNOWN;
}

enum truth match_test(struct match *match, const json_t *test)
{
	const char *op = json_string_value(json_object_get(test, "op"));
	const json_t *right = json_object_get(test, "right");
	bool has_cause = match->why[0] != '\0';
	enum truth truth = TRUTH_NO;
	struct match_key key;

	match_read_key(match, json_object_get(test, "left"), &key);
	if (!key.is_absent)
		truth = test_operator(match, op ? op : "", &key, right);
	if (truth == TRUTH_UNKNOWN)
		match_explain(match, json_object_get(test, "left"));
	else if (!has_cause)
		match->why[0] = '\0'; /* an unknown bit that does not matter */
	return truth;
}
