/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-run: the loop over the lines (see batch-run.h).
 *
 * Invariant: a file with a line that cannot be read opens no socket.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch-answer.h"
#include "batch-input.h"
#include "batch-line.h"
#include "batch-prompt.h"
#include "batch-run.h"
#include "batch-session.h"
#include "batch-wait.h"
#include "jsonline.h"
#include "outlet.h"
#include "output.h"

#define STDIN_NAME "standard input"

#define WHERE_MAX 512

/* How long what is left to say waits for a reader, once a signal came. */
#define LAST_PATIENCE_MS 250

struct batch {
	const struct batch_settings *settings;
	const char *name; /* of what is read */
	struct batch_wait wait;
	struct batch_session *session;
	struct batch_input input;
	struct batch_prompt *prompt; /* NULL: nobody sits there */
	struct outlet *outlet;
	size_t n_line, n_run, n_failed;
	char warned[BATCH_ANSWER_DETAIL_MAX]; /* the last warning: once is enough */
	bool is_misread;                      /* a line could not be read */
};

/* What lines come to. */
enum next {
	NEXT_LINE,
	NEXT_END,
};

/* On standard error, with the place */

static void format_where(const struct batch *batch, char buf[WHERE_MAX])
{
	snprintf(buf, WHERE_MAX, "%.480s:%zu", batch->name, batch->n_line);
}

static void say_failure(const struct batch *batch, const char *why)
{
	char where[WHERE_MAX];

	format_where(batch, where);
	output_error(where, "%s", why);
}

static void say_warning(const struct batch *batch, const char *why)
{
	char where[WHERE_MAX];

	format_where(batch, where);
	output_warning(batch->prompt ? NULL : where, "%s", why);
}

/* What holds for every line is said once. */
static void warn(struct batch *batch, const char *why)
{
	if (!strcmp(batch->warned, why))
		return;
	snprintf(batch->warned, sizeof(batch->warned), "%s", why);
	say_warning(batch, why);
}

static int say_error(const char *what, int r)
{
	output_error(what, "%s", strerror(-r));
	return r;
}

/* On standard output. 0 or -errno, said. */

static int flush(struct batch *batch, int r)
{
	if (r == 0)
		r = outlet_flush(batch->outlet);
	return r < 0 ? say_error("standard output", r) : 0;
}

static int put_text(struct batch *batch, const char *text)
{
	fprintf(outlet_get_file(batch->outlet), "%s\n", text);
	return flush(batch, 0);
}

static int put_object(struct batch *batch, json_t *object)
{
	return flush(batch, jsonline_write(object, outlet_get_file(batch->outlet)));
}

static int put_mistake(struct batch *batch, const char *why)
{
	char *text = batch_answer_format_mistake(why);
	int r;

	if (batch->settings->is_json)
		r = put_object(batch, batch_answer_new_mistake(batch->n_line, why));
	else
		r = text ? put_text(batch, text) : say_error(NULL, -ENOMEM);
	free(text);
	return r;
}

/* Where a person sits, failures are seen as they come. */
static enum next count_failure(struct batch *batch)
{
	batch->n_failed++;
	return batch->prompt || batch->settings->is_keep_going ? NEXT_LINE : NEXT_END;
}

static int take_mistake(struct batch *batch, const char *why)
{
	int r = put_mistake(batch, why);

	if (r < 0)
		return r;
	batch->n_run++;
	batch->is_misread = true;
	if (!batch->prompt)
		say_failure(batch, why);
	return count_failure(batch);
}

static int take_failure(struct batch *batch, const struct batch_answer *answer,
			const char *text)
{
	/* Of a signal it is said what it ended. */
	if (!batch->prompt && answer->error != EINTR)
		say_failure(batch, text);
	return count_failure(batch);
}

static int take_answer(struct batch *batch, const struct batch_line *line,
		       const struct batch_answer *answer)
{
	char *text = batch_answer_format(line, answer);
	int r = text ? 0 : say_error(NULL, -ENOMEM);

	if (r == 0 && batch->settings->is_json)
		r = put_object(batch,
			       batch_answer_new_object(batch->n_line, line, answer));
	else if (r == 0)
		r = put_text(batch, text);
	if (r == 0 && !answer->error && *answer->detail && !batch->settings->is_json)
		warn(batch, answer->detail);
	if (r == 0 && batch_answer_is_failure(line, answer))
		r = take_failure(batch, answer, text);
	free(text);
	return r;
}

/* An enum next; or -errno, said. */
static int run_line(struct batch *batch, const struct batch_line *line)
{
	struct batch_answer answer;
	int r;

	if (line->command == BATCH_NOTHING)
		return NEXT_LINE;
	r = batch_session_run(batch->session, line, &answer);
	if (r < 0)
		return say_error(NULL, r);
	batch->n_run++;
	r = take_answer(batch, line, &answer);
	batch_answer_fini(&answer);
	return r == NEXT_LINE && line->command == BATCH_QUIT ? NEXT_END : r;
}

