/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netlink: questions to rtnetlink(7) (see doctor-netlink.h).
 *
 * Invariant: one question at a time, read to the end of its answer; lengths are
 * checked by libnl before a value is taken.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>

#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "doctor-netlink.h"

struct netlink {
	struct nl_sock *sock;
};

/* What an answer is read into; the handler knows what it is. */
struct answer {
	int error; /* 0 or -errno */
	bool is_found;
	int family;
	uint32_t ifindex;
	const struct sockaddr_storage *group;
	void *ret;
	unsigned int n, max;
};

int netlink_new(struct netlink **ret)
{
	struct netlink *netlink = calloc(1, sizeof(*netlink));
	int r;

	if (!netlink)
		return -ENOMEM;
	netlink->sock = nl_socket_alloc();
	if (!netlink->sock) {
		netlink_free(netlink);
		return -ENOMEM;
	}
	errno = 0;
	if (nl_connect(netlink->sock, NETLINK_ROUTE) < 0) {
		r = errno ? -errno : -EIO;
		netlink_free(netlink);
		return r;
	}
	/* An answer is the acknowledgement. */
	nl_socket_disable_auto_ack(netlink->sock);
	*ret = netlink;
	return 0;
}

struct netlink *netlink_free(struct netlink *netlink)
{
	if (netlink && netlink->sock)
		nl_socket_free(netlink->sock);
	free(netlink);
	return NULL;
}

static int handle_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *data)
{
	struct answer *answer = data;

	(void)from;
	answer->error = error->error;
	return NL_STOP;
}

/* NULL: no memory. */
static struct nl_msg *build(int type, int flags, const void *header, size_t len)
{
	struct nl_msg *message = nlmsg_alloc_simple(type, NLM_F_REQUEST | flags);

	if (message && nlmsg_append(message, (void *)header, len, NLMSG_ALIGNTO) < 0) {
		nlmsg_free(message);
		message = NULL;
	}
	return message;
}

/* Takes the message; NULL is -ENOMEM. */
static int ask(struct netlink *netlink, struct nl_msg *message,
	       nl_recvmsg_msg_cb_t handler, struct answer *answer)
{
	struct nl_cb *cb;
	int r;

	if (!message)
		return -ENOMEM;
	cb = nl_cb_alloc(NL_CB_DEFAULT);
	if (!cb) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, handler, answer);
	nl_cb_err(cb, NL_CB_CUSTOM, handle_error, answer);
	r = nl_send_auto(netlink->sock, message);
	nlmsg_free(message);
	if (r >= 0)
		r = nl_recvmsgs(netlink->sock, cb);
	nl_cb_put(cb);
	if (answer->error)
		return answer->error;
	return r >= 0 ? 0 : r == -NLE_NOMEM ? -ENOMEM : -EIO;
}

static void copy_text(char *to, size_t size, struct nlattr *attribute)
{
	if (attribute)
		nla_strlcpy(to, attribute, size);
}

/* 0: it is not there, or too short; the same below. */
static uint8_t get_octet(struct nlattr *attribute)
{
	return attribute && nla_len(attribute) >= 1 ? nla_get_u8(attribute) : 0;
}

static bool get_bool(struct nlattr *attribute)
{
	return get_octet(attribute) != 0;
}

static uint32_t get_number(struct nlattr *attribute)
{
	if (!attribute || nla_len(attribute) < (int)sizeof(uint32_t))
		return 0;
	return nla_get_u32(attribute);
}

static void put_address(struct sockaddr_storage *ret, int family, const void *bytes)
{
	*ret = (struct sockaddr_storage){ .ss_family = (sa_family_t)family };
	if (family == AF_INET)
		memcpy(&((struct sockaddr_in *)ret)->sin_addr, bytes, 4);
	else
		memcpy(&((struct sockaddr_in6 *)ret)->sin6_addr, bytes, 16);
}

static const void *get_bytes(const struct sockaddr_storage *address, int *ret_len)
{
	if (address->ss_family == AF_INET) {
		*ret_len = 4;
		return &((const struct sockaddr_in *)address)->sin_addr;
	}
	*ret_len = 16;
	return &((const struct sockaddr_in6 *)address)->sin6_addr;
}

static bool is_address(struct nlattr *attribute, int family)
{
	return attribute && nla_len(attribute) >= (family == AF_INET ? 4 : 16);
}

