/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The merged state of groups: msf_state_scan_groups() against a merge written down a
 * second time (RFC 3376 3.2), over sockets of several processes, with the sources
 * that Linux leaves out of mcfilter, and for an observer who may not look at all
 * sockets: what he cannot know is unknown, never wrong. With the ASM backend no file
 * of the kernel has the sources.
 */
#include <errno.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"
#include "model.h"
#include "raw.h"
#include "system.h"
#include "tap.h"

#define N_GROUPS  3u
#define N_SOURCES 6u
#define N_ROUNDS  100u
#define N_HOLDERS 3u
#define MAX_FDS   8u

#define DEADLINE_MS 10000

#define MAX_GROUPS 256u
#define TEXT_SIZE  256

struct fixture {
	struct tap tap;
	struct netns net;
	bool is_root; /* of the host: nothing is hidden from it */
	unsigned int seed;
};

/* What one interface should say of one group. */
struct merged {
	unsigned int users;
	bool is_exclude;
	unsigned int include[N_SOURCES];
	unsigned int exclude[N_SOURCES];
};

/* A socket with one filter. */
static int open_member(const struct model_place *place, struct model_filter filter)
{
	return model_open(system_delta, place, filter);
}

static struct model_place get_place(const struct fixture *self, enum flavour flavour,
				    unsigned int link, unsigned int group)
{
	return (struct model_place){ flavour, link, self->net.ifindex[link],
				     netns_group(flavour_get_family(flavour), group) };
}

static void close_anchors(struct fixture *self)
{
	for (int i = 0; i < 2; i++) {
		if (self->net.anchor[i] >= 0)
			close(self->net.anchor[i]);
		self->net.anchor[i] = -1;
	}
}

/* For a child that has what its parent has open now; the anchors are the parent's. */
static void hold_all(void *self, struct host_report *report)
{
	(void)report;
	close_anchors(self);
}

/* And hides that from all who have not CAP_SYS_PTRACE. */
static void hold_hidden(void *self, struct host_report *report)
{
	hold_all(self, report);
	prctl(PR_SET_DUMPABLE, 0);
}

/* All groups; their sources are the state's. */
struct groups {
	struct msf_state *state;
	struct msf_group all[MAX_GROUPS];
	unsigned int n;
};

static void scan_groups(struct groups *ret)
{
	int r = msf_state_scan_groups(&ret->state, NULL);

	if (r < 0)
		tap_bail_out("msf_state_scan_groups(): %s", strerror(-r));
	ret->n = 0;
	while (ret->n < MAX_GROUPS &&
	       msf_state_pop_group(ret->state, &ret->all[ret->n]) == 1)
		ret->n++;
}

static const struct msf_group *find_group(const struct groups *groups,
					  const struct model_place *place)
{
	for (unsigned int i = 0; i < groups->n; i++)
		if (groups->all[i].ifindex == place->ifindex &&
		    memcmp(&groups->all[i].group, &place->group, sizeof(place->group)) ==
			    0)
			return &groups->all[i];
	return NULL;
}

static const char *mode_name(int fmode)
{
	return fmode < 0 ? "unknown" : fmode == MCAST_EXCLUDE ? "EXCLUDE" : "INCLUDE";
}

/* "EXCLUDE 2 users 0:1/0 3:0/1 " */
static void print_group(const struct msf_group *group, unsigned int link,
			char text[TEXT_SIZE])
{
	int n = snprintf(text, TEXT_SIZE, "%s %u users ", mode_name(group->fmode),
			 group->users);

	if (!group->has_sources)
		snprintf(text + n, TEXT_SIZE - n, "sources unknown");
	for (uint32_t i = 0; group->has_sources && i < group->numsrc; i++) {
		unsigned int s = 0;
		struct sockaddr_storage source;

		do
			source = netns_source(group->group.ss_family, link, s);
		while (memcmp(&source, &group->slist[i].address, sizeof(source)) != 0 &&
		       ++s < N_SOURCES);
		n += snprintf(text + n, TEXT_SIZE - n, "%u:%u/%u ", s,
			      group->slist[i].include, group->slist[i].exclude);
	}
}

