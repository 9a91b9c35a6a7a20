/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live: the full-screen view (ncurses).
 */
#ifndef MWATCH_LIVE_H
#define MWATCH_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "order.h"
#include "sink.h"

struct live_settings {
	struct loop *loop; /* keys are read with it; 'q' ends it with 1 */
	enum order_key order;
	uint64_t interval_ms;
	const char *title; /* borrowed: the interfaces, groups, whose verdict */
	bool has_names;
};

/* Takes the terminal; -ENOTTY: standard input and output are none that can be used. */
int live_new(struct sink *ret, const struct live_settings *settings);

#endif
