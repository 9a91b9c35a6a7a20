/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets for firewalls, and where they come out (see firewall-traffic.h): datagrams
 * at UDP sockets, IGMP and ICMPv6 at raw sockets, reports on the far end of the link.
 *
 * Invariant: the process stays on one CPU, where packets keep their order: one that
 * comes has come before the sentinel behind it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firewall-grammar.h"
#include "firewall-traffic.h"
#include "netns.h"
#include "tap.h"

#define DEADLINE_MS  5000
#define FRAME_MAX    256
#define MARK         0x5afe0000u /* in front of the number of a packet */
#define SENTINEL     0xffffu
#define PADDING_MAX  40u
#define IPV4_BYTES   20u
#define ALERT_BYTES  4u /* option of IPv4, RFC 2113 */
#define HOPOPT_BYTES 8u /* header with the option of IPv6, RFC 2711 */
#define UDP_BYTES    12u
#define IGMP_BYTES   8u
#define MLD_BYTES    8u

const char *const traffic_sources4[N_SOURCES] = { "10.9.0.10", "10.9.0.11", "10.9.0.12",
						  "10.9.0.13" };
const char *const traffic_sources6[N_SOURCES] = { "fd09::10", "fd09::11", "fd09::12",
						  "fd09::13" };
const char *const traffic_groups4[N_GROUPS] = { "232.1.1.1", "239.1.1.1", "225.0.0.5" };
const char *const traffic_groups6[N_GROUPS] = { "ff3e::8000:1", "ff15::1", "ff1e::5" };

static const uint8_t alert4[ALERT_BYTES] = { 0x94, 4, 0, 0 };
static const uint8_t alert6[HOPOPT_BYTES] = { IPPROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0 };

struct firewall_traffic {
	uint32_t ifindex;
	int udp[2][N_PORTS]; /* of IPv4, of IPv6 */
	int igmp, icmpv6;    /* raw, in both directions */
	int wire;            /* the far end of the link, in both directions */
	int sentinel;        /* sends */
};

static int check(int r, const char *what)
{
	if (r < 0)
		tap_bail_out("%s: %s", what, strerror(errno));
	return r;
}

static void set(int fd, int level, int option, const void *value, socklen_t len)
{
	check(setsockopt(fd, level, option, value, len), "setsockopt");
}

static void set_number(int fd, int level, int option, int value)
{
	set(fd, level, option, &value, sizeof(value));
}

static int open_socket(int family, int type, int protocol)
{
	return check(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol),
		     "socket");
}

static void join(int fd, uint32_t ifindex, const char *group)
{
	struct group_req request = { .gr_interface = ifindex,
				     .gr_group = netns_parse(group) };
	bool is_ipv4 = request.gr_group.ss_family == AF_INET;

	set(fd, is_ipv4 ? IPPROTO_IP : IPPROTO_IPV6, MCAST_JOIN_GROUP, &request,
	    sizeof(request));
}

static int open_receiver(uint32_t ifindex, int family, unsigned int port)
{
	int fd = open_socket(family, SOCK_DGRAM, 0);
	struct sockaddr_in any4 = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 any6 = { .sin6_family = AF_INET6,
				     .sin6_port = htons((uint16_t)port) };

	if (family == AF_INET6)
		set_number(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (family == AF_INET)
		check(bind(fd, (void *)&any4, sizeof(any4)), "bind");
	else
		check(bind(fd, (void *)&any6, sizeof(any6)), "bind");
	for (unsigned int i = 0; i < N_GROUPS; i++)
		join(fd, ifindex,
		     family == AF_INET ? traffic_groups4[i] : traffic_groups6[i]);
	return fd;
}

static void aim4(int fd, uint32_t ifindex)
{
	struct ip_mreqn out = { .imr_ifindex = (int)ifindex };

	set(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out));
	set_number(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
}

static int open_igmp(uint32_t ifindex)
{
	int fd = open_socket(AF_INET, SOCK_RAW, IPPROTO_IGMP);

	aim4(fd, ifindex);
	set(fd, IPPROTO_IP, IP_OPTIONS, alert4, sizeof(alert4));
	return fd;
}

static int open_icmpv6(uint32_t ifindex)
{
	int fd = open_socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	struct sockaddr_storage from = netns_source(AF_INET6, 0, 0);

	set_number(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)ifindex);
	set_number(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
	set(fd, IPPROTO_IPV6, IPV6_HOPOPTS, alert6, sizeof(alert6));
	check(bind(fd, (void *)&from, sizeof(struct sockaddr_in6)), "bind");
	return fd;
}

static int open_sentinel(uint32_t ifindex)
{
	int fd = open_socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_storage from = netns_source(AF_INET, 0, 0);

	((struct sockaddr_in *)&from)->sin_port = htons(TRAFFIC_SENTINEL_PORT);
	aim4(fd, ifindex);
	check(bind(fd, (void *)&from, sizeof(struct sockaddr_in)), "bind");
	return fd;
}

static int open_wire(const char *interface)
{
	int fd = open_socket(AF_PACKET, SOCK_DGRAM, 0);
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(ETH_P_ALL),
				       .sll_ifindex = (int)if_nametoindex(interface) };

	check(bind(fd, (void *)&address, sizeof(address)), "bind");
	return fd;
}

