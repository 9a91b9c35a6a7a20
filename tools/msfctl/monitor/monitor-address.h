/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor-address: the order of addresses and of groups: by interface, family, address.
 */
#ifndef MSFCTL_MONITOR_ADDRESS_H
#define MSFCTL_MONITOR_ADDRESS_H

#include <sys/socket.h>

#include <msf.h>

/* Less than 0, 0, or more; the address alone counts. */
int monitor_address_compare(const struct sockaddr_storage *a,
			    const struct sockaddr_storage *b);

/* The same for the interface and address of groups. */
int monitor_address_compare_groups(const struct msf_group *a, const struct msf_group *b);

#endif