static int run_bytes(struct batch *batch, const char *bytes, size_t len)
{
	char why[BATCH_LINE_WHY_MAX];
	struct batch_line line;
	int r = batch_line_parse(bytes, len, &line, why);

	if (r == -EINVAL)
		return take_mistake(batch, why);
	if (r < 0)
		return say_error(NULL, r);
	r = run_line(batch, &line);
	batch_line_fini(&line);
	return r;
}

/* A person's Ctrl-C ends what runs, every other signal ends us. */
static int take_signal(struct batch *batch)
{
	static const char *const names[] = {
		[SIGINT] = "SIGINT", [SIGTERM] = "SIGTERM", [SIGHUP] = "SIGHUP"
	};
	int number = batch_wait_take_signal(&batch->wait);
	char why[64];

	if (!number || (batch->prompt && number == SIGINT))
		return NEXT_LINE;
	outlet_get_writer(batch->outlet)->patience_ms = LAST_PATIENCE_MS;
	if (batch->prompt)
		return NEXT_END;
	snprintf(why, sizeof(why), "ended by %s", names[number]);
	say_failure(batch, why);
	return -EINTR;
}

/* As batch_input_next(). */
static int get_line(struct batch *batch, const char **ret, size_t *ret_len)
{
	int r = batch->prompt
			? batch_prompt_next(batch->prompt, ret, ret_len)
			: batch_input_next(&batch->input, &batch->wait, ret, ret_len);

	if (r < 0 && r != -EINTR)
		say_error(batch->name, r);
	return r;
}

/* 0, or -errno, said. */
static int run_lines(struct batch *batch)
{
	const char *bytes;
	size_t len;
	int r = NEXT_LINE;

	while (r == NEXT_LINE) {
		r = get_line(batch, &bytes, &len);
		if (r == 0)
			return 0;
		if (r < 0 && r != -EINTR)
			return r;
		if (r > 0) {
			batch->n_line++;
			r = run_bytes(batch, bytes, len);
		}
		if (r == -EINTR ||
		    (r >= 0 && batch_wait_until(&batch->wait, -1, 0) == -EINTR))
			r = take_signal(batch);
	}
	return r < 0 ? r : 0;
}

/* All lines can be read: 0; or -EINVAL, said, or -ENOMEM. */
static int check_lines(struct batch *batch)
{
	char why[BATCH_LINE_WHY_MAX];
	struct batch_line line;
	const char *bytes;
	size_t len;
	int r = 0;

	while (r == 0 && batch_input_next(&batch->input, &batch->wait, &bytes, &len)) {
		batch->n_line++;
		r = batch_line_parse(bytes, len, &line, why);
		if (r == 0)
			batch_line_fini(&line);
	}
	if (r == -EINVAL) {
		batch->is_misread = true;
		say_failure(batch, why);
	} else if (r < 0) {
		say_error(NULL, r);
	}
	batch->n_line = 0;
	batch_input_rewind(&batch->input);
	return r;
}

static int start_input(struct batch *batch)
{
	const char *path = batch->settings->path;
	int r = 0;

	if (!path && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		r = batch_prompt_new(&batch->prompt, &batch->wait);
	else if (!path)
		r = batch_input_start(&batch->input, STDIN_FILENO);
	else
		r = batch_input_read_file(&batch->input, path);
	if (r == -EFBIG)
		output_error(path, "longer than %u MiB; standard input may be longer",
			     BATCH_INPUT_FILE_MAX >> 20);
	else if (r < 0)
		say_error(batch->name, r);
	return r < 0 || !path ? r : check_lines(batch);
}

static int start(struct batch *batch, struct msf *msf)
{
	int cancel[WRITER_N_CANCEL] = { -1, -1, -1 };
	int r = batch_session_new(&batch->session, msf, &batch->wait);

	if (r == 0)
		r = outlet_new(&batch->outlet, STDOUT_FILENO);
	if (r == 0)
		r = batch_wait_start(&batch->wait);
	if (r < 0)
		return say_error(NULL, r);
	cancel[0] = batch->wait.fd;
	writer_set_cancel(outlet_get_writer(batch->outlet), cancel);
	return 0;
}

static int get_status(const struct batch *batch, int r)
{
	if (batch->prompt)
		return r < 0 ? OUTPUT_FAILED : OUTPUT_DONE;
	if (r == 0 && batch->n_failed && batch->settings->is_keep_going)
		output_error(batch->name, "%zu of %zu lines failed", batch->n_failed,
			     batch->n_run);
	if (batch->is_misread)
		return OUTPUT_USAGE;
	return r < 0 || batch->n_failed ? OUTPUT_FAILED : OUTPUT_DONE;
}

int batch_run(struct msf *msf, const struct batch_settings *settings)
{
	struct batch batch = {
		.settings = settings,
		.name = settings->path ? settings->path : STDIN_NAME,
		.wait = BATCH_WAIT_INIT,
		.input.fd = -1,
	};
	int r = start_input(&batch), status;

	if (r == 0)
		r = start(&batch, msf);
	if (r == 0)
		r = run_lines(&batch);
	status = get_status(&batch, r);
	batch_prompt_free(batch.prompt);
	batch_session_free(batch.session);
	outlet_free(batch.outlet);
	batch_wait_stop(&batch.wait);
	batch_input_fini(&batch.input);
	return status;
}