static void stay_on_cpu(void)
{
	int cpu = sched_getcpu();
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu < 0 ? 0 : cpu, &cpus);
	check(sched_setaffinity(0, sizeof(cpus), &cpus), "sched_setaffinity");
}

struct firewall_traffic *firewall_traffic_new(void)
{
	struct firewall_traffic *traffic = calloc(1, sizeof(*traffic));

	if (!traffic)
		tap_bail_out("no memory");
	stay_on_cpu();
	netns_set_sysctl("net/ipv4/conf/all/rp_filter", 0);
	netns_set_sysctl("net/ipv4/conf/m0/rp_filter", 0);
	traffic->ifindex = if_nametoindex("m0");
	for (unsigned int i = 0; i < N_PORTS; i++) {
		traffic->udp[0][i] = open_receiver(traffic->ifindex, AF_INET,
						   TRAFFIC_PORT + i);
		traffic->udp[1][i] = open_receiver(traffic->ifindex, AF_INET6,
						   TRAFFIC_PORT + i);
	}
	traffic->igmp = open_igmp(traffic->ifindex);
	traffic->icmpv6 = open_icmpv6(traffic->ifindex);
	traffic->sentinel = open_sentinel(traffic->ifindex);
	traffic->wire = open_wire("m0p");
	return traffic;
}

void firewall_traffic_free(struct firewall_traffic *traffic)
{
	for (unsigned int i = 0; i < N_PORTS; i++) {
		close(traffic->udp[0][i]);
		close(traffic->udp[1][i]);
	}
	close(traffic->igmp);
	close(traffic->icmpv6);
	close(traffic->sentinel);
	close(traffic->wire);
	free(traffic);
}

/* Half of the packets are IPv4 datagrams. */
static const struct {
	int family;
	uint8_t protocol;
	bool is_outgoing;
} kinds[] = {
	{ AF_INET, IPPROTO_UDP, false },     { AF_INET, IPPROTO_UDP, false },
	{ AF_INET, IPPROTO_UDP, false },     { AF_INET, IPPROTO_UDP, false },
	{ AF_INET6, IPPROTO_UDP, false },    { AF_INET6, IPPROTO_UDP, false },
	{ AF_INET, IPPROTO_IGMP, false },    { AF_INET, IPPROTO_IGMP, true },
	{ AF_INET6, IPPROTO_ICMPV6, false }, { AF_INET6, IPPROTO_ICMPV6, true },
};

static void draw_addresses(struct firewall_packet *packet, uint64_t *random)
{
	bool is_ipv4 = packet->family == AF_INET;
	uint64_t g = grammar_random(random, N_GROUPS);
	uint64_t s = grammar_random(random, N_SOURCES);

	packet->destination = netns_parse(is_ipv4 ? traffic_groups4[g]
						  : traffic_groups6[g]);
	if (packet->is_outgoing)
		packet->source = netns_source(packet->family, 0, 0);
	else
		packet->source = netns_parse(is_ipv4 ? traffic_sources4[s]
						     : traffic_sources6[s]);
}

