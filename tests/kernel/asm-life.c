/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of the ASM backend lives with the socket: whoever has a descriptor of it,
 * by dup(), fork(), exec(), passing or pidfd_getfd(), reads the same filter and may
 * change it, and what is heard follows. Processes and threads that change one socket
 * at the same time lose nothing.
 *
 *	asm-life		with MSF_BACKEND=asm
 *	asm-life old-stack	on a stack that has any-source joins only
 *	asm-life read FD INDEX FLAVOUR
 *				tells the filter of a descriptor that exec() left open
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <msf.h>

#include "asm-text.h"
#include "old-stack.h"
#include "tap.h"
#include "traffic.h"

#define N_TURNS     1200u
#define N_WORKERS   3u
#define N_OWN       6u /* sources of a worker in the common group */
#define N_FORKS     25u
#define LAST        30u /* a source of none of the workers */
#define DEADLINE_MS 10000

struct life {
	struct tap tap;
	struct netns net;
	struct traffic traffic;
	enum flavour flavour;
	struct asm_place place; /* where the filter is */
	int pair[2];            /* two sockets that processes share */
};

static struct sockaddr_storage get_source(const struct life *self, unsigned int i)
{
	return netns_source(flavour_get_family(self->flavour), 0, i);
}

static int join(const struct life *self, int fd, unsigned int i)
{
	struct sockaddr_storage source = get_source(self, i);

	return msf_join_source(NULL, fd, self->place.ifindex,
			       (const void *)&self->place.group, (const void *)&source);
}

static int leave(const struct life *self, int fd, unsigned int i)
{
	struct sockaddr_storage source = get_source(self, i);

	return msf_leave_source(NULL, fd, self->place.ifindex,
				(const void *)&self->place.group, (const void *)&source);
}

/* A member of INCLUDE {first source}. */
static int open_member(struct life *self)
{
	int fd = traffic_open_receiver(self->flavour), r = join(self, fd, 0);

	tap_expect(&self->tap, r == 0, "join: %s", strerror(-r));
	return fd;
}

/* Is the filter INCLUDE {the sources with these bits}, by its text? */
static void expect_text(struct life *self, const char *text, unsigned int bits)
{
	char wanted[ASM_TEXT_SIZE];

	asm_text_include(&self->place, bits, wanted);
	tap_expect(&self->tap, strcmp(text, wanted) == 0, "\"%s\" instead of \"%s\"",
		   text, wanted);
}

/* The same as this process reads it, and what is heard. */
static void expect_filter(struct life *self, int fd, unsigned int bits)
{
	char text[ASM_TEXT_SIZE];
	unsigned int heard;

	asm_text_read(fd, &self->place, text);
	expect_text(self, text, bits);
	heard = traffic_hear(&self->traffic, fd, 0, &self->place.group);
	tap_expect(&self->tap, heard == (bits & 0xf), "heard %x instead of %x", heard,
		   bits & 0xf);
}

static void end(struct life *self, const char *what)
{
	tap_end(&self->tap, "%s: %s", flavour_name(self->flavour), what);
}

/* Descriptors of one process */

static void test_dup(struct life *self)
{
	int fd = open_member(self), other = dup(fd);

	tap_expect(&self->tap, join(self, other, 1) == 0, "join by the duplicate");
	expect_filter(self, fd, 3);
	close(fd);
	tap_expect(&self->tap, leave(self, other, 0) == 0, "leave by the duplicate");
	expect_filter(self, other, 2);
	close(other);
	end(self, "a duplicate has the filter, and keeps it");
}

static void test_dup2(struct life *self)
{
	int fd = open_member(self), other = traffic_open_receiver(self->flavour);

	tap_expect(&self->tap, join(self, other, 2) == 0, "join by the other");
	expect_filter(self, other, 4);
	if (dup2(fd, other) < 0)
		tap_bail_out("dup2: %s", strerror(errno));
	expect_filter(self, other, 1);
	close(fd);
	close(other);
	end(self, "dup2() over a member brings the other filter");
}

static void test_reuse(struct life *self)
{
	char text[ASM_TEXT_SIZE];
	int fd = open_member(self), again, r;

	close(fd);
	again = traffic_open_receiver(self->flavour);
	tap_expect(&self->tap, again == fd, "descriptor %d instead of %d", again, fd);
	asm_text_read(again, &self->place, text);
	tap_expect(&self->tap, strcmp(text, "none") == 0, "\"%s\"", text);
	r = leave(self, again, 0);
	tap_expect(&self->tap, r == -EADDRNOTAVAIL, "leave: %s", strerror(-r));
	tap_expect(&self->tap, join(self, again, 3) == 0, "join");
	expect_filter(self, again, 8);
	close(again);
	end(self, "a new socket with an old number begins without a filter");
}

