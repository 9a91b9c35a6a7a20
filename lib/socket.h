/* SPDX-License-Identifier: BSD-2-Clause */
/* What a file descriptor is, as far as source filters care. */
#ifndef LIB_SOCKET_H
#define LIB_SOCKET_H

#include "fault.h"

/*
 * Can the socket have filters for groups of this family? FAULT_NONE, or why
 * not: FAULT_NOT_OPEN, _NOT_SOCKET, _SOCKET_TYPE, _SOCKET_FAMILY. Family
 * AF_UNSPEC leaves the last one out.
 */
enum fault socket_find_fault(int fd, int family);

/*
 * Turns IP_MULTICAST_ALL and IPV6_MULTICAST_ALL off, where the socket has them:
 * else Linux delivers the groups that other sockets joined.
 */
void socket_stop_multicast_all(int fd);

/* Does an interface of that index exist, in the socket's network namespace? */
bool socket_has_interface(int fd, uint32_t ifindex);

#endif
