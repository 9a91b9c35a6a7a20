/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A namespace is told by the inode of /proc/PID/ns/net. Where that may not be
 * read, the inode of any file in /proc/PID/net tells it just as well: each
 * namespace has its own, and anyone may look.
 */
#include "namespace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 64

/* The longest path, with some bytes of it escaped; lines of other file systems may
 * be longer. */
#define LINE_SIZE 8192

struct namespace *namespaces_get(const struct namespaces *namespaces, uint32_t number)
{
	return (struct namespace *)namespaces->list.items + number;
}

void namespaces_fini(struct namespaces *namespaces)
{
	for (uint32_t i = 0; i < namespaces->list.n; i++) {
		struct namespace *namespace = namespaces_get(namespaces, i);

		free(namespace->path);
		vector_fini(&namespace->groups);
	}
	vector_fini(&namespaces->list);
}

static uint64_t get_inode(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_ino;
}

static uint32_t find(const struct namespaces *namespaces, uint64_t inode,
		     uint64_t net_inode)
{
	for (uint32_t i = 0; i < namespaces->list.n; i++) {
		const struct namespace *namespace = namespaces_get(namespaces, i);

		if ((inode && namespace->inode == inode) ||
		    (net_inode && namespace->net_inode == net_inode))
			return i;
	}
	return NAMESPACE_UNKNOWN;
}

/* NULL: no memory. */
static struct namespace *add(struct namespaces *namespaces, uint64_t inode)
{
	struct namespace *namespace = vector_append(&namespaces->list,
						    sizeof(*namespace));

	if (namespace)
		*namespace = (struct namespace){ .inode = inode };
	return namespace;
}

int namespaces_init(struct namespaces *namespaces)
{
	struct namespace *namespace;

	*namespaces = (struct namespaces){ 0 };
	namespace = add(namespaces, get_inode("/proc/thread-self/ns/net"));
	if (!namespace)
		return -ENOMEM;
	namespace->net_inode = get_inode("/proc/thread-self/net/dev");
	return 0;
}

/* The first one will do to enter it. */
static void note_process(struct namespace *found, pid_t pid)
{
	if (!found->pid)
		found->pid = pid;
}

/* Of a process or a thread. 0 and the number, -ESRCH, -ENOMEM. */
static int add_task(struct namespaces *namespaces, pid_t pid, uint32_t *ret)
{
	char path[PATH_SIZE];
	uint64_t inode, net_inode;
	struct namespace *namespace;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	inode = get_inode(path);
	*ret = inode ? find(namespaces, inode, 0) : NAMESPACE_UNKNOWN;
	if (*ret != NAMESPACE_UNKNOWN)
		goto found;
	snprintf(path, sizeof(path), "/proc/%d/net/dev", pid);
	net_inode = get_inode(path);
	if (!inode && !net_inode)
		return -ESRCH;
	*ret = find(namespaces, 0, net_inode);
	if (*ret == NAMESPACE_UNKNOWN) {
		*ret = (uint32_t)namespaces->list.n;
		if (!add(namespaces, inode))
			return -ENOMEM;
	}
	namespace = namespaces_get(namespaces, *ret);
	namespace->net_inode = net_inode;
	if (!namespace->inode && inode) {
		/* known so far through somebody whose ns/net may not be read */
		namespace->inode = inode;
		namespace->pid = pid;
	}
found:
	note_process(namespaces_get(namespaces, *ret), pid);
	return 0;
}

static int add_threads(struct namespaces *namespaces, pid_t pid)
{
	char path[PATH_SIZE];
	struct dirent *entry;
	uint32_t number;
	DIR *dir;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT || errno == EACCES ? 0 : -errno;
	while (r != -ENOMEM && (entry = readdir(dir))) {
		pid_t tid = atoi(entry->d_name);

		if (tid > 0 && tid != pid)
			r = add_task(namespaces, tid, &number);
	}
	closedir(dir);
	return r == -ESRCH ? 0 : r;
}

int namespaces_add_process(struct namespaces *namespaces, pid_t pid, struct process *ret)
{
	struct process process = { .pid = pid };
	char path[PATH_SIZE];
	struct stat st;
	int r;

	/* the directory of threads has a link for each */
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	if (stat(path, &st) < 0)
		return -ESRCH;
	process.has_threads = st.st_nlink > 3;
	r = add_task(namespaces, pid, &process.namespace);
	if (r == -ESRCH)
		r = 0; /* it has ended, perhaps not all of its threads */
	if (!r && process.has_threads)
		r = add_threads(namespaces, pid);
	if (!r)
		*ret = process;
	return r;
}

