/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plan. Every cycle names the filter that it starts from; "sources" of a row
 * are those of the filter, beside the one that comes or goes.
 */
#include "plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

static const uint32_t sizes[] = { 1, 10, 100, 1000 };

static const char first[] = "first on the host";
static const char held[] = "another socket has it";
static const char member[] = "member";

/* What is to be reached: libmsf / raw. The first match decides. */
static const struct target {
	const char *request;
	const char *state;
	uint32_t n_sources; /* 0: any */
	int family;         /* 0: any */
	double ratio;
} targets[] = {
	{ "block_source", member, 0, 0, 1.25 },
	{ "unblock_source", member, 0, 0, 1.25 },
	{ "leave_group", member, 0, 0, 1.25 },
	{ "join_source", member, 1, 0, 2.6 },
	{ "leave_source", member, 1, 0, 2.6 },
	{ "join_source", member, 1000, 0, 1.15 },
	{ "leave_source", member, 1000, 0, 1.15 },
	{ "join_group", first, 0, 0, 3.5 },
	{ "join_group", held, 0, 0, 3.5 },
	{ "join_source", first, 0, 0, 3.5 },
	{ "join_source", held, 0, 0, 3.5 },
	{ "set: from nothing", first, 0, 0, 3.5 },
	{ "set: identical, sorted", member, 1000, 0, 1.0 / 50 },
	{ "set: identical, shuffled", member, 1000, 0, 1.0 / 15 },
	{ "set: one source more", member, 1000, AF_INET, 1.0 / 25 },
	{ "set: one source more", member, 1000, AF_INET6, 1.0 / 40 },
	{ "set: one source less", member, 1000, AF_INET, 1.0 / 25 },
	{ "set: one source less", member, 1000, AF_INET6, 1.0 / 40 },
};

static double find_target(const struct row *row)
{
	for (size_t i = 0; i < N_ELEMENTS(targets); i++) {
		const struct target *t = &targets[i];

		if (!strcmp(t->request, row->request) && !strcmp(t->state, row->state) &&
		    (!t->n_sources || t->n_sources == row->n_sources) &&
		    (!t->family || t->family == row->family))
			return t->ratio;
	}
	return 0;
}

const struct sockaddr *plan_get_group(const struct plan *plan, int family)
{
	return (const struct sockaddr *)&plan->group[family == AF_INET6];
}

/* Address number i of one of several disjoint sets. */
static struct sockaddr_storage source_at(int family, unsigned int set, uint32_t i)
{
	struct sockaddr_storage ss = { 0 };
	struct sockaddr_in *sin = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ss;

	if (family == AF_INET) {
		sin->sin_family = AF_INET;
		sin->sin_addr.s_addr = htonl(0x0a000100u + (set << 20) + i);
		return ss;
	}
	sin6->sin6_family = AF_INET6;
	inet_pton(AF_INET6, "2001:db8::", &sin6->sin6_addr);
	sin6->sin6_addr.s6_addr[5] = (uint8_t)set;
	sin6->sin6_addr.s6_addr[14] = (uint8_t)(i >> 8);
	sin6->sin6_addr.s6_addr[15] = (uint8_t)i;
	return ss;
}

static struct sockaddr_storage *list_new(struct plan *plan, uint32_t n)
{
	struct sockaddr_storage *list = arena_alloc(&plan->arena, n * sizeof(*list));

	if (!list && !plan->error)
		plan->error = -ENOMEM;
	return list;
}

/* n even addresses in ascending order. */
static struct sockaddr_storage *list_sorted(struct plan *plan, int family,
					    unsigned int set, uint32_t n)
{
	struct sockaddr_storage *list = list_new(plan, n);

	for (uint32_t i = 0; list && i < n; i++)
		list[i] = source_at(family, set, 2 * i);
	return list;
}

/* The same with an odd one in the middle: n + 1 addresses. */
static struct sockaddr_storage *list_with_one_more(struct plan *plan, int family,
						   uint32_t n)
{
	struct sockaddr_storage *list = list_new(plan, n + 1);

	for (uint32_t i = 0; list && i < n + 1; i++) {
		if (i <= n / 2)
			list[i] = source_at(family, 0, 2 * i);
		else
			list[i] = source_at(family, 0, 2 * (i - 1));
	}
	if (list)
		list[n / 2 + 1] = source_at(family, 0, 2 * (n / 2) + 1);
	return list;
}

