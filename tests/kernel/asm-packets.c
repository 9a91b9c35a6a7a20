/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ASM backend against real packets: sockets of every kind with filters of chance,
 * and packets of chance that come in on two links. Each packet is delivered exactly
 * when filter_accepts() says so, or, for a group that the socket has not joined there,
 * when IP_MULTICAST_ALL does; unicast and broadcast always.
 *
 * One witness joins everything on both links, so that nothing is kept away from the
 * host. The process is pinned to one CPU: a packet that is sent last is received last.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/filter.h"
#include "base/option-names.h"
#include "bench/inject.h"
#include "netns.h"
#include "raw.h"
#include "sockaddr.h"
#include "tap.h"
#include "traffic.h"

#define N_ROUNDS      400u
#define N_PACKETS     384u /* of a round: the smallest queue holds them */
#define N_SOURCES     128u
#define N_GROUPS      5u
#define N_JOINED      4u /* the last group is the witness's alone */
#define N_FAMILIES    2u
#define PORT          5200
#define WITNESS_PORT  5199
#define RECEIVE_SPACE (16 << 20)
#define DEADLINE_MS   5000
#define SEED          3678u

enum kind { UDP4, UDP4_APPLICATION, DUAL, DUAL_APPLICATION, UDP6, RAW4, RAW6, N_KINDS };

static const struct {
	const char *name;
	int domain;
	int type;
	bool has_family[N_FAMILIES]; /* IPv4, IPv6 */
	bool has_application;
} kinds[N_KINDS] = {
	[UDP4] = { "UDP", AF_INET, SOCK_DGRAM, { true } },
	[UDP4_APPLICATION] = { "UDP with a filter of the application",
			       AF_INET,
			       SOCK_DGRAM,
			       { true },
			       true },
	[DUAL] = { "UDP on AF_INET6, both families",
		   AF_INET6,
		   SOCK_DGRAM,
		   { true, true } },
	[DUAL_APPLICATION] = { "UDP on AF_INET6 with a filter of the application",
			       AF_INET6,
			       SOCK_DGRAM,
			       { true, true },
			       true },
	[UDP6] = { "UDP on AF_INET6, IPv6 only", AF_INET6, SOCK_DGRAM, { false, true } },
	[RAW4] = { "raw IPv4", AF_INET, SOCK_RAW, { true } },
	[RAW6] = { "raw IPv6", AF_INET6, SOCK_RAW, { false, true } },
};

/* The filter that a membership is to have. */
struct wanted {
	struct filter filter;
	struct addr sources[N_SOURCES];
};

struct receiver {
	enum kind kind;
	int fd;
	struct wanted wanted[N_FAMILIES][NETNS_LINKS][N_GROUPS];
	bool is_all[N_FAMILIES];
	uint32_t n_got[N_PACKETS];
	unsigned int n_pairs, n_delivered, n_changes, n_refused;
};

enum destination { TO_GROUP, TO_ADDRESS, TO_BROADCAST };

struct packet {
	unsigned int family; /* 0: IPv4 */
	unsigned int link;
	unsigned int group;
	unsigned int source;
	enum kind target; /* of the port */
	enum destination destination;
};

struct packets {
	struct tap tap;
	struct netns net;
	int sender[NETNS_LINKS];
	uint8_t mac[NETNS_LINKS][6];
	int witness;
	struct sockaddr_storage groups[N_FAMILIES][N_GROUPS];
	struct sockaddr_storage sources[N_FAMILIES][N_SOURCES];
	struct addr addresses[N_FAMILIES][N_SOURCES]; /* the same */
	struct receiver receivers[N_KINDS];
	struct packet plan[N_PACKETS];
	struct inject_frame frames[N_PACKETS + 1];
	uint64_t seed;
	uint32_t stamp; /* of the first packet of the round */
};

static const int families[N_FAMILIES] = { AF_INET, AF_INET6 };

