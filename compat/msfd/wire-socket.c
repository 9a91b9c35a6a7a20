/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire-socket: sockets that exist in a moment, and what goes out of them (see
 * wire-socket.h). What comes in is in wire-receive.c.
 *
 * Raw sockets of IPPROTO_RAW send headers as they are given and receive nothing of their
 * own (raw(7)). IP_RECVERR makes them say that a queue was full; without, the kernel
 * keeps silent about that.
 */
#include "msfd/wire-socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "msfd/wire-option.h"

/* Of what waits in a host's queue, reports go first, as the kernel's own do
 * (TC_PRIO_CONTROL); TC_PRIO_INTERACTIVE is what anybody may ask for. */
#define PRIORITY      7
#define PRIORITY_LESS 6

/* It only sends: nothing that comes may fill it, or wake anybody. */
static void refuse_all(int fd)
{
	struct sock_filter refuse = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog program = { .len = 1, .filter = &refuse };

	(void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static const struct {
	int domain, type, protocol;
} sockets[WIRE_WAYS] = {
	[WIRE_IPV4] = { AF_INET, SOCK_RAW, IPPROTO_RAW },
	[WIRE_IPV6] = { AF_INET6, SOCK_RAW, IPPROTO_RAW },
	/* Protocol 0: it receives nothing. */
	[WIRE_PACKET] = { AF_PACKET, SOCK_DGRAM, 0 },
};

int wire_socket_open_way(enum wire_way way)
{
	int fd = socket(sockets[way].domain,
			sockets[way].type | SOCK_CLOEXEC | SOCK_NONBLOCK,
			sockets[way].protocol);

	if (fd < 0)
		return -errno;
	refuse_all(fd);
	wire_option_set_mark(fd);
	wire_option_set_room(fd, SO_SNDBUFFORCE, SO_SNDBUF);
	wire_option_set(fd, SOL_SOCKET, SO_PRIORITY, PRIORITY_LESS);
	wire_option_set(fd, SOL_SOCKET, SO_PRIORITY, PRIORITY);
	if (way == WIRE_IPV4) {
		wire_option_set(fd, SOL_IP, IP_MULTICAST_LOOP, 0);
		wire_option_set(fd, SOL_IP, IP_RECVERR, 1);
		/* No report goes through a gateway. */
		wire_option_set(fd, SOL_SOCKET, SO_DONTROUTE, 1);
	} else if (way == WIRE_IPV6) {
		wire_option_set(fd, SOL_IPV6, IPV6_MULTICAST_LOOP, 0);
		wire_option_set(fd, SOL_IPV6, IPV6_RECVERR, 1);
	}
	return fd;
}

void wire_socket_clear_errors(int fd)
{
	socklen_t len = sizeof(int);
	char byte;
	int error;

	while (recv(fd, &byte, sizeof(byte), MSG_ERRQUEUE | MSG_DONTWAIT) >= 0)
		;
	(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
}

/* A datagram, where it goes and by which interface. */
struct parcel {
	struct iovec bytes;
	union {
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
		struct sockaddr_ll packet;
	} to;
	struct msghdr message;
	union {
		struct cmsghdr header;
		uint8_t ipv4[CMSG_SPACE(sizeof(struct in_pktinfo))];
		uint8_t ipv6[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control;
};

static void *put_control(struct parcel *parcel, int level, int type, size_t len)
{
	struct cmsghdr *header = &parcel->control.header;

	parcel->message.msg_control = header;
	parcel->message.msg_controllen = CMSG_SPACE(len);
	*header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(len),
				    .cmsg_level = level,
				    .cmsg_type = type };
	return CMSG_DATA(header);
}

static void direct_ipv4(struct parcel *parcel, uint32_t ifindex, struct addr to)
{
	struct in_pktinfo info = { .ipi_ifindex = (int)ifindex };

	parcel->to.ipv4 = (struct sockaddr_in){ .sin_family = AF_INET,
						.sin_addr.s_addr = htonl(addr_ipv4(to)) };
	parcel->message.msg_namelen = sizeof(parcel->to.ipv4);
	memcpy(put_control(parcel, SOL_IP, IP_PKTINFO, sizeof(info)), &info,
	       sizeof(info));
}

static void direct_ipv6(struct parcel *parcel, uint32_t ifindex, struct addr to)
{
	struct in6_pktinfo info = { .ipi6_ifindex = ifindex };

	parcel->to.ipv6 = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
	addr_to_bytes(to, parcel->to.ipv6.sin6_addr.s6_addr);
	parcel->message.msg_namelen = sizeof(parcel->to.ipv6);
	memcpy(put_control(parcel, SOL_IPV6, IPV6_PKTINFO, sizeof(info)), &info,
	       sizeof(info));
}

/* RFC 1112 6.4, RFC 2464 7 */
static void map_to_ethernet(struct addr group, uint8_t ret[ETH_ALEN])
{
	uint8_t bytes[16];

	addr_to_bytes(group, bytes);
	ret[0] = ret[1] = 0x33;
	memcpy(ret + 2, bytes + 12, 4);
	if (!addr_is_ipv4(group))
		return;
	ret[0] = 0x01;
	ret[1] = 0x00;
	ret[2] = 0x5e;
	ret[3] &= 0x7f;
}

/* Other links with addresses map groups in ways of their own: there a report waits for an
 * address of the host. */
static int direct_packet(struct parcel *parcel, const struct link *link,
			 const struct engine_packet *packet)
{
	bool is_ethernet = link->hardware_len == ETH_ALEN;

	if (link->hardware_len && !is_ethernet)
		return -EAFNOSUPPORT;
	parcel->to.packet = (struct sockaddr_ll){
		.sll_family = AF_PACKET,
		.sll_protocol = htons(packet->family == ENGINE_IPV4 ? ETH_P_IP
								    : ETH_P_IPV6),
		.sll_ifindex = (int)packet->ifindex,
		.sll_halen = is_ethernet ? ETH_ALEN : 0,
	};
	if (is_ethernet)
		map_to_ethernet(packet->destination, parcel->to.packet.sll_addr);
	parcel->message.msg_namelen = sizeof(parcel->to.packet);
	return 0;
}

static int direct(struct parcel *parcel, enum wire_way way, const struct link *link,
		  const struct engine_packet *packet)
{
	switch (way) {
	case WIRE_IPV4:
		direct_ipv4(parcel, packet->ifindex, packet->destination);
		return 0;
	case WIRE_IPV6:
		direct_ipv6(parcel, packet->ifindex, packet->destination);
		return 0;
	case WIRE_PACKET:
		return direct_packet(parcel, link, packet);
	}
	return -EINVAL;
}

int wire_socket_send(int fd, enum wire_way way, const struct link *link,
		     const void *datagram, const struct engine_packet *packet)
{
	struct parcel parcel = {
		.bytes = { (void *)datagram, packet->len },
	};
	int r;

	parcel.message = (struct msghdr){ .msg_name = &parcel.to,
					  .msg_iov = &parcel.bytes,
					  .msg_iovlen = 1 };
	r = direct(&parcel, way, link, packet);
	if (r == 0 && sendmsg(fd, &parcel.message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		r = -errno;
	return r;
}
