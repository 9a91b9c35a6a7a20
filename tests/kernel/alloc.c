/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The n-th allocation fails, for every n until the call gets through; once alone
 * and once with all that follow. A call that fails says ENOMEM, leaves the socket
 * and the interfaces as they were, frees what it had, and works when repeated.
 *
 * Built twice: with -Wl,--wrap against the static library, where only libmsf's own
 * allocations fail and the sanitizers may watch, and with ALLOC_OF_ALL, where this
 * program's malloc() is that of libnl too.
 */
#include <errno.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "model.h"
#include "raw.h"
#include "shape.h"
#include "system.h"
#include "tap.h"

#ifdef ALLOC_OF_ALL
#define OUTER(name) name
#define INNER(name) __libc_##name
#else
#define OUTER(name) __wrap_##name
#define INNER(name) __real_##name
#endif

#define LONG_LIST  20u /* longer than what a request keeps on the stack */
#define MAX_ALLOCS 400u

void *INNER(malloc)(size_t size);
void *INNER(calloc)(size_t n, size_t size);
void *INNER(realloc)(void *p, size_t size);
void INNER(free)(void *p);
void *OUTER(malloc)(size_t size);
void *OUTER(calloc)(size_t n, size_t size);
void *OUTER(realloc)(void *p, size_t size);
void *OUTER(reallocarray)(void *p, size_t n, size_t size);
void OUTER(free)(void *p);

/* An allocator gets no argument of ours: its orders must be reachable. */
static struct {
	bool is_armed;
	bool is_lasting;   /* all after the one that fails fail too */
	unsigned int left; /* allocations before the one that fails */
	unsigned int n_failed;
	long n_live;
} faults;

static bool is_to_fail(void)
{
	if (!faults.is_armed)
		return false;
	if (faults.left > 0) {
		faults.left--;
		return false;
	}
	if (faults.n_failed > 0 && !faults.is_lasting)
		return false;
	faults.n_failed++;
	errno = ENOMEM;
	return true;
}

static void *count(void *p)
{
	faults.n_live += p != NULL;
	return p;
}

void *OUTER(malloc)(size_t size)
{
	return is_to_fail() ? NULL : count(INNER(malloc)(size));
}

void *OUTER(calloc)(size_t n, size_t size)
{
	return is_to_fail() ? NULL : count(INNER(calloc)(n, size));
}

void *OUTER(realloc)(void *p, size_t size)
{
	if (is_to_fail())
		return NULL;
	return p == NULL ? count(INNER(realloc)(p, size)) : INNER(realloc)(p, size);
}

void *OUTER(reallocarray)(void *p, size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	return OUTER(realloc)(p, n * size);
}

void OUTER(free)(void *p)
{
	faults.n_live -= p != NULL;
	INNER(free)(p);
}

struct alloc {
	struct tap tap;
	struct netns net;
	struct model_place place;
	struct msf *msf;
	int fd;
	/* Of the request in hand. */
	const struct shape *shape;
	struct model_filter before;
	struct model_request request;
};

/* One call under test: prepared with memory, run without, tidied up with. */
struct action {
	const char *name;
	int (*run)(struct alloc *self, void **made);
	void (*tidy)(void *made);
};

static int run_request(struct alloc *self, void **made)
{
	struct raw_filter filter = { .fmode = 77, .numsrc = LONG_LIST };
	struct model_call call;
	int r;

	(void)made;
	model_spell(&self->place, &self->request, &call);
	if (self->request.verb != MSF_GET_FILTER)
		return shape_apply(self->shape, self->msf, self->fd, &call.request);
	r = shape_get(self->shape, self->msf, self->fd, &call.request, &filter);
	/* Results that were written although it failed are no ENOMEM. */
	return r < 0 && (filter.fmode != 77 || filter.numsrc != LONG_LIST) ? -EXDEV : r;
}

static int run_config_new(struct alloc *self, void **made)
{
	(void)self;
	return msf_config_new((struct msf_config **)made);
}

static int run_new(struct alloc *self, void **made)
{
	(void)self;
	return msf_new((struct msf **)made, NULL);
}

static int run_state_new(struct alloc *self, void **made)
{
	return msf_state_new((struct msf_state **)made, self->msf, self->fd);
}

/* Of this process; the socket is shown whether it is a member or not. */
static int run_scan(struct alloc *self, void **made)
{
	struct msf_scan scan = { .flags = MSF_SCAN_IDLE };

	return msf_state_scan((struct msf_state **)made, self->msf, &scan);
}

