/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run: one run of mjoin, from the first join to the summary.
 */
#ifndef MJOIN_RUN_H
#define MJOIN_RUN_H

#include "loop.h"
#include "options.h"
#include "payload.h"
#include "receiver.h"
#include "report.h"

/* Why it ends; loop handlers return these. */
enum run_end {
	RUN_GOES_ON = 0,
	RUN_SIGNAL,
	RUN_TIMEOUT,
	RUN_WAIT_OVER,   /* --wait: not everything was heard in time */
	RUN_COMPLETE,    /* --wait, --count: all is there */
	RUN_READER_GONE, /* of the payloads, or of the report */
	RUN_FAILED,      /* and said why */
};

/* Warnings that are told; each once. */
#define RUN_WARNINGS_MAX 32

struct run {
	const struct options *options;
	struct msf *msf;
	struct loop *loop;
	struct msf_monitor *monitor;
	struct payload *payload; /* NULL without --output */
	struct receiver_batch *batch;
	struct report report;
	struct receiver *receivers; /* those of one channel stand together */
	size_t n_receivers;
	struct loop_source signals, timeout, wait, progress, links;
	bool is_started;         /* all that can be joined is joined */
	struct timespec started; /* when; CLOCK_MONOTONIC */
	uint32_t flow_places;
	uint64_t n_packets;
	uint64_t n_awaited; /* sources, or channels, that --wait still waits for */
	char *warned[RUN_WARNINGS_MAX];
	size_t n_warned;
};

/* Does it all; the exit status. */
int run(const struct options *options);

/* run-links.c: joins what is not joined, where its interface is there. */
enum run_end run_join(struct run *run, bool is_first);

/* run-links.c: loop handler of the monitor; data is the run. */
int run_handle_links(void *data);

/* run-packets.c: what the result of a report_...() means. */
enum run_end run_take_report(int r);

/* run-packets.c: loop handler of a receiver's socket. */
int run_handle_packets(void *data);

/* run-packets.c: has all arrived that --count or --wait wants? */
bool run_is_complete(const struct run *run);

/* run-packets.c: reads what is left, without waiting. */
enum run_end run_drain(struct run *run, struct receiver *receiver);

#endif
