/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * row: the members of a row of msfd (see agent-row.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent-row.h"

/* Sources of a cell that is not whole, in characters. */
#define SOURCES_WIDTH 32

const char *row_get_text(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

const char *row_show(const json_t *row, const char *key)
{
	const char *text = row_get_text(row, key);

	return text ? text : "-";
}

int64_t row_get_number(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

bool row_is_known(const json_t *row, const char *key)
{
	const json_t *member = json_object_get(row, key);

	return member && !json_is_null(member);
}

bool row_is(const json_t *row, const char *key)
{
	return json_is_true(json_object_get(row, key));
}

struct row_text row_format(const json_t *row, const char *key)
{
	struct row_text text = { "-" };

	if (json_is_integer(json_object_get(row, key)))
		snprintf(text.text, sizeof(text.text), "%" PRId64,
			 row_get_number(row, key));
	return text;
}

const char *row_get_cell(const json_t *row, const char *key, struct row_text *store)
{
	const json_t *member = json_object_get(row, key);

	if (json_is_string(member))
		return json_string_value(member);
	if (!json_is_integer(member))
		return NULL;
	*store = row_format(row, key);
	return store->text;
}

static void print_sources(const json_t *sources, bool is_whole, FILE *out)
{
	size_t n = json_array_size(sources), width = 0, i;

	for (i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(sources, i));

		if (!text)
			text = "?";
		width += strlen(text) + 1;
		if (i && !is_whole && width > SOURCES_WIDTH)
			break;
		fprintf(out, "%s%s", i ? "," : "", text);
	}
	if (i < n)
		fprintf(out, " +%zu", n - i);
}

int row_format_sources(const json_t *row, bool is_whole, char **ret)
{
	const json_t *sources = json_object_get(row, "sources");
	char *text = NULL;
	size_t len;
	FILE *out;

	*ret = NULL;
	if (!json_array_size(sources))
		return 0;
	out = open_memstream(&text, &len);
	if (!out)
		return -ENOMEM;
	print_sources(sources, is_whole, out);
	if (fclose(out) == EOF) {
		free(text);
		return -ENOMEM;
	}
	*ret = text;
	return 0;
}
