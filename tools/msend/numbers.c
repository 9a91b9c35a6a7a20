/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * numbers: lists of packet numbers (see numbers.h).
 *
 * Invariant: a rule has first <= last and a step of at least 1.
 */
#include "numbers.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char why_shape[] =
	"write numbers from 0 (10), ranges (20-25), or */100 for every 100th, with "
	"commas between them";
static const char why_distance[] = "the distance after : must be 1 to 1000";

/* Digits only, so that neither a sign nor a blank is taken. */
static bool take_number(char **text, uint64_t *ret)
{
	size_t n_digits = strspn(*text, "0123456789");

	errno = 0;
	*ret = strtoull(*text, NULL, 10);
	*text += n_digits;
	return n_digits > 0 && errno == 0;
}

static const char *take_range(char **text, struct numbers_rule *rule)
{
	if (strncmp(*text, "*/", 2) == 0) {
		*text += 2;
		if (!take_number(text, &rule->step) || rule->step == 0)
			return why_shape;
		rule->first = rule->step;
		rule->last = UINT64_MAX;
		rule->is_endless = true;
		return NULL;
	}
	if (!take_number(text, &rule->first))
		return why_shape;
	rule->last = rule->first;
	if (**text != '-')
		return NULL;
	++*text;
	if (!take_number(text, &rule->last))
		return why_shape;
	return rule->last < rule->first ? "a range begins with its smaller number" : NULL;
}

static const char *take_rule(char *text, bool has_distance, struct numbers_rule *rule)
{
	const char *why = take_range(&text, rule);
	uint64_t distance;

	if (why)
		return why;
	if (has_distance && *text == ':') {
		text++;
		if (!take_number(&text, &distance) || distance == 0 ||
		    distance > NUMBERS_MAX_DISTANCE)
			return why_distance;
		rule->distance = (uint32_t)distance;
	}
	return *text ? why_shape : NULL;
}

int numbers_add(struct numbers *numbers, char *list, bool has_distances,
		const char **ret_why)
{
	char *text;

	while ((text = strsep(&list, ","))) {
		struct numbers_rule rule = { .step = 1, .distance = 1 };
		const char *why = take_rule(text, has_distances, &rule);

		if (!why && numbers->n_rules == NUMBERS_MAX_RULES)
			why = "more than 256 entries";
		if (why) {
			*ret_why = why;
			return -EINVAL;
		}
		numbers->rules[numbers->n_rules++] = rule;
	}
	return 0;
}

bool numbers_rule_has(const struct numbers_rule *rule, uint64_t number)
{
	return number >= rule->first && number <= rule->last &&
	       (rule->step == 1 || (number - rule->first) % rule->step == 0);
}

bool numbers_has(const struct numbers *numbers, uint64_t number)
{
	for (unsigned int i = 0; i < numbers->n_rules; i++)
		if (numbers_rule_has(&numbers->rules[i], number))
			return true;
	return false;
}
