/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the stack offers by itself: any-source memberships (RFC 3678 4.1.1, RFC 3493
 * 5.2) and the options that say whether other sockets' groups are delivered too.
 */
#ifndef ASM_PLAIN_H
#define ASM_PLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

/* 0 or -errno; want of option memory is -ENOBUFS for both families. */
int plain_join(int fd, uint32_t ifindex, struct addr group);
int plain_leave(int fd, uint32_t ifindex, struct addr group);

/* IP_MULTICAST_ALL or IPV6_MULTICAST_ALL: -ENOPROTOOPT where it is not known. */
int plain_get_all(int fd, int family, bool *ret_is_all);
int plain_set_all(int fd, int family, bool is_all);

/* What memberships, options and a socket filter take of net.core.optmem_max, in bytes;
 * -1: the stack does not tell (Linux before 4.12). */
int32_t plain_get_option_memory(int fd);

#endif
