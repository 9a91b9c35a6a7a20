/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/mwatch/capture/ring.h on real links: what comes out of it for packets that the
 * kernel cut, glued, tagged and sent itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "capture/fragments.h"
#include "frame.h"
#include "netns.h"
#include "tap.h"
#include "ring-reader.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define HEADERS(...) \
	.n_headers = sizeof((uint8_t[]){ __VA_ARGS__ }), .headers = { __VA_ARGS__ }

struct ring_test {
	struct tap tap;
	struct netns net;
	int peer; /* sends what m0 receives */
};

static void send_plan(int fd, const struct frame_plan *plan)
{
	struct frame frame;

	frame_make(&frame, plan);
	frame_send(fd, &frame);
}

/* A UDP socket that sends out of the interface. */
static int open_sender(int family, const char *interface)
{
	unsigned int index = if_nametoindex(interface);
	struct ip_mreqn where = { .imr_ifindex = (int)index };
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = family == AF_INET ? setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &where,
					       sizeof(where))
				  : setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF,
					       &index, sizeof(index));

	if (fd < 0 || r < 0)
		tap_bail_out("a sender on %s: %s", interface, strerror(errno));
	return fd;
}

static void send_bytes(int fd, int family, size_t n)
{
	static uint8_t payload[65536];
	struct sockaddr_storage group = netns_group(family, 0);

	/* Of both families the port stands in the same place. */
	((struct sockaddr_in *)&group)->sin_port = htons(FRAME_PORT);
	for (size_t i = 0; i < n; i++)
		payload[i] = (uint8_t)(i / 1000);
	if (sendto(fd, payload, n, 0, (const struct sockaddr *)&group,
		   family == AF_INET ? sizeof(struct sockaddr_in)
				     : sizeof(struct sockaddr_in6)) != (ssize_t)n)
		tap_bail_out("sendto: %s", strerror(errno));
}

static uint64_t get_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static const struct row {
	const char *name;
	struct frame_plan plan;
	enum datagram_kind kind;
	uint16_t vlan;
	uint32_t n_payload;
} rows[] = {
	{ "IPv4", { .length = 100 }, DATAGRAM_WHOLE, 0, 64 },
	{ "IPv4, padded by the link",
	  { .length = 3, .n_padding = 20 },
	  DATAGRAM_WHOLE,
	  0,
	  3 },
	{ "IPv4 with options",
	  { .length = 100, .n_options = 8 },
	  DATAGRAM_WHOLE,
	  0,
	  100 },
	{ "IPv4 with TS",
	  { .length = 1316, .payload = { 0x47 } },
	  DATAGRAM_WHOLE,
	  0,
	  1316 },
	{ "IPv6", { .is_ipv6 = true, .length = 100 }, DATAGRAM_WHOLE, 0, 64 },
	{ "IPv6 behind extension headers",
	  { .is_ipv6 = true,
	    .length = 100,
	    HEADERS(IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_ROUTING, IPPROTO_AH) },
	  DATAGRAM_WHOLE,
	  0,
	  100 },
	{ "VLAN 5",
	  { .length = 100, .tags = { 5 }, .n_tags = 1 },
	  DATAGRAM_WHOLE,
	  5,
	  64 },
	{ "VLAN 5, priority 7",
	  { .is_ipv6 = true, .length = 100, .tags = { 0xe005 }, .n_tags = 1 },
	  DATAGRAM_WHOLE,
	  5,
	  64 },
	{ "a priority tag",
	  { .length = 100, .tags = { 0xe000 }, .n_tags = 1 },
	  DATAGRAM_WHOLE,
	  0,
	  64 },
	{ "VLAN 6 in VLAN 5",
	  { .length = 100, .tags = { 5, 6 }, .tag_types = { ETH_P_8021AD }, .n_tags = 2 },
	  DATAGRAM_WHOLE,
	  5,
	  64 },
	{ "VLAN 6 behind a priority tag",
	  { .is_ipv6 = true, .length = 100, .tags = { 0xe000, 6 }, .n_tags = 2 },
	  DATAGRAM_WHOLE,
	  6,
	  64 },
};

