/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces and sockets where Linux goes astray: index 0, which it resolves in
 * some calls and not in others; an interface that is gone; sockets that take
 * memberships which nothing can be received with.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "model.h"
#include "raw.h"
#include "shape.h"
#include "tap.h"

struct interfaces {
	struct tap tap;
	struct netns net;
	enum flavour flavour;
	struct sockaddr_storage group;
};

static int do_verb(struct interfaces *self, int fd, uint32_t ifindex, enum msf_verb verb,
		   unsigned int source)
{
	struct model_place place = { self->flavour, 0, ifindex, self->group };
	struct model_request request = { .verb = verb, .source = source };
	struct raw_filter filter = { .numsrc = 4 };
	struct model_call call;

	model_spell(&place, &request, &call);
	if (verb == MSF_GET_FILTER)
		return shape_get(&shapes[0], NULL, fd, &call.request, &filter);
	return shape_apply(&shapes[0], NULL, fd, &call.request);
}

static int do_set(struct interfaces *self, int fd, uint32_t ifindex, uint32_t fmode,
		  unsigned int set)
{
	struct model_place place = { self->flavour, 0, ifindex, self->group };
	struct model_request request = { MSF_SET_FILTER, 0, fmode, set };
	struct model_call call;

	model_spell(&place, &request, &call);
	return shape_apply(&shapes[0], NULL, fd, &call.request);
}

static void expect_result(struct interfaces *self, int r, int error, const char *what)
{
	tap_expect(&self->tap, r == -error, "%s: %s, not %s", what, strerror(-r),
		   strerror(error));
}

static void expect_state(struct interfaces *self, int fd, unsigned int link,
			 enum model_mode mode, unsigned int set, const char *when)
{
	struct model_place place = { self->flavour, 0, self->net.ifindex[link],
				     self->group };
	struct model_filter seen = { 0 }, wanted = { mode, set };
	char a[MODEL_TEXT], b[MODEL_TEXT];
	bool is_read = model_look(fd, &place, &seen);

	tap_expect(&self->tap, is_read && model_is_equal(seen, wanted),
		   "%s: on m%u %s, not %s", when, link, model_print_filter(seen, a),
		   model_print_filter(wanted, b));
}

static void test_index_zero(struct interfaces *self)
{
	int fd = traffic_open_strict_receiver(self->flavour);

	expect_result(self, do_set(self, fd, 0, MCAST_INCLUDE, 3), 0, "set INCLUDE{01}");
	expect_state(self, fd, 0, MODEL_INCLUDE, 3, "after set");
	expect_result(self, do_verb(self, fd, 0, MSF_GET_FILTER, 0), 0, "get");
	expect_result(self, do_verb(self, fd, 0, MSF_LEAVE_SOURCE, 0), 0, "leave_source");
	expect_state(self, fd, 0, MODEL_INCLUDE, 2, "after leave_source");
	expect_result(self, do_set(self, fd, 0, MCAST_EXCLUDE, 4), 0, "set EXCLUDE{2}");
	expect_result(self, do_verb(self, fd, 0, MSF_BLOCK_SOURCE, 1), 0, "block_source");
	expect_state(self, fd, 0, MODEL_EXCLUDE, 6, "after block_source");
	expect_result(self,
		      do_verb(self, fd, self->net.ifindex[0], MSF_UNBLOCK_SOURCE, 1), 0,
		      "unblock_source by the index itself");
	expect_result(self, do_verb(self, fd, 0, MSF_LEAVE_GROUP, 0), 0, "leave_group");
	expect_state(self, fd, 0, MODEL_NONE, 0, "after leave_group");
	expect_result(self, do_verb(self, fd, 0, MSF_GET_FILTER, 0), EADDRNOTAVAIL,
		      "get");
	close(fd);
	tap_end(&self->tap, "%s: index 0 is the interface of the route in every call",
		flavour_name(self->flavour));
}

