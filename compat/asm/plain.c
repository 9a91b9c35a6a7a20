/* SPDX-License-Identifier: BSD-2-Clause */
/* See plain.h. */
#include "asm/plain.h"

#include <endian.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/option-names.h"

/*
 * struct ip_mreqn, as long as qemu-user before version 8 has it: there the interface
 * has the type long, and of a shorter one it takes what lies on its stack.
 */
struct wide_mreqn {
	struct ip_mreqn mreqn;
#if __BYTE_ORDER == __LITTLE_ENDIAN
	char zero[sizeof(long) - sizeof(int)];
#endif
};

static int send_membership(int fd, bool is_join, uint32_t ifindex, struct addr group)
{
	struct wide_mreqn mreq = { .mreqn.imr_ifindex = (int)ifindex };
	struct ipv6_mreq mreq6 = { .ipv6mr_interface = ifindex };
	int r;

	if (addr_is_ipv4(group)) {
		mreq.mreqn.imr_multiaddr.s_addr = htonl(addr_ipv4(group));
		r = setsockopt(fd, IPPROTO_IP,
			       is_join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &mreq,
			       sizeof(mreq));
	} else {
		addr_to_bytes(group, mreq6.ipv6mr_multiaddr.s6_addr);
		r = setsockopt(fd, IPPROTO_IPV6,
			       is_join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &mreq6,
			       sizeof(mreq6));
	}
	return r ? -errno : 0;
}

int plain_join(int fd, uint32_t ifindex, struct addr group)
{
	int r = send_membership(fd, true, ifindex, group);

	return r == -ENOMEM ? -ENOBUFS : r;
}

int plain_leave(int fd, uint32_t ifindex, struct addr group)
{
	return send_membership(fd, false, ifindex, group);
}

int plain_get_all(int fd, int family, bool *ret_is_all)
{
	int value = 0, r;
	socklen_t len = sizeof(value);

	if (family == AF_INET)
		r = getsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &value, &len);
	else
		r = getsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &value, &len);
	if (r < 0)
		return -errno;
	*ret_is_all = value;
	return 0;
}

int plain_set_all(int fd, int family, bool is_all)
{
	int value = is_all, r;

	if (family == AF_INET)
		r = setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &value, sizeof(value));
	else
		r = setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &value,
			       sizeof(value));
	return r ? -errno : 0;
}

int32_t plain_get_option_memory(int fd)
{
	uint32_t values[SK_MEMINFO_VARS + 8] = { 0 };
	socklen_t len = sizeof(values);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values, &len) < 0 ||
	    len <= SK_MEMINFO_OPTMEM * sizeof(*values))
		return -1;
	return (int32_t)values[SK_MEMINFO_OPTMEM];
}
