/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process: what the sockets of one process get, as Linux delivers multicast: a UDP socket
 * hears its port, and a raw UDP socket every one; the filter of its membership decides,
 * and without one IP_MULTICAST_ALL does.
 *
 * For IPv6, Linux does not ask for the interface: the newest membership of the group
 * decides for all of them.  And a raw IPv6 socket gets every source, whatever its
 * own filter and that of the host say, as soon as the host has the group on the
 * interface, unless it is bound to an address that is not the group; only what this host
 * sends itself is kept from it by the host's filter.
 *
 * Neither holds for the filters of libmsf's own (the ASM backend): these stand on the
 * socket, for every kind of it, and ask for the interface in both families.
 */
#ifndef MWATCH_VERDICT_PROCESS_H
#define MWATCH_VERDICT_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include <msf.h>

#include "host.h"
#include "target.h"

struct process_socket;
struct process_listener;
struct process_membership;

/* But for target.pid zero-initialised it has no sockets. */
struct process {
	struct target target;
	struct msf_state *state;
	struct process_socket *sockets; /* owned */
	uint32_t n_sockets;
	struct process_listener *listeners; /* by port and address; owned */
	uint32_t n_listeners;
	struct process_membership *memberships; /* by group and socket; owned */
	uint32_t n_memberships;
};

/* Looks again. -ESRCH: it has ended, and that for good; -EPERM; -EXDEV: it lives in
 * another network namespace, and has no socket of this one; -errno. After an error it
 * has no sockets. */
int process_refresh(struct process *process);

void process_fini(struct process *process);

struct process_flow {
	struct place place; /* where it is received */
	struct address source;
	uint16_t port;
	bool is_outgoing; /* sent by this host: Linux loops back what the host admits */
};

/* passed: what the host lets pass on to sockets (host_pass()); UNJOINED: nobody has
 * joined. */
enum sample_verdict process_judge(const struct process *process,
				  const struct process_flow *flow,
				  enum sample_verdict passed);

#endif
