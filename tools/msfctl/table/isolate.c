/* SPDX-License-Identifier: BSD-2-Clause */
/* isolate: a child process in a network namespace of its own (see isolate.h). */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "isolate.h"

#define STATUS_DONE         0
#define STATUS_NO_NAMESPACE 1

void *isolate_alloc(size_t size)
{
	void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return shared == MAP_FAILED ? NULL : shared;
}

void isolate_free(void *shared, size_t size)
{
	if (shared)
		munmap(shared, size);
}

static void run_child(void (*run)(void *shared), void *shared)
{
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		_exit(STATUS_NO_NAMESPACE);
	run(shared);
	_exit(STATUS_DONE);
}

int isolate_run(void (*run)(void *shared), void *shared)
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		run_child(run, shared);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (!WIFEXITED(status))
		return -EIO;
	return WEXITSTATUS(status) == STATUS_DONE ? 0 : -EPERM;
}
