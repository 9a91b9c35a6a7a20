/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls that attempt.h promises, what each of them makes, and what has to be as it
 * was when one is refused.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attempt.h"
#include "host.h"
#include "raw.h"
#include "system.h"

#define LONG_LIST 20u /* longer than what a request keeps on the stack */

static int run_request(struct attempt_bench *self, void **made)
{
	struct raw_filter filter = { .fmode = 77, .numsrc = LONG_LIST };
	struct model_call call;
	int r;

	(void)made;
	model_spell(&self->place, &self->request, &call);
	if (self->request.verb != MSF_GET_FILTER)
		return shape_apply(self->shape, self->msf, self->fd, &call.request);
	r = shape_get(self->shape, self->msf, self->fd, &call.request, &filter);
	/* a result that was written although it failed */
	return r < 0 && (filter.fmode != 77 || filter.numsrc != LONG_LIST) ? -EXDEV : r;
}

static int run_config_new(struct attempt_bench *self, void **made)
{
	(void)self;
	return msf_config_new((struct msf_config **)made);
}

static int run_new(struct attempt_bench *self, void **made)
{
	(void)self;
	return msf_new((struct msf **)made, NULL);
}

static int run_state_new(struct attempt_bench *self, void **made)
{
	return msf_state_new((struct msf_state **)made, self->msf, self->fd);
}

/* Of this process; the socket is shown whether it is a member or not. */
static int run_scan(struct attempt_bench *self, void **made)
{
	struct msf_scan scan = { .flags = MSF_SCAN_IDLE };

	return msf_state_scan((struct msf_state **)made, self->msf, &scan);
}

