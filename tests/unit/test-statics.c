/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of compat/msfd/statics.h: the operator's joins, with an engine and with the
 * kernel of a namespace of the test's own; which interfaces there are is made up here.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msfd/holdings.h"
#include "msfd/log.h"
#include "msfd/statics.h"
#include "netns.h"
#include "tap.h"

#define NOW        1000000u
#define N_TOO_MANY 65u /* somaxsrc is 64 */

struct fixture {
	struct tap tap;
	struct netns net;
	struct engine *engine;
	struct statics *statics;
};

/* What links.h would know. */
static struct link known[2];
static unsigned int n_logged;
static bool is_memory_gone;

const struct link *links_find_name(struct links *links, const char *name)
{
	unsigned int i;

	(void)links;
	for (i = 0; i < 2; i++)
		if (known[i].interface.ifindex && !strcmp(known[i].name, name))
			return &known[i];
	return NULL;
}

void log_write(int priority, const char *event, const char *interface, const char *format,
	       ...)
{
	va_list arguments;
	char line[256];

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	tap_comment("log %d %s %s: %s", priority, event, interface, line);
	n_logged++;
}

static void *resize(void *context, void *memory, size_t old_len, size_t len)
{
	(void)context;
	if (!len) {
		free(memory);
		return NULL;
	}
	return is_memory_gone && len > old_len ? NULL : realloc(memory, len);
}

static uint32_t draw(void *context)
{
	(void)context;
	return 7;
}

static void add_link(struct fixture *self, unsigned int i)
{
	struct link *link = &known[i];

	*link = (struct link){ .interface = { .ifindex = self->net.ifindex[i],
					      .mtu = 1500,
					      .is_up = true },
			       .is_multicast = true };
	snprintf(link->name, sizeof(link->name), "m%u", i);
	engine_set_interface(self->engine, &link->interface, NOW);
	statics_meet_link(self->statics, link, NOW);
}

static void del_link(struct fixture *self, unsigned int i)
{
	statics_lose_link(self->statics, &known[i], NOW);
	engine_del_interface(self->engine, known[i].interface.ifindex, NOW);
	known[i] = (struct link){ 0 };
}

static void init(struct fixture *self)
{
	const struct engine_config config = { .resize = resize, .draw = draw };

	memset(known, 0, sizeof(known));
	n_logged = 0;
	is_memory_gone = false;
	if (engine_new(&self->engine, &config) < 0 ||
	    statics_new(&self->statics, self->engine, NULL) < 0)
		tap_bail_out("no memory");
}

static void fini(struct fixture *self)
{
	statics_free(self->statics);
	engine_free(self->engine);
}

static struct addr group4(uint32_t i)
{
	return addr_from_ipv4(0xef010000u + i);
}

static struct addr group6(uint32_t i)
{
	return (struct addr){ .hi = 0xff15000000000000ull, .lo = i };
}

static struct statics_join make_join(const char *interface, struct addr group,
				     enum filter_mode mode, struct addr *sources,
				     uint32_t n)
{
	struct statics_join join = {
		.group = group,
		.filter = { .mode = mode, .sources = { .n = n, .addr = sources } },
	};

	snprintf(join.interface, sizeof(join.interface), "%s", interface);
	return join;
}

static enum message_reason set(struct fixture *self, const char *interface,
			       struct addr group, enum filter_mode mode)
{
	const struct statics_join join = make_join(interface, group, mode, NULL, 0);

	return statics_set(self->statics, &join, NOW);
}

/* Users of the group in the kernel. */
static unsigned int count_members(const struct fixture *self, unsigned int link,
				  struct addr group)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;
	struct sockaddr_in *in = (struct sockaddr_in *)&address;

	if (addr_is_ipv4(group)) {
		in->sin_family = AF_INET;
		in->sin_addr.s_addr = htonl(addr_ipv4(group));
	} else {
		in6->sin6_family = AF_INET6;
		addr_to_bytes(group, in6->sin6_addr.s6_addr);
	}
	return netns_get_members(self->net.ifindex[link], &address);
}

static bool is_in_engine(const struct fixture *self, unsigned int link, struct addr group,
			 enum filter_mode mode, uint32_t n_sources)
{
	enum filter_mode got;
	struct addr list[8];
	uint32_t n = 8;

	return engine_get_filter(self->engine, self->net.ifindex[link], group, &got, list,
				 &n) == 0 &&
	       got == mode && n == n_sources;
}