/* xorshift64*; less than n. */
static uint32_t draw(struct packets *self, uint32_t n)
{
	self->seed ^= self->seed >> 12;
	self->seed ^= self->seed << 25;
	self->seed ^= self->seed >> 27;
	return (uint32_t)((self->seed * 0x2545f4914f6cdd1dull >> 32) * n >> 32);
}

/* The sources: neighbours, such that differ in one bit, and unrelated ones. */

static bool is_usable(struct addr a)
{
	struct addr local = addr_from_ipv4(0x0a090000);

	if (addr_is_ipv4(a))
		return addr_is_sender(a) && addr_ipv4(a) >> 24 != 127 &&
		       addr_ipv4(a) >> 16 != addr_ipv4(local) >> 16;
	return a.hi >> 61 == 1; /* global unicast, 2000::/3 */
}

static struct addr draw_address(struct packets *self, unsigned int family, uint32_t i)
{
	struct addr a = { 0 }, near;

	if (family == 0) {
		a = addr_from_ipv4(i < N_SOURCES / 4 ? 0xc0000200u + i
						     : draw(self, UINT32_MAX));
	} else {
		a.hi = 0x20010db800000000ull;
		a.lo = i < N_SOURCES / 4 ? i : draw(self, UINT32_MAX);
		if (i >= N_SOURCES / 2) {
			a.hi = 1ull << 61 | draw(self, UINT32_MAX) |
			       (uint64_t)draw(self, 1u << 29) << 32;
			a.lo |= (uint64_t)draw(self, UINT32_MAX) << 32;
		}
	}
	if (i % 4 != 3 || i < N_SOURCES / 4)
		return a;
	near = self->addresses[family][draw(self, i)];
	if (family == 0 || draw(self, 2))
		near.lo ^= 1ull << draw(self, family == 0 ? 32 : 64);
	else
		near.hi ^= 1ull << draw(self, 61);
	return near;
}

static void draw_sources(struct packets *self)
{
	for (unsigned int f = 0; f < N_FAMILIES; f++)
		for (uint32_t i = 0; i < N_SOURCES; i++) {
			struct source_set before = { 0 };
			struct addr scratch[N_SOURCES], sorted[N_SOURCES], a;

			memcpy(sorted, self->addresses[f], i * sizeof(*sorted));
			before.addr = sorted;
			before.n = source_set_sort(sorted, i, scratch);
			do
				a = draw_address(self, f, i);
			while (!is_usable(a) || source_set_has(&before, a, NULL));
			self->addresses[f][i] = a;
			sockaddr_set(&self->sources[f][i], families[f], a);
		}
}

static int get_level(unsigned int family)
{
	return family == 0 ? IPPROTO_IP : IPPROTO_IPV6;
}

static int get_all_option(unsigned int family)
{
	return family == 0 ? IP_MULTICAST_ALL : IPV6_MULTICAST_ALL;
}

/* Lets packets pass whose stamp has the lowest bit of its first byte set. */
static void attach_application(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (msf_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
		tap_bail_out("SO_ATTACH_FILTER: %s", strerror(errno));
}

static bool application_accepts(uint32_t stamp)
{
	uint8_t first;

	memcpy(&first, &stamp, 1);
	return first & 1;
}

static int open_bound(int domain, int type, int port, bool is_v6only)
{
	int fd = socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK,
			type == SOCK_RAW ? IPPROTO_UDP : 0);
	struct sockaddr_in6 any = { .sin6_family = domain, .sin6_port = htons(port) };
	int space = RECEIVE_SPACE, one = 1;

	/* refused to those who are root in a user namespace only */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &space, sizeof(space));
	if (fd < 0)
		tap_bail_out("cannot make a receiver: %s", strerror(errno));
	if (is_v6only && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0)
		tap_bail_out("IPV6_V6ONLY: %s", strerror(errno));
	if (type == SOCK_DGRAM && bind(fd, (void *)&any, sizeof(any)) < 0)
		tap_bail_out("bind: %s", strerror(errno));
	return fd;
}