static void print_merged(const struct merged *merged, char text[TEXT_SIZE])
{
	int n = snprintf(text, TEXT_SIZE, "%s %u users ",
			 mode_name(merged->is_exclude ? MCAST_EXCLUDE : MCAST_INCLUDE),
			 merged->users);

	if (merged->users == 0)
		strcpy(text, "absent");
	for (unsigned int i = 0; i < N_SOURCES; i++)
		if (merged->include[i] || merged->exclude[i])
			n += snprintf(text + n, TEXT_SIZE - n, "%u:%u/%u ", i,
				      merged->include[i], merged->exclude[i]);
}

static void merge(struct merged *merged, struct model_filter filter)
{
	merged->users++;
	merged->is_exclude |= filter.mode == MODEL_EXCLUDE;
	for (unsigned int i = 0; i < N_SOURCES; i++) {
		bool is_in = filter.set >> i & 1;

		merged->include[i] += is_in && filter.mode == MODEL_INCLUDE;
		merged->exclude[i] += is_in && filter.mode == MODEL_EXCLUDE;
	}
}

static void expect_group(struct fixture *self, const struct groups *groups,
			 const struct model_place *place, const char *wanted,
			 const char *when)
{
	const struct msf_group *group = find_group(groups, place);
	char found[TEXT_SIZE] = "absent", name[IF_NAMESIZE];

	if (group != NULL) {
		print_group(group, place->link, found);
		tap_expect(&self->tap,
			   strcmp(group->interface,
				  if_indextoname(place->ifindex, name)) == 0,
			   "%s: index %u is %s", when, place->ifindex, group->interface);
	}
	tap_expect(&self->tap, strcmp(found, wanted) == 0, "%s: %s, not %s", when, found,
		   wanted);
}

/* What was closed may live on for a moment: whoever scans the host just then has a
 * descriptor of it. */
static void await_users(const struct model_place *place, unsigned int n)
{
	long deadline = tap_get_ms() + DEADLINE_MS;

	while (netns_get_members(place->ifindex, &place->group) != n &&
	       tap_get_ms() < deadline)
		sched_yield();
}

/* The same, looked up now. */
static void expect_now(struct fixture *self, const struct model_place *place,
		       const char *wanted, const char *when)
{
	const char *users = strchr(wanted, ' '); /* none when it is absent */
	struct groups groups;

	await_users(place, users ? (unsigned int)strtoul(users, NULL, 10) : 0);
	scan_groups(&groups);
	expect_group(self, &groups, place, wanted, when);
	msf_state_free(groups.state);
}

static bool is_in_order(const struct msf_group *a, const struct msf_group *b)
{
	if (a->ifindex != b->ifindex)
		return a->ifindex < b->ifindex;
	if (a->group.ss_family != b->group.ss_family)
		return a->group.ss_family == AF_INET;
	return memcmp(&a->group, &b->group, sizeof(a->group)) < 0;
}

/* What the kernel joined is EXCLUDE {}. */
static void test_all(struct fixture *self)
{
	struct groups groups;
	struct msf_group end;

	scan_groups(&groups);
	tap_expect(&self->tap, groups.n == netns_count_groups(), "%u groups, not %u",
		   groups.n, netns_count_groups());
	tap_expect(&self->tap, msf_state_pop_group(groups.state, &end) == 0, "no end");
	for (unsigned int i = 0; i < groups.n; i++) {
		const struct msf_group *group = &groups.all[i];
		bool is_anchor = group->ifindex == if_nametoindex("lo") &&
				 group->numsrc == 1;
		char text[TEXT_SIZE];

		print_group(group, 0, text);
		tap_expect(&self->tap,
			   group->users ==
				   netns_get_members(group->ifindex, &group->group),
			   "index %u: %s", group->ifindex, text);
		tap_expect(&self->tap, is_anchor || strncmp(text, "EXCLUDE", 7) == 0,
			   "index %u, of the kernel: %s", group->ifindex, text);
		tap_expect(&self->tap,
			   is_anchor || (group->has_sources && group->numsrc == 0),
			   "index %u, of the kernel: %s", group->ifindex, text);
		tap_expect(&self->tap, i == 0 || is_in_order(&groups.all[i - 1], group),
			   "number %u, index %u", i, group->ifindex);
	}
	msf_state_free(groups.state);
	tap_end(&self->tap, "every group of /proc is there once, in order");
}

