/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets of the ASM backend in bad company: other processes that share one, whose
 * record locks vanish or stay for ever, and handlers of signals that change the filter
 * which the program is changing.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <msf.h>

#include "tap.h"
#include "traffic.h"

#define N_BEFORE   300u /* they make requests, and programs, long */
#define N_SOURCES  200u
#define N_RACES    10u
#define MOST_LOST  15u
#define PAUSE_NS   100000 /* a request or two */
#define N_SIGNALS  200u
#define PERIOD_US  500
#define DEADLINE_S 20

/* The backend waits a second. */
#define MOST_S 3.0

struct share {
	struct tap tap;
	struct netns net;
	int fd;
	struct sockaddr_storage group;
};

/* For the handler, which gets no argument of ours. */
static struct share *in_hand;
static atomic_uint n_handled;

static int join(const struct share *self, unsigned int source)
{
	struct sockaddr_storage from = netns_source(AF_INET, 0, source);

	return msf_join_source(NULL, self->fd, self->net.ifindex[0],
			       (const void *)&self->group, (const void *)&from);
}

static int leave_source(const struct share *self, unsigned int source)
{
	struct sockaddr_storage from = netns_source(AF_INET, 0, source);

	return msf_leave_source(NULL, self->fd, self->net.ifindex[0],
				(const void *)&self->group, (const void *)&from);
}

static int leave(const struct share *self)
{
	return msf_leave_group(NULL, self->fd, self->net.ifindex[0],
			       (const void *)&self->group);
}

static void open_socket(struct share *self)
{
	self->group = netns_group(AF_INET, 0);
	self->fd = traffic_open_receiver(FLAVOUR_IPV4);
}

static int wait_for(pid_t child)
{
	int status = -1;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/*
 * Closing any descriptor of a socket takes the record locks of the process away. Here
 * one thread does so at any time of the request that another is making, and lets another
 * process make one of its own, on the same CPU: the request in hand stands still.
 */

struct closer {
	int fd;
	int wire; /* to the other process */
	atomic_bool is_over;
};

static void *close_copies(void *argument)
{
	struct closer *closer = argument;
	unsigned int seed = 1;
	char byte;

	for (unsigned int i = 0; i < N_SOURCES; i++) {
		struct timespec pause = { .tv_nsec = rand_r(&seed) % PAUSE_NS };

		nanosleep(&pause, NULL);
		close(dup(closer->fd));
		if (send(closer->wire, "", 1, MSG_NOSIGNAL) != 1 ||
		    recv(closer->wire, &byte, 1, 0) != 1)
			break;
	}
	atomic_store(&closer->is_over, true);
	return NULL;
}

/* The other process; it ends with the one that it visits. */
static void join_when_told(const struct share *self, int wire)
{
	unsigned int n = 0, n_refused = 0;
	char byte;

	while (recv(wire, &byte, 1, 0) == 1) {
		n_refused += join(self, n++) != 0;
		send(wire, "", 1, MSG_NOSIGNAL);
	}
	_exit(n != N_SOURCES || n_refused);
}

static pid_t start_other(struct share *self, int *ret_wire)
{
	int wires[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, wires) < 0)
		tap_bail_out("socketpair: %s", strerror(errno));
	child = fork();
	if (child < 0)
		tap_bail_out("fork: %s", strerror(errno));
	close(wires[child == 0 ? 0 : 1]);
	if (child == 0)
		join_when_told(self, wires[1]);
	*ret_wire = wires[0];
	return child;
}

/* Comes and goes. What it finds undone is refused: returns how often. */
static unsigned int make_requests(struct share *self, struct closer *closer)
{
	const unsigned int own = N_SOURCES + N_BEFORE;
	unsigned int n_refused = 0;
	bool is_on = false;
	pthread_t thread;
	int r;

	if (pthread_create(&thread, NULL, close_copies, closer) != 0)
		tap_bail_out("no thread");
	while (!atomic_load(&closer->is_over)) {
		r = is_on ? leave_source(self, own) : join(self, own);
		tap_expect(&self->tap, r == 0 || r == -EADDRNOTAVAIL, "%s", strerror(-r));
		n_refused += r != 0;
		is_on = !is_on;
	}
	pthread_join(thread, NULL);
	return n_refused;
}

static void join_before(struct share *self)
{
	struct sockaddr_storage sources[N_BEFORE];
	int r;

	for (unsigned int i = 0; i < N_BEFORE; i++)
		sources[i] = netns_source(AF_INET, 0, N_SOURCES + i);
	r = msf_set_filter(NULL, self->fd, self->net.ifindex[0],
			   (const void *)&self->group, MCAST_INCLUDE, N_BEFORE, sources,
			   0);
	tap_expect(&self->tap, r == 0, "the first sources: %s", strerror(-r));
}

/* How many changes of two processes are lost. */
static unsigned int race(struct share *self)
{
	uint32_t fmode = 0, n = 0;
	struct closer closer = { 0 };
	unsigned int n_lost;
	pid_t child;
	int status, r;

	open_socket(self);
	join_before(self);
	closer.fd = self->fd;
	child = start_other(self, &closer.wire);
	n_lost = make_requests(self, &closer);
	close(closer.wire);
	status = wait_for(child);
	tap_expect(&self->tap, status == 0, "the other's are refused: 0x%x", status);
	leave_source(self, N_SOURCES + N_BEFORE);
	r = msf_get_filter(NULL, self->fd, self->net.ifindex[0],
			   (const void *)&self->group, &fmode, &n, NULL);
	tap_expect(&self->tap, r == 0 && n <= N_BEFORE + N_SOURCES, "%d, %u sources", r,
		   n);
	close(self->fd);
	return n_lost + N_BEFORE + N_SOURCES - n;
}