static void test_row(struct ring_test *self, const struct row *row)
{
	struct tap *tap = &self->tap;
	struct datagram_fragment fragment;
	struct datagram datagram;
	uint64_t before = get_now();
	struct reader reader;

	reader_init(&reader, "m0", false);
	send_plan(self->peer, &row->plan);
	tap_expect(tap, reader_parse(&reader, &datagram, &fragment) == row->kind, "kind");
	tap_expect(tap, datagram.key.vlan == row->vlan, "VLAN %u", datagram.key.vlan);
	tap_expect(tap, datagram.length == row->plan.length, "length %u",
		   datagram.length);
	tap_expect(tap, datagram.n_payload == row->n_payload, "payload %u",
		   datagram.n_payload);
	tap_expect(tap,
		   datagram.key.port == FRAME_PORT && datagram.ttl == FRAME_TTL &&
			   datagram.key.is_outgoing == 0 && datagram.segment_size == 0,
		   "port %u, TTL %u, direction %u, segments %u", datagram.key.port,
		   datagram.ttl, datagram.key.is_outgoing, datagram.segment_size);
	tap_expect(tap, datagram.when_ns >= before && datagram.when_ns <= get_now(),
		   "it came between then and now");
	tap_expect(tap, reader_is_silent(&reader), "once");
	reader_fini(&reader);
	tap_end(tap, "what a link brings: %s", row->name);
}

static const struct {
	const char *name;
	struct frame_plan plan;
	uint32_t at; /* from the IP header: 16 bits there are changed */
	uint16_t value;
} broken[] = {
	{ "an IPv4 length beyond the packet", { .length = 60 }, 2, 89 },
	{ "a UDP length beyond IP", { .length = 60 }, 24, 69 },
	{ "an IPv4 header of 4 bytes", { .length = 60 }, 0, 0x4100 },
	{ "an IPv6 length beyond the packet", { .is_ipv6 = true, .length = 60 }, 4, 69 },
	{ "an IPv6 header that leaves the packet",
	  { .is_ipv6 = true, .length = 60, HEADERS(IPPROTO_DSTOPTS) },
	  40,
	  IPPROTO_UDP << 8 | 200 },
};

static void test_malformed(struct ring_test *self)
{
	struct frame_plan good = { .length = 1 };
	struct datagram_fragment fragment;
	struct datagram datagram;
	struct reader reader;

	reader_init(&reader, "m0", false);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct frame frame;
		uint8_t *place = frame.bytes + broken[i].at;

		frame_make(&frame, &broken[i].plan);
		place += frame.n_link;
		place[0] = (uint8_t)(broken[i].value >> 8);
		place[1] = (uint8_t)broken[i].value;
		frame_send(self->peer, &frame);
		tap_expect(&self->tap,
			   reader_parse(&reader, &datagram, &fragment) ==
				   DATAGRAM_MALFORMED,
			   "%s", broken[i].name);
	}
	send_plan(self->peer, &good);
	tap_expect(&self->tap,
		   reader_parse(&reader, &datagram, &fragment) == DATAGRAM_WHOLE,
		   "a good one behind them");
	reader_fini(&reader);
	tap_end(&self->tap, "malformed packets come, and are told");
}

static void test_others(struct ring_test *self)
{
	static const struct frame_plan others[] = {
		{ .length = 9, .protocol = IPPROTO_TCP },
		{ .is_ipv6 = true, .length = 9, .protocol = IPPROTO_ICMPV6 },
		{ .is_ipv6 = true,
		  .length = 9,
		  .protocol = IPPROTO_ICMPV6,
		  HEADERS(IPPROTO_HOPOPTS) },
	};
	struct frame_plan mark = { .length = 33 };
	struct datagram_fragment fragment;
	struct datagram datagram;
	struct reader reader;

	reader_init(&reader, "m0", false);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		send_plan(self->peer, &others[i]);
	send_plan(self->peer, &mark);
	reader_parse(&reader, &datagram, &fragment);
	tap_expect(&self->tap, datagram.length == 33, "the mark comes first: %u",
		   datagram.length);
	tap_expect(&self->tap, ring_get_drops(reader.ring) == 0, "that is no drop");
	reader_fini(&reader);
	tap_end(&self->tap, "what is not UDP to a group stays in the kernel");
}

