/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: the command line of mwatch (see options.h).
 *
 * Invariant: what options_parse() accepts contradicts itself nowhere; whether the
 * system can do it is seen later.
 */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <popt.h>

#include "options-value.h"
#include "output.h"
#include "value.h"

#define DEFAULT_INTERVAL_MS 1000

static const struct poptOption option_table[] = {
	{ "join", 'J', POPT_ARG_NONE, NULL, OPTION_JOIN,
	  "join the groups, and judge by these memberships", NULL },
	{ "source", 's', POPT_ARG_STRING, NULL, OPTION_INCLUDE,
	  "with --join, include: these sources only", "SOURCE[,SOURCE...]" },
	{ "exclude", 'x', POPT_ARG_STRING, NULL, OPTION_EXCLUDE,
	  "with --join, exclude: every source but these", "SOURCE[,SOURCE...]" },
	{ "pid", 'p', POPT_ARG_STRING, NULL, OPTION_PID,
	  "judge by the filters of this process", "PID" },
	{ "delivered", '\0', POPT_ARG_NONE, NULL, OPTION_DELIVERED,
	  "tell where packets vanish between wire and socket", NULL },
	{ "all-multicast", '\0', POPT_ARG_NONE, NULL, OPTION_ALL_MULTICAST,
	  "let the interfaces receive groups that nobody has joined", NULL },
	{ "loss", 'l', POPT_ARG_STRING, NULL, OPTION_LOSS, "what tells of loss (auto)",
	  "auto|rtp|ts|msend|none" },
	{ "seq", '\0', POPT_ARG_STRING, NULL, OPTION_SEQ,
	  "a sequence number in the payload tells of loss, at OFFSET:SIZE[:be|le]; a "
	  "second field is how many numbers one datagram holds",
	  "FIELD[+FIELD]" },
	{ "rtp-clock", '\0', POPT_ARG_STRING, NULL, OPTION_RTP_CLOCK,
	  "clock rate of RTP time stamps (by payload type)", "HZ" },
	{ "interval", 'i', POPT_ARG_STRING, NULL, OPTION_INTERVAL,
	  "report every SEC seconds (1)", "SEC" },
	{ "count", 'n', POPT_ARG_STRING, NULL, OPTION_COUNT, "end after N intervals",
	  "N" },
	{ "duration", 'd', POPT_ARG_STRING, NULL, OPTION_DURATION,
	  "end after SEC seconds", "SEC" },
	{ "top", 't', POPT_ARG_STRING, NULL, OPTION_TOP, "show the first N flows only",
	  "N" },
	{ "sort", 'o', POPT_ARG_STRING, NULL, OPTION_SORT, "order of the flows (rate)",
	  "KEY" },
	{ "json", 'j', POPT_ARG_NONE, NULL, OPTION_JSON, "JSON lines", NULL },
	{ "csv", '\0', POPT_ARG_NONE, NULL, OPTION_CSV, "comma-separated values", NULL },
	{ "text", '\0', POPT_ARG_NONE, NULL, OPTION_TEXT, "plain text, on a terminal too",
	  NULL },
	{ "quiet", 'q', POPT_ARG_NONE, NULL, OPTION_QUIET, "no view, only errors", NULL },
	{ "expect", 'e', POPT_ARG_STRING, NULL, OPTION_EXPECT,
	  "end with status 3 unless this flow is there; may be repeated",
	  "SOURCE,GROUP[:PORT][,MIN_PPS]" },
	{ "record", '\0', POPT_ARG_STRING, NULL, OPTION_RECORD,
	  "write the counters over time to a new FILE", "FILE" },
	{ "report", '\0', POPT_ARG_STRING, NULL, OPTION_REPORT,
	  "make a page of a record; the argument is RECORD", "FILE.html" },
	{ "listen", '\0', POPT_ARG_STRING, NULL, OPTION_LISTEN,
	  "serve OpenMetrics over HTTP (on loopback)", "[ADDR:]PORT" },
	{ "textfile", '\0', POPT_ARG_STRING, NULL, OPTION_TEXTFILE,
	  "write OpenMetrics to PATH each interval", "PATH" },
	{ "flows", '\0', POPT_ARG_STRING, NULL, OPTION_FLOWS,
	  "how many flows are kept (65536)", "N" },
	{ "ring", '\0', POPT_ARG_STRING, NULL, OPTION_RING,
	  "memory for the packets of each interface", "MIB" },
	{ "resolve", 'r', POPT_ARG_NONE, NULL, OPTION_RESOLVE,
	  "look host names up, and show them", NULL },
	{ "version", 'V', POPT_ARG_NONE, NULL, OPTION_VERSION, "show the version", NULL },
	POPT_AUTOHELP POPT_TABLEEND
};

