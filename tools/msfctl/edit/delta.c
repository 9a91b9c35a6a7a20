/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delta: join, leave, join-source, leave-source, block and unblock (RFC 3678 4.1, 5.1)
 * on a socket of another process.
 */

#include <msf.h>

#include "edit.h"
#include "options.h"
#include "output.h"
#include "verb.h"

struct delta {
	const struct verb *verb;
	enum msf_verb request;
	bool has_source;
	bool is_creating; /* may be the first word about a group */
};

static const struct delta deltas[] = {
	{ &join_verb, MSF_JOIN_GROUP, false, true },
	{ &leave_verb, MSF_LEAVE_GROUP, false, false },
	{ &join_source_verb, MSF_JOIN_SOURCE, true, true },
	{ &leave_source_verb, MSF_LEAVE_SOURCE, true, false },
	{ &block_verb, MSF_BLOCK_SOURCE, true, false },
	{ &unblock_verb, MSF_UNBLOCK_SOURCE, true, false },
};

static const struct delta *find_delta(const struct verb *verb)
{
	const struct delta *delta = deltas;

	while (delta->verb != verb)
		delta++;
	return delta;
}

static int apply(const struct edit_options *options, const struct target_query *query,
		 const struct delta *delta, const char *interface,
		 const struct sockaddr_storage *source)
{
	struct edit edit = { .is_json = options->is_json };
	int r = edit_open(&edit, query, interface), status = OUTPUT_FAILED;

	if (!r) {
		struct msf_request request = edit_get_request(&edit, delta->request);

		request.source = (const struct sockaddr *)source;
		r = msf_apply_request(NULL, edit.target.fd, &request);
		status = r < 0 ? edit_refuse(&edit, &request, r)
			       : edit_answer(&edit, &request);
	}
	edit_close(&edit);
	return status;
}

static int run_words(const struct edit_options *options, const struct verb *verb,
		     const char **words, int n)
{
	const struct delta *delta = find_delta(verb);
	struct target_query query = { .is_creating = delta->is_creating };
	struct sockaddr_storage group, source;

	if (edit_options_parse(options, &query) < 0)
		return OUTPUT_USAGE;
	if (n != 2 + delta->has_source) {
		output_error(verb->name, "its arguments are %s", verb->arguments);
		return OUTPUT_USAGE;
	}
	if (options_parse_group(words[0], &group) < 0 ||
	    (delta->has_source && options_parse_source(words[2], &source) < 0))
		return OUTPUT_USAGE;
	query.group = &group;
	query.interface = words[1];
	return apply(options, &query, delta, words[1], &source);
}

static int run(const struct verb *verb, int argc, const char **argv)
{
	return edit_run(run_words, verb, argc, argv);
}

const struct verb join_verb = { "join", "-p PID GROUP IFACE",
				"join a group for every source", run };

const struct verb leave_verb = { "leave", "-p PID GROUP IFACE", "leave it", run };

const struct verb join_source_verb = { "join-source", "-p PID GROUP IFACE SOURCE",
				       "join one source", run };

const struct verb leave_source_verb = { "leave-source", "-p PID GROUP IFACE SOURCE",
					"leave one source", run };

const struct verb block_verb = { "block", "-p PID GROUP IFACE SOURCE", "block a source",
				 run };

const struct verb unblock_verb = { "unblock", "-p PID GROUP IFACE SOURCE", "unblock it",
				   run };
