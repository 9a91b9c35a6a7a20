/* SPDX-License-Identifier: BSD-2-Clause */
/* coverage-exit: see there. */
#ifndef COVERAGE_EXIT_H
#define COVERAGE_EXIT_H

/* What fails on order (tests/fault) does so no more: counts are about to be written. */
void coverage_begin(void);

/* Calls it before the process ends by _exit(). */
void coverage_add(void (*dump)(void));

#endif
