/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/mwatch/flow/counting.h on real links: every packet is counted, in its own flow
 * and interval, or reported as dropped, whatever becomes of the interface.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "flow/counting.h"
#include "frame.h"
#include "netns.h"
#include "tap.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define N_SOURCES 100u
#define N_EACH    1000u
#define FLOOD     40000u /* more than the smallest ring holds */
#define RING_MIN  1u
#define RING_BIG  (64u << 20)
#define DEADLINE  10 /* seconds */

struct test {
	struct tap tap;
	struct netns net;
};

/* What is watched in the namespace, and one sample of it. */
struct watched {
	struct counting *counting;
	struct sample sample;
};

static void open_interfaces(struct watched *watched, const char *first,
			    const char *second, struct counting_settings *settings)
{
	struct msf_interface interfaces[2] = { 0 };
	uint32_t i_interface = 0;
	int r;

	strcpy(interfaces[0].name, first);
	interfaces[0].ifindex = if_nametoindex(first);
	settings->n_interfaces = 1;
	if (second) {
		strcpy(interfaces[1].name, second);
		interfaces[1].ifindex = if_nametoindex(second);
		settings->n_interfaces = 2;
	}
	settings->interfaces = interfaces;
	settings->flow.max = 1024;
	*watched = (struct watched){ 0 };
	r = counting_new(&watched->counting, settings, &i_interface);
	if (r < 0)
		tap_bail_out("counting_new: %s", strerror(-r));
	settings->interfaces = NULL;
}

static void start(struct watched *watched)
{
	int r = counting_start(watched->counting);

	if (r < 0)
		tap_bail_out("counting_start: %s", strerror(-r));
}

static void watch_one(struct watched *watched, const char *interface)
{
	struct counting_settings settings = { .ring_size = RING_BIG };

	open_interfaces(watched, interface, NULL, &settings);
	start(watched);
}

static void end(struct watched *watched)
{
	sample_fini(&watched->sample);
	counting_free(watched->counting);
}

static const struct sample_wire *take(struct watched *watched)
{
	int r = counting_take(watched->counting, &watched->sample);

	if (r < 0)
		tap_bail_out("counting_take: %s", strerror(-r));
	return &watched->sample.interfaces[0].total;
}

/* All that was sent before. */
static const struct sample_wire *take_all(struct watched *watched)
{
	counting_settle(watched->counting);
	return take(watched);
}

static void send_plan(const char *interface, const struct frame_plan *plan, uint32_t n)
{
	int fd = frame_open(interface);
	struct frame frame;

	frame_make(&frame, plan);
	while (n-- > 0)
		frame_send(fd, &frame);
	close(fd);
}

/* In turn from each of the sources. */
static void send_sources(const char *interface, bool is_ipv6, uint32_t n_sources,
			 uint32_t n_each)
{
	static struct frame frames[N_SOURCES];
	int fd = frame_open(interface);

	for (uint32_t i = 0; i < n_sources; i++)
		frame_make(&frames[i], &(struct frame_plan){ .is_ipv6 = is_ipv6,
							     .length = 100,
							     .source = i });
	for (uint32_t n = 0; n < n_each; n++)
		for (uint32_t i = 0; i < n_sources; i++)
			frame_send(fd, &frames[i]);
	close(fd);
}

