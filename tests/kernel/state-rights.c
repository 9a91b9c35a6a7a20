/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msf_state_scan() by somebody who may not see everything, and while processes die,
 * close and exec under its eyes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"
#include "netns.h"
#include "raw.h"
#include "tap.h"

#define OWN_UID    65534u
#define OTHER_UID  65533u
#define POOR_ROOT  (~0u) /* UID 0 without capabilities */
#define LOOPBACK   1u
#define N_SCANS    200u
#define N_CHURNERS 4u
#define FIXED_FD   150

struct rights {
	struct tap tap;
	struct netns net;
	char mount[64];
};

static int open_member(uint32_t ifindex, unsigned int group)
{
	struct sockaddr_storage any = { .ss_family = AF_INET };
	struct sockaddr_storage address = netns_group(AF_INET, group);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
	    raw_delta(fd, MSF_JOIN_GROUP, ifindex, &address, NULL) < 0)
		tap_bail_out("cannot join: %s", strerror(errno));
	return fd;
}

static void become(unsigned int uid)
{
	if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		tap_bail_out("cannot be user %u: %s", uid, strerror(errno));
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* the kernel forgets it then */
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version =
							   _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	if (syscall(SYS_capset, &header, none) < 0)
		tap_bail_out("capset: %s", strerror(errno));
}

/*
 * Who is looked at
 */

struct target_plan {
	const char *name;
	unsigned int uid;
	bool is_dumpable;
	bool is_elsewhere; /* in user and network namespaces of its own */
	bool is_visible;   /* to somebody with OWN_UID */
};

static const struct target_plan plans[] = {
	{ "a process of the same user", OWN_UID, true, false, true },
	{ "one in namespaces of its own", OWN_UID, true, true, true },
	{ "one that is not dumpable", OWN_UID, false, false, false },
	{ "a process of another user", OTHER_UID, true, false, false },
	{ "a process of root", 0, true, false, false },
	{ "one of root in a namespace of its own", 0, true, true, false },
};

#define N_TARGETS (sizeof(plans) / sizeof(plans[0]))
#define N_HIDDEN  4u

struct target_start {
	const struct target_plan *plan;
	uint32_t ifindex;
};

static void hold_as(void *argument, struct host_report *report)
{
	const struct target_start *start = argument;
	uint32_t ifindex = start->ifindex;

	if (start->plan->uid != 0)
		become(start->plan->uid);
	prctl(PR_SET_DUMPABLE, start->plan->is_dumpable);
	if (start->plan->is_elsewhere) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
			tap_bail_out("user namespace: %s", strerror(errno));
		prctl(PR_SET_DUMPABLE, 1);
		ifindex = LOOPBACK;
	}
	host_report_socket(report, open_member(ifindex, 0));
}

/* What the unprivileged one saw. */
struct answer {
	int result;
	struct msf_unseen unseen;
	bool has_own;
	bool has[N_TARGETS];
	unsigned int n_memberships[N_TARGETS];
	int opened[N_TARGETS];  /* msf_state_open_socket() */
	int scanned[N_TARGETS]; /* msf_state_scan() of that process */
};