/* Descriptors of other processes */

struct child {
	pid_t pid;
	int wire; /* a socket to it */
};

typedef void child_fn(struct life *self, int wire, int fd);

/* Runs work() in a process of its own. */
static struct child start(struct life *self, child_fn *work, int fd)
{
	struct child child;
	int wires[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, wires) < 0)
		tap_bail_out("socketpair: %s", strerror(errno));
	child.pid = fork();
	if (child.pid < 0)
		tap_bail_out("fork: %s", strerror(errno));
	if (child.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(wires[0]);
		work(self, wires[1], fd);
		_exit(0);
	}
	close(wires[1]);
	child.wire = wires[0];
	return child;
}

static void stop(struct life *self, const struct child *child)
{
	int status = -1;

	close(child->wire);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	tap_expect(&self->tap, WIFEXITED(status) && WEXITSTATUS(status) == 0,
		   "the child ended with %x", status);
}

static void say(int wire, const char *text)
{
	if (send(wire, text, strlen(text) + 1, MSG_NOSIGNAL) < 0)
		_exit(2);
}

/* Empty: the other side has gone, or says nothing. */
static void listen_to(int wire, char text[ASM_TEXT_SIZE])
{
	struct pollfd poller = { .fd = wire, .events = POLLIN };
	ssize_t n = -1;

	if (poll(&poller, 1, DEADLINE_MS) > 0)
		n = recv(wire, text, ASM_TEXT_SIZE - 1, 0);
	text[n < 0 ? 0 : n] = '\0';
}

/* Reads, adds the second source, says both. */
static void read_and_change(struct life *self, int wire, int fd)
{
	char text[ASM_TEXT_SIZE], word[ASM_TEXT_SIZE];

	for (;;) {
		listen_to(wire, word);
		if (strcmp(word, "read") == 0)
			asm_text_read(fd, &self->place, text);
		else if (strcmp(word, "join") == 0)
			snprintf(text, sizeof(text), "%d", join(self, fd, 1));
		else if (strcmp(word, "leave") == 0)
			snprintf(text, sizeof(text), "%d", leave(self, fd, 1));
		else
			return;
		say(wire, text);
	}
}

static void ask(const struct child *child, const char *word, char text[ASM_TEXT_SIZE])
{
	say(child->wire, word);
	listen_to(child->wire, text);
}

/* Both see what the other does. */
static void expect_agreement(struct life *self, const struct child *child, int fd)
{
	char text[ASM_TEXT_SIZE];

	ask(child, "read", text);
	expect_text(self, text, 1);
	ask(child, "join", text);
	tap_expect(&self->tap, strcmp(text, "0") == 0, "join: %s", text);
	expect_filter(self, fd, 3);
	tap_expect(&self->tap, join(self, fd, 2) == 0, "join");
	ask(child, "read", text);
	expect_text(self, text, 7);
	ask(child, "leave", text);
	tap_expect(&self->tap, strcmp(text, "0") == 0, "leave: %s", text);
	expect_filter(self, fd, 5);
}

static void test_fork(struct life *self)
{
	int fd = open_member(self);
	struct child child = start(self, read_and_change, fd);

	expect_agreement(self, &child, fd);
	stop(self, &child);
	expect_filter(self, fd, 5);
	close(fd);
	end(self, "parent and child share the filter after fork()");
}

static void exec_reader(struct life *self, int wire, int fd)
{
	char number[16], index[16], flavour[16];

	if (fcntl(fd, F_SETFD, 0) < 0 || dup2(wire, STDOUT_FILENO) < 0)
		_exit(2);
	snprintf(number, sizeof(number), "%d", fd);
	snprintf(index, sizeof(index), "%u", self->place.ifindex);
	snprintf(flavour, sizeof(flavour), "%d", (int)self->flavour);
	execl("/proc/self/exe", "asm-life", "read", number, index, flavour, NULL);
	_exit(3);
}

