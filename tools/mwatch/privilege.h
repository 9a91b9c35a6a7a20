/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privilege: capabilities(7) are given up when the rings are open.
 */
#ifndef MWATCH_PRIVILEGE_H
#define MWATCH_PRIVILEGE_H

#include <stdbool.h>

/* The calling thread, and those that it makes later, give up all, for good, but what is
 * needed to look at the sockets of others (CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH) if that
 * is asked for and there. 0 or -errno. */
int privilege_drop(bool is_looking);

#endif
