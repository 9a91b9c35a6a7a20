/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target: chooses and opens a socket of another process (see target.h).
 *
 * Invariant: what is opened is the socket that was chosen; a descriptor that was
 * closed and opened anew between the two is noticed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "endpoint.h"
#include "environment.h"
#include "namespace.h"
#include "options.h"
#include "output.h"
#include "target-fault.h"
#include "target.h"

typedef bool candidate_test(const struct target *target,
			    const struct candidate *candidate,
			    const struct target_query *query);

static bool is_address(const char *word)
{
	struct sockaddr_storage address;
	const char *why;

	return endpoint_parse_address(word, &address, &why) == 0;
}

static bool holds(const struct target *target, const struct candidate *candidate,
		  const struct target_query *query)
{
	const char *interface = query->interface;

	(void)target;
	/* Whose address it is can be told in the socket's namespace only. */
	if (interface && is_address(interface))
		interface = NULL;
	return candidate_find(candidate, query->group, interface) != NULL;
}

static bool is_ipv6_only(const struct target *target, const struct candidate *candidate)
{
	const struct msf_holder *holder = &candidate->socket.holders[0];
	int fd = msf_state_open_socket(target->msf, holder->pid, holder->fd), value = 0;
	socklen_t len = sizeof(value);

	if (fd < 0)
		return false;
	getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, &len);
	close(fd);
	return value;
}

static bool could_hold(const struct target *target, const struct candidate *candidate,
		       const struct target_query *query)
{
	const struct msf_socket *socket = &candidate->socket;

	if (socket->type != SOCK_DGRAM && socket->type != SOCK_RAW)
		return false;
	if (!query->group || query->group->ss_family == socket->family)
		return true;
	return query->group->ss_family == AF_INET && socket->type == SOCK_DGRAM &&
	       socket->protocol != IPPROTO_ICMPV6 && !is_ipv6_only(target, candidate);
}

static size_t mark(const struct target *target, const struct target_query *query,
		   candidate_test *test, bool *ret_is_wanted, struct candidate **ret)
{
	const struct candidate_list *list = &target->list;
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		ret_is_wanted[i] = test(target, &list->candidates[i], query);
		if (ret_is_wanted[i])
			*ret = &list->candidates[i];
		n += ret_is_wanted[i];
	}
	return n;
}

static int print_none(const struct target *target, const struct target_query *query)
{
	char what[TARGET_FAULT_NAME_MAX], group[ENDPOINT_TEXT_MAX] = "the group";

	if (!target->list.n)
		return target_fault_print(query->pid, -1, -ENOENT);
	target_fault_format_name(query->pid, -1, what);
	if (query->group)
		endpoint_format_address(query->group, group, sizeof(group));
	if (query->is_creating || !query->group)
		output_error(what,
			     "none of its sockets could be a member of %s; it has "
			     "these:",
			     group);
	else
		output_error(what,
			     "none of its sockets is a member of %s%s%s; it has "
			     "these:",
			     group, query->interface ? " on " : "",
			     query->interface ? query->interface : "");
	candidate_list_print(&target->list, NULL, stderr);
	return -EADDRNOTAVAIL;
}

static int choose(struct target *target, const struct target_query *query)
{
	bool *is_wanted = calloc(target->list.n + 1, sizeof(*is_wanted));
	char what[TARGET_FAULT_NAME_MAX];
	size_t n;
	int r = 0;

	if (!is_wanted) {
		output_error(NULL, "no memory");
		return -ENOMEM;
	}
	n = mark(target, query, holds, is_wanted, &target->candidate);
	if (!n && (query->is_creating || !query->group))
		n = mark(target, query, could_hold, is_wanted, &target->candidate);
	if (!n) {
		r = print_none(target, query);
	} else if (n > 1) {
		target_fault_format_name(query->pid, -1, what);
		output_error(what, "%zu of its sockets fit; choose one with --fd:", n);
		candidate_list_print(&target->list, is_wanted, stderr);
		r = -ENOTUNIQ;
	}
	free(is_wanted);
	return r;
}

static bool is_same(int fd, const struct msf_socket *socket)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_ino == socket->inode;
}

/* The one that was chosen. */
static int open_candidate(struct target *target)
{
	const struct msf_socket *socket = &target->candidate->socket;
	const struct msf_holder *holder = &socket->holders[0];
	char what[TARGET_FAULT_NAME_MAX];

	target->pid = holder->pid;
	target->number = holder->fd;
	target->fd = msf_state_open_socket(target->msf, holder->pid, holder->fd);
	if (target->fd >= 0 && is_same(target->fd, socket))
		return 0;
	if (target->fd < 0 && target->fd != -EBADF && target->fd != -ENOTSOCK)
		return target_fault_print(holder->pid, holder->fd, target->fd);
	target_fault_format_name(holder->pid, holder->fd, what);
	output_error(what, "the process closed it while it was looked at: try again");
	return -ESTALE;
}

static void read_command(pid_t pid, char *buf, size_t size)
{
	char path[64];
	size_t n;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	in = fopen(path, "re");
	if (!in)
		return;
	n = fread(buf, 1, size - 1, in);
	buf[n ? n - 1 : 0] = '\0'; /* for the line's end */
	fclose(in);
}

/* Takes the socket from a list of our own descriptors, where that of the process
 * could not be read. */
