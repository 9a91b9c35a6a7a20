/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of compat/msfd/native.h and native-list.h: /proc/net/igmp and igmp6 as text,
 * and real sockets in a namespace of the test's own; what msfd knows of is made up.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heap.h"
#include "msfd/clock.h"
#include "msfd/log.h"
#include "msfd/native-list.h"
#include "msfd/native.h"
#include "netns.h"
#include "tap.h"

#define DEADLINE_US 5000000u
#define MILLISECOND 1000u
#define POLL_MS     5u

struct fixture {
	struct tap tap;
	struct netns net;
	struct loop *loop;
	struct engine *engine;
	struct native *native;
	unsigned int n_changed;
	/* run() */
	bool (*is_done)(struct fixture *self);
	uint64_t started, deadline;
	struct addr group; /* what the conditions are about */
	unsigned int link;
	uint64_t n_absent; /* looks at which it was not in the engine */
};

/* What holdings and statics would know. */
static struct addr known_group;
static uint32_t known_users, known_statics;

uint32_t holdings_count_users(const struct holdings *holdings, uint32_t ifindex,
			      struct addr group)
{
	(void)holdings;
	(void)ifindex;
	return addr_equal(group, known_group) ? known_users : 0;
}

uint32_t statics_count_users(const struct statics *statics, uint32_t ifindex,
			     struct addr group)
{
	(void)statics;
	(void)ifindex;
	return addr_equal(group, known_group) ? known_statics : 0;
}

void log_write(int priority, const char *event, const char *interface, const char *format,
	       ...)
{
	va_list arguments;
	char line[256];

	(void)interface;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	tap_comment("log %d %s: %s", priority, event, line);
}

static uint32_t draw(void *context)
{
	(void)context;
	return 7;
}

static const char igmp_head[] =
	"Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n";

static const char igmp_lines[] = "1\tlo        :     1      V3\n"
				 "\t\t\t\t010000E0     1 0:00000000\t\t0\n"
				 "12\ta-very-long-nam:     2      V2\n"
				 "\t\t\t\t020001EF     3 1:0000009F\t\t1\n"
				 "\t\t\t\t010000E0     1 0:00000000\t\t0\n";

static const char igmp6_lines[] =
	"2    eth0            ff0200000000000000000001ff000001     2 00000004 0\n"
	"2    eth0            ff020000000000000000000000000001     1 0000000C 0\n"
	"13   a-very-long-nam ff050000000000000000000000000002    10 00000004 -7\n";

static int parse_igmp(struct native_list *list, const char *lines)
{
	char text[1024];
	int len = snprintf(text, sizeof(text), "%s%s", igmp_head, lines);

	return native_list_parse_igmp(list, text, (size_t)len);
}

static bool is_entry(const struct native_list *list, size_t i, uint32_t ifindex,
		     struct addr group, uint32_t users)
{
	const struct native_entry *entry = &list->entries[i];

	return i < list->n && entry->ifindex == ifindex &&
	       addr_equal(entry->group, group) && entry->users == users;
}

