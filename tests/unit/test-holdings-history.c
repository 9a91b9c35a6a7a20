/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The holdings of msfd against a naive model, which is arrays that are searched, and the
 * engine against the merged filters of that model. Any allocation may fail, of the
 * holdings or of the engine: a refused change has changed nothing.
 */
#include <stdint.h>
#include <string.h>

#include "holdings-rig.h"

#define N_CLIENTS 5u /* 0 is nobody */
#define N_USERS   3u /* 0 is root */
#define N_STEPS   60000u

struct place {
	bool is_held;
	struct filter filter;
	struct addr sources[RIG_SOURCES];
	uint64_t stamp; /* of what is held or has ended */
	uint64_t client;
	pid_t pid;
	uid_t uid;
};

struct history {
	struct rig rig;
	uint32_t random;
	struct place places[RIG_PLACES];
	uint64_t settled[RIG_SOCKETS];
	struct place told[RIG_PLACES]; /* what the listener knows */
};

static uint32_t draw(struct history *history, uint32_t n)
{
	history->random = history->random * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(history->random >> 8) * n >> 24);
}

static void store(struct place *place, const struct filter *filter)
{
	place->filter = *filter;
	place->filter.sources.addr = place->sources;
	if (filter->sources.n)
		memcpy(place->sources, filter->sources.addr,
		       filter->sources.n * sizeof(struct addr));
}

static void listen(void *context, const struct holding *holding)
{
	struct history *history = context;
	struct place *place = &history->told[rig_find_place(
		holding->socket.cookie, holding->ifindex, holding->group)];

	place->is_held = holding->filter.mode != FILTER_NONE;
	place->uid = holding->teller.uid;
	store(place, &holding->filter);
}

/*
 * The model
 */

static bool is_end(const struct filter *filter)
{
	return filter->mode == FILTER_NONE ||
	       (filter->mode == FILTER_INCLUDE && !filter->sources.n);
}

static struct holdings_usage count_usage(const struct history *history,
					 bool (*counts)(const struct place *place,
							uint64_t number),
					 uint64_t number)
{
	struct holdings_usage usage = { 0 };

	for (unsigned int i = 0; i < RIG_PLACES; i++) {
		if (!history->places[i].is_held || !counts(&history->places[i], number))
			continue;
		usage.groups++;
		usage.sources += history->places[i].filter.sources.n;
	}
	return usage;
}

static bool is_clients(const struct place *place, uint64_t client)
{
	return place->client == client;
}

static bool is_users(const struct place *place, uint64_t uid)
{
	return place->uid == uid;
}

static bool is_anybodys(const struct place *place, uint64_t number)
{
	(void)place;
	return number == 0;
}

static bool is_over(struct holdings_usage usage, const struct limits_scope *limits,
		    bool is_group, bool is_more)
{
	return (is_group && usage.groups > limits->groups) ||
	       (is_more && usage.sources > limits->sources);
}

/* Makes the change, looks whether a limit is exceeded, and takes it back. */
static bool is_refused(struct history *history, unsigned int i, const struct place *new)
{
	struct place old = history->places[i];
	bool is_group = !old.is_held;
	bool is_more = is_group || new->filter.sources.n > old.filter.sources.n, r;

	history->places[i] = *new;
	r = new->client != 0 &&
	    (is_over(count_usage(history, is_clients, new->client),
		     &history->rig.limits.client, is_group, is_more) ||
	     (new->uid &&is_over(count_usage(history, is_users, new->uid),
				 &history->rig.limits.user, is_group, is_more)) ||
	     is_over(count_usage(history, is_anybodys, 0), &history->rig.limits.total,
		     is_group, is_more));
	history->places[i] = old;
	return r;
}

static bool is_outdated(const struct history *history, unsigned int i, uint64_t stamp)
{
	return stamp < history->places[i].stamp ||
	       stamp < history->settled[i / (RIG_PER_SOCKET)];
}

static void model_end(struct history *history, unsigned int i, uint64_t stamp)
{
	history->places[i].is_held = false;
	history->places[i].stamp = stamp;
}

