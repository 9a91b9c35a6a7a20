/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of the process: states of sockets that cannot carry their own, by inode.
 * It and its locks are the backend's only mutable objects at file scope: the receive
 * calls have no context, as POSIX gives them none.
 */
#ifndef ASM_STORE_H
#define ASM_STORE_H

#include <signal.h>

#include "asm/state.h"

/*
 * The mutex of a socket; fork() leaves none locked in the child. In a thread that holds
 * one no handler of a signal runs, as that might ask for the same: *ret_mask is what
 * to go back to. Only signals that an instruction causes are not held back.
 */
void store_lock(uint64_t key, sigset_t *ret_mask);
void store_unlock(uint64_t key, const sigset_t *mask);

/* A copy of what is stored, *ret. 1, 0 (nothing), -EBUSY (an eBPF program), -ENOMEM. */
int store_get(uint64_t key, struct asm_state *ret);

/* Stores a copy; a state with neither memberships nor a filter is taken out. Entries of
 * sockets that the process no longer has go when the table grows. -ENOMEM: as it was. */
int store_put(uint64_t key, const struct asm_state *state);

/* Notes that an eBPF program of the application took the place of whatever is stored;
 * or that it has gone. -ENOMEM: as it was. */
int store_put_foreign(uint64_t key, bool is_foreign);

/* Do the receive calls filter for any socket? One atomic load. */
bool store_is_used(void);

/* How the receive calls ask: do they filter for the socket, and does it admit the
 * packet? Where its wishes are not set, something else filters. */
enum store_answer { STORE_UNKNOWN, STORE_ADMITTED, STORE_REFUSED };
enum store_answer store_ask(uint64_t key, struct addr destination, uint32_t ifindex,
			    struct addr source);

/* What the application asked for, of what the receive calls need for themselves. */
struct store_wishes {
	bool wants_pktinfo;  /* IP_PKTINFO */
	bool wants_pktinfo6; /* IPV6_RECVPKTINFO */
};
/* Set for a socket that is stored, they leave the table with its state. */
bool store_get_wishes(uint64_t key, struct store_wishes *ret);
void store_set_wishes(uint64_t key, const struct store_wishes *wishes);

#endif
