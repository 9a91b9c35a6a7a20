/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-answer: what came of a line, as one line of text or of JSON.
 *
 *	ok [what was found]
 *	ERRNO: sentence
 *	unexpected, not WHAT WAS EXPECTED: one of the above
 *
 * An errno that the line expects is "ok, expected: ERRNO: sentence", and for a line that
 * cannot be read there is "syntax: sentence".
 */
#ifndef MSFCTL_BATCH_ANSWER_H
#define MSFCTL_BATCH_ANSWER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <jansson.h>

#include <msf.h>

#include "batch-count.h"
#include "batch-line.h"

#define BATCH_ANSWER_DETAIL_MAX 1024

enum batch_found {
	BATCH_FOUND_NOTHING, /* nothing was asked for */
	BATCH_FOUND_FILTER,
	BATCH_FOUND_MEMBERSHIPS,
	BATCH_FOUND_PACKETS,
	BATCH_FOUND_TEXT,
};

struct batch_answer {
	int error; /* 0 or an errno value */
	/* What was found is not what the line wants, or error not what it expects. */
	bool is_unexpected;
	char detail[BATCH_ANSWER_DETAIL_MAX]; /* why, or a warning; empty: nothing */
	char name[BATCH_LINE_NAME_MAX];       /* of the socket; empty: none */
	enum batch_found found;
	bool is_member;                     /* FILTER: the rest is filled */
	uint32_t fmode;                     /* FILTER */
	uint32_t numsrc;                    /* FILTER */
	struct sockaddr_storage *slist;     /* FILTER; owned */
	size_t n_memberships;               /* MEMBERSHIPS */
	struct msf_membership *memberships; /* owned; what they point to is state's */
	struct msf_state *state;            /* owned */
	struct batch_counts counts;         /* PACKETS */
	char *text;                         /* TEXT; owned */
};

void batch_answer_fini(struct batch_answer *answer);

/* Nobody expected this. */
bool batch_answer_is_failure(const struct batch_line *line,
			     const struct batch_answer *answer);

/* Without an end of line, clean for terminals; to be freed. NULL: no memory. */
char *batch_answer_format(const struct batch_line *line,
			  const struct batch_answer *answer);
char *batch_answer_format_mistake(const char *why);

/* The object of one line. NULL: no memory. */
json_t *batch_answer_new_object(size_t n_line, const struct batch_line *line,
				const struct batch_answer *answer);
json_t *batch_answer_new_mistake(size_t n_line, const char *why);

#endif
