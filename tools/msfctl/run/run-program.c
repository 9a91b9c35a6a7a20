/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run-program: see run-program.h.
 *
 * A program that cannot be watched over must not be started, for it would receive what
 * its filters refuse, or fail in its own words.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "output.h"
#include "run-elf.h"
#include "run-program.h"

#define DEFAULT_PATH "/bin:/usr/bin" /* of execvp(3) */
#define SHELL        "/bin/sh"       /* for a file that the kernel does not know */
#define LINE_SIZE    256             /* that the kernel reads of a script */
#define SCRIPTS_MAX  5               /* that it follows */

static int refuse(const char *path, int error, const char *why)
{
	output_error(path, "%s", why);
	return error;
}

/* 0 or -errno */
static int look_at(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

/* In the directories of PATH; an empty one is the current. */
static int search(const char *name, char **ret)
{
	const char *dirs = getenv("PATH"), *end;
	int r = -ENOENT, found;
	char *path;

	if (!dirs)
		dirs = DEFAULT_PATH;
	for (; dirs; dirs = *end ? end + 1 : NULL) {
		end = strchrnul(dirs, ':');
		if (asprintf(&path, "%.*s%s%s", (int)(end - dirs), dirs,
			     end == dirs ? "./" : "/", name) < 0)
			return -ENOMEM;
		found = look_at(path);
		if (found == 0) {
			*ret = path;
			return 0;
		}
		free(path);
		if (found == -EACCES)
			r = found;
	}
	return r;
}

char *run_program_find(const char *name)
{
	char *path = NULL;
	int r;

	if (!strchr(name, '/')) {
		r = *name ? search(name, &path) : -ENOENT;
	} else {
		r = look_at(name);
		path = r == 0 ? strdup(name) : NULL;
		if (r == 0 && !path)
			r = -ENOMEM;
	}
	if (r == -ENOENT || r == -ENOTDIR)
		output_error(name, "no such program");
	else if (r == -EACCES)
		output_error(name, "not an executable file");
	else if (r < 0)
		output_error(name, "%s", strerror(-r));
	return path;
}

/*
 * As the kernel tells the loader (AT_SECURE): where the program gets the identity of
 * another than who starts it, or capabilities.
 */
static const char *find_privileges(const char *path)
{
	bool is_kept = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	struct statvfs vfs;
	struct stat st;

	if (stat(path, &st) < 0 || statvfs(path, &vfs) < 0 || vfs.f_flag & ST_NOSUID)
		return NULL;
	if (!is_kept && st.st_mode & S_ISUID && st.st_uid != getuid())
		return "set-user-ID";
	if (!is_kept && st.st_mode & S_ISGID && st.st_mode & S_IXGRP &&
	    st.st_gid != getgid())
		return "set-group-ID";
	if (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0)
		return "file capabilities";
	return NULL;
}

/* The linkers of other C libraries have other names; their places differ anyway. */
static bool has_same_linker(const struct run_elf *elf)
{
	struct run_elf own;
	const char *a, *b;

	if (run_elf_read("/proc/self/exe", &own) != 1 || !own.linker[0])
		return true;
	a = strrchr(elf->linker, '/');
	b = strrchr(own.linker, '/');
	return !strcmp(a ? a + 1 : elf->linker, b ? b + 1 : own.linker);
}

static int check_elf(const char *path, const struct run_elf *elf, const char *library)
{
	const char *privileges = find_privileges(path);
	struct run_elf other;
	int r = run_elf_read(library, &other);

	if (r != 1)
		return refuse(library, r < 0 ? r : -ENOEXEC, "not a shared library");
	if (!run_elf_is_alike(elf, &other))
		return refuse(path, -ENOEXEC,
			      "for another machine than libmsf-preload.so, which cannot "
			      "be loaded into it");
	if (!elf->linker[0])
		return refuse(path, -ENOEXEC,
			      "linked statically, so nothing can be preloaded; link it "
			      "with libmsf instead");
	if (!has_same_linker(elf))
		return refuse(path, -ENOEXEC,
			      "for another C library than libmsf-preload.so, which "
			      "cannot be loaded into it");
	if (!privileges)
		return 0;
	output_error(path,
		     "has raised privileges (%s), with which the loader ignores "
		     "LD_PRELOAD; start it as a user who has them already",
		     privileges);
	return -EPERM;
}

/* "#! interpreter argument": 1, and where it ends; 0: not a script; or -errno. */
static int read_interpreter(const char *path, char line[LINE_SIZE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *word;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, line, LINE_SIZE - 1);
	close(fd);
	if (n < 2 || line[0] != '#' || line[1] != '!')
		return 0;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	word = line + 2 + strspn(line + 2, " \t");
	word[strcspn(word, " \t")] = '\0';
	if (!*word)
		return 0;
	memmove(line, word, strlen(word) + 1);
	return 1;
}

int run_program_check(const char *path, const char *library)
{
	char name[LINE_SIZE], line[LINE_SIZE];
	struct run_elf elf;
	int r;

	for (int depth = 0; depth <= SCRIPTS_MAX; depth++) {
		r = run_elf_read(path, &elf);
		if (r < 0 && r != -EACCES)
			return refuse(path, r, strerror(-r));
		if (r < 0)
			return refuse(path, r,
				      "may not be read, so it cannot be known whether "
				      "it heeds LD_PRELOAD");
		if (r == 1)
			return check_elf(path, &elf, library);
		r = read_interpreter(path, line);
		if (r < 0)
			return refuse(path, r, strerror(-r));
		snprintf(name, sizeof(name), "%s", r == 1 ? line : SHELL);
		path = name;
	}
	return refuse(path, -ELOOP, "scripts run scripts, too many of them");
}