static void open_receiver(struct receiver *receiver, enum kind kind)
{
	receiver->kind = kind;
	receiver->fd = open_bound(kinds[kind].domain, kinds[kind].type, PORT + (int)kind,
				  kind == UDP6);
	if (kinds[kind].has_application)
		attach_application(receiver->fd);
}

static void open_witness(struct packets *self)
{
	self->witness = open_bound(AF_INET6, SOCK_DGRAM, WITNESS_PORT, false);
	for (unsigned int f = 0; f < N_FAMILIES; f++)
		for (unsigned int l = 0; l < NETNS_LINKS; l++)
			for (unsigned int g = 0; g < N_GROUPS; g++) {
				int r = raw_delta(self->witness, MSF_JOIN_GROUP,
						  self->net.ifindex[l],
						  &self->groups[f][g], NULL);

				if (r < 0)
					tap_bail_out("the witness: %s", strerror(-r));
			}
}

static void open_link(struct packets *self, unsigned int l)
{
	char name[8], peer[8];
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(name, sizeof(name), "m%u", l);
	snprintf(peer, sizeof(peer), "m%up", l);
	strcpy(request.ifr_name, name);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		tap_bail_out("%s: %s", name, strerror(errno));
	close(fd);
	memcpy(self->mac[l], request.ifr_hwaddr.sa_data, sizeof(self->mac[l]));
	self->sender[l] = inject_open(if_nametoindex(peer));
	if (self->sender[l] < 0)
		tap_bail_out("%s: %s", peer, strerror(-self->sender[l]));
}

static void packets_init(struct packets *self)
{
	netns_init(&self->net);
	netns_set_sysctl("net/ipv4/conf/all/rp_filter", 0);
	netns_set_sysctl("net/ipv4/conf/m0/rp_filter", 0);
	netns_set_sysctl("net/ipv4/conf/m1/rp_filter", 0);
	traffic_pin();
	self->seed = SEED;
	draw_sources(self);
	for (unsigned int f = 0; f < N_FAMILIES; f++)
		for (unsigned int g = 0; g < N_GROUPS; g++)
			self->groups[f][g] = netns_group(families[f], g);
	for (unsigned int l = 0; l < NETNS_LINKS; l++)
		open_link(self, l);
	open_witness(self);
	for (enum kind k = 0; k < N_KINDS; k++)
		open_receiver(&self->receivers[k], k);
}

static void packets_fini(struct packets *self)
{
	for (unsigned int l = 0; l < NETNS_LINKS; l++)
		close(self->sender[l]);
	for (enum kind k = 0; k < N_KINDS; k++)
		close(self->receivers[k].fd);
	close(self->witness);
}

/* Filters of chance */

static uint32_t draw_size(struct packets *self)
{
	uint32_t chance = draw(self, 20);

	if (chance < 10)
		return draw(self, 5);
	if (chance < 16)
		return draw(self, 20);
	return chance < 19 ? draw(self, 65) : draw(self, N_SOURCES + 1);
}

/* n of the sources, in an order of chance; the same as a set in *ret. */
static void draw_list(struct packets *self, unsigned int family, uint32_t n,
		      struct sockaddr_storage list[N_SOURCES], struct wanted *ret)
{
	struct addr scratch[N_SOURCES];
	uint32_t numbers[N_SOURCES];

	for (uint32_t i = 0; i < N_SOURCES; i++)
		numbers[i] = i;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t j = i + draw(self, N_SOURCES - i), swap = numbers[i];

		numbers[i] = numbers[j];
		numbers[j] = swap;
		list[i] = self->sources[family][numbers[i]];
		ret->sources[i] = self->addresses[family][numbers[i]];
	}
	source_set_sort(ret->sources, n, scratch);
	ret->filter.sources.n = n;
}

