/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces of the caller's network namespace, asked of rtnetlink anew at
 * each call. */
#ifndef LIB_INTERFACE_H
#define LIB_INTERFACE_H

#include <msf.h>

#include "fault.h"

/* The interface that has the address. FAULT_NONE, FAULT_INTERFACE_ADDRESS,
 * FAULT_NETLINK, FAULT_MEMORY. */
enum fault interface_find_address(struct addr address, uint32_t *ret_ifindex);

/* The interface of the route to the group. FAULT_NONE, FAULT_NO_ROUTE,
 * FAULT_NETLINK, FAULT_MEMORY. */
enum fault interface_find_route(struct addr group, int family, uint32_t *ret_ifindex);

/* -ENODEV, -ENOMEM, or what the system says of a netlink socket. */
int interface_get(uint32_t ifindex, struct msf_interface *ret);

#endif
