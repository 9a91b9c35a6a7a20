/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor-run: the loop of msfctl monitor (see monitor-run.h).
 *
 * A notification waits for a moment, so that the look that follows it finds the filter
 * which the program sets next.  All else is found by looking every interval.
 *
 * Invariant: events are told in the order in which the kernel gave them, and what a
 * look finds after those that were read before it.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loop.h"
#include "monitor-groups.h"
#include "monitor-links.h"
#include "monitor-report.h"
#include "monitor-run.h"
#include "output.h"
#include "wire/querier.h"
#include "wire/wire.h"

/* How long a notification waits for the filter; where looks take long, at most. */
#define SETTLE_MS     5
#define SETTLE_MAX_MS 250

/* Looking takes a quarter of the time at most, however many groups there are. */
#define REST_FACTOR 3

/* For a reader that is slow, when a signal has come. */
#define LAST_PATIENCE_MS 1000

/* A lost notification leaves older ones behind: how often to read on. */
#define READS_MAX 16

enum end {
	END_SIGNAL = 1,
	END_DURATION,
	END_COUNT,
	END_READER_GONE,
};

struct pending {
	struct msf_event event;
	struct timespec when;
	const struct msf_group *seen; /* what a look found behind it */
};

/* Something that takes time and is to leave some. */
struct pace {
	int64_t start_ms;
	int64_t free_at_ms;
};

struct run {
	const struct monitor_options *options;
	struct loop *loop;
	struct loop_source signals, duration, interval, settle, events, packets, reader;
	struct outlet *outlet;
	struct monitor_report report;
	struct monitor_links *links;
	struct monitor_groups *groups;
	struct msf_monitor *monitor;
	struct wire *wire; /* NULL: not permitted */
	struct querier_list *queriers;
	struct pending *pending; /* owned */
	size_t n_pending, capacity;
	struct pace looks, versions;
	bool must_compare; /* events were lost */
};

static int64_t get_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct timespec get_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now;
}

static bool pace_is_free(const struct pace *pace)
{
	return get_ms() >= pace->free_at_ms;
}

static void pace_start(struct pace *pace)
{
	pace->start_ms = get_ms();
}

static void pace_stop(struct pace *pace)
{
	int64_t now_ms = get_ms();

	pace->free_at_ms = now_ms + REST_FACTOR * (now_ms - pace->start_ms);
}

static int fail(const char *what, int error)
{
	output_error(what, "%s", strerror(-error));
	return error;
}

/* What a handler returns: 0 to go on, enum end, or -errno, said. */
static int get_end(const struct run *run)
{
	int error = run->report.error;

	if (error == -EPIPE)
		return END_READER_GONE;
	if (error == -ETIMEDOUT) {
		output_error("standard output",
			     "the reader takes nothing, what is left is not written");
		return error;
	}
	if (error < 0)
		return fail("standard output", error);
	return monitor_report_is_full(&run->report) ? END_COUNT : 0;
}

static int push(struct run *run, const struct msf_event *event,
		const struct timespec *when)
{
	if (run->n_pending == run->capacity) {
		size_t capacity = run->capacity ? 2 * run->capacity : 64;
		struct pending *pending = reallocarray(run->pending, capacity,
						       sizeof(*pending));

		if (!pending)
			return -ENOMEM;
		run->pending = pending;
		run->capacity = capacity;
	}
	run->pending[run->n_pending++] = (struct pending){ *event, *when, NULL };
	return 0;
}

/* 1: events were lost, and those in front of them are still to be read. */
static int read_some(struct run *run)
{
	struct timespec when = get_time();
	struct msf_event event;
	int r = msf_monitor_dispatch(run->monitor);
	bool is_overrun = false;

	while (r == 0 && msf_monitor_pop_event(run->monitor, &event) > 0) {
		is_overrun |= event.type == MSF_EVENT_OVERRUN;
		r = push(run, &event, &when);
	}
	return r == 0 ? is_overrun : r;
}

static int read_events(struct run *run)
{
	int r = 1;

	for (int i = 0; i < READS_MAX && r == 1; i++) {
		r = read_some(run);
		run->must_compare |= r == 1;
	}
	return r < 0 ? fail("notifications", r) : 0;
}

static bool has_pending(const struct run *run, enum msf_event_type type)
{
	for (size_t i = 0; i < run->n_pending; i++)
		if (run->pending[i].event.type == type)
			return true;
	return false;
}

