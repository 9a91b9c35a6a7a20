/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * candidate: the sockets of a process that hold memberships, or could.
 */
#ifndef MSFCTL_CANDIDATE_H
#define MSFCTL_CANDIDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include <msf.h>

struct candidate {
	struct msf_socket socket;
	size_t n_memberships;
	struct msf_membership *memberships; /* owned */
};

/* Zero-initialise it. */
struct candidate_list {
	struct msf_state *state; /* owned: what the candidates point into */
	size_t n;
	struct candidate *candidates; /* owned */
};

/* Those of a process. 0, or what msf_state_scan() says. */
int candidate_list_read(struct candidate_list *list, struct msf *msf, pid_t pid);

void candidate_list_fini(struct candidate_list *list);

/* A table for people who must choose. is_wanted NULL: all of them. 0 or -errno. */
int candidate_list_print(const struct candidate_list *list, const bool *is_wanted,
			 FILE *out);

/* The candidate that the process has as this descriptor. NULL: none. */
struct candidate *candidate_list_find(const struct candidate_list *list, pid_t pid,
				      int fd);

/* Its membership; group or interface (a name or an index) NULL: any. NULL: none. */
const struct msf_membership *candidate_find(const struct candidate *candidate,
					    const struct sockaddr_storage *group,
					    const char *interface);

/* Adds a membership that the scan could not know. 0 or -ENOMEM. */
int candidate_add(struct candidate *candidate, const struct msf_membership *membership);

#endif