static int run_open_socket(struct alloc *self, void **made)
{
	int fd = msf_state_open_socket(self->msf, getpid(), self->fd);

	(void)made;
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int run_monitor_new(struct alloc *self, void **made)
{
	return msf_monitor_new((struct msf_monitor **)made, self->msf);
}

static int run_find_name(struct alloc *self, void **made)
{
	struct msf_interface found;

	(void)made;
	return msf_find_interface(self->msf, "m0", &found);
}

static int run_find_address(struct alloc *self, void **made)
{
	struct msf_interface found;

	(void)made;
	return msf_find_interface(self->msf, "10.9.1.3", &found);
}

static int run_probe(struct alloc *self, void **made)
{
	struct msf_limits limits;

	(void)made;
	return msf_probe_limits(self->msf, self->place.group.ss_family, &limits);
}

static int run_groups(struct alloc *self, void **made)
{
	return msf_state_scan_groups((struct msf_state **)made, self->msf);
}

static int run_facts(struct alloc *self, void **made)
{
	return msf_probe_new((struct msf_probe **)made, self->msf);
}

static int run_forced(struct alloc *self, void **made)
{
	(void)made;
	return msf_state_get_forced_version(self->msf, self->net.ifindex[0],
					    self->place.group.ss_family);
}

static int run_version(struct alloc *self, void **made)
{
	int r = msf_state_get_version(self->msf, self->place.ifindex, AF_INET);

	(void)made;
	return r < 0 ? r : 0;
}

static int run_explain(struct alloc *self, void **made)
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

static void tidy_facts(void *made)
{
	msf_probe_free(made);
}

static void tidy_monitor(void *made)
{
	msf_monitor_free(made);
}

static void tidy_nothing(void *made)
{
	(void)made;
}

static void prepare(struct alloc *self)
{
	struct model_place place = self->place;

	/* The place of the calls under test may be any interface. */
	place.ifindex = self->net.ifindex[place.link];
	self->fd = model_open(system_delta, &place, self->before);
}

/* After a failure: errno, state, interfaces, results, and a second try. */
static void expect_nothing(struct alloc *self, const struct action *action, int r,
			   void *made, const char *memberships, unsigned int n)
{
	struct model_place place = self->place;
	struct model_filter seen;
	char *now = netns_get_memberships();

	place.ifindex = self->net.ifindex[place.link];
	tap_expect(&self->tap, r == -ENOMEM, "allocation %u: %s", n, strerror(-r));
	tap_expect(&self->tap, made == NULL, "allocation %u: a result was written", n);
	tap_expect(&self->tap,
		   model_look(self->fd, &place, &seen) &&
			   model_is_equal(seen, self->before),
		   "allocation %u: the state is %d 0x%x", n, seen.mode, seen.set);
	tap_expect(&self->tap, strcmp(now, memberships) == 0,
		   "allocation %u: an interface has changed", n);
	free(now);
	r = action->run(self, &made);
	tap_expect(&self->tap, r == 0, "after allocation %u: %s", n, strerror(-r));
	action->tidy(made);
}

/* Returns whether an allocation failed. */
static bool fail_one(struct alloc *self, const struct action *action, unsigned int n,
		     bool is_lasting)
{
	char *memberships;
	void *made = NULL;
	long n_live;
	int r;

	prepare(self);
	memberships = netns_get_memberships();
	n_live = faults.n_live;
	if (msf_new(&self->msf, NULL) < 0)
		tap_bail_out("cannot make a context");
	faults.n_failed = 0;
	faults.left = n;
	faults.is_lasting = is_lasting;
	faults.is_armed = true;
	r = action->run(self, &made);
	faults.is_armed = false;
	if (r < 0) {
		tap_expect(&self->tap, faults.n_failed > 0,
			   "failed with all the memory: %s", strerror(-r));
		expect_nothing(self, action, r, made, memberships, n);
	} else {
		action->tidy(made);
	}
	msf_free(self->msf);
	/* What the default context makes on its first use is no leak. */
	if (n < MAX_ALLOCS)
		tap_expect(&self->tap, faults.n_live == n_live,
			   "allocation %u: %ld leaked", n, faults.n_live - n_live);
	free(memberships);
	close(self->fd);
	return faults.n_failed > 0;
}

static unsigned int fail_all(struct alloc *self, const struct action *action)
{
	unsigned int n_failed = 0;

	fail_one(self, action, MAX_ALLOCS, false);
	for (int is_lasting = 0; is_lasting < 2; is_lasting++) {
		unsigned int n = 0;

		while (n < MAX_ALLOCS && fail_one(self, action, n, is_lasting))
			n++;
		tap_expect(&self->tap, n < MAX_ALLOCS, "there is no end");
		n_failed += n;
	}
	return n_failed;
}

static unsigned int check_requests(struct alloc *self)
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
		{ { MODEL_INCLUDE, 0xfffff },
		  { MSF_SET_FILTER, 0, MCAST_INCLUDE, 0x7ffff } },
		{ { MODEL_INCLUDE, 0xffffe },
		  { MSF_SET_FILTER, 0, MCAST_EXCLUDE, 0xff0ff } },
		{ { MODEL_EXCLUDE, 0xfffff }, { MSF_SET_FILTER, 0, MCAST_INCLUDE, 0 } },
		{ { MODEL_EXCLUDE, 0xfffff }, { MSF_GET_FILTER, 0, 0, 0 } },
	};
	static const struct action action = { "", run_request, tidy_nothing };
	unsigned int n_failed = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		self->before = rows[i].before;
		self->request = rows[i].request;
		if (shape_can(self->shape, self->request.verb, self->place.flavour))
			n_failed += fail_all(self, &action);
	}
	return n_failed;
}

