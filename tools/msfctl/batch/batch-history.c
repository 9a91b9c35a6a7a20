/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-history: a file under the user's state directory (XDG Base Directory
 * Specification; see batch-history.h).
 *
 * Invariant: the file is a regular one that nobody but the user can read.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batch-history.h"

#define FILE_MAX (1 << 20) /* bytes */

/* Paths that are not absolute do not count. */
static const char *get_variable(const char *name)
{
	const char *value = secure_getenv(name);

	return value && *value == '/' ? value : NULL;
}

static int format_path(char buf[PATH_MAX])
{
	const char *state = get_variable("XDG_STATE_HOME"), *home = get_variable("HOME");
	int n;

	if (!state && !home)
		return -ENOENT;
	n = snprintf(buf, PATH_MAX, "%s%s/libmsf/history", state ? state : home,
		     state ? "" : "/.local/state");
	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int make_directories(const char *path)
{
	char directory[PATH_MAX];

	for (const char *slash = strchr(path + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		memcpy(directory, path, (size_t)(slash - path));
		directory[slash - path] = '\0';
		if (mkdir(directory, 0700) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

/* A descriptor of the file, if it is one, or -errno. */
static int open_file(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat st;
	int r = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode))
		r = -EINVAL;
	else if (st.st_size > FILE_MAX)
		r = -EFBIG;
	if (r < 0)
		close(fd);
	return r < 0 ? r : fd;
}

int batch_history_load(History *lines)
{
	char path[PATH_MAX], opened[32];
	HistEvent event;
	int r = format_path(path), fd;

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	fd = open_file(path, O_RDONLY);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	/* By the descriptor: the one that was looked at. */
	snprintf(opened, sizeof(opened), "/proc/self/fd/%d", fd);
	r = history(lines, &event, H_LOAD, opened) < 0 ? -EINVAL : 0;
	close(fd);
	return r;
}

int batch_history_save(History *lines)
{
	char path[PATH_MAX];
	HistEvent event;
	int r = format_path(path), fd;
	FILE *out;

	if (r == 0)
		r = make_directories(path);
	if (r < 0)
		return r;
	fd = open_file(path, O_WRONLY | O_CREAT);
	if (fd < 0)
		return fd;
	if (fchmod(fd, 0600) < 0 || ftruncate(fd, 0) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	out = fdopen(fd, "w");
	if (!out) {
		close(fd);
		return -ENOMEM;
	}
	errno = 0;
	if (history(lines, &event, H_SAVE_FP, out) < 0)
		r = errno ? -errno : -EIO;
	if (fclose(out) == EOF && r == 0)
		r = -errno;
	return r;
}
