/* SPDX-License-Identifier: BSD-2-Clause */
/* See socket.h. */
#include "socket.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/option-names.h"

/* Addresses of the host that are looked through. */
#define ADDRESSES_MAX 32

static int get_option(int fd, int level, int name)
{
	int value;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, level, name, &value, &len) < 0)
		return -errno;
	return value;
}

static enum fault check_type(int type)
{
	if (type == -EBADF)
		return FAULT_NOT_OPEN;
	if (type < 0)
		return FAULT_NOT_SOCKET;
	return type == SOCK_DGRAM || type == SOCK_RAW ? FAULT_NONE : FAULT_SOCKET_TYPE;
}

enum fault socket_find_fault(int fd, int family)
{
	int type = get_option(fd, SOL_SOCKET, SO_TYPE), domain;
	enum fault fault = check_type(type);

	if (fault)
		return fault;
	domain = get_option(fd, SOL_SOCKET, SO_DOMAIN);
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

enum fault socket_find_join_fault(int fd, int family, bool *ret_is_dual)
{
	enum fault fault = check_type(get_option(fd, SOL_SOCKET, SO_TYPE));
	int v6only;

	*ret_is_dual = false;
	if (fault || family == AF_INET6)
		return fault;
	/* the kernel lets such a socket join, and delivers nothing; AF_INET
	 * sockets do not have the option */
	v6only = get_option(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	*ret_is_dual = v6only == 0;
	return v6only > 0 ? FAULT_SOCKET_FAMILY : FAULT_NONE;
}

void socket_stop_multicast_all(int fd, int family, bool is_dual)
{
	int off = 0;

	/* Fails harmlessly on kernels without the option. */
	if (family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof(off));
	if (family == AF_INET6 || is_dual)
		setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof(off));
}

int socket_get_family(int fd)
{
	return get_option(fd, SOL_SOCKET, SO_DOMAIN);
}

int socket_find_foreign(int fd, int family)
{
	int domain = socket_get_family(fd), r;

	if (domain < 0 || domain == AF_INET || domain == AF_INET6)
		return domain < 0 ? domain : 0;
	r = family == AF_INET ? get_option(fd, IPPROTO_IP, IP_TTL)
			      : get_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS);
	return r < 0 ? r : -ENOPROTOOPT;
}

int32_t socket_get_option_memory(int fd)
{
	uint32_t values[SK_MEMINFO_VARS + 8] = { 0 };
	socklen_t len = sizeof(values);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values, &len) < 0 ||
	    len <= SK_MEMINFO_OPTMEM * sizeof(*values))
		return -1;
	return (int32_t)values[SK_MEMINFO_OPTMEM];
}

bool socket_has_interface(int fd, uint32_t ifindex)
{
	struct ifreq ifr = { .ifr_ifindex = (int)ifindex };

	return !ioctl(fd, SIOCGIFNAME, &ifr);
}

static struct in_addr address_of(const struct ifreq *ifr)
{
	return ((const struct sockaddr_in *)&ifr->ifr_addr)->sin_addr;
}

bool socket_find_address(int fd, uint32_t ifindex, struct in_addr *ret)
{
	struct ifreq list[ADDRESSES_MAX] = { 0 };
	struct ifreq ifr = { .ifr_ifindex = (int)ifindex };
	struct ifconf conf = { .ifc_len = sizeof(list), .ifc_req = list };
	int n, count = 0;

	if (ioctl(fd, SIOCGIFNAME, &ifr) < 0 || ioctl(fd, SIOCGIFADDR, &ifr) < 0 ||
	    ioctl(fd, SIOCGIFCONF, &conf) < 0 || conf.ifc_len == sizeof(list))
		return false;
	/* names here are labels, which prove nothing */
	n = conf.ifc_len / (int)sizeof(list[0]);
	for (int i = 0; i < n; i++)
		count += address_of(&list[i]).s_addr == address_of(&ifr).s_addr;
	if (count != 1)
		return false;
	*ret = address_of(&ifr);
	return true;
}