static bool is_nowhere(const struct fixture *self, unsigned int link, struct addr group)
{
	enum filter_mode mode;
	uint32_t n = 0;

	return engine_get_filter(self->engine, self->net.ifindex[link], group, &mode,
				 NULL, &n) < 0 &&
	       count_members(self, link, group) == 0;
}

static uint32_t count_users(const struct fixture *self, unsigned int link,
			    struct addr group)
{
	return statics_count_users(self->statics, self->net.ifindex[link], group);
}

static void test_both_sides(struct fixture *self, struct addr group, const char *family)
{
	struct tap *tap = &self->tap;
	struct addr source = addr_is_ipv4(group)
				     ? addr_from_ipv4(0x0a090001)
				     : (struct addr){ .hi = 0xfd09ull << 48, .lo = 1 };
	struct statics_join join = make_join("m0", group, FILTER_INCLUDE, &source, 1);

	init(self);
	add_link(self, 0);
	tap_expect(tap, statics_set(self->statics, &join, NOW) == MESSAGE_DONE, "set");
	source = addr_from_ipv4(0);
	tap_expect(tap, is_in_engine(self, 0, group, FILTER_INCLUDE, 1), "the engine");
	tap_expect(tap, count_members(self, 0, group) == 1, "the kernel");
	tap_expect(tap, count_users(self, 0, group) == 1, "one user");
	tap_expect(tap, count_users(self, 1, group) == 0, "none elsewhere");
	tap_expect(tap,
		   !addr_is_unspecified(
			   statics_get(self->statics, 0)->filter.sources.addr[0]),
		   "a source of its own");
	tap_expect(tap, set(self, "m0", group, FILTER_EXCLUDE) == MESSAGE_DONE, "again");
	tap_expect(tap, is_in_engine(self, 0, group, FILTER_EXCLUDE, 0), "replaced");
	tap_expect(tap, count_members(self, 0, group) == 1, "still one user");
	tap_expect(tap, set(self, "m0", group, FILTER_NONE) == MESSAGE_DONE, "ended");
	tap_expect(tap, is_nowhere(self, 0, group), "nothing is left");
	tap_expect(tap, set(self, "m0", group, FILTER_NONE) == MESSAGE_NOT_THERE,
		   "ended twice");
	tap_end(tap, "%s: a join is in the engine and in the kernel until it is ended",
		family);
	fini(self);
}

static void test_interfaces(struct fixture *self)
{
	struct tap *tap = &self->tap;
	const struct statics_join *join;

	init(self);
	tap_expect(tap, set(self, "m0", group4(1), FILTER_EXCLUDE) == MESSAGE_DONE,
		   "remembered");
	join = statics_get(self->statics, 0);
	if (!join)
		tap_bail_out("no join");
	tap_expect(tap, !join->ifindex, "not in force");
	tap_expect(tap, is_nowhere(self, 0, group4(1)), "nowhere");
	add_link(self, 1);
	tap_expect(tap, !join->ifindex, "not in force on another interface");
	add_link(self, 0);
	tap_expect(tap, join->ifindex == self->net.ifindex[0], "in force");
	tap_expect(tap,
		   is_in_engine(self, 0, group4(1), FILTER_EXCLUDE, 0) &&
			   count_members(self, 0, group4(1)) == 1,
		   "both sides");
	tap_end(tap, "a join waits for its interface");

	del_link(self, 0);
	tap_expect(tap, !join->ifindex && is_nowhere(self, 0, group4(1)), "gone");
	add_link(self, 0);
	tap_expect(tap, join->ifindex && count_members(self, 0, group4(1)) == 1, "back");
	netns_replace_link(&self->net, 0);
	tap_expect(tap, count_members(self, 0, group4(1)) == 0, "the kernel has none");
	del_link(self, 0);
	add_link(self, 0);
	tap_expect(tap, count_members(self, 0, group4(1)) == 1, "joined anew");
	tap_end(tap, "an interface goes and comes back with its joins");

	/* m0 becomes m1 and m1 goes. */
	del_link(self, 1);
	strcpy(known[0].name, "m1");
	statics_meet_link(self->statics, &known[0], NOW);
	tap_expect(tap, !join->ifindex && is_nowhere(self, 0, group4(1)),
		   "not of that name any more");
	strcpy(known[0].name, "m0");
	statics_meet_link(self->statics, &known[0], NOW);
	tap_expect(tap, join->ifindex && count_members(self, 0, group4(1)) == 1,
		   "renamed back");
	tap_end(tap, "a join goes by the name of the interface");

	engine_del_interface(self->engine, self->net.ifindex[0], NOW);
	engine_set_interface(self->engine, &known[0].interface, NOW);
	statics_meet_link(self->statics, &known[0], NOW);
	tap_expect(tap, is_in_engine(self, 0, group4(1), FILTER_EXCLUDE, 0), "engine");
	tap_expect(tap, count_members(self, 0, group4(1)) == 1, "kernel");
	tap_end(tap, "the engine is told again what it lost with an interface");
	fini(self);
	tap_expect(tap, count_members(self, 0, group4(1)) == 0, "no user");
	tap_end(tap, "at the end the kernel's memberships are gone");
}

