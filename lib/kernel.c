/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux deviates from the table in ways that a reading call shows beforehand:
 * an emptied filter changes its mode by itself, refused calls leave memberships
 * INCLUDE {} behind ("leftovers"), an identical set is not noticed, a full-state
 * set needs a membership. So: look, ask the table with what is known, and let
 * the kernel answer what is left (whether a source is in a long list).
 *
 * The invariant: no call made here admits a packet that neither the old filter
 * nor the new one admits, and none is made for a request that the table refuses.
 */
#include "kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sockaddr.h"
#include "socket.h"

#define BUFFER_MIN 64u

struct kernel_buffer {
	uint32_t capacity;           /* sources */
	struct addr *addr;           /* owned: twice the capacity, to sort in */
	struct group_filter *filter; /* owned */
};

/* The stored filter, whole. */
struct stored {
	struct filter filter;
	uint32_t n_raw; /* duplicates counted */
	bool is_leftover;
};

/*
 * Buffers
 */

void kernel_buffer_free(struct kernel_buffer *buffer)
{
	if (buffer) {
		free(buffer->addr);
		free(buffer->filter);
		free(buffer);
	}
}

static struct kernel_buffer *buffer_new(uint32_t capacity)
{
	struct kernel_buffer *buffer = malloc(sizeof(*buffer));

	if (!buffer)
		return NULL;
	*buffer = (struct kernel_buffer){
		.capacity = capacity,
		.addr = malloc(2 * capacity * sizeof(*buffer->addr)),
		.filter = calloc(1, GROUP_FILTER_SIZE(capacity)),
	};
	if (!buffer->addr || !buffer->filter) {
		kernel_buffer_free(buffer);
		return NULL;
	}
	return buffer;
}

/* The context keeps one buffer between requests: to fault its pages in anew
 * would cost as much as the request. */
static struct kernel_buffer *buffer_take(struct msf *msf, uint32_t capacity)
{
	struct kernel_buffer *buffer = atomic_exchange(&msf->spare, NULL);

	if (buffer && buffer->capacity >= capacity)
		return buffer;
	kernel_buffer_free(buffer);
	return buffer_new(capacity > BUFFER_MIN ? capacity : BUFFER_MIN);
}

static void buffer_give(struct msf *msf, struct kernel_buffer *buffer)
{
	kernel_buffer_free(atomic_exchange(&msf->spare, buffer));
}

/*
 * The calls
 */

static int level_of(const struct request *rq)
{
	return rq->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
}

static int send_group(int fd, const struct request *rq, int optname)
{
	struct group_req req = {0};

	req.gr_interface = rq->ifindex;
	sockaddr_set(&req.gr_group, rq->family, rq->group);
	return setsockopt(fd, level_of(rq), optname, &req, sizeof(req)) ? -errno : 0;
}

static int send_source(int fd, const struct request *rq, int optname, struct addr source)
{
	struct group_source_req req = {0};

	req.gsr_interface = rq->ifindex;
	sockaddr_set(&req.gsr_group, rq->family, rq->group);
	sockaddr_set(&req.gsr_source, rq->family, source);
	return setsockopt(fd, level_of(rq), optname, &req, sizeof(req)) ? -errno : 0;
}

static int send_delta(int fd, const struct request *rq)
{
	switch (rq->verb) {
	case JOIN_GROUP:
		return send_group(fd, rq, MCAST_JOIN_GROUP);
	case LEAVE_GROUP:
		return send_group(fd, rq, MCAST_LEAVE_GROUP);
	case JOIN_SOURCE:
		return send_source(fd, rq, MCAST_JOIN_SOURCE_GROUP, rq->source);
	case LEAVE_SOURCE:
		return send_source(fd, rq, MCAST_LEAVE_SOURCE_GROUP, rq->source);
	case BLOCK_SOURCE:
		return send_source(fd, rq, MCAST_BLOCK_SOURCE, rq->source);
	case UNBLOCK_SOURCE:
		return send_source(fd, rq, MCAST_UNBLOCK_SOURCE, rq->source);
	case SET_INCLUDE:
	case SET_EXCLUDE:
	case GET_FILTER:
		break;
	}
	return -EINVAL;
}

