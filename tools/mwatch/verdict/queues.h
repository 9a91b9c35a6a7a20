/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queues: the UDP sockets of this network namespace with the packets that their receive
 * queues dropped, by sock_diag(7): anybody may ask it, of every process.
 */
#ifndef MWATCH_VERDICT_QUEUES_H
#define MWATCH_VERDICT_QUEUES_H

#include <stdbool.h>

#include "address.h"

struct queue {
	uint64_t inode;
	struct address address; /* that it is bound to; :: may hear IPv4, too */
	uint16_t port;          /* host order */
	uint32_t device;        /* SO_BINDTODEVICE; 0: none */
	uint32_t drops;         /* 32 bits: they wrap */
	uint32_t n_dropped;     /* since the look before */
};

/* Zero-initialised nobody has looked yet. */
struct queues {
	struct queue *queues; /* ascending by inode; owned */
	uint32_t n_queues;
	bool has_looked;
	bool has_new; /* sockets that were not there at the look before */
};

/* Looks again. -errno: then it is as if nobody had looked yet. */
int queues_refresh(struct queues *queues);

void queues_fini(struct queues *queues);

/* Can packets to this group and port, received on that interface, reach it? */
bool queue_hears(const struct queue *queue, const struct place *place, uint16_t port);

#endif
