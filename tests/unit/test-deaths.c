/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Deaths of real sockets, told by the kernel, and as on kernels that tell less. The clock
 * of msfd (clock_gettime, linked with -Wl,--wrap) can be put forward.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "heap.h"
#include "msfd/clock.h"
#include "msfd/deaths.h"
#include "netns.h"
#include "tap.h"

/* Deaths are noticed within a second; so much more on a busy machine. */
#define PATIENCE_MS 5000
#define TICK_MS     5
#define OVERRUN_MS  20000

#define CLIENT       1u
#define OTHER_CLIENT 2u

int __real_clock_gettime(clockid_t id, struct timespec *ret);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret);

static time_t n_seconds_ahead; /* a clock gets no argument of ours */

int __wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
	int r = __real_clock_gettime(id, ret);

	if (id == CLOCK_MSFD)
		ret->tv_sec += n_seconds_ahead;
	return r;
}

struct rig {
	struct tap *tap;
	struct loop *loop;
	struct loop_source tick;
	struct engine *engine;
	struct limits limits;
	struct holdings *holdings;
	struct deaths *deaths;
	unsigned int n_changes;
	uint64_t awaited; /* cookie */
	int n_ticks;      /* left */
};

static uint32_t draw(void *context)
{
	(void)context;
	return 5;
}

static void note_change(void *context)
{
	((struct rig *)context)->n_changes++;
}

static void rig_init(struct rig *rig, struct tap *tap, unsigned int lack)
{
	struct engine_config config = { .resize = heap_resize, .draw = draw };
	struct engine_interface interface = { .ifindex = 1, .mtu = 1500 };

	*rig = (struct rig){ .tap = tap, .tick = LOOP_SOURCE_INIT };
	limits_init(&rig->limits);
	if (loop_new(&rig->loop) < 0 || engine_new(&rig->engine, &config) < 0 ||
	    engine_set_interface(rig->engine, &interface, 0) < 0 ||
	    holdings_new(&rig->holdings, rig->engine, &rig->limits) < 0 ||
	    deaths_new_lacking(&rig->deaths, rig->loop, rig->holdings, note_change, rig,
			       lack) < 0)
		tap_bail_out("the rig cannot be made: %s", strerror(errno));
	n_seconds_ahead = 0;
}

static void rig_fini(struct rig *rig)
{
	deaths_free(rig->deaths);
	holdings_free(rig->holdings);
	engine_free(rig->engine);
	loop_free(rig->loop);
}

static void hold_as(struct rig *rig, const struct holdings_socket *socket,
		    uint64_t client)
{
	struct holdings_teller teller = { client, 1, 7 };
	struct filter any = { .mode = FILTER_EXCLUDE };
	struct addr group = addr_from_ipv4(0xe8010101u);

	tap_expect(rig->tap,
		   holdings_set(rig->holdings, socket, &teller, 1, group, &any, 1,
				clock_now()) == MESSAGE_DONE,
		   "cannot be held");
}

/* Tells of a membership, as a client does. Returns the cookie. */
static uint64_t hold(struct rig *rig, int fd, uint64_t client)
{
	struct holdings_socket socket = { 0 };

	tap_expect(rig->tap, deaths_identify(rig->deaths, fd, &socket) == MESSAGE_DONE,
		   "not identified");
	hold_as(rig, &socket, client);
	return socket.cookie;
}

static bool is_alive(const struct rig *rig, uint64_t cookie)
{
	return holdings_has_socket(rig->holdings, cookie);
}

static int tick(void *data)
{
	struct rig *rig = data;

	return !is_alive(rig, rig->awaited) || rig->n_ticks-- == 0;
}

/* Has the death been noticed in time? */
static bool await(struct rig *rig, uint64_t cookie)
{
	rig->awaited = cookie;
	rig->n_ticks = PATIENCE_MS / TICK_MS;
	loop_add_timer(rig->loop, &rig->tick, TICK_MS, TICK_MS, tick, rig);
	loop_run(rig->loop);
	loop_del(rig->loop, &rig->tick);
	return !is_alive(rig, cookie);
}

