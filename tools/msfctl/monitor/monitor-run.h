/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor-run: waits for what happens on the host and has it told.
 */
#ifndef MSFCTL_MONITOR_RUN_H
#define MSFCTL_MONITOR_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <net/if.h>

struct monitor_options {
	const char (*names)[IF_NAMESIZE]; /* borrowed: interfaces */
	size_t n_names;                   /* 0: all of them */
	uint64_t interval_ms;
	uint64_t duration_ms; /* 0: for ever */
	uint64_t count;       /* 0: any number of events */
	bool is_json;
	bool is_initial; /* tell what is there first */
};

/* Until a signal, the duration or the count ends it. An exit status (output.h). */
int monitor_run(const struct monitor_options *options);

#endif