static int send_filter(int fd, const struct request *rq, struct kernel_buffer *buffer,
		       uint32_t fmode, const struct source_set *list)
{
	struct group_filter *gf = buffer->filter;
	int r;

	gf->gf_interface = rq->ifindex;
	gf->gf_fmode = fmode;
	gf->gf_numsrc = list->n;
	sockaddr_set(&gf->gf_group, rq->family, rq->group);
	for (uint32_t i = 0; i < list->n; i++)
		sockaddr_set(&gf->gf_slist[i], rq->family, list->addr[i]);
	r = setsockopt(fd, level_of(rq), MCAST_MSFILTER, gf, GROUP_FILTER_SIZE(list->n));
	return r ? -errno : 0;
}

/* *ret_n: all the sources there are; at most room are written. */
static int read_filter(int fd, const struct request *rq, struct group_filter *gf,
		       uint32_t room, struct kernel_held *ret)
{
	socklen_t len = GROUP_FILTER_SIZE(room);

	*ret = (struct kernel_held){.mode = FILTER_NONE};
	gf->gf_interface = rq->ifindex;
	gf->gf_fmode = MCAST_INCLUDE;
	gf->gf_numsrc = room;
	sockaddr_set(&gf->gf_group, rq->family, rq->group);
	if (getsockopt(fd, level_of(rq), MCAST_MSFILTER, gf, &len) < 0)
		return errno == EADDRNOTAVAIL ? 0 : -errno;
	ret->n_sources = gf->gf_numsrc;
	if (gf->gf_fmode == MCAST_EXCLUDE)
		ret->mode = FILTER_EXCLUDE;
	else if (gf->gf_numsrc)
		ret->mode = FILTER_INCLUDE;
	else
		ret->is_leftover = true;
	return 0;
}

int kernel_look(int fd, const struct request *rq, struct kernel_held *ret)
{
	struct group_filter gf = {0};

	return read_filter(fd, rq, &gf, 0, ret);
}

/* Reads the stored list into the buffer, which may grow. */
static int read_stored(int fd, const struct request *rq, struct kernel_buffer **buffer,
		       struct stored *ret)
{
	struct kernel_held held;
	struct addr *list;
	uint32_t n;
	int r;

	for (;;) {
		r = read_filter(fd, rq, (*buffer)->filter, (*buffer)->capacity, &held);
		n = held.n_sources;
		if (r < 0 || n <= (*buffer)->capacity)
			break;
		kernel_buffer_free(*buffer);
		*buffer = buffer_new(n);
		if (!*buffer)
			return -ENOMEM;
	}
	if (r < 0)
		return r;
	list = (*buffer)->addr;
	for (uint32_t i = 0; i < n; i++)
		sockaddr_get((struct sockaddr *)&(*buffer)->filter->gf_slist[i],
			     &list[i]);
	ret->filter.mode = held.mode;
	ret->filter.sources.addr = list;
	ret->filter.sources.n = source_set_sort(list, n, list + n);
	ret->n_raw = n;
	ret->is_leftover = held.is_leftover;
	return 0;
}

/*
 * Refusals
 */

/*
 * The error of a request that was not carried out. What the contract looks for
 * before the table goes first; here, on the failing path, it costs nothing.
 */
static int refuse(struct msf *msf, int fd, const struct request *rq, int error)
{
	enum fault fault = socket_find_fault(fd, rq->family);
	int r;

	if (!fault && !socket_has_interface(fd, rq->ifindex))
		fault = FAULT_INTERFACE;
	if (error == -ENOMEM)
		return error;
	r = fault_get_error(fault, msf->table, rq->verb, rq->family == AF_INET);
	return r ? r : error;
}

/* The kernel's word for want of option memory is ENOMEM for IPv6. */
static int translate(int error)
{
	return error == -ENOMEM ? -ENOBUFS : error;
}

/*
 * The kernel refused what the table did not, as far as it could be asked. With
 * the whole state it can: its error goes before limits and memory.
 */
static int settle(struct msf *msf, int fd, const struct request *rq, int error)
{
	struct kernel_buffer *buffer = buffer_take(msf, 0);
	struct table_request asked = {rq->verb, rq->source, rq->list};
	const struct table_row *row;
	struct table_facts facts;
	struct stored stored;

	if (!buffer)
		return -ENOMEM;
	if (!read_stored(fd, rq, &buffer, &stored)) {
		facts = table_get_facts(&stored.filter, &asked);
		row = table_find(msf->table, &facts);
		if (row && row->error)
			error = -row->error;
	}
	buffer_give(msf, buffer);
	return refuse(msf, fd, rq, error);
}

