/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: what happens, for people or as JSON lines, and the summary.
 */
#ifndef MJOIN_REPORT_H
#define MJOIN_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <msf.h>

#include "outlet.h"
#include "receiver.h"

struct report {
	struct outlet *outlet; /* standard output, or standard error beside payloads */
	FILE *out;             /* the outlet's stream */
	bool is_json;
	bool is_quiet;
	bool has_progress; /* a line of progress may be shown */
	bool is_progress_shown;
	bool is_asm; /* the backend is not the kernel's own filters */
	enum msf_wire wire;
};

/* What all receivers had together. */
struct report_sum {
	uint64_t receivers, flows, packets, bytes, drops;
	bool has_drops;
};

/* All return 0 or the -errno of a failed write. */

int report_joined(struct report *report, const struct receiver *receiver);
int report_first(struct report *report, const struct receiver *receiver,
		 const struct flow *flow);
/* The interface is not there yet. */
int report_waiting(struct report *report, const char *interface);
/* The interface has gone. */
int report_gone(struct report *report, const struct msf_interface *interface);
/* Sorts the flows. */
int report_summary(struct report *report, struct receiver *receiver);
int report_sum(struct report *report, const struct report_sum *sum);
/* Adds what one receiver had. */
void report_sum_add(struct report_sum *sum, const struct receiver *receiver);
/* A line on a terminal that the next output replaces. */
void report_progress(struct report *report, const struct report_sum *sum, double seconds);
void report_clear_progress(struct report *report);

/* One line: which sources have not been heard. */
void report_missing(const struct receiver *receiver, double seconds);

#endif
