/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A random walk of requests over several sockets, groups and interfaces, against
 * a model of its own. After each step: errno, what the socket holds, and what the
 * interface counts (/proc/net/mcfilter, mcfilter6, igmp, igmp6). Now and then:
 * who is heard.
 *
 * In the second walk every eighth step goes past the library to the kernel, with all
 * that Linux makes of it: memberships INCLUDE {}, switched modes, hidden lists. The
 * library must take what it finds.
 *
 * usage: walk [alone|past] [STEPS [SEED]]; the seed is printed, the same seed walks
 * the same way.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "model.h"
#include "raw.h"
#include "shape.h"
#include "system.h"
#include "tap.h"

#define DEFAULT_STEPS 20000u
#define N_SOCKETS     6u
#define N_GROUPS      2u
#define N_SOURCES     6u
#define N_FAMILIES    2u
#define STEPS_A_TEST  1000u
#define HEAR_EVERY    8u
#define PAST_EVERY    8u

/* What one socket holds, in the model's view. */
struct holder {
	int fd;
	int domain;
	struct model_filter held[N_FAMILIES][NETNS_LINKS][N_GROUPS];
};

struct walk {
	struct tap tap;
	struct netns net;
	struct traffic traffic;
	struct holder sockets[N_SOCKETS];
	struct sockaddr_storage group[N_FAMILIES][N_GROUPS];
	struct sockaddr_storage source[N_FAMILIES][NETNS_LINKS][N_SOURCES];
	uint64_t random;
	unsigned int step;
	unsigned int n_refused;
	bool goes_past; /* some steps do without the library */
};

/* One step: where, what, by which shape. */
struct step {
	struct holder *holder;
	unsigned int family, link, group;
	struct model_place place;
	struct model_request request;
	const struct shape *shape;
};

/* xorshift64*: the walk must be the same everywhere. */
static unsigned int pick(struct walk *walk, unsigned int n)
{
	uint64_t x = walk->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	walk->random = x;
	return (uint32_t)((x * UINT64_C(2685821657736338717)) >> 32) % n;
}

static enum flavour get_flavour(const struct holder *holder, unsigned int family)
{
	if (family == 1)
		return FLAVOUR_IPV6;
	return holder->domain == AF_INET ? FLAVOUR_IPV4 : FLAVOUR_IPV4_ON_IPV6;
}

/* A few bits rather than half of all: identical and neighbouring sets happen. */
static unsigned int pick_set(struct walk *walk, struct model_filter held)
{
	unsigned int set = held.mode == MODEL_NONE ? 0 : held.set;

	switch (pick(walk, 4)) {
	case 0:
		return set;
	case 1:
		return set ^ 1u << pick(walk, N_SOURCES);
	case 2:
		return 0;
	}
	return pick(walk, 1u << N_SOURCES);
}

static void pick_step(struct walk *walk, struct step *step)
{
	static const enum msf_verb verbs[] = {
		MSF_JOIN_GROUP,   MSF_LEAVE_GROUP,  MSF_JOIN_SOURCE,  MSF_LEAVE_SOURCE,
		MSF_JOIN_SOURCE,  MSF_LEAVE_SOURCE, MSF_BLOCK_SOURCE, MSF_UNBLOCK_SOURCE,
		MSF_BLOCK_SOURCE, MSF_SET_FILTER,   MSF_SET_FILTER,   MSF_GET_FILTER,
	};
	enum flavour flavour;
	struct model_filter held;

	step->holder = &walk->sockets[pick(walk, N_SOCKETS)];
	step->family = step->holder->domain == AF_INET ? 0 : pick(walk, 2);
	step->link = pick(walk, NETNS_LINKS);
	step->group = pick(walk, N_GROUPS);
	flavour = get_flavour(step->holder, step->family);
	held = step->holder->held[step->family][step->link][step->group];
	step->place = (struct model_place){ flavour, step->link,
					    walk->net.ifindex[step->link],
					    walk->group[step->family][step->group] };
	step->request = (struct model_request){
		.verb = verbs[pick(walk, sizeof(verbs) / sizeof(verbs[0]))],
		.source = pick(walk, N_SOURCES),
		.fmode = pick(walk, 2) ? MCAST_INCLUDE : MCAST_EXCLUDE,
	};
	if (step->request.verb == MSF_SET_FILTER)
		step->request.set = pick_set(walk, held);
	do {
		step->shape = &shapes[pick(walk, n_shapes)];
	} while (!shape_can(step->shape, step->request.verb, flavour));
}

