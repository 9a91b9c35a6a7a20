/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What sockets want (RFC 9776 2 and 3): a change is prepared, with all the memory that
 * it needs, and then made, which cannot fail.
 */
#include <errno.h>
#include <string.h>

#include "engine/change.h"
#include "engine/group.h"
#include "engine/interface.h"
#include "engine/merge.h"

struct edit {
	struct host *host;
	struct group *group;
	uint64_t socket;
	uint32_t position; /* of the member */
	struct filter old;
	const struct filter *new;
	struct membership *old_member, *new_member; /* NULL: none */
	struct merge merge;
	struct source *sources; /* room for those after */
};

/* No membership is the same as INCLUDE without sources (R-MRG-1). */
static bool is_membership(const struct filter *filter)
{
	return filter->mode == FILTER_EXCLUDE ||
	       (filter->mode == FILTER_INCLUDE && filter->sources.n);
}

static const struct filter no_membership = { .mode = FILTER_INCLUDE };

static struct filter get_filter(const struct membership *member)
{
	if (!member)
		return no_membership;
	return (struct filter){
		.mode = member->is_exclude ? FILTER_EXCLUDE : FILTER_INCLUDE,
		.sources = { member->n, (struct addr *)member->sources },
	};
}

static int check(const struct engine *engine, struct addr group,
		 const struct filter *filter)
{
	const struct source_set *set = &filter->sources;

	if (!addr_is_multicast(group))
		return -EINVAL;
	if (!is_membership(filter))
		return 0;
	for (uint32_t i = 0; i < set->n; i++) {
		if (!addr_is_sender(set->addr[i]) ||
		    addr_is_ipv4(set->addr[i]) != addr_is_ipv4(group) ||
		    (i && !addr_less(set->addr[i - 1], set->addr[i])))
			return -EINVAL;
	}
	return set->n > engine->tunables.value[ENGINE_SOMAXSRC] ? -ENOBUFS : 0;
}

/*
 * Preparing
 */

static int prepare_group(struct edit *edit, struct addr address)
{
	const struct engine *engine = edit->host->engine;

	edit->group = group_find(edit->host, address);
	if (edit->group)
		return 0;
	if (engine->n_groups >= engine->tunables.value[ENGINE_MAXGROUPS])
		return -ENOBUFS;
	edit->group = group_new(edit->host, address);
	return edit->group ? 0 : -ENOMEM;
}

/* The socket's copy of its filter, and a place for it. */
static int prepare_member(struct edit *edit)
{
	struct memory *memory = &edit->host->engine->memory;
	const struct source_set *set = &edit->new->sources;
	struct group *group = edit->group;
	uint32_t max = group->n_members + group->n_members / 4 + 1;
	struct membership **members;

	edit->new_member = memory_get(memory, MEMORY_MOPTIONS,
				      membership_get_size(set->n));
	if (!edit->new_member)
		return -ENOMEM;
	edit->new_member->socket = edit->socket;
	edit->new_member->n = set->n;
	edit->new_member->is_exclude = edit->new->mode == FILTER_EXCLUDE;
	if (set->n)
		memcpy(edit->new_member->sources, set->addr, set->n * sizeof(*set->addr));
	if (edit->old_member || group->n_members < group->max_members)
		return 0;
	members = memory_resize(memory, MEMORY_MOPTIONS, group->members,
				group->max_members * sizeof(struct membership *),
				max * sizeof(struct membership *));
	if (!members)
		return -ENOMEM;
	group->members = members;
	group->max_members = max;
	return 0;
}

static uint32_t count_excluding(const struct edit *edit)
{
	return edit->group->n_excluding - (edit->old.mode == FILTER_EXCLUDE) +
	       (edit->new->mode == FILTER_EXCLUDE);
}

static uint32_t count_named(const struct group *group)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < group->n_sources; i++)
		n += source_is_named(&group->sources[i]);
	return n;
}

/* More sources wait to be told that they are gone than a group may have. */
static bool is_crowded(const struct group *group)
{
	uint64_t max = group->host->engine->tunables.value[ENGINE_MAXSRCFILTER];

	return group->n_sources > 2 * max &&
	       group->n_sources - count_named(group) - group->n_queried > max;
}

/* Sources are told one by one where the filter mode stays; else it is told. */
static void begin_merge(struct edit *edit)
{
	struct group *group = edit->group;
	struct merge *merge = &edit->merge;
	uint32_t n_excluding = group->n_excluding;

	*merge = (struct merge){ group->sources, group->n_sources, &edit->old,
				 edit->new };
	merge->before = group_get_stance(group);
	group->n_excluding = count_excluding(edit);
	merge->after = group_get_stance(group);
	group->n_excluding = n_excluding;
	merge->is_crowded = is_crowded(group);
	if (merge->before.mode == merge->after.mode && host_is_newest(edit->host) &&
	    group_is_told(group) && !merge->is_crowded)
		merge->n_sends = host_get_robustness(edit->host);
}

