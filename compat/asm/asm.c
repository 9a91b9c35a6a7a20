/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A request: the table says what the filter is to be, and the steps there are ordered
 * so that the program in force never admits what neither state does.
 */
#include "asm/asm.h"

#include <errno.h>
#include <stdlib.h>

#include "asm/carrier.h"
#include "asm/closed.h"
#include "asm/plain.h"
#include "asm/tell.h"

struct work {
	const struct asm_config *config;
	const struct asm_request *rq;
	struct carrier carrier;
	struct asm_state old;
	bool is_foreign; /* an eBPF program of the application is on the socket */
	bool is_bare;    /* nothing of ours is */
	bool is_adopted; /* the membership was there, joined past us */
};

static int write_state(const struct work *work, const struct asm_state *from,
		       const struct asm_state *to)
{
	return carrier_write(&work->carrier, from, to, work->config->is_receive_filtered);
}

/* What `to` does to the membership and to what is for others, done to the newest. */
static int merge(const struct work *work, const struct asm_state *from,
		 const struct asm_state *to, const struct asm_state *newest)
{
	const struct filter none = { .mode = FILTER_NONE };
	const struct asm_membership *membership = state_find(to, work->rq->ifindex,
							     work->rq->group);
	struct asm_state state;
	int r = state_copy_with(newest, work->rq->ifindex, work->rq->group,
				membership ? &membership->filter : &none, &state);

	if (r < 0)
		return r;
	if (from->is_all != to->is_all)
		state.is_all = to->is_all;
	if (from->is_all6 != to->is_all6)
		state.is_all6 = to->is_all6;
	r = write_state(work, newest, &state);
	state_fini(&state);
	return r;
}

/*
 * A write behind the first one of a request, which cannot begin anew any more: what
 * another process has changed since stays.
 */
static int write_next(const struct work *work, const struct asm_state *from,
		      const struct asm_state *to)
{
	bool was_stale = carrier_was_stale(&work->carrier);
	int r = was_stale ? -ESTALE : write_state(work, from, to);

	while (r == -ESTALE) {
		struct asm_state newest = ASM_STATE_INIT;

		carrier_lock_again(&work->carrier);
		r = carrier_read(&work->carrier, &newest);
		if (r >= 0)
			r = merge(work, from, to, &newest);
		state_fini(&newest);
	}
	return r;
}

static int join(const struct work *work)
{
	return plain_join(work->carrier.fd, work->rq->ifindex, work->rq->group);
}

/* One that is gone already was left past us. */
static int leave(const struct work *work)
{
	int r = plain_leave(work->carrier.fd, work->rq->ifindex, work->rq->group);

	return r == -EADDRNOTAVAIL ? 0 : r;
}

static bool is_all_for(const struct asm_state *state, struct addr group)
{
	return addr_is_ipv4(group) ? state->is_all : state->is_all6;
}

/* Where the stack has the options it obeys them too, and its word counts as long as
 * there is no membership to have written them down with. */
static void ask_all(const struct carrier *carrier, struct asm_state *state)
{
	plain_get_all(carrier->fd, AF_INET, &state->is_all);
	if (carrier->family == AF_INET6)
		plain_get_all(carrier->fd, AF_INET6, &state->is_all6);
}

/* Nothing waits to be received, nor is there an error to tell: recv() would take that. */
static bool is_queue_empty(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	return poll(&poller, 1, 0) == 0;
}

/*
 * Packets that wait in the queue are judged when they are received, where nothing
 * judged them before: what was closed for them stays, unless there are none. What is
 * in the stash has been judged, and a packet between its receipt and its judgement can
 * only be mistaken for one of others, where these pass.
 */
static void prune(const struct work *work, struct asm_state *state)
{
	if (work->carrier.filters != ASM_FILTERS_NONE)
		closed_prune(state);
	else if (closed_count_others(state) < state->n) {
		if (is_queue_empty(work->carrier.fd))
			closed_prune(state);
		else
			closed_prune_refused(state);
	}
}

static int load(struct work *work)
{
	int r = carrier_read(&work->carrier, &work->old);

	if (r == -EBUSY)
		work->is_foreign = true;
	else if (r < 0)
		return r;
	else if (r == 0 && work->carrier.filters == ASM_FILTERS_BLIND)
		work->is_foreign = plain_get_option_memory(work->carrier.fd) > 0;
	work->is_bare = !work->old.n;
	prune(work, &work->old);
	if (!closed_count_others(&work->old))
		ask_all(&work->carrier, &work->old);
	return 0;
}

