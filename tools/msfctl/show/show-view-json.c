/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show-view-json: groups and counters of an interface as objects (see show-view.h).
 *
 * Invariant: jansson's setters return -1 for a value that could not be built, so one
 * look at the end of an object tells whether it is whole.
 */
#include <errno.h>
#include <stdio.h>

#include "jsonline.h"
#include "show-counters.h"
#include "show-view.h"

static json_t *new_source(const struct msf_group_source *source)
{
	return json_pack("{s:o, s:I, s:I}", "address",
			 jsonline_new_address(&source->address), "include",
			 (json_int_t)source->include, "exclude",
			 (json_int_t)source->exclude);
}

static json_t *new_sources(const struct msf_group *group)
{
	json_t *sources = group->has_sources ? json_array() : json_null();
	int r = sources ? 0 : -1;

	for (uint32_t i = 0; group->has_sources && i < group->numsrc && !r; i++)
		r = json_array_append_new(sources, new_source(&group->slist[i]));
	if (!r)
		return sources;
	json_decref(sources);
	return NULL;
}

static json_t *new_number(int value, bool is_known)
{
	return is_known ? json_integer(value) : json_null();
}

int show_view_json_group(const struct show_view *view, const struct msf_group *group)
{
	const struct show_protocol *p =
		&view->protocols[group->group.ss_family == AF_INET6 ? SHOW_MLD
								    : SHOW_IGMP];
	json_t *o = jsonline_new(NULL, NULL);
	int r = 0;

	r |= json_object_set_new(o, "interface", jsonline_new_text(view->interface));
	r |= json_object_set_new(o, "ifindex", json_integer(view->ifindex));
	r |= json_object_set_new(o, "group", jsonline_new_address(&group->group));
	r |= json_object_set_new(o, "mode", json_string(show_view_get_mode(group)));
	r |= json_object_set_new(o, "users", json_integer(group->users));
	r |= json_object_set_new(o, "sources", new_sources(group));
	r |= json_object_set_new(o, "version", json_string(p->version));
	r |= json_object_set_new(o, "forced_version",
				 new_number(p->forced, p->forced >= 0));
	r |= json_object_set_new(o, "querier", json_string(p->querier));
	r |= json_object_set_new(o, "querier_version",
				 new_number(p->querier_version, p->querier_version > 0));
	if (!r)
		return jsonline_write(o, stdout);
	json_decref(o);
	return -ENOMEM;
}

int show_view_json_counters(const struct show_view *view)
{
	json_t *o = jsonline_new("counters", NULL);
	json_t *counters = view ? show_counters_new(view->interface, view->ifindex)
				: show_counters_new_netns();
	int r = 0;

	if (view && view->link.n_multicast >= 0)
		r |= json_object_set_new(counters, "multicast",
					 json_integer(view->link.n_multicast));
	r |= json_object_set_new(o, "interface",
				 jsonline_new_text(view ? view->interface : NULL));
	r |= json_object_set_new(o, "ifindex",
				 view ? json_integer(view->ifindex) : json_null());
	r |= json_object_set_new(o, "counters", counters);
	if (!r)
		return jsonline_write(o, stdout);
	json_decref(o);
	return -ENOMEM;
}