static int do_step(const struct step *step)
{
	struct raw_filter filter = { .numsrc = N_SOURCES };
	struct model_place place = step->place;
	struct model_call call;

	/* The route of index 0 is m0. */
	if (step->link == 0 && step->request.source == 0)
		place.ifindex = 0;
	model_spell(&place, &step->request, &call);
	if (step->request.verb == MSF_GET_FILTER)
		return shape_get(step->shape, NULL, step->holder->fd, &call.request,
				 &filter);
	return shape_apply(step->shape, NULL, step->holder->fd, &call.request);
}

static void complain(struct walk *walk, const struct step *step)
{
	char text[MODEL_TEXT];

	tap_comment("step %u: socket %ld, %s, m%u, group %u: %s by %s", walk->step,
		    (long)(step->holder - walk->sockets),
		    flavour_name(step->place.flavour), step->link, step->group,
		    model_print_request(&step->request, text), step->shape->name);
}

/* What the interface should count for one source: the sum over all sockets; with the
 * ASM backend it knows of none. */
static struct netns_users sum_users(const struct walk *walk, const struct step *step,
				    unsigned int source)
{
	struct netns_users users = { 0, 0 };

	if (system_is_asm())
		return users;
	for (unsigned int s = 0; s < N_SOCKETS; s++) {
		const struct holder *holder = &walk->sockets[s];
		struct model_filter held =
			holder->held[step->family][step->link][step->group];
		unsigned int has = held.set >> source & 1;

		users.include += held.mode == MODEL_INCLUDE ? has : 0;
		users.exclude += held.mode == MODEL_EXCLUDE ? has : 0;
	}
	return users;
}

/* A leftover is a user of the interface, so where there may be some the kernel is
 * asked. */
static unsigned int count_members(const struct walk *walk, const struct step *step)
{
	unsigned int n = 0;

	for (unsigned int s = 0; s < N_SOCKETS; s++) {
		const struct holder *holder = &walk->sockets[s];
		struct raw_filter filter;

		if (holder->domain == AF_INET && step->family == 1)
			continue;
		if (walk->goes_past)
			n += raw_get_filter(holder->fd, step->place.ifindex,
					    &step->place.group, &filter) == 0;
		else
			n += holder->held[step->family][step->link][step->group].mode !=
			     MODEL_NONE;
	}
	return n;
}

static bool is_counted(struct walk *walk, const struct step *step)
{
	unsigned int n_members, n_seen, n_lines = 0;
	bool ok = true;

	for (unsigned int i = 0; i < N_SOURCES; i++) {
		struct netns_users users = sum_users(walk, step, i), seen;

		seen = netns_get_users(step->place.ifindex, &step->place.group,
				       &walk->source[step->family][step->link][i]);
		n_lines += users.include + users.exclude > 0;
		ok &= tap_expect(
			&walk->tap,
			users.include == seen.include && users.exclude == seen.exclude,
			"source %u: the interface counts %u/%u, not %u/%u", i,
			seen.include, seen.exclude, users.include, users.exclude);
	}
	n_seen = netns_count_sources(step->place.ifindex, &step->place.group);
	ok &= tap_expect(&walk->tap, n_lines == n_seen,
			 "the interface has %u sources, not %u", n_seen, n_lines);
	n_members = count_members(walk, step);
	n_seen = netns_get_members(step->place.ifindex, &step->place.group);
	ok &= tap_expect(&walk->tap, n_members == n_seen,
			 "the interface has %u members, not %u", n_seen, n_members);
	return ok;
}

/* Linux, unlike the ASM backend, lets the latest membership of an IPv6 group decide for
 * all interfaces, be it a leftover, so delivery is only looked at where there is but
 * one. */
static bool can_hear(const struct walk *walk, const struct step *step)
{
	uint32_t other = walk->net.ifindex[1 - step->link];
	struct raw_filter filter;

	return step->family == 0 || system_is_asm() ||
	       raw_get_filter(step->holder->fd, other, &step->place.group, &filter) < 0;
}

/* What the socket holds; a leftover INCLUDE {} is no membership. */
static bool look(const struct walk *walk, const struct step *step,
		 struct model_filter *ret)
{
	if (model_look(step->holder->fd, &step->place, ret))
		return true;
	if (!walk->goes_past || ret->mode != MODEL_INCLUDE || ret->set != 0)
		return false;
	ret->mode = MODEL_NONE;
	return true;
}

static void check_step(struct walk *walk, const struct step *step, int r, int wanted,
		       struct model_filter next)
{
	struct model_filter seen = { 0 };
	char a[MODEL_TEXT], b[MODEL_TEXT];
	bool is_read = look(walk, step, &seen), ok;

