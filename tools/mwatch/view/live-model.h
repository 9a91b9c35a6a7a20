/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-model: what is shown and what was chosen: the sample on the screen, its rows in
 * their order, the filter, the row under the cursor, the frozen ones, the pause. Knows
 * nothing of terminals.
 *
 * Invariants: every entry of rows is a flow of shown, frozen ones first; the cursor is
 * one of the rows, if there is any, and stays with its flow whatever the order
 * becomes, but on the first row, where it stays on top.
 */
#ifndef MWATCH_LIVE_MODEL_H
#define MWATCH_LIVE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "names.h"
#include "order.h"
#include "sample.h"

#define LIVE_MAX_FROZEN  8
#define LIVE_FILTER_MAX  64
#define LIVE_ADDRESS_MAX 300 /* a host name and a port */

enum live_mode {
	LIVE_TABLE,
	LIVE_FILTER, /* the filter is being typed */
	LIVE_ORDER,  /* the menu of sort keys */
	LIVE_PAGE,   /* of one flow */
	LIVE_HELP,
};

struct live_model {
	struct sample shown;
	struct sample latest; /* came during the pause */
	bool has_shown, has_latest;
	uint64_t n_newer;    /* samples that came since shown */
	struct names *names; /* borrowed; NULL: digits only */

	enum live_mode mode;
	enum live_mode mode_before; /* of the help */
	unsigned int menu;          /* the line under the cursor of the menu */
	bool is_bytes;              /* bytes/s in place of bit/s */

	enum order_key order;
	bool is_reversed;
	char filter[LIVE_FILTER_MAX];
	uint64_t frozen[LIVE_MAX_FROZEN]; /* ids */
	uint32_t n_frozen;
	bool is_paused;
	uint64_t paused_ns; /* CLOCK_MONOTONIC */

	uint32_t *rows; /* owned; indexes of shown.flows */
	uint32_t n_rows, max_rows;
	uint32_t n_frozen_rows; /* the first ones */
	uint32_t cursor;        /* of rows */
	uint32_t top;           /* the first row shown behind the frozen ones */
	bool is_following;      /* selected is valid: not on top */
	uint64_t selected;      /* id */

	struct sample_flow page; /* as it was last seen */
	bool is_page_gone;
	unsigned int page_scroll;
};

void live_model_init(struct live_model *model, enum order_key order, struct names *names);
void live_model_fini(struct live_model *model);

/* Copies the sample, to be shown now or after the pause. -ENOMEM. */
int live_model_put(struct live_model *model, const struct sample *sample);

/* These change what is shown. -ENOMEM. */
int live_model_set_order(struct live_model *model, enum order_key order,
			 bool is_reversed);
int live_model_set_filter(struct live_model *model, const char *filter);
int live_model_toggle_pause(struct live_model *model);

/* The row under the cursor; 1: there are LIVE_MAX_FROZEN already. */
int live_model_toggle_frozen(struct live_model *model);

bool live_model_is_frozen(const struct live_model *model, uint64_t id);

void live_model_move(struct live_model *model, int64_t n_rows);

/* The flow under the cursor; NULL: there is none. */
const struct sample_flow *live_model_get_selected(const struct live_model *model);

/* Opens the page of the flow under the cursor, if there is one. */
void live_model_open_page(struct live_model *model);

/* Sees to it that the cursor is among n_lines lines. Number of frozen rows that stand
 * apart, above the others. */
uint32_t live_model_scroll(struct live_model *model, uint32_t n_lines);

/* How long the pause lasts. */
uint64_t live_model_get_pause_ns(const struct live_model *model);

/* As shown: SOURCE, GROUP:PORT, cleaned. */
void live_model_format_source(const struct live_model *model,
			      const struct sample_flow *flow, char buf[LIVE_ADDRESS_MAX]);
void live_model_format_group(const struct live_model *model,
			     const struct sample_flow *flow, char buf[LIVE_ADDRESS_MAX]);

/* The interface's name, cleaned; "?": the sample does not know it. */
void live_model_format_interface(const struct live_model *model,
				 const struct sample_flow *flow,
				 char buf[4 * IF_NAMESIZE]);

#endif
