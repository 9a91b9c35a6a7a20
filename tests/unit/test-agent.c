/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a process tells msfd: here msfd is one that does what the test says, and sockets
 * hold what the test says, too. The ASM backend with its own reader is in
 * tests/kernel/asm-agent.c.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "fake-agent.h"
#include "tap.h"

#define SOCKETS_MAX 400u
#define N_FORKS     100u
#define SLACK_MS    200u /* for a loaded machine */

/* What the sockets of the test hold: one membership or none. */
static struct {
	pthread_mutex_t lock;
	uint32_t n;
	struct {
		uint64_t inode;
		struct agent_membership membership;
	} entries[SOCKETS_MAX];
} held = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct scene {
	struct tap tap;
	struct fake_agent *agent;
};

static uint64_t get_inode(int fd)
{
	struct stat st = { 0 };

	fstat(fd, &st);
	return st.st_ino;
}

static uint64_t get_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/*
 * The reader
 */

/* While there is no memory, nothing can be read. */
static struct {
	atomic_bool is_none;
	atomic_uint n_asked;
} memory;

/* The folder of descriptors that the thread reads, once. */
static atomic_bool closes_folder;

static void close_folder(void)
{
	char path[64], target[64];

	for (int i = 3; i < 4096; i++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", i);
		n = readlink(path, target, sizeof(target));
		if (n > 3 && n < (ssize_t)sizeof(target) &&
		    !memcmp(target + n - 3, "/fd", 3))
			close(i);
	}
}

static int read_held(int fd, struct agent_membership **ret)
{
	uint64_t inode = get_inode(fd);
	int n = -ENOENT;

	if (atomic_load(&memory.is_none)) {
		atomic_fetch_add(&memory.n_asked, 1);
		return -ENOMEM;
	}
	if (atomic_exchange(&closes_folder, false))
		close_folder();
	pthread_mutex_lock(&held.lock);
	for (uint32_t i = 0; i < held.n; i++) {
		if (held.entries[i].inode != inode)
			continue;
		n = held.entries[i].membership.filter.mode != FILTER_NONE;
		*ret = n ? malloc(sizeof(**ret)) : NULL;
		if (*ret)
			**ret = held.entries[i].membership;
	}
	pthread_mutex_unlock(&held.lock);
	return n;
}

static void release(struct agent_membership *memberships, int n)
{
	(void)n;
	free(memberships);
}

static const struct agent_reader reader = { read_held, release };

static void hold(uint64_t inode, const struct filter *filter)
{
	struct agent_membership membership = { 1, addr_from_ipv4(0xe8010101), *filter };
	uint32_t i = 0;

	pthread_mutex_lock(&held.lock);
	while (i < held.n && held.entries[i].inode != inode)
		i++;
	if (i == held.n)
		held.n++;
	held.entries[i].inode = inode;
	held.entries[i].membership = membership;
	pthread_mutex_unlock(&held.lock);
}

/*
 * Sockets
 */

static int open_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

/* The socket has that filter, and the agent at the path is told. */
static int tell_at(const char *path, int fd, enum filter_mode mode)
{
	struct filter filter = { .mode = mode };
	struct agent_change change = {
		.path = path,
		.reader = &reader,
		.fd = fd,
		.inode = get_inode(fd),
		.ifindex = 1,
		.group = addr_from_ipv4(0xe8010101),
		.filter = &filter,
	};
	int r;

	hold(change.inode, &filter);
	r = agent_tell(&change);
	if (r < 0)
		hold(change.inode, &(struct filter){ .mode = FILTER_NONE });
	return r;
}

static int tell(const struct scene *scene, int fd, enum filter_mode mode)
{
	return tell_at(fake_agent_get_path(scene->agent), fd, mode);
}

static const struct fake_note *wait_for(const struct scene *scene, uint32_t from,
					enum message_type type, int fd)
{
	return fake_agent_wait(scene->agent, from, type, get_inode(fd), 0);
}

