/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Discarding without loss. A call that may not consume a packet (MSG_PEEK, poll) has
 * seen one at the head of the queue that is not admitted; before it can take that
 * away, somebody else may have done so, another thread or another process, and it
 * takes the next one. So what it discards it receives, whole; and a packet that turns
 * out admitted is stashed, for the next receive call on that socket in this process.
 * A pending error of the socket that such a call was answered with is stashed, too.
 *
 * The stash is with the table (store.h) all that the backend has of mutable objects at
 * file scope. It is nearly always empty: that costs one atomic load.
 */
#ifndef ASM_RECEIVE_STASH_H
#define ASM_RECEIVE_STASH_H

#include "asm/receive-packet.h"

bool stash_is_used(void);
bool stash_has(uint64_t key);

/*
 * Takes one packet off the queue. 0: it is gone, or in the stash; -errno, -EAGAIN:
 * none was there.
 */
int stash_discard(const struct receiver *receiver);

/* The next recvmsg() answers with this error, a positive errno value. */
void stash_put_error(const struct receiver *receiver, int error);

/*
 * recvmsg() from the stash: name, control data and flags to packet, the rest to the
 * buffers of msg. 1; 0: there is nothing; -errno: the stashed error, or -EFAULT.
 */
int stash_receive(const struct receiver *receiver, const struct msghdr *msg, int flags,
		  struct packet *packet);

#endif