static unsigned int count_timers(void)
{
	char path[32], target[64];
	unsigned int n = 0;

	for (int fd = 0; fd < 64; fd++) {
		ssize_t len;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		len = readlink(path, target, sizeof(target));
		n += len > 0 && memmem(target, (size_t)len, "timerfd", 7);
	}
	return n;
}

static int tick_quiet(void *data)
{
	struct rig *rig = data;

	return count_timers() == 1 || rig->n_ticks-- == 0;
}

/* Is there no other timer but that one any more? */
static bool await_quiet(struct rig *rig)
{
	rig->n_ticks = PATIENCE_MS / TICK_MS;
	loop_add_timer(rig->loop, &rig->tick, TICK_MS, TICK_MS, tick_quiet, rig);
	loop_run(rig->loop);
	loop_del(rig->loop, &rig->tick);
	return count_timers() == 0;
}

struct kind {
	const char *name;
	int family, type, protocol;
};

static const struct kind kinds[] = {
	{ "UDP", AF_INET, SOCK_DGRAM, IPPROTO_UDP },
	{ "UDP of IPv6", AF_INET6, SOCK_DGRAM, IPPROTO_UDP },
	{ "UDP-Lite", AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE },
	{ "UDP-Lite of IPv6", AF_INET6, SOCK_DGRAM, IPPROTO_UDPLITE },
	{ "ping", AF_INET, SOCK_DGRAM, IPPROTO_ICMP },
	{ "ping of IPv6", AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6 },
	{ "raw", AF_INET, SOCK_RAW, 200 },
	{ "raw of IPv6", AF_INET6, SOCK_RAW, 200 },
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static int open_socket(const struct kind *kind)
{
	return socket(kind->family, kind->type | SOCK_CLOEXEC, kind->protocol);
}

static void bind_socket(int fd, int family)
{
	struct sockaddr_in6 address = { .sin6_family = (sa_family_t)family };
	socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(address);

	if (bind(fd, (struct sockaddr *)&address, len) < 0)
		tap_bail_out("bind: %s", strerror(errno));
}

static int open_bound(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	bind_socket(fd, family);
	return fd;
}

static const struct mode {
	const char *word;
	unsigned int lack;
	const char *name;
} modes[] = {
	{ "told", 0, "as the kernel tells" },
	{ "polled", DEATHS_LACK_NOTIFICATIONS, "without notifications" },
	{ "read", DEATHS_LACK_SOCK_DIAG, "without sock_diag" },
};

#define N_MODES (sizeof(modes) / sizeof(modes[0]))

/*
 * Deaths
 */

struct pair {
	int dies, lives;
	uint64_t cookies[2];
};

static bool open_pair(struct rig *rig, const struct kind *kind, struct pair *ret)
{
	ret->dies = open_socket(kind);
	ret->lives = open_socket(kind);
	if (ret->dies < 0) {
		tap_comment("%s: %s", kind->name, strerror(errno));
		return false;
	}
	if (kind->type != SOCK_RAW) {
		bind_socket(ret->dies, kind->family);
		bind_socket(ret->lives, kind->family);
	}
	ret->cookies[0] = hold(rig, ret->dies, CLIENT);
	ret->cookies[1] = hold(rig, ret->lives, CLIENT);
	return true;
}

static void test_kinds(struct tap *tap, const struct mode *mode)
{
	struct pair pairs[N_KINDS];
	bool is_open[N_KINDS];
	struct rig rig;

	rig_init(&rig, tap, mode->lack);
	for (size_t i = 0; i < N_KINDS; i++)
		is_open[i] = open_pair(&rig, &kinds[i], &pairs[i]);
	for (size_t i = 0; i < N_KINDS; i++)
		close(pairs[i].dies);
	for (size_t i = 0; i < N_KINDS; i++)
		tap_expect(tap, !is_open[i] || await(&rig, pairs[i].cookies[0]),
			   "%s lives on", kinds[i].name);
	tap_expect(tap, rig.n_changes > 0, "nobody was told");
	for (size_t i = 0; i < N_KINDS; i++) {
		tap_expect(tap, !is_open[i] || is_alive(&rig, pairs[i].cookies[1]),
			   "%s is open and ended", kinds[i].name);
		close(pairs[i].lives);
	}
	for (size_t i = 0; i < N_KINDS; i++)
		tap_expect(tap, !is_open[i] || await(&rig, pairs[i].cookies[1]),
			   "%s lives on, the second", kinds[i].name);
	tap_expect(tap, await_quiet(&rig), "somebody polls");
	rig_fini(&rig);
	tap_end(tap,
		"%s: closed sockets of each kind end, those that are open stay; with the "
		"last one polling ends",
		mode->name);
}

static int wait_for_pipe(int fd)
{
	char byte;

	return read(fd, &byte, 1) == 1 ? 0 : -1;
}

/* A child that has all that this process has, until it is killed. */
static pid_t start_child(void)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		tap_bail_out("pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		(void)!write(ends[1], "", 1);
		for (;;)
			pause();
	}
	if (pid < 0 || wait_for_pipe(ends[0]) < 0)
		tap_bail_out("fork: %s", strerror(errno));
	close(ends[0]);
	close(ends[1]);
	return pid;
}