static int run_open_socket(struct attempt_bench *self, void **made)
{
	int fd = msf_state_open_socket(self->msf, getpid(), self->fd);

	(void)made;
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int run_monitor(struct attempt_bench *self, void **made)
{
	struct msf_monitor *monitor = NULL;
	int r = msf_monitor_new(&monitor, self->msf);

	if (r == 0)
		r = msf_monitor_dispatch(monitor);
	if (r == 0)
		*made = monitor;
	else
		msf_monitor_free(monitor);
	return r;
}

static int run_find_name(struct attempt_bench *self, void **made)
{
	struct msf_interface found;

	(void)made;
	return msf_find_interface(self->msf, "m0", &found);
}

static int run_find_address(struct attempt_bench *self, void **made)
{
	struct msf_interface found;

	(void)made;
	return msf_find_interface(self->msf, "10.9.1.3", &found);
}

static int run_limits(struct attempt_bench *self, void **made)
{
	struct msf_limits limits;

	(void)made;
	return msf_probe_limits(self->msf, self->place.group.ss_family, &limits);
}

static int run_version(struct attempt_bench *self, void **made)
{
	int r = msf_state_get_version(self->msf, self->place.ifindex, AF_INET);

	(void)made;
	return r < 0 ? r : 0;
}

static int run_forced(struct attempt_bench *self, void **made)
{
	(void)made;
	return msf_state_get_forced_version(self->msf, self->net.ifindex[0],
					    self->place.group.ss_family);
}

static int run_groups(struct attempt_bench *self, void **made)
{
	return msf_state_scan_groups((struct msf_state **)made, self->msf);
}

static int run_facts(struct attempt_bench *self, void **made)
{
	return msf_probe_new((struct msf_probe **)made, self->msf);
}

static int run_wire(struct attempt_bench *self, void **made)
{
	int r = msf_probe_wire(self->msf);

	(void)made;
	return r < 0 ? r : 0;
}

static int run_explain(struct attempt_bench *self, void **made)
{
	struct model_call call;
	char text[256];
	int r;

	(void)made;
	model_spell(&self->place, &self->request, &call);
	r = msf_explain(self->msf, self->fd, &call.request, EADDRINUSE, text,
			sizeof(text));
	return r < 0 ? r : 0;
}

static void tidy_nothing(void *made)
{
	(void)made;
}

static void tidy_config(void *made)
{
	msf_config_free(made);
}

static void tidy_new(void *made)
{
	msf_free(made);
}

static void tidy_state(void *made)
{
	msf_state_free(made);
}

static void tidy_monitor(void *made)
{
	msf_monitor_free(made);
}

static void tidy_facts(void *made)
{
	msf_probe_free(made);
}

static unsigned int count_memberships(void *made)
{
	struct msf_membership membership;
	unsigned int n = 0;

	while (msf_state_pop_membership(made, &membership) > 0)
		n += 1 + membership.numsrc;
	return n;
}

/* What could not be looked at is told of: then less is no lie. */
static unsigned int count_sockets(void *made)
{
	struct msf_unseen unseen;
	struct msf_socket socket;
	unsigned int n = 0;

	while (msf_state_pop_socket(made, &socket) > 0)
		n += 1 + count_memberships(made);
	msf_state_get_unseen(made, &unseen);
	return unseen.sockets || unseen.namespaces || unseen.processes ? ATTEMPT_UNKNOWN
								       : n;
}

static unsigned int count_groups(void *made)
{
	struct msf_group group;
	unsigned int n = 0;

	while (msf_state_pop_group(made, &group) > 0)
		n += 1 + group.numsrc;
	return n;
}

static const struct attempt attempts[] = {
	{ "msf_config_new()", run_config_new, tidy_config, NULL },
	{ "msf_new()", run_new, tidy_new, NULL },
	{ "msf_state_new()", run_state_new, tidy_state, count_memberships },
	{ "msf_state_scan()", run_scan, tidy_state, count_sockets },
	{ "msf_state_open_socket()", run_open_socket, tidy_nothing, NULL },
	{ "msf_monitor_new()", run_monitor, tidy_monitor, NULL },
	{ "msf_find_interface() by name", run_find_name, tidy_nothing, NULL },
	{ "msf_find_interface() by address", run_find_address, tidy_nothing, NULL },
	{ "msf_probe_limits()", run_limits, tidy_nothing, NULL },
	{ "msf_state_get_version()", run_version, tidy_nothing, NULL },
	{ "msf_state_get_forced_version()", run_forced, tidy_nothing, NULL },
	{ "msf_state_scan_groups()", run_groups, tidy_state, count_groups },
	{ "msf_probe_new()", run_facts, tidy_facts, NULL },
	{ "msf_probe_wire()", run_wire, tidy_nothing, NULL },
	{ "msf_explain()", run_explain, tidy_nothing, NULL },
};

void attempt_init(struct attempt_bench *self)
{
	host_enter(); /* a scan sees this process only */
	netns_init(&self->net);
	system_init();
	netns_set_sysctl("net/ipv4/igmp_max_msf", 64);
	self->shape = &shapes[0];
}

void attempt_choose(struct attempt_bench *self, enum flavour flavour)
{
	self->place = (struct model_place){ flavour, 0, self->net.ifindex[0],
					    netns_group(flavour_get_family(flavour), 0) };
}

void attempt_each_request(struct attempt_bench *self, attempt_visit *visit, void *data)
{
	static const struct {
		struct model_filter before;
		struct model_request request;
	} rows[] = {
		{ { MODEL_NONE, 0 }, { MSF_JOIN_GROUP, 0, 0, 0 } },
		{ { MODEL_EXCLUDE, 1 }, { MSF_LEAVE_GROUP, 0, 0, 0 } },
		{ { MODEL_NONE, 0 }, { MSF_JOIN_SOURCE, 0, 0, 0 } },
		{ { MODEL_INCLUDE, 1 }, { MSF_JOIN_SOURCE, 1, 0, 0 } },
		{ { MODEL_INCLUDE, 3 }, { MSF_LEAVE_SOURCE, 1, 0, 0 } },
		{ { MODEL_INCLUDE, 1 }, { MSF_LEAVE_SOURCE, 0, 0, 0 } },
		{ { MODEL_EXCLUDE, 1 }, { MSF_BLOCK_SOURCE, 1, 0, 0 } },
		{ { MODEL_EXCLUDE, 3 }, { MSF_UNBLOCK_SOURCE, 1, 0, 0 } },
		{ { MODEL_NONE, 0 }, { MSF_SET_FILTER, 0, MCAST_INCLUDE, 3 } },
		{ { MODEL_NONE, 0 }, { MSF_SET_FILTER, 0, MCAST_EXCLUDE, 0xfffff } },
		{ { MODEL_INCLUDE, 7 }, { MSF_SET_FILTER, 0, MCAST_INCLUDE, 0x70 } },
		{ { MODEL_INCLUDE, 0xfffff },
		  { MSF_SET_FILTER, 0, MCAST_INCLUDE, 0x7ffff } },
		{ { MODEL_INCLUDE, 0xffffe },
		  { MSF_SET_FILTER, 0, MCAST_EXCLUDE, 0xff0ff } },
		{ { MODEL_EXCLUDE, 0xf }, { MSF_SET_FILTER, 0, MCAST_INCLUDE, 3 } },
		{ { MODEL_EXCLUDE, 0xfffff }, { MSF_SET_FILTER, 0, MCAST_INCLUDE, 0 } },
		{ { MODEL_EXCLUDE, 0xfffff }, { MSF_GET_FILTER, 0, 0, 0 } },
	};
	static const struct attempt attempt = { "", run_request, tidy_nothing, NULL };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		self->before = rows[i].before;
		self->request = rows[i].request;
		if (shape_can(self->shape, self->request.verb, self->place.flavour))
			visit(data, &attempt);
	}
}

