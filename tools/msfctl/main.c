/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msfctl: shows and sets every multicast source filter (RFC 3678) of the host.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <msf.h>

#include "output.h"
#include "standard.h"
#include "verb.h"

#define NAME_MAX_LENGTH 48 /* "msfctl leave-source" */

static const struct verb *const verbs[] = {
	&show_verb,  &get_verb,     &set_verb,         &join_verb,         &leave_verb,
	&block_verb, &unblock_verb, &join_source_verb, &leave_source_verb, &batch_verb,
	&table_verb, &probe_verb,   &monitor_verb,     &doctor_verb,       &run_verb,
	&agent_verb, NULL,
};

static void print_help(FILE *out)
{
	fputs("Usage: msfctl VERB [OPTION...] [ARGUMENT...]\n\n", out);
	for (size_t i = 0; verbs[i]; i++)
		fprintf(out, "  %-14s %s\n", verbs[i]->name, verbs[i]->help);
	fputs("\nOptions:\n"
	      "  -V, --version  show the version\n"
	      "  -?, --help     show this; behind a verb: its options\n",
	      out);
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; verbs[i]; i++)
		if (!strcmp(verbs[i]->name, name))
			return verbs[i];
	return NULL;
}

static int start_verb(const struct verb *verb, int argc, const char **argv)
{
	char name[NAME_MAX_LENGTH];

	snprintf(name, sizeof(name), "msfctl %s", verb->name);
	argv[0] = name;
	return verb->run(verb, argc, argv);
}

static bool is_one_of(const char *word, const char *brief, const char *full)
{
	return !strcmp(word, brief) || !strcmp(word, full);
}

int main(int argc, char **argv)
{
	const struct verb *verb;

	if (standard_init() < 0)
		return OUTPUT_FAILED;
	if (argc < 2) {
		print_help(stderr);
		return OUTPUT_USAGE;
	}
	if (is_one_of(argv[1], "-?", "--help")) {
		print_help(stdout);
		return OUTPUT_DONE;
	}
	if (is_one_of(argv[1], "-V", "--version")) {
		puts("msfctl " MSF_VERSION_STRING);
		return OUTPUT_DONE;
	}
	verb = find_verb(argv[1]);
	if (!verb) {
		output_error(argv[1], "no such verb; msfctl --help lists them");
		return OUTPUT_USAGE;
	}
	return start_verb(verb, argc - 1, (const char **)argv + 1);
}
