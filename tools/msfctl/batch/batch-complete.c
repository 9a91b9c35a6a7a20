/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-complete: commands, their words, and interfaces (see batch-complete.h).
 *
 * Invariant: nothing but what can be seen and typed is offered.
 */
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "batch-complete.h"
#include "batch-line.h"

#define BLANKS " \t"

static bool is_typable(const char *word)
{
	for (; *word; word++)
		if (*word <= ' ' || *word > '~' || *word == '#')
			return false;
	return true;
}

static size_t get_common(const char *a, const char *b, size_t max)
{
	size_t n = 0;

	while (n < max && a[n] && a[n] == b[n])
		n++;
	return n;
}

static int offer(struct batch_completion *completion, const char *written,
		 const char *word)
{
	char **words;

	if (strncmp(word, written, completion->n_written) != 0 || !is_typable(word))
		return 0;
	words = reallocarray(completion->words, completion->n_words + 1, sizeof(*words));
	if (!words)
		return -ENOMEM;
	completion->words = words;
	words[completion->n_words] = strdup(word);
	if (!words[completion->n_words])
		return -ENOMEM;
	completion->n_common = completion->n_words
				       ? get_common(words[0], word, completion->n_common)
				       : strlen(word);
	completion->n_words++;
	return 0;
}

static int offer_commands(struct batch_completion *completion, const char *written,
			  bool is_first)
{
	int r = is_first ? offer(completion, written, "expect") : 0;

	for (int i = 0; i < BATCH_N_COMMANDS && r == 0; i++) {
		const struct batch_usage *usage =
			batch_line_get_usage((enum batch_command)i);

		if (usage)
			r = offer(completion, written, usage->name);
	}
	return r;
}

static int offer_interfaces(struct batch_completion *completion, const char *written)
{
	struct if_nameindex *interfaces = if_nameindex();
	int r = 0;

	for (size_t i = 0; interfaces && interfaces[i].if_index && r == 0; i++)
		r = offer(completion, written, interfaces[i].if_name);
	if_freenameindex(interfaces);
	return r;
}

/* Where the word under the cursor begins, and how many stand before it. */
static const char *find_word(const char *line, size_t *ret_before)
{
	size_t before = 0;

	for (;;) {
		size_t len;

		line += strspn(line, BLANKS);
		len = strcspn(line, BLANKS);
		if (!line[len])
			break;
		line += len;
		before++;
	}
	*ret_before = before;
	return line;
}

int batch_complete(const char *line, size_t len, struct batch_completion *ret)
{
	struct batch_completion completion = { .n_words = 0 };
	char *copy = strndup(line, len);
	const char *written;
	bool has_expect;
	size_t before;
	int r;

	if (!copy)
		return -ENOMEM;
	written = find_word(copy, &before);
	has_expect = !strncmp(copy + strspn(copy, BLANKS), "expect ", strlen("expect "));
	completion.n_written = strlen(written);
	if (before == 0 || (has_expect && before == 2))
		r = offer_commands(&completion, written, before == 0);
	else
		r = offer_interfaces(&completion, written);
	free(copy);
	if (r < 0)
		batch_completion_fini(&completion);
	else
		*ret = completion;
	return r;
}

void batch_completion_fini(struct batch_completion *completion)
{
	for (size_t i = 0; i < completion->n_words; i++)
		free(completion->words[i]);
	free(completion->words);
	*completion = (struct batch_completion){ .n_words = 0 };
}
