/* SPDX-License-Identifier: BSD-2-Clause */
/* coverage-exit: see there. */
#ifndef COVERAGE_EXIT_H
#define COVERAGE_EXIT_H

/* Calls it before the process ends by _exit(). */
void coverage_add(void (*dump)(void));

#endif
