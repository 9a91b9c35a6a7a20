/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show-view: an interface in hand (see show-view.h).
 *
 * Invariant: what is not known is said to be unknown, nothing is guessed.
 */
#include <stdio.h>
#include <string.h>

#include "show-view.h"

static void find_querier(const struct show_view *view,
			 const struct querier_list *queriers,
			 struct show_protocol *protocol)
{
	const struct querier *heard =
		queriers ? querier_list_find(queriers, view->ifindex, protocol->family)
			 : NULL;
	const struct sockaddr_storage *of_bridge = protocol->family == AF_INET6
							   ? &view->link.querier6
							   : &view->link.querier;

	strcpy(protocol->querier, SHOW_UNKNOWN);
	protocol->querier_version = heard ? heard->version : 0;
	if (heard || of_bridge->ss_family != AF_UNSPEC)
		endpoint_format_address(heard ? &heard->address : of_bridge,
					protocol->querier, sizeof(protocol->querier));
}

/* Linux does not tell the version of MLD, but the old one is in force where it is
 * forced, or a query of it was heard (RFC 3810 8.2.1). */
static void find_version(const struct show_view *view, struct show_protocol *protocol)
{
	int version = msf_state_get_version(NULL, view->ifindex, protocol->family);

	protocol->forced = msf_state_get_forced_version(NULL, view->ifindex,
							protocol->family);
	if (protocol->forced < 0)
		protocol->forced = -1;
	if (version <= 0 && protocol->forced > 0)
		version = protocol->forced;
	if (version <= 0 && protocol->querier_version == 1)
		version = 1;
	if (version > 0)
		snprintf(protocol->version, sizeof(protocol->version), "%d", version);
	else
		strcpy(protocol->version, SHOW_UNKNOWN);
}

void show_view_look(struct show_view *view, const struct querier_list *queriers,
		    uint32_t ifindex, const char *name)
{
	*view = (struct show_view){
		.ifindex = ifindex,
		.protocols = { [SHOW_IGMP] = { .name = "IGMP", .family = AF_INET },
			       [SHOW_MLD] = { .name = "MLD", .family = AF_INET6 } },
	};
	snprintf(view->interface, sizeof(view->interface), "%s", name);
	show_link_read(ifindex, &view->link);
	for (size_t i = 0; i < SHOW_N_PROTOCOLS; i++) {
		find_querier(view, queriers, &view->protocols[i]);
		find_version(view, &view->protocols[i]);
	}
}

const char *show_view_get_mode(const struct msf_group *group)
{
	if (group->fmode < 0)
		return SHOW_UNKNOWN;
	return group->fmode == MCAST_INCLUDE ? "include" : "exclude";
}
