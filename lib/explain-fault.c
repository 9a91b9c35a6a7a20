/* SPDX-License-Identifier: BSD-2-Clause */
/* What is wrong with an argument, a sentence for each fault. */
#include "explain.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>

#include "sockaddr.h"

static const char *family_name(int family)
{
	return family == AF_INET ? "IPv4" : family == AF_INET6 ? "IPv6" : "neither";
}

static void explain_socket_type(struct text *text, int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
	text_add(text,
		 "%s; only UDP, UDP-Lite, raw and ping sockets of AF_INET and "
		 "AF_INET6 have source filters",
		 type == SOCK_STREAM ? "the socket is a stream (TCP)"
				     : "the socket carries no IP datagrams");
}

static void explain_socket_family(struct text *text, int fd,
				  const struct msf_request *request)
{
	int type = 0;
	socklen_t len = sizeof(type);

	if (request->group->sa_family == AF_INET6) {
		text_add(text,
			 "the group is IPv6 and the socket IPv4: open the socket with "
			 "AF_INET6");
		return;
	}
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
	text_add(text,
		 "the group is IPv4, and the IPv6 socket cannot receive IPv4, "
		 "because it is %s: open the socket with AF_INET",
		 type == SOCK_RAW ? "a raw socket" : "IPV6_V6ONLY");
}

static void explain_not_sender(struct text *text, const struct sockaddr *source)
{
	char address[INET6_ADDRSTRLEN];
	struct addr a;

	sockaddr_get(source, &a);
	text_add(text, "source %s is ", text_format_sockaddr(source, address));
	if (addr_is_multicast(a))
		text_add(text, "a multicast address, and none can send: were group and "
			       "source exchanged?");
	else if (addr_is_ipv4(a) && addr_ipv4(a) == INADDR_BROADCAST)
		text_add(text, "the broadcast address, and cannot send");
	else
		text_add(text,
			 "an unspecified address, and cannot send: name the sender");
}

static void explain_group(struct text *text, const struct sockaddr *group)
{
	char address[INET6_ADDRSTRLEN];

	text_add(text, "%s is not a multicast group: groups are %s",
		 text_format_sockaddr(group, address),
		 group->sa_family == AF_INET ? "224.0.0.0 to 239.255.255.255"
					     : "those of ff00::/8");
}

static void explain_mapped(struct text *text, const char *what, const struct sockaddr *sa)
{
	char address[INET6_ADDRSTRLEN];

	text_add(text,
		 "%s %s is a v4-mapped IPv6 address: give the IPv4 address as AF_INET",
		 what, text_format_sockaddr(sa, address));
}

static void explain_families(struct text *text, const struct sockaddr *source,
			     const struct sockaddr *group)
{
	char s[INET6_ADDRSTRLEN], g[INET6_ADDRSTRLEN];

	text_add(text, "source %s is %s and group %s is %s: both must be of one family",
		 text_format_sockaddr(source, s), family_name(source->sa_family),
		 text_format_sockaddr(group, g), family_name(group->sa_family));
}

static void explain_interface(struct text *text, struct msf *msf, int fd,
			      const struct msf_request *request)
{
	struct request rq = { .ifindex = request->ifindex,
			      .family = request->group->sa_family };
	struct kernel_held held;

	sockaddr_get(request->group, &rq.group);
	text_add(text, "there is no interface with index %u in this network namespace",
		 request->ifindex);
	if (!backend_look(msf, fd, &rq, &held) && held.mode != FILTER_NONE)
		text_add(text,
			 "; it is gone since the socket joined: leave the group, and "
			 "join it on the interface that took its place");
	else
		text_add(text, ": ip link shows those that there are");
}

static void explain_source_fault(struct text *text, const struct msf_request *request,
				 enum fault fault, uint32_t position)
{
	const struct sockaddr *source =
		request->verb == MSF_SET_FILTER
			? (const struct sockaddr *)&request->slist[position]
			: request->source;
	char address[INET6_ADDRSTRLEN];

	if (fault == FAULT_SOURCE_MAPPED)
		explain_mapped(text, "source", source);
	else if (fault == FAULT_SOURCE_NOT_SENDER)
		explain_not_sender(text, source);
	else if (fault == FAULT_DUPLICATE)
		text_add(text, "source %s stands twice in the list: give each one once",
			 text_format_sockaddr(source, address));
	else
		explain_families(text, source, request->group);
}

