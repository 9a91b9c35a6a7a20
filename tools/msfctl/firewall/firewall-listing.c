/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ruleset as text with handles ("nft -a list ruleset"): how a rule is shown to
 * people, and what the JSON of libnftables 1.0.6 leaves out (devices of chains) or
 * garbles (flags of tables).
 *
 * A line of a table begins in the first column, its objects behind one tab, what is in
 * them behind two.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firewall-ruleset.h"
#include "utf8.h"

#define HANDLE     " # handle "
#define SEPARATORS " \t,\"{}=;"

static const char *get_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* The outline as it grows. */
struct reader {
	json_t *tables;
	json_t *table, *chain; /* that we are in; borrowed; or NULL */
};

static bool is_behind(const char *line, const char *start)
{
	return !strncmp(line, start, strlen(start));
}

/* The words of a line, up to one of them. */
static int set_words(json_t *object, const char *key, char *words, const char *end)
{
	json_t *list = json_array();
	char *word, *rest = words;
	int r = list ? 0 : -ENOMEM;

	while (!r && (word = strsep(&rest, SEPARATORS))) {
		if (!*word)
			continue;
		if (end && !strcmp(word, end))
			break;
		r = json_array_append_new(list, json_string(word)) < 0 ? -ENOMEM : 0;
	}
	if (r < 0) {
		json_decref(list);
		return r;
	}
	return json_object_set_new(object, key, list) < 0 ? -ENOMEM : 0;
}

/* "table inet filter {", perhaps with the handle behind it. */
static int read_table(struct reader *reader, const char *line)
{
	char family[16], name[FIREWALL_NAME_MAX];

	reader->table = reader->chain = NULL;
	if (sscanf(line, "table %15s %255s {", family, name) != 2)
		return 0;
	reader->table = json_pack("{s:s, s:s, s:[], s:[]}", "family", family, "name",
				  name, "flags", "chains");
	return json_array_append_new(reader->tables, reader->table) < 0 ? -ENOMEM : 0;
}

static int read_chain(struct reader *reader, const char *line)
{
	json_t *chains = json_object_get(reader->table, "chains");
	char name[FIREWALL_NAME_MAX];

	reader->chain = NULL;
	if (!chains || sscanf(line, "\tchain %255s {", name) != 1)
		return 0;
	reader->chain = json_pack("{s:s}", "name", name);
	return json_array_append_new(chains, reader->chain) < 0 ? -ENOMEM : 0;
}

static int read_flags(const struct reader *reader, char *line)
{
	return reader->table ? set_words(reader->table, "flags",
					 line + strlen("\tflags "), NULL)
			     : 0;
}

/* "type filter hook ingress devices = { eth0, eth1 } priority ..." */
static int read_hook(const struct reader *reader, char *line)
{
	char *devices = strstr(line, " device");

	if (!reader->chain || !devices)
		return 0;
	devices += strlen(" device");
	if (*devices == 's')
		devices++;
	return set_words(reader->chain, "dev", devices, "priority");
}

static int read_line(struct reader *reader, char *line)
{
	if (is_behind(line, "table "))
		return read_table(reader, line);
	if (is_behind(line, "\tchain "))
		return read_chain(reader, line);
	if (is_behind(line, "\tflags "))
		return read_flags(reader, line);
	return is_behind(line, "\t\ttype ") ? read_hook(reader, line) : 0;
}

int listing_outline(const char *listing, json_t **ret)
{
	struct reader reader = { .tables = json_array() };
	char *copy = strdup(listing), *rest = copy, *line;
	int r = reader.tables && copy ? 0 : -ENOMEM;

	while (!r && (line = strsep(&rest, "\n")))
		r = read_line(&reader, line);
	free(copy);
	if (r < 0)
		json_decref(reader.tables);
	else
		*ret = reader.tables;
	return r;
}

static int annotate_chain(const struct firewall *firewall, const json_t *table,
			  const json_t *outline)
{
	char key[RULESET_KEY_MAX];
	json_t *devices = json_object_get(outline, "dev"), *chain = NULL;

	if (devices &&
	    ruleset_format_key(key, get_text(table, "family"), get_text(table, "name"),
			       get_text(outline, "name")))
		chain = json_object_get(firewall->chains, key);
	return chain && json_object_set(chain, "dev", devices) < 0 ? -ENOMEM : 0;
}

static int annotate_table(const struct firewall *firewall, const json_t *outline)
{
	char key[RULESET_KEY_MAX];
	json_t *table = NULL;
	const json_t *chain;
	size_t i;
	int r = 0;

	if (ruleset_format_key(key, get_text(outline, "family"),
			       get_text(outline, "name"), ""))
		table = json_object_get(firewall->tables, key);
	if (table)
		r = json_object_set(table, "flags", json_object_get(outline, "flags"));
	json_array_foreach(json_object_get(outline, "chains"), i, chain)
		r = r < 0 ? r : annotate_chain(firewall, outline, chain);
	return r < 0 ? -ENOMEM : 0;
}

int listing_annotate(const struct firewall *firewall)
{
	const json_t *table;
	size_t i;
	int r = 0;

	json_array_foreach(firewall->outline, i, table)
		r = r < 0 ? r : annotate_table(firewall, table);
	return r;
}

/* The last one of the line: a comment may hold the same words. */
static const char *find_handle(const char *line, size_t len)
{
	for (size_t i = len; i-- > 0;)
		if (is_behind(line + i, HANDLE))
			return line + i;
	return NULL;
}

bool listing_find_rule(const struct firewall *firewall, const json_t *rule, char *ret,
		       size_t size)
{
	json_int_t handle = json_integer_value(json_object_get(rule, "handle"));
	const char *end, *mark, *line = firewall->listing;
	char table[FIREWALL_NAME_MAX + 32], text[FIREWALL_TEXT_MAX];
	bool is_here = false;

	snprintf(table, sizeof(table), "table %s %s {",
		 json_string_value(json_object_get(rule, "family")),
		 json_string_value(json_object_get(rule, "table")));
	for (; line && *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		if (is_behind(line, "table "))
			is_here = is_behind(line, table);
		if (!is_here || !is_behind(line, "\t\t"))
			continue;
		mark = find_handle(line, (size_t)(end - line));
		if (!mark || strtoll(mark + strlen(HANDLE), NULL, 10) != handle)
			continue;
		snprintf(text, sizeof(text), "%.*s", (int)(mark - line - 2), line + 2);
		utf8_clean(text, ret, size);
		return true;
	}
	return false;
}
