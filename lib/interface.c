/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A netlink socket is opened for each question: one kept in a context would go
 * on asking the namespace that its maker was in.
 */
#include "interface.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/route.h>

#include "sockaddr.h"

/* -ENOMEM, or what the system says of the netlink socket (-EMFILE, ...). */
static int open_netlink(struct nl_sock **ret)
{
	struct nl_sock *sock = nl_socket_alloc();
	int r;

	if (!sock)
		return -ENOMEM;
	errno = 0;
	r = nl_connect(sock, NETLINK_ROUTE);
	if (r < 0) {
		r = r == -NLE_NOMEM ? -ENOMEM : errno ? -errno : -EIO;
		nl_socket_free(sock);
		return r;
	}
	*ret = sock;
	return 0;
}

static enum fault to_fault(int r)
{
	return r == -ENOMEM ? FAULT_MEMORY : FAULT_NETLINK;
}

static struct nl_addr *build_address(struct addr a, int family)
{
	uint8_t bytes[16];

	addr_to_bytes(a, bytes);
	if (family == AF_INET)
		return nl_addr_build(AF_INET, bytes + 12, 4);
	return nl_addr_build(AF_INET6, bytes, 16);
}

static uint32_t search_addresses(struct nl_cache *cache, struct nl_addr *wanted)
{
	struct nl_object *object;

	for (object = nl_cache_get_first(cache); object;
	     object = nl_cache_get_next(object)) {
		struct rtnl_addr *address = (struct rtnl_addr *)object;
		struct nl_addr *local = rtnl_addr_get_local(address);

		/* the prefix length belongs to the comparison, so compare bytes */
		if (local && nl_addr_get_family(local) == nl_addr_get_family(wanted) &&
		    !memcmp(nl_addr_get_binary_addr(local),
			    nl_addr_get_binary_addr(wanted), nl_addr_get_len(wanted)))
			return (uint32_t)rtnl_addr_get_ifindex(address);
	}
	return 0;
}

static enum fault find_address(struct nl_sock *sock, struct nl_addr *wanted,
			       uint32_t *ret_ifindex)
{
	struct nl_cache *cache;
	uint32_t ifindex;
	int r = rtnl_addr_alloc_cache(sock, &cache);

	if (r < 0)
		return r == -NLE_NOMEM ? FAULT_MEMORY : FAULT_NETLINK;
	ifindex = search_addresses(cache, wanted);
	nl_cache_free(cache);
	if (!ifindex)
		return FAULT_INTERFACE_ADDRESS;
	*ret_ifindex = ifindex;
	return FAULT_NONE;
}

static enum fault ask(struct addr address, int family, uint32_t *ret_ifindex,
		      enum fault (*question)(struct nl_sock *, struct nl_addr *,
					     uint32_t *))
{
	struct nl_addr *wanted = build_address(address, family);
	struct nl_sock *sock = NULL;
	enum fault fault;
	int r;

	if (!wanted)
		return FAULT_MEMORY;
	r = open_netlink(&sock);
	if (r < 0) {
		nl_addr_put(wanted);
		return to_fault(r);
	}
	fault = question(sock, wanted, ret_ifindex);
	nl_socket_free(sock);
	nl_addr_put(wanted);
	return fault;
}

enum fault interface_find_address(struct addr address, uint32_t *ret_ifindex)
{
	return ask(address, addr_is_ipv4(address) ? AF_INET : AF_INET6, ret_ifindex,
		   find_address);
}

struct route_answer {
	uint32_t ifindex;
	bool is_short_of_memory;
};

static int read_route(struct nl_msg *msg, void *argument)
{
	struct route_answer *answer = argument;
	struct rtnl_nexthop *hop;
	struct rtnl_route *route;
	int r = rtnl_route_parse(nlmsg_hdr(msg), &route);

	if (r < 0) {
		answer->is_short_of_memory = r == -NLE_NOMEM;
		return NL_SKIP;
	}
	hop = rtnl_route_nexthop_n(route, 0);
	if (hop)
		answer->ifindex = (uint32_t)rtnl_route_nh_get_ifindex(hop);
	rtnl_route_put(route);
	return NL_OK;
}

