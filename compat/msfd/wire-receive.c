/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire-receive: what raw sockets receive (see wire-socket.h), as the engine wants it. A
 * raw IPv4 socket gives the whole datagram, and also those whose IGMP checksum is wrong;
 * an ICMPv6 one gives the message, and the rest beside it (RFC 3542), when its checksum
 * is right.
 */
#include "msfd/wire-socket.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "msfd/wire-option.h"

/* RFC 2710 3, RFC 9777 5.2 */
#define MLD_QUERY     130
#define MLD_V1_REPORT 131
#define MLD_V1_DONE   132
#define MLD_V2_REPORT 143

#define IPV6_HEADER_LEN 40u

/* The longest hop-by-hop header, and the rest. */
#define CONTROL_SIZE 4096u

static void pass_only_mld(int fd)
{
	struct icmp6_filter filter;

	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(MLD_QUERY, &filter);
	ICMP6_FILTER_SETPASS(MLD_V1_REPORT, &filter);
	ICMP6_FILTER_SETPASS(MLD_V1_DONE, &filter);
	ICMP6_FILTER_SETPASS(MLD_V2_REPORT, &filter);
	(void)setsockopt(fd, SOL_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
}

int wire_socket_open_receiver(enum engine_family family)
{
	bool is_ipv4 = family == ENGINE_IPV4;
	int fd = socket(is_ipv4 ? AF_INET : AF_INET6,
			SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			is_ipv4 ? IPPROTO_IGMP : IPPROTO_ICMPV6);

	if (fd < 0)
		return -errno;
	if (is_ipv4) {
		wire_option_set(fd, SOL_IP, IP_PKTINFO, 1);
	} else {
		pass_only_mld(fd);
		wire_option_set(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1);
		wire_option_set(fd, SOL_IPV6, IPV6_RECVHOPLIMIT, 1);
		wire_option_set(fd, SOL_IPV6, IPV6_RECVHOPOPTS, 1);
	}
	wire_option_set(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
	wire_option_set_mark(fd);
	wire_option_set_room(fd, SO_RCVBUFFORCE, SO_RCVBUF);
	return fd;
}

static bool is_control(const struct cmsghdr *header, int level, int type, size_t len)
{
	return header->cmsg_level == level && header->cmsg_type == type &&
	       header->cmsg_len >= CMSG_LEN(len);
}

static void read_pktinfo6(const struct cmsghdr *header, struct wire_message *ret)
{
	struct in6_pktinfo info;

	memcpy(&info, CMSG_DATA(header), sizeof(info));
	ret->ifindex = info.ipi6_ifindex;
	ret->datagram.destination = addr_from_bytes(info.ipi6_addr.s6_addr);
}

static void read_hop_by_hop(const struct cmsghdr *header, struct wire_message *ret)
{
	size_t len = header->cmsg_len - CMSG_LEN(0);

	ret->datagram.has_router_alert = engine_has_router_alert(CMSG_DATA(header), len);
	ret->datagram.total_len += len;
}

static void read_control(const struct cmsghdr *header, struct wire_message *ret)
{
	struct in_pktinfo info;
	int hop_limit;

	if (is_control(header, SOL_IP, IP_PKTINFO, sizeof(info))) {
		memcpy(&info, CMSG_DATA(header), sizeof(info));
		ret->ifindex = (uint32_t)info.ipi_ifindex;
	} else if (is_control(header, SOL_IPV6, IPV6_PKTINFO,
			      sizeof(struct in6_pktinfo))) {
		read_pktinfo6(header, ret);
	} else if (is_control(header, SOL_IPV6, IPV6_HOPLIMIT, sizeof(hop_limit))) {
		memcpy(&hop_limit, CMSG_DATA(header), sizeof(hop_limit));
		ret->datagram.hop_limit = (uint8_t)hop_limit;
	} else if (is_control(header, SOL_IPV6, IPV6_HOPOPTS, 0)) {
		read_hop_by_hop(header, ret);
	} else if (is_control(header, SOL_SOCKET, SO_RXQ_OVFL, sizeof(uint32_t))) {
		memcpy(&ret->n_overrun, CMSG_DATA(header), sizeof(ret->n_overrun));
	}
}

static int read_ipv4(const void *buffer, size_t len, struct wire_message *message)
{
	return engine_read_datagram(buffer, len, &message->datagram);
}

/* total_len is that of the hop-by-hop header, where there was one. */
static int read_ipv6(const void *buffer, size_t len, const struct sockaddr_in6 *from,
		     struct wire_message *message)
{
	struct engine_datagram *datagram = &message->datagram;

	datagram->source = addr_from_bytes(from->sin6_addr.s6_addr);
	datagram->total_len += IPV6_HEADER_LEN + len;
	datagram->message = buffer;
	datagram->len = len;
	datagram->is_verified = true;
	return 0;
}

int wire_socket_receive(int fd, enum engine_family family, void *buffer, size_t size,
			struct wire_message *ret)
{
	union {
		struct cmsghdr header;
		uint8_t bytes[CONTROL_SIZE];
	} control;
	struct sockaddr_in6 from = { 0 };
	struct iovec bytes = { buffer, size };
	struct msghdr header = { .msg_name = &from,
				 .msg_namelen = sizeof(from),
				 .msg_iov = &bytes,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control) };
	struct wire_message message = { 0 };
	ssize_t n = recvmsg(fd, &header, MSG_DONTWAIT);
	int r;

	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	for (struct cmsghdr *i = CMSG_FIRSTHDR(&header); i; i = CMSG_NXTHDR(&header, i))
		read_control(i, &message);
	r = family == ENGINE_IPV4 ? read_ipv4(buffer, (size_t)n, &message)
				  : read_ipv6(buffer, (size_t)n, &from, &message);
	if (r < 0)
		return r;
	*ret = message;
	return 1;
}