/* Fisher-Yates with a fixed seed: the same order in each run. */
static struct sockaddr_storage *list_shuffled(struct plan *plan,
					      const struct sockaddr_storage *sorted,
					      uint32_t n)
{
	struct sockaddr_storage *list = list_new(plan, n);
	uint32_t seed = 3678;

	if (!list || !sorted)
		return NULL;
	memcpy(list, sorted, n * sizeof(*list));
	for (uint32_t i = n - 1; i > 0; i--) {
		struct sockaddr_storage swap = list[i];
		uint32_t j;

		seed = seed * 1664525u + 1013904223u;
		j = (seed >> 8) % (i + 1);
		list[i] = list[j];
		list[j] = swap;
	}
	return list;
}

static struct cycle *cycle_new(struct plan *plan, int family, uint32_t needs)
{
	struct cycle *cycle;

	cycle = realloc(plan->cycle, (plan->n_cycles + 1) * sizeof(*cycle));
	if (!cycle) {
		plan->error = -ENOMEM;
		return NULL;
	}
	plan->cycle = cycle;
	cycle = &plan->cycle[plan->n_cycles++];
	*cycle = (struct cycle){ .family = family, .needs = needs };
	return cycle;
}

static void cycle_add_setup(struct plan *plan, struct cycle *cycle,
			    const struct msf_request *request)
{
	struct action *action = &cycle->setup[cycle->n_setup++];
	int r = action_init(action, &plan->arena, request, cycle->n_setup == 1);

	if (r < 0)
		plan->error = r;
}

static struct action *cycle_add_step(struct plan *plan, struct cycle *cycle,
				     const struct msf_request *request, int row)
{
	struct action *action = &cycle->step[cycle->n_steps++];
	int creates = cycle->creates && cycle->n_steps == 1;
	int r = action_init(action, &plan->arena, request, creates);

	if (r < 0)
		plan->error = r;
	action->row = row;
	return action;
}

static int row_new(struct plan *plan, const struct cycle *cycle, const char *request,
		   const char *state, uint32_t n_sources)
{
	struct row *row = realloc(plan->row, (plan->n_rows + 1) * sizeof(*row));

	if (!row) {
		plan->error = -ENOMEM;
		return -1;
	}
	plan->row = row;
	row = &plan->row[plan->n_rows];
	*row = (struct row){
		.family = cycle->family,
		.request = request,
		.state = state,
		.n_sources = n_sources,
		.is_exclusive = cycle->is_exclusive,
	};
	row->target = find_target(row);
	return (int)plan->n_rows++;
}

static struct msf_request request_of(const struct plan *plan, int family,
				     enum msf_verb verb,
				     const struct sockaddr_storage *source)
{
	return (struct msf_request){
		.verb = verb,
		.ifindex = plan->ifindex,
		.group = plan_get_group(plan, family),
		.source = (const struct sockaddr *)source,
	};
}

static struct msf_request set_of(const struct plan *plan, int family, uint32_t fmode,
				 const struct sockaddr_storage *slist, uint32_t n)
{
	struct msf_request request = request_of(plan, family, MSF_SET_FILTER, NULL);

	request.fmode = fmode;
	request.numsrc = n;
	request.slist = slist;
	return request;
}

/* A pair of source deltas that undo each other, on a filter of n sources. */
static void plan_source_deltas(struct plan *plan, int family, uint32_t n,
			       enum msf_verb add, int is_exclusive)
{
	struct cycle *cycle = cycle_new(plan, family, n + 1);
	int is_join = add == MSF_JOIN_SOURCE;
	struct sockaddr_storage *sources = list_sorted(plan, family, 0, n);
	struct sockaddr_storage *other = list_sorted(plan, family, 1, 1);
	struct msf_request request;
	int row;

	if (!cycle || plan->error)
		return;
	cycle->is_exclusive = is_exclusive;
	request = set_of(plan, family, is_join ? MCAST_INCLUDE : MCAST_EXCLUDE, sources,
			 n);
	cycle_add_setup(plan, cycle, &request);

	request = request_of(plan, family, add, other);
	row = row_new(plan, cycle, is_join ? "join_source" : "block_source", member, n);
	cycle_add_step(plan, cycle, &request, row);

	request.verb = is_join ? MSF_LEAVE_SOURCE : MSF_UNBLOCK_SOURCE;
	row = row_new(plan, cycle, is_join ? "leave_source" : "unblock_source", member,
		      n);
	cycle_add_step(plan, cycle, &request, row);
}