static unsigned int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned int n = 0;

	if (!dir)
		tap_bail_out("%s: %s", path, strerror(errno));
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* Those of the agent, by their name: a sanitizer has one, too. */
static unsigned int count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	char path[64], name[16] = "";
	const struct dirent *at;
	unsigned int n = 0;
	FILE *comm;

	if (!dir)
		tap_bail_out("/proc/self/task: %s", strerror(errno));
	while ((at = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/self/task/%.16s/comm", at->d_name);
		comm = fopen(path, "r");
		if (comm && fgets(name, sizeof(name), comm))
			n += !strcmp(name, "msf-agent\n");
		if (comm)
			fclose(comm);
	}
	closedir(dir);
	return n;
}

/* It gives itself its name. */
static bool is_one_thread(void *context)
{
	(void)context;
	return count_threads() == 1;
}

static unsigned int count_descriptors(void)
{
	return count_entries("/proc/self/fd") - 3;
}

/*
 * Tests
 */

static void test_off(struct scene *scene)
{
	struct tap *tap = &scene->tap;
	unsigned int n = count_descriptors();
	int fd = open_socket();

	tap_expect(tap, tell_at("off", fd, FILTER_EXCLUDE) == 0, "refused");
	tap_expect(tap, count_threads() == 0, "%u threads", count_threads());
	tap_expect(tap, count_descriptors() == n + 1, "descriptors");
	tap_expect(tap, agent_find("off") == AGENT_OFF, "found");
	tap_end(tap, "an agent that is off costs neither a thread nor a descriptor");
	close(fd);
}

static void test_absent(struct scene *scene)
{
	struct tap *tap = &scene->tap;
	const char *path = fake_agent_get_path(scene->agent);
	int fd = open_socket();
	uint64_t start = get_ms();

	tap_expect(tap, agent_find(path) == AGENT_ABSENT, "found");
	for (int i = 0; i < 1000; i++)
		tap_expect(tap, tell(scene, fd, FILTER_EXCLUDE) == 0, "refused");
	tap_expect(tap, get_ms() - start < 1000, "%ju ms", (uintmax_t)(get_ms() - start));
	tap_expect(tap, fake_wait_for(is_one_thread, NULL), "%u threads",
		   count_threads());
	tap_end(tap, "without an agent requests succeed at once, and one thread waits");
	fake_agent_start(scene->agent);
	tap_expect(tap, wait_for(scene, 0, MESSAGE_SET, fd), "never told");
	tap_expect(tap, wait_for(scene, 0, MESSAGE_SETTLE, fd), "never settled");
	tap_end(tap, "an agent that comes later is told then");
	close(fd);
}

static void test_told(struct scene *scene)
{
	struct tap *tap = &scene->tap;
	uint32_t from = fake_agent_count_notes(scene->agent);
	const struct fake_note *note;
	int fd = open_socket();

	tap_expect(tap, tell(scene, fd, FILTER_EXCLUDE) == 0, "refused");
	note = fake_agent_get_note(scene->agent, from);
	tap_expect(tap,
		   fake_agent_count_notes(scene->agent) == from + 1 &&
			   note->type == MESSAGE_SET && note->inode == get_inode(fd) &&
			   note->ifindex == 1 && note->mode == FILTER_EXCLUDE,
		   "not as it was told");
	tap_end(tap, "a change is told before the request ends, with the socket");
	tap_expect(tap, agent_find(fake_agent_get_path(scene->agent)) == AGENT_PRESENT,
		   "not found");
	tap_end(tap, "an agent that answers is found");
	close(fd);
}

