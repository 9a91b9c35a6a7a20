/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces that come and go: the monitor's events, msf_find_interface(), and the
 * trap that Linux sets when a new interface has the index of one that is gone: the
 * membership looks alive and nothing is joined.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"
#include "raw.h"
#include "shape.h"
#include "tap.h"

#define DEADLINE_MS 5000
#define REUSED      4000u /* an index that is used twice */

struct fixture {
	struct tap tap;
	struct netns net;
	struct traffic traffic;
};

/* Is it the event that is waited for? text: a name, or an address. */
static bool is_event(const struct msf_event *event, enum msf_event_type type,
		     const char *text)
{
	char address[INET6_ADDRSTRLEN] = "";
	const struct sockaddr_in *sin = (const void *)&event->address;
	const struct sockaddr_in6 *sin6 = (const void *)&event->address;

	if (event->type != type)
		return false;
	if (type == MSF_EVENT_LINK || type == MSF_EVENT_LINK_GONE)
		return strcmp(event->name, text) == 0;
	if (type == MSF_EVENT_OVERRUN)
		return true;
	if (event->address.ss_family == AF_INET)
		inet_ntop(AF_INET, &sin->sin_addr, address, sizeof(address));
	else
		inet_ntop(AF_INET6, &sin6->sin6_addr, address, sizeof(address));
	return strcmp(address, text) == 0;
}

/* Pulls events up to the one wanted; false after the deadline. */
static bool await_event(struct msf_monitor *monitor, enum msf_event_type type,
			const char *text, struct msf_event *ret)
{
	struct pollfd poller = { .fd = msf_monitor_get_fd(monitor), .events = POLLIN };
	long deadline = tap_get_ms() + DEADLINE_MS;

	for (;;) {
		int r;

		while (msf_monitor_pop_event(monitor, ret) == 1)
			if (is_event(ret, type, text))
				return true;
		if (tap_get_ms() >= deadline ||
		    poll(&poller, 1, deadline - tap_get_ms()) <= 0)
			return false;
		r = msf_monitor_dispatch(monitor);
		if (r < 0) {
			tap_comment("dispatch: %s", strerror(-r));
			return false;
		}
	}
}

static struct msf_monitor *start(void)
{
	struct msf_monitor *monitor;
	int r = msf_monitor_new(&monitor, NULL);

	if (r < 0)
		tap_bail_out("cannot make a monitor: %s", strerror(-r));
	return monitor;
}

static void test_quiet(struct fixture *self)
{
	struct msf_monitor *monitor = start();
	struct pollfd poller = { .fd = msf_monitor_get_fd(monitor), .events = POLLIN };
	struct msf_event event;

	tap_expect(&self->tap, poll(&poller, 1, 0) == 0, "readable from the start");
	tap_expect(&self->tap, msf_monitor_dispatch(monitor) == 0,
		   "dispatch without events does not return 0 at once");
	tap_expect(&self->tap, msf_monitor_pop_event(monitor, &event) == 0,
		   "an event of nothing");
	tap_expect(&self->tap, msf_monitor_free(monitor) == NULL, "free is not NULL");
	tap_expect(&self->tap, msf_monitor_free(NULL) == NULL, "free(NULL) is not NULL");
	tap_end(&self->tap, "a monitor on a quiet namespace has nothing to say");
}

static void expect_event(struct fixture *self, struct msf_monitor *monitor,
			 enum msf_event_type type, const char *text,
			 struct msf_event *event)
{
	tap_expect(&self->tap, await_event(monitor, type, text, event),
		   "no event %d for %s", type, text);
}

