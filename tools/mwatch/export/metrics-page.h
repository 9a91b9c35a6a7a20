/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics-page: a sample in the text of OpenMetrics, made piece by piece as it is read,
 * so that a page of 65,536 flows never stands in memory as a whole.
 */
#ifndef MWATCH_METRICS_PAGE_H
#define MWATCH_METRICS_PAGE_H

#include <stddef.h>

#include "metrics.h"

/* How a page begins, in every format. */
#define METRICS_PAGE_BEGIN "# TYPE msf_mwatch"

/* The least room that metrics_page_read() takes. */
#define METRICS_PAGE_MIN 4096

struct metrics_page;

/* The sample is borrowed as long as the page lives. -ENOMEM. */
int metrics_page_new(struct metrics_page **ret, const struct sample *sample,
		     enum metrics_format format);

/* Frees; NULL is fine. Returns NULL. */
struct metrics_page *metrics_page_free(struct metrics_page *page);

/* The next lines, as many as fit whole; the number of bytes. 0: that was all. */
size_t metrics_page_read(struct metrics_page *page, char *buf, size_t len);

#endif
