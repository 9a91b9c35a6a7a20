/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sockets: what else holds the group on this host: whether our own join still makes
 * a report due, and the receive queues of those who receive.
 */
#ifndef MSFCTL_DOCTOR_SOCKETS_H
#define MSFCTL_DOCTOR_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <net/if.h>

struct patient;

#define SOCKETS_MAX         64 /* what is behind is counted only */
#define SOCKETS_COMMAND_MAX 16

/* One socket that holds the group. */
struct sockets_one {
	uint64_t inode;
	pid_t pid;
	char command[SOCKETS_COMMAND_MAX]; /* without control characters */
	bool is_here;                      /* on the interface asked about */
	char interface[IF_NAMESIZE];       /* where else */
	int64_t drops_before, drops;       /* -1: not known */
};

struct sockets {
	int error;          /* 0 or -errno: nothing could be looked at */
	bool is_report_due; /* nobody had asked for the same before */
	bool is_due_known;
	bool has_emulated; /* libmsf filters for one: the kernel asks for every source */
	struct sockets_one ones[SOCKETS_MAX];
	unsigned int n_ones;
	unsigned int n_uncounted; /* that found no place */
	unsigned int n_unseen;    /* processes that may not be looked at */

	/* datagrams that found a queue full, in this network namespace; -1: not told */
	int64_t errors_before, errors;
	/* datagrams with a wrong checksum */
	int64_t checksums_before, checksums;
};

/* Before the join. */
void sockets_look_before(struct patient *patient);

/* After the wait. */
void sockets_look_after(struct patient *patient);

#endif
