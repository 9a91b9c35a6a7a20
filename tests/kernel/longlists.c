/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filters of a thousand sources: read back whole and ascending, compared as sets,
 * changed by one source; on interfaces with many addresses, with none, and with one
 * that another interface has too. And counts that promise more than memory
 * holds. With the ASM backend MSF_MAX_SOURCES has to be high enough.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <net/if.h>

#include "netns.h"
#include "raw.h"
#include "system.h"
#include "tap.h"
#include "traffic.h"

#define N_LONG 1000u
#define N_MOST 1100u /* more than one MCAST_MSFILTER carries */

struct longlists {
	struct tap tap;
	struct netns net;
	int family;
	struct sockaddr_storage group;
	struct sockaddr_storage slist[N_MOST + 1];
	struct sockaddr_storage got[N_MOST + 1];
};

static const struct sockaddr *group_of(const struct longlists *self)
{
	return (const void *)&self->group;
}

/* Descending, and begun in the middle. */
static void fill(struct longlists *self, unsigned int link, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		self->slist[(n - 1 - i + n / 2) % n] = netns_source(self->family, link,
								    i);
}

static size_t get_len(const struct longlists *self)
{
	return self->family == AF_INET ? sizeof(struct sockaddr_in)
				       : sizeof(struct sockaddr_in6);
}

static void expect_list(struct longlists *self, int fd, unsigned int link, uint32_t fmode,
			unsigned int n, const char *when)
{
	uint32_t numsrc = N_MOST + 1, got_mode = 77, n_wrong = 0;
	int r = msf_get_filter(NULL, fd, self->net.ifindex[link], group_of(self),
			       &got_mode, &numsrc, self->got);

	tap_expect(&self->tap, r == 0 && got_mode == fmode && numsrc == n,
		   "%s: %s, fmode %u, numsrc %u, not %u", when, strerror(-r), got_mode,
		   numsrc, n);
	for (unsigned int i = 0; i < n && i < numsrc; i++) {
		struct sockaddr_storage source = netns_source(self->family, link, i);

		n_wrong += memcmp(&self->got[i], &source, get_len(self)) != 0;
	}
	tap_expect(&self->tap, n_wrong == 0, "%s: %u sources are others", when, n_wrong);
}

static int set(struct longlists *self, int fd, unsigned int link, uint32_t fmode,
	       unsigned int n)
{
	return msf_set_filter(NULL, fd, self->net.ifindex[link], group_of(self), fmode, n,
			      self->slist, 0);
}

static void expect_result(struct longlists *self, int r, int error, const char *what)
{
	tap_expect(&self->tap, r == -error, "%s: %s, not %s", what, strerror(-r),
		   strerror(error));
}

static int open_receiver(const struct longlists *self)
{
	return traffic_open_receiver(self->family == AF_INET ? FLAVOUR_IPV4
							     : FLAVOUR_IPV6);
}

static void check_long(struct longlists *self, unsigned int link, unsigned int n,
		       const char *where)
{
	static const uint32_t modes[] = { MCAST_INCLUDE, MCAST_EXCLUDE };
	int fd = open_receiver(self);

	for (int i = 0; i < 2; i++) {
		fill(self, link, n);
		expect_result(self, set(self, fd, link, modes[i], n), 0, "set");
		expect_list(self, fd, link, modes[i], n, "set");
		expect_result(self, set(self, fd, link, modes[i], n), EADDRINUSE,
			      "identical");
		fill(self, link, n - 1);
		expect_result(self, set(self, fd, link, modes[i], n - 1), 0,
			      "one source less");
		expect_list(self, fd, link, modes[i], n - 1, "one source less");
		fill(self, link, n);
		expect_result(self, set(self, fd, link, modes[i], n), 0,
			      "one source more");
		expect_list(self, fd, link, modes[i], n, "one source more");
		tap_expect(&self->tap,
			   netns_count_sources(self->net.ifindex[link], &self->group) ==
				   (system_is_asm() ? 0 : n),
			   "the interface has another number of sources");
	}
	close(fd);
	tap_end(&self->tap, "%s: %u sources %s are set, read and compared",
		self->family == AF_INET ? "IPv4" : "IPv6", n, where);
}

