/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: a record as a page (see report.h).
 *
 * Invariant: the page is written beside its place and put there when it is whole.
 */
#include "report.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "history.h"
#include "output.h"
#include "page.h"
#include "reading.h"

#define FILE_MODE 0666

/* A page that is printed at once: a pipe, a terminal. */
static bool is_stream(const char *path)
{
	struct stat st;

	return strcmp(path, "-") == 0 ||
	       (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode));
}

/* 0 or -errno; closes the stream. */
static int print(const struct history *history, const char *name, FILE *out)
{
	int r = 0;

	errno = 0;
	page_print(history, name, out);
	if (fflush(out) == EOF || ferror(out))
		r = errno ? -errno : -EIO;
	if (fclose(out) == EOF && r == 0)
		r = -errno;
	return r;
}

static int write_stream(const struct history *history, const char *name, const char *path)
{
	int fd = strcmp(path, "-") == 0 ? dup(STDOUT_FILENO) : -1;
	FILE *out = fd >= 0 ? fdopen(fd, "w") : fopen(path, "we");

	return out ? print(history, name, out) : -errno;
}

static mode_t get_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return FILE_MODE & ~mask;
}

/* Fills a file that has no place yet. */
static int write_temporary(const struct history *history, const char *name, char *path)
{
	int fd = mkstemp(path), r;
	FILE *out;

	if (fd < 0)
		return -errno;
	out = fchmod(fd, get_mode()) == 0 ? fdopen(fd, "w") : NULL;
	if (!out) {
		r = -errno;
		close(fd);
	} else {
		r = print(history, name, out);
	}
	if (r < 0)
		unlink(path);
	return r;
}

static int write_page(const struct history *history, const char *name, const char *path)
{
	char *temporary;
	int r;

	if (is_stream(path))
		return write_stream(history, name, path);
	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	r = write_temporary(history, name, temporary);
	if (r == 0 && rename(temporary, path) < 0) {
		r = -errno;
		unlink(temporary);
	}
	free(temporary);
	return r;
}

static int make(struct reading *reading, const char *page)
{
	struct history history = { 0 };
	int r = history_read(&history, reading);

	if (r == 0) {
		r = write_page(&history, reading_get_name(reading), page);
		if (r < 0)
			output_error(page, "%s", strerror(-r));
	}
	history_fini(&history);
	return r;
}

int report_make(const char *record, const char *page)
{
	struct reading *reading;
	int r = reading_new(&reading, record);

	if (r < 0)
		return r;
	if (reading_is_file(reading, page)) {
		output_error(page,
			     "the page would replace its record: choose another name");
		r = -EINVAL;
	} else {
		r = make(reading, page);
	}
	reading_free(reading);
	return r;
}
