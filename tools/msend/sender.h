/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sender: a socket that sends from one source address, or frames from a range of them,
 * and what it has sent.
 */
#ifndef MSEND_SENDER_H
#define MSEND_SENDER_H

#include <stdint.h>

#include "batch.h"
#include "pace.h"
#include "source.h"
#include "stream.h"

struct sender {
	int fd;
	struct source source;
	uint64_t seed;
	struct pace pace;
	struct batch_progress progress;
	uint64_t n_errors;
	int error;      /* the last one, -errno */
	bool is_told;   /* the first error was reported */
	uint64_t first; /* ns since the start: first and last packet sent */
	uint64_t last;
};

#define SENDER_INIT      \
	{                \
		.fd = -1 \
	}

/* Opens and binds. AF_UNSPEC in the source: the address that the kernel chooses.
 * -EADDRNOTAVAIL: there is none, or source is not one of this host; -EPERM: frames
 * need CAP_NET_RAW. */
int sender_init(struct sender *sender, const struct stream *stream,
		const struct source *source);
void sender_fini(struct sender *sender);

/*
 * Goes on to the slot `until`, or as far as one batch goes and as the kernel takes
 * packets now, and counts them. elapsed: ns since the start of the run.
 * 0; -EAGAIN or -ENOBUFS: none for now; another -errno: the first of them failed
 * and is counted as such.
 */
int sender_send(struct sender *sender, const struct stream *stream, struct batch *batch,
		uint64_t until, uint64_t elapsed);

#endif