static void test_small(struct fixture *self)
{
	struct tap *tap = &self->tap;

	init(self);
	netns_ip("link set m1 mtu 1000\n");
	add_link(self, 1);
	tap_expect(tap, set(self, "m1", group6(1), FILTER_EXCLUDE) == MESSAGE_DONE,
		   "remembered");
	tap_expect(tap, is_nowhere(self, 1, group6(1)), "nowhere");
	netns_ip("link set m1 mtu 1500\n");
	add_link(self, 1);
	tap_expect(tap, count_users(self, 1, group6(1)) == 1, "in force");
	tap_expect(tap, count_members(self, 1, group6(1)) == 1, "in the kernel");
	tap_expect(tap, n_logged == 0, "nothing to say");
	tap_end(tap, "a join waits for IPv6 on its interface");
	fini(self);
}

static void test_many(struct fixture *self)
{
	struct tap *tap = &self->tap;
	uint32_t i, n_held = 0, n_left = 0;

	init(self);
	add_link(self, 0);
	for (i = 0; i < 100; i++) {
		set(self, "m0", group4(i), FILTER_EXCLUDE);
		set(self, "m0", group6(i), FILTER_EXCLUDE);
	}
	for (i = 0; i < 100; i++)
		n_held += count_members(self, 0, group4(i)) +
			  count_members(self, 0, group6(i));
	tap_expect(tap, n_held == 200, "%u held", n_held);
	for (i = 1; i < 100; i++)
		set(self, "m0", group4(i), FILTER_NONE);
	for (i = 0; i < 100; i++)
		n_left += count_members(self, 0, group4(i)) +
			  count_members(self, 0, group6(i));
	tap_expect(tap, n_left == 101, "%u left", n_left);
	for (i = 0; statics_get(self->statics, i + 1); i++)
		tap_expect(tap,
			   addr_less(statics_get(self->statics, i)->group,
				     statics_get(self->statics, i + 1)->group),
			   "order of %u", i);
	statics_end(self->statics, NOW);
	tap_expect(tap, !statics_get(self->statics, 0), "all ended");
	tap_expect(tap, is_nowhere(self, 0, group6(7)) && is_nowhere(self, 0, group4(0)),
		   "nothing is left");
	tap_end(tap, "more joins than one socket can hold");
	fini(self);
}

static void test_refused(struct fixture *self)
{
	struct tap *tap = &self->tap;
	struct addr pair[2] = { addr_from_ipv4(0x0a090002), addr_from_ipv4(0x0a090001) };
	struct statics_join join = make_join("m0", group4(1), FILTER_INCLUDE, pair, 2);
	struct addr many[N_TOO_MANY];
	uint32_t i;

	init(self);
	add_link(self, 0);
	tap_expect(tap, statics_set(self->statics, &join, NOW) == MESSAGE_BAD,
		   "sources not ascending");
	join = make_join("m0", group6(1), FILTER_INCLUDE, pair, 1);
	tap_expect(tap, statics_set(self->statics, &join, NOW) == MESSAGE_BAD,
		   "of two families");
	tap_expect(tap, set(self, "m0", pair[0], FILTER_EXCLUDE) == MESSAGE_BAD,
		   "no group");
	tap_expect(tap, set(self, "", group4(1), FILTER_EXCLUDE) == MESSAGE_BAD,
		   "no name");
	tap_expect(tap, !statics_get(self->statics, 0), "nothing is kept");
	tap_end(tap, "what is no join is refused");

	is_memory_gone = true;
	tap_expect(tap, set(self, "m0", group4(1), FILTER_EXCLUDE) == MESSAGE_NO_MEMORY,
		   "refused");
	is_memory_gone = false;
	tap_expect(tap, !statics_get(self->statics, 0), "nothing is kept");
	tap_expect(tap, is_nowhere(self, 0, group4(1)), "nothing is joined");
	tap_end(tap,
		"an engine without memory refuses a join, and nothing is left of it");

	set(self, "m0", group4(1), FILTER_EXCLUDE);
	for (i = 0; i < N_TOO_MANY; i++)
		many[i] = addr_from_ipv4(0x0a090001 + i);
	join = make_join("m0", group4(1), FILTER_INCLUDE, many, N_TOO_MANY);
	tap_expect(tap, statics_set(self->statics, &join, NOW) == MESSAGE_ENGINE_LIMIT,
		   "refused");
	tap_expect(tap, statics_get(self->statics, 0)->filter.mode == FILTER_EXCLUDE,
		   "as before");
	tap_expect(tap,
		   is_in_engine(self, 0, group4(1), FILTER_EXCLUDE, 0) &&
			   count_members(self, 0, group4(1)) == 1,
		   "in force as before");
	tap_end(tap, "a change that is refused changes nothing");
	fini(self);
}

