/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: what a host has sent, read by the parser of msfctl, which knows nothing of
 * the engine. What no host may send is refused, with the reason.
 */
#ifndef SIM_REPORT_H
#define SIM_REPORT_H

#include "history.h"

#define RECORDS_MAX (4 * GROUPS_MAX)

enum {
	IS_IN = 1,
	IS_EX = 2,
	TO_IN = 3,
	TO_EX = 4,
	ALLOW = 5,
	BLOCK = 6,
};

struct report_record {
	unsigned int type, group;
	unsigned int sources; /* bits */
};

struct report {
	unsigned int version; /* IGMP 1, 2, 3; MLD 1, 2 */
	unsigned int group;   /* of an older one */
	bool is_leave;
	bool is_from_nobody; /* source 0.0.0.0 or :: */
	unsigned int n_records;
	struct report_record records[RECORDS_MAX];
};

/* Reads a packet of that host. NULL, or why it may not be sent; then *ret is what was
 * read until there. */
const char *report_read(const struct history *history, unsigned int host,
			bool has_address, const uint8_t *bytes, size_t len,
			struct report *ret);

void report_print(const struct history *history, const struct report *report,
		  FILE *stream);

/* Is the record one of a change? */
static inline bool is_change(const struct report_record *record)
{
	return record->type >= TO_IN;
}

#endif
