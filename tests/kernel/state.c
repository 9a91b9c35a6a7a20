/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msf_state_scan(): every kind of socket with what it holds, and everyone who holds
 * it; what is asked for, and what is left alone.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host.h"
#include "netns.h"
#include "raw.h"
#include "tap.h"

#define N_IDLE      300
#define FEW_FILES   16
#define NO_SUCH_PID 4194000

struct state {
	struct tap tap;
	struct netns net;
};

/* An interposed function gets no argument of ours: the count must be reachable. */
static struct {
	unsigned int n_fetched; /* descriptors taken from other processes */
	unsigned int n_asked;   /* for a membership */
	int changed_fd;         /* when it is fetched it becomes the other one first */
	int other_fd;
	int closed_fds[2]; /* at the first fetch */
} calls;

/* What happens on the host between the walk through /proc and the fetch of fd. */
static void meddle(int fd)
{
	calls.n_fetched++;
	if (calls.changed_fd && fd == calls.changed_fd)
		dup2(calls.other_fd, calls.changed_fd);
	for (int i = 0; i < 2; i++) {
		if (calls.closed_fds[i])
			close(calls.closed_fds[i]);
		calls.closed_fds[i] = 0;
	}
}

/* The library's system calls without a wrapper in libc pass here. */
long syscall(long number, ...)
{
	long (*next)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	long a[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_pidfd_getfd)
		meddle((int)a[1]);
	return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int getsockopt(int fd, int level, int optname, void *restrict optval,
	       socklen_t *restrict optlen)
{
	calls.n_asked += (level == IPPROTO_IP || level == IPPROTO_IPV6) &&
			 optname == MCAST_MSFILTER;
	return syscall(SYS_getsockopt, fd, level, optname, optval, optlen);
}

/*
 * Kinds of sockets
 */

struct kind {
	const char *name;
	int family; /* of the socket */
	int type;
	int protocol;
	const char *group;
	const char *source; /* NULL: joined for all */
	bool is_blocked;    /* the source is */
	bool is_bound;
	int multicast_all; /* as it is made */
	int multicast_all6;
};

static const struct kind kinds[] = {
	{ "UDP, joined for all", AF_INET, SOCK_DGRAM, IPPROTO_UDP, "239.9.0.1", NULL,
	  false, true, 1, -1 },
	{ "UDP, a source joined", AF_INET, SOCK_DGRAM, IPPROTO_UDP, "232.9.0.1",
	  "10.9.0.1", false, true, 1, -1 },
	{ "UDP, a source blocked", AF_INET, SOCK_DGRAM, IPPROTO_UDP, "239.9.0.1",
	  "10.9.0.1", true, true, 1, -1 },
	{ "UDP that is not bound", AF_INET, SOCK_DGRAM, IPPROTO_UDP, "239.9.0.2", NULL,
	  false, false, 1, -1 },
	{ "UDP, IPv6, joined for all", AF_INET6, SOCK_DGRAM, IPPROTO_UDP, "ff15::9:1",
	  NULL, false, true, 0, 1 },
	{ "UDP, IPv6, a source joined", AF_INET6, SOCK_DGRAM, IPPROTO_UDP, "ff35::9:1",
	  "fd09::1", false, true, 0, 1 },
	{ "UDP, IPv6, a source blocked", AF_INET6, SOCK_DGRAM, IPPROTO_UDP, "ff15::9:1",
	  "fd09::1", true, true, 0, 1 },
	{ "UDP, IPv6, not bound", AF_INET6, SOCK_DGRAM, IPPROTO_UDP, "ff15::9:2", NULL,
	  false, false, 0, 1 },
	{ "UDP, IPv4 on IPv6", AF_INET6, SOCK_DGRAM, IPPROTO_UDP, "239.9.0.3", NULL,
	  false, true, 0, 1 },
	{ "UDP, IPv4 on IPv6, a source", AF_INET6, SOCK_DGRAM, IPPROTO_UDP, "232.9.0.3",
	  "10.9.0.2", false, true, 0, 1 },
	{ "UDP-Lite", AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE, "239.9.0.4", NULL, false,
	  true, 1, -1 },
	{ "UDP-Lite, IPv6, not bound", AF_INET6, SOCK_DGRAM, IPPROTO_UDPLITE, "ff15::9:4",
	  NULL, false, false, 0, 1 },
	{ "raw", AF_INET, SOCK_RAW, IPPROTO_UDP, "239.9.0.5", "10.9.0.3", true, false, 1,
	  -1 },
	{ "raw, IPv6", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, "ff15::9:5", NULL, false,
	  false, -1, 1 },
	{ "ping, bound", AF_INET, SOCK_DGRAM, IPPROTO_ICMP, "239.9.0.6", NULL, false,
	  true, 1, -1 },
	{ "ping, not bound", AF_INET, SOCK_DGRAM, IPPROTO_ICMP, "239.9.0.7", "10.9.0.4",
	  false, false, 1, -1 },
	{ "ping, IPv6", AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6, "ff15::9:6", NULL, false,
	  true, 0, 1 },
};

static int open_kind(const struct kind *kind, uint32_t ifindex)
{
	struct sockaddr_storage any = { .ss_family = (sa_family_t)kind->family };
	struct sockaddr_storage group = netns_parse(kind->group), source;
	int fd = socket(kind->family, kind->type, kind->protocol), r;

	if (fd < 0)
		tap_bail_out("%s: %s", kind->name, strerror(errno));
	if (kind->is_bound && bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		tap_bail_out("%s: bind: %s", kind->name, strerror(errno));
	if (kind->source != NULL)
		source = netns_parse(kind->source);
	if (kind->source == NULL || kind->is_blocked)
		r = raw_delta(fd, MSF_JOIN_GROUP, ifindex, &group, NULL);
	else
		r = raw_delta(fd, MSF_JOIN_SOURCE, ifindex, &group, &source);
	if (r == 0 && kind->is_blocked)
		r = raw_delta(fd, MSF_BLOCK_SOURCE, ifindex, &group, &source);
	if (r < 0)
		tap_bail_out("%s: join: %s", kind->name, strerror(-r));
	return fd;
}

static bool is_same_address(const struct sockaddr_storage *got, const char *text)
{
	struct sockaddr_storage wanted = netns_parse(text);

	return memcmp(got, &wanted, sizeof(wanted)) == 0;
}

struct holding {
	const struct kind *kind;
	uint32_t ifindex;
};

static void hold_kind(void *argument, struct host_report *report)
{
	const struct holding *holding = argument;

	prctl(PR_SET_NAME, "holder");
	host_report_socket(report, open_kind(holding->kind, holding->ifindex));
}

static void expect_socket(struct state *self, const struct kind *kind,
			  const struct host_child *child, const struct msf_socket *socket)
{
	char holders[64], wanted[64];

	snprintf(wanted, sizeof(wanted), "%d/%d", child->pid, child->report.socket[0].fd);
	tap_expect(&self->tap,
		   socket->family == kind->family && socket->type == kind->type &&
			   socket->protocol == kind->protocol,
		   "family %d, type %d, protocol %d", socket->family, socket->type,
		   socket->protocol);
	tap_expect(&self->tap, socket->netns == child->report.netns, "namespace %lu",
		   (unsigned long)socket->netns);
	tap_expect(&self->tap, socket->address.ss_family == kind->family,
		   "an address of family %d", socket->address.ss_family);
	tap_expect(&self->tap,
		   ((const struct sockaddr_in *)&socket->address)->sin_port ==
			   child->report.socket[0].port,
		   "another port");
	tap_expect(&self->tap,
		   socket->multicast_all == kind->multicast_all &&
			   socket->multicast_all6 == kind->multicast_all6,
		   "IP_MULTICAST_ALL %d, IPV6_MULTICAST_ALL %d", socket->multicast_all,
		   socket->multicast_all6);
	tap_expect(&self->tap, socket->drops == 0, "%ld drops", (long)socket->drops);
	tap_expect(&self->tap, socket->backend == MSF_BACKEND_KERNEL, "backend %d",
		   socket->backend);
	host_print_holders(socket, holders, sizeof(holders));
	tap_expect(&self->tap, strcmp(holders, wanted) == 0, "held by %s, not %s",
		   holders, wanted);
	tap_expect(&self->tap,
		   socket->n_holders && !strcmp(socket->holders[0].command, "holder"),
		   "another command");
}

static void expect_membership(struct state *self, const struct kind *kind,
			      const struct host_seen *seen)
{
	const struct msf_membership *m = seen->memberships;
	bool is_include = kind->source != NULL && !kind->is_blocked;

	if (!tap_expect(&self->tap, seen->n_memberships == 1, "%u memberships",
			seen->n_memberships))
		return;
	tap_expect(&self->tap, is_same_address(&m->group, kind->group), "another group");
	tap_expect(&self->tap,
		   m->ifindex == self->net.ifindex[0] && strcmp(m->interface, "m0") == 0,
		   "interface %u, \"%s\"", m->ifindex, m->interface);
	tap_expect(&self->tap, m->fmode == (is_include ? MCAST_INCLUDE : MCAST_EXCLUDE),
		   "mode %u", m->fmode);
	tap_expect(&self->tap, m->numsrc == (kind->source != NULL), "%u sources",
		   m->numsrc);
	if (kind->source != NULL && m->numsrc == 1)
		tap_expect(&self->tap, is_same_address(m->slist, kind->source),
			   "another source");
}

static void test_kind(struct state *self, const struct kind *kind)
{
	struct holding holding = { kind, self->net.ifindex[0] };
	const struct host_seen *seen;
	struct host_child child;
	struct host_view view;
	int r;

	host_start(&child, hold_kind, &holding);
	r = host_view_init(&view, NULL);
	tap_expect(&self->tap, r == 0, "scan: %s", strerror(-r));
	seen = host_view_find(&view, child.report.socket[0].inode);
	if (tap_expect(&self->tap, seen != NULL, "the socket is not there")) {
		expect_socket(self, kind, &child, &seen->socket);
		expect_membership(self, kind, seen);
	}
	tap_expect(&self->tap,
		   view.unseen.processes + view.unseen.sockets + view.unseen.namespaces ==
			   0,
		   "unseen: %u processes, %u sockets, %u namespaces",
		   view.unseen.processes, view.unseen.sockets, view.unseen.namespaces);
	host_view_fini(&view);
	host_stop(&child);
	tap_end(&self->tap, "a scan shows what another process holds: %s", kind->name);
}

/*
 * Many memberships
 */

static void hold_many(void *argument, struct host_report *report)
{
	const struct netns *net = argument;
	struct sockaddr_storage list[3], group = netns_group(AF_INET, 0);
	int fd = open_kind(&kinds[0], net->ifindex[0]);

	for (unsigned int i = 0; i < 3; i++)
		list[i] = netns_source(AF_INET, 0, 2 - i);
	list[2] = list[1]; /* the kernel keeps it twice */
	raw_set_filter(fd, net->ifindex[0], &group, MCAST_INCLUDE, 3, list);
	for (unsigned int i = 1; i < 5; i++) {
		group = netns_group(AF_INET, i);
		raw_delta(fd, MSF_JOIN_GROUP, net->ifindex[i % 2], &group, NULL);
	}
	/* a leftover INCLUDE {}, which is none */
	raw_delta(fd, MSF_LEAVE_SOURCE, net->ifindex[1], &group, &list[0]);
	group = netns_group(AF_INET, 3);
	raw_delta(fd, MSF_LEAVE_SOURCE, net->ifindex[1], &group, &list[0]);
	host_report_socket(report, fd);
}

static void test_many(struct state *self)
{
	struct host_child child;
	struct host_view view;
	const struct host_seen *seen;

	host_start(&child, hold_many, &self->net);
	host_view_init(&view, NULL);
	seen = host_view_find(&view, child.report.socket[0].inode);
	tap_expect(&self->tap, seen && seen->n_memberships == 4, "%u memberships",
		   seen ? seen->n_memberships : 0);
	for (unsigned int i = 0; seen && i < seen->n_memberships; i++) {
		const struct msf_membership *m = &seen->memberships[i];

		if (m->numsrc == 0)
			continue;
		tap_expect(&self->tap, m->numsrc == 2 && m->fmode == MCAST_INCLUDE,
			   "%u sources", m->numsrc);
		tap_expect(&self->tap,
			   is_same_address(&m->slist[0], "10.9.0.2") &&
				   is_same_address(&m->slist[1], "10.9.0.3"),
			   "the sources are not in ascending order, each once");
	}
	host_view_fini(&view);
	host_stop(&child);
	tap_end(&self->tap, "sources come in ascending order, a leftover INCLUDE {} is "
			    "no membership");
}

/*
 * Holders
 */

static void hold_and_fork(void *argument, struct host_report *report)
{
	int fd = open_kind(&kinds[0], *(uint32_t *)argument);

	dup2(fd, 90);
	host_report_socket(report, fd);
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "heir");
		close(fd);
		report->tid = getpid();
		host_tell(report);
		for (;;)
			pause();
	}
	/* the heir tells */
	for (;;)
		pause();
}

