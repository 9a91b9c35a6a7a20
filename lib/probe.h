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

#endif
