/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: a report of the newest version (RFC 9776 4.2, RFC 9777 5.2) while it is filled
 * with records, no larger than the MTU and the caller's buffer.
 */
#ifndef ENGINE_REPORT_H
#define ENGINE_REPORT_H

#include "engine/group.h"

struct report {
	const struct host *host;
	uint8_t *bytes; /* the caller's buffer */
	size_t len, max;
	uint16_t n_records;
	bool has_alert;
};

/* A record of a group: its type, and which of the group's sources are in it. */
struct record_plan {
	enum record_type type;
	bool (*has)(const struct stance *stance, const struct source *source);
};

void report_begin(struct report *report, const struct host *host, void *buffer,
		  size_t size);

/*
 * Adds n records of the first group of the queue, from where the cursor is. false: the
 * report is full, and the cursor says where the next one goes on. Records are split
 * only where a whole message is too small for one, and EXCLUDE records are cut off
 * there (RFC 9776 4.2.16).
 */
bool report_add(struct report *report, struct queue *queue, const struct group *group,
		const struct record_plan *plans, unsigned int n);

/* Completes the datagram. */
void report_end(struct report *report, struct engine_packet *ret);

#endif