/* Only the last event of a group can be what a look found. */
static void claim(struct run *run, struct monitor_look *look)
{
	for (size_t i = run->n_pending; i-- > 0;) {
		struct pending *pending = &run->pending[i];

		if (pending->event.type == MSF_EVENT_GROUP ||
		    pending->event.type == MSF_EVENT_GROUP_GONE)
			pending->seen = monitor_look_claim(look, &pending->event);
	}
}

static int tell(struct run *run, const struct pending *pending)
{
	const struct msf_event *event = &pending->event;

	switch (event->type) {
	case MSF_EVENT_GROUP:
		return monitor_groups_join(run->groups, event, &pending->when,
					   pending->seen);
	case MSF_EVENT_GROUP_GONE:
		monitor_groups_leave(run->groups, event, &pending->when);
		return 0;
	case MSF_EVENT_OVERRUN:
		monitor_report_overrun(&run->report, &pending->when);
		return 0;
	case MSF_EVENT_LINK_GONE:
		querier_list_forget(run->queriers, event->ifindex);
		if (monitor_groups_leave_all(run->groups, event->ifindex,
					     &pending->when) < 0)
			return -ENOMEM;
		break;
	case MSF_EVENT_LINK:
	case MSF_EVENT_ADDRESS:
	case MSF_EVENT_ADDRESS_GONE:
		break;
	}
	return monitor_links_take(run->links, event, &pending->when);
}

static int tell_pending(struct run *run)
{
	int r = 0;

	for (size_t i = 0; i < run->n_pending && r == 0; i++)
		r = tell(run, &run->pending[i]);
	run->n_pending = 0;
	return r;
}

static int look(struct run *run, struct monitor_look *look)
{
	int r;

	pace_start(&run->looks);
	r = monitor_look_init(look);
	pace_stop(&run->looks);
	if (r == 0)
		claim(run, look);
	return r;
}

static int compare(struct run *run, const struct monitor_look *look)
{
	int r = 0;

	if (run->must_compare)
		r = monitor_links_compare(run->links, &look->when, true);
	run->must_compare = false;
	return r == 0 ? monitor_groups_compare(run->groups, look) : r;
}

/* Tells all that has happened; is_look_due: and looks for what nothing tells of. */
static int catch_up(struct run *run, bool is_look_due)
{
	struct monitor_look seen = { 0 };
	bool has_looked;
	int r = read_events(run);

	if (r < 0)
		return r;
	loop_del(run->loop, &run->settle);
	is_look_due |= run->must_compare || has_pending(run, MSF_EVENT_GROUP);
	has_looked = is_look_due && pace_is_free(&run->looks);
	if (has_looked)
		r = look(run, &seen);
	if (r == 0)
		r = tell_pending(run);
	if (r == 0 && has_looked)
		r = compare(run, &seen);
	monitor_look_fini(&seen);
	return r < 0 ? fail("groups", r) : get_end(run);
}

static int handle_settle(void *data)
{
	return catch_up(data, false);
}

static uint64_t get_settle_ms(const struct run *run)
{
	int64_t wait_ms = run->looks.free_at_ms - get_ms();

	if (!has_pending(run, MSF_EVENT_GROUP) || wait_ms < SETTLE_MS)
		return SETTLE_MS;
	return wait_ms < SETTLE_MAX_MS ? (uint64_t)wait_ms : SETTLE_MS;
}

static int handle_events(void *data)
{
	struct run *run = data;
	int r = read_events(run);

	if (r < 0 || run->n_pending == 0 || run->settle.fd >= 0)
		return r;
	r = loop_add_timer(run->loop, &run->settle, get_settle_ms(run), 0, handle_settle,
			   run);
	return r < 0 ? fail("timer", r) : 0;
}

static void compare_versions(struct run *run)
{
	struct timespec when = get_time();

	pace_start(&run->versions);
	monitor_links_compare_versions(run->links, &when);
	pace_stop(&run->versions);
}

static void tell_querier(struct run *run, const struct querier *querier,
			 const struct timespec *when, enum querier_change change)
{
	struct monitor_place place = {
		querier->ifindex, monitor_links_get_name(run->links, querier->ifindex)
	};

	if (monitor_links_is_wanted(run->links, querier->ifindex))
		monitor_report_querier(&run->report, when, &place, querier, change);
}

