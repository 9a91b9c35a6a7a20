/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * view: samples as text, JSON or CSV on a descriptor.
 */
#ifndef MWATCH_VIEW_H
#define MWATCH_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outlet.h"
#include "sink.h"

struct view_settings {
	struct outlet *outlet; /* borrowed */
	uint32_t top;          /* rows of an interval and of the summary; 0: all */
	bool has_names;        /* in the text; the others are for programs */
	bool is_narrow;        /* the text leaves out when a flow was seen */
	bool is_farewell;      /* the text stands behind a full screen */
	/* Where packets vanish, as a sentence (delivered.h); NULL: not said. */
	void (*explain)(const struct sample_delivery *delivery, char *buf, size_t len);
};

int view_text_new(struct sink *ret, const struct view_settings *settings);

/* The objects of the output contract, one an interface: "interval", at the end
 * "summary"; also what --record writes. */
int view_json_new(struct sink *ret, const struct view_settings *settings);

/* RFC 4180: a title line, then a line a flow and interval; at the end none. */
int view_csv_new(struct sink *ret, const struct view_settings *settings);

#endif
