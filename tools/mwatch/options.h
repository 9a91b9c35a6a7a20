/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: the command line of mwatch, read and checked.
 */
#ifndef MWATCH_OPTIONS_H
#define MWATCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "flow/counting.h"
#include "endpoint.h"
#include "expect.h"
#include "order.h"

enum options_view {
	OPTIONS_LIVE, /* a terminal */
	OPTIONS_TEXT,
	OPTIONS_JSON,
	OPTIONS_CSV,
	OPTIONS_QUIET, /* none */
};

struct options {
	char **interfaces; /* words; owned */
	uint32_t n_interfaces;
	struct endpoint *groups; /* owned; none: all */
	uint32_t n_groups;

	bool is_join;
	uint32_t fmode;                   /* with is_join */
	struct sockaddr_storage *sources; /* owned */
	uint32_t n_sources;
	pid_t pid; /* 0: none */
	bool is_delivered, has_all_multicast;

	struct flow_settings flow;
	uint32_t ring_size; /* bytes; 0: default */

	enum options_view view;
	uint64_t interval_ms; /* 1000 */
	uint64_t count;       /* intervals; 0: no end */
	uint64_t duration_ms; /* 0: no end */
	uint32_t top;         /* rows; 0: all */
	enum order_key order;
	bool has_names; /* looks host names up */

	struct expect_list expect;
	char *record;   /* path; owned; NULL: none */
	char *report;   /* path of the page; owned; then nothing is watched */
	char *input;    /* the record; owned; NULL: standard input */
	char *listen;   /* ADDR:PORT; owned */
	char *textfile; /* owned */
};

/* 1: go on; 0: all is done (--help, --version); -EINVAL and -errno: it was said on
 * standard error what is wrong.  Always followed by options_fini(). */
int options_parse(struct options *options, int argc, const char **argv);

void options_fini(struct options *options);

#endif
