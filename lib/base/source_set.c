/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sorting is by byte, least significant first, and skips the bytes that all
 * addresses share: lists of sources mostly differ in a few. Short lists are
 * sorted by insertion.
 */
#include "base/source_set.h"

#include <string.h>

#define INSERTION_MAX 32

static bool is_ascending(const struct addr *list, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++)
		if (!addr_less(list[i - 1], list[i]))
			return false;
	return true;
}

static void sort_by_insertion(struct addr *list, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		struct addr a = list[i];
		uint32_t j = i;

		for (; j && addr_less(a, list[j - 1]); j--)
			list[j] = list[j - 1];
		list[j] = a;
	}
}

static unsigned int byte_of(struct addr a, unsigned int byte)
{
	return (uint8_t)(byte < 8 ? a.lo >> 8 * byte : a.hi >> 8 * (byte - 8));
}

static void scatter_by_byte(const struct addr *from, uint32_t n, struct addr *to,
			    unsigned int byte)
{
	uint32_t count[256] = { 0 }, next = 0;

	for (uint32_t i = 0; i < n; i++)
		count[byte_of(from[i], byte)]++;
	for (unsigned int v = 0; v < 256; v++) {
		uint32_t c = count[v];

		count[v] = next;
		next += c;
	}
	for (uint32_t i = 0; i < n; i++)
		to[count[byte_of(from[i], byte)]++] = from[i];
}

static void sort_by_byte(struct addr *list, uint32_t n, struct addr *scratch)
{
	struct addr *from = list, *to = scratch, *t, varying = { 0 };

	for (uint32_t i = 1; i < n; i++) {
		varying.hi |= list[i].hi ^ list[0].hi;
		varying.lo |= list[i].lo ^ list[0].lo;
	}
	for (unsigned int byte = 0; byte < 16; byte++) {
		if (!byte_of(varying, byte))
			continue;
		scatter_by_byte(from, n, to, byte);
		t = from;
		from = to;
		to = t;
	}
	if (from != list)
		memcpy(list, from, n * sizeof(*list));
}

uint32_t source_set_sort(struct addr *list, uint32_t n, struct addr *scratch)
{
	uint32_t distinct = 0;

	if (is_ascending(list, n))
		return n;
	if (n <= INSERTION_MAX)
		sort_by_insertion(list, n);
	else
		sort_by_byte(list, n, scratch);
	for (uint32_t i = 0; i < n; i++)
		if (!distinct || !addr_equal(list[distinct - 1], list[i]))
			list[distinct++] = list[i];
	return distinct;
}

bool source_set_has(const struct source_set *set, struct addr source,
		    uint32_t *ret_position)
{
	uint32_t low = 0, high = set->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (addr_less(set->addr[middle], source))
			low = middle + 1;
		else
			high = middle;
	}
	if (ret_position)
		*ret_position = low;
	return low < set->n && addr_equal(set->addr[low], source);
}

bool source_set_equal(const struct source_set *a, const struct source_set *b)
{
	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (!addr_equal(a->addr[i], b->addr[i]))
			return false;
	return true;
}

int source_set_step(const struct source_set *a, const struct source_set *b,
		    struct addr *ret_source)
{
	const struct source_set *more = a->n > b->n ? a : b;
	const struct source_set *less = a->n > b->n ? b : a;
	uint32_t i = 0;

	if (more->n - less->n != 1)
		return 0;
	while (i < less->n && addr_equal(more->addr[i], less->addr[i]))
		i++;
	for (uint32_t j = i; j < less->n; j++)
		if (!addr_equal(more->addr[j + 1], less->addr[j]))
			return 0;
	*ret_source = more->addr[i];
	return more == b ? 1 : -1;
}

void source_set_union(const struct source_set *a, const struct source_set *b,
		      struct source_set *ret)
{
	uint32_t i = 0, j = 0, n = 0;

	while (i < a->n && j < b->n) {
		int order = addr_compare(a->addr[i], b->addr[j]);

		ret->addr[n++] = order <= 0 ? a->addr[i] : b->addr[j];
		i += order <= 0;
		j += order >= 0;
	}
	while (i < a->n)
		ret->addr[n++] = a->addr[i++];
	while (j < b->n)
		ret->addr[n++] = b->addr[j++];
	ret->n = n;
}

void source_set_difference(const struct source_set *a, const struct source_set *b,
			   struct source_set *ret)
{
	uint32_t i = 0, j = 0, n = 0;

	while (i < a->n) {
		int order = j < b->n ? addr_compare(a->addr[i], b->addr[j]) : -1;

		if (order < 0)
			ret->addr[n++] = a->addr[i];
		i += order <= 0;
		j += order >= 0;
	}
	ret->n = n;
}
