/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Senders, receivers and the sentinel between them. Invariant: traffic_hear()
 * leaves the receiver's queue empty.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "raw.h"
#include "tap.h"
#include "traffic.h"

#define DEADLINE_MS 5000
#define SENTINEL    0xffu

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

struct packet {
	uint32_t sequence;
	uint32_t source;
};

const char *flavour_name(enum flavour flavour)
{
	static const char *const names[N_FLAVOURS] = {
		[FLAVOUR_IPV4] = "IPv4",
		[FLAVOUR_IPV4_ON_IPV6] = "IPv4 on AF_INET6",
		[FLAVOUR_IPV6] = "IPv6",
	};

	return names[flavour];
}

int flavour_get_family(enum flavour flavour)
{
	return flavour == FLAVOUR_IPV6 ? AF_INET6 : AF_INET;
}

int flavour_get_domain(enum flavour flavour)
{
	return flavour == FLAVOUR_IPV4 ? AF_INET : AF_INET6;
}

void traffic_pin(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	CPU_ZERO(&set);
	CPU_SET(cpu < 0 ? 0 : cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		tap_bail_out("cannot pin the process: %s", strerror(errno));
}

static int open_sender(int family, uint32_t ifindex, const struct sockaddr_storage *from)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int option = family == AF_INET ? IP_MULTICAST_IF : IPV6_MULTICAST_IF;
	struct ip_mreqn request = { .imr_ifindex = ifindex };
	int index = ifindex, r;

	if (family == AF_INET)
		r = raw_setsockopt(fd, level, option, &request, sizeof(request));
	else
		r = raw_setsockopt(fd, level, option, &index, sizeof(index));
	if (fd < 0 || r < 0 || bind(fd, (const void *)from, sizeof(*from)) < 0)
		tap_bail_out("cannot make a sender: %s", strerror(errno));
	return fd;
}

void traffic_init(struct traffic *traffic, const struct netns *net)
{
	traffic_pin();
	traffic->sequence = 0;
	traffic->receive = recv;
	for (unsigned int l = 0; l < NETNS_LINKS; l++)
		for (unsigned int i = 0; i < NETNS_ADDRESSES; i++)
			for (int is_ipv6 = 0; is_ipv6 < 2; is_ipv6++) {
				int family = is_ipv6 ? AF_INET6 : AF_INET;
				struct sockaddr_storage from = netns_source(family, l, i);

				traffic->fd[l][is_ipv6][i] =
					open_sender(family, net->ifindex[l], &from);
			}
}

void traffic_fini(struct traffic *traffic)
{
	for (unsigned int l = 0; l < NETNS_LINKS; l++)
		for (unsigned int i = 0; i < NETNS_ADDRESSES; i++) {
			close(traffic->fd[l][0][i]);
			close(traffic->fd[l][1][i]);
		}
}

int traffic_open_receiver(enum flavour flavour)
{
	struct sockaddr_storage any = { .ss_family = flavour_get_domain(flavour) };
	socklen_t len = any.ss_family == AF_INET ? sizeof(struct sockaddr_in)
						 : sizeof(struct sockaddr_in6);
	int fd = socket(any.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (const void *)&any, len) < 0)
		tap_bail_out("cannot make a receiver: %s", strerror(errno));
	return fd;
}

void traffic_set_multicast_all(int fd, int on)
{
	raw_setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &on, sizeof(on));
	raw_setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &on, sizeof(on));
}

int traffic_open_strict_receiver(enum flavour flavour)
{
	int fd = traffic_open_receiver(flavour);

	traffic_set_multicast_all(fd, 0);
	return fd;
}

int traffic_get_multicast_all(int fd, int family)
{
	int value = -1;
	socklen_t len = sizeof(value);

	if (family == AF_INET)
		raw_getsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &value, &len);
	else
		raw_getsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &value, &len);
	return value;
}

static void send_packet(int fd, uint32_t sequence, uint32_t source,
			struct sockaddr_storage to, in_port_t port)
{
	struct packet packet = { sequence, source };

	if (to.ss_family == AF_INET)
		((struct sockaddr_in *)&to)->sin_port = port;
	else
		((struct sockaddr_in6 *)&to)->sin6_port = port;
	if (sendto(fd, &packet, sizeof(packet), 0, (const void *)&to, sizeof(to)) < 0)
		tap_bail_out("cannot send: %s", strerror(errno));
}

/* In network byte order; at the same place for both families. */
static in_port_t get_port(int fd)
{
	struct sockaddr_in6 self = { 0 };
	socklen_t len = sizeof(self);

	if (getsockname(fd, (void *)&self, &len) < 0)
		tap_bail_out("getsockname: %s", strerror(errno));
	return self.sin6_port;
}

static unsigned int read_to_sentinel(const struct traffic *traffic, int fd)
{
	unsigned int heard = 0;
	struct packet packet;

	for (;;) {
		struct pollfd poller = { .fd = fd, .events = POLLIN };
		ssize_t n = traffic->receive(fd, &packet, sizeof(packet), MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN) {
			if (poll(&poller, 1, DEADLINE_MS) <= 0)
				tap_bail_out("the sentinel did not come in %d ms",
					     DEADLINE_MS);
			continue;
		}
		if (n != sizeof(packet) || packet.sequence != traffic->sequence)
			tap_bail_out("a foreign packet of %zd bytes", n);
		if (packet.source == SENTINEL)
			return heard;
		heard |= 1u << packet.source;
	}
}

unsigned int traffic_hear(struct traffic *traffic, int fd, unsigned int link,
			  const struct sockaddr_storage *group)
{
	int is_ipv6 = group->ss_family == AF_INET6;
	const int *senders = traffic->fd[link][is_ipv6];
	in_port_t port = get_port(fd);

	traffic->sequence++;
	for (unsigned int i = 0; i < NETNS_ADDRESSES; i++)
		send_packet(senders[i], traffic->sequence, i, *group, port);
	send_packet(senders[0], traffic->sequence, SENTINEL,
		    netns_source(group->ss_family, link, 0), port);
	return read_to_sentinel(traffic, fd);
}
