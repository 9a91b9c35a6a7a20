/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A scan of the host: find the network namespaces, list the sockets of each, find
 * out who has them, and ask those that may hold memberships.
 *
 * Invariant: nothing is changed, neither in a socket nor in the caller's thread;
 * at most one socket of somebody else is open at a time.
 */
#include "scan.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend.h"
#include "context.h"

#define FLAGS_ALL (MSF_SCAN_IDLE | MSF_SCAN_HERE)

/*
 * Processes
 */

static int add_process(struct scan *scan, pid_t pid)
{
	struct process process, *added;
	int r = namespaces_add_process(&scan->namespaces, pid, &process);

	if (r < 0)
		return r;
	added = vector_append(&scan->processes, sizeof(*added));
	if (!added)
		return -ENOMEM;
	*added = process;
	return 0;
}

static int find_processes(struct scan *scan)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return -errno;
	while (!r && (entry = readdir(dir))) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 0 && pid != scan->pid)
			r = add_process(scan, pid);
		if (r == -ESRCH)
			r = 0;
	}
	closedir(dir);
	return r;
}

static void choose_wanted(struct scan *scan)
{
	for (uint32_t i = 0; i < scan->sockets.list.n; i++) {
		struct socket_entry *entry = sockets_get(&scan->sockets, i);

		entry->is_wanted = scan->is_idle_wanted || entry->optmem != 0;
	}
}

/* Of one process: what others have of its sockets is to be found, too, but no
 * other sockets. */
static int find_holders_of(struct scan *scan, const struct process *process)
{
	int r = holders_add_process(&scan->holders, &scan->sockets, process, true);
	const struct holder *holder = scan->holders.list.items;

	if (r < 0)
		return r == -ENOENT ? -ESRCH : r == -EACCES ? -EPERM : r;
	for (uint32_t i = 0; i < scan->sockets.list.n; i++)
		sockets_get(&scan->sockets, i)->is_wanted = false;
	for (size_t i = 0; i < scan->holders.list.n; i++)
		sockets_get(&scan->sockets, holder[i].socket)->is_wanted = true;
	return 0;
}

static int find_holders(struct scan *scan)
{
	const struct process *process = scan->processes.items;
	size_t i = 0;
	int r = 0;

	choose_wanted(scan);
	if (scan->pid)
		r = find_holders_of(scan, &process[i++]);
	for (; !r && i < scan->processes.n; i++) {
		r = holders_add_process(&scan->holders, &scan->sockets, &process[i],
					!scan->pid);
		if (r < 0 && !scan_is_fatal(r))
			r = 0;
	}
	holders_sort(&scan->holders);
	if (!scan->pid)
		scan->state->unseen.processes = scan->holders.n_hidden;
	return r;
}

/*
 * All sockets
 */

static int open_process(struct scan *scan, pid_t pid)
{
	if (scan->pidfd_owner != pid) {
		if (scan->pidfd >= 0)
			close(scan->pidfd);
		scan->pidfd = holders_open_process(pid);
		scan->pidfd_owner = pid;
	}
	return scan->pidfd;
}

/* What was opened with O_PATH is no way to ask a socket, and another file may hang:
 * this looks without asking the file. */
static bool is_socket(int fd)
{
	socklen_t len = sizeof(int);
	int type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0;
}

/* The process may have closed it, or another file may have its number by now. */
static int fetch(struct scan *scan, const struct holder *holder, uint64_t inode)
{
	int pidfd = open_process(scan, holder->pid), fd;
	struct stat st;

	if (pidfd < 0)
		return pidfd;
	fd = holders_fetch(pidfd, holder->fd);
	if (fd >= 0 && (!is_socket(fd) || fstat(fd, &st) < 0 || st.st_ino != inode)) {
		close(fd);
		return -EBADF;
	}
	return fd;
}

static int add_missing(struct scan *scan, uint32_t number)
{
	uint32_t *added = vector_append(&scan->missing, sizeof(*added));

	if (!added)
		return -ENOMEM;
	*added = number;
	return 0;
}

/* By the first of its holders that can be asked. */
static int look_at_held(struct scan *scan, const struct held *held)
{
	const struct holder *holder = scan->holders.list.items;
	uint64_t inode = sockets_get(&scan->sockets, held->socket)->inode;
	bool is_denied = false;

	for (size_t i = held->first; i < held->first + held->n; i++) {
		int fd = fetch(scan, &holder[i], inode), r;

		if (fd >= 0) {
			r = scan_look(scan, held, fd);
			close(fd);
			return r;
		}
		if (scan_is_fatal(fd) || fd == -ENOSYS)
			return fd;
		/* Linux before 6.9 opens no thread; the process may have ended, too */
		is_denied |= fd == -EPERM || fd == -EACCES ||
			     (fd == -ESRCH && holder[i].is_thread);
	}
	return is_denied ? add_missing(scan, held->socket) : 0;
}