/* Is what is read back what is wanted? */
static bool is_read_back(struct packets *self, const struct receiver *receiver,
			 unsigned int family, unsigned int link, unsigned int group)
{
	const struct wanted *wanted = &receiver->wanted[family][link][group];
	struct sockaddr_storage list[N_SOURCES];
	uint32_t fmode = 9, n = N_SOURCES;
	int r = msf_get_filter(NULL, receiver->fd, self->net.ifindex[link],
			       (void *)&self->groups[family][group], &fmode, &n, list);

	if (wanted->filter.mode == FILTER_NONE)
		return r == -EADDRNOTAVAIL;
	if (r < 0 || n != wanted->filter.sources.n)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		struct addr a;

		if (sockaddr_get((void *)&list[i], &a) != SOCKADDR_OK ||
		    !addr_equal(a, wanted->sources[i]))
			return false;
	}
	return (fmode == MCAST_INCLUDE) == (wanted->filter.mode == FILTER_INCLUDE);
}

static void change_filter(struct packets *self, struct receiver *receiver,
			  unsigned int family)
{
	unsigned int link = draw(self, NETNS_LINKS), group = draw(self, N_JOINED);
	struct sockaddr_storage list[N_SOURCES];
	bool is_include = draw(self, 2);
	struct wanted next = { .filter.mode = is_include ? FILTER_INCLUDE
							 : FILTER_EXCLUDE };
	int r;

	draw_list(self, family, draw_size(self), list, &next);
	if (is_include && next.filter.sources.n == 0)
		next.filter.mode = FILTER_NONE;
	r = msf_set_filter(NULL, receiver->fd, self->net.ifindex[link],
			   (void *)&self->groups[family][group],
			   is_include ? MCAST_INCLUDE : MCAST_EXCLUDE,
			   next.filter.sources.n, list, MSF_IDEMPOTENT);
	receiver->n_changes++;
	receiver->n_refused += r == -ENOBUFS;
	if (r == 0)
		receiver->wanted[family][link][group] = next;
	if (r != 0 && r != -ENOBUFS)
		tap_expect(&self->tap, false, "%s: set_filter: %s",
			   kinds[receiver->kind].name, strerror(-r));
	if (!is_read_back(self, receiver, family, link, group))
		tap_expect(&self->tap, false, "%s: change %u is read back otherwise",
			   kinds[receiver->kind].name, receiver->n_changes);
}

static void change_receiver(struct packets *self, struct receiver *receiver)
{
	for (unsigned int f = 0; f < N_FAMILIES; f++) {
		int on = (int)draw(self, 2);

		if (!kinds[receiver->kind].has_family[f])
			continue;
		change_filter(self, receiver, f);
		if (draw(self, 4) == 0 &&
		    msf_setsockopt(receiver->fd, get_level(f), get_all_option(f), &on,
				   sizeof(on)) < 0)
			tap_expect(&self->tap, false, "IP_MULTICAST_ALL: %s",
				   strerror(errno));
	}
	/* a first join may have turned them off */
	for (unsigned int f = 0; f < N_FAMILIES; f++) {
		int on = 0;
		socklen_t len = sizeof(on);

		raw_getsockopt(receiver->fd, get_level(f), get_all_option(f), &on, &len);
		receiver->is_all[f] = on != 0;
	}
	for (unsigned int f = 0; f < N_FAMILIES; f++)
		for (unsigned int l = 0; l < NETNS_LINKS; l++)
			for (unsigned int g = 0; g < N_GROUPS; g++)
				receiver->wanted[f][l][g].filter.sources.addr =
					receiver->wanted[f][l][g].sources;
}

/* Packets of chance */

static enum kind draw_target(struct packets *self, unsigned int family)
{
	enum kind kind;

	do
		kind = (enum kind)draw(self, N_KINDS);
	while (!kinds[kind].has_family[family] || kinds[kind].type == SOCK_RAW);
	return kind;
}

