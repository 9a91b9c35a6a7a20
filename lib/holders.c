/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything here may end or change at any moment: what is gone is passed over,
 * and who takes a descriptor looks at its inode again.
 */
#include "holders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <linux/kcmp.h>

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* Linux 6.9 */
#endif

#define PATH_SIZE  64
#define NO_COMMAND UINT32_MAX

/* PF_EXITING and PF_KTHREAD of the kernel's sched.h, as in field 9 of /proc/PID/stat. */
#define FLAG_EXITING       0x00000004u
#define FLAG_KERNEL_THREAD 0x00200000u

/* One descriptor table while it is read. */
struct table {
	struct holders *holders;
	struct sockets *sockets;
	struct holder holder; /* what all of it have in common */
	bool is_open;
};

void holders_fini(struct holders *holders)
{
	vector_fini(&holders->list);
	vector_fini(&holders->commands);
}

/* Up to size bytes, in as many pieces as they come. */
static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t done = 0;
	ssize_t n = 1;

	while (done < size && n != 0) {
		n = read(fd, buf + done, size - done);
		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)done;
}

/* The length, -ENOENT, -EACCES, ...; the process may end at any time. */
static ssize_t read_file(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[PATH_SIZE];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	do {
		fd = open(path, O_RDONLY | O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return -errno;
	n = read_all(fd, buf, size);
	close(fd);
	return n;
}

static int add_command(struct table *table)
{
	struct holders *holders = table->holders;
	char(*command)[HOLDERS_COMMAND_SIZE];
	ssize_t n;

	if (table->holder.command != NO_COMMAND)
		return 0;
	command = vector_append(&holders->commands, sizeof(*command));
	if (!command)
		return -ENOMEM;
	memset(command, 0, sizeof(*command));
	/* 15 bytes and a newline */
	n = read_file(table->holder.pid, "comm", *command, sizeof(*command));
	if (n > 0)
		(*command)[n - 1] = '\0';
	table->holder.command = (uint32_t)holders->commands.n - 1;
	return 0;
}

/*
 * What kind of socket is it? sockfs says it in an attribute of the inode, which
 * needs no descriptor. -ENOENT: it is closed.
 */
static int get_kind(pid_t pid, int fd, enum socket_kind *ret)
{
	static const char *const names[] = {
		"UDP", "UDPv6", "UDP-Lite", "UDPLITEv6", "PING", "PINGv6", "RAW", "RAWv6",
	};
	char path[PATH_SIZE], name[32] = "";

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	*ret = SOCKET_UNLISTED;
	if (getxattr(path, "system.sockprotoname", name, sizeof(name) - 1) < 0)
		return errno == ENOENT || errno == ESRCH ? -ENOENT : 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return 0;
	*ret = SOCKET_OTHER;
	return 0;
}

static int add_unlisted(struct table *table, uint64_t inode, int fd, uint32_t *ret)
{
	struct socket_entry entry = { .inode = inode,
				      .namespace = NAMESPACE_UNKNOWN,
				      .optmem = -1 };

	*ret = SOCKETS_NONE;
	if (!table->is_open || get_kind(table->holder.pid, fd, &entry.kind) < 0)
		return 0;
	entry.is_wanted = entry.kind == SOCKET_UNLISTED;
	return sockets_add(table->sockets, &entry, ret);
}

static int add_descriptor(struct table *table, uint64_t inode, int fd)
{
	uint32_t number = sockets_find(table->sockets, inode);
	struct holder *holder;
	int r = 0;

	if (number == SOCKETS_NONE)
		r = add_unlisted(table, inode, fd, &number);
	if (r < 0 || number == SOCKETS_NONE ||
	    !sockets_get(table->sockets, number)->is_wanted)
		return r;
	r = add_command(table);
	if (r < 0)
		return r;
	holder = vector_append(&table->holders->list, sizeof(*holder));
	if (!holder)
		return -ENOMEM;
	*holder = table->holder;
	holder->socket = number;
	holder->fd = fd;
	return 0;
}

static int read_table(struct table *table)
{
	static const char prefix[] = "socket:[";
	char path[PATH_SIZE], link[40];
	struct dirent *entry;
	DIR *dir;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", table->holder.pid);
	dir = opendir(path);
	if (!dir)
		return errno == ESRCH ? -ENOENT : -errno;
	while (!r && (entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);

		/* root without capabilities reads the directory, not the links */
		if (n < 0 && errno == EACCES)
			r = -EACCES;
		if (n <= (ssize_t)sizeof(prefix) ||
		    memcmp(link, prefix, sizeof(prefix) - 1) != 0)
			continue;
		link[n] = '\0';
		r = add_descriptor(table, strtoull(link + sizeof(prefix) - 1, NULL, 10),
				   atoi(entry->d_name));
	}
	closedir(dir);
	return r;
}

/* Kernel threads have no descriptors; who ends belongs to root, and has none soon. */
static bool has_descriptors(pid_t pid)
{
	char text[512], state;
	unsigned int flags;
	ssize_t n = read_file(pid, "stat", text, sizeof(text) - 1);
	const char *end;

	if (n <= 0)
		return false;
	text[n] = '\0';
	end = strrchr(text, ')'); /* the name before it is anything */
	if (!end || sscanf(end + 1, " %c %*d %*d %*d %*d %*d %u", &state, &flags) != 2)
		return true;
	return state != 'Z' && !(flags & (FLAG_EXITING | FLAG_KERNEL_THREAD));
}

static bool has_same_table(pid_t a, pid_t b)
{
	return syscall(SYS_kcmp, a, b, KCMP_FILES, 0, 0) == 0;
}

/* Threads whose descriptors are not those of the process, as after
 * unshare(CLONE_FILES), or when its first thread has ended. */
static int add_threads(struct table *table)
{
	pid_t process = table->holder.pid, last = process;
	char path[PATH_SIZE];
	struct dirent *entry;
	DIR *dir;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", process);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT || errno == EACCES ? 0 : -errno;
	table->holder.is_thread = true;
	while (!r && (entry = readdir(dir))) {
		pid_t thread = atoi(entry->d_name);

		if (thread <= 0 || thread == process || has_same_table(process, thread) ||
		    has_same_table(last, thread))
			continue;
		last = thread;
		table->holder.pid = thread;
		table->holder.command = NO_COMMAND;
		r = read_table(table);
		if (r == -ENOENT || r == -EACCES)
			r = 0;
	}
	closedir(dir);
	return r;
}

int holders_add_process(struct holders *holders, struct sockets *sockets,
			const struct process *process, bool is_open)
{
	struct table table = {
		.holders = holders,
		.sockets = sockets,
		.holder = { .pid = process->pid,
			    .namespace = process->namespace,
			    .command = NO_COMMAND },
		.is_open = is_open,
	};
	int r = read_table(&table);

	if (r == -EACCES) {
		/* a process whose first thread has ended shows its others' */
		if (!has_descriptors(process->pid))
			r = 0;
		else
			holders->n_hidden++;
	}
	if (!r && process->has_threads)
		r = add_threads(&table);
	return r;
}

static int compare(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	if (x->socket != y->socket)
		return x->socket < y->socket ? -1 : 1;
	if (x->is_thread != y->is_thread)
		return x->is_thread ? 1 : -1;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

void holders_sort(struct holders *holders)
{
	if (holders->list.n)
		qsort(holders->list.items, holders->list.n, sizeof(struct holder),
		      compare);
}

int holders_open_process(pid_t pid)
{
	int fd;

	if (pid <= 0)
		return -ESRCH;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0 && (errno == EINVAL || errno == ENOENT)) { /* a thread */
		fd = (int)syscall(SYS_pidfd_open, pid, PIDFD_THREAD);
		if (fd < 0 && errno == EINVAL)
			return -ESRCH;
	}
	return fd < 0 ? -errno : fd;
}

int holders_fetch(int pidfd, int fd)
{
	int copy = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	return copy < 0 ? -errno : copy;
}
