/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * isolate: runs a function where it can do no harm: in a child process, in a network
 * namespace of its own.
 */
#ifndef MSFCTL_ISOLATE_H
#define MSFCTL_ISOLATE_H

#include <stddef.h>

/*
 * Zeroed memory that parent and child share, for the results; NULL: no memory.
 */
void *isolate_alloc(size_t size);
void isolate_free(void *shared, size_t size);

/*
 * Runs it there to its end: as root, else with a user namespace around it. 0; -EPERM:
 * no namespace is to be had here; -EIO: it did not come to its end; -errno of fork(2).
 */
int isolate_run(void (*run)(void *shared), void *shared);

#endif
