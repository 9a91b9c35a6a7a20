/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/common/columns.h: each table is printed as the text beside it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "tap.h"

#define N_COLUMNS 3
#define NO_COLUMN N_COLUMNS

static const char *const titles[N_COLUMNS] = { "NAME", "-COUNT", "LAST" };

static const struct {
	const char *what;
	const char *rows[4][N_COLUMNS];
	unsigned int n_rows;
	unsigned int hidden; /* column; NO_COLUMN: none */
	const char *text;
} tables[] = {
	{ "no row: no titles", { { NULL } }, 0, NO_COLUMN, "" },
	{ "titles that are wider than cells",
	  { { "a", "1", "x" } },
	  1,
	  NO_COLUMN,
	  "NAME  COUNT  LAST\n"
	  "a         1  x\n" },
	{ "cells that are wider than titles",
	  { { "abcdef", "1234567", "x" }, { "b", "1", "abcdefg" } },
	  2,
	  NO_COLUMN,
	  "NAME      COUNT  LAST\n"
	  "abcdef  1234567  x\n"
	  "b             1  abcdefg\n" },
	{ "no cell, and an empty one",
	  { { NULL, NULL, NULL }, { "", "2", "" }, { "c", "", "z" }, { "", "", "" } },
	  4,
	  NO_COLUMN,
	  "NAME  COUNT  LAST\n"
	  "-         -  -\n"
	  "          2\n"
	  "c            z\n"
	  "\n" },
	{ "a column that is hidden, the first one",
	  { { "abcdefghijk", "1", "x" } },
	  1,
	  0,
	  "COUNT  LAST\n"
	  "    1  x\n" },
	{ "and the last one",
	  { { "a", "1", "x" } },
	  1,
	  2,
	  "NAME  COUNT\n"
	  "a         1\n" },
	{ "width is counted in characters",
	  { { "\303\274\303\274\303\274\303\274", "1", "x" }, { "uuuu", "1", "x" } },
	  2,
	  NO_COLUMN,
	  "NAME  COUNT  LAST\n"
	  "\303\274\303\274\303\274\303\274      1  x\n"
	  "uuuu      1  x\n" },
	{ "what moves a cursor does not reach it",
	  { { "\033[2J\n", "\r9", "a\tb\233\377" } },
	  1,
	  NO_COLUMN,
	  "NAME   COUNT  LAST\n"
	  "?[2J?     ?9  a?b??\n" },
};

static void check_table(struct tap *tap, size_t i)
{
	struct columns *columns = NULL;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	tap_expect(tap, !columns_new(&columns, titles, N_COLUMNS) && out, "no memory");
	for (unsigned int row = 0; row < tables[i].n_rows; row++)
		tap_expect(tap, !columns_add(columns, tables[i].rows[row]), "not added");
	if (tables[i].hidden != NO_COLUMN)
		columns_hide(columns, tables[i].hidden);
	tap_expect(tap, !columns_print(columns, out), "not printed");
	fclose(out);
	tap_expect(tap, !strcmp(text, tables[i].text), "printed:\n%s", text);
	tap_expect(tap, !columns_free(columns), "not NULL");
	free(text);
	tap_end(tap, "%s", tables[i].what);
}

static void check_copies(struct tap *tap)
{
	char cell[] = "before", *text = NULL;
	const char *const cells[N_COLUMNS] = { cell, cell, cell };
	struct columns *columns;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	tap_expect(tap, !columns_new(&columns, titles, N_COLUMNS) && out, "no memory");
	tap_expect(tap, !columns_add(columns, cells), "not added");
	strcpy(cell, "after");
	tap_expect(tap, !columns_print(columns, out), "not printed");
	fclose(out);
	tap_expect(tap, strstr(text, "before  before  before\n"), "%s", text);
	columns_free(columns);
	free(text);
	tap_end(tap, "cells are copied");
}

static void check_many(struct tap *tap)
{
	struct columns *columns;
	char cell[16], *text = NULL;
	size_t len, n_lines = 0;
	FILE *out = open_memstream(&text, &len);

	tap_expect(tap, !columns_new(&columns, titles, N_COLUMNS) && out, "no memory");
	for (int i = 0; i < 1000; i++) {
		const char *const cells[N_COLUMNS] = { cell, NULL, cell };

		snprintf(cell, sizeof(cell), "%04d", i);
		tap_expect(tap, !columns_add(columns, cells), "row %d", i);
	}
	tap_expect(tap, !columns_print(columns, out), "not printed");
	fclose(out);
	for (const char *c = text; *c; c++)
		n_lines += *c == '\n';
	tap_expect(tap, n_lines == 1001, "%zu lines", n_lines);
	tap_expect(tap, strstr(text, "\n0999      -  0999\n"), "no last row");
	columns_free(columns);
	free(text);
	tap_end(tap, "a thousand rows");
}

static void check_full(struct tap *tap)
{
	const char *const cells[N_COLUMNS] = { "a", "b", "c" };
	FILE *full = fopen("/dev/full", "w");
	struct columns *columns;

	if (tap_expect(tap, full, "no /dev/full") &&
	    tap_expect(tap, !columns_new(&columns, titles, N_COLUMNS), "no memory")) {
		tap_expect(tap, !columns_add(columns, cells), "not added");
		tap_expect(tap, columns_print(columns, full) == -ENOSPC, "no error");
		columns_free(columns);
		fclose(full);
	}
	tap_expect(tap, !columns_free(NULL), "not NULL");
	tap_end(tap, "what cannot be written is an error");
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		check_table(&tap, i);
	check_copies(&tap);
	check_many(&tap);
	check_full(&tap);
	return tap_finish(&tap);
}
