/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session: a connection with msfd (see agent-session.h).
 *
 * Invariant: an error that was said comes back as -ECANCELED, so that it is said once.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent-session.h"
#include "environment.h"
#include "jsonline.h"
#include "output.h"
#include "standard.h"

void session_options_fini(struct session_options *options)
{
	free(options->socket);
	*options = (struct session_options){ 0 };
}

static int open_library(struct msf **ret, const struct session_options *options)
{
	struct msf_config *config = NULL;
	int r = msf_config_new(&config);

	if (!r && options->socket && msf_config_set_agent(config, options->socket) < 0) {
		output_error("--socket", "must be the path of a Unix socket");
		msf_config_free(config);
		return -EINVAL;
	}
	if (!r)
		r = msf_new(ret, config);
	msf_config_free(config);
	return environment_judge(r);
}

/* Which agent was chosen; NULL: nobody has. */
static const char *get_choice(const struct session_options *options)
{
	const char *value = secure_getenv("MSF_AGENT");

	if (options->socket)
		return options->socket;
	return value && *value ? value : NULL;
}

static void say_absent(const char *choice)
{
	if (!choice)
		output_error("agent", "none runs in this network namespace: start msfd, "
				      "or see MSF_AGENT");
	else if (!strcmp(choice, "off"))
		output_error("agent",
			     "MSF_AGENT or --socket is off, so that none is asked");
	else
		output_error("agent",
			     "nobody listens at %s: start msfd there, or see "
			     "MSF_AGENT and --socket",
			     choice);
}

static void say_unreachable(const char *choice, int error)
{
	switch (error) {
	case -ECONNREFUSED:
		say_absent(choice);
		break;
	case -EACCES:
		output_error("agent", "its socket%s%s may not be used: run it as root",
			     choice ? " " : "", choice ? choice : "");
		break;
	case -EPROTO:
		output_error("agent", "msfd is of another version than msfctl: restart "
				      "it, or update what is older");
		break;
	case -EPROTOTYPE:
	case -EBADMSG:
		output_error("agent", "what listens there is not msfd");
		break;
	case -EUSERS:
		output_error("agent", "msfd has as many connections as it takes: its "
				      "configuration has the limits, clients and "
				      "user-clients");
		break;
	default:
		session_say(NULL, "agent", error);
	}
}

int session_open(struct msf_agent **ret, const struct session_options *options)
{
	struct msf *msf = NULL;
	int r = open_library(&msf, options);

	if (r < 0)
		return r;
	r = msf_agent_new(ret, msf);
	msf_free(msf);
	if (r < 0)
		say_unreachable(get_choice(options), r);
	return r;
}

int session_say(const struct msf_agent *agent, const char *what, int error)
{
	const char *reason = agent ? msf_agent_get_reason(agent) : NULL;

	if (!what)
		what = "agent";
	if (reason)
		output_error(what, "%s", reason);
	else if (error == -ETIMEDOUT)
		output_error(what, "msfd does not answer: is it stopped?");
	else if (error == -ECONNRESET)
		output_error(what, "msfd has ended the connection");
	else
		output_error(what, "%s", strerror(-error));
	return error;
}

static int read_row(const char *text, size_t len, session_reader *reader, void *context)
{
	json_t *row = json_loadb(text, len, 0, NULL);
	int r;

	if (!json_is_object(row)) {
		json_decref(row);
		output_error("agent", "a row of msfd is no JSON object");
		return -ECANCELED;
	}
	r = reader(context, row);
	json_decref(row);
	return r;
}

int session_read(struct msf_agent *agent, enum msf_agent_subject subject,
		 session_reader *reader, void *context)
{
	const char *text;
	size_t len;
	int r = msf_agent_ask(agent, subject), answer = 0;

	while (!r) {
		r = msf_agent_pop_row(agent, &text, &len);
		if (r <= 0)
			break;
		answer = r = read_row(text, len, reader, context);
	}
	if (answer)
		return answer;
	if (r < 0) {
		session_say(agent, NULL, r);
		return -ECANCELED;
	}
	return 0;
}

int session_print_json(void *context, json_t *row)
{
	json_t *object = jsonline_new(NULL, NULL);

	(void)context;
	if (object && json_object_update(object, row) < 0) {
		json_decref(object);
		object = NULL;
	}
	return jsonline_write(object, stdout);
}

int session_report(int error)
{
	if (error < 0 && error != -ECANCELED && !standard_say_output(error))
		output_error(NULL, "%s", strerror(-error));
	return error < 0 ? OUTPUT_FAILED : OUTPUT_DONE;
}

static int print(const struct session_options *options, enum msf_agent_subject subject,
		 int (*print_text)(struct msf_agent *agent))
{
	struct msf_agent *agent;
	int r = session_open(&agent, options);

	if (r < 0)
		return OUTPUT_FAILED;
	r = options->is_json ? session_read(agent, subject, session_print_json, NULL)
			     : print_text(agent);
	msf_agent_free(agent);
	return session_report(r);
}

int session_run(const struct verb *verb, int argc, const char **argv,
		enum msf_agent_subject subject,
		int (*print_text)(struct msf_agent *agent))
{
	struct session_options options = { 0 };
	const struct poptOption table[] = { SESSION_OPTIONS(&options),
					    POPT_AUTOHELP POPT_TABLEEND };
	const char **words;
	poptContext context;
	int n, r = options_read(&context, verb, table, argc, argv, &words, &n);

	if (!r && n) {
		output_error(words[0], "%s takes options only", verb->name);
		r = -EINVAL;
	}
	r = r < 0 ? (int)output_get_status(r) : print(&options, subject, print_text);
	options_free(context);
	session_options_fini(&options);
	return r;
}
