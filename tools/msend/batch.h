/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch: packets that are handed to the kernel in one call, and the memory for them,
 * which all senders share.
 */
#ifndef MSEND_BATCH_H
#define MSEND_BATCH_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "source.h"
#include "stream.h"

/* Packets in one batch; with frames that is the call's cost well spread. */
#define BATCH_MAX 64u

/* How far a sender is. */
struct batch_progress {
	uint64_t slot;     /* the next one, or the one that is not done */
	unsigned int part; /* of the slot */
	uint64_t n_packets;
	uint64_t n_lost; /* on purpose, as the others */
	uint64_t n_duplicates;
	uint64_t n_reordered;
};

struct batch {
	struct mmsghdr messages[BATCH_MAX];
	struct iovec parts[BATCH_MAX];
	struct batch_progress after[BATCH_MAX]; /* each message */
	struct batch_progress end;              /* nothing is left to send before it */
	unsigned int n_messages;
	size_t head_size; /* of the frame, in front of each payload */
	size_t stride;
	uint8_t *buffer; /* owned; BATCH_MAX packets */
};

/* -ENOMEM */
int batch_init(struct batch *batch, const struct stream *stream);
void batch_fini(struct batch *batch);

/* Who sends. */
struct batch_sender {
	const struct source *source;
	uint64_t seed;
};

/* Makes the packets from there up to the slot `until`, or as many as there is room
 * for. elapsed: ns since the start of the run. */
void batch_fill(struct batch *batch, const struct stream *stream,
		const struct batch_sender *sender, const struct batch_progress *from,
		uint64_t until, uint64_t elapsed);

#endif
