/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verdict of mwatch against the kernel: sockets of every kind in one process, with
 * filters of every kind, beside those of others; packets of every flow are sent, and
 * the verdict must say which of them really arrive.
 *
 * The packets are sent from this host, and looped back (mwatch-verdict.bats has some
 * that come in). The watched process is a child that shares its sockets with the test,
 * which reads them. The test is pinned to one CPU: what did not come before a sentinel
 * will not.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "option-names.h"
#include "host.h"
#include "netns.h"
#include "raw.h"
#include "tap.h"
#include "traffic.h"
#include "verdict/verdict.h"

#define END_LOOKS    1000
#define END_PAUSE_MS 20
#define N_ROUNDS     400u
#define N_GROUPS     2u
#define N_PORTS      2u
#define N_FLOWS      (2u * NETNS_LINKS * NETNS_ADDRESSES * N_GROUPS * N_PORTS)
#define MAX_SOCKETS  4u
#define FIRST_PORT   5000u
#define MAGIC        0x6d736676u
#define SENTINEL     0xffffu
#define DEADLINE_MS  5000

struct flow {
	int family;
	unsigned int link, source, group, port;
};

struct packet {
	uint32_t magic, round, flow;
};

/* Filters of one socket, of both families, as they were set. */
struct filters {
	struct {
		bool is_member, is_exclude;
		unsigned int set; /* bit link * NETNS_ADDRESSES + source */
	} of[2][N_GROUPS][NETNS_LINKS];
};

struct member {
	int fd;
	bool is_connected;
	struct filters filters;
};

struct state {
	struct tap tap;
	struct netns net;
	struct traffic traffic;
	unsigned int seed;
	uint32_t round;
	int sentinel;     /* a UDP socket of our own */
	int listeners[2]; /* hear what the host lets pass */
	struct member watched[MAX_SOCKETS], others[MAX_SOCKETS];
	unsigned int n_watched, n_others;
	uint8_t has_come[N_FLOWS], has_passed[N_FLOWS];
	unsigned int n_accepted, n_blocked, n_unjoined, n_unknown;
};

static unsigned int draw(struct state *self, unsigned int n)
{
	self->seed = self->seed * 1103515245u + 12345u;
	return (self->seed >> 16) % n;
}

static struct flow get_flow(unsigned int i)
{
	struct flow flow = { .family = i % 2 ? AF_INET6 : AF_INET };

	i /= 2;
	flow.link = i % NETNS_LINKS;
	i /= NETNS_LINKS;
	flow.source = i % NETNS_ADDRESSES;
	i /= NETNS_ADDRESSES;
	flow.group = i % N_GROUPS;
	flow.port = FIRST_PORT + i / N_GROUPS;
	return flow;
}

static in_port_t *port_of(struct sockaddr_storage *address)
{
	/* At the same place for both families. */
	return &((struct sockaddr_in *)address)->sin_port;
}

static void set_option(int fd, int level, int option, int value)
{
	raw_setsockopt(fd, level, option, &value, sizeof(value));
}

/*
 * Sockets
 */

static struct sockaddr_storage draw_address(struct state *self, int family)
{
	struct sockaddr_storage any = { .ss_family = (sa_family_t)family };

	switch (draw(self, 6)) {
	case 0:
	case 1:
		return netns_group(family, draw(self, N_GROUPS));
	case 2:
		return netns_source(family, draw(self, NETNS_LINKS),
				    draw(self, NETNS_ADDRESSES));
	}
	return any;
}

/* IPv4 as RFC 4291 2.5.5.2 has it in an IPv6 address. */
static void map(struct sockaddr_storage *address)
{
	const struct sockaddr_in *sin = (const void *)address;
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };

	sin6.sin6_addr.s6_addr[10] = sin6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(sin6.sin6_addr.s6_addr + 12, &sin->sin_addr, 4);
	memset(address, 0, sizeof(*address));
	memcpy(address, &sin6, sizeof(sin6));
}

