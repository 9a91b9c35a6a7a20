/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: the AF_PACKET socket (see wire.h); wire-parse.c reads what it gives.
 *
 * Invariant: the filter is in place before the first packet can come.  Link headers
 * are the kernel's affair (SOCK_DGRAM), and so are VLANs: their packets are taken
 * from the VLAN's own interface and not from the one below.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire.h"

#define CONTROL_MAX  65535 /* bytes of a packet that are captured */
#define DATAGRAM_MAX 2048

#define RECEIVE_BUFFER (4 << 20)

#define IPV6_HEADER_LENGTH 40

#define MLD_QUERY     130
#define MLD_V1_REPORT 131
#define MLD_DONE      132
#define MLD_V2_REPORT 143

struct wire {
	int fd;
	uint8_t bytes[CONTROL_MAX];
};

/* Line numbers of the filter. */
enum line {
	LINE_VLAN = 0,
	LINE_PROTOCOL = 5,
	LINE_IPV4 = 8,
	LINE_IPV4_UDP = 10,
	LINE_IPV6 = 14,
	LINE_HOP_BY_HOP = 17,
	LINE_MLD_BEHIND = 19,
	LINE_MLD_AT_ONCE = 24,
	LINE_MLD = 25,
	LINE_IPV6_GROUP = 30,
	LINE_CONTROL = 32,
	LINE_DATAGRAM = 33,
	LINE_DROP = 34,
	N_LINES = 35,
};

#define LOAD_AUXILIARY(what) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + (what))
#define LOAD_BYTE(offset)    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offset)
#define GO_IF_EQUAL(at, value, yes, no) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, (yes) - (at)-1, (no) - (at)-1)

/* Offsets count from the IP header. A load behind the end of the packet drops it. */
static const struct sock_filter program[N_LINES] = {
	/* tag 0 is a priority, no VLAN (IEEE 802.1Q) */
	[LINE_VLAN] = LOAD_AUXILIARY(SKF_AD_VLAN_TAG_PRESENT),
	[1] = GO_IF_EQUAL(1, 0, LINE_PROTOCOL, 2),
	[2] = LOAD_AUXILIARY(SKF_AD_VLAN_TAG),
	[3] = BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x0fff),
	[4] = GO_IF_EQUAL(4, 0, LINE_PROTOCOL, LINE_DROP),

	[LINE_PROTOCOL] = LOAD_AUXILIARY(SKF_AD_PROTOCOL),
	[6] = GO_IF_EQUAL(6, ETH_P_IP, LINE_IPV4, 7),
	[7] = GO_IF_EQUAL(7, ETH_P_IPV6, LINE_IPV6, LINE_DROP),

	[LINE_IPV4] = LOAD_BYTE(9),
	[9] = GO_IF_EQUAL(9, IPPROTO_IGMP, LINE_CONTROL, LINE_IPV4_UDP),
	[LINE_IPV4_UDP] = GO_IF_EQUAL(10, IPPROTO_UDP, 11, LINE_DROP),
	[11] = LOAD_BYTE(16),
	[12] = BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
	[13] = GO_IF_EQUAL(13, 0xe0, LINE_DATAGRAM, LINE_DROP),

	[LINE_IPV6] = LOAD_BYTE(6),
	[15] = GO_IF_EQUAL(15, IPPROTO_HOPOPTS, LINE_HOP_BY_HOP, 16),
	[16] = GO_IF_EQUAL(16, IPPROTO_ICMPV6, LINE_MLD_AT_ONCE, LINE_IPV6_GROUP),
	[LINE_HOP_BY_HOP] = LOAD_BYTE(IPV6_HEADER_LENGTH),
	[18] = GO_IF_EQUAL(18, IPPROTO_ICMPV6, LINE_MLD_BEHIND, LINE_IPV6_GROUP),
	[LINE_MLD_BEHIND] = LOAD_BYTE(IPV6_HEADER_LENGTH + 1),
	[20] = BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 1),
	[21] = BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 3),
	[22] = BPF_STMT(BPF_MISC | BPF_TAX, 0),
	[23] = BPF_STMT(BPF_JMP | BPF_JA, LINE_MLD - 23 - 1),
	[LINE_MLD_AT_ONCE] = BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 0),
	[LINE_MLD] = BPF_STMT(BPF_LD | BPF_B | BPF_IND, IPV6_HEADER_LENGTH),
	[26] = GO_IF_EQUAL(26, MLD_QUERY, LINE_CONTROL, 27),
	[27] = GO_IF_EQUAL(27, MLD_V1_REPORT, LINE_CONTROL, 28),
	[28] = GO_IF_EQUAL(28, MLD_DONE, LINE_CONTROL, 29),
	[29] = GO_IF_EQUAL(29, MLD_V2_REPORT, LINE_CONTROL, LINE_DROP),
	/* UDP may stand behind headers of any kind; little else goes to groups. */
	[LINE_IPV6_GROUP] = LOAD_BYTE(24),
	[31] = GO_IF_EQUAL(31, 0xff, LINE_DATAGRAM, LINE_DROP),

	[LINE_CONTROL] = BPF_STMT(BPF_RET | BPF_K, 0), /* filled in */
	[LINE_DATAGRAM] = BPF_STMT(BPF_RET | BPF_K, 0),
	[LINE_DROP] = BPF_STMT(BPF_RET | BPF_K, 0),
};