static void test_holders(struct state *self)
{
	char holders[64] = "", wanted[64];
	struct host_child child;
	struct host_view view;
	const struct host_seen *seen;

	host_start(&child, hold_and_fork, &self->net.ifindex[0]);
	host_view_init(&view, NULL);
	seen = host_view_find(&view, child.report.socket[0].inode);
	snprintf(wanted, sizeof(wanted), "%d/%d %d/90 %d/90", child.pid,
		 child.report.socket[0].fd, child.pid, child.report.tid);
	if (seen != NULL)
		host_print_holders(&seen->socket, holders, sizeof(holders));
	if (tap_expect(&self->tap, strcmp(holders, wanted) == 0, "held by %s, not %s",
		       holders, wanted))
		tap_expect(&self->tap, !strcmp(seen->socket.holders[2].command, "heir"),
			   "another command");
	host_view_fini(&view);
	host_stop(&child);
	tap_end(&self->tap, "a socket that was dup()ed and inherited is shown once, with "
			    "all who hold it");
}

struct thread_plan {
	struct host_report *report;
	uint32_t ifindex;
	bool is_before; /* the socket is opened before the thread has its own table */
	int fd;
};

static void *hold_in_thread(void *argument)
{
	struct thread_plan *plan = argument;

	if (unshare(CLONE_FILES) < 0)
		tap_bail_out("unshare: %s", strerror(errno));
	if (!plan->is_before)
		plan->fd = open_kind(&kinds[1], plan->ifindex);
	prctl(PR_SET_NAME, "loner");
	host_report_socket(plan->report, plan->fd);
	plan->report->tid = gettid();
	host_tell(plan->report);
	for (;;)
		pause();
	return NULL;
}

