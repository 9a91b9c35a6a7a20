/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run-open: everything that a run needs, opened in the order of rights (see run.h).
 *
 * Invariant: rings, files and the filters of others are opened with all capabilities, and
 * these are gone before anything of the network is read.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "export/metrics.h"
#include "export/record.h"
#include "view/live.h"
#include "view/view.h"
#include "environment.h"
#include "output.h"
#include "privilege.h"
#include "run.h"
#include "utf8.h"

/* Flows of the summary behind the live view, unless --top says how many. */
#define FAREWELL_ROWS 20

/* A row of IPv4 with all columns needs as many. */
#define FAREWELL_COLUMNS 100

static int say(const char *what, int error)
{
	output_error(what, "%s", strerror(-error));
	return error;
}

static int open_library(struct run *run)
{
	struct msf_config *config = NULL;
	int r = environment_new_own(&config);

	if (r == 0)
		r = msf_new(&run->msf, config);
	msf_config_free(config);
	return environment_judge(r);
}

static int handle_signal(void *data)
{
	struct run *run = data;
	int r = loop_take_signal(&run->signals);

	/* From now on no second signal is to be seen here. */
	loop_del(run->loop, &run->signals);
	return r < 0 ? RUN_FAILED : RUN_SIGNAL;
}

/* The signals are blocked first, so that they are in every thread. */
static int open_loop(struct run *run)
{
	int r = loop_new(&run->loop);

	if (r == 0)
		r = loop_add_signals(run->loop, &run->signals, handle_signal, run);
	if (r == 0)
		r = outlet_new(&run->outlet, STDOUT_FILENO);
	if (r == 0)
		r = msf_monitor_new(&run->monitor, run->msf);
	if (r == 0)
		r = loop_add(run->loop, &run->links, msf_monitor_get_fd(run->monitor),
			     run_handle_links, run);
	return r < 0 ? say(NULL, r) : 0;
}

static int say_ring(const struct run *run, uint32_t i_interface, int error)
{
	const char *name = i_interface < run->n_interfaces
				   ? run->interfaces[i_interface].link.name
				   : NULL;

	if (error == -EPERM || error == -EACCES)
		output_error(name, "packets may not be read without CAP_NET_RAW: run "
				   "mwatch as root, or setcap cap_net_raw+ep its file");
	else if (error == -ENOMEM)
		output_error(name, "no memory for the ring: try a smaller --ring, or "
				   "fewer --flows");
	else
		output_error(name, "%s", strerror(-error));
	return error;
}

static int open_counting(struct run *run, const struct msf_interface *interfaces)
{
	const struct options *options = run->options;
	struct counting_settings settings = {
		.interfaces = interfaces,
		.n_interfaces = run->n_interfaces,
		.groups = options->groups,
		.n_groups = options->n_groups,
		.ring_size = options->ring_size,
		.has_all_multicast = options->has_all_multicast,
		.flow = options->flow,
	};
	uint32_t i_interface = run->n_interfaces;
	int r;

	settings.flow.n_interfaces = run->n_interfaces;
	r = counting_new(&run->counting, &settings, &i_interface);
	return r < 0 ? say_ring(run, i_interface, r) : 0;
}

struct hold_call {
	struct hold **ret;
	const struct hold_settings *settings;
};

static int call_hold(void *data)
{
	const struct hold_call *call = data;

	return hold_new(call->ret, call->settings);
}

/* The library tells msfd of joins in a thread of its own, which is to have no rights. */
static int hold_without_rights(struct run *run, const struct hold_settings *settings)
{
	struct hold_call call = { &run->hold, settings };
	struct looker *looker;
	int r = looker_new(&looker, false);

	if (r < 0)
		return say("capabilities cannot be given up", r);
	r = looker_call(looker, call_hold, &call);
	looker_free(looker);
	return r;
}

