/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits, and where they are set. */
#ifndef LIB_PROBE_H
#define LIB_PROBE_H

#include <msf.h>

/* The names below /proc/sys/net. */
#define SYSCTL_GROUPS        "ipv4/igmp_max_memberships"
#define SYSCTL_SOURCES_IPV4  "ipv4/igmp_max_msf"
#define SYSCTL_SOURCES_IPV6  "ipv6/mld_max_msf"
#define SYSCTL_OPTION_MEMORY "core/optmem_max"

/* How many sources one structure of net.core.optmem_max bytes carries: for AF_INET
 * a struct ip_msfilter, for AF_INET6 a struct group_filter of either family.
 * UINT32_MAX where the sysctl cannot be read. */
uint32_t probe_read_set_sources(int family);

#endif