static void test_link_events(struct fixture *self)
{
	struct msf_monitor *monitor = start();
	struct msf_event event;

	netns_must_ip("link add name w0 index 3000 type veth peer name w0p\n");
	expect_event(self, monitor, MSF_EVENT_LINK, "w0", &event);
	tap_expect(&self->tap, event.ifindex == 3000, "index %u", event.ifindex);
	tap_expect(&self->tap, !(event.flags & IFF_UP), "up already");
	netns_must_ip("link set w0p up\nlink set w0 up\n");
	do {
		expect_event(self, monitor, MSF_EVENT_LINK, "w0", &event);
	} while (self->tap.n_surprises == 0 && !(event.flags & IFF_UP));
	netns_must_ip("link set w0 down\n");
	do {
		expect_event(self, monitor, MSF_EVENT_LINK, "w0", &event);
	} while (self->tap.n_surprises == 0 && event.flags & IFF_UP);
	netns_must_ip("link set w0 name w1\n");
	expect_event(self, monitor, MSF_EVENT_LINK, "w1", &event);
	tap_expect(&self->tap, event.ifindex == 3000, "index %u", event.ifindex);
	netns_must_ip("link del w1\n");
	expect_event(self, monitor, MSF_EVENT_LINK_GONE, "w1", &event);
	tap_expect(&self->tap, event.ifindex == 3000, "index %u", event.ifindex);
	msf_monitor_free(monitor);
	tap_end(&self->tap,
		"a link that comes, goes up and down, is renamed and goes is told");
}

/* How often the link is told to be gone before the link mark is new. */
static unsigned int count_gone(struct msf_monitor *monitor, const char *name,
			       const char *mark)
{
	struct pollfd poller = { .fd = msf_monitor_get_fd(monitor), .events = POLLIN };
	long deadline = tap_get_ms() + DEADLINE_MS;
	struct msf_event event;
	unsigned int n = 0;

	while (tap_get_ms() < deadline && poll(&poller, 1, deadline - tap_get_ms()) > 0) {
		if (msf_monitor_dispatch(monitor) < 0)
			break;
		while (msf_monitor_pop_event(monitor, &event) == 1) {
			n += is_event(&event, MSF_EVENT_LINK_GONE, name);
			if (is_event(&event, MSF_EVENT_LINK, mark))
				return n;
		}
	}
	tap_bail_out("the link %s is not told", mark);
}

/* Linux says RTM_DELLINK for both; with the family of bridges for the first. */
static void test_bridge_port(struct fixture *self)
{
	struct msf_monitor *monitor;
	unsigned int n;

	netns_must_ip("link add name b0 type bridge\n"
		      "link add name port type veth peer name portp\n"
		      "link set port master b0\n");
	monitor = start();
	netns_must_ip("link set port nomaster\n"
		      "link add name mark0 type veth peer name mark0p\n");
	n = count_gone(monitor, "port", "mark0");
	tap_expect(&self->tap, n == 0, "left its bridge: gone %u times", n);
	netns_must_ip("link set port master b0\nlink del port\n"
		      "link add name mark1 type veth peer name mark1p\n");
	n = count_gone(monitor, "port", "mark1");
	tap_expect(&self->tap, n == 1, "deleted in its bridge: gone %u times", n);
	msf_monitor_free(monitor);
	netns_must_ip("link del b0\nlink del mark0\nlink del mark1\n");
	tap_end(&self->tap,
		"a port is gone when it is deleted, not when it leaves its bridge");
}

/* A bridge is a link like others, also to join on. */
static void test_bridge(struct fixture *self)
{
	struct msf_monitor *monitor = start();
	struct msf_event event;

	netns_must_ip("link add name b1 index 3100 type bridge\n");
	expect_event(self, monitor, MSF_EVENT_LINK, "b1", &event);
	netns_must_ip("link set b1 up\nlink del b1\n");
	expect_event(self, monitor, MSF_EVENT_LINK_GONE, "b1", &event);
	msf_monitor_free(monitor);
	tap_end(&self->tap, "a bridge that comes and goes is told");
}

