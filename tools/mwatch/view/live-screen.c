/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-screen: ncurses behind a small door (see live-screen.h).
 *
 * Its own state is ncurses' own, and one screen is all that a process has. Signals are
 * not left to it: its handlers could run in any thread (live-signals.h).
 */
#define NCURSES_WIDECHAR 1

#include "live-screen.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

/* How long a lone Esc is waited with: the keys that begin with one may come in two
 * packets. */
#define ESCAPE_DELAY_MS 50

#define MAX_CELLS 1024 /* of one text */

enum { PAIR_RED = 1, PAIR_YELLOW };

static bool is_terminal(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static bool has_colour_wanted(void)
{
	const char *no_color = getenv("NO_COLOR");

	return has_colors() && !(no_color && *no_color);
}

/* Terminals that do not follow when they are told which of two forms to send. */
static void define_keys(void)
{
	static const struct {
		const char *sequence;
		int key;
	} keys[] = {
		{ "\033[A", KEY_UP },     { "\033[B", KEY_DOWN },
		{ "\033[C", KEY_RIGHT },  { "\033[D", KEY_LEFT },
		{ "\033[H", KEY_HOME },   { "\033[F", KEY_END },
		{ "\033[1~", KEY_HOME },  { "\033[4~", KEY_END },
		{ "\033[5~", KEY_PPAGE }, { "\033[6~", KEY_NPAGE },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		define_key(keys[i].sequence, keys[i].key);
}

static void set_modes(struct live_screen *screen)
{
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	curs_set(0);
	set_escdelay(ESCAPE_DELAY_MS);
	define_keys();
	screen->has_colour = has_colour_wanted() && start_color() == OK;
	if (screen->has_colour) {
		use_default_colors();
		init_pair(PAIR_RED, COLOR_RED, -1);
		init_pair(PAIR_YELLOW, COLOR_YELLOW, -1);
	}
}

int live_screen_open(struct live_screen *screen)
{
	*screen = (struct live_screen){ 0 };
	if (!is_terminal())
		return -ENOTTY;
	setlocale(LC_CTYPE, "");
	screen->is_utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	screen->terminal = newterm(NULL, stdout, stdin);
	if (!screen->terminal)
		return -ENOTTY;
	screen->is_open = true;
	if (!cursor_address || !clear_screen) {
		live_screen_free(screen);
		return -ENOTTY;
	}
	set_modes(screen);
	live_screen_resize(screen);
	return 0;
}

void live_screen_close(struct live_screen *screen)
{
	if (!screen->is_open)
		return;
	/* Behind Ctrl-S the end would wait for Ctrl-Q; only what tcflow(3) has stopped
	 * can be started by it. */
	tcflow(STDOUT_FILENO, TCOOFF);
	tcflow(STDOUT_FILENO, TCOON);
	endwin();
	screen->is_open = false;
}

void live_screen_free(struct live_screen *screen)
{
	live_screen_close(screen);
	if (screen->terminal)
		delscreen(screen->terminal);
	screen->terminal = NULL;
}

void live_screen_resume(struct live_screen *screen)
{
	screen->is_open = true;
	live_screen_resize(screen);
	clearok(curscr, TRUE);
}

void live_screen_resize(struct live_screen *screen)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col &&
	    (size.ws_row != LINES || size.ws_col != COLS)) {
		resizeterm(size.ws_row, size.ws_col);
		clearok(curscr, TRUE);
	}
	screen->n_rows = LINES;
	screen->n_columns = COLS;
}

void live_screen_forget(struct live_screen *screen)
{
	(void)screen;
	clearok(curscr, TRUE);
}

bool live_screen_is_stuck(const struct live_screen *screen)
{
	struct pollfd poll_fd = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return screen->is_open && poll(&poll_fd, 1, 0) == 0;
}

void live_screen_erase(struct live_screen *screen)
{
	(void)screen;
	erase();
}

void live_screen_refresh(struct live_screen *screen, int row, int column)
{
	(void)screen;
	curs_set(column >= 0);
	if (column >= 0)
		move(row, column);
	refresh();
}

static attr_t get_attributes(const struct live_screen *screen, unsigned int ink)
{
	attr_t attributes = A_NORMAL;

	if (ink & LIVE_BOLD)
		attributes |= A_BOLD;
	if (ink & LIVE_DIM)
		attributes |= A_DIM;
	if (ink & LIVE_REVERSE)
		attributes |= A_REVERSE;
	if (screen->has_colour && ink & LIVE_RED)
		attributes |= COLOR_PAIR(PAIR_RED);
	else if (screen->has_colour && ink & LIVE_YELLOW)
		attributes |= COLOR_PAIR(PAIR_YELLOW);
	return attributes;
}

/* The characters that fit into so many cells. */
static size_t to_wide(const struct live_screen *screen, const char *text, int n_cells,
		      wchar_t wide[MAX_CELLS], int *ret_cells)
{
	size_t n = 0;
	mbstate_t state = { 0 };

	*ret_cells = 0;
	while (*text && n < MAX_CELLS) {
		size_t length = mbrtowc(&wide[n], text, MB_CUR_MAX, &state);
		int cells;

		if (length == (size_t)-1 || length == (size_t)-2 ||
		    (!screen->is_utf8 && (unsigned char)*text >= 0x80)) {
			wide[n] = L'?';
			length = 1;
			state = (mbstate_t){ 0 };
		}
		cells = wcwidth(wide[n]);
		if (cells < 0) {
			wide[n] = L'?';
			cells = 1;
		}
		if (*ret_cells + cells > n_cells)
			break;
		*ret_cells += cells;
		text += length;
		n++;
	}
	return n;
}

int live_screen_put(struct live_screen *screen, int row, int column, int width,
		    unsigned int ink, const char *text)
{
	wchar_t wide[MAX_CELLS];
	int n_cells;
	size_t n;

	if (row < 0 || row >= screen->n_rows || column < 0)
		return column;
	if (width > screen->n_columns - column)
		width = screen->n_columns - column;
	n = to_wide(screen, text, width, wide, &n_cells);
	attrset(get_attributes(screen, ink));
	mvaddnwstr(row, column, wide, (int)n);
	attrset(A_NORMAL);
	return column + n_cells;
}

void live_screen_put_right(struct live_screen *screen, int row, int column, int width,
			   unsigned int ink, const char *text)
{
	wchar_t wide[MAX_CELLS];
	int n_cells;

	to_wide(screen, text, width, wide, &n_cells);
	live_screen_put(screen, row, column + width - n_cells, n_cells, ink, text);
}

void live_screen_fill(struct live_screen *screen, int row, int column, int width,
		      unsigned int ink)
{
	if (row < 0 || row >= screen->n_rows || column < 0)
		return;
	if (width > screen->n_columns - column)
		width = screen->n_columns - column;
	attrset(get_attributes(screen, ink));
	mvhline(row, column, ' ', width);
	attrset(A_NORMAL);
}

int live_screen_get_key(struct live_screen *screen)
{
	int key = getch();

	(void)screen;
	return key == ERR ? -1 : key;
}
