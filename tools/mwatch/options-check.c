/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options-check: interfaces, groups and sources, and what contradicts what (see
 * options-value.h).
 *
 * Invariant: sources have the family of every group that they are joined with, and
 * none stands twice.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options-value.h"
#include "output.h"
#include "value.h"

#define DIGITS "0123456789"

/* The room of an array doubles whenever the number reaches a power of two. */
static int grow(void **array, uint32_t n, size_t size)
{
	void *larger;

	if ((n & (n - 1)) != 0)
		return 0;
	larger = reallocarray(*array, n ? 2 * (size_t)n : 1, size);
	if (!larger)
		return -ENOMEM;
	*array = larger;
	return 0;
}

static int add_source(struct options *options, const char *text)
{
	struct sockaddr_storage source;
	void *sources = options->sources;
	const char *why;

	if (endpoint_parse_address(text, &source, &why) < 0)
		return value_refuse_word("source", text, why);
	why = endpoint_explain_source(&source);
	if (why)
		return value_refuse_word("source", text, why);
	for (uint32_t i = 0; i < options->n_sources; i++)
		if (endpoint_compare_addresses(&options->sources[i], &source) == 0)
			return value_refuse_word("source", text, "given twice");
	if (grow(&sources, options->n_sources, sizeof(source)) < 0)
		return -ENOMEM;
	options->sources = sources;
	options->sources[options->n_sources++] = source;
	return 0;
}

int options_add_sources(struct options *options, const char *text)
{
	char *words = strdup(text), *rest = words, *word;
	int r = words ? 0 : -ENOMEM;

	while (r == 0 && (word = strsep(&rest, ","))) {
		if (*word)
			r = add_source(options, word);
		else
			r = value_refuse_word("source", text,
					      "an empty one is in the list; commas "
					      "stand only between sources");
	}
	free(words);
	return r;
}

static int add_group(struct options *options, const struct endpoint *endpoint,
		     const char *text)
{
	void *groups = options->groups;

	if (endpoint->doubtful_port)
		output_warning(text,
			       "this is an address without a port; brackets set a port "
			       "apart, as in [ff3e::1]:5000");
	if (grow(&groups, options->n_groups, sizeof(*endpoint)) < 0)
		return -ENOMEM;
	options->groups = groups;
	options->groups[options->n_groups++] = *endpoint;
	return 0;
}

static int add_interface(struct options *options, const char *text)
{
	void *interfaces = options->interfaces;

	/* Index 0 is the kernel's choice in RFC 3678, which is none of the user's. */
	if (strspn(text, "0") == strlen(text))
		return value_refuse(*text ? text : "\"\"",
				    "not an interface: give its name, its index or its "
				    "address");
	if (grow(&interfaces, options->n_interfaces, sizeof(text)) < 0)
		return -ENOMEM;
	options->interfaces = interfaces;
	options->interfaces[options->n_interfaces] = strdup(text);
	if (!options->interfaces[options->n_interfaces])
		return -ENOMEM;
	options->n_interfaces++;
	return 0;
}

/* Interfaces have no colon in their names, and seldom a name of digits and dots. */
static bool looks_like_group(const char *text)
{
	return strchr(text, ':') || *text == '[' ||
	       (strspn(text, DIGITS ".+/") == strlen(text) &&
		strspn(text, DIGITS) != strlen(text));
}

static int take_target(struct options *options, const char *text)
{
	struct endpoint endpoint;
	const char *why;

	if (endpoint_parse(text, &endpoint, &why) < 0)
		return looks_like_group(text) ? value_refuse(text, why)
					      : add_interface(options, text);
	if (endpoint_is_multicast(&endpoint.group))
		return add_group(options, &endpoint, text);
	if (endpoint.port || endpoint.n_groups > 1)
		return value_refuse(text, "not a multicast group: they are 224.0.0.0 to "
					  "239.255.255.255, or begin with ff");
	return add_interface(options, text);
}

int options_take_targets(struct options *options, const char **words)
{
	int r = 0;

	for (size_t i = 0; words && words[i] && r == 0; i++)
		r = take_target(options, words[i]);
	if (r == 0 && options->n_interfaces == 0)
		r = value_refuse("IFACE", "no interface to watch is named; mwatch --help "
					  "tells how, ip link lists them");
	return r;
}

