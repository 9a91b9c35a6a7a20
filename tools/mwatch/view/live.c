/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live: the full-screen view: takes samples, keys and signals, and draws (see live.h).
 *
 * Invariant: it draws once an interval, and when something was done; never while the
 * terminal would make it wait.
 */
#include "live.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "live-draw.h"
#include "live-history.h"
#include "live-keys.h"
#include "live-model.h"
#include "live-screen.h"
#include "live-signals.h"
#include "names.h"
#include "utf8.h"

#define TITLE_MAX 512

/* What ends the loop: 'q', or the end of the terminal. */
#define END 1

struct live {
	struct loop *loop; /* borrowed */
	struct loop_source input;
	struct live_signals signals;
	struct live_screen screen;
	struct live_model model;
	struct live_history *history; /* owned */
	struct names *names;          /* owned; NULL: digits only */
	struct live_draw draw;
	char title[TITLE_MAX];
};

static void redraw(struct live *live)
{
	if (!live->screen.is_open || live_screen_is_stuck(&live->screen))
		return;
	/* SIGWINCH may have been taken by a thread that does not block it. */
	live_screen_resize(&live->screen);
	live_draw(&live->draw);
}

static void leave_screen(struct live *live)
{
	loop_del(live->loop, &live->input);
	live_screen_close(&live->screen);
}

/* Every terminal has something to read when it is readable, but for one that is gone. */
static bool is_at_end(void)
{
	int n_bytes = 0;

	return ioctl(STDIN_FILENO, FIONREAD, &n_bytes) < 0 || n_bytes == 0;
}

static int press(struct live *live, int key)
{
	int n_page = live->draw.n_body > 2 ? live->draw.n_body - 2 : 1;
	int r = live_keys_press(&live->model, key, n_page);

	if (live->model.mode == LIVE_PAGE)
		live_history_want(live->history, live->model.page.id);
	live->draw.notice = NULL;
	if (r == LIVE_DRAW_ANEW)
		live_screen_forget(&live->screen);
	if (r == LIVE_TOO_MANY_FROZEN)
		live->draw.notice = "no more flows can be frozen: let another one go "
				    "with f";
	if (r == LIVE_QUIT)
		return END;
	return r < 0 ? r : 0;
}

static int handle_input(void *data)
{
	struct live *live = data;
	bool is_end = is_at_end();
	int key, r = 0;

	while (r == 0 && (key = live_screen_get_key(&live->screen)) >= 0)
		r = press(live, key);
	if (r == 0 && is_end) {
		live_signals_hang_up();
		return END;
	}
	if (r == 0)
		redraw(live);
	return r;
}

static void stop(struct live *live)
{
	live_screen_close(&live->screen);
	live_signals_stop();
	live_screen_resume(&live->screen);
	redraw(live);
}

static int handle_signal(void *data)
{
	struct live *live = data;

	switch (live_signals_take(&live->signals)) {
	case SIGWINCH:
		/* It may have had another size meanwhile, and lost what was there. */
		live_screen_forget(&live->screen);
		redraw(live);
		return 0;
	case SIGTSTP:
		stop(live);
		return 0;
	case SIGHUP:
		live_signals_hang_up();
		return END;
	case SIGQUIT:
		return END;
	default:
		return 0;
	}
}

static int put(void *data, const struct sample *sample)
{
	struct live *live = data;
	int r;

	live_history_put(live->history, sample);
	r = live_model_put(&live->model, sample);
	if (r == 0)
		redraw(live);
	return r;
}

static int end(void *data, const struct sample *sample)
{
	(void)sample;
	leave_screen(data);
	return 0;
}

static void *live_free(void *data)
{
	struct live *live = data;

	if (!live)
		return NULL;
	leave_screen(live);
	live_screen_free(&live->screen);
	live_signals_fini(&live->signals);
	live_model_fini(&live->model);
	live_history_free(live->history);
	names_free(live->names);
	free(live);
	return NULL;
}

static int begin(struct live *live, const struct live_settings *settings)
{
	int r = live_history_new(&live->history);

	/* Before the thread of the names, which is not to take them. */
	if (r == 0)
		r = live_signals_init(&live->signals, live->loop, handle_signal, live);
	if (r == 0 && settings->has_names)
		r = names_new(&live->names, true);
	if (r == 0)
		r = live_screen_open(&live->screen);
	if (r < 0)
		return r;
	live_model_init(&live->model, settings->order, live->names);
	utf8_clean(settings->title ? settings->title : "", live->title, TITLE_MAX);
	live->draw = (struct live_draw){ .screen = &live->screen,
					 .model = &live->model,
					 .history = live->history,
					 .title = live->title };
	return loop_add(live->loop, &live->input, STDIN_FILENO, handle_input, live);
}

int live_new(struct sink *ret, const struct live_settings *settings)
{
	struct live *live = calloc(1, sizeof(*live));
	int r;

	if (!live)
		return -ENOMEM;
	live->loop = settings->loop;
	live->input = LOOP_SOURCE_INIT;
	live->signals.source = LOOP_SOURCE_INIT;
	r = begin(live, settings);
	if (r < 0) {
		live_free(live);
		return r;
	}
	redraw(live);
	*ret = (struct sink){ .put = put, .end = end, .free = live_free, .data = live };
	return 0;
}
