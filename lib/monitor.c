/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Link, address and group events of rtnetlink, queued for the caller to pull. libnl
 * parses the first two, and reports what it read through a callback that only
 * queues; it has no parser for groups, so theirs is here.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>

#include <msf.h>

/* Behind this many unread events the rest is one OVERRUN. */
#define EVENTS_MAX 4096

/* Of Linux 6.14 and later: <linux/rtnetlink.h> may be older. */
#define GROUP_IPV4_MCADDR 37 /* RTNLGRP_IPV4_MCADDR */
#define GROUP_IPV6_MCADDR 38 /* RTNLGRP_IPV6_MCADDR */
#define NEWMULTICAST      56 /* RTM_NEWMULTICAST */
#define DELMULTICAST      57 /* RTM_DELMULTICAST */

struct msf_monitor {
	struct nl_sock *sock;     /* owned */
	struct msf_event *events; /* owned */
	size_t n_events;
	size_t next;
	size_t capacity;
	int error; /* of the last callback */
};

static void compact(struct msf_monitor *monitor)
{
	monitor->n_events -= monitor->next;
	memmove(monitor->events, monitor->events + monitor->next,
		monitor->n_events * sizeof(*monitor->events));
	monitor->next = 0;
}

static int push(struct msf_monitor *monitor, const struct msf_event *event)
{
	struct msf_event *events;
	size_t capacity;

	if (monitor->n_events == monitor->capacity && monitor->next)
		compact(monitor);
	if (monitor->n_events == monitor->capacity) {
		capacity = monitor->capacity ? 2 * monitor->capacity : 16;
		events = reallocarray(monitor->events, capacity, sizeof(*events));
		if (!events)
			return -ENOMEM;
		monitor->events = events;
		monitor->capacity = capacity;
	}
	monitor->events[monitor->n_events++] = *event;
	return 0;
}

static int push_event(struct msf_monitor *monitor, const struct msf_event *event)
{
	struct msf_event overrun = { .type = MSF_EVENT_OVERRUN };
	size_t n = monitor->n_events - monitor->next;

	if (n < EVENTS_MAX)
		return push(monitor, event);
	if (monitor->events[monitor->n_events - 1].type != MSF_EVENT_OVERRUN)
		return push(monitor, &overrun);
	return 0;
}

static int push_link(struct msf_monitor *monitor, struct rtnl_link *link, bool is_gone)
{
	struct msf_event event = {
		.type = is_gone ? MSF_EVENT_LINK_GONE : MSF_EVENT_LINK,
		.ifindex = (uint32_t)rtnl_link_get_ifindex(link),
		.flags = rtnl_link_get_flags(link),
	};
	const char *name = rtnl_link_get_name(link);

	if (name)
		strncpy(event.name, name, sizeof(event.name) - 1);
	return push_event(monitor, &event);
}

static int push_address(struct msf_monitor *monitor, struct rtnl_addr *address,
			bool is_gone)
{
	struct msf_event event = {
		.type = is_gone ? MSF_EVENT_ADDRESS_GONE : MSF_EVENT_ADDRESS,
		.ifindex = (uint32_t)rtnl_addr_get_ifindex(address),
	};
	struct nl_addr *local = rtnl_addr_get_local(address);
	socklen_t len = sizeof(event.address);

	if (!local ||
	    nl_addr_fill_sockaddr(local, (struct sockaddr *)&event.address, &len) < 0)
		return 0;
	return push_event(monitor, &event);
}

static void read_object(struct nl_object *object, void *argument)
{
	struct msf_monitor *monitor = argument;
	int type = nl_object_get_msgtype(object), r = 0;

	switch (type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		r = push_link(monitor, (struct rtnl_link *)object, type == RTM_DELLINK);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		r = push_address(monitor, (struct rtnl_addr *)object,
				 type == RTM_DELADDR);
		break;
	}
	if (r < 0)
		monitor->error = r;
}

/* Of a bridge about its port: a port that leaves is no link that is gone. */
static bool is_about_port(const struct nlmsghdr *header)
{
	const struct ifinfomsg *info = nlmsg_data(header);

	return (header->nlmsg_type == RTM_NEWLINK || header->nlmsg_type == RTM_DELLINK) &&
	       nlmsg_datalen(header) >= (int)sizeof(*info) &&
	       info->ifi_family == AF_BRIDGE;
}

static bool is_about_group(const struct nlmsghdr *header)
{
	return header->nlmsg_type == NEWMULTICAST || header->nlmsg_type == DELMULTICAST;
}

static int length_of(int family)
{
	switch (family) {
	case AF_INET:
		return sizeof(struct in_addr);
	case AF_INET6:
		return sizeof(struct in6_addr);
	}
	return -1;
}

