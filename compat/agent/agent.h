/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agent: how a process tells msfd what its sockets hold. The ASM backend tells of each
 * change; a thread of its own keeps the connection, and when msfd was away tells
 * everything again. It reads the state back from the sockets of the process, so there is
 * no second copy of it, and children, programs after exec() and whoever was passed a
 * socket know as much as the process that joined.
 *
 * Nobody waits for msfd longer than AGENT_PATIENCE_MS, and no request fails for want of
 * it: without one the wire has the kernel's any-source reports. What msfd refuses it
 * refuses with an errno, which is the request's.
 *
 * Everything may be called from any thread and after fork(). The connections of the
 * process are the only mutable object here at file scope: they outlive contexts, as
 * filters do.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/filter.h"

#define AGENT_PATIENCE_MS 250

/* How the thread reads what one socket holds now. Set once, by the ASM backend. */
struct agent_membership {
	uint32_t ifindex;
	struct addr group;
	struct filter filter; /* sources: owned by the list */
};

struct agent_reader {
	/* The memberships of a socket: how many, *ret for release(); 0: none; -ENOMEM;
	 * another -errno: not to be asked (no socket of ours). Takes no lock of the
	 * socket. */
	int (*read)(int fd, struct agent_membership **ret);
	void (*release)(struct agent_membership *memberships, int n);
};

/* path: of the agent's socket; NULL: that of the namespace of the calling thread, or
 * without /proc the only one that was told before; "off": nobody. The string is
 * copied. */
struct agent_change {
	const char *path;
	const struct agent_reader *reader;
	int fd;
	uint64_t inode; /* of the socket */
	uint32_t ifindex;
	struct addr group;
	const struct filter *filter; /* as it is now; FILTER_NONE: left */
};

/* Before a lock is taken that fork() waits for: C libraries up to glibc 2.35 let nobody
 * ask for pthread_atfork() meanwhile. */
void agent_prepare(void);

/*
 * Tells of a change that has been made, in the lock of its socket, and waits for the
 * answer. 0: told, or it will be when msfd is there; -errno: msfd refuses it, and the
 * caller undoes what it did. Never refused is what asks for less than before:
 * FILTER_NONE is always 0.
 */
int agent_tell(const struct agent_change *change);

/* Does an agent that answers listen there? */
enum agent_presence {
	AGENT_OFF,    /* "off" */
	AGENT_ABSENT, /* nobody listens */
	AGENT_SILENT, /* somebody listens, and does not answer */
	AGENT_PRESENT,
};
enum agent_presence agent_find(const char *path);

#endif
