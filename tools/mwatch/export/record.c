/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record: the counters over time in a file (see record.h).
 *
 * Invariant: the file of somebody else is never written over, and each interval is in the
 * file as whole lines when the next one begins.
 */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outlet.h"
#include "output.h"
#include "view/view.h"

#define FILE_MODE 0666 /* as umask(2) says */

struct record {
	int fd;
	struct outlet *outlet;
	struct sink view;
	char *path;
};

static bool is_standard_output(const char *path)
{
	return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

/* What is no regular file holds nothing that could be lost. */
static int open_existing(const char *path)
{
	struct stat st;
	int fd;

	if (stat(path, &st) < 0 || S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))
		return -EEXIST;
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

static int open_record(const char *path)
{
	int fd;

	if (is_standard_output(path))
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	else
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	if (fd < 0 && errno == EEXIST)
		return open_existing(path);
	return fd < 0 ? -errno : fd;
}

static void say(const char *path, int error)
{
	if (error == -EEXIST)
		output_error(path, "it exists already: choose another name");
	else
		output_error(path, "%s", strerror(-error));
}

static int say_later(const struct record *record, int r)
{
	/* A reader that goes is no failure of ours. */
	if (r < 0 && r != -EPIPE)
		output_error(record->path, "the record ends here: %s", strerror(-r));
	return r;
}

static int put(void *data, const struct sample *sample)
{
	struct record *record = data;

	return say_later(record, record->view.put(record->view.data, sample));
}

static int end(void *data, const struct sample *sample)
{
	struct record *record = data;

	return say_later(record, record->view.end(record->view.data, sample));
}

static void *free_record(void *data)
{
	struct record *record = data;

	if (!record)
		return NULL;
	if (record->view.free)
		record->view.free(record->view.data);
	outlet_free(record->outlet);
	if (record->fd >= 0)
		close(record->fd);
	free(record->path);
	free(record);
	return NULL;
}

static int open_view(struct record *record, const char *path)
{
	struct view_settings settings = { 0 };
	int r;

	record->path = strdup(path);
	if (!record->path)
		return -ENOMEM;
	record->fd = open_record(path);
	if (record->fd < 0)
		return record->fd;
	r = outlet_new(&record->outlet, record->fd);
	if (r < 0)
		return r;
	settings.outlet = record->outlet;
	return view_json_new(&record->view, &settings);
}

int record_new(struct sink *ret, const char *path)
{
	struct record *record = calloc(1, sizeof(*record));
	int r = -ENOMEM;

	if (record) {
		record->fd = -1;
		r = open_view(record, path);
	}
	if (r < 0) {
		say(path, r);
		free_record(record);
		return r;
	}
	*ret = (struct sink){
		.put = put, .end = end, .free = free_record, .data = record
	};
	return 0;
}

struct writer *record_get_writer(const struct sink *record)
{
	return outlet_get_writer(((struct record *)record->data)->outlet);
}