static void expire_queriers(struct run *run)
{
	struct timespec when = get_time();
	struct querier querier;

	while (querier_list_expire(run->queriers, get_ms(), &querier) != QUERIER_SAME)
		tell_querier(run, &querier, &when, QUERIER_SILENT);
}

static int handle_interval(void *data)
{
	struct run *run = data;
	int r = catch_up(run, true);

	if (r != 0)
		return r;
	if (pace_is_free(&run->versions))
		compare_versions(run);
	expire_queriers(run);
	return get_end(run);
}

/* What happened before the query is told before it. */
static int take_change(struct run *run, const struct querier *querier,
		       const struct timespec *when, enum querier_change change)
{
	int r = catch_up(run, false);

	if (r != 0)
		return r;
	tell_querier(run, querier, when, change);
	compare_versions(run);
	return get_end(run);
}

static int handle_packets(void *data)
{
	struct run *run = data;
	struct wire_packet packet;
	int r, end = 0;

	while (end == 0 && (r = wire_pop(run->wire, &packet)) != 0) {
		const struct querier *querier = NULL;

		if (r > 0)
			r = querier_list_observe(run->queriers, &packet, get_ms(),
						 &querier);
		if (r < 0)
			return fail("queriers", r);
		if (r != QUERIER_SAME)
			end = take_change(run, querier, &packet.when,
					  (enum querier_change)r);
	}
	return end;
}

static int handle_signal(void *data)
{
	struct run *run = data;
	int r = loop_take_signal(&run->signals);

	/* From now on no second signal is to be seen here. */
	loop_del(run->loop, &run->signals);
	return r < 0 ? fail("signal", r) : END_SIGNAL;
}

static int handle_duration(void *data)
{
	(void)data;
	return END_DURATION;
}

/* A pipe that we write to becomes readable when nobody reads it any more. */
static int handle_reader(void *data)
{
	(void)data;
	return END_READER_GONE;
}

static int watch_reader(struct run *run)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) < 0 || !S_ISFIFO(st.st_mode))
		return 0;
	return loop_add(run->loop, &run->reader, STDOUT_FILENO, handle_reader, run);
}

static int open_output(struct run *run)
{
	int r;

	signal(SIGPIPE, SIG_IGN);
	r = outlet_new(&run->outlet, STDOUT_FILENO);
	if (r < 0)
		return fail("standard output", r);
	run->report = (struct monitor_report){
		.outlet = run->outlet,
		.out = outlet_get_file(run->outlet),
		.is_json = run->options->is_json,
	};
	return 0;
}

/* Without the permission everything else is told. */
static int open_wire(struct run *run)
{
	int r = querier_list_new(&run->queriers);

	if (r < 0)
		return fail(NULL, r);
	r = wire_new(&run->wire, 0, WIRE_CONTROL);
	if (r < 0)
		output_warning("queriers", "not shown: %s%s", strerror(-r),
			       r == -EPERM ? "; CAP_NET_RAW lets see them" : "");
	return 0;
}

static int open_monitor(struct run *run)
{
	int r = msf_monitor_new(&run->monitor, NULL);

	if (r < 0)
		return fail("notifications", r);
	r = msf_monitor_watch_groups(run->monitor);
	if (r == -EOPNOTSUPP)
		output_warning("joins",
			       "this kernel does not tell of them (Linux 6.15 does); "
			       "they are looked for every %.3g s",
			       (double)run->options->interval_ms / 1e3);
	else if (r < 0)
		return fail("notifications", r);
	return 0;
}

static int open_tables(struct run *run)
{
	const struct monitor_options *options = run->options;
	int r = monitor_links_new(&run->links, options->names, options->n_names,
				  &run->report);

	if (r == 0)
		r = monitor_groups_new(&run->groups, run->links, &run->report);
	return r < 0 ? fail(NULL, r) : 0;
}

/* What happens from here on is in the queues already. */
static int look_first(struct run *run)
{
	struct timespec when = get_time();
	struct monitor_look seen = { 0 };
	int r = monitor_links_compare(run->links, &when, false);

	if (r < 0)
		return fail("interfaces", r);
	compare_versions(run);
	r = look(run, &seen);
	if (r == 0)
		r = monitor_groups_start(run->groups, &seen, run->options->is_initial);
	monitor_look_fini(&seen);
	/* What was there does not count. */
	run->report.n_told = 0;
	run->report.count = run->options->count;
	return r < 0 ? fail("groups", r) : get_end(run);
}

