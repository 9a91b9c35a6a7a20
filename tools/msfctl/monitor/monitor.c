/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msfctl monitor: one line for every change of memberships on the host, and of what
 * they depend on, as it happens.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "environment.h"
#include "monitor-run.h"
#include "options.h"
#include "output.h"
#include "verb.h"

#define INTERVAL_MS     1000
#define INTERVAL_MIN_MS 10

/* The words of the options. */
struct words {
	char *interval, *count, *duration; /* owned */
	int is_json, is_initial;
};

static int too_little(const char *name, const char *why)
{
	output_error(name, "%s", why);
	return -EINVAL;
}

static int read_words(struct monitor_options *options, const struct words *words)
{
	int r = 0;

	options->is_json = words->is_json;
	options->is_initial = words->is_initial;
	options->interval_ms = INTERVAL_MS;
	if (words->interval) {
		r = options_parse_seconds("--interval", words->interval,
					  &options->interval_ms);
		if (r == 0 && options->interval_ms < INTERVAL_MIN_MS)
			r = too_little("--interval", "too short, 0.01 s at least");
	}
	if (r == 0 && words->count) {
		r = options_parse_number("--count", words->count, UINT64_MAX,
					 &options->count);
		if (r == 0 && options->count == 0)
			r = too_little("--count", "must be 1 at least");
	}
	if (r == 0 && words->duration) {
		r = options_parse_seconds("--duration", words->duration,
					  &options->duration_ms);
		if (r == 0 && options->duration_ms == 0)
			r = too_little("--duration", "must be longer than 0");
	}
	return r;
}

static int run_on(struct monitor_options *options, const char **arguments, size_t n)
{
	char(*names)[IF_NAMESIZE] = n ? calloc(n, sizeof(*names)) : NULL;
	int status = OUTPUT_FAILED, r = 0;

	if (n && !names) {
		output_error(NULL, "no memory");
		return OUTPUT_FAILED;
	}
	for (size_t i = 0; i < n && r == 0; i++) {
		struct msf_interface interface;

		r = options_find_interface(arguments[i], &interface);
		if (r == 0)
			memcpy(names[i], interface.name, sizeof(interface.name));
	}
	options->names = (const char(*)[IF_NAMESIZE])names;
	options->n_names = n;
	if (r == 0)
		status = monitor_run(options);
	free(names);
	return status;
}

static int run(const struct verb *verb, int argc, const char **argv)
{
	struct words words = { 0 };
	const struct poptOption table[] = {
		{ "interval", 'i', POPT_ARG_STRING, &words.interval, 0,
		  "look for changes of source lists every SEC seconds (1)", "SEC" },
		{ "count", 'n', POPT_ARG_STRING, &words.count, 0, "end after N events",
		  "N" },
		{ "duration", 'd', POPT_ARG_STRING, &words.duration, 0,
		  "end after SEC seconds", "SEC" },
		{ "initial", 'I', POPT_ARG_NONE, &words.is_initial, 0,
		  "first tell what is there, as state events", NULL },
		OPTIONS_JSON(&words.is_json),
		POPT_AUTOHELP POPT_TABLEEND,
	};
	struct monitor_options options = { 0 };
	poptContext context;
	const char **arguments;
	int n, status,
		r = options_read(&context, verb, table, argc, argv, &arguments, &n);

	if (r == 0)
		r = read_words(&options, &words);
	if (r < 0)
		status = output_get_status(r);
	else if (environment_check() < 0)
		status = OUTPUT_FAILED;
	else
		status = run_on(&options, arguments, (size_t)n);
	options_free(context);
	free(words.interval);
	free(words.count);
	free(words.duration);
	return status;
}

const struct verb monitor_verb = { "monitor", "[IFACE...]",
				   "tell every change of memberships as it happens",
				   run };
