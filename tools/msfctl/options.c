/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: the words behind a verb (see options.h).
 *
 * Invariant: what goes wrong here has been said when it returns.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "options.h"
#include "output.h"
#include "value.h"

/* The longest time that can be asked for, in seconds: a century. */
#define SECONDS_MAX 3.2e9

/* Lines of an option table. */
#define OPTIONS_MAX 32

static int usage_error(const char *what, const char *why)
{
	output_error(what, "%s", why);
	return -EINVAL;
}

/* The same lines, numbered: popt then returns each option that it meets. */
static void number_lines(const struct poptOption *table, struct poptOption *ret)
{
	static const struct poptOption end = POPT_TABLEEND;
	int i = 0;

	for (;
	     i < OPTIONS_MAX && (table[i].longName || table[i].shortName || table[i].arg);
	     i++) {
		ret[i] = table[i];
		if ((table[i].argInfo & POPT_ARG_MASK) == POPT_ARG_STRING)
			ret[i].val = i + 1;
	}
	ret[i] = end;
}

static int read_words(poptContext context, const char *command,
		      const struct poptOption *lines)
{
	char *given[OPTIONS_MAX] = { NULL }, name[64];
	int r;

	while ((r = poptGetNextOpt(context)) > 0) {
		const struct poptOption *line = &lines[r - 1];

		if (given[r - 1]) {
			free(given[r - 1]); /* popt has put the second one in its place */
			snprintf(name, sizeof(name), "--%s", line->longName);
			return usage_error(name, "given twice");
		}
		given[r - 1] = *(char **)line->arg;
	}
	if (r == POPT_ERROR_MALLOC) {
		output_error(NULL, "no memory");
		return -ENOMEM;
	}
	/* Each verb has its own options: one that is unknown may be another's. */
	if (r < -1)
		return value_refuse_option(context, command, r);
	return 0;
}

/* flags: POPT_CONTEXT_* */
static int read_all(poptContext *ret, const struct verb *verb,
		    const struct poptOption *table, int argc, const char **argv,
		    unsigned int flags, const char ***ret_arguments, int *ret_n)
{
	static const char *none[] = { NULL };
	struct poptOption lines[OPTIONS_MAX + 1];
	const char **arguments;
	poptContext context;
	char usage[256];
	int r, n = 0;

	number_lines(table, lines);
	context = poptGetContext(argv[0], argc, argv, lines, flags);
	*ret = context;
	if (!context) {
		output_error(NULL, "no memory");
		return -ENOMEM;
	}
	snprintf(usage, sizeof(usage), "[OPTION...] %s\n\n%s.\n", verb->arguments,
		 verb->help);
	poptSetOtherOptionHelp(context, usage);
	r = read_words(context, argv[0], lines);
	if (r < 0)
		return r;
	arguments = poptGetArgs(context);
	if (!arguments)
		arguments = none;
	while (arguments[n])
		n++;
	*ret_arguments = arguments;
	*ret_n = n;
	return 0;
}

int options_read(poptContext *ret, const struct verb *verb,
		 const struct poptOption *table, int argc, const char **argv,
		 const char ***ret_arguments, int *ret_n)
{
	return read_all(ret, verb, table, argc, argv, 0, ret_arguments, ret_n);
}

int options_read_command(poptContext *ret, const struct verb *verb,
			 const struct poptOption *table, int argc, const char **argv,
			 const char ***ret_command, int *ret_n)
{
	return read_all(ret, verb, table, argc, argv, POPT_CONTEXT_POSIXMEHARDER,
			ret_command, ret_n);
}

void options_free(poptContext context)
{
	poptFreeContext(context);
}

int options_parse_number(const char *name, const char *word, uint64_t max, uint64_t *ret)
{
	char *end, why[64];
	uint64_t value;

	errno = 0;
	value = strtoull(word, &end, 10);
	if (word[0] < '0' || word[0] > '9' || *end)
		return value_refuse_word(name, word, "not a number");
	if (errno || value > max) {
		snprintf(why, sizeof(why), "too large, %llu at most",
			 (unsigned long long)max);
		return value_refuse_word(name, word, why);
	}
	*ret = value;
	return 0;
}

int options_parse_pid(const char *word, pid_t *ret)
{
	uint64_t value = 0;
	int r = options_parse_number("--pid", word, INT32_MAX, &value);

	if (!r && !value)
		r = usage_error("--pid", "there is no process 0");
	if (!r)
		*ret = (pid_t)value;
	return r;
}

int options_parse_seconds(const char *name, const char *word, uint64_t *ret_ms)
{
	char *end;
	double value = strtod(word, &end);

	if (end == word || *end || !isfinite(value) || value < 0)
		return value_refuse_word(name, word, "not a number of seconds");
	if (value > SECONDS_MAX)
		return value_refuse_word(name, word, "too long");
	*ret_ms = (uint64_t)llround(value * 1000);
	return 0;
}

static int parse_address(const char *word, struct sockaddr_storage *ret)
{
	const char *why;

	if (!endpoint_parse_address(word, ret, &why))
		return 0;
	return usage_error(word, why);
}

int options_parse_group(const char *word, struct sockaddr_storage *ret)
{
	struct sockaddr_storage group;
	int r = parse_address(word, &group);

	if (r < 0)
		return r;
	if (!endpoint_is_multicast(&group))
		return usage_error(word, "not a multicast group");
	*ret = group;
	return 0;
}

int options_parse_source(const char *word, struct sockaddr_storage *ret)
{
	struct sockaddr_storage source;
	int r = parse_address(word, &source);

	if (r < 0)
		return r;
	if (endpoint_is_multicast(&source))
		return usage_error(word, "a multicast address cannot be a source");
	*ret = source;
	return 0;
}

int options_find_interface(const char *word, struct msf_interface *ret)
{
	int r = msf_find_interface(NULL, word, ret);

	if (r == -ENODEV)
		output_error(word, "no such interface; ip link lists them");
	else if (r < 0)
		output_error(word, "cannot ask for interfaces: %s", strerror(-r));
	return r;
}
