/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * field: what is told of a flow to programs, as one table that the JSON and the CSV view
 * share: names, and values as text.
 */
#ifndef MWATCH_FIELD_H
#define MWATCH_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "jsonline.h"
#include "sample.h"

#define FIELD_N 24

/* Room for the longest value and the longest name, NUL included. */
#define FIELD_TEXT_MAX 64
#define FIELD_NAME_MAX 24

/* Minutes whose text is known already: most flows share theirs with others. */
#define FIELD_N_MINUTES 64

struct field_clock {
	struct {
		bool is_set;
		uint64_t minute; /* since the epoch */
		char text[JSONLINE_TIME_MAX];
	} minutes[FIELD_N_MINUTES];
};

struct field_context {
	bool is_total;            /* counts of the whole run, not of the interval */
	uint64_t ns;              /* how long it was */
	struct field_clock clock; /* filled as it is used */
};

const char *field_get_name(unsigned int i);

/* A text, which stands in quotes in JSON; it holds none, and no control characters. */
bool field_is_text(unsigned int i);

/* Its length; 0: it cannot be known. */
size_t field_format(unsigned int i, struct field_context *context,
		    const struct sample_flow *flow, char buf[FIELD_TEXT_MAX]);

/* RFC 3339, as in jsonline.h. */
void field_format_time(struct field_clock *clock, uint64_t ns,
		       char buf[JSONLINE_TIME_MAX]);

#endif
