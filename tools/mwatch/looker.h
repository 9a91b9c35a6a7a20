/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * looker: a thread that alone keeps the capabilities for looking at the sockets of
 * others, so that those that read the network have none; or one that keeps none at all,
 * for what starts threads of its own, as these begin with the rights of who starts them.
 */
#ifndef MWATCH_LOOKER_H
#define MWATCH_LOOKER_H

#include <stdbool.h>

struct looker;

/* Keeps of the caller's capabilities what looking needs, or none; the caller's stay as
 * they are. 0 or -errno. */
int looker_new(struct looker **ret, bool is_looking);

/* Ends the thread and frees; NULL is fine. Returns NULL. */
struct looker *looker_free(struct looker *looker);

/* Calls the function there and waits for its value; without a looker, here. */
int looker_call(struct looker *looker, int (*function)(void *data), void *data);

#endif
