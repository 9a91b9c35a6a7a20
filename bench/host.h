/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host to look at: PID and network namespaces of its own, and processes in them
 * that hold sockets and do nothing.
 */
#ifndef BENCH_HOST_H
#define BENCH_HOST_H

#include <sys/types.h>

enum host_idle { HOST_UDP, HOST_UNBOUND_UDP, HOST_TCP };

/* What the processes hold, each of them the same. */
struct host_plan {
	unsigned int n_processes;
	unsigned int n_sockets;     /* of a process, that are members */
	unsigned int n_memberships; /* of each of those */
	unsigned int n_groups;      /* in all: taken in turn */
	unsigned int n_idle;        /* other sockets of a process */
	enum host_idle idle;
	int is_apart; /* each process in a network namespace of its own */
};

struct host {
	pid_t *pid; /* owned */
	unsigned int n;
};

/*
 * Enters the namespaces. Returns in a new process, the first one of the PID
 * namespace; the one that called ends with its status. 0 or -errno.
 */
int host_enter(void);

/* Starts the processes and waits until all have what they are to hold. 0 or
 * -errno; host_stop() is due either way. */
int host_start(struct host *host, const struct host_plan *plan);
void host_stop(struct host *host);

#endif
