/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * By behaviour, not by errno: some stacks answer 0 to what they ignore, and each of
 * the others has an error of its own for what it does not know.
 */
#include "asm/asm.h"

#include <errno.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "asm/attach.h"

/* What every network namespace has, and groups for documentation (RFC 6676). */
#define LOOPBACK_IFINDEX 1
#define GROUP_IPV4       0xe9fc0001u
#define SOURCE_IPV4      0xc0000201u
static const struct in6_addr group_ipv6 = { { { 0xff, 0x0e, 0, 0, 0, 0, 0, 0, 0, 0, 0x0d,
						0xb8, 0, 0, 0, 1 } } };
static const struct in6_addr source_ipv6 = { { { 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0,
						 0, 0, 0, 0, 0, 1 } } };

/* Rejects everything; what stands behind the first instruction never runs. */
static const struct sock_filter rejecting[] = {
	BPF_STMT(BPF_RET | BPF_K, 0),
	BPF_STMT(BPF_LD | BPF_IMM, 0x6d736600),
	BPF_STMT(BPF_RET | BPF_K, 0x6d736601),
};

#define N_REJECTING (sizeof(rejecting) / sizeof(rejecting[0]))

/* 1, 0; or -ENOMEM: it could not be tried, which says nothing about the system. */
static int rejects(const int pair[2])
{
	struct sock_fprog fprog = { N_REJECTING, (struct sock_filter *)rejecting };
	char packet = 0;
	ssize_t n;

	if (setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &fprog, sizeof(fprog)))
		return errno == ENOMEM ? -ENOMEM : 0;
	do {
		n = send(pair[0], &packet, sizeof(packet), MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n != sizeof(packet))
		return n < 0 && (errno == ENOMEM || errno == ENOBUFS) ? -ENOMEM : 0;
	do {
		n = recv(pair[1], &packet, sizeof(packet), MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == ENOMEM || errno == ENOBUFS))
		return -ENOMEM;
	return n < 0 && errno == EAGAIN;
}

/* The same. */
static int is_read_back(int fd)
{
	struct sock_filter code[N_REJECTING + 1] = { 0 };
	uint32_t n = N_REJECTING + 1;
	uint64_t cookie;
	socklen_t len = sizeof(cookie);
	int r;

	/* qemu-user, which does not know this one, does not survive the next */
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) < 0)
		return 0;
	r = attach_read(fd, code, &n);
	if (r == -ENOMEM)
		return r;
	return r == 0 && n == N_REJECTING && !memcmp(code, rejecting, sizeof(rejecting));
}

int asm_detect_filters(enum asm_filters *ret)
{
	int pair[2], r, is_readable = 0;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	r = rejects(pair);
	if (r > 0)
		is_readable = is_read_back(pair[1]);
	close(pair[0]);
	close(pair[1]);
	if (r < 0 || is_readable < 0)
		return -ENOMEM;
	if (r == 0)
		*ret = ASM_FILTERS_NONE;
	else
		*ret = is_readable ? ASM_FILTERS_FULL : ASM_FILTERS_BLIND;
	return 0;
}

static void put_address(struct sockaddr_storage *at, int family, uint32_t ipv4,
			const struct in6_addr *ipv6)
{
	struct sockaddr_in *sin = (void *)at;
	struct sockaddr_in6 *sin6 = (void *)at;

	at->ss_family = (sa_family_t)family;
	if (family == AF_INET)
		sin->sin_addr.s_addr = htonl(ipv4);
	else
		sin6->sin6_addr = *ipv6;
}

static struct group_filter make_filter(int family, uint32_t n)
{
	struct group_filter filter = {
		.gf_interface = LOOPBACK_IFINDEX,
		.gf_fmode = MCAST_INCLUDE,
		.gf_numsrc = n,
	};

	put_address(&filter.gf_group, family, GROUP_IPV4, &group_ipv6);
	put_address(&filter.gf_slist[0], family, SOURCE_IPV4, &source_ipv6);
	return filter;
}

/* A filter for a group that nobody joined: no such membership, or over the limit. */
static int try_set(int fd, int level, int family)
{
	struct group_filter filter = make_filter(family, 1);

	if (!setsockopt(fd, level, MCAST_MSFILTER, &filter, GROUP_FILTER_SIZE(1)))
		return 0;
	return -errno;
}

static int try_get(int fd, int level, int family)
{
	struct group_filter filter = make_filter(family, 0);
	socklen_t len = GROUP_FILTER_SIZE(0);

	return getsockopt(fd, level, MCAST_MSFILTER, &filter, &len) ? -errno : 0;
}

/* Why the socket cannot tell; 0: it can. */
static int find_fault(int fd, int family)
{
	int domain;
	socklen_t len = sizeof(domain);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0)
		return -errno;
	if (domain != AF_INET && domain != AF_INET6)
		return -EOPNOTSUPP;
	return family == AF_INET6 && domain == AF_INET ? -EAFNOSUPPORT : 0;
}

int asm_has_source_filters(int fd, int family)
{
	int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int r = find_fault(fd, family);

	if (r < 0)
		return r;
	r = try_set(fd, level, family);
	if (r == -EINVAL || r == -ENOBUFS)
		r = try_get(fd, level, family);
	/* a system that is short of memory has not said what it can do */
	return r == -ENOMEM ? r : r == -EADDRNOTAVAIL;
}
