/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msfd's sockets, in a namespace: what the other ends of the links receive are the
 * engine's bytes, and what they send is heard as it was sent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <sys/eventfd.h>

#include <linux/if_packet.h>

#include "msfd/clock.h"
#include "msfd/speaker.h"
#include "msfd/wire.h"
#include "vectors.h"
#include "wire-rig.h"

#define EXPECT(condition) tap_expect(&test->rig.tap, condition, "%s", #condition)

#define FRAME_DEADLINE_MS 5000
#define MANY              400u /* sources: more than one report */

struct test {
	struct rig rig;
	struct wire *wire;
	struct speaker *speaker;
	int peer[NETNS_LINKS]; /* everything that comes to m0p and m1p */
	uint64_t ahead;        /* the engine's clock goes before; see say_all() */
	unsigned int n_ready;
	uint8_t datagram[ENGINE_PACKET_MAX];
	struct engine_packet packet;
	uint8_t frame[ENGINE_PACKET_MAX];
	size_t frame_len;
};

static int open_peer(const char *name)
{
	struct sockaddr_ll peer = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(ETH_P_ALL),
				    .sll_ifindex = (int)if_nametoindex(name) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (const void *)&peer, sizeof(peer)) < 0)
		tap_bail_out("cannot capture: %s", strerror(errno));
	return fd;
}

static void hear(void *context)
{
	(void)context;
}

static void init(struct test *test)
{
	rig_init(&test->rig);
	rig_ip("addr add fe80::1/64 dev m0 nodad\n");
	test->peer[0] = open_peer("m0p");
	test->peer[1] = open_peer("m1p");
	if (wire_new(&test->wire, test->rig.loop, test->rig.engine, hear, NULL) < 0)
		tap_bail_out("no wire");
	rig_start_links(&test->rig);
	wire_set_links(test->wire, test->rig.links);
}

static uint64_t get_now(const struct test *test)
{
	return clock_now() + test->ahead;
}

/* A group that somebody wants all of, or nobody wants any more. */
static void want(struct test *test, const char *interface, const char *group,
		 bool is_wanted)
{
	const struct filter filter = { .mode = is_wanted ? FILTER_EXCLUDE : FILTER_NONE };
	int r = engine_set_filter(test->rig.engine, if_nametoindex(interface), 1,
				  vector_addr(group), &filter, get_now(test));

	tap_expect(&test->rig.tap, r == 0, "%s on %s: %s", group, interface,
		   strerror(-r));
}

static void force(struct test *test, enum engine_family family, uint8_t version)
{
	engine_force_version(test->rig.engine, test->rig.net.ifindex[0], family, version,
			     get_now(test));
}

static bool pull(struct test *test)
{
	return engine_pull(test->rig.engine, test->datagram, sizeof(test->datagram),
			   &test->packet, get_now(test)) > 0;
}

/* All that is said again is said now, to nobody. */
static void say_all(struct test *test)
{
	static uint8_t buffer[ENGINE_PACKET_MAX];
	struct engine_packet packet;

	for (unsigned int i = 0; i < 10; i++) {
		test->ahead += 10 * ENGINE_SECOND;
		while (engine_pull(test->rig.engine, buffer, sizeof(buffer), &packet,
				   get_now(test)) > 0)
			;
	}
	/* What the kernel says of the interfaces is told with the real time; that stands
	 * still. What is told next is due a moment later. */
	test->ahead += ENGINE_SECOND;
}

static bool is_control(const uint8_t *frame, size_t len)
{
	if (len < ETH_HLEN + 48)
		return len > ETH_HLEN + 24 && frame[12] == 8 && frame[13] == 0 &&
		       frame[ETH_HLEN + 9] == IPPROTO_IGMP;
	if (frame[12] == 8 && frame[13] == 0)
		return frame[ETH_HLEN + 9] == IPPROTO_IGMP;
	return frame[ETH_HLEN + 6] == 0 && frame[ETH_HLEN + 40] == IPPROTO_ICMPV6;
}

/* Is it what was pulled? The kernel fills in an identification, and with that the
 * checksum of the header. */
