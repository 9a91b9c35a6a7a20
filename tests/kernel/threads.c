/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many threads on sockets of their own, many threads on one socket, one filter
 * shared over fork() and dup(), and two contexts side by side.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model.h"
#include "raw.h"
#include "shape.h"
#include "system.h"
#include "tap.h"

#define N_THREADS 8u
#define N_ROUNDS  300u
#define N_FORKS   200u
#define N_TURNS   10000u

#define N_ASM_TURNS 2000u /* a request takes longer, and so does the window */

#define N_FIRST_USES  20u
#define N_FIRST_FORKS 20u

#define DEADLINE_S 10

struct threads {
	struct tap tap;
	struct netns net;
	struct traffic traffic;
	struct model_place place;
};

/* What one thread does, and what came of it. */
struct worker {
	pthread_t thread;
	const struct model_place *place;
	struct msf *msf;
	int fd;
	unsigned int number;
	unsigned int n_wrong;
	unsigned int n_done;
	atomic_bool is_stopped;
};

static int do_verb(struct msf *msf, int fd, const struct model_place *place,
		   enum msf_verb verb, unsigned int source)
{
	struct model_request request = { .verb = verb, .source = source };
	struct model_call call;

	model_spell(place, &request, &call);
	return shape_apply(&shapes[0], msf, fd, &call.request);
}

static void *work_alone(void *argument)
{
	struct worker *worker = argument;
	const struct model_place *place = worker->place;
	struct model_filter seen;

	for (unsigned int i = 0; i < N_ROUNDS; i++) {
		unsigned int source = (i + worker->number) % 4;
		struct model_filter wanted = { MODEL_INCLUDE, 1u << source };

		worker->n_wrong += do_verb(NULL, worker->fd, place, MSF_JOIN_SOURCE,
					   source) != 0;
		worker->n_wrong += !model_look(worker->fd, place, &seen) ||
				   !model_is_equal(seen, wanted);
		worker->n_wrong += do_verb(NULL, worker->fd, place, MSF_JOIN_SOURCE,
					   source) != -EADDRNOTAVAIL;
		worker->n_wrong += do_verb(NULL, worker->fd, place, MSF_BLOCK_SOURCE,
					   source) != -EINVAL;
		worker->n_wrong += do_verb(NULL, worker->fd, place, MSF_LEAVE_SOURCE,
					   source) != 0;
	}
	return NULL;
}

static void run_workers(struct worker *workers, void *(*work)(void *))
{
	for (unsigned int i = 0; i < N_THREADS; i++)
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			tap_bail_out("cannot make a thread");
	for (unsigned int i = 0; i < N_THREADS; i++)
		pthread_join(workers[i].thread, NULL);
}

static void test_apart(struct threads *self)
{
	struct worker workers[N_THREADS] = { 0 };

	for (unsigned int i = 0; i < N_THREADS; i++) {
		workers[i].place = &self->place;
		workers[i].number = i;
		workers[i].fd = traffic_open_receiver(self->place.flavour);
	}
	run_workers(workers, work_alone);
	for (unsigned int i = 0; i < N_THREADS; i++) {
		tap_expect(&self->tap, workers[i].n_wrong == 0,
			   "thread %u: %u wrong answers", i, workers[i].n_wrong);
		close(workers[i].fd);
	}
	tap_expect(&self->tap,
		   netns_get_members(self->place.ifindex, &self->place.group) == 0,
		   "members are left");
	tap_end(&self->tap,
		"%s: threads on sockets of their own do not disturb each other",
		flavour_name(self->place.flavour));
}

/* Each thread has a source of its own, so each knows its answers whatever the
 * others do: the first join opens the group, the last leave closes it. */
static void *work_together(void *argument)
{
	struct worker *worker = argument;

	for (unsigned int i = 0; i < N_ROUNDS; i++) {
		worker->n_wrong += do_verb(worker->msf, worker->fd, worker->place,
					   MSF_JOIN_SOURCE, worker->number) != 0;
		worker->n_wrong += do_verb(worker->msf, worker->fd, worker->place,
					   MSF_JOIN_SOURCE,
					   worker->number) != -EADDRNOTAVAIL;
		worker->n_wrong += do_verb(worker->msf, worker->fd, worker->place,
					   MSF_LEAVE_SOURCE, worker->number) != 0;
		worker->n_wrong += do_verb(worker->msf, worker->fd, worker->place,
					   MSF_LEAVE_SOURCE,
					   worker->number) != -EADDRNOTAVAIL;
	}
	return NULL;
}

