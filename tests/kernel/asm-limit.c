/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much the ASM backend holds, and that a refusal changes nothing: neither the
 * filter nor the program nor the memberships. Its limits are a number of sources, the
 * 4,096 instructions of a program, and net.core.optmem_max; a locked program and an
 * eBPF program of the application are refused as well.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <msf.h>

#include "bench/inject.h"
#include "ebpf.h"
#include "netns.h"
#include "raw.h"
#include "tap.h"

#define PORT          5400
#define MAX_SOURCES   4096u
#define N_STRANGERS   256u /* senders that are not in the list */
#define N_AT_ONCE     128u /* packets that the smallest queue holds */
#define RECEIVE_SPACE (16 << 20)
#define DEADLINE_MS   5000
#define OPTMEM        "net/core/optmem_max"
#define OPTMEM_MAX    131072u
#define SENTINEL      UINT32_MAX

/* How the sources lie. */
enum layout { IPV4, IPV6_OF_ONE_96, IPV6_UNRELATED, N_LAYOUTS };

static const struct {
	const char *name;
	int family;
	uint32_t n_expected; /* sources of one filter at least, with OPTMEM_MAX */
} layouts[N_LAYOUTS] = {
	[IPV4] = { "IPv4", AF_INET, 1000 },
	[IPV6_OF_ONE_96] = { "IPv6 of one /96", AF_INET6, 1000 },
	[IPV6_UNRELATED] = { "IPv6, unrelated", AF_INET6, 128 },
};

struct limit {
	struct tap tap;
	struct netns net;
	int wire;
	enum layout layout;
	struct sockaddr_storage group;
	struct sockaddr_storage sources[MAX_SOURCES + N_STRANGERS];
	struct msf *msf; /* with a limit that nothing reaches */
};

/* All that a refused request must leave alone. */
struct snapshot {
	uint32_t fmode;
	uint32_t numsrc;
	struct sockaddr_storage slist[MAX_SOURCES];
	struct sock_filter code[BPF_MAXINSNS];
	socklen_t n_code;
	char *memberships; /* owned */
};

/* Different for different i, and without order. */
static struct sockaddr_storage make_source(enum layout layout, uint32_t i)
{
	struct sockaddr_storage ss = { .ss_family = layouts[layout].family };
	struct sockaddr_in *sin = (void *)&ss;
	struct sockaddr_in6 *sin6 = (void *)&ss;
	uint32_t word = (i + 1) * 2654435761u;

	if (layout == IPV4) {
		sin->sin_addr.s_addr = htonl(0x0b000000u | word >> 8);
		return ss;
	}
	inet_pton(AF_INET6, "2001:db8::", &sin6->sin6_addr);
	for (unsigned int w = 0; w < 4; w++) {
		uint32_t part = htonl(w == 0 ? 0x20000000u | word >> 3 : word);

		if (layout == IPV6_UNRELATED || w == 3)
			memcpy(&sin6->sin6_addr.s6_addr[4 * w], &part, sizeof(part));
		word = word * 2246822519u + 1;
	}
	return ss;
}

static void choose(struct limit *self, enum layout layout)
{
	self->layout = layout;
	self->group = netns_group(layouts[layout].family, 0);
	for (uint32_t i = 0; i < MAX_SOURCES + N_STRANGERS; i++)
		self->sources[i] = make_source(layout, i);
}

static void end(struct limit *self, const char *what)
{
	tap_end(&self->tap, "%s: %s", layouts[self->layout].name, what);
}

static struct msf *open_context(uint32_t max_sources)
{
	struct msf_config *config;
	struct msf *msf;
	int r = msf_config_new(&config);

	if (r == 0)
		r = msf_config_set_backend(config, MSF_BACKEND_ASM);
	if (r == 0 && max_sources > 0)
		r = msf_config_set_max_sources(config, max_sources);
	if (r == 0)
		r = msf_new(&msf, config);
	if (r < 0)
		tap_bail_out("no context: %s", strerror(-r));
	msf_config_free(config);
	return msf;
}

static int open_receiver(const struct limit *self)
{
	int family = layouts[self->layout].family, space = RECEIVE_SPACE;
	struct sockaddr_in6 any = { .sin6_family = family, .sin6_port = htons(PORT) };
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	/* refused to those who are root in a user namespace only */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &space, sizeof(space));
	if (fd < 0 || bind(fd, (void *)&any, sizeof(any)) < 0)
		tap_bail_out("cannot make a receiver: %s", strerror(errno));
	return fd;
}

static int set(const struct limit *self, struct msf *msf, int fd, uint32_t fmode,
	       uint32_t n)
{
	return msf_set_filter(msf, fd, self->net.ifindex[0], (const void *)&self->group,
			      fmode, n, self->sources, 0);
}

