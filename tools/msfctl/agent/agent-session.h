/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session: a connection with msfd, and its rows. What goes wrong here has been said when
 * it returns, but for what a row's reader answers.
 */
#ifndef MSFCTL_AGENT_SESSION_H
#define MSFCTL_AGENT_SESSION_H

#include <stdbool.h>

#include <jansson.h>

#include <msf.h>

#include "options.h"

/* Lines of an option table, and what popt leaves in them. Zero-initialise it. */
struct session_options {
	char *socket; /* owned */
	int is_json;
};

#define SESSION_OPTIONS(options)                                     \
	{ "socket",                                                  \
	  's',                                                       \
	  POPT_ARG_STRING,                                           \
	  &(options)->socket,                                        \
	  0,                                                         \
	  "of the msfd to ask, else that of this network namespace", \
	  "PATH" },                                                  \
		OPTIONS_JSON(&(options)->is_json)

void session_options_fini(struct session_options *options);

/* Connects. 0 or -errno; msf_agent_free() ends it. */
int session_open(struct msf_agent **ret, const struct session_options *options);

/* One row, of which *row is a borrowed reference. 0; or anything else, which ends the
 * reading and is session_read()'s answer. */
typedef int session_reader(void *context, json_t *row);

/* Asks, and reads each row. 0 or -errno. */
int session_read(struct msf_agent *agent, enum msf_agent_subject subject,
		 session_reader *reader, void *context);

/* Says why the request about `what` was refused with this -errno; NULL: about nothing in
 * particular. Always error. */
int session_say(const struct msf_agent *agent, const char *what, int error);

/* A session_reader that prints the row as a JSON line, with its time. */
int session_print_json(void *context, json_t *row);

/* For an error of a reader; an exit status. */
int session_report(int error);

/* A command that takes no arguments, and is about one subject: prints its rows as text,
 * or as JSON. An exit status. */
int session_run(const struct verb *verb, int argc, const char **argv,
		enum msf_agent_subject subject,
		int (*print_text)(struct msf_agent *agent));

#endif
