/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: the command line of mjoin (see options.h).
 *
 * Invariant: what options_parse() accepts contradicts itself nowhere; whether the
 * system can do it is seen later.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <popt.h>

#include "file.h"
#include "options.h"
#include "output.h"
#include "sdp.h"
#include "value.h"

#define DIGITS "0123456789"

#define WAIT_SPELT "--wait="

enum option {
	OPTION_INCLUDE = 's',
	OPTION_EXCLUDE = 'x',
	OPTION_FILE = 'f',
	OPTION_COUNT = 'n',
	OPTION_TIMEOUT = 't',
	OPTION_OUTPUT = 'o',
	OPTION_JSON = 'j',
	OPTION_RETRY = 'r',
	OPTION_QUIET = 'q',
	OPTION_VERSION = 'V',
	OPTION_SDP = 256, /* these have no letter */
	OPTION_BACKEND,
	OPTION_WAIT,
	OPTION_WAIT_FOR,
};

static const struct poptOption option_table[] = {
	{ "source", 's', POPT_ARG_STRING, NULL, OPTION_INCLUDE,
	  "include: receive these sources only", "SOURCE[,SOURCE...]" },
	{ "exclude", 'x', POPT_ARG_STRING, NULL, OPTION_EXCLUDE,
	  "exclude: receive every source but these", "SOURCE[,SOURCE...]" },
	{ "file", 'f', POPT_ARG_STRING, NULL, OPTION_FILE,
	  "channels, one a line: [SOURCES@|!SOURCES@]GROUP[:PORT] IFACE", "FILE" },
	{ "sdp", '\0', POPT_ARG_STRING, NULL, OPTION_SDP,
	  "the channels of a session description; IFACE alone follows", "FILE" },
	{ "count", 'n', POPT_ARG_STRING, NULL, OPTION_COUNT, "end after N packets", "N" },
	{ "timeout", 't', POPT_ARG_STRING, NULL, OPTION_TIMEOUT, "end after SEC seconds",
	  "SEC" },
	{ "wait", '\0', POPT_ARG_NONE, NULL, OPTION_WAIT,
	  "end as soon as every source named has been heard, or, with --wait=SEC, "
	  "after SEC seconds (10)",
	  NULL },
	{ "wait-for", '\0', POPT_ARG_STRING | POPT_ARGFLAG_DOC_HIDDEN, NULL,
	  OPTION_WAIT_FOR, NULL, NULL },
	{ "output", 'o', POPT_ARG_STRING, NULL, OPTION_OUTPUT,
	  "write the payloads to FILE, or - for standard output", "FILE" },
	{ "json", 'j', POPT_ARG_NONE, NULL, OPTION_JSON, "events as JSON lines", NULL },
	{ "backend", '\0', POPT_ARG_STRING, NULL, OPTION_BACKEND, "who filters (auto)",
	  "auto|kernel|asm" },
	{ "retry", 'r', POPT_ARG_NONE, NULL, OPTION_RETRY,
	  "wait for interfaces that are not there, join again when they return", NULL },
	{ "quiet", 'q', POPT_ARG_NONE, NULL, OPTION_QUIET, "only the summary and errors",
	  NULL },
	{ "version", 'V', POPT_ARG_NONE, NULL, OPTION_VERSION, "show the version", NULL },
	POPT_AUTOHELP POPT_TABLEEND
};

/* Words as popt hands them over. */
struct words {
	char *sources[2]; /* by filter mode; all -x and all -s, joined by commas */
	char *file, *sdp, *backend, *count, *timeout, *wait, *output;
	bool is_json, is_quiet, is_retry, is_wait;
};

static void words_fini(struct words *words)
{
	free(words->sources[MCAST_EXCLUDE]);
	free(words->sources[MCAST_INCLUDE]);
	free(words->file);
	free(words->sdp);
	free(words->backend);
	free(words->count);
	free(words->timeout);
	free(words->wait);
	free(words->output);
}

