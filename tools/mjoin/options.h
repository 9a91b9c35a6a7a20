/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: the command line of mjoin, read and checked.
 */
#ifndef MJOIN_OPTIONS_H
#define MJOIN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <msf.h>

#include "channel.h"

/* Seconds that --wait waits when nothing else is said. */
#define OPTIONS_DEFAULT_WAIT 10

struct options {
	struct channel_list channels;
	enum msf_backend backend;
	bool has_backend; /* else the environment decides */
	bool is_json, is_quiet, is_retry, is_wait;
	uint64_t count;      /* 0: no limit */
	uint64_t timeout_ms; /* 0: none */
	uint64_t wait_ms;    /* with is_wait */
	char *output;        /* owned; NULL: none */
};

/*
 * 1: go on; 0: all is done (--help, --version); -EINVAL and -errno: it was said on
 * standard error what is wrong.  Always followed by options_fini().
 */
int options_parse(struct options *options, int argc, const char **argv);

void options_fini(struct options *options);

#endif
