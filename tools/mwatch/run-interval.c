/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run-interval: what happens at the end of each interval (see run.h).
 *
 * Invariant: each packet that was counted is in one interval that the sinks are told of,
 * so intervals add up to the totals.
 */
#include <errno.h>
#include <string.h>

#include "output.h"
#include "run.h"

#define NSEC_PER_SEC  1000000000
#define NSEC_PER_MSEC 1000000

static int refresh(void *data)
{
	return verdict_refresh(data);
}

static int read_sockets(void *data)
{
	return delivered_read(data);
}

/* The verdicts are unknown as long as the filters cannot be read; said once. */
static void look_at_filters(struct run *run)
{
	int r = looker_call(run->looker, refresh, run->verdict);

	if (r == 0 || run->is_blind) {
		run->is_blind = r < 0;
		return;
	}
	run->is_blind = true;
	if (r == -ESRCH && run->options->pid)
		output_warning("--pid", "process %d has ended: it joins nothing any more",
			       (int)run->options->pid);
	else
		output_warning("filters", "%s: verdicts are unknown", strerror(-r));
}

static int say(const char *what, int error)
{
	output_error(what, "%s", strerror(-error));
	return error;
}

int run_take_sample(struct run *run)
{
	struct sample *sample = &run->sample;
	int r = 0;

	look_at_filters(run);
	if (run->delivered)
		r = looker_call(run->looker, read_sockets, run->delivered);
	if (r < 0)
		return say("--delivered", r);
	r = counting_take(run->counting, sample);
	if (r < 0)
		return say("counters", r);
	verdict_judge(run->verdict, sample);
	r = run->delivered ? delivered_compare(run->delivered, sample) : 0;
	if (r < 0)
		return say("--delivered", r);
	return 0;
}

/* A terminal that hung up is gone, too; one that is stopped is read no more. */
static bool is_reader_gone(const struct run *run, int r)
{
	return r == -EPIPE ||
	       (run->options->view == OPTIONS_LIVE && (r == -EIO || r == -ETIMEDOUT));
}

static enum run_end take_view(const struct run *run, int r)
{
	if (is_reader_gone(run, r))
		return RUN_READER_GONE;
	if (r == -ETIMEDOUT)
		output_error("standard output",
			     "the reader takes nothing, what is left is not written");
	else if (r < 0)
		output_error("standard output", "%s", strerror(-r));
	return r < 0 ? RUN_FAILED : RUN_GOES_ON;
}

static int call(const struct run_sink *run_sink, const struct sample *sample, bool is_end)
{
	const struct sink *sink = &run_sink->sink;
	int (*take)(void *, const struct sample *) = is_end ? sink->end : sink->put;

	return take ? take(sink->data, sample) : 0;
}

/* Metrics are tried again each interval. */
static void put(struct run *run, struct run_sink *sink, bool is_end)
{
	int r;

	if (sink->is_record && sink->has_failed)
		return;
	r = call(sink, &run->sample, is_end);
	if (r == 0 || sink->has_failed)
		return;
	sink->has_failed = true;
	/* The reader of a record may go when it likes. */
	run->has_failed |= !sink->is_record || r != -EPIPE;
	if (!sink->is_record)
		output_error(sink->name, "%s", strerror(-r));
}

static enum run_end put_view(struct run *run, struct run_sink *sink, bool is_end)
{
	int r = call(sink, &run->sample, is_end);

	return take_view(run, r < 0 ? r : outlet_flush(run->outlet));
}

enum run_end run_report(struct run *run, bool is_end)
{
	const struct options *options = run->options;
	enum run_end end = RUN_GOES_ON;
	int r = order_select(&run->sample, options->order, is_end, options->top);

	if (r < 0) {
		say("flows", r);
		return RUN_FAILED;
	}
	for (uint32_t i = 0; i < run->n_sinks; i++) {
		struct run_sink *sink = &run->sinks[i];

		if (!sink->is_view)
			put(run, sink, is_end);
		else if (end == RUN_GOES_ON)
			end = put_view(run, sink, is_end);
	}
	return end;
}

static uint64_t get_elapsed_ms(const struct run *run)
{
	struct timespec now;
	int64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (int64_t)(now.tv_sec - run->started.tv_sec) * NSEC_PER_SEC +
	     (now.tv_nsec - run->started.tv_nsec);
	return (uint64_t)(ns / NSEC_PER_MSEC);
}

/* Without --count and --duration one interval with all of it is enough. */
static bool is_met(const struct run *run)
{
	const struct options *options = run->options;

	return options->expect.n > 0 && !options->count && !options->duration_ms &&
	       expect_list_is_met(&options->expect, &run->sample, false);
}

/* Is the interval that is over now the last one? */
static enum run_end find_end(const struct run *run)
{
	if (run->options->count && run->n_intervals >= run->options->count)
		return RUN_COUNT;
	/* Both timers are due now: there is no interval between them. */
	if (run->duration_ms && get_elapsed_ms(run) >= run->duration_ms)
		return RUN_TIMEOUT;
	return RUN_GOES_ON;
}

int run_handle_interval(void *data)
{
	struct run *run = data;
	enum run_end last, end;

	run->n_intervals++;
	last = find_end(run);
	/* No later sample brings what is still under way. */
	if (last != RUN_GOES_ON)
		counting_settle(run->counting);
	end = run_take_sample(run) < 0 ? RUN_FAILED : run_report(run, false);
	if (end == RUN_GOES_ON)
		end = is_met(run) ? RUN_MET : last;
	run->is_reported = end != RUN_GOES_ON;
	return end;
}