static int join(const struct limit *self, struct msf *msf, int fd, uint32_t i)
{
	return msf_join_source(msf, fd, self->net.ifindex[0], (const void *)&self->group,
			       (const void *)&self->sources[i]);
}

static struct snapshot *snapshot_new(const struct limit *self, int fd)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	int r;

	if (snapshot == NULL)
		tap_bail_out("no memory");
	snapshot->numsrc = MAX_SOURCES;
	r = msf_get_filter(self->msf, fd, self->net.ifindex[0],
			   (const void *)&self->group, &snapshot->fmode,
			   &snapshot->numsrc, snapshot->slist);
	if (r < 0) {
		snapshot->fmode = (uint32_t)-r;
		snapshot->numsrc = 0;
	}
	snapshot->n_code = BPF_MAXINSNS;
	if (raw_getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, snapshot->code,
			   &snapshot->n_code) < 0)
		snapshot->n_code = 0;
	snapshot->memberships = netns_get_memberships();
	return snapshot;
}

static void snapshot_free(struct snapshot *snapshot)
{
	free(snapshot->memberships);
	free(snapshot);
}

/* Ends the snapshot. */
static void expect_unchanged(struct limit *self, int fd, struct snapshot *before,
			     const char *what)
{
	struct snapshot *after = snapshot_new(self, fd);

	tap_expect(&self->tap,
		   before->fmode == after->fmode && before->numsrc == after->numsrc &&
			   memcmp(before->slist, after->slist,
				  before->numsrc * sizeof(before->slist[0])) == 0,
		   "%s: the filter has changed", what);
	tap_expect(&self->tap,
		   before->n_code == after->n_code &&
			   memcmp(before->code, after->code,
				  before->n_code * sizeof(before->code[0])) == 0,
		   "%s: the program has changed", what);
	tap_expect(&self->tap, strcmp(before->memberships, after->memberships) == 0,
		   "%s: the memberships have changed", what);
	snapshot_free(before);
	snapshot_free(after);
}

static void expect_refused(struct limit *self, int fd, struct snapshot *before, int r,
			   int error, const char *what)
{
	tap_expect(&self->tap, r == -error, "%s: %s instead of %s", what, strerror(-r),
		   strerror(error));
	expect_unchanged(self, fd, before, what);
}

static int compare(const void *a, const void *b)
{
	const struct sockaddr_storage *x = a, *y = b;

	if (x->ss_family == AF_INET)
		return memcmp(&((const struct sockaddr_in *)x)->sin_addr,
			      &((const struct sockaddr_in *)y)->sin_addr, 4);
	return memcmp(&((const struct sockaddr_in6 *)x)->sin6_addr,
		      &((const struct sockaddr_in6 *)y)->sin6_addr, 16);
}

/* Is the filter the first n sources? */
static void expect_filter(struct limit *self, int fd, uint32_t fmode, uint32_t n)
{
	static struct sockaddr_storage list[MAX_SOURCES], wanted[MAX_SOURCES];
	uint32_t got_fmode = 9, got_n = MAX_SOURCES, n_wrong = 0;
	int r = msf_get_filter(self->msf, fd, self->net.ifindex[0],
			       (const void *)&self->group, &got_fmode, &got_n, list);

	tap_expect(&self->tap, r == 0 && got_fmode == fmode && got_n == n,
		   "%s, mode %u, %u sources instead of %u", strerror(-r), got_fmode,
		   got_n, n);
	memcpy(wanted, self->sources, n * sizeof(*wanted));
	qsort(wanted, n, sizeof(*wanted), compare);
	for (uint32_t i = 0; i < n && i < got_n; i++)
		n_wrong += compare(&wanted[i], &list[i]) != 0;
	tap_expect(&self->tap, n_wrong == 0, "%u wrong sources", n_wrong);
}

/* Packets */

static void send_from(struct limit *self, uint32_t source, uint32_t tag)
{
	struct sockaddr_storage to = self->group;
	struct inject_plan plan = { .from = &self->sources[source],
				    .to = &to,
				    .tag = tag };
	struct inject_frame frame, *batch = &frame;
	int r;

	((struct sockaddr_in *)&to)->sin_port = htons(PORT); /* sin6_port, too */
	inject_make(&frame, &plan);
	inject_set_stamp(&frame, 0);
	r = inject_send(self->wire, &batch, 1);
	if (r < 0)
		tap_bail_out("cannot send: %s", strerror(-r));
}

struct heard {
	uint32_t n_listed; /* of the first n sources */
	uint32_t n_others;
	bool is_over; /* the sentinel has come */
};