	ok = tap_expect(&walk->tap, r == wanted, "%s, not %s", strerror(-r),
			strerror(-wanted));
	ok &= tap_expect(&walk->tap, is_read && model_is_equal(seen, next),
			 "the socket holds %s, not %s", model_print_filter(seen, a),
			 model_print_filter(next, b));
	ok &= is_counted(walk, step);
	if (walk->step % HEAR_EVERY == 0 && can_hear(walk, step)) {
		unsigned int heard = traffic_hear(&walk->traffic, step->holder->fd,
						  step->link, &step->place.group);

		ok &= tap_expect(&walk->tap, heard == model_admit(next),
				 "heard 0x%x, not 0x%x", heard, model_admit(next));
	}
	if (!ok)
		complain(walk, step);
}

/* The kernel alone, and the model learns what came of it. */
static void go_past(struct walk *walk, struct step *step)
{
	struct model_filter *held =
		&step->holder->held[step->family][step->link][step->group];
	struct model_call call;

	model_spell(&step->place, &step->request, &call);
	if (step->request.verb == MSF_SET_FILTER)
		raw_set_filter(step->holder->fd, step->place.ifindex, &step->place.group,
			       call.request.fmode, call.request.numsrc, call.slist);
	else if (step->request.verb != MSF_GET_FILTER)
		raw_delta(step->holder->fd, step->request.verb, step->place.ifindex,
			  &step->place.group, &call.source);
	look(walk, step, held);
}

static void take_step(struct walk *walk)
{
	struct model_filter *held, next;
	struct step step;
	int wanted, r;

	pick_step(walk, &step);
	if (walk->goes_past && pick(walk, PAST_EVERY) == 0)
		go_past(walk, &step);
	held = &step.holder->held[step.family][step.link][step.group];
	wanted = model_apply(*held, &step.request, MSF_SEMANTICS_TABLE, &next);
	r = do_step(&step);
	walk->n_refused += r < 0;
	*held = next;
	check_step(walk, &step, r, wanted, next);
	walk->step++;
}

static void init(struct walk *walk, uint64_t seed)
{
	netns_init(&walk->net);
	system_init();
	traffic_init(&walk->traffic, &walk->net);
	walk->traffic.receive = msf_recv;
	walk->random = seed * 2 + 1;
	for (unsigned int s = 0; s < N_SOCKETS; s++) {
		walk->sockets[s].domain = s % 2 == 0 ? AF_INET : AF_INET6;
		walk->sockets[s].fd = traffic_open_strict_receiver(
			s % 2 == 0 ? FLAVOUR_IPV4 : FLAVOUR_IPV6);
	}
	for (unsigned int f = 0; f < N_FAMILIES; f++) {
		int family = f == 0 ? AF_INET : AF_INET6;

		for (unsigned int g = 0; g < N_GROUPS; g++)
			walk->group[f][g] = netns_group(family, g);
		for (unsigned int l = 0; l < NETNS_LINKS; l++)
			for (unsigned int i = 0; i < N_SOURCES; i++)
				walk->source[f][l][i] = netns_source(family, l, i);
	}
}

/* Everything closed: nothing may be left on the interfaces. */
static void fini(struct walk *walk, char *before)
{
	char *after;

	for (unsigned int s = 0; s < N_SOCKETS; s++)
		close(walk->sockets[s].fd);
	after = netns_get_memberships();
	tap_expect(&walk->tap, strcmp(before, after) == 0,
		   "the interfaces are not as they were: %s", after);
	tap_end(&walk->tap, "after the walk nothing is left on the interfaces");
	free(before);
	free(after);
	traffic_fini(&walk->traffic);
}

int main(int argc, char **argv)
{
	bool goes_past = argc > 1 && strcmp(argv[1], "past") == 0;
	unsigned int n_steps = argc > 2 ? strtoul(argv[2], NULL, 0) : DEFAULT_STEPS;
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 0) : (uint64_t)time(NULL);
	struct walk walk = { .goes_past = goes_past };
	char *before;

	init(&walk, seed);
	tap_comment("seed %" PRIu64 ": replay with: walk %s %u %" PRIu64, seed,
		    goes_past ? "past" : "alone", n_steps, seed);
	before = netns_get_memberships();
	while (walk.step < n_steps && walk.tap.n_failed == 0) {
		take_step(&walk);
		if (walk.step % STEPS_A_TEST == 0 || walk.step == n_steps)
			tap_end(&walk.tap,
				"steps up to %u: socket, interface and model agree",
				walk.step);
	}
	tap_expect(&walk.tap, walk.n_refused > n_steps / 5 && walk.n_refused < n_steps,
		   "%u of %u were refused", walk.n_refused, n_steps);
	tap_end(&walk.tap, "the walk met refusals and successes");
	fini(&walk, before);
	return tap_finish(&walk.tap);
}
