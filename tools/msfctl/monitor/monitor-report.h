/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor-report: one line for each event, for people or as JSON. A line is written
 * at once; events behind the last one that is wanted are not told.
 */
#ifndef MSFCTL_MONITOR_REPORT_H
#define MSFCTL_MONITOR_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <msf.h>

#include "outlet.h"
#include "wire/querier.h"

struct monitor_report {
	struct outlet *outlet; /* borrowed, as is out */
	FILE *out;
	bool is_json;
	uint64_t count; /* events wanted; 0: all */
	uint64_t n_told;
	int error; /* the first one; from then on nothing is told */
};

/* An interface as the events name it. */
struct monitor_place {
	uint32_t ifindex;
	const char *interface; /* borrowed; empty: its name is not known */
};

/* "state", "join", "leave", "sources". now: users 0, fmode -1 and has_sources 0 are not
 * known; was: NULL, or what it was before. */
void monitor_report_group(struct monitor_report *report, const struct timespec *when,
			  const char *event, const struct msf_group *now,
			  const struct msf_group *was);

/* change: "new", "gone", "renamed", "up", "down", "carrier", "no-carrier"; was: the
 * name before, or NULL. */
void monitor_report_link(struct monitor_report *report, const struct timespec *when,
			 const struct monitor_place *place, const char *change,
			 unsigned int flags, const char *was);

/* change: "new", "gone". */
void monitor_report_address(struct monitor_report *report, const struct timespec *when,
			    const struct monitor_place *place, const char *change,
			    const struct sockaddr_storage *address);

/* Versions 0 are not known; forced 0: not forced. */
void monitor_report_version(struct monitor_report *report, const struct timespec *when,
			    const struct monitor_place *place, int family, int version,
			    int was, int forced);

void monitor_report_querier(struct monitor_report *report, const struct timespec *when,
			    const struct monitor_place *place,
			    const struct querier *querier, enum querier_change change);

void monitor_report_overrun(struct monitor_report *report, const struct timespec *when);

/* All that was wanted is told. */
bool monitor_report_is_full(const struct monitor_report *report);

#endif
