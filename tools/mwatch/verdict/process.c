/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process: sockets and memberships of one process (see process.h).
 *
 * Invariant: listeners are sorted by (raw, port, address) and memberships by (group,
 * socket): a flow looks only at those that can be its own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "process-socket.h"
#include "process.h"

struct listener_key {
	bool is_raw;
	uint16_t port;
	struct address address; /* any, or the one that it is bound to */
};

struct process_listener {
	struct listener_key key;
	uint32_t i_socket;
};

struct process_membership {
	struct address group;
	uint32_t i_socket;
	uint32_t ifindex;
	uint32_t fmode;
	uint32_t numsrc;
	const struct sockaddr_storage *slist; /* of the state */
};

static int compare_listeners(const void *a, const void *b)
{
	const struct listener_key *x = a, *y = b; /* the first member */

	if (x->is_raw != y->is_raw)
		return x->is_raw ? 1 : -1;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return address_compare(&x->address, &y->address);
}

static int compare_memberships(const void *a, const void *b)
{
	const struct process_membership *x = a, *y = b;
	int order = address_compare(&x->group, &y->group);

	if (order)
		return order;
	return (x->i_socket > y->i_socket) - (x->i_socket < y->i_socket);
}

/* The first of the sorted entries that is not smaller than the key. */
static uint32_t find_first(const void *key, const void *entries, uint32_t n, size_t size,
			   int (*compare)(const void *, const void *))
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (compare((const char *)entries + middle * size, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Reading
 */

/* Room for one more; doubles. */
static void *make_room(void *entries, uint32_t n, size_t size)
{
	/* At powers of two, and at the first one. */
	if (n & (n - 1))
		return entries;
	return reallocarray(entries, n ? 2 * (size_t)n : 1, size);
}

static int add_listener(struct process *process, int is_ipv6)
{
	const struct process_socket *socket = &process->sockets[process->n_sockets];
	struct process_listener *listeners =
		make_room(process->listeners, process->n_listeners, sizeof(*listeners));
	struct process_listener *listener;

	if (!listeners)
		return -ENOMEM;
	process->listeners = listeners;
	listener = &listeners[process->n_listeners++];
	*listener = (struct process_listener){
		.key = { .is_raw = socket->is_raw,
			 .port = socket->port,
			 .address = socket->bound[is_ipv6] },
		.i_socket = process->n_sockets,
	};
	/* A raw IPv6 socket hears more than its address. */
	if (socket->is_raw && is_ipv6)
		listener->key.address = (struct address){ .is_ipv6 = 1 };
	return 0;
}

static int add_membership(struct process *process, const struct msf_membership *from)
{
	struct process_membership *memberships = make_room(
		process->memberships, process->n_memberships, sizeof(*memberships));

	if (!memberships)
		return -ENOMEM;
	process->memberships = memberships;
	memberships[process->n_memberships++] = (struct process_membership){
		.group = address_get(&from->group),
		.i_socket = process->n_sockets,
		.ifindex = from->ifindex,
		.fmode = from->fmode,
		.numsrc = from->numsrc,
		.slist = from->slist,
	};
	return 0;
}

static int add_socket(struct process *process, const struct msf_socket *from)
{
	struct process_socket *sockets = make_room(process->sockets, process->n_sockets,
						   sizeof(*sockets));
	struct msf_membership membership;
	int r;

	if (!sockets)
		return -ENOMEM;
	process->sockets = sockets;
	r = process_socket_read(from, &sockets[process->n_sockets]);
	if (r <= 0)
		return r;
	r = 0;
	for (int i = 0; r == 0 && i < 2; i++)
		if (sockets[process->n_sockets].hears[i])
			r = add_listener(process, i);
	while (r == 0 && msf_state_pop_membership(process->state, &membership) > 0)
		r = add_membership(process, &membership);
	process->n_sockets += r == 0;
	return r;
}

static bool is_elsewhere(pid_t pid)
{
	struct stat own, other;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	return stat("/proc/thread-self/ns/net", &own) == 0 && stat(path, &other) == 0 &&
	       own.st_ino != other.st_ino;
}

static int look(struct process *process)
{
	const pid_t pid = process->target.pid;
	const struct msf_scan scan = { .pid = pid,
				       .flags = MSF_SCAN_HERE | MSF_SCAN_IDLE };
	struct msf_socket socket;
	int r = msf_state_scan(&process->state, NULL, &scan);

	while (r == 0 && msf_state_pop_socket(process->state, &socket) > 0)
		r = add_socket(process, &socket);
	if (r < 0)
		return r;
	if (process->n_sockets == 0 && is_elsewhere(pid))
		return -EXDEV;
	if (process->n_listeners)
		qsort(process->listeners, process->n_listeners,
		      sizeof(*process->listeners), compare_listeners);
	if (process->n_memberships)
		qsort(process->memberships, process->n_memberships,
		      sizeof(*process->memberships), compare_memberships);
	return 0;
}

static void clear(struct process *process)
{
	msf_state_free(process->state);
	free(process->sockets);
	free(process->listeners);
	free(process->memberships);
	process->sockets = NULL;
	process->listeners = NULL;
	process->memberships = NULL;
	process->state = NULL;
	process->n_sockets = process->n_listeners = process->n_memberships = 0;
}

int process_refresh(struct process *process)
{
	int r = target_check(&process->target);

	clear(process);
	if (r == 0)
		r = look(process);
	/* Another one may have got its number meanwhile. */
	if (r == 0)
		r = target_check(&process->target);
	if (r < 0)
		clear(process);
	return r;
}

void process_fini(struct process *process)
{
	clear(process);
	target_fini(&process->target);
}

/*
 * Judging
 */

static const int weight[] = { [SAMPLE_UNJOINED] = 0,
			      [SAMPLE_BLOCK] = 1,
			      [SAMPLE_UNKNOWN] = 2,
			      [SAMPLE_ACCEPT] = 3 };

static enum sample_verdict stronger(enum sample_verdict a, enum sample_verdict b)
{
	return weight[a] > weight[b] ? a : b;
}

static bool admits(const struct process_membership *membership,
		   const struct address *source)
{
	bool is_listed = membership->numsrc &&
			 bsearch(source, membership->slist, membership->numsrc,
				 sizeof(*membership->slist), address_compare_sockaddr);

	return is_listed == (membership->fmode == MCAST_INCLUDE);
}

/* What the memberships [first, end) of one socket and one group say. */
static enum sample_verdict judge_filter(const struct process_socket *socket,
					const struct process_membership *first,
					const struct process_membership *end,
					const struct process_flow *flow)
{
	bool is_interface_asked = socket->is_emulated || !flow->place.group.is_ipv6;
	enum sample_verdict verdict = SAMPLE_UNJOINED;

	for (; first < end; first++) {
		enum sample_verdict one = admits(first, &flow->source) ? SAMPLE_ACCEPT
								       : SAMPLE_BLOCK;

		if (is_interface_asked && first->ifindex != flow->place.ifindex)
			continue;
		/* Which of them is the newest, Linux does not tell. */
		verdict = verdict == SAMPLE_UNJOINED || verdict == one ? one
								       : SAMPLE_UNKNOWN;
	}
	return verdict;
}

/* Where the memberships of that group and socket end. */
static const struct process_membership *find_end(const struct process *process,
						 const struct process_membership *first)
{
	const struct process_membership *last = process->memberships +
						process->n_memberships;
	const struct process_membership *end = first;

	while (end < last && compare_memberships(first, end) == 0)
		end++;
	return end;
}

/* The port that a connected socket waits for is no part of a flow. */
static enum sample_verdict doubt(const struct process_socket *socket,
				 enum sample_verdict verdict)
{
	return verdict == SAMPLE_ACCEPT && !socket->is_raw &&
			       !address_is_any(&socket->peer)
		       ? SAMPLE_UNKNOWN
		       : verdict;
}

/* What others joined passes only as far as the host admits it. */
static enum sample_verdict pass_host(const struct process_socket *socket,
				     enum sample_verdict host)
{
	return host == SAMPLE_BLOCK ? SAMPLE_UNJOINED : doubt(socket, host);
}

static bool is_joined_here(const struct process_membership *first,
			   const struct process_membership *end,
			   const struct process_flow *flow)
{
	for (; first < end; first++)
		if (first->ifindex == flow->place.ifindex)
			return true;
	return false;
}

/* What a socket makes of the flow, whose memberships of the group are [first, end). */
static enum sample_verdict judge_member(const struct process_socket *socket,
					const struct process_membership *first,
					const struct process_membership *end,
					const struct process_flow *flow,
					enum sample_verdict host)
{
	enum sample_verdict filter = judge_filter(socket, first, end, flow);

	if (process_socket_hears(socket, flow)) {
		if (filter == SAMPLE_ACCEPT && !is_joined_here(first, end, flow))
			return pass_host(socket, host);
		return doubt(socket, filter);
	}
	/* One that is not bound can still keep it from others: nobody else joined. */
	if (filter == SAMPLE_BLOCK && !socket->is_raw && !socket->port)
		return SAMPLE_BLOCK;
	return SAMPLE_UNJOINED;
}

static enum sample_verdict judge_members(const struct process *process,
					 const struct process_flow *flow,
					 enum sample_verdict host)
{
	const struct process_membership key = { .group = flow->place.group };
	const struct process_membership *at, *last, *end;
	enum sample_verdict verdict = SAMPLE_UNJOINED;

	last = process->memberships + process->n_memberships;
	at = process->memberships + find_first(&key, process->memberships,
					       process->n_memberships, sizeof(key),
					       compare_memberships);
	for (; at < last && address_compare(&at->group, &key.group) == 0; at = end) {
		end = find_end(process, at);
		verdict = stronger(verdict, judge_member(&process->sockets[at->i_socket],
							 at, end, flow, host));
	}
	return verdict;
}

static bool is_member(const struct process *process, uint32_t i_socket,
		      const struct process_flow *flow)
{
	const struct process_membership key = { .group = flow->place.group,
						.i_socket = i_socket };
	uint32_t i = find_first(&key, process->memberships, process->n_memberships,
				sizeof(key), compare_memberships);
	const struct process_membership *at = process->memberships + i;

	if (i == process->n_memberships || compare_memberships(&key, at) != 0)
		return false;
	return judge_filter(&process->sockets[i_socket], at, find_end(process, at),
			    flow) != SAMPLE_UNJOINED;
}

/* A socket that is no member gets what the host lets pass, IP_MULTICAST_ALL
 * being set. */
static enum sample_verdict judge_listener(const struct process *process,
					  uint32_t i_socket,
					  const struct process_flow *flow,
					  enum sample_verdict host)
{
	const struct process_socket *socket = &process->sockets[i_socket];
	int all = socket->has_multicast_all[flow->place.group.is_ipv6];

	if (!process_socket_hears(socket, flow))
		return SAMPLE_UNJOINED;
	if (process_socket_is_unfiltered(socket, flow))
		return flow->is_outgoing ? pass_host(socket, host) : SAMPLE_ACCEPT;
	if (host == SAMPLE_BLOCK)
		return SAMPLE_UNJOINED;
	if (all == 0 || is_member(process, i_socket, flow))
		return SAMPLE_UNJOINED;
	return all < 0 ? SAMPLE_UNKNOWN : pass_host(socket, host);
}

static enum sample_verdict judge_range(const struct process *process,
				       const struct listener_key *key,
				       const struct process_flow *flow,
				       enum sample_verdict host)
{
	enum sample_verdict verdict = SAMPLE_UNJOINED;
	uint32_t i = find_first(key, process->listeners, process->n_listeners,
				sizeof(*process->listeners), compare_listeners);

	for (; i < process->n_listeners && verdict != SAMPLE_ACCEPT &&
	       compare_listeners(key, &process->listeners[i]) == 0;
	     i++)
		verdict = stronger(verdict,
				   judge_listener(process, process->listeners[i].i_socket,
						  flow, host));
	return verdict;
}

static enum sample_verdict judge_listeners(const struct process *process,
					   const struct process_flow *flow,
					   enum sample_verdict host)
{
	const struct address any = { .is_ipv6 = flow->place.group.is_ipv6 };
	const struct listener_key keys[] = {
		{ .port = flow->port, .address = any },
		{ .port = flow->port, .address = flow->place.group },
		{ .is_raw = true, .address = any },
		{ .is_raw = true, .address = flow->place.group },
	};
	enum sample_verdict verdict = SAMPLE_UNJOINED;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (verdict != SAMPLE_ACCEPT)
			verdict = stronger(verdict,
					   judge_range(process, &keys[i], flow, host));
	return verdict;
}

enum sample_verdict process_judge(const struct process *process,
				  const struct process_flow *flow,
				  enum sample_verdict passed)
{
	enum sample_verdict verdict;

	if (passed == SAMPLE_UNJOINED || !process->n_sockets)
		return SAMPLE_UNJOINED;
	verdict = judge_members(process, flow, passed);
	if (verdict != SAMPLE_ACCEPT)
		verdict = stronger(verdict, judge_listeners(process, flow, passed));
	return verdict;
}
