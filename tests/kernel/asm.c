/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ASM backend on the real kernel, through its door: what a socket holds and
 * hears after each request, in every way a socket is shared, after each way a request
 * can fail, its own system calls one by one, and between these calls.
 */
#include <errno.h>
#include <linux/filter.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asm-rig.h"
#include "ebpf.h"
#include "raw.h"

#define WALKS 250u

int __wrap_setsockopt(int fd, int level, int optname, const void *optval,
		      socklen_t optlen);

/* setsockopt() gets no argument of ours: its orders must be reachable. */
static struct {
	int left; /* calls before the one that fails; -1: none does */
	int error;
	unsigned int n_failed;
} faults = { .left = -1 };

/* What may be heard between two calls. */
static struct watch {
	struct rig *rig; /* NULL: nobody looks */
	int fd;
	bool is_open; /* once it is not joined the groups of others are delivered */
	unsigned int allowed;
	unsigned int n_looks;
} watch;

static void look(int fd)
{
	struct rig *rig = watch.rig;
	unsigned int heard, allowed = watch.allowed;

	if (rig == NULL || fd != watch.fd)
		return;
	/* another socket is the other member */
	if (watch.is_open &&
	    netns_get_members(rig->place.ifindex, &rig->place.group) == 1)
		allowed = 15;
	heard = rig_hear(rig, fd);
	watch.n_looks++;
	tap_expect(&rig->tap, (heard & ~allowed) == 0, "after call %u: %x is heard",
		   watch.n_looks, heard);
}

/* Another process that wants to change the socket just when its program is attached. */
static struct {
	bool is_due, came_in;
	int wire;
} rival;

/* As long as the record lock is ours it waits; it needs far less time than it gets. */
static void invite(void)
{
	struct pollfd poller = { .fd = rival.wire, .events = POLLIN };

	rival.is_due = false;
	if (write(rival.wire, "", 1) != 1)
		tap_bail_out("the other process is gone");
	rival.came_in = poll(&poller, 1, 50) != 0;
}

int __wrap_setsockopt(int fd, int level, int optname, const void *optval,
		      socklen_t optlen)
{
	int r;

	if (rival.is_due && level == SOL_SOCKET && optname == SO_ATTACH_FILTER)
		invite();
	if (faults.left == 0) {
		faults.left = -1;
		faults.n_failed++;
		errno = faults.error;
		return -1;
	}
	if (faults.left > 0)
		faults.left--;
	r = raw_setsockopt(fd, level, optname, optval, optlen);
	look(fd);
	errno = -r;
	return r < 0 ? -1 : 0;
}

static struct model_request join_group(void)
{
	return (struct model_request){ .verb = MSF_JOIN_GROUP };
}

static struct model_request leave_group(void)
{
	return (struct model_request){ .verb = MSF_LEAVE_GROUP };
}

static struct model_request join_source(unsigned int source)
{
	return (struct model_request){ .verb = MSF_JOIN_SOURCE, .source = source };
}

static struct model_request set(uint32_t fmode, unsigned int sources)
{
	return (struct model_request){ .verb = MSF_SET_FILTER,
				       .fmode = fmode,
				       .set = sources };
}

static struct model_filter include(unsigned int sources)
{
	return (struct model_filter){ MODEL_INCLUDE, sources };
}

static const struct model_filter none = { MODEL_NONE, 0 };

static void test_detection(struct rig *rig)
{
	char *before = netns_get_memberships(), *after;
	enum asm_filters filters = ASM_FILTERS_NONE;
	int r = asm_detect_filters(&filters);
	int fd = rig_open(rig), pair[2], r4, r6;

	tap_expect(&rig->tap, r == 0 && filters == ASM_FILTERS_FULL, "%d, %d", r,
		   (int)filters);
	r4 = asm_has_source_filters(fd, AF_INET);
	r6 = asm_has_source_filters(fd, AF_INET6);
	tap_expect(&rig->tap, r4 == 1 && r6 == -EAFNOSUPPORT, "AF_INET: %d %d", r4, r6);
	close(fd);
	tap_expect(&rig->tap, asm_has_source_filters(fd, AF_INET) == -EBADF, "closed");
	fd = traffic_open_receiver(FLAVOUR_IPV6);
	r4 = asm_has_source_filters(fd, AF_INET);
	r6 = asm_has_source_filters(fd, AF_INET6);
	tap_expect(&rig->tap, r4 == 1 && r6 == 1, "AF_INET6: %d %d", r4, r6);
	close(fd);
	if (pipe(pair) == 0) {
		r4 = asm_has_source_filters(pair[0], AF_INET);
		tap_expect(&rig->tap, r4 == -ENOTSOCK, "a pipe: %d", r4);
		close(pair[0]);
		close(pair[1]);
	}
	after = netns_get_memberships();
	tap_expect(&rig->tap, strcmp(before, after) == 0, "it left a trace");
	free(before);
	free(after);
	tap_end(&rig->tap, "detection finds filters and source filters, and leaves no "
			   "trace");
}