static void read_port(struct nlattr *info, struct netlink_link *link)
{
	struct nlattr *port[IFLA_BRPORT_MAX + 1];

	if (nla_parse_nested(port, IFLA_BRPORT_MAX, info, NULL) < 0)
		return;
	link->has_port = true;
	link->port_router = get_octet(port[IFLA_BRPORT_MULTICAST_ROUTER]);
	link->is_port_flooded = !port[IFLA_BRPORT_MCAST_FLOOD] ||
				get_bool(port[IFLA_BRPORT_MCAST_FLOOD]);
}

static int handle_link(struct nl_msg *message, void *data)
{
	struct nlattr *attributes[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	struct answer *answer = data;
	struct netlink_link *link = answer->ret;
	struct nlmsghdr *header = nlmsg_hdr(message);
	const struct ifinfomsg *fixed = nlmsg_data(header);

	if (header->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(header, sizeof(*fixed), attributes, IFLA_MAX, NULL) < 0)
		return NL_SKIP;
	*link = (struct netlink_link){ .ifindex = (uint32_t)fixed->ifi_index };
	copy_text(link->name, sizeof(link->name), attributes[IFLA_IFNAME]);
	link->master = get_number(attributes[IFLA_MASTER]);
	answer->is_found = true;
	if (!attributes[IFLA_LINKINFO] ||
	    nla_parse_nested(info, IFLA_INFO_MAX, attributes[IFLA_LINKINFO], NULL) < 0)
		return NL_OK;
	copy_text(link->kind, sizeof(link->kind), info[IFLA_INFO_KIND]);
	copy_text(link->slave_kind, sizeof(link->slave_kind), info[IFLA_INFO_SLAVE_KIND]);
	if (!strcmp(link->slave_kind, "bridge") && info[IFLA_INFO_SLAVE_DATA])
		read_port(info[IFLA_INFO_SLAVE_DATA], link);
	return NL_OK;
}

static int ask_link(struct netlink *netlink, uint32_t ifindex,
		    nl_recvmsg_msg_cb_t handler, struct answer *answer)
{
	struct ifinfomsg fixed = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };
	int r = ask(netlink, build(RTM_GETLINK, 0, &fixed, sizeof(fixed)), handler,
		    answer);

	return r == 0 && !answer->is_found ? -ENODEV : r;
}

int netlink_get_link(struct netlink *netlink, uint32_t ifindex, struct netlink_link *ret)
{
	struct answer answer = { .ret = ret };

	return ask_link(netlink, ifindex, handle_link, &answer);
}

/* A timer that runs: somebody else asks. */
static void read_querier(struct nlattr *state, int family, struct netlink_bridge *bridge)
{
	struct nlattr *querier[BRIDGE_QUERIER_MAX + 1];
	bool is_v4 = family == AF_INET;
	struct nlattr *address, *timer;

	if (nla_parse_nested(querier, BRIDGE_QUERIER_MAX, state, NULL) < 0)
		return;
	address =
		querier[is_v4 ? BRIDGE_QUERIER_IP_ADDRESS : BRIDGE_QUERIER_IPV6_ADDRESS];
	timer = querier[is_v4 ? BRIDGE_QUERIER_IP_OTHER_TIMER
			      : BRIDGE_QUERIER_IPV6_OTHER_TIMER];
	if (!is_address(address, family) || !timer || nla_len(timer) < 8 ||
	    nla_get_u64(timer) == 0)
		return;
	bridge->has_other = true;
	put_address(&bridge->other, family, nla_data(address));
}

static void read_bridge(struct nlattr *info, int family, struct netlink_bridge *bridge)
{
	struct nlattr *data[IFLA_BR_MAX + 1], *version;

	if (nla_parse_nested(data, IFLA_BR_MAX, info, NULL) < 0)
		return;
	bridge->is_snooping = get_bool(data[IFLA_BR_MCAST_SNOOPING]);
	bridge->is_querier = get_bool(data[IFLA_BR_MCAST_QUERIER]);
	version = data[family == AF_INET ? IFLA_BR_MCAST_IGMP_VERSION
					 : IFLA_BR_MCAST_MLD_VERSION];
	bridge->version = get_octet(version);
	if (data[IFLA_BR_MCAST_QUERIER_STATE])
		read_querier(data[IFLA_BR_MCAST_QUERIER_STATE], family, bridge);
}