static void test_refused(struct scene *scene)
{
	struct tap *tap = &scene->tap;
	int fd = open_socket();

	fake_agent_set_reason(scene->agent, MESSAGE_USER_GROUPS);
	tap_expect(tap, tell(scene, fd, FILTER_EXCLUDE) == -ENOBUFS, "not ENOBUFS");
	fake_agent_set_reason(scene->agent, MESSAGE_OTHER_NAMESPACE);
	tap_expect(tap, tell(scene, fd, FILTER_EXCLUDE) == -EXDEV, "not EXDEV");
	tap_end(tap, "what the agent refuses is refused, with its errno");
	tap_expect(tap, tell(scene, fd, FILTER_NONE) == 0, "refused");
	tap_end(tap, "leaving is never refused");
	fake_agent_set_reason(scene->agent, MESSAGE_NO_INTERFACE);
	tap_expect(tap, tell(scene, fd, FILTER_EXCLUDE) == 0, "refused");
	tap_end(tap, "an interface that only the agent does not know is no reason");
	fake_agent_set_reason(scene->agent, MESSAGE_DONE);
	close(fd);
}

static void test_busy(struct scene *scene)
{
	struct tap *tap = &scene->tap;
	int fd = open_socket();
	uint32_t from;

	fake_agent_set_reason(scene->agent, MESSAGE_CLIENT_MESSAGES);
	tap_expect(tap, tell(scene, fd, FILTER_EXCLUDE) == 0, "refused");
	from = fake_agent_count_notes(scene->agent);
	fake_agent_set_reason(scene->agent, MESSAGE_DONE);
	tap_expect(tap, wait_for(scene, from, MESSAGE_SET, fd), "never told");
	tap_end(tap, "what an agent has no time for is told again");
	close(fd);
}

static void test_silent(struct scene *scene)
{
	struct tap *tap = &scene->tap;
	int fd = open_socket(), other = open_socket();
	const char *path = fake_agent_get_path(scene->agent);
	uint64_t start;
	uint32_t from;

	fake_agent_set_silent(scene->agent, true);
	tap_expect(tap, agent_find(path) == AGENT_SILENT, "not silent");
	tap_end(tap, "an agent that does not answer is found silent");
	from = fake_agent_count_notes(scene->agent);
	start = get_ms();
	tap_expect(tap, tell(scene, fd, FILTER_EXCLUDE) == 0, "refused");
	tap_expect(tap, get_ms() - start <= AGENT_PATIENCE_MS + SLACK_MS, "%ju ms",
		   (uintmax_t)(get_ms() - start));
	tap_end(tap, "a silent agent costs a request the patience, and no error");
	start = get_ms();
	for (int i = 0; i < 100; i++)
		tap_expect(tap, tell(scene, other, FILTER_EXCLUDE) == 0, "refused");
	tap_expect(tap, get_ms() - start < AGENT_PATIENCE_MS, "%ju ms",
		   (uintmax_t)(get_ms() - start));
	tap_end(tap, "and the next ones nothing");
	fake_agent_set_silent(scene->agent, false);
	tap_expect(tap, wait_for(scene, from, MESSAGE_SETTLE, fd), "never told");
	tap_expect(tap, wait_for(scene, from, MESSAGE_SETTLE, other), "never told");
	tap_end(tap, "it is told all when it speaks again");
	close(fd);
	close(other);
}

static void handle(int signal)
{
	(void)signal;
}

static void *speak_soon(void *agent)
{
	poll(NULL, 0, AGENT_PATIENCE_MS / 5);
	fake_agent_set_silent(agent, false);
	return NULL;
}

static void test_interrupted(struct scene *scene)
{
	const struct itimerval often = { { 0, 5000 }, { 0, 5000 } }, never = { 0 };
	struct sigaction action = { .sa_handler = handle };
	struct tap *tap = &scene->tap;
	sigset_t alarm, before;
	pthread_t thread;

	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm, &before);
	fake_agent_set_silent(scene->agent, true);
	if (pthread_create(&thread, NULL, speak_soon, scene->agent))
		tap_bail_out("pthread_create");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	tap_expect(tap, agent_find(fake_agent_get_path(scene->agent)) == AGENT_PRESENT,
		   "not found");
	setitimer(ITIMER_REAL, &never, NULL);
	pthread_join(thread, NULL);
	tap_end(tap, "signals do not cut the patience short");
}

