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

struct reader {
	const struct firewall *firewall;
	char table_key[RULESET_KEY_MAX]; /* of the table that we are in; or "" */
	char family[16], table[FIREWALL_NAME_MAX];
	json_t *chain; /* borrowed; or NULL */
};

static bool is_behind(const char *line, const char *start)
{
	return !strncmp(line, start, strlen(start));
}

static int set_words(json_t *object, const char *key, char *words, const char *end)
{
	json_t *list = json_array();
	char *word, *rest = words;

	if (!list)
		return -ENOMEM;
	while ((word = strsep(&rest, SEPARATORS))) {
		if (!*word)
			continue;
		if (end && !strcmp(word, end))
			break;
		if (json_array_append_new(list, json_string(word)) < 0) {
			json_decref(list);
			return -ENOMEM;
		}
	}
	return json_object_set_new(object, key, list) < 0 ? -ENOMEM : 0;
}

/* "table inet filter {", perhaps with the handle behind it. */
static int read_table(struct reader *reader, const char *line)
{
	reader->chain = NULL;
	reader->table_key[0] = '\0';
	if (sscanf(line, "table %15s %255s {", reader->family, reader->table) != 2 ||
	    !ruleset_format_key(reader->table_key, reader->family, reader->table, ""))
		reader->table_key[0] = '\0';
	return 0;
}

static int read_chain(struct reader *reader, const char *line)
{
	char name[FIREWALL_NAME_MAX], key[RULESET_KEY_MAX];

	reader->chain = NULL;
	if (sscanf(line, "\tchain %255s {", name) == 1 &&
	    ruleset_format_key(key, reader->family, reader->table, name))
		reader->chain = json_object_get(reader->firewall->chains, key);
	return 0;
}

static int read_flags(struct reader *reader, char *line)
{
	json_t *table = json_object_get(reader->firewall->tables, reader->table_key);

	return table ? set_words(table, "flags", line + strlen("\tflags "), NULL) : 0;
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

int listing_annotate(const struct firewall *firewall)
{
	struct reader reader = { .firewall = firewall };
	char *copy, *rest, *line;
	int r = 0;

	if (!firewall->listing)
		return 0;
	copy = rest = strdup(firewall->listing);
	if (!copy)
		return -ENOMEM;
	while (!r && (line = strsep(&rest, "\n")))
		r = read_line(&reader, line);
	free(copy);
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
