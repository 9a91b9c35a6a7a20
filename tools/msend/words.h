/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * words: the options as they are given, each read and checked for itself.
 */
#ifndef MSEND_WORDS_H
#define MSEND_WORDS_H

#include "options.h"

enum words_option {
	WORDS_SOURCE = 1,
	WORDS_LOSE,
	WORDS_DUPLICATE,
	WORDS_REORDER,
	WORDS_DURATION,
	WORDS_COUNT, /* from here on whole numbers */
	WORDS_RATE,
	WORDS_SIZE,
	WORDS_TTL,
	WORDS_PAYLOAD_TYPE,
	WORDS_PIDS,
	WORDS_FIRST,
	WORDS_RESTART,
	WORDS_VLAN,
	WORDS_GSO,
	WORDS_END,
	WORDS_VERSION,
};

/* Not given. */
#define WORDS_NONE (-1)

struct words {
	long long numbers[WORDS_END]; /* by enum words_option, or WORDS_NONE */
	double duration;              /* seconds */
	bool is_given[WORDS_END];
	int is_rtp;
	int is_ts;
	int is_raw;
	int no_loop;
	int is_quiet;
	int is_json;
};

void words_init(struct words *words);

/* Reads the text behind an option; sources and lists go to the options at once.
 * -EINVAL: the reason is on stderr. -ENOMEM. */
int words_take(struct words *words, struct options *options, enum words_option option,
	       char *text);

/* Was an option with a whole number given? */
bool words_has(const struct words *words, enum words_option option);

/* Says why on stderr; always -EINVAL. */
int words_refuse(const char *what, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