static struct model_request draw(unsigned int *seed)
{
	unsigned int x = rand_r(seed);
	struct model_request request = { .source = x >> 8 & 3, .set = x >> 12 & 15 };

	request.verb = (enum msf_verb)(x % 7);
	request.fmode = x >> 20 & 1 ? MCAST_INCLUDE : MCAST_EXCLUDE;
	return request;
}

/* Two groups in turn: each walks its own way. */
static void walk(struct rig *rig, enum flavour flavour, enum table table)
{
	enum msf_semantics semantics = table == TABLE_LINUX ? MSF_SEMANTICS_LINUX
							    : MSF_SEMANTICS_TABLE;
	struct model_filter filters[2] = { none, none };
	unsigned int seed = 7;
	int fd = traffic_open_strict_receiver(flavour);

	rig->config.table = table;
	for (unsigned int i = 0; i < WALKS; i++) {
		struct model_request request = draw(&seed);
		struct model_filter *filter = &filters[i & 1];
		char before[MODEL_TEXT], text[MODEL_TEXT];
		int expected, r;

		rig_go(rig, flavour, i & 1);
		model_print_filter(*filter, before);
		expected = model_apply(*filter, &request, semantics, filter);
		r = rig_apply(rig, fd, request);
		if (!tap_expect(&rig->tap, r == expected, "%s: %s: %s, not %s", before,
				model_print_request(&request, text), strerrorname_np(-r),
				strerrorname_np(-expected)))
			break;
		rig_expect(rig, fd, *filter, model_print_request(&request, text));
	}
	close(fd);
	rig->config.table = TABLE_STRICT;
	tap_end(&rig->tap,
		"%s: a walk through the %s table holds and hears what the "
		"model says",
		flavour_name(flavour), table == TABLE_LINUX ? "linux" : "strict");
}

static void test_dup_and_fork(struct rig *rig)
{
	int fd = rig_open(rig), copy = dup(fd), status;
	pid_t child;

	rig_do(rig, fd, join_source(0));
	rig_expect(rig, copy, include(1), "a dup()ed descriptor");
	close(fd);
	rig_do(rig, copy, join_source(2));
	rig_expect(rig, copy, include(5), "the other one closed");
	child = fork();
	if (child == 0)
		_exit(rig_apply(rig, copy, set(MCAST_EXCLUDE, 1)) != 0);
	waitpid(child, &status, 0);
	tap_expect(&rig->tap, status == 0, "the child could not");
	rig_expect(rig, copy, (struct model_filter){ MODEL_EXCLUDE, 1 }, "child's");
	close(copy);
	tap_end(&rig->tap, "the filter is the socket's: dup() and fork() share it");
}

/* Changes the socket when it is told to, and tells that it has. */
static void compete(struct rig *rig, int fd, int wire)
{
	char byte;

	while (read(wire, &byte, 1) == 1)
		if (rig_apply(rig, fd, join_source(2)) < 0 || write(wire, "", 1) != 1)
			_exit(1);
	_exit(0);
}