static void step_set(struct history *history)
{
	unsigned int i = draw(history, RIG_PLACES);
	uint64_t stamp = history->rig.now + draw(history, 12);
	uint64_t client = draw(history, N_CLIENTS);
	struct addr list[RIG_SOURCES];
	struct filter filter = rig_make_filter(draw(history, 3),
					       draw(history, 1u << RIG_SOURCES), list);
	struct place new = { .is_held = true,
			     .stamp = stamp,
			     .client = client,
			     .pid = client ? 4000 + (pid_t)client : 0,
			     .uid = draw(history, N_USERS) };
	bool may_fail = !is_end(&filter) || history->places[i].is_held, is_old,
	     is_limited;
	enum message_reason reason;

	if (filter.mode == FILTER_NONE)
		filter.sources.n = 0;
	store(&new, &filter);
	is_old = is_outdated(history, i, stamp);
	is_limited = !is_end(&filter) && is_refused(history, i, &new);
	rig_memory.is_armed = may_fail && draw(history, 4) == 0;
	rig_memory.left = draw(history, 12);
	reason = rig_set(&history->rig, i, client, new.uid, &filter, stamp);
	rig_memory.is_armed = false;
	if (is_old || is_end(&filter)) {
		tap_expect(history->rig.tap, reason == MESSAGE_DONE,
			   "%u for an end or an old one", reason);
		if (!is_old)
			model_end(history, i, stamp);
	} else if (is_limited) {
		tap_expect(history->rig.tap,
			   reason >= MESSAGE_CLIENT_GROUPS &&
				   reason <= MESSAGE_TOTAL_SOURCES,
			   "%u instead of a limit", reason);
	} else if (reason == MESSAGE_DONE) {
		history->places[i] = new;
		history->places[i].filter.sources.addr = history->places[i].sources;
	} else {
		tap_expect(history->rig.tap, reason == MESSAGE_NO_MEMORY, "%u", reason);
	}
}

static void step_settle(struct history *history)
{
	unsigned int socket = draw(history, RIG_SOCKETS);
	unsigned int first = socket * RIG_PER_SOCKET;
	uint64_t stamp = history->rig.now + draw(history, 12);

	for (unsigned int i = first; i < first + RIG_PER_SOCKET; i++) {
		if (history->places[i].is_held && history->places[i].stamp < stamp)
			model_end(history, i, stamp);
	}
	if (history->settled[socket] < stamp)
		history->settled[socket] = stamp;
	holdings_settle(history->rig.holdings, 100 + socket, stamp, history->rig.now);
}

static void step_death(struct history *history)
{
	unsigned int socket = draw(history, RIG_SOCKETS);
	unsigned int first = socket * RIG_PER_SOCKET, n = 0, ended;

	for (unsigned int i = first; i < first + RIG_PER_SOCKET; i++) {
		n += history->places[i].is_held;
		history->places[i] = (struct place){ .is_held = false };
	}
	history->settled[socket] = 0;
	ended = holdings_end_socket(history->rig.holdings, 100 + socket,
				    history->rig.now);
	tap_expect(history->rig.tap, ended == n, "%u of %u ended", ended, n);
}

static void step_parting(struct history *history)
{
	uint64_t client = 1 + draw(history, N_CLIENTS - 1);

	for (unsigned int i = 0; i < RIG_PLACES; i++) {
		if (history->places[i].is_held && history->places[i].client == client) {
			history->places[i].client = 0;
			history->places[i].pid = 0;
		}
	}
	holdings_forget_client(history->rig.holdings, client);
}

static void step_interface(struct history *history)
{
	uint32_t ifindex = 1 + draw(history, RIG_INTERFACES);
	bool is_first = draw(history, 2);

	for (unsigned int i = 0; i < RIG_PLACES; i++) {
		if (rig_get_key(i).ifindex == ifindex && history->places[i].is_held)
			model_end(history, i, history->places[i].stamp);
	}
	if (is_first)
		engine_del_interface(history->rig.engine, ifindex, history->rig.now);
	holdings_end_interface(history->rig.holdings, ifindex, history->rig.now);
	if (!is_first)
		engine_del_interface(history->rig.engine, ifindex, history->rig.now);
	rig_add_interfaces(&history->rig);
}

