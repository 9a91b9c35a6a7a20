/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sorted by inode. The numbers of sockets do not come again before 2^32 others were
 * opened, so that an entry whose socket is gone does no harm until it is swept out.
 */
#include "asm/store.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/signals.h"

#define N_LOCKS     16 /* with those of the contexts fewer than 64: see there */
#define LOCK_BITS   4
#define CAPACITY    16u
#define NUMBER_BASE 10

struct entry {
	uint64_t key;
	struct asm_state state;
	bool is_foreign; /* an eBPF program is on it, which nobody could read back */
	bool is_receive_filtered; /* wishes are set */
	struct store_wishes wishes;
	bool is_seen; /* by a sweep */
};

static struct {
	pthread_once_t once;
	pthread_mutex_t sockets[N_LOCKS];
	pthread_mutex_t lock; /* of what follows; taken last */
	atomic_uint n_receive_filtered;
	struct entry *entries; /* owned */
	uint32_t n;
	uint32_t capacity;
	sigset_t mask; /* of the thread that forks */
} store = {
	.once = PTHREAD_ONCE_INIT,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

static void unblock_signals(const sigset_t *mask)
{
	pthread_sigmask(SIG_SETMASK, mask, NULL);
}

/* A child must not inherit a lock that a thread of its parent held. */
static void lock_all(void)
{
	sigset_t mask;

	signals_block(&mask);
	for (int i = 0; i < N_LOCKS; i++)
		pthread_mutex_lock(&store.sockets[i]);
	pthread_mutex_lock(&store.lock);
	store.mask = mask;
}

static void unlock_all(void)
{
	sigset_t mask = store.mask;

	pthread_mutex_unlock(&store.lock);
	for (int i = 0; i < N_LOCKS; i++)
		pthread_mutex_unlock(&store.sockets[i]);
	unblock_signals(&mask);
}

static void init_locks(void)
{
	for (int i = 0; i < N_LOCKS; i++)
		pthread_mutex_init(&store.sockets[i], NULL);
	pthread_atfork(lock_all, unlock_all, unlock_all);
}

static pthread_mutex_t *get_lock(uint64_t key)
{
	return &store.sockets[key * 0x9e3779b97f4a7c15ull >> (64 - LOCK_BITS)];
}

void store_lock(uint64_t key, sigset_t *ret_mask)
{
	signals_block(ret_mask);
	pthread_once(&store.once, init_locks);
	pthread_mutex_lock(get_lock(key));
}

void store_unlock(uint64_t key, const sigset_t *mask)
{
	pthread_mutex_unlock(get_lock(key));
	unblock_signals(mask);
}

static void lock_table(sigset_t *ret_mask)
{
	signals_block(ret_mask);
	pthread_once(&store.once, init_locks);
	pthread_mutex_lock(&store.lock);
}

static void unlock_table(const sigset_t *mask)
{
	pthread_mutex_unlock(&store.lock);
	unblock_signals(mask);
}

/* Where it is, or would be inserted. */
static uint32_t find_position(uint64_t key)
{
	uint32_t low = 0, high = store.n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (store.entries[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct entry *find(uint64_t key)
{
	uint32_t position = find_position(key);

	if (position == store.n || store.entries[position].key != key)
		return NULL;
	return &store.entries[position];
}

static void free_entry(struct entry *entry)
{
	state_fini(&entry->state);
	if (entry->is_receive_filtered)
		atomic_fetch_sub(&store.n_receive_filtered, 1);
}

static void take_out(struct entry *entry)
{
	struct entry *behind = entry + 1;

	free_entry(entry);
	memmove(entry, behind, (store.entries + store.n - behind) * sizeof(*entry));
	store.n--;
}

static void see_descriptor(const char *name)
{
	struct entry *entry;
	struct stat st;

	if (*name == '.' || fstat((int)strtol(name, NULL, NUMBER_BASE), &st) < 0 ||
	    !S_ISSOCK(st.st_mode))
		return;
	entry = find(st.st_ino);
	if (entry)
		entry->is_seen = true;
}

/* Takes out the entries of sockets that no descriptor of the process refers to. Where
 * the descriptors cannot be listed, all stay. */
static void sweep(void)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *at;
	uint32_t n = 0;

	if (!dir)
		return;
	for (uint32_t i = 0; i < store.n; i++)
		store.entries[i].is_seen = false;
	while ((at = readdir(dir)))
		see_descriptor(at->d_name);
	closedir(dir);
	for (uint32_t i = 0; i < store.n; i++) {
		if (store.entries[i].is_seen)
			store.entries[n++] = store.entries[i];
		else
			free_entry(&store.entries[i]);
	}
	store.n = n;
}

static int make_room(void)
{
	uint32_t capacity = store.capacity ? 2 * store.capacity : CAPACITY;
	struct entry *entries;

	if (store.n < store.capacity)
		return 0;
	sweep();
	/* not again before a good part of it has been used up */
	if (store.n < store.capacity / 2)
		return 0;
	entries = reallocarray(store.entries, capacity, sizeof(*entries));
	if (!entries)
		return store.n < store.capacity ? 0 : -ENOMEM;
	store.entries = entries;
	store.capacity = capacity;
	return 0;
}

static int copy_state(const struct asm_state *state, struct asm_state *ret)
{
	const struct filter none = { .mode = FILTER_NONE };

	return state_copy_with(state, 0, (struct addr){ 0 }, &none, ret);
}

int store_get(uint64_t key, struct asm_state *ret)
{
	const struct entry *entry;
	sigset_t mask;
	int r = 0;

	lock_table(&mask);
	entry = find(key);
	if (entry)
		r = entry->is_foreign ? -EBUSY : copy_state(&entry->state, ret);
	unlock_table(&mask);
	return r < 0 ? r : entry != NULL;
}

/* The copy becomes the entry's. */
static int put(uint64_t key, const struct asm_state *copy)
{
	struct entry *entry = find(key);
	uint32_t position;
	int r;

	if (entry) {
		state_fini(&entry->state);
		entry->state = *copy;
		entry->is_foreign = false;
		return 0;
	}
	r = make_room();
	if (r < 0)
		return r;
	position = find_position(key);
	entry = &store.entries[position];
	memmove(entry + 1, entry, (store.n - position) * sizeof(*entry));
	*entry = (struct entry){ .key = key, .state = *copy };
	store.n++;
	return 0;
}

int store_put(uint64_t key, const struct asm_state *state)
{
	struct asm_state copy;
	sigset_t mask;
	int r = 0;

	if (state->n || state->n_application) {
		r = copy_state(state, &copy);
		if (r < 0)
			return r;
		lock_table(&mask);
		r = put(key, &copy);
		unlock_table(&mask);
		if (r < 0)
			state_fini(&copy);
		return r;
	}
	lock_table(&mask);
	if (find(key))
		take_out(find(key));
	unlock_table(&mask);
	return 0;
}

int store_put_foreign(uint64_t key, bool is_foreign)
{
	const struct asm_state nothing = ASM_STATE_INIT;
	struct entry *entry;
	sigset_t mask;
	int r = 0;

	lock_table(&mask);
	if (is_foreign)
		r = put(key, &nothing);
	entry = find(key);
	if (entry && is_foreign && r == 0)
		entry->is_foreign = true;
	else if (entry && entry->is_foreign && !is_foreign)
		take_out(entry);
	unlock_table(&mask);
	return r;
}

bool store_is_used(void)
{
	return atomic_load_explicit(&store.n_receive_filtered, memory_order_acquire);
}

enum store_answer store_ask(uint64_t key, struct addr destination, uint32_t ifindex,
			    struct addr source)
{
	enum store_answer answer = STORE_UNKNOWN;
	const struct entry *entry;
	sigset_t mask;

	lock_table(&mask);
	entry = find(key);
	if (entry && entry->is_receive_filtered)
		answer = state_admits(&entry->state, destination, ifindex, source)
				 ? STORE_ADMITTED
				 : STORE_REFUSED;
	unlock_table(&mask);
	return answer;
}

bool store_get_wishes(uint64_t key, struct store_wishes *ret)
{
	const struct entry *entry;
	bool has_wishes;
	sigset_t mask;

	lock_table(&mask);
	entry = find(key);
	has_wishes = entry && entry->is_receive_filtered;
	if (has_wishes)
		*ret = entry->wishes;
	unlock_table(&mask);
	return has_wishes;
}

void store_set_wishes(uint64_t key, const struct store_wishes *wishes)
{
	struct entry *entry;
	sigset_t mask;

	lock_table(&mask);
	entry = find(key);
	if (entry) {
		if (!entry->is_receive_filtered)
			atomic_fetch_add(&store.n_receive_filtered, 1);
		entry->is_receive_filtered = true;
		entry->wishes = *wishes;
	}
	unlock_table(&mask);
}
