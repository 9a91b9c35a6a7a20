/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics-textfile: a file that always holds the last sample as a whole (--textfile).
 *
 * Invariant: it is written under another name in the same directory and then renamed
 * (rename(2)). That name is locked while it is in use, so what is left of a program
 * that was killed is told from what another one is writing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metrics-page.h"
#include "metrics-snapshot.h"
#include "metrics.h"
#include "output.h"

/* No collector takes it for one of its own: those end in ".prom". */
#define SUFFIX ".mwatch-new"

#define MODE 0644

struct textfile {
	char *path, *new_path; /* owned */
	struct metrics_snapshot *latest;
};

/* The name may have been given to another file since we opened it; where others may
 * write, it may be one more name of a file that they want us to overwrite, or theirs. */
static bool is_named(int fd, const char *path)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && lstat(path, &named) == 0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino &&
	       S_ISREG(ours.st_mode) && ours.st_nlink == 1 && ours.st_uid == geteuid();
}

/* An empty file with the other name, locked. -EBUSY: another program has it. */
static int open_new(const struct textfile *textfile)
{
	int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
	int fd = open(textfile->new_path, flags, MODE);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		r = errno == EWOULDBLOCK ? -EBUSY : -errno;
	else if (!is_named(fd, textfile->new_path))
		r = -EBUSY;
	else if (ftruncate(fd, 0) < 0 || fchmod(fd, MODE) < 0) /* whatever the umask */
		r = -errno;
	if (r < 0)
		close(fd);
	return r < 0 ? r : fd;
}

/* No fsync(2): what a power cut leaves is replaced when we start again. */
static int write_new(const struct textfile *textfile, FILE *out,
		     const struct sample *sample)
{
	int r = metrics_print(sample, METRICS_BOTH, out);

	if (r == 0 && fflush(out) == EOF)
		r = -errno;
	if (r == 0 && rename(textfile->new_path, textfile->path) < 0)
		r = -errno;
	if (r < 0)
		unlink(textfile->new_path);
	return r;
}

static int write_file(const struct textfile *textfile, const struct sample *sample)
{
	int fd = open_new(textfile);
	FILE *out;
	int r;

	if (fd < 0)
		return fd;
	out = fdopen(fd, "w");
	if (!out) {
		close(fd);
		return -ENOMEM;
	}
	r = write_new(textfile, out, sample);
	fclose(out); /* and with it the lock */
	return r;
}

static int put(void *data, const struct sample *sample)
{
	struct textfile *textfile = data;
	struct metrics_snapshot *snapshot;
	int r = metrics_snapshot_new(&snapshot, sample, textfile->latest);

	if (r < 0)
		return r;
	metrics_snapshot_unref(textfile->latest);
	textfile->latest = snapshot;
	return write_file(textfile, metrics_snapshot_get_sample(snapshot));
}

static void *textfile_free(void *data)
{
	struct textfile *textfile = data;

	if (textfile) {
		free(textfile->path);
		free(textfile->new_path);
		metrics_snapshot_unref(textfile->latest);
	}
	free(textfile);
	return NULL;
}

/* The file of somebody else is not replaced. -EEXIST: it is that, or may be. */
static int check_old(const char *path)
{
	char begin[sizeof(METRICS_PAGE_BEGIN) - 1];
	struct stat st;
	ssize_t n;
	int fd;

	if (lstat(path, &st) < 0)
		return 0;
	if (!S_ISREG(st.st_mode))
		return -EISDIR;
	if (st.st_size == 0)
		return 0;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -EEXIST;
	n = pread(fd, begin, sizeof(begin), 0);
	close(fd);
	if (n == sizeof(begin) && memcmp(begin, METRICS_PAGE_BEGIN, sizeof(begin)) == 0)
		return 0;
	return -EEXIST;
}

/* Can it be written? Removes, too, what was left by a program that was killed. */
static int try_path(const struct textfile *textfile)
{
	int fd, r;

	if (!*textfile->path)
		return -EINVAL;
	r = check_old(textfile->path);
	if (r < 0)
		return r;
	fd = open_new(textfile);
	if (fd < 0)
		return fd;
	unlink(textfile->new_path);
	close(fd);
	return 0;
}

static const char *get_cure(int error)
{
	switch (error) {
	case EINVAL:
		return "a path is missing";
	case EEXIST:
		return "it is there, and not known as metrics of mwatch: it would be "
		       "replaced; choose another name, or remove it";
	case EISDIR:
		return "it is there and no regular file: it would be replaced";
	case EBUSY:
		return "another mwatch writes this file: choose another name";
	case ENOENT:
		return "its directory is not there: make it first";
	case ENOTDIR:
		return "what should be its directory is none";
	case EACCES:
		return "its directory must be writable for the user that mwatch runs as, "
		       "without capabilities";
	default:
		return strerror(error);
	}
}

int metrics_textfile_new(struct sink *ret, const char *path)
{
	struct textfile *textfile = calloc(1, sizeof(*textfile));
	int r = -ENOMEM;

	if (!textfile)
		return r;
	textfile->path = strdup(path);
	if (textfile->path && asprintf(&textfile->new_path, "%s" SUFFIX, path) < 0)
		textfile->new_path = NULL;
	if (textfile->path && textfile->new_path)
		r = try_path(textfile);
	if (r < 0) {
		output_error("--textfile", "%s: %s", path, get_cure(-r));
		textfile_free(textfile);
		return r;
	}
	*ret = (struct sink){ put, NULL, textfile_free, textfile };
	return 0;
}