/* What is there. */
static void count_heard(int fd, uint32_t n, struct heard *heard)
{
	struct inject_payload payload;

	while (recv(fd, &payload, sizeof(payload), 0) == sizeof(payload)) {
		heard->is_over |= payload.tag == SENTINEL;
		heard->n_listed += payload.tag < n;
		heard->n_others += payload.tag >= n && payload.tag != SENTINEL;
	}
}

/* All of the first n are heard and nobody else; or the other way. */
static void expect_heard(struct limit *self, int fd, uint32_t fmode, uint32_t n)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	bool is_include = fmode == MCAST_INCLUDE;
	struct heard heard = { 0 };

	for (uint32_t i = 0; i < n + N_STRANGERS; i++) {
		send_from(self, i, i);
		if (i % N_AT_ONCE == 0)
			count_heard(fd, n, &heard);
	}
	send_from(self, is_include ? 0 : n, SENTINEL);
	do
		count_heard(fd, n, &heard);
	while (!heard.is_over && poll(&poller, 1, DEADLINE_MS) > 0);
	tap_expect(&self->tap, heard.is_over, "no sentinel");
	tap_expect(&self->tap,
		   heard.n_listed == (is_include ? n : 0) &&
			   heard.n_others == (is_include ? 0 : N_STRANGERS),
		   "%u of %u sources are heard, and %u others", heard.n_listed, n,
		   heard.n_others);
}

/* Sizes */

static void test_sizes(struct limit *self)
{
	static const uint32_t sizes[] = { 0, 1, 64, 128, 1000 };

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (uint32_t fmode = MCAST_EXCLUDE; fmode <= MCAST_INCLUDE; fmode++) {
			uint32_t n = sizes[i];
			int fd, r;

			if (n > layouts[self->layout].n_expected ||
			    (n == 0 && fmode == MCAST_INCLUDE))
				continue;
			fd = open_receiver(self);
			r = set(self, self->msf, fd, fmode, n);
			tap_expect(&self->tap, r == 0, "%u sources: %s", n, strerror(-r));
			if (r == 0) {
				expect_filter(self, fd, fmode, n);
				expect_heard(self, fd, fmode, n);
			}
			close(fd);
		}
	end(self, "lists of 0, 1, 64, 128 and 1,000 sources are held and obeyed");
}

static void expect_limit(struct limit *self, struct msf *msf, uint32_t max)
{
	int fd = open_receiver(self);
	int r = set(self, msf, fd, MCAST_INCLUDE, max + 1);

	expect_refused(self, fd, snapshot_new(self, fd), r, ENOBUFS, "a first set");
	r = set(self, msf, fd, MCAST_INCLUDE, max);
	tap_expect(&self->tap, r == 0, "%u sources: %s", max, strerror(-r));
	expect_filter(self, fd, MCAST_INCLUDE, max);
	expect_refused(self, fd, snapshot_new(self, fd), join(self, msf, fd, max),
		       ENOBUFS, "one source more");
	expect_refused(self, fd, snapshot_new(self, fd),
		       set(self, msf, fd, MCAST_INCLUDE, max + 1), ENOBUFS,
		       "one source more by a set");
	expect_refused(self, fd, snapshot_new(self, fd),
		       set(self, msf, fd, MCAST_EXCLUDE, max + 1), ENOBUFS,
		       "the other mode");
	close(fd);
}

static void test_number(struct limit *self)
{
	struct msf *msf = open_context(0);

	expect_limit(self, msf, 64);
	msf_free(msf);
	end(self, "64 sources are the limit unless it is raised");
	msf = open_context(100);
	expect_limit(self, msf, 100);
	msf_free(msf);
	setenv("MSF_MAX_SOURCES", "101", 1);
	msf = open_context(0);
	expect_limit(self, msf, 101);
	msf_free(msf);
	unsetenv("MSF_MAX_SOURCES");
	end(self, "msf_config_set_max_sources() and MSF_MAX_SOURCES move the limit");
}

/*
 * The largest list
 */

/* On a socket that is a member already: the membership takes some memory, too. */
static bool fits(const struct limit *self, uint32_t n)
{
	int fd = open_receiver(self);
	bool has_first = set(self, self->msf, fd, MCAST_EXCLUDE, 1) == 0;
	bool has_all = set(self, self->msf, fd, MCAST_INCLUDE, n) == 0;

	close(fd);
	return has_first && has_all;
}