static void test_address_events(struct fixture *self)
{
	struct msf_monitor *monitor = start(), *other = start();
	struct msf_event event;

	netns_must_ip(
		"addr add 10.9.0.77/24 dev m0\naddr add fd09::77/64 dev m0 nodad\n");
	expect_event(self, monitor, MSF_EVENT_ADDRESS, "10.9.0.77", &event);
	tap_expect(&self->tap, event.ifindex == self->net.ifindex[0], "index %u",
		   event.ifindex);
	tap_expect(&self->tap, event.name[0] == '\0', "an address event has a name");
	expect_event(self, monitor, MSF_EVENT_ADDRESS, "fd09::77", &event);
	netns_must_ip("addr del 10.9.0.77/24 dev m0\naddr del fd09::77/64 dev m0\n");
	expect_event(self, monitor, MSF_EVENT_ADDRESS_GONE, "10.9.0.77", &event);
	expect_event(self, monitor, MSF_EVENT_ADDRESS_GONE, "fd09::77", &event);
	expect_event(self, other, MSF_EVENT_ADDRESS, "10.9.0.77", &event);
	expect_event(self, other, MSF_EVENT_ADDRESS_GONE, "fd09::77", &event);
	msf_monitor_free(monitor);
	msf_monitor_free(other);
	tap_end(&self->tap,
		"addresses of both families that come and go are told to everyone");
}

static void test_overrun(struct fixture *self)
{
	struct msf_monitor *monitor = start();
	char lines[4096] = "";
	struct msf_event event;
	int least = 1;

	raw_setsockopt(msf_monitor_get_fd(monitor), SOL_SOCKET, SO_RCVBUF, &least,
		       sizeof(least));
	for (int i = 0; i < 40; i++)
		sprintf(lines + strlen(lines), "link set m1 mtu %d\n", 1400 + i);
	netns_must_ip(lines);
	expect_event(self, monitor, MSF_EVENT_OVERRUN, "", &event);
	netns_must_ip("link set m1 mtu 1500\n");
	expect_event(self, monitor, MSF_EVENT_LINK, "m1", &event);
	msf_monitor_free(monitor);
	tap_end(&self->tap, "lost events are told, and the monitor goes on");
}

static void test_find(struct fixture *self)
{
	struct msf_interface found = { 0 };
	char index[16];
	const char *const names[] = { "m0",       index,     "10.9.0.1",
				      "10.9.0.4", "fd09::1", "fd09:0:0::4" };
	const char *const wrong[] = { "m7",         "4711",       "10.9.7.1",
				      "fd09:7::1",  "",           "m",
				      "-1",         "4294967297", "10.9.0.1/24",
				      "10.9.0.1.1", "m0 " };

	snprintf(index, sizeof(index), "%u", self->net.ifindex[0]);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int r;

		memset(&found, 0, sizeof(found));
		r = msf_find_interface(NULL, names[i], &found);
		tap_expect(&self->tap, r == 0, "%s: %s", names[i], strerror(-r));
		tap_expect(&self->tap,
			   found.ifindex == self->net.ifindex[0] &&
				   strcmp(found.name, "m0") == 0 && found.mtu == 1500 &&
				   (found.flags & IFF_UP) != 0 &&
				   (found.flags & IFF_MULTICAST) != 0,
			   "%s: %s, index %u, mtu %u, flags 0x%x", names[i], found.name,
			   found.ifindex, found.mtu, found.flags);
	}
	found.ifindex = 77;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int r = msf_find_interface(NULL, wrong[i], &found);

		tap_expect(&self->tap, r == -ENODEV && found.ifindex == 77,
			   "\"%s\": %s, index %u", wrong[i], strerror(-r), found.ifindex);
	}
	tap_end(&self->tap,
		"an interface is found by name, index and address of either family");
}

static void make_reused(void)
{
	netns_must_ip(
		"link add name reused index 4000 type veth peer name reusedp\n"
		"link set reused addrgenmode none\nlink set reusedp addrgenmode none\n"
		"link set reused up\nlink set reusedp up\n"
		"addr add 10.8.0.1/24 dev reused\n"
		"addr add fd08::1/64 dev reused nodad\n");
}

static const struct {
	const char *name;
	struct model_filter filter;
	struct model_request request, again;
} traps[] = {
	{ "join_group",
	  { MODEL_EXCLUDE, 0 },
	  { MSF_JOIN_GROUP, 0, 0, 0 },
	  { MSF_JOIN_GROUP, 0, 0, 0 } },
	{ "set_filter",
	  { MODEL_INCLUDE, 3 },
	  { MSF_SET_FILTER, 0, MCAST_INCLUDE, 3 },
	  { MSF_SET_FILTER, 0, MCAST_INCLUDE, 3 } },
	{ "join_source",
	  { MODEL_INCLUDE, 1 },
	  { MSF_JOIN_SOURCE, 0, 0, 0 },
	  { MSF_JOIN_GROUP, 0, 0, 0 } },
};