static void test_exec(struct life *self)
{
	int fd = open_member(self);
	char text[ASM_TEXT_SIZE];
	struct child child;

	tap_expect(&self->tap, join(self, fd, 3) == 0, "join");
	child = start(self, exec_reader, fd);
	listen_to(child.wire, text);
	expect_text(self, text, 9);
	stop(self, &child);
	close(fd);
	end(self, "a program started by exec() reads the filter back");
}

static void send_fd(int wire, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec piece = { .iov_base = (char[]){ "fd" }, .iov_len = 3 };
	struct msghdr message = { .msg_iov = &piece,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };

	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	if (sendmsg(wire, &message, 0) < 0)
		tap_bail_out("sendmsg: %s", strerror(errno));
}

static int receive_fd(int wire)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte[4];
	struct iovec piece = { .iov_base = byte, .iov_len = sizeof(byte) };
	struct msghdr message = { .msg_iov = &piece,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	int fd;

	if (recvmsg(wire, &message, 0) < 0 || CMSG_FIRSTHDR(&message) == NULL)
		_exit(2);
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return fd;
}

static void take_and_change(struct life *self, int wire, int fd)
{
	fd = receive_fd(wire);
	read_and_change(self, wire, fd);
}

static void test_passing(struct life *self)
{
	/* the process is there before the socket is */
	struct child child = start(self, take_and_change, -1);
	int fd = open_member(self);

	send_fd(child.wire, fd);
	expect_agreement(self, &child, fd);
	stop(self, &child);
	close(fd);
	end(self, "a process that was given the socket shares the filter");
}

/* Has a socket of its own, and tells its number. */
static void have_member(struct life *self, int wire, int fd)
{
	char text[ASM_TEXT_SIZE];

	fd = traffic_open_receiver(self->flavour);
	if (join(self, fd, 0) < 0)
		_exit(2);
	snprintf(text, sizeof(text), "%d", fd);
	say(wire, text);
	read_and_change(self, wire, fd);
}

static void test_pidfd(struct life *self)
{
	struct child child = start(self, have_member, -1);
	char text[ASM_TEXT_SIZE];
	int fd;

	listen_to(child.wire, text);
	fd = msf_state_open_socket(NULL, child.pid, atoi(text));
	if (fd == -ENOSYS) {
		tap_skip(&self->tap, "no pidfd_getfd()");
	} else {
		tap_expect(&self->tap, fd >= 0, "open: %s", strerror(-fd));
		expect_agreement(self, &child, fd);
		close(fd);
	}
	stop(self, &child);
	end(self, "a socket taken by pidfd_getfd() has its filter with it");
}

/*
 * Many at once. Each worker has sources of its own in the common group, so it knows
 * its answers whatever the others do, and a group of its own on the same socket.
 */

struct worker {
	pthread_t thread;
	struct life *life;
	int fd;
	unsigned int number;
	unsigned int held; /* bits of its sources, at the end */
	unsigned int n_wrong;
	pthread_mutex_t *gate;      /* held for each step; NULL: none */
	pthread_barrier_t *barrier; /* before the first step, behind the last; or NULL */
};

static unsigned int get_own(const struct worker *worker, unsigned int i)
{
	return 1 + worker->number * N_OWN + i;
}

static void toggle(struct worker *worker, unsigned int i)
{
	unsigned int source = get_own(worker, i);
	int r;

	if (worker->held >> i & 1)
		r = leave(worker->life, worker->fd, source);
	else
		r = join(worker->life, worker->fd, source);
	worker->n_wrong += r != 0;
	worker->held ^= 1u << i;
}

static void toggle_group(struct worker *worker, bool is_join)
{
	struct life *self = worker->life;
	struct sockaddr_storage group = netns_group(flavour_get_family(self->flavour),
						    10 + worker->number);
	int r;

	if (is_join)
		r = msf_join_group(NULL, worker->fd, self->place.ifindex,
				   (const void *)&group);
	else
		r = msf_leave_group(NULL, worker->fd, self->place.ifindex,
				    (const void *)&group);
	worker->n_wrong += r != 0;
}

/* traffic_init() has pinned the process, for the order of packets. */
static void unpin(void)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
}

static void meet(const struct worker *worker)
{
	if (worker->barrier)
		pthread_barrier_wait(worker->barrier);
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	unsigned int seed = worker->number * 7919 + 1;

	unpin();
	meet(worker);
	for (unsigned int i = 0; i < N_TURNS; i++) {
		seed = seed * 1664525u + 1013904223u;
		if (worker->gate)
			pthread_mutex_lock(worker->gate);
		if (i % 8 == 7)
			toggle_group(worker, i % 16 == 7);
		else
			toggle(worker, (seed >> 16) % N_OWN);
		if (worker->gate)
			pthread_mutex_unlock(worker->gate);
	}
	meet(worker);
	return NULL;
}

