/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msfd's picture of the interfaces, in a namespace whose links come, go and change: it is
 * what the kernel says, and the engine knows it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "wire-rig.h"

#define EXPECT(condition) tap_expect(&rig->tap, condition, "%s", #condition)

static bool has_event(const struct rig *rig, const char *event)
{
	return strstr(rig->events, event) != NULL;
}

static bool is_event_there(struct rig *rig, const void *event)
{
	return has_event(rig, event);
}

static bool is_speaking(struct rig *rig, const char *name)
{
	const struct link *link = links_find_name(rig->links, name);
	struct engine_status status = { 0 };

	return link &&
	       engine_get_status(rig->engine, link->interface.ifindex, ENGINE_IPV4,
				 &status, 0) == 0 &&
	       status.is_speaking;
}

static void test_start(struct rig *rig)
{
	const struct link *lo, *m0;

	rig_start_links(rig);
	lo = links_find_name(rig->links, "lo");
	m0 = links_find(rig->links, rig->net.ifindex[0]);
	EXPECT(lo && lo->interface.is_loopback && lo == links_get(rig->links, 0));
	EXPECT(m0 && m0->is_multicast && m0->hardware_len == 6 && m0->type == 1);
	EXPECT(rig_await_link(rig, "m0", "up 1500 10.9.0.1 none"));
	EXPECT(has_event(rig, "+m0 ") && has_event(rig, "+lo ") &&
	       is_speaking(rig, "m0"));
	EXPECT(!is_speaking(rig, "lo"));
	for (unsigned int i = 1; links_get(rig->links, i); i++)
		EXPECT(links_get(rig->links, i - 1)->interface.ifindex <
		       links_get(rig->links, i)->interface.ifindex);
	tap_end(&rig->tap, "at the start every interface is told, in order of the index");
}

static void test_comes(struct rig *rig)
{
	uint32_t ifindex;

	rig_ip("link add name t0 type veth peer name t0p\n"
	       "link set t0 addrgenmode none\n");
	EXPECT(links_find_name(rig->links, "t0") != NULL);
	EXPECT(has_event(rig, "+t0 "));
	tap_end(&rig->tap,
		"an interface that nobody has read about is found by its name");

	EXPECT(rig_await_link(rig, "t0", "down 1500 none none"));
	rig_ip("link set t0 up\nlink set t0p up\n");
	EXPECT(rig_await_link(rig, "t0", "up 1500 none none") && is_speaking(rig, "t0"));
	rig_ip("link set t0p down\n");
	EXPECT(rig_await_link(rig, "t0", "down 1500 none none"));
	EXPECT(!is_speaking(rig, "t0"));
	rig_ip("link set t0p up\n");
	EXPECT(rig_await_link(rig, "t0", "up 1500 none none"));
	tap_end(&rig->tap, "an interface is up while it has carrier");

	ifindex = links_find_name(rig->links, "t0")->interface.ifindex;
	rig_ip("link set t0 down\nlink set t0 name t9\nlink set t9 up\n");
	EXPECT(rig_await_link(rig, "t9", "up 1500 none none"));
	EXPECT(links_find_name(rig->links, "t0") == NULL);
	EXPECT(links_find_name(rig->links, "t9")->interface.ifindex == ifindex);
	EXPECT(!has_event(rig, "-t0 "));
	tap_end(&rig->tap, "one that is renamed is the same");

	rig_ip("link set t9 mtu 9000\n");
	EXPECT(rig_await_link(rig, "t9", "up 9000 none none"));
	rig_ip("link set t0p mtu 68\n");
	EXPECT(rig_await_link(rig, "t0p", "up 68 none none"));
	rig_ip("link set t0p mtu 1500\n");
	tap_end(&rig->tap, "MTUs change");
}