static void draw_transport(struct firewall_packet *packet, uint64_t *random)
{
	static const uint8_t igmp[] = { 0x11, 0x16, 0x17, 0x22 };
	static const uint8_t mld[] = { 130, 131, 132, 143 };

	switch (packet->protocol) {
	case IPPROTO_UDP:
		packet->has_source_port = packet->has_port = true;
		packet->source_port = TRAFFIC_SOURCE_PORT +
				      (uint16_t)grammar_random(random, 2);
		packet->port = TRAFFIC_PORT + (uint16_t)grammar_random(random, N_PORTS);
		packet->length = (packet->family == AF_INET ? 20 : 40) + UDP_BYTES +
				 (uint32_t)grammar_random(random, PADDING_MAX);
		break;
	case IPPROTO_IGMP:
		packet->has_type = true;
		packet->type = igmp[grammar_random(random, sizeof(igmp))];
		packet->length = 20 + ALERT_BYTES + IGMP_BYTES;
		break;
	default:
		packet->has_type = true;
		packet->type = mld[grammar_random(random, sizeof(mld))];
		packet->length = 40 + HOPOPT_BYTES + MLD_BYTES;
		break;
	}
	packet->has_length = true;
}

void firewall_traffic_draw(const struct firewall_traffic *traffic, uint64_t *random,
			   struct firewall_packet *ret)
{
	static const uint8_t ttls[] = { 1, 2, 64 };
	uint64_t kind = grammar_random(random, sizeof(kinds) / sizeof(*kinds));

	*ret = (struct firewall_packet){ .is_outgoing = kinds[kind].is_outgoing,
					 .ifindex = traffic->ifindex,
					 .interface = "m0",
					 .family = kinds[kind].family,
					 .protocol = kinds[kind].protocol,
					 .has_ttl = true };
	ret->ttl = ttls[grammar_random(random, sizeof(ttls))];
	draw_addresses(ret, random);
	draw_transport(ret, random);
}

