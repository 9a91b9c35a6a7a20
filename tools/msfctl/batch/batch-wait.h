/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-wait: waits that SIGINT, SIGTERM and SIGHUP end; and the signal that did.
 */
#ifndef MSFCTL_BATCH_WAIT_H
#define MSFCTL_BATCH_WAIT_H

#include <stdint.h>

struct batch_wait {
	int fd; /* readable when a signal waits; -1: not started */
};

#define BATCH_WAIT_INIT ((struct batch_wait){ .fd = -1 })

/* The longest time: for ever. */
#define BATCH_WAIT_FOREVER UINT64_MAX

/* From here on the signals wait to be taken. 0 or -errno. */
int batch_wait_start(struct batch_wait *wait);

/* The signals do again what they do without us. */
void batch_wait_stop(struct batch_wait *wait);

/* Milliseconds of the clock that deadlines are of. */
uint64_t batch_wait_get_now(void);

/* Until fd (-1: none) is readable or hung up: 1; until the deadline: 0; until there is
 * a signal, which comes first: -EINTR; or -errno. */
int batch_wait_until(const struct batch_wait *wait, int fd, uint64_t deadline);

/* The number of a signal that waits, which is taken; 0: none. */
int batch_wait_take_signal(const struct batch_wait *wait);

#endif