static void step_limits(struct history *history)
{
	struct limits_scope *scopes[] = { &history->rig.limits.client,
					  &history->rig.limits.user,
					  &history->rig.limits.total };

	for (size_t i = 0; i < 3; i++) {
		scopes[i]->groups = draw(history, 2) ? UINT32_MAX
						     : draw(history, RIG_PLACES);
		scopes[i]->sources = draw(history, 2) ? UINT32_MAX : draw(history, 100);
	}
}

/*
 * Comparing
 */

static bool is_same(const struct holding *holding, const struct place *place)
{
	return holding->stamp == place->stamp &&
	       holding->teller.client == place->client &&
	       holding->teller.pid == place->pid && holding->teller.uid == place->uid &&
	       holding->socket.inode == holding->socket.cookie + 1000 &&
	       filter_equal(&holding->filter, &place->filter);
}

static void compare_walk(struct history *history)
{
	struct holdings_key key = { 0 };
	struct holding holding;
	bool is_more = true;

	for (unsigned int i = 0; i < RIG_PLACES; i++) {
		const struct place *told = &history->told[i],
				   *place = &history->places[i];

		tap_expect(history->rig.tap,
			   told->is_held == place->is_held &&
				   (!told->is_held ||
				    (told->uid == place->uid &&
				     filter_equal(&told->filter, &place->filter))),
			   "%u was told otherwise", i);
		if (!place->is_held)
			continue;
		is_more = holdings_next(history->rig.holdings, &key, &holding);
		tap_expect(history->rig.tap,
			   is_more &&
				   rig_find_place(key.cookie, key.ifindex, key.group) ==
					   i &&
				   is_same(&holding, place),
			   "%u is not what the walk finds", i);
	}
	tap_expect(history->rig.tap,
		   !holdings_next(history->rig.holdings, &key, &holding),
		   "the walk finds more");
}

static bool is_usage(struct holdings_usage a, struct holdings_usage b)
{
	return a.groups == b.groups && a.sources == b.sources;
}

static void compare_usage(struct history *history)
{
	for (uint64_t i = 1; i < N_CLIENTS; i++)
		tap_expect(history->rig.tap,
			   is_usage(holdings_get_client_usage(history->rig.holdings, i),
				    count_usage(history, is_clients, i)),
			   "usage of client %u", (unsigned int)i);
	for (uid_t i = 0; i < N_USERS; i++)
		tap_expect(history->rig.tap,
			   is_usage(holdings_get_user_usage(history->rig.holdings, i),
				    count_usage(history, is_users, i)),
			   "usage of user %u", i);
	tap_expect(history->rig.tap,
		   is_usage(holdings_get_usage(history->rig.holdings),
			    count_usage(history, is_anybodys, 0)),
		   "usage of all");
}

static void compare_sockets(struct history *history)
{
	struct holdings_socket socket;
	uint64_t cookie = 0;
	bool is_held[RIG_SOCKETS] = { false };

	for (unsigned int i = 0; i < RIG_PLACES; i++)
		is_held[i / (RIG_PER_SOCKET)] |= history->places[i].is_held;
	for (unsigned int i = 0; i < RIG_SOCKETS; i++) {
		tap_expect(history->rig.tap,
			   holdings_has_socket(history->rig.holdings, 100 + i) ==
				   is_held[i],
			   "socket %u", i);
		if (is_held[i])
			tap_expect(history->rig.tap,
				   holdings_next_socket(history->rig.holdings, &cookie,
							&socket) &&
					   cookie == 100 + i,
				   "the walk of sockets misses %u", i);
	}
	tap_expect(history->rig.tap,
		   !holdings_next_socket(history->rig.holdings, &cookie, &socket),
		   "the walk of sockets finds more");
}

