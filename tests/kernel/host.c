/* SPDX-License-Identifier: BSD-2-Clause */
/* The host of a test vanishes with its first process. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"
#include "tap.h"

/* Where a child writes its report: a descriptor that nothing else uses. */
#define REPORT_FD 200

static void write_map(const char *path, unsigned int id)
{
	FILE *file = fopen(path, "we");

	if (file == NULL || fprintf(file, "0 %u 1", id) < 0 || fclose(file) != 0)
		tap_bail_out("%s: %s", path, strerror(errno));
}

static void enter_user_namespace(void)
{
	unsigned int uid = geteuid(), gid = getegid();
	FILE *file;

	if (unshare(CLONE_NEWUSER) < 0)
		tap_bail_out("user namespace: %s", strerror(errno));
	file = fopen("/proc/self/setgroups", "we");
	if (file != NULL) {
		fputs("deny", file);
		fclose(file);
	}
	write_map("/proc/self/uid_map", uid);
	write_map("/proc/self/gid_map", gid);
}

void host_enter(void)
{
	int status = 0;
	pid_t child;

	if (geteuid() != 0)
		enter_user_namespace();
	if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
		tap_bail_out("PID namespace: %s", strerror(errno));
	child = fork();
	if (child < 0)
		tap_bail_out("fork: %s", strerror(errno));
	if (child > 0) {
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		tap_bail_out("/proc: %s", strerror(errno));
	umount2("/run/netns", MNT_DETACH); /* those of others */
}

bool host_is_root(void)
{
	unsigned int inside, outside, n;
	FILE *file = fopen("/proc/self/uid_map", "re");
	bool is_root = false;

	if (file != NULL && fscanf(file, "%u %u %u", &inside, &outside, &n) == 3)
		is_root = geteuid() == 0 && outside == 0 && n > 65534;
	if (file != NULL)
		fclose(file);
	return is_root;
}

uint64_t host_get_inode(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		tap_bail_out("descriptor %d: %s", fd, strerror(errno));
	return st.st_ino;
}

uint64_t host_get_netns(void)
{
	struct stat st;

	if (stat("/proc/thread-self/ns/net", &st) < 0)
		tap_bail_out("/proc/thread-self/ns/net: %s", strerror(errno));
	return st.st_ino;
}

void host_report_socket(struct host_report *report, int fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof(address);
	unsigned int n = report->n_sockets++;

	report->socket[n].fd = fd;
	report->socket[n].inode = host_get_inode(fd);
	getsockname(fd, (struct sockaddr *)&address, &len);
	report->socket[n].port = ((struct sockaddr_in *)&address)->sin_port;
}

void host_tell(const struct host_report *report)
{
	if (write(REPORT_FD, report, sizeof(*report)) != sizeof(*report))
		_exit(99);
	close(REPORT_FD);
}

void host_start(struct host_child *child,
		void (*hold)(void *argument, struct host_report *report), void *argument)
{
	struct host_report report = { 0 };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		tap_bail_out("pipe: %s", strerror(errno));
	child->pid = fork();
	if (child->pid < 0)
		tap_bail_out("fork: %s", strerror(errno));
	if (child->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ends[1], REPORT_FD);
		close(ends[0]);
		close(ends[1]);
		report.tid = (pid_t)syscall(SYS_gettid);
		report.netns = host_get_netns();
		hold(argument, &report);
		host_tell(&report);
		for (;;)
			pause();
	}
	close(ends[1]);
	if (read(ends[0], &child->report, sizeof(child->report)) != sizeof(child->report))
		tap_bail_out("a child could not hold what it is to hold");
	close(ends[0]);
}

void host_stop(struct host_child *child)
{
	kill(child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
}

void host_make_mount_point(char *path)
{
	int fd = mkstemp(path);

	if (fd < 0)
		tap_bail_out("%s: %s", path, strerror(errno));
	close(fd);
}

void host_send_away(int fd, int pair[2])
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = space,
			      .msg_controllen = sizeof(space) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int ends[2];

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 ||
	    sendmsg(ends[0], &msg, 0) < 0)
		tap_bail_out("sendmsg: %s", strerror(errno));
	close(fd);
	if (pair != NULL)
		memcpy(pair, ends, sizeof(ends));
}

static void read_memberships(struct msf_state *state, struct host_seen *seen)
{
	struct msf_membership m;

	while (msf_state_pop_membership(state, &m)) {
		seen->memberships = reallocarray(seen->memberships,
						 seen->n_memberships + 1, sizeof(m));
		if (seen->memberships == NULL)
			tap_bail_out("no memory");
		seen->memberships[seen->n_memberships++] = m;
	}
}

int host_view_init(struct host_view *view, const struct msf_scan *scan)
{
	struct msf_socket socket;
	int r;

	*view = (struct host_view){ 0 };
	r = msf_state_scan(&view->state, NULL, scan);
	if (r < 0)
		return r;
	while (msf_state_pop_socket(view->state, &socket)) {
		view->seen = reallocarray(view->seen, view->n_seen + 1,
					  sizeof(*view->seen));
		if (view->seen == NULL)
			tap_bail_out("no memory");
		view->seen[view->n_seen] = (struct host_seen){ .socket = socket };
		read_memberships(view->state, &view->seen[view->n_seen++]);
	}
	msf_state_get_unseen(view->state, &view->unseen);
	return 0;
}

void host_view_fini(struct host_view *view)
{
	for (unsigned int i = 0; i < view->n_seen; i++)
		free(view->seen[i].memberships);
	free(view->seen);
	msf_state_free(view->state);
	*view = (struct host_view){ 0 };
}

const struct host_seen *host_view_find(const struct host_view *view, uint64_t inode)
{
	const struct host_seen *found = NULL;

	for (unsigned int i = 0; i < view->n_seen; i++) {
		if (view->seen[i].socket.inode != inode)
			continue;
		if (found != NULL)
			tap_bail_out("socket %lu is there twice", (unsigned long)inode);
		found = &view->seen[i];
	}
	return found;
}

const char *host_print_holders(const struct msf_socket *socket, char *buf, size_t len)
{
	size_t at = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < socket->n_holders && at < len; i++)
		at += (size_t)snprintf(buf + at, len - at, "%s%d/%d", i ? " " : "",
				       socket->holders[i].pid, socket->holders[i].fd);
	return buf;
}
