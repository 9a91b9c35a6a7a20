/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream: what all senders of a run share.
 *
 * The packets of a sender are a row of slots. Slot k belongs to its address k modulo
 * n_addresses; the slots of an address go to the groups in turn; and those of an
 * address and a group are the packets 0, 1, 2 and so on, unless there are faults. So
 * the numbers of each source and group are without a gap, and nothing need be
 * remembered of each of them.
 */
#ifndef MSEND_STREAM_H
#define MSEND_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "endpoint.h"
#include "faults.h"
#include "frame.h"
#include "packet.h"
#include "source.h"

#define STREAM_NEVER UINT64_MAX

struct stream {
	struct sockaddr_storage *groups; /* owned */
	uint32_t n_groups;
	uint32_t ifindex;
	struct packet_shape shape;
	struct faults faults;
	bool has_faults;
	uint32_t first;     /* number of the first packet */
	bool has_first;     /* RTP begins with it, too */
	uint64_t restart;   /* behind this packet the numbers begin anew */
	unsigned int n_gso; /* datagrams that the kernel cuts out of one; 0: off */
	int ttl;
	bool is_looped;
	bool is_raw; /* whole frames */
	struct frame frame;
};

/* Which source and group a slot belongs to. */
struct stream_place {
	uint32_t address;
	uint32_t group;
	uint64_t slot;   /* in the row of this source and group */
	uint64_t number; /* of the packet that leaves there */
};

/* -ENOMEM. After a failure, too, stream_fini() is due. */
int stream_init(struct stream *stream, const struct endpoint *endpoint);
void stream_fini(struct stream *stream);

struct stream_place stream_find(const struct stream *stream, const struct source *source,
				uint64_t slot);

/* Fills the numbers of a packet; seed: random, of the sender. */
void stream_number(const struct stream *stream, const struct stream_place *place,
		   uint64_t seed, struct packet *packet);

#endif