static void test_every_packet(struct test *test, bool is_ipv6)
{
	struct watched watched;
	const struct sample_wire *wire;

	watch_one(&watched, "m0");
	send_sources("m0p", is_ipv6, N_SOURCES, N_EACH);
	wire = take_all(&watched);
	tap_expect(&test->tap,
		   wire->packets == N_SOURCES * N_EACH && wire->kernel_drops == 0,
		   "%" PRIu64 " packets, %" PRIu64 " drops", wire->packets,
		   wire->kernel_drops);
	tap_expect(&test->tap, wire->bytes == UINT64_C(100) * N_SOURCES * N_EACH,
		   "%" PRIu64 " bytes", wire->bytes);
	tap_expect(&test->tap, watched.sample.n_flows == N_SOURCES, "%" PRIu32 " flows",
		   watched.sample.n_flows);
	for (uint32_t i = 0; i < watched.sample.n_flows; i++) {
		const struct sample_flow *flow = &watched.sample.flows[i];

		tap_expect(&test->tap,
			   flow->total.packets == N_EACH &&
				   flow->family == (is_ipv6 ? AF_INET6 : AF_INET) &&
				   flow->port == FRAME_PORT && flow->ttl == FRAME_TTL &&
				   !flow->is_outgoing && flow->first_ns < flow->last_ns,
			   "flow %" PRIu32 ": %" PRIu64 " packets", i,
			   flow->total.packets);
	}
	end(&watched);
	tap_end(&test->tap, "every packet of %u sources is counted, IPv%d", N_SOURCES,
		is_ipv6 ? 6 : 4);
}

/* A last sample lacks nothing, few though the packets are. */
static void test_few(struct test *test)
{
	struct watched watched;

	watch_one(&watched, "m0");
	for (uint64_t n = 1; n <= 10; n++) {
		send_plan("m0p", &(struct frame_plan){ .length = 10 }, 1);
		tap_expect(&test->tap, take_all(&watched)->packets == n,
			   "%" PRIu64 " packets", n);
	}
	end(&watched);
	tap_end(&test->tap, "a sample has what was sent right before it");
}

/* Nobody reads until the sample is taken. */
static void test_without_thread(struct test *test)
{
	struct counting_settings settings = { .ring_size = RING_BIG };
	const struct sample_wire *wire;
	struct watched watched;

	open_interfaces(&watched, "m0", NULL, &settings);
	send_sources("m0p", false, N_SOURCES, 10);
	wire = take_all(&watched);
	tap_expect(&test->tap, wire->packets == N_SOURCES * 10, "%" PRIu64 " packets",
		   wire->packets);
	end(&watched);
	tap_end(&test->tap, "packets count from counting_new() on");
}

static void test_intervals(struct test *test)
{
	uint64_t packets = 0, bytes = 0, of_flow = 0, time = 0;
	struct watched watched;

	watch_one(&watched, "m0");
	for (int i = 0; i < 50; i++) {
		const struct sample *sample = &watched.sample;

		send_sources("m0p", false, 1, 200);
		if (i == 49)
			counting_settle(watched.counting);
		take(&watched);
		packets += sample->interfaces[0].interval.packets;
		bytes += sample->interfaces[0].interval.bytes;
		of_flow += sample->n_flows ? sample->flows[0].interval.packets : 0;
		time += sample->interval_ns;
	}
	tap_expect(&test->tap, packets == 10000 && bytes == 1000000 && of_flow == 10000,
		   "%" PRIu64 " packets, %" PRIu64 " of the flow", packets, of_flow);
	tap_expect(&test->tap, time == watched.sample.total_ns, "time");
	end(&watched);
	tap_end(&test->tap, "intervals add up to the total");
}

static void test_drops(struct test *test)
{
	struct counting_settings settings = { .ring_size = RING_MIN };
	const struct sample_interface *interface;
	struct watched watched;
	uint64_t drops;

	open_interfaces(&watched, "m0", NULL, &settings);
	send_plan("m0p", &(struct frame_plan){ .length = 100 }, FLOOD);
	take_all(&watched);
	interface = &watched.sample.interfaces[0];
	drops = interface->total.kernel_drops;
	tap_expect(&test->tap, drops > 0 && interface->interval.kernel_drops == drops,
		   "%" PRIu64 " drops", drops);
	tap_expect(&test->tap, interface->total.packets + drops == FLOOD,
		   "%" PRIu64 " packets", interface->total.packets);
	start(&watched);
	send_plan("m0p", &(struct frame_plan){ .length = 100 }, 10);
	take_all(&watched);
	tap_expect(&test->tap,
		   interface->interval.kernel_drops == 0 &&
			   interface->interval.packets == 10 &&
			   interface->total.kernel_drops == drops,
		   "another interval");
	end(&watched);
	tap_end(&test->tap, "what found the ring full is counted as dropped");
}

