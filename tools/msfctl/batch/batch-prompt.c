/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-prompt: libedit (see batch-prompt.h).
 *
 * Invariant: outside of batch_prompt_next() the terminal is as it was found.
 */
#include <errno.h>
#include <histedit.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch-complete.h"
#include "batch-history.h"
#include "batch-prompt.h"
#include "output.h"

#define HISTORY_LINES 1000

struct batch_prompt {
	const struct batch_wait *wait; /* borrowed */
	EditLine *editor;
	History *history;
	bool is_interrupted;
};

static char *get_text(EditLine *editor)
{
	static char text[] = "msfctl> ";

	(void)editor;
	return text;
}

static struct batch_prompt *get_prompt(EditLine *editor)
{
	void *prompt = NULL;

	el_get(editor, EL_CLIENTDATA, &prompt);
	return prompt;
}

/* Commands are ASCII; what is not may stand in a comment. */
static int read_character(EditLine *editor, wchar_t *ret)
{
	struct batch_prompt *prompt = get_prompt(editor);
	unsigned char c;
	ssize_t n;

	do {
		if (batch_wait_until(prompt->wait, STDIN_FILENO, BATCH_WAIT_FOREVER) <
		    0) {
			prompt->is_interrupted = true;
			return -1;
		}
		n = read(STDIN_FILENO, &c, 1);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n <= 0)
		return 0;
	*ret = c <= '\177' ? c : '?';
	return 1;
}

static unsigned char list_words(const struct batch_completion *completion)
{
	putchar('\n');
	for (size_t i = 0; i < completion->n_words; i++)
		printf("%s%s", i ? "  " : "", completion->words[i]);
	putchar('\n');
	fflush(stdout);
	return CC_REDISPLAY;
}

static unsigned char insert_rest(EditLine *editor,
				 const struct batch_completion *completion)
{
	char *rest = strndup(completion->words[0] + completion->n_written,
			     completion->n_common - completion->n_written);
	int r = rest ? el_insertstr(editor, rest) : -1;

	free(rest);
	if (r == 0 && completion->n_words == 1)
		r = el_insertstr(editor, " ");
	return r == 0 ? CC_REFRESH : CC_ERROR;
}

static unsigned char complete(EditLine *editor, int c)
{
	const LineInfo *line = el_line(editor);
	struct batch_completion completion;
	unsigned char result = CC_ERROR;

	(void)c;
	if (batch_complete(line->buffer, (size_t)(line->cursor - line->buffer),
			   &completion) < 0)
		return CC_ERROR;
	if (completion.n_words == 1 || completion.n_common > completion.n_written)
		result = insert_rest(editor, &completion);
	else if (completion.n_words > 1)
		result = list_words(&completion);
	batch_completion_fini(&completion);
	return result;
}

static int start_editor(struct batch_prompt *prompt)
{
	EditLine *editor = el_init("msfctl", stdin, stdout, stderr);

	prompt->editor = editor;
	if (!editor)
		return -ENOMEM;
	el_set(editor, EL_CLIENTDATA, prompt);
	el_set(editor, EL_GETCFN, read_character);
	el_set(editor, EL_PROMPT, get_text);
	el_set(editor, EL_EDITOR, "emacs");
	el_set(editor, EL_SIGNAL, 1); /* Ctrl-Z and the size of the window */
	el_set(editor, EL_HIST, history, prompt->history);
	el_set(editor, EL_ADDFN, "msfctl-complete", "complete the word", complete);
	el_set(editor, EL_BIND, "^I", "msfctl-complete", NULL);
	el_source(editor, NULL);
	return 0;
}

static int start_history(struct batch_prompt *prompt)
{
	HistEvent event;
	int r;

	prompt->history = history_init();
	if (!prompt->history)
		return -ENOMEM;
	history(prompt->history, &event, H_SETSIZE, HISTORY_LINES);
	history(prompt->history, &event, H_SETUNIQUE, 1);
	r = batch_history_load(prompt->history);
	if (r < 0)
		output_warning("history", "cannot be read: %s", strerror(-r));
	return 0;
}

int batch_prompt_new(struct batch_prompt **ret, const struct batch_wait *wait)
{
	struct batch_prompt *prompt = calloc(1, sizeof(*prompt));
	int r;

	if (!prompt)
		return -ENOMEM;
	prompt->wait = wait;
	r = start_history(prompt);
	if (r == 0)
		r = start_editor(prompt);
	if (r < 0) {
		if (prompt->history)
			history_end(prompt->history);
		free(prompt);
		return r;
	}
	*ret = prompt;
	return 0;
}

struct batch_prompt *batch_prompt_free(struct batch_prompt *prompt)
{
	int r;

	if (!prompt)
		return NULL;
	r = batch_history_save(prompt->history);
	if (r < 0 && r != -ENOENT)
		output_warning("history", "cannot be kept: %s", strerror(-r));
	el_end(prompt->editor);
	history_end(prompt->history);
	free(prompt);
	return NULL;
}

static void remember(struct batch_prompt *prompt, const char *line)
{
	HistEvent event;

	if (line[strspn(line, " \t\n")])
		history(prompt->history, &event, H_ENTER, line);
}

int batch_prompt_next(struct batch_prompt *prompt, const char **ret, size_t *ret_len)
{
	const char *line;
	int n = 0;

	prompt->is_interrupted = false;
	line = el_gets(prompt->editor, &n);
	if (prompt->is_interrupted) {
		el_reset(prompt->editor);
		putchar('\n');
		fflush(stdout);
		return -EINTR;
	}
	if (!line || n <= 0) {
		putchar('\n');
		fflush(stdout);
		return 0;
	}
	remember(prompt, line);
	*ret = line;
	*ret_len = strcspn(line, "\n");
	return 1;
}
