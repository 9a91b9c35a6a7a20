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
#include <string.h>

#include "refuse.h"
#include "socket.h"

/*
 * Refusals
 */

/* The kernel's word for want of option memory is ENOMEM for IPv6. */
static int translate(int error)
{
	return error == -ENOMEM ? -ENOBUFS : error;
}

/* Reads the whole filter, and asks the table with it. */
static int find_row(struct msf *msf, int fd, const struct request *rq,
		    struct kernel_buffer **buffer, struct kernel_stored *ret_stored,
		    const struct table_row **ret_row)
{
	struct table_request asked = { rq->verb, rq->source, rq->list };
	struct table_facts facts;
	int r = kernel_read_stored(fd, rq, buffer, ret_stored);

	if (r < 0)
		return r;
	facts = table_get_facts(&ret_stored->filter, &asked);
	*ret_row = table_find(msf->table, &facts);
	return 0;
}

/*
 * The kernel refused what the table did not, as far as it could be asked. With
 * the whole state it can: its error goes before limits and memory.
 */
static int settle(struct msf *msf, int fd, const struct request *rq, int error)
{
	struct kernel_buffer *buffer = kernel_buffer_take(msf, 0);
	const struct table_row *row;
	struct kernel_stored stored;

	if (!buffer)
		return -ENOMEM;
	if (!find_row(msf, fd, rq, &buffer, &stored, &row) && row && row->error)
		error = -row->error;
	kernel_buffer_give(msf, buffer);
	return refuse_request(msf, fd, rq, error);
}

/*
 * Memberships that begin
 */

/* Of a membership that was opened, or not: r. */
static int end_opening(struct msf *msf, int fd, const struct request *rq, bool is_dual,
		       int r)
{
	if (r < 0)
		return refuse_request(msf, fd, rq, r);
	if (msf->table == TABLE_STRICT && !msf->is_multicast_all_kept)
		socket_stop_multicast_all(fd, rq->family, is_dual);
	return 0;
}

/* A source join that fails for memory leaves an empty membership. */
static int open_with_source(int fd, const struct request *rq, struct addr source)
{
	int r = kernel_send_source(fd, rq, MCAST_JOIN_SOURCE_GROUP, source);
	struct kernel_held held;

	if (r < 0 && !kernel_look(fd, rq, &held) && held.is_leftover)
		kernel_send_group(fd, rq, MCAST_LEAVE_GROUP);
	return translate(r);
}

static int open_with_group(int fd, const struct request *rq)
{
	return translate(kernel_send_group(fd, rq, MCAST_JOIN_GROUP));
}

/*
 * A source that EXCLUDE {L} admits, to open with. A loopback address never
 * arrives from the wire, and the mode change overtakes its report.
 */
static struct addr find_outsider(const struct request *rq)
{
	struct addr a = addr_from_ipv4(INADDR_LOOPBACK);

	if (rq->family == AF_INET6)
		a = (struct addr){ .lo = 1 };
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
	int r = kernel_send_filter(fd, rq, buffer, fmode, &rq->list);

	if (r != -EINVAL)
		return translate(r);
	r = open_with_source(fd, rq, opener);
	if (r < 0)
		return r;
	r = kernel_send_filter(fd, rq, buffer, fmode, &rq->list);
	if (r < 0)
		kernel_send_group(fd, rq, MCAST_LEAVE_GROUP);
	return translate(r);
}

/*
 * A leftover is left before anything else: it may be one of an interface that is
 * gone, and would not be joined on the one that took its index.
 */
static int open_filter(struct msf *msf, int fd, const struct request *rq,
		       struct kernel_buffer *buffer, uint32_t fmode, bool is_leftover)
{
	bool is_dual;
	int r = refuse_creator(msf, fd, rq, &is_dual);

	if (r < 0)
		return r;
	if (is_leftover)
		kernel_send_group(fd, rq, MCAST_LEAVE_GROUP);
	if (!rq->list.n)
		r = open_with_group(fd, rq);
	else if (fmode == MCAST_INCLUDE && rq->list.n == 1)
		r = open_with_source(fd, rq, rq->list.addr[0]);
	else
		r = open_with_list(fd, rq, buffer, fmode);
	return end_opening(msf, fd, rq, is_dual, r);
}

/*
 * Deltas
 */