/* Joins on an interface that is then replaced by one with the same index. */
static void test_reused(struct fixture *self, enum flavour flavour, unsigned int t)
{
	struct sockaddr_storage group = netns_group(flavour_get_family(flavour), 5);
	struct model_place place = { flavour, 0, REUSED, group };
	int fd = traffic_open_strict_receiver(flavour), r;
	struct model_filter seen;
	struct model_call call;
	char text[512] = "";

	make_reused();
	model_spell(&place, &traps[t].request, &call);
	r = msf_apply_request(NULL, fd, &call.request);
	tap_expect(&self->tap, r == 0, "the first: %s", strerror(-r));
	netns_must_ip("link del reused\n");
	make_reused();
	model_spell(&place, &traps[t].again, &call);
	r = msf_apply_request(NULL, fd, &call.request);
	tap_expect(&self->tap, r == -EADDRINUSE, "the second: %s", strerror(-r));
	msf_explain(NULL, fd, &call.request, r, text, sizeof(text));
	tap_expect(&self->tap,
		   strstr(text, "replaced") != NULL && strstr(text, "leave") != NULL,
		   "the explanation does not tell of it: %s", text);
	r = msf_leave_group(NULL, fd, REUSED, call.request.group);
	tap_expect(&self->tap, r == 0, "leave: %s", strerror(-r));
	model_spell(&place, &traps[t].request, &call);
	r = msf_apply_request(NULL, fd, &call.request);
	tap_expect(&self->tap, r == 0, "join: %s", strerror(-r));
	tap_expect(&self->tap,
		   model_look(fd, &place, &seen) && model_is_equal(seen, traps[t].filter),
		   "the state is %d 0x%x", seen.mode, seen.set);
	tap_expect(&self->tap, netns_get_members(REUSED, &group) == 1,
		   "the new interface has not joined");
	close(fd);
	tap_expect(&self->tap, netns_get_members(REUSED, &group) == 0,
		   "the new interface has not left");
	netns_must_ip("link del reused\n");
	tap_end(&self->tap,
		"%s: %s on a replaced interface is explained, and leave and join cure it",
		flavour_name(flavour), traps[t].name);
}

/* The same explanation must not come up where nothing was replaced. */
static void test_not_reused(struct fixture *self, enum flavour flavour)
{
	struct sockaddr_storage group = netns_group(flavour_get_family(flavour), 5);
	struct msf_request request = { .verb = MSF_JOIN_GROUP,
				       .ifindex = self->net.ifindex[1],
				       .group = (const void *)&group };
	int fd = traffic_open_strict_receiver(flavour), r;
	char text[512] = "";

	msf_apply_request(NULL, fd, &request);
	r = msf_apply_request(NULL, fd, &request);
	tap_expect(&self->tap, r == -EADDRINUSE, "the second: %s", strerror(-r));
	msf_explain(NULL, fd, &request, r, text, sizeof(text));
	tap_expect(&self->tap, text[0] != '\0' && strstr(text, "replaced") == NULL,
		   "the explanation: %s", text);
	close(fd);
	tap_end(&self->tap, "%s: a second join is not taken for a replaced interface",
		flavour_name(flavour));
}

/* A program that joins when the interface appears, and hears it. */
static void test_join_on_arrival(struct fixture *self, enum flavour flavour)
{
	struct msf_monitor *monitor = start();
	int fd = traffic_open_strict_receiver(flavour), r;
	struct sockaddr_storage group = netns_group(flavour_get_family(flavour), 6);
	struct msf_event event = { 0 };

	make_reused();
	expect_event(self, monitor, MSF_EVENT_LINK, "reused", &event);
	r = msf_join_group(NULL, fd, event.ifindex, (const void *)&group);
	tap_expect(&self->tap, r == 0, "join: %s", strerror(-r));
	netns_must_ip("link del reused\n");
	expect_event(self, monitor, MSF_EVENT_LINK_GONE, "reused", &event);
	make_reused();
	expect_event(self, monitor, MSF_EVENT_LINK, "reused", &event);
	r = msf_leave_group(NULL, fd, event.ifindex, (const void *)&group);
	tap_expect(&self->tap, r == 0, "leave: %s", strerror(-r));
	r = msf_join_group(NULL, fd, event.ifindex, (const void *)&group);
	tap_expect(&self->tap, r == 0, "join again: %s", strerror(-r));
	tap_expect(&self->tap, netns_get_members(event.ifindex, &group) == 1,
		   "the interface has not joined");
	netns_must_ip("link del reused\n");
	msf_monitor_free(monitor);
	close(fd);
	tap_end(&self->tap, "%s: a program can follow its interface with the monitor",
		flavour_name(flavour));
}