static void kill_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_shared(struct tap *tap, const struct mode *mode)
{
	struct rig rig;
	int fd, other;
	uint64_t cookie, control;
	pid_t pid;

	rig_init(&rig, tap, mode->lack);
	fd = open_bound(AF_INET6);
	cookie = hold(&rig, fd, CLIENT);
	pid = start_child();
	close(fd);
	other = open_bound(AF_INET);
	control = hold(&rig, other, CLIENT);
	close(other);
	tap_expect(tap, await(&rig, control), "the control lives on");
	tap_expect(tap, is_alive(&rig, cookie), "the child has it still");
	kill_child(pid);
	tap_expect(tap, await(&rig, cookie), "it lives on");
	rig_fini(&rig);
	tap_end(tap, "%s: a socket that a child has lives until that is killed",
		mode->name);
}

static void test_bound_later(struct tap *tap, const struct mode *mode)
{
	struct rig rig;
	int fd, other;
	uint64_t cookie, control;

	rig_init(&rig, tap, mode->lack);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cookie = hold(&rig, fd, CLIENT);
	bind_socket(fd, AF_INET);
	other = open_bound(AF_INET);
	control = hold(&rig, other, CLIENT);
	close(other);
	tap_expect(tap, await(&rig, control), "the control lives on");
	close(fd);
	tap_expect(tap, await(&rig, cookie), "it lives on");
	rig_fini(&rig);
	tap_end(tap, "%s: a socket that is bound after it joined ends", mode->name);
}

static void test_unbound_told(struct tap *tap)
{
	struct rig rig;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie;

	rig_init(&rig, tap, 0);
	tap_expect(tap, deaths_is_told(rig.deaths), "the kernel does not tell");
	cookie = hold(&rig, fd, CLIENT);
	deaths_forget_client(rig.deaths, CLIENT);
	holdings_forget_client(rig.holdings, CLIENT);
	tap_expect(tap, is_alive(&rig, cookie), "ended with its client");
	close(fd);
	tap_expect(tap, await(&rig, cookie), "it lives on");
	rig_fini(&rig);
	tap_end(tap, "the kernel tells of sockets that are not bound: they outlive their "
		     "client");
}

/* A journal's socket that was told of again is as certain as any other. */
static void test_doubt(struct tap *tap)
{
	struct holdings_socket socket_;
	struct rig rig;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie;

	rig_init(&rig, tap, 0);
	deaths_identify(rig.deaths, fd, &socket_);
	hold_as(&rig, &socket_, 0);
	deaths_check(rig.deaths);
	tap_expect(tap, holdings_is_doubtful(rig.holdings, socket_.cookie), "no doubt");
	cookie = hold(&rig, fd, CLIENT);
	tap_expect(tap, !holdings_is_doubtful(rig.holdings, cookie), "still in doubt");
	deaths_forget_client(rig.deaths, CLIENT);
	holdings_forget_client(rig.holdings, CLIENT);
	tap_expect(tap, is_alive(&rig, cookie), "ended with its client");
	close(fd);
	tap_expect(tap, await(&rig, cookie), "it lives on");
	rig_fini(&rig);
	tap_end(tap,
		"a journal's unbound socket that is told of again outlives its client");
}