static void test_addresses(struct rig *rig)
{
	rig_ip("link set t9 mtu 1500\naddr add 10.8.0.1/24 dev t9\n"
	       "addr add 10.8.0.2/24 dev t9\naddr add 10.7.0.1/24 dev t9\n");
	EXPECT(rig_await_link(rig, "t9", "up 1500 10.8.0.1 none"));
	EXPECT(rig_await_truth(rig));
	rig_ip("addr del 10.7.0.1/24 dev t9\naddr add 10.7.0.9/32 dev t9\n"
	       "addr del 10.8.0.1/24 dev t9\n");
	/* It takes its secondary one along, or that takes its place, behind others. */
	EXPECT(rig_await_link(rig, "t9", "up 1500 10.7.0.9 none"));
	rig_ip("addr flush dev t9\n");
	EXPECT(rig_await_link(rig, "t9", "up 1500 none none"));
	rig_ip("addr add 10.6.0.1 peer 10.6.0.2/32 dev t9\n");
	EXPECT(rig_await_link(rig, "t9", "up 1500 10.6.0.1 none"));
	tap_end(&rig->tap,
		"reports are sent from the first primary address that there is");

	rig_ip("addr flush dev t9\naddr add 127.1.1.1/32 scope host dev t9\n"
	       "addr add 10.5.0.1/32 dev t9\n");
	EXPECT(rig_await_link(rig, "t9", "up 1500 10.5.0.1 none"));
	tap_end(&rig->tap, "one of wider scope goes before");
	rig_ip("addr flush dev t9\n");
}

static void test_detection(struct rig *rig)
{
	EXPECT(netns_set_sysctl("net/ipv6/conf/t9/dad_transmits", 2) == 0);
	rig_ip("addr add fd00::1/64 dev t9 nodad\naddr add fe80::5/64 dev t9\n");
	rig->events[0] = '\0';
	EXPECT(rig_await_link(rig, "t9", "up 1500 none tentative"));
	EXPECT(rig_await_link(rig, "t9", "up 1500 none fe80::5"));
	tap_end(&rig->tap, "a link-local address counts when it has proved to be unique");

	rig_ip("addr del fe80::5/64 dev t9\naddr add fe80::6/64 dev t0p nodad\n"
	       "addr add fe80::6/64 dev t9\n");
	EXPECT(rig_await_link(rig, "t9", "up 1500 none tentative"));
	rig_ip("addr add fe80::7/64 dev t9 nodad\n");
	EXPECT(rig_await_link(rig, "t9", "up 1500 none fe80::7"));
	rig_ip("addr del fe80::7/64 dev t9\n");
	EXPECT(rig_await_link(rig, "t9", "up 1500 none tentative"));
	rig_ip("addr del fe80::6/64 dev t9\n");
	EXPECT(rig_await_link(rig, "t9", "up 1500 none none"));
	tap_end(&rig->tap, "one that somebody else has does not");
}

static void test_bridge(struct rig *rig)
{
	rig_ip("link add name br0 type bridge\nlink set br0 up\n"
	       "link set t9 master br0\n");
	EXPECT(rig_await_link(rig, "t9", "up 1500 none none"));
	rig->events[0] = '\0';
	rig_ip("link set t9 nomaster\nlink set t9 mtu 1400\n");
	EXPECT(rig_await_link(rig, "t9", "up 1400 none none"));
	EXPECT(!has_event(rig, "-t9 "));
	rig_ip("link del br0\n");
	EXPECT(rig_await_link(rig, "br0", "-") && has_event(rig, "-br0 "));
	tap_end(&rig->tap, "an interface that leaves its bridge is still there");
}

static void test_again(struct rig *rig)
{
	rig->events[0] = '\0';
	netns_replace_link(&rig->net, 1);
	rig_ip("link set m1 mtu 1300\n");
	EXPECT(rig_await_link(rig, "m1", "up 1300 10.9.1.1 none"));
	EXPECT(has_event(rig, "-m1 ") &&
	       strstr(strstr(rig->events, "-m1 "), "+m1 ") != NULL);
	EXPECT(links_find_name(rig->links, "m1")->interface.ifindex ==
	       rig->net.ifindex[1]);
	tap_end(&rig->tap, "one that is made again with the same index is another one");
}

