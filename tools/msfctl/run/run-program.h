/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run-program: the file that a name stands for, and whether its loader would heed
 * LD_PRELOAD. What is wrong is said on standard error here.
 */
#ifndef MSFCTL_RUN_PROGRAM_H
#define MSFCTL_RUN_PROGRAM_H

/* As execvp(3) looks for it. Owned by the caller; NULL, said. */
char *run_program_find(const char *name);

/*
 * Will the library be loaded into the program, or into the interpreter of a script? 0,
 * or -errno, said: it runs with raised privileges, is linked statically, or for another
 * machine or C library.
 */
int run_program_check(const char *path, const char *library);

#endif
