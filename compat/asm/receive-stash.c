/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stash: a list of packets and errors in the order in which they came. An entry is
 * a mapping of its own, so that receive calls stay safe in signal handlers as long as
 * nothing is stashed; one mapping is kept for the next discard.
 *
 * After fork() the stash is the parent's: the child leaves its copies alone.
 */
#include "asm/receive-stash.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

/* More than any datagram holds. */
#define MAX_DATA 65536u

/* Where nobody comes for them, the oldest go. */
#define MAX_ENTRIES 32u

/* The mutex of the list, of those of the sockets: no socket has this inode. */
#define STASH_KEY 0u

struct stash {
	struct stash *next;
	uint64_t key;
	pid_t pid;
	int error; /* 0: a packet */
	size_t n_data;
	struct packet packet;
	unsigned char data[MAX_DATA];
};

static struct {
	struct stash *first;
	atomic_uint n;
	_Atomic(struct stash *) spare;
} stashes;

static struct stash *acquire(void)
{
	struct stash *entry = atomic_exchange(&stashes.spare, NULL);

	if (entry != NULL)
		return entry;
	entry = mmap(NULL, sizeof(*entry), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return entry == MAP_FAILED ? NULL : entry;
}

static void release(struct stash *entry)
{
	entry = atomic_exchange(&stashes.spare, entry);
	if (entry != NULL)
		munmap(entry, sizeof(*entry));
}

static struct stash *take_out(struct stash **at)
{
	struct stash *entry = *at;

	*at = entry->next;
	atomic_fetch_sub(&stashes.n, 1);
	return entry;
}

static void append(struct stash *entry, uint64_t key)
{
	struct stash **at = &stashes.first, *oldest = NULL;
	sigset_t mask;

	entry->next = NULL;
	entry->key = key;
	entry->pid = getpid();
	store_lock(STASH_KEY, &mask);
	if (atomic_load(&stashes.n) == MAX_ENTRIES)
		oldest = take_out(at);
	while (*at != NULL)
		at = &(*at)->next;
	*at = entry;
	atomic_fetch_add(&stashes.n, 1);
	store_unlock(STASH_KEY, &mask);
	if (oldest != NULL)
		release(oldest);
}

/* Of a locked list: the link that leads to the first one of the socket. */
static struct stash **find(uint64_t key)
{
	struct stash **at = &stashes.first;
	pid_t pid = getpid();

	while (*at != NULL && ((*at)->key != key || (*at)->pid != pid))
		at = &(*at)->next;
	return *at == NULL ? NULL : at;
}

bool stash_is_used(void)
{
	return atomic_load_explicit(&stashes.n, memory_order_acquire) != 0;
}

bool stash_has(uint64_t key)
{
	sigset_t mask;
	bool has;

	if (!stash_is_used())
		return false;
	store_lock(STASH_KEY, &mask);
	has = find(key) != NULL;
	store_unlock(STASH_KEY, &mask);
	return has;
}

int stash_discard(const struct receiver *receiver)
{
	struct stash *entry = acquire();
	struct iovec iov;
	int r;

	if (entry == NULL)
		return -ENOMEM;
	iov = (struct iovec){ entry->data, sizeof(entry->data) };
	r = packet_receive(&entry->packet, receiver,
			   &(struct msghdr){ .msg_iov = &iov, .msg_iovlen = 1 },
			   MSG_DONTWAIT | MSG_TRUNC);
	if (r < 0 || !packet_is_admitted(&entry->packet, receiver)) {
		release(entry);
		return r;
	}
	entry->error = 0;
	entry->n_data = (size_t)entry->packet.len;
	if (entry->n_data > sizeof(entry->data))
		entry->n_data = sizeof(entry->data);
	append(entry, receiver->key);
	return 0;
}

void stash_put_error(const struct receiver *receiver, int error)
{
	struct stash *entry = acquire();

	if (entry == NULL)
		return;
	entry->error = error;
	append(entry, receiver->key);
}

static int copy_data(const struct stash *entry, const struct msghdr *msg, size_t *ret)
{
	size_t n_pieces = (size_t)msg->msg_iovlen, n = 0; /* musl has an int there */

	if (n_pieces > UIO_MAXIOV)
		return -EMSGSIZE;
	for (size_t i = 0; i < n_pieces && n < entry->n_data; i++) {
		const struct iovec *iov = &msg->msg_iov[i];
		size_t part = entry->n_data - n;

		if (part > iov->iov_len)
			part = iov->iov_len;
		if (part == 0)
			continue;
		if (iov->iov_base == NULL)
			return -EFAULT;
		memcpy(iov->iov_base, entry->data + n, part);
		n += part;
	}
	*ret = n;
	return 0;
}

/* As recvmsg() would have, had the packet still been in the queue. */
static int unpack(const struct stash *entry, const struct msghdr *msg, int flags,
		  struct packet *packet)
{
	size_t n;
	int r;

	if (entry->error != 0)
		return -entry->error;
	if (msg->msg_iov == NULL && msg->msg_iovlen > 0)
		return -EFAULT;
	r = copy_data(entry, msg, &n);
	if (r < 0)
		return r;
	*packet = entry->packet;
	packet->flags &= ~MSG_TRUNC;
	if (n < entry->n_data)
		packet->flags |= MSG_TRUNC;
	if ((flags & MSG_TRUNC) == 0)
		packet->len = (ssize_t)n;
	return 1;
}

int stash_receive(const struct receiver *receiver, const struct msghdr *msg, int flags,
		  struct packet *packet)
{
	struct stash **at, *taken = NULL;
	sigset_t mask;
	int r = 0;

	if (!stash_is_used() || (flags & MSG_ERRQUEUE) != 0)
		return 0;
	store_lock(STASH_KEY, &mask);
	at = find(receiver->key);
	if (at != NULL) {
		r = unpack(*at, msg, flags, packet);
		if ((*at)->error != 0 || (flags & MSG_PEEK) == 0)
			taken = take_out(at);
	}
	store_unlock(STASH_KEY, &mask);
	if (taken != NULL)
		release(taken);
	return r;
}
