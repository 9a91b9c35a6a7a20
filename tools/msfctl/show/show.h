/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show: what was asked for, for the two views: sockets, and interfaces.
 */
#ifndef MSFCTL_SHOW_H
#define MSFCTL_SHOW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "show-filter.h"

struct show {
	struct show_filter filter;
	pid_t pid;          /* 0: all of them */
	uint64_t listen_ms; /* for queriers; 0: not at all */
	bool is_here;       /* only sockets of our network namespace */
	bool is_json;
	bool is_whole; /* nothing is shortened */
};

/* Both print, say what went wrong, and return an exit status. */
int show_sockets(const struct show *show);
int show_interfaces(const struct show *show);

/* The exit status for what became of printing; -errno is said. */
int show_end(int r);

#endif
