/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * links: the interfaces of this network namespace, by rtnetlink(7) (see links.h).
 */
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/cache.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vlan.h>

#include "links.h"

/* A port of a bond that is a port of a bridge; nobody goes further. */
#define MASTERS_MAX 4

static int compare_links(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	return (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
}

static int compare_vlans(const void *a, const void *b)
{
	const struct link_vlan *x = a, *y = b;

	if (x->lower != y->lower)
		return x->lower < y->lower ? -1 : 1;
	return (x->vlan > y->vlan) - (x->vlan < y->vlan);
}

/* Packets stay with the ports of a VRF: memberships are theirs. */
static bool is_taking(struct nl_cache *cache, uint32_t master)
{
	struct rtnl_link *link = rtnl_link_get(cache, (int)master);
	const char *type = link ? rtnl_link_get_type(link) : NULL;
	bool is = type && strcmp(type, "vrf") != 0;

	if (link)
		rtnl_link_put(link);
	return is;
}

static void add_link(struct links *links, struct nl_cache *cache, struct rtnl_link *from)
{
	struct link *link = &links->links[links->n_links++];
	uint32_t master = (uint32_t)rtnl_link_get_master(from);
	const char *name = rtnl_link_get_name(from);

	*link = (struct link){ .ifindex = (uint32_t)rtnl_link_get_ifindex(from) };
	if (name)
		strncpy(link->name, name, sizeof(link->name) - 1);
	if (master && is_taking(cache, master))
		link->master = master;
	if (rtnl_link_is_vlan(from))
		links->vlans[links->n_vlans++] = (struct link_vlan){
			.lower = (uint32_t)rtnl_link_get_link(from),
			.vlan = (uint32_t)rtnl_link_vlan_get_id(from),
			.ifindex = link->ifindex,
		};
}

static int read_links(struct links *links, struct nl_cache *cache)
{
	size_t n = (size_t)nl_cache_nitems(cache);
	struct nl_object *object;

	links->links = calloc(n + 1, sizeof(*links->links));
	links->vlans = calloc(n + 1, sizeof(*links->vlans));
	if (!links->links || !links->vlans)
		return -ENOMEM;
	for (object = nl_cache_get_first(cache); object;
	     object = nl_cache_get_next(object))
		add_link(links, cache, (struct rtnl_link *)object);
	qsort(links->links, links->n_links, sizeof(*links->links), compare_links);
	qsort(links->vlans, links->n_vlans, sizeof(*links->vlans), compare_vlans);
	return 0;
}

static int look(struct links *links, struct nl_sock *sock)
{
	struct nl_cache *cache;
	int r;

	errno = 0;
	if (nl_connect(sock, NETLINK_ROUTE) < 0)
		return errno ? -errno : -EIO;
	r = rtnl_link_alloc_cache(sock, AF_UNSPEC, &cache);
	if (r < 0)
		return r == -NLE_NOMEM ? -ENOMEM : -EIO;
	r = read_links(links, cache);
	nl_cache_free(cache);
	return r;
}

int links_refresh(struct links *links)
{
	struct nl_sock *sock = nl_socket_alloc();
	int r;

	links_fini(links);
	if (!sock)
		return -ENOMEM;
	r = look(links, sock);
	nl_socket_free(sock);
	if (r < 0)
		links_fini(links);
	return r;
}

void links_fini(struct links *links)
{
	free(links->links);
	free(links->vlans);
	links->links = NULL;
	links->vlans = NULL;
	links->n_links = links->n_vlans = 0;
}

uint32_t links_find(const struct links *links, const char *name)
{
	for (uint32_t i = 0; i < links->n_links; i++)
		if (strcmp(links->links[i].name, name) == 0)
			return links->links[i].ifindex;
	return 0;
}

static uint32_t get_master(const struct links *links, uint32_t ifindex)
{
	const struct link key = { .ifindex = ifindex };
	const struct link *link = links->n_links
					  ? bsearch(&key, links->links, links->n_links,
						    sizeof(key), compare_links)
					  : NULL;

	return link ? link->master : 0;
}

static uint32_t get_vlan(const struct links *links, uint32_t lower, uint16_t vlan)
{
	const struct link_vlan key = { .lower = lower, .vlan = vlan };
	const struct link_vlan *found = links->n_vlans
						? bsearch(&key, links->vlans,
							  links->n_vlans, sizeof(key),
							  compare_vlans)
						: NULL;

	return found ? found->ifindex : 0;
}

/* Linux looks for the VLAN device first, and for the master of the port then. */
uint32_t links_get_receiver(const struct links *links, uint32_t ifindex, uint16_t vlan)
{
	for (int i = 0; i < MASTERS_MAX; i++) {
		uint32_t master, upper = vlan ? get_vlan(links, ifindex, vlan) : 0;

		if (upper) {
			ifindex = upper;
			vlan = 0;
		}
		master = get_master(links, ifindex);
		if (!master)
			break;
		ifindex = master;
	}
	return vlan ? 0 : ifindex;
}
