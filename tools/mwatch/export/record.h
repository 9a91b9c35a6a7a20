/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record: the counters over time in a file, the JSON lines of the JSON view.
 */
#ifndef MWATCH_RECORD_H
#define MWATCH_RECORD_H

#include "sink.h"
#include "writer.h"

/* Creates the file; it must not be there yet, unless it is no regular file; "-" and
 * /dev/stdout are standard output as it is. Waits for the reader of a FIFO. -errno, said,
 * here and when the record cannot be written later. */
int record_new(struct sink *ret, const char *path);

/* For cancelling, and patience with the reader of a pipe. */
struct writer *record_get_writer(const struct sink *record);

#endif