static int try_open(const struct host_child *target)
{
	int fd = msf_state_open_socket(NULL, target->pid, target->report.socket[0].fd);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int try_scan(const struct host_child *target)
{
	struct msf_scan scan = { .pid = target->pid };
	struct host_view view;
	int r = host_view_init(&view, &scan);

	host_view_fini(&view);
	return r;
}

static void look_around(struct answer *answer, const struct host_child *targets, int own)
{
	struct host_view view;

	answer->result = host_view_init(&view, NULL);
	answer->unseen = view.unseen;
	answer->has_own = host_view_find(&view, host_get_inode(own)) != NULL;
	for (unsigned int i = 0; i < N_TARGETS; i++) {
		const struct host_seen *seen =
			host_view_find(&view, targets[i].report.socket[0].inode);

		answer->has[i] = seen != NULL;
		answer->n_memberships[i] = seen ? seen->n_memberships : 0;
		answer->opened[i] = try_open(&targets[i]);
		answer->scanned[i] = try_scan(&targets[i]);
	}
	host_view_fini(&view);
}

/* In a child, because there is no way back. */
static struct answer ask_as(unsigned int uid, const struct host_child *targets,
			    uint32_t ifindex)
{
	struct answer answer = { .result = -EPIPE };
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		tap_bail_out("pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		if (uid == POOR_ROOT)
			drop_capabilities();
		else if (uid != 0)
			become(uid);
		look_around(&answer, targets, open_member(ifindex, 1));
		_exit(write(ends[1], &answer, sizeof(answer)) != sizeof(answer));
	}
	close(ends[1]);
	if (pid < 0 || read(ends[0], &answer, sizeof(answer)) != sizeof(answer))
		tap_comment("no answer");
	close(ends[0]);
	waitpid(pid, NULL, 0);
	return answer;
}

static void expect_targets(struct rights *self, const struct answer *answer, bool is_root)
{
	for (unsigned int i = 0; i < N_TARGETS; i++) {
		bool is_visible = is_root || plans[i].is_visible;
		int error = is_visible ? 0 : -EPERM;

		tap_expect(&self->tap, answer->has[i] == is_visible, "%s is %s",
			   plans[i].name, answer->has[i] ? "there" : "not there");
		tap_expect(&self->tap, answer->n_memberships[i] == is_visible,
			   "%s has %u memberships", plans[i].name,
			   answer->n_memberships[i]);
		tap_expect(&self->tap, answer->opened[i] == error, "%s opens with %d",
			   plans[i].name, answer->opened[i]);
		tap_expect(&self->tap, answer->scanned[i] == error,
			   "a scan of %s alone: %d", plans[i].name, answer->scanned[i]);
	}
}

static void test_unprivileged(struct rights *self, const struct host_child *targets)
{
	struct answer answer = ask_as(OWN_UID, targets, self->net.ifindex[0]);

	tap_expect(&self->tap, answer.result == 0, "scan: %s", strerror(-answer.result));
	tap_expect(&self->tap, answer.has_own, "its own socket is not there");
	expect_targets(self, &answer, false);
	tap_end(&self->tap, "without privileges the own processes are seen, others say "
			    "EPERM");
	/* and this program, whose sockets on lo are not bound, so in no list */
	tap_expect(&self->tap, answer.unseen.processes == N_HIDDEN + 1,
		   "%u processes unseen", answer.unseen.processes);
	tap_expect(&self->tap, answer.unseen.sockets == N_HIDDEN, "%u sockets unseen",
		   answer.unseen.sockets);
	tap_expect(&self->tap, answer.unseen.namespaces == 0, "%u namespaces unseen",
		   answer.unseen.namespaces);
	tap_end(&self->tap, "what may not be seen is counted");
}

static void test_privileged(struct rights *self, const struct host_child *targets)
{
	struct answer answer = ask_as(0, targets, self->net.ifindex[0]);

	tap_expect(&self->tap, answer.result == 0, "scan: %s", strerror(-answer.result));
	expect_targets(self, &answer, true);
	tap_expect(&self->tap,
		   !answer.unseen.processes && !answer.unseen.sockets &&
			   !answer.unseen.namespaces,
		   "unseen: %u processes, %u sockets, %u namespaces",
		   answer.unseen.processes, answer.unseen.sockets,
		   answer.unseen.namespaces);
	tap_end(&self->tap, "root sees all of them");
}

static void test_poor_root(struct rights *self, const struct host_child *targets)
{
	struct answer answer = ask_as(POOR_ROOT, targets, self->net.ifindex[0]);

	tap_expect(&self->tap, answer.result == 0, "scan: %s", strerror(-answer.result));
	tap_expect(&self->tap, answer.has_own, "its own socket is not there");
	/* who made a user namespace has all rights in it */
	for (unsigned int i = 0; i < N_TARGETS; i++) {
		int error = plans[i].uid == 0 && plans[i].is_elsewhere ? 0 : -EPERM;

		tap_expect(&self->tap,
			   answer.opened[i] == error && answer.scanned[i] == error,
			   "%s: %d and %d", plans[i].name, answer.opened[i],
			   answer.scanned[i]);
	}
	tap_expect(&self->tap,
		   answer.unseen.processes == N_TARGETS &&
			   answer.unseen.sockets == N_TARGETS - 1,
		   "unseen: %u processes, %u sockets", answer.unseen.processes,
		   answer.unseen.sockets);
	tap_end(&self->tap,
		"to root without capabilities others say EPERM, and are counted");
}

/* A namespace that is mounted and has no process. */
static void test_closed_namespace(struct rights *self, const struct host_child *targets)
{
	struct answer answer;
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(CLONE_NEWNET) < 0 ||
		      mount("/proc/self/ns/net", self->mount, NULL, MS_BIND, NULL) < 0);
	waitpid(pid, NULL, 0);
	answer = ask_as(OWN_UID, targets, self->net.ifindex[0]);
	tap_expect(&self->tap, answer.result == 0, "scan: %s", strerror(-answer.result));
	tap_expect(&self->tap, answer.unseen.namespaces == 1, "%u namespaces unseen",
		   answer.unseen.namespaces);
	answer = ask_as(0, targets, self->net.ifindex[0]);
	tap_expect(&self->tap, answer.unseen.namespaces == 0, "%u unseen by root",
		   answer.unseen.namespaces);
	umount2(self->mount, MNT_DETACH);
	tap_end(&self->tap, "a namespace that may not be entered is counted");
}