static int open_hold(struct run *run, const struct msf_interface *interfaces)
{
	const struct options *options = run->options;
	const struct hold_settings settings = {
		.interfaces = interfaces,
		.n_interfaces = run->n_interfaces,
		.groups = options->groups,
		.n_groups = options->n_groups,
		.fmode = options->fmode,
		.numsrc = options->n_sources,
		.slist = options->sources,
	};

	return options->is_join ? hold_without_rights(run, &settings) : 0;
}

static int say_process(pid_t pid, int error)
{
	char what[32];

	snprintf(what, sizeof(what), "--pid: %d", (int)pid);
	if (error == -ESRCH)
		output_error(what, "no such process");
	else if (error == -EPERM)
		output_error(what, "its sockets may not be looked at: run mwatch as root "
				   "or as its user");
	else if (error == -EXDEV)
		output_error(what,
			     "it lives in another network namespace: nsenter --net "
			     "--target %d mwatch ...",
			     (int)pid);
	else
		output_error(what, "%s", strerror(-error));
	return error;
}

static int open_verdict(struct run *run, const struct msf_interface *interfaces)
{
	const struct options *options = run->options;
	const struct verdict_settings settings = {
		.pid = options->pid,
		.hold = run->hold,
		.interfaces = interfaces,
		.n_interfaces = run->n_interfaces,
	};
	const struct delivered_settings delivered = {
		.pid = options->pid,
		.interfaces = interfaces,
		.n_interfaces = run->n_interfaces,
	};
	int r = verdict_new(&run->verdict, &settings);

	if (r < 0)
		return options->pid ? say_process(options->pid, r) : say("filters", r);
	if (options->pid && !verdict_has_memberships(run->verdict))
		output_warning("--pid",
			       "process %d holds no membership with a UDP socket",
			       (int)options->pid);
	if (options->is_delivered)
		r = delivered_new(&run->delivered, &delivered);
	return r < 0 ? say("--delivered", r) : 0;
}

static int open_vantage(struct run *run)
{
	struct msf_interface *interfaces = calloc(run->n_interfaces, sizeof(*interfaces));
	int r;

	if (!interfaces)
		return say(NULL, -ENOMEM);
	for (uint32_t i = 0; i < run->n_interfaces; i++)
		interfaces[i] = run->interfaces[i].link;
	r = open_counting(run, interfaces);
	if (r == 0)
		r = open_hold(run, interfaces);
	if (r == 0)
		r = open_verdict(run, interfaces);
	free(interfaces);
	return r;
}

static struct run_sink *add_sink(struct run *run, const char *name)
{
	struct run_sink *sink = &run->sinks[run->n_sinks++];

	*sink = (struct run_sink){ .name = name };
	return sink;
}

/* Opening a FIFO waits for its reader, and a signal is to end that. */
static int open_record(struct run *run)
{
	const char *path = run->options->record;
	struct run_sink *added;
	sigset_t none, before;
	struct sink sink;
	int r;

	if (!path)
		return 0;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, &before);
	r = record_new(&sink, path);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (r < 0)
		return r;
	added = add_sink(run, path);
	added->sink = sink;
	added->is_record = true;
	added->writer = record_get_writer(&added->sink);
	return 0;
}

static int open_listener(struct run *run)
{
	const char *address = run->options->listen;
	struct sink sink;
	int r = address ? metrics_http_new(&sink, address) : 0;

	if (address && r == 0)
		add_sink(run, "--listen")->sink = sink;
	return r;
}

static int open_textfile(struct run *run)
{
	const char *path = run->options->textfile;
	struct sink sink;
	int r = path ? metrics_textfile_new(&sink, path) : 0;

	if (path && r == 0)
		add_sink(run, path)->sink = sink;
	return r;
}

static void add_title(struct run *run, const char *format, const char *text)
{
	size_t len = strlen(run->title);

	snprintf(run->title + len, sizeof(run->title) - len, format, text);
}

