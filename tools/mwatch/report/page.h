/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page: the history of a record as one HTML page that needs nothing else.
 */
#ifndef MWATCH_PAGE_H
#define MWATCH_PAGE_H

#include <stdio.h>

#include "history.h"

/* Rows of the table of flows; there are fewer plots (history.h). */
#define PAGE_MAX_ROWS 500

/* name: of the record. Errors are those of the stream. */
void page_print(const struct history *history, const char *name, FILE *out);

#endif