/* Joined where the route does not lead: index 0 must not find that membership. */
static void test_index_zero_elsewhere(struct interfaces *self)
{
	int fd = traffic_open_strict_receiver(self->flavour);
	char *before, *after;

	expect_result(self, do_verb(self, fd, self->net.ifindex[1], MSF_JOIN_GROUP, 0), 0,
		      "join_group on m1");
	before = netns_get_memberships();
	expect_result(self, do_verb(self, fd, 0, MSF_BLOCK_SOURCE, 0), EINVAL,
		      "block_source");
	expect_result(self, do_verb(self, fd, 0, MSF_UNBLOCK_SOURCE, 0), EINVAL,
		      "unblock_source");
	expect_result(self, do_verb(self, fd, 0, MSF_LEAVE_SOURCE, 0), EADDRNOTAVAIL,
		      "leave_source");
	expect_result(self, do_verb(self, fd, 0, MSF_LEAVE_GROUP, 0), EADDRNOTAVAIL,
		      "leave_group");
	expect_result(self, do_verb(self, fd, 0, MSF_GET_FILTER, 0), EADDRNOTAVAIL,
		      "get");
	expect_state(self, fd, 1, MODEL_EXCLUDE, 0, "after the refusals");
	after = netns_get_memberships();
	tap_expect(&self->tap, strcmp(before, after) == 0, "an interface has changed");
	expect_result(self, do_verb(self, fd, 0, MSF_JOIN_GROUP, 0), 0, "join_group");
	expect_state(self, fd, 0, MODEL_EXCLUDE, 0, "after join_group");
	expect_result(self, do_verb(self, fd, 0, MSF_BLOCK_SOURCE, 2), 0, "block_source");
	expect_state(self, fd, 0, MODEL_EXCLUDE, 4, "after block_source");
	expect_state(self, fd, 1, MODEL_EXCLUDE, 0, "after block_source");
	expect_result(self, do_verb(self, fd, 0, MSF_LEAVE_GROUP, 0), 0, "leave_group");
	expect_state(self, fd, 0, MODEL_NONE, 0, "after leave_group");
	expect_state(self, fd, 1, MODEL_EXCLUDE, 0, "after leave_group");
	free(before);
	free(after);
	close(fd);
	tap_end(&self->tap, "%s: index 0 never means a membership on another interface",
		flavour_name(self->flavour));
}

static void move_routes(const char *from, const char *to)
{
	char lines[256];

	snprintf(lines, sizeof(lines),
		 "route del 224.0.0.0/4 dev %s\nroute add 224.0.0.0/4 dev %s\n"
		 "route del multicast ff00::/8 dev %s table local metric 8\n"
		 "route add multicast ff00::/8 dev %s table local metric 8\n",
		 from, to, from, to);
	if (netns_ip(lines) < 0)
		tap_bail_out("cannot move the routes");
}

static void test_route_moves(struct interfaces *self)
{
	int fd = traffic_open_strict_receiver(self->flavour);

	expect_result(self, do_verb(self, fd, 0, MSF_JOIN_SOURCE, 0), 0, "join_source");
	move_routes("m0", "m1");
	expect_result(self, do_verb(self, fd, 0, MSF_GET_FILTER, 0), EADDRNOTAVAIL,
		      "get");
	expect_result(self, do_verb(self, fd, 0, MSF_JOIN_SOURCE, 1), 0, "join_source");
	expect_state(self, fd, 0, MODEL_INCLUDE, 1, "after the route moved");
	expect_state(self, fd, 1, MODEL_INCLUDE, 2, "after the route moved");
	move_routes("m1", "m0");
	expect_result(self, do_verb(self, fd, 0, MSF_LEAVE_SOURCE, 0), 0, "leave_source");
	expect_state(self, fd, 0, MODEL_NONE, 0, "after the route came back");
	expect_state(self, fd, 1, MODEL_INCLUDE, 2, "after the route came back");
	close(fd);
	tap_end(&self->tap, "%s: index 0 is looked up at each call",
		flavour_name(self->flavour));
}

static uint32_t add_link(void)
{
	if (netns_ip("link add gone type veth peer name gonep\n"
		     "link set gone up\nlink set gonep up\n"
		     "addr add 10.8.0.1/24 dev gone\n"
		     "addr add fd08::1/64 dev gone nodad\n") < 0)
		tap_bail_out("cannot make a link");
	return if_nametoindex("gone");
}