static void test_unbound(struct tap *tap)
{
	struct rig rig;
	int fd, bound, shared, late;
	uint64_t cookies[4];

	rig_init(&rig, tap, DEATHS_LACK_NOTIFICATIONS);
	tap_expect(tap, !deaths_is_told(rig.deaths), "the kernel tells");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	shared = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	late = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bound = open_bound(AF_INET);
	cookies[0] = hold(&rig, fd, CLIENT);
	cookies[1] = hold(&rig, bound, CLIENT);
	cookies[2] = hold(&rig, shared, OTHER_CLIENT);
	cookies[3] = hold(&rig, late, CLIENT);
	bind_socket(late, AF_INET);
	deaths_forget_client(rig.deaths, CLIENT);
	holdings_forget_client(rig.holdings, CLIENT);
	tap_expect(tap, !is_alive(&rig, cookies[0]), "it outlives its client");
	tap_expect(tap, is_alive(&rig, cookies[1]), "the bound one ended");
	tap_expect(tap, is_alive(&rig, cookies[2]), "another client's ended");
	tap_expect(tap, is_alive(&rig, cookies[3]), "one that is bound by now ended");
	tap_expect(tap, rig.n_changes == 1, "changed() %u times", rig.n_changes);
	close(bound);
	tap_expect(tap, await(&rig, cookies[1]), "the bound one lives on");
	close(fd);
	close(shared);
	close(late);
	rig_fini(&rig);
	tap_end(tap, "without notifications an unbound socket ends with its client, a "
		     "bound one does not");
}

/* Sockets die faster than anybody reads of it. */
static unsigned int count_drops(void)
{
	FILE *file = fopen("/proc/thread-self/net/netlink", "re");
	unsigned int n, sum = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s 4 %*s %*s %*s %*s %*s %*s %u", &n) == 1)
			sum += n;
	}
	if (file)
		fclose(file);
	return sum;
}