/* The kernel's answers to a plain join are the table's, but for a leftover. */
static int join_group(struct msf *msf, int fd, const struct request *rq)
{
	struct kernel_held held;
	bool is_dual;
	int r = refuse_creator(msf, fd, rq, &is_dual);

	if (r < 0)
		return r;
	r = open_with_group(fd, rq);
	if (r == -EADDRINUSE && !kernel_look(fd, rq, &held) && held.is_leftover) {
		kernel_send_group(fd, rq, MCAST_LEAVE_GROUP);
		r = open_with_group(fd, rq);
	}
	return end_opening(msf, fd, rq, is_dual, r);
}

static int join_first_source(struct msf *msf, int fd, const struct request *rq,
			     bool is_leftover)
{
	bool is_dual;
	int r = refuse_creator(msf, fd, rq, &is_dual);

	if (r < 0)
		return r;
	if (is_leftover)
		kernel_send_group(fd, rq, MCAST_LEAVE_GROUP);
	r = open_with_source(fd, rq, rq->source);
	return end_opening(msf, fd, rq, is_dual, r);
}

/*
 * The linux table lets a source join switch EXCLUDE {} to INCLUDE {S}. As a
 * full-state set: the kernel's own switch is not undone when it then lacks the
 * memory for the source, and is not made where a source was stored before.
 */
