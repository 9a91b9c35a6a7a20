/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run: one run of mwatch (see run.h).
 *
 * Invariant: whatever ends a run that has started, the last sample is told, memberships
 * are left, and expectations are judged.
 */
#include "run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"

/* How long a reader that is asleep can delay the end. */
#define LAST_PATIENCE_MS 1000

/* How long --expect waits when nothing else is said. */
#define EXPECT_MS 10000

static int handle_duration(void *data)
{
	(void)data;
	return RUN_TIMEOUT;
}

/* A reader that sleeps is not waited for when one of these is there. */
static void set_cancel(struct run *run)
{
	int fds[WRITER_N_CANCEL] = { run->signals.fd, run->duration.fd, -1 };

	for (uint32_t i = 0; i < run->n_sinks; i++)
		if (run->sinks[i].writer)
			writer_set_cancel(run->sinks[i].writer, fds);
}

static int start(struct run *run)
{
	const struct options *options = run->options;
	int r = counting_start(run->counting);

	run->duration_ms = options->duration_ms;
	if (options->expect.n > 0 && !options->count && !options->duration_ms)
		run->duration_ms = EXPECT_MS;
	/* Read before the timers are set, so that it is never behind them. */
	clock_gettime(CLOCK_MONOTONIC, &run->started);
	if (r == 0)
		r = loop_add_timer(run->loop, &run->interval, options->interval_ms,
				   options->interval_ms, run_handle_interval, run);
	if (r == 0 && run->duration_ms)
		r = loop_add_timer(run->loop, &run->duration, run->duration_ms, 0,
				   handle_duration, run);
	set_cancel(run);
	return r;
}

static enum run_end wait_for_end(struct run *run)
{
	int r = start(run);

	if (r == 0) {
		run->is_started = true;
		r = loop_run(run->loop);
	}
	if (r < 0) {
		output_error(NULL, "%s", strerror(-r));
		return RUN_FAILED;
	}
	return (enum run_end)r;
}

/*
 * From now on a signal ends the process at once.  Behind a first one a reader that
 * sleeps cannot delay the end; without one its user decides.
 */
static void set_last_patience(struct run *run, enum run_end end)
{
	static const int none[WRITER_N_CANCEL] = { -1, -1, -1 };
	bool is_stopped = end == RUN_SIGNAL;

	if (run->signals.fd >= 0 && loop_take_signal(&run->signals) > 0)
		is_stopped = true;
	for (uint32_t i = 0; i < run->n_sinks; i++) {
		struct writer *writer = run->sinks[i].writer;

		if (!writer)
			continue;
		writer_set_cancel(writer, none);
		if (is_stopped)
			writer->patience_ms = LAST_PATIENCE_MS;
	}
}

/* What was counted since the last interval, and the totals. */
static enum run_end report_end(struct run *run)
{
	enum run_end end = RUN_GOES_ON;

	if (!run->is_reported) {
		counting_settle(run->counting);
		if (run_take_sample(run) < 0)
			return RUN_FAILED;
		end = run_report(run, false);
	}
	/* So that the network is rid of us before a reader can make us wait. */
	run->hold = hold_free(run->hold);
	return end == RUN_GOES_ON ? run_report(run, true) : end;
}

static void close_sinks(struct run *run)
{
	for (uint32_t i = 0; i < run->n_sinks; i++)
		if (run->sinks[i].sink.free)
			run->sinks[i].sink.free(run->sinks[i].sink.data);
	run->n_sinks = 0;
	aside_stop(&run->aside);
}

static void close_run(struct run *run)
{
	close_sinks(run);
	run->looker = looker_free(run->looker);
	run->delivered = delivered_free(run->delivered);
	run->verdict = verdict_free(run->verdict);
	run->counting = counting_free(run->counting);
	run->hold = hold_free(run->hold);
	if (run->loop) {
		loop_del(run->loop, &run->signals);
		loop_del(run->loop, &run->interval);
		loop_del(run->loop, &run->duration);
		loop_del(run->loop, &run->links);
	}
	loop_free(run->loop);
	msf_monitor_free(run->monitor);
	outlet_free(run->outlet);
	sample_fini(&run->sample);
	free(run->interfaces);
	msf_free(run->msf);
}

/* Was everything there that was expected? */
static int judge(const struct run *run, enum run_end end)
{
	const struct expect_list *expect = &run->options->expect;
	uint32_t n_unmet = 0;

	if (end != RUN_MET)
		n_unmet = expect_list_say(expect, &run->sample);
	if (end == RUN_FAILED || run->has_failed)
		return OUTPUT_FAILED;
	for (uint32_t i = 0; i < run->n_interfaces; i++)
		if (run->interfaces[i].is_unjoined)
			return OUTPUT_FAILED;
	return n_unmet > 0 ? OUTPUT_NOT_ARRIVED : OUTPUT_DONE;
}

static int finish(struct run *run, enum run_end end)
{
	enum run_end r;

	set_last_patience(run, end);
	r = report_end(run);
	close_sinks(run);
	return judge(run, r == RUN_FAILED ? RUN_FAILED : end);
}

int run(const struct options *options)
{
	struct run state = {
		.options = options,
		.aside = ASIDE_INIT,
		.signals = LOOP_SOURCE_INIT,
		.interval = LOOP_SOURCE_INIT,
		.duration = LOOP_SOURCE_INIT,
		.links = LOOP_SOURCE_INIT,
	};
	int status = OUTPUT_FAILED, r = run_open(&state);

	if (r == 0) {
		enum run_end end = wait_for_end(&state);

		if (state.is_started)
			status = finish(&state, end);
	} else {
		status = output_get_status(r);
	}
	close_run(&state);
	return status;
}