static void bind_member(struct state *self, int fd, int family, bool is_raw)
{
	bool is_mapped = family == AF_INET6 && !is_raw && draw(self, 6) == 0;
	struct sockaddr_storage address = draw_address(self,
						       is_mapped ? AF_INET : family);

	if (is_mapped)
		map(&address);
	if (!is_raw)
		*port_of(&address) = htons(FIRST_PORT + draw(self, N_PORTS));
	/* IPv6 sockets refuse some: then they are not bound, as others of the test. */
	if (bind(fd, (void *)&address, sizeof(address)) < 0 && errno != EADDRNOTAVAIL &&
	    errno != EINVAL)
		tap_bail_out("bind: %s", strerror(errno));
}

static int open_member(struct state *self)
{
	int family = draw(self, 2) ? AF_INET6 : AF_INET;
	bool is_raw = draw(self, 5) == 0;
	int fd = socket(family, (is_raw ? SOCK_RAW : SOCK_DGRAM) | SOCK_NONBLOCK,
			is_raw ? IPPROTO_UDP : 0);

	if (fd < 0)
		tap_bail_out("socket: %s", strerror(errno));
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (family == AF_INET6 && draw(self, 4) == 0)
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (draw(self, 4) == 0)
		set_option(fd, SOL_SOCKET, SO_BINDTOIFINDEX,
			   (int)self->net.ifindex[draw(self, NETNS_LINKS)]);
	set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, (int)draw(self, 2));
	if (family == AF_INET6)
		set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, (int)draw(self, 2));
	if (draw(self, 8) != 0)
		bind_member(self, fd, family, is_raw);
	return fd;
}

static uint32_t list_sources(int family, unsigned int set, struct sockaddr_storage *ret)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < NETNS_LINKS * NETNS_ADDRESSES; i++)
		if (set >> i & 1)
			ret[n++] = netns_source(family, i / NETNS_ADDRESSES,
						i % NETNS_ADDRESSES);
	return n;
}

static void set_filter(struct state *self, struct member *member, int family,
		       unsigned int group, unsigned int link)
{
	struct sockaddr_storage slist[NETNS_LINKS * NETNS_ADDRESSES];
	struct sockaddr_storage address = netns_group(family, group);
	bool is_exclude = draw(self, 2);
	unsigned int set = draw(self, 1u << (NETNS_LINKS * NETNS_ADDRESSES));
	uint32_t numsrc = list_sources(family, set, slist);
	int r = raw_delta(member->fd, MSF_JOIN_GROUP, self->net.ifindex[link], &address,
			  NULL);

	/* Raw IPv6 sockets join no IPv4 group. */
	if (r == -ENOPROTOOPT || (!is_exclude && !numsrc)) {
		raw_delta(member->fd, MSF_LEAVE_GROUP, self->net.ifindex[link], &address,
			  NULL);
		return;
	}
	if (r == 0)
		r = raw_set_filter(member->fd, self->net.ifindex[link], &address,
				   is_exclude ? MCAST_EXCLUDE : MCAST_INCLUDE, numsrc,
				   slist);
	if (r < 0)
		tap_bail_out("cannot set a filter: %s", strerror(-r));
	member->filters.of[family == AF_INET6][group][link].is_member = true;
	member->filters.of[family == AF_INET6][group][link].is_exclude = is_exclude;
	member->filters.of[family == AF_INET6][group][link].set = set;
}

static int get_domain(int fd)
{
	int domain = 0;
	socklen_t len = sizeof(domain);

	raw_getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
	return domain;
}

static void make_member(struct state *self, struct member *member)
{
	*member = (struct member){ .fd = open_member(self) };
	for (unsigned int i = 0; i < 2 * N_GROUPS * NETNS_LINKS; i++) {
		int family = i % 2 ? AF_INET6 : AF_INET;

		if (family == AF_INET6 && get_domain(member->fd) == AF_INET)
			continue;
		if (draw(self, 3) == 0)
			set_filter(self, member, family, i / 2 % N_GROUPS,
				   i / 2 / N_GROUPS);
	}
	if (draw(self, 12) == 0) {
		int family = get_domain(member->fd);
		struct sockaddr_storage peer = netns_source(family, 0, 0);

		*port_of(&peer) = htons(9);
		member->is_connected = connect(member->fd, (void *)&peer, sizeof(peer)) ==
				       0;
	}
}

