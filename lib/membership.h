/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memberships of one socket. The kernel has no call that lists them; but the
 * groups of all sockets stand in /proc, and the socket can be asked for each.
 *
 * The option memory of a socket tells when all is found: a membership takes at
 * least so much of it, and none is left. And it tells when something is missing:
 * a membership on an interface that is gone, which is looked for by what can be
 * guessed of it. Of a socket with a program of the ASM backend it tells nothing: the
 * program takes of that memory, too.
 */
#ifndef LIB_MEMBERSHIP_H
#define LIB_MEMBERSHIP_H

#include <stdbool.h>

#include "state.h"

struct membership_search {
	struct msf_state *state;
	struct msf *msf;
	int fd;
	const struct vector *groups;  /* struct proc_group: of the socket's namespace */
	const struct vector *guesses; /* struct addr: groups that somebody may have
				       * joined; NULL: do not guess */
	struct sockaddr_storage address; /* that the socket is bound to; AF_UNSPEC */
	int32_t optmem;                  /* of the socket, bytes; -1: not known */
};

/*
 * Adds the memberships of the socket to the state, sources and all. 0; -ENOMEM.
 * *ret_is_asm: the ASM backend filters; what it holds goes before what the kernel
 * says, which is a join for every source. Groups that nobody joined are left out of
 * it: what looks like its program may be anybody's.
 *
 * What cannot be found: a membership on an interface that is gone, of a group that
 * nobody else has or is bound to, or beyond a limit on how much is asked.
 */
int membership_find_all(const struct membership_search *search, bool *ret_is_asm);

/* Reads /proc/PID/net/igmp and igmp6 into a vector of struct proc_group. 0, or
 * -errno. */
int membership_read_groups(struct vector *groups, const char *net);

#endif
