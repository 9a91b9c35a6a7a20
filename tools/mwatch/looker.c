/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * looker: calls in a thread with rights of its own (see looker.h).
 *
 * Capabilities belong to threads (capabilities(7)).  Invariant: one of the two threads
 * runs while the other one waits for it.
 */
#include "looker.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>

#include "privilege.h"

struct looker {
	pthread_t thread;
	sem_t asked, answered;
	int (*function)(void *data); /* NULL: end */
	void *data;
	int value;
};

static void wait_for(sem_t *semaphore)
{
	while (sem_wait(semaphore) < 0 && errno == EINTR)
		;
}

static void *serve(void *data)
{
	struct looker *looker = data;

	pthread_setname_np(pthread_self(), "mwatch-looker");
	for (;;) {
		wait_for(&looker->asked);
		if (!looker->function)
			return NULL;
		looker->value = looker->function(looker->data);
		sem_post(&looker->answered);
	}
}

int looker_call(struct looker *looker, int (*function)(void *data), void *data)
{
	if (!looker)
		return function(data);
	looker->function = function;
	looker->data = data;
	sem_post(&looker->asked);
	wait_for(&looker->answered);
	return looker->value;
}

static int drop(void *data)
{
	const bool *is_looking = data;

	return privilege_drop(*is_looking);
}

static struct looker *destroy(struct looker *looker)
{
	sem_destroy(&looker->asked);
	sem_destroy(&looker->answered);
	free(looker);
	return NULL;
}

int looker_new(struct looker **ret, bool is_looking)
{
	struct looker *looker = calloc(1, sizeof(*looker));
	sigset_t all, before;
	int r;

	if (!looker)
		return -ENOMEM;
	sem_init(&looker->asked, 0, 0);
	sem_init(&looker->answered, 0, 0);
	/* Signals are for the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = -pthread_create(&looker->thread, NULL, serve, looker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r < 0) {
		destroy(looker);
		return r;
	}
	r = looker_call(looker, drop, &is_looking);
	if (r < 0) {
		looker_free(looker);
		return r;
	}
	*ret = looker;
	return 0;
}

struct looker *looker_free(struct looker *looker)
{
	if (!looker)
		return NULL;
	looker->function = NULL;
	sem_post(&looker->asked);
	pthread_join(looker->thread, NULL);
	return destroy(looker);
}