static void test_other_version(struct scene *scene)
{
	struct tap *tap = &scene->tap;
	int fd = open_socket();

	fake_agent_set_version(scene->agent, MESSAGE_VERSION + 1);
	tap_expect(tap, tell(scene, fd, FILTER_EXCLUDE) == 0, "refused");
	tap_expect(tap, agent_find(fake_agent_get_path(scene->agent)) == AGENT_SILENT,
		   "not silent");
	tap_end(tap, "an agent of another version is none");
	fake_agent_set_version(scene->agent, MESSAGE_VERSION);
	tap_expect(tap, wait_for(scene, 0, MESSAGE_SETTLE, fd), "never told");
	tap_end(tap, "until it is updated");
	close(fd);
}

static void test_restart(struct scene *scene)
{
	struct tap *tap = &scene->tap;
	int stays = open_socket(), leaves = open_socket(), comes = open_socket();
	const struct fake_note *note;
	uint32_t from;

	tell(scene, stays, FILTER_EXCLUDE);
	tell(scene, leaves, FILTER_EXCLUDE);
	fake_agent_kill(scene->agent);
	tap_expect(tap, tell(scene, leaves, FILTER_NONE) == 0, "refused");
	tap_expect(tap, tell(scene, comes, FILTER_EXCLUDE) == 0, "refused");
	from = fake_agent_count_notes(scene->agent);
	fake_agent_start(scene->agent);
	tap_expect(tap, wait_for(scene, from, MESSAGE_SET, stays), "stays: not told");
	tap_expect(tap, wait_for(scene, from, MESSAGE_SETTLE, stays), "nor settled");
	tap_expect(tap, wait_for(scene, from, MESSAGE_SET, comes), "comes: not told");
	note = wait_for(scene, from, MESSAGE_SETTLE, leaves);
	tap_expect(tap, note, "leaves: not settled");
	tap_end(tap, "an agent that was away is told of what is, and of what has ended");
	close(stays);
	close(leaves);
	close(comes);
}

static bool is_asked_in_vain(void *context)
{
	(void)context;
	return atomic_load(&memory.n_asked) > 0;
}

static void test_no_memory(struct scene *scene)
{
	struct tap *tap = &scene->tap;
	int fd = open_socket();
	const struct fake_note *settled;
	uint32_t from;

	fake_agent_kill(scene->agent);
	tell(scene, fd, FILTER_EXCLUDE);
	from = fake_agent_count_notes(scene->agent);
	atomic_store(&memory.is_none, true);
	fake_agent_start(scene->agent);
	tap_expect(tap, fake_wait_for(is_asked_in_vain, NULL), "not asked");
	atomic_store(&memory.is_none, false);
	settled = wait_for(scene, from, MESSAGE_SETTLE, fd);
	tap_expect(tap, settled && settled > wait_for(scene, from, MESSAGE_SET, fd),
		   "ended");
	tap_end(tap,
		"what cannot be read for want of memory is read again, and not ended");
	close(fd);
}

static void test_closed_folder(struct scene *scene)
{
	struct tap *tap = &scene->tap;
	int fd = open_socket();
	const struct fake_note *first;
	uint32_t from;

	tell(scene, fd, FILTER_EXCLUDE);
	fake_agent_kill(scene->agent);
	from = fake_agent_count_notes(scene->agent);
	atomic_store(&closes_folder, true);
	fake_agent_start(scene->agent);
	first = wait_for(scene, from, MESSAGE_SETTLE, fd);
	if (tap_expect(tap, first, "never told"))
		from = (uint32_t)(first - fake_agent_get_note(scene->agent, 0)) + 1;
	tap_expect(tap, wait_for(scene, from, MESSAGE_SETTLE, fd), "not told again");
	tap_end(tap, "who closes all descriptors while they are read has all told again");
	close(fd);
}