static void test_directions(struct test *test)
{
	struct counting_settings settings = { .ring_size = RING_BIG };
	struct watched watched;
	uint32_t n_out[2] = { 0 }, n_in[2] = { 0 };

	open_interfaces(&watched, "m0", "m0p", &settings);
	start(&watched);
	send_plan("m0p", &(struct frame_plan){ .length = 10 }, 3);
	send_plan("m0", &(struct frame_plan){ .length = 10 }, 5);
	take_all(&watched);
	for (uint32_t i = 0; i < watched.sample.n_flows; i++) {
		const struct sample_flow *flow = &watched.sample.flows[i];

		if (flow->is_outgoing)
			n_out[flow->i_interface] += (uint32_t)flow->total.packets;
		else
			n_in[flow->i_interface] += (uint32_t)flow->total.packets;
	}
	tap_expect(&test->tap, watched.sample.n_flows == 4, "%" PRIu32 " flows",
		   watched.sample.n_flows);
	tap_expect(&test->tap,
		   n_in[0] == 3 && n_out[0] == 5 && n_in[1] == 5 && n_out[1] == 3,
		   "%u %u %u %u", n_in[0], n_out[0], n_in[1], n_out[1]);
	tap_expect(&test->tap,
		   watched.sample.interfaces[0].total.packets == 8 &&
			   watched.sample.interfaces[1].total.packets == 8 &&
			   strcmp(watched.sample.interfaces[1].name, "m0p") == 0,
		   "interfaces");
	end(&watched);
	tap_end(&test->tap, "two interfaces, and what each of them sends itself");
}

static void test_groups(struct test *test)
{
	struct counting_settings settings = { .ring_size = RING_BIG };
	struct endpoint groups[2];
	struct watched watched;
	const char *why;

	if (endpoint_parse("232.1.1.2+2:5000", &groups[0], &why) < 0 ||
	    endpoint_parse("[ff3e::1]:1", &groups[1], &why) < 0)
		tap_bail_out("%s", why);
	settings.groups = groups;
	settings.n_groups = 2;
	open_interfaces(&watched, "m0", NULL, &settings);
	memset(groups, 0, sizeof(groups)); /* they were copied */
	start(&watched);
	for (uint8_t i = 1; i <= 5; i++)
		send_plan("m0p", &(struct frame_plan){ .length = 10, .group_end = i }, i);
	send_plan("m0p", &(struct frame_plan){ .length = 10, .is_ipv6 = true }, 7);
	take_all(&watched);
	tap_expect(&test->tap,
		   watched.sample.n_flows == 2 &&
			   watched.sample.interfaces[0].total.packets == 5,
		   "%" PRIu32 " flows, %" PRIu64 " packets", watched.sample.n_flows,
		   watched.sample.interfaces[0].total.packets);
	end(&watched);
	tap_end(&test->tap, "only groups and ports that were named");
}

/* In two pieces, the first of them last. */
static void test_fragments(struct test *test)
{
	struct frame_plan first = {
		.length = 1400, .has_piece = true, .n_piece = 800, .has_more = true
	};
	struct frame_plan last = {
		.length = 1400, .has_piece = true, .offset = 800, .n_piece = 608
	};
	struct watched watched;
	const struct sample_wire *wire;

	watch_one(&watched, "m0");
	send_plan("m0p", &last, 1);
	send_plan("m0p", &first, 1);
	send_plan("m0p", &(struct frame_plan){ .length = 10 }, 1);
	wire = take_all(&watched);
	tap_expect(&test->tap,
		   wire->packets == 2 && wire->bytes == 1410 &&
			   watched.sample.n_flows == 1,
		   "%" PRIu64 " packets, %" PRIu64 " bytes", wire->packets, wire->bytes);
	end(&watched);
	tap_end(&test->tap, "a datagram in pieces counts once");
}

