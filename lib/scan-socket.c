/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One socket of a scan: where it is, what it holds, and who has it. It is only read.
 */
#include "scan.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>

#include "base/option-names.h"
#include "membership.h"
#include "socket.h"

/* A descriptor of our own of that socket. */
struct subject {
	int fd;
	const struct held *held;
	uint32_t namespace;
	int64_t drops;
	bool is_asm;
	struct membership_search search;
};

static int get_option(int fd, int level, int name)
{
	int value;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) < 0 ? -1 : value;
}

/* Option memory and drops, where the kernel tells (Linux 4.12). */
static void read_memory(struct subject *subject)
{
	uint32_t values[SK_MEMINFO_VARS + 8] = { 0 };
	socklen_t len = sizeof(values);

	subject->search.optmem = -1;
	subject->drops = -1;
	if (getsockopt(subject->fd, SOL_SOCKET, SO_MEMINFO, values, &len) < 0)
		return;
	if (len > SK_MEMINFO_OPTMEM * sizeof(*values))
		subject->search.optmem = (int32_t)values[SK_MEMINFO_OPTMEM];
	if (len > SK_MEMINFO_DROPS * sizeof(*values))
		subject->drops = values[SK_MEMINFO_DROPS];
}

/* 0: not known. */
static uint64_t get_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) < 0 ? 0
									      : cookie;
}

/* 1, 0; -1: not known (Linux before 5.14). */
static int is_in_own_namespace(int fd)
{
	int own = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie;

	if (own < 0)
		own = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (own < 0)
		return -1;
	cookie = get_cookie(own);
	close(own);
	return cookie ? cookie == get_cookie(fd) : -1;
}

/* The namespace itself, which takes CAP_NET_ADMIN in it. Its groups are read when
 * it is met for the first time: only sockets may keep it alive. */
static int ask_for_namespace(struct scan *scan, int fd, uint32_t *ret)
{
	int namespace = ioctl(fd, SIOCGSKNS), r;
	size_t n = scan->namespaces.list.n;

	if (namespace < 0)
		return -errno;
	r = namespaces_add_fd(&scan->namespaces, namespace, ret);
	if (!r && scan->namespaces.list.n > n && !scan->is_here_only) {
		r = scan_list_namespace(scan, *ret, NULL,
					&namespaces_get(&scan->namespaces, *ret)->groups,
					namespace);
		if (r < 0 && !scan_is_fatal(r)) {
			scan->state->unseen.namespaces++;
			r = 0;
		}
	}
	close(namespace);
	return r;
}

/* Of a socket that is in no list. Most are where their process is. */
static int find_namespace(struct scan *scan, struct subject *subject)
{
	const struct holder *holder = scan->holders.list.items;
	int r = ask_for_namespace(scan, subject->fd, &subject->namespace), is_own;

	if (r >= 0 || scan_is_fatal(r))
		return r;
	subject->namespace = holder[subject->held->first].namespace;
	is_own = is_in_own_namespace(subject->fd);
	if (is_own == 1)
		subject->namespace = 0;
	else if (is_own == 0 && subject->namespace == 0)
		subject->namespace = NAMESPACE_UNKNOWN;
	return 0;
}

static int find_memberships(struct scan *scan, struct subject *subject)
{
	static const struct vector no_groups = { 0 };
	socklen_t len = sizeof(subject->search.address);

	subject->search.state = scan->state;
	subject->search.msf = scan->msf;
	subject->search.fd = subject->fd;
	subject->search.guesses = &scan->guesses;
	subject->search.groups = &no_groups;
	if (subject->namespace != NAMESPACE_UNKNOWN)
		subject->search.groups =
			&namespaces_get(&scan->namespaces, subject->namespace)->groups;
	getsockname(subject->fd, (struct sockaddr *)&subject->search.address, &len);
	if (subject->search.optmem == 0)
		return 0;
	return membership_find_all(&subject->search, &subject->is_asm);
}

static int add_holders(struct scan *scan, const struct held *held, unsigned int *ret_n)
{
	const struct holder *holder = scan->holders.list.items;
	const char(*command)[HOLDERS_COMMAND_SIZE] = scan->holders.commands.items;

	*ret_n = 0;
	for (size_t i = held->first; i < held->first + held->n; i++) {
		struct msf_holder *added;

		/* a thread's table is worth a word when the socket is only there */
		if (holder[i].is_thread && !holder[held->first].is_thread)
			break;
		added = vector_append(&scan->state->holders, sizeof(*added));
		if (!added)
			return -ENOMEM;
		*added = (struct msf_holder){ .pid = holder[i].pid, .fd = holder[i].fd };
		memcpy(added->command, command[holder[i].command],
		       sizeof(added->command));
		(*ret_n)++;
	}
	return 0;
}

static int add_socket(struct scan *scan, const struct subject *subject,
		      size_t first_membership)
{
	const struct socket_entry *entry = sockets_get(&scan->sockets,
						       subject->held->socket);
	struct state_socket *socket = vector_append(&scan->state->sockets,
						    sizeof(*socket));

	if (!socket)
		return -ENOMEM;
	*socket = (struct state_socket){
		.shown = { .inode = entry->inode,
			   .family = get_option(subject->fd, SOL_SOCKET, SO_DOMAIN),
			   .type = get_option(subject->fd, SOL_SOCKET, SO_TYPE),
			   .protocol = get_option(subject->fd, SOL_SOCKET, SO_PROTOCOL),
			   .address = subject->search.address,
			   .multicast_all = get_option(subject->fd, IPPROTO_IP,
						       IP_MULTICAST_ALL),
			   .multicast_all6 = get_option(subject->fd, IPPROTO_IPV6,
							IPV6_MULTICAST_ALL),
			   .drops = subject->is_asm ? -1 : subject->drops,
			   .backend = subject->is_asm ? MSF_BACKEND_ASM : scan->backend },
		.first_holder = scan->state->holders.n,
		.first_membership = first_membership,
		.n_memberships = scan->state->memberships.n - first_membership,
	};
	if (subject->namespace != NAMESPACE_UNKNOWN)
		socket->shown.netns =
			namespaces_get(&scan->namespaces, subject->namespace)->inode;
	return add_holders(scan, subject->held, &socket->shown.n_holders);
}

int scan_look(struct scan *scan, const struct held *held, int fd)
{
	const struct socket_entry *entry = sockets_get(&scan->sockets, held->socket);
	struct subject subject = { .fd = fd,
				   .held = held,
				   .namespace = entry->namespace };
	size_t first = scan->state->memberships.n;
	int r = 0;

	read_memory(&subject);
	if (subject.search.optmem == 0 && !scan->is_idle_wanted)
		return 0;
	if (entry->kind == SOCKET_UNLISTED) {
		/* where its name could not be read it may be anything */
		if (socket_find_fault(fd, AF_UNSPEC))
			return 0;
		r = find_namespace(scan, &subject);
	}
	if (r < 0 || (scan->is_here_only && subject.namespace != 0))
		return r;
	r = find_memberships(scan, &subject);
	if (r < 0 || (first == scan->state->memberships.n && !scan->is_idle_wanted))
		return r;
	return add_socket(scan, &subject, first);
}