/* More than fits in the buffer. Those who write the messages may be seconds behind. */
static void overrun(void)
{
	for (unsigned int i = 0; i < OVERRUN_MS / TICK_MS && count_drops() == 0; i++) {
		for (unsigned int j = 0; i < 60 && j < 1000; j++)
			close(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
		poll(NULL, 0, TICK_MS);
	}
}

static void test_overrun(struct tap *tap)
{
	struct rig rig;
	int fd, stays;
	uint64_t cookie, kept;

	rig_init(&rig, tap, 0);
	fd = open_bound(AF_INET);
	stays = open_bound(AF_INET6);
	cookie = hold(&rig, fd, CLIENT);
	kept = hold(&rig, stays, CLIENT);
	overrun();
	tap_expect(tap, count_drops() > 0, "nothing was lost");
	close(fd);
	tap_expect(tap, await(&rig, cookie), "it lives on");
	tap_expect(tap, is_alive(&rig, kept), "the living one ended");
	close(stays);
	tap_expect(tap, await(&rig, kept), "afterwards nothing is noticed");
	rig_fini(&rig);
	tap_end(tap, "deaths whose messages were lost are noticed");
}

/*
 * After a restart
 */

static void test_journal(struct tap *tap, const struct mode *mode)
{
	struct holdings_socket gone = { .family = AF_INET,
					.type = SOCK_DGRAM,
					.protocol = IPPROTO_UDP,
					.is_listed = true };
	struct holdings_socket lives = gone, raw;
	struct rig rig;
	int fd = open_bound(AF_INET), raw_fd = socket(AF_INET, SOCK_RAW, 200);

	rig_init(&rig, tap, mode->lack);
	deaths_identify(rig.deaths, fd, &lives);
	deaths_identify(rig.deaths, raw_fd, &raw);
	gone.cookie = lives.cookie + 1000000;
	gone.inode = lives.inode + 1000000;
	hold_as(&rig, &gone, 0);
	hold_as(&rig, &lives, 0);
	hold_as(&rig, &raw, 0);
	tap_expect(tap, deaths_check(rig.deaths) == 0, "the check failed");
	tap_expect(tap, !is_alive(&rig, gone.cookie), "the dead one is held");
	tap_expect(tap, is_alive(&rig, lives.cookie), "the living one is not");
	tap_expect(tap, is_alive(&rig, raw.cookie), "the raw one is not");
	tap_expect(tap, rig.n_changes == 1, "changed() %u times", rig.n_changes);
	close(fd);
	close(raw_fd);
	tap_expect(tap, await(&rig, lives.cookie), "it lives on");
	tap_expect(tap, await(&rig, raw.cookie), "the raw one lives on");
	rig_fini(&rig);
	tap_end(tap, "%s: of a journal's bound sockets those that are gone end at once",
		mode->name);
}

static void test_grace(struct tap *tap, const struct mode *mode)
{
	struct holdings_socket unheard = { .cookie = UINT64_MAX / 2,
					   .inode = 1,
					   .family = AF_INET,
					   .type = SOCK_DGRAM,
					   .protocol = IPPROTO_UDP };
	struct holdings_socket heard;
	struct rig rig;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	rig_init(&rig, tap, mode->lack);
	deaths_identify(rig.deaths, fd, &heard);
	hold_as(&rig, &unheard, 0);
	hold_as(&rig, &heard, 0);
	deaths_check(rig.deaths);
	hold(&rig, fd, CLIENT);
	tap_expect(tap, is_alive(&rig, unheard.cookie), "it was given no time");
	n_seconds_ahead = DEATHS_GRACE_MS / 1000 + 1;
	tap_expect(tap, await(&rig, unheard.cookie), "it lives on");
	tap_expect(tap, is_alive(&rig, heard.cookie), "the one that was told of ended");
	close(fd);
	rig_fini(&rig);
	tap_end(tap,
		"%s: a journal's unbound socket that nobody tells of ends after a while",
		mode->name);
}

/*
 * Descriptors
 */

static void expect_reason(struct rig *rig, int fd, enum message_reason expected,
			  const char *what)
{
	struct holdings_socket socket = { .cookie = 1 };
	enum message_reason reason = deaths_identify(rig->deaths, fd, &socket);

	tap_expect(rig->tap, reason == expected, "%s: %u", what, reason);
	if (expected != MESSAGE_DONE)
		tap_expect(rig->tap, socket.cookie == 1, "%s: touched", what);
	close(fd);
}

static void test_descriptors(struct tap *tap)
{
	struct holdings_socket socket_ = { 0 };
	struct stat status;
	struct rig rig;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	rig_init(&rig, tap, 0);
	expect_reason(&rig, open("/dev/null", O_RDONLY | O_CLOEXEC), MESSAGE_NO_SOCKET,
		      "a file");
	expect_reason(&rig, socket(AF_INET, SOCK_STREAM, 0), MESSAGE_OTHER_SOCKET, "TCP");
	expect_reason(&rig, socket(AF_UNIX, SOCK_DGRAM, 0), MESSAGE_OTHER_SOCKET, "Unix");
	expect_reason(&rig, socket(AF_INET, SOCK_RAW, 200), MESSAGE_DONE, "raw");
	fstat(fd, &status);
	tap_expect(tap, deaths_identify(rig.deaths, fd, &socket_) == MESSAGE_DONE, "UDP");
	tap_expect(tap,
		   socket_.cookie && socket_.inode == status.st_ino &&
			   socket_.family == AF_INET6 && socket_.type == SOCK_DGRAM &&
			   socket_.protocol == IPPROTO_UDP && !socket_.is_listed,
		   "it is told otherwise");
	bind_socket(fd, AF_INET6);
	deaths_identify(rig.deaths, fd, &socket_);
	tap_expect(tap, socket_.is_listed, "bound and not said to be");
	close(fd);
	rig_fini(&rig);
	tap_end(tap, "a descriptor is told what it is, and refused if it carries no "
		     "datagrams");
}

/* A socket of a namespace that nobody else is in. */
static int open_elsewhere(bool is_bound)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), fd;

	if (home < 0 || unshare(CLONE_NEWNET) < 0)
		tap_bail_out("namespace: %s", strerror(errno));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (is_bound)
		bind_socket(fd, AF_INET);
	if (setns(home, CLONE_NEWNET) < 0)
		tap_bail_out("setns: %s", strerror(errno));
	close(home);
	return fd;
}