static void test_gone(struct interfaces *self, bool is_include)
{
	int fd = traffic_open_strict_receiver(self->flavour);
	uint32_t ifindex = add_link();

	expect_result(self,
		      do_verb(self, fd, ifindex,
			      is_include ? MSF_JOIN_SOURCE : MSF_JOIN_GROUP, 0),
		      0, "join");
	if (netns_ip("link del gone\n") < 0)
		tap_bail_out("cannot delete the link");
	expect_result(self, do_verb(self, fd, ifindex, MSF_JOIN_SOURCE, 1), ENODEV,
		      "join_source");
	expect_result(self, do_verb(self, fd, ifindex, MSF_BLOCK_SOURCE, 1), ENODEV,
		      "block_source");
	expect_result(self, do_verb(self, fd, ifindex, MSF_JOIN_GROUP, 0), ENODEV,
		      "join_group");
	expect_result(self, do_set(self, fd, ifindex, MCAST_INCLUDE, 6), ENODEV,
		      "set INCLUDE{12}");
	expect_result(self, do_set(self, fd, ifindex, MCAST_EXCLUDE, 0), ENODEV,
		      "set EXCLUDE{}");
	expect_result(self, do_verb(self, fd, ifindex, MSF_GET_FILTER, 0), 0, "get");
	expect_result(self, do_verb(self, fd, ifindex, MSF_LEAVE_GROUP, 0), 0,
		      "leave_group");
	expect_result(self, do_verb(self, fd, ifindex, MSF_LEAVE_GROUP, 0), ENODEV,
		      "leave_group again");
	expect_result(self, do_verb(self, fd, ifindex, MSF_GET_FILTER, 0), ENODEV,
		      "get again");
	close(fd);
	tap_end(&self->tap,
		"%s: %s on an interface that is gone can be read and left, no more",
		flavour_name(self->flavour), is_include ? "INCLUDE" : "EXCLUDE");
}

static void test_links_apart(struct interfaces *self)
{
	int fd = traffic_open_strict_receiver(self->flavour);

	expect_result(self, do_verb(self, fd, self->net.ifindex[0], MSF_JOIN_SOURCE, 0),
		      0, "join_source on m0");
	expect_result(self, do_verb(self, fd, self->net.ifindex[1], MSF_JOIN_GROUP, 0), 0,
		      "join_group on m1");
	expect_result(self, do_verb(self, fd, self->net.ifindex[1], MSF_BLOCK_SOURCE, 1),
		      0, "block_source on m1");
	expect_state(self, fd, 0, MODEL_INCLUDE, 1, "after them");
	expect_state(self, fd, 1, MODEL_EXCLUDE, 2, "after them");
	expect_result(self, do_verb(self, fd, self->net.ifindex[0], MSF_LEAVE_SOURCE, 0),
		      0, "leave_source on m0");
	expect_state(self, fd, 0, MODEL_NONE, 0, "after leave_source");
	expect_state(self, fd, 1, MODEL_EXCLUDE, 2, "after leave_source");
	close(fd);
	tap_end(&self->tap, "%s: one group on two interfaces has two filters",
		flavour_name(self->flavour));
}

