/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hold: what is to be held, and on which interfaces it is (see hold.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "hold-link.h"
#include "hold.h"
#include "output.h"

struct hold {
	struct hold_filter filter;
	struct hold_link *links; /* owned */
	uint32_t n_links;
};

static int compare_addresses(const void *a, const void *b)
{
	return address_compare(a, b);
}

static size_t count_groups(const struct hold_settings *settings)
{
	size_t n = 0;

	for (uint32_t i = 0; i < settings->n_groups; i++)
		n += settings->groups[i].n_groups;
	return n;
}

static int copy_groups(struct hold_filter *filter, const struct hold_settings *settings)
{
	uint32_t n = 0, n_kept = 0;

	filter->groups = calloc(count_groups(settings) + 1, sizeof(*filter->groups));
	if (!filter->groups)
		return -ENOMEM;
	for (uint32_t i = 0; i < settings->n_groups; i++)
		for (uint32_t j = 0; j < settings->groups[i].n_groups; j++) {
			struct sockaddr_storage group;

			if (endpoint_get_group(&settings->groups[i], j, &group) < 0)
				return -EINVAL;
			filter->groups[n++] = address_get(&group);
		}
	qsort(filter->groups, n, sizeof(*filter->groups), compare_addresses);
	/* Ports do not matter: 232.1.1.1:5000 and 232.1.1.1:5001 are one group. */
	for (uint32_t i = 0; i < n; i++)
		if (!i || address_compare(&filter->groups[i], &filter->groups[i - 1]))
			filter->groups[n_kept++] = filter->groups[i];
	filter->n_groups = n_kept;
	return 0;
}

static int copy_sources(struct hold_filter *filter, const struct hold_settings *settings)
{
	filter->fmode = settings->fmode;
	filter->numsrc = settings->numsrc;
	if (!settings->numsrc)
		return 0;
	filter->slist = calloc(settings->numsrc, sizeof(*filter->slist));
	if (!filter->slist)
		return -ENOMEM;
	memcpy(filter->slist, settings->slist, settings->numsrc * sizeof(*filter->slist));
	qsort(filter->slist, filter->numsrc, sizeof(*filter->slist),
	      endpoint_compare_addresses);
	return 0;
}

/* Whatever the environment says: nothing here was written for another table. */
static int open_library(struct hold_filter *filter)
{
	struct msf_config *config = NULL;
	int r = msf_config_new(&config);

	if (r == 0)
		r = msf_config_set_semantics(config, MSF_SEMANTICS_TABLE);
	/* They never receive. */
	if (r == 0)
		r = msf_config_set_receive_calls(config, 1);
	if (r == 0)
		r = msf_new(&filter->msf, config);
	msf_config_free(config);
	return r;
}

static int copy_settings(struct hold *hold, const struct hold_settings *settings)
{
	int r = open_library(&hold->filter);

	if (r == 0)
		r = copy_groups(&hold->filter, settings);
	if (r == 0)
		r = copy_sources(&hold->filter, settings);
	if (r < 0)
		return r;
	hold->links = calloc((size_t)settings->n_interfaces + 1, sizeof(*hold->links));
	if (!hold->links)
		return -ENOMEM;
	hold->n_links = settings->n_interfaces;
	for (uint32_t i = 0; i < hold->n_links; i++)
		hold->links[i].interface = settings->interfaces[i];
	return 0;
}

int hold_new(struct hold **ret, const struct hold_settings *settings)
{
	struct hold *hold = calloc(1, sizeof(*hold));
	int r = hold ? copy_settings(hold, settings) : -ENOMEM;

	if (r < 0)
		output_error("--join", "%s", strerror(-r));
	files_raise_limit();
	for (uint32_t i = 0; r == 0 && i < hold->n_links; i++)
		r = hold_link_join(&hold->links[i], &hold->filter);
	if (r < 0) {
		hold_free(hold);
		return r;
	}
	*ret = hold;
	return 0;
}

struct hold *hold_free(struct hold *hold)
{
	if (!hold)
		return NULL;
	for (uint32_t i = 0; i < hold->n_links; i++)
		hold_link_leave(&hold->links[i]);
	free(hold->links);
	msf_free(hold->filter.msf);
	free(hold->filter.groups);
	free(hold->filter.slist);
	free(hold);
	return NULL;
}

void hold_drop(struct hold *hold, uint32_t ifindex)
{
	for (uint32_t i = 0; i < hold->n_links; i++)
		if (hold->links[i].interface.ifindex == ifindex)
			hold_link_leave(&hold->links[i]);
}

static int renew(struct hold *hold, struct hold_link *link, uint32_t ifindex)
{
	if (ifindex == link->interface.ifindex &&
	    hold_link_is_in_force(link, &hold->filter))
		return 0;
	hold_link_leave(link);
	link->interface.ifindex = ifindex;
	return hold_link_join(link, &hold->filter);
}

int hold_renew(struct hold *hold, uint32_t ifindex)
{
	char name[IF_NAMESIZE];
	int r = 0;

	if (!if_indextoname(ifindex, name))
		return 0; /* gone again */
	for (uint32_t i = 0; r == 0 && i < hold->n_links; i++)
		if (strcmp(hold->links[i].interface.name, name) == 0)
			r = renew(hold, &hold->links[i], ifindex);
	return r;
}

static bool is_listed(const struct hold_filter *filter,
		      const struct sockaddr_storage *source)
{
	struct address address = address_get(source);

	return filter->numsrc &&
	       bsearch(&address, filter->slist, filter->numsrc, sizeof(*filter->slist),
		       address_compare_sockaddr);
}

int hold_judge(const struct hold *hold, uint32_t ifindex,
	       const struct sockaddr_storage *group,
	       const struct sockaddr_storage *source)
{
	const struct hold_filter *filter = &hold->filter;
	struct address key = address_get(group);
	bool is_held = false;

	for (uint32_t i = 0; i < hold->n_links; i++)
		is_held |= hold->links[i].is_held &&
			   hold->links[i].interface.ifindex == ifindex;
	if (!is_held || !filter->n_groups ||
	    !bsearch(&key, filter->groups, filter->n_groups, sizeof(key),
		     compare_addresses))
		return -1;
	return is_listed(filter, source) == (filter->fmode == MCAST_INCLUDE);
}