/* Threads and processes at random are asm-life's. */
static void test_processes(struct rig *rig)
{
	int fd = rig_open(rig), status = -1, ends[2];
	pid_t child;
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		tap_bail_out("socketpair: %s", strerror(errno));
	rig_do(rig, fd, join_source(0));
	child = fork();
	if (child == 0) {
		close(ends[0]);
		compete(rig, fd, ends[1]);
	}
	close(ends[1]);
	rival.wire = ends[0];
	rival.is_due = true;
	rig_do(rig, fd, join_source(1));
	tap_expect(&rig->tap, !rival.is_due && !rival.came_in,
		   "another process came between");
	tap_expect(&rig->tap, rival.came_in || read(ends[0], &byte, 1) == 1,
		   "it never came");
	rig_expect(rig, fd, include(7), "both changes");
	close(ends[0]);
	waitpid(child, &status, 0);
	tap_expect(&rig->tap, status == 0, "the other process: 0x%x", status);
	close(fd);
	tap_end(&rig->tap, "a change keeps other processes waiting, and loses nothing");
}

static void test_locked(struct rig *rig)
{
	int fd = rig_open(rig), on = 1, r;

	rig_go(rig, FLAVOUR_IPV4, 0);
	rig_do(rig, fd, join_source(0));
	raw_setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on));
	r = rig_apply(rig, fd, join_source(1));
	tap_expect(&rig->tap, r == -EPERM, "change: %d", r);
	r = rig_apply(rig, fd, leave_group());
	tap_expect(&rig->tap, r == -EPERM, "leave: %d", r);
	r = rig_apply(rig, fd, join_source(0));
	tap_expect(&rig->tap, r == -EADDRNOTAVAIL, "the table first: %d", r);
	rig_expect(rig, fd, include(1), "locked");
	close(fd);
	fd = rig_open(rig);
	raw_setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on));
	r = rig_apply(rig, fd, join_source(1));
	tap_expect(&rig->tap, r == -EPERM, "join: %d", r);
	tap_expect(&rig->tap,
		   netns_get_members(rig->place.ifindex, &rig->place.group) == 0,
		   "a membership");
	close(fd);
	tap_end(&rig->tap, "SO_LOCK_FILTER: EPERM, and nothing has changed");
}

static void test_ebpf(struct rig *rig)
{
	int fd = rig_open(rig), bpf = ebpf_load(), r;

	if (bpf < 0) {
		tap_skip(&rig->tap, "no eBPF program can be loaded");
		tap_end(&rig->tap, "an eBPF program and memberships");
		close(fd);
		return;
	}
	raw_setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &bpf, sizeof(bpf));
	r = rig_apply(rig, fd, join_source(0));
	tap_expect(&rig->tap, r == -EBUSY, "join: %d", r);
	r = rig_apply(rig, fd, leave_group());
	tap_expect(&rig->tap, r == -EADDRNOTAVAIL, "the table first: %d", r);
	rig_expect(rig, fd, none, "with the application's program");
	close(fd);
	fd = rig_open(rig);
	rig_do(rig, fd, join_source(0));
	r = asm_set_option(&rig->config, fd, SOL_SOCKET, SO_ATTACH_BPF, &bpf,
			   sizeof(bpf));
	tap_expect(&rig->tap, r == -EBUSY, "attach: %d", r);
	rig_expect(rig, fd, include(1), "with ours");
	close(fd);
	close(bpf);
	tap_end(&rig->tap, "an eBPF program and memberships keep each other out: EBUSY");
}

/* The largest list that a bare socket takes. */
static unsigned int find_room(struct rig *rig, uint32_t fmode)
{
	unsigned int low = 0, high = 4096;

	while (low + 1 < high) {
		unsigned int middle = low + (high - low) / 2;
		int fd = rig_open(rig);
		int r = rig_set_long(rig, fd, fmode, 0, middle);

		if (r == 0)
			low = middle;
		else
			high = middle;
		tap_expect(&rig->tap, r == 0 || r == -ENOBUFS, "%u: %d", middle, r);
		tap_expect(&rig->tap, r == 0 || rig_count_code(fd) == 0,
			   "a program stayed");
		close(fd);
	}
	return low;
}