static int add_sources(char **sources, char *more)
{
	char *all = NULL;

	if (!more)
		return -ENOMEM;
	if (!*sources) {
		*sources = more;
		return 0;
	}
	if (asprintf(&all, "%s,%s", *sources, more) < 0)
		all = NULL;
	free(more);
	if (!all)
		return -ENOMEM;
	free(*sources);
	*sources = all;
	return 0;
}

static int take_value(struct words *words, enum option option, char *value)
{
	switch (option) {
	case OPTION_INCLUDE:
		return add_sources(&words->sources[MCAST_INCLUDE], value);
	case OPTION_EXCLUDE:
		return add_sources(&words->sources[MCAST_EXCLUDE], value);
	case OPTION_FILE:
		return value_take_once(&words->file, value, "--file");
	case OPTION_SDP:
		return value_take_once(&words->sdp, value, "--sdp");
	case OPTION_COUNT:
		return value_take_once(&words->count, value, "--count");
	case OPTION_TIMEOUT:
		return value_take_once(&words->timeout, value, "--timeout");
	case OPTION_OUTPUT:
		return value_take_once(&words->output, value, "--output");
	case OPTION_BACKEND:
		return value_take_once(&words->backend, value, "--backend");
	default:
		words->is_wait = true;
		return value_take_once(&words->wait, value, "--wait");
	}
}

static int take_option(poptContext popt, enum option option, struct words *words)
{
	switch (option) {
	case OPTION_JSON:
		words->is_json = true;
		return 0;
	case OPTION_QUIET:
		words->is_quiet = true;
		return 0;
	case OPTION_RETRY:
		words->is_retry = true;
		return 0;
	case OPTION_WAIT:
		words->is_wait = true;
		return 0;
	case OPTION_VERSION:
		puts("mjoin " MSF_VERSION_STRING);
		return -ECANCELED;
	default:
		return take_value(words, option, poptGetOptArg(popt));
	}
}

/* popt takes the next word for an optional argument, which --wait must not. */
static int respell_wait(int argc, const char **argv, const char **words, char **ret_spelt)
{
	*ret_spelt = NULL;
	memcpy(words, argv, (size_t)argc * sizeof(*argv));
	words[argc] = NULL;
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], WAIT_SPELT, strlen(WAIT_SPELT)) != 0)
			continue;
		free(*ret_spelt);
		if (asprintf(ret_spelt, "--wait-for=%s", argv[i] + strlen(WAIT_SPELT)) <
		    0) {
			*ret_spelt = NULL;
			return -ENOMEM;
		}
		words[i] = *ret_spelt;
	}
	return 0;
}

static int parse_backend(const char *text, enum msf_backend *ret)
{
	static const struct {
		const char *name;
		enum msf_backend backend;
	} names[] = {
		{ "auto", MSF_BACKEND_AUTO },
		{ "kernel", MSF_BACKEND_KERNEL },
		{ "asm", MSF_BACKEND_ASM },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i].name) == 0) {
			*ret = names[i].backend;
			return 0;
		}
	return value_refuse_word("--backend", text, "must be auto, kernel or asm");
}

static int parse_values(struct options *options, struct words *words)
{
	int r = 0;

	options->is_json = words->is_json;
	options->is_quiet = words->is_quiet;
	options->is_retry = words->is_retry;
	options->is_wait = words->is_wait;
	options->output = words->output;
	words->output = NULL;
	if (words->sources[MCAST_INCLUDE] && words->sources[MCAST_EXCLUDE])
		return value_refuse("-s and -x",
				    "a filter includes or excludes, not both");
	if (words->backend) {
		r = parse_backend(words->backend, &options->backend);
		options->has_backend = true;
	}
	if (r == 0 && words->count)
		r = value_parse_count("--count", words->count, "packets", 1, UINT64_MAX,
				      &options->count);
	if (r == 0 && words->timeout)
		r = value_parse_seconds("--timeout", words->timeout,
					&options->timeout_ms);
	options->wait_ms = options->timeout_ms ? options->timeout_ms
					       : OPTIONS_DEFAULT_WAIT * 1000;
	if (r == 0 && words->wait)
		r = value_parse_seconds("--wait", words->wait, &options->wait_ms);
	return r;
}

