/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msfctl agent tune: the tunables of msfd, shown and set as sysctl(8) does with those of
 * the kernel.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent-row.h"
#include "agent-session.h"
#include "agent.h"
#include "output.h"
#include "utf8.h"

#define NAME_LENGTH_MAX 64
#define LINE_LENGTH_MAX 512

struct tune {
	struct session_options session;
	char name[NAME_LENGTH_MAX]; /* empty: all of them */
	bool has_value;
	uint64_t value;
	bool is_found, is_told; /* of the name, while it is looked for */
};

static int print_line(const json_t *row)
{
	const char *unit = row_get_text(row, "unit");
	char line[LINE_LENGTH_MAX];

	snprintf(line, sizeof(line), "%s = %s  (%s, %s..%s%s%s)  %s",
		 row_show(row, "name"), row_format(row, "value").text,
		 row_format(row, "default").text, row_format(row, "min").text,
		 row_format(row, "max").text, unit && *unit ? " " : "", unit ? unit : "",
		 row_show(row, "help"));
	utf8_clean(line, line, sizeof(line));
	puts(line);
	return ferror(stdout) ? -EIO : 0;
}

static int print_row(void *context, json_t *row)
{
	struct tune *tune = context;

	if (*tune->name && strcmp(row_show(row, "name"), tune->name) != 0)
		return 0;
	tune->is_found = true;
	return tune->session.is_json ? session_print_json(NULL, row) : print_line(row);
}

static void say_unknown(const struct tune *tune)
{
	output_error(tune->name, "no such tunable; msfctl agent tune lists them");
}

static int print(struct tune *tune, struct msf_agent *agent)
{
	int r = session_read(agent, MSF_AGENT_TUNABLES, print_row, tune);

	if (r || tune->is_found || !*tune->name)
		return r;
	say_unknown(tune);
	return -ECANCELED;
}

static int say_range(void *context, json_t *row)
{
	struct tune *tune = context;

	if (strcmp(row_show(row, "name"), tune->name) != 0)
		return 0;
	tune->is_told = true;
	output_error(tune->name, "must be from %s to %s", row_format(row, "min").text,
		     row_format(row, "max").text);
	return 0;
}

static int set(struct tune *tune, struct msf_agent *agent)
{
	int r = msf_agent_set_tunable(agent, tune->name, tune->value);

	if (r == -ENOENT)
		say_unknown(tune);
	else if (r == -EPERM)
		output_error(tune->name, "only root and msfd's own user may set it: run "
					 "it as root");
	else if (r == -ERANGE)
		(void)session_read(agent, MSF_AGENT_TUNABLES, say_range, tune);
	else if (r < 0)
		session_say(agent, tune->name, r);
	if (r == -ERANGE && !tune->is_told)
		session_say(NULL, tune->name, r);
	return r < 0 ? -ECANCELED : 0;
}

static int carry_out(struct tune *tune)
{
	struct msf_agent *agent;
	int r = session_open(&agent, &tune->session);

	if (r < 0)
		return OUTPUT_FAILED;
	if (tune->has_value)
		r = set(tune, agent);
	if (!r)
		r = print(tune, agent);
	msf_agent_free(agent);
	return session_report(r);
}

/* NAME, NAME=VALUE, NAME VALUE */
static int read_words(struct tune *tune, const struct verb *verb, const char **words,
		      int n)
{
	const char *name = n ? words[0] : "", *value = n > 1 ? words[1] : NULL;
	size_t length = strcspn(name, "=");

	if (n > 2 || (n == 2 && name[length])) {
		output_error(verb->name, "its arguments are %s", verb->arguments);
		return -EINVAL;
	}
	if (n && (!length || length >= sizeof(tune->name))) {
		output_error(name, "not a name of a tunable");
		return -EINVAL;
	}
	memcpy(tune->name, name, length);
	if (name[length])
		value = name + length + 1;
	tune->has_value = value;
	return value ? options_parse_number(tune->name, value, UINT64_MAX, &tune->value)
		     : 0;
}

static int run(const struct verb *verb, int argc, const char **argv)
{
	struct tune tune = { 0 };
	const struct poptOption table[] = { SESSION_OPTIONS(&tune.session),
					    POPT_AUTOHELP POPT_TABLEEND };
	const char **words;
	poptContext context;
	int n, r = options_read(&context, verb, table, argc, argv, &words, &n);

	if (!r)
		r = read_words(&tune, verb, words, n);
	r = r < 0 ? (int)output_get_status(r) : carry_out(&tune);
	options_free(context);
	session_options_fini(&tune.session);
	return r;
}

const struct verb agent_tune_command = { "tune", "[NAME [VALUE]]",
					 "show tunables, or set one", run };
