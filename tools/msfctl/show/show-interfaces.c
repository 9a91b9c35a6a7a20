/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show-interfaces: the merged state of each interface (RFC 3376 3.2), the version of
 * IGMP or MLD in force, the querier, and what the kernel has counted.
 *
 * Invariant: the groups of an interface come one after the other, so that a block is
 * whole when the next interface begins.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "output.h"
#include "show-querier.h"
#include "show-view.h"
#include "show.h"

struct blocks {
	const struct show *show;
	const struct querier_list *queriers; /* NULL: nobody listened */
	struct show_view view;               /* of the block in hand; index 0: none */
	struct columns *columns;
	bool has_block; /* one was printed: the next one stands apart */
};

static int end_block(struct blocks *blocks)
{
	int r;

	if (!blocks->view.ifindex)
		return 0;
	if (blocks->show->is_json)
		return show_view_json_counters(&blocks->view);
	r = columns_print(blocks->columns, stdout);
	blocks->columns = columns_free(blocks->columns);
	return r;
}

static int begin_block(struct blocks *blocks, uint32_t ifindex, const char *name)
{
	int r = end_block(blocks);

	if (r < 0)
		return r;
	show_view_look(&blocks->view, blocks->queriers, ifindex, name);
	if (blocks->show->is_json)
		return 0;
	r = show_view_new_columns(&blocks->columns);
	if (r < 0)
		return r;
	if (blocks->has_block)
		putchar('\n');
	blocks->has_block = true;
	return show_view_print(&blocks->view);
}

static int add_group(struct blocks *blocks, const struct msf_group *group)
{
	const struct show *show = blocks->show;
	int r = 0;

	if (!show_filter_has_interface(&show->filter, show->filter.netns, group->ifindex,
				       group->interface) ||
	    !show_filter_has_group(&show->filter, &group->group))
		return 0;
	if (group->ifindex != blocks->view.ifindex)
		r = begin_block(blocks, group->ifindex, group->interface);
	if (r < 0)
		return r;
	if (show->is_json)
		return show_view_json_group(&blocks->view, group);
	return show_view_add_row(blocks->columns, group, show->is_whole);
}

/* The one that was asked for has no group: that is worth a block of its own. */
static int add_named(struct blocks *blocks)
{
	const struct show_filter *filter = &blocks->show->filter;
	char name[IF_NAMESIZE];

	if (!filter->ifindex || blocks->view.ifindex ||
	    !if_indextoname(filter->ifindex, name))
		return 0;
	return begin_block(blocks, filter->ifindex, name);
}

static int print_netns(struct blocks *blocks)
{
	const struct show_filter *filter = &blocks->show->filter;

	if (filter->interface || filter->group.ss_family != AF_UNSPEC)
		return 0;
	if (blocks->show->is_json)
		return show_view_json_counters(NULL);
	if (blocks->has_block)
		putchar('\n');
	return show_view_print(NULL);
}

static int print_blocks(struct blocks *blocks, struct msf_state *state)
{
	struct msf_group group;
	int r = 0;

	while (!r && msf_state_pop_group(state, &group) > 0)
		r = add_group(blocks, &group);
	if (!r)
		r = add_named(blocks);
	if (!r)
		r = end_block(blocks);
	if (!r)
		r = print_netns(blocks);
	columns_free(blocks->columns);
	return r;
}

static int listen_for_queriers(const struct show *show, struct querier_list **ret)
{
	int r;

	if (!show->listen_ms)
		return 0;
	r = show_querier_listen(ret, show->filter.ifindex, show->listen_ms);
	if (r == -EPERM)
		output_error("--listen",
			     "not permitted: run as root, or with CAP_NET_RAW");
	else if (r < 0)
		output_error("--listen", "%s", strerror(-r));
	return r;
}

static int print_all(const struct show *show, const struct querier_list *queriers)
{
	struct blocks blocks = { .show = show, .queriers = queriers };
	struct msf_state *state;
	int r = msf_state_scan_groups(&state, NULL);

	if (r < 0) {
		output_error("show", "cannot look at the groups: %s", strerror(-r));
		return OUTPUT_FAILED;
	}
	r = print_blocks(&blocks, state);
	msf_state_free(state);
	return show_end(r);
}

int show_interfaces(const struct show *show)
{
	struct querier_list *queriers = NULL;
	int r;

	if (show->filter.interface && !show->filter.ifindex) {
		output_error(show->filter.interface,
			     "no such interface; ip link lists them");
		return OUTPUT_FAILED;
	}
	if (listen_for_queriers(show, &queriers) < 0)
		return OUTPUT_FAILED;
	r = print_all(show, queriers);
	querier_list_free(queriers);
	return r;
}