static void run_together(struct threads *self, bool is_dup, struct msf *other)
{
	struct worker workers[N_THREADS] = { 0 };
	int fd = traffic_open_receiver(self->place.flavour);
	struct model_filter seen;

	for (unsigned int i = 0; i < N_THREADS; i++) {
		workers[i].place = &self->place;
		workers[i].number = i;
		workers[i].msf = i % 2 == 0 ? NULL : other;
		workers[i].fd = is_dup ? dup(fd) : fd;
	}
	run_workers(workers, work_together);
	for (unsigned int i = 0; i < N_THREADS; i++) {
		tap_expect(&self->tap, workers[i].n_wrong == 0,
			   "thread %u: %u wrong answers", i, workers[i].n_wrong);
		if (is_dup)
			close(workers[i].fd);
	}
	tap_expect(&self->tap,
		   model_look(fd, &self->place, &seen) && seen.mode == MODEL_NONE,
		   "a membership is left");
	close(fd);
}

static void test_together(struct threads *self)
{
	struct msf *other;

	run_together(self, false, NULL);
	tap_end(&self->tap, "%s: threads on one socket are served one after the other",
		flavour_name(self->place.flavour));
	run_together(self, true, NULL);
	tap_end(&self->tap,
		"%s: threads on dup()ed descriptors are served one after the other",
		flavour_name(self->place.flavour));
	other = system_new_context();
	run_together(self, false, other);
	msf_free(other);
	tap_end(&self->tap,
		"%s: two contexts on one socket are served one after the other",
		flavour_name(self->place.flavour));
}

/* Threads take turns at set, block and join: each answer must be one that the
 * table has, and the state at the end must be one that somebody asked for. */
static void *work_set(void *argument)
{
	struct worker *worker = argument;
	struct model_request request = { MSF_SET_FILTER, 0, MCAST_INCLUDE, 0 };
	struct model_call call;

	for (unsigned int i = 0; i < N_ROUNDS; i++) {
		int r;

		request.fmode = (i + worker->number) % 2 ? MCAST_INCLUDE : MCAST_EXCLUDE;
		request.set = 1u << worker->number;
		model_spell(worker->place, &request, &call);
		r = shape_apply(&shapes[0], NULL, worker->fd, &call.request);
		worker->n_wrong += r != 0 && r != -EADDRINUSE;
		worker->n_done += r == 0;
	}
	return NULL;
}

static void test_sets(struct threads *self)
{
	struct worker workers[N_THREADS] = { 0 };
	int fd = traffic_open_receiver(self->place.flavour);
	struct model_filter seen;

	for (unsigned int i = 0; i < N_THREADS; i++) {
		workers[i].place = &self->place;
		workers[i].number = i;
		workers[i].fd = fd;
	}
	run_workers(workers, work_set);
	for (unsigned int i = 0; i < N_THREADS; i++)
		tap_expect(&self->tap, workers[i].n_wrong == 0 && workers[i].n_done > 0,
			   "thread %u: %u wrong answers, %u done", i, workers[i].n_wrong,
			   workers[i].n_done);
	tap_expect(&self->tap,
		   model_look(fd, &self->place, &seen) && seen.mode != MODEL_NONE &&
			   __builtin_popcount(seen.set) == 1,
		   "the state is %d 0x%x", seen.mode, seen.set);
	tap_expect(&self->tap,
		   system_is_asm() || netns_count_sources(self->place.ifindex,
							  &self->place.group) == 1,
		   "the interface has other sources than the socket");
	close(fd);
	tap_end(&self->tap, "%s: sets from many threads leave one of them in force",
		flavour_name(self->place.flavour));
}

static int do_set(int fd, const struct model_place *place, uint32_t fmode,
		  unsigned int set)
{
	struct model_request request = { MSF_SET_FILTER, 0, fmode, set };
	struct model_call call;

	model_spell(place, &request, &call);
	return shape_apply(&shapes[0], NULL, fd, &call.request);
}

static void *work_with_source(void *argument)
{
	struct worker *worker = argument;

	while (!atomic_load(&worker->is_stopped)) {
		int r = do_verb(NULL, worker->fd, worker->place, MSF_JOIN_SOURCE, 1);

		worker->n_wrong += r != 0 && r != -EINVAL && r != -EADDRNOTAVAIL;
		worker->n_done += r == 0;
		r = do_verb(NULL, worker->fd, worker->place, MSF_LEAVE_SOURCE, 1);
		worker->n_wrong += r != 0 && r != -EINVAL && r != -EADDRNOTAVAIL;
	}
	return NULL;
}

