/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run: one run of mjoin (see run.h).
 *
 * Invariant: whatever ends a run, what was joined is left, what had arrived is
 * counted, and the summary is printed, unless the first joins failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "environment.h"
#include "output.h"
#include "run.h"

/* How long a reader that is asleep can delay the end. */
#define LAST_PATIENCE_MS 1000

#define PROGRESS_INTERVAL_MS 1000

/* For what the library opens and closes again while it joins. */
#define SPARE_FILES 2

/* Channels that a --wait which ends in vain names one by one. */
#define MISSING_LINES_MAX 20

static int handle_signal(void *data)
{
	struct run *run = data;
	int r = loop_take_signal(&run->signals);

	/* From now on no second signal is to be seen here. */
	loop_del(run->loop, &run->signals);
	return r < 0 ? RUN_FAILED : RUN_SIGNAL;
}

static int handle_timeout(void *data)
{
	(void)data;
	return RUN_TIMEOUT;
}

static int handle_wait(void *data)
{
	struct run *run = data;

	return run->n_awaited > 0 ? RUN_WAIT_OVER : RUN_GOES_ON;
}

static double get_seconds(const struct run *run)
{
	struct timespec now;

	if (!run->is_started)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)flow_get_interval(&run->started, &now) / 1e9;
}

static struct report_sum get_sum(const struct run *run)
{
	struct report_sum sum = { 0 };

	for (size_t i = 0; i < run->n_receivers; i++)
		report_sum_add(&sum, &run->receivers[i]);
	return sum;
}

static int handle_progress(void *data)
{
	struct run *run = data;
	struct report_sum sum = get_sum(run);

	report_progress(&run->report, &sum, get_seconds(run));
	return RUN_GOES_ON;
}

/* One socket a channel: the soft limit of 1024 is for programs that use select(2). */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	/* Refused: then socket(2) will say which channel is one too many. */
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_library(struct run *run)
{
	struct msf_config *config = NULL;
	int r = environment_new_own(&config);

	/* It receives with msf_recvmmsg() only. */
	if (r == 0)
		r = msf_config_set_receive_calls(config, 1);
	if (r == 0 && run->options->has_backend)
		r = msf_config_set_backend(config, run->options->backend);
	if (r == 0)
		r = msf_new(&run->msf, config);
	msf_config_free(config);
	r = environment_judge(r);
	return r < 0 ? r : environment_check_backend(run->msf);
}

static int open_payload(struct run *run)
{
	const char *path = run->options->output;
	int r;

	if (!path)
		return 0;
	r = payload_new(&run->payload, path);
	if (r < 0) {
		output_error(path, "%s", strerror(-r));
		return r;
	}
	return 0;
}

static int open_report(struct run *run)
{
	bool is_stdout_taken = run->payload && payload_is_standard_output(run->payload);
	int r = outlet_new(&run->report.outlet,
			   is_stdout_taken ? STDERR_FILENO : STDOUT_FILENO);

	if (r < 0) {
		output_error("output", "%s", strerror(-r));
		return r;
	}
	run->report.out = outlet_get_file(run->report.outlet);
	return 0;
}

/* A reader that sleeps is not waited for when one of these is there. */
static void set_cancel(struct run *run)
{
	int fds[WRITER_N_CANCEL] = { run->signals.fd, run->timeout.fd, run->wait.fd };

	writer_set_cancel(outlet_get_writer(run->report.outlet), fds);
	if (run->payload)
		writer_set_cancel(payload_get_writer(run->payload), fds);
}

static int open_receivers(struct run *run)
{
	const struct channel_list *channels = &run->options->channels;
	int r = 0;

	run->flow_places = FLOW_LIMIT;
	run->receivers = calloc(channels->n_groups, sizeof(*run->receivers));
	if (!run->receivers)
		return -ENOMEM;
	for (size_t i = 0; i < channels->n_channels; i++) {
		const struct channel *channel = &channels->channels[i];

		for (uint32_t k = 0; k < channel->endpoint.n_groups && r == 0; k++)
			r = receiver_init(&run->receivers[run->n_receivers++], channel, k,
					  run, &run->flow_places);
		if (channel_filter_is_include(&channel->filter))
			run->n_awaited += (uint64_t)channel->endpoint.n_groups *
					  channel->filter.numsrc;
		else
			run->n_awaited += channel->endpoint.n_groups;
	}
	return r;
}

/* Time is counted from here: thousands of joins take some. */
static int start_timers(struct run *run)
{
	const struct options *options = run->options;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &run->started);
	if (options->timeout_ms)
		r = loop_add_timer(run->loop, &run->timeout, options->timeout_ms, 0,
				   handle_timeout, run);
	if (r == 0 && options->is_wait)
		r = loop_add_timer(run->loop, &run->wait, options->wait_ms, 0,
				   handle_wait, run);
	if (r == 0 && !options->is_quiet && !options->is_json && isatty(STDERR_FILENO))
		r = loop_add_timer(run->loop, &run->progress, PROGRESS_INTERVAL_MS,
				   PROGRESS_INTERVAL_MS, handle_progress, run);
	set_cancel(run);
	return r;
}