static int ask_route(struct nl_sock *sock, struct nl_addr *group,
		     struct route_answer *ret_answer)
{
	struct rtmsg rtm = { .rtm_family = (unsigned char)nl_addr_get_family(group),
			     .rtm_dst_len = (unsigned char)(8 * nl_addr_get_len(group)) };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, 0);
	int r;

	if (!msg)
		return -NLE_NOMEM;
	nl_socket_disable_auto_ack(sock);
	r = nlmsg_append(msg, &rtm, sizeof(rtm), NLMSG_ALIGNTO);
	if (!r)
		r = nla_put_addr(msg, RTA_DST, group);
	if (!r)
		r = nl_send_auto(sock, msg);
	nlmsg_free(msg);
	if (r < 0)
		return r;
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, read_route, ret_answer);
	return nl_recvmsgs_default(sock);
}

static enum fault find_route(struct nl_sock *sock, struct nl_addr *group,
			     uint32_t *ret_ifindex)
{
	struct route_answer answer = { 0 };
	int r = ask_route(sock, group, &answer);

	if (r == -NLE_NOMEM || answer.is_short_of_memory)
		return FAULT_MEMORY;
	if (r < 0 || !answer.ifindex)
		return FAULT_NO_ROUTE;
	*ret_ifindex = answer.ifindex;
	return FAULT_NONE;
}

enum fault interface_find_route(struct addr group, int family, uint32_t *ret_ifindex)
{
	return ask(group, family, ret_ifindex, find_route);
}

static int get_link(uint32_t ifindex, const char *name, struct msf_interface *ret)
{
	struct rtnl_link *link = NULL;
	struct nl_sock *sock = NULL;
	int r = open_netlink(&sock);

	if (r < 0)
		return r;
	r = rtnl_link_get_kernel(sock, (int)ifindex, name, &link);
	nl_socket_free(sock);
	if (r < 0)
		return r == -NLE_NOMEM ? -ENOMEM : -ENODEV;
	*ret = (struct msf_interface){
		.ifindex = (uint32_t)rtnl_link_get_ifindex(link),
		.flags = rtnl_link_get_flags(link),
		.mtu = rtnl_link_get_mtu(link),
	};
	strncpy(ret->name, rtnl_link_get_name(link), sizeof(ret->name) - 1);
	rtnl_link_put(link);
	return 0;
}

int interface_get(uint32_t ifindex, struct msf_interface *ret)
{
	if (!ifindex) /* libnl ends the process when it has neither index nor name */
		return -ENODEV;
	return get_link(ifindex, NULL, ret);
}

static int find_by_index(const char *text, struct msf_interface *ret)
{
	char *end;
	unsigned long index;

	if (*text < '0' || *text > '9')
		return -ENODEV;
	errno = 0;
	index = strtoul(text, &end, 10);
	if (*end || errno || !index || index > INT32_MAX)
		return -ENODEV;
	return interface_get((uint32_t)index, ret);
}

static int find_by_address(const char *text, struct msf_interface *ret)
{
	struct addr address;
	uint32_t ifindex;
	uint8_t bytes[16];
	struct in_addr in;

	if (inet_pton(AF_INET, text, &in) == 1)
		address = addr_from_ipv4(ntohl(in.s_addr));
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		address = addr_from_bytes(bytes);
	else
		return -ENODEV;
	switch (interface_find_address(address, &ifindex)) {
	case FAULT_NONE:
		return interface_get(ifindex, ret);
	case FAULT_MEMORY:
		return -ENOMEM;
	case FAULT_NETLINK:
		return -EMFILE;
	default:
		return -ENODEV;
	}
}

int msf_find_interface(struct msf *msf, const char *text, struct msf_interface *ret)
{
	int r = -ENODEV;

	(void)msf; /* interfaces are the system's, whatever the context */
	if (!text)
		return -EFAULT;
	if (*text && strlen(text) < IF_NAMESIZE)
		r = get_link(0, text, ret);
	if (r == -ENODEV)
		r = find_by_index(text, ret);
	if (r == -ENODEV)
		r = find_by_address(text, ret);
	return r;
}