static void test_outgoing(struct ring_test *self, int family)
{
	struct frame_plan mark = { .length = 33 };
	struct datagram_fragment fragment;
	struct datagram sent, received;
	int fd = open_sender(family, "m0");
	struct reader reader;

	reader_init(&reader, "m0", false);
	send_bytes(fd, family, 50);
	send_plan(self->peer, &mark);
	tap_expect(&self->tap, reader_parse(&reader, &sent, &fragment) == DATAGRAM_WHOLE,
		   "sent");
	tap_expect(&self->tap,
		   reader_parse(&reader, &received, &fragment) == DATAGRAM_WHOLE,
		   "received");
	tap_expect(&self->tap, sent.key.is_outgoing == 1 && sent.length == 50,
		   "direction %u, length %u", sent.key.is_outgoing, sent.length);
	tap_expect(&self->tap, received.key.is_outgoing == 0 && received.length == 33,
		   "direction %u, length %u: what is looped back is not seen again",
		   received.key.is_outgoing, received.length);
	reader_fini(&reader);
	close(fd);
	tap_end(&self->tap, "own transmissions come once, and are told apart: %s",
		family == AF_INET ? "IPv4" : "IPv6");
}

/* 4000 bytes in three pieces, twice. */
static void test_fragments(struct ring_test *self, int family)
{
	unsigned int n_pieces = 0, n_whole = 0;
	struct fragments *fragments = NULL;
	int fd = open_sender(family, "m0");
	struct reader reader;

	if (fragments_new(&fragments) < 0)
		tap_bail_out("no memory");
	reader_init(&reader, "m0p", false);
	send_bytes(fd, family, 4000);
	send_bytes(fd, family, 4000);
	while (n_whole < 2) {
		struct datagram datagram, whole;
		struct datagram_fragment fragment;

		if (reader_parse(&reader, &datagram, &fragment) != DATAGRAM_FRAGMENT)
			break;
		n_pieces++;
		if (!fragments_add(fragments, &datagram, &fragment, &whole))
			continue;
		n_whole++;
		tap_expect(&self->tap,
			   whole.length == 4000 && whole.key.port == FRAME_PORT &&
				   whole.n_payload >= 64 && whole.payload[63] == 0,
			   "length %u, port %u, payload %u", whole.length, whole.key.port,
			   whole.n_payload);
	}
	tap_expect(&self->tap, n_whole == 2 && n_pieces == 6, "%u whole of %u pieces",
		   n_whole, n_pieces);
	tap_expect(&self->tap, fragments_get_orphans(fragments) == 0, "no orphans");
	reader_fini(&reader);
	fragments_free(fragments);
	close(fd);
	tap_end(&self->tap, "fragments come together: %s",
		family == AF_INET ? "IPv4" : "IPv6");
}

/* The kernel leaves them in one piece on a link between namespaces. */
static void test_glued(struct ring_test *self, int family, const char *interface)
{
	int size = 1000, fd = open_sender(family, "m0");
	struct datagram_fragment fragment;
	struct datagram datagram;
	struct reader reader;

	if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)) < 0)
		tap_bail_out("UDP_SEGMENT: %s", strerror(errno));
	reader_init(&reader, interface, false);
	send_bytes(fd, family, 5500);
	tap_expect(&self->tap,
		   reader_parse(&reader, &datagram, &fragment) == DATAGRAM_WHOLE,
		   "it is UDP");
	tap_expect(&self->tap, datagram.length == 5500 && datagram.segment_size == 1000,
		   "length %u, segments of %u", datagram.length, datagram.segment_size);
	tap_expect(&self->tap, datagram.n_payload == 5500 && datagram.payload[5000] == 5,
		   "payload %u", datagram.n_payload);
	reader_fini(&reader);
	close(fd);
	tap_end(&self->tap, "datagrams that are glued together are told: %s on %s",
		family == AF_INET ? "IPv4" : "IPv6", interface);
}

/* Of what is sent the tags stand in the bytes, and the kernel says that IP begins behind
 * them. */
static void test_sent_tags(struct ring_test *self)
{
	static const struct {
		struct frame_plan plan;
		uint16_t vlan;
	} sent[] = {
		{ { .length = 70, .tags = { 5 }, .n_tags = 1 }, 5 },
		{ { .length = 70, .tags = { 5, 6 }, .n_tags = 2 }, 5 },
		{ { .is_ipv6 = true,
		    .length = 70,
		    .tags = { 0x2000, 6 },
		    .tag_types = { ETH_P_8021AD },
		    .n_tags = 2 },
		  6 },
		{ { .length = 70 }, 0 },
	};
	struct datagram_fragment fragment;
	struct datagram datagram;
	struct reader reader;

	reader_init(&reader, "m0p", false);
	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
		send_plan(self->peer, &sent[i].plan);
		tap_expect(&self->tap,
			   reader_parse(&reader, &datagram, &fragment) ==
					   DATAGRAM_WHOLE &&
				   datagram.key.vlan == sent[i].vlan &&
				   datagram.key.is_outgoing == 1 &&
				   datagram.length == 70 && datagram.n_payload == 64,
			   "sent %zu: VLAN %u, length %u, payload %u", i,
			   datagram.key.vlan, datagram.length, datagram.n_payload);
	}
	reader_fini(&reader);
	tap_end(&self->tap, "VLAN tags of what is sent are read from the bytes");
}

