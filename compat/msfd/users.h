/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * users: who has connections, and how often he may speak with all of them. A user who
 * has left is forgotten only when his bucket would be full again, so that to leave and
 * come back is no way around it.
 */
#ifndef MSFD_USERS_H
#define MSFD_USERS_H

#include <sys/types.h>

#include "msfd/bucket.h"

struct user {
	struct user *next;
	uid_t uid;
	uint32_t n_clients;
	struct bucket bucket;
	uint64_t last_turn; /* when rows were told to one of his clients (client.h) */
};

struct users {
	struct user *first;
};

/* One that has connected; NULL: no memory. */
struct user *users_enter(struct users *users, uid_t uid, uint32_t rate, uint64_t now);

/* One of his connections has ended. */
void users_leave(struct user *user);

uint32_t users_count_clients(const struct users *users, uid_t uid);

void users_fini(struct users *users);

#endif