/*
 * Memberships that begin
 */

/* RFC 3376 3.1: a socket is not to get what others joined. */
static bool stop_all(const struct work *work, struct asm_state *state)
{
	const struct asm_request *rq = work->rq;
	bool was_all = state->is_all, was_all6 = state->is_all6;

	if (work->config->table != TABLE_STRICT || work->config->is_all_kept)
		return false;
	if (rq->family == AF_INET)
		state->is_all = false;
	if (rq->family == AF_INET6 || rq->is_dual)
		state->is_all6 = false;
	return was_all != state->is_all || was_all6 != state->is_all6;
}

/* The stack's own, which fails harmlessly where it has none: the program knows. */
static void tell_all(const struct work *work, const struct asm_state *state)
{
	if (!state->is_all && work->old.is_all)
		plain_set_all(work->carrier.fd, AF_INET, false);
	if (!state->is_all6 && work->old.is_all6)
		plain_set_all(work->carrier.fd, AF_INET6, false);
}

/* It must not refuse what came in without one: of groups that are not joined the stack
 * delivers none where it says that it does not. */
static void open_all(const struct work *work, struct asm_state *state)
{
	if (work->is_bare) {
		state->is_all = true;
		state->is_all6 = true;
	}
}

/*
 * One that exists was joined past us, as EXCLUDE {}. Who is told so by JOIN_GROUP is to
 * receive it: it gets into the program, which refused it where there were others.
 * Nothing that was delivered before is refused, nothing else is admitted.
 */
static void adopt(const struct work *work, const struct asm_state *before,
		  struct asm_state *state)
{
	open_all(work, state);
	if (state->is_all != before->is_all || state->is_all6 != before->is_all6)
		write_next(work, before, state);
}

/* Its program is there before the membership. One that exists is taken over by any
 * other filter. */
static int begin_joined(struct work *work, struct asm_state *state)
{
	int r = join(work);
	struct asm_state before = *state;

	work->is_adopted = r == -EADDRINUSE && work->rq->verb != JOIN_GROUP;
	if (r == -EADDRINUSE && !work->is_adopted)
		adopt(work, &before, state);
	if (work->is_adopted)
		r = 0;
	if (r == 0 && stop_all(work, state)) {
		r = write_next(work, &before, state);
		if (r < 0 && !work->is_adopted)
			leave(work);
	}
	return r;
}

static int begin(struct work *work, struct asm_state *state)
{
	int r = write_state(work, &work->old, state);

	if (r < 0)
		return r;
	r = begin_joined(work, state);
	if (r == 0)
		tell_all(work, state);
	else if (r != -EADDRINUSE)
		write_next(work, state, &work->old);
	return r;
}

/*
 * Memberships that end
 */

static int end_at_once(const struct work *work, const struct asm_state *state)
{
	int r = write_state(work, &work->old, state);

	if (r < 0)
		return r;
	r = leave(work);
	if (r < 0)
		write_next(work, state, &work->old);
	return r;
}

/*
 * Would the new program let packets pass that are here only for the membership that
 * ends, and were refused? In the queue there may be some where nothing refused them
 * before.
 */
static bool is_to_be_closed(const struct work *work, const struct filter *held,
			    const struct asm_state *state)
{
	if (held->mode == FILTER_EXCLUDE && !held->sources.n)
		return false;
	return work->carrier.filters == ASM_FILTERS_NONE ||
	       is_all_for(state, work->rq->group) || !closed_count_others(state);
}

/*
 * A packet that has passed the stack's own check, for a membership that has ended
 * since, must not find the program gone. Where the groups of others are not delivered,
 * nothing is lost when this one stays closed.
 */
static bool stays_closed(const struct work *work)
{
	return work->carrier.filters == ASM_FILTERS_NONE ||
	       !is_all_for(&work->old, work->rq->group);
}

/* What stays closed is one group: the stack stops all others, where it can. */
static void confine(const struct carrier *carrier, struct asm_state *closed)
{
	bool is_all;

	if (carrier->filters == ASM_FILTERS_NONE || closed_count_others(closed))
		return;
	if (plain_get_all(carrier->fd, AF_INET, &is_all) == 0)
		closed->is_all = true;
	if (plain_get_all(carrier->fd, AF_INET6, &is_all) == 0)
		closed->is_all6 = true;
}

static int end_closed(const struct work *work, const struct asm_state *state,
		      struct asm_state *closed)
{
	bool is_bare = !state->n && !state->n_application;
	bool is_written, stays = stays_closed(work);
	int r;