static void test_rights(struct rights *self)
{
	struct host_child targets[N_TARGETS];

	for (unsigned int i = 0; i < N_TARGETS; i++) {
		struct target_start start = { &plans[i], self->net.ifindex[0] };

		host_start(&targets[i], hold_as, &start);
	}
	test_unprivileged(self, targets);
	test_poor_root(self, targets);
	test_privileged(self, targets);
	test_closed_namespace(self, targets);
	for (unsigned int i = 0; i < N_TARGETS; i++)
		host_stop(&targets[i]);
}

/*
 * While everything changes
 */

/* The same number is a member, a file, and another member. */
static void swap_descriptor(uint32_t ifindex, unsigned int i)
{
	int fd = i % 3 == 1 ? open("/dev/null", O_RDONLY) : open_member(ifindex, i % 3);

	dup2(fd, FIXED_FD);
	close(fd);
}

static void run_briefly(unsigned int i)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (i % 2)
			execl("/bin/true", "true", NULL);
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void churn(void *argument, struct host_report *report)
{
	uint32_t ifindex = *(uint32_t *)argument;

	host_report_socket(report, open_member(ifindex, 5));
	host_tell(report);
	for (unsigned int i = 0;; i++) {
		swap_descriptor(ifindex, i);
		run_briefly(i);
	}
}

static unsigned int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* Members of the churners have one membership each, of a group of theirs. */
static unsigned int count_strange(const struct host_view *view)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < view->n_seen; i++) {
		const struct host_seen *seen = &view->seen[i];

		n += seen->n_memberships != 1 || seen->socket.n_holders == 0 ||
		     seen->socket.type != SOCK_DGRAM;
	}
	return n;
}

static void test_churn(struct rights *self)
{
	struct host_child churners[N_CHURNERS];
	unsigned int n_descriptors = count_descriptors(), n_strange = 0, n_lost = 0,
		     n_unseen = 0;
	int r = 0;

	for (unsigned int i = 0; i < N_CHURNERS; i++)
		host_start(&churners[i], churn, &self->net.ifindex[0]);
	for (unsigned int i = 0; r == 0 && i < N_SCANS; i++) {
		struct host_view view;

		r = host_view_init(&view, NULL);
		n_strange += count_strange(&view);
		/* a socket that is being closed may wait for a lock, listed but of
		 * nobody: those are not looked at here */
		n_unseen += view.unseen.processes + view.unseen.namespaces;
		for (unsigned int c = 0; c < N_CHURNERS; c++)
			n_lost += !host_view_find(&view,
						  churners[c].report.socket[0].inode);
		host_view_fini(&view);
	}
	for (unsigned int i = 0; i < N_CHURNERS; i++)
		host_stop(&churners[i]);
	tap_expect(&self->tap, r == 0, "scan: %s", strerror(-r));
	tap_expect(&self->tap, n_strange == 0, "%u strange sockets", n_strange);
	tap_expect(&self->tap, n_unseen == 0, "%u unseen", n_unseen);
	tap_expect(&self->tap, n_lost == 0, "%u sockets that stayed were lost", n_lost);
	tap_expect(&self->tap, count_descriptors() == n_descriptors,
		   "descriptors are left open");
	tap_end(&self->tap, "processes that end, close and exec meanwhile disturb no "
			    "scan");
}

int main(void)
{
	struct rights self = { .mount = "/tmp/msf-test-netns-XXXXXX" };

	host_enter();
	netns_init(&self.net);
	host_make_mount_point(self.mount);
	if (host_is_root())
		test_rights(&self);
	else
		tap_comment("not root: the views of other users cannot be tested");
	/* last: what it started may still be ending */
	test_churn(&self);
	unlink(self.mount);
	return tap_finish(&self.tap);
}
