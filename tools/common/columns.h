/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * columns: rows of text under titles, as wide as they need to be. What stands in a
 * cell may come from anybody: it is cleaned (utf8.h) before it is printed.
 */
#ifndef TOOLS_COMMON_COLUMNS_H
#define TOOLS_COMMON_COLUMNS_H

#include <stdio.h>

struct columns;

/* Titles are borrowed; "-" in front of one: its cells stand to the right. 0 or
 * -ENOMEM. */
int columns_new(struct columns **ret, const char *const *titles, unsigned int n_columns);

/* Frees; NULL is fine. Returns NULL. */
struct columns *columns_free(struct columns *columns);

/* Copies a row of n_columns cells; a NULL cell is "-", an empty one stays empty. 0 or
 * -ENOMEM. */
int columns_add(struct columns *columns, const char *const *cells);

/* Leaves a column out when printing, whatever stands in it. */
void columns_hide(struct columns *columns, unsigned int column);

/* Prints titles and rows; nothing when there is no row. 0 or -errno. */
int columns_print(const struct columns *columns, FILE *out);

#endif