static void hold_apart(void *argument, struct host_report *report)
{
	struct thread_plan *plan = argument;
	pthread_t thread;

	plan->report = report;
	if (plan->is_before)
		plan->fd = open_kind(&kinds[1], plan->ifindex);
	if (pthread_create(&thread, NULL, hold_in_thread, plan) != 0)
		tap_bail_out("no thread");
	pthread_join(thread, NULL);
}

static void test_threads(struct state *self, bool is_before)
{
	struct thread_plan plan = { .ifindex = self->net.ifindex[0],
				    .is_before = is_before };
	char holders[64] = "", wanted[64];
	struct host_child child;
	struct host_view view;
	const struct host_seen *seen;
	int fd;

	host_start(&child, hold_apart, &plan);
	host_view_init(&view, NULL);
	seen = host_view_find(&view, child.report.socket[0].inode);
	snprintf(wanted, sizeof(wanted), "%d/%d",
		 is_before ? child.pid : child.report.tid, child.report.socket[0].fd);
	if (seen != NULL)
		host_print_holders(&seen->socket, holders, sizeof(holders));
	if (tap_expect(&self->tap, strcmp(holders, wanted) == 0, "held by %s, not %s",
		       holders, wanted)) {
		fd = msf_state_open_socket(NULL, seen->socket.holders[0].pid,
					   seen->socket.holders[0].fd);
		tap_expect(&self->tap,
			   fd >= 0 && host_get_inode(fd) == seen->socket.inode,
			   "it cannot be opened: %d", fd);
		close(fd);
		expect_membership(self, &kinds[1], seen);
	}
	host_view_fini(&view);
	host_stop(&child);
	tap_end(&self->tap, is_before ? "a thread's copy of the descriptors is no holder"
				      : "a socket that one thread alone has is found");
}

