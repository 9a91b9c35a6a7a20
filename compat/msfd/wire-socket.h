/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire-socket: the kinds of sockets that wire has, with their options. A descriptor is
 * all there is of them.
 */
#ifndef MSFD_WIRE_SOCKET_H
#define MSFD_WIRE_SOCKET_H

#include "engine/engine.h"
#include "msfd/links.h"

/* Ways out. The first two are those of the engine's families. */
enum wire_way { WIRE_IPV4, WIRE_IPV6, WIRE_PACKET };
#define WIRE_WAYS 3u

/* A descriptor that only sends, non-blocking, or -errno. */
int wire_socket_open_way(enum wire_way way);

/* Sends a whole IP datagram as it is, but for the identification and the checksum of an
 * IPv4 header (raw(7)). 0 or -errno; -ENOBUFS: the queue of the interface is full. */
int wire_socket_send(int fd, enum wire_way way, const struct link *link,
		     const void *datagram, const struct engine_packet *packet);

/* Forgets the errors that wait at a descriptor, which else stays ready. */
void wire_socket_clear_errors(int fd);

/* A descriptor that receives what the kernel takes in of a family, or -errno. */
int wire_socket_open_receiver(enum engine_family family);

struct wire_message {
	uint32_t ifindex;
	uint32_t n_overrun; /* what the socket has lost since it was opened */
	struct engine_datagram datagram;
};

/* The next message, with its bytes in the buffer. 1: *ret; 0: none is waiting;
 * -EBADMSG, -EPROTO: one that is none; other -errno: of the socket. */
int wire_socket_receive(int fd, enum engine_family family, void *buffer, size_t size,
			struct wire_message *ret);

#endif
