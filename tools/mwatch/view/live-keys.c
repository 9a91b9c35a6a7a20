/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-keys: one handler for each mode, and one for what all modes but typing share (see
 * live-keys.h).
 */
#include "live-keys.h"

#include <curses.h>
#include <stdio.h>
#include <string.h>

#define CONTROL(key) ((key)&0x1f)
#define ESCAPE       0x1b

static bool is_enter(int key)
{
	return key == '\r' || key == '\n' || key == KEY_ENTER;
}

static bool is_erase(int key)
{
	return key == KEY_BACKSPACE || key == 0x7f || key == CONTROL('H');
}

/* How far a key moves among rows; 0: it does not. */
static int get_step(int key, int n_page)
{
	switch (key) {
	case KEY_UP:
	case 'k':
		return -1;
	case KEY_DOWN:
	case 'j':
		return 1;
	case KEY_PPAGE:
		return -n_page;
	case KEY_NPAGE:
		return n_page;
	case KEY_HOME:
		return -INT32_MAX;
	case KEY_END:
		return INT32_MAX;
	default:
		return 0;
	}
}

static int press_common(struct live_model *model, int key)
{
	switch (key) {
	case CONTROL('L'):
		return LIVE_DRAW_ANEW;
	case 'p':
	case ' ':
		return live_model_toggle_pause(model);
	case 'f':
		return live_model_toggle_frozen(model) == 1 ? LIVE_TOO_MANY_FROZEN
							    : LIVE_GO_ON;
	case 'u':
		model->is_bytes = !model->is_bytes;
		return LIVE_GO_ON;
	case '?':
	case 'h':
	case KEY_F(1):
		model->mode_before = model->mode;
		model->mode = LIVE_HELP;
		model->page_scroll = 0;
		return LIVE_GO_ON;
	default:
		return LIVE_GO_ON;
	}
}

static int press_table(struct live_model *model, int key, int n_page)
{
	int step = get_step(key, n_page);

	if (step)
		live_model_move(model, step);
	if (is_enter(key))
		live_model_open_page(model);
	switch (key) {
	case 'q':
		return LIVE_QUIT;
	case 'S':
		return live_model_set_order(model, (model->order + 1) % ORDER_N,
					    model->is_reversed);
	case 'r':
		return live_model_set_order(model, model->order, !model->is_reversed);
	case 's':
		model->menu = model->order;
		model->mode = LIVE_ORDER;
		return LIVE_GO_ON;
	case '/':
		model->mode = LIVE_FILTER;
		return LIVE_GO_ON;
	case ESCAPE:
		return *model->filter ? live_model_set_filter(model, "") : LIVE_GO_ON;
	default:
		return press_common(model, key);
	}
}

static int press_filter(struct live_model *model, int key, int n_page)
{
	char filter[LIVE_FILTER_MAX];
	size_t n = strlen(model->filter);

	snprintf(filter, sizeof(filter), "%s", model->filter);
	if (is_enter(key)) {
		model->mode = LIVE_TABLE;
		return LIVE_GO_ON;
	}
	if (key == ESCAPE) {
		model->mode = LIVE_TABLE;
		return live_model_set_filter(model, "");
	}
	if (key == CONTROL('U'))
		return live_model_set_filter(model, "");
	if (is_erase(key) && n) {
		filter[n - 1] = '\0';
		return live_model_set_filter(model, filter);
	}
	if (key >= ' ' && key < 0x7f && n + 1 < sizeof(filter)) {
		filter[n] = (char)key;
		filter[n + 1] = '\0';
		return live_model_set_filter(model, filter);
	}
	if (key >= KEY_MIN)
		live_model_move(model, get_step(key, n_page));
	return key == CONTROL('L') ? LIVE_DRAW_ANEW : LIVE_GO_ON;
}

static int press_order(struct live_model *model, int key, int n_page)
{
	int64_t line = (int64_t)model->menu + get_step(key, n_page);

	if (line >= ORDER_N)
		line = ORDER_N - 1;
	model->menu = line < 0 ? 0 : (unsigned int)line;
	if (is_enter(key)) {
		model->mode = LIVE_TABLE;
		return live_model_set_order(model, model->menu, model->is_reversed);
	}
	if (key == ESCAPE || key == 'q' || key == 's')
		model->mode = LIVE_TABLE;
	return key == CONTROL('L') ? LIVE_DRAW_ANEW : LIVE_GO_ON;
}

static void scroll_by(struct live_model *model, int step)
{
	int64_t line = (int64_t)model->page_scroll + step;

	/* Its end is known to who draws it. */
	if (line > UINT16_MAX)
		line = UINT16_MAX;
	model->page_scroll = line < 0 ? 0 : (unsigned int)line;
}

static int press_page(struct live_model *model, int key, int n_page)
{
	scroll_by(model, get_step(key, n_page));
	if (key == ESCAPE || key == 'q' || is_enter(key) || is_erase(key)) {
		model->mode = LIVE_TABLE;
		return LIVE_GO_ON;
	}
	if (key == KEY_LEFT || key == KEY_RIGHT) {
		live_model_move(model, key == KEY_LEFT ? -1 : 1);
		live_model_open_page(model);
		return LIVE_GO_ON;
	}
	return press_common(model, key);
}

static int press_help(struct live_model *model, int key, int n_page)
{
	int step = get_step(key, n_page);

	scroll_by(model, step);
	if (key == CONTROL('L'))
		return LIVE_DRAW_ANEW;
	if (!step) {
		model->mode = model->mode_before;
		model->page_scroll = 0;
	}
	return LIVE_GO_ON;
}

int live_keys_press(struct live_model *model, int key, int n_page)
{
	if (key == KEY_RESIZE)
		return LIVE_GO_ON;
	switch (model->mode) {
	case LIVE_TABLE:
		return press_table(model, key, n_page);
	case LIVE_FILTER:
		return press_filter(model, key, n_page);
	case LIVE_ORDER:
		return press_order(model, key, n_page);
	case LIVE_PAGE:
		return press_page(model, key, n_page);
	case LIVE_HELP:
		return press_help(model, key, n_page);
	}
	return LIVE_GO_ON;
}