/* Undoes the octal escapes of mountinfo (proc(5)). */
static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		unsigned int c;

		if (*text == '\\' && sscanf(text + 1, "%3o", &c) == 1) {
			*to++ = (char)c;
			text += strnlen(text, 4);
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

static int copy_path(const char *path, char **ret)
{
	size_t size = strlen(path) + 1;

	*ret = malloc(size);
	if (!*ret)
		return -ENOMEM;
	memcpy(*ret, path, size);
	return 0;
}

/* "528 25 0:4 net:[4026532210] /run/netns/a rw shared:1 - nsfs nsfs rw" */
static int add_mount(struct namespaces *namespaces, char *line)
{
	char *root = strstr(line, " net:["), *path, *end;
	struct namespace *namespace;
	uint64_t inode;
	uint32_t number;

	if (!root || sscanf(root, " net:[%" SCNu64 "]", &inode) != 1)
		return 0;
	path = strchr(root + 1, ' ');
	end = path ? strchr(path + 1, ' ') : NULL;
	if (!end)
		return 0;
	*end = '\0';
	unescape(++path);
	number = find(namespaces, inode, 0);
	namespace = number == NAMESPACE_UNKNOWN ? add(namespaces, inode)
						: namespaces_get(namespaces, number);
	if (!namespace)
		return -ENOMEM;
	return namespace->path ? 0 : copy_path(path, &namespace->path);
}

int namespaces_add_mounts(struct namespaces *namespaces)
{
	FILE *file = fopen("/proc/thread-self/mountinfo", "re");
	bool is_begin = true;
	char line[LINE_SIZE];
	int r = 0;

	if (!file)
		return errno == ENOENT ? 0 : -errno;
	while (!r && fgets(line, sizeof(line), file)) {
		if (is_begin)
			r = add_mount(namespaces, line);
		is_begin = strchr(line, '\n');
	}
	if (!r && ferror(file))
		r = -EIO;
	fclose(file);
	return r;
}

int namespaces_add_fd(struct namespaces *namespaces, int fd, uint32_t *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = find(namespaces, st.st_ino, 0);
	if (*ret == NAMESPACE_UNKNOWN) {
		if (!add(namespaces, st.st_ino))
			return -ENOMEM;
		*ret = (uint32_t)namespaces->list.n - 1;
	}
	return 0;
}

bool namespace_has(const struct namespace *namespace, pid_t pid)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/proc/%d/net/dev", pid);
	return namespace->net_inode && namespace->net_inode == get_inode(path);
}

struct visit {
	int fd;
	int (*work)(void *argument);
	void *argument;
	int result;
};

static void *run(void *argument)
{
	struct visit *visit = argument;

	if (setns(visit->fd, CLONE_NEWNET) < 0)
		visit->result = -errno;
	else
		visit->result = visit->work(visit->argument);
	return NULL;
}

static int run_in_thread(struct visit *visit)
{
	sigset_t all, before;
	pthread_t thread;
	int r;

	/* the caller's signals are for threads of the caller's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, NULL, run, visit);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r)
		return -r;
	pthread_join(thread, NULL);
	return visit->result;
}

/* A process may have moved, a mount may be covered by another one. */
static int open_checked(const char *path, uint64_t inode)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || st.st_ino != inode) {
		close(fd);
		return -ENOENT;
	}
	return fd;
}

static int open_namespace(const struct namespace *namespace)
{
	char path[PATH_SIZE];
	int fd = -ENOENT;

	if (namespace->pid) {
		snprintf(path, sizeof(path), "/proc/%d/ns/net", namespace->pid);
		fd = open_checked(path, namespace->inode);
	}
	if (fd < 0 && namespace->path)
		fd = open_checked(namespace->path, namespace->inode);
	return fd;
}

int namespace_visit(const struct namespace *namespace, int fd,
		    int (*work)(void *argument), void *argument)
{
	struct visit visit = { .fd = fd, .work = work, .argument = argument };
	int r;

	if (fd < 0)
		visit.fd = open_namespace(namespace);
	if (visit.fd < 0)
		return visit.fd;
	r = run_in_thread(&visit);
	if (fd < 0)
		close(visit.fd);
	return r;
}
