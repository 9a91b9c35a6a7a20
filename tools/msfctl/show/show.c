/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show: who on this host joined what, with which filter (RFC 3678), and what came of
 * it on each interface (RFC 3376 3.2).
 *
 * Invariant: the options are read whole before anything is looked at.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "environment.h"
#include "options.h"
#include "output.h"
#include "show.h"
#include "standard.h"
#include "verb.h"

struct words {
	char *pid, *interface, *group, *source, *listen;
	int is_interfaces, is_here, is_json, is_whole;
};

int show_end(int r)
{
	if (r >= 0)
		return OUTPUT_DONE;
	if (!standard_say_output(r))
		output_error("show", "%s", strerror(-r));
	return OUTPUT_FAILED;
}

static int usage_error(const char *what, const char *why)
{
	output_error(what, "%s", why);
	return -EINVAL;
}

static int check_words(const struct words *words, const char **arguments)
{
	if (arguments[0])
		return usage_error(arguments[0],
				   "nothing is expected here; did you mean --interface "
				   "or --group?");
	if (words->is_interfaces && words->pid)
		return usage_error("--pid", "not with --interfaces");
	if (words->is_interfaces && words->source)
		return usage_error("--source", "not with --interfaces");
	if (words->is_interfaces && words->is_here)
		return usage_error("--here", "--interfaces are always those of here");
	if (!words->is_interfaces && words->listen)
		return usage_error("--listen", "only with --interfaces");
	return 0;
}

static int read_filter(struct show_filter *filter, const struct words *words)
{
	int r = show_filter_init(filter);

	if (!r && words->group)
		r = show_filter_set_group(filter, words->group);
	if (!r && words->source)
		r = show_filter_set_source(filter, words->source);
	if (!r && words->group && words->source &&
	    filter->group.ss_family != filter->source.ss_family)
		r = usage_error(words->source, "not of the same family as the group");
	if (!r && words->interface)
		r = show_filter_set_interface(filter, words->interface);
	return r;
}

static void free_words(struct words *words)
{
	free(words->pid);
	free(words->interface);
	free(words->group);
	free(words->source);
	free(words->listen);
}

static int read_words(struct show *show, const struct words *words,
		      const char **arguments)
{
	int r = check_words(words, arguments);

	show->is_here = words->is_here;
	show->is_json = words->is_json;
	show->is_whole = words->is_whole;
	if (!r && words->pid)
		r = options_parse_pid(words->pid, &show->pid);
	if (!r && words->listen)
		r = options_parse_seconds("--listen", words->listen, &show->listen_ms);
	return r ? r : read_filter(&show->filter, words);
}

static int run(const struct verb *verb, int argc, const char **argv)
{
	struct words words = { 0 };
	const struct poptOption table[] = {
		{ "pid", 'p', POPT_ARG_STRING, &words.pid, 0, "only what process PID has",
		  "PID" },
		{ "interface", 'i', POPT_ARG_STRING, &words.interface, 0,
		  "only on this interface", "NAME|INDEX" },
		{ "group", 'g', POPT_ARG_STRING, &words.group, 0,
		  "only this group, or those of a prefix", "GROUP[/BITS]" },
		{ "source", 's', POPT_ARG_STRING, &words.source, 0,
		  "only filters that name this source", "SOURCE" },
		{ "here", 'H', POPT_ARG_NONE, &words.is_here, 0,
		  "only sockets of this network namespace", NULL },
		{ "all", 'a', POPT_ARG_NONE, &words.is_whole, 0,
		  "every source and every holder, nothing shortened", NULL },
		{ "interfaces", 'I', POPT_ARG_NONE, &words.is_interfaces, 0,
		  "what each interface wants, of all sockets together", NULL },
		{ "listen", 'l', POPT_ARG_STRING, &words.listen, 0,
		  "with --interfaces: listen so long for queriers", "SECONDS" },
		OPTIONS_JSON(&words.is_json),
		POPT_AUTOHELP POPT_TABLEEND,
	};
	struct show show = { 0 };
	const char **arguments;
	poptContext context;
	int n, r = options_read(&context, verb, table, argc, argv, &arguments, &n);

	if (!r)
		r = read_words(&show, &words, arguments);
	if (r == -EINVAL)
		r = OUTPUT_USAGE;
	else if (r < 0 || environment_check() < 0)
		r = OUTPUT_FAILED;
	else
		r = words.is_interfaces ? show_interfaces(&show) : show_sockets(&show);
	options_free(context);
	free_words(&words);
	return r;
}

const struct verb show_verb = { "show", "[--interfaces]",
				"who on this host joined what, with which filter", run };