static bool is_pulled(struct test *test)
{
	uint8_t *ip = test->frame + ETH_HLEN;

	if (ip[0] >> 4 == 4) {
		size_t header_len = (ip[0] & 0x0fu) * 4u;

		if (vector_sum(ip, header_len) != 0xffff)
			return false;
		memcpy(ip + 4, test->datagram + 4, 2);
		memcpy(ip + 10, test->datagram + 10, 2);
	}
	return test->frame_len >= ETH_HLEN + test->packet.len &&
	       memcmp(ip, test->datagram, test->packet.len) == 0;
}

/* The kernel itself speaks, too; what it says is passed over. */
static bool arrives(struct test *test, unsigned int link)
{
	struct pollfd poller = { .fd = test->peer[link], .events = POLLIN };
	uint64_t end = clock_now() + FRAME_DEADLINE_MS * 1000ull;

	while (clock_now() < end) {
		struct sockaddr_ll from = { 0 };
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(poller.fd, test->frame, sizeof(test->frame), 0,
				     (void *)&from, &from_len);

		if (n < 0)
			poll(&poller, 1, FRAME_DEADLINE_MS / 10);
		test->frame_len = n < 0 ? 0 : (size_t)n;
		if (from.sll_pkttype != PACKET_OUTGOING &&
		    is_control(test->frame, test->frame_len) && is_pulled(test))
			return true;
	}
	return false;
}

static bool is_mac(const struct test *test, const char *text)
{
	char got[18];

	snprintf(got, sizeof(got), "%02x:%02x:%02x:%02x:%02x:%02x", test->frame[0],
		 test->frame[1], test->frame[2], test->frame[3], test->frame[4],
		 test->frame[5]);
	return strcmp(got, text) == 0;
}

static void empty(int fd)
{
	uint8_t byte;
	int error;
	socklen_t len = sizeof(error);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) >= 0)
		;
}

/* Pulls one, sends it, and it arrives as it is, by the packet socket or not. */
static void expect_sent(struct test *test, unsigned int link, const char *source,
			const char *destination, const char *mac, bool by_packet_socket)
{
	struct wire_counts before = wire_get_counts(test->wire), after;
	int r;

	empty(test->peer[link]);
	if (!EXPECT(pull(test)))
		return;
	EXPECT(addr_equal(test->packet.source, vector_addr(source)));
	EXPECT(addr_equal(test->packet.destination, vector_addr(destination)));
	r = wire_send(test->wire, test->datagram, &test->packet);
	tap_expect(&test->rig.tap, r == 0, "sent: %s", strerror(-r));
	EXPECT(arrives(test, link));
	tap_expect(&test->rig.tap, is_mac(test, mac), "to %s", mac);
	after = wire_get_counts(test->wire);
	EXPECT(after.sent == before.sent + 1 && after.lost == before.lost);
	EXPECT(after.sent_packet_socket == before.sent_packet_socket + by_packet_socket);
}

static void test_newest(struct test *test)
{
	say_all(test);
	want(test, "m0", "239.1.1.1", true);
	expect_sent(test, 0, "10.9.0.1", "224.0.0.22", "01:00:5e:00:00:16", false);
	EXPECT(test->frame[ETH_HLEN + 1] == 0xc0 && test->frame[ETH_HLEN + 8] == 1);
	EXPECT(memcmp(test->frame + ETH_HLEN + 20, "\x94\x04\x00\x00", 4) == 0);
	tap_end(&test->rig.tap, "an IGMPv3 report is sent as it is");

	say_all(test);
	want(test, "m0", "ff15::1", true);
	expect_sent(test, 0, "fe80::1", "ff02::16", "33:33:00:00:00:16", false);
	EXPECT(test->frame[ETH_HLEN + 7] == 1 && test->frame[ETH_HLEN + 42] == 5);
	tap_end(&test->rig.tap, "an MLDv2 report is sent as it is");
	say_all(test);
}

