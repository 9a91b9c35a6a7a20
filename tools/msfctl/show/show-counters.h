/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show-counters: what the kernel has counted of multicast, under its own names
 * (those of RFC 4293 and MLD), as a JSON object of numbers.
 */
#ifndef MSFCTL_SHOW_COUNTERS_H
#define MSFCTL_SHOW_COUNTERS_H

#include <stdint.h>

#include <jansson.h>

/* Of one interface: MLD and IPv6; an object that lacks what cannot be known. NULL: no
 * memory. */
json_t *show_counters_new(const char *interface, uint32_t ifindex);

/* Of the network namespace: IPv4. The same. */
json_t *show_counters_new_netns(void);

#endif
