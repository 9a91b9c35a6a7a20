/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-count: the packets that a socket delivers, counted by source.
 */
#ifndef MSFCTL_BATCH_COUNT_H
#define MSFCTL_BATCH_COUNT_H

#include <stdint.h>
#include <sys/socket.h>

#include "batch-wait.h"

/* Sources that are counted apart: anybody can invent more. */
#define BATCH_COUNT_SOURCES_MAX 1024

struct batch_count {
	struct sockaddr_storage source; /* without its port */
	uint64_t packets, bytes;
};

struct batch_counts {
	uint64_t packets, bytes; /* of all */
	uint64_t others;         /* packets of sources that have no place */
	int64_t drops; /* by the receive queue since it was opened; -1: not known */
	uint32_t n_sources;
	struct batch_count *sources; /* owned, ascending */
};

/*
 * Takes what waits in the socket's queue, and what comes until the deadline.
 * 0; -EINTR: ended by a signal; or -errno.  *ret holds what came in any case:
 * batch_counts_fini() it.
 */
int batch_count_packets(int fd, const struct batch_wait *wait, uint64_t deadline,
			struct batch_counts *ret);

void batch_counts_fini(struct batch_counts *counts);

#endif
