/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msfctl agent join, leave: what this host is to receive without a program that asks for
 * it.
 *
 * Invariant: the answer to a join is what msfd then has, not what was asked for.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent-row.h"
#include "agent-session.h"
#include "agent.h"
#include "endpoint.h"
#include "jsonline.h"
#include "output.h"
#include "utf8.h"

#define NAME_LENGTH_MAX (ENDPOINT_TEXT_MAX + 32)

struct wish {
	struct session_options session;
	int is_exclude;
	bool is_leaving;
	const char *interface;
	struct sockaddr_storage group;
	char group_text[ENDPOINT_TEXT_MAX];
	char name[NAME_LENGTH_MAX]; /* "232.1.1.1 on eth0" */
	uint32_t n_sources;
	struct sockaddr_storage *sources; /* owned */
};

/* "any source", "include 10.9.0.1,10.9.0.2" */
static int print_filter(const struct wish *wish, const json_t *row)
{
	char *sources;
	int r = row_format_sources(row, true, &sources);

	if (r < 0)
		return r;
	if (sources)
		printf("%s: %s %s\n", wish->name, row_show(row, "mode"), sources);
	else
		printf("%s: any source\n", wish->name);
	free(sources);
	return ferror(stdout) ? -EIO : 0;
}

static bool is_ours(const struct wish *wish, const json_t *row)
{
	return !strcmp(row_show(row, "kind"), "static") &&
	       !strcmp(row_show(row, "interface"), wish->interface) &&
	       !strcmp(row_show(row, "group"), wish->group_text);
}

static int print_join(void *context, json_t *row)
{
	const struct wish *wish = context;

	if (!is_ours(wish, row))
		return 0;
	if (!row_is_known(row, "ifindex"))
		output_warning(wish->name, "there is no such interface now: it is joined "
					   "when it comes");
	return wish->session.is_json ? session_print_json(NULL, row)
				     : print_filter(wish, row);
}

/* As a row of msfd would be, if it told what is no more. */
static json_t *new_left(const struct wish *wish)
{
	return json_pack("{s:s, s:n, s:n, s:n, s:s, s:o, s:n, s:s, s:s, s:[], s:b, s:b}",
			 "kind", "static", "socket", "pid", "uid", "family",
			 wish->group.ss_family == AF_INET ? "ipv4" : "ipv6", "interface",
			 jsonline_new_text(wish->interface), "ifindex", "group",
			 wish->group_text, "mode", "include", "sources", "configured", 0,
			 "left", 1);
}

static int print_left(const struct wish *wish)
{
	json_t *row;
	int r;

	if (!wish->session.is_json)
		return printf("%s: left\n", wish->name) < 0 ? -errno : 0;
	row = new_left(wish);
	r = row ? session_print_json(NULL, row) : -ENOMEM;
	json_decref(row);
	return r;
}

static void say_refused(const struct wish *wish, const struct msf_agent *agent, int error)
{
	if (error == -EPERM)
		output_error(wish->name, "only root and msfd's own user may do that: run "
					 "it as root");
	else if (error == -ENOENT)
		output_error(wish->name, "there is no such static join; msfctl agent "
					 "show lists them");
	else if (error == -EINVAL && !msf_agent_get_reason(agent))
		output_error(wish->name, "a source is given twice, or cannot be one");
	else
		session_say(agent, wish->name, error);
}

static int set(struct wish *wish, struct msf_agent *agent)
{
	int r = msf_agent_set_static(agent, wish->interface,
				     (const struct sockaddr *)&wish->group,
				     wish->is_exclude ? MCAST_EXCLUDE : MCAST_INCLUDE,
				     wish->n_sources, wish->sources);

	if (r < 0) {
		say_refused(wish, agent, r);
		return -ECANCELED;
	}
	if (wish->is_leaving)
		return print_left(wish);
	return session_read(agent, MSF_AGENT_MEMBERSHIPS, print_join, wish);
}

static int carry_out(struct wish *wish)
{
	struct msf_agent *agent;
	int r = session_open(&agent, &wish->session);

	if (r < 0)
		return OUTPUT_FAILED;
	r = set(wish, agent);
	msf_agent_free(agent);
	return session_report(r);
}

static int read_sources(struct wish *wish, const char **words, int n)
{
	int r = 0;

	wish->sources = calloc((size_t)n + 1, sizeof(*wish->sources));
	if (!wish->sources) {
		output_error(NULL, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	for (int i = 0; i < n && !r; i++) {
		r = options_parse_source(words[i], &wish->sources[i]);
		if (!r && wish->sources[i].ss_family != wish->group.ss_family) {
			output_error(words[i], "not of the same family as the group");
			r = -EINVAL;
		}
	}
	wish->n_sources = (uint32_t)n;
	return r;
}

/* No source at all: every source is wanted, which is EXCLUDE {}. */
static int read_join(struct wish *wish, const char **words, int n)
{
	int r = read_sources(wish, words, n);

	if (!r && wish->is_exclude && !n) {
		output_error("--exclude", "which source is not wanted?");
		r = -EINVAL;
	}
	if (!n)
		wish->is_exclude = 1;
	return r;
}

static int read_words(struct wish *wish, const struct verb *verb, const char **words,
		      int n)
{
	int r;

	if (n < 2 || (wish->is_leaving && n > 2)) {
		output_error(verb->name, "its arguments are %s", verb->arguments);
		return -EINVAL;
	}
	r = options_parse_group(words[0], &wish->group);
	if (r < 0)
		return r;
	wish->interface = words[1];
	endpoint_format_address(&wish->group, wish->group_text, sizeof(wish->group_text));
	snprintf(wish->name, sizeof(wish->name), "%s on %.24s", wish->group_text,
		 wish->interface);
	utf8_clean(wish->name, wish->name, sizeof(wish->name));
	return wish->is_leaving ? 0 : read_join(wish, words + 2, n - 2);
}

static int run_table(struct wish *wish, const struct verb *verb,
		     const struct poptOption *table, int argc, const char **argv)
{
	const char **words;
	poptContext context;
	int n, r = options_read(&context, verb, table, argc, argv, &words, &n);

	if (!r)
		r = read_words(wish, verb, words, n);
	r = r < 0 ? (int)output_get_status(r) : carry_out(wish);
	options_free(context);
	session_options_fini(&wish->session);
	free(wish->sources);
	return r;
}

static int run_join(const struct verb *verb, int argc, const char **argv)
{
	struct wish wish = { 0 };
	const struct poptOption table[] = { { "exclude", 'x', POPT_ARG_NONE,
					      &wish.is_exclude, 0,
					      "every source but those named", NULL },
					    SESSION_OPTIONS(&wish.session),
					    POPT_AUTOHELP POPT_TABLEEND };

	return run_table(&wish, verb, table, argc, argv);
}

static int run_leave(const struct verb *verb, int argc, const char **argv)
{
	struct wish wish = { .is_leaving = true };
	const struct poptOption table[] = { SESSION_OPTIONS(&wish.session),
					    POPT_AUTOHELP POPT_TABLEEND };

	return run_table(&wish, verb, table, argc, argv);
}

const struct verb agent_join_command = { "join", "GROUP IFACE [SOURCE...]",
					 "join without a program: a static join",
					 run_join };

const struct verb agent_leave_command = { "leave", "GROUP IFACE", "end a static join",
					  run_leave };
