/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mistake: what is wrong with words that the user wrote, on a command line or
 * in a file: which word, why, and in a file the line.
 */
#ifndef MJOIN_MISTAKE_H
#define MJOIN_MISTAKE_H

#include <stdbool.h>
#include <stddef.h>

#define MISTAKE_WHAT_MAX 96
#define MISTAKE_WHY_MAX  320

struct mistake {
	size_t line;                 /* from 1; 0: not in a file */
	char what[MISTAKE_WHAT_MAX]; /* the word; a long one is cut */
	char why[MISTAKE_WHY_MAX];
	bool is_warning; /* the call went well; something was left out */
};

/* Writes what and why; the line stays. Always -EINVAL. */
int mistake_set(struct mistake *mistake, const char *what, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "mjoin: channels.txt:3: what: why"; file may be NULL. */
void mistake_print(const struct mistake *mistake, const char *file);

#endif