/* A daemon closes what it does not know, and opens its own. */
static void test_closed(struct scene *scene)
{
	struct tap *tap = &scene->tap;
	int fd = open_socket(), first = dup(fd), pair[2], n = 0;
	uint32_t from;
	char byte;

	tell(scene, fd, FILTER_EXCLUDE);
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair) < 0)
		tap_bail_out("socketpair");
	for (int i = 900; i < 1024; i++) {
		if (fcntl(i, F_GETFD) < 0)
			continue;
		dup2(pair[0], i);
		n++;
	}
	tap_expect(tap, n == 1, "%d descriptors of the agent's", n);
	from = fake_agent_count_notes(scene->agent);
	tap_expect(tap, tell(scene, fd, FILTER_NONE) == 0, "refused");
	tap_expect(tap, wait_for(scene, from, MESSAGE_SET, fd), "never told");
	tap_expect(tap, recv(pair[1], &byte, 1, 0) < 0, "somebody else was told");
	tap_end(tap, "a connection whose number is another file's now is made anew");
	for (int i = 900; i < 1024; i++)
		if (get_inode(i) == get_inode(pair[0]))
			close(i);
	close(pair[0]);
	close(pair[1]);
	close(first);
	close(fd);
}

struct counts {
	unsigned int descriptors, threads;
};

static bool is_back(void *context)
{
	const struct counts *counts = context;

	return count_descriptors() == counts->descriptors &&
	       count_threads() == counts->threads;
}

static void test_leaks(struct scene *scene)
{
	struct tap *tap = &scene->tap;
	struct counts counts;
	int fd = open_socket();

	tell(scene, fd, FILTER_EXCLUDE);
	counts = (struct counts){ count_descriptors(), count_threads() };
	for (int i = 0; i < 5; i++) {
		uint32_t from;

		fake_agent_kill(scene->agent);
		from = fake_agent_count_notes(scene->agent);
		fake_agent_start(scene->agent);
		tap_expect(tap, wait_for(scene, from, MESSAGE_SETTLE, fd), "never told");
	}
	tap_expect(tap, fake_wait_for(is_back, &counts), "%u descriptors, %u threads",
		   count_descriptors(), count_threads());
	tap_expect(tap, counts.threads == 1, "%u threads", counts.threads);
	tap_end(tap, "restarts of the agent leak neither descriptors nor threads");
	close(fd);
}

/*
 * Processes
 */

static int wait_for_child(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status;
}

/* A daemon: the parent ends, the child has the socket and never says a word. */
static void test_daemon(struct scene *scene)
{
	struct tap *tap = &scene->tap;
	int fd = open_socket();
	const struct fake_note *note;
	uint32_t from;
	pid_t pid;

	tell(scene, fd, FILTER_EXCLUDE);
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	fake_agent_kill(scene->agent);
	from = fake_agent_count_notes(scene->agent);
	fake_agent_start(scene->agent);
	note = fake_agent_wait(scene->agent, from, MESSAGE_SET, get_inode(fd), pid);
	tap_expect(tap, note, "never told by the child");
	tap_end(tap, "a child that never asks for anything tells of its sockets, too");
	kill(pid, SIGKILL);
	wait_for_child(pid);
	close(fd);
}

static void test_forks(struct scene *scene)
{
	struct tap *tap = &scene->tap;
	unsigned int n, n_failed = 0;
	uint64_t start, ms;
	uint32_t before;
	int fd = open_socket();

	tell(scene, fd, FILTER_EXCLUDE);
	tap_expect(tap, wait_for(scene, 0, MESSAGE_SET, fd), "never told");
	n = count_descriptors();
	before = fake_agent_count_connections(scene->agent);
	start = get_ms();
	for (unsigned int i = 0; i < N_FORKS; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(count_descriptors() >= n);
		n_failed += wait_for_child(pid) != 0;
	}
	ms = get_ms() - start;
	tap_expect(tap, n_failed == 0, "%u children have the connection", n_failed);
	tap_expect(tap, fake_agent_count_connections(scene->agent) == before,
		   "%u connections", fake_agent_count_connections(scene->agent) - before);
	tap_expect(tap, ms < 10000, "%ju ms", (uintmax_t)ms);
	tap_comment("%u forks: %ju ms", N_FORKS, (uintmax_t)ms);
	tap_end(tap, "children that end soon do not connect");
	close(fd);
}

