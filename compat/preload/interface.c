/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib/interface.h for the library inside, without libnl: programs of every kind carry
 * the shim with them, and must neither load more than libc for it nor run what libnl
 * does when it is loaded. The linker finds these first.
 */
#include "interface.h"

#include <errno.h>
#include <ifaddrs.h>
#include <string.h>
#include <unistd.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#define ANSWER_SIZE 4096

static bool has_address(const struct sockaddr *sa, const uint8_t wanted[16])
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)sa;

	if (sa && sa->sa_family == AF_INET)
		return addr_equal(addr_from_bytes(wanted),
				  addr_from_ipv4(ntohl(sin->sin_addr.s_addr)));
	return sa && sa->sa_family == AF_INET6 && !memcmp(&sin6->sin6_addr, wanted, 16);
}

enum fault interface_find_address(struct addr address, uint32_t *ret_ifindex)
{
	uint32_t ifindex = 0;
	uint8_t wanted[16];
	struct ifaddrs *list;

	if (getifaddrs(&list) < 0)
		return errno == ENOMEM ? FAULT_MEMORY : FAULT_NETLINK;
	addr_to_bytes(address, wanted);
	for (const struct ifaddrs *a = list; a && !ifindex; a = a->ifa_next)
		if (has_address(a->ifa_addr, wanted))
			ifindex = if_nametoindex(a->ifa_name);
	freeifaddrs(list);
	if (!ifindex)
		return FAULT_INTERFACE_ADDRESS;
	*ret_ifindex = ifindex;
	return FAULT_NONE;
}

static ssize_t ask_route(int fd, struct addr group, int family, void *answer, size_t len)
{
	struct {
		struct nlmsghdr head;
		struct rtmsg route;
		struct rtattr attribute;
		uint8_t destination[16];
	} question = { 0 };
	size_t size = family == AF_INET ? 4 : 16;
	uint8_t bytes[16];

	addr_to_bytes(group, bytes);
	memcpy(question.destination, bytes + sizeof(bytes) - size, size);
	question.attribute.rta_type = RTA_DST;
	question.attribute.rta_len = (unsigned short)RTA_LENGTH(size);
	question.route.rtm_family = (unsigned char)family;
	question.route.rtm_dst_len = (unsigned char)(8 * size);
	question.head.nlmsg_type = RTM_GETROUTE;
	question.head.nlmsg_flags = NLM_F_REQUEST;
	question.head.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof(question.route)) +
					     question.attribute.rta_len);
	if (send(fd, &question, question.head.nlmsg_len, 0) < 0)
		return -1;
	return recv(fd, answer, len, 0);
}

static uint32_t read_index(const struct rtattr *attribute, size_t len)
{
	const struct rtnexthop *hop = RTA_DATA(attribute);
	uint32_t ifindex = 0;

	if (attribute->rta_type == RTA_OIF && len >= sizeof(ifindex))
		memcpy(&ifindex, RTA_DATA(attribute), sizeof(ifindex));
	else if (attribute->rta_type == RTA_MULTIPATH && len >= sizeof(*hop))
		ifindex = (uint32_t)hop->rtnh_ifindex;
	return ifindex;
}

/* 0: no route, which the kernel answers with an error message. */
static uint32_t read_route(const struct nlmsghdr *head, size_t len)
{
	const struct rtattr *attribute;
	uint32_t ifindex = 0;
	int rest;

	if (!NLMSG_OK(head, len) || head->nlmsg_type != RTM_NEWROUTE ||
	    head->nlmsg_len < NLMSG_LENGTH(sizeof(struct rtmsg)))
		return 0;
	attribute = RTM_RTA((const struct rtmsg *)NLMSG_DATA(head));
	rest = (int)RTM_PAYLOAD(head);
	for (; !ifindex && RTA_OK(attribute, rest); attribute = RTA_NEXT(attribute, rest))
		ifindex = read_index(attribute, RTA_PAYLOAD(attribute));
	return ifindex;
}

enum fault interface_find_route(struct addr group, int family, uint32_t *ret_ifindex)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	_Alignas(struct nlmsghdr) char answer[ANSWER_SIZE];
	uint32_t ifindex = 0;
	ssize_t len;

	if (fd < 0)
		return errno == ENOMEM ? FAULT_MEMORY : FAULT_NETLINK;
	len = ask_route(fd, group, family, answer, sizeof(answer));
	if (len > 0)
		ifindex = read_route((const struct nlmsghdr *)answer, (size_t)len);
	close(fd);
	if (!ifindex)
		return FAULT_NO_ROUTE;
	*ret_ifindex = ifindex;
	return FAULT_NONE;
}