static void test_older(struct test *test)
{
	force(test, ENGINE_IPV4, 2);
	say_all(test);
	want(test, "m0", "239.129.2.3", true);
	expect_sent(test, 0, "10.9.0.1", "239.129.2.3", "01:00:5e:01:02:03", false);
	say_all(test);
	want(test, "m0", "239.129.2.3", false);
	expect_sent(test, 0, "10.9.0.1", "224.0.0.2", "01:00:5e:00:00:02", false);
	force(test, ENGINE_IPV4, 0);
	tap_end(&test->rig.tap, "IGMPv2 reports go to the group, leaves to all routers");

	force(test, ENGINE_IPV6, 1);
	say_all(test);
	want(test, "m0", "ff3e::1:2", true);
	expect_sent(test, 0, "fe80::1", "ff3e::1:2", "33:33:00:01:00:02", false);
	say_all(test);
	want(test, "m0", "ff3e::1:2", false);
	expect_sent(test, 0, "fe80::1", "ff02::2", "33:33:00:00:00:02", false);
	force(test, ENGINE_IPV6, 0);
	say_all(test);
	tap_end(&test->rig.tap, "MLDv1 reports go to the group, Done to all routers");
}

static void test_addressless(struct test *test)
{
	rig_ip("addr flush dev m1\n");
	EXPECT(rig_await_link(&test->rig, "m1", "up 1500 none none"));
	say_all(test);
	want(test, "m1", "239.1.1.1", true);
	expect_sent(test, 1, "0.0.0.0", "224.0.0.22", "01:00:5e:00:00:16", true);
	say_all(test);
	want(test, "m1", "ff15::1", true);
	expect_sent(test, 1, "::", "ff02::16", "33:33:00:00:00:16", true);
	say_all(test);
	tap_end(&test->rig.tap, "an interface without an address speaks from none");

	rig_ip("addr add 10.9.1.7/24 dev m1\naddr add fe80::7/64 dev m1 nodad\n");
	EXPECT(rig_await_link(&test->rig, "m1", "up 1500 10.9.1.7 fe80::7"));
	expect_sent(test, 1, "10.9.1.7", "224.0.0.22", "01:00:5e:00:00:16", false);
	expect_sent(test, 1, "fe80::7", "ff02::16", "33:33:00:00:00:16", false);
	say_all(test);
	tap_end(&test->rig.tap, "when it has one everything is told again from it");

	rig_ip("route add unreachable 239.0.0.0/8\n"
	       "route add 224.0.0.0/5 via 10.9.0.9 dev m1 onlink\n");
	want(test, "m1", "239.1.1.2", true);
	expect_sent(test, 1, "10.9.1.7", "224.0.0.22", "01:00:5e:00:00:16", false);
	engine_force_version(test->rig.engine, test->rig.net.ifindex[1], ENGINE_IPV4, 2,
			     get_now(test));
	say_all(test);
	want(test, "m1", "239.1.1.3", true);
	expect_sent(test, 1, "10.9.1.7", "239.1.1.3", "01:00:5e:01:01:03", false);
	engine_force_version(test->rig.engine, test->rig.net.ifindex[1], ENGINE_IPV4, 0,
			     get_now(test));
	rig_ip("route del unreachable 239.0.0.0/8\nroute del 224.0.0.0/5\n");
	say_all(test);
	tap_end(&test->rig.tap, "routes of groups are nothing to it");
}

static void test_lost(struct test *test)
{
	struct wire_counts before, after;
	int r;

	want(test, "m0", "239.1.1.9", true);
	EXPECT(pull(test));
	before = wire_get_counts(test->wire);
	rig_ip("link set m0p down\nlink set m0 down\n");
	r = wire_send(test->wire, test->datagram, &test->packet);
	tap_expect(&test->rig.tap, r == -ENETDOWN || r == -ENETUNREACH || r == -ENXIO,
		   "sent: %s", strerror(-r));
	after = wire_get_counts(test->wire);
	EXPECT(after.lost == before.lost + 1 && after.sent == before.sent);
	rig_ip("link set m0p up\nlink set m0 up\naddr add fe80::1/64 dev m0 nodad\n");
	EXPECT(rig_await_link(&test->rig, "m0", "up 1500 10.9.0.1 fe80::1"));
	say_all(test);
	tap_end(&test->rig.tap,
		"what a link that is down does not take is lost and counted");

	test->packet.ifindex = 4711;
	r = wire_send(test->wire, test->datagram, &test->packet);
	EXPECT(r == -ENODEV && wire_get_counts(test->wire).lost == after.lost + 1);
	tap_end(&test->rig.tap, "so is what has no interface any more");
}

/*
 * In
 */

