/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shim under load: the first use by many threads at once, requests that signals
 * interrupt while another process holds the socket, and a fork() in the middle of it.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "system.h"
#include "tap.h"
#include "traffic.h"

#define N_THREADS    8
#define N_FIRST_USES 10
#define N_ROUNDS     300
#define N_FORKS      50
#define N_CANCELS    50
#define TICK_US      150

struct threads {
	struct tap tap;
	struct netns net;
};

struct worker {
	pthread_t thread;
	pthread_barrier_t *barrier;
	const struct netns *net;
	int fd;
	unsigned int group;
	unsigned int n_wrong;
	int error; /* of the last one that was wrong */
};

static int do_source(const struct netns *net, int fd, int optname, unsigned int group,
		     unsigned int source)
{
	struct group_source_req req = { .gsr_interface = net->ifindex[0],
					.gsr_group = netns_group(AF_INET, group),
					.gsr_source = netns_source(AF_INET, 0, source) };

	return setsockopt(fd, IPPROTO_IP, optname, &req, sizeof(req));
}

static void expect(struct worker *worker, int r)
{
	if (r == 0)
		return;
	worker->error = errno;
	worker->n_wrong++;
}

/* From none to two sources and back. */
static void do_round(struct worker *worker)
{
	for (unsigned int s = 0; s < 2; s++)
		expect(worker, do_source(worker->net, worker->fd, MCAST_JOIN_SOURCE_GROUP,
					 worker->group, s));
	for (unsigned int s = 0; s < 2; s++)
		expect(worker, do_source(worker->net, worker->fd,
					 MCAST_LEAVE_SOURCE_GROUP, worker->group, s));
}

static void *run_first(void *argument)
{
	struct worker *worker = argument;

	pthread_barrier_wait(worker->barrier);
	do_round(worker);
	return NULL;
}

/* In a child, for which it is the first use indeed. Returns how many were wrong. */
static unsigned int use_first(const struct netns *net)
{
	struct worker workers[N_THREADS];
	pthread_barrier_t barrier;
	unsigned int n_wrong = 0;

	pthread_barrier_init(&barrier, NULL, N_THREADS);
	for (unsigned int i = 0; i < N_THREADS; i++) {
		workers[i] = (struct worker){ .barrier = &barrier,
					      .net = net,
					      .fd = traffic_open_receiver(FLAVOUR_IPV4),
					      .group = i };
		pthread_create(&workers[i].thread, NULL, run_first, &workers[i]);
	}
	for (unsigned int i = 0; i < N_THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		n_wrong += workers[i].n_wrong;
		close(workers[i].fd);
	}
	pthread_barrier_destroy(&barrier);
	return n_wrong;
}

static int get_status(pid_t child)
{
	int status = -1;

	waitpid(child, &status, 0);
	return status;
}

static void test_first_use(struct threads *self)
{
	for (unsigned int i = 0; i < N_FIRST_USES; i++) {
		pid_t child = fork();
		int status;

		if (child == 0)
			_exit(use_first(&self->net) ? 1 : 0);
		status = get_status(child);
		tap_expect(&self->tap, status == 0, "status %#x", status);
	}
	tap_end(&self->tap, "many threads may be the first");
}

static void on_tick(int signal)
{
	(void)signal;
}

/* Signals that do not restart what they interrupt. */
static void tick(bool is_on)
{
	struct sigaction action = { .sa_handler = on_tick };
	struct itimerval timer = { .it_interval.tv_usec = is_on ? TICK_US : 0,
				   .it_value.tv_usec = is_on ? TICK_US : 0 };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void test_interrupted(struct threads *self)
{
	struct worker mine = { .net = &self->net,
			       .fd = traffic_open_receiver(FLAVOUR_IPV4) };
	struct worker other = mine;
	pid_t child = fork();
	int status;

	other.group = 1;
	tick(true);
	for (unsigned int i = 0; i < N_ROUNDS; i++)
		do_round(child == 0 ? &other : &mine);
	tick(false);
	if (child == 0)
		_exit(other.n_wrong ? 1 : 0);
	status = get_status(child);
	tap_expect(&self->tap, mine.n_wrong == 0 && status == 0,
		   "%u wrong, the last one %s; the other process: status %#x",
		   mine.n_wrong, strerror(mine.error), status);
	close(mine.fd);
	tap_end(&self->tap, "two processes share a socket, and signals do not show");
}

struct busy {
	struct worker worker;
	atomic_bool is_over;
};

static void *run_busy(void *argument)
{
	struct busy *busy = argument;

	while (!atomic_load(&busy->is_over))
		do_round(&busy->worker);
	return NULL;
}

/* A child must not wait for a lock that a thread of its parent holds. */
static void test_fork(struct threads *self)
{
	struct busy busy = { .worker = { .net = &self->net, .group = 2 } };
	int fd = traffic_open_receiver(FLAVOUR_IPV4);

	busy.worker.fd = traffic_open_receiver(FLAVOUR_IPV4);
	pthread_create(&busy.worker.thread, NULL, run_busy, &busy);
	for (unsigned int i = 0; i < N_FORKS; i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			struct worker own = { .net = &self->net, .fd = fd, .group = 3 };

			alarm(10);
			do_round(&own);
			_exit(own.n_wrong ? 1 : 0);
		}
		status = get_status(child);
		tap_expect(&self->tap, status == 0, "status %#x", status);
	}
	atomic_store(&busy.is_over, true);
	pthread_join(busy.worker.thread, NULL);
	tap_expect(&self->tap, busy.worker.n_wrong == 0, "%u wrong, the last one %s",
		   busy.worker.n_wrong, strerror(busy.worker.error));
	close(busy.worker.fd);
	close(fd);
	tap_end(&self->tap, "a fork in the middle of requests leaves no lock behind");
}

static void *run_recv(void *argument)
{
	struct worker *worker = argument;
	char buf[8];

	pthread_barrier_wait(worker->barrier);
	recv(worker->fd, buf, sizeof(buf), 0);
	return NULL;
}

/* It may be cancelled before it waits, or while it does. */
static void test_cancel(struct threads *self)
{
	pthread_barrier_t barrier;
	struct worker worker = { .net = &self->net, .barrier = &barrier };
	void *result = NULL;

	pthread_barrier_init(&barrier, NULL, 2);
	alarm(10);
	for (unsigned int i = 0; i < N_CANCELS; i++) {
		worker.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		expect(&worker,
		       do_source(&self->net, worker.fd, MCAST_JOIN_SOURCE_GROUP, 0, 0));
		pthread_create(&worker.thread, NULL, run_recv, &worker);
		pthread_barrier_wait(&barrier);
		pthread_cancel(worker.thread);
		pthread_join(worker.thread, &result);
		tap_expect(&self->tap, result == PTHREAD_CANCELED, "it was not");
		expect(&worker,
		       do_source(&self->net, worker.fd, MCAST_LEAVE_SOURCE_GROUP, 0, 0));
		close(worker.fd);
	}
	alarm(0);
	pthread_barrier_destroy(&barrier);
	tap_expect(&self->tap, worker.n_wrong == 0, "%u wrong", worker.n_wrong);
	tap_end(&self->tap, "a thread that receives can be cancelled");
}

int main(void)
{
	struct threads self = { .tap = { 0 } };

	unsetenv("LD_PRELOAD");
	netns_init(&self.net);
	system_init();
	test_first_use(&self);
	test_interrupted(&self);
	test_fork(&self);
	test_cancel(&self);
	return tap_finish(&self.tap);
}