static void make_members(struct state *self)
{
	self->n_others = draw(self, 3);
	self->n_watched = 1 + draw(self, MAX_SOCKETS);
	for (unsigned int i = 0; i < self->n_others; i++)
		make_member(self, &self->others[i]);
	for (unsigned int i = 0; i < self->n_watched; i++)
		make_member(self, &self->watched[i]);
}

static void close_members(struct state *self)
{
	for (unsigned int i = 0; i < self->n_others; i++)
		close(self->others[i].fd);
	for (unsigned int i = 0; i < self->n_watched; i++)
		close(self->watched[i].fd);
}

static bool is_watched(const struct state *self, int fd)
{
	for (unsigned int i = 0; i < self->n_watched; i++)
		if (self->watched[i].fd == fd)
			return true;
	return false;
}

/* For a child that has the watched sockets and no others. */
static void hold_watched(void *self, struct host_report *report)
{
	struct stat stat;

	(void)report;
	for (int fd = 3; fd < 256; fd++)
		if (fstat(fd, &stat) == 0 && S_ISSOCK(stat.st_mode) &&
		    !is_watched(self, fd))
			close(fd);
}

/*
 * Packets
 */

static int open_listener(int family, uint16_t port, int is_all)
{
	struct sockaddr_storage any = { .ss_family = (sa_family_t)family };
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*port_of(&any) = htons(port);
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, is_all);
	if (fd < 0 || bind(fd, (void *)&any, sizeof(any)) < 0)
		tap_bail_out("cannot make a listener: %s", strerror(errno));
	return fd;
}

static void send_packet(struct state *self, int fd, uint32_t flow,
			struct sockaddr_storage to, uint16_t port)
{
	struct packet packet = { MAGIC, self->round, flow };

	*port_of(&to) = htons(port);
	if (sendto(fd, &packet, sizeof(packet), 0, (void *)&to, sizeof(to)) < 0)
		tap_bail_out("cannot send: %s", strerror(errno));
}

static void await_sentinel(struct state *self)
{
	struct pollfd poller = { .fd = self->sentinel, .events = POLLIN };
	struct packet packet;

	do {
		if (poll(&poller, 1, DEADLINE_MS) <= 0)
			tap_bail_out("the sentinel did not come in %d ms", DEADLINE_MS);
	} while (recv(self->sentinel, &packet, sizeof(packet), 0) != sizeof(packet) ||
		 packet.flow != SENTINEL || packet.round != self->round);
}

static void send_flows(struct state *self)
{
	self->round++;
	for (unsigned int i = 0; i < N_FLOWS; i++) {
		struct flow flow = get_flow(i);

		send_packet(
			self,
			self->traffic.fd[flow.link][flow.family == AF_INET6][flow.source],
			i, netns_group(flow.family, flow.group), (uint16_t)flow.port);
	}
	send_packet(self, self->traffic.fd[0][0][0], SENTINEL,
		    netns_source(AF_INET, 0, 0), FIRST_PORT + N_PORTS);
	await_sentinel(self);
}

/* A raw socket has headers in front. */
static void hear(struct state *self, int fd, uint8_t *has_come)
{
	uint8_t bytes[256];
	struct packet packet;
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) >= 0) {
		if (n < (ssize_t)sizeof(packet))
			continue;
		memcpy(&packet, bytes + n - sizeof(packet), sizeof(packet));
		if (packet.magic == MAGIC && packet.round == self->round &&
		    packet.flow < N_FLOWS)
			has_come[packet.flow] = 1;
	}
}

/*
 * What should be
 */

static void take_address(uint8_t bytes[16], const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET)
		memcpy(bytes, &((const struct sockaddr_in *)address)->sin_addr, 4);
	else
		memcpy(bytes, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
}