/* As netns.c does: mcfilter is whole then. */
static void open_anchors(struct fixture *self)
{
	for (int i = 0; i < 2; i++) {
		struct model_place lo = { i ? FLAVOUR_IPV6 : FLAVOUR_IPV4, 0,
					  if_nametoindex("lo"),
					  netns_parse(i ? "ff15::ff" : "239.255.0.1") };

		if (self->net.anchor[i] < 0)
			self->net.anchor[i] = open_member(
				&lo, (struct model_filter){ MODEL_INCLUDE, 1 });
	}
}

/* Small cases, hidden in mcfilter and not; every flavour. */
static void test_modes(struct fixture *self, enum flavour flavour)
{
	static const struct {
		struct model_filter filters[3];
		const char *merged;
	} rows[] = {
		{ { { MODEL_INCLUDE, 5 } }, "INCLUDE 1 users 0:1/0 2:1/0 " },
		{ { { MODEL_EXCLUDE, 0 } }, "EXCLUDE 1 users " },
		{ { { MODEL_EXCLUDE, 2 } }, "EXCLUDE 1 users 1:0/1 " },
		{ { { MODEL_INCLUDE, 1 }, { MODEL_INCLUDE, 3 } },
		  "INCLUDE 2 users 0:2/0 1:1/0 " },
		{ { { MODEL_INCLUDE, 3 }, { MODEL_EXCLUDE, 0 } },
		  "EXCLUDE 2 users 0:1/0 1:1/0 " },
		{ { { MODEL_INCLUDE, 1 }, { MODEL_EXCLUDE, 0 } },
		  "EXCLUDE 2 users 0:1/0 " },
		{ { { MODEL_EXCLUDE, 6 }, { MODEL_EXCLUDE, 2 }, { MODEL_INCLUDE, 4 } },
		  "EXCLUDE 3 users 1:0/2 2:1/1 " },
	};
	struct model_place place = get_place(self, flavour, 0, 0);

	for (int is_hidden = 0; is_hidden < 2; is_hidden++) {
		if (is_hidden)
			close_anchors(self);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct model_place late = get_place(self, flavour, 0, 9);
			int fd[3] = { -1, -1, -1 }, newest;

			for (int j = 0; j < 3; j++)
				if (rows[i].filters[j].mode != MODEL_NONE)
					fd[j] = open_member(&place, rows[i].filters[j]);
			/* a newest group without sources hides those before it */
			newest = open_member(&late,
					     (struct model_filter){ MODEL_EXCLUDE, 0 });
			tap_expect(&self->tap,
				   system_is_asm() ||
					   (netns_count_sources(place.ifindex,
								&place.group) == 0) ==
						   is_hidden ||
					   strchr(rows[i].merged, ':') == NULL,
				   "row %zu: mcfilter shows what it should not", i);
			expect_now(self, &place, rows[i].merged,
				   is_hidden ? "hidden" : "listed");
			for (int j = 0; j < 3; j++)
				if (fd[j] >= 0)
					close(fd[j]);
			close(newest);
		}
	}
	open_anchors(self);
	tap_end(&self->tap, "%s: modes and counts, in mcfilter and left out of it",
		flavour_name(flavour));
}

static unsigned int draw(struct fixture *self, unsigned int n)
{
	self->seed = self->seed * 1103515245u + 12345u;
	return (self->seed >> 16) % n;
}

static struct model_filter draw_filter(struct fixture *self)
{
	struct model_filter filter = { MODEL_EXCLUDE, draw(self, 1u << N_SOURCES) };

	if (draw(self, 2) && filter.set != 0)
		filter.mode = MODEL_INCLUDE;
	if (filter.mode == MODEL_EXCLUDE && draw(self, 2))
		filter.set = 0;
	return filter;
}

struct round {
	struct merged merged[2][NETNS_LINKS][N_GROUPS]; /* [1]: IPv6 */
	int fd[MAX_FDS];
	unsigned int n_fds;
};