static void put_header_checksum(uint8_t *ip)
{
	size_t len = (ip[0] & 0x0fu) * 4u;
	uint32_t sum;

	memset(ip + 10, 0, 2);
	sum = 0xffff - vector_sum(ip, len);
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

/* What the other end of the link sends. */
static void send_frame(struct test *test, unsigned int link, struct vector *vector)
{
	static const uint8_t macs[2][6] = { "\x01\x00\x5e\0\0\x01",
					    "\x33\x33\0\0\0\x01" };
	static uint8_t frame[ETH_HLEN + sizeof(vector->bytes)];
	bool is_ipv4 = vector->bytes[0] >> 4 == 4;

	empty(test->peer[link]);
	memcpy(frame, macs[!is_ipv4], 6);
	memcpy(frame + 6, "\x02\0\0\0\0\x77", 6);
	memcpy(frame + 12, is_ipv4 ? "\x08\x00" : "\x86\xdd", 2);
	if (is_ipv4)
		put_header_checksum(vector->bytes);
	memcpy(frame + ETH_HLEN, vector->bytes, vector->len);
	if (send(test->peer[link], frame, ETH_HLEN + vector->len, 0) < 0)
		tap_bail_out("cannot send: %s", strerror(errno));
}

/* General Queries: QRV 2, QQIC 125 (RFC 9776 4.1, RFC 9777 5.1). */
static const uint8_t igmp_query[12] = { 0x11, 1, 0, 0, 0, 0, 0, 0, 2, 125, 0, 0 };
static const uint8_t mld_query[28] = { 130, 0, 0, 0, 0, 10, [24] = 2, [25] = 125 };

struct counted {
	enum engine_counter counter;
	uint64_t n;
};

static bool is_counted(struct rig *rig, const void *data)
{
	const struct counted *counted = data;

	return engine_get_counter(rig->engine, counted->counter) >= counted->n;
}

/* Sends it, and the engine counts one more. */
static void expect_counted(struct test *test, unsigned int link, struct vector *vector,
			   enum engine_counter counter, const char *what)
{
	const struct counted counted = {
		counter, engine_get_counter(test->rig.engine, counter) + 1
	};

	send_frame(test, link, vector);
	tap_expect(&test->rig.tap, rig_await(&test->rig, is_counted, &counted), "%s",
		   what);
}

static struct addr get_querier(struct test *test, unsigned int link,
			       enum engine_family family)
{
	struct engine_status status = { 0 };

	engine_get_status(test->rig.engine, test->rig.net.ifindex[link], family, &status,
			  get_now(test));
	return status.querier;
}

static uint64_t get_counter(const struct test *test, enum engine_counter counter)
{
	return engine_get_counter(test->rig.engine, counter);
}

static void test_heard4(struct test *test)
{
	static struct vector query;
	uint64_t n_bad;

	rig_ip("addr replace 10.9.1.7/24 dev m1\n");
	n_bad = get_counter(test, ENGINE_IGMP_RCV_BADTTL) +
		get_counter(test, ENGINE_IGMP_RCV_NORA) +
		get_counter(test, ENGINE_IGMP_RCV_BADSUM);
	vector_wrap(&query, ENGINE_IPV4, igmp_query, sizeof(igmp_query));
	expect_counted(test, 0, &query, ENGINE_IGMP_RCV_V3_QUERIES, "a v3 query");
	EXPECT(addr_equal(get_querier(test, 0, ENGINE_IPV4), vector_addr("10.9.0.254")));
	EXPECT(addr_is_unspecified(get_querier(test, 1, ENGINE_IPV4)));
	EXPECT(n_bad == get_counter(test, ENGINE_IGMP_RCV_BADTTL) +
				get_counter(test, ENGINE_IGMP_RCV_NORA) +
				get_counter(test, ENGINE_IGMP_RCV_BADSUM));
	tap_end(&test->rig.tap,
		"an IGMPv3 query is heard, on the interface where it came");

	memset(query.bytes + 12, 0, 4);
	expect_counted(test, 0, &query, ENGINE_IGMP_RCV_V3_QUERIES, "from 0.0.0.0");
	query.bytes[8] = 2;
	expect_counted(test, 0, &query, ENGINE_IGMP_RCV_BADTTL, "TTL 2");
	query.bytes[8] = 1;
	memset(query.bytes + 20, 1, 4);
	expect_counted(test, 0, &query, ENGINE_IGMP_RCV_NORA, "no Router Alert");
	vector_wrap(&query, ENGINE_IPV4, igmp_query, sizeof(igmp_query));
	query.bytes[query.message + 2] ^= 1;
	expect_counted(test, 0, &query, ENGINE_IGMP_RCV_BADSUM, "a bad checksum");
	tap_end(&test->rig.tap, "TTL, Router Alert and checksum of IGMP are looked at");
}

static void test_heard6(struct test *test)
{
	static struct vector query;
	uint64_t n_bad = get_counter(test, ENGINE_MLD_RCV_BADHOPLIMIT) +
			 get_counter(test, ENGINE_MLD_RCV_NORA) +
			 get_counter(test, ENGINE_MLD_RCV_BADSUM);
	uint64_t n;

	vector_wrap(&query, ENGINE_IPV6, mld_query, sizeof(mld_query));
	expect_counted(test, 0, &query, ENGINE_MLD_RCV_V2_QUERIES, "a v2 query");
	EXPECT(addr_equal(get_querier(test, 0, ENGINE_IPV6), vector_addr("fe80::fe")));
	EXPECT(addr_is_unspecified(get_querier(test, 1, ENGINE_IPV6)));
	EXPECT(n_bad == get_counter(test, ENGINE_MLD_RCV_BADHOPLIMIT) +
				get_counter(test, ENGINE_MLD_RCV_NORA) +
				get_counter(test, ENGINE_MLD_RCV_BADSUM));
	tap_end(&test->rig.tap,
		"an MLDv2 query is heard, on the interface where it came");

	query.bytes[7] = 2;
	expect_counted(test, 0, &query, ENGINE_MLD_RCV_BADHOPLIMIT, "hop limit 2");
	query.bytes[7] = 1;
	memset(query.bytes + 42, 0, 6); /* padding */
	expect_counted(test, 0, &query, ENGINE_MLD_RCV_NORA, "no Router Alert");
	n = get_counter(test, ENGINE_MLD_RCV_TOTAL);
	vector_wrap(&query, ENGINE_IPV6, mld_query, sizeof(mld_query));
	query.bytes[query.message + 2] ^= 1;
	send_frame(test, 0, &query);
	vector_wrap(&query, ENGINE_IPV6, mld_query, sizeof(mld_query));
	expect_counted(test, 0, &query, ENGINE_MLD_RCV_V2_QUERIES, "behind it");
	EXPECT(get_counter(test, ENGINE_MLD_RCV_TOTAL) == n + 1);
	tap_end(&test->rig.tap,
		"hop limit and Router Alert of MLD are looked at, the kernel "
		"drops a bad checksum");
}

/* A report that came from an address of this host counts for nothing. */
static void test_own(struct test *test)
{
	static struct vector report;
	const uint8_t message[24] = { 131, [8] = 0xff, 2, [23] = 1 };
	const struct links *links = test->rig.links;
	uint64_t n;

	vector_wrap(&report, ENGINE_IPV6, message, sizeof(message));
	expect_counted(test, 0, &report, ENGINE_MLD_RCV_REPORTS, "somebody's report");
	n = get_counter(test, ENGINE_MLD_RCV_REPORTS);
	report.bytes[23] = 1;
	vector_mend(&report);
	expect_counted(test, 0, &report, ENGINE_MLD_RCV_TOTAL, "our report");
	EXPECT(get_counter(test, ENGINE_MLD_RCV_REPORTS) == n);
	tap_end(&test->rig.tap, "what came from an address of this host is its own");

	EXPECT(links_has_address(links, test->rig.net.ifindex[1],
				 vector_addr("10.9.0.2")));
	EXPECT(!links_has_address(links, test->rig.net.ifindex[1],
				  vector_addr("fe80::1")));
	EXPECT(!links_has_address(links, test->rig.net.ifindex[0],
				  vector_addr("10.9.0.99")));
	tap_end(&test->rig.tap, "an IPv4 address is this host's on each interface");
}

static void test_echo(struct test *test)
{
	uint64_t n = wire_get_counts(test->wire).received;

	say_all(test);
	want(test, "m0", "239.7.7.7", true);
	want(test, "m0", "ff15::7", true);
	while (pull(test))
		EXPECT(wire_send(test->wire, test->datagram, &test->packet) == 0);
	rig_run(&test->rig);
	EXPECT(wire_get_counts(test->wire).received == n);
	say_all(test);
	tap_end(&test->rig.tap, "what is sent does not come back");
}

/*
 * Full
 */

static int run(const char *command)
{
	int status = system(command);

	return status == 0 ? 0 : -EIO;
}

static bool stop_queue(const char *limit)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "tc qdisc add dev m0 root tbf rate 8bit burst 1540 limit %s 2>&1",
		 limit);
	return run(command) == 0;
}