static enum sample_verdict judge(const struct verdict *verdict, unsigned int i)
{
	struct flow flow = get_flow(i);
	struct sockaddr_storage group = netns_group(flow.family, flow.group);
	struct sockaddr_storage source = netns_source(flow.family, flow.link,
						      flow.source);
	struct sample_flow sample = { .family = flow.family,
				      .port = (uint16_t)flow.port,
				      .i_interface = flow.link,
				      .is_outgoing = true };

	take_address(sample.group, &group);
	take_address(sample.source, &source);
	return verdict_judge_flow(verdict, &sample);
}

static const char *name(enum sample_verdict verdict)
{
	const char *text = sample_get_verdict_name(verdict);

	return text ? text : "unknown";
}

/* Linux does not tell which of several IPv6 memberships decides, nor is a port of the
 * sender in a flow. */
static bool may_be_unknown(const struct state *self, const struct flow *flow)
{
	for (unsigned int i = 0; i < self->n_watched; i++) {
		const struct member *member = &self->watched[i];
		int is_ipv6 = flow->family == AF_INET6;

		if (member->is_connected ||
		    (is_ipv6 && member->filters.of[1][flow->group][0].is_member &&
		     member->filters.of[1][flow->group][1].is_member))
			return true;
	}
	return false;
}

static void expect_process(struct state *self, unsigned int i,
			   enum sample_verdict verdict)
{
	struct flow flow = get_flow(i);
	bool is_right = (verdict == SAMPLE_ACCEPT) == (self->has_come[i] != 0);

	if (verdict == SAMPLE_UNKNOWN)
		is_right = may_be_unknown(self, &flow);
	self->n_accepted += verdict == SAMPLE_ACCEPT;
	self->n_blocked += verdict == SAMPLE_BLOCK;
	self->n_unjoined += verdict == SAMPLE_UNJOINED;
	self->n_unknown += verdict == SAMPLE_UNKNOWN;
	tap_expect(&self->tap, is_right,
		   "round %u, IPv%d, link %u, source %u, group %u, port %u: %s, but %s",
		   self->round, flow.family == AF_INET6 ? 6 : 4, flow.link, flow.source,
		   flow.group, flow.port, name(verdict),
		   self->has_come[i] ? "it came" : "it did not come");
}

/* The merge of RFC 3376 3.2, written down a second time. */
static enum sample_verdict merge(const struct state *self, const struct flow *flow)
{
	unsigned int bit = 1u << (flow->link * NETNS_ADDRESSES + flow->source);
	bool is_joined = false, is_admitted = false;

	for (unsigned int i = 0; i < self->n_watched + self->n_others; i++) {
		const struct member *member =
			i < self->n_watched ? &self->watched[i]
					    : &self->others[i - self->n_watched];
		int is_ipv6 = flow->family == AF_INET6;
		bool is_member =
			member->filters.of[is_ipv6][flow->group][flow->link].is_member;
		bool is_exclude =
			member->filters.of[is_ipv6][flow->group][flow->link].is_exclude;
		bool is_in = member->filters.of[is_ipv6][flow->group][flow->link].set &
			     bit;

		is_joined |= is_member;
		is_admitted |= is_member && is_in != is_exclude;
	}
	if (!is_joined)
		return SAMPLE_UNJOINED;
	return is_admitted ? SAMPLE_ACCEPT : SAMPLE_BLOCK;
}

static void expect_host(struct state *self, unsigned int i, enum sample_verdict verdict)
{
	struct flow flow = get_flow(i);
	enum sample_verdict wanted = merge(self, &flow);

	tap_expect(&self->tap, verdict == wanted,
		   "round %u, IPv%d, link %u, source %u, group %u: %s, not %s",
		   self->round, flow.family == AF_INET6 ? 6 : 4, flow.link, flow.source,
		   flow.group, name(verdict), name(wanted));
	if (flow.port == FIRST_PORT)
		tap_expect(
			&self->tap,
			(verdict == SAMPLE_ACCEPT) == (self->has_passed[i] != 0),
			"round %u, IPv%d, link %u, source %u, group %u: %s, but Linux %s",
			self->round, flow.family == AF_INET6 ? 6 : 4, flow.link,
			flow.source, flow.group, name(verdict),
			self->has_passed[i] ? "lets it pass" : "keeps it");
}

