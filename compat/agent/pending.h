/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pending: the sockets about which msfd is still to be told, by inode. Where they are
 * too many to remember it is all of the process: so nothing is ever forgotten, and
 * nothing is allocated.
 */
#ifndef AGENT_PENDING_H
#define AGENT_PENDING_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define PENDING_MAX 256u

struct pending_set {
	bool is_lost; /* every socket with memberships: msfd may know nothing */
	bool is_full; /* every socket: one of them may have had some */
	uint32_t n;
	uint64_t inodes[PENDING_MAX];
};

struct pending {
	pthread_mutex_t lock; /* held for moments only */
	struct pending_set set;
};

void pending_init(struct pending *pending);

void pending_add(struct pending *pending, uint64_t inode);
void pending_add_lost(struct pending *pending);
void pending_add_full(struct pending *pending);

/* Takes all out; puts what was not told back. */
void pending_take(struct pending *pending, struct pending_set *ret);
void pending_put_back(struct pending *pending, const struct pending_set *set);

bool pending_is_empty(struct pending *pending);

/* Is the socket to be told about even if it has no memberships? */
bool pending_set_has(const struct pending_set *set, uint64_t inode);

#endif
