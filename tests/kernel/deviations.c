/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where Linux alone does not do what RFC 3678 4.1.3 says, libmsf must. Each test
 * makes the situation with the kernel's own calls where it takes that: refused
 * calls that changed state, memberships INCLUDE {} left behind, state that cannot
 * be read, lists with duplicates, lists that do not fit, memory that ends.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"
#include "raw.h"
#include "shape.h"
#include "tap.h"

struct deviations {
	struct tap tap;
	struct netns net;
	struct traffic traffic;
	struct msf *msf;
	struct msf *linux_msf;
	struct model_place place;
};

/* A socket to try something on, and what all tests ask of it. */
static int open_socket(struct deviations *self)
{
	return traffic_open_strict_receiver(self->place.flavour);
}

static int do_in(struct deviations *self, struct msf *msf, int fd,
		 struct model_request request)
{
	struct model_call call;

	model_spell(&self->place, &request, &call);
	if (request.verb == MSF_GET_FILTER) {
		struct raw_filter filter = { .numsrc = 4 };

		return shape_get(&shapes[0], msf, fd, &call.request, &filter);
	}
	return shape_apply(&shapes[0], msf, fd, &call.request);
}

static int do_request(struct deviations *self, int fd, struct model_request request)
{
	return do_in(self, self->msf, fd, request);
}

static int do_verb(struct deviations *self, int fd, enum msf_verb verb,
		   unsigned int source)
{
	return do_request(self, fd, (struct model_request){ verb, source, 0, 0 });
}

static int do_set(struct deviations *self, int fd, uint32_t fmode, unsigned int set)
{
	return do_request(self, fd,
			  (struct model_request){ MSF_SET_FILTER, 0, fmode, set });
}

static void expect_result(struct deviations *self, int r, int error, const char *what)
{
	tap_expect(&self->tap, r == -error, "%s: %s, not %s", what, strerror(-r),
		   strerror(error));
}

static void expect_state(struct deviations *self, int fd, enum model_mode mode,
			 unsigned int set, const char *when)
{
	struct model_filter seen, wanted = { mode, set };
	char a[MODEL_TEXT], b[MODEL_TEXT];
	bool is_sound = model_look(fd, &self->place, &seen);
	unsigned int heard;

	tap_expect(&self->tap, is_sound && model_is_equal(seen, wanted),
		   "%s: %s%s, not %s", when, model_print_filter(seen, a),
		   is_sound ? "" : " (unsound)", model_print_filter(wanted, b));
	heard = traffic_hear(&self->traffic, fd, self->place.link, &self->place.group);
	tap_expect(&self->tap, heard == model_admit(wanted), "%s: heard 0x%x, not 0x%x",
		   when, heard, model_admit(wanted));
}

static void raw_verb(struct deviations *self, int fd, enum msf_verb verb,
		     unsigned int source)
{
	struct sockaddr_storage address = netns_source(self->place.group.ss_family,
						       self->place.link, source);

	raw_delta(fd, verb, self->place.ifindex, &self->place.group, &address);
}

/* On Linux a refused leave_source after a join leaves INCLUDE {}. */
static int open_leftover(struct deviations *self)
{
	int fd = open_socket(self);
	struct raw_filter filter = { 0 };

	raw_verb(self, fd, MSF_JOIN_GROUP, 0);
	raw_verb(self, fd, MSF_LEAVE_SOURCE, 0);
	if (raw_get_filter(fd, self->place.ifindex, &self->place.group, &filter) < 0 ||
	    filter.fmode != MCAST_INCLUDE || filter.numsrc != 0)
		tap_bail_out("this kernel leaves no INCLUDE {} behind");
	return fd;
}