/* Some more sockets of this process, and their filters put into the merge. */
static void draw_members(struct fixture *self, struct round *round)
{
	round->n_fds = draw(self, MAX_FDS);
	for (unsigned int i = 0; i < round->n_fds; i++) {
		enum flavour flavour = draw(self, N_FLAVOURS);
		unsigned int link = draw(self, NETNS_LINKS), group = draw(self, N_GROUPS);
		struct model_place place = get_place(self, flavour, link, group);
		struct model_filter filter = draw_filter(self);
		model_delta *delta;

		/* with the ASM backend some by the kernel all the same */
		delta = draw(self, 2) && !system_is_old() ? raw_delta : system_delta;
		round->fd[i] = model_open(delta, &place, filter);
		merge(&round->merged[flavour == FLAVOUR_IPV6][link][group], filter);
	}
}

static void close_round(struct round *round)
{
	while (round->n_fds > 0)
		close(round->fd[--round->n_fds]);
}

static void await_round(const struct fixture *self, const struct round *round)
{
	for (unsigned int i = 0; i < 2 * NETNS_LINKS * N_GROUPS; i++) {
		unsigned int is_ipv6 = i % 2, l = i / 2 % NETNS_LINKS;
		unsigned int g = i / 2 / NETNS_LINKS;
		struct model_place place =
			get_place(self, is_ipv6 ? FLAVOUR_IPV6 : FLAVOUR_IPV4, l, g);

		await_users(&place, round->merged[is_ipv6][l][g].users);
	}
}

static void compare_round(struct fixture *self, struct round *round, unsigned int n)
{
	struct groups groups;
	char when[32], wanted[TEXT_SIZE];

	snprintf(when, sizeof(when), "round %u", n);
	await_round(self, round);
	scan_groups(&groups);
	for (unsigned int i = 0; i < 2 * NETNS_LINKS * N_GROUPS; i++) {
		unsigned int is_ipv6 = i % 2, l = i / 2 % NETNS_LINKS;
		unsigned int g = i / 2 / NETNS_LINKS;
		struct model_place place =
			get_place(self, is_ipv6 ? FLAVOUR_IPV6 : FLAVOUR_IPV4, l, g);

		print_merged(&round->merged[is_ipv6][l][g], wanted);
		expect_group(self, &groups, &place, wanted, when);
	}
	msf_state_free(groups.state);
}

/*
 * Random filters on sockets of four processes: the two files of Linux and the
 * sockets must come to what RFC 3376 3.2 says of the filters.
 */
static void test_random(struct fixture *self)
{
	for (unsigned int n = 0; n < N_ROUNDS && self->tap.n_surprises == 0; n++) {
		struct round round = { 0 };
		struct host_child holder[N_HOLDERS];

		if (draw(self, 2))
			close_anchors(self);
		for (unsigned int h = 0; h <= N_HOLDERS; h++) {
			draw_members(self, &round);
			if (h < N_HOLDERS) {
				host_start(&holder[h], hold_all, self);
				close_round(&round);
			}
		}
		compare_round(self, &round, n);
		close_round(&round);
		for (unsigned int h = 0; h < N_HOLDERS; h++)
			host_stop(&holder[h]);
		open_anchors(self);
	}
	tap_end(&self->tap,
		"%u random states of four processes are merged as RFC 3376 "
		"3.2 says (seed 1)",
		N_ROUNDS);
}