/* is_all_kept: one program is all that is put on the socket. */
static void test_option_memory(struct rig *rig, unsigned int optmem, bool is_all_kept)
{
	int fd = rig_open(rig), r;
	unsigned int room, code;

	rig->config.is_all_kept = is_all_kept;

	if (netns_set_sysctl("net/core/optmem_max", optmem) < 0)
		tap_bail_out("net.core.optmem_max cannot be set");
	room = find_room(rig, MCAST_EXCLUDE);
	tap_comment("%u bytes: %u sources", optmem, room);
	r = rig_set_long(rig, fd, MCAST_EXCLUDE, 0, room);
	tap_expect(&rig->tap, r == 0, "the first: %d", r);
	code = rig_count_code(fd);
	/* both at once do not fit */
	r = rig_set_long(rig, fd, MCAST_EXCLUDE, 1, room);
	tap_expect(&rig->tap, r == 0, "the second: %d", r);
	tap_expect(&rig->tap, rig_hear(rig, fd) == 15, "it hears no more");
	r = rig_set_long(rig, fd, MCAST_EXCLUDE, 2, room + 300);
	tap_expect(&rig->tap, r == -ENOBUFS, "too long: %d", r);
	tap_expect(&rig->tap, rig_count_code(fd) == code, "the program is another");
	tap_expect(&rig->tap, rig_hear(rig, fd) == 15, "it hears no more");
	rig_do(rig, fd, set(MCAST_INCLUDE, 2));
	rig_expect(rig, fd, include(2), "a short list");
	r = rig_set_long(rig, fd, MCAST_EXCLUDE, 0, room - 20);
	tap_expect(&rig->tap, r == 0, "long again: %d", r);
	rig_do(rig, fd, leave_group());
	rig_expect(rig, fd, none, "left");
	close(fd);
	netns_set_sysctl("net/core/optmem_max", 131072);
	tap_end(&rig->tap,
		"optmem_max %u: a list as long as fits takes the place of "
		"another one, a longer one is ENOBUFS",
		optmem);
}

/* Who joined past us? */
static void join_raw(const struct rig *rig, int fd)
{
	raw_delta(fd, MSF_JOIN_GROUP, rig->place.ifindex, &rig->place.group, NULL);
}

static void test_adoption(struct rig *rig)
{
	int fd = traffic_open_strict_receiver(rig->place.flavour);

	join_raw(rig, fd);
	tap_expect(&rig->tap, rig_hear(rig, fd) == 15, "all are heard");
	rig_do(rig, fd, join_source(1));
	rig_expect(rig, fd, include(2), "adopted");
	rig_do(rig, fd, leave_group());
	rig_expect(rig, fd, none, "left");
	join_raw(rig, fd);
	rig_do(rig, fd, leave_group());
	tap_expect(&rig->tap,
		   netns_get_members(rig->place.ifindex, &rig->place.group) == 0,
		   "it is a member");
	close(fd);
	tap_end(&rig->tap, "%s: a membership made past us can be adopted and left",
		flavour_name(rig->place.flavour));
}

static void expect_in_use(struct rig *rig, int fd)
{
	int r = rig_apply(rig, fd, join_group());

	tap_expect(&rig->tap, r == -EADDRINUSE, "join_group: %d", r);
	rig_expect(rig, fd, (struct model_filter){ MODEL_EXCLUDE, 0 }, "told so");
}

/* Groups 0 and 1 are joined past us, 2 by another socket, 3 with a filter. */
static void test_past_us(struct rig *rig)
{
	enum flavour flavour = rig->place.flavour;
	int fd = traffic_open_strict_receiver(flavour);
	int other = traffic_open_receiver(flavour);

	rig_go(rig, flavour, 2);
	join_raw(rig, other);
	for (unsigned int i = 0; i < 2; i++) {
		rig_go(rig, flavour, i);
		join_raw(rig, fd);
	}
	rig_go(rig, flavour, 0);
	expect_in_use(rig, fd);
	rig_go(rig, flavour, 1);
	tap_expect(&rig->tap, rig_hear(rig, fd) == 15, "the other one is refused");
	rig_go(rig, flavour, 2);
	tap_expect(&rig->tap, rig_hear(rig, fd) == 0, "one of another socket is heard");
	rig_go(rig, flavour, 3);
	rig_do(rig, fd, join_source(1));
	rig_go(rig, flavour, 0);
	tap_expect(&rig->tap, rig_hear(rig, fd) == 15, "the adopted one is refused");
	rig_go(rig, flavour, 1);
	expect_in_use(rig, fd);
	rig_go(rig, flavour, 2);
	tap_expect(&rig->tap, rig_hear(rig, fd) == 0, "one of another socket is heard");
	rig_go(rig, flavour, 3);
	rig_expect(rig, fd, include(2), "the first");
	rig_go(rig, flavour, 0);
	close(other);
	close(fd);
	tap_end(&rig->tap, "%s: who is told that he joined past us receives the group",
		flavour_name(flavour));
}