/* What a shape allocates is the same for both backends. */
static void check_shapes(struct alloc *self, enum flavour flavour)
{
	for (unsigned int s = 0; s < (system_is_asm() ? 1 : n_shapes); s++) {
		unsigned int n_failed;

		if (!(shapes[s].flavours >> flavour & 1))
			continue;
		self->shape = &shapes[s];
		self->place.ifindex = self->net.ifindex[0];
		n_failed = check_requests(self);
		tap_end(&self->tap, "%s: %s undoes itself without memory (%u failures)",
			flavour_name(flavour), shapes[s].name, n_failed);
		self->place.ifindex = 0;
		n_failed = check_requests(self);
		tap_end(&self->tap, "%s: the same with index 0 (%u failures)",
			flavour_name(flavour), n_failed);
	}
	self->place.ifindex = self->net.ifindex[0];
}

static void check_others(struct alloc *self)
{
	static const struct action actions[] = {
		{ "msf_config_new()", run_config_new, tidy_config },
		{ "msf_new()", run_new, tidy_new },
		{ "msf_state_new()", run_state_new, tidy_state },
		{ "msf_state_scan()", run_scan, tidy_state },
		{ "msf_state_open_socket()", run_open_socket, tidy_nothing },
		{ "msf_monitor_new()", run_monitor_new, tidy_monitor },
		{ "msf_find_interface() by name", run_find_name, tidy_nothing },
		{ "msf_find_interface() by address", run_find_address, tidy_nothing },
		{ "msf_probe_limits()", run_probe, tidy_nothing },
		{ "msf_state_get_version()", run_version, tidy_nothing },
		{ "msf_state_get_forced_version()", run_forced, tidy_nothing },
		{ "msf_state_scan_groups()", run_groups, tidy_state },
		{ "msf_probe_new()", run_facts, tidy_facts },
		{ "msf_explain()", run_explain, tidy_nothing },
	};

	self->before = (struct model_filter){ MODEL_INCLUDE, 0xfffff };
	self->request = (struct model_request){ MSF_SET_FILTER, 0, MCAST_INCLUDE,
						0xfffff };
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		unsigned int n_failed = fail_all(self, &actions[i]);

		tap_end(&self->tap, "%s: %s undoes itself without memory (%u failures)",
			flavour_name(self->place.flavour), actions[i].name, n_failed);
	}
}

/* The allocator itself, or nothing above proves anything. */
static void check_allocator(struct alloc *self)
{
	static const struct action action = { "", run_new, tidy_new };

	self->before = (struct model_filter){ MODEL_NONE, 0 };
	tap_expect(&self->tap, fail_one(self, &action, 0, false),
		   "the library's first allocation was not seen");
	tap_end(&self->tap, "the failing allocator is the one that the library uses");
}

int main(void)
{
	struct alloc self = { 0 };

	host_enter(); /* a scan sees this process only */
	netns_init(&self.net);
	system_init();
	netns_set_sysctl("net/ipv4/igmp_max_msf", 64);
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		self.place = (struct model_place){
			flavour, 0, self.net.ifindex[0],
			netns_group(flavour_get_family(flavour), 0)
		};
		if (flavour == 0)
			check_allocator(&self);
		check_shapes(&self, flavour);
		check_others(&self);
	}
	return tap_finish(&self.tap);
}
