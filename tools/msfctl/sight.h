/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sight: what can be seen here of the memberships of other processes.
 */
#ifndef MSFCTL_SIGHT_H
#define MSFCTL_SIGHT_H

#include <msf.h>

enum sight {
	SIGHT_KERNEL, /* the kernel tells of all of them */
	SIGHT_FULL,   /* those that libmsf keeps in socket filters */
	SIGHT_BLIND,  /* none: socket filters work, but cannot be read back */
	SIGHT_NONE,   /* none: socket filters do nothing */
};

/* For the backend of this context. 0 or -errno. */
int sight_get(struct msf *msf, enum sight *ret);

/* Says on standard error what is not among the answers of this system. */
void sight_warn(const char *what);

#endif