static void test_parser(struct tap *tap)
{
	struct native_list list = { 0 };

	tap_expect(tap, parse_igmp(&list, igmp_lines) == 0 && list.n == 3, "IPv4");
	tap_expect(tap, is_entry(&list, 0, 1, addr_from_ipv4(0xe0000001), 1), "first");
	tap_expect(tap, is_entry(&list, 1, 12, addr_from_ipv4(0xef010002), 3), "second");
	tap_expect(tap, is_entry(&list, 2, 12, addr_from_ipv4(0xe0000001), 1), "third");
	tap_expect(tap,
		   native_list_parse_igmp6(&list, igmp6_lines, strlen(igmp6_lines)) ==
				   0 &&
			   list.n == 6,
		   "IPv6");
	tap_expect(tap,
		   is_entry(&list, 3, 2, (struct addr){ 0xff02000000000000, 0x1ff000001 },
			    2),
		   "solicited-node");
	tap_expect(tap,
		   is_entry(&list, 5, 13, (struct addr){ 0xff05000000000000, 2 }, 10),
		   "routers");
	tap_end(tap, "the groups of /proc/net/igmp and igmp6 are read");

	parse_igmp(&list, igmp_lines);
	native_list_sort(&list);
	tap_expect(tap, list.n == 6, "each once");
	tap_expect(tap,
		   is_entry(&list, 0, 1, addr_from_ipv4(0xe0000001), 1) &&
			   is_entry(&list, 3, 12, addr_from_ipv4(0xe0000001), 1) &&
			   is_entry(&list, 4, 12, addr_from_ipv4(0xef010002), 3),
		   "in order");
	tap_end(tap, "a group that is read twice counts once");

	list.n = 0;
	tap_expect(tap, parse_igmp(&list, "") == 0, "IPv4");
	tap_expect(tap, native_list_parse_igmp6(&list, "", 0) == 0, "IPv6");
	tap_expect(tap, list.n == 0, "nothing");
	tap_end(tap, "a list may be empty");
	native_list_fini(&list);
}

static void test_broken(struct tap *tap)
{
	static const char *const igmp[] = {
		"\t\t\t\t010000E0     1 0:00000000\t\t0\n", /* of no interface */
		"0\teth0      :     1      V3\n",
		"2147483648\teth0      :     1      V3\n",
		"-1\teth0      :     1      V3\n",
		"1\tan-interface-name:     1      V3\n",
		"1\t          :     1      V3\n",
		"1\teth0      :     1      V4\n",
		"1\teth0      :     1      V3 \n",
		"1\teth0      :     1      V3\n\t\t\t\t0100000A     1 0:00000000\t\t0\n",
		"1\teth0      :     1      V3\n\t\t\t\t10000E0     1 0:00000000\t\t0\n",
		"1\teth0      :     1      V3\n\t\t\t\t0010000E0     1 0:00000000\t\t0\n",
		"1\teth0      :     1      V3\n\t\t\t\t010000E0    -1 0:00000000\t\t0\n",
		"1\teth0      :     1      V3\n\t\t\t\t010000E0    4294967296 0:0\t\t0\n",
		"1\teth0      :     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t\n",
		"1\teth0      :     1      V3\n\n",
	};
	static const char *const igmp6[] = {
		"0 eth0 ff020000000000000000000000000001 1 0000000C 0\n",
		"2 eth0 fe020000000000000000000000000001 1 0000000C 0\n",
		"2 eth0 00000000000000000000ffffe0000001 1 0000000C 0\n",
		"2 eth0 ff02000000000000000000000000001 1 0000000C 0\n",
		"2 eth0 ff0200000000000000000000000000001 1 0000000C 0\n",
		"2 eth0 ff020000000000000000000000000001 1 000000C 0\n",
		"2 eth0 ff020000000000000000000000000001 x 0000000C 0\n",
		"2 eth0 ff020000000000000000000000000001 1 0000000C\n",
		"2  ff020000000000000000000000000001 1 0000000C 0\n",
		"\n",
		" ",
	};
	struct native_list list = { 0 };
	size_t i;

	parse_igmp(&list, igmp_lines);
	for (i = 0; i < sizeof(igmp) / sizeof(*igmp); i++)
		tap_expect(tap, parse_igmp(&list, igmp[i]) == -EBADMSG, "IPv4, %zu", i);
	for (i = 0; i < sizeof(igmp6) / sizeof(*igmp6); i++)
		tap_expect(tap,
			   native_list_parse_igmp6(&list, igmp6[i], strlen(igmp6[i])) ==
				   -EBADMSG,
			   "IPv6, %zu", i);
	tap_expect(tap, native_list_parse_igmp(&list, "Idx", 3) == -EBADMSG, "no head");
	tap_expect(tap, list.n == 3, "nothing is appended");
	tap_end(tap, "a list that is broken is refused as a whole");
	native_list_fini(&list);
}

typedef int parse_text(struct native_list *list, const char *text, size_t len);

