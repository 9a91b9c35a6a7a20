/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coverage-exit: programs that end by _exit(), as forked children of tests do, tell what
 * they ran, too. A library of its own in front of libc; what is linked into every
 * program and library of the coverage build (coverage-tell.c) gives it the writer of
 * that object's counts, for each of them has its own.
 */
#include "coverage-exit.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_OBJECTS 16

static void (*dumps[MAX_OBJECTS])(void);
static atomic_uint n_dumps;

void coverage_add(void (*dump)(void))
{
	unsigned int i = atomic_fetch_add(&n_dumps, 1);

	if (i < MAX_OBJECTS)
		dumps[i] = dump;
}

void coverage_begin(void)
{
	void (*disarm)(void) = (void (*)(void))dlsym(RTLD_DEFAULT, "fault_disarm");

	if (disarm)
		disarm();
}

void _exit(int status)
{
	unsigned int n = atomic_load(&n_dumps);

	coverage_begin();
	for (unsigned int i = 0; i < n && i < MAX_OBJECTS; i++)
		dumps[i]();
	for (;;)
		syscall(SYS_exit_group, status);
}

void _Exit(int status)
{
	_exit(status);
}
