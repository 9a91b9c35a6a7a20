/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sender: one socket bound to one source address, and what it has sent.
 *
 * The stream is what all senders of a run share.  Packet number k of a sender
 * goes to group k modulo n_groups with sequence number k / n_groups: so the
 * numbers of each source and group are without a gap.
 */
#ifndef MSEND_SENDER_H
#define MSEND_SENDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "endpoint.h"
#include "packet.h"
#include "pace.h"

/* Packets handed to the kernel in one call. */
#define SENDER_BATCH_MAX 64

struct stream {
	struct sockaddr_storage *groups; /* owned */
	uint32_t n_groups;
	uint32_t ifindex;
	size_t size;      /* bytes of UDP payload */
	uint8_t *padding; /* owned; zeros behind the head */
	int ttl;
	bool is_rtp;
	uint8_t payload_type;
	bool is_looped;
};

struct sender {
	int fd;
	struct sockaddr_storage source;
	struct pace pace;
	struct packet_rtp rtp;
	uint64_t n_tried; /* n_sent and n_errors */
	uint64_t n_sent;
	uint64_t n_errors;
	int error;      /* the last one, -errno */
	uint64_t first; /* ns since the start: first and last packet sent */
	uint64_t last;
};

#define SENDER_INIT      \
	{                \
		.fd = -1 \
	}

/* -ENOMEM */
int stream_init(struct stream *stream, const struct endpoint *endpoint, size_t size,
		bool is_rtp);
void stream_fini(struct stream *stream);

/* Opens and binds. source->ss_family AF_UNSPEC: the address that the kernel
 * chooses. -EADDRNOTAVAIL: there is none, or source is not one of this host. */
int sender_init(struct sender *sender, const struct stream *stream,
		const struct sockaddr_storage *source);
void sender_fini(struct sender *sender);

/*
 * Sends the next n packets, or as many as the kernel takes now, and counts them.
 * elapsed: ns since the start of the run.  Returns how many; -EAGAIN or -ENOBUFS:
 * none for now; another -errno: the first of them failed and is counted as such.
 */
int sender_send(struct sender *sender, const struct stream *stream, unsigned int n,
		uint64_t elapsed);

#endif
