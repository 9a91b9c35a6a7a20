/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-model: rows and the cursor among them (see live-model.h).
 */
#include "live-model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "endpoint.h"
#include "live-filter.h"
#include "utf8.h"

#define NSEC_PER_SEC UINT64_C(1000000000)

void live_model_init(struct live_model *model, enum order_key order, struct names *names)
{
	*model = (struct live_model){ .order = order, .names = names };
}

void live_model_fini(struct live_model *model)
{
	sample_fini(&model->shown);
	sample_fini(&model->latest);
	free(model->rows);
	model->rows = NULL;
}

static void format_digits(const struct sockaddr_storage *address, char *buf, size_t len)
{
	if (endpoint_format_address(address, buf, len) < 0)
		snprintf(buf, len, "?");
}

static void format_address(const struct live_model *model,
			   const struct sockaddr_storage *address, char *buf, size_t len)
{
	if (model->names)
		names_format(model->names, address, buf, len);
	else
		format_digits(address, buf, len);
}

void live_model_format_source(const struct live_model *model,
			      const struct sample_flow *flow, char buf[LIVE_ADDRESS_MAX])
{
	struct sockaddr_storage address;

	sample_get_source(flow, &address);
	format_address(model, &address, buf, LIVE_ADDRESS_MAX);
}

void live_model_format_group(const struct live_model *model,
			     const struct sample_flow *flow, char buf[LIVE_ADDRESS_MAX])
{
	char text[LIVE_ADDRESS_MAX - 8]; /* without brackets and port */
	struct sockaddr_storage address;

	sample_get_group(flow, &address);
	format_address(model, &address, text, sizeof(text));
	snprintf(buf, LIVE_ADDRESS_MAX, strchr(text, ':') ? "[%s]:%u" : "%s:%u", text,
		 flow->port);
}

void live_model_format_interface(const struct live_model *model,
				 const struct sample_flow *flow,
				 char buf[4 * IF_NAMESIZE])
{
	const char *name = "?";

	if (flow->i_interface < model->shown.n_interfaces)
		name = model->shown.interfaces[flow->i_interface].name;
	utf8_clean(name, buf, 4 * IF_NAMESIZE);
}

/* Digits match too where names are shown; a name matches once it is known. */
static bool is_matching(const struct live_model *model, const struct sample_flow *flow)
{
	char source[LIVE_ADDRESS_MAX], group[LIVE_ADDRESS_MAX], digits[2][64];
	char interface[4 * IF_NAMESIZE], text[3 * LIVE_ADDRESS_MAX];
	const char *verdict = sample_get_verdict_name(flow->verdict);
	struct sockaddr_storage address;

	if (!*model->filter)
		return true;
	live_model_format_source(model, flow, source);
	live_model_format_group(model, flow, group);
	live_model_format_interface(model, flow, interface);
	sample_get_source(flow, &address);
	format_digits(&address, digits[0], sizeof(digits[0]));
	sample_get_group(flow, &address);
	format_digits(&address, digits[1], sizeof(digits[1]));
	snprintf(text, sizeof(text), "%s %s %s %s %s %s %s", source, group, interface,
		 verdict ? verdict : "", flow->is_outgoing ? "out" : "", digits[0],
		 digits[1]);
	return live_filter_matches(model->filter, text);
}

bool live_model_is_frozen(const struct live_model *model, uint64_t id)
{
	for (uint32_t i = 0; i < model->n_frozen; i++)
		if (model->frozen[i] == id)
			return true;
	return false;
}

/* Adds the rows that are frozen, or those that are not. */
static void add_rows(struct live_model *model, bool is_frozen)
{
	const struct sample *sample = &model->shown;

	for (uint32_t i = 0; i < sample->n_flows; i++) {
		uint32_t at = model->is_reversed ? sample->n_flows - 1 - i : i;
		const struct sample_flow *flow = &sample->flows[at];

		if (live_model_is_frozen(model, flow->id) != is_frozen)
			continue;
		if (is_frozen || is_matching(model, flow))
			model->rows[model->n_rows++] = at;
	}
}

static uint64_t get_id(const struct live_model *model, uint32_t row)
{
	return model->shown.flows[model->rows[row]].id;
}

/* What was evicted does not come back: it would be another flow. */
static void forget_frozen(struct live_model *model)
{
	uint32_t n = 0;

	if (model->n_frozen == model->n_frozen_rows)
		return;
	for (uint32_t i = 0; i < model->n_frozen_rows; i++)
		model->frozen[n++] = get_id(model, i);
	model->n_frozen = n;
}

static void set_cursor(struct live_model *model, uint32_t row)
{
	model->cursor = row;
	model->is_following = row > 0;
	if (model->is_following)
		model->selected = get_id(model, row);
}

