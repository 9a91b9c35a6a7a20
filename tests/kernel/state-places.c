/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msf_state_scan() and places: network namespaces of every kind, and interfaces
 * that are gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "host.h"
#include "netns.h"
#include "raw.h"
#include "tap.h"

#define LOOPBACK 1u

struct places {
	struct tap tap;
	struct netns net;
	char mount[64]; /* where a namespace is mounted */
};

static int open_receiver(int family, const struct sockaddr_storage *address)
{
	int fd = socket(family, SOCK_DGRAM, 0);

	if (fd < 0 || (address != NULL &&
		       bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0))
		tap_bail_out("socket: %s", strerror(errno));
	return fd;
}

/* A bound one and one that is not, each with a membership. */
static void hold_pair(struct host_report *report, uint32_t ifindex)
{
	struct sockaddr_storage any = { .ss_family = AF_INET };
	struct sockaddr_storage group = netns_group(AF_INET, 0);

	for (int i = 0; i < 2; i++) {
		int fd = open_receiver(AF_INET, i ? &any : NULL);

		if (raw_delta(fd, MSF_JOIN_GROUP, ifindex, &group, NULL) < 0)
			tap_bail_out("cannot join");
		host_report_socket(report, fd);
	}
}

static void enter_new(struct host_report *report)
{
	if (unshare(CLONE_NEWNET) < 0 || netns_ip("link set lo up\n") < 0)
		tap_bail_out("network namespace: %s", strerror(errno));
	report->netns = host_get_netns();
}

static void hold_elsewhere(void *argument, struct host_report *report)
{
	(void)argument;
	enter_new(report);
	hold_pair(report, LOOPBACK);
}

static void *hold_in_thread(void *argument)
{
	struct host_report *report = argument;

	enter_new(report);
	hold_pair(report, LOOPBACK);
	host_tell(report);
	for (;;)
		pause();
	return NULL;
}

static void hold_by_thread(void *argument, struct host_report *report)
{
	pthread_t thread;

	(void)argument;
	if (pthread_create(&thread, NULL, hold_in_thread, report) != 0)
		tap_bail_out("no thread");
	pthread_join(thread, NULL);
}

static void *send_by_thread(void *argument)
{
	struct host_report *report = argument;

	enter_new(report);
	hold_pair(report, LOOPBACK);
	host_send_away(report->socket[0].fd, NULL);
	host_send_away(report->socket[1].fd, NULL);
	host_tell(report);
	for (;;)
		pause();
	return NULL;
}

static void hold_in_flight_by_thread(void *argument, struct host_report *report)
{
	pthread_t thread;

	(void)argument;
	if (pthread_create(&thread, NULL, send_by_thread, report) != 0)
		tap_bail_out("no thread");
	pthread_join(thread, NULL);
}

static void go_back(int home)
{
	if (setns(home, CLONE_NEWNET) < 0)
		tap_bail_out("setns: %s", strerror(errno));
	close(home);
}

/* The process goes home, its sockets stay. */
static void hold_from_home(void *argument, struct host_report *report)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	(void)argument;
	enter_new(report);
	hold_pair(report, LOOPBACK);
	go_back(home);
}

static void hold_mounted(void *argument, struct host_report *report)
{
	const struct places *self = argument;
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	enter_new(report);
	if (mount("/proc/self/ns/net", self->mount, NULL, MS_BIND, NULL) < 0)
		tap_bail_out("%s: %s", self->mount, strerror(errno));
	hold_pair(report, LOOPBACK);
	go_back(home);
}

static void hold_in_flight(void *argument, struct host_report *report)
{
	hold_mounted(argument, report);
	host_send_away(report->socket[0].fd, NULL);
	host_send_away(report->socket[1].fd, NULL);
}