static bool is_repeatable(enum option option)
{
	return option == OPTION_INCLUDE || option == OPTION_EXCLUDE ||
	       option == OPTION_EXPECT;
}

static const struct poptOption *find_option(enum option option)
{
	const struct poptOption *row = option_table;

	while (row->val != (int)option)
		row++;
	return row;
}

static int take_option(poptContext popt, enum option option, struct options *options,
		       bool is_given[OPTION_END])
{
	const struct poptOption *row = find_option(option);
	bool is_again = is_given[option] && !is_repeatable(option);
	char name[40], *value;
	int r;

	is_given[option] = true;
	if (option == OPTION_VERSION) {
		puts("mwatch " MSF_VERSION_STRING);
		return -ECANCELED;
	}
	if (row->argInfo == POPT_ARG_NONE)
		return 0;
	snprintf(name, sizeof(name), "--%s", row->longName);
	value = poptGetOptArg(popt);
	if (!value)
		return -ENOMEM;
	r = is_again ? value_refuse(name, "given twice")
		     : options_take_value(options, option, name, value);
	free(value);
	return r;
}

static int parse_report(struct options *options, const bool is_given[OPTION_END],
			const char **args)
{
	for (int i = 0; i < OPTION_END; i++) {
		char name[40];

		if (!is_given[i] || i == OPTION_REPORT)
			continue;
		snprintf(name, sizeof(name), "--%s",
			 find_option((enum option)i)->longName);
		return value_refuse(name, "--report reads a record and watches nothing: "
					  "mwatch --report FILE.html [RECORD]");
	}
	if (!args || !args[0])
		return 0;
	if (args[1])
		return value_refuse(args[1], "--report reads one record: mwatch --report "
					     "FILE.html [RECORD]");
	options->input = strdup(args[0]);
	return options->input ? 0 : -ENOMEM;
}

static int parse_live(struct options *options, const bool is_given[OPTION_END],
		      const char **args)
{
	int r = options_take_targets(options, args);

	options->is_join = is_given[OPTION_JOIN];
	options->fmode = is_given[OPTION_INCLUDE] ? MCAST_INCLUDE : MCAST_EXCLUDE;
	options->is_delivered = is_given[OPTION_DELIVERED];
	options->has_all_multicast = is_given[OPTION_ALL_MULTICAST];
	options->has_names = is_given[OPTION_RESOLVE];
	return r == 0 ? options_check(options, is_given) : r;
}

static int parse_words(struct options *options, int argc, const char **argv)
{
	bool is_given[OPTION_END] = { false };
	poptContext popt = poptGetContext("mwatch", argc, argv, option_table, 0);
	int option = -1, r = popt ? 0 : -ENOMEM;

	if (popt)
		poptSetOtherOptionHelp(popt,
				       "[OPTION...] IFACE... [GROUP[+N][:PORT]]...\n"
				       "       mwatch --report FILE.html [RECORD]");
	while (r == 0 && (option = poptGetNextOpt(popt)) > 0)
		r = take_option(popt, (enum option)option, options, is_given);
	if (r == 0 && option < -1)
		r = value_refuse_option(popt, "mwatch", option);
	if (r == 0 && is_given[OPTION_REPORT])
		r = parse_report(options, is_given, poptGetArgs(popt));
	else if (r == 0)
		r = parse_live(options, is_given, poptGetArgs(popt));
	poptFreeContext(popt);
	return r;
}

int options_parse(struct options *options, int argc, const char **argv)
{
	int r;

	*options = (struct options){
		.fmode = MCAST_EXCLUDE,
		.interval_ms = DEFAULT_INTERVAL_MS,
	};
	r = parse_words(options, argc, argv);
	if (r == -ENOMEM)
		output_error(NULL, "%s", strerror(ENOMEM));
	return r == 0 ? 1 : r == -ECANCELED ? 0 : r;
}

void options_fini(struct options *options)
{
	for (uint32_t i = 0; i < options->n_interfaces; i++)
		free(options->interfaces[i]);
	free(options->interfaces);
	free(options->groups);
	free(options->sources);
	expect_list_fini(&options->expect);
	free(options->record);
	free(options->report);
	free(options->input);
	free(options->listen);
	free(options->textfile);
	*options = (struct options){ 0 };
}
