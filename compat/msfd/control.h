/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control: what msfd tells about itself, row by row, as JSON, and what it may be told:
 * the other end of "msfctl agent".
 */
#ifndef MSFD_CONTROL_H
#define MSFD_CONTROL_H

#include <sys/types.h>

#include "agent/message.h"
#include "msfd/holdings.h"

/* A clients_handler's functions; context is the struct msfd. */
enum message_reason control_handle(void *context, const struct message *message,
				   bool is_admin, uid_t uid);
ssize_t control_make_row(void *context, enum message_subject subject, uid_t uid,
			 struct holdings_key *cursor, uint64_t *position, char *buffer,
			 size_t size);

/* The groups of the engine in ascending order: its own walk does not outlast a change. */
struct control_group {
	uint32_t ifindex;
	struct addr group;
};

struct control_groups {
	struct control_group *list; /* owned */
	uint32_t n, room;
	bool is_current;     /* false: something has changed since */
	uint64_t not_before; /* clock_now(): the next look */
};

#endif