static void draw_packet(struct packets *self, struct packet *packet,
			struct inject_frame *frame)
{
	static const uint8_t everyone[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct inject_plan plan = { .n_words = draw(self, 8) == 0 };
	struct sockaddr_storage to;
	uint32_t chance = draw(self, 16);

	packet->family = draw(self, N_FAMILIES);
	packet->link = draw(self, NETNS_LINKS);
	packet->group = draw(self, N_GROUPS);
	packet->source = draw(self, N_SOURCES);
	packet->target = draw_target(self, packet->family);
	packet->destination = TO_GROUP;
	to = self->groups[packet->family][packet->group];
	if (chance == 0) {
		packet->destination = TO_ADDRESS;
		plan.mac = self->mac[packet->link];
		to = netns_source(families[packet->family], packet->link, 0);
	} else if (chance == 1 && packet->family == 0) {
		packet->destination = TO_BROADCAST;
		plan.mac = everyone;
		to = netns_parse("255.255.255.255");
	}
	((struct sockaddr_in *)&to)->sin_port = htons(PORT + (int)packet->target);
	plan.from = &self->sources[packet->family][packet->source];
	plan.to = &to;
	inject_make(frame, &plan);
}

/* The last packet goes to the witness: all others were received before it. */
static void make_sentinel(struct packets *self, struct inject_frame *frame)
{
	struct sockaddr_storage to = netns_source(AF_INET, 0, 0);
	struct inject_plan plan = { .from = &self->sources[0][0],
				    .to = &to,
				    .mac = self->mac[0] };

	((struct sockaddr_in *)&to)->sin_port = htons(WITNESS_PORT);
	inject_make(frame, &plan);
}

static void send_packets(struct packets *self)
{
	struct inject_frame *batch[INJECT_BATCH];

	for (unsigned int i = 0; i < N_PACKETS;) {
		unsigned int link = self->plan[i].link, n = 0;

		while (n < INJECT_BATCH && i < N_PACKETS && self->plan[i].link == link)
			batch[n++] = &self->frames[i++];
		if (inject_send(self->sender[link], batch, n) < 0)
			tap_bail_out("cannot send: %s", strerror(errno));
	}
	batch[0] = &self->frames[N_PACKETS];
	if (inject_send(self->sender[0], batch, 1) < 0)
		tap_bail_out("cannot send: %s", strerror(errno));
}

static void await_sentinel(struct packets *self)
{
	struct pollfd poller = { .fd = self->witness, .events = POLLIN };
	struct inject_payload payload;

	do {
		ssize_t n = recv(self->witness, &payload, sizeof(payload), 0);

		if (n < 0 && errno != EAGAIN)
			tap_bail_out("the witness: %s", strerror(errno));
		if (n < 0 && poll(&poller, 1, DEADLINE_MS) <= 0)
			tap_bail_out("no sentinel in %d ms", DEADLINE_MS);
		if (n == sizeof(payload) && payload.stamp == self->stamp + N_PACKETS)
			return;
	} while (true);
}

static void read_packets(struct packets *self, struct receiver *receiver)
{
	struct inject_payload payload;
	uint8_t data[INJECT_MAX];
	ssize_t n;

	memset(receiver->n_got, 0, sizeof(receiver->n_got));
	while ((n = recv(receiver->fd, data, sizeof(data), 0)) >= 0) {
		if (!inject_read(data, (size_t)n, &payload))
			tap_bail_out("%s: %zd foreign bytes", kinds[receiver->kind].name,
				     n);
		if (payload.stamp - self->stamp < N_PACKETS)
			receiver->n_got[payload.stamp - self->stamp]++;
		else if (payload.stamp != self->stamp + N_PACKETS) /* the sentinel's */
			tap_expect(&self->tap, false, "%s: a packet of another round",
				   kinds[receiver->kind].name);
	}
}

/* The one rule. */
static bool is_to_be_delivered(const struct packets *self,
			       const struct receiver *receiver, unsigned int i)
{
	const struct packet *packet = &self->plan[i];
	const struct wanted *wanted =
		&receiver->wanted[packet->family][packet->link][packet->group];

	if (kinds[receiver->kind].has_application &&
	    !application_accepts(self->stamp + i))
		return false;
	if (packet->destination != TO_GROUP)
		return true;
	if (wanted->filter.mode == FILTER_NONE)
		return receiver->is_all[packet->family];
	return filter_accepts(&wanted->filter,
			      self->addresses[packet->family][packet->source]);
}

static void complain(struct packets *self, const struct receiver *receiver,
		     unsigned int i)
{
	static const char *const modes[] = { "no membership", "INCLUDE", "EXCLUDE" };
	const struct packet *packet = &self->plan[i];
	const struct filter *filter =
		&receiver->wanted[packet->family][packet->link][packet->group].filter;
	const struct sockaddr_storage *from =
		&self->sources[packet->family][packet->source];
	char text[INET6_ADDRSTRLEN];

	inet_ntop(families[packet->family],
		  packet->family == 0
			  ? (const void *)&((const struct sockaddr_in *)from)->sin_addr
			  : (const void *)&((const struct sockaddr_in6 *)from)->sin6_addr,
		  text, sizeof(text));
	tap_expect(&self->tap, false,
		   "%s, %s {%u sources}, all %d: a packet %s group %u on m%u from %s "
		   "came %u times",
		   kinds[receiver->kind].name, modes[filter->mode], filter->sources.n,
		   receiver->is_all[packet->family],
		   packet->destination == TO_GROUP ? "to" : "not to", packet->group,
		   packet->link, text, receiver->n_got[i]);
}

static void judge(struct packets *self, struct receiver *receiver)
{
	read_packets(self, receiver);
	for (unsigned int i = 0; i < N_PACKETS; i++) {
		const struct packet *packet = &self->plan[i];
		bool is_raw = kinds[receiver->kind].type == SOCK_RAW;

		if (!kinds[receiver->kind].has_family[packet->family] ||
		    (!is_raw && packet->target != receiver->kind))
			continue;
		receiver->n_pairs++;
		receiver->n_delivered += receiver->n_got[i];
		if (receiver->n_got[i] != is_to_be_delivered(self, receiver, i))
			complain(self, receiver, i);
	}
}

static void run_round(struct packets *self)
{
	for (unsigned int i = 0; i < N_PACKETS; i++) {
		draw_packet(self, &self->plan[i], &self->frames[i]);
		inject_set_stamp(&self->frames[i], self->stamp + i);
	}
	make_sentinel(self, &self->frames[N_PACKETS]);
	inject_set_stamp(&self->frames[N_PACKETS], self->stamp + N_PACKETS);
	for (enum kind k = 0; k < N_KINDS; k++)
		change_receiver(self, &self->receivers[k]);
	send_packets(self);
	await_sentinel(self);
	for (enum kind k = 0; k < N_KINDS; k++)
		judge(self, &self->receivers[k]);
	self->stamp += N_PACKETS + 1;
}

int main(void)
{
	static struct packets self;
	unsigned int n_pairs = 0;

	setenv("MSF_BACKEND", "asm", 1);
	setenv("MSF_MAX_SOURCES", "1000", 1);
	packets_init(&self);
	for (unsigned int i = 0; i < N_ROUNDS && self.tap.n_surprises < 20; i++)
		run_round(&self);
	for (enum kind k = 0; k < N_KINDS; k++) {
		const struct receiver *receiver = &self.receivers[k];

		n_pairs += receiver->n_pairs;
		tap_comment("%s: %u packets, %u delivered, %u changes, %u refused",
			    kinds[k].name, receiver->n_pairs, receiver->n_delivered,
			    receiver->n_changes, receiver->n_refused);
		tap_expect(&self.tap,
			   receiver->n_delivered > receiver->n_pairs / 8 &&
				   receiver->n_delivered < receiver->n_pairs / 8 * 7,
			   "%s: the packets say nothing", kinds[k].name);
		tap_expect(&self.tap, receiver->n_refused < receiver->n_changes / 2,
			   "%s: too many changes were refused", kinds[k].name);
	}
	tap_comment("%u pairs", n_pairs);
	tap_end(&self.tap,
		"random packets are delivered exactly when the filter admits them");
	packets_fini(&self);
	return tap_finish(&self.tap);
}
