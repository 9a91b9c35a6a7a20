/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor-links: the interfaces, their addresses and the protocol versions in force
 * there, and how their changes come to be told.
 *
 * An interface is wanted when no names were given, or when it has one of them; it
 * stays so when it is renamed.
 */
#ifndef MSFCTL_MONITOR_LINKS_H
#define MSFCTL_MONITOR_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <msf.h>

#include "monitor-report.h"

struct monitor_links;

/* names (IF_NAMESIZE bytes each) and report are borrowed; no names: all interfaces.
 * 0 or -ENOMEM. */
int monitor_links_new(struct monitor_links **ret, const char (*names)[IF_NAMESIZE],
		      size_t n_names, struct monitor_report *report);

/* Frees; NULL is fine. Returns NULL. */
struct monitor_links *monitor_links_free(struct monitor_links *links);

bool monitor_links_is_wanted(const struct monitor_links *links, uint32_t ifindex);

/* Empty: not known. */
const char *monitor_links_get_name(const struct monitor_links *links, uint32_t ifindex);

/* Link and address events. 0 or -ENOMEM. */
int monitor_links_take(struct monitor_links *links, const struct msf_event *event,
		       const struct timespec *when);

/* Asks the system for all of them and tells the difference; is_told false: of the first
 * time. 0 or -errno. */
int monitor_links_compare(struct monitor_links *links, const struct timespec *when,
			  bool is_told);

/* Asks for the versions and tells the difference. */
void monitor_links_compare_versions(struct monitor_links *links,
				    const struct timespec *when);

#endif
