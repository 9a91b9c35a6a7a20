/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One call that libmsf makes fails, for each of them: an allocation, a socket, an option,
 * a message, a file. What is asked for is done, or refused; a refusal leaves the filter
 * of the socket, the interfaces and the descriptors as they were, and it works when it
 * is asked for again. What a signal interrupts, and what is read in pieces, is done.
 *
 * On the kernel, and where the ASM backend serves (system.h). test-fault-library
 * [STRIDE [SEED]]: every so many-th call of a kind only, from one on that the seed names.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"
#include "host.h"
#include "model.h"
#include "raw.h"
#include "system.h"
#include "tap.h"

#define N_SOURCES 20u
#define MAX_CALLS 1000u
#define NONE      UINT32_MAX

struct bench {
	struct tap tap;
	struct netns net;
	struct model_place place;
	struct msf *msf;
	int fd;
	unsigned int n_faults;
	unsigned int stride, seed; /* every which call fails, and which one first */
	/* Of the request in hand. */
	struct model_filter before;
	struct model_request request;
};

/* How calls fail, and whether anybody may notice. */
static const struct manner {
	const char *name;
	struct fault_order order;
	bool is_hidden;
	/* libnl's calls fail, too: what it says of them is to be understood */
	bool is_of_libnl;
} manners[] = {
	{ "memory", { .classes = FAULT_ALLOC, .error = ENOMEM } },
	{ "all memory", { .classes = FAULT_ALLOC, .error = ENOMEM, .is_lasting = true } },
	{ "ENOMEM of an option", { .classes = FAULT_OPTION, .error = ENOMEM } },
	{ "EMFILE", { .classes = FAULT_SOCKET, .error = EMFILE }, .is_of_libnl = true },
	{ "ENOMEM of a socket",
	  { .classes = FAULT_SOCKET, .error = ENOMEM },
	  .is_of_libnl = true },
	{ "ENOBUFS of a message", { .classes = FAULT_MESSAGE, .error = ENOBUFS } },
	{ "EMFILE of a file", { .classes = FAULT_FILE, .error = EMFILE } },
	{ "EIO of a stream", { .classes = FAULT_STDIO, .error = EIO } },
	{ "a signal", { .classes = FAULT_SIGNAL, .error = EINTR }, .is_hidden = true },
	{ "signals",
	  { .classes = FAULT_SIGNAL, .error = EINTR, .every = 2 },
	  .is_hidden = true },
	{ "single bytes", { .classes = FAULT_SHORT, .every = 1 }, .is_hidden = true },
};

#define N_MANNERS (sizeof(manners) / sizeof(manners[0]))

/* What is asked of the library: 0 or -errno. Results go to *made. */
struct action {
	const char *name;
	int (*run)(struct bench *self, void **made);
	void (*tidy)(void *made);
	/* How much there is in the result: the same as where nothing fails. */
	unsigned int (*count)(void *made);
};

static int run_request(struct bench *self, void **made)
{
	struct sockaddr_storage slist[N_SOURCES];
	uint32_t fmode = NONE, n = N_SOURCES;
	struct model_call call;
	int r;

	(void)made;
	model_spell(&self->place, &self->request, &call);
	if (self->request.verb != MSF_GET_FILTER)
		return msf_apply_request(self->msf, self->fd, &call.request);
	r = msf_get_filter(self->msf, self->fd, call.request.ifindex, call.request.group,
			   &fmode, &n, slist);
	/* a result that was written although it failed */
	return r < 0 && (fmode != NONE || n != N_SOURCES) ? -EXDEV : r;
}

static int run_state(struct bench *self, void **made)
{
	return msf_state_new((struct msf_state **)made, self->msf, self->fd);
}

static int run_scan(struct bench *self, void **made)
{
	struct msf_scan scan = { .flags = MSF_SCAN_IDLE };

	return msf_state_scan((struct msf_state **)made, self->msf, &scan);
}

static int run_groups(struct bench *self, void **made)
{
	return msf_state_scan_groups((struct msf_state **)made, self->msf);
}

static int run_monitor(struct bench *self, void **made)
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

static int run_facts(struct bench *self, void **made)
{
	return msf_probe_new((struct msf_probe **)made, self->msf);
}

static int run_wire(struct bench *self, void **made)
{
	int r = msf_probe_wire(self->msf);

	(void)made;
	return r < 0 ? r : 0;
}

static int run_limits(struct bench *self, void **made)
{
	struct msf_limits limits;

	(void)made;
	return msf_probe_limits(self->msf, self->place.group.ss_family, &limits);
}