static void restore_cursor(struct live_model *model)
{
	uint32_t row = model->cursor;

	if (!model->n_rows || !model->is_following) {
		model->cursor = 0;
		return;
	}
	for (uint32_t i = 0; i < model->n_rows; i++)
		if (get_id(model, i) == model->selected) {
			model->cursor = i;
			return;
		}
	set_cursor(model, row < model->n_rows ? row : model->n_rows - 1);
}

static int arrange(struct live_model *model)
{
	const struct sample *sample = &model->shown;

	if (sample->n_flows > model->max_rows) {
		uint32_t *rows = reallocarray(NULL, sample->n_flows, sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		free(model->rows);
		model->rows = rows;
		model->max_rows = sample->n_flows;
	}
	model->n_rows = 0;
	add_rows(model, true);
	model->n_frozen_rows = model->n_rows;
	forget_frozen(model);
	add_rows(model, false);
	restore_cursor(model);
	return 0;
}

static void refresh_page(struct live_model *model)
{
	if (model->mode != LIVE_PAGE && model->mode_before != LIVE_PAGE)
		return;
	model->is_page_gone = true;
	for (uint32_t i = 0; i < model->shown.n_flows; i++)
		if (model->shown.flows[i].id == model->page.id) {
			model->page = model->shown.flows[i];
			model->is_page_gone = false;
			return;
		}
}

static int show(struct live_model *model)
{
	model->has_shown = true;
	model->n_newer = 0;
	refresh_page(model);
	order_sort(&model->shown, model->order);
	return arrange(model);
}

int live_model_put(struct live_model *model, const struct sample *sample)
{
	int r = sample_copy(model->is_paused ? &model->latest : &model->shown, sample);

	if (r < 0)
		return r;
	if (!model->is_paused)
		return show(model);
	model->has_latest = true;
	model->n_newer++;
	return 0;
}

int live_model_set_order(struct live_model *model, enum order_key order, bool is_reversed)
{
	model->order = order;
	model->is_reversed = is_reversed;
	order_sort(&model->shown, order);
	return arrange(model);
}

int live_model_set_filter(struct live_model *model, const char *filter)
{
	snprintf(model->filter, sizeof(model->filter), "%s", filter);
	return arrange(model);
}

static uint64_t get_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

uint64_t live_model_get_pause_ns(const struct live_model *model)
{
	return get_now() - model->paused_ns;
}

int live_model_toggle_pause(struct live_model *model)
{
	struct sample before = model->shown;

	model->is_paused = !model->is_paused;
	model->paused_ns = get_now();
	if (model->is_paused || !model->has_latest)
		return 0;
	model->shown = model->latest;
	model->latest = before;
	model->has_latest = false;
	return show(model);
}

const struct sample_flow *live_model_get_selected(const struct live_model *model)
{
	if (model->cursor >= model->n_rows)
		return NULL;
	return &model->shown.flows[model->rows[model->cursor]];
}

int live_model_toggle_frozen(struct live_model *model)
{
	const struct sample_flow *flow = live_model_get_selected(model);
	uint32_t i = 0;

	if (model->mode == LIVE_PAGE)
		flow = &model->page;
	if (!flow)
		return 0;
	while (i < model->n_frozen && model->frozen[i] != flow->id)
		i++;
	if (i < model->n_frozen)
		model->frozen[i] = model->frozen[--model->n_frozen];
	else if (model->n_frozen == LIVE_MAX_FROZEN)
		return 1;
	else
		model->frozen[model->n_frozen++] = flow->id;
	return arrange(model);
}

void live_model_move(struct live_model *model, int64_t n_rows)
{
	int64_t row = (int64_t)model->cursor + n_rows;

	if (!model->n_rows)
		return;
	if (row >= model->n_rows)
		row = model->n_rows - 1;
	set_cursor(model, row < 0 ? 0 : (uint32_t)row);
}

void live_model_open_page(struct live_model *model)
{
	const struct sample_flow *flow = live_model_get_selected(model);

	if (!flow)
		return;
	model->page = *flow;
	model->is_page_gone = false;
	model->page_scroll = 0;
	model->mode = LIVE_PAGE;
}

uint32_t live_model_scroll(struct live_model *model, uint32_t n_lines)
{
	uint32_t n_apart = model->n_frozen_rows < n_lines ? model->n_frozen_rows : 0;
	uint32_t n_body = n_lines - n_apart;
	uint32_t last = model->n_rows > n_body ? model->n_rows - n_body : n_apart;

	if (model->cursor >= n_apart && model->cursor < model->top)
		model->top = model->cursor;
	if (n_body && model->cursor >= model->top + n_body)
		model->top = model->cursor - n_body + 1;
	if (model->top > last)
		model->top = last;
	if (model->top < n_apart || (model->cursor == 0 && !model->is_following))
		model->top = n_apart;
	return n_apart;
}