static void start_queue(void)
{
	run("tc qdisc del dev m0 root");
}

static void be_ready(void *context)
{
	struct test *test = context;

	test->n_ready++;
}

static bool is_ready(struct rig *rig, const void *data)
{
	(void)rig;
	return *(const unsigned int *)data > 0;
}

/* Sends until that is what it says. */
static bool fill(struct test *test, int what)
{
	int r = 0;

	for (unsigned int i = 0; i < 200000 && r == 0; i++)
		r = wire_send(test->wire, test->datagram, &test->packet);
	return r == what;
}

static void expect_full(struct test *test, const char *limit)
{
	uint8_t datagram[64];
	struct engine_packet packet;

	want(test, "m1", "239.3.3.3", true);
	EXPECT(pull(test));
	memcpy(datagram, test->datagram, sizeof(datagram));
	packet = test->packet;
	say_all(test);
	want(test, "m0", "239.3.3.3", true);
	EXPECT(pull(test) && packet.len <= sizeof(datagram));
	EXPECT(fill(test, -EAGAIN));
	wire_give_up(test->wire);
	tap_expect(&test->rig.tap, fill(test, -ENOBUFS), "given up, limit %s", limit);
	EXPECT(wire_send(test->wire, datagram, &packet) == 0);
	start_queue();
	EXPECT(fill(test, 0) || fill(test, 0));
	EXPECT(stop_queue(limit) && fill(test, -EAGAIN));
	start_queue();
	test->n_ready = 0;
	wire_set_ready(test->wire, be_ready, test);
	EXPECT(rig_await(&test->rig, is_ready, &test->n_ready));
	wire_set_ready(test->wire, NULL, NULL);
	want(test, "m0", "239.3.3.3", false);
	want(test, "m1", "239.3.3.3", false);
	say_all(test);
}