static void test_state(struct fixture *self, enum flavour flavour)
{
	int fd = traffic_open_strict_receiver(flavour), family, n = 0, r;
	struct msf_state *state;
	struct msf_membership membership;
	struct sockaddr_storage group, source;

	family = flavour_get_family(flavour);
	group = netns_group(family, 7);
	for (unsigned int i = 0; i < 3; i++) {
		source = netns_source(family, 0, i);
		msf_join_source(NULL, fd, self->net.ifindex[0], (const void *)&group,
				(const void *)&source);
	}
	msf_join_group(NULL, fd, self->net.ifindex[1], (const void *)&group);
	r = msf_state_new(&state, NULL, fd);
	tap_expect(&self->tap, r == 0, "msf_state_new: %s", strerror(-r));
	while (r == 0 && msf_state_pop_membership(state, &membership) == 1) {
		bool is_m0 = membership.ifindex == self->net.ifindex[0];

		tap_expect(&self->tap,
			   membership.group.ss_family == family &&
				   memcmp(&membership.group, &group,
					  sizeof(struct sockaddr_in)) == 0,
			   "another group");
		tap_expect(&self->tap,
			   membership.numsrc == (is_m0 ? 3 : 0) &&
				   membership.fmode ==
					   (is_m0 ? MCAST_INCLUDE : MCAST_EXCLUDE),
			   "index %u: fmode %u, numsrc %u", membership.ifindex,
			   membership.fmode, membership.numsrc);
		n++;
	}
	tap_expect(&self->tap, n == 2, "%d memberships", n);
	if (r == 0)
		tap_expect(&self->tap, msf_state_free(state) == NULL, "free is not NULL");
	close(fd);
	tap_end(&self->tap, "%s: msf_state_*() finds the memberships of a socket",
		flavour_name(flavour));
}

static void test_versions(struct fixture *self)
{
	uint32_t index = self->net.ifindex[1];

	tap_expect(&self->tap, msf_state_get_version(NULL, index, AF_INET) == 3,
		   "without a querier: %d", msf_state_get_version(NULL, index, AF_INET));
	for (unsigned int version = 1; version <= 2; version++) {
		netns_set_sysctl("net/ipv4/conf/m1/force_igmp_version", version);
		tap_expect(&self->tap,
			   msf_state_get_version(NULL, index, AF_INET) == (int)version,
			   "forced to %u: %d", version,
			   msf_state_get_version(NULL, index, AF_INET));
	}
	netns_set_sysctl("net/ipv4/conf/m1/force_igmp_version", 0);
	tap_expect(&self->tap, msf_state_get_version(NULL, index, AF_INET6) == 0,
		   "IPv6 is known");
	tap_end(&self->tap, "msf_state_get_version() tells the version in force");
}

int main(void)
{
	struct fixture self = { 0 };

	netns_init(&self.net);
	traffic_init(&self.traffic, &self.net);
	test_quiet(&self);
	test_link_events(&self);
	test_bridge_port(&self);
	test_bridge(&self);
	test_address_events(&self);
	test_overrun(&self);
	test_find(&self);
	test_versions(&self);
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		for (unsigned int t = 0; t < sizeof(traps) / sizeof(traps[0]); t++)
			test_reused(&self, flavour, t);
		test_not_reused(&self, flavour);
		test_join_on_arrival(&self, flavour);
		test_state(&self, flavour);
	}
	traffic_fini(&self.traffic);
	return tap_finish(&self.tap);
}