/* Two memberships of one group, on interfaces that share an address. */
static void check_shared_address(struct longlists *self)
{
	int fd = open_receiver(self);

	if (netns_ip("addr add 10.5.5.5/32 dev m0\naddr add 10.5.5.5/32 dev m1\n"
		     "addr flush dev m1 to 10.9.0.0/16\n"
		     "addr flush dev m0 to 10.9.0.0/16\n") < 0)
		tap_bail_out("cannot share an address");
	fill(self, 0, N_LONG);
	expect_result(self, set(self, fd, 0, MCAST_INCLUDE, N_LONG), 0, "m0");
	fill(self, 1, N_LONG - 100);
	expect_result(self, set(self, fd, 1, MCAST_EXCLUDE, N_LONG - 100), 0, "m1");
	expect_list(self, fd, 0, MCAST_INCLUDE, N_LONG, "m0");
	expect_list(self, fd, 1, MCAST_EXCLUDE, N_LONG - 100, "m1");
	fill(self, 0, N_LONG);
	expect_result(self, set(self, fd, 0, MCAST_INCLUDE, N_LONG), EADDRINUSE,
		      "m0 again");
	close(fd);
	/* And of the same length and mode, where only the sources tell. */
	fd = open_receiver(self);
	for (unsigned int link = 0; link < NETNS_LINKS; link++) {
		fill(self, link, N_LONG);
		expect_result(self, set(self, fd, link, MCAST_INCLUDE, N_LONG), 0, "set");
	}
	for (unsigned int link = 0; link < NETNS_LINKS; link++)
		expect_list(self, fd, link, MCAST_INCLUDE, N_LONG, "of one length");
	close(fd);
	netns_ip("addr del 10.5.5.5/32 dev m0\naddr del 10.5.5.5/32 dev m1\n");
	tap_end(&self->tap,
		"two interfaces with one address keep their long lists apart");
}

/* By deltas a filter outgrows what one full-state call carries. */
static void check_most_unnamed(struct longlists *self)
{
	int fd = open_receiver(self), r = 0;
	struct msf_request request = { .verb = MSF_SET_FILTER,
				       .ifindex = self->net.ifindex[0],
				       .group = group_of(self),
				       .fmode = MCAST_INCLUDE,
				       .numsrc = N_MOST,
				       .slist = self->slist };
	char text[512] = "";

	fill(self, 0, N_MOST);
	r = set(self, fd, 0, MCAST_INCLUDE, N_MOST);
	expect_result(self, r, ENOBUFS, "one set");
	msf_explain(NULL, fd, &request, r, text, sizeof(text));
	tap_expect(&self->tap,
		   strstr(text, "net.core.optmem_max") &&
			   strstr(text, "give it an address"),
		   "the explanation: %s", text);
	r = 0;
	for (unsigned int i = 0; i < N_MOST && r == 0; i++)
		r = msf_join_source(NULL, fd, self->net.ifindex[0], group_of(self),
				    (const void *)&self->slist[i]);
	expect_result(self, r, 0, "one source after the other");
	expect_list(self, fd, 0, MCAST_INCLUDE, N_MOST, "after the last");
	expect_result(self, set(self, fd, 0, MCAST_INCLUDE, N_MOST), EADDRINUSE,
		      "the identical set");
	fill(self, 0, N_MOST - 1);
	expect_result(self, set(self, fd, 0, MCAST_INCLUDE, N_MOST - 1), 0,
		      "a set with one source less");
	expect_list(self, fd, 0, MCAST_INCLUDE, N_MOST - 1, "one source less");
	close(fd);
	tap_end(&self->tap,
		"without an address, a filter made by deltas may be longer than "
		"one set can be");
}

static void check_addresses(struct longlists *self)
{
	char lines[4096] = "";

	check_shared_address(self);
	check_long(self, 0, N_LONG, "on an interface without an address");
	check_most_unnamed(self);
	for (int i = 1; i <= 60; i++)
		sprintf(lines + strlen(lines), "addr add 10.9.0.%d/24 dev m0\n", i);
	if (netns_ip(lines) < 0)
		tap_bail_out("cannot add addresses");
	check_long(self, 0, N_LONG, "on an interface with sixty addresses");
}

/* IP_MSFILTER carries what MCAST_MSFILTER does not. */
static void check_most_named(struct longlists *self)
{
	int fd = open_receiver(self);

	fill(self, 0, N_MOST);
	expect_result(self, set(self, fd, 0, MCAST_EXCLUDE, N_MOST), 0, "from nothing");
	expect_list(self, fd, 0, MCAST_EXCLUDE, N_MOST, "after it");
	expect_result(self, set(self, fd, 0, MCAST_EXCLUDE, N_MOST), EADDRINUSE,
		      "the identical set");
	expect_result(self, set(self, fd, 0, MCAST_INCLUDE, N_MOST), 0, "the other mode");
	expect_list(self, fd, 0, MCAST_INCLUDE, N_MOST, "in the other mode");
	close(fd);
	tap_end(&self->tap, "on an interface with an address of its own, one set carries "
			    "more than MCAST_MSFILTER does");
}

/* A label of m0 that is the name of another interface says nothing of that one. */
static void check_label(struct longlists *self)
{
	uint32_t ifindex, fmode, numsrc = N_MOST + 1;
	int fd = open_receiver(self);

	if (netns_ip("link add m00 type veth peer name m00p\nlink set m00 up\n"
		     "addr add 10.44.0.1/24 dev m0 label m00\n") < 0)
		tap_bail_out("cannot label an address");
	ifindex = if_nametoindex("m00");
	fill(self, 0, N_LONG);
	expect_result(self, set(self, fd, 0, MCAST_INCLUDE, N_LONG), 0, "m0");
	fill(self, 1, N_LONG);
	expect_result(self,
		      msf_set_filter(NULL, fd, ifindex, group_of(self), MCAST_INCLUDE,
				     N_LONG, self->slist, 0),
		      0, "m00");
	expect_result(self,
		      msf_get_filter(NULL, fd, ifindex, group_of(self), &fmode, &numsrc,
				     self->got),
		      0, "get of m00");
	for (unsigned int i = 0; i < N_LONG && i < numsrc; i++) {
		struct sockaddr_storage source = netns_source(self->family, 1, i);

		tap_expect(&self->tap, memcmp(&self->got[i], &source, get_len(self)) == 0,
			   "source %u of m00 is one of m0", i);
	}
	fill(self, 0, N_LONG);
	expect_result(self,
		      msf_set_filter(NULL, fd, ifindex, group_of(self), MCAST_INCLUDE,
				     N_LONG, self->slist, 0),
		      0, "the list of m0 on m00");
	close(fd);
	netns_ip("link del m00\naddr del 10.44.0.1/24 dev m0\n");
	tap_end(&self->tap,
		"an address label with another interface's name misleads nobody");
}