static struct verdict *look(struct state *self, pid_t pid)
{
	struct msf_interface interfaces[NETNS_LINKS];
	struct verdict_settings settings = { .pid = pid,
					     .interfaces = interfaces,
					     .n_interfaces = NETNS_LINKS };
	struct verdict *verdict;
	int r;

	for (unsigned int l = 0; l < NETNS_LINKS; l++) {
		interfaces[l] = (struct msf_interface){ .ifindex = self->net.ifindex[l] };
		snprintf(interfaces[l].name, sizeof(interfaces[l].name), "m%u", l);
	}
	r = verdict_new(&verdict, &settings);
	if (r < 0)
		tap_bail_out("verdict_new: %s", strerror(-r));
	return verdict;
}

static void play_round(struct state *self)
{
	struct verdict *of_process, *of_host;
	struct host_child watched;

	make_members(self);
	host_start(&watched, hold_watched, self);
	of_process = look(self, watched.pid);
	of_host = look(self, 0);
	memset(self->has_come, 0, sizeof(self->has_come));
	memset(self->has_passed, 0, sizeof(self->has_passed));
	send_flows(self);
	for (unsigned int i = 0; i < self->n_watched; i++)
		hear(self, self->watched[i].fd, self->has_come);
	for (int i = 0; i < 2; i++)
		hear(self, self->listeners[i], self->has_passed);
	for (unsigned int i = 0; i < N_FLOWS; i++) {
		expect_process(self, i, judge(of_process, i));
		expect_host(self, i, judge(of_host, i));
	}
	verdict_free(of_process);
	verdict_free(of_host);
	host_stop(&watched);
	close_members(self);
}

static void test_rounds(struct state *self)
{
	for (unsigned int i = 0; i < N_ROUNDS; i++)
		play_round(self);
	tap_comment("flows of the process: %u accepted, %u blocked, %u unjoined, %u "
		    "unknown",
		    self->n_accepted, self->n_blocked, self->n_unjoined, self->n_unknown);
	tap_expect(&self->tap, self->n_accepted > 2000 && self->n_blocked > 1000,
		   "the rounds are too much alike");
	tap_expect(&self->tap, self->n_unknown < self->n_accepted + self->n_blocked,
		   "too much is unknown");
	tap_end(&self->tap, "the verdicts are what the kernel delivers");
}

/* Where looking takes long, as on a busy machine, it is not done each time. */
static bool is_told_of_end(struct verdict *verdict)
{
	for (int i = 0; i < END_LOOKS; i++) {
		if (verdict_refresh(verdict) == -ESRCH)
			return true;
		poll(NULL, 0, END_PAUSE_MS);
	}
	return false;
}

static void test_end_of_process(struct state *self)
{
	struct verdict *verdict;
	struct host_child watched;

	make_members(self);
	host_start(&watched, hold_watched, self);
	verdict = look(self, watched.pid);
	host_stop(&watched);
	tap_expect(&self->tap, is_told_of_end(verdict), "no -ESRCH");
	for (unsigned int i = 0; i < N_FLOWS; i++)
		tap_expect(&self->tap, judge(verdict, i) == SAMPLE_UNJOINED,
			   "flow %u: %s", i, name(judge(verdict, i)));
	verdict_free(verdict);
	close_members(self);
	tap_end(&self->tap, "a process that has ended has joined nothing");
}

int main(void)
{
	struct state self = { .seed = 4711 };

	netns_init(&self.net);
	traffic_init(&self.traffic, &self.net);
	self.sentinel = open_listener(AF_INET, FIRST_PORT + N_PORTS, 0);
	self.listeners[0] = open_listener(AF_INET, FIRST_PORT, 1);
	self.listeners[1] = open_listener(AF_INET6, FIRST_PORT, 0);
	test_rounds(&self);
	test_end_of_process(&self);
	close(self.sentinel);
	close(self.listeners[0]);
	close(self.listeners[1]);
	traffic_fini(&self.traffic);
	return tap_finish(&self.tap);
}