static int open_loop(struct run *run)
{
	int r = loop_new(&run->loop);

	if (r == 0)
		r = loop_add_signals(run->loop, &run->signals, handle_signal, run);
	if (r == 0)
		r = msf_monitor_new(&run->monitor, run->msf);
	if (r == 0)
		r = loop_add(run->loop, &run->links, msf_monitor_get_fd(run->monitor),
			     run_handle_links, run);
	return r;
}

static uint64_t count_sockets(const struct run *run)
{
	uint64_t n = 0;

	/* All groups of a channel need the same. */
	for (size_t i = 0; i < run->n_receivers;) {
		uint32_t n_groups = run->receivers[i].channel->endpoint.n_groups;

		n += (uint64_t)n_groups *
		     receiver_count_sockets(&run->receivers[i], run->msf);
		i += n_groups;
	}
	return n;
}

/* Half of the channels would help nobody, and their joins take seconds. */
static int check_file_limit(const struct run *run)
{
	uint64_t n_sockets = count_sockets(run), n_needed;
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	struct rlimit limit;

	if (fd >= 0)
		close(fd);
	/* What cannot be seen beforehand is seen when a socket is opened. */
	if (fd < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	n_needed = (uint64_t)fd + n_sockets + SPARE_FILES;
	if (limit.rlim_cur == RLIM_INFINITY || n_needed <= limit.rlim_cur)
		return 0;
	output_error("limit of open files",
		     "%llu sockets need a limit of %llu, it is %llu: raise it with "
		     "ulimit -Hn %llu",
		     (unsigned long long)n_sockets, (unsigned long long)n_needed,
		     (unsigned long long)limit.rlim_cur, (unsigned long long)n_needed);
	return -EMFILE;
}

/* All but the joins. */
/* Who carries the filters out, and who tells routers and switches of them. */
static void look_at_backend(struct run *run)
{
	int wire = msf_probe_wire(run->msf);

	run->report.is_asm = msf_probe_backend(run->msf) == MSF_BACKEND_ASM;
	run->report.wire = run->report.is_asm ? MSF_WIRE_ASM : MSF_WIRE_KERNEL;
	if (wire >= 0)
		run->report.wire = (enum msf_wire)wire;
}

static int open_run(struct run *run)
{
	int r;

	signal(SIGPIPE, SIG_IGN);
	raise_file_limit();
	r = open_library(run);
	if (r == 0)
		r = open_payload(run);
	if (r == 0)
		r = open_report(run);
	if (r < 0)
		return r;
	look_at_backend(run);
	r = receiver_batch_new(&run->batch, run->payload != NULL);
	if (r == 0)
		r = open_receivers(run);
	if (r == 0)
		r = open_loop(run);
	if (r < 0)
		output_error(NULL, "%s", strerror(-r));
	else
		r = check_file_limit(run);
	if (r == 0)
		set_cancel(run);
	return r;
}

static void close_run(struct run *run)
{
	for (size_t i = 0; i < run->n_receivers; i++)
		receiver_fini(&run->receivers[i], run->loop);
	free(run->receivers);
	if (run->loop) {
		loop_del(run->loop, &run->signals);
		loop_del(run->loop, &run->timeout);
		loop_del(run->loop, &run->wait);
		loop_del(run->loop, &run->progress);
		loop_del(run->loop, &run->links);
	}
	loop_free(run->loop);
	msf_monitor_free(run->monitor);
	receiver_batch_free(run->batch);
	payload_free(run->payload);
	outlet_free(run->report.outlet);
	msf_free(run->msf);
	for (size_t i = 0; i < run->n_warned; i++)
		free(run->warned[i]);
}

static void leave(struct run *run, struct receiver *receiver)
{
	char name[RECEIVER_TEXT_MAX];
	int r = receiver_leave(receiver, run->msf);

	/* The interface may have gone just now; then there is nothing to leave. */
	if (r == 0 || r == -ENODEV || r == -EADDRNOTAVAIL)
		return;
	receiver_format(receiver, name);
	output_error(name, "cannot leave: %s", strerror(-r));
}

/*
 * From now on a signal ends the process at once.  Behind a first one a reader that
 * sleeps cannot delay the end; without one its user decides.
 */
static void set_last_patience(struct run *run, enum run_end end)
{
	static const int none[WRITER_N_CANCEL] = { -1, -1, -1 };
	struct writer *writer = outlet_get_writer(run->report.outlet);
	bool is_stopped = end == RUN_SIGNAL;

	if (run->signals.fd >= 0 && loop_take_signal(&run->signals) > 0)
		is_stopped = true;
	writer_set_cancel(writer, none);
	if (is_stopped)
		writer->patience_ms = LAST_PATIENCE_MS;
	if (!run->payload)
		return;
	writer = payload_get_writer(run->payload);
	writer_set_cancel(writer, none);
	writer->patience_ms = LAST_PATIENCE_MS;
}

/* Leaves everything first, so that the network is rid of us at once. */
static enum run_end leave_all(struct run *run, enum run_end end)
{
	bool is_drained = end == RUN_SIGNAL || end == RUN_TIMEOUT ||
			  end == RUN_WAIT_OVER ||
			  (end == RUN_COMPLETE && !run->options->count);
	enum run_end r = RUN_GOES_ON;

	for (size_t i = 0; i < run->n_receivers; i++)
		leave(run, &run->receivers[i]);
	set_last_patience(run, end);
	for (size_t i = 0; i < run->n_receivers; i++) {
		if (is_drained && r == RUN_GOES_ON)
			r = run_drain(run, &run->receivers[i]);
		receiver_close(&run->receivers[i], run->loop);
	}
	return r == RUN_FAILED ? RUN_FAILED : end;
}

static enum run_end print_summary(struct run *run)
{
	struct report_sum sum = get_sum(run);
	int r = 0;

	report_clear_progress(&run->report);
	for (size_t i = 0; i < run->n_receivers && r == 0; i++)
		r = report_summary(&run->report, &run->receivers[i]);
	if (r == 0)
		r = report_sum(&run->report, &sum);
	return run_take_report(r);
}

static bool is_missing(const struct receiver *receiver)
{
	const struct flow_table *table = &receiver->flows;

	if (!channel_filter_is_include(&receiver->channel->filter))
		return table->packets == 0;
	for (uint32_t i = 0; i < table->n_flows; i++)
		if (table->flows[i].packets == 0)
			return true;
	return false;
}

static void print_missing(const struct run *run, double seconds)
{
	size_t n_missing = 0;

	for (size_t i = 0; i < run->n_receivers; i++) {
		if (!is_missing(&run->receivers[i]))
			continue;
		if (n_missing++ < MISSING_LINES_MAX)
			report_missing(&run->receivers[i], seconds);
	}
	if (n_missing > MISSING_LINES_MAX)
		output_error(NULL, "and %zu groups more", n_missing - MISSING_LINES_MAX);
	if (n_missing > 0 && !run->report.is_json)
		output_error(NULL,
			     "msfctl doctor [-s SOURCE] GROUP:PORT IFACE tells why");
}

static bool has_port(const struct run *run)
{
	for (size_t i = 0; i < run->n_receivers; i++)
		if (run->receivers[i].channel->endpoint.port)
			return true;
	return false;
}

/* Has everything arrived that was awaited? */
static int judge(const struct run *run, enum run_end end, double seconds)
{
	const struct options *options = run->options;

	if (end == RUN_FAILED)
		return OUTPUT_FAILED;
	if (options->is_wait && run->n_awaited > 0) {
		print_missing(run, seconds);
		return OUTPUT_NOT_ARRIVED;
	}
	if (options->count && run->n_packets < options->count) {
		output_error("--count", "%llu of %llu packets in %.3g s",
			     (unsigned long long)run->n_packets,
			     (unsigned long long)options->count, seconds);
		return OUTPUT_NOT_ARRIVED;
	}
	if (end == RUN_TIMEOUT && run->n_packets == 0 && has_port(run)) {
		output_error("--timeout", "no packet in %.3g s", seconds);
		return OUTPUT_NOT_ARRIVED;
	}
	return OUTPUT_DONE;
}

static int finish(struct run *run, enum run_end end)
{
	double seconds = get_seconds(run);

	/* A timer is never early, but the clock is looked at a little later. */
	if (end == RUN_TIMEOUT)
		seconds = (double)run->options->timeout_ms / 1e3;
	else if (end == RUN_WAIT_OVER)
		seconds = (double)run->options->wait_ms / 1e3;
	end = leave_all(run, end);
	if (print_summary(run) == RUN_FAILED)
		end = RUN_FAILED;
	return judge(run, end, seconds);
}

static enum run_end wait_for_end(struct run *run)
{
	int r = start_timers(run);

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

int run(const struct options *options)
{
	struct run state = {
		.options = options,
		.report = { .is_json = options->is_json, .is_quiet = options->is_quiet },
		.signals = LOOP_SOURCE_INIT,
		.timeout = LOOP_SOURCE_INIT,
		.wait = LOOP_SOURCE_INIT,
		.progress = LOOP_SOURCE_INIT,
		.links = LOOP_SOURCE_INIT,
	};
	int status = OUTPUT_FAILED;

	if (open_run(&state) == 0) {
		enum run_end end = run_join(&state, true);

		if (end == RUN_GOES_ON)
			end = wait_for_end(&state);
		if (end != RUN_FAILED || state.is_started)
			status = finish(&state, end);
	}
	close_run(&state);
	return status;
}