/*
 * The kernel would let a source join switch EXCLUDE {} to INCLUDE, and a source
 * leave to INCLUDE {}. The library looks first, and nobody may come in between:
 * after a set EXCLUDE {} the other thread's requests change nothing.
 */
static void test_look_and_write(struct threads *self)
{
	struct worker worker = { .place = &self->place,
				 .fd = traffic_open_receiver(self->place.flavour) };
	unsigned int n_turns = system_is_asm() ? N_ASM_TURNS : N_TURNS;
	unsigned int n_wrong = 0, n_lost = 0;
	struct model_filter seen;

	if (pthread_create(&worker.thread, NULL, work_with_source, &worker) != 0)
		tap_bail_out("cannot make a thread");
	for (unsigned int i = 0; i < n_turns; i++) {
		n_wrong += do_set(worker.fd, &self->place, MCAST_INCLUDE, 1) != 0;
		n_wrong += do_set(worker.fd, &self->place, MCAST_EXCLUDE, 0) != 0;
		n_lost += !model_look(worker.fd, &self->place, &seen) ||
			  seen.mode != MODEL_EXCLUDE || seen.set != 0;
	}
	atomic_store(&worker.is_stopped, true);
	pthread_join(worker.thread, NULL);
	tap_expect(&self->tap, n_wrong == 0 && worker.n_wrong == 0,
		   "%u and %u wrong answers", n_wrong, worker.n_wrong);
	tap_expect(&self->tap, n_lost == 0, "%u sets were undone", n_lost);
	close(worker.fd);
	tap_end(&self->tap, "%s: no request comes between another's look and its write",
		flavour_name(self->place.flavour));
}

/* The child changes what the parent joined. */
static void test_fork(struct threads *self)
{
	int fd = traffic_open_strict_receiver(self->place.flavour), status = -1;
	struct model_filter seen;
	pid_t child;

	tap_expect(&self->tap, do_verb(NULL, fd, &self->place, MSF_JOIN_SOURCE, 0) == 0,
		   "the parent cannot join");
	child = fork();
	if (child == 0) {
		int wrong = 0;

		wrong += do_verb(NULL, fd, &self->place, MSF_JOIN_SOURCE, 0) !=
			 -EADDRNOTAVAIL;
		wrong += do_verb(NULL, fd, &self->place, MSF_JOIN_SOURCE, 1) != 0;
		wrong += do_verb(NULL, fd, &self->place, MSF_LEAVE_SOURCE, 0) != 0;
		_exit(wrong);
	}
	tap_expect(&self->tap,
		   child > 0 && waitpid(child, &status, 0) == child && status == 0,
		   "the child got wrong answers: status 0x%x", status);
	tap_expect(&self->tap,
		   model_look(fd, &self->place, &seen) && seen.mode == MODEL_INCLUDE &&
			   seen.set == 2,
		   "the parent sees %d 0x%x", seen.mode, seen.set);
	tap_expect(&self->tap,
		   traffic_hear(&self->traffic, fd, self->place.link,
				&self->place.group) == 2,
		   "the parent hears other sources");
	tap_expect(&self->tap, do_verb(NULL, fd, &self->place, MSF_LEAVE_SOURCE, 1) == 0,
		   "the parent cannot leave what the child joined");
	close(fd);
	tap_end(&self->tap, "%s: parent and child share one filter",
		flavour_name(self->place.flavour));
}

/* Requests until told to stop: some of them hold the lock when fork() comes. */
static void *work_until_stopped(void *argument)
{
	struct worker *worker = argument;

	while (!atomic_load(&worker->is_stopped)) {
		do_verb(NULL, worker->fd, worker->place, MSF_JOIN_SOURCE, 0);
		do_verb(NULL, worker->fd, worker->place, MSF_LEAVE_SOURCE, 0);
	}
	return NULL;
}

static void test_fork_among_threads(struct threads *self)
{
	struct worker worker = { .place = &self->place,
				 .fd = traffic_open_receiver(self->place.flavour) };
	int own = traffic_open_receiver(self->place.flavour);

	if (pthread_create(&worker.thread, NULL, work_until_stopped, &worker) != 0)
		tap_bail_out("cannot make a thread");
	for (unsigned int i = 0; i < N_FORKS; i++) {
		int status = -1;
		pid_t child = fork();

		if (child == 0) {
			alarm(DEADLINE_S);
			_exit(do_verb(NULL, own, &self->place, MSF_LEAVE_GROUP, 0) !=
			      -EADDRNOTAVAIL);
		}
		if (!tap_expect(&self->tap,
				child > 0 && waitpid(child, &status, 0) == child &&
					status == 0,
				"fork %u: the child ended with status 0x%x", i, status))
			break;
	}
	atomic_store(&worker.is_stopped, true);
	pthread_join(worker.thread, NULL);
	close(worker.fd);
	close(own);
	tap_end(&self->tap,
		"%s: a child forked while other threads work is not locked out",
		flavour_name(self->place.flavour));
}