static int find_ourselves(struct target *target)
{
	struct msf_holder *holder;
	struct candidate_list *list = &target->list;
	int r;

	candidate_list_fini(list);
	r = candidate_list_read(list, target->msf, getpid());
	target->candidate = r < 0 ? NULL
				  : candidate_list_find(list, getpid(), target->fd);
	if (!target->candidate)
		return r < 0 ? r : -ENOENT;
	holder = &target->holder;
	*holder = (struct msf_holder){ .pid = target->pid, .fd = target->number };
	read_command(target->pid, holder->command, sizeof(holder->command));
	target->candidate->socket.holders = holder;
	target->candidate->socket.n_holders = 1;
	return 0;
}

/* The one that was named. */
static int open_number(struct target *target)
{
	char what[TARGET_FAULT_NAME_MAX];
	int r;

	target->fd = msf_state_open_socket(target->msf, target->pid, target->number);
	if (target->fd < 0)
		return target_fault_print(target->pid, target->number, target->fd);
	target->candidate = candidate_list_find(&target->list, target->pid,
						target->number);
	if (target->candidate && is_same(target->fd, &target->candidate->socket))
		return 0;
	if (!target_fault_check_kind(target->pid, target->number, target->fd))
		return -EOPNOTSUPP;
	r = find_ourselves(target);
	if (r < 0) {
		target_fault_format_name(target->pid, target->number, what);
		output_error(what, "cannot be looked at: %s", strerror(-r));
	}
	return r;
}

int target_open(struct target *target, const struct target_query *query)
{
	int r;

	*target = (struct target){ .pid = query->pid, .number = query->fd, .fd = -1 };
	r = environment_judge(msf_new(&target->msf, NULL));
	if (r < 0)
		return r;
	r = candidate_list_read(&target->list, target->msf, query->pid);
	/* With CAP_SYS_PTRACE alone a descriptor may be taken, but not looked for. */
	if (r < 0 && !(r == -EPERM && query->fd >= 0))
		return target_fault_print(query->pid, -1, r);
	if (query->fd >= 0)
		return open_number(target);
	r = choose(target, query);
	return r < 0 ? r : open_candidate(target);
}

void target_close(struct target *target)
{
	if (target->fd >= 0)
		close(target->fd);
	target->fd = -1;
	filter_fini(&target->gone);
	candidate_list_fini(&target->list);
	target->msf = msf_free(target->msf);
}

int target_enter(struct target *target)
{
	int r = namespace_enter(target->fd, target->candidate->socket.netns);
	char what[TARGET_FAULT_NAME_MAX];

	if (!r)
		return 0;
	target_fault_format_name(target->pid, target->number, what);
	if (r == -EPERM)
		output_error(
			what,
			"its socket is in another network namespace, and to enter "
			"that is not permitted: run msfctl with CAP_SYS_ADMIN (sudo), "
			"or there: nsenter --net --target %d msfctl ...",
			(int)target->pid);
	else
		output_error(what,
			     "the network namespace of its socket cannot be "
			     "entered: %s",
			     strerror(-r));
	return r;
}

/* A scan finds groups that somebody is a member of on an interface; of one that is gone
 * nothing is left but what the socket itself says, when it is asked for it. */
static const struct msf_membership *find_gone(struct target *target,
					      const struct sockaddr_storage *group,
					      const char *word)
{
	struct msf_membership membership = { .group = *group };
	char *end;
	unsigned long index = strtoul(word, &end, 10);

	if (*word < '0' || *word > '9' || *end || !index || index > INT32_MAX)
		return NULL;
	membership.ifindex = (uint32_t)index;
	filter_fini(&target->gone);
	if (filter_read(&target->gone, target->fd, membership.ifindex, group) < 0 ||
	    !target->gone.is_member)
		return NULL;
	membership.fmode = target->gone.fmode;
	membership.numsrc = target->gone.numsrc;
	membership.slist = target->gone.slist;
	if (candidate_add(target->candidate, &membership) < 0)
		return NULL;
	return &target->candidate->memberships[target->candidate->n_memberships - 1];
}

int target_find_interface(struct target *target, const struct sockaddr_storage *group,
			  const char *word, struct msf_interface *ret)
{
	const struct msf_membership *m = candidate_find(target->candidate, NULL, word);

	if (!m)
		m = find_gone(target, group, word);
	if (!m)
		return options_find_interface(word, ret);
	*ret = (struct msf_interface){ .ifindex = m->ifindex };
	memcpy(ret->name, m->interface, sizeof(ret->name));
	return 0;
}

int target_check(const struct target *target)
{
	int fd = msf_state_open_socket(target->msf, target->pid, target->number);
	char what[TARGET_FAULT_NAME_MAX];
	bool is_ours;

	if (fd == -EPERM) /* we have moved, and cannot look any more */
		return 0;
	is_ours = fd >= 0 && is_same(fd, &target->candidate->socket);
	if (fd >= 0)
		close(fd);
	if (is_ours)
		return 0;
	target_fault_format_name(target->pid, target->number, what);
	if (fd == -ESRCH)
		output_error(what, "the process ended meanwhile, and the socket with it");
	else
		output_error(what, "the process closed the socket meanwhile");
	return fd == -ESRCH ? -ESRCH : -ESTALE;
}

void target_print_memberships(const struct target *target)
{
	struct candidate_list list = { .n = 1, .candidates = target->candidate };

	candidate_list_print(&list, NULL, stderr);
}