	confine(&work->carrier, closed);
	r = write_state(work, &work->old, closed);
	is_written = r == 0;
	/* without memory to close with, the program goes after the membership */
	if (r < 0 && !(r == -ENOBUFS && is_bare))
		return r;
	r = leave(work);
	if (r < 0 && is_written)
		write_next(work, closed, &work->old);
	else if (r == 0 && !(is_written && stays))
		write_next(work, closed, state);
	return r;
}

static int end(const struct work *work, const struct filter *held,
	       const struct asm_state *state)
{
	static const struct filter none_passes = { .mode = FILTER_INCLUDE };
	struct asm_state closed;
	int r;

	if (!is_to_be_closed(work, held, state))
		return end_at_once(work, state);
	r = state_copy_with(&work->old, work->rq->ifindex, work->rq->group, &none_passes,
			    &closed);
	if (r == 0) {
		r = end_closed(work, state, &closed);
		state_fini(&closed);
	}
	return r;
}

/*
 * Requests
 */

static bool is_satisfied(const struct work *work, const struct filter *held,
			 const struct table_request *asked)
{
	struct table_facts facts = table_get_facts(held, asked);
	const struct table_row *row = table_find(work->config->table, &facts);

	return work->rq->is_idempotent && row &&
	       (row->argument == LIST_IS_STORED ||
		(row->state == FILTER_NONE && row->argument == LIST_EMPTY));
}

static bool is_over_limit(const struct work *work, const struct filter *held,
			  const struct filter *next)
{
	uint32_t max = work->config->max_sources ? work->config->max_sources
						 : ASM_SOURCES_DEFAULT;
	bool is_set = work->rq->verb == SET_INCLUDE || work->rq->verb == SET_EXCLUDE;

	return next->sources.n > max && (is_set || next->sources.n > held->sources.n);
}

/* 1: the filter becomes *next; 0: it stays as it is; or why the request is refused. */
static int decide(const struct work *work, const struct filter *held, struct filter *next)
{
	const struct asm_request *rq = work->rq;
	struct table_request asked = { rq->verb, rq->source, rq->list };
	int r = filter_apply(work->config->table, held, &asked, next);

	if (r < 0)
		return is_satisfied(work, held, &asked) ? 0 : r;
	if (filter_equal(held, next))
		return 0;
	return is_over_limit(work, held, next) ? -ENOBUFS : 1;
}

static int change(struct work *work, const struct filter *held, const struct filter *next)
{
	struct asm_state state;
	int r;

	if (work->is_foreign)
		return -EBUSY;
	r = state_copy_with(&work->old, work->rq->ifindex, work->rq->group, next, &state);
	if (r < 0)
		return r;
	if (held->mode == FILTER_NONE)
		r = begin(work, &state);
	else if (next->mode == FILTER_NONE)
		r = end(work, held, &state);
	else
		r = write_state(work, &work->old, &state);
	state_fini(&state);
	return r;
}

/*
 * What msfd says
 */

static int copy_without(const struct work *work, struct asm_state *ret)
{
	const struct filter none = { .mode = FILTER_NONE };

	return state_copy_with(&work->old, work->rq->ifindex, work->rq->group, &none,
			       ret);
}

/* Whether the groups of others are delivered is again as it was before. */
static int restore_all(struct work *work, const struct asm_state *before)
{
	struct asm_state *now = &work->old;
	struct asm_state open = *now;
	int r;

	if (now->is_all == before->is_all && now->is_all6 == before->is_all6)
		return 0;
	open.is_all = before->is_all;
	open.is_all6 = before->is_all6;
	r = write_state(work, now, &open);
	if (r < 0)
		return r;
	if (open.is_all && !now->is_all)
		plain_set_all(work->carrier.fd, AF_INET, true);
	if (open.is_all6 && !now->is_all6)
		plain_set_all(work->carrier.fd, AF_INET6, true);
	*now = open;
	return 0;
}

/* What was joined past us stays joined, and is not ours. */
static int disown(struct work *work)
{
	struct asm_state state;
	int r = copy_without(work, &state);

	if (r < 0)
		return r;
	r = write_state(work, &work->old, &state);
	state_fini(&state);
	return r;
}

static int tell(const struct work *work, const struct filter *filter)
{
	return tell_filter(&work->carrier, work->config->agent, work->rq->ifindex,
			   work->rq->group, filter);
}

/* From what the socket holds now back to what was held. Another process may have changed
 * it since, and that stays. */
