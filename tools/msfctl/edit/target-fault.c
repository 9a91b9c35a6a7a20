/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target-fault: wrong targets, each with a sentence of its own (see target-fault.h).
 *
 * Invariant: everything is looked at when it is said; nothing is kept.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "output.h"
#include "target-fault.h"

#define YAMA "/proc/sys/kernel/yama/ptrace_scope"

enum yama {
	YAMA_OFF,
	YAMA_DESCENDANTS,
	YAMA_CAPABILITY,
	YAMA_NOBODY,
};

void target_fault_format_name(pid_t pid, int fd, char buf[TARGET_FAULT_NAME_MAX])
{
	if (fd < 0)
		snprintf(buf, TARGET_FAULT_NAME_MAX, "process %d", (int)pid);
	else
		snprintf(buf, TARGET_FAULT_NAME_MAX, "process %d, descriptor %d",
			 (int)pid, fd);
}

/* A line of /proc/PID/status by its name; false: it cannot be read. */
static bool read_status(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64], line[256];
	bool is_found = false;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	in = fopen(path, "re");
	while (in && !is_found && fgets(line, sizeof(line), in)) {
		is_found = !strncmp(line, name, strlen(name));
		if (is_found)
			snprintf(buf, size, "%s", line + strlen(name));
	}
	if (in)
		fclose(in);
	return is_found;
}

/* Ended, and its parent has not waited for it. */
static bool is_zombie(pid_t pid)
{
	char state[32];

	return read_status(pid, "State:\t", state, sizeof(state)) && state[0] == 'Z';
}

static bool has_other_user(pid_t pid, unsigned int *ret_uid)
{
	char uids[64];

	return read_status(pid, "Uid:\t", uids, sizeof(uids)) &&
	       sscanf(uids, "%u", ret_uid) == 1 && *ret_uid != getuid();
}

static enum yama read_yama(void)
{
	FILE *in = fopen(YAMA, "re");
	int value = YAMA_OFF;

	if (!in)
		return YAMA_OFF;
	if (fscanf(in, "%d", &value) != 1 || value < YAMA_OFF || value > YAMA_NOBODY)
		value = YAMA_OFF;
	fclose(in);
	return (enum yama)value;
}

static void print_same_user(const char *what)
{
	switch (read_yama()) {
	case YAMA_NOBODY: /* said before */
	case YAMA_OFF:
		output_error(what,
			     "not permitted: it runs as the same user, but is not "
			     "dumpable (it changed its user, or said so with prctl), or "
			     "has capabilities that msfctl has not: run msfctl with "
			     "CAP_SYS_PTRACE (sudo)");
		break;
	case YAMA_DESCENDANTS:
		output_error(what,
			     "not permitted: " YAMA " is 1, so that only an ancestor of "
			     "the process may look at its descriptors: run msfctl with "
			     "CAP_SYS_PTRACE (sudo), or sysctl -w "
			     "kernel.yama.ptrace_scope=0");
		break;
	case YAMA_CAPABILITY:
		output_error(what,
			     "not permitted: " YAMA " is 2, so that only CAP_SYS_PTRACE "
			     "may look at descriptors of others: run msfctl with it "
			     "(sudo), or sysctl -w kernel.yama.ptrace_scope=0");
		break;
	}
}

static void print_not_permitted(const char *what, pid_t pid)
{
	unsigned int uid;

	if (read_yama() == YAMA_NOBODY)
		output_error(what,
			     "not permitted: " YAMA " is 3, so that nobody may look at "
			     "descriptors of others until the next boot");
	else if (has_other_user(pid, &uid))
		output_error(what,
			     "not permitted: it runs as another user (uid %u): run "
			     "msfctl as that user, or with CAP_SYS_PTRACE (sudo)",
			     uid);
	else
		print_same_user(what);
}

static void print_not_socket(const char *what, pid_t pid, int fd)
{
	char path[64], file[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
	n = readlink(path, file, sizeof(file) - 1);
	file[n < 0 ? 0 : n] = '\0';
	output_error(what,
		     "it is no socket%s%.512s; ls -l /proc/%d/fd shows which ones are",
		     n > 0 ? ", but " : "", file, (int)pid);
}

int target_fault_print(pid_t pid, int fd, int error)
{
	char what[TARGET_FAULT_NAME_MAX];

	target_fault_format_name(pid, fd, what);
	if (is_zombie(pid))
		output_error(what, "it has ended, and its parent has not waited for it: "
				   "its sockets are gone");
	else if (error == -ESRCH)
		output_error(what, "there is no such process (it ended, or never was "
				   "here); ps -e lists those that there are");
	else if (error == -EPERM || error == -EACCES)
		print_not_permitted(what, pid);
	else if (error == -EBADF)
		output_error(what,
			     "it is not open; ls -l /proc/%d/fd lists those "
			     "that are",
			     (int)pid);
	else if (error == -ENOTSOCK)
		print_not_socket(what, pid, fd);
	else if (error == -ENOENT)
		output_error(what, "it has no socket that could be a member of a group");
	else if (error == -ENOSYS)
		output_error(what,
			     "the sockets of other processes cannot be had: the "
			     "kernel is older than Linux 5.6, or a filter of system "
			     "calls forbids pidfd_getfd");
	else
		output_error(what, "%s", strerror(-error));
	return error;
}

static int get_option(int socket, int option)
{
	socklen_t len = sizeof(int);
	int value = -1;

	return getsockopt(socket, SOL_SOCKET, option, &value, &len) < 0 ? -1 : value;
}

bool target_fault_check_kind(pid_t pid, int fd, int socket)
{
	static const struct {
		int family;
		const char *name;
	} families[] = {
		{ AF_INET, "a TCP socket" },      { AF_INET6, "a TCP socket" },
		{ AF_UNIX, "a Unix socket" },     { AF_NETLINK, "a netlink socket" },
		{ AF_PACKET, "a packet socket" },
	};
	int family = get_option(socket, SO_DOMAIN), type = get_option(socket, SO_TYPE);
	char what[TARGET_FAULT_NAME_MAX];
	const char *name = "a socket of another kind";

	if ((family == AF_INET || family == AF_INET6) &&
	    (type == SOCK_DGRAM || type == SOCK_RAW))
		return true;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (families[i].family == family)
			name = families[i].name;
	target_fault_format_name(pid, fd, what);
	output_error(what,
		     "it is %s; only UDP, UDP-Lite, raw and ping sockets have source "
		     "filters",
		     name);
	return false;
}
