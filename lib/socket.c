/* SPDX-License-Identifier: BSD-2-Clause */
#include "socket.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

static int get_option(int fd, int level, int name)
{
	int value;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, level, name, &value, &len) < 0)
		return -errno;
	return value;
}

enum fault socket_find_fault(int fd, int family)
{
	int type = get_option(fd, SOL_SOCKET, SO_TYPE), domain;

	if (type == -EBADF)
		return FAULT_NOT_OPEN;
	if (type < 0)
		return FAULT_NOT_SOCKET;
	domain = get_option(fd, SOL_SOCKET, SO_DOMAIN);
	if (type != SOCK_DGRAM && type != SOCK_RAW)
		return FAULT_SOCKET_TYPE;
	if (domain != AF_INET && domain != AF_INET6)
		return FAULT_SOCKET_TYPE;
	if (family == AF_UNSPEC || family == domain)
		return FAULT_NONE;
	/* IPv4 reaches an IPv6 socket as v4-mapped packets, or not at all */
	if (domain == AF_INET || type == SOCK_RAW ||
	    get_option(fd, IPPROTO_IPV6, IPV6_V6ONLY) > 0)
		return FAULT_SOCKET_FAMILY;
	return FAULT_NONE;
}

void socket_stop_multicast_all(int fd)
{
	int off = 0;

	/* Each fails harmlessly where the socket has no such option. */
	setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof(off));
	setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof(off));
}

bool socket_has_interface(int fd, uint32_t ifindex)
{
	struct ifreq ifr = {.ifr_ifindex = (int)ifindex};

	return !ioctl(fd, SIOCGIFNAME, &ifr);
}