static int say(int r, const struct mistake *mistake, const char *file)
{
	if (r == -EINVAL)
		mistake_print(mistake, file);
	else if (r < 0)
		output_error(file, "%s", strerror(-r));
	return r;
}

static int read_channels(struct options *options, const struct channel_preset *preset,
			 const char *path)
{
	struct mistake mistake = { 0 };
	char *text = NULL;
	size_t len = 0;
	int r = file_read(path, &text, &len);

	if (r == 0)
		r = channel_list_parse_file(&options->channels, preset, text, len,
					    &mistake);
	free(text);
	return say(r, &mistake, path);
}

static int read_sdp(struct options *options, const struct channel_preset *preset,
		    const char *path, const char *interface)
{
	struct mistake mistake = { 0 };
	char *text = NULL;
	size_t len = 0;
	int r;

	if (!interface)
		return value_refuse("--sdp", "an interface must follow: mjoin --sdp FILE "
					     "IFACE");
	r = file_read(path, &text, &len);
	if (r == 0)
		r = sdp_parse(&options->channels, preset, text, len, interface, &mistake);
	free(text);
	if (r == 0 && mistake.is_warning && !options->is_quiet)
		mistake_print(&mistake, path);
	return say(r, &mistake, path);
}

/* A text that is an address, but looks as if a port was meant (RFC 5952 6). */
static void warn_of_port(const struct channel *channel, const char *text)
{
	if (channel->endpoint.doubtful_port)
		output_warning(text,
			       "this is an address without a port; brackets set a port "
			       "apart, as in [ff3e::1]:5000");
}

/* A name or an index, and certainly no address. */
static bool is_interface_like(const char *word)
{
	if (strpbrk(word, ":@/+"))
		return false;
	return !strchr(word, '.') || strspn(word, DIGITS ".") != strlen(word);
}

/* The group of [SOURCES@|!SOURCES@]GROUP. */
static bool read_group(const char *word, struct endpoint *ret)
{
	const char *why, *at = strchr(word, '@');

	return endpoint_parse(at ? at + 1 : word, ret, &why) == 0 &&
	       endpoint_is_multicast(&ret->group);
}

/* IFACE GROUP, and GROUP PORT IFACE: an index is a number too, but no interface stands
 * behind it. words: those of the pair, and the next one or NULL. */
static int check_pair(const char **words)
{
	struct endpoint endpoint;
	char group[ENDPOINT_TEXT_MAX], why[128];
	uint64_t port;

	if (is_interface_like(words[0]) && read_group(words[1], &endpoint))
		return value_refuse(words[0],
				    "the group comes first: mjoin GROUP[:PORT] IFACE");
	if (!words[2] || !is_interface_like(words[2]) ||
	    !read_group(words[0], &endpoint) || endpoint.port ||
	    value_read_count(words[1], 1, UINT16_MAX, &port) < 0)
		return 0;
	endpoint.port = (uint16_t)port;
	endpoint_format(&endpoint, group, sizeof(group));
	snprintf(why, sizeof(why), "a port is written behind its group: %s", group);
	return value_refuse(words[1], why);
}

static int refuse_alone(const char *word, bool has_sdp)
{
	if (has_sdp)
		return value_refuse(word, "only one interface follows --sdp FILE");
	if (is_interface_like(word))
		return value_refuse(word, "no group before it: mjoin GROUP[:PORT] IFACE");
	return value_refuse(word, "an interface must follow: mjoin GROUP IFACE");
}

static int parse_pairs(struct options *options, const struct channel_preset *preset,
		       const char **words, bool has_sdp)
{
	struct mistake mistake = { 0 };
	int r = 0;

	for (size_t i = 0; words && words[i] && r == 0; i += 2) {
		if (!words[i + 1])
			return refuse_alone(words[i], has_sdp);
		if (check_pair(words + i) < 0)
			return -EINVAL;
		r = say(channel_list_parse(&options->channels, preset, words[i],
					   words[i + 1], &mistake),
			&mistake, NULL);
		if (r == 0)
			warn_of_port(&options->channels
					      .channels[options->channels.n_channels - 1],
				     words[i]);
	}
	return r;
}