static void expect_pair(struct places *self, const struct host_view *view,
			const struct host_report *report)
{
	for (unsigned int i = 0; i < report->n_sockets; i++) {
		const char *what = i ? "bound" : "unbound";
		const struct host_seen *seen = host_view_find(view,
							      report->socket[i].inode);

		if (!tap_expect(&self->tap, seen != NULL, "the %s socket is not there",
				what))
			continue;
		tap_expect(&self->tap, seen->socket.netns == report->netns,
			   "%s: namespace %lu, not %lu", what,
			   (unsigned long)seen->socket.netns,
			   (unsigned long)report->netns);
		tap_expect(&self->tap,
			   seen->n_memberships == 1 &&
				   seen->memberships[0].ifindex == LOOPBACK &&
				   !strcmp(seen->memberships[0].interface, "lo"),
			   "%s: %u memberships", what, seen->n_memberships);
	}
}

static void expect_none_here(struct places *self, const struct host_report *report)
{
	static const struct msf_scan here = { .flags = MSF_SCAN_HERE | MSF_SCAN_IDLE };
	struct host_view view;
	int r = host_view_init(&view, &here);

	tap_expect(&self->tap, r == 0, "scan: %s", strerror(-r));
	for (unsigned int i = 0; i < report->n_sockets; i++)
		tap_expect(&self->tap,
			   host_view_find(&view, report->socket[i].inode) == NULL,
			   "it is there in spite of MSF_SCAN_HERE");
	host_view_fini(&view);
}

static void test_place(struct places *self, const char *name,
		       void (*hold)(void *, struct host_report *))
{
	struct msf_scan one = { 0 };
	struct host_child child;
	struct host_view view;
	int r;

	host_start(&child, hold, self);
	tap_expect(&self->tap, child.report.netns != host_get_netns(), "it is the same");
	r = host_view_init(&view, NULL);
	tap_expect(&self->tap, r == 0, "scan: %s", strerror(-r));
	expect_pair(self, &view, &child.report);
	tap_expect(&self->tap, view.unseen.namespaces == 0 && view.unseen.sockets == 0,
		   "unseen: %u namespaces, %u sockets", view.unseen.namespaces,
		   view.unseen.sockets);
	host_view_fini(&view);
	expect_none_here(self, &child.report);
	one.pid = child.pid;
	r = host_view_init(&view, &one);
	tap_expect(&self->tap, r == 0, "scan of the process: %s", strerror(-r));
	expect_pair(self, &view, &child.report);
	host_view_fini(&view);
	host_stop(&child);
	umount2(self->mount, MNT_DETACH);
	tap_end(&self->tap, "sockets in a namespace %s are shown, not with MSF_SCAN_HERE",
		name);
}

static void test_in_flight(struct places *self, const char *name,
			   void (*hold)(void *, struct host_report *))
{
	struct host_child child;
	struct host_view view;

	host_start(&child, hold, self);
	host_view_init(&view, NULL);
	tap_expect(&self->tap, view.unseen.sockets == 1, "%u sockets unseen",
		   view.unseen.sockets);
	tap_expect(&self->tap, view.unseen.processes == 0 && view.unseen.namespaces == 0,
		   "more is unseen");
	host_view_fini(&view);
	host_stop(&child);
	host_view_init(&view, NULL);
	tap_expect(&self->tap, view.unseen.sockets == 0, "%u sockets unseen later",
		   view.unseen.sockets);
	host_view_fini(&view);
	umount2(self->mount, MNT_DETACH);
	tap_end(&self->tap, "a socket in a namespace %s that nobody has is counted",
		name);
}

/*
 * Interfaces that are gone
 */

struct gone_plan {
	struct netns *net;
	struct sockaddr_storage group; /* on m1 */
	bool is_bound_to_group;
};

static void hold_on_second(void *argument, struct host_report *report)
{
	const struct gone_plan *plan = argument;
	int family = plan->group.ss_family;
	struct sockaddr_storage other = netns_group(family, 7);
	int fd = open_receiver(family, plan->is_bound_to_group ? &plan->group : NULL);

	if (raw_delta(fd, MSF_JOIN_GROUP, plan->net->ifindex[0], &other, NULL) < 0 ||
	    raw_delta(fd, MSF_JOIN_GROUP, plan->net->ifindex[1], &plan->group, NULL) < 0)
		tap_bail_out("cannot join");
	host_report_socket(report, fd);
}