static void test_failing_join(struct rig *rig)
{
	int fd = rig_open(rig), r;

	rig->place.ifindex = 77;
	r = rig_apply(rig, fd, join_source(0));
	tap_expect(&rig->tap, r == -ENODEV, "no interface: %d", r);
	tap_expect(&rig->tap, rig_count_code(fd) == 0, "a program stayed");
	for (unsigned int i = 0; i < 20; i++) {
		rig_go(rig, FLAVOUR_IPV4, i);
		rig_do(rig, fd, join_source(i % 4));
	}
	rig_go(rig, FLAVOUR_IPV4, 20);
	r = rig_apply(rig, fd, join_group());
	tap_expect(&rig->tap, r == -ENOBUFS, "one group more: %d", r);
	rig_expect(rig, fd, none, "that group");
	rig_go(rig, FLAVOUR_IPV4, 6);
	rig_expect(rig, fd, include(4), "one before");
	close(fd);
	rig_go(rig, FLAVOUR_IPV4, 0);
	tap_end(&rig->tap, "a join that fails leaves no program behind");
}

static void test_limits(struct rig *rig)
{
	int fd = rig_open(rig), r;

	rig->config.max_sources = 2;
	rig_do(rig, fd, join_source(0));
	rig_do(rig, fd, join_source(1));
	r = rig_apply(rig, fd, join_source(1));
	tap_expect(&rig->tap, r == -EADDRNOTAVAIL, "the table first: %d", r);
	r = rig_apply(rig, fd, join_source(2));
	tap_expect(&rig->tap, r == -ENOBUFS, "a delta: %d", r);
	r = rig_apply(rig, fd, set(MCAST_EXCLUDE, 7));
	tap_expect(&rig->tap, r == -ENOBUFS, "a list: %d", r);
	rig_expect(rig, fd, include(3), "refused");
	rig->config.max_sources = 0;
	rig_do(rig, fd, join_source(3));
	rig->config.max_sources = 1;
	rig_do(rig, fd, (struct model_request){ .verb = MSF_LEAVE_SOURCE, .source = 1 });
	rig->config.max_sources = 0;
	rig_expect(rig, fd, include(9), "one less");
	close(fd);
	tap_end(&rig->tap, "the limit of sources comes after the table, and lets lists "
			   "shrink");
}

/*
 * Faults
 */

struct step {
	const char *name;
	struct model_filter from;
	struct model_request request;
	struct model_filter to;
};

static const struct step steps[] = {
	{ "join",
	  { MODEL_NONE, 0 },
	  { .verb = MSF_JOIN_SOURCE, .source = 1 },
	  { MODEL_INCLUDE, 2 } },
	{ "change",
	  { MODEL_INCLUDE, 2 },
	  { .verb = MSF_SET_FILTER, .fmode = MCAST_EXCLUDE, .set = 1 },
	  { MODEL_EXCLUDE, 1 } },
	{ "leave", { MODEL_INCLUDE, 2 }, { .verb = MSF_LEAVE_GROUP }, { MODEL_NONE, 0 } },
	{ "leave all",
	  { MODEL_EXCLUDE, 0 },
	  { .verb = MSF_LEAVE_GROUP },
	  { MODEL_NONE, 0 } },
};

#define N_STEPS (sizeof(steps) / sizeof(steps[0]))

static void prepare(struct rig *rig, int fd, struct model_filter filter)
{
	if (filter.mode != MODEL_NONE)
		rig_do(rig, fd,
		       set(filter.mode == MODEL_INCLUDE ? MCAST_INCLUDE : MCAST_EXCLUDE,
			   filter.set));
}