static int go_back(struct work *work, const struct asm_state *before,
		   const struct filter *held, const struct filter *next)
{
	struct filter now;
	int r = load(work);

	if (r < 0)
		return r;
	now = closed_find_filter(&work->old, work->rq->ifindex, work->rq->group);
	if (!filter_equal(&now, next))
		return 0;
	if (held->mode == FILTER_NONE)
		r = restore_all(work, before);
	if (r < 0)
		return r;
	r = work->is_adopted ? disown(work) : change(work, &now, held);
	/* whoever tells everything again may have seen it in between */
	if (r == 0)
		tell(work, held);
	return r;
}

static void undo(struct work *work, const struct filter *held, const struct filter *next)
{
	struct asm_state before = work->old; /* held's sources are in there */
	int r;

	do {
		work->old = (struct asm_state)ASM_STATE_INIT;
		r = go_back(work, &before, held, next);
		state_fini(&work->old);
		if (r == -ESTALE)
			carrier_lock_again(&work->carrier);
	} while (r == -ESTALE);
	work->old = before;
}

static int change_and_tell(struct work *work, const struct filter *held,
			   const struct filter *next)
{
	int r = change(work, held, next);

	if (r < 0)
		return r;
	r = tell(work, next);
	if (r < 0)
		undo(work, held, next);
	return r;
}

static int apply(struct work *work)
{
	const struct asm_request *rq = work->rq;
	struct filter held = closed_find_filter(&work->old, rq->ifindex, rq->group);
	uint32_t n = held.sources.n > rq->list.n ? held.sources.n : rq->list.n;
	struct filter next = { .mode = FILTER_NONE };
	int r;

	/* what was joined past us can at least be left */
	if (held.mode == FILTER_NONE && rq->verb == LEAVE_GROUP)
		return plain_leave(work->carrier.fd, rq->ifindex, rq->group);
	next.sources.addr = malloc((n + 1) * sizeof(*next.sources.addr));
	if (!next.sources.addr)
		return -ENOMEM;
	r = decide(work, &held, &next);
	if (r > 0)
		r = change_and_tell(work, &held, &next);
	free(next.sources.addr);
	return r;
}

static int load_and_apply(struct work *work)
{
	int r = load(work);

	if (r == 0) {
		r = apply(work);
		state_fini(&work->old);
	}
	return r;
}

int asm_apply(const struct asm_config *config, int fd, const struct asm_request *rq)
{
	struct work work = { .config = config, .rq = rq, .old = ASM_STATE_INIT };
	int r;

	tell_prepare();
	r = carrier_lock(&work.carrier, fd, config->filters);
	if (r < 0)
		return r;
	while ((r = load_and_apply(&work)) == -ESTALE) {
		carrier_lock_again(&work.carrier);
		work.is_foreign = false;
	}
	carrier_unlock(&work.carrier);
	return r;
}

/*
 * Reading
 */

int asm_get(const struct asm_config *config, int fd, uint32_t ifindex, struct addr group,
	    struct filter *ret)
{
	struct asm_state state = ASM_STATE_INIT;
	struct asm_membership *membership;
	struct carrier carrier;
	int r = carrier_lock(&carrier, fd, config->filters);

	if (r < 0)
		return r;
	r = carrier_read(&carrier, &state);
	carrier_unlock(&carrier);
	if (r < 0 && r != -EBUSY)
		return r;
	*ret = closed_find_filter(&state, ifindex, group);
	membership = state_find(&state, ifindex, group);
	if (membership && ret->mode != FILTER_NONE)
		membership->filter.sources = (struct source_set){ 0 };
	state_fini(&state);
	return 0;
}

int asm_list_init(struct asm_list *ret, int fd, enum asm_filters filters)
{
	struct asm_state state;
	struct carrier carrier;
	int r = carrier_init(&carrier, fd, filters);

	if (r == 0)
		r = carrier_read(&carrier, &state);
	if (r < 0)
		return r == -EBUSY ? 0 : r;
	closed_prune(&state);
	r = state.n > 0;
	if (r > 0) {
		*ret = (struct asm_list){ state.memberships, state.n };
		state.memberships = NULL;
		state.n = 0;
	}
	state_fini(&state);
	return r;
}

void asm_list_fini(struct asm_list *list)
{
	for (uint32_t i = 0; i < list->n; i++)
		free(list->memberships[i].filter.sources.addr);
	free(list->memberships);
	*list = (struct asm_list){ 0 };
}
