/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket: opens what senders send through (see socket.h; RFC 1112 6.1, RFC 3493 5.2,
 * packet(7), udp(7)).
 *
 * Invariant: a UDP socket for one group is connected to it, so that the kernel looks
 * for the route once; for many groups it is not, and each message names its own.
 */
#include "socket.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int set_option(int fd, int level, int option, const void *value, socklen_t len)
{
	return setsockopt(fd, level, option, value, len) < 0 ? -errno : 0;
}

static int set_options_ipv4(int fd, const struct stream *stream)
{
	struct ip_mreqn interface = { .imr_ifindex = (int)stream->ifindex };
	int loop = stream->is_looped;
	int r;

	r = set_option(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof(interface));
	if (r == 0)
		r = set_option(fd, IPPROTO_IP, IP_MULTICAST_TTL, &stream->ttl,
			       sizeof(stream->ttl));
	if (r == 0)
		r = set_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, sizeof(loop));
	return r;
}

static int set_options_ipv6(int fd, const struct stream *stream)
{
	int loop = stream->is_looped, ifindex = (int)stream->ifindex;
	int r;

	r = set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &ifindex, sizeof(ifindex));
	if (r == 0)
		r = set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &stream->ttl,
			       sizeof(stream->ttl));
	if (r == 0)
		r = set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &loop,
			       sizeof(loop));
	return r;
}

static int open_socket(const struct stream *stream)
{
	int family = stream->groups->ss_family;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	r = family == AF_INET6 ? set_options_ipv6(fd, stream)
			       : set_options_ipv4(fd, stream);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

static bool is_unspecified(const struct sockaddr_storage *address)
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;

	memcpy(&sin, address, sizeof(sin));
	memcpy(&sin6, address, sizeof(sin6));
	if (address->ss_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&sin6.sin6_addr);
	return sin.sin_addr.s_addr == INADDR_ANY;
}

static int connect_group(int fd, const struct stream *stream)
{
	int r;

	do {
		r = connect(fd, (struct sockaddr *)stream->groups,
			    endpoint_get_length(stream->groups));
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

int socket_choose_source(const struct stream *stream, struct sockaddr_storage *ret)
{
	struct sockaddr_storage source = { 0 };
	socklen_t len = sizeof(source);
	int fd = open_socket(stream), r;

	if (fd < 0)
		return fd;
	r = connect_group(fd, stream);
	if (r == 0 && getsockname(fd, (struct sockaddr *)&source, &len) < 0)
		r = -errno;
	if (r == 0 && is_unspecified(&source))
		r = -EADDRNOTAVAIL;
	close(fd);
	if (r == 0)
		*ret = source;
	return r;
}

static int bind_address(int fd, const void *address, socklen_t len)
{
	return bind(fd, address, len) < 0 ? -errno : 0;
}

/* Not with the port that getsockname() may have left in the source. */
static int bind_source(int fd, const struct stream *stream,
		       const struct sockaddr_storage *source)
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;

	memcpy(&sin, source, sizeof(sin));
	memcpy(&sin6, source, sizeof(sin6));
	sin.sin_port = 0;
	sin6.sin6_port = 0;
	if (IN6_IS_ADDR_LINKLOCAL(&sin6.sin6_addr))
		sin6.sin6_scope_id = stream->ifindex;
	if (source->ss_family == AF_INET6)
		return bind_address(fd, &sin6, sizeof(sin6));
	return bind_address(fd, &sin, sizeof(sin));
}

/* The kernel then takes one long datagram for several of them. */
static int set_gso(int fd, const struct stream *stream)
{
	int size = (int)stream->shape.size;

	if (stream->n_gso == 0)
		return 0;
	return set_option(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size));
}

int socket_open_udp(const struct stream *stream, const struct sockaddr_storage *source)
{
	int fd = open_socket(stream), r;

	if (fd < 0)
		return fd;
	r = bind_source(fd, stream, source);
	if (r == 0)
		r = set_gso(fd, stream);
	if (r == 0 && stream->n_groups == 1)
		r = connect_group(fd, stream);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

/* With protocol 0 nothing is received. The queueing discipline is passed by: it would
 * only keep back what the device has no room for. */
int socket_open_packet(const struct stream *stream)
{
	struct sockaddr_ll link = { .sll_family = AF_PACKET,
				    .sll_ifindex = (int)stream->ifindex };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int on = 1, r;

	if (fd < 0)
		return -errno;
	r = set_option(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	if (r == 0 && bind(fd, (struct sockaddr *)&link, sizeof(link)) < 0)
		r = -errno;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

int socket_get_mac(const char *interface, uint8_t ret[FRAME_MAC_SIZE])
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };
	int r = 0;

	if (fd < 0)
		return -errno;
	strncpy(request.ifr_name, interface, sizeof(request.ifr_name) - 1);
	if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		r = -errno;
	else if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER &&
		 request.ifr_hwaddr.sa_family != ARPHRD_LOOPBACK)
		r = -EMEDIUMTYPE;
	else
		memcpy(ret, request.ifr_hwaddr.sa_data, FRAME_MAC_SIZE);
	close(fd);
	return r;
}
