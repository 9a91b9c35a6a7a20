/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * names: addresses as people see them (see names.h).
 *
 * Invariant: who asks never waits for a name server: what is not known yet is queued, if
 * there is room, and shown in digits.  Both the queue and what is remembered are bounded.
 *
 * The thread may sit in getnameinfo(3) for many seconds when names_free() is called: what
 * it works with is shared, and freed by the last of both.
 */
#include "names.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "endpoint.h"
#include "utf8.h"

#define N_SETS   1024
#define N_WAYS   8
#define N_QUEUED 256

/* A name that was not found is looked for again after so many seconds. */
#define RETRY_SEC 60

enum entry_state {
	ENTRY_FREE,
	ENTRY_WAITING, /* in the queue, or looked up just now */
	ENTRY_KNOWN,
	ENTRY_NAMELESS,
};

struct entry {
	enum entry_state state;
	struct sockaddr_storage address;
	uint64_t used;  /* the later, the larger */
	time_t when;    /* of the answer */
	char name[256]; /* RFC 1035 2.3.4: 255 octets at most */
};

struct names {
	pthread_mutex_t lock;
	pthread_cond_t has_work;
	unsigned int n_users; /* the caller and the thread */
	bool is_resolving, is_ending;
	uint64_t n_asked;
	struct sockaddr_storage queue[N_QUEUED];
	unsigned int n_queued, i_first;
	struct entry entries[N_SETS][N_WAYS];
};

static time_t get_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* FNV-1a over what endpoint_compare_addresses() compares, as text. */
static struct entry *get_set(struct names *names, const char *digits)
{
	uint32_t hash = 2166136261U;

	for (; *digits; digits++)
		hash = (hash ^ (uint8_t)*digits) * 16777619U;
	return names->entries[hash % N_SETS];
}

static struct entry *find_entry(struct entry *set, const struct sockaddr_storage *address)
{
	for (unsigned int i = 0; i < N_WAYS; i++)
		if (set[i].state != ENTRY_FREE &&
		    endpoint_compare_addresses(&set[i].address, address) == 0)
			return &set[i];
	return NULL;
}

/* The one that nobody asked for longest, but none that is waiting. */
static struct entry *find_oldest(struct entry *set)
{
	struct entry *oldest = NULL;

	for (unsigned int i = 0; i < N_WAYS; i++) {
		if (set[i].state == ENTRY_WAITING)
			continue;
		if (set[i].state == ENTRY_FREE)
			return &set[i];
		if (!oldest || set[i].used < oldest->used)
			oldest = &set[i];
	}
	return oldest;
}

/* Without room it is asked for again later. */
static void enqueue(struct names *names, struct entry *entry,
		    const struct sockaddr_storage *address)
{
	if (!entry || names->n_queued == N_QUEUED)
		return;
	names->queue[(names->i_first + names->n_queued++) % N_QUEUED] = *address;
	entry->address = *address;
	entry->state = ENTRY_WAITING;
	pthread_cond_signal(&names->has_work);
}

static void look_up(const struct sockaddr_storage *address, struct entry *ret)
{
	char name[NI_MAXHOST];
	int r = getnameinfo((const struct sockaddr *)address,
			    endpoint_get_length(address), name, sizeof(name), NULL, 0,
			    NI_NAMEREQD);

	ret->state = r == 0 ? ENTRY_KNOWN : ENTRY_NAMELESS;
	ret->when = get_now();
	if (r == 0)
		utf8_clean(name, ret->name, sizeof(ret->name));
}

static void answer(struct names *names, const struct sockaddr_storage *address,
		   const struct entry *found)
{
	char digits[ENDPOINT_TEXT_MAX];
	struct entry *entry;

	endpoint_format_address(address, digits, sizeof(digits));
	entry = find_entry(get_set(names, digits), address);
	if (!entry)
		return;
	entry->state = found->state;
	entry->when = found->when;
	memcpy(entry->name, found->name, sizeof(entry->name));
}

/* Frees when nobody is left; the lock is held, and gone then. */
static void leave(struct names *names)
{
	unsigned int n_users = --names->n_users;

	pthread_mutex_unlock(&names->lock);
	if (n_users)
		return;
	pthread_cond_destroy(&names->has_work);
	pthread_mutex_destroy(&names->lock);
	free(names);
}

static void *resolve(void *data)
{
	struct names *names = data;

	pthread_mutex_lock(&names->lock);
	while (!names->is_ending) {
		struct sockaddr_storage address;
		struct entry found = { 0 };

		if (names->n_queued == 0) {
			pthread_cond_wait(&names->has_work, &names->lock);
			continue;
		}
		address = names->queue[names->i_first];
		names->i_first = (names->i_first + 1) % N_QUEUED;
		names->n_queued--;
		pthread_mutex_unlock(&names->lock);
		look_up(&address, &found);
		pthread_mutex_lock(&names->lock);
		answer(names, &address, &found);
	}
	leave(names);
	return NULL;
}

/* Signals are for the main thread. */
static int start(struct names *names)
{
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, &attr, resolve, names);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -r;
}

int names_new(struct names **ret, bool is_resolving)
{
	struct names *names = calloc(1, sizeof(*names));
	int r = 0;

	if (!names)
		return -ENOMEM;
	pthread_mutex_init(&names->lock, NULL);
	pthread_cond_init(&names->has_work, NULL);
	names->is_resolving = is_resolving;
	names->n_users = is_resolving ? 2 : 1;
	if (is_resolving)
		r = start(names);
	if (r < 0) {
		names->n_users = 1;
		names_free(names);
		return r;
	}
	*ret = names;
	return 0;
}

struct names *names_free(struct names *names)
{
	if (names) {
		pthread_mutex_lock(&names->lock);
		names->is_ending = true;
		pthread_cond_signal(&names->has_work);
		leave(names);
	}
	return NULL;
}

/* The lock is held. NULL: it has none that is known. */
static const char *find_name(struct names *names, const struct sockaddr_storage *address,
			     const char *digits)
{
	struct entry *set = get_set(names, digits);
	struct entry *entry = find_entry(set, address);

	if (!entry) {
		entry = find_oldest(set);
		enqueue(names, entry, address);
	} else if (entry->state == ENTRY_NAMELESS &&
		   get_now() - entry->when >= RETRY_SEC) {
		enqueue(names, entry, address);
	}
	if (!entry)
		return NULL;
	entry->used = ++names->n_asked;
	return entry->state == ENTRY_KNOWN ? entry->name : NULL;
}

void names_format(struct names *names, const struct sockaddr_storage *address, char *buf,
		  size_t len)
{
	char digits[ENDPOINT_TEXT_MAX] = "";
	const char *name;

	endpoint_format_address(address, digits, sizeof(digits));
	if (!names->is_resolving) {
		utf8_clean(digits, buf, len);
		return;
	}
	pthread_mutex_lock(&names->lock);
	name = find_name(names, address, digits);
	utf8_clean(name ? name : digits, buf, len);
	pthread_mutex_unlock(&names->lock);
}
