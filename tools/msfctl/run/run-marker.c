/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run-marker: see run-marker.h. The file is loaded in a child: whatever it does there,
 * crash, hang or speak, is done to that.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "output.h"
#include "run-elf.h"
#include "run-marker.h"

/* As compat/preload/preload.c exports it. */
#define MARKER "libmsf_preload"

#define PATIENCE_S 10

/* Of the child; any other is what became of it. */
enum outcome { LOADED = 100, NOT_LOADED, NOT_OURS };

static void hush(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
}

static enum outcome load(const char *library)
{
	void *handle;

	hush();
	alarm(PATIENCE_S);
	handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return NOT_LOADED;
	return dlsym(handle, MARKER) ? LOADED : NOT_OURS;
}

/* enum outcome or -errno */
static int load_in_child(const char *library)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return -errno;
	if (child == 0)
		_exit((int)load(library));
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : (int)NOT_LOADED;
}

int run_marker_check(const char *library)
{
	struct run_elf own, elf;
	int r;

	if (run_elf_read("/proc/self/exe", &own) == 1 &&
	    run_elf_read(library, &elf) == 1 && !run_elf_is_alike(&own, &elf))
		return 0;
	r = load_in_child(library);
	if (r == LOADED)
		return 0;
	if (r < 0) {
		output_error(library, "%s", strerror(-r));
		return r;
	}
	output_error(library, r == NOT_OURS ? "not libmsf-preload.so"
					    : "the loader cannot load it");
	return -EINVAL;
}