/* What fits into it is little; then many things happen. */
static void make_small(struct rig *rig)
{
	int size = 1;

	setsockopt(links_get_fd(rig->links), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static void test_overrun(struct rig *rig)
{
	uint32_t ifindex = links_find_name(rig->links, "t9")->interface.ifindex;

	make_small(rig);
	rig->events[0] = '\0';
	for (unsigned int i = 0; i < 40; i++)
		rig_ip("link add name v%u type veth peer name w%u\n"
		       "addr add 10.4.%u.1/24 dev v%u\nlink set v%u up\n",
		       i, i, i, i, i);
	rig_ip("link del t9\naddr flush dev m0\nlink set w7 up\n");
	EXPECT(rig_await_link(rig, "v39", "down 1500 10.4.39.1 none"));
	EXPECT(rig_await_truth(rig));
	EXPECT(links_find_name(rig->links, "t9") == NULL && has_event(rig, "-t9 "));
	EXPECT(engine_del_interface(rig->engine, ifindex, 0) == -ENODEV);
	EXPECT(rig_await_link(rig, "m0", "up 1500 none none"));
	tap_end(&rig->tap, "where messages were lost it is looked at everything");

	rig_ip("link add name q0 type veth peer name q0p\n");
	ifindex = links_find_name(rig->links, "q0")->interface.ifindex;
	rig->events[0] = '\0';
	for (unsigned int i = 0; i < 40; i++)
		rig_ip("link del v%u\n", i);
	rig_ip("link del q0\n"
	       "link add name q1 index %u type veth peer name q1p\n",
	       ifindex);
	EXPECT(rig_await_link(rig, "q1", "down 1500 none none") && rig_await_truth(rig));
	EXPECT(has_event(rig, "-q0 ") && has_event(rig, "+q1 "));
	tap_end(&rig->tap, "and one that has another's index is not taken for it");
}

/* What cannot be done is not. */
static void churn(FILE *ip, unsigned int x)
{
	unsigned int i = x / 8 % 20;

	switch (x % 8) {
	case 0:
	case 1:
		fprintf(ip, "link add name z%u type veth peer name y%u\n", i, i);
		return;
	case 2:
		fprintf(ip, "link del z%u\n", i);
		return;
	case 3:
		fprintf(ip, "link set z%u up\nlink set y%u up\n", i, i);
		return;
	case 4:
		fprintf(ip, "link set y%u down\n", i);
		return;
	case 5:
		fprintf(ip, "link set z%u mtu %u\n", i, 1300 + x % 100);
		return;
	case 6:
		fprintf(ip, "addr add 10.3.%u.%u/24 dev z%u\n", i, 1 + x % 9, i);
		return;
	default:
		fprintf(ip, "addr del 10.3.%u.%u/24 dev z%u\n", i, 1 + x / 3 % 9, i);
		return;
	}
}

static void test_churn(struct rig *rig)
{
	unsigned int x = 12345;

	for (unsigned int round = 0; round < 6; round++) {
		FILE *ip = popen("ip -force -batch - 2>/dev/null", "w");

		if (!ip)
			tap_bail_out("no ip");
		for (unsigned int i = 0; i < 250; i++) {
			x = x * 1103515245u + 12345u;
			churn(ip, x >> 12);
		}
		/* Half of the bursts are read when all is over. */
		if (round % 2)
			fflush(ip);
		rig_run(rig);
		pclose(ip);
		EXPECT(rig_await_truth(rig));
	}
	tap_end(&rig->tap,
		"whatever comes and goes at random, the picture is right in the "
		"end");
}

static void test_memory(struct rig *rig)
{
	rig->events[0] = '\0';
	rig->is_out_of_memory = true;
	for (unsigned int i = 0; i < 20; i++)
		rig_ip("link add name n%u type veth peer name o%u\n", i, i);
	rig_run(rig);
	EXPECT(!has_event(rig, "+n19 "));
	rig->is_out_of_memory = false;
	EXPECT(rig_await(rig, is_event_there, "+n19 "));
	EXPECT(rig_await_truth(rig));
	tap_end(&rig->tap,
		"an interface that the engine had no memory for is told again");
}

int main(void)
{
	static struct rig rig;

	rig_init(&rig);
	test_start(&rig);
	test_comes(&rig);
	test_addresses(&rig);
	test_detection(&rig);
	test_bridge(&rig);
	test_again(&rig);
	test_overrun(&rig);
	test_churn(&rig);
	test_memory(&rig);
	return rig_finish(&rig);
}
