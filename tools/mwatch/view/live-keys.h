/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-keys: what keys do to the model.
 */
#ifndef MWATCH_LIVE_KEYS_H
#define MWATCH_LIVE_KEYS_H

#include "live-model.h"

/* A key of the screen (live-screen.h); n_page: rows of a page. 0: go on; 1: quit; 2: draw
 * everything anew; 3: no more rows can be frozen; -ENOMEM. */
enum live_answer { LIVE_GO_ON, LIVE_QUIT, LIVE_DRAW_ANEW, LIVE_TOO_MANY_FROZEN };

int live_keys_press(struct live_model *model, int key, int n_page);

#endif
