/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the state of a socket lives: in the program on it, or where that cannot be
 * read back in the table of the process (store.h). One at a time may change it, over
 * all threads and all processes that share the socket.
 */
#ifndef ASM_CARRIER_H
#define ASM_CARRIER_H

#include <signal.h>
#include <time.h>

#include "asm/state.h"

struct carrier_program;

struct carrier {
	int fd;
	enum asm_filters filters;
	int family;   /* of the socket */
	uint64_t key; /* inode of the socket */

	/* Of a locked one. */
	int cancel_state;
	sigset_t mask;
	struct timespec deadline;        /* of waiting for other processes */
	struct carrier_program *program; /* owned: as it was read or written last */
};

/* Without the lock, for readers. -EBADF, -ENOTSOCK. */
int carrier_init(struct carrier *ret, int fd, enum asm_filters filters);

/*
 * Locks the socket. Threads are kept out by a mutex chosen by its inode, and what
 * would run in this one is put off: cancellation and handlers of signals. Where the
 * state is in the program, a record lock on the socket keeps other processes out.
 * -EBADF, -ENOTSOCK, -ENOMEM.
 *
 * Linux takes a record lock away when any thread of the process closes any descriptor
 * of the socket, and somebody may keep his for ever: then, after a second, it goes on
 * without. So it is no proof, and before a program is attached that on the socket is
 * compared with the one that was read: -ESTALE, where another process has come in
 * between. Then carrier_lock_again(), carrier_read(), and all from the start; that
 * ends, as -ESTALE is answered a few times only.
 *
 * What remains is the time of one attach, which translates the program and may sleep:
 * who loses the lock within it, while another process compares and attaches, undoes
 * what that has changed.
 */
int carrier_lock(struct carrier *ret, int fd, enum asm_filters filters);
void carrier_lock_again(const struct carrier *carrier);
void carrier_unlock(struct carrier *carrier);

/* Of a locked carrier that was read: 0 or -ESTALE. */
int carrier_confirm(const struct carrier *carrier);

/* Has it answered -ESTALE? */
bool carrier_was_stale(const struct carrier *carrier);

/* 1: ours; 0: no memberships of ours, *ret may have the application's filter. -EBUSY:
 * an eBPF program of the application. Of a locked carrier, or for a reader any.
 * Memberships INCLUDE {} are part of the state: see closed.h. */
int carrier_read(const struct carrier *carrier, struct asm_state *ret);

/*
 * Makes the state the socket's, in one step: a packet meets the old program or the
 * new one. Where the option memory holds one but not both, a program that admits no
 * multicast stands between them for a moment. Refused, the old one is in force.
 * -ESTALE, -ENOBUFS, -EPERM (SO_LOCK_FILTER), -EOPNOTSUPP, -ENOMEM.
 */
int carrier_write(const struct carrier *carrier, const struct asm_state *old,
		  const struct asm_state *state, bool is_receive_filtered);

#endif