static void explain_pointer(struct text *text, const struct msf_request *request)
{
	const char *what = "the source";

	if (!request->group)
		what = "the group";
	else if (request->verb == MSF_SET_FILTER)
		what = "the source list";
	else if (request->verb == MSF_GET_FILTER)
		what = "the result";
	text_add(text, "the pointer to %s is NULL", what);
}

static void explain_netlink(struct text *text)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);

	text_add(text,
		 "the system cannot be asked for its interfaces, because a netlink "
		 "socket cannot be opened: %s; name the interface by its index",
		 fd < 0 ? strerror(errno) : "it could not a moment ago");
	if (fd >= 0)
		close(fd);
}

/* Shape, mode, flags: what is no address. */
static bool explain_shape(struct text *text, int fd, const struct msf_request *request,
			  enum fault fault)
{
	switch ((int)fault) {
	case FAULT_NOT_OPEN:
		text_add(text, "file descriptor %d is not open", fd);
		return true;
	case FAULT_NOT_SOCKET:
		text_add(text, "file descriptor %d is not a socket", fd);
		return true;
	case FAULT_SOCKET_TYPE:
		explain_socket_type(text, fd);
		return true;
	case FAULT_NULL:
		explain_pointer(text, request);
		return true;
	case FAULT_LENGTH:
		text_add(text, "the structure is longer than the length given for it");
		return true;
	case FAULT_VERB:
		text_add(text, "%d is no request of enum msf_verb", (int)request->verb);
		return true;
	case FAULT_MODE:
		text_add(text,
			 "filter mode %u is neither MCAST_INCLUDE (%d) nor MCAST_EXCLUDE "
			 "(%d)",
			 request->fmode, MCAST_INCLUDE, MCAST_EXCLUDE);
		return true;
	case FAULT_FLAGS:
		text_add(text,
			 "flags %#x have bits that mean nothing; MSF_IDEMPOTENT is %#x",
			 request->flags, MSF_IDEMPOTENT);
		return true;
	default:
		return false;
	}
}

static bool explain_interfaces(struct text *text, struct msf *msf, int fd,
			       const struct msf_request *request, enum fault fault)
{
	char group[INET6_ADDRSTRLEN];

	switch ((int)fault) {
	case FAULT_INTERFACE:
		explain_interface(text, msf, fd, request);
		return true;
	case FAULT_INTERFACE_ADDRESS:
		text_add(text, "no interface has that address: ip address shows them");
		return true;
	case FAULT_NO_ROUTE:
		text_add(text,
			 "no interface was named, and no route leads to %s: name the "
			 "interface, or add a route to the group",
			 text_format_sockaddr(request->group, group));
		return true;
	case FAULT_NETLINK:
		explain_netlink(text);
		return true;
	case FAULT_MEMORY:
		text_add(text, "the process got no memory to look at the request");
		return true;
	default:
		return false;
	}
}

static void explain_addresses(struct text *text, int fd,
			      const struct msf_request *request, enum fault fault,
			      uint32_t position)
{
	switch ((int)fault) {
	case FAULT_FAMILY:
		text_add(text,
			 "the group's address family %d is neither AF_INET nor AF_INET6",
			 request->group->sa_family);
		break;
	case FAULT_LEVEL_FAMILY:
		text_add(text, "the group's family is not that of the option's level");
		break;
	case FAULT_SOCKET_FAMILY:
		explain_socket_family(text, fd, request);
		break;
	case FAULT_GROUP_NOT_MULTICAST:
		explain_group(text, request->group);
		break;
	case FAULT_GROUP_MAPPED:
		explain_mapped(text, "group", request->group);
		break;
	case FAULT_LIST_LENGTH:
		text_add(text,
			 "a list of %u sources is longer than the %u that are looked at: "
			 "is the number right?",
			 request->numsrc, REQUEST_LIST_MAX);
		break;
	default:
		explain_source_fault(text, request, fault, position);
	}
}

void explain_fault(struct text *text, struct msf *msf, int fd,
		   const struct msf_request *request, enum fault fault, uint32_t position)
{
	if (!explain_shape(text, fd, request, fault) &&
	    !explain_interfaces(text, msf, fd, request, fault))
		explain_addresses(text, fd, request, fault, position);
}
