/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the namespaces of a scan have: sockets, and groups on interfaces. One that may
 * not be entered is read through /proc/PID/net of somebody who is in it.
 */
#include "scan.h"

#include <stdio.h>
#include <netinet/in.h>

#include "membership.h"
#include "proc.h"

struct listing {
	struct sockets *sockets; /* NULL: the groups only */
	struct vector *groups;   /* NULL: the sockets only */
	uint32_t namespace;
};

static int list_here(void *argument)
{
	struct listing *listing = argument;
	int r = 0;

	if (listing->groups)
		r = membership_read_groups(listing->groups, PROC_NET);
	if (!r && listing->sockets)
		r = sockets_list(listing->sockets, listing->namespace);
	return r;
}

static int list_at(struct listing *listing, const struct namespace *namespace)
{
	char net[32];
	int r = 0;

	if (!namespace_has(namespace, namespace->pid))
		return -ENOENT;
	snprintf(net, sizeof(net), "/proc/%d/net", namespace->pid);
	if (listing->groups)
		r = membership_read_groups(listing->groups, net);
	if (!r && listing->sockets)
		r = sockets_list_at(listing->sockets, listing->namespace, net);
	/* a process that has ended shows no files, its successor others, and one that
	 * ends meanwhile gives errors of many kinds (ESRCH, EINVAL) */
	if (!scan_is_fatal(r) && !namespace_has(namespace, namespace->pid))
		r = -ENOENT;
	return r;
}

/* fd: the namespace, or -1. */
int scan_list_namespace(struct scan *scan, uint32_t number, struct sockets *sockets,
			struct vector *groups, int fd)
{
	const struct namespace *namespace = namespaces_get(&scan->namespaces, number);
	struct listing listing = { sockets, groups, number };
	int r;

	if (number == 0)
		return list_here(&listing);
	r = namespace_visit(namespace, fd, list_here, &listing);
	if (r < 0 && !scan_is_fatal(r) && namespace->pid) {
		if (groups)
			groups->n = 0;
		r = list_at(&listing, namespace);
	}
	return r;
}

/* The process through which it was found may have ended; another one will do. */
static bool find_other_process(const struct scan *scan, uint32_t number)
{
	struct namespace *namespace = namespaces_get(&scan->namespaces, number);
	const struct process *process = scan->processes.items;

	for (size_t i = 0; i < scan->processes.n; i++) {
		if (process[i].namespace == number && process[i].pid > namespace->pid &&
		    namespace_has(namespace, process[i].pid)) {
			namespace->pid = process[i].pid;
			return true;
		}
	}
	return false;
}

/* Lists the sockets and the groups of those that are known up to here. */
int scan_list_namespaces(struct scan *scan)
{
	uint32_t n = scan->is_here_only ? 1 : (uint32_t)scan->namespaces.list.n;

	for (uint32_t i = 0; i < n; i++) {
		struct namespace *namespace = namespaces_get(&scan->namespaces, i);
		int r;

		do
			r = scan_list_namespace(scan, i, &scan->sockets,
						&namespace->groups, -1);
		while (r == -ENOENT && find_other_process(scan, i));
		if (r < 0 && (scan_is_fatal(r) || i == 0))
			return r;
		/* the last process that ends takes its namespace with it */
		if (r < 0 && !(namespace->pid && r == -ENOENT))
			scan->state->unseen.namespaces++;
	}
	return 0;
}

/*
 * Groups that a membership on an interface that is gone may be of
 */

static int compare_addresses(const void *a, const void *b)
{
	return addr_compare(*(const struct addr *)a, *(const struct addr *)b);
}

/* Every interface has those (RFC 1112 7.2, RFC 4291 2.8), and they are no news. */
static bool is_of_every_host(struct addr group)
{
	if (addr_is_ipv4(group))
		return addr_ipv4(group) == INADDR_ALLHOSTS_GROUP;
	return group.hi >> 48 == 0xff01 || (group.hi == 0xff02000000000000ull &&
					    (group.lo == 1 || group.lo >> 24 == 0x1ff));
}

static int add_guess(struct scan *scan, struct addr group)
{
	struct addr *added;

	if (is_of_every_host(group))
		return 0;
	added = vector_append(&scan->guesses, sizeof(*added));
	if (!added)
		return -ENOMEM;
	*added = group;
	return 0;
}

static int add_guesses(struct scan *scan)
{
	const struct addr *bound = scan->sockets.groups.items;
	int r = 0;

	for (uint32_t i = 0; i < scan->namespaces.list.n; i++) {
		const struct namespace *namespace = namespaces_get(&scan->namespaces, i);
		const struct proc_group *entry = namespace->groups.items;

		for (size_t j = 0; !r && j < namespace->groups.n; j++)
			r = add_guess(scan, entry[j].group);
	}
	for (size_t i = 0; !r && i < scan->sockets.groups.n; i++)
		r = add_guess(scan, bound[i]);
	return r;
}

/* Each group once. */
int scan_find_guesses(struct scan *scan)
{
	struct addr *group;
	size_t n = 0;
	int r = add_guesses(scan);

	if (r < 0 || !scan->guesses.n)
		return r;
	group = scan->guesses.items;
	qsort(group, scan->guesses.n, sizeof(*group), compare_addresses);
	for (size_t i = 0; i < scan->guesses.n; i++)
		if (!n || !addr_equal(group[n - 1], group[i]))
			group[n++] = group[i];
	scan->guesses.n = n;
	return 0;
}
