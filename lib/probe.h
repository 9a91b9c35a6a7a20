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

/* What a socket filter may have, and what memory the largest one takes at most. */
#define PROBE_INSTRUCTIONS   4096u
#define PROBE_PROGRAM_MEMORY 65536

/* How many sources one structure of net.core.optmem_max bytes carries: for AF_INET
 * a struct ip_msfilter, for AF_INET6 a struct group_filter of either family.
 * UINT32_MAX where the sysctl cannot be read. */
uint32_t probe_read_set_sources(int family);

/* net.ipv6.mld_max_msf where it cannot be read: the kernel is asked with lists that
 * it refuses. 0, or -errno (-EAFNOSUPPORT: no IPv6). */
int probe_search_sources(struct msf *msf, uint32_t *ret_sources);

/* Copies a fact to the end of the list. 0 or -ENOMEM. */
int probe_add_fact(struct msf_probe *probe, const struct msf_fact *fact);

/* A number; below 0: not known, which the note may explain. */
int probe_add_number(struct msf_probe *probe, const char *name, int64_t value,
		     const char *unit, const char *source, const char *note);

/* The facts that only the ASM backend has. 0 or -errno. */
int probe_add_asm(struct msf_probe *probe, struct msf *msf);

/* The facts of every interface. 0 or -errno. */
int probe_add_interfaces(struct msf_probe *probe, struct msf *msf);

#endif