/* A struct ifaddrmsg with the group in IFA_MULTICAST. What does not look like that
 * tells nothing. */
static int push_group(struct msf_monitor *monitor, struct nlmsghdr *header)
{
	const struct ifaddrmsg *info = nlmsg_data(header);
	struct msf_event event = {
		.type = header->nlmsg_type == DELMULTICAST ? MSF_EVENT_GROUP_GONE
							   : MSF_EVENT_GROUP,
	};
	const struct nlattr *group;

	if (!nlmsg_valid_hdr(header, sizeof(*info)))
		return 0;
	group = nlmsg_find_attr(header, sizeof(*info), IFA_MULTICAST);
	if (!group || nla_len(group) != length_of(info->ifa_family))
		return 0;
	event.ifindex = info->ifa_index;
	event.address.ss_family = info->ifa_family;
	if (info->ifa_family == AF_INET)
		memcpy(&((struct sockaddr_in *)&event.address)->sin_addr, nla_data(group),
		       sizeof(struct in_addr));
	else
		memcpy(&((struct sockaddr_in6 *)&event.address)->sin6_addr,
		       nla_data(group), sizeof(struct in6_addr));
	return push_event(monitor, &event);
}

static int read_message(struct nl_msg *msg, void *argument)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct msf_monitor *monitor = argument;
	int r;

	if (is_about_group(header)) {
		r = push_group(monitor, header);
		if (r < 0)
			monitor->error = r;
	} else if (!is_about_port(header) &&
		   nl_msg_parse(msg, read_object, argument) == -NLE_NOMEM) {
		monitor->error = -ENOMEM;
	}
	return NL_OK;
}

static int to_errno(int nl_error)
{
	return nl_error == -NLE_NOMEM ? -ENOMEM : -EIO;
}

static int start(struct msf_monitor *monitor)
{
	int r;

	nl_socket_disable_seq_check(monitor->sock);
	nl_socket_modify_cb(monitor->sock, NL_CB_VALID, NL_CB_CUSTOM, read_message,
			    monitor);
	r = nl_connect(monitor->sock, NETLINK_ROUTE);
	if (!r)
		r = nl_socket_add_memberships(monitor->sock, RTNLGRP_LINK,
					      RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
					      0);
	if (!r)
		r = nl_socket_set_nonblocking(monitor->sock);
	return r;
}

int msf_monitor_new(struct msf_monitor **ret, struct msf *msf)
{
	struct msf_monitor *monitor = calloc(1, sizeof(*monitor));
	int r;

	(void)msf; /* events are the system's, whatever the context */
	if (!monitor)
		return -ENOMEM;
	monitor->sock = nl_socket_alloc();
	r = monitor->sock ? start(monitor) : -NLE_NOMEM;
	if (r < 0) {
		msf_monitor_free(monitor);
		return to_errno(r);
	}
	*ret = monitor;
	return 0;
}

/* Both, or none: a kernel has both groups or neither. EINVAL is what Linux says of
 * a group number beyond its last. */
int msf_monitor_watch_groups(struct msf_monitor *monitor)
{
	int r = nl_socket_add_memberships(monitor->sock, GROUP_IPV4_MCADDR,
					  GROUP_IPV6_MCADDR, 0);

	if (!r)
		return 0;
	nl_socket_drop_memberships(monitor->sock, GROUP_IPV4_MCADDR, GROUP_IPV6_MCADDR,
				   0);
	return r == -NLE_INVAL ? -EOPNOTSUPP : to_errno(r);
}

struct msf_monitor *msf_monitor_free(struct msf_monitor *monitor)
{
	if (monitor) {
		nl_socket_free(monitor->sock);
		free(monitor->events);
		free(monitor);
	}
	return NULL;
}

int msf_monitor_get_fd(struct msf_monitor *monitor)
{
	return nl_socket_get_fd(monitor->sock);
}

int msf_monitor_dispatch(struct msf_monitor *monitor)
{
	struct msf_event overrun = { .type = MSF_EVENT_OVERRUN };
	int r;

	monitor->error = 0;
	do
		r = nl_recvmsgs_default(monitor->sock);
	while (r >= 0 && !monitor->error);
	if (monitor->error)
		return monitor->error;
	if (r == -NLE_AGAIN)
		return 0;
	/* the kernel's ENOBUFS: it dropped events, more may be waiting */
	if (r == -NLE_NOMEM)
		return push_event(monitor, &overrun);
	return to_errno(r);
}

int msf_monitor_pop_event(struct msf_monitor *monitor, struct msf_event *ret_event)
{
	if (monitor->next == monitor->n_events)
		return 0;
	*ret_event = monitor->events[monitor->next++];
	return 1;
}