static void work_alone(struct life *self, int wire, int fd)
{
	struct worker worker = { .life = self, .fd = fd };
	char text[ASM_TEXT_SIZE];

	listen_to(wire, text);
	worker.number = (unsigned int)atoi(text);
	work(&worker);
	snprintf(text, sizeof(text), "%u %u", worker.held, worker.n_wrong);
	say(wire, text);
}

static unsigned int get_bits(const struct worker *worker)
{
	return worker->held << (1 + worker->number * N_OWN);
}

static void test_processes(struct life *self)
{
	struct child children[N_WORKERS];
	int fd = open_member(self);
	unsigned int bits = 1;
	char text[ASM_TEXT_SIZE];

	for (unsigned int i = 0; i < N_WORKERS; i++)
		children[i] = start(self, work_alone, fd);
	for (unsigned int i = 0; i < N_WORKERS; i++) {
		snprintf(text, sizeof(text), "%u", i);
		say(children[i].wire, text);
	}
	for (unsigned int i = 0; i < N_WORKERS; i++) {
		struct worker worker = { .number = i, .n_wrong = 1 };

		listen_to(children[i].wire, text);
		sscanf(text, "%u %u", &worker.held, &worker.n_wrong);
		tap_expect(&self->tap, worker.n_wrong == 0,
			   "process %u: %u wrong answers", i, worker.n_wrong);
		bits |= get_bits(&worker);
	}
	for (unsigned int i = 0; i < N_WORKERS; i++)
		stop(self, &children[i]);
	expect_filter(self, fd, bits);
	tap_comment("%u changes", N_WORKERS * N_TURNS);
	close(fd);
	end(self, "processes that change one socket at the same time lose nothing");
}

/*
 * Two processes with two sockets between them and a thread for each: the kernel takes
 * who waits for whom by process, and sees a deadlock where there is none.
 */

static void work_with_two(struct life *self, int wire, int fd)
{
	struct worker workers[2];
	char text[ASM_TEXT_SIZE];

	listen_to(wire, text);
	for (unsigned int i = 0; i < 2; i++) {
		workers[i] = (struct worker){
			.life = self,
			.fd = self->pair[i],
			.number = (unsigned int)atoi(text),
		};
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			_exit(2);
	}
	for (unsigned int i = 0; i < 2; i++)
		pthread_join(workers[i].thread, NULL);
	snprintf(text, sizeof(text), "%u %u %u", workers[0].held, workers[1].held,
		 workers[0].n_wrong + workers[1].n_wrong);
	say(wire, text);
	(void)fd;
}

static void test_pairs(struct life *self)
{
	unsigned int bits[2] = { 1, 1 };
	struct child children[2];
	char text[ASM_TEXT_SIZE];

	self->pair[0] = open_member(self);
	self->pair[1] = open_member(self);
	for (unsigned int i = 0; i < 2; i++)
		children[i] = start(self, work_with_two, -1);
	for (unsigned int i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), "%u", i);
		say(children[i].wire, text);
	}
	for (unsigned int i = 0; i < 2; i++) {
		struct worker one = { .number = i }, other = { .number = i };
		unsigned int n_wrong = 1;

		listen_to(children[i].wire, text);
		sscanf(text, "%u %u %u", &one.held, &other.held, &n_wrong);
		tap_expect(&self->tap, n_wrong == 0, "process %u: %u wrong answers", i,
			   n_wrong);
		bits[0] |= get_bits(&one);
		bits[1] |= get_bits(&other);
	}
	for (unsigned int i = 0; i < 2; i++) {
		stop(self, &children[i]);
		expect_filter(self, self->pair[i], bits[i]);
		close(self->pair[i]);
	}
	end(self, "two processes with two sockets and two threads lose nothing");
}

/* The allocator of gcc 12's sanitizer hangs in a child that was made while a thread was
 * in it: there, and only there, the threads stop for a fork. Threads that begin or end
 * are in it as well. */
#ifdef __SANITIZE_ADDRESS__
#define HAS_GATE true
#else
#define HAS_GATE false
#endif