/*
 * Memberships that begin
 */

static int check_creator(struct msf *msf, int fd, const struct request *rq)
{
	enum fault fault = socket_find_fault(fd, rq->family);

	/* Linux itself looks at the type for the oldest options only. */
	if (fault == FAULT_SOCKET_TYPE && msf->table == TABLE_LINUX)
		return rq->is_mreq ? -EPROTO : 0;
	return fault_get_error(fault, msf->table, rq->verb, rq->family == AF_INET);
}

static void stop_foreign_groups(struct msf *msf, int fd)
{
	if (msf->table == TABLE_STRICT && !msf->is_multicast_all_kept)
		socket_stop_multicast_all(fd);
}

/* A source join that fails for memory leaves an empty membership. */
static int open_with_source(int fd, const struct request *rq, struct addr source,
			    bool is_leftover)
{
	int r = send_source(fd, rq, MCAST_JOIN_SOURCE_GROUP, source);
	struct kernel_held held;

	if (r < 0 && !is_leftover && !kernel_look(fd, rq, &held) && held.is_leftover)
		send_group(fd, rq, MCAST_LEAVE_GROUP);
	return translate(r);
}

static int open_with_group(int fd, const struct request *rq, bool is_leftover)
{
	if (is_leftover)
		send_group(fd, rq, MCAST_LEAVE_GROUP);
	return translate(send_group(fd, rq, MCAST_JOIN_GROUP));
}

/*
 * A source that EXCLUDE {L} admits, to open with. A loopback address never
 * arrives from the wire, and the mode change overtakes its report.
 */
static struct addr find_outsider(const struct request *rq)
{
	struct addr a = addr_from_ipv4(INADDR_LOOPBACK);

	if (rq->family == AF_INET6)
		a = (struct addr){.lo = 1};
	while (source_set_has(&rq->list, a, NULL))
		a.lo++;
	return a;
}

/* A refusal leaves nothing: what does not fit is asked for before it is joined. */
static int open_with_list(int fd, const struct request *rq, struct kernel_buffer *buffer,
			  uint32_t fmode)
{
	struct addr opener = fmode == MCAST_INCLUDE ? rq->list.addr[0]
						    : find_outsider(rq);
	int r = send_filter(fd, rq, buffer, fmode, &rq->list);

	if (r != -EINVAL)
		return translate(r);
	r = open_with_source(fd, rq, opener, false);
	if (r < 0)
		return r;
	r = send_filter(fd, rq, buffer, fmode, &rq->list);
	if (r < 0)
		send_group(fd, rq, MCAST_LEAVE_GROUP);
	return translate(r);
}

static int open_filter(struct msf *msf, int fd, const struct request *rq,
		       struct kernel_buffer *buffer, uint32_t fmode, bool is_leftover)
{
	int r = check_creator(msf, fd, rq);

	if (r < 0)
		return r;
	if (is_leftover)
		r = translate(send_filter(fd, rq, buffer, fmode, &rq->list));
	else if (!rq->list.n)
		r = open_with_group(fd, rq, false);
	else if (fmode == MCAST_INCLUDE && rq->list.n == 1)
		r = open_with_source(fd, rq, rq->list.addr[0], false);
	else
		r = open_with_list(fd, rq, buffer, fmode);
	if (r < 0)
		return refuse(msf, fd, rq, r);
	stop_foreign_groups(msf, fd);
	return 0;
}

/*
 * Deltas
 */

static int create_by_delta(struct msf *msf, int fd, const struct request *rq,
			   bool is_leftover)
{
	int r = check_creator(msf, fd, rq);

	if (r < 0)
		return r;
	if (rq->verb == JOIN_GROUP)
		r = open_with_group(fd, rq, is_leftover);
	else
		r = open_with_source(fd, rq, rq->source, is_leftover);
	if (r < 0)
		return refuse(msf, fd, rq, r);
	stop_foreign_groups(msf, fd);
	return 0;
}

/*
 * The linux table lets a source join switch EXCLUDE {} to INCLUDE {S}. The
 * kernel does so only while it never stored a source for the membership.
 */
