/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * row: the members of a row of msfd, as text to show. One that is missing, null or of
 * another type is as if it were not known.
 */
#ifndef MSFCTL_AGENT_ROW_H
#define MSFCTL_AGENT_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

/* "18446744073709551615" and a unit behind it */
#define ROW_NUMBER_MAX 32

struct row_text {
	char text[ROW_NUMBER_MAX];
};

/* The string, or NULL: it is not known. Lives as long as the row. */
const char *row_get_text(const json_t *row, const char *key);

/* The same, "-" for what is not known. */
const char *row_show(const json_t *row, const char *key);

/* A number; 0: not known. */
int64_t row_get_number(const json_t *row, const char *key);

bool row_is_known(const json_t *row, const char *key);

/* Is it true? */
bool row_is(const json_t *row, const char *key);

/* A number, or "-". */
struct row_text row_format(const json_t *row, const char *key);

/* The cell of a column: a string or a number, NULL where it is not known. *store is where
 * the text of a number stands. */
const char *row_get_cell(const json_t *row, const char *key, struct row_text *store);

/*
 * The list of sources, to be freed: those that fit and "+N", or all of them (is_whole).
 * *ret is NULL where there are none. 0 or -ENOMEM.
 */
int row_format_sources(const json_t *row, bool is_whole, char **ret);

#endif
