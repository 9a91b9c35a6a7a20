/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * looker: a thread that alone keeps the capabilities for looking at the sockets of
 * others, so that those that read the network have none.
 */
#ifndef MWATCH_LOOKER_H
#define MWATCH_LOOKER_H

struct looker;

/* Keeps of the caller's capabilities what it needs; the caller's stay as they are. 0 or
 * -errno. */
int looker_new(struct looker **ret);

/* Ends the thread and frees; NULL is fine. Returns NULL. */
struct looker *looker_free(struct looker *looker);

/* Calls the function there and waits for its value; without a looker, here. */
int looker_call(struct looker *looker, int (*function)(void *data), void *data);

#endif
