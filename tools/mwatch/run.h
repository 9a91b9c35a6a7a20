/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run: one run of mwatch, from the rings to the summary.
 */
#ifndef MWATCH_RUN_H
#define MWATCH_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <msf.h>

#include "flow/counting.h"
#include "verdict/delivered.h"
#include "verdict/hold.h"
#include "verdict/verdict.h"
#include "aside.h"
#include "looker.h"
#include "loop.h"
#include "options.h"
#include "outlet.h"
#include "sink.h"

/* Why it ends; loop handlers return these. */
enum run_end {
	RUN_GOES_ON = 0,
	RUN_QUIT, /* by a key of the live view (live.h) */
	RUN_SIGNAL,
	RUN_TIMEOUT,
	RUN_COUNT,       /* --count intervals are over */
	RUN_MET,         /* --expect: all is there */
	RUN_READER_GONE, /* of standard output */
	RUN_FAILED,      /* and said why */
};

/* The record, metrics in two ways, the view, and what is told behind the live one. */
#define RUN_SINKS_MAX 5

/* Room for what is watched, in words. */
#define RUN_TITLE_MAX 256

struct run_sink {
	struct sink sink;
	const char *name;      /* borrowed */
	struct writer *writer; /* borrowed; NULL: no reader can make us wait */
	bool is_view;          /* its failure ends the run */
	bool is_record;        /* it says its own failure, and ends with it */
	bool has_failed;       /* and it was said */
};

enum run_link_state {
	RUN_LINK_UP,
	RUN_LINK_DOWN,
	RUN_LINK_GONE, /* removed, or in another network namespace */
};

struct run_interface {
	struct msf_interface link; /* the last one of this name */
	enum run_link_state state, said;
	bool is_unjoined; /* it came back, and could not be joined */
};

struct run {
	const struct options *options;
	struct msf *msf;
	struct loop *loop;
	struct msf_monitor *monitor;
	struct outlet *outlet;
	struct aside aside;
	struct run_interface *interfaces;
	uint32_t n_interfaces;
	struct hold *hold; /* NULL without --join */
	struct counting *counting;
	struct looker *looker; /* NULL: processes are not looked at */
	struct verdict *verdict;
	struct delivered *delivered; /* NULL without --delivered */
	struct sample sample;        /* the last one */
	bool is_reported;            /* it is the last of the run, and told */
	bool is_blind;               /* filters cannot be read, and it was said */
	struct run_sink sinks[RUN_SINKS_MAX];
	uint32_t n_sinks;
	struct loop_source signals, interval, duration, links;
	struct timespec started; /* CLOCK_MONOTONIC */
	uint64_t duration_ms;    /* 0: no end */
	uint64_t n_intervals;
	bool is_started, has_failed;
	char title[RUN_TITLE_MAX];
};

/* Does it all; the exit status. */
int run(const struct options *options);

/* run-open.c: all but the start: what fails is said. 0 or -errno. */
int run_open(struct run *run);

/* run-links.c: finds the interfaces. 0, or -errno, said. */
int run_find_interfaces(struct run *run);

/* run-links.c: loop handler of the monitor; data is the run. */
int run_handle_links(void *data);

/* run-interval.c: loop handler; data is the run. */
int run_handle_interval(void *data);

/* run-interval.c: takes a sample and judges it. 0, or -errno, said. */
int run_take_sample(struct run *run);

/* run-interval.c: the sample goes to all sinks; as the end of the run, or not. */
enum run_end run_report(struct run *run, bool is_end);

#endif
