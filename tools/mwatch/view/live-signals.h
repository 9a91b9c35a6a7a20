/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-signals: those that a terminal sends, read from a descriptor: a new size
 * (SIGWINCH), Ctrl-Z (SIGTSTP), Ctrl-\ (SIGQUIT) and its end (SIGHUP).  Handlers of
 * ncurses are not used: they could run in any thread.
 */
#ifndef MWATCH_LIVE_SIGNALS_H
#define MWATCH_LIVE_SIGNALS_H

#include <signal.h>

#include "loop.h"

struct live_signals {
	struct loop *loop; /* borrowed; NULL: not begun */
	struct loop_source source;
	sigset_t before; /* the mask */
};

/* Blocks them, in this thread and those that it makes from now on. 0 or -errno. */
int live_signals_init(struct live_signals *signals, struct loop *loop,
		      loop_handler *handler, void *data);

/* As it was before; once more is nothing. */
void live_signals_fini(struct live_signals *signals);

/* The number of the one that came, or -errno (-EAGAIN: none). */
int live_signals_take(struct live_signals *signals);

/* The terminal is gone: kernel and shell may send more than one SIGHUP, and the end is to
 * be an orderly one. */
void live_signals_hang_up(void);

/* Stops the process, as Ctrl-Z does; returns when it goes on. */
void live_signals_stop(void);

#endif
