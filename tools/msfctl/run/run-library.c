/* SPDX-License-Identifier: BSD-2-Clause */
/* run-library: see run-library.h. */
#include <dlfcn.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "run-library.h"

#define NAME "libmsf-preload.so"

/* From tools/msfctl of a build directory. */
#define BESIDE "/../../compat/preload/" NAME

/* As realpath(3), of the library in the build directory that this program is in. */
static char *find_beside(void)
{
	char own[PATH_MAX], path[PATH_MAX + sizeof(BESIDE)];
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

	if (n <= 0)
		return NULL;
	own[n] = '\0';
	if (!strcmp(own, MSFCTL_INSTALLED))
		return NULL;
	snprintf(path, sizeof(path), "%s%s", dirname(own), BESIDE);
	return realpath(path, NULL);
}

static char *find(const char *given)
{
	char *path;

	if (given) {
		path = realpath(given, NULL);
		if (!path)
			output_error(given, "%s", strerror(errno));
		return path;
	}
	path = find_beside();
	if (!path)
		path = realpath(MSFCTL_PRELOAD, NULL);
	if (!path)
		output_error(MSFCTL_PRELOAD, "%s; name it with --library",
			     strerror(errno));
	return path;
}

char *run_library_find(const char *given)
{
	char *path = find(given);

	if (!path)
		return NULL;
	/* ld.so(8): what separates names, and what it expands */
	if (strpbrk(path, ": \t\n$")) {
		output_error(path, "LD_PRELOAD cannot name a file with this path");
	} else if (access(path, R_OK) < 0) {
		output_error(path, "%s", strerror(errno));
	} else {
		return path;
	}
	free(path);
	return NULL;
}

/* In front of the words that are there, or behind them. 0 or -errno */
static int add_word(const char *variable, const char *word, bool is_in_front)
{
	const char *others = getenv(variable);
	char *value;
	int r;

	if (!others || !*others)
		return setenv(variable, word, 1) < 0 ? -errno : 0;
	if (asprintf(&value, "%s:%s", is_in_front ? word : others,
		     is_in_front ? others : word) < 0)
		return -ENOMEM;
	r = setenv(variable, value, 1) < 0 ? -errno : 0;
	free(value);
	return r;
}

/* A library that was built with AddressSanitizer wants its runtime to be the first, and
 * to hear nothing of what the program itself does not free. */
static int preload_sanitizer(void)
{
#ifdef __SANITIZE_ADDRESS__
	Dl_info info;
	int r;

	if (!dladdr(dlsym(RTLD_DEFAULT, "__asan_init"), &info))
		return 0;
	r = add_word("ASAN_OPTIONS", "detect_leaks=0", false);
	return r < 0 ? r : add_word("LD_PRELOAD", info.dli_fname, true);
#else
	return 0;
#endif
}

int run_library_preload(const char *library)
{
	int r = add_word("LD_PRELOAD", library, true);

	if (r == 0)
		r = preload_sanitizer();
	if (r < 0)
		output_error("LD_PRELOAD", "%s", strerror(-r));
	return r;
}
