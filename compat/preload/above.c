/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fixed table without locks: nothing to be inherited by fork(), nor to be met in a
 * handler of a signal. A free place is 0, which is the inode of no socket.
 */
#include "above.h"

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define N_PLACES    1024
#define NUMBER_BASE 10

static struct {
	atomic_int n_used; /* places from the start, free ones among them */
	_Atomic(uint64_t) keys[N_PLACES];
} sockets;

/* 0: no socket, and errno. */
static uint64_t find_key(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return 0;
	if (S_ISSOCK(st.st_mode))
		return st.st_ino;
	errno = ENOTSOCK;
	return 0;
}

static int find_place(uint64_t key)
{
	int n = atomic_load_explicit(&sockets.n_used, memory_order_acquire);

	for (int i = 0; i < n; i++)
		if (atomic_load_explicit(&sockets.keys[i], memory_order_relaxed) == key)
			return i;
	return -1;
}

bool above_has(int fd)
{
	int error = errno;
	uint64_t key;

	if (!atomic_load_explicit(&sockets.n_used, memory_order_acquire))
		return false;
	key = find_key(fd);
	errno = error;
	return key && find_place(key) >= 0;
}

static void grow(int n)
{
	int n_used = atomic_load(&sockets.n_used);

	while (n_used < n && !atomic_compare_exchange_weak(&sockets.n_used, &n_used, n))
		;
}

static bool put(uint64_t key)
{
	for (int i = 0; i < N_PLACES; i++) {
		uint64_t none = 0;

		if (atomic_compare_exchange_strong(&sockets.keys[i], &none, key)) {
			grow(i + 1);
			return true;
		}
	}
	return false;
}

static void forget_seen(uint64_t gone[N_PLACES], uint64_t key)
{
	for (int i = 0; key && i < N_PLACES; i++)
		if (gone[i] == key)
			gone[i] = 0;
}

/* Takes out those that no descriptor of the process refers to. One that is put in
 * meanwhile has a descriptor, or is not among those that are looked for. */
static void sweep(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t gone[N_PLACES];
	const struct dirent *at;

	if (!dir)
		return;
	for (int i = 0; i < N_PLACES; i++)
		gone[i] = atomic_load(&sockets.keys[i]);
	while ((at = readdir(dir)))
		if (*at->d_name != '.')
			forget_seen(gone,
				    find_key((int)strtol(at->d_name, NULL, NUMBER_BASE)));
	closedir(dir);
	for (int i = 0; i < N_PLACES; i++)
		if (gone[i])
			atomic_compare_exchange_strong(&sockets.keys[i], &gone[i], 0);
}

int above_add(int fd)
{
	uint64_t key = find_key(fd);

	if (!key)
		return -errno;
	if (find_place(key) >= 0)
		return 0;
	if (put(key))
		return 1;
	sweep();
	return put(key) ? 1 : -ENOMEM;
}

void above_del(int fd)
{
	uint64_t key = find_key(fd);
	int place = key ? find_place(key) : -1;

	if (place >= 0)
		atomic_compare_exchange_strong(&sockets.keys[place], &key, 0);
}
