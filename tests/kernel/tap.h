/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Test Anything Protocol: a test is a sentence and any number of expectations.
 * The first expectations that fail are printed as comments, so that a failed
 * line says why.
 */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>

struct tap {
	unsigned int n_tests;
	unsigned int n_failed;
	unsigned int n_expected;  /* expectations of the test in hand */
	unsigned int n_surprises; /* those of them that failed */
	const char *skip;         /* why it cannot be done here; NULL: it can */
};

/* Counts one expectation of the test in hand; returns ok. */
bool tap_expect(struct tap *tap, bool ok, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The test in hand cannot be done here, or not all of it: unless something else of it
 * fails it counts as skipped. */
void tap_skip(struct tap *tap, const char *why);

/* Ends the test in hand. A test without an expectation has failed. */
void tap_end(struct tap *tap, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* One comment line. */
void tap_comment(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The test program cannot go on. */
void tap_bail_out(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));

/* Of the clock that no one sets, for deadlines. */
long tap_get_ms(void);

/* Prints the plan, returns the exit status. */
int tap_finish(const struct tap *tap);

#endif
