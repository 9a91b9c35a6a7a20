/* SPDX-License-Identifier: BSD-2-Clause */
/* run-library: where libmsf-preload.so is. What is wrong is said here. */
#ifndef MSFCTL_RUN_LIBRARY_H
#define MSFCTL_RUN_LIBRARY_H

/*
 * The absolute path: the one that was given (may be NULL), else what was built beside
 * this program, else what was installed with it. Owned by the caller; NULL, said.
 */
char *run_library_find(const char *given);

/* Puts it in front of what LD_PRELOAD names. 0, or -errno, said. */
int run_library_preload(const char *library);

#endif
