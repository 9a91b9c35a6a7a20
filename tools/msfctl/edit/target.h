/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target: one socket of another process, chosen, opened and named. What goes wrong
 * here has been said when it returns.
 */
#ifndef MSFCTL_TARGET_H
#define MSFCTL_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <msf.h>

#include "candidate.h"
#include "filter.h"

/* Which socket is meant. */
struct target_query {
	pid_t pid;
	int fd;                               /* -1: the only one that fits */
	const struct sockaddr_storage *group; /* that it holds; NULL: any */
	const char *interface;                /* NULL: any */
	bool is_creating;                     /* where none holds it, one that could */
};

/* Zero-initialise it. */
struct target {
	struct msf *msf; /* owned; to look with, before it is known who filters */
	pid_t pid;
	int number; /* the descriptor there */
	int fd;     /* ours, of the same socket */
	struct candidate_list list;
	struct candidate *candidate; /* of the list */
	struct filter gone;          /* of a membership whose interface is gone */
	struct msf_holder holder;    /* where the list cannot tell it */
};

/* Always followed by target_close(). 0 or -errno. */
int target_open(struct target *target, const struct target_query *query);

void target_close(struct target *target);

/* Moves msfctl to the network namespace of the socket. 0 or -errno. */
int target_enter(struct target *target);

/* An interface of the socket's namespace, where msfctl is then; or one that is gone, by
 * its index, where the socket is a member of the group still. 0 or -errno. */
int target_find_interface(struct target *target, const struct sockaddr_storage *group,
			  const char *word, struct msf_interface *ret);

/* Is the socket still the process's? 0 or -errno (-ESRCH: the process ended). */
int target_check(const struct target *target);

/* The memberships of the socket, as a table on standard error. */
void target_print_memberships(const struct target *target);

#endif