static int switch_by_delta(struct msf *msf, int fd, const struct request *rq)
{
	struct source_set one = { 1, (struct addr[]){ rq->source } };
	struct kernel_buffer *buffer = kernel_buffer_take(msf, 1);
	int r;

	if (!buffer)
		return -ENOMEM;
	r = kernel_send_filter(fd, rq, buffer, MCAST_INCLUDE, &one);
	kernel_buffer_give(msf, buffer);
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

static int send_settled(struct msf *msf, int fd, const struct request *rq,
			uint32_t copies)
{
	int r = 0;

	while (copies-- && !r)
		r = kernel_send_delta(fd, rq);
	return r < 0 ? settle(msf, fd, rq, translate(r)) : 0;
}

static int look_before_delta(struct msf *msf, int fd, const struct request *rq,
			     struct kernel_held *ret, uint32_t *ret_copies)
{
	if (rq->verb == LEAVE_SOURCE || rq->verb == UNBLOCK_SOURCE)
		return kernel_look_for_source(msf, fd, rq, ret, ret_copies);
	*ret_copies = 0;
	return kernel_look(fd, rq, ret);
}

static int apply_delta(struct msf *msf, int fd, const struct request *rq)
{
	struct table_facts facts = { .verb = rq->verb };
	const struct table_row *row;
	struct kernel_held held;
	uint32_t copies;
	int r;

	if (rq->verb == JOIN_GROUP)
		return join_group(msf, fd, rq);
	if (is_kernel_right(msf, rq))
		return send_settled(msf, fd, rq, 1);
	r = look_before_delta(msf, fd, rq, &held, &copies);
	if (r < 0)
		return refuse_request(msf, fd, rq, r);
	facts.state = held.mode;
	facts.n_stored = held.n_sources;
	facts.is_source_stored = held.n_sources ? FACT_UNKNOWN : FACT_NO;
	row = table_find(msf->table, &facts);
	if (row && row->error)
		return refuse_request(msf, fd, rq, -row->error);
	if (held.mode == FILTER_NONE)
		return join_first_source(msf, fd, rq, held.is_leftover);
	if (row && row->next == NEXT_INCLUDE_SOURCE) {
		r = switch_by_delta(msf, fd, rq);
		return r < 0 ? refuse_request(msf, fd, rq, translate(r)) : 0;
	}
	if (msf->max_sources && adds_source(rq->verb) &&
	    held.n_sources >= msf->max_sources)
		return settle(msf, fd, rq, -ENOBUFS);
	return send_settled(msf, fd, rq, copies ? copies : 1);
}

/*
 * Full-state sets
 */

/* One source more or less is one delta; the kernel's full set is quadratic. */
static int replace_filter(int fd, const struct request *rq, struct kernel_buffer *buffer,
			  const struct kernel_stored *stored, uint32_t fmode)
{
	const struct source_set *old = &stored->filter.sources;
	bool is_include = fmode == MCAST_INCLUDE;
	struct addr source;
	int step = 0;

	if (stored->filter.mode == (is_include ? FILTER_INCLUDE : FILTER_EXCLUDE) &&
	    stored->n_raw == old->n)
		step = source_set_step(old, &rq->list, &source);
	if (step > 0)
		return kernel_send_source(
			fd, rq, is_include ? MCAST_JOIN_SOURCE_GROUP : MCAST_BLOCK_SOURCE,
			source);
	if (step < 0)
		return kernel_send_source(fd, rq,
					  is_include ? MCAST_LEAVE_SOURCE_GROUP
						     : MCAST_UNBLOCK_SOURCE,
					  source);
	return kernel_send_filter(fd, rq, buffer, fmode, &rq->list);
}

static int change_filter(struct msf *msf, int fd, const struct request *rq,
			 struct kernel_buffer *buffer, const struct kernel_stored *stored,
			 enum table_next next)
{
	uint32_t fmode = next == NEXT_INCLUDE_LIST ? MCAST_INCLUDE : MCAST_EXCLUDE;
	int r;

	if (next == NEXT_SAME)
		return 0;
	if (msf->max_sources && rq->list.n > msf->max_sources)
		return refuse_request(msf, fd, rq, -ENOBUFS);
	if (stored->filter.mode == FILTER_NONE)
		return open_filter(msf, fd, rq, buffer, fmode, stored->is_leftover);
	if (next == NEXT_NONE)
		r = kernel_send_group(fd, rq, MCAST_LEAVE_GROUP);
	else
		r = replace_filter(fd, rq, buffer, stored, fmode);
	/* of an interface that is gone, while another has its index */
	if (r == -ESRCH)
		return open_filter(msf, fd, rq, buffer, fmode, true);
	return r < 0 ? refuse_request(msf, fd, rq, translate(r)) : 0;
}

static bool is_satisfied(const struct request *rq, const struct table_row *row)
{
	return rq->is_idempotent &&
	       (row->argument == LIST_IS_STORED ||
		(row->state == FILTER_NONE && row->argument == LIST_EMPTY));
}

static int confirm(struct msf *msf, int fd, const struct request *rq, bool is_leftover)
{
	int r = refuse_request(msf, fd, rq, 0);

	if (!r && is_leftover)
		kernel_send_group(fd, rq, MCAST_LEAVE_GROUP);
	return r;
}

static int apply_set(struct msf *msf, int fd, const struct request *rq)
{
	struct kernel_buffer *buffer = kernel_buffer_take(msf, rq->list.n);
	const struct table_row *row;
	struct kernel_stored stored;
	int r;

	if (!buffer)
		return -ENOMEM;
	r = find_row(msf, fd, rq, &buffer, &stored, &row);
	if (r < 0)
		r = refuse_request(msf, fd, rq, r);
	else if (row->error && is_satisfied(rq, row))
		r = confirm(msf, fd, rq, stored.is_leftover);
	else if (row->error)
		r = refuse_request(msf, fd, rq, -row->error);
	else
		r = change_filter(msf, fd, rq, buffer, &stored, row->next);
	kernel_buffer_give(msf, buffer);
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
		       struct kernel_buffer **ret_buffer, struct kernel_stored *ret)
{
	pthread_mutex_t *lock;
	int r;

	*ret_buffer = kernel_buffer_take(msf, 0);
	if (!*ret_buffer)
		return -ENOMEM;
	lock = context_lock_group(rq->group);
	r = kernel_read_stored(fd, rq, ret_buffer, ret);
	pthread_mutex_unlock(lock);
	return r;
}

int kernel_get(struct msf *msf, int fd, const struct request *rq, uint32_t *fmode,
	       uint32_t *numsrc, struct sockaddr_storage *slist)
{
	struct kernel_buffer *buffer;
	struct kernel_stored stored;
	int r = read_locked(msf, fd, rq, &buffer, &stored);

	if (!r && stored.filter.mode == FILTER_NONE)
		r = -EADDRNOTAVAIL;
	if (r < 0)
		r = refuse_request(msf, fd, rq, r);
	else
		request_answer(rq, &stored.filter, fmode, numsrc, slist);
	if (buffer)
		kernel_buffer_give(msf, buffer);
	return r;
}

int kernel_try_length(struct msf *msf, int fd, const struct request *rq, uint32_t n)
{
	struct kernel_buffer *buffer = kernel_buffer_take(msf, n);
	struct source_set list = { 0 };
	int r;

	if (!buffer)
		return -ENOMEM;
	list.n = n;
	list.addr = buffer->addr;
	memset(list.addr, 0, n * sizeof(*list.addr));
	r = kernel_send_filter(fd, rq, buffer, MCAST_INCLUDE, &list);
	kernel_buffer_give(msf, buffer);
	return r == -EINVAL ? 0 : r;
}
