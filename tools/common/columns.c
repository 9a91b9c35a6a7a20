/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * columns: rows of text under titles (see columns.h).
 *
 * Invariant: every cell is clean, and the width of a column is that of its widest
 * cell or title.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "utf8.h"

#define GAP "  "

struct column {
	const char *title; /* borrowed */
	size_t width;
	bool is_right;
	bool is_hidden;
};

struct columns {
	unsigned int n_columns;
	struct column *columns; /* owned */
	size_t n_rows;
	size_t capacity; /* rows */
	char **cells;    /* owned, row by row */
};

int columns_new(struct columns **ret, const char *const *titles, unsigned int n_columns)
{
	struct columns *columns = calloc(1, sizeof(*columns));

	if (!columns)
		return -ENOMEM;
	columns->n_columns = n_columns;
	columns->columns = calloc(n_columns, sizeof(*columns->columns));
	if (!columns->columns) {
		columns_free(columns);
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < n_columns; i++) {
		struct column *column = &columns->columns[i];

		column->is_right = titles[i][0] == '-';
		column->title = titles[i] + column->is_right;
		column->width = utf8_get_width(column->title);
	}
	*ret = columns;
	return 0;
}

struct columns *columns_free(struct columns *columns)
{
	if (columns) {
		for (size_t i = 0; i < columns->n_rows * columns->n_columns; i++)
			free(columns->cells[i]);
		free(columns->cells);
		free(columns->columns);
		free(columns);
	}
	return NULL;
}

static int grow(struct columns *columns)
{
	size_t capacity = columns->capacity ? 2 * columns->capacity : 16;
	char **cells = reallocarray(columns->cells, capacity * columns->n_columns,
				    sizeof(*cells));

	if (!cells)
		return -ENOMEM;
	columns->cells = cells;
	columns->capacity = capacity;
	return 0;
}

static char *copy_cell(const char *cell)
{
	char *copy = strdup(cell ? cell : "-");

	if (copy)
		utf8_clean(copy, copy, strlen(copy) + 1);
	return copy;
}

int columns_add(struct columns *columns, const char *const *cells)
{
	char **row;

	if (columns->n_rows == columns->capacity && grow(columns) < 0)
		return -ENOMEM;
	row = columns->cells + columns->n_rows * columns->n_columns;
	for (unsigned int i = 0; i < columns->n_columns; i++) {
		row[i] = copy_cell(cells[i]);
		if (!row[i]) {
			while (i--)
				free(row[i]);
			return -ENOMEM;
		}
	}
	columns->n_rows++;
	for (unsigned int i = 0; i < columns->n_columns; i++) {
		size_t width = utf8_get_width(row[i]);

		if (width > columns->columns[i].width)
			columns->columns[i].width = width;
	}
	return 0;
}

void columns_hide(struct columns *columns, unsigned int column)
{
	columns->columns[column].is_hidden = true;
}

static void print_spaces(size_t n, FILE *out)
{
	fprintf(out, "%*s", (int)n, "");
}

/* Spaces are owed until a cell follows, so that no line ends with one. */
static size_t print_cell(const struct column *column, const char *cell, size_t owed,
			 FILE *out)
{
	size_t missing = column->width - utf8_get_width(cell);

	if (!*cell)
		return owed + missing;
	print_spaces(column->is_right ? owed + missing : owed, out);
	fputs(cell, out);
	return column->is_right ? 0 : missing;
}

/* The titles, when cells is NULL. */
static void print_row(const struct columns *columns, char *const *cells, FILE *out)
{
	size_t owed = 0;
	bool is_first = true;

	for (unsigned int i = 0; i < columns->n_columns; i++) {
		const struct column *column = &columns->columns[i];

		if (column->is_hidden)
			continue;
		if (!is_first)
			owed += strlen(GAP);
		is_first = false;
		owed = print_cell(column, cells ? cells[i] : column->title, owed, out);
	}
	fputc('\n', out);
}

int columns_print(const struct columns *columns, FILE *out)
{
	if (!columns->n_rows)
		return 0;
	errno = 0;
	print_row(columns, NULL, out);
	for (size_t i = 0; i < columns->n_rows; i++)
		print_row(columns, columns->cells + i * columns->n_columns, out);
	if (fflush(out) == EOF || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}
