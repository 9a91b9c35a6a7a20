/* SPDX-License-Identifier: BSD-2-Clause */
/* users: a list; the users of a host that have connections are few (see users.h). */
#include "msfd/users.h"

#include <stdlib.h>

static struct user *find(const struct users *users, uid_t uid)
{
	struct user *user = users->first;

	while (user && user->uid != uid)
		user = user->next;
	return user;
}

/* Those who are gone, and whose bucket is full again: whatever the rate, it takes as
 * long. */
static void forget_others(struct users *users, uint64_t now)
{
	struct user **link = &users->first;

	while (*link) {
		struct user *user = *link;

		if (user->n_clients == 0 &&
		    now - user->bucket.filled > BUCKET_SECONDS * 1000000ull) {
			*link = user->next;
			free(user);
		} else {
			link = &user->next;
		}
	}
}

struct user *users_enter(struct users *users, uid_t uid, uint32_t rate, uint64_t now)
{
	struct user *user = find(users, uid);

	if (!user) {
		forget_others(users, now);
		user = malloc(sizeof(*user));
		if (!user)
			return NULL;
		*user = (struct user){ .next = users->first, .uid = uid };
		bucket_init(&user->bucket, rate, now);
		users->first = user;
	}
	user->n_clients++;
	return user;
}

void users_leave(struct user *user)
{
	user->n_clients--;
}

uint32_t users_count_clients(const struct users *users, uid_t uid)
{
	const struct user *user = find(users, uid);

	return user ? user->n_clients : 0;
}

void users_fini(struct users *users)
{
	while (users->first) {
		struct user *user = users->first;

		users->first = user->next;
		free(user);
	}
}
