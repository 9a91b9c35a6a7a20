/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report-json: events and summary as JSON lines.  A number that cannot be known is
 * null, never 0; fields may be added, never renamed.
 */
#ifndef MJOIN_REPORT_JSON_H
#define MJOIN_REPORT_JSON_H

#include "report.h"

/* All return 0 or -errno. */
int report_json_joined(struct report *report, const struct receiver *receiver);
int report_json_first(struct report *report, const struct receiver *receiver,
		      const struct flow *flow);
int report_json_waiting(struct report *report, const char *interface);
int report_json_gone(struct report *report, const struct msf_interface *interface);
int report_json_summary(struct report *report, const struct receiver *receiver);

#endif
