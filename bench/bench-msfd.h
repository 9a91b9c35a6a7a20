/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What msfd costs: 100 processes with 100 sockets each, a group and source for each
 * socket; their reports on the wire. Three sides do the same in turn:
 *
 *	SIDE_MSFD	the ASM backend, and msfd speaks
 *	SIDE_ASM	the ASM backend, and nobody is told
 *	SIDE_KERNEL	the kernel's own source filters and IGMPv3 host
 */
#ifndef BENCH_MSFD_H
#define BENCH_MSFD_H

#include <stdint.h>
#include <sys/types.h>

#include <msf.h>

#include "series.h"

enum side { SIDE_MSFD, SIDE_ASM, SIDE_KERNEL };
#define N_SIDES 3u

#define N_PROCESSES 100u
#define N_SOCKETS   100u /* of a process */
#define N_GROUPS    (N_PROCESSES * N_SOCKETS)

/*
 * Processes
 */

struct crowd {
	pid_t pid[N_PROCESSES];
	unsigned int n;
	int start[2], done[2], end[2]; /* pipes */
};

/* Contexts as the sides have them. agent: msfd's socket. 0 or -errno. */
int crowd_new_context(struct msf **ret, enum side side, const char *agent);

/* Starts them: each has its sockets, and has joined nothing. 0 or -errno; crowd_fini() is
 * due either way. */
int crowd_init(struct crowd *crowd, enum side side, uint32_t ifindex, const char *agent);

/* All join at once; returns when all have: 0 or -errno of one that could not. */
int crowd_join(struct crowd *crowd);

/* They end, and with them their memberships. */
void crowd_fini(struct crowd *crowd);

/* The group of socket i, in host order, and everybody's source. */
uint32_t crowd_get_group(unsigned int i);
#define CROWD_SOURCE 0x0a090063u

/* One socket more joins and leaves a source. */
int crowd_measure_join(struct msf *msf, int fd, uint32_t ifindex, struct series *ns,
		       double clock_cost);

/*
 * The other end of the wire
 */

struct ear {
	int fd;
	uint32_t ifindex;
	uint8_t *is_heard; /* owned: by number of the group */
	unsigned int n_heard, n_packets;
	uint64_t first, last;     /* when something new was heard */
	unsigned int n_tenth[10]; /* packets, by tenths of the interval from `from` on */
	uint64_t from, interval;
};

int ear_init(struct ear *ear, const char *interface);
void ear_fini(struct ear *ear);

/* Forgets what was heard. interval_ms: in tenths of which the packets are counted. */
void ear_start(struct ear *ear, uint64_t interval_ms);

/* Listens until all groups were told with their source, or the time is over. How many
 * were, or -errno. */
int ear_listen(struct ear *ear, unsigned int timeout_ms);

/* Until nothing has been said for a while: the repetitions are over. 0 or -errno. */
int ear_wait_for_silence(const struct ear *ear);

/* An IGMPv3 General Query; max_resp in tenths of a second, below 128. */
int ear_ask(const struct ear *ear, uint8_t max_resp);

/*
 * msfd
 */

struct daemon {
	pid_t pid;
	char folder[80], path[96];
};

/* Starts it with --suppress-kernel, waits until it answers. */
int daemon_start(struct daemon *daemon, const char *program);
void daemon_stop(struct daemon *daemon);

/* CPU time so far in nanoseconds, and resident memory in bytes. */
uint64_t daemon_get_cpu(const struct daemon *daemon);
uint64_t daemon_get_memory(const struct daemon *daemon);

#endif
