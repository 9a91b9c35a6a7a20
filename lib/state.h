/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was found: sockets, who holds them, their memberships and the sources of
 * these, each a list of its own. Or the groups of the interfaces.
 */
#ifndef LIB_STATE_H
#define LIB_STATE_H

#include <msf.h>

#include "vector.h"

struct state_groups;

struct state_membership {
	struct msf_membership shown; /* slist is set when it is popped */
	size_t first_source;
};

struct state_socket {
	struct msf_socket shown; /* holders is set when it is popped */
	size_t first_holder;
	size_t first_membership;
	size_t n_memberships;
};

struct msf_state {
	struct vector sockets;     /* struct state_socket */
	struct vector holders;     /* struct msf_holder */
	struct vector memberships; /* struct state_membership */
	struct vector sources;     /* struct sockaddr_storage */
	size_t next_socket;
	size_t next_membership; /* of the socket in hand */
	size_t end_membership;
	struct msf_unseen unseen;
	struct state_groups *groups; /* owned; of msf_state_scan_groups() */
};

#endif
