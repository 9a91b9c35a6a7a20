/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host: processes that are killed with the one that made them, in namespaces that
 * end with the last of them.
 */
#include "host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOPBACK 1u
#define GROUPS   0xefc00000u /* 239.192.0.0, organization-local (RFC 2365 6.2) */

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (dprintf(fd, "%s", text) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int enter_user_namespace(void)
{
	unsigned int uid = geteuid(), gid = getegid();
	char map[64];

	if (unshare(CLONE_NEWUSER) < 0)
		return -errno;
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return write_file("/proc/self/gid_map", map);
}

/* Its own /proc, and no mounted network namespaces of others. */
static int mount_proc(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return -errno;
	umount2("/run/netns", MNT_DETACH);
	return 0;
}

static int raise_loopback(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = 0;

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}

int host_enter(void)
{
	int status = 0, r = geteuid() ? enter_user_namespace() : 0;
	pid_t child;

	if (r < 0)
		return r;
	if (unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET) < 0)
		return -errno;
	child = fork();
	if (child < 0)
		return -errno;
	if (child > 0) {
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	r = mount_proc();
	return r < 0 ? r : raise_loopback();
}

static int join(int fd, unsigned int group)
{
	struct group_req req = { .gr_interface = LOOPBACK };
	struct sockaddr_in *sin = (struct sockaddr_in *)&req.gr_group;

	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = htonl(GROUPS + group);
	return setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &req, sizeof(req));
}

static int open_socket(int type, int is_bound)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, type, 0);

	if (fd >= 0 && is_bound && bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		return -1;
	return fd;
}

/* The child number i: what it holds goes with it. */
static int hold(const struct host_plan *plan, unsigned int i)
{
	unsigned int group = i * plan->n_sockets * plan->n_memberships;

	if (plan->is_apart && unshare(CLONE_NEWNET) < 0)
		return -errno;
	for (unsigned int s = 0; s < plan->n_sockets; s++) {
		int fd = open_socket(SOCK_DGRAM, 1);

		if (fd < 0)
			return -errno;
		for (unsigned int m = 0; m < plan->n_memberships; m++)
			if (join(fd, group++ % plan->n_groups) < 0)
				return -errno;
	}
	for (unsigned int s = 0; s < plan->n_idle; s++)
		if (open_socket(plan->idle == HOST_TCP ? SOCK_STREAM : SOCK_DGRAM,
				plan->idle == HOST_UDP) < 0)
			return -errno;
	return 0;
}

static int start_one(const struct host_plan *plan, unsigned int i, pid_t *ret_pid)
{
	int ready[2], error = EPIPE;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		error = -hold(plan, i);
		if (write(ready[1], &error, sizeof(error)) != sizeof(error))
			_exit(1);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (pid < 0)
		error = errno;
	else if (read(ready[0], &error, sizeof(error)) != sizeof(error))
		error = EPIPE;
	close(ready[0]);
	*ret_pid = pid;
	return -error;
}

int host_start(struct host *host, const struct host_plan *plan)
{
	int r = 0;

	host->n = 0;
	host->pid = calloc(plan->n_processes, sizeof(*host->pid));
	if (!host->pid)
		return -ENOMEM;
	while (!r && host->n < plan->n_processes) {
		r = start_one(plan, host->n, &host->pid[host->n]);
		host->n += host->pid[host->n] > 0;
	}
	return r;
}

void host_stop(struct host *host)
{
	for (unsigned int i = 0; i < host->n; i++)
		kill(host->pid[i], SIGKILL);
	for (unsigned int i = 0; i < host->n; i++)
		waitpid(host->pid[i], NULL, 0);
	free(host->pid);
	*host = (struct host){ 0 };
}