static int run_find(struct bench *self, void **made)
{
	struct msf_interface found;

	(void)made;
	return msf_find_interface(self->msf, "10.9.1.3", &found);
}

static int run_explain(struct bench *self, void **made)
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

static void tidy_state(void *made)
{
	msf_state_free(made);
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
	return unseen.sockets || unseen.namespaces || unseen.processes ? NONE : n;
}

static unsigned int count_groups(void *made)
{
	struct msf_group group;
	unsigned int n = 0;

	while (msf_state_pop_group(made, &group) > 0)
		n += 1 + group.numsrc;
	return n;
}

static void tidy_monitor(void *made)
{
	msf_monitor_free(made);
}

static void tidy_facts(void *made)
{
	msf_probe_free(made);
}

static unsigned int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	if (!dir)
		tap_bail_out("no /proc");
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* A socket with the filter that the request finds, and a context. */
static void prepare(struct bench *self)
{
	struct model_place place = self->place;

	/* The place of the calls under test may be any interface. */
	place.ifindex = self->net.ifindex[place.link];
	self->fd = model_open(system_delta, &place, self->before);
	self->msf = system_new_context();
}

static void expect_filter(struct bench *self, struct model_filter wanted,
			  const char *when)
{
	const struct fault_board *board = fault_get_board();
	char text[2][MODEL_TEXT];
	struct model_place place = self->place;
	struct model_filter seen;
	bool is_readable;

	place.ifindex = self->net.ifindex[place.link];
	is_readable = model_look(self->fd, &place, &seen);
	tap_expect(&self->tap, is_readable && model_is_equal(seen, wanted),
		   "%s (%s): the filter is %s, not %s", when, board->where,
		   is_readable ? model_print_filter(seen, text[0]) : "unreadable",
		   model_print_filter(wanted, text[1]));
}

static struct model_filter get_next(const struct bench *self, const struct action *action)
{
	struct model_filter next = self->before;

	if (action->run == run_request && self->request.verb != MSF_GET_FILTER)
		model_apply(self->before, &self->request, MSF_SEMANTICS_TABLE, &next);
	return next;
}

/* Nothing has changed, and it works now. */
static void expect_refusal(struct bench *self, const struct action *action, int r,
			   void *made, const char *memberships)
{
	const char *where = fault_get_board()->where;
	char *now = netns_get_memberships();

	tap_expect(&self->tap, r == -ENOMEM || r == -ENOBUFS || r == -EMFILE || r == -EIO,
		   "%s: %s", where, strerror(-r));
	tap_expect(&self->tap, made == NULL, "%s: a result was written", where);
	expect_filter(self, self->before, "refused");
	tap_expect(&self->tap, strcmp(now, memberships) == 0,
		   "%s: an interface has changed", where);
	free(now);
	r = action->run(self, &made);
	tap_expect(&self->tap, r == 0, "%s, and again: %s", where, strerror(-r));
	action->tidy(made);
}

/* With all that it needs. */
static unsigned int count_all(struct bench *self, const struct action *action)
{
	unsigned int n = NONE;
	void *made = NULL;

	if (action->count && action->run(self, &made) == 0)
		n = action->count(made);
	action->tidy(made);
	return n;
}

static void expect_success(struct bench *self, const struct action *action, void *made)
{
	unsigned int n, wanted;

	expect_filter(self, get_next(self, action), "done");
	if (action->count) {
		n = action->count(made);
		wanted = count_all(self, action);
		tap_expect(&self->tap, n == wanted || n == NONE, "%s: %u of %u",
			   fault_get_board()->where, n, wanted);
	}
	action->tidy(made);
}

/* Returns how many calls failed. */
static unsigned int fail_one(struct bench *self, const struct action *action,
			     const struct manner *manner, unsigned int n)
{
	struct fault_order order = manner->order;
	unsigned int n_descriptors = count_descriptors(), n_faults;
	char *memberships;
	void *made = NULL;
	int r;

	prepare(self);
	memberships = netns_get_memberships();
	order.at = n;
	fault_arm(&order);
	r = action->run(self, &made);
	fault_disarm();
	n_faults = fault_get_board()->n_faults;
	tap_expect(&self->tap, r == 0 || (n_faults > 0 && !manner->is_hidden),
		   "%s of %u at %s: %s", manner->name, n, fault_get_board()->where,
		   strerror(-r));
	if (r < 0)
		expect_refusal(self, action, r, made, memberships);
	else
		expect_success(self, action, made);
	free(memberships);
	msf_free(self->msf);
	close(self->fd);
	tap_expect(&self->tap, count_descriptors() == n_descriptors,
		   "%s of %u at %s: descriptors leak", manner->name, n,
		   fault_get_board()->where);
	return n_faults;
}

