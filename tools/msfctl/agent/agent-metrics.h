/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics: counters of msfd in the text of OpenMetrics 1.0, a family a row.
 */
#ifndef MSFCTL_AGENT_METRICS_H
#define MSFCTL_AGENT_METRICS_H

#include <stdio.h>

#include <jansson.h>

/* A session_reader for rows of MSF_AGENT_STATS; context is a FILE. 0 or -errno. */
int metrics_print(void *context, json_t *row);

/* The last line, which tells that none is missing. 0 or -errno. */
int metrics_end(FILE *out);

#endif