/* A set that makes the membership, and leave_group. */
static void plan_leave_group(struct plan *plan, int family, uint32_t n, int is_exclusive)
{
	struct cycle *cycle = cycle_new(plan, family, n);
	struct sockaddr_storage *sources = list_sorted(plan, family, 0, n);
	struct msf_request request;
	int row = -1;

	if (!cycle || plan->error)
		return;
	cycle->creates = 1;
	cycle->is_exclusive = is_exclusive;
	request = set_of(plan, family, MCAST_INCLUDE, sources, n);
	if (!is_exclusive)
		row = row_new(plan, cycle, "set: from nothing", first, n);
	cycle_add_step(plan, cycle, &request, row);

	request = request_of(plan, family, MSF_LEAVE_GROUP, NULL);
	row = row_new(plan, cycle, "leave_group", member, n);
	cycle_add_step(plan, cycle, &request, row);
}

/* A delta that makes the membership, and the one that ends it. */
static void plan_creation(struct plan *plan, int family, enum msf_verb verb, int is_held)
{
	struct cycle *cycle = cycle_new(plan, family, 1);
	int is_source = verb == MSF_JOIN_SOURCE;
	struct sockaddr_storage *source = list_sorted(plan, family, 0, 1);
	const char *state = is_held ? held : first;
	struct msf_request request;
	int row;

	if (!cycle || plan->error)
		return;
	cycle->creates = 1;
	cycle->is_held = is_held;
	request = request_of(plan, family, verb, is_source ? source : NULL);
	row = row_new(plan, cycle, is_source ? "join_source" : "join_group", state, 0);
	cycle_add_step(plan, cycle, &request, row);

	request.verb = is_source ? MSF_LEAVE_SOURCE : MSF_LEAVE_GROUP;
	row = row_new(plan, cycle, is_source ? "leave_source: the last" : "leave_group",
		      is_held ? held : member, is_source);
	cycle_add_step(plan, cycle, &request, row);
}

/* join_group on a member is refused: what does a refusal cost? */
static void plan_refused_join(struct plan *plan, int family, uint32_t n)
{
	struct cycle *cycle = cycle_new(plan, family, n);
	struct sockaddr_storage *sources = list_sorted(plan, family, 0, n);
	struct msf_request request;
	struct action *step;

	if (!cycle || plan->error)
		return;
	request = set_of(plan, family, MCAST_INCLUDE, sources, n);
	cycle_add_setup(plan, cycle, &request);
	request = request_of(plan, family, MSF_JOIN_GROUP, NULL);
	step = cycle_add_step(plan, cycle, &request,
			      row_new(plan, cycle, "join_group: refused", member, n));
	step->raw_error = EADDRINUSE;
	step->msf_error = EADDRINUSE;
}

static void plan_identical_set(struct plan *plan, int family, uint32_t n, int is_shuffled)
{
	struct cycle *cycle = cycle_new(plan, family, n);
	struct sockaddr_storage *sources = list_sorted(plan, family, 0, n);
	struct msf_request request;
	struct action *step;
	int row;

	if (!cycle || plan->error)
		return;
	request = set_of(plan, family, MCAST_INCLUDE, sources, n);
	cycle_add_setup(plan, cycle, &request);
	if (is_shuffled)
		request.slist = list_shuffled(plan, sources, n);
	row = row_new(plan, cycle,
		      is_shuffled ? "set: identical, shuffled" : "set: identical, sorted",
		      member, n);
	step = cycle_add_step(plan, cycle, &request, row);
	step->msf_error = EADDRINUSE;
}

static void plan_one_source_change(struct plan *plan, int family, uint32_t n)
{
	struct cycle *cycle = cycle_new(plan, family, n + 1);
	struct sockaddr_storage *fewer = list_sorted(plan, family, 0, n);
	struct sockaddr_storage *more = list_with_one_more(plan, family, n);
	struct msf_request request;
	int row;

	if (!cycle || plan->error)
		return;
	request = set_of(plan, family, MCAST_INCLUDE, fewer, n);
	cycle_add_setup(plan, cycle, &request);

	request = set_of(plan, family, MCAST_INCLUDE, more, n + 1);
	row = row_new(plan, cycle, "set: one source more", member, n);
	cycle_add_step(plan, cycle, &request, row);

	request = set_of(plan, family, MCAST_INCLUDE, fewer, n);
	row = row_new(plan, cycle, "set: one source less", member, n);
	cycle_add_step(plan, cycle, &request, row);
}