static int open_loop(struct run *run)
{
	const struct monitor_options *options = run->options;
	int r = loop_new(&run->loop);

	if (r == 0)
		r = loop_add_signals(run->loop, &run->signals, handle_signal, run);
	if (r == 0 && options->duration_ms)
		r = loop_add_timer(run->loop, &run->duration, options->duration_ms, 0,
				   handle_duration, run);
	if (r == 0)
		r = watch_reader(run);
	return r < 0 ? fail(NULL, r) : 0;
}

static int start(struct run *run)
{
	int fds[WRITER_N_CANCEL] = { run->signals.fd, run->duration.fd, -1 };
	uint64_t interval_ms = run->options->interval_ms;
	int r = loop_add(run->loop, &run->events, msf_monitor_get_fd(run->monitor),
			 handle_events, run);

	writer_set_cancel(outlet_get_writer(run->outlet), fds);
	if (r == 0 && run->wire)
		r = loop_add(run->loop, &run->packets, wire_get_fd(run->wire),
			     handle_packets, run);
	if (r == 0)
		r = loop_add_timer(run->loop, &run->interval, interval_ms, interval_ms,
				   handle_interval, run);
	return r < 0 ? fail(NULL, r) : 0;
}

static int open_run(struct run *run)
{
	int r = open_output(run);

	if (r == 0)
		r = open_loop(run);
	if (r == 0)
		r = open_wire(run);
	if (r == 0)
		r = open_monitor(run);
	if (r == 0)
		r = open_tables(run);
	return r == 0 ? start(run) : r;
}

static void close_run(struct run *run)
{
	struct loop_source *const sources[] = { &run->signals,  &run->duration,
						&run->interval, &run->settle,
						&run->events,   &run->packets,
						&run->reader,   NULL };

	for (size_t i = 0; sources[i]; i++)
		loop_del(run->loop, sources[i]);
	loop_free(run->loop);
	outlet_free(run->outlet);
	monitor_groups_free(run->groups);
	monitor_links_free(run->links);
	msf_monitor_free(run->monitor);
	querier_list_free(run->queriers);
	wire_free(run->wire);
	free(run->pending);
}

/* Nothing cuts a write short from here on but a reader that sleeps. */
static void set_last_patience(struct run *run)
{
	const int none[WRITER_N_CANCEL] = { -1, -1, -1 };
	struct writer *writer = outlet_get_writer(run->outlet);

	writer_set_cancel(writer, none);
	writer->patience_ms = LAST_PATIENCE_MS;
}

/* What a slow reader has not taken yet. */
static int flush(struct run *run)
{
	int r = outlet_flush(run->outlet);

	if (r < 0)
		run->report.error = r;
	return get_end(run);
}

/* A signal and the duration do not keep back what has happened before them. */
static int finish(struct run *run, int end)
{
	int r = 0;

	set_last_patience(run);
	if (end == END_SIGNAL || end == END_DURATION)
		r = catch_up(run, true);
	if (r >= 0 && end > 0)
		r = flush(run);
	if (r != 0)
		end = r;
	if (end < 0)
		return OUTPUT_FAILED;
	if (end == END_DURATION && run->options->count) {
		output_error("--count", "%llu of %llu events in %.3g s",
			     (unsigned long long)run->report.n_told,
			     (unsigned long long)run->options->count,
			     (double)run->options->duration_ms / 1e3);
		return OUTPUT_NOT_ARRIVED;
	}
	return OUTPUT_DONE;
}

int monitor_run(const struct monitor_options *options)
{
	struct run run = {
		.options = options,
		.signals = LOOP_SOURCE_INIT,
		.duration = LOOP_SOURCE_INIT,
		.interval = LOOP_SOURCE_INIT,
		.settle = LOOP_SOURCE_INIT,
		.events = LOOP_SOURCE_INIT,
		.packets = LOOP_SOURCE_INIT,
		.reader = LOOP_SOURCE_INIT,
	};
	int status = OUTPUT_FAILED, end;

	if (open_run(&run) == 0) {
		end = look_first(&run);
		if (end == 0)
			end = loop_run(run.loop);
		status = finish(&run, end);
	}
	close_run(&run);
	return status;
}