static int compare_held(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

/* One a socket, in the order of their first holders, so that each process is opened
 * once. */
static int collect_held(const struct holders *holders, struct vector *ret)
{
	const struct holder *holder = holders->list.items;
	struct held *held = NULL;

	for (size_t i = 0; i < holders->list.n; i++) {
		if (!held || held->socket != holder[i].socket) {
			held = vector_append(ret, sizeof(*held));
			if (!held)
				return -ENOMEM;
			*held = (struct held){ holder[i].socket, holder[i].pid,
					       holder[i].fd, i, 0 };
		}
		held->n++;
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*held), compare_held);
	return 0;
}

static int look_at_all(struct scan *scan)
{
	struct vector list = { 0 };
	const struct held *held;
	int r = collect_held(&scan->holders, &list);

	held = list.items;
	for (size_t i = 0; !r && i < list.n; i++)
		r = look_at_held(scan, &held[i]);
	vector_fini(&list);
	return r;
}

/*
 * What was not seen
 */

static int find_unheld(struct scan *scan)
{
	const struct holder *holder = scan->holders.list.items;
	int r = 0;

	for (size_t i = 0; i < scan->holders.list.n; i++)
		sockets_get(&scan->sockets, holder[i].socket)->is_wanted = false;
	for (uint32_t i = 0; !r && i < scan->sockets.list.n; i++) {
		const struct socket_entry *entry = sockets_get(&scan->sockets, i);

		if (entry->is_wanted && entry->optmem != 0)
			r = add_missing(scan, i);
	}
	return r;
}

static int list_again(struct scan *scan, struct sockets *now)
{
	const uint32_t *number = scan->missing.items;
	uint32_t last = NAMESPACE_UNKNOWN;

	for (size_t i = 0; i < scan->missing.n; i++) {
		uint32_t namespace = sockets_get(&scan->sockets, number[i])->namespace;
		int r = 0;

		if (namespace != last && namespace != NAMESPACE_UNKNOWN)
			r = scan_list_namespace(scan, namespace, now, NULL, -1);
		if (scan_is_fatal(r))
			return r;
		last = namespace;
	}
	return 0;
}

/* Only what is still there: a socket that was closed meanwhile is not missed. One
 * that waits for a lock in close(2) just now is still listed, and counted. */
static int count_unseen(struct scan *scan)
{
	const uint32_t *number;
	struct sockets now = { 0 };
	int r = 0;

	if (!scan->pid)
		r = find_unheld(scan);
	number = scan->missing.items;
	if (!r && scan->missing.n)
		r = list_again(scan, &now);
	for (size_t i = 0; !r && i < scan->missing.n; i++) {
		const struct socket_entry *entry = sockets_get(&scan->sockets, number[i]);

		if (entry->kind != SOCKET_LISTED ||
		    sockets_find(&now, entry->inode) != SOCKETS_NONE)
			scan->state->unseen.sockets++;
	}
	sockets_fini(&now);
	return r;
}

/*
 * The whole
 */

static int find_namespaces(struct scan *scan)
{
	int r = namespaces_init(&scan->namespaces);

	if (!r && scan->pid)
		r = add_process(scan, scan->pid);
	if (!r && !scan->pid)
		r = find_processes(scan);
	if (!r && !scan->pid && !scan->is_here_only)
		r = namespaces_add_mounts(&scan->namespaces);
	return r;
}

static int run(struct scan *scan)
{
	int r = find_namespaces(scan);

	if (!r)
		r = scan_list_namespaces(scan);
	if (!r && scan->pid) /* the others, as holders of its sockets */
		r = find_processes(scan);
	if (!r)
		r = find_holders(scan);
	if (!r)
		r = scan_find_guesses(scan);
	if (!r)
		r = look_at_all(scan);
	return r < 0 ? r : count_unseen(scan);
}

static void fini(struct scan *scan)
{
	if (scan->pidfd >= 0)
		close(scan->pidfd);
	namespaces_fini(&scan->namespaces);
	vector_fini(&scan->processes);
	sockets_fini(&scan->sockets);
	holders_fini(&scan->holders);
	vector_fini(&scan->guesses);
	vector_fini(&scan->missing);
}

int msf_state_scan(struct msf_state **ret, struct msf *msf, const struct msf_scan *wanted)
{
	struct scan scan = { .pidfd = -1, .backend = MSF_BACKEND_KERNEL };
	int r = context_get(msf, &scan.msf);

	if (r < 0)
		return r;
	if (wanted) {
		if (wanted->flags & ~FLAGS_ALL)
			return -EINVAL;
		if (wanted->pid < 0)
			return -ESRCH;
		scan.pid = wanted->pid;
		scan.is_idle_wanted = wanted->flags & MSF_SCAN_IDLE;
		scan.is_here_only = wanted->flags & MSF_SCAN_HERE;
	}
	/* not what the context is told to use, but what there is */
	r = backend_find(-1, &scan.backend);
	if (scan_is_fatal(r))
		return r;
	scan.state = calloc(1, sizeof(*scan.state));
	if (!scan.state)
		return -ENOMEM;
	r = run(&scan);
	fini(&scan);
	if (r < 0) {
		msf_state_free(scan.state);
		return r;
	}
	*ret = scan.state;
	return 0;
}