static uint32_t find_largest(const struct limit *self)
{
	uint32_t low = 0, high = MAX_SOURCES;

	while (low + 1 < high) {
		uint32_t middle = (low + high) / 2;

		if (fits(self, middle))
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* From half the list to all of it, and what is refused there. */
static void expect_largest(struct limit *self, uint32_t n)
{
	int fd = open_receiver(self), r = set(self, self->msf, fd, MCAST_INCLUDE, n / 2);

	tap_expect(&self->tap, r == 0, "half the list: %s", strerror(-r));
	r = set(self, self->msf, fd, MCAST_INCLUDE, n);
	tap_expect(&self->tap, r == 0, "the largest list after half of it: %s",
		   strerror(-r));
	expect_filter(self, fd, MCAST_INCLUDE, n);
	expect_heard(self, fd, MCAST_INCLUDE, n);
	expect_refused(self, fd, snapshot_new(self, fd),
		       set(self, self->msf, fd, MCAST_INCLUDE, MAX_SOURCES), ENOBUFS,
		       "a much longer list");
	expect_refused(self, fd, snapshot_new(self, fd),
		       set(self, self->msf, fd, MCAST_INCLUDE, n + 1), ENOBUFS,
		       "one source more");
	r = msf_leave_source(self->msf, fd, self->net.ifindex[0],
			     (const void *)&self->group, (const void *)&self->sources[0]);
	tap_expect(&self->tap, r == 0, "one source less: %s", strerror(-r));
	r = msf_leave_group(self->msf, fd, self->net.ifindex[0],
			    (const void *)&self->group);
	tap_expect(&self->tap, r == 0, "leave: %s", strerror(-r));
	close(fd);
}

static void test_largest(struct limit *self, uint32_t optmem, uint32_t n_expected)
{
	char what[80];
	uint32_t n;

	if (netns_set_sysctl(OPTMEM, optmem) < 0) {
		tap_skip(&self->tap, OPTMEM " cannot be set");
	} else {
		n = find_largest(self);
		tap_comment("%s, optmem_max %u: %u sources", layouts[self->layout].name,
			    optmem, n);
		tap_expect(&self->tap, n >= n_expected, "%u sources", n);
		expect_largest(self, n);
	}
	netns_set_sysctl(OPTMEM, OPTMEM_MAX);
	snprintf(what, sizeof(what), "optmem_max %u: the largest list, and no more",
		 optmem);
	end(self, what);
}

/*
 * Programs that are not ours to change
 */

static void test_locked(struct limit *self)
{
	int fd = open_receiver(self), on = 1;

	raw_setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on));
	expect_refused(self, fd, snapshot_new(self, fd), join(self, self->msf, fd, 0),
		       EPERM, "a first join");
	close(fd);
	fd = open_receiver(self);
	tap_expect(&self->tap, set(self, self->msf, fd, MCAST_INCLUDE, 3) == 0, "set");
	raw_setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on));
	expect_refused(self, fd, snapshot_new(self, fd), join(self, self->msf, fd, 9),
		       EPERM, "one source more");
	expect_refused(self, fd, snapshot_new(self, fd),
		       msf_leave_group(self->msf, fd, self->net.ifindex[0],
				       (const void *)&self->group),
		       EPERM, "leave");
	expect_heard(self, fd, MCAST_INCLUDE, 3);
	close(fd);
	end(self, "under SO_LOCK_FILTER the filter stays as it is");
}

static void test_ebpf(struct limit *self)
{
	int program = ebpf_load(), fd = open_receiver(self), r;

	if (program < 0) {
		tap_comment("bpf: %s", strerror(-program));
		tap_skip(&self->tap, "no eBPF program can be loaded");
	} else {
		raw_setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program));
		expect_refused(self, fd, snapshot_new(self, fd),
			       join(self, self->msf, fd, 0), EBUSY, "a first join");
		close(program);
	}
	r = raw_setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &program, sizeof(program));
	tap_expect(&self->tap, r == 0 || program < 0, "the program has gone");
	close(fd);
	end(self, "beside an eBPF program of the application nothing is joined");
}

static void limit_init(struct limit *self)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	netns_init(&self->net);
	netns_set_sysctl("net/ipv4/conf/all/rp_filter", 0);
	netns_set_sysctl("net/ipv4/conf/m0/rp_filter", 0);
	/* one CPU: what is sent last is received last */
	CPU_ZERO(&set);
	CPU_SET(cpu < 0 ? 0 : cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	self->wire = inject_open(if_nametoindex("m0p"));
	if (self->wire < 0)
		tap_bail_out("m0p: %s", strerror(-self->wire));
	self->msf = open_context(MAX_SOURCES);
}

int main(void)
{
	static struct limit self;

	limit_init(&self);
	for (enum layout layout = 0; layout < N_LAYOUTS; layout++) {
		choose(&self, layout);
		test_sizes(&self);
		test_number(&self);
		test_largest(&self, OPTMEM_MAX, layouts[layout].n_expected);
		test_largest(&self, 20480, 128);
		test_largest(&self, 10240, 64);
		test_locked(&self);
		test_ebpf(&self);
	}
	msf_free(self.msf);
	close(self.wire);
	return tap_finish(&self.tap);
}