/* Does the interface want the source? (RFC 9776 3.2) */
static bool is_wanted(const struct history *history, uint32_t ifindex, struct addr group,
		      struct addr source, unsigned int *ret_n, bool *ret_is_exclude)
{
	bool is_wanted = false;

	*ret_n = 0;
	*ret_is_exclude = false;
	for (unsigned int i = 0; i < RIG_PLACES; i++) {
		struct holdings_key key = rig_get_key(i);
		const struct place *place = &history->places[i];

		if (!place->is_held || key.ifindex != ifindex ||
		    !addr_equal(key.group, group))
			continue;
		*ret_n += 1;
		*ret_is_exclude |= place->filter.mode == FILTER_EXCLUDE;
		is_wanted |= filter_accepts(&place->filter, source);
	}
	return is_wanted;
}

static void compare_engine(struct history *history)
{
	struct addr list[RIG_SOURCES];

	for (unsigned int i = 0; i < RIG_PER_SOCKET; i++) {
		struct holdings_key key = rig_get_key(i);
		struct filter merged = { .sources = { RIG_SOURCES, list } };
		int r = engine_get_filter(history->rig.engine, key.ifindex, key.group,
					  &merged.mode, list, &merged.sources.n);

		for (unsigned int s = 0; s < RIG_SOURCES; s++) {
			unsigned int n;
			bool is_exclude,
				wants = is_wanted(history, key.ifindex, key.group,
						  rig_get_source(s), &n, &is_exclude);

			tap_expect(history->rig.tap,
				   n ? r == 0 &&
						   filter_accepts(&merged,
								  rig_get_source(s)) ==
							   wants &&
						   (merged.mode == FILTER_EXCLUDE) ==
							   is_exclude
				     : r < 0,
				   "the engine's %u differs", i);
			tap_expect(history->rig.tap,
				   holdings_count_users(history->rig.holdings,
							key.ifindex, key.group) == n,
				   "users of %u", i);
		}
	}
}

static void compare(struct history *history)
{
	compare_walk(history);
	compare_usage(history);
	compare_sockets(history);
	compare_engine(history);
}

static void step(struct history *history)
{
	uint32_t which = draw(history, 200);

	history->rig.now += draw(history, 3);
	if (which < 4)
		step_death(history);
	else if (which < 8)
		step_parting(history);
	else if (which < 10)
		step_interface(history);
	else if (which < 20)
		step_settle(history);
	else if (which < 22)
		step_limits(history);
	else
		step_set(history);
}

static void del_interfaces(struct history *history)
{
	for (uint32_t i = 1; i <= RIG_INTERFACES; i++)
		engine_del_interface(history->rig.engine, i, history->rig.now);
}

/* Nothing is kept for clients, users, groups and sockets that have none any more. */
static void end_all(struct history *history, long n_before)
{
	for (unsigned int i = 0; i < RIG_SOCKETS; i++)
		holdings_end_socket(history->rig.holdings, 100 + i, history->rig.now);
	del_interfaces(history);
	tap_expect(history->rig.tap, rig_memory.n_live == n_before, "%ld blocks of %ld",
		   rig_memory.n_live, n_before);
}

int main(void)
{
	struct tap tap = { 0 };
	struct history history = { .random = 1 };
	long n_before;

	rig_init(&history.rig, &tap);
	del_interfaces(&history);
	n_before = rig_memory.n_live;
	rig_add_interfaces(&history.rig);
	holdings_set_listener(history.rig.holdings, listen, &history);
	for (unsigned int i = 0; i < N_STEPS && !tap.n_surprises; i++) {
		step(&history);
		if (i % 7 == 0)
			compare(&history);
	}
	compare(&history);
	end_all(&history, n_before);
	tap_comment("%u allocations failed", rig_memory.n_failed);
	tap_expect(&tap, rig_memory.n_failed > 100, "too few failed");
	rig_fini(&history.rig);
	tap_end(&tap,
		"random histories leave what a naive model has, in holdings, counts, "
		"listener and engine, also when memory fails");
	return tap_finish(&tap);
}