static void test_full(struct fixture *self)
{
	struct tap *tap = &self->tap;
	enum message_reason reason = MESSAGE_DONE;
	uint32_t i;

	init(self);
	for (i = 0; i < STATICS_MAX && reason == MESSAGE_DONE; i++)
		reason = set(self, "m0", group4(i), FILTER_EXCLUDE);
	tap_expect(tap, i == STATICS_MAX && reason == MESSAGE_DONE, "%u", i);
	tap_expect(tap,
		   set(self, "m0", group4(i), FILTER_EXCLUDE) == MESSAGE_TOTAL_GROUPS,
		   "one more");
	tap_expect(tap, set(self, "m0", group4(9), FILTER_EXCLUDE) == MESSAGE_DONE,
		   "one of them");
	tap_expect(tap, set(self, "m0", group4(0), FILTER_NONE) == MESSAGE_DONE, "less");
	tap_expect(tap, set(self, "m0", group4(i), FILTER_EXCLUDE) == MESSAGE_DONE,
		   "another");
	tap_end(tap, "there is a limit of joins");
	fini(self);
}

static void test_reload(struct fixture *self)
{
	struct tap *tap = &self->tap;
	struct statics_join joins[3];

	init(self);
	add_link(self, 0);
	joins[0] = make_join("m0", group4(1), FILTER_EXCLUDE, NULL, 0);
	joins[1] = make_join("m0", group4(2), FILTER_EXCLUDE, NULL, 0);
	joins[2] = make_join("m9", group4(3), FILTER_EXCLUDE, NULL, 0);
	statics_reload(self->statics, joins, 3, NOW);
	set(self, "m0", group4(4), FILTER_EXCLUDE);
	tap_expect(tap,
		   count_users(self, 0, group4(1)) && count_users(self, 0, group4(2)),
		   "those of the file");
	statics_reload(self->statics, joins + 1, 1, NOW);
	tap_expect(tap, is_nowhere(self, 0, group4(1)), "one has gone from the file");
	tap_expect(tap,
		   count_users(self, 0, group4(2)) && count_users(self, 0, group4(4)),
		   "one has not, and one never was in it");
	tap_expect(tap,
		   statics_get(self->statics, 0)->is_configured &&
			   !statics_get(self->statics, 1)->is_configured &&
			   !statics_get(self->statics, 2),
		   "two");
	set(self, "m0", group4(2), FILTER_NONE);
	tap_expect(tap, is_nowhere(self, 0, group4(2)), "ended by hand");
	statics_reload(self->statics, joins + 1, 1, NOW);
	tap_expect(tap, count_users(self, 0, group4(2)) == 1, "back");
	tap_expect(tap, n_logged == 0, "nothing to say");
	tap_end(tap, "a reload replaces what came from the file and nothing else");

	joins[0].group = addr_from_ipv4(1);
	statics_reload(self->statics, joins, 2, NOW);
	tap_expect(tap, n_logged == 1, "one is logged");
	tap_expect(tap, count_users(self, 0, group4(2)) == 1, "the other is in force");
	tap_end(tap, "a join of the file that cannot be is logged and left out");
	fini(self);
}

int main(void)
{
	struct fixture self = { 0 };

	netns_init(&self.net);
	test_both_sides(&self, group4(1), "IPv4");
	test_both_sides(&self, group6(1), "IPv6");
	test_interfaces(&self);
	test_many(&self);
	test_small(&self);
	test_refused(&self);
	test_full(&self);
	test_reload(&self);
	return tap_finish(&self.tap);
}