static void test_leftover(struct deviations *self)
{
	static const struct {
		const char *name;
		struct model_request request;
		int error;
		struct model_filter next;
	} rows[] = {
		{ "leave_group", { MSF_LEAVE_GROUP, 0, 0, 0 }, EADDRNOTAVAIL, { 0 } },
		{ "leave_source", { MSF_LEAVE_SOURCE, 1, 0, 0 }, EADDRNOTAVAIL, { 0 } },
		{ "block_source", { MSF_BLOCK_SOURCE, 1, 0, 0 }, EINVAL, { 0 } },
		{ "unblock_source", { MSF_UNBLOCK_SOURCE, 1, 0, 0 }, EINVAL, { 0 } },
		{ "set_include {}",
		  { MSF_SET_FILTER, 0, MCAST_INCLUDE, 0 },
		  EADDRNOTAVAIL,
		  { 0 } },
		{ "get", { MSF_GET_FILTER, 0, 0, 0 }, EADDRNOTAVAIL, { 0 } },
		{ "join_group", { MSF_JOIN_GROUP, 0, 0, 0 }, 0, { MODEL_EXCLUDE, 0 } },
		{ "join_source", { MSF_JOIN_SOURCE, 1, 0, 0 }, 0, { MODEL_INCLUDE, 2 } },
		{ "set_include {12}",
		  { MSF_SET_FILTER, 0, MCAST_INCLUDE, 6 },
		  0,
		  { MODEL_INCLUDE, 6 } },
		{ "set_exclude {}",
		  { MSF_SET_FILTER, 0, MCAST_EXCLUDE, 0 },
		  0,
		  { MODEL_EXCLUDE, 0 } },
		{ "set_exclude {3}",
		  { MSF_SET_FILTER, 0, MCAST_EXCLUDE, 8 },
		  0,
		  { MODEL_EXCLUDE, 8 } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = open_leftover(self);
		struct raw_filter filter;
		unsigned int heard;

		expect_result(self, do_request(self, fd, rows[i].request), rows[i].error,
			      rows[i].name);
		if (rows[i].error == 0) {
			expect_state(self, fd, rows[i].next.mode, rows[i].next.set,
				     rows[i].name);
		} else if (raw_get_filter(fd, self->place.ifindex, &self->place.group,
					  &filter) == 0) {
			tap_expect(&self->tap,
				   filter.fmode == MCAST_INCLUDE && filter.numsrc == 0,
				   "%s: the leftover became a filter", rows[i].name);
		}
		heard = traffic_hear(&self->traffic, fd, self->place.link,
				     &self->place.group);
		tap_expect(&self->tap, heard == model_admit(rows[i].next),
			   "%s: heard 0x%x", rows[i].name, heard);
		close(fd);
		tap_end(&self->tap, "%s: a leftover INCLUDE {} is no membership for %s",
			flavour_name(self->place.flavour), rows[i].name);
	}
}

/* An any-source join, and one whose only blocked source was unblocked: the kernel
 * tells them apart, and nobody else may. */
static void test_fresh_and_emptied(struct deviations *self)
{
	static const enum msf_verb verbs[] = { MSF_JOIN_SOURCE, MSF_LEAVE_SOURCE };

	for (int is_emptied = 0; is_emptied < 2; is_emptied++) {
		for (size_t i = 0; i < 2; i++) {
			int fd = open_socket(self);

			expect_result(self, do_verb(self, fd, MSF_JOIN_GROUP, 0), 0,
				      "join_group");
			if (is_emptied) {
				do_verb(self, fd, MSF_BLOCK_SOURCE, 0);
				do_verb(self, fd, MSF_UNBLOCK_SOURCE, 0);
			}
			expect_result(self, do_verb(self, fd, verbs[i], 0), EINVAL,
				      i == 0 ? "join_source" : "leave_source");
			expect_state(self, fd, MODEL_EXCLUDE, 0, "after the refusal");
			close(fd);
		}
		tap_end(&self->tap,
			"%s: source requests on %s are refused and change nothing",
			flavour_name(self->place.flavour),
			is_emptied ? "a join whose block list emptied" : "a fresh join");
	}
}

static void test_full_state(struct deviations *self)
{
	int fd = open_socket(self);

	expect_result(self, do_set(self, fd, MCAST_INCLUDE, 3), 0, "set INCLUDE{01}");
	expect_state(self, fd, MODEL_INCLUDE, 3, "INCLUDE{01}");
	expect_result(self, do_set(self, fd, MCAST_INCLUDE, 3), EADDRINUSE, "identical");
	expect_result(self, do_set(self, fd, MCAST_EXCLUDE, 3), 0, "set EXCLUDE{01}");
	expect_state(self, fd, MODEL_EXCLUDE, 3, "EXCLUDE{01}");
	expect_result(self, do_set(self, fd, MCAST_INCLUDE, 0), 0, "set INCLUDE{}");
	expect_state(self, fd, MODEL_NONE, 0, "INCLUDE{}");
	tap_expect(&self->tap,
		   netns_get_members(self->place.ifindex, &self->place.group) == 0,
		   "the interface is still a member");
	tap_expect(&self->tap,
		   netns_count_sources(self->place.ifindex, &self->place.group) == 0,
		   "the interface still has sources");
	expect_result(self, do_set(self, fd, MCAST_INCLUDE, 0), EADDRNOTAVAIL, "again");
	expect_result(self, do_set(self, fd, MCAST_EXCLUDE, 0), 0, "set EXCLUDE{}");
	expect_result(self, do_set(self, fd, MCAST_EXCLUDE, 0), EADDRINUSE, "again");
	expect_result(self, do_verb(self, fd, MSF_JOIN_GROUP, 0), EADDRINUSE, "join");
	expect_state(self, fd, MODEL_EXCLUDE, 0, "EXCLUDE{}");
	close(fd);
	tap_end(&self->tap,
		"%s: a full-state set needs no join, compares as sets, and INCLUDE{} "
		"leaves",
		flavour_name(self->place.flavour));
}

static int do_flags(struct deviations *self, int fd, uint32_t fmode, unsigned int set,
		    unsigned int flags)
{
	struct model_request request = { MSF_SET_FILTER, 0, fmode, set };
	struct model_call call;

	model_spell(&self->place, &request, &call);
	call.request.flags = flags;
	return shape_apply(&shapes[1], self->msf, fd, &call.request);
}

static void test_idempotent(struct deviations *self)
{
	int fd = open_socket(self);

	expect_result(self, do_flags(self, fd, MCAST_INCLUDE, 0, MSF_IDEMPOTENT), 0,
		      "INCLUDE{} without a membership");
	expect_result(self, do_flags(self, fd, MCAST_INCLUDE, 5, MSF_IDEMPOTENT), 0,
		      "INCLUDE{02}");
	expect_result(self, do_flags(self, fd, MCAST_INCLUDE, 5, MSF_IDEMPOTENT), 0,
		      "INCLUDE{02} again");
	expect_state(self, fd, MODEL_INCLUDE, 5, "after it");
	expect_result(self, do_flags(self, fd, MCAST_INCLUDE, 4, 0x80), EINVAL,
		      "an unknown flag");
	expect_state(self, fd, MODEL_INCLUDE, 5, "after the unknown flag");
	close(fd);
	tap_end(&self->tap,
		"%s: MSF_IDEMPOTENT makes the identical set 0, other flags EINVAL",
		flavour_name(self->place.flavour));
}

static void test_idempotent_leftover(struct deviations *self)
{
	int fd = open_leftover(self);
	struct raw_filter filter;

	expect_result(self, do_flags(self, fd, MCAST_INCLUDE, 0, MSF_IDEMPOTENT), 0,
		      "INCLUDE{}");
	expect_result(
		self,
		raw_get_filter(fd, self->place.ifindex, &self->place.group, &filter),
		EADDRNOTAVAIL, "what the kernel holds");
	tap_expect(&self->tap,
		   netns_get_members(self->place.ifindex, &self->place.group) == 0,
		   "the interface is still a member");
	close(fd);
	tap_end(&self->tap, "%s: MSF_IDEMPOTENT INCLUDE{} clears a leftover INCLUDE{}",
		flavour_name(self->place.flavour));
}

static int open_with_duplicates(struct deviations *self, uint32_t fmode)
{
	struct sockaddr_storage slist[3];
	int fd = open_socket(self), family = self->place.group.ss_family, r;

	slist[0] = slist[2] = netns_source(family, self->place.link, 0);
	slist[1] = netns_source(family, self->place.link, 1);
	raw_verb(self, fd, MSF_JOIN_GROUP, 0);
	r = raw_set_filter(fd, self->place.ifindex, &self->place.group, fmode, 3, slist);
	if (r < 0)
		tap_bail_out("the kernel refuses duplicates: %s", strerror(-r));
	return fd;
}

static void test_duplicates(struct deviations *self)
{
	int fd = open_with_duplicates(self, MCAST_INCLUDE);
	struct raw_filter filter = { .numsrc = 4 };

	expect_result(self,
		      msf_get_filter(self->msf, fd, self->place.ifindex,
				     (const void *)&self->place.group, &filter.fmode,
				     &filter.numsrc, filter.slist),
		      0, "get");
	tap_expect(&self->tap, filter.numsrc == 2, "get counts %u", filter.numsrc);
	expect_result(self, do_set(self, fd, MCAST_INCLUDE, 3), EADDRINUSE,
		      "set INCLUDE{01} on INCLUDE{0,1,0}");
	expect_result(self, do_verb(self, fd, MSF_JOIN_SOURCE, 0), EADDRNOTAVAIL,
		      "join_source 0");
	expect_result(self, do_verb(self, fd, MSF_LEAVE_SOURCE, 0), 0, "leave_source 0");
	expect_state(self, fd, MODEL_INCLUDE, 2, "after leave_source 0");
	expect_result(self, do_verb(self, fd, MSF_LEAVE_SOURCE, 1), 0, "leave_source 1");
	expect_state(self, fd, MODEL_NONE, 0, "after leave_source 1");
	close(fd);
	fd = open_with_duplicates(self, MCAST_EXCLUDE);
	expect_result(self, do_verb(self, fd, MSF_BLOCK_SOURCE, 0), EADDRNOTAVAIL,
		      "block_source 0");
	expect_result(self, do_verb(self, fd, MSF_UNBLOCK_SOURCE, 0), 0,
		      "unblock_source 0");
	expect_state(self, fd, MODEL_EXCLUDE, 2, "after unblock_source 0");
	tap_expect(&self->tap,
		   netns_count_sources(self->place.ifindex, &self->place.group) == 1,
		   "the interface has not one source");
	close(fd);
	tap_end(&self->tap, "%s: sources that the kernel keeps twice are one source",
		flavour_name(self->place.flavour));
}

/* The last source goes, the only entry is there twice. */
static void test_last_duplicate(struct deviations *self)
{
	int fd = open_socket(self);
	struct sockaddr_storage slist[2];

	slist[0] = slist[1] = netns_source(self->place.group.ss_family, self->place.link,
					   2);
	raw_verb(self, fd, MSF_JOIN_GROUP, 0);
	raw_set_filter(fd, self->place.ifindex, &self->place.group, MCAST_INCLUDE, 2,
		       slist);
	expect_result(self, do_verb(self, fd, MSF_LEAVE_SOURCE, 2), 0, "leave_source");
	expect_state(self, fd, MODEL_NONE, 0, "after it");
	close(fd);
	tap_end(&self->tap,
		"%s: leaving the only source leaves the group, stored twice or not",
		flavour_name(self->place.flavour));
}

/* A list of n sources of which none sends. */
static int set_long(struct deviations *self, int fd, uint32_t fmode, unsigned int n)
{
	struct sockaddr_storage slist[80];

	for (unsigned int i = 0; i < n; i++)
		slist[i] = netns_source(self->place.group.ss_family, self->place.link,
					100 + i);
	return msf_set_filter(self->msf, fd, self->place.ifindex,
			      (const void *)&self->place.group, fmode, n, slist, 0);
}

static void test_full_list(struct deviations *self)
{
	static const uint32_t modes[] = { MCAST_EXCLUDE, MCAST_INCLUDE };
	static const enum msf_verb verbs[] = { MSF_BLOCK_SOURCE, MSF_JOIN_SOURCE };
	unsigned int limit = raw_await_source_limit(self->place.group.ss_family);

	for (int i = 0; i < 2; i++) {
		int fd = open_socket(self);
		struct raw_filter filter = { 0 };

		expect_result(self, set_long(self, fd, modes[i], limit), 0, "fill");
		expect_result(self, do_verb(self, fd, verbs[i], 100), EADDRNOTAVAIL,
			      "one that is in the list");
		expect_result(self, do_verb(self, fd, verbs[i], 0), ENOBUFS, "one more");
		raw_get_filter(fd, self->place.ifindex, &self->place.group, &filter);
		tap_expect(&self->tap, filter.fmode == modes[i] && filter.numsrc == limit,
			   "the list has %u sources now", filter.numsrc);
		close(fd);
	}
	tap_end(&self->tap,
		"%s: in a full list a source again is EADDRNOTAVAIL and a new one "
		"ENOBUFS",
		flavour_name(self->place.flavour));
}

static void test_long_list(struct deviations *self)
{
	unsigned int n = raw_await_source_limit(self->place.group.ss_family) + 1;
	int fd = open_socket(self);
	char *before = netns_get_memberships(), *after;

	expect_result(self, set_long(self, fd, MCAST_INCLUDE, n), ENOBUFS, "INCLUDE");
	expect_result(self, set_long(self, fd, MCAST_EXCLUDE, n), ENOBUFS, "EXCLUDE");
	expect_state(self, fd, MODEL_NONE, 0, "after them");
	after = netns_get_memberships();
	tap_expect(&self->tap, strcmp(before, after) == 0, "an interface has changed");
	expect_result(self, do_verb(self, fd, MSF_JOIN_SOURCE, 1), 0, "join_source");
	expect_result(self, set_long(self, fd, MCAST_INCLUDE, n), ENOBUFS, "INCLUDE");
	expect_result(self, set_long(self, fd, MCAST_EXCLUDE, n), ENOBUFS, "EXCLUDE");
	expect_state(self, fd, MODEL_INCLUDE, 2, "with a membership");
	free(before);
	free(after);
	close(fd);
	tap_end(&self->tap, "%s: a list of %u sources is ENOBUFS and leaves no trace",
		flavour_name(self->place.flavour), n);
}

/* Runs one creating request with little memory for socket options. */
static int try_with_memory(struct deviations *self, struct model_request request,
			   unsigned int optmem)
{
	int fd = traffic_open_receiver(self->place.flavour), family, r, all;
	char *before = netns_get_memberships(), *after;
	struct model_filter state;
	struct model_filter next;

	family = self->place.group.ss_family;
	all = traffic_get_multicast_all(fd, family);
	netns_set_sysctl("net/core/optmem_max", optmem);
	r = do_request(self, fd, request);
	netns_set_sysctl("net/core/optmem_max", 131072);
	model_apply((struct model_filter){ 0 }, &request, MSF_SEMANTICS_TABLE, &next);
	tap_expect(&self->tap, r == 0 || r == -ENOBUFS, "with %u bytes: %s", optmem,
		   strerror(-r));
	if (r < 0)
		next.mode = MODEL_NONE;
	tap_expect(&self->tap,
		   model_look(fd, &self->place, &state) && model_is_equal(state, next),
		   "with %u bytes: %s, but the state is %d", optmem, strerror(-r),
		   state.mode);
	after = netns_get_memberships();
	tap_expect(&self->tap, r == 0 || strcmp(before, after) == 0,
		   "with %u bytes: an interface has changed", optmem);
	tap_expect(&self->tap, traffic_get_multicast_all(fd, family) == (r < 0 ? all : 0),
		   "with %u bytes: %s, but MULTICAST_ALL is %d", optmem, strerror(-r),
		   traffic_get_multicast_all(fd, family));
	free(before);
	free(after);
	close(fd);
	return r;
}

static void test_memory(struct deviations *self)
{
	static const struct {
		const char *name;
		struct model_request request;
	} rows[] = {
		{ "join_group", { MSF_JOIN_GROUP, 0, 0, 0 } },
		{ "join_source", { MSF_JOIN_SOURCE, 1, 0, 0 } },
		{ "set_include {012}", { MSF_SET_FILTER, 0, MCAST_INCLUDE, 7 } },
		{ "set_exclude {}", { MSF_SET_FILTER, 0, MCAST_EXCLUDE, 0 } },
		{ "set_exclude {012}", { MSF_SET_FILTER, 0, MCAST_EXCLUDE, 7 } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned int n_failed = 0, n_done = 0;

		for (unsigned int optmem = 1; optmem < 700; optmem += 7) {
			if (try_with_memory(self, rows[i].request, optmem) < 0)
				n_failed++;
			else
				n_done++;
		}
		tap_expect(&self->tap, n_failed > 0 && n_done > 0,
			   "%u failed and %u were done", n_failed, n_done);
		tap_end(&self->tap, "%s: %s that fails for memory leaves nothing behind",
			flavour_name(self->place.flavour), rows[i].name);
	}
}

/* Linux switches the mode first, and does not switch back without memory for the
 * source. Returns the result. */
static int try_switch(struct deviations *self, unsigned int optmem)
{
	int fd = open_socket(self), r;
	struct model_filter state, wanted = { MODEL_EXCLUDE, 0 };
	char text[MODEL_TEXT];
	bool is_sound;

	raw_verb(self, fd, MSF_JOIN_GROUP, 0);
	netns_set_sysctl("net/core/optmem_max", optmem);
	r = do_in(self, self->linux_msf, fd,
		  (struct model_request){ MSF_JOIN_SOURCE, 1, 0, 0 });
	netns_set_sysctl("net/core/optmem_max", 131072);
	tap_expect(&self->tap, r == 0 || r == -ENOBUFS, "with %u bytes: %s", optmem,
		   strerror(-r));
	if (r == 0)
		wanted = (struct model_filter){ MODEL_INCLUDE, 2 };
	is_sound = model_look(fd, &self->place, &state);
	tap_expect(&self->tap, is_sound && model_is_equal(state, wanted),
		   "with %u bytes: %s, but the state is %s", optmem, strerror(-r),
		   model_print_filter(state, text));
	close(fd);
	return r;
}

static void test_linux_memory(struct deviations *self)
{
	unsigned int n_failed = 0, n_done = 0;

	for (unsigned int optmem = 1; optmem < 700; optmem += 7) {
		if (try_switch(self, optmem) < 0)
			n_failed++;
		else
			n_done++;
	}
	tap_expect(&self->tap, n_failed > 0 && n_done > 0, "%u failed and %u were done",
		   n_failed, n_done);
	tap_end(&self->tap,
		"%s: the linux table's join_source on EXCLUDE{} that fails for memory "
		"leaves EXCLUDE{}",
		flavour_name(self->place.flavour));
}

/* Creating requests close the socket to what others have joined. */
static void check_multicast_all(struct deviations *self, struct msf *msf, int wanted,
				const char *who)
{
	static const struct model_request requests[] = {
		{ MSF_JOIN_GROUP, 0, 0, 0 },
		{ MSF_JOIN_SOURCE, 1, 0, 0 },
		{ MSF_SET_FILTER, 0, MCAST_INCLUDE, 3 },
		{ MSF_SET_FILTER, 0, MCAST_EXCLUDE, 2 },
	};
	int family = self->place.group.ss_family;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		int fd = traffic_open_receiver(self->place.flavour), r;

		/* AF_INET6 sockets are born with IP_MULTICAST_ALL off. */
		traffic_set_multicast_all(fd, 1);
		/* The linux table has no full-state call without a membership. */
		if (msf == self->linux_msf && requests[i].verb == MSF_SET_FILTER) {
			close(fd);
			continue;
		}
		r = do_in(self, msf, fd, requests[i]);
		expect_result(self, r, 0, "the request");
		tap_expect(&self->tap, traffic_get_multicast_all(fd, family) == wanted,
			   "request %zu: MULTICAST_ALL is not %d", i, wanted);
		/* What others joined reaches a dual-stack socket over both. */
		tap_expect(&self->tap,
			   self->place.flavour != FLAVOUR_IPV4_ON_IPV6 ||
				   traffic_get_multicast_all(fd, AF_INET6) == wanted,
			   "request %zu: IPV6_MULTICAST_ALL is not %d", i, wanted);
		close(fd);
	}
	tap_end(&self->tap, "%s: MULTICAST_ALL is %d after a creating request %s",
		flavour_name(self->place.flavour), wanted, who);
}

static void test_multicast_all(struct deviations *self)
{
	struct msf_config *config;
	struct msf *keeping;

	if (msf_config_new(&config) < 0 ||
	    msf_config_set_keep_multicast_all(config, 1) < 0 ||
	    msf_new(&keeping, config) < 0)
		tap_bail_out("cannot make a context");
	msf_config_free(config);
	check_multicast_all(self, self->msf, 0, "by default");
	check_multicast_all(self, keeping, 1, "with keep_multicast_all");
	check_multicast_all(self, self->linux_msf, 1, "in the linux table");
	msf_free(keeping);
}

static void test_last_source(struct deviations *self)
{
	int fd = traffic_open_receiver(self->place.flavour);
	int other = traffic_open_receiver(self->place.flavour);

	raw_verb(self, other, MSF_JOIN_GROUP, 0);
	expect_result(self, do_verb(self, fd, MSF_JOIN_SOURCE, 0), 0, "join_source");
	expect_state(self, fd, MODEL_INCLUDE, 1, "joined");
	expect_result(self, do_verb(self, fd, MSF_LEAVE_SOURCE, 0), 0, "leave_source");
	expect_state(self, fd, MODEL_NONE, 0, "left");
	close(fd);
	close(other);
	tap_end(&self->tap, "%s: leaving the last source does not open the socket",
		flavour_name(self->place.flavour));
}

static void test_linux_table(struct deviations *self)
{
	int fd = open_socket(self);
	struct model_call call;
	struct model_request set = { MSF_SET_FILTER, 0, MCAST_INCLUDE, 3 };

	expect_result(self,
		      do_in(self, self->linux_msf, fd,
			    (struct model_request){ MSF_JOIN_GROUP, 0, 0, 0 }),
		      0, "join_group");
	expect_result(self,
		      do_in(self, self->linux_msf, fd,
			    (struct model_request){ MSF_LEAVE_SOURCE, 1, 0, 0 }),
		      EADDRNOTAVAIL, "leave_source");
	expect_state(self, fd, MODEL_EXCLUDE, 0, "after the refused leave_source");
	model_spell(&self->place, &set, &call);
	call.slist[2] = call.slist[0];
	call.request.numsrc = 3;
	expect_result(self, shape_apply(&shapes[0], self->linux_msf, fd, &call.request),
		      0, "a list with a source twice");
	expect_state(self, fd, MODEL_INCLUDE, 3, "after it");
	expect_result(self, do_in(self, self->linux_msf, fd, set), 0, "identical");
	expect_state(self, fd, MODEL_INCLUDE, 3, "after the identical set");
	close(fd);
	tap_end(&self->tap,
		"%s: the linux table collapses duplicates and has no state-changing "
		"refusal",
		flavour_name(self->place.flavour));
}

static void test_linux_sources(struct deviations *self)
{
	bool is_ipv4 = self->place.group.ss_family == AF_INET;
	struct sockaddr_storage source = netns_parse(is_ipv4 ? "239.1.1.1" : "ff02::1");
	struct sockaddr_storage unicast = netns_parse(is_ipv4 ? "10.9.0.9" : "fd09::9");
	int fd = open_socket(self);

	expect_result(self,
		      msf_join_source(self->linux_msf, fd, self->place.ifindex,
				      (const void *)&self->place.group,
				      (const void *)&source),
		      0, "a multicast source");
	expect_result(self,
		      msf_join_source(self->msf, fd, self->place.ifindex,
				      (const void *)&self->place.group,
				      (const void *)&source),
		      EINVAL, "the same in our table");
	expect_result(self,
		      msf_leave_group(self->linux_msf, fd, self->place.ifindex,
				      (const void *)&unicast),
		      is_ipv4 ? EADDRNOTAVAIL : EINVAL, "leave_group of a unicast group");
	close(fd);
	tap_end(&self->tap,
		"%s: the linux table checks only the arguments that Linux checks",
		flavour_name(self->place.flavour));
}

/* Refused requests that went past the library must not have opened anything, and
 * what the promise of msf_config_set_exclusive() saves must change no answer. */
static void test_exclusive(struct deviations *self)
{
	struct msf_config *config;
	struct msf *msf;
	int fd = open_socket(self);

	if (msf_config_new(&config) < 0 || msf_config_set_exclusive(config, 1) < 0 ||
	    msf_new(&msf, config) < 0)
		tap_bail_out("cannot make a context");
	msf_config_free(config);
	expect_result(self,
		      do_in(self, msf, fd, (struct model_request){ MSF_BLOCK_SOURCE }),
		      EINVAL, "block_source without a membership");
	expect_result(self,
		      do_in(self, msf, fd, (struct model_request){ MSF_LEAVE_GROUP }),
		      EADDRNOTAVAIL, "leave_group without a membership");
	do_in(self, msf, fd, (struct model_request){ MSF_JOIN_GROUP });
	expect_result(self,
		      do_in(self, msf, fd, (struct model_request){ MSF_JOIN_SOURCE }),
		      EINVAL, "join_source on EXCLUDE{}");
	expect_result(self,
		      do_in(self, msf, fd, (struct model_request){ MSF_LEAVE_SOURCE }),
		      EINVAL, "leave_source on EXCLUDE{}");
	expect_state(self, fd, MODEL_EXCLUDE, 0, "after the refusals");
	expect_result(self,
		      do_in(self, msf, fd, (struct model_request){ MSF_BLOCK_SOURCE }), 0,
		      "block_source");
	expect_state(self, fd, MODEL_EXCLUDE, 1, "after block_source");
	msf_free(msf);
	close(fd);
	tap_end(&self->tap, "%s: an exclusive context gives the same answers",
		flavour_name(self->place.flavour));
}

static void test_own_limit(struct deviations *self)
{
	struct msf_config *config;
	struct msf *msf;
	int fd = open_socket(self);

	if (msf_config_new(&config) < 0 || msf_config_set_max_sources(config, 2) < 0 ||
	    msf_new(&msf, config) < 0)
		tap_bail_out("cannot make a context");
	msf_config_free(config);
	expect_result(
		self,
		do_in(self, msf, fd,
		      (struct model_request){ MSF_SET_FILTER, 0, MCAST_INCLUDE, 7 }),
		ENOBUFS, "three sources");
	expect_state(self, fd, MODEL_NONE, 0, "after them");
	expect_result(
		self,
		do_in(self, msf, fd,
		      (struct model_request){ MSF_SET_FILTER, 0, MCAST_INCLUDE, 3 }),
		0, "two sources");
	expect_result(
		self,
		do_in(self, msf, fd, (struct model_request){ MSF_JOIN_SOURCE, 2, 0, 0 }),
		ENOBUFS, "one more");
	expect_result(
		self,
		do_in(self, msf, fd, (struct model_request){ MSF_JOIN_SOURCE, 1, 0, 0 }),
		EADDRNOTAVAIL, "the same once more");
	expect_state(self, fd, MODEL_INCLUDE, 3, "after the refusals");
	msf_free(msf);
	close(fd);
	tap_end(&self->tap, "%s: msf_config_set_max_sources() holds for sets and deltas",
		flavour_name(self->place.flavour));
}

static void init(struct deviations *self)
{
	struct msf_config *config;

	netns_init(&self->net);
	traffic_init(&self->traffic, &self->net);
	netns_set_sysctl("net/ipv4/igmp_max_msf", 10);
	if (msf_config_new(&config) < 0 ||
	    msf_config_set_semantics(config, MSF_SEMANTICS_TABLE) < 0 ||
	    msf_new(&self->msf, config) < 0 ||
	    msf_config_set_semantics(config, MSF_SEMANTICS_LINUX) < 0 ||
	    msf_new(&self->linux_msf, config) < 0)
		tap_bail_out("cannot make a context");
	msf_config_free(config);
}

int main(void)
{
	static void (*const tests[])(struct deviations *) = {
		test_leftover,      test_fresh_and_emptied,   test_full_state,
		test_idempotent,    test_duplicates,          test_last_duplicate,
		test_full_list,     test_long_list,           test_memory,
		test_multicast_all, test_last_source,         test_linux_table,
		test_linux_sources, test_exclusive,           test_own_limit,
		test_linux_memory,  test_idempotent_leftover,
	};
	struct deviations self = { 0 };

	init(&self);
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		self.place = (struct model_place){
			flavour, 0, self.net.ifindex[0],
			netns_group(flavour_get_family(flavour), 0)
		};
		for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
			tests[i](&self);
	}
	msf_free(self.msf);
	msf_free(self.linux_msf);
	traffic_fini(&self.traffic);
	return tap_finish(&self.tap);
}