static void test_full(struct test *test)
{
	say_all(test);
	if (!stop_queue("3000")) {
		tap_skip(&test->rig.tap, "no tbf");
		tap_end(&test->rig.tap, "a queue that is full");
		return;
	}
	expect_full(test, "3000");
	tap_end(&test->rig.tap, "a queue that is full is waited for, or given up");
	EXPECT(stop_queue("100000000"));
	expect_full(test, "100000000");
	tap_end(&test->rig.tap,
		"a socket that is full is waited for, or given up; another "
		"interface goes on");
}

/*
 * The speaker
 */

struct sent {
	struct wire *wire;
	uint64_t n;
};

static bool is_sent(struct rig *rig, const void *data)
{
	const struct sent *sent = data;

	(void)rig;
	return wire_get_counts(sent->wire).sent >= sent->n;
}

static bool await_sent(struct test *test, uint64_t n)
{
	const struct sent sent = { test->wire, n };

	return rig_await(&test->rig, is_sent, &sent);
}

static void want_many(struct test *test, unsigned int n, bool is_wanted)
{
	char group[24];

	for (unsigned int i = 0; i < n; i++) {
		snprintf(group, sizeof(group), "239.2.%u.%u", i >> 8, i & 0xff);
		want(test, "m0", group, is_wanted);
	}
}

/* Each time that it has its turn it wants one group more. */
struct crowd {
	struct test *test;
	unsigned int n;
};

static int want_one_more(void *data)
{
	struct crowd *crowd = data;
	char group[24];

	snprintf(group, sizeof(group), "239.3.0.%u", crowd->n++);
	want(crowd->test, "m0", group, true);
	speaker_poke(crowd->test->speaker);
	return crowd->n == 40;
}