static pid_t fork_at(pthread_mutex_t *gate)
{
	pid_t pid;

	if (!HAS_GATE)
		return fork();
	pthread_mutex_lock(gate);
	pid = fork();
	if (pid != 0)
		pthread_mutex_unlock(gate);
	return pid;
}

/* A child of fork() finds no lock held, whatever the threads of its parent do. */
static void test_forks(struct life *self)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	struct worker workers[N_WORKERS] = { 0 };
	pthread_barrier_t barrier;
	int fd = open_member(self), status;

	pthread_barrier_init(&barrier, NULL, N_WORKERS + 1);
	for (unsigned int i = 0; i < N_WORKERS; i++) {
		workers[i] = (struct worker){
			.life = self, .fd = fd, .number = i, .barrier = &barrier
		};
		if (HAS_GATE)
			workers[i].gate = &gate;
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			tap_bail_out("cannot make a thread");
	}
	pthread_barrier_wait(&barrier);
	for (unsigned int i = 0; i < N_FORKS; i++) {
		pid_t pid = fork_at(&gate);

		if (pid == 0) {
			alarm(DEADLINE_MS / 1000);
			_exit(join(self, fd, LAST) != 0 || leave(self, fd, LAST) != 0);
		}
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		tap_expect(&self->tap, status == 0, "child %u ended with %x", i, status);
	}
	pthread_barrier_wait(&barrier);
	for (unsigned int i = 0; i < N_WORKERS; i++) {
		pthread_join(workers[i].thread, NULL);
		tap_expect(&self->tap, workers[i].n_wrong == 0,
			   "thread %u: %u wrong answers", i, workers[i].n_wrong);
	}
	close(fd);
	end(self, "children made while threads change the socket change it, too");
}

static void test_threads(struct life *self)
{
	struct worker workers[N_WORKERS] = { 0 };
	int fd = open_member(self);
	unsigned int bits = 1;

	for (unsigned int i = 0; i < N_WORKERS; i++) {
		workers[i] = (struct worker){ .life = self, .fd = fd, .number = i };
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			tap_bail_out("cannot make a thread");
	}
	for (unsigned int i = 0; i < N_WORKERS; i++) {
		pthread_join(workers[i].thread, NULL);
		tap_expect(&self->tap, workers[i].n_wrong == 0,
			   "thread %u: %u wrong answers", i, workers[i].n_wrong);
		bits |= get_bits(&workers[i]);
	}
	expect_filter(self, fd, bits);
	tap_comment("%u changes", N_WORKERS * N_TURNS);
	close(fd);
	end(self, "threads that change one socket at the same time lose nothing");
}

/* What asm-life read does, after exec(). */
static int read_back(char **argv)
{
	struct asm_place place = { .ifindex = (uint32_t)atoi(argv[3]) };
	enum flavour flavour = (enum flavour)atoi(argv[4]);
	char text[ASM_TEXT_SIZE];

	place.group = netns_group(flavour_get_family(flavour), 0);
	asm_text_read(atoi(argv[2]), &place, text);
	say(STDOUT_FILENO, text);
	return 0;
}

static void test_flavour(struct life *self, enum flavour flavour, bool is_old_stack)
{
	self->flavour = flavour;
	self->place.ifindex = self->net.ifindex[0];
	self->place.group = netns_group(flavour_get_family(flavour), 0);
	test_dup(self);
	test_dup2(self);
	test_reuse(self);
	test_fork(self);
	test_exec(self);
	test_passing(self);
	test_pidfd(self);
	test_processes(self);
	if (is_old_stack || flavour == FLAVOUR_IPV4_ON_IPV6)
		return;
	test_threads(self);
	test_pairs(self);
	test_forks(self);
}

int main(int argc, char **argv)
{
	static const struct old_stack old = { .error = ENOPROTOOPT };
	bool is_old_stack = argc == 2 && strcmp(argv[1], "old-stack") == 0;
	static struct life self;

	if (argc == 5 && strcmp(argv[1], "read") == 0)
		return read_back(argv);
	netns_init(&self.net);
	traffic_init(&self.traffic, &self.net);
	if (is_old_stack)
		old_stack_enter(&old);
	else
		setenv("MSF_BACKEND", "asm", 1);
	for (enum flavour f = 0; f < N_FLAVOURS; f++)
		test_flavour(&self, f, is_old_stack);
	traffic_fini(&self.traffic);
	return tap_finish(&self.tap);
}
