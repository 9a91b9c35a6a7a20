/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memberships of mwatch --join: they are there on every interface, with more groups and
 * sources than one socket takes, they admit what they should and queue nothing; what
 * cannot be joined leaves nothing behind; a new interface is joined again.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netns.h"
#include "raw.h"
#include "tap.h"
#include "traffic.h"
#include "verdict/hold.h"

#define MAX_FD 4096
#define PORT   5000

struct state {
	struct tap tap;
	struct netns net;
	struct traffic traffic;
	struct msf_interface interfaces[NETNS_LINKS];
};

/* A hold on all links. The messages of a refusal go to /dev/null. */
static int make_hold(struct state *self, struct hold **ret, const struct endpoint *groups,
		     uint32_t n_groups, uint32_t fmode, uint32_t numsrc,
		     const struct sockaddr_storage *slist)
{
	const struct hold_settings settings = { .interfaces = self->interfaces,
						.n_interfaces = NETNS_LINKS,
						.groups = groups,
						.n_groups = n_groups,
						.fmode = fmode,
						.numsrc = numsrc,
						.slist = slist };

	return hold_new(ret, &settings);
}

static struct endpoint make_endpoint(int family, unsigned int i, uint32_t n)
{
	return (struct endpoint){ .group = netns_group(family, i),
				  .n_groups = n,
				  .port = PORT };
}

static void expect_users(struct state *self, unsigned int link, int family,
			 unsigned int group, unsigned int wanted)
{
	struct sockaddr_storage address = netns_group(family, group);
	unsigned int users = netns_get_members(self->net.ifindex[link], &address);

	tap_expect(&self->tap, users == wanted, "m%u, family %d, group %u: %u users",
		   link, family, group, users);
}

static void expect_judge(struct state *self, const struct hold *hold, unsigned int link,
			 int family, unsigned int group, unsigned int source, int wanted)
{
	struct sockaddr_storage g = netns_group(family, group);
	struct sockaddr_storage s = netns_source(family, link, source);
	int r = hold_judge(hold, self->net.ifindex[link], &g, &s);

	tap_expect(&self->tap, r == wanted, "m%u, family %d, group %u, source %u: %d",
		   link, family, group, source, r);
}

static void test_groups(struct state *self)
{
	struct endpoint groups[] = { make_endpoint(AF_INET, 0, 45),
				     make_endpoint(AF_INET, 5, 1),
				     make_endpoint(AF_INET6, 0, 30) };
	struct hold *hold;
	int r = make_hold(self, &hold, groups, 3, MCAST_EXCLUDE, 0, NULL);

	if (!tap_expect(&self->tap, r == 0, "hold_new: %d", r)) {
		tap_end(&self->tap, "more groups than a socket takes are joined");
		return;
	}
	for (unsigned int l = 0; l < NETNS_LINKS; l++) {
		for (unsigned int i = 0; i < 45; i++)
			expect_users(self, l, AF_INET, i, 1);
		for (unsigned int i = 0; i < 30; i++)
			expect_users(self, l, AF_INET6, i, 1);
		expect_judge(self, hold, l, AF_INET, 44, 3, 1);
		expect_judge(self, hold, l, AF_INET, 45, 3, -1);
		expect_judge(self, hold, l, AF_INET6, 29, 3, 1);
	}
	hold = hold_free(hold);
	expect_users(self, 0, AF_INET, 0, 0);
	expect_users(self, 1, AF_INET6, 29, 0);
	tap_end(&self->tap, "more groups than a socket takes are joined, each once, on "
			    "all interfaces, and left");
}

static void fill_sources(int family, struct sockaddr_storage *slist, uint32_t n)
{
	/* Not in order. */
	for (uint32_t i = 0; i < n; i++)
		slist[i] = netns_source(family, 0, n - 1 - i);
}

