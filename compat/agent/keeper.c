/* SPDX-License-Identifier: BSD-2-Clause */
/* See keeper.h. */
#include "agent/keeper.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/replay.h"
#include "agent/signals.h"

#define WAIT_MIN_MS 100u
#define WAIT_MAX_MS 5000u

/* How often it looks whether something is pending: nobody wakes it up, as that would
 * take one more descriptor of the program's. */
#define LOOK_MS 1000

/* A child that goes on to exec(), or ends, need not connect at all. */
#define CHILD_WAIT_MS 1000u

/* A request that finds no thread does not try each time. */
#define AGAIN_MS 100u

#define STACK_SIZE (256u * 1024u)

/* Programs that lost the same msfd do not all come at the same moment. */
static uint32_t add_jitter(uint32_t wait_ms)
{
	uint64_t noise = (clock_now() ^ (uint64_t)getpid() << 32) * 0x9e3779b97f4a7c15ull;

	return wait_ms + (uint32_t)((noise >> 32) % (wait_ms / 2 + 1));
}

/* Waits, and longer the next time. */
static void back_off(uint32_t *wait_ms)
{
	clock_sleep_ms(add_jitter(*wait_ms));
	*wait_ms *= 2;
	if (*wait_ms > WAIT_MAX_MS)
		*wait_ms = WAIT_MAX_MS;
}

static int open_connection(struct connection *connection)
{
	int r;

	pthread_mutex_lock(&connection->lock);
	r = connection_open(connection);
	pthread_mutex_unlock(&connection->lock);
	return r;
}

/* 0: it goes on; -errno: after a while again. */
static int keep_once(struct connection *connection)
{
	int r = open_connection(connection);

	if (r == 0 && !pending_is_empty(&connection->pending))
		r = replay_run(connection);
	if (r == 0 && connection_wait_for_end(connection, LOOK_MS))
		r = -EPIPE;
	return r;
}

/*
 * main() may end with pthread_exit(), and the process then ends with its last thread,
 * which is not to be this one: no signal but SIGKILL would end it. The first thread stays
 * in the list, and has no program any more.
 */
#define LINKS_OF_TWO 4u /* of the folder: two of its own, and one a thread */

static bool is_last(void)
{
	struct stat st;
	char target;

	return stat("/proc/self/task", &st) == 0 && st.st_nlink == LINKS_OF_TWO &&
	       readlink("/proc/self/exe", &target, sizeof(target)) < 0 && errno == ENOENT;
}

static void *keep(void *argument)
{
	struct connection *connection = argument;
	uint32_t wait_ms = WAIT_MIN_MS;

	pthread_setname_np(pthread_self(), "msf-agent");
	if (connection->is_child)
		clock_sleep_ms(add_jitter(CHILD_WAIT_MS));
	while (!is_last()) {
		if (keep_once(connection) < 0)
			back_off(&wait_ms);
		else
			wait_ms = WAIT_MIN_MS;
	}
	return NULL;
}

static int create(struct connection *connection)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t mask;
	int r = pthread_attr_init(&attributes);

	if (r != 0)
		return r;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	signals_block(&mask);
	r = pthread_create(&thread, &attributes, keep, connection);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	pthread_attr_destroy(&attributes);
	return r;
}

void keeper_start(struct connection *connection)
{
	uint64_t now;

	if (atomic_load(&connection->is_kept))
		return;
	now = clock_now();
	if (now < atomic_load(&connection->kept_again) ||
	    atomic_exchange(&connection->is_kept, true))
		return;
	if (create(connection) != 0) {
		atomic_store(&connection->kept_again, now + AGAIN_MS * CLOCK_MS);
		atomic_store(&connection->is_kept, false);
	}
}
