/* SPDX-License-Identifier: BSD-2-Clause */
/* What a file descriptor is, as far as source filters care. */
#ifndef LIB_SOCKET_H
#define LIB_SOCKET_H

#include <stdint.h>
#include <netinet/in.h>

#include "fault.h"

/*
 * Can the socket have filters for groups of this family? FAULT_NONE, or why
 * not: FAULT_NOT_OPEN, _NOT_SOCKET, _SOCKET_TYPE, _SOCKET_FAMILY. Family
 * AF_UNSPEC leaves the last one out.
 */
enum fault socket_find_fault(int fd, int family);

/*
 * The same for a socket that is about to join, at the price of one or two system
 * calls: what the join itself will be refused for is not looked at. *ret_is_dual:
 * an IPv6 socket is to join an IPv4 group.
 */
enum fault socket_find_join_fault(int fd, int family, bool *ret_is_dual);

/*
 * Turns off IP_MULTICAST_ALL, IPV6_MULTICAST_ALL or both, or else Linux delivers
 * the groups that other sockets joined. An AF_INET6 socket is born with the
 * former off.
 */
void socket_stop_multicast_all(int fd, int family, bool is_dual);

/* SO_DOMAIN, or -errno. */
int socket_get_family(int fd);

/* What a socket answers that is not of IP, and so has no such options: -errno. 0: it
 * is. */
int socket_find_foreign(int fd, int family);

/* What options and socket filter of the socket take of net.core.optmem_max, in bytes;
 * -1: the kernel does not tell (Linux before 4.12). */
int32_t socket_get_option_memory(int fd);

/* Does an interface of that index exist, in the socket's network namespace? */
bool socket_has_interface(int fd, uint32_t ifindex);

/*
 * An IPv4 address that the interface has and no other one: the kernel takes it
 * for that interface. false: there is none, or too many to look through.
 */
bool socket_find_address(int fd, uint32_t ifindex, struct in_addr *ret);

#endif