/* An interface without link headers. */
static void test_tun(struct ring_test *self)
{
	struct ifreq request = { .ifr_name = "t0", .ifr_flags = IFF_TUN | IFF_NO_PI };
	struct datagram_fragment fragment;
	struct datagram datagram;
	int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC), fd;
	struct reader reader;

	if (tun < 0 || ioctl(tun, TUNSETIFF, &request) < 0 ||
	    netns_ip("link set t0 up\naddr add 10.9.9.1/24 dev t0\n") < 0)
		tap_bail_out("cannot make a tun interface: %s", strerror(errno));
	reader_init(&reader, "t0", false);
	for (unsigned int is_ipv6 = 0; is_ipv6 < 2; is_ipv6++) {
		struct frame_plan plan = { .is_ipv6 = is_ipv6 == 1, .length = 900 };
		struct frame frame;

		frame_make(&frame, &plan);
		if (write(tun, frame.bytes + frame.n_link, frame.n - frame.n_link) < 0)
			tap_bail_out("write: %s", strerror(errno));
		tap_expect(
			&self->tap,
			reader_parse(&reader, &datagram, &fragment) == DATAGRAM_WHOLE &&
				datagram.length == 900 && datagram.n_payload >= 64 &&
				datagram.n_payload < 900 && datagram.key.is_outgoing == 0,
			"received: length %u, payload %u", datagram.length,
			datagram.n_payload);
	}
	fd = open_sender(AF_INET, "t0");
	send_bytes(fd, AF_INET, 50);
	tap_expect(&self->tap,
		   reader_parse(&reader, &datagram, &fragment) == DATAGRAM_WHOLE &&
			   datagram.length == 50 && datagram.key.is_outgoing == 1,
		   "sent: length %u", datagram.length);
	reader_fini(&reader);
	close(fd);
	close(tun);
	tap_end(&self->tap, "an interface without link headers is watched too");
}

/* To the address of all: every interface takes it. */
static void send_mark(const struct ring_test *self)
{
	struct frame_plan plan = { .length = 33 };
	struct frame frame;

	frame_make(&frame, &plan);
	memset(frame.bytes, 0xff, ETH_ALEN);
	frame_send(self->peer, &frame);
}

/* A macvlan takes the groups only that somebody joined on it. */
static void test_all_multicast(struct ring_test *self)
{
	struct frame_plan unjoined = { .length = 11 };

	if (netns_ip("link add link m0 name v0 type macvlan mode bridge\n"
		     "link set v0 addrgenmode none\nlink set v0 up\n") < 0)
		tap_bail_out("cannot make a macvlan");
	for (int all = 0; all < 2; all++) {
		uint32_t want = all ? 11 : 33;
		struct datagram_fragment fragment;
		struct datagram datagram;
		struct reader reader;

		reader_init(&reader, "v0", all);
		send_plan(self->peer, &unjoined);
		send_mark(self);
		reader_parse(&reader, &datagram, &fragment);
		tap_expect(&self->tap, datagram.length == want,
			   "all multicast %d: %u bytes come first", all, datagram.length);
		reader_fini(&reader);
	}
	netns_ip("link del v0\n");
	tap_end(&self->tap, "what nobody joined is received only when that is asked for");
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct ring_test self = { .peer = -1 };

	netns_init(&self.net);
	self.peer = frame_open("m0p");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		test_row(&self, &rows[i]);
	test_malformed(&self);
	test_others(&self);
	for (unsigned int i = 0; i < 2; i++) {
		test_outgoing(&self, families[i]);
		test_fragments(&self, families[i]);
		test_glued(&self, families[i], "m0");
		test_glued(&self, families[i], "m0p");
	}
	test_sent_tags(&self);
	test_tun(&self);
	test_all_multicast(&self);
	close(self.peer);
	return tap_finish(&self.tap);
}