/* Takes the locks of the default context again and again, from the first time on. */
static void *work_first(void *argument)
{
	struct worker *worker = argument;

	while (!atomic_load(&worker->is_stopped))
		msf_configure_default(NULL);
	return NULL;
}

/* A process that never used the default context. Returns 0, 1 for a child with a
 * wrong answer, or the signal that ended it. */
static int fork_at_first_use(const struct model_place *place)
{
	struct worker worker = { .place = place };
	int fd = traffic_open_receiver(place->flavour), status = 0;

	if (pthread_create(&worker.thread, NULL, work_first, &worker) != 0)
		return 99;
	for (unsigned int i = 0; i < N_FIRST_FORKS && status == 0; i++) {
		pid_t child = fork();

		if (child == 0) {
			alarm(DEADLINE_S);
			_exit(do_verb(NULL, fd, place, MSF_LEAVE_GROUP, 0) !=
			      -EADDRNOTAVAIL);
		}
		if (child < 0 || waitpid(child, &status, 0) != child)
			return 98;
	}
	atomic_store(&worker.is_stopped, true);
	pthread_join(worker.thread, NULL);
	return WIFSIGNALED(status) ? WTERMSIG(status) : status != 0;
}

static void test_fork_at_first_use(struct threads *self)
{
#ifdef __SANITIZE_THREAD__
	tap_skip(&self->tap, "ThreadSanitizer has a pthread_once() of its own, in which "
			     "a child waits for a thread that it does not have");
#endif
	for (unsigned int i = 0; !self->tap.skip && i < N_FIRST_USES; i++) {
		int status = -1;
		pid_t child = fork();

		if (child == 0)
			_exit(fork_at_first_use(&self->place));
		if (waitpid(child, &status, 0) != child)
			tap_bail_out("no child");
		if (!tap_expect(&self->tap, status == 0,
				"process %u: exit status %d (%d: a child hung)", i,
				WEXITSTATUS(status), SIGALRM))
			break;
	}
	tap_end(&self->tap, "a child forked while other threads use the default context "
			    "for the first time is not locked out");
}

static void test_dup(struct threads *self)
{
	int fd = traffic_open_strict_receiver(self->place.flavour), other = dup(fd);
	struct model_filter seen;

	tap_expect(&self->tap, do_verb(NULL, fd, &self->place, MSF_JOIN_GROUP, 0) == 0,
		   "join");
	tap_expect(&self->tap,
		   do_verb(NULL, other, &self->place, MSF_JOIN_GROUP, 0) == -EADDRINUSE,
		   "join again on the copy");
	tap_expect(&self->tap,
		   do_verb(NULL, other, &self->place, MSF_BLOCK_SOURCE, 3) == 0,
		   "block on the copy");
	close(other);
	tap_expect(&self->tap,
		   model_look(fd, &self->place, &seen) && seen.mode == MODEL_EXCLUDE &&
			   seen.set == 8,
		   "the filter went with the copy");
	tap_expect(&self->tap,
		   traffic_hear(&self->traffic, fd, self->place.link,
				&self->place.group) == 7,
		   "other sources are heard");
	close(fd);
	tap_end(&self->tap, "%s: a dup()ed descriptor has the same filter",
		flavour_name(self->place.flavour));
}

int main(void)
{
	struct threads self = { 0 };

	netns_init(&self.net);
	system_init();
	netns_set_sysctl("net/ipv4/igmp_max_msf", 64);
	self.place = (struct model_place){ FLAVOUR_IPV4, 0, self.net.ifindex[0],
					   netns_group(AF_INET, 0) };
	test_fork_at_first_use(&self);
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		self.place = (struct model_place){
			flavour, 0, self.net.ifindex[0],
			netns_group(flavour_get_family(flavour), 0)
		};
		test_apart(&self);
		test_together(&self);
		test_sets(&self);
		test_look_and_write(&self);
		test_fork_among_threads(&self);
	}
	/* Delivery needs one CPU, threads want all: so delivery comes last. */
	traffic_init(&self.traffic, &self.net);
	self.traffic.receive = msf_recv;
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		self.place.flavour = flavour;
		self.place.group = netns_group(flavour_get_family(flavour), 0);
		if (!system_is_private())
			test_fork(&self);
		test_dup(&self);
	}
	traffic_fini(&self.traffic);
	return tap_finish(&self.tap);
}
