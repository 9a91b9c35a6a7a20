/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor-groups: the known groups in a tree (see monitor-groups.h).
 *
 * Invariant: the list of a known group is its own copy, so that it outlives the look
 * that it comes from.
 */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "monitor-address.h"
#include "monitor-groups.h"

/* What is known of a group. */
struct known {
	struct msf_group group; /* first: the key; its list is owned */
	uint64_t n_look;        /* the last look that saw it, or a join since then */
};

struct monitor_groups {
	const struct monitor_links *links;
	struct monitor_report *report;
	void *tree; /* of struct known */
	uint64_t n_look;
};

static int compare(const void *a, const void *b)
{
	return monitor_address_compare_groups(a, b);
}

int monitor_groups_new(struct monitor_groups **ret, const struct monitor_links *links,
		       struct monitor_report *report)
{
	struct monitor_groups *groups = calloc(1, sizeof(*groups));

	if (!groups)
		return -ENOMEM;
	groups->links = links;
	groups->report = report;
	*ret = groups;
	return 0;
}

static void free_list(struct msf_group *group)
{
	free((void *)group->slist);
	group->slist = NULL;
}

static void free_known(void *data)
{
	struct known *known = data;

	free_list(&known->group);
	free(known);
}

struct monitor_groups *monitor_groups_free(struct monitor_groups *groups)
{
	if (groups)
		tdestroy(groups->tree, free_known);
	free(groups);
	return NULL;
}

static int read_groups(struct monitor_look *look)
{
	struct msf_group group;
	size_t capacity = 0;

	while (msf_state_pop_group(look->state, &group) > 0) {
		if (look->n_groups == capacity) {
			struct msf_group *groups;

			capacity = capacity ? 2 * capacity : 64;
			groups = reallocarray(look->groups, capacity, sizeof(*groups));
			if (!groups)
				return -ENOMEM;
			look->groups = groups;
		}
		look->groups[look->n_groups++] = group;
	}
	return 0;
}

int monitor_look_init(struct monitor_look *look)
{
	int r;

	*look = (struct monitor_look){ 0 };
	clock_gettime(CLOCK_REALTIME, &look->when);
	r = msf_state_scan_groups(&look->state, NULL);
	if (r == 0)
		r = read_groups(look);
	if (r == 0 && look->n_groups) {
		look->is_claimed = calloc(look->n_groups, sizeof(*look->is_claimed));
		r = look->is_claimed ? 0 : -ENOMEM;
	}
	if (r == 0 && look->n_groups)
		qsort(look->groups, look->n_groups, sizeof(*look->groups), compare);
	return r;
}

void monitor_look_fini(struct monitor_look *look)
{
	free(look->is_claimed);
	free(look->groups);
	msf_state_free(look->state);
	*look = (struct monitor_look){ 0 };
}

static struct msf_group make_key(const struct msf_event *event)
{
	return (struct msf_group){ .ifindex = event->ifindex,
				   .group = event->address,
				   .fmode = -1 };
}

const struct msf_group *monitor_look_claim(struct monitor_look *look,
					   const struct msf_event *event)
{
	struct msf_group key = make_key(event), *group = NULL;

	if (look->n_groups)
		group = bsearch(&key, look->groups, look->n_groups, sizeof(*look->groups),
				compare);
	if (!group || look->is_claimed[group - look->groups])
		return NULL;
	look->is_claimed[group - look->groups] = true;
	return group;
}

static struct known *find(const struct monitor_groups *groups,
			  const struct msf_group *group)
{
	void *node = tfind(group, &groups->tree, compare);

	return node ? *(struct known **)node : NULL;
}

/* A list of its own. */
static int copy_group(struct msf_group *ret, const struct msf_group *group)
{
	struct msf_group_source *slist = NULL;

	if (group->numsrc) {
		slist = calloc(group->numsrc, sizeof(*slist));
		if (!slist)
			return -ENOMEM;
		memcpy(slist, group->slist, group->numsrc * sizeof(*slist));
	}
	*ret = *group;
	ret->slist = slist;
	return 0;
}

static int add(struct monitor_groups *groups, const struct msf_group *group)
{
	struct known *known = calloc(1, sizeof(*known));

	if (!known)
		return -ENOMEM;
	known->n_look = groups->n_look;
	if (copy_group(&known->group, group) < 0 ||
	    !tsearch(known, &groups->tree, compare)) {
		free_known(known);
		return -ENOMEM;
	}
	return 0;
}

static void del(struct monitor_groups *groups, struct known *known)
{
	tdelete(known, &groups->tree, compare);
	free_known(known);
}

static bool is_wanted(const struct monitor_groups *groups, uint32_t ifindex)
{
	return monitor_links_is_wanted(groups->links, ifindex);
}

static void tell(struct monitor_groups *groups, const struct timespec *when,
		 const char *event, const struct msf_group *now,
		 const struct msf_group *was)
{
	struct msf_group group = *now;
	const char *name = monitor_links_get_name(groups->links, now->ifindex);

	/* It may have another name since the look. */
	if (*name)
		strncpy(group.interface, name, sizeof(group.interface) - 1);
	monitor_report_group(groups->report, when, event, &group, was);
}