/* The n-th call fails. Returns false when there is no n-th call. */
static bool fail_once(struct rig *rig, const struct step *step, int n, int error)
{
	const struct model_place *place = &rig->place;
	int fd = traffic_open_strict_receiver(place->flavour), r;
	unsigned int n_failed, members;

	prepare(rig, fd, step->from);
	faults.error = error;
	faults.n_failed = 0;
	faults.left = n;
	r = rig_apply(rig, fd, step->request);
	n_failed = faults.n_failed;
	faults.left = -1;
	rig_expect(rig, fd, r < 0 ? step->from : step->to, step->name);
	members = netns_get_members(place->ifindex, &place->group);
	tap_expect(&rig->tap,
		   members == ((r < 0 ? step->from : step->to).mode != MODEL_NONE),
		   "%s, call %d: %d, %u members", step->name, n, r, members);
	close(fd);
	return n_failed != 0;
}

static void test_faults(struct rig *rig, enum flavour flavour, int error)
{

	rig_go(rig, flavour, 0);
	for (size_t i = 0; i < N_STEPS; i++)
		for (int n = 0; fail_once(rig, &steps[i], n, error); n++)
			;
	tap_end(&rig->tap, "%s: whichever call fails with %s, all or nothing is done",
		flavour_name(flavour), strerrorname_np(error));
}

/*
 * Between the calls
 */

static void watch_step(struct rig *rig, const struct step *step, bool is_all)
{
	int fd = rig_open(rig), r;

	traffic_set_multicast_all(fd, is_all);
	rig->config.is_all_kept = is_all;
	prepare(rig, fd, step->from);
	watch.allowed = model_admit(step->from) | model_admit(step->to);
	watch.is_open = is_all;
	watch.n_looks = 0;
	watch.fd = fd;
	watch.rig = rig;
	r = rig_apply(rig, fd, step->request);
	watch.rig = NULL;
	tap_expect(&rig->tap, r == 0 && watch.n_looks > 0, "%s: %d, %u", step->name, r,
		   watch.n_looks);
	rig->config.is_all_kept = false;
	close(fd);
}

static void test_between(struct rig *rig, enum flavour flavour)
{
	int other = traffic_open_receiver(flavour);

	rig_go(rig, flavour, 0);
	raw_delta(other, MSF_JOIN_GROUP, rig->place.ifindex, &rig->place.group, NULL);
	for (size_t i = 0; i < N_STEPS; i++)
		for (int is_all = 0; is_all <= 1; is_all++)
			watch_step(rig, &steps[i], is_all);
	close(other);
	tap_end(&rig->tap,
		"%s: between its calls a request lets nothing through that "
		"neither filter admits",
		flavour_name(flavour));
}

/* With room for one program only. */
static void test_between_without_memory(struct rig *rig)
{
	int fd = traffic_open_strict_receiver(rig->place.flavour), r;
	bool is_small = netns_set_sysctl("net/core/optmem_max", 10240) == 0;

	watch = (struct watch){ .rig = rig, .fd = fd };
	for (unsigned int i = 0; i < 4; i++) {
		r = rig_set_long(rig, fd, MCAST_INCLUDE, i, 420);
		tap_expect(&rig->tap, r == 0, "%u: %d", i, r);
	}
	tap_expect(&rig->tap, watch.n_looks > 10 || !is_small, "only %u calls",
		   watch.n_looks);
	rig_do(rig, fd, leave_group());
	watch.rig = NULL;
	close(fd);
	netns_set_sysctl("net/core/optmem_max", 131072);
	tap_end(&rig->tap, "the same where the memory holds one program at a time");
}

int main(void)
{
	struct rig rig;

	rig_init(&rig);
	test_detection(&rig);
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		walk(&rig, flavour, TABLE_STRICT);
		walk(&rig, flavour, TABLE_LINUX);
		rig_go(&rig, flavour, 0);
		test_adoption(&rig);
		test_past_us(&rig);
		test_faults(&rig, flavour, ENOMEM);
		test_faults(&rig, flavour, EPERM);
		test_between(&rig, flavour);
	}
	rig_go(&rig, FLAVOUR_IPV4, 0);
	test_dup_and_fork(&rig);
	test_processes(&rig);
	test_locked(&rig);
	test_ebpf(&rig);
	test_option_memory(&rig, 10240, false);
	test_option_memory(&rig, 10240, true);
	test_option_memory(&rig, 20480, true);
	test_between_without_memory(&rig);
	test_failing_join(&rig);
	test_limits(&rig);
	return rig_finish(&rig);
}
