/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config-join: static joins (see config-join.h).
 *
 * Invariant: the sources of all joins but the open one are ascending, each once.
 */
#include "msfd/config-join.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "msfd/config-value.h"

#define WORD_MAX 64u

static void *grow(void *list, uint32_t n, uint32_t *n_room, size_t size)
{
	uint32_t wanted = *n_room ? 2 * *n_room : 8;
	void *larger;

	if (n < *n_room)
		return list;
	larger = reallocarray(list, wanted, size);
	if (larger)
		*n_room = wanted;
	return larger;
}

static struct statics_join *get_last(const struct config_joins *joins)
{
	return &joins->joins[joins->n - 1];
}

static bool has_source(const struct source_set *sources, struct addr source)
{
	for (uint32_t i = 0; i < sources->n; i++)
		if (addr_equal(sources->addr[i], source))
			return true;
	return false;
}

static void add_source(struct config_joins *joins, struct addr source)
{
	struct source_set *sources = &get_last(joins)->filter.sources;
	struct addr *list = grow(sources->addr, sources->n, &joins->n_sources_room,
				 sizeof(*list));

	if (!list) {
		joins->file->error = -ENOMEM;
		return;
	}
	sources->addr = list;
	list[sources->n++] = source;
}

static void take_source(struct config_joins *joins, const char *word)
{
	const struct statics_join *join = get_last(joins);
	const char *why = NULL;
	struct addr source;

	if (config_value_parse_address(word, &source) < 0)
		why = "no address";
	else if (addr_is_ipv4(source) != addr_is_ipv4(join->group))
		why = "not of the group's family";
	else if (!addr_is_sender(source))
		why = "no address of a sender";
	else if (has_source(&join->filter.sources, source))
		why = "named twice";
	else if (join->filter.sources.n == MESSAGE_SOURCES_MAX)
		why = "one source too many";
	if (why)
		config_file_refuse(joins->file, 0, "%s: %s", word, why);
	else
		add_source(joins, source);
}

/* "a, b" or "a b"; a comma may stand at the end, where a list goes on. */
static void take_sources(struct config_joins *joins, const char *text)
{
	char word[WORD_MAX];
	size_t len;

	for (; *text; text += len) {
		text += strspn(text, " \t,");
		len = strcspn(text, " \t,");
		if (!len)
			return;
		snprintf(word, sizeof(word), "%.*s",
			 (int)(len < WORD_MAX ? len : WORD_MAX), text);
		take_source(joins, word);
	}
}

/* Takes the word from the text if it stands there. */
static bool take_word(const char **text, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*text, word, len) != 0 || !strchr(" \t", (*text)[len]))
		return false;
	*text += len;
	*text += strspn(*text, " \t");
	return true;
}

static void take_filter(struct config_joins *joins, const char *text)
{
	struct statics_join *join = get_last(joins);
	bool is_any = take_word(&text, "any"),
	     has_but = is_any && take_word(&text, "but");

	join->filter.mode = is_any ? FILTER_EXCLUDE : FILTER_INCLUDE;
	if (is_any && !has_but && *text) {
		config_file_refuse(
			joins->file, 0,
			"any %s: \"any\" or \"any but SOURCE, ...\" is expected", text);
		return;
	}
	joins->state = is_any && !has_but ? CONFIG_JOIN_ANY : CONFIG_JOIN_LIST;
	take_sources(joins, text);
}

static bool has_group(const struct config_joins *joins, const char *interface,
		      struct addr group)
{
	for (uint32_t i = 0; i < joins->n; i++)
		if (addr_equal(joins->joins[i].group, group) &&
		    strcmp(joins->joins[i].interface, interface) == 0)
			return true;
	return false;
}

static bool add_join(struct config_joins *joins, const char *interface, struct addr group)
{
	struct statics_join *list = grow(joins->joins, joins->n, &joins->n_room,
					 sizeof(*list));

	if (!list) {
		joins->file->error = -ENOMEM;
		return false;
	}
	joins->joins = list;
	list[joins->n] = (struct statics_join){ .group = group, .is_configured = true };
	strncpy(list[joins->n].interface, interface, IF_NAMESIZE - 1);
	joins->n++;
	joins->n_sources_room = 0;
	joins->line = joins->file->line;
	return true;
}

static void begin(struct config_joins *joins, const char *interface, const char *key,
		  const char *value)
{
	const char *why = NULL;
	struct addr group;

	if (config_value_parse_address(key, &group) < 0 || !addr_is_multicast(group))
		why = "no multicast group";
	else if (has_group(joins, interface, group))
		why = "joined twice there: a list goes on in lines that begin with "
		      "a blank";
	else if (joins->n == CONFIG_JOINS_MAX)
		why = "one join too many";
	if (why)
		config_file_refuse(joins->file, 0, "%s: %s", key, why);
	else if (add_join(joins, interface, group))
		take_filter(joins, value);
}

static void sort_sources(struct config_joins *joins)
{
	struct source_set *sources = &get_last(joins)->filter.sources;
	struct addr *scratch;

	if (!sources->n)
		return;
	scratch = calloc(sources->n, sizeof(*scratch));
	if (!scratch) {
		joins->file->error = -ENOMEM;
		return;
	}
	sources->n = source_set_sort(sources->addr, sources->n, scratch);
	free(scratch);
}

void config_joins_end(struct config_joins *joins)
{
	bool is_list = joins->state == CONFIG_JOIN_LIST;

	joins->state = CONFIG_JOIN_NONE;
	if (!is_list)
		return;
	if (!get_last(joins)->filter.sources.n)
		config_file_refuse(joins->file, joins->line,
				   "no source: \"any\" stands for all");
	sort_sources(joins);
}

static void go_on(struct config_joins *joins, const char *value)
{
	switch (joins->state) {
	case CONFIG_JOIN_NONE:
		return;
	case CONFIG_JOIN_ANY:
		config_file_refuse(joins->file, 0, "%s: \"any\" has no list that goes on",
				   value);
		return;
	case CONFIG_JOIN_LIST:
		take_sources(joins, value);
		return;
	}
}

void config_joins_take(struct config_joins *joins, const char *interface,
		       const char *group, const char *value, bool is_more)
{
	if (joins->file->error)
		return;
	if (is_more) {
		go_on(joins, value);
	} else {
		config_joins_end(joins);
		begin(joins, interface, group, value);
	}
}

void config_joins_fini(struct config_joins *joins)
{
	for (uint32_t i = 0; i < joins->n; i++)
		free(joins->joins[i].filter.sources.addr);
	free(joins->joins);
	*joins = (struct config_joins){ 0 };
}
