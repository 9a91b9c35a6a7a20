/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outlet: a stdio stream over a writer, for what a tool reports.
 *
 * A wait that was cancelled is no error: what was not written yet is kept, and
 * goes out before what comes next.  The first error is told once, and from then
 * on everything is taken and goes nowhere.
 */
#ifndef TOOLS_COMMON_OUTLET_H
#define TOOLS_COMMON_OUTLET_H

#include <stdio.h>

#include "writer.h"

struct outlet;

/* For a descriptor of the caller's. 0 or -errno. */
int outlet_new(struct outlet **ret, int fd);

/* Frees, after a last try to write; NULL is fine. Returns NULL. */
struct outlet *outlet_free(struct outlet *outlet);

FILE *outlet_get_file(struct outlet *outlet);

/* For cancelling, and patience. */
struct writer *outlet_get_writer(struct outlet *outlet);

/* Writes what the stream holds and what was kept. 0, or the error, once. */
int outlet_flush(struct outlet *outlet);

#endif