/* Without any capability: from here on all processes but this one are hidden. */
static void become_nobody(void)
{
	struct __user_cap_header_struct header = { .version =
							   _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	if (syscall(SYS_capset, &header, none) < 0)
		tap_bail_out("cannot drop capabilities: %s", strerror(errno));
}

/* Runs the expectations in a process that sees its own sockets only. */
static void observe(struct fixture *self, void (*look)(struct fixture *, void *),
		    void *what)
{
	pid_t pid = fork();
	int status = -1;

	if (pid < 0)
		tap_bail_out("cannot make a process: %s", strerror(errno));
	if (pid == 0) {
		self->tap.n_surprises = 0;
		become_nobody();
		look(self, what);
		_exit(self->tap.n_surprises > 0);
	}
	waitpid(pid, &status, 0);
	tap_expect(&self->tap, status == 0, "the observer ends with status 0x%x", status);
}

struct view {
	struct model_place place;
	const char *wanted;
	const char *when;
};

static void look_at_view(struct fixture *self, void *what)
{
	const struct view *view = what;

	expect_now(self, &view->place, view->wanted, view->when);
}

/* Who may not look at the sockets knows what follows from the counts alone. */
static void test_hidden_holders(struct fixture *self, enum flavour flavour)
{
	static const struct {
		struct model_filter filters[2], own;
		const char *listed, *left_out;
	} rows[] = {
		{ { { MODEL_INCLUDE, 1 } },
		  { 0 },
		  "INCLUDE 1 users 0:1/0 ",
		  "unknown 1 users sources unknown" },
		{ { { MODEL_EXCLUDE, 0 } },
		  { 0 },
		  "EXCLUDE 1 users ",
		  "unknown 1 users sources unknown" },
		{ { { MODEL_INCLUDE, 1 }, { MODEL_EXCLUDE, 0 } },
		  { 0 },
		  "EXCLUDE 2 users 0:1/0 ",
		  "unknown 2 users sources unknown" },
		{ { { MODEL_INCLUDE, 1 }, { MODEL_INCLUDE, 1 } },
		  { 0 },
		  "unknown 2 users 0:2/0 ",
		  "unknown 2 users sources unknown" },
		{ { { MODEL_INCLUDE, 3 }, { MODEL_EXCLUDE, 0 } },
		  { 0 },
		  "unknown 2 users 0:1/0 1:1/0 ",
		  "unknown 2 users sources unknown" },
		{ { { MODEL_INCLUDE, 3 }, { MODEL_EXCLUDE, 4 } },
		  { 0 },
		  "EXCLUDE 2 users 0:1/0 1:1/0 2:0/1 ",
		  "unknown 2 users sources unknown" },
		{ { { MODEL_INCLUDE, 3 } },
		  { MODEL_EXCLUDE, 0 },
		  "EXCLUDE 2 users 0:1/0 1:1/0 ",
		  "EXCLUDE 2 users sources unknown" },
		{ { { MODEL_INCLUDE, 3 } },
		  { MODEL_INCLUDE, 2 },
		  "unknown 2 users 0:1/0 1:2/0 ",
		  "unknown 2 users sources unknown" },
		{ { { 0 } },
		  { MODEL_INCLUDE, 6 },
		  "INCLUDE 1 users 1:1/0 2:1/0 ",
		  "INCLUDE 1 users 1:1/0 2:1/0 " },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view view = { get_place(self, flavour, 0, 0),
				     system_is_asm() ? rows[i].left_out : rows[i].listed,
				     "listed" };
		struct model_place late = get_place(self, flavour, 0, 9);
		int fd[2] = { -1, -1 }, own = -1, newest;
		struct host_child holder;

		for (int j = 0; j < 2; j++)
			if (rows[i].filters[j].mode != MODEL_NONE)
				fd[j] = open_member(&view.place, rows[i].filters[j]);
		host_start(&holder, hold_hidden, self);
		for (int j = 0; j < 2; j++)
			if (fd[j] >= 0)
				close(fd[j]);
		if (rows[i].own.mode != MODEL_NONE)
			own = open_member(&view.place, rows[i].own);
		newest = open_member(&late, (struct model_filter){ MODEL_EXCLUDE, 0 });
		observe(self, look_at_view, &view);
		close_anchors(self);
		view.wanted = rows[i].left_out;
		view.when = "left out";
		observe(self, look_at_view, &view);
		open_anchors(self);
		close(newest);
		if (own >= 0)
			close(own);
		host_stop(&holder);
	}
	tap_end(&self->tap, "%s: what follows from the counts is told, the rest unknown",
		flavour_name(flavour));
}

/* The kernel's own join beside those of sockets: it is known without looking. */
static void test_kernel(struct fixture *self, enum flavour flavour)
{
	bool is_ipv6 = flavour == FLAVOUR_IPV6;
	struct model_place place = { flavour, 0, self->net.ifindex[0],
				     netns_parse(is_ipv6 ? "ff02::1" : "224.0.0.1") };
	struct model_place late = get_place(self, flavour, 0, 9);
	struct view view = { place, "EXCLUDE 1 users ", "alone" };
	int newest = open_member(&late, (struct model_filter){ MODEL_EXCLUDE, 0 }), fd;

	close_anchors(self);
	observe(self, look_at_view, &view);
	open_anchors(self);
	fd = open_member(&place, (struct model_filter){ MODEL_INCLUDE, 3 });
	view.wanted = "EXCLUDE 2 users 0:1/0 1:1/0 ";
	for (int is_left_out = 0; is_left_out < 2; is_left_out++) {
		view.when = is_left_out ? "left out" : "listed";
		observe(self, look_at_view, &view);
		if (!is_left_out)
			close_anchors(self);
	}
	open_anchors(self);
	close(newest);
	close(fd);
	tap_end(&self->tap, "%s: what the kernel itself joined counts as EXCLUDE {}",
		flavour_name(flavour));
}

/* On an interface that is down the kernel has not joined 224.0.0.1. */
static void test_down(struct fixture *self)
{
	struct model_place place = { FLAVOUR_IPV4, 0, 9000, netns_parse("224.0.0.1") };
	struct model_place late = { FLAVOUR_IPV4, 0, 9000, netns_group(AF_INET, 9) };
	struct view view = { place, "unknown 1 users sources unknown", "hidden" };
	struct host_child holder;
	int fd, newest;

	if (netns_ip("link add name z9 index 9000 type veth peer name z9p index 9001\n") <
	    0)
		tap_bail_out("cannot make a link");
	fd = open_member(&place, (struct model_filter){ MODEL_INCLUDE, 1 });
	newest = open_member(&late, (struct model_filter){ MODEL_EXCLUDE, 0 });
	close_anchors(self);
	expect_now(self, &place, "INCLUDE 1 users 0:1/0 ", "seen");
	host_start(&holder, hold_hidden, self);
	close(fd);
	observe(self, look_at_view, &view);
	host_stop(&holder);
	open_anchors(self);
	close(newest);
	netns_ip("link del z9\n");
	tap_end(&self->tap,
		"on an interface that is down 224.0.0.1 is joined by sockets");
}

/* A socket that is not bound is in no list of the kernel: nobody but its hidden
 * holder knows of it. */
static void test_unlisted(struct fixture *self, enum flavour flavour)
{
	struct model_place place = get_place(self, flavour, 0, 0);
	struct model_place late = get_place(self, flavour, 0, 9);
	struct sockaddr_storage source = netns_source(place.group.ss_family, 0, 0);
	struct view view = { place, "unknown 1 users sources unknown", "unbound" };
	int fd = socket(flavour_get_domain(flavour), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int newest;
	struct host_child holder;

	if (fd < 0 ||
	    system_delta(fd, MSF_JOIN_SOURCE, place.ifindex, &place.group, &source) < 0)
		tap_bail_out("cannot join without an address");
	host_start(&holder, hold_hidden, self);
	close(fd);
	newest = open_member(&late, (struct model_filter){ MODEL_EXCLUDE, 0 });
	close_anchors(self);
	observe(self, look_at_view, &view);
	if (self->is_root)
		expect_now(self, &place, "INCLUDE 1 users 0:1/0 ", "with all rights");
	open_anchors(self);
	close(newest);
	host_stop(&holder);
	tap_end(&self->tap,
		"%s: an unbound socket of a hidden process is not passed over",
		flavour_name(flavour));
}

/* mcfilter has interfaces in the order in which they were made. */
static void test_order(struct fixture *self, enum flavour flavour)
{
	struct model_place first = get_place(self, flavour, 0, 0);
	struct model_place second = first, late = first;
	struct view view;
	int fd[4];
	struct host_child holder;

	if (netns_ip("link add name z9 index 9000 type veth peer name z9p index 9001\n"
		     "link add name z8 index 800 type veth peer name z8p index 801\n") <
	    0)
		tap_bail_out("cannot make links");
	second.ifindex = 9000;
	late.ifindex = 800;
	fd[0] = open_member(&first, (struct model_filter){ MODEL_INCLUDE, 1 });
	fd[1] = open_member(&late, (struct model_filter){ MODEL_INCLUDE, 2 });
	host_start(&holder, hold_hidden, self);
	close(fd[0]);
	close(fd[1]);
	fd[2] = open_member(&second, (struct model_filter){ MODEL_INCLUDE, 4 });
	late.group = first.group = netns_group(flavour_get_family(flavour), 9);
	fd[0] = open_member(&first, (struct model_filter){ MODEL_EXCLUDE, 0 });
	fd[1] = open_member(&late, (struct model_filter){ MODEL_EXCLUDE, 0 });
	late.group = first.group = second.group;
	close_anchors(self);
	view = (struct view){ late, "INCLUDE 1 users 1:1/0 ", "made later" };
	observe(self, look_at_view, &view);
	view = (struct view){ first, "unknown 1 users sources unknown", "made before" };
	observe(self, look_at_view, &view);
	open_anchors(self);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	host_stop(&holder);
	netns_ip("link del z9\nlink del z8\n");
	tap_end(&self->tap,
		"%s: of interfaces made after the first that is shown nothing is missing",
		flavour_name(flavour));
}

/* Right, or unknown: never wrong. */
static void look_at_round(struct fixture *self, void *what)
{
	struct round *round = what;
	struct groups groups;

	scan_groups(&groups);
	for (unsigned int i = 0; i < 2 * NETNS_LINKS * N_GROUPS; i++) {
		unsigned int is_ipv6 = i % 2, l = i / 2 % NETNS_LINKS;
		unsigned int g = i / 2 / NETNS_LINKS;
		struct model_place place =
			get_place(self, is_ipv6 ? FLAVOUR_IPV6 : FLAVOUR_IPV4, l, g);
		const struct msf_group *found = find_group(&groups, &place);
		char text[TEXT_SIZE] = "absent", wanted[TEXT_SIZE];
		struct msf_group whole;
		bool is_known = found != NULL && found->has_sources;

		print_merged(&round->merged[is_ipv6][l][g], wanted);
		if (found != NULL) {
			whole = *found;
			if (whole.fmode < 0)
				whole.fmode = *wanted == 'E' ? MCAST_EXCLUDE
							     : MCAST_INCLUDE;
			print_group(&whole, l, text);
		}
		/* the mode, and the number of users */
		tap_expect(&self->tap,
			   is_known || found == NULL
				   ? strcmp(text, wanted) == 0
				   : strncmp(text, wanted, strlen("EXCLUDE 1 users")) ==
					     0,
			   "%s, not %s", text, wanted);
	}
	msf_state_free(groups.state);
}

static void test_random_hidden(struct fixture *self)
{
	for (unsigned int n = 0; n < N_ROUNDS && self->tap.n_surprises == 0; n++) {
		struct round round = { 0 };
		struct host_child holder;

		if (draw(self, 2))
			close_anchors(self);
		draw_members(self, &round);
		host_start(&holder, hold_hidden, self);
		close_round(&round);
		draw_members(self, &round);
		await_round(self, &round);
		observe(self, look_at_round, &round);
		close_round(&round);
		host_stop(&holder);
		open_anchors(self);
	}
	tap_end(&self->tap, "%u random states of which half is hidden: right or unknown",
		N_ROUNDS);
}

static void test_free(struct fixture *self)
{
	struct msf_unseen unseen;
	struct msf_group group;
	struct msf_state *state;
	int fd = traffic_open_receiver(FLAVOUR_IPV4);

	if (msf_state_new(&state, NULL, fd) < 0)
		tap_bail_out("msf_state_new()");
	tap_expect(&self->tap, msf_state_pop_group(state, &group) == 0,
		   "the state of a socket has groups");
	msf_state_get_unseen(state, &unseen);
	msf_state_free(state);
	if (msf_state_scan_groups(&state, NULL) < 0)
		tap_bail_out("msf_state_scan_groups()");
	tap_expect(&self->tap,
		   msf_state_pop_membership(state, &(struct msf_membership){ 0 }) == 0 &&
			   msf_state_pop_socket(state, &(struct msf_socket){ 0 }) == 0,
		   "the state of groups has sockets");
	tap_expect(&self->tap, msf_state_free(state) == NULL, "free is not NULL");
	close(fd);
	tap_end(&self->tap, "a state of groups has groups only, others have none");
}

int main(void)
{
	struct fixture self = { .seed = 1, .is_root = geteuid() == 0 };

	netns_init(&self.net);
	system_init();
	netns_set_sysctl("net/ipv4/igmp_max_msf", 64);
	test_all(&self);
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		test_modes(&self, flavour);
		test_kernel(&self, flavour);
		test_unlisted(&self, flavour);
		if (!system_is_asm())
			test_order(&self, flavour);
		test_hidden_holders(&self, flavour);
	}
	test_down(&self);
	test_random(&self);
	test_random_hidden(&self);
	test_free(&self);
	return tap_finish(&self.tap);
}
