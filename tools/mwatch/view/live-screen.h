/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-screen: the terminal, by ncurses: taken and given back, and text put on it that
 * never leaves its place.
 */
#ifndef MWATCH_LIVE_SCREEN_H
#define MWATCH_LIVE_SCREEN_H

#include <stdbool.h>

/* How text looks; added up. What a colour means is always said in words too. */
enum live_ink {
	LIVE_PLAIN = 0,
	LIVE_BOLD = 1,
	LIVE_DIM = 2,
	LIVE_REVERSE = 4,
	LIVE_RED = 8,
	LIVE_YELLOW = 16,
};

struct live_screen {
	void *terminal; /* of ncurses */
	bool is_open;   /* it is ours now */
	bool is_utf8;
	bool has_colour;
	int n_rows, n_columns;
};

/* -ENOTTY: standard input and output are no terminal on which a cursor moves. */
int live_screen_open(struct live_screen *screen);

/* Gives the terminal back as it was; may be called again, and by live_screen_free(). */
void live_screen_close(struct live_screen *screen);
void live_screen_free(struct live_screen *screen);

/* Takes the terminal again; all of it is drawn anew. */
void live_screen_resume(struct live_screen *screen);

/* Takes over the size that the terminal has now. */
void live_screen_resize(struct live_screen *screen);

/* The next refresh draws everything: something else has written on the terminal. */
void live_screen_forget(struct live_screen *screen);

/* Would writing wait for the terminal (Ctrl-S, a stalled connection)? */
bool live_screen_is_stuck(const struct live_screen *screen);

void live_screen_erase(struct live_screen *screen);

/* Shows what was put, and the cursor in that place; column -1: no cursor. */
void live_screen_refresh(struct live_screen *screen, int row, int column);

/* Puts a text that was cleaned (utf8.h); what is longer than width cells is cut. The
 * column behind it. */
int live_screen_put(struct live_screen *screen, int row, int column, int width,
		    unsigned int ink, const char *text);

/* The same, to the right of its width. */
void live_screen_put_right(struct live_screen *screen, int row, int column, int width,
			   unsigned int ink, const char *text);

/* Fills the rest of a row with blanks of this look. */
void live_screen_fill(struct live_screen *screen, int row, int column, int width,
		      unsigned int ink);

/* The next key (KEY_* of ncurses), or -1: none is waiting. */
int live_screen_get_key(struct live_screen *screen);

#endif
