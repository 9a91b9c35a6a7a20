/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of mwatch's verdict that need no kernel: who receives what is seen on an
 * interface, what follows from the counts of a merged filter, what is compared when, and
 * the sentences about what was not delivered.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "tap.h"
#include "verdict/delivered-row.h"
#include "verdict/delivered.h"
#include "verdict/host.h"
#include "verdict/links.h"
#include "verdict/queues.h"

static struct address parse(const char *text)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		return address_make(AF_INET, bytes);
	if (inet_pton(AF_INET6, text, bytes) != 1)
		tap_bail_out("not an address: %s", text);
	return address_make(AF_INET6, bytes);
}

static void test_links(struct tap *tap)
{
	/* eth0 has VLANs 5 and 6; VLAN 6 and eth1 are ports of br0, which has VLAN 7. */
	struct link all[] = { { 2, 0, "eth0" },   { 3, 9, "eth1" },  { 5, 0, "eth0.5" },
			      { 6, 9, "eth0.6" }, { 7, 0, "br0.7" }, { 9, 0, "br0" } };
	struct link_vlan vlans[] = { { 2, 5, 5 }, { 2, 6, 6 }, { 9, 7, 7 } };
	struct links links = { all, 6, vlans, 3 };
	static const struct {
		uint32_t ifindex, receiver;
		uint16_t vlan;
	} cases[] = { { 2, 2, 0 }, { 2, 5, 5 }, { 2, 9, 6 }, { 2, 0, 7 }, { 3, 9, 0 },
		      { 3, 7, 7 }, { 3, 0, 5 }, { 9, 7, 7 }, { 9, 9, 0 }, { 44, 44, 0 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint32_t receiver = links_get_receiver(&links, cases[i].ifindex,
						       cases[i].vlan);

		tap_expect(tap, receiver == cases[i].receiver,
			   "interface %u, VLAN %u: received by %u, not %u",
			   cases[i].ifindex, cases[i].vlan, receiver, cases[i].receiver);
	}
	tap_expect(tap, links_find(&links, "br0") == 9, "br0 is not found");
	tap_expect(tap, links_find(&links, "br1") == 0, "br1 is found");
	tap_end(tap, "VLANs, bridges and bonds receive what is seen below them");

	/* Two that call each other master must not keep us. */
	all[0].master = 9;
	all[5].master = 2;
	tap_expect(tap, links_get_receiver(&links, 2, 0) != 0, "nobody");
	tap_end(tap, "masters that make a circle do no harm");
}

static void expect_bounds(struct tap *tap, uint32_t include, uint32_t exclude,
			  uint32_t min, uint32_t max, enum sample_verdict wanted)
{
	struct msf_group_source source = { .include = include, .exclude = exclude };
	struct address address = parse("10.0.0.1");
	struct host_group group = { .has_sources = true,
				    .n_exclude_min = min,
				    .n_exclude_max = max,
				    .numsrc = include || exclude,
				    .slist = &source };
	enum sample_verdict verdict;

	address_set(&address, &source.address);
	verdict = host_group_judge(&group, &address);
	tap_expect(tap, verdict == wanted,
		   "include %u, exclude %u, %u to %u sockets in EXCLUDE mode: %d",
		   include, exclude, min, max, verdict);
	group.has_sources = false;
	tap_expect(tap, host_group_judge(&group, &address) == SAMPLE_UNKNOWN,
		   "known without sources");
}

static void test_bounds(struct tap *tap)
{
	expect_bounds(tap, 0, 0, 0, 0, SAMPLE_BLOCK);
	expect_bounds(tap, 1, 0, 0, 0, SAMPLE_ACCEPT);
	expect_bounds(tap, 1, 3, 3, 3, SAMPLE_ACCEPT);
	expect_bounds(tap, 0, 0, 1, 4, SAMPLE_ACCEPT);
	expect_bounds(tap, 0, 0, 0, 1, SAMPLE_UNKNOWN);
	expect_bounds(tap, 0, 1, 2, 3, SAMPLE_ACCEPT);
	expect_bounds(tap, 0, 2, 2, 3, SAMPLE_UNKNOWN);
	expect_bounds(tap, 0, 3, 2, 3, SAMPLE_BLOCK);
	tap_end(tap, "what does not follow from the counts of a group is unknown");
}

static void test_queues(struct tap *tap)
{
	struct place place = { 2, parse("239.1.1.1") }, place6 = { 2, parse("ff1e::1") };
	struct queue any = { .address = parse("0.0.0.0"), .port = 5000 };
	struct queue any6 = { .address = parse("::"), .port = 5000 };
	struct queue group = { .address = parse("239.1.1.1"), .port = 5000 };
	struct queue mapped = { .address = parse("::ffff:239.1.1.1"), .port = 5000 };
	struct queue device = { .address = any.address, .port = 5000, .device = 3 };

	tap_expect(tap, queue_hears(&any, &place, 5000), "any");
	tap_expect(tap, !queue_hears(&any, &place, 5001), "another port");
	tap_expect(tap, !queue_hears(&any, &place6, 5000), "IPv4 hears IPv6");
	tap_expect(tap, queue_hears(&any6, &place, 5000), "IPv6 is deaf for IPv4");
	tap_expect(tap, queue_hears(&any6, &place6, 5000), "any, IPv6");
	tap_expect(tap, queue_hears(&group, &place, 5000), "the group");
	tap_expect(tap, queue_hears(&mapped, &place, 5000), "the group, mapped");
	place.group = parse("239.1.1.2");
	tap_expect(tap, !queue_hears(&group, &place, 5000), "another group");
	tap_expect(tap, !queue_hears(&device, &place, 5000), "another device");
	device.device = 2;
	tap_expect(tap, queue_hears(&device, &place, 5000), "its device");
	tap_end(tap, "a receive queue is that of a port, an address and a device");
}

static void expect_sentence(struct tap *tap, struct sample_delivery delivery,
			    const char *wanted)
{
	char text[512], narrow[20];

	delivery.family = AF_INET;
	memcpy(delivery.group, "\xe8\x01\x01\x01", 4);
	delivery.port = 5000;
	delivered_explain(&delivery, text, sizeof(text));
	tap_expect(tap, strstr(text, wanted) != NULL, "\"%s\" is not in \"%s\"", wanted,
		   text);
	delivered_explain(&delivery, narrow, sizeof(narrow));
	tap_expect(tap,
		   strncmp(narrow, text, sizeof(narrow) - 1) == 0 &&
			   strlen(narrow) == sizeof(narrow) - 1,
		   "cut: %s", narrow);
}

static void test_sentences(struct tap *tap)
{
	expect_sentence(tap, (struct sample_delivery){ .wire = 9, .socket = 9 },
			"232.1.1.1:5000: 9 on the wire, 9 came to sockets");
	expect_sentence(
		tap, (struct sample_delivery){ .wire = 9, .socket = 9, .queue_drops = 4 },
		", 4 found the receive queue full: raise SO_RCVBUF");
	expect_sentence(
		tap, (struct sample_delivery){ .wire = 9, .socket = 0, .route_drops = 9 },
		"the reverse-path check counted 9");
	expect_sentence(
		tap,
		(struct sample_delivery){ .wire = 9, .socket = 0, .checksum_drops = 9 },
		"9 bad UDP checksums were counted");
	expect_sentence(
		tap,
		(struct sample_delivery){ .wire = 9, .socket = 0, .memory_drops = 2 },
		"2 found no UDP memory");
	expect_sentence(tap, (struct sample_delivery){ .wire = 9, .socket = 0 },
			"look for a firewall");
	expect_sentence(tap, (struct sample_delivery){ .wire = 9, .socket = -1 },
			"what came to sockets cannot be known");
	tap_end(tap, "what was not delivered is said with its cause");
}

static void test_slack(struct tap *tap)
{
	struct sample_delivery delivery = { .family = AF_INET,
					    .wire = 1000,
					    .socket = 990,
					    .under_way = 10,
					    .route_drops = 5 };
	char text[512];

	delivered_explain(&delivery, text, sizeof(text));
	tap_expect(tap, !strstr(text, "dropped"), "it says: %s", text);
	delivery.under_way = 9;
	delivered_explain(&delivery, text, sizeof(text));
	tap_expect(tap, strstr(text, "dropped before"), "it says: %s", text);
	tap_end(tap, "packets that may be under way are not taken for dropped ones");
}

#define SECOND UINT64_C(1000000000)
#define FILTER 7 /* the digest of one */

/* One that counts from second 100 on; its probe is never read here. */
static struct delivered_row make_row(bool is_begun)
{
	return (struct delivered_row){ .probe = { .fd = 0 },
				       .is_begun = is_begun,
				       .from_ns = 100 * SECOND,
				       .filter = FILTER };
}

/* An interval of one second, in which so many came, the first of them at first_ns. */
static void play(struct delivered_row *row, uint64_t wire, uint64_t socket,
		 uint64_t first_ns)
{
	row->interval = (struct delivered_interval){ .wire = wire,
						     .peak_1ms = 2,
						     .peak_100ms = 100,
						     .first_ns = first_ns,
						     .last_ns = first_ns + SECOND,
						     .socket = socket,
						     .read_ns = first_ns + SECOND,
						     .queue_drops = 5,
						     .filter = FILTER };
	delivered_row_take(row, SECOND);
}

static void expect_row(struct tap *tap, const struct delivered_row *row, uint64_t wire,
		       int64_t socket, uint64_t margin)
{
	struct sample_delivery shown = { 0 };

	delivered_row_show(row, &shown);
	tap_expect(tap,
		   shown.wire == wire && shown.socket == socket &&
			   shown.under_way == margin,
		   "wire %llu, socket %lld, margin %llu", (unsigned long long)shown.wire,
		   (long long)shown.socket, (unsigned long long)shown.under_way);
}

static void test_margin(struct tap *tap)
{
	struct delivered_row row = make_row(true);

	/* 3 ms before the probe: at most 4 times 2 packets. */
	play(&row, 1000, 997, 100 * SECOND - 3000000);
	expect_row(tap, &row, 1000, 1000, 8);
	play(&row, 1000, 1000, 100 * SECOND - 3000000);
	expect_row(tap, &row, 2000, 2000, 8);
	/* A pause: what is not level now never will be, and from now on all is seen. */
	play(&row, 0, 0, 100 * SECOND - 3000000);
	expect_row(tap, &row, 2000, 2000, 0);
	play(&row, 100, 99, 100 * SECOND - 3000000);
	expect_row(tap, &row, 2100, 2099, 0);
	tap_end(tap, "what came before the probe is no loss, and what came behind it is");

	row = make_row(true);
	play(&row, 1000, 990, 101 * SECOND);
	expect_row(tap, &row, 1000, 990, 0);
	play(&row, 1000, 1000, 101 * SECOND);
	expect_row(tap, &row, 2000, 1990, 0);
	tap_end(tap, "there is no margin for packets that came behind the probe");
}

static void test_silence(struct tap *tap)
{
	struct delivered_row row = make_row(true);

	play(&row, 6, 0, 100 * SECOND - 3000000);
	expect_row(tap, &row, 6, DELIVERED_SHORT, 6);
	row.interval.filter = FILTER;
	play(&row, 500, 0, 100 * SECOND - 3000000);
	expect_row(tap, &row, 506, 0, 6);
	tap_end(tap, "nothing that came is no margin as soon as it is more than that");
}

static void test_beginning(struct tap *tap)
{
	struct delivered_row row = make_row(false);
	struct sample_delivery shown = { 0 };

	play(&row, 1000, 400, 99 * SECOND);
	expect_row(tap, &row, 0, DELIVERED_SHORT, 0);
	delivered_row_show(&row, &shown);
	tap_expect(tap, shown.queue_drops == -1, "drops: %lld",
		   (long long)shown.queue_drops);
	play(&row, 1000, 1000, 102 * SECOND);
	expect_row(tap, &row, 1000, 1000, 0);
	tap_end(tap, "the interval in which it begins is not compared");

	row.interval.wire = 1000;
	row.interval.socket = 1;
	row.interval.filter = FILTER + 1;
	delivered_row_take(&row, SECOND);
	expect_row(tap, &row, 1000, 1000, 0);
	tap_end(tap, "nor is one in which the filter changed");
}

int main(void)
{
	struct tap tap = { 0 };

	test_links(&tap);
	test_bounds(&tap);
	test_queues(&tap);
	test_sentences(&tap);
	test_slack(&tap);
	test_margin(&tap);
	test_silence(&tap);
	test_beginning(&tap);
	return tap_finish(&tap);
}