/* Options of which one excludes the other. */
static int check_pairs(const bool is_given[OPTION_END])
{
	static const struct {
		enum option one, other;
		const char *names, *why;
	} pairs[] = {
		{ OPTION_INCLUDE, OPTION_EXCLUDE, "-s and -x",
		  "a filter includes or excludes, not both" },
		{ OPTION_JOIN, OPTION_PID, "--join and --pid",
		  "the verdict is that of one filter: ours, or that of the process" },
		{ OPTION_LOSS, OPTION_SEQ, "--loss and --seq",
		  "loss is told by one sequence number" },
		{ OPTION_JSON, OPTION_CSV, "--json and --csv", "one view at a time" },
		{ OPTION_JSON, OPTION_TEXT, "--json and --text", "one view at a time" },
		{ OPTION_CSV, OPTION_TEXT, "--csv and --text", "one view at a time" },
		{ OPTION_QUIET, OPTION_JSON, "--quiet and --json", "a view or none" },
		{ OPTION_QUIET, OPTION_CSV, "--quiet and --csv", "a view or none" },
		{ OPTION_QUIET, OPTION_TEXT, "--quiet and --text", "a view or none" },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (is_given[pairs[i].one] && is_given[pairs[i].other])
			return value_refuse(pairs[i].names, pairs[i].why);
	return 0;
}

static int check_families(const struct options *options)
{
	char source[ENDPOINT_TEXT_MAX], group[ENDPOINT_TEXT_MAX], why[160];

	for (uint32_t i = 0; i < options->n_groups; i++) {
		const struct sockaddr_storage *address = &options->groups[i].group;

		for (uint32_t k = 0; k < options->n_sources; k++) {
			if (options->sources[k].ss_family == address->ss_family)
				continue;
			endpoint_format_address(&options->sources[k], source,
						sizeof(source));
			endpoint_format_address(address, group, sizeof(group));
			snprintf(why, sizeof(why),
				 "wrong family: it cannot be a source of %s", group);
			return value_refuse_word("source", source, why);
		}
	}
	return 0;
}

static int check_join(const struct options *options, const bool is_given[OPTION_END])
{
	if (!options->is_join) {
		if (options->n_sources == 0)
			return 0;
		return value_refuse(is_given[OPTION_INCLUDE] ? "-s" : "-x",
				    "needs --join: without it nothing is filtered, only "
				    "watched");
	}
	if (options->n_groups == 0)
		return value_refuse("--join", "a group to join must be named: mwatch "
					      "--join IFACE GROUP");
	return check_families(options);
}

/* A full screen needs a terminal that is one. */
static enum options_view choose_view(const bool is_given[OPTION_END])
{
	const char *term = getenv("TERM");

	if (is_given[OPTION_JSON])
		return OPTIONS_JSON;
	if (is_given[OPTION_CSV])
		return OPTIONS_CSV;
	if (is_given[OPTION_QUIET])
		return OPTIONS_QUIET;
	if (is_given[OPTION_TEXT] || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    !term || !*term || strcmp(term, "dumb") == 0)
		return OPTIONS_TEXT;
	return OPTIONS_LIVE;
}

static bool is_watched(const struct endpoint *watched, const struct endpoint *group)
{
	struct sockaddr_storage address;

	if (watched->port && group->port && watched->port != group->port)
		return false;
	for (uint32_t i = 0; endpoint_get_group(watched, i, &address) == 0; i++)
		if (endpoint_compare_addresses(&address, &group->group) == 0)
			return true;
	return false;
}

/* What is not watched can never be there. */
static int check_expect(const struct options *options)
{
	char text[ENDPOINT_TEXT_MAX];

	for (uint32_t i = 0; i < options->expect.n; i++) {
		const struct endpoint *group = &options->expect.expects[i].group;
		bool is_seen = options->n_groups == 0;

		for (uint32_t k = 0; k < options->n_groups && !is_seen; k++)
			is_seen = is_watched(&options->groups[k], group);
		if (is_seen)
			continue;
		endpoint_format(group, text, sizeof(text));
		return value_refuse_word("--expect", text,
					 "is not among the groups that are watched");
	}
	return 0;
}

static int check_record(const struct options *options)
{
	if (!options->record || strcmp(options->record, "-") != 0 ||
	    options->view == OPTIONS_QUIET)
		return 0;
	return value_refuse("--record -", "standard output is taken by the view; --quiet "
					  "leaves it to the record");
}

int options_check(struct options *options, const bool is_given[OPTION_END])
{
	int r = check_pairs(is_given);

	options->view = choose_view(is_given);
	if (r == 0)
		r = check_join(options, is_given);
	if (r == 0)
		r = check_expect(options);
	return r == 0 ? check_record(options) : r;
}