void attempt_each_other(struct attempt_bench *self, attempt_visit *visit, void *data)
{
	self->before = (struct model_filter){ MODEL_INCLUDE, 0xfffff };
	self->request = (struct model_request){ MSF_SET_FILTER, 0, MCAST_INCLUDE,
						0xfffff };
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		visit(data, &attempts[i]);
}

/* The place of the calls under test may be any interface. */
static struct model_place get_place(const struct attempt_bench *self)
{
	struct model_place place = self->place;

	place.ifindex = self->net.ifindex[place.link];
	return place;
}

void attempt_prepare(struct attempt_bench *self)
{
	struct model_place place = get_place(self);

	self->fd = model_open(system_delta, &place, self->before);
	self->msf = system_new_context();
}

/*
 * Closing alone would not do: who looks at all sockets of the machine, as msfctl does,
 * has a descriptor of this one for a moment, and it would be a member still when the next
 * attempt compares memberships.
 */
static void leave(struct attempt_bench *self)
{
	struct model_place place = get_place(self);
	int r = system_delta(self->fd, MSF_LEAVE_GROUP, place.ifindex, &place.group,
			     NULL);

	if (r < 0 && r != -EADDRNOTAVAIL)
		tap_bail_out("cannot leave: %s", strerror(-r));
}

void attempt_clear(struct attempt_bench *self)
{
	leave(self);
	msf_free(self->msf);
	close(self->fd);
}

struct model_filter attempt_get_next(const struct attempt_bench *self,
				     const struct attempt *attempt)
{
	struct model_filter next = self->before;

	if (attempt->run == run_request && self->request.verb != MSF_GET_FILTER)
		model_apply(self->before, &self->request, MSF_SEMANTICS_TABLE, &next);
	return next;
}

void attempt_expect_filter(struct attempt_bench *self, struct model_filter wanted,
			   const char *where)
{
	struct model_place place = get_place(self);
	char text[2][MODEL_TEXT];
	struct model_filter seen;
	bool is_readable = model_look(self->fd, &place, &seen);

	tap_expect(&self->tap, is_readable && model_is_equal(seen, wanted),
		   "%s: the filter is %s, not %s", where,
		   is_readable ? model_print_filter(seen, text[0]) : "unreadable",
		   model_print_filter(wanted, text[1]));
}

void attempt_expect_refusal(struct attempt_bench *self, const struct attempt *attempt,
			    void *made, const char *memberships, const char *where)
{
	char *now = netns_get_memberships();
	int r;

	tap_expect(&self->tap, made == NULL, "%s: a result was written", where);
	attempt_expect_filter(self, self->before, where);
	tap_expect(&self->tap, strcmp(now, memberships) == 0,
		   "%s: an interface has changed", where);
	free(now);
	r = attempt->run(self, &made);
	tap_expect(&self->tap, r == 0, "%s, and again: %s", where, strerror(-r));
	attempt->tidy(made);
}