/* When nothing more is waited for. */
static void test_unfinished(struct test *test)
{
	struct frame_plan first = {
		.length = 1400, .has_piece = true, .n_piece = 800, .has_more = true
	};
	struct watched watched;
	bool is_seen = false;

	watch_one(&watched, "m0");
	send_plan("m0p", &first, 1);
	send_plan("m0p", &(struct frame_plan){ .length = 10 }, 1);
	for (int i = 0; i < DEADLINE * 100 && !is_seen; i++) {
		const struct sample_wire *wire = take(&watched);

		is_seen = wire->packets == 1;
		tap_expect(&test->tap, wire->orphans == 0, "the rest may come");
		poll(NULL, 0, 10);
	}
	tap_expect(&test->tap, is_seen, "the packet behind it");
	tap_expect(&test->tap, take_all(&watched)->orphans == 1, "%" PRIu64 " orphans",
		   watched.sample.interfaces[0].total.orphans);
	end(&watched);
	tap_end(&test->tap, "a datagram that is not whole at the end is an orphan");
}

static int open_glued(struct test *test, int size)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ip_mreqn mreq = { .imr_ifindex = (int)test->net.ifindex[0] };

	if (fd < 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &mreq, sizeof(mreq)) < 0 ||
	    setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)) < 0)
		tap_bail_out("UDP_SEGMENT: %s", strerror(errno));
	return fd;
}

/* MoldUDP64 (10:8+18:2): messages 1 to 5, 10, and 16 to 18. */
static void test_glued_counts(struct test *test)
{
	static const uint8_t blocks[][2] = { { 1, 3 }, { 4, 2 }, { 10, 1 }, { 16, 3 } };
	struct counting_settings settings = { .ring_size = RING_BIG,
					      .flow = { .loss = FLOW_LOSS_FIELD,
							.sequence = { 10, 8, false },
							.has_count = true,
							.count = { 18, 2, false } } };
	struct sockaddr_storage group = netns_group(AF_INET, 0);
	uint8_t bytes[4][300] = { 0 };
	int fd = open_glued(test, sizeof(bytes[0]));
	const struct sample_flow *flow;
	struct watched watched;

	for (int i = 0; i < 4; i++) {
		bytes[i][17] = blocks[i][0];
		bytes[i][19] = blocks[i][1];
	}
	((struct sockaddr_in *)&group)->sin_port = htons(FRAME_PORT);
	open_interfaces(&watched, "m0", NULL, &settings);
	start(&watched);
	if (sendto(fd, bytes, sizeof(bytes), 0, (const struct sockaddr *)&group,
		   sizeof(struct sockaddr_in)) < 0)
		tap_bail_out("sendto: %s", strerror(errno));
	take_all(&watched);
	flow = &watched.sample.flows[0];
	tap_expect(&test->tap,
		   watched.sample.n_flows == 1 && flow->total.packets == 4 &&
			   flow->sequence == SAMPLE_FIELD && flow->total.lost == 9,
		   "%" PRIu64 " packets, lost %" PRIu64, flow->total.packets,
		   flow->total.lost);
	end(&watched);
	close(fd);
	tap_end(&test->tap, "counts of glued datagrams are read, and what is missing");
}

static void test_malformed(struct test *test)
{
	struct watched watched;
	const struct sample_wire *wire;
	struct frame frame;
	int fd = frame_open("m0p");

	watch_one(&watched, "m0");
	frame_make(&frame, &(struct frame_plan){ .length = 100 });
	frame.bytes[frame.n_link + 2] = 0xff; /* the length of all (RFC 791 3.1) */
	frame_send(fd, &frame);
	close(fd);
	send_plan("m0p", &(struct frame_plan){ .length = 10 }, 1);
	wire = take_all(&watched);
	tap_expect(&test->tap, wire->malformed == 1 && wire->packets == 1,
		   "%" PRIu64 " malformed, %" PRIu64 " packets", wire->malformed,
		   wire->packets);
	end(&watched);
	tap_end(&test->tap, "malformed packets are counted apart");
}