static void test_elsewhere(struct tap *tap, unsigned int lack, const char *how)
{
	struct rig rig;
	bool has_cookie = !(lack & DEATHS_LACK_NETNS_COOKIE);

	rig_init(&rig, tap, lack);
	expect_reason(&rig, open_elsewhere(true), MESSAGE_OTHER_NAMESPACE, "bound");
	expect_reason(&rig, open_elsewhere(false),
		      has_cookie ? MESSAGE_OTHER_NAMESPACE : MESSAGE_DONE, "unbound");
	expect_reason(&rig, open_bound(AF_INET), MESSAGE_DONE, "ours");
	expect_reason(&rig, open_bound(AF_INET6), MESSAGE_DONE, "ours, IPv6");
	expect_reason(&rig, socket(AF_INET6, SOCK_RAW, 200), MESSAGE_DONE, "ours, raw");
	expect_reason(&rig, socket(AF_INET, SOCK_DGRAM, 0), MESSAGE_DONE,
		      "ours, unbound");
	rig_fini(&rig);
	tap_end(tap, "%s a socket of another namespace is refused", how);
}

/*
 * Scale
 */

static void test_many(struct tap *tap, const struct mode *mode)
{
	struct rlimit limit = { 4096, 4096 };
	struct timespec begin, end;
	uint64_t last = 0;
	unsigned int n = 2000;
	int *fds = calloc(n, sizeof(*fds));
	struct rig rig;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	rig_init(&rig, tap, mode->lack);
	for (unsigned int i = 0; i < n; i++) {
		fds[i] = open_bound(i % 2 ? AF_INET : AF_INET6);
		last = hold(&rig, fds[i], CLIENT + i % 50);
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (unsigned int i = 0; i < n; i++)
		close(fds[i]);
	tap_expect(tap, await(&rig, last), "the last one lives on");
	clock_gettime(CLOCK_MONOTONIC, &end);
	tap_expect(tap, holdings_get_usage(rig.holdings).groups == 0, "%u live on",
		   holdings_get_usage(rig.holdings).groups);
	tap_comment("%s: %u deaths in %.3f s", mode->name, n,
		    (double)(end.tv_sec - begin.tv_sec) +
			    (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
	rig_fini(&rig);
	free(fds);
	tap_end(tap, "%s: 2,000 sockets that close at once end", mode->name);
}

static void allow_ping(void)
{
	int fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, "0 0", 3);
	close(fd);
}

static void test_mode(struct tap *tap, const struct mode *mode)
{
	test_kinds(tap, mode);
	test_shared(tap, mode);
	test_bound_later(tap, mode);
	test_journal(tap, mode);
	test_grace(tap, mode);
	test_many(tap, mode);
}

static void test_rest(struct tap *tap)
{
	test_unbound_told(tap);
	test_doubt(tap);
	test_unbound(tap);
	test_overrun(tap);
	test_descriptors(tap);
	test_elsewhere(tap, 0, "by its cookie");
	test_elsewhere(tap, DEATHS_LACK_NETNS_COOKIE, "without SO_NETNS_COOKIE, bound,");
	test_elsewhere(tap, DEATHS_LACK_NETNS_COOKIE | DEATHS_LACK_SOCK_DIAG,
		       "by the lists in /proc, bound,");
}

/* The argument: a mode, or "rest"; without one everything. */
int main(int argc, char **argv)
{
	struct tap tap = { 0 };
	struct netns net;

	netns_init(&net);
	allow_ping();
	for (size_t i = 0; i < N_MODES; i++) {
		if (argc < 2 || strcmp(argv[1], modes[i].word) == 0)
			test_mode(&tap, &modes[i]);
	}
	if (argc < 2 || strcmp(argv[1], "rest") == 0)
		test_rest(&tap);
	return tap_finish(&tap);
}