static void test_sources(struct state *self, int family)
{
	uint32_t n = 2 * raw_await_source_limit(family) + 3;
	struct sockaddr_storage *slist = calloc(n, sizeof(*slist));
	struct endpoint group = make_endpoint(family, 0, 2);
	struct sockaddr_storage address = netns_group(family, 1);
	struct hold *hold;
	int r;

	if (!slist)
		tap_bail_out("no memory");
	fill_sources(family, slist, n);
	r = make_hold(self, &hold, &group, 1, MCAST_INCLUDE, n, slist);
	if (tap_expect(&self->tap, r == 0, "hold_new: %d", r)) {
		for (uint32_t i = 0; i < n; i++) {
			struct netns_users users = netns_get_users(self->net.ifindex[0],
								   &address, &slist[i]);

			tap_expect(&self->tap, users.include == 1, "source %u: %u", i,
				   users.include);
		}
		expect_users(self, 0, family, 1, 3);
		expect_judge(self, hold, 0, family, 1, 0, 1);
		expect_judge(self, hold, 0, family, 1, n, 0);
		hold_free(hold);
	}
	expect_users(self, 0, family, 1, 0);
	free(slist);
	tap_end(&self->tap, "IPv%d: more sources than a filter takes are shared",
		family == AF_INET ? 4 : 6);
}

/* Standard error goes to a file meanwhile; its first line. */
static int refuse(struct state *self, const struct endpoint *group, uint32_t n,
		  const struct sockaddr_storage *slist, char *line, size_t len)
{
	FILE *file = tmpfile();
	int kept = dup(STDERR_FILENO), r;
	struct hold *hold;

	if (!file || kept < 0)
		tap_bail_out("no temporary file");
	dup2(fileno(file), STDERR_FILENO);
	r = make_hold(self, &hold, group, 1, MCAST_EXCLUDE, n, slist);
	dup2(kept, STDERR_FILENO);
	close(kept);
	rewind(file);
	if (!fgets(line, (int)len, file))
		line[0] = '\0';
	fclose(file);
	return r;
}

static void test_refusal(struct state *self)
{
	uint32_t n = raw_await_source_limit(AF_INET) + 1;
	struct sockaddr_storage *slist = calloc(n, sizeof(*slist));
	struct endpoint group = make_endpoint(AF_INET, 0, 3);
	char line[1024], *before = netns_get_memberships(), *after;
	int r;

	if (!slist)
		tap_bail_out("no memory");
	fill_sources(AF_INET, slist, n);
	r = refuse(self, &group, n, slist, line, sizeof(line));
	after = netns_get_memberships();
	tap_expect(&self->tap, r == -ENOBUFS, "%d", r);
	tap_expect(&self->tap, strcmp(before, after) == 0, "something is left");
	tap_expect(&self->tap,
		   strstr(line, "239.9.0.1 on m0: cannot join:") &&
			   strstr(line, "igmp_max_msf") &&
			   strstr(line, "cannot be shared by several sockets"),
		   "it says: %s", line);
	free(before);
	free(after);
	free(slist);
	tap_end(&self->tap, "an exclude list that is too long is refused with the cure, "
			    "and nothing stays joined");
}

/* Bytes that all sockets of this process but the senders have in their queues. */
static uint32_t count_queued(unsigned int *ret_sockets)
{
	uint32_t n = 0;

	*ret_sockets = 0;
	for (int fd = 3; fd < MAX_FD; fd++) {
		uint32_t info[SK_MEMINFO_VARS] = { 0 };
		socklen_t len = sizeof(info);

		if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0)
			continue;
		(*ret_sockets)++;
		n += info[SK_MEMINFO_RMEM_ALLOC] + info[SK_MEMINFO_DROPS];
	}
	return n;
}