static void check_counts(struct longlists *self)
{
	static const uint32_t counts[] = { 0x01ffffff, 0x02000000, 0x40000000, 0x80000000,
					   0xffffffff };
	int level = self->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	struct sockaddr_storage source = netns_source(self->family, 0, 0);
	struct group_filter filter = { .gf_interface = self->net.ifindex[0],
				       .gf_group = self->group,
				       .gf_fmode = MCAST_INCLUDE };
	int fd = open_receiver(self), r;

	filter.gf_slist[0] = source;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		filter.gf_numsrc = counts[i];
		r = msf_setsockopt(fd, level, MCAST_MSFILTER, &filter, sizeof(filter));
		expect_result(self, r < 0 ? -errno : 0, EINVAL, "setsockopt");
		r = msf_ioctl(fd, SIOCSMSFILTER, &filter);
		expect_result(self, r < 0 ? -errno : 0, ENOBUFS, "ioctl");
		r = msf_setsourcefilter(fd, self->net.ifindex[0], (void *)&self->group,
					get_len(self), MCAST_INCLUDE, counts[i], &source);
		expect_result(self, r < 0 ? -errno : 0, ENOBUFS, "setsourcefilter");
		r = msf_set_filter(NULL, fd, self->net.ifindex[0], group_of(self),
				   MCAST_EXCLUDE, counts[i], &source, 0);
		expect_result(self, r, ENOBUFS, "msf_set_filter");
	}
	close(fd);
	tap_end(&self->tap,
		"%s: a count that no memory holds is refused before it is read",
		self->family == AF_INET ? "IPv4" : "IPv6");
}

static void check_great_room(struct longlists *self)
{
	int level = self->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	struct sockaddr_storage source = netns_source(self->family, 0, 0);
	struct group_filter filter = { .gf_interface = self->net.ifindex[0],
				       .gf_group = self->group,
				       .gf_numsrc = UINT32_MAX };
	socklen_t len = sizeof(filter);
	int fd = open_receiver(self), r;
	uint32_t numsrc = UINT32_MAX, fmode;

	system_delta(fd, MSF_JOIN_SOURCE, self->net.ifindex[0], &self->group, &source);
	r = msf_getsockopt(fd, level, MCAST_MSFILTER, &filter, &len);
	tap_expect(&self->tap, r == 0 && filter.gf_numsrc == 1, "getsockopt: %d, %u", r,
		   filter.gf_numsrc);
	filter.gf_numsrc = UINT32_MAX;
	r = msf_ioctl(fd, SIOCGMSFILTER, &filter);
	tap_expect(&self->tap, r == 0 && filter.gf_numsrc == 1, "ioctl: %d, %u", r,
		   filter.gf_numsrc);
	tap_expect(&self->tap, memcmp(&filter.gf_slist[0], &source, get_len(self)) == 0,
		   "another source");
	r = msf_get_filter(NULL, fd, self->net.ifindex[0], group_of(self), &fmode,
			   &numsrc, self->got);
	tap_expect(&self->tap, r == 0 && numsrc == 1, "msf_get_filter: %d, %u", r,
		   numsrc);
	close(fd);
	tap_end(&self->tap, "%s: room without end is no harm to a reader",
		self->family == AF_INET ? "IPv4" : "IPv6");
}

int main(void)
{
	struct longlists *self = calloc(1, sizeof(*self));
	int r;

	if (self == NULL)
		tap_bail_out("no memory");
	netns_init(&self->net);
	system_init();
	netns_set_sysctl("net/ipv4/igmp_max_msf", 2 * N_MOST);
	self->family = AF_INET6;
	self->group = netns_group(AF_INET6, 0);
	check_long(self, 0, system_is_asm() ? N_LONG : raw_await_source_limit(AF_INET6),
		   "at the limit");
	check_counts(self);
	check_great_room(self);
	self->family = AF_INET;
	self->group = netns_group(AF_INET, 0);
	check_long(self, 0, N_LONG, "on an interface with four addresses");
	check_counts(self);
	check_great_room(self);
	check_most_named(self);
	check_label(self);
	/* by what address an interface is asked is Linux's own matter */
	if (!system_is_asm())
		check_addresses(self);
	r = tap_finish(&self->tap);
	free(self);
	return r;
}
