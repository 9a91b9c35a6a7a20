/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * numbers: a list of packet numbers, as people write it:
 *
 *	10		this one
 *	20-25		these six
 *	* /100		100, 200, 300 and so on (written without the blank)
 *
 * with commas between. An entry may end with a distance, as in 40:3, where the
 * list is said to have them.
 */
#ifndef MSEND_NUMBERS_H
#define MSEND_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

/* Each packet is looked up in all of them. */
#define NUMBERS_MAX_RULES 256

#define NUMBERS_MAX_DISTANCE 1000u

struct numbers_rule {
	uint64_t first;
	uint64_t last;
	uint64_t step;     /* at least 1 */
	uint32_t distance; /* 1 where none was written */
	bool is_endless;
};

struct numbers {
	struct numbers_rule rules[NUMBERS_MAX_RULES];
	unsigned int n_rules;
};

/* Adds a list; it is cut apart. 0, or -EINVAL with the reason, a static text. */
int numbers_add(struct numbers *numbers, char *list, bool has_distances,
		const char **ret_why);

bool numbers_rule_has(const struct numbers_rule *rule, uint64_t number);
bool numbers_has(const struct numbers *numbers, uint64_t number);

#endif