/*
 * What is asked
 */

static void hold_idle(void *argument, struct host_report *report)
{
	struct sockaddr_in any = { .sin_family = AF_INET };

	(void)argument;
	for (int i = 0; i < N_IDLE; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
		    socket(AF_INET, SOCK_STREAM, 0) < 0 ||
		    socket(AF_UNIX, SOCK_DGRAM, 0) < 0)
			tap_bail_out("socket: %s", strerror(errno));
		if (i == 0)
			host_report_socket(report, fd);
	}
}

static void count_calls(void)
{
	struct host_view view;

	calls.n_fetched = 0;
	calls.n_asked = 0;
	host_view_init(&view, NULL);
	host_view_fini(&view);
}

static void test_idle(struct state *self)
{
	struct msf_scan scan = { .flags = MSF_SCAN_IDLE };
	struct host_child child;
	struct host_view view;
	const struct host_seen *seen;
	unsigned int n_fetched, n_asked;

	count_calls();
	n_fetched = calls.n_fetched;
	n_asked = calls.n_asked;
	tap_expect(&self->tap, n_fetched > 0 && n_asked > 0, "the calls are not seen");
	host_start(&child, hold_idle, NULL);
	count_calls();
	tap_expect(&self->tap, calls.n_fetched == n_fetched && calls.n_asked == n_asked,
		   "%u and %u calls, without them %u and %u", calls.n_fetched,
		   calls.n_asked, n_fetched, n_asked);
	tap_end(&self->tap, "UDP, TCP and Unix sockets that cannot hold a membership are "
			    "neither opened nor asked");

	host_view_init(&view, NULL);
	tap_expect(&self->tap,
		   host_view_find(&view, child.report.socket[0].inode) == NULL,
		   "it is there without being asked for");
	host_view_fini(&view);
	host_view_init(&view, &scan);
	seen = host_view_find(&view, child.report.socket[0].inode);
	tap_expect(&self->tap, seen != NULL && seen->n_memberships == 0,
		   "it is not there, or has memberships");
	tap_expect(&self->tap, view.n_seen >= N_IDLE && view.n_seen < 2 * N_IDLE,
		   "%u sockets", view.n_seen);
	host_view_fini(&view);
	host_stop(&child);
	tap_end(&self->tap,
		"MSF_SCAN_IDLE shows the UDP sockets without memberships, too");
}