static void make_title(struct run *run)
{
	const struct options *options = run->options;
	char text[ENDPOINT_TEXT_MAX];

	for (uint32_t i = 0; i < run->n_interfaces; i++)
		add_title(run, i ? " %s" : "%s", run->interfaces[i].link.name);
	for (uint32_t i = 0; i < options->n_groups; i++) {
		endpoint_format(&options->groups[i], text, sizeof(text));
		add_title(run, i ? " %s" : ", %s", text);
	}
	if (options->is_join)
		add_title(run, "%s", ", joined");
	if (options->pid) {
		snprintf(text, sizeof(text), "%d", (int)options->pid);
		add_title(run, ", verdict of process %s", text);
	}
	utf8_clean(run->title, run->title, sizeof(run->title));
}

static int open_live(struct run *run, struct sink *ret)
{
	const struct options *options = run->options;
	const struct live_settings settings = {
		.loop = run->loop,
		.order = options->order,
		.interval_ms = options->interval_ms,
		.title = run->title,
		.has_names = options->has_names,
	};
	int r;

	make_title(run);
	r = aside_start(&run->aside);
	if (r == 0)
		r = live_new(ret, &settings);
	if (r < 0)
		aside_stop(&run->aside);
	return r;
}

static void add_view(struct run *run, const struct sink *sink)
{
	struct run_sink *added = add_sink(run, "view");

	added->sink = *sink;
	added->is_view = true;
	added->writer = outlet_get_writer(run->outlet);
}

/* So that something stays on the terminal when the live view has left it. */
static int open_farewell(struct run *run, const struct view_settings *settings)
{
	struct view_settings few = *settings;
	struct winsize size;
	struct sink sink;
	int r;

	if (!few.top)
		few.top = FAREWELL_ROWS;
	few.is_farewell = true;
	few.is_narrow = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
			size.ws_col < FAREWELL_COLUMNS;
	r = view_text_new(&sink, &few);
	if (r < 0)
		return say("view", r);
	sink.put = NULL;
	add_view(run, &sink);
	return 0;
}

static int open_view(struct run *run)
{
	const struct options *options = run->options;
	const struct view_settings settings = {
		.outlet = run->outlet,
		.top = options->top,
		.has_names = options->has_names,
		.explain = delivered_explain,
	};
	enum options_view view = options->view;
	struct sink sink;
	int r = view == OPTIONS_LIVE ? open_live(run, &sink) : 0;

	/* The terminal is none that a full screen can be shown on. */
	if (r == -ENOTTY)
		view = OPTIONS_TEXT;
	if (view == OPTIONS_QUIET)
		return 0;
	if (view == OPTIONS_TEXT)
		r = view_text_new(&sink, &settings);
	else if (view == OPTIONS_JSON)
		r = view_json_new(&sink, &settings);
	else if (view == OPTIONS_CSV)
		r = view_csv_new(&sink, &settings);
	if (r < 0)
		return say("view", r);
	add_view(run, &sink);
	return view == OPTIONS_LIVE ? open_farewell(run, &settings) : 0;
}

/* The filters of another process need looking at it, and so do those of the host where
 * the kernel does not know them. */
static int give_up_rights(struct run *run)
{
	bool is_looking = run->options->pid ||
			  (!run->hold && msf_probe_backend(run->msf) == MSF_BACKEND_ASM);
	int r = is_looking ? looker_new(&run->looker, true) : 0;

	return r == 0 ? privilege_drop(false) : r;
}

int run_open(struct run *run)
{
	int r;

	signal(SIGPIPE, SIG_IGN);
	r = open_library(run);
	if (r == 0)
		r = run_find_interfaces(run);
	if (r == 0)
		r = open_loop(run);
	if (r == 0)
		r = open_vantage(run);
	if (r == 0)
		r = open_record(run);
	if (r == 0)
		r = open_listener(run);
	if (r < 0)
		return r;
	r = give_up_rights(run);
	if (r < 0)
		return say("capabilities cannot be given up", r);
	/* What is written again and again must be possible without them. */
	r = open_textfile(run);
	return r == 0 ? open_view(run) : r;
}