static uint32_t add_words(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* Over the message and the pseudo header of IPv6, if it is IPv6. */
static uint16_t get_checksum(const struct firewall_packet *packet, const uint8_t *message,
			     size_t len)
{
	const struct sockaddr_in6 *from6 = (const void *)&packet->source;
	const struct sockaddr_in6 *to6 = (const void *)&packet->destination;
	uint32_t sum = 0;

	if (packet->family == AF_INET6) {
		sum = add_words(sum, &from6->sin6_addr, 16);
		sum = add_words(sum, &to6->sin6_addr, 16) + (uint32_t)len +
		      packet->protocol;
	}
	return fold(add_words(sum, message, len));
}

/* Ports, with the number of the packet behind them. */
static void build_udp(const struct firewall_packet *packet, uint32_t number, uint8_t *to,
		      size_t len)
{
	struct udphdr udp = { .source = htons(packet->source_port),
			      .dest = htons(packet->port),
			      .len = htons((uint16_t)len) };
	uint32_t mark = htonl(MARK | number);

	memcpy(to, &udp, sizeof(udp));
	memcpy(to + sizeof(udp), &mark, sizeof(mark));
	if (packet->family == AF_INET)
		return; /* 0: none */
	udp.check = get_checksum(packet, to, len);
	memcpy(to, &udp, sizeof(udp));
}

/* Type, with the number of the packet behind it: the same place for IGMP and ICMPv6. */
static void build_report(const struct firewall_packet *packet, uint32_t number,
			 uint8_t *to, size_t len)
{
	uint32_t mark = htonl(MARK | number);
	uint16_t checksum;

	to[0] = packet->type;
	memcpy(to + 4, &mark, sizeof(mark));
	checksum = get_checksum(packet, to, len);
	memcpy(to + 2, &checksum, sizeof(checksum));
}

/* frame is zero. */
static size_t build4(const struct firewall_packet *packet, uint8_t *frame)
{
	const struct sockaddr_in *source = (const void *)&packet->source;
	const struct sockaddr_in *group = (const void *)&packet->destination;
	size_t n = IPV4_BYTES + (packet->protocol == IPPROTO_IGMP ? ALERT_BYTES : 0);
	uint16_t checksum;

	frame[0] = (uint8_t)(4 << 4 | n / 4);
	frame[3] = (uint8_t)packet->length;
	frame[8] = packet->ttl;
	frame[9] = packet->protocol;
	memcpy(frame + 12, &source->sin_addr, 4);
	memcpy(frame + 16, &group->sin_addr, 4);
	memcpy(frame + IPV4_BYTES, alert4, n - IPV4_BYTES);
	checksum = fold(add_words(0, frame, n));
	memcpy(frame + 10, &checksum, sizeof(checksum));
	return n;
}

static size_t build6(const struct firewall_packet *packet, uint8_t *frame)
{
	size_t n_options = packet->protocol == IPPROTO_ICMPV6 ? HOPOPT_BYTES : 0;
	struct ip6_hdr header = {
		.ip6_flow = htonl(6u << 28),
		.ip6_plen = htons((uint16_t)(packet->length - sizeof(header))),
		.ip6_nxt = n_options ? IPPROTO_HOPOPTS : packet->protocol,
		.ip6_hlim = packet->ttl,
		.ip6_src = ((const struct sockaddr_in6 *)&packet->source)->sin6_addr,
		.ip6_dst = ((const struct sockaddr_in6 *)&packet->destination)->sin6_addr,
	};

	memcpy(frame, &header, sizeof(header));
	memcpy(frame + sizeof(header), alert6, n_options);
	return sizeof(header) + n_options;
}

/* The last bytes of the group are those of the frame's address (RFC 1112 6.4,
 * RFC 2464 7). */
static void get_mac(const struct firewall_packet *packet, uint8_t *mac)
{
	static const uint8_t prefix4[] = { 0x01, 0x00, 0x5e }, prefix6[] = { 0x33, 0x33 };
	const struct sockaddr_in *sin = (const void *)&packet->destination;
	const struct sockaddr_in6 *sin6 = (const void *)&packet->destination;

	if (packet->family == AF_INET) {
		memcpy(mac, prefix4, sizeof(prefix4));
		memcpy(mac + 3, (const uint8_t *)&sin->sin_addr + 1, 3);
		mac[3] &= 0x7f;
		return;
	}
	memcpy(mac, prefix6, sizeof(prefix6));
	memcpy(mac + 2, sin6->sin6_addr.s6_addr + 12, 4);
}

static void send_incoming(const struct firewall_traffic *traffic,
			  const struct firewall_packet *packet, uint32_t number)
{
	bool is_ipv4 = packet->family == AF_INET;
	uint16_t protocol = is_ipv4 ? ETH_P_IP : ETH_P_IPV6;
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(protocol),
				  .sll_ifindex = (int)if_nametoindex("m0p"),
				  .sll_halen = ETH_ALEN };
	uint8_t frame[FRAME_MAX] = { 0 };
	size_t n = is_ipv4 ? build4(packet, frame) : build6(packet, frame);

	if (packet->protocol == IPPROTO_UDP)
		build_udp(packet, number, frame + n, packet->length - n);
	else
		build_report(packet, number, frame + n, packet->length - n);
	get_mac(packet, to.sll_addr);
	check((int)sendto(traffic->wire, frame, packet->length, 0, (void *)&to,
			  sizeof(to)),
	      "a frame");
}

/* A firewall may tell the sender. */
static void send_outgoing(const struct firewall_traffic *traffic,
			  const struct firewall_packet *packet, uint32_t number)
{
	bool is_ipv4 = packet->family == AF_INET;
	int fd = is_ipv4 ? traffic->igmp : traffic->icmpv6;
	uint8_t message[MLD_BYTES] = { 0 };

	build_report(packet, number, message, sizeof(message));
	set_number(fd, is_ipv4 ? IPPROTO_IP : IPPROTO_IPV6,
		   is_ipv4 ? IP_MULTICAST_TTL : IPV6_MULTICAST_HOPS, packet->ttl);
	if (sendto(fd, message, sizeof(message), 0, (const void *)&packet->destination,
		   is_ipv4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)) <
		    0 &&
	    errno != EPERM && errno != ENOBUFS)
		tap_bail_out("a report: %s", strerror(errno));
}

