/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delivered-sockets: whose receive queues drop packets of a group, and whether somebody
 * listens to it.
 *
 * A queue tells how many it dropped, not of which group.  So its drops are charged
 * to a group only when the socket can have got no other; what a socket joined is known
 * where it may be looked at, and else it may have joined anything.
 */
#ifndef MWATCH_VERDICT_DELIVERED_SOCKETS_H
#define MWATCH_VERDICT_DELIVERED_SOCKETS_H

#include <stdbool.h>
#include <sys/types.h>

#include "queues.h"

/* A socket that may be looked at. */
struct delivered_socket {
	uint64_t inode;
	int has_multicast_all[2]; /* by family; 0, 1; -1: not known */
	bool is_emulated; /* libmsf filters; what it drops is counted as the queue's */
};

struct delivered_member {
	uint64_t inode;
	struct place place;
};

/* Zero-initialised nobody has looked yet. */
struct delivered_sockets {
	struct queues queues;
	bool has_queues;                  /* the last look succeeded */
	struct delivered_socket *sockets; /* ascending by inode; owned */
	uint32_t n_sockets;
	struct delivered_member *members; /* ascending by inode; owned */
	uint32_t n_members;
};

/* Looks at the queues again. -ENOMEM. */
int delivered_sockets_refresh(struct delivered_sockets *sockets);

/* Looks at the sockets of this process, or of all (0), which takes time. -ENOMEM. */
int delivered_sockets_scan(struct delivered_sockets *sockets, pid_t pid);

/* As if none of them might be looked at. */
void delivered_sockets_forget(struct delivered_sockets *sockets);

void delivered_sockets_fini(struct delivered_sockets *sockets);

/* NULL: it may not be looked at, or is not one of the process. */
const struct delivered_socket *delivered_sockets_find(
	const struct delivered_sockets *sockets, uint64_t inode);

/* What is received there for this port, can it get into that queue? */
bool delivered_sockets_may_get(const struct delivered_sockets *sockets,
			       const struct queue *queue, const struct place *place,
			       uint16_t port);

#endif
