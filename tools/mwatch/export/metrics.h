/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics: a sample for monitoring systems, as text: over HTTP, and as a file that is
 * replaced in one step.
 */
#ifndef MWATCH_METRICS_H
#define MWATCH_METRICS_H

#include <stdio.h>

#include "sink.h"

enum metrics_format {
	METRICS_OPENMETRICS, /* OpenMetrics 1.0 */
	METRICS_TEXT,        /* the older text format of Prometheus, 0.0.4 */
	METRICS_BOTH,        /* OpenMetrics without what readers of 0.0.4 refuse */
};

/* Writes all of it. 0 or -errno. */
int metrics_print(const struct sample *sample, enum metrics_format format, FILE *out);

/* Serves /metrics; address is ADDR:PORT or PORT (loopback). The socket is bound here;
 * who answers has no capabilities from the start, so those of the caller may go later.
 * -EINVAL, -EADDRINUSE and others: said on standard error. */
int metrics_http_new(struct sink *ret, const char *address);

/* The path is tried at once, so it is called when capabilities are given up already: what
 * works then goes on working. -errno: said on standard error. */
int metrics_textfile_new(struct sink *ret, const char *path);

#endif
