/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics: counters of msfd as OpenMetrics (see agent-metrics.h): names of the kind
 * msfd_igmp_rcv_v3_queries_total and msfd_memory_other_bytes.
 *
 * Invariant: whatever a row says, the text stays well-formed.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "agent-metrics.h"
#include "agent-row.h"
#include "utf8.h"

#define NAME_MAX_LENGTH 96
#define HELP_MAX_LENGTH 256

static bool begins_with(const char *text, const char *begin)
{
	return !strncmp(text, begin, strlen(begin));
}

/* OpenMetrics 1.0, "MetricFamily": the suffix belongs to the samples. */
static void cut_suffix(char *name, const char *suffix)
{
	size_t length = strlen(name), n = strlen(suffix);

	if (length > n && !strcmp(name + length - n, suffix))
		name[length - n] = '\0';
}

static bool is_of_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

/* Counters of msfd itself need no more than its name; those of MLD are called so. */
static void format_name(const json_t *row, char *buf)
{
	const char *name = row_show(row, "name"), *protocol = row_show(row, "protocol");
	bool is_plain = !strcmp(protocol, "msfd") ||
			(begins_with(name, protocol) && name[strlen(protocol)] == '_');

	snprintf(buf, NAME_MAX_LENGTH, "msfd_%s%s%s", is_plain ? "" : protocol,
		 is_plain ? "" : "_", name);
	for (char *c = buf; *c; c++)
		if (!is_of_name(*c))
			*c = '_';
	cut_suffix(buf, "_total");
	cut_suffix(buf, "_bytes");
}

/* What stands behind the name, with its mark: "bytes for ..." */
static const char *get_unit(const json_t *row)
{
	bool is_bytes = row_is(row, "gauge") &&
			begins_with(row_show(row, "help"), "bytes ");

	return is_bytes ? "_bytes" : "";
}

/* OpenMetrics 1.0, "Escaping". */
static void print_help(FILE *out, const char *help)
{
	char text[HELP_MAX_LENGTH];

	utf8_clean(help, text, sizeof(text));
	for (const char *c = text; *c; c++) {
		if (*c == '\\' || *c == '"')
			fputc('\\', out);
		fputc(*c, out);
	}
	fputc('\n', out);
}

int metrics_print(void *context, json_t *row)
{
	FILE *out = context;
	const char *unit = get_unit(row), *type = "counter", *suffix = "_total";
	char name[NAME_MAX_LENGTH];

	if (!json_is_integer(json_object_get(row, "value")))
		return 0; /* not known: then it is not there */
	if (row_is(row, "gauge")) {
		type = "gauge";
		suffix = "";
	}
	format_name(row, name);
	fprintf(out, "# TYPE %s%s %s\n", name, unit, type);
	if (*unit)
		fprintf(out, "# UNIT %s%s %s\n", name, unit, unit + 1);
	fprintf(out, "# HELP %s%s ", name, unit);
	print_help(out, row_show(row, "help"));
	fprintf(out, "%s%s%s %s\n", name, unit, suffix, row_format(row, "value").text);
	return ferror(out) ? -EIO : 0;
}

int metrics_end(FILE *out)
{
	fputs("# EOF\n", out);
	return ferror(out) ? -EIO : 0;
}
