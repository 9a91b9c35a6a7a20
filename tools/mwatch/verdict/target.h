/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target: the process that was asked for (--pid), and no other one that gets its number
 * when it has ended.
 */
#ifndef MWATCH_VERDICT_TARGET_H
#define MWATCH_VERDICT_TARGET_H

#include <stdbool.h>
#include <sys/types.h>

/* But for its number zero-initialised: nobody has looked yet. */
struct target {
	pid_t pid;
	bool is_open, is_gone;
	int fd; /* a pidfd; -1: the kernel has none (before Linux 5.3) */
};

/* 0; -ESRCH: it has ended, also when nobody has reaped it yet; -errno. */
int target_check(struct target *target);

void target_fini(struct target *target);

#endif