static void test_process(struct state *self)
{
	struct holding holding = { &kinds[0], self->net.ifindex[0] };
	struct msf_scan scan = { 0 };
	struct host_child child, other;
	struct host_view view;
	const struct host_seen *seen;
	int r;

	host_start(&other, hold_kind, &holding);
	host_start(&child, hold_and_fork, &self->net.ifindex[0]);
	scan.pid = child.report.tid;
	r = host_view_init(&view, &scan);
	tap_expect(&self->tap, r == 0, "%s", strerror(-r));
	seen = host_view_find(&view, child.report.socket[0].inode);
	tap_expect(&self->tap, seen && seen->socket.n_holders == 3, "%u holders",
		   seen ? seen->socket.n_holders : 0);
	tap_expect(&self->tap,
		   host_view_find(&view, other.report.socket[0].inode) == NULL,
		   "another one's socket is there");
	host_view_fini(&view);
	host_stop(&child);
	host_stop(&other);
	scan.pid = NO_SUCH_PID;
	r = host_view_init(&view, &scan);
	tap_expect(&self->tap, r == -ESRCH, "no such process: %d", r);
	scan.pid = -1;
	r = host_view_init(&view, &scan);
	tap_expect(&self->tap, r == -ESRCH, "PID -1: %d", r);
	scan = (struct msf_scan){ .flags = 4 };
	r = host_view_init(&view, &scan);
	tap_expect(&self->tap, r == -EINVAL, "unknown flags: %d", r);
	tap_end(&self->tap, "a scan of one process shows its sockets alone, with all who "
			    "hold them");
}

/* The descriptor is closed, and its number used again, after it was found. */
static void test_changed(struct state *self)
{
	int fd = open_kind(&kinds[0], self->net.ifindex[0]);
	int other = open_kind(&kinds[1], self->net.ifindex[0]);
	uint64_t inode = host_get_inode(fd), other_inode = host_get_inode(other);
	const struct host_seen *seen;
	struct host_view view;

	calls.other_fd = other;
	calls.changed_fd = fd;
	host_view_init(&view, NULL);
	calls.changed_fd = 0;
	tap_expect(&self->tap, host_get_inode(fd) == other_inode, "it is not changed");
	tap_expect(&self->tap, host_view_find(&view, inode) == NULL,
		   "what is closed is there");
	seen = host_view_find(&view, other_inode);
	tap_expect(&self->tap, seen != NULL, "the other one is not there");
	if (seen != NULL)
		expect_membership(self, &kinds[1], seen);
	tap_expect(&self->tap, view.unseen.sockets == 0, "%u unseen",
		   view.unseen.sockets);
	host_view_fini(&view);
	close(fd);
	close(other);
	tap_end(&self->tap, "a descriptor that becomes another socket is not mistaken "
			    "for the one it was");
}