static int switch_by_delta(struct msf *msf, int fd, const struct request *rq)
{
	struct source_set one = {1, (struct addr[]){rq->source}};
	struct kernel_buffer *buffer;
	int r = send_delta(fd, rq);

	if (r != -EINVAL)
		return r;
	buffer = buffer_take(msf, 1);
	if (!buffer)
		return -ENOMEM;
	r = send_filter(fd, rq, buffer, MCAST_INCLUDE, &one);
	buffer_give(msf, buffer);
	return r;
}

static bool adds_source(enum request_verb verb)
{
	return verb == JOIN_SOURCE || verb == BLOCK_SOURCE;
}

/* Can the kernel answer alone? Not where it may hold a leftover. */
static bool is_kernel_right(const struct msf *msf, const struct request *rq)
{
	if (!msf->is_exclusive || msf->table != TABLE_STRICT)
		return false;
	return rq->verb == LEAVE_GROUP || rq->verb == UNBLOCK_SOURCE ||
	       (rq->verb == BLOCK_SOURCE && !msf->max_sources);
}

static int send_settled(struct msf *msf, int fd, const struct request *rq)
{
	int r = send_delta(fd, rq);

	return r < 0 ? settle(msf, fd, rq, translate(r)) : 0;
}

static int apply_delta(struct msf *msf, int fd, const struct request *rq)
{
	struct table_facts facts = {.verb = rq->verb};
	const struct table_row *row;
	struct kernel_held held;
	int r;

	if (is_kernel_right(msf, rq))
		return send_settled(msf, fd, rq);
	r = kernel_look(fd, rq, &held);
	if (r < 0)
		return refuse(msf, fd, rq, r);
	facts.state = held.mode;
	facts.n_stored = held.n_sources;
	facts.is_source_stored = held.n_sources ? FACT_UNKNOWN : FACT_NO;
	row = table_find(msf->table, &facts);
	if (row && row->error)
		return refuse(msf, fd, rq, -row->error);
	if (held.mode == FILTER_NONE)
		return create_by_delta(msf, fd, rq, held.is_leftover);
	if (row && row->next == NEXT_INCLUDE_SOURCE) {
		r = switch_by_delta(msf, fd, rq);
		return r < 0 ? refuse(msf, fd, rq, translate(r)) : 0;
	}
	if (msf->max_sources && adds_source(rq->verb) &&
	    held.n_sources >= msf->max_sources)
		return settle(msf, fd, rq, -ENOBUFS);
	return send_settled(msf, fd, rq);
}

/*
 * Full-state sets
 */

/* One source more or less is one delta; the kernel's full set is quadratic. */
static int replace_filter(int fd, const struct request *rq, struct kernel_buffer *buffer,
			  const struct stored *stored, enum filter_mode mode)
{
	const struct source_set *old = &stored->filter.sources;
	bool is_include = mode == FILTER_INCLUDE;
	struct addr source;
	int step = 0;

	if (stored->filter.mode == mode && stored->n_raw == old->n)
		step = source_set_step(old, &rq->list, &source);
	if (step > 0)
		return send_source(
			fd, rq, is_include ? MCAST_JOIN_SOURCE_GROUP : MCAST_BLOCK_SOURCE,
			source);
	if (step < 0)
		return send_source(fd, rq,
				   is_include ? MCAST_LEAVE_SOURCE_GROUP
					      : MCAST_UNBLOCK_SOURCE,
				   source);
	return send_filter(fd, rq, buffer, is_include ? MCAST_INCLUDE : MCAST_EXCLUDE,
			   &rq->list);
}

static int change_filter(struct msf *msf, int fd, const struct request *rq,
			 struct kernel_buffer *buffer, const struct stored *stored,
			 enum table_next next)
{
	bool is_include = next == NEXT_INCLUDE_LIST;
	int r;

	if (next == NEXT_SAME)
		return 0;
	if (msf->max_sources && rq->list.n > msf->max_sources)
		return refuse(msf, fd, rq, -ENOBUFS);
	if (stored->filter.mode == FILTER_NONE)
		return open_filter(msf, fd, rq, buffer,
				   is_include ? MCAST_INCLUDE : MCAST_EXCLUDE,
				   stored->is_leftover);
	if (next == NEXT_NONE)
		r = send_group(fd, rq, MCAST_LEAVE_GROUP);
	else
		r = replace_filter(fd, rq, buffer, stored,
				   is_include ? FILTER_INCLUDE : FILTER_EXCLUDE);
	return r < 0 ? refuse(msf, fd, rq, translate(r)) : 0;
}

