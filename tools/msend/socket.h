/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket: the two ways out: a UDP socket that is bound to a source, and a packet socket
 * that is bound to an interface and takes whole frames.
 */
#ifndef MSEND_SOCKET_H
#define MSEND_SOCKET_H

#include "stream.h"

/* Both return a descriptor, or -errno. -EADDRNOTAVAIL: the source is not one of this
 * host; -EPERM: frames need CAP_NET_RAW. */
int socket_open_udp(const struct stream *stream, const struct sockaddr_storage *source);
int socket_open_packet(const struct stream *stream);

/* The address that the kernel would send from. -EADDRNOTAVAIL: there is none. */
int socket_choose_source(const struct stream *stream, struct sockaddr_storage *ret);

/* The hardware address of the interface. -EMEDIUMTYPE: no Ethernet. */
int socket_get_mac(const char *interface, uint8_t ret[FRAME_MAC_SIZE]);

#endif