static unsigned int race_often(struct share *self)
{
	unsigned int n_lost, fewest = UINT_MAX;

	for (unsigned int i = 0; i < N_RACES && fewest > MOST_LOST; i++) {
		n_lost = race(self);
		if (n_lost < fewest)
			fewest = n_lost;
	}
	return fewest;
}

/*
 * Who is stopped between comparing and attaching may still undo what came meanwhile: of
 * 200 changes one is lost, on a loaded machine with a sanitizer up to ten, rarely 25;
 * asm-option looks closer. Without the comparison each race loses 30 to 175.
 */
static void test_closers(struct share *self)
{
	cpu_set_t all, one;
	int cpu = sched_getcpu();
	unsigned int n_lost;

	CPU_ZERO(&one);
	CPU_SET(cpu < 0 ? 0 : cpu, &one);
	if (sched_getaffinity(0, sizeof(all), &all) < 0 ||
	    sched_setaffinity(0, sizeof(one), &one) < 0)
		tap_bail_out("cannot pin the process: %s", strerror(errno));
	n_lost = race_often(self);
	sched_setaffinity(0, sizeof(all), &all);
	tap_expect(&self->tap, n_lost <= MOST_LOST,
		   "at best %u changes, beside %u of another process, are lost", n_lost,
		   N_SOURCES);
	tap_end(&self->tap, "processes that lose their locks lose no change");
}

static double get_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void hold_lock(const struct share *self, int wire)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fcntl(self->fd, F_SETLKW, &lock) == 0 && write(wire, "", 1) == 1)
		pause();
	_exit(1);
}

static void test_holder(struct share *self)
{
	int wires[2], r;
	double start, took;
	pid_t child;
	char byte;

	open_socket(self);
	if (pipe(wires) < 0)
		tap_bail_out("pipe: %s", strerror(errno));
	child = fork();
	if (child == 0)
		hold_lock(self, wires[1]);
	close(wires[1]);
	if (read(wires[0], &byte, 1) != 1)
		tap_bail_out("the lock cannot be taken");
	alarm(DEADLINE_S);
	start = get_now();
	r = join(self, 0);
	took = get_now() - start;
	alarm(0);
	tap_expect(&self->tap, r == 0 && took < MOST_S, "%s, after %f s", strerror(-r),
		   took);
	kill(child, SIGKILL);
	wait_for(child);
	close(wires[0]);
	close(self->fd);
	tap_end(&self->tap, "whoever keeps a lock holds nobody up for long");
}

/* A request as the kernel's would be: setsockopt() may be called from a handler. */
static void change_filter(int signal_number)
{
	const struct sockaddr_in *group = (const void *)&in_hand->group;
	unsigned int n = atomic_fetch_add(&n_handled, 1);
	struct group_source_req rq = { .gsr_interface = in_hand->net.ifindex[0] };
	struct sockaddr_in *to = (void *)&rq.gsr_group;
	int saved = errno;

	rq.gsr_source = netns_source(AF_INET, 0, 1);
	*to = *group;
	to->sin_addr.s_addr = htonl(ntohl(to->sin_addr.s_addr) + 1);
	msf_setsockopt(in_hand->fd, IPPROTO_IP,
		       n % 2 ? MCAST_LEAVE_SOURCE_GROUP : MCAST_JOIN_SOURCE_GROUP, &rq,
		       sizeof(rq));
	errno = saved;
	(void)signal_number;
}

/* Its end, in time, is what is expected. */
static void work_with_handler(struct share *self)
{
	struct itimerval often = { { 0, PERIOD_US }, { 0, PERIOD_US } };
	double start = get_now();

	in_hand = self;
	join(self, 0);
	leave(self);
	signal(SIGALRM, change_filter);
	setitimer(ITIMER_REAL, &often, NULL);
	while (atomic_load(&n_handled) < N_SIGNALS && get_now() - start < DEADLINE_S) {
		if (join(self, 0) != 0 || leave(self) != 0)
			_exit(2);
	}
	_exit(atomic_load(&n_handled) < N_SIGNALS);
}

__attribute__((unused)) static void test_handler(struct share *self)
{
	int status = 0;
	double start;
	pid_t child;

	open_socket(self);
	child = fork();
	if (child == 0)
		work_with_handler(self);
	start = get_now();
	while (waitpid(child, &status, WNOHANG) == 0) {
		if (get_now() - start > DEADLINE_S)
			kill(child, SIGKILL);
		poll(NULL, 0, 1);
	}
	tap_expect(&self->tap, status == 0, "it ended with 0x%x", status);
	close(self->fd);
	tap_end(&self->tap, "a handler changes the socket that it has interrupted a "
			    "change of");
}

/* traffic_init() would pin the process, for the order of packets. */
int main(void)
{
	static struct share self;

	setenv("MSF_BACKEND", "asm", 1);
	setenv("MSF_MAX_SOURCES", "1000", 1);
	netns_init(&self.net);
	test_closers(&self);
	test_holder(&self);
/* ThreadSanitizer runs handlers later, also where signals are blocked by then. */
#ifndef __SANITIZE_THREAD__
	test_handler(&self);
#endif
	return tap_finish(&self.tap);
}