/* One after the other, as programs would: a packet for each would be 40. */
static void test_gather(struct test *test)
{
	struct loop_source source = LOOP_SOURCE_INIT;
	struct crowd crowd = { .test = test };
	uint64_t n = wire_get_counts(test->wire).sent;
	int fd = eventfd(1, EFD_CLOEXEC);

	if (fd < 0 || loop_add(test->rig.loop, &source, fd, want_one_more, &crowd) < 0)
		tap_bail_out("no crowd");
	loop_run(test->rig.loop);
	loop_del(test->rig.loop, &source);
	close(fd);
	EXPECT(wire_get_counts(test->wire).sent < n + 20);
	EXPECT(await_sent(test, n + 3));
	tap_end(&test->rig.tap, "what programs want at the same time is told together");
}

static void test_speaker(struct test *test)
{
	uint64_t n;

	if (speaker_new(&test->speaker, test->rig.loop, test->rig.engine, test->wire) < 0)
		tap_bail_out("no speaker");
	rig_run(&test->rig);
	n = wire_get_counts(test->wire).sent;
	want(test, "m0", "239.1.2.3", true);
	speaker_poke(test->speaker);
	speaker_poke(test->speaker);
	EXPECT(await_sent(test, n + 2));
	rig_run(&test->rig);
	EXPECT(wire_get_counts(test->wire).sent == n + 2);
	EXPECT(wire_get_counts(test->wire).lost == 0);
	tap_end(&test->rig.tap, "what is due is sent, what is due later later");
	test_gather(test);

	force(test, ENGINE_IPV4, 2);
	n = wire_get_counts(test->wire).sent;
	want_many(test, 600, true);
	speaker_poke(test->speaker);
	EXPECT(await_sent(test, n + 600));
	tap_end(&test->rig.tap, "more than one turn's packets are all sent");

	n = wire_get_counts(test->wire).sent;
	want_many(test, 600, false);
	speaker_drain(test->speaker, 1000);
	EXPECT(wire_get_counts(test->wire).sent >= n + 600);
	tap_end(&test->rig.tap, "at the end the leaves are sent at once");
}

static bool is_at_m1(struct rig *rig, const void *data)
{
	uint8_t frame[2048];

	(void)rig;
	for (;;) {
		ssize_t n = recv(*(const int *)data, frame, sizeof(frame), MSG_DONTWAIT);

		if (n < 0)
			return false;
		if (n >= 54 && frame[13] == 0 && frame[23] == IPPROTO_IGMP &&
		    memmem(frame, (size_t)n, "\xef\x09\x09\x09", 4))
			return true;
	}
}

static void test_stuck(struct test *test, const char *limit)
{
	struct wire_counts counts;

	if (!stop_queue(limit)) {
		tap_skip(&test->rig.tap, "no tbf");
		tap_end(&test->rig.tap, "an interface that stands still");
		return;
	}
	want_many(test, 600, true);
	speaker_poke(test->speaker);
	rig_run(&test->rig);
	want(test, "m1", "239.9.9.9", true);
	speaker_poke(test->speaker);
	EXPECT(rig_await(&test->rig, is_at_m1, &test->peer[1]));
	counts = wire_get_counts(test->wire);
	tap_comment("%u sent, %u lost", (unsigned int)counts.sent,
		    (unsigned int)counts.lost);
	start_queue();
	EXPECT(await_sent(test, counts.sent + 300));
	want_many(test, 600, false);
	want(test, "m1", "239.9.9.9", false);
	speaker_drain(test->speaker, 1000);
	tap_end(&test->rig.tap,
		"an interface that stands still does not silence others, "
		"and speaks again when it goes (%s)",
		limit);
}

int main(void)
{
	static struct test test;

	init(&test);
	test_speaker(&test);
	test_stuck(&test, "3000");
	force(&test, ENGINE_IPV4, 0);
	test.speaker = speaker_free(test.speaker);
	test_newest(&test);
	test_older(&test);
	test_addressless(&test);
	test_lost(&test);
	test_full(&test);
	test_heard4(&test);
	test_heard6(&test);
	test_own(&test);
	test_echo(&test);
	wire_free(test.wire);
	return rig_finish(&test.rig);
}
