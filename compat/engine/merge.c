/* SPDX-License-Identifier: BSD-2-Clause */
/* See merge.h. */
#include "engine/merge.h"

/* Three sorted lists, read side by side. */
struct walk {
	const struct merge *merge;
	uint32_t i, i_old, i_new;
};

static bool begins_with(const struct source_set *set, uint32_t i, struct addr addr)
{
	return i < set->n && addr_equal(set->addr[i], addr);
}

static void lower(struct addr *least, bool *is_any, struct addr addr)
{
	if (!*is_any || addr_less(addr, *least))
		*least = addr;
	*is_any = true;
}

/* The smallest address that one of the lists goes on with. */
static bool find_least(const struct walk *walk, struct addr *ret)
{
	const struct merge *merge = walk->merge;
	bool is_any = false;

	if (walk->i < merge->n_sources)
		lower(ret, &is_any, merge->sources[walk->i].addr);
	if (walk->i_old < merge->old->sources.n)
		lower(ret, &is_any, merge->old->sources.addr[walk->i_old]);
	if (walk->i_new < merge->new->sources.n)
		lower(ret, &is_any, merge->new->sources.addr[walk->i_new]);
	return is_any;
}

/* The source as it was; the next of each list is behind it then. */
static bool take_next(struct walk *walk, struct source *ret_old, struct source *ret_new)
{
	const struct merge *merge = walk->merge;
	struct addr addr = { 0 };

	if (!find_least(walk, &addr))
		return false;
	*ret_old = (struct source){ .addr = addr };
	if (walk->i < merge->n_sources && addr_equal(merge->sources[walk->i].addr, addr))
		*ret_old = merge->sources[walk->i++];
	*ret_new = *ret_old;
	if (begins_with(&merge->old->sources, walk->i_old, addr)) {
		walk->i_old++;
		if (merge->old->mode == FILTER_INCLUDE)
			ret_new->n_include--;
		else
			ret_new->n_exclude--;
	}
	if (begins_with(&merge->new->sources, walk->i_new, addr)) {
		walk->i_new++;
		if (merge->new->mode == FILTER_INCLUDE)
			ret_new->n_include++;
		else
			ret_new->n_exclude++;
	}
	return true;
}

struct merge_result merge_sources(const struct merge *merge, struct source *ret_sources)
{
	struct walk walk = { .merge = merge };
	struct merge_result result = { 0 };
	struct source old, new;

	while (take_next(&walk, &old, &new)) {
		if (stance_accepts(&merge->before, &old) !=
		    stance_accepts(&merge->after, &new)) {
			result.has_flipped = true;
			if (merge->n_sends)
				new.n_sends = merge->n_sends & 7u;
		}
		if (merge->is_crowded)
			new.n_sends = 0;
		if (!source_is_needed(&new))
			continue;
		result.n_named += source_is_named(&new);
		if (ret_sources)
			ret_sources[result.n] = new;
		result.n++;
	}
	return result;
}