/* What can only be received where there is a port. */
static int check_ports(const struct options *options)
{
	const struct channel_list *channels = &options->channels;
	const struct channel *without = NULL;
	size_t n_with = 0;
	char text[ENDPOINT_TEXT_MAX];

	for (size_t i = 0; i < channels->n_channels; i++) {
		if (channels->channels[i].endpoint.port)
			n_with++;
		else
			without = &channels->channels[i];
	}
	if (without && options->is_wait) {
		endpoint_format(&without->endpoint, text, sizeof(text));
		return value_refuse(text, "--wait needs a port: without one the group is "
					  "only joined, nothing is heard");
	}
	if (n_with == 0 && options->count)
		return value_refuse("--count", "needs a port: GROUP:PORT");
	if (n_with == 0 && options->output)
		return value_refuse("--output", "needs a port: GROUP:PORT");
	return 0;
}

/* --wait 5 GROUP IFACE: no address looks like this. */
static int check_wait(const char *word)
{
	char why[80];
	uint64_t ms;

	if (value_read_seconds(word, &ms) < 0)
		return 0;
	snprintf(why, sizeof(why), "no group; a time to wait is written --wait=%.20s",
		 word);
	return value_refuse(word, why);
}

static int parse_channels(struct options *options, const struct words *words,
			  const char **args)
{
	struct channel_preset preset = { .fmode = MCAST_EXCLUDE,
					 .sources = words->sources[MCAST_EXCLUDE] };
	struct mistake mistake = { 0 };
	int r = 0;

	if (words->sources[MCAST_INCLUDE])
		preset = (struct channel_preset){ MCAST_INCLUDE,
						  words->sources[MCAST_INCLUDE] };
	if (words->is_wait && !words->wait && args)
		r = check_wait(args[0]);
	if (r == 0 && words->sdp) {
		r = read_sdp(options, &preset, words->sdp, args ? args[0] : NULL);
		args = r == 0 ? args + 1 : args;
	}
	if (r == 0 && words->file)
		r = read_channels(options, &preset, words->file);
	if (r == 0)
		r = parse_pairs(options, &preset, args, words->sdp);
	if (r == 0 && options->channels.n_channels == 0)
		r = value_refuse(words->file ? words->file : "GROUP",
				 "nothing to join; mjoin --help tells how to name it");
	if (r == 0)
		r = say(channel_list_check(&options->channels, &mistake), &mistake, NULL);
	return r == 0 ? check_ports(options) : r;
}

static int parse_words(struct options *options, int argc, const char **argv)
{
	struct words words = { 0 };
	poptContext popt = poptGetContext("mjoin", argc, argv, option_table, 0);
	int option = -1, r = popt ? 0 : -ENOMEM;

	if (popt)
		poptSetOtherOptionHelp(popt, "[OPTION...] GROUP[+N][:PORT] IFACE "
					     "[GROUP IFACE]...");
	while (r == 0 && (option = poptGetNextOpt(popt)) > 0)
		r = take_option(popt, (enum option)option, &words);
	if (r == 0 && option < -1)
		r = value_refuse_option(popt, "mjoin", option);
	if (r == 0)
		r = parse_values(options, &words);
	if (r == 0)
		r = parse_channels(options, &words, poptGetArgs(popt));
	poptFreeContext(popt);
	words_fini(&words);
	return r;
}

int options_parse(struct options *options, int argc, const char **argv)
{
	const char **words = calloc((size_t)argc + 1, sizeof(*words));
	char *spelt = NULL;
	int r = -ENOMEM;

	*options = (struct options){ .backend = MSF_BACKEND_AUTO };
	if (words)
		r = respell_wait(argc, argv, words, &spelt);
	if (r == 0)
		r = parse_words(options, argc, words);
	free(spelt);
	free(words);
	if (r == -ENOMEM)
		output_error(NULL, "%s", strerror(ENOMEM));
	return r == 0 ? 1 : r == -ECANCELED ? 0 : r;
}

void options_fini(struct options *options)
{
	channel_list_fini(&options->channels);
	free(options->output);
	*options = (struct options){ 0 };
}
