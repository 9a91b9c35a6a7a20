/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long a receive call still waits once it met a packet that is not admitted: as
 * long as it would have waited without it.
 *
 * A call without a timeout goes on in recvmsg() itself, so that signals interrupt or
 * restart it as ever. One with SO_RCVTIMEO goes on with the time that remains, in
 * ppoll(). One that may not wait ends when everything was discarded that was in the
 * queue when it began; a flood of unadmitted packets does not hold it.
 */
#ifndef ASM_RECEIVE_WAIT_H
#define ASM_RECEIVE_WAIT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct patience {
	int fd;
	int flags; /* of the call */
	struct timespec start;
	bool is_known; /* the rest is: the first unadmitted packet was there */
	bool is_timed;
	bool is_shut; /* nothing will come any more, which recvmsg() tells at once */
	struct timespec deadline;
	uint32_t n_left; /* packets to be discarded after the deadline */
};

void patience_init(struct patience *patience, int fd, int flags);

/* The flags of the next recvmsg(). */
int patience_get_flags(const struct patience *patience);

/* An unadmitted packet was there. 0: go on; -EAGAIN: the call is at its end. */
int patience_spend(struct patience *patience);

/* Nothing is there: waits. 0: look again; -EAGAIN, -EINTR: the call is at its end. */
int patience_wait(struct patience *patience);

/* How many packets the queue of a socket can hold at the very most. */
uint32_t patience_get_depth(int fd);

/* On CLOCK_MONOTONIC. false: timeout is none that the kernel takes. */
bool patience_get_deadline(const struct timespec *timeout, struct timespec *ret);
/* false: the time is over. */
bool patience_get_rest(const struct timespec *deadline, struct timespec *ret);

#endif
