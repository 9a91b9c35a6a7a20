/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables as the library has them are the contract, row by row: the columns
 * of msf_table_get_row() against those of semantics.csv and semantics-linux.csv.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <msf.h>

#include "tap.h"

#define N_COLUMNS 6

/* The authority is last and may hold what it likes but a comma. */
static int split(char *line, char *column[N_COLUMNS])
{
	int n = 0;

	line[strcspn(line, "\r\n")] = '\0';
	for (char *c = line; c && n < N_COLUMNS; n++) {
		column[n] = c;
		c = n < N_COLUMNS - 1 ? strchr(c, ',') : NULL;
		if (c)
			*c++ = '\0';
	}
	return n;
}

static void compare_row(struct tap *tap, enum msf_semantics semantics, unsigned int i,
			char *column[N_COLUMNS])
{
	struct msf_table_row row;
	const char *error;

	if (!tap_expect(tap, !msf_table_get_row(semantics, i, &row), "there is a row %u",
			i))
		return;
	error = row.error ? strerrorname_np(row.error) : "0";
	tap_expect(tap, !strcmp(row.state, column[0]), "row %u: state %s, not %s", i,
		   row.state, column[0]);
	tap_expect(tap, !strcmp(row.request, column[1]), "row %u: request %s, not %s", i,
		   row.request, column[1]);
	tap_expect(tap, !strcmp(row.argument, column[2]), "row %u: argument %s, not %s",
		   i, row.argument, column[2]);
	tap_expect(tap, !strcmp(error, column[3]), "row %u: errno %s, not %s", i, error,
		   column[3]);
	tap_expect(tap, !strcmp(row.next_state, column[4]),
		   "row %u: next state %s, not %s", i, row.next_state, column[4]);
	tap_expect(tap, !strcmp(row.authority, column[5]), "row %u: authority %s, not %s",
		   i, row.authority, column[5]);
}

static void compare_table(struct tap *tap, enum msf_semantics semantics, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[256], *column[N_COLUMNS];
	struct msf_table_row row;
	unsigned int i = 0;

	if (!file || !fgets(line, sizeof(line), file))
		tap_bail_out("cannot read %s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		if (tap_expect(tap, split(line, column) == N_COLUMNS,
			       "row %u has 6 columns", i))
			compare_row(tap, semantics, i, column);
		i++;
	}
	fclose(file);
	tap_expect(tap, msf_table_get_row(semantics, i, &row) == -ENOENT,
		   "the table ends after %u rows", i);
	tap_end(tap, "the table is %s, row by row (%u rows)", strrchr(path, '/') + 1, i);
}

int main(int argc, char **argv)
{
	struct tap tap = { 0 };
	struct msf_table_row row;

	if (argc != 3)
		tap_bail_out("usage: test-table TABLE.csv LINUX-TABLE.csv");
	compare_table(&tap, MSF_SEMANTICS_TABLE, argv[1]);
	compare_table(&tap, MSF_SEMANTICS_LINUX, argv[2]);
	tap_expect(&tap, msf_table_get_row((enum msf_semantics)7, 0, &row) == -EINVAL,
		   "-EINVAL");
	tap_end(&tap, "there is no third table");
	return tap_finish(&tap);
}