static int prepare_sources(struct edit *edit)
{
	struct engine *engine = edit->host->engine;
	struct merge_result result;

	begin_merge(edit);
	/* Who leaves needs no memory: the sources get fewer where they are. */
	if (!edit->new_member)
		return 0;
	result = merge_sources(&edit->merge, NULL);
	if (result.n_named > engine->tunables.value[ENGINE_MAXSRCFILTER] &&
	    result.n_named > count_named(edit->group))
		return -ENOBUFS;
	if (!result.n)
		return 0;
	edit->sources = memory_get(&engine->memory, MEMORY_MSFILTER,
				   result.n * sizeof(*edit->sources));
	return edit->sources ? 0 : -ENOMEM;
}

static int prepare(struct edit *edit)
{
	int r = 0;

	if (is_membership(edit->new))
		r = prepare_member(edit);
	if (r == 0)
		r = prepare_sources(edit);
	return r;
}

static void abandon(struct edit *edit)
{
	if (edit->new_member)
		memory_put(&edit->host->engine->memory, MEMORY_MOPTIONS, edit->new_member,
			   membership_get_size(edit->new_member->n));
	group_settle(edit->group);
}

/*
 * Making
 */

static void replace_member(struct edit *edit)
{
	struct group *group = edit->group;
	struct membership **place = &group->members[edit->position];
	size_t n_behind = group->n_members - edit->position;

	if (edit->old_member && edit->new_member) {
		*place = edit->new_member;
	} else if (edit->new_member) {
		memmove(place + 1, place, n_behind * sizeof(struct membership *));
		*place = edit->new_member;
		group->n_members++;
	} else {
		memmove(place, place + 1, (n_behind - 1) * sizeof(struct membership *));
		group->n_members--;
	}
	if (edit->old_member)
		memory_put(&edit->host->engine->memory, MEMORY_MOPTIONS, edit->old_member,
			   membership_get_size(edit->old_member->n));
}

/* Returns whether a source is wanted and was not, or the other way round. */
static bool replace_sources(struct edit *edit)
{
	struct group *group = edit->group;
	struct merge_result result;

	if (edit->new_member) {
		result = merge_sources(&edit->merge, edit->sources);
		group_replace_sources(group, edit->sources, result.n);
	} else {
		result = merge_sources(&edit->merge, group->sources);
		group_shrink_sources(group, result.n);
	}
	return result.has_flipped;
}

static void commit(struct edit *edit)
{
	struct group *group = edit->group;
	bool was_wanted = group->n_members > 0;
	bool has_flipped = replace_sources(edit);
	enum change_kind kind = CHANGE_NONE;

	group->n_excluding = count_excluding(edit);
	replace_member(edit);
	if (edit->merge.before.mode != edit->merge.after.mode || edit->merge.is_crowded)
		kind = CHANGE_MODE;
	else if (has_flipped)
		kind = CHANGE_SOURCES;
	change_tell(group, kind, was_wanted);
	group_settle(group);
}

int engine_set_filter(struct engine *engine, uint32_t ifindex, uint64_t socket,
		      struct addr group, const struct filter *filter, uint64_t now)
{
	struct edit edit = { .socket = socket };
	int r = check(engine, group, filter);

	engine_advance(engine, now);
	edit.host = interface_find_host(engine, ifindex, engine_get_family(group));
	if (!edit.host)
		return -ENODEV;
	edit.new = is_membership(filter) ? filter : &no_membership;
	if (!is_membership(filter) && !group_find(edit.host, group))
		return r;
	if (r == 0)
		r = prepare_group(&edit, group);
	if (r < 0)
		return r;
	edit.old_member = group_find_member(edit.group, socket, &edit.position);
	edit.old = get_filter(edit.old_member);
	if (filter_equal(&edit.old, edit.new))
		return 0;
	r = prepare(&edit);
	if (r == 0)
		commit(&edit);
	else
		abandon(&edit);
	return r;
}

int engine_get_filter(const struct engine *engine, uint32_t ifindex, struct addr address,
		      enum filter_mode *ret_mode, struct addr *list, uint32_t *n)
{
	const struct host *host = interface_find_host(engine, ifindex,
						      engine_get_family(address));
	const struct group *group = host ? group_find(host, address) : NULL;
	struct stance stance;
	uint32_t n_listed = 0;

	if (!host)
		return -ENODEV;
	if (!group || !group->n_members)
		return -ENOENT;
	stance = group_get_merged(group);
	for (uint32_t i = 0; i < group->n_sources; i++) {
		if (!stance_lists(&stance, &group->sources[i]))
			continue;
		if (n_listed < *n)
			list[n_listed] = group->sources[i].addr;
		n_listed++;
	}
	*ret_mode = stance.mode;
	*n = n_listed;
	return 0;
}