static void send_sentinels(const struct firewall_traffic *traffic)
{
	struct sockaddr_storage to = netns_parse(traffic_groups4[0]);
	struct firewall_packet sentinel = { .family = AF_INET,
					    .protocol = IPPROTO_UDP,
					    .ttl = 1,
					    .length = 20 + UDP_BYTES,
					    .source = netns_parse(traffic_sources4[0]),
					    .destination = to,
					    .source_port = TRAFFIC_SENTINEL_PORT,
					    .port = TRAFFIC_PORT };

	send_incoming(traffic, &sentinel, SENTINEL);
	((struct sockaddr_in *)&to)->sin_port = htons(TRAFFIC_PORT);
	check((int)sendto(traffic->sentinel, "end", 3, 0, (void *)&to,
			  sizeof(struct sockaddr_in)),
	      "the sentinel");
}

static bool read_number(const uint8_t *at, uint32_t *ret)
{
	uint32_t number;

	memcpy(&number, at, sizeof(number));
	number = ntohl(number);
	*ret = number & 0xffff;
	return (number & 0xffff0000u) == MARK;
}

/* Reads what is there; true: the sentinel was there too. offset: of the number. */
static bool drain(int fd, bool has_ipv4_header, size_t offset, bool *came)
{
	bool has_sentinel = false;
	uint8_t bytes[FRAME_MAX];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
		size_t at = offset + (has_ipv4_header ? (bytes[0] & 15u) * 4 : 0);
		uint32_t number;

		if ((size_t)n < at + 4 || !read_number(bytes + at, &number))
			continue; /* the kernel's own */
		if (number == SENTINEL)
			has_sentinel = true;
		else
			came[number] = true;
	}
	return has_sentinel;
}

/* The same for what leaves: the sentinel there is known by its port. */
static bool drain_wire(int fd, bool *came)
{
	bool has_sentinel = false;
	struct sockaddr_ll from = { 0 };
	socklen_t len = sizeof(from);
	uint8_t bytes[FRAME_MAX] = { 0 };

	while (recvfrom(fd, bytes, sizeof(bytes), 0, (void *)&from, &len) > 0) {
		bool is_ipv4 = bytes[0] >> 4 == 4;
		size_t at = is_ipv4 ? (bytes[0] & 15u) * 4 : 40 + HOPOPT_BYTES;
		uint32_t number;

		if (from.sll_pkttype == PACKET_OUTGOING)
			continue; /* our own frames */
		if (is_ipv4 && bytes[9] == IPPROTO_UDP)
			has_sentinel = true;
		else if (read_number(bytes + at + 4, &number))
			came[number] = true;
		len = sizeof(from);
	}
	return has_sentinel;
}

static void await(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	if (poll(&poller, 1, DEADLINE_MS) <= 0)
		tap_bail_out("the sentinel did not come in %d ms", DEADLINE_MS);
}

static void receive(const struct firewall_traffic *traffic, bool *came)
{
	while (!drain(traffic->udp[0][0], false, 0, came))
		await(traffic->udp[0][0]);
	while (!drain_wire(traffic->wire, came))
		await(traffic->wire);
	for (unsigned int i = 0; i < N_PORTS; i++) {
		drain(traffic->udp[0][i], false, 0, came);
		drain(traffic->udp[1][i], false, 0, came);
	}
	drain(traffic->igmp, true, 4, came);
	drain(traffic->icmpv6, false, 4, came);
}

void firewall_traffic_send(struct firewall_traffic *traffic,
			   const struct firewall_packet *packets, unsigned int n_packets,
			   bool *ret_came)
{
	memset(ret_came, 0, n_packets * sizeof(*ret_came));
	for (unsigned int i = 0; i < n_packets; i++) {
		if (packets[i].is_outgoing)
			send_outgoing(traffic, &packets[i], i);
		else
			send_incoming(traffic, &packets[i], i);
	}
	send_sentinels(traffic);
	receive(traffic, ret_came);
}