static int open_kind(int domain, int type, int protocol)
{
	int fd = socket(domain, type | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		tap_bail_out("socket(%d, %d, %d): %s", domain, type, protocol,
			     strerror(errno));
	return fd;
}

static void test_good_sockets(struct interfaces *self)
{
	int domain = flavour_get_domain(self->flavour);
	bool is_ipv4 = domain == AF_INET;
	const struct {
		const char *name;
		int type, protocol;
	} kinds[] = {
		{ "UDP", SOCK_DGRAM, 0 },
		{ "UDP-Lite", SOCK_DGRAM, IPPROTO_UDPLITE },
		{ "raw", SOCK_RAW, is_ipv4 ? IPPROTO_UDP : IPPROTO_ICMPV6 },
		{ "ping", SOCK_DGRAM, is_ipv4 ? IPPROTO_ICMP : IPPROTO_ICMPV6 },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int fd, r;

		/* Linux has no level IPPROTO_IP on these. */
		if (self->flavour == FLAVOUR_IPV4_ON_IPV6 && i >= 2)
			continue;
		fd = open_kind(domain, kinds[i].type, kinds[i].protocol);
		r = do_verb(self, fd, self->net.ifindex[0], MSF_JOIN_SOURCE, 0);
		tap_expect(&self->tap, r == 0, "%s: %s", kinds[i].name, strerror(-r));
		expect_state(self, fd, 0, MODEL_INCLUDE, 1, kinds[i].name);
		r = do_set(self, fd, self->net.ifindex[0], MCAST_EXCLUDE, 6);
		tap_expect(&self->tap, r == 0, "%s: %s", kinds[i].name, strerror(-r));
		expect_state(self, fd, 0, MODEL_EXCLUDE, 6, kinds[i].name);
		close(fd);
	}
	tap_end(&self->tap, "%s: every kind of datagram socket has filters",
		flavour_name(self->flavour));
}

static void test_bad_sockets(struct interfaces *self)
{
	int fd = open_kind(flavour_get_domain(self->flavour), SOCK_STREAM, 0), on = 1;
	enum msf_verb verb;
	struct raw_filter filter;

	for (verb = MSF_JOIN_GROUP; verb <= MSF_GET_FILTER; verb++) {
		int r = verb == MSF_SET_FILTER
				? do_set(self, fd, self->net.ifindex[0], MCAST_INCLUDE, 1)
				: do_verb(self, fd, self->net.ifindex[0], verb, 0);

		tap_expect(&self->tap, r == -EOPNOTSUPP, "TCP, verb %d: %s", verb,
			   strerror(-r));
	}
	tap_expect(&self->tap,
		   raw_get_filter(fd, self->net.ifindex[0], &self->group, &filter) ==
			   -EADDRNOTAVAIL,
		   "TCP: there is a membership");
	close(fd);
	if (self->flavour == FLAVOUR_IPV4_ON_IPV6) {
		fd = open_kind(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
		expect_result(self,
			      do_verb(self, fd, self->net.ifindex[0], MSF_JOIN_SOURCE, 0),
			      EAFNOSUPPORT, "raw IPv6 socket, IPv4 group");
		close(fd);
		fd = open_kind(AF_INET6, SOCK_DGRAM, 0);
		raw_setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
		expect_result(self,
			      do_verb(self, fd, self->net.ifindex[0], MSF_JOIN_SOURCE, 0),
			      EAFNOSUPPORT, "IPV6_V6ONLY, IPv4 group");
		expect_state(self, fd, 0, MODEL_NONE, 0, "IPV6_V6ONLY");
		close(fd);
	}
	tap_end(&self->tap, "%s: sockets that cannot receive the group are refused",
		flavour_name(self->flavour));
}

static struct msf *make_linux(void)
{
	struct msf_config *config;
	struct msf *msf;

	if (msf_config_new(&config) < 0 ||
	    msf_config_set_semantics(config, MSF_SEMANTICS_LINUX) < 0 ||
	    msf_new(&msf, config) < 0)
		tap_bail_out("cannot make a context");
	msf_config_free(config);
	return msf;
}

static int open_v6only(void)
{
	int fd = open_kind(AF_INET6, SOCK_DGRAM, 0), on = 1;

	raw_setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	return fd;
}

/* Linux lets such a socket join and delivers nothing; our table refuses. */
static void test_v6only(struct interfaces *self)
{
	struct sockaddr_storage source = netns_source(AF_INET, 0, 0);
	const void *group = &self->group, *from = &source;
	uint32_t ifindex = self->net.ifindex[0];
	struct msf *msf = make_linux();
	int fd = open_v6only();

	expect_result(self, raw_delta(fd, MSF_JOIN_GROUP, ifindex, group, NULL), 0,
		      "Linux");
	close(fd);
	fd = open_v6only();
	expect_result(self, msf_join_group(msf, fd, ifindex, group), 0, "join_group");
	expect_state(self, fd, 0, MODEL_EXCLUDE, 0, "join_group");
	expect_result(self, msf_leave_group(msf, fd, ifindex, group), 0, "leave_group");
	expect_result(self, msf_join_source(msf, fd, ifindex, group, from), 0,
		      "join_source");
	expect_state(self, fd, 0, MODEL_INCLUDE, 1, "join_source");
	close(fd);
	fd = open_v6only();
	expect_result(self, msf_join_group(NULL, fd, ifindex, group), EAFNOSUPPORT,
		      "join_group in our table");
	expect_state(self, fd, 0, MODEL_NONE, 0, "join_group in our table");
	close(fd);
	msf_free(msf);
	tap_end(&self->tap, "an IPV6_V6ONLY socket joins IPv4 groups in the linux table "
			    "alone");
}

/* RLIMIT_NOFILE bounds the numbers of descriptors: none is left at 0. */
static rlim_t set_descriptors(rlim_t n)
{
	struct rlimit limit;
	rlim_t old;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		tap_bail_out("getrlimit: %s", strerror(errno));
	old = limit.rlim_cur;
	limit.rlim_cur = n;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		tap_bail_out("setrlimit: %s", strerror(errno));
	return old;
}

static void expect_emfile(struct interfaces *self, int fd, enum msf_verb verb)
{
	struct model_place place = { self->flavour, 0, 0, self->group };
	struct model_request request = { .verb = verb };
	struct model_call call;
	char text[512] = "";

	model_spell(&place, &request, &call);
	expect_result(self, do_verb(self, fd, 0, verb, 0), EMFILE, "index 0");
	msf_explain(NULL, fd, &call.request, EMFILE, text, sizeof(text));
	tap_expect(&self->tap,
		   strstr(text, "cannot be asked") != NULL &&
			   strstr(text, strerror(EMFILE)) != NULL,
		   "verb %d is explained by: %s", verb, text);
}

static void expect_emfile_by_address(struct interfaces *self, int fd)
{
	const struct sockaddr_in *group = (const void *)&self->group;
	struct ip_mreq mreq = { group->sin_addr, { htonl(0x0a090001) } };
	struct msf_interface found = { .ifindex = 77 };
	int r;

	r = msf_find_interface(NULL, "10.9.0.1", &found);
	tap_expect(&self->tap, r == -EMFILE && found.ifindex == 77,
		   "find an address: %s, index %u", strerror(-r), found.ifindex);
	r = msf_find_interface(NULL, "m0", &found);
	tap_expect(&self->tap, r == -EMFILE && found.ifindex == 77,
		   "find a name: %s, index %u", strerror(-r), found.ifindex);
	if (self->flavour == FLAVOUR_IPV6)
		return;
	r = msf_setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq));
	tap_expect(&self->tap, r == -1 && errno == EMFILE, "IP_ADD_MEMBERSHIP: %s",
		   strerror(errno));
}