static int handle_bridge(struct nl_msg *message, void *data)
{
	struct nlattr *attributes[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	struct answer *answer = data;
	struct netlink_bridge *bridge = answer->ret;
	struct nlmsghdr *header = nlmsg_hdr(message);
	const struct ifinfomsg *fixed = nlmsg_data(header);
	char kind[NETLINK_KIND_MAX] = "";

	if (header->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(header, sizeof(*fixed), attributes, IFLA_MAX, NULL) < 0 ||
	    !attributes[IFLA_LINKINFO] ||
	    nla_parse_nested(info, IFLA_INFO_MAX, attributes[IFLA_LINKINFO], NULL) < 0)
		return NL_SKIP;
	copy_text(kind, sizeof(kind), info[IFLA_INFO_KIND]);
	if (strcmp(kind, "bridge") != 0 || !info[IFLA_INFO_DATA])
		return NL_SKIP;
	*bridge = (struct netlink_bridge){ .ifindex = (uint32_t)fixed->ifi_index };
	copy_text(bridge->name, sizeof(bridge->name), attributes[IFLA_IFNAME]);
	read_bridge(info[IFLA_INFO_DATA], answer->family, bridge);
	answer->is_found = true;
	return NL_OK;
}

int netlink_get_bridge(struct netlink *netlink, uint32_t ifindex, int family,
		       struct netlink_bridge *ret)
{
	struct answer answer = { .ret = ret, .family = family };

	return ask_link(netlink, ifindex, handle_bridge, &answer);
}

static int handle_address(struct nl_msg *message, void *data)
{
	struct nlattr *attributes[IFA_MAX + 1], *bytes;
	struct answer *answer = data;
	struct netlink_address *address;
	struct nlmsghdr *header = nlmsg_hdr(message);
	const struct ifaddrmsg *fixed = nlmsg_data(header);
	uint32_t flags;

	if (header->nlmsg_type != RTM_NEWADDR || answer->n == answer->max ||
	    nlmsg_parse(header, sizeof(*fixed), attributes, IFA_MAX, NULL) < 0 ||
	    fixed->ifa_index != answer->ifindex || fixed->ifa_family != answer->family)
		return NL_SKIP;
	bytes = attributes[attributes[IFA_LOCAL] ? IFA_LOCAL : IFA_ADDRESS];
	if (!is_address(bytes, fixed->ifa_family))
		return NL_SKIP;
	flags = attributes[IFA_FLAGS] ? get_number(attributes[IFA_FLAGS])
				      : fixed->ifa_flags;
	address = (struct netlink_address *)answer->ret + answer->n++;
	*address = (struct netlink_address){
		.prefix_length = fixed->ifa_prefixlen,
		.is_tentative = (flags & IFA_F_TENTATIVE) != 0 &&
				(flags & IFA_F_OPTIMISTIC) == 0,
		.is_duplicate = (flags & IFA_F_DADFAILED) != 0,
		.is_link_local = fixed->ifa_scope == RT_SCOPE_LINK,
	};
	put_address(&address->address, fixed->ifa_family, nla_data(bytes));
	return NL_OK;
}

int netlink_get_addresses(struct netlink *netlink, uint32_t ifindex, int family,
			  struct netlink_address *addresses, unsigned int max)
{
	struct ifaddrmsg fixed = { .ifa_family = (uint8_t)family, .ifa_index = ifindex };
	struct answer answer = {
		.ret = addresses, .max = max, .ifindex = ifindex, .family = family
	};
	int r = ask(netlink, build(RTM_GETADDR, NLM_F_DUMP, &fixed, sizeof(fixed)),
		    handle_address, &answer);

	return r < 0 ? r : (int)answer.n;
}

static void read_hops(struct nlattr *attribute, uint32_t wanted,
		      struct netlink_route *ret)
{
	struct rtnexthop *hop = nla_data(attribute);
	int len = nla_len(attribute);

	/* RTNH_OK() reads the length of a hop before it asks whether that is there. */
	while (len >= (int)sizeof(*hop) && RTNH_OK(hop, len)) {
		if (!ret->ifindex)
			ret->ifindex = (uint32_t)hop->rtnh_ifindex;
		if ((uint32_t)hop->rtnh_ifindex == wanted)
			ret->uses_wanted = true;
		if (hop->rtnh_len > sizeof(*hop))
			ret->has_gateway = true;
		len -= (int)RTNH_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
}

static int handle_route(struct nl_msg *message, void *data)
{
	struct nlattr *attributes[RTA_MAX + 1];
	struct answer *answer = data;
	struct netlink_route *route = answer->ret;
	struct nlmsghdr *header = nlmsg_hdr(message);
	const struct rtmsg *fixed = nlmsg_data(header);

	if (header->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(header, sizeof(*fixed), attributes, RTA_MAX, NULL) < 0)
		return NL_SKIP;
	*route = (struct netlink_route){
		.is_unicast = fixed->rtm_type == RTN_UNICAST,
		.is_local = fixed->rtm_type == RTN_LOCAL,
		.has_gateway = attributes[RTA_GATEWAY] || attributes[RTA_VIA],
	};
	route->ifindex = get_number(attributes[RTA_OIF]);
	route->uses_wanted = route->ifindex == answer->ifindex;
	if (attributes[RTA_MULTIPATH])
		read_hops(attributes[RTA_MULTIPATH], answer->ifindex, route);
	answer->is_found = true;
	return NL_OK;
}

static bool is_bound_to_link(const struct sockaddr_storage *address)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)address;

	return address->ss_family == AF_INET6 &&
	       (IN6_IS_ADDR_LINKLOCAL(&sin6->sin6_addr) ||
		IN6_IS_ADDR_MC_LINKLOCAL(&sin6->sin6_addr));
}