/* Each prefix in memory of its own length, so that a look behind it is seen. */
static void cut(struct tap *tap, parse_text *parse, const char *text)
{
	struct native_list list = { 0 };
	size_t len = strlen(text), n, i;
	char *copy;
	int r;

	for (n = 1; n <= len; n++) {
		copy = malloc(n);
		if (!copy)
			tap_bail_out("no memory");
		memcpy(copy, text, n);
		list.n = 0;
		r = parse(&list, copy, n);
		tap_expect(tap, r == (text[n - 1] == '\n' ? 0 : -EBADMSG), "cut at %zu",
			   n);
		for (i = 0; i < n; i++) {
			copy[i] = (char)(copy[i] ^ (1 << (n + i) % 8));
			list.n = 0;
			parse(&list, copy, n);
			copy[i] = text[i];
		}
		free(copy);
	}
	native_list_fini(&list);
}

static void test_cut(struct tap *tap)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s%s", igmp_head, igmp_lines);
	cut(tap, native_list_parse_igmp, text);
	cut(tap, native_list_parse_igmp6, igmp6_lines);
	tap_end(tap, "a list that is cut or damaged anywhere is not read past its end");
}

static void on_change(void *context)
{
	struct fixture *self = context;

	self->n_changed++;
	native_poke(self->native);
}

static void know_link(struct fixture *self, unsigned int i)
{
	struct engine_interface interface = { .ifindex = self->net.ifindex[i],
					      .mtu = 1500,
					      .is_up = true };

	if (engine_set_interface(self->engine, &interface, clock_now()) < 0)
		tap_bail_out("no interface");
}

static void init(struct fixture *self)
{
	const struct engine_config config = { .resize = heap_resize, .draw = draw };
	const struct engine_interface loopback = {
		.ifindex = 1, .mtu = 65535, .is_up = true, .is_loopback = true
	};

	known_users = known_statics = 0;
	self->n_changed = 0;
	self->link = 0;
	if (loop_new(&self->loop) < 0 || engine_new(&self->engine, &config) < 0)
		tap_bail_out("no engine");
	know_link(self, 0);
	engine_set_interface(self->engine, &loopback, clock_now());
	if (native_new(&self->native, self->loop, self->engine, NULL, NULL, on_change,
		       self) < 0)
		tap_bail_out("no native");
}

static void fini(struct fixture *self)
{
	native_free(self->native);
	engine_free(self->engine);
	loop_free(self->loop);
}

static bool is_reported(struct fixture *self)
{
	enum filter_mode mode;
	uint32_t n = 0;

	return engine_get_filter(self->engine, self->net.ifindex[self->link], self->group,
				 &mode, NULL, &n) == 0 &&
	       mode == FILTER_EXCLUDE && n == 0;
}

static bool is_not_reported(struct fixture *self)
{
	return !is_reported(self);
}

static int on_poll(void *data)
{
	struct fixture *self = data;

	self->n_absent += !is_reported(self);
	return clock_now() >= self->deadline ? 2 : self->is_done && self->is_done(self);
}

/* Until the condition holds, or for so long. How long it took, in milliseconds. */
static unsigned int run(struct fixture *self, bool (*is_done)(struct fixture *),
			uint64_t max_us)
{
	struct loop_source poll = LOOP_SOURCE_INIT;

	self->is_done = is_done;
	self->n_absent = 0;
	self->started = clock_now();
	self->deadline = self->started + max_us;
	if (loop_add_timer(self->loop, &poll, POLL_MS, POLL_MS, on_poll, self) < 0)
		tap_bail_out("no timer");
	loop_run(self->loop);
	loop_del(self->loop, &poll);
	return (unsigned int)((clock_now() - self->started) / MILLISECOND);
}

