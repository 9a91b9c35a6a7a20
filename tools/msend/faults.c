/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults: loss, duplication and reordering on purpose (see faults.h).
 *
 * Invariant: the rules of reordering stand in order of falling distance, so what
 * leaves in one slot leaves in the order of the numbers. Parts 0 and 1 of a slot are
 * its own packet, 2 + 2i and 3 + 2i the late one of rule i.
 */
#include "faults.h"

#include <stdlib.h>

#define OWN_PARTS 2u

static int compare_distances(const void *a, const void *b)
{
	const struct numbers_rule *x = a, *y = b;

	return (x->distance < y->distance) - (x->distance > y->distance);
}

/* False: the rule has numbers beyond the end. */
static bool fit_rule(struct numbers_rule *rule, uint64_t n_packets, uint64_t n_behind)
{
	if (n_packets == UINT64_MAX)
		return true;
	if (n_packets > n_behind && rule->last < n_packets - n_behind)
		return true;
	rule->last = n_packets > n_behind ? n_packets - n_behind - 1 : 0;
	return rule->is_endless;
}

static bool fit_rules(struct numbers *numbers, uint64_t n_packets, bool is_reorder,
		      uint64_t *ret_number)
{
	for (unsigned int i = 0; i < numbers->n_rules; i++) {
		struct numbers_rule *rule = &numbers->rules[i];
		uint64_t last = rule->last;

		if (!fit_rule(rule, n_packets, is_reorder ? rule->distance : 0)) {
			*ret_number = last;
			return false;
		}
	}
	return true;
}

const char *faults_prepare(struct faults *faults, uint64_t n_packets,
			   uint64_t *ret_number)
{
	if (!fit_rules(&faults->lose, n_packets, false, ret_number))
		return "--lose";
	if (!fit_rules(&faults->duplicate, n_packets, false, ret_number))
		return "--duplicate";
	if (!fit_rules(&faults->reorder, n_packets, true, ret_number))
		return "--reorder";
	qsort(faults->reorder.rules, faults->reorder.n_rules,
	      sizeof(*faults->reorder.rules), compare_distances);
	return NULL;
}

unsigned int faults_count_parts(const struct faults *faults)
{
	if (faults->duplicate.n_rules == 0 && faults->reorder.n_rules == 0)
		return 1;
	return OWN_PARTS + 2 * faults->reorder.n_rules;
}

/* n_rules: none. */
static unsigned int find_reorder(const struct numbers *reorder, uint64_t number)
{
	unsigned int i = 0;

	while (i < reorder->n_rules && !numbers_rule_has(&reorder->rules[i], number))
		i++;
	return i;
}

static uint64_t get_delay(const struct faults *faults, uint64_t number)
{
	unsigned int i = find_reorder(&faults->reorder, number);

	return i < faults->reorder.n_rules ? faults->reorder.rules[i].distance : 0;
}

bool faults_is_lost(const struct faults *faults, uint64_t number)
{
	return numbers_has(&faults->lose, number);
}

bool faults_is_duplicate(unsigned int part)
{
	return part % 2 == 1;
}

bool faults_get(const struct faults *faults, uint64_t slot, unsigned int part,
		uint64_t *ret_number)
{
	const struct numbers *reorder = &faults->reorder;
	unsigned int i = reorder->n_rules;
	uint64_t number = slot;

	if (part >= OWN_PARTS) {
		i = (part - OWN_PARTS) / 2;
		if (slot < reorder->rules[i].distance)
			return false;
		number = slot - reorder->rules[i].distance;
	}
	if (find_reorder(reorder, number) != i || faults_is_lost(faults, number))
		return false;
	if (faults_is_duplicate(part) && !numbers_has(&faults->duplicate, number))
		return false;
	*ret_number = number;
	return true;
}

bool faults_is_reordered(const struct faults *faults, uint64_t number, uint64_t slot)
{
	for (uint64_t later = number + 1; later <= slot; later++) {
		uint64_t delay = get_delay(faults, later);

		if (!faults_is_lost(faults, later) &&
		    (later + delay < slot || (later == slot && delay == 0)))
			return true;
	}
	return false;
}
