/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msfctl agent stats: the counters of msfd, as "netstat -s" prints those of a kernel, as
 * JSON, and for monitoring systems.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent-metrics.h"
#include "agent-row.h"
#include "agent-session.h"
#include "agent.h"
#include "output.h"
#include "utf8.h"

#define TEXT_MAX 256

/* The protocol whose lines are being printed. */
struct heading {
	char protocol[ROW_NUMBER_MAX];
};

static int print_line(void *context, json_t *row)
{
	struct heading *heading = context;
	const char *protocol = row_show(row, "protocol");
	char text[TEXT_MAX];

	if (strcmp(heading->protocol, protocol) != 0) {
		snprintf(heading->protocol, sizeof(heading->protocol), "%s", protocol);
		utf8_clean(protocol, text, sizeof(text));
		printf("%s:\n", text);
	}
	utf8_clean(row_show(row, "help"), text, sizeof(text));
	printf("\t%s %s\n", row_format(row, "value").text, text);
	return ferror(stdout) ? -EIO : 0;
}

static int print(struct msf_agent *agent, bool is_json, bool is_openmetrics)
{
	struct heading heading = { "" };
	int r;

	if (is_json)
		return session_read(agent, MSF_AGENT_STATS, session_print_json, NULL);
	if (!is_openmetrics)
		return session_read(agent, MSF_AGENT_STATS, print_line, &heading);
	r = session_read(agent, MSF_AGENT_STATS, metrics_print, stdout);
	return r < 0 ? r : metrics_end(stdout);
}

static int stats(const struct session_options *options, bool is_openmetrics)
{
	struct msf_agent *agent;
	int r = session_open(&agent, options);

	if (r < 0)
		return OUTPUT_FAILED;
	r = print(agent, options->is_json, is_openmetrics);
	msf_agent_free(agent);
	return session_report(r);
}

static int check(const struct session_options *options, int is_openmetrics,
		 const char **words)
{
	if (words[0])
		output_error(words[0], "stats takes options only");
	else if (options->is_json && is_openmetrics)
		output_error("--openmetrics", "either that or --json");
	else
		return 0;
	return -EINVAL;
}

static int run(const struct verb *verb, int argc, const char **argv)
{
	struct session_options options = { 0 };
	int is_openmetrics = 0;
	const struct poptOption table[] = {
		{ "openmetrics", 'm', POPT_ARG_NONE, &is_openmetrics, 0,
		  "as OpenMetrics, for monitoring systems", NULL },
		SESSION_OPTIONS(&options),
		POPT_AUTOHELP POPT_TABLEEND
	};
	const char **words;
	poptContext context;
	int n, r = options_read(&context, verb, table, argc, argv, &words, &n);

	if (!r)
		r = check(&options, is_openmetrics, words);
	r = r < 0 ? (int)output_get_status(r) : stats(&options, is_openmetrics);
	options_free(context);
	session_options_fini(&options);
	return r;
}

const struct verb agent_stats_command = { "stats", "",
					  "what msfd has received, sent and refused",
					  run };