static void tell_leave(struct monitor_groups *groups, const struct timespec *when,
		       const struct msf_group *group)
{
	struct msf_group now = { .ifindex = group->ifindex,
				 .group = group->group,
				 .fmode = -1,
				 .has_sources = 1 };

	memcpy(now.interface, group->interface, sizeof(now.interface));
	tell(groups, when, "leave", &now, NULL);
}

int monitor_groups_join(struct monitor_groups *groups, const struct msf_event *event,
			const struct timespec *when, const struct msf_group *seen)
{
	struct msf_group group = make_key(event);
	int r;

	if (!is_wanted(groups, event->ifindex) || find(groups, &group))
		return 0;
	if (!seen)
		seen = &group;
	r = add(groups, seen);
	if (r == 0)
		tell(groups, when, "join", seen, NULL);
	return r;
}

void monitor_groups_leave(struct monitor_groups *groups, const struct msf_event *event,
			  const struct timespec *when)
{
	struct msf_group key = make_key(event);
	struct known *known = find(groups, &key);

	if (!known)
		return;
	tell_leave(groups, when, &known->group);
	del(groups, known);
}

/* Which of them leave_selected() takes out of the tree. */
struct selection {
	uint32_t ifindex; /* 0: those that the last look did not see */
	uint64_t n_look;
	struct known **list; /* owned; NULL: only count */
	size_t n_list;
};

static void select_known(const void *node, VISIT visit, void *data)
{
	struct selection *selection = data;
	struct known *known = *(struct known *const *)node;

	if (visit != postorder && visit != leaf)
		return;
	if (selection->ifindex ? known->group.ifindex != selection->ifindex
			       : known->n_look == selection->n_look)
		return;
	if (selection->list)
		selection->list[selection->n_list] = known;
	selection->n_list++;
}

/* A tree must not change while it is walked. */
static int leave_selected(struct monitor_groups *groups, uint32_t ifindex,
			  const struct timespec *when)
{
	struct selection selection = { .ifindex = ifindex, .n_look = groups->n_look };

	twalk_r(groups->tree, select_known, &selection);
	if (!selection.n_list)
		return 0;
	selection.list = calloc(selection.n_list, sizeof(struct known *));
	if (!selection.list)
		return -ENOMEM;
	selection.n_list = 0;
	twalk_r(groups->tree, select_known, &selection);
	for (size_t i = 0; i < selection.n_list; i++) {
		tell_leave(groups, when, &selection.list[i]->group);
		del(groups, selection.list[i]);
	}
	free(selection.list);
	return 0;
}

int monitor_groups_leave_all(struct monitor_groups *groups, uint32_t ifindex,
			     const struct timespec *when)
{
	return leave_selected(groups, ifindex, when);
}

static bool is_same_list(const struct msf_group *a, const struct msf_group *b)
{
	if (a->numsrc != b->numsrc)
		return false;
	for (uint32_t i = 0; i < a->numsrc; i++)
		if (a->slist[i].include != b->slist[i].include ||
		    a->slist[i].exclude != b->slist[i].exclude ||
		    monitor_address_compare(&a->slist[i].address, &b->slist[i].address))
			return false;
	return true;
}

/* What cannot be known at the moment, and was known before, has not changed as far as
 * anybody can say: as long as the users are the same. */
static struct msf_group combine(const struct msf_group *was, const struct msf_group *seen)
{
	struct msf_group now = *seen;

	if (was->users != seen->users)
		return now;
	if (now.fmode < 0)
		now.fmode = was->fmode;
	if (!now.has_sources) {
		now.has_sources = was->has_sources;
		now.numsrc = was->numsrc;
		now.slist = was->slist;
	}
	return now;
}

static bool is_same(const struct msf_group *a, const struct msf_group *b)
{
	return a->users == b->users && a->fmode == b->fmode &&
	       a->has_sources == b->has_sources && is_same_list(a, b);
}

static int update(struct monitor_groups *groups, const struct timespec *when,
		  struct known *known, const struct msf_group *seen)
{
	struct msf_group now = combine(&known->group, seen), copy;
	int r;

	known->n_look = groups->n_look;
	if (is_same(&known->group, &now))
		return 0;
	r = copy_group(&copy, &now);
	if (r < 0)
		return r;
	tell(groups, when, "sources", &copy, &known->group);
	free_list(&known->group);
	known->group = copy;
	return 0;
}

static int take_group(struct monitor_groups *groups, const struct timespec *when,
		      const struct msf_group *seen, const char *event)
{
	struct known *known = find(groups, seen);
	int r;

	if (!is_wanted(groups, seen->ifindex))
		return 0;
	if (known)
		return update(groups, when, known, seen);
	r = add(groups, seen);
	if (r == 0 && event)
		tell(groups, when, event, seen, NULL);
	return r;
}

static int take_groups(struct monitor_groups *groups, const struct monitor_look *look,
		       const char *event)
{
	int r = 0;

	groups->n_look++;
	for (size_t i = 0; i < look->n_groups && r == 0; i++)
		r = take_group(groups, &look->when, &look->groups[i], event);
	return r;
}

int monitor_groups_compare(struct monitor_groups *groups, const struct monitor_look *look)
{
	int r = take_groups(groups, look, "join");

	return r == 0 ? leave_selected(groups, 0, &look->when) : r;
}

int monitor_groups_start(struct monitor_groups *groups, const struct monitor_look *look,
			 bool is_told)
{
	return take_groups(groups, look, is_told ? "state" : NULL);
}
