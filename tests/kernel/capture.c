/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/msfctl/wire.h on real links: what its filter lets through, in which
 * direction, and what becomes of it when the link goes down or nobody reads.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "netns.h"
#include "tap.h"
#include "wire-packets.h"
#include "wire.h"

#define DEADLINE_MS 5000
#define FLOOD       30000 /* packets; the buffer of the wire has room for fewer */
#define NO_TAG      -1

#define BOTH (WIRE_CONTROL | WIRE_DATAGRAMS)

struct capture {
	struct tap tap;
	struct netns net;
	int peer; /* sends what m0 receives */
};

static const uint8_t mac[WIRE_MAC] = { 2, 0, 0, 0, 0, 9 };

static int open_peer(void)
{
	struct sockaddr_ll place = { .sll_family = AF_PACKET,
				     .sll_ifindex = (int)if_nametoindex("m0p") };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const void *)&place, sizeof(place)) < 0)
		tap_bail_out("cannot send: %s", strerror(errno));
	return fd;
}

static void put_16(uint8_t **bytes, unsigned int value)
{
	*(*bytes)++ = (uint8_t)(value >> 8);
	*(*bytes)++ = (uint8_t)value;
}

/* With a VLAN tag (IEEE 802.1Q), or without. */
static void send_frame(const struct capture *self, const char *hex, int tag)
{
	uint8_t frame[BYTES_MAX + 32] = { 1, 0, 0x5e, 0, 0, 1 }, *end = frame + WIRE_MAC;

	memcpy(end, mac, WIRE_MAC);
	end += WIRE_MAC;
	if (tag != NO_TAG) {
		put_16(&end, ETHERTYPE_VLAN);
		put_16(&end, (unsigned int)tag);
	}
	put_16(&end, hex[0] == '6' ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	end += read_hex(hex, end);
	if (send(self->peer, frame, (size_t)(end - frame), 0) < 0)
		tap_bail_out("send: %s", strerror(errno));
}

static struct wire *start(const struct capture *self, uint32_t ifindex, unsigned int what)
{
	struct wire *wire = NULL;
	int r = wire_new(&wire, ifindex, what);

	(void)self;
	if (r < 0)
		tap_bail_out("wire_new: %s", strerror(-r));
	return wire;
}

/* The next query or datagram; the kernel's own reports are passed over. */
static int pop(struct wire *wire, struct wire_packet *ret)
{
	struct pollfd poller = { .fd = wire_get_fd(wire), .events = POLLIN };
	int r;

	for (;;) {
		r = wire_pop(wire, ret);
		if (r < 0 || (r > 0 && ret->kind != WIRE_REPORT))
			return r;
		if (r == 0 && poll(&poller, 1, DEADLINE_MS) <= 0)
			return 0;
	}
}

/* IGMPv1 queries and later fragments are what tests end with. */
static bool is_mark(const struct wire_packet *packet)
{
	return packet->kind == WIRE_QUERY
		       ? packet->version == 1 && packet->family == AF_INET
		       : packet->port == 0 && packet->family == AF_INET;
}

/* How many packets come of a frame; *ret is the last one. */
static unsigned int count(const struct capture *self, unsigned int what, const char *hex,
			  int tag, struct wire_packet *ret)
{
	struct wire *wire = start(self, self->net.ifindex[0], what);
	struct wire_packet packet = { 0 };
	unsigned int n = 0;

	send_frame(self, hex, tag);
	send_frame(self, what & WIRE_CONTROL ? IGMP1_QUERY : UDP4_LATER, NO_TAG);
	for (;;) {
		if (pop(wire, &packet) <= 0)
			tap_bail_out("the mark does not come");
		if (is_mark(&packet))
			break;
		*ret = packet;
		n++;
	}
	wire_free(wire);
	return n;
}

static const struct {
	const char *name, *hex;
	unsigned int what;
	int tag;
	unsigned int n;
} frames[] = {
	{ "an IGMPv2 query", IGMP2_QUERY, BOTH, NO_TAG, 1 },
	{ "an IGMPv3 query with sources", IGMP3_QUERY_SOURCES, BOTH, NO_TAG, 1 },
	{ "an MLDv1 query", MLD1_QUERY, BOTH, NO_TAG, 1 },
	{ "an MLDv2 query", MLD2_QUERY, BOTH, NO_TAG, 1 },
	{ "an MLDv2 query without a hop-by-hop header", MLD2_QUERY_BARE, BOTH, NO_TAG,
	  1 },
	{ "an IPv4 datagram", UDP4, BOTH, NO_TAG, 1 },
	{ "an IPv6 datagram", UDP6, BOTH, NO_TAG, 1 },
	{ "an IPv6 datagram behind destination options", UDP6_OPTIONS, BOTH, NO_TAG, 1 },
	{ "a later IPv6 fragment", UDP6_LATER, BOTH, NO_TAG, 1 },
	{ "a datagram, without datagrams", UDP4, WIRE_CONTROL, NO_TAG, 0 },
	{ "an IPv6 datagram, without datagrams", UDP6_OPTIONS, WIRE_CONTROL, NO_TAG, 0 },
	{ "a query, without control", IGMP2_QUERY, WIRE_DATAGRAMS, NO_TAG, 0 },
	{ "an MLD query, without control", MLD2_QUERY, WIRE_DATAGRAMS, NO_TAG, 0 },
	{ "a unicast datagram", NOT_UNICAST, BOTH, NO_TAG, 0 },
	{ "an echo request to a group", NOT_ECHO, BOTH, NO_TAG, 0 },
	{ "PIM", NOT_PIM, BOTH, NO_TAG, 0 },
	{ "a query of VLAN 5", IGMP2_QUERY, BOTH, 5, 0 },
	{ "an MLD query of VLAN 5, priority 7", MLD2_QUERY, BOTH, 0xe005, 0 },
	{ "a query with a priority tag only", IGMP2_QUERY, BOTH, 0xe000, 1 },
};

static void test_frame(struct capture *self, size_t i)
{
	struct wire_packet packet = { 0 };
	struct timespec now;
	unsigned int n = count(self, frames[i].what, frames[i].hex, frames[i].tag,
			       &packet);

	tap_expect(&self->tap, n == frames[i].n, "it was seen %u times", n);
	if (n) {
		clock_gettime(CLOCK_REALTIME, &now);
		tap_expect(&self->tap, packet.ifindex == self->net.ifindex[0],
			   "ifindex %u", packet.ifindex);
		tap_expect(&self->tap, !packet.is_outgoing, "it is incoming");
		tap_expect(&self->tap, !memcmp(packet.mac, mac, WIRE_MAC), "mac");
		tap_expect(&self->tap,
			   packet.when.tv_sec <= now.tv_sec &&
				   packet.when.tv_sec + 10 > now.tv_sec,
			   "time %lld", (long long)packet.when.tv_sec);
	}
	tap_end(&self->tap, "%s: %s", frames[i].name,
		frames[i].n ? "is seen" : "is not seen");
}

/* On all interfaces: the peer sends it, m0 receives it. */
static void test_directions(struct capture *self)
{
	struct wire *wire = start(self, 0, BOTH);
	struct wire_packet packet = { 0 };
	unsigned int n_out = 0, n_in = 0;

	send_frame(self, UDP4, NO_TAG);
	send_frame(self, IGMP1_QUERY, NO_TAG);
	while (pop(wire, &packet) > 0 && !(is_mark(&packet) && !packet.is_outgoing)) {
		if (packet.kind == WIRE_QUERY)
			continue;
		n_out += packet.is_outgoing && packet.ifindex == if_nametoindex("m0p");
		n_in += !packet.is_outgoing && packet.ifindex == self->net.ifindex[0];
	}
	tap_expect(&self->tap, n_out == 1 && n_in == 1, "%u sent, %u received", n_out,
		   n_in);
	tap_end(&self->tap, "what is sent is told from what is received");
	wire_free(wire);
}

/* Sends until something is seen: what the peer sends before the kernel has noticed
 * that its link has a carrier again is dropped there. */
static int send_until_seen(const struct capture *self, struct wire *wire, const char *hex,
			   struct wire_packet *ret)
{
	struct pollfd poller = { .fd = wire_get_fd(wire), .events = POLLIN };
	int r = 0;

	for (int ms = 0; r == 0 && ms < DEADLINE_MS; ms += 20) {
		send_frame(self, hex, NO_TAG);
		poll(&poller, 1, 20);
		do
			r = wire_pop(wire, ret);
		while (r > 0 && ret->kind == WIRE_REPORT);
	}
	return r;
}

static void test_down(struct capture *self)
{
	struct wire *wire = start(self, self->net.ifindex[0], BOTH);
	struct wire_packet packet = { 0 };

	tap_expect(&self->tap, netns_ip("link set m0 down\n") == 0, "down");
	tap_expect(&self->tap, wire_pop(wire, &packet) >= 0, "a link that is down");
	tap_expect(&self->tap, netns_ip("link set m0 up\n") == 0, "up");
	tap_expect(&self->tap,
		   send_until_seen(self, wire, IGMP2_QUERY, &packet) == 1 &&
			   packet.kind == WIRE_QUERY,
		   "it goes on");
	tap_end(&self->tap, "a link that goes down and up again is no error");
	wire_free(wire);
}

static void test_drops(struct capture *self)
{
	struct wire *wire = start(self, self->net.ifindex[0], BOTH);
	struct wire_packet packet = { 0 };
	unsigned int n = 0, drops;

	for (unsigned int i = 0; i < FLOOD; i++)
		send_frame(self, UDP4, NO_TAG);
	while (wire_pop(wire, &packet) > 0)
		n += packet.kind == WIRE_DATAGRAM;
	drops = wire_take_drops(wire);
	tap_expect(&self->tap, drops > 0 && n > 0, "%u read, %u dropped", n, drops);
	tap_expect(&self->tap, n + drops >= FLOOD, "%u read, %u dropped", n, drops);
	tap_expect(&self->tap, wire_take_drops(wire) == 0, "they are counted once");
	tap_end(&self->tap, "packets that are lost are counted");
	wire_free(wire);
}

static void test_errors(struct capture *self)
{
	struct wire *wire = NULL;

	tap_expect(&self->tap, wire_new(&wire, 12345, BOTH) == -ENODEV && !wire,
		   "an interface that is not there");
	tap_expect(&self->tap, wire_free(NULL) == NULL, "NULL is fine");
	tap_end(&self->tap, "an interface that is not there is ENODEV");
}

int main(void)
{
	struct capture self = { 0 };

	netns_init(&self.net);
	self.peer = open_peer();
	for (size_t i = 0; i < sizeof(frames) / sizeof(*frames); i++)
		test_frame(&self, i);
	test_directions(&self);
	test_down(&self);
	test_drops(&self);
	test_errors(&self);
	close(self.peer);
	return tap_finish(&self.tap);
}