static int join_on(struct fixture *self, uint32_t ifindex, struct addr group)
{
	struct ip_mreqn request4 = { .imr_multiaddr.s_addr = htonl(addr_ipv4(group)),
				     .imr_ifindex = (int)ifindex };
	struct ipv6_mreq request6 = { .ipv6mr_interface = ifindex };
	bool is_ipv4 = addr_is_ipv4(group);
	int fd = socket(is_ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r;

	addr_to_bytes(group, request6.ipv6mr_multiaddr.s6_addr);
	r = is_ipv4 ? setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request4,
				 sizeof(request4))
		    : setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request6,
				 sizeof(request6));
	if (fd < 0 || r < 0)
		tap_bail_out("no membership: %s", strerror(errno));
	self->group = group;
	return fd;
}

static int join(struct fixture *self, struct addr group)
{
	return join_on(self, self->net.ifindex[0], group);
}

static struct addr solicited(uint32_t i)
{
	return (struct addr){ 0xff02000000000000, 0x1ff000000 | i };
}

static void test_kernel(struct fixture *self)
{
	struct tap *tap = &self->tap;
	struct addr group = { 0 }, last = { 0 };
	uint32_t ifindex = 0, n = 0;
	unsigned int ms;

	init(self);
	self->group = solicited(1);
	ms = run(self, is_reported, DEADLINE_US);
	tap_expect(tap, ms < NATIVE_DELAY_MS, "%u ms", ms);
	netns_ip("address add fd09::abcd/64 dev m0 nodad\n");
	self->group = solicited(0xabcd);
	/* Where nobody tells of it: the look of each second. */
	ms = run(self, is_reported, DEADLINE_US);
	tap_comment("after %u ms", ms);
	tap_expect(tap, is_reported(self) && ms < 1500, "%u ms", ms);
	tap_expect(tap, self->n_changed >= 2, "the engine's owner is told");
	tap_end(tap, "the groups of a new address are reported at once");

	while (native_next(self->native, &ifindex, &group)) {
		tap_expect(tap, ifindex == self->net.ifindex[0], "interface");
		tap_expect(tap, addr_less(last, group), "order");
		tap_expect(tap,
			   !(group.hi == 0xff02000000000000 && group.lo == 1) &&
				   !addr_equal(group, addr_from_ipv4(0xe0000001)),
			   "all nodes");
		last = group;
		n++;
	}
	tap_expect(tap, n == native_count_groups(self->native) && n >= 2, "%u", n);
	tap_end(tap,
		"the groups of the kernel can be walked, all nodes are not among them");

	known_group = solicited(0xabcd);
	known_users = 3;
	native_poke(self->native);
	run(self, is_not_reported, (NATIVE_LINGER_MS + 500) * MILLISECOND);
	tap_expect(tap, is_reported(self), "not any more");
	known_users = 0;
	tap_end(tap,
		"whatever programs tell of a group of the kernel, it stays reported");

	netns_ip("address del fd09::abcd/64 dev m0\n");
	ms = run(self, is_not_reported, DEADLINE_US);
	tap_expect(tap, is_not_reported(self), "%u ms", ms);
	tap_end(tap, "the group of an address ends with it");

	self->link = 1;
	self->group = solicited(1);
	tap_expect(tap, is_not_reported(self), "not known");
	know_link(self, 1);
	native_poke(self->native);
	ms = run(self, is_reported, DEADLINE_US);
	tap_expect(tap, is_reported(self) && ms < NATIVE_DELAY_MS, "%u ms", ms);
	tap_end(tap, "the groups of an interface are reported when the engine knows it");

	engine_del_interface(self->engine, self->net.ifindex[1], clock_now());
	know_link(self, 1);
	tap_expect(tap, is_not_reported(self), "lost");
	run(self, is_reported, DEADLINE_US);
	tap_expect(tap, is_reported(self), "again");
	tap_end(tap, "the engine is told again what it lost with an interface");
	fini(self);
}