static int tell_in_child(const struct scene *scene)
{
	int fd = open_socket();
	int r = tell(scene, fd, FILTER_EXCLUDE);
	uint32_t n = fake_agent_count_notes(scene->agent);

	for (uint32_t i = 0; i < n && r == 0; i++)
		if (fake_agent_get_note(scene->agent, i)->pid == getpid())
			return 0;
	return 1;
}

static void test_children(struct scene *scene)
{
	struct tap *tap = &scene->tap;
	pid_t pids[10];

	for (int i = 0; i < 10; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(tell_in_child(scene));
	}
	for (int i = 0; i < 10; i++)
		tap_expect(tap, wait_for_child(pids[i]) == 0, "child %d", i);
	tap_end(tap, "each child has a connection of its own");
}

/*
 * Many
 */

struct many {
	const struct scene *scene;
	uint32_t from;
	int fds[SOCKETS_MAX];
};

static bool are_settled(void *context)
{
	const struct many *many = context;
	uint32_t n = fake_agent_count_notes(many->scene->agent), n_settled = 0;

	for (uint32_t i = many->from; i < n; i++)
		n_settled += fake_agent_get_note(many->scene->agent, i)->type ==
			     MESSAGE_SETTLE;
	return n_settled >= SOCKETS_MAX / 2;
}

/* More than can be remembered one by one. */
static void test_many(struct scene *scene)
{
	struct tap *tap = &scene->tap;
	struct many many = { .scene = scene };
	unsigned int n_open = SOCKETS_MAX * 3 / 4;

	fake_agent_kill(scene->agent);
	held.n = 0;
	for (unsigned int i = 0; i < n_open; i++) {
		many.fds[i] = open_socket();
		tell(scene, many.fds[i], i % 2 ? FILTER_EXCLUDE : FILTER_NONE);
	}
	many.from = fake_agent_count_notes(scene->agent);
	fake_agent_start(scene->agent);
	tap_expect(tap, fake_wait_for(are_settled, &many), "not all");
	for (unsigned int i = 0; i < n_open; i++)
		tap_expect(tap, wait_for(scene, many.from, MESSAGE_SETTLE, many.fds[i]),
			   "socket %u", i);
	tap_end(tap, "no socket is forgotten, however many have changed meanwhile");
	for (unsigned int i = 0; i < n_open; i++)
		close(many.fds[i]);
}

struct racer {
	const struct scene *scene;
	pthread_t thread;
	int n_failed;
};

static void *race(void *argument)
{
	struct racer *racer = argument;
	int fd = open_socket();

	for (int i = 0; i < 200; i++)
		racer->n_failed += tell(racer->scene, fd,
					i % 2 ? FILTER_NONE : FILTER_EXCLUDE) != 0;
	close(fd);
	return NULL;
}

static void test_threads(struct scene *scene)
{
	struct tap *tap = &scene->tap;
	struct racer racers[4] = { { .scene = scene } };
	int n_failed = 0;

	for (int i = 0; i < 4; i++) {
		racers[i].scene = scene;
		pthread_create(&racers[i].thread, NULL, race, &racers[i]);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(racers[i].thread, NULL);
		n_failed += racers[i].n_failed;
	}
	tap_expect(tap, n_failed == 0, "%d failed", n_failed);
	tap_end(tap, "threads share the connection");
}

int main(void)
{
	struct scene scene = { .agent = fake_agent_new() };

	test_off(&scene);
	test_absent(&scene);
	test_told(&scene);
	test_refused(&scene);
	test_busy(&scene);
	test_silent(&scene);
	test_interrupted(&scene);
	test_other_version(&scene);
	test_restart(&scene);
	test_no_memory(&scene);
	test_closed_folder(&scene);
	test_closed(&scene);
	test_leaks(&scene);
	test_daemon(&scene);
	test_forks(&scene);
	test_children(&scene);
	test_threads(&scene);
	test_many(&scene);
	fake_agent_free(scene.agent);
	return tap_finish(&scene.tap);
}