static bool is_satisfied(const struct request *rq, const struct table_row *row)
{
	return rq->is_idempotent &&
	       (row->argument == LIST_IS_STORED ||
		(row->state == FILTER_NONE && row->argument == LIST_EMPTY));
}

static int apply_set(struct msf *msf, int fd, const struct request *rq)
{
	struct kernel_buffer *buffer = buffer_take(msf, rq->list.n);
	struct table_request asked = {rq->verb, rq->source, rq->list};
	const struct table_row *row;
	struct table_facts facts;
	struct stored stored;
	int r;

	if (!buffer)
		return -ENOMEM;
	r = read_stored(fd, rq, &buffer, &stored);
	if (r < 0) {
		r = refuse(msf, fd, rq, r);
	} else {
		facts = table_get_facts(&stored.filter, &asked);
		row = table_find(msf->table, &facts);
		if (row->error)
			r = refuse(msf, fd, rq, is_satisfied(rq, row) ? 0 : -row->error);
		else
			r = change_filter(msf, fd, rq, buffer, &stored, row->next);
	}
	buffer_give(msf, buffer);
	return r;
}

int kernel_apply(struct msf *msf, int fd, const struct request *rq)
{
	pthread_mutex_t *lock = context_lock_group(rq->group);
	int r;

	if (rq->verb == SET_INCLUDE || rq->verb == SET_EXCLUDE)
		r = apply_set(msf, fd, rq);
	else
		r = apply_delta(msf, fd, rq);
	pthread_mutex_unlock(lock);
	return r;
}

/*
 * Reading
 */

static int read_locked(struct msf *msf, int fd, const struct request *rq,
		       struct kernel_buffer **ret_buffer, struct stored *ret)
{
	pthread_mutex_t *lock;
	int r;

	*ret_buffer = buffer_take(msf, 0);
	if (!*ret_buffer)
		return -ENOMEM;
	lock = context_lock_group(rq->group);
	r = read_stored(fd, rq, ret_buffer, ret);
	pthread_mutex_unlock(lock);
	return r;
}

int kernel_get(struct msf *msf, int fd, const struct request *rq, uint32_t *fmode,
	       uint32_t *numsrc, struct sockaddr_storage *slist)
{
	struct kernel_buffer *buffer;
	struct stored stored;
	int r = read_locked(msf, fd, rq, &buffer, &stored);
	const struct source_set *list = &stored.filter.sources;

	if (!r && stored.filter.mode == FILTER_NONE)
		r = -EADDRNOTAVAIL;
	if (r < 0) {
		r = refuse(msf, fd, rq, r);
	} else {
		for (uint32_t i = 0; i < list->n && i < *numsrc; i++) {
			memset(&slist[i], 0, sizeof(slist[i]));
			sockaddr_set(&slist[i], rq->family, list->addr[i]);
		}
		*numsrc = list->n;
		*fmode = stored.filter.mode == FILTER_INCLUDE ? MCAST_INCLUDE
							      : MCAST_EXCLUDE;
	}
	if (buffer)
		buffer_give(msf, buffer);
	return r;
}

int kernel_has_source(struct msf *msf, int fd, const struct request *rq)
{
	struct kernel_buffer *buffer;
	struct stored stored;
	int r = read_locked(msf, fd, rq, &buffer, &stored);

	if (!r)
		r = source_set_has(&stored.filter.sources, rq->source, NULL);
	if (buffer)
		buffer_give(msf, buffer);
	return r;
}

int kernel_try_length(struct msf *msf, int fd, const struct request *rq, uint32_t n)
{
	struct kernel_buffer *buffer = buffer_take(msf, n);
	struct source_set list = {0};
	int r;

	if (!buffer)
		return -ENOMEM;
	list.n = n;
	list.addr = buffer->addr;
	memset(list.addr, 0, n * sizeof(*list.addr));
	r = send_filter(fd, rq, buffer, MCAST_INCLUDE, &list);
	buffer_give(msf, buffer);
	return r == -EINVAL ? 0 : r;
}