static void test_stranger(struct fixture *self, struct addr group, const char *family)
{
	struct tap *tap = &self->tap;
	unsigned int ms;
	int fd;

	init(self);
	fd = join(self, group);
	ms = run(self, is_reported, DEADLINE_US);
	tap_expect(tap, is_reported(self), "reported");
	tap_expect(tap, ms >= NATIVE_DELAY_MS && ms < NATIVE_DELAY_MS + 1500, "%u ms",
		   ms);
	close(fd);
	ms = run(self, is_not_reported, DEADLINE_US);
	tap_expect(tap, is_not_reported(self) && ms >= NATIVE_DELAY_MS - POLL_MS, "%u ms",
		   ms);
	tap_end(tap, "%s: a stranger's join is reported, but not at once", family);

	known_group = group;
	fd = join(self, group);
	run(self, NULL, NATIVE_DELAY_MS / 2 * MILLISECOND);
	tap_expect(tap, is_not_reported(self), "not yet");
	known_users = 1;
	native_poke(self->native);
	ms = run(self, is_reported, 1500 * MILLISECOND);
	tap_expect(tap, is_not_reported(self), "told of in time, %u ms", ms);
	known_users = 0;
	known_statics = 1;
	ms = run(self, is_reported, 1500 * MILLISECOND);
	tap_expect(tap, is_not_reported(self), "a static join, %u ms", ms);
	tap_end(tap, "%s: a join that is told of a moment later is no stranger's",
		family);
	close(fd);
	fini(self);
}

static void test_both(struct fixture *self, struct addr group, const char *family)
{
	struct tap *tap = &self->tap;
	int stranger, client;

	init(self);
	known_group = group;
	known_users = 1;
	client = join(self, group);
	run(self, is_reported, 500 * MILLISECOND);
	tap_expect(tap, is_not_reported(self), "the client alone");
	stranger = join(self, group);
	run(self, is_reported, DEADLINE_US);
	tap_expect(tap, is_reported(self), "and a stranger");
	tap_end(tap, "%s: a second user of a group that is known is a stranger", family);

	/* As long as the death of a socket may take to be noticed where nobody tells. */
	close(client);
	native_poke(self->native);
	run(self, NULL, 1500 * MILLISECOND);
	known_users = 0;
	native_poke(self->native);
	tap_expect(tap, is_reported(self) && !self->n_absent, "absent %llu times",
		   (unsigned long long)self->n_absent);
	run(self, NULL, (NATIVE_LINGER_MS + 500) * MILLISECOND);
	tap_expect(tap, is_reported(self) && !self->n_absent, "absent %llu times",
		   (unsigned long long)self->n_absent);
	tap_end(tap, "%s: a stranger's group stays when the client beside it goes",
		family);

	known_users = 1;
	client = join(self, group);
	close(stranger);
	native_poke(self->native);
	run(self, is_not_reported, DEADLINE_US);
	tap_expect(tap, is_not_reported(self), "only the client is left");
	tap_end(tap, "%s: a stranger's group ends when only the client is left", family);
	close(client);
	fini(self);
}

static void test_loopback(struct fixture *self, struct addr group)
{
	struct tap *tap = &self->tap;
	struct addr walked = { 0 };
	uint32_t ifindex = 0;
	int there, here;

	init(self);
	there = join_on(self, 1, group);
	here = join(self, group);
	run(self, is_reported, DEADLINE_US);
	tap_expect(tap, is_reported(self), "elsewhere it is");
	tap_expect(tap, native_next(self->native, &ifindex, &walked) && ifindex != 1,
		   "not there");
	close(there);
	close(here);
	tap_end(tap, "what is joined on the loopback interface is nobody's business");
	fini(self);
}

int main(void)
{
	const struct addr group4 = addr_from_ipv4(0xef010203);
	const struct addr group6 = { 0xff15000000000000, 0x1234 };
	struct fixture self = { 0 };

	test_parser(&self.tap);
	test_broken(&self.tap);
	test_cut(&self.tap);
	netns_init(&self.net);
	test_kernel(&self);
	test_stranger(&self, group4, "IPv4");
	test_stranger(&self, group6, "IPv6");
	test_loopback(&self, group4);
	test_both(&self, group4, "IPv4");
	test_both(&self, group6, "IPv6");
	return tap_finish(&self.tap);
}
