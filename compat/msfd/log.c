/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log: what msfd says of itself (see log.h).
 *
 * Invariant: one line is one write(2), shorter than PIPE_BUF, and made only where it
 * does not block: who reads the log slowly loses lines, and stops nothing.
 */
#include "msfd/log.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jsonline.h"
#include "msfd/clock.h"
#include "utf8.h"

#define BURST     20u
#define WINDOW_US 10000000u
#define EVENTS    64u
#define TEXT_MAX  1024u
#define LINE_SIZE 2048u

/* One event, in its window of ten seconds. */
struct event {
	const char *name; /* NULL: not met yet; the last one is for all that do not fit */
	uint64_t since;
	unsigned int n_written;
	unsigned int n_left_out;
};

static struct {
	enum log_format format;
	int max_priority;
	struct event events[EVENTS];
} state = { LOG_FORMAT_TEXT, LOG_INFO, { { NULL } } };

/* Is standard error the stream that systemd connected to its journal (systemd.exec(5),
 * JOURNAL_STREAM)? */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;
	struct stat status;

	return stream && sscanf(stream, "%ju:%ju", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

void log_init(enum log_format format, int max_priority)
{
	if (format == LOG_FORMAT_AUTO)
		format = is_journal() ? LOG_FORMAT_JOURNAL : LOG_FORMAT_TEXT;
	state.format = format;
	state.max_priority = max_priority;
}

/* Would a write not wait? */
static bool is_writable(void)
{
	struct pollfd pollfd = { .fd = STDERR_FILENO, .events = POLLOUT };
	int n;

	do {
		n = poll(&pollfd, 1, 0);
	} while (n < 0 && errno == EINTR);
	return n == 1 && (pollfd.revents & POLLOUT);
}

/* A pipe takes a line at once; a file may take it in pieces. */
static bool write_line(const char *line, size_t len)
{
	size_t done = 0;

	while (done < len && is_writable()) {
		ssize_t n = write(STDERR_FILENO, line + done, len - done);

		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return done == len;
}

static const char *name_priority(int priority)
{
	static const char *const names[] = {
		[LOG_EMERG] = "error", [LOG_ALERT] = "error",     [LOG_CRIT] = "error",
		[LOG_ERR] = "error",   [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice",
		[LOG_INFO] = "info",   [LOG_DEBUG] = "debug",
	};

	return names[LOG_PRI(priority)];
}

/* Cut to fit, the newline never. */
static bool write_text(int priority, const char *event, const char *interface,
		       const char *text)
{
	const char *level = priority <= LOG_WARNING ? name_priority(priority) : NULL;
	char head[16] = "msfd: ", line[LINE_SIZE];
	size_t len;

	if (state.format == LOG_FORMAT_JOURNAL) {
		snprintf(head, sizeof(head), "<%d>", LOG_PRI(priority));
		level = NULL;
	}
	snprintf(line, sizeof(line) - 1, "%s%s: %s%s%s%s%s", head, event,
		 interface ? interface : "", interface ? ": " : "", level ? level : "",
		 level ? ": " : "", text);
	len = utf8_clean(line, line, sizeof(line) - 1);
	line[len] = '\n';
	return write_line(line, len + 1);
}

static bool write_json(int priority, const char *event, const char *interface,
		       const char *text)
{
	json_t *object = jsonline_new(event, NULL);
	bool is_written = false;
	char *line = NULL;
	size_t len = 0;
	FILE *memory;

	json_object_set_new(object, "priority", json_string(name_priority(priority)));
	if (interface)
		json_object_set_new(object, "interface", jsonline_new_text(interface));
	json_object_set_new(object, "text", jsonline_new_text(text));
	memory = open_memstream(&line, &len);
	if (!memory) {
		json_decref(object);
		return false;
	}
	is_written = jsonline_write(object, memory) == 0;
	is_written = fclose(memory) == 0 && is_written && write_line(line, len);
	free(line);
	return is_written;
}

static bool write_event(int priority, const char *event, const char *interface,
			const char *text)
{
	return state.format == LOG_FORMAT_JSON
		       ? write_json(priority, event, interface, text)
		       : write_text(priority, event, interface, text);
}

static struct event *find_event(const char *name)
{
	struct event *event = state.events, *last = &state.events[EVENTS - 1];

	while (event < last && event->name && strcmp(event->name, name) != 0)
		event++;
	if (!event->name)
		event->name = name;
	return event;
}

static void say_left_out(struct event *event)
{
	char text[64];

	if (!event->n_left_out)
		return;
	snprintf(text, sizeof(text), "%u more of these were left out", event->n_left_out);
	if (write_event(LOG_NOTICE, event->name, NULL, text))
		event->n_left_out = 0;
}

/* Counts the event; false: not to be written. */
static bool count_event(struct event *event)
{
	uint64_t now = clock_now();

	if (!event->since || now - event->since >= WINDOW_US) {
		say_left_out(event);
		event->since = now;
		event->n_written = 0;
	}
	if (event->n_written == BURST)
		return false;
	event->n_written++;
	return true;
}

void log_write(int priority, const char *event, const char *interface, const char *format,
	       ...)
{
	struct event *row;
	char text[TEXT_MAX];
	int kept = errno;
	va_list args;

	if (LOG_PRI(priority) > state.max_priority)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	row = find_event(event);
	if (!count_event(row) || !write_event(priority, event, interface, text))
		row->n_left_out++;
	errno = kept;
}

void log_flush(void)
{
	for (unsigned int i = 0; i < EVENTS && state.events[i].name; i++)
		say_left_out(&state.events[i]);
}