static void test_no_descriptor(struct interfaces *self)
{
	int fd = traffic_open_strict_receiver(self->flavour);
	uint32_t ifindex = self->net.ifindex[0];
	rlim_t n = set_descriptors(0);

	for (enum msf_verb verb = MSF_JOIN_GROUP; verb <= MSF_UNBLOCK_SOURCE; verb++)
		expect_emfile(self, fd, verb);
	expect_result(self, do_set(self, fd, 0, MCAST_INCLUDE, 3), EMFILE, "set");
	expect_result(self, do_verb(self, fd, 0, MSF_GET_FILTER, 0), EMFILE, "get");
	expect_emfile_by_address(self, fd);
	expect_state(self, fd, 0, MODEL_NONE, 0, "after the refusals");
	expect_result(self, do_verb(self, fd, ifindex, MSF_JOIN_GROUP, 0), 0,
		      "join_group by index");
	expect_result(self, do_verb(self, fd, ifindex, MSF_BLOCK_SOURCE, 1), 0,
		      "block_source by index");
	expect_result(self, do_set(self, fd, ifindex, MCAST_INCLUDE, 3), 0,
		      "set by index");
	expect_result(self, do_verb(self, fd, ifindex, MSF_GET_FILTER, 0), 0,
		      "get by index");
	expect_state(self, fd, 0, MODEL_INCLUDE, 3, "by index");
	set_descriptors(n);
	close(fd);
	tap_end(&self->tap,
		"%s: without a descriptor index 0 and addresses are EMFILE, and an index "
		"works",
		flavour_name(self->flavour));
}

int main(void)
{
	struct interfaces self = { 0 };

	netns_init(&self.net);
	/* Whose group may open ping sockets is set for each namespace. */
	if (system("echo 0 0 > /proc/sys/net/ipv4/ping_group_range") != 0)
		tap_bail_out("cannot allow ping sockets");
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		self.flavour = flavour;
		self.group = netns_group(flavour_get_family(flavour), 0);
		test_index_zero(&self);
		test_index_zero_elsewhere(&self);
		test_route_moves(&self);
		test_gone(&self, true);
		test_gone(&self, false);
		test_links_apart(&self);
		test_good_sockets(&self);
		test_bad_sockets(&self);
		if (self.flavour == FLAVOUR_IPV4_ON_IPV6)
			test_v6only(&self);
		test_no_descriptor(&self);
	}
	return tap_finish(&self.tap);
}