/* Takes samples until packets are seen, for the link comes back in its own time. */
static bool hears_again(struct watched *watched)
{
	uint64_t before = take(watched)->packets;

	for (int i = 0; i < DEADLINE * 10; i++) {
		send_plan("m0p", &(struct frame_plan){ .length = 10 }, 1);
		if (take_all(watched)->packets > before)
			return !watched->sample.interfaces[0].is_gone;
	}
	return false;
}

/* Is a socket bound to all packets of the interface, as /proc/net/packet has it? */
static bool is_bound(uint32_t ifindex)
{
	FILE *file = fopen("/proc/net/packet", "r");
	unsigned int protocol, is_running;
	bool is_found = false;
	char line[256];
	int bound;

	while (file && fgets(line, sizeof(line), file))
		is_found |= sscanf(line, "%*s %*s %*s %x %d %u", &protocol, &bound,
				   &is_running) == 3 &&
			    protocol == ETH_P_ALL && bound == (int)ifindex && is_running;
	if (file)
		fclose(file);
	return is_found;
}

/* Nobody takes samples: the thread looks for it. */
static void test_renewal(struct test *test)
{
	uint32_t ifindex = test->net.ifindex[0];
	struct watched watched;

	watch_one(&watched, "m0");
	tap_expect(&test->tap, hears_again(&watched), "it is there");
	netns_replace_link(&test->net, 0);
	for (int i = 0; i < DEADLINE * 100 && !is_bound(ifindex); i++)
		poll(NULL, 0, 10);
	tap_expect(&test->tap, is_bound(ifindex), "it is watched before the next sample");
	tap_expect(&test->tap, hears_again(&watched), "and packets come");
	end(&watched);
	tap_end(&test->tap, "an interface that is replaced is watched again by itself");
}

static void test_lives(struct test *test)
{
	const struct sample_interface *interface;
	struct watched watched;

	watch_one(&watched, "m0");
	tap_expect(&test->tap, hears_again(&watched), "it is there");
	interface = &watched.sample.interfaces[0];
	if (netns_ip("link set m0 down\n") < 0)
		tap_bail_out("m0 cannot be set down");
	take_all(&watched);
	tap_expect(&test->tap, interface->is_gone, "it is down");
	if (netns_ip("link set m0 up\n") < 0)
		tap_bail_out("m0 cannot be set up");
	tap_expect(&test->tap, hears_again(&watched), "it is up again");
	netns_replace_link(&test->net, 0);
	tap_expect(&test->tap, hears_again(&watched), "another one has its name");
	tap_expect(&test->tap, interface->ifindex == if_nametoindex("m0"), "its index");
	end(&watched);
	tap_end(&test->tap, "an interface goes down, up, and is replaced");
}

static void test_errors(struct test *test)
{
	struct msf_interface interfaces[2] = { { .name = "m0" }, { .name = "none" } };
	struct counting_settings settings = { .interfaces = interfaces,
					      .n_interfaces = 2 };
	struct counting *counting = NULL;
	uint32_t i_interface = 7;

	interfaces[0].ifindex = test->net.ifindex[0];
	interfaces[1].ifindex = 99999;
	tap_expect(&test->tap,
		   counting_new(&counting, &settings, &i_interface) == -ENODEV &&
			   i_interface == 1 && !counting,
		   "no such interface: the second one");
	tap_expect(&test->tap, counting_free(NULL) == NULL, "nothing to free");
	tap_end(&test->tap, "an interface that is not there");
}

int main(void)
{
	struct test test = { 0 };

	netns_init(&test.net);
	test_every_packet(&test, false);
	test_every_packet(&test, true);
	test_few(&test);
	test_without_thread(&test);
	test_intervals(&test);
	test_drops(&test);
	test_directions(&test);
	test_groups(&test);
	test_fragments(&test);
	test_unfinished(&test);
	test_glued_counts(&test);
	test_malformed(&test);
	test_errors(&test);
	test_lives(&test);
	test_renewal(&test);
	return tap_finish(&test.tap);
}