static void fail_all(struct bench *self, const struct action *action,
		     const struct manner *manner)
{
	unsigned int n = manner->order.every ? 0 : self->seed++ % self->stride, n_faults;

	fault_set_objects(manner->is_of_libnl && action->run != run_request
				  ? "libmsf.so,libnl"
				  : "libmsf.so");
	do {
		n_faults = fail_one(self, action, manner, n);
		n += self->stride;
		self->n_faults += n_faults;
	} while (n_faults && n < MAX_CALLS && !manner->order.every);
	tap_expect(&self->tap, n < MAX_CALLS, "there is no end");
}

static void check_requests(struct bench *self, const struct manner *manner)
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
		{ { MODEL_INCLUDE, 0xffffe },
		  { MSF_SET_FILTER, 0, MCAST_EXCLUDE, 0xff0ff } },
		{ { MODEL_EXCLUDE, 0xf }, { MSF_SET_FILTER, 0, MCAST_INCLUDE, 3 } },
		{ { MODEL_EXCLUDE, 0xf }, { MSF_SET_FILTER, 0, MCAST_INCLUDE, 0 } },
		{ { MODEL_EXCLUDE, 0xfffff }, { MSF_GET_FILTER, 0, 0, 0 } },
	};
	static const struct action action = { "", run_request, tidy_nothing, NULL };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		self->before = rows[i].before;
		self->request = rows[i].request;
		fail_all(self, &action, manner);
	}
}

static void check_others(struct bench *self, const struct manner *manner)
{
	static const struct action actions[] = {
		{ "msf_state_new()", run_state, tidy_state, count_memberships },
		{ "msf_state_scan()", run_scan, tidy_state, count_sockets },
		{ "msf_state_scan_groups()", run_groups, tidy_state, count_groups },
		{ "msf_monitor_new()", run_monitor, tidy_monitor, NULL },
		{ "msf_probe_new()", run_facts, tidy_facts, NULL },
		{ "msf_probe_wire()", run_wire, tidy_nothing, NULL },
		{ "msf_probe_limits()", run_limits, tidy_nothing, NULL },
		{ "msf_find_interface()", run_find, tidy_nothing, NULL },
		{ "msf_explain()", run_explain, tidy_nothing, NULL },
	};

	self->before = (struct model_filter){ MODEL_INCLUDE, 0xf };
	self->request = (struct model_request){ MSF_SET_FILTER, 0, MCAST_INCLUDE, 0xf };
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		unsigned int before = self->n_faults;

		fail_all(self, &actions[i], manner);
		tap_end(&self->tap, "%s: %s against %s (%u faults)",
			flavour_name(self->place.flavour), actions[i].name, manner->name,
			self->n_faults - before);
	}
}

static void check_manner(struct bench *self, const struct manner *manner)
{
	unsigned int before = self->n_faults;

	check_requests(self, manner);
	self->place.ifindex = 0;
	check_requests(self, manner);
	self->place.ifindex = self->net.ifindex[0];
	tap_end(&self->tap, "%s: requests are done or refused against %s (%u faults)",
		flavour_name(self->place.flavour), manner->name, self->n_faults - before);
	/* what is no request does much that has no family */
	if (self->place.flavour != FLAVOUR_IPV4_ON_IPV6)
		check_others(self, manner);
}

int main(int argc, char **argv)
{
	struct bench self = { .stride = 1, .seed = (unsigned int)time(NULL) };

	if (argc > 1)
		self.stride = (unsigned int)strtoul(argv[1], NULL, 10);
	if (argc > 2)
		self.seed = (unsigned int)strtoul(argv[2], NULL, 10);
	if (!self.stride)
		self.stride = 1;
	host_enter(); /* a scan sees this process only */
	netns_init(&self.net);
	system_init();
	netns_set_sysctl("net/ipv4/igmp_max_msf", 64);
	tap_comment("stride %u, seed %u", self.stride, self.seed);
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		self.place = (struct model_place){
			flavour, 0, self.net.ifindex[0],
			netns_group(flavour_get_family(flavour), 0)
		};
		for (size_t i = 0; i < N_MANNERS; i++)
			check_manner(&self, &manners[i]);
	}
	tap_expect(&self.tap, self.n_faults > 1000 / self.stride, "%u", self.n_faults);
	tap_end(&self.tap, "%u calls failed", self.n_faults);
	return tap_finish(&self.tap);
}