static void expect_on_second(struct places *self, const struct host_child *child,
			     const char *interface)
{
	struct host_view view;
	const struct host_seen *seen;
	const struct msf_membership *found = NULL;

	host_view_init(&view, NULL);
	seen = host_view_find(&view, child->report.socket[0].inode);
	for (unsigned int i = 0; seen && i < seen->n_memberships; i++)
		if (seen->memberships[i].ifindex == self->net.ifindex[1])
			found = &seen->memberships[i];
	if (interface == NULL)
		tap_expect(&self->tap, seen && !found, "it is known");
	else if (tap_expect(&self->tap, found, "it is not found"))
		tap_expect(&self->tap, !strcmp(found->interface, interface), "on \"%s\"",
			   found->interface);
	tap_expect(&self->tap, seen && seen->n_memberships == 1u + (found != NULL),
		   "%u memberships", seen ? seen->n_memberships : 0);
	host_view_fini(&view);
}

static void start_gone(struct places *self, int family, struct host_child child[3])
{
	struct gone_plan plan[3] = {
		{ &self->net, netns_group(family, 1), false }, /* of another socket */
		{ &self->net, netns_group(family, 2), true },
		{ &self->net, netns_group(family, 3), false }, /* nobody knows */
	};

	raw_delta(open_receiver(family, NULL), MSF_JOIN_GROUP, self->net.ifindex[0],
		  &plan[0].group, NULL);
	for (int i = 0; i < 3; i++) {
		host_start(&child[i], hold_on_second, &plan[i]);
		expect_on_second(self, &child[i], "m1");
	}
}

static void test_gone(struct places *self)
{
	static const char *const names[] = { "IPv4", "IPv6" };
	struct host_child child[2][3];

	start_gone(self, AF_INET, child[0]);
	start_gone(self, AF_INET6, child[1]);
	tap_end(&self->tap, "memberships on two interfaces are shown");
	netns_ip("link del m1\n");
	for (int f = 0; f < 2; f++) {
		expect_on_second(self, &child[f][0], "");
		tap_end(&self->tap,
			"%s: a membership on an interface that is gone is shown without "
			"a name, when the group is known",
			names[f]);
		expect_on_second(self, &child[f][1], "");
		tap_end(&self->tap, "%s: so is that of a socket bound to the group",
			names[f]);
		expect_on_second(self, &child[f][2], NULL);
		tap_end(&self->tap, "%s: a group that nobody else has is not known then",
			names[f]);
	}
	for (int i = 0; i < 3; i++) {
		host_stop(&child[0][i]);
		host_stop(&child[1][i]);
	}
}

static void test_replaced(struct places *self)
{
	struct gone_plan plan = { &self->net, netns_group(AF_INET, 2), true };
	struct host_child child;

	host_start(&child, hold_on_second, &plan);
	netns_replace_link(&self->net, 1);
	expect_on_second(self, &child, "m1");
	tap_expect(&self->tap, netns_get_members(self->net.ifindex[1], &plan.group) == 0,
		   "the interface has joined");
	host_stop(&child);
	tap_end(&self->tap, "a stale membership on an interface that was replaced is "
			    "shown, too");
}

int main(void)
{
	struct places self = { .mount = "/tmp/msf-test-netns-XXXXXX" };

	host_enter();
	netns_init(&self.net);
	host_make_mount_point(self.mount);
	test_place(&self, "of a process", hold_elsewhere);
	test_place(&self, "of a thread", hold_by_thread);
	test_place(&self, "that is mounted", hold_mounted);
	test_place(&self, "that nothing else keeps alive", hold_from_home);
	test_in_flight(&self, "that is mounted", hold_in_flight);
	test_in_flight(&self, "of a thread", hold_in_flight_by_thread);
	test_replaced(&self);
	test_gone(&self);
	unlink(self.mount);
	return tap_finish(&self.tap);
}