static unsigned int count_unseen(void)
{
	struct msf_unseen unseen;
	struct host_view view;

	host_view_init(&view, NULL);
	unseen = view.unseen;
	host_view_fini(&view);
	return unseen.sockets;
}

static void test_closed(struct state *self)
{
	unsigned int n;
	int pair[2];

	host_send_away(open_kind(&kinds[0], self->net.ifindex[0]), pair);
	n = count_unseen();
	tap_expect(&self->tap, n == 1, "%u sockets unseen while it is there", n);
	memcpy(calls.closed_fds, pair, sizeof(pair));
	n = count_unseen();
	tap_expect(&self->tap, calls.closed_fds[0] == 0, "it was not closed");
	tap_expect(&self->tap, n == 0, "%u sockets unseen after it was closed", n);
	tap_end(&self->tap, "a socket of nobody is counted, not when it is closed "
			    "meanwhile");
}

struct name_plan {
	const char *name;
	uint32_t ifindex;
};

static void hold_named(void *argument, struct host_report *report)
{
	const struct name_plan *plan = argument;

	host_report_socket(report, open_kind(&kinds[0], plan->ifindex));
	prctl(PR_SET_NAME, plan->name);
}

static void test_command(struct state *self)
{
	static const char name[] = "\x1b[2J\"\\\n\xff)";
	struct name_plan plan = { name, self->net.ifindex[0] };
	struct host_child child;
	struct host_view view;
	const struct host_seen *seen;

	host_start(&child, hold_named, &plan);
	host_view_init(&view, NULL);
	seen = host_view_find(&view, child.report.socket[0].inode);
	tap_expect(&self->tap,
		   seen && seen->socket.n_holders == 1 &&
			   !strcmp(seen->socket.holders[0].command, name),
		   "the command is another");
	host_view_fini(&view);
	host_stop(&child);
	tap_end(&self->tap, "the name of a process comes as it is, control characters "
			    "and all");
}

/*
 * Limits and errors
 */

static void test_few_files(struct state *self)
{
	struct rlimit before, few;
	struct host_child child[8];
	struct holding holding = { &kinds[0], self->net.ifindex[0] };
	struct host_view view;
	int r;

	for (int i = 0; i < 8; i++) {
		holding.kind = &kinds[i];
		host_start(&child[i], hold_kind, &holding);
	}
	getrlimit(RLIMIT_NOFILE, &before);
	few = before;
	few.rlim_cur = FEW_FILES;
	setrlimit(RLIMIT_NOFILE, &few);
	r = host_view_init(&view, NULL);
	tap_expect(&self->tap, r == 0, "%s", strerror(-r));
	for (int i = 0; r == 0 && i < 8; i++)
		tap_expect(&self->tap,
			   host_view_find(&view, child[i].report.socket[0].inode) != NULL,
			   "socket %d is not there", i);
	host_view_fini(&view);
	few.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &few);
	r = host_view_init(&view, NULL);
	setrlimit(RLIMIT_NOFILE, &before);
	tap_expect(&self->tap, r == -EMFILE, "without descriptors: %d", r);
	for (int i = 0; i < 8; i++)
		host_stop(&child[i]);
	tap_end(&self->tap, "a scan needs few descriptors, and says when there are none");
}

static void hold_files(void *argument, struct host_report *report)
{
	host_report_socket(report, open_kind(&kinds[0], *(uint32_t *)argument));
	host_report_socket(report, open("/dev/null", O_RDONLY));
	host_report_socket(report, open("/dev/null", O_PATH));
}

/* The way to a socket that is opened with O_PATH looks like the socket, and comes
 * first. */
