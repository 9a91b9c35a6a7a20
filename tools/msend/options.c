/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: msend's command line (see options.h).
 *
 * Invariant: what is accepted has one family, a group that is multicast with a
 * port, and sources that can send.
 */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <popt.h>

#include <msf.h>

#include "check.h"
#include "output.h"
#include "value.h"
#include "words.h"

static int parse_group(struct options *options, const char *text)
{
	const char *why;

	if (endpoint_parse(text, &options->endpoint, &why) < 0)
		return words_refuse(text, "%s", why);
	if (!endpoint_is_multicast(&options->endpoint.group))
		return words_refuse(text, "no multicast group: they are 224.0.0.0 to "
					  "239.255.255.255, or begin with ff for IPv6");
	if (options->endpoint.port == 0)
		return words_refuse(text, "the port is missing: write 232.1.1.1:5000 or "
					  "[ff3e::1]:5000");
	return 0;
}

static int parse_arguments(struct options *options, const struct words *words,
			   poptContext context)
{
	const char *group = poptGetArg(context);
	const char *interface = poptGetArg(context);
	int r;

	if (!group || !interface)
		return words_refuse("GROUP:PORT and an interface are needed",
				    "try msend --help");
	if (strspn(interface, "0") == strlen(interface))
		return words_refuse(*interface ? interface : "\"\"",
				    "not an interface: give its name, its index or its "
				    "address");
	if (poptPeekArg(context))
		return words_refuse(poptPeekArg(context), "one argument too many");
	options->interface = strdup(interface);
	if (!options->interface)
		return -ENOMEM;
	r = parse_group(options, group);
	return r == 0 ? check_options(options, words) : r;
}

static int parse_options(struct options *options, struct words *words,
			 poptContext context)
{
	int value, r = 0;

	while (r == 0 && (value = poptGetNextOpt(context)) > 0) {
		char *text = poptGetOptArg(context);

		if (value == WORDS_VERSION) {
			puts("msend " MSF_VERSION_STRING);
			return 0;
		}
		r = text ? words_take(words, options, (enum words_option)value, text)
			 : -ENOMEM;
		free(text);
	}
	if (r == 0 && value < -1)
		r = value_refuse_option(context, "msend", value);
	return r < 0 ? r : 1;
}

/* The tables of --help, by what the options are about. */
static int parse_table(struct options *options, int argc, char **argv)
{
	struct words words;
	struct poptOption payload[] = {
		{ "size", 'z', POPT_ARG_STRING, NULL, WORDS_SIZE,
		  "bytes of UDP payload (64; 1316 with --ts)", "BYTES" },
		{ "rtp", 0, POPT_ARG_NONE, &words.is_rtp, 0, "put an RTP header in front",
		  NULL },
		{ "payload-type", 0, POPT_ARG_STRING, NULL, WORDS_PAYLOAD_TYPE,
		  "of the RTP header (96; 33 with --ts)", "N" },
		{ "ts", 0, POPT_ARG_NONE, &words.is_ts, 0,
		  "send MPEG-TS packets instead of msend's own head", NULL },
		{ "pids", 0, POPT_ARG_STRING, NULL, WORDS_PIDS,
		  "of TS, beside null packets (2)", "N" },
		{ "gso", 0, POPT_ARG_STRING, NULL, WORDS_GSO,
		  "hand N datagrams to the kernel as one", "N" },
		POPT_TABLEEND
	};
	struct poptOption faults[] = {
		{ "first", 0, POPT_ARG_STRING, NULL, WORDS_FIRST,
		  "number of the first packet (0)", "N" },
		{ "restart", 0, POPT_ARG_STRING, NULL, WORDS_RESTART,
		  "behind packet N begin anew, as a sender does that restarts", "N" },
		{ "lose", 0, POPT_ARG_STRING, NULL, WORDS_LOSE,
		  "do not send these packets: N, N-M, or */K for every Kth", "LIST" },
		{ "duplicate", 0, POPT_ARG_STRING, NULL, WORDS_DUPLICATE,
		  "send these packets twice", "LIST" },
		{ "reorder", 0, POPT_ARG_STRING, NULL, WORDS_REORDER,
		  "send these packets behind the next one, or with :D behind D others",
		  "LIST" },
		POPT_TABLEEND
	};
	struct poptOption table[] = {
		{ "source", 's', POPT_ARG_STRING, NULL, WORDS_SOURCE,
		  "send from this address of the host, or with --packet from any, or "
		  "from a range (ADDR+N); may be repeated",
		  "ADDR[,ADDR]..." },
		{ "count", 'c', POPT_ARG_STRING, NULL, WORDS_COUNT,
		  "packets for each source; 0, the default: until stopped", "N" },
		{ "rate", 'r', POPT_ARG_STRING, NULL, WORDS_RATE,
		  "packets a second for each source; 0: as fast as it goes (100)",
		  "PPS" },
		{ "ttl", 't', POPT_ARG_STRING, NULL, WORDS_TTL,
		  "time to live, or hop limit (1)", "N" },
		{ "duration", 'd', POPT_ARG_STRING, NULL, WORDS_DURATION,
		  "stop after this time; 0, the default: never", "SECONDS" },
		{ "no-loop", 0, POPT_ARG_NONE, &words.no_loop, 0,
		  "do not deliver to receivers on this host", NULL },
		{ "packet", 0, POPT_ARG_NONE, &words.is_raw, 0,
		  "send whole frames through a packet socket", NULL },
		{ "vlan", 0, POPT_ARG_STRING, NULL, WORDS_VLAN,
		  "with --packet: tag the frames", "ID" },
		{ "quiet", 'q', POPT_ARG_NONE, &words.is_quiet, 0,
		  "print errors only, no summary", NULL },
		{ "json", 'j', POPT_ARG_NONE, &words.is_json, 0,
		  "print the summary as JSON", NULL },
		{ "version", 'V', POPT_ARG_NONE, NULL, WORDS_VERSION, "print the version",
		  NULL },
		{ NULL, 0, POPT_ARG_INCLUDE_TABLE, payload, 0, "Payload:", NULL },
		{ NULL, 0, POPT_ARG_INCLUDE_TABLE, faults, 0,
		  "Faults on purpose (packets of each source and group count from "
		  "0):",
		  NULL },
		POPT_AUTOHELP POPT_TABLEEND
	};
	poptContext context = poptGetContext("msend", argc, (const char **)argv, table,
					     0);
	int r;

	if (!context)
		return -ENOMEM;
	words_init(&words);
	poptSetOtherOptionHelp(context, "[OPTION]... GROUP[+N]:PORT IFACE");
	r = parse_options(options, &words, context);
	if (r > 0) {
		r = parse_arguments(options, &words, context);
		if (r == 0)
			r = 1;
	}
	poptFreeContext(context);
	return r;
}

int options_parse(struct options *options, int argc, char **argv)
{
	int r;

	*options = (struct options){ 0 };
	r = parse_table(options, argc, argv);
	/* the mistakes of a user have been told */
	if (r == -ENOMEM)
		output_error(NULL, "%s", strerror(-r));
	if (r < 0)
		options_fini(options);
	return r;
}

void options_fini(struct options *options)
{
	free(options->interface);
	free(options->sources);
	options->interface = NULL;
	options->sources = NULL;
	options->n_sources = 0;
}

bool options_has_faults(const struct options *options)
{
	const struct faults *faults = &options->faults;

	return faults->lose.n_rules || faults->duplicate.n_rules ||
	       faults->reorder.n_rules;
}