static void test_queues(struct state *self)
{
	struct endpoint groups[] = { make_endpoint(AF_INET, 0, 1),
				     make_endpoint(AF_INET6, 0, 1) };
	int listener = traffic_open_receiver(FLAVOUR_IPV4);
	int listener6 = traffic_open_receiver(FLAVOUR_IPV6);
	unsigned int heard, heard6, n_sockets;
	uint32_t n_queued;
	struct hold *hold;

	if (make_hold(self, &hold, groups, 2, MCAST_EXCLUDE, 0, NULL) < 0)
		tap_bail_out("cannot hold");
	for (int i = 0; i < 50; i++) {
		heard = traffic_hear(&self->traffic, listener, 0, &groups[0].group);
		heard6 = traffic_hear(&self->traffic, listener6, 0, &groups[1].group);
	}
	n_queued = count_queued(&n_sockets);
	/* Listeners hear what others joined: so it did come to this host. */
	tap_expect(&self->tap, heard == 0xf && heard6 == 0xf, "heard %x and %x", heard,
		   heard6);
	tap_expect(&self->tap, n_queued == 0, "%u bytes and drops", n_queued);
	tap_expect(&self->tap, n_sockets >= 4, "only %u sockets", n_sockets);
	hold_free(hold);
	close(listener);
	close(listener6);
	tap_end(&self->tap, "the sockets that hold memberships never queue a packet");
}

static void test_renewal(struct state *self, bool is_told)
{
	struct endpoint groups[] = { make_endpoint(AF_INET, 0, 25),
				     make_endpoint(AF_INET6, 0, 2) };
	struct hold *hold;

	if (make_hold(self, &hold, groups, 2, MCAST_EXCLUDE, 0, NULL) < 0)
		tap_bail_out("cannot hold");
	tap_expect(&self->tap, hold_renew(hold, self->net.ifindex[1]) == 0,
		   "not renewed");
	expect_users(self, 1, AF_INET, 24, 1);
	if (is_told)
		hold_drop(hold, self->net.ifindex[1]);
	netns_replace_link(&self->net, 1);
	expect_users(self, 1, AF_INET, 24, 0);
	if (is_told)
		expect_judge(self, hold, 1, AF_INET, 24, 0, -1);
	tap_expect(&self->tap, hold_renew(hold, self->net.ifindex[1]) == 0,
		   "not renewed");
	for (unsigned int i = 0; i < 25; i++)
		expect_users(self, 1, AF_INET, i, 1);
	expect_users(self, 1, AF_INET6, 1, 1);
	expect_users(self, 0, AF_INET, 24, 1);
	expect_judge(self, hold, 1, AF_INET, 24, 0, 1);
	hold_free(hold);
	expect_users(self, 1, AF_INET, 24, 0);
	tap_end(&self->tap, "a new interface with the old index is joined again%s",
		is_told ? "" : ", though nobody said that the old one was gone");
}

static void test_rename(struct state *self)
{
	struct endpoint group = make_endpoint(AF_INET, 0, 2);
	uint32_t before = self->net.ifindex[1], after;
	struct hold *hold;

	if (make_hold(self, &hold, &group, 1, MCAST_EXCLUDE, 0, NULL) < 0)
		tap_bail_out("cannot hold");
	if (netns_ip("link del m1\n"
		     "link add name m1 index 77 type veth peer name m1p\n"
		     "link set m1p up\nlink set m1 up\n") < 0)
		tap_bail_out("cannot replace m1");
	after = 77;
	self->net.ifindex[1] = after;
	tap_expect(&self->tap, hold_renew(hold, after) == 0, "not renewed");
	expect_users(self, 1, AF_INET, 1, 1);
	expect_judge(self, hold, 1, AF_INET, 1, 0, 1);
	self->net.ifindex[1] = before;
	expect_judge(self, hold, 1, AF_INET, 1, 0, -1);
	hold_free(hold);
	tap_end(&self->tap, "a new interface with the old name is joined");
}

int main(void)
{
	struct state self = { 0 };

	netns_init(&self.net);
	for (unsigned int l = 0; l < NETNS_LINKS; l++) {
		self.interfaces[l].ifindex = self.net.ifindex[l];
		snprintf(self.interfaces[l].name, sizeof(self.interfaces[l].name), "m%u",
			 l);
	}
	traffic_init(&self.traffic, &self.net);
	test_groups(&self);
	test_sources(&self, AF_INET);
	test_sources(&self, AF_INET6);
	test_refusal(&self);
	test_queues(&self);
	test_renewal(&self, true);
	test_renewal(&self, false);
	test_rename(&self);
	traffic_fini(&self.traffic);
	return tap_finish(&self.tap);
}
