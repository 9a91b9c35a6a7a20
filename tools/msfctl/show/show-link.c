/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show-link: a link as rtnetlink(7) tells of it (see show-link.h). libnl knows neither
 * the queriers of a bridge nor all counters, so the attributes are read here.
 *
 * Invariant: libnl has checked that a message is whole; each attribute's length is
 * checked where it is read.
 */
#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "show-link.h"

struct answer {
	struct show_link link;
	uint32_t master; /* ifindex; 0: none */
};

static void set_address(struct sockaddr_storage *address, int family,
			const struct nlattr *attr)
{
	static const uint8_t none[sizeof(struct in6_addr)];
	size_t len = family == AF_INET6 ? sizeof(struct in6_addr)
					: sizeof(struct in_addr);
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;

	if (!attr || (size_t)nla_len(attr) != len || !memcmp(nla_data(attr), none, len))
		return;
	address->ss_family = (sa_family_t)family;
	memcpy(family == AF_INET6 ? (void *)&in6->sin6_addr : (void *)&in->sin_addr,
	       nla_data(attr), len);
}

static void read_bridge(struct show_link *link, struct nlattr *info_data)
{
	struct nlattr *data[IFLA_BR_MAX + 1], *state[BRIDGE_QUERIER_MAX + 1];

	if (nla_parse_nested(data, IFLA_BR_MAX, info_data, NULL) < 0 ||
	    !data[IFLA_BR_MCAST_QUERIER_STATE] ||
	    nla_parse_nested(state, BRIDGE_QUERIER_MAX, data[IFLA_BR_MCAST_QUERIER_STATE],
			     NULL) < 0)
		return;
	set_address(&link->querier, AF_INET, state[BRIDGE_QUERIER_IP_ADDRESS]);
	set_address(&link->querier6, AF_INET6, state[BRIDGE_QUERIER_IPV6_ADDRESS]);
}

static void read_info(struct show_link *link, struct nlattr *linkinfo)
{
	struct nlattr *info[IFLA_INFO_MAX + 1];

	if (nla_parse_nested(info, IFLA_INFO_MAX, linkinfo, NULL) < 0)
		return;
	if (info[IFLA_INFO_KIND] && info[IFLA_INFO_DATA] &&
	    !nla_strcmp(info[IFLA_INFO_KIND], "bridge"))
		read_bridge(link, info[IFLA_INFO_DATA]);
}

static int take_answer(struct nl_msg *msg, void *data)
{
	struct nlattr *attrs[IFLA_MAX + 1];
	struct rtnl_link_stats64 stats;
	struct answer *answer = data;

	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(struct ifinfomsg), attrs, IFLA_MAX, NULL) <
	    0)
		return NL_SKIP;
	if (attrs[IFLA_STATS64] &&
	    nla_memcpy(&stats, attrs[IFLA_STATS64], sizeof(stats)) >
		    (int)offsetof(struct rtnl_link_stats64, multicast))
		answer->link.n_multicast = (int64_t)stats.multicast;
	if (attrs[IFLA_MASTER] && nla_len(attrs[IFLA_MASTER]) == sizeof(uint32_t))
		answer->master = nla_get_u32(attrs[IFLA_MASTER]);
	if (attrs[IFLA_LINKINFO])
		read_info(&answer->link, attrs[IFLA_LINKINFO]);
	return NL_OK;
}

static int ask(struct nl_sock *socket, uint32_t ifindex, struct answer *ret)
{
	const struct ifinfomsg request = { .ifi_index = (int)ifindex };
	int r;

	*ret = (struct answer){ .link.n_multicast = -1 };
	r = nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, take_answer, ret);
	if (!r)
		r = nl_send_simple(socket, RTM_GETLINK, 0, (void *)&request,
				   sizeof(request));
	return r < 0 ? r : nl_recvmsgs_default(socket);
}

static int read_link(struct nl_sock *socket, uint32_t ifindex, struct show_link *ret)
{
	struct answer answer, master;
	int r = ask(socket, ifindex, &answer);

	if (r < 0)
		return -ENODEV;
	*ret = answer.link;
	if (answer.master && ask(socket, answer.master, &master) >= 0) {
		ret->querier = master.link.querier;
		ret->querier6 = master.link.querier6;
	}
	return 0;
}

int show_link_read(uint32_t ifindex, struct show_link *ret)
{
	struct nl_sock *socket = nl_socket_alloc();
	int r;

	*ret = (struct show_link){ .n_multicast = -1 };
	if (!socket)
		return -ENOMEM;
	nl_socket_disable_auto_ack(socket);
	r = nl_connect(socket, NETLINK_ROUTE) < 0 ? -EMFILE
						  : read_link(socket, ifindex, ret);
	nl_socket_free(socket);
	return r;
}