int netlink_get_route(struct netlink *netlink, const struct sockaddr_storage *destination,
		      uint32_t wanted, struct netlink_route *ret)
{
	struct answer answer = { .ret = ret, .ifindex = wanted };
	struct rtmsg fixed = { .rtm_family = (uint8_t)destination->ss_family,
			       .rtm_flags = RTM_F_FIB_MATCH };
	struct nl_msg *message;
	const void *bytes;
	int len, r;

	bytes = get_bytes(destination, &len);
	fixed.rtm_dst_len = (uint8_t)(8 * len);
	message = build(RTM_GETROUTE, 0, &fixed, sizeof(fixed));
	if (message && nla_put(message, RTA_DST, len, bytes) < 0) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	if (message && is_bound_to_link(destination) &&
	    nla_put_u32(message, RTA_OIF, wanted) < 0) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	r = ask(netlink, message, handle_route, &answer);
	if (r == -EHOSTUNREACH || r == -EACCES || r == -EINVAL ||
	    (r == 0 && !answer.is_found))
		r = -ENETUNREACH;
	return r;
}

static bool is_entry_of(const struct br_mdb_entry *entry, const struct answer *answer)
{
	int len;
	const void *bytes = get_bytes(answer->group, &len);
	uint16_t proto = answer->group->ss_family == AF_INET ? ETH_P_IP : ETH_P_IPV6;

	return entry->ifindex == answer->ifindex && entry->addr.proto == htons(proto) &&
	       !(entry->flags & MDB_FLAGS_BLOCKED) &&
	       !memcmp(&entry->addr.u, bytes, (size_t)len);
}

/* The first of the attributes that another one holds. */
static struct nlattr *get_inner(struct nlattr *outer, int *ret_left)
{
	*ret_left = nla_len(outer);
	return nla_data(outer);
}

static void read_entries(struct nlattr *entries, struct answer *answer)
{
	struct nlattr *info;
	int left;

	for (info = get_inner(entries, &left); nla_ok(info, left);
	     info = nla_next(info, &left))
		if (nla_type(info) == MDBA_MDB_ENTRY_INFO &&
		    nla_len(info) >= (int)sizeof(struct br_mdb_entry) &&
		    is_entry_of(nla_data(info), answer))
			answer->is_found = true;
}

/* The index of the bridge is in n. */
static int handle_mdb(struct nl_msg *message, void *data)
{
	struct nlattr *attributes[MDBA_MAX + 1], *entries;
	struct answer *answer = data;
	struct nlmsghdr *header = nlmsg_hdr(message);
	const struct br_port_msg *fixed = nlmsg_data(header);
	int left;

	if (nlmsg_parse(header, sizeof(*fixed), attributes, MDBA_MAX, NULL) < 0 ||
	    fixed->ifindex != answer->n || !attributes[MDBA_MDB])
		return NL_SKIP;
	for (entries = get_inner(attributes[MDBA_MDB], &left); nla_ok(entries, left);
	     entries = nla_next(entries, &left))
		read_entries(entries, answer);
	return NL_OK;
}

int netlink_has_member(struct netlink *netlink, uint32_t bridge, uint32_t port,
		       const struct sockaddr_storage *group)
{
	struct br_port_msg fixed = { .family = PF_BRIDGE, .ifindex = bridge };
	struct answer answer = { .ifindex = port, .group = group, .n = bridge };
	int r = ask(netlink, build(RTM_GETMDB, NLM_F_DUMP, &fixed, sizeof(fixed)),
		    handle_mdb, &answer);

	return r < 0 ? r : answer.is_found;
}