static int attach_filter(int fd, unsigned int what)
{
	struct sock_filter lines[N_LINES];
	struct sock_fprog filter = { N_LINES, lines };

	memcpy(lines, program, sizeof(lines));
	if (what & WIRE_CONTROL)
		lines[LINE_CONTROL].k = CONTROL_MAX;
	if (what & WIRE_DATAGRAMS)
		lines[LINE_DATAGRAM].k = DATAGRAM_MAX;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0)
		return -errno;
	return 0;
}

static int set_options(int fd)
{
	int yes = 1, size = RECEIVE_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof(yes)) < 0)
		return -errno;
	/* As much as we may have. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0)
		return -errno;
	return 0;
}

static int open_socket(int fd, uint32_t ifindex, unsigned int what)
{
	/* What this host sends is shown to those only that want all protocols. */
	struct sockaddr_ll place = { .sll_family = AF_PACKET,
				     .sll_protocol = htons(ETH_P_ALL),
				     .sll_ifindex = (int)ifindex };
	int r = attach_filter(fd, what);

	if (r == 0)
		r = set_options(fd);
	if (r == 0 && bind(fd, (const struct sockaddr *)&place, sizeof(place)) < 0)
		r = -errno;
	return r;
}

int wire_new(struct wire **ret, uint32_t ifindex, unsigned int what)
{
	struct wire *wire = malloc(sizeof(*wire));
	int r;

	if (!wire)
		return -ENOMEM;
	/* Protocol 0: nothing comes before bind(2). */
	wire->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	r = wire->fd < 0 ? -errno : open_socket(wire->fd, ifindex, what);
	if (r < 0) {
		wire_free(wire);
		return r;
	}
	*ret = wire;
	return 0;
}

struct wire *wire_free(struct wire *wire)
{
	if (wire && wire->fd >= 0)
		close(wire->fd);
	free(wire);
	return NULL;
}

int wire_get_fd(const struct wire *wire)
{
	return wire->fd;
}

static void read_time(struct msghdr *message, struct timespec *ret)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message);

	for (; control; control = CMSG_NXTHDR(message, control))
		if (control->cmsg_level == SOL_SOCKET &&
		    control->cmsg_type == SO_TIMESTAMPNS) {
			memcpy(ret, CMSG_DATA(control), sizeof(*ret));
			return;
		}
	clock_gettime(CLOCK_REALTIME, ret);
}

/* 1, or 0: a packet that is not for us; or -errno. */
static int receive(struct wire *wire, struct wire_packet *packet)
{
	union {
		char bytes[CMSG_SPACE(sizeof(struct timespec))];
		struct cmsghdr align;
	} control;
	struct sockaddr_ll from;
	struct iovec data = { wire->bytes, sizeof(wire->bytes) };
	struct msghdr message = { .msg_name = &from,
				  .msg_namelen = sizeof(from),
				  .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(wire->fd, &message, 0);

	if (n < 0)
		return -errno;
	if (!wire_parse(wire->bytes, (uint32_t)n, packet))
		return 0;
	packet->ifindex = (uint32_t)from.sll_ifindex;
	packet->is_outgoing = from.sll_pkttype == PACKET_OUTGOING;
	if (from.sll_halen == WIRE_MAC)
		memcpy(packet->mac, from.sll_addr, WIRE_MAC);
	read_time(&message, &packet->when);
	return 1;
}

/* The interface went down; it may come up again. */
static bool is_passing(int error)
{
	return error == -EINTR || error == -ENETDOWN;
}

int wire_pop(struct wire *wire, struct wire_packet *ret)
{
	struct wire_packet packet;
	int r;

	do
		r = receive(wire, &packet);
	while (r == 0 || is_passing(r));
	if (r > 0)
		*ret = packet;
	return r == -EAGAIN ? 0 : r;
}

uint32_t wire_take_drops(struct wire *wire)
{
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);

	/* Reading it starts it anew. */
	if (getsockopt(wire->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) < 0)
		return 0;
	return stats.tp_drops;
}