/* Both directions of the change are the same work: one row. */
static void plan_replaced_set(struct plan *plan, int family, uint32_t n, int is_mode)
{
	struct cycle *cycle = cycle_new(plan, family, n);
	struct sockaddr_storage *one = list_sorted(plan, family, 0, n);
	struct sockaddr_storage *two = is_mode ? one : list_sorted(plan, family, 1, n);
	struct msf_request request;
	int row;

	if (!cycle || plan->error)
		return;
	request = set_of(plan, family, MCAST_INCLUDE, one, n);
	cycle_add_setup(plan, cycle, &request);

	row = row_new(plan, cycle, is_mode ? "set: the other mode" : "set: all replaced",
		      member, n);
	request = set_of(plan, family, is_mode ? MCAST_EXCLUDE : MCAST_INCLUDE, two, n);
	cycle_add_step(plan, cycle, &request, row);
	request = set_of(plan, family, MCAST_INCLUDE, one, n);
	cycle_add_step(plan, cycle, &request, row);
}

static void plan_get(struct plan *plan, int family, uint32_t n)
{
	struct cycle *cycle = cycle_new(plan, family, n);
	struct sockaddr_storage *sources = list_sorted(plan, family, 0, n);
	struct msf_request request;

	if (!cycle || plan->error)
		return;
	request = set_of(plan, family, MCAST_INCLUDE, sources, n);
	cycle_add_setup(plan, cycle, &request);
	request.verb = MSF_GET_FILTER;
	request.slist = NULL;
	cycle_add_step(plan, cycle, &request, row_new(plan, cycle, "get", member, n));
}

static void plan_deltas(struct plan *plan, int family)
{
	for (int is_held = 0; is_held < 2; is_held++) {
		plan_creation(plan, family, MSF_JOIN_GROUP, is_held);
		plan_creation(plan, family, MSF_JOIN_SOURCE, is_held);
	}
	for (size_t i = 0; i < N_ELEMENTS(sizes); i++)
		plan_source_deltas(plan, family, sizes[i], MSF_JOIN_SOURCE, 0);
	for (size_t i = 0; i < N_ELEMENTS(sizes); i++)
		plan_refused_join(plan, family, sizes[i]);
	for (int is_exclusive = 0; is_exclusive < 2; is_exclusive++) {
		for (size_t i = 0; i < N_ELEMENTS(sizes); i++)
			plan_source_deltas(plan, family, sizes[i], MSF_BLOCK_SOURCE,
					   is_exclusive);
		for (size_t i = 0; i < N_ELEMENTS(sizes); i++)
			plan_leave_group(plan, family, sizes[i], is_exclusive);
	}
}

static void plan_full_state(struct plan *plan, int family)
{
	for (int is_shuffled = 0; is_shuffled < 2; is_shuffled++)
		for (size_t i = 1; i < N_ELEMENTS(sizes); i++)
			plan_identical_set(plan, family, sizes[i], is_shuffled);
	for (size_t i = 1; i < N_ELEMENTS(sizes); i++)
		plan_one_source_change(plan, family, sizes[i]);
	for (int is_mode = 0; is_mode < 2; is_mode++)
		for (size_t i = 1; i < N_ELEMENTS(sizes); i++)
			plan_replaced_set(plan, family, sizes[i], is_mode);
	for (size_t i = 0; i < N_ELEMENTS(sizes); i++)
		plan_get(plan, family, sizes[i]);
}

int plan_init(struct plan *plan, uint32_t ifindex)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)&plan->group[0];
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&plan->group[1];

	*plan = (struct plan){ .ifindex = ifindex };
	sin->sin_family = AF_INET;
	inet_pton(AF_INET, "232.1.1.1", &sin->sin_addr);
	sin6->sin6_family = AF_INET6;
	inet_pton(AF_INET6, "ff35::8000:1", &sin6->sin6_addr);

	plan_deltas(plan, AF_INET);
	plan_full_state(plan, AF_INET);
	plan_deltas(plan, AF_INET6);
	plan_full_state(plan, AF_INET6);
	return plan->error;
}

void plan_fini(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_rows; i++) {
		struct row *row = &plan->row[i];

		for (int side = 0; side < N_SIDES; side++) {
			series_fini(&row->sample[side]);
			series_fini(&row->ns[side]);
		}
		series_fini(&row->ratio);
	}
	free(plan->row);
	free(plan->cycle);
	arena_fini(&plan->arena);
	*plan = (struct plan){ 0 };
}