static void hold_path(void *argument, struct host_report *report)
{
	int first = open_kind(&kinds[0], *(uint32_t *)argument);
	int fd = fcntl(first, F_DUPFD, 50);
	char path[64];

	close(first);

	host_report_socket(report, fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (open(path, O_PATH) > fd)
		tap_bail_out("O_PATH came behind the socket");
}

static void test_path(struct state *self)
{
	struct msf_scan scan = { 0 };
	const struct host_seen *seen;
	struct host_child child;
	struct host_view view;

	host_start(&child, hold_path, &self->net.ifindex[0]);
	scan.pid = child.pid;
	host_view_init(&view, &scan);
	seen = host_view_find(&view, child.report.socket[0].inode);
	tap_expect(&self->tap, seen && seen->n_memberships == 1, "not found");
	host_view_fini(&view);
	host_stop(&child);
	tap_end(&self->tap, "a descriptor opened with O_PATH hides no socket");
}

static void test_open(struct state *self)
{
	struct host_child child;
	int fd, r;

	host_start(&child, hold_files, &self->net.ifindex[0]);
	fd = msf_state_open_socket(NULL, child.pid, child.report.socket[0].fd);
	tap_expect(&self->tap,
		   fd >= 0 && host_get_inode(fd) == child.report.socket[0].inode,
		   "not the same socket");
	tap_expect(&self->tap, fcntl(fd, F_GETFD) == FD_CLOEXEC, "not close-on-exec");
	close(fd);
	r = msf_state_open_socket(NULL, child.pid, child.report.socket[1].fd);
	tap_expect(&self->tap, r == -ENOTSOCK, "a file: %d", r);
	r = msf_state_open_socket(NULL, child.pid, child.report.socket[2].fd);
	tap_expect(&self->tap, r == -ENOTSOCK, "a way to a file: %d", r);
	r = msf_state_open_socket(NULL, child.pid, 199);
	tap_expect(&self->tap, r == -EBADF, "no such descriptor: %d", r);
	r = msf_state_open_socket(NULL, child.pid, -1);
	tap_expect(&self->tap, r == -EBADF, "descriptor -1: %d", r);
	host_stop(&child);
	r = msf_state_open_socket(NULL, NO_SUCH_PID, 0);
	tap_expect(&self->tap, r == -ESRCH, "no such process: %d", r);
	r = msf_state_open_socket(NULL, 0, 0);
	tap_expect(&self->tap, r == -ESRCH, "PID 0: %d", r);
	r = msf_state_open_socket(NULL, -5, 0);
	tap_expect(&self->tap, r == -ESRCH, "PID -5: %d", r);
	tap_end(&self->tap, "the socket of another process opens, or its error says why "
			    "not");
}

static void test_one_socket(struct state *self)
{
	struct msf_unseen unseen = { 7, 7, 7 };
	struct msf_socket socket;
	struct msf_membership m;
	struct msf_state *state;
	int fd = open_kind(&kinds[2], self->net.ifindex[0]);

	tap_expect(&self->tap, msf_state_new(&state, NULL, fd) == 0, "no state");
	tap_expect(&self->tap, msf_state_pop_socket(state, &socket) == 0,
		   "a state of one socket has sockets");
	tap_expect(&self->tap, msf_state_pop_membership(state, &m) == 1, "no membership");
	tap_expect(&self->tap,
		   m.numsrc == 1 && is_same_address(m.slist, "10.9.0.1") &&
			   !strcmp(m.interface, "m0"),
		   "%u sources on %s", m.numsrc, m.interface);
	tap_expect(&self->tap, msf_state_pop_membership(state, &m) == 0, "one too many");
	msf_state_get_unseen(state, &unseen);
	tap_expect(&self->tap, !unseen.processes && !unseen.sockets && !unseen.namespaces,
		   "something is unseen");
	msf_state_free(state);
	close(fd);
	tap_end(&self->tap, "the state of one socket has sources and interface names");
}

int main(void)
{
	struct state self = { 0 };

	host_enter();
	netns_init(&self.net);
	netns_set_sysctl("net/ipv4/igmp_max_msf", 64);
	/* of group 0, which is all that a user namespace may have */
	if (system("echo 0 0 > /proc/sys/net/ipv4/ping_group_range") != 0)
		tap_bail_out("cannot allow ping sockets");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		test_kind(&self, &kinds[i]);
	test_many(&self);
	test_holders(&self);
	test_threads(&self, false);
	test_threads(&self, true);
	test_idle(&self);
	test_process(&self);
	test_changed(&self);
	test_closed(&self);
	test_command(&self);
	test_few_files(&self);
	test_path(&self);
	test_open(&self);
	test_one_socket(&self);
	return tap_finish(&self.tap);
}
