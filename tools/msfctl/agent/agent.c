/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msfctl agent: asks msfd, the agent of a network namespace, and sets it.
 */
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "output.h"

#define NAME_LENGTH_MAX 48 /* "msfctl agent status" */

static const struct verb *const commands[] = {
	&agent_status_command, &agent_show_command,
	&agent_stats_command,  &agent_limits_command,
	&agent_tune_command,   &agent_join_command,
	&agent_leave_command,  NULL,
};

static void print_help(FILE *out)
{
	fputs("Usage: msfctl agent COMMAND [OPTION...] [ARGUMENT...]\n\n", out);
	for (size_t i = 0; commands[i]; i++)
		fprintf(out, "  %-14s %s\n", commands[i]->name, commands[i]->help);
	fputs("\nOptions:\n"
	      "  -?, --help     show this; behind a command: its options\n",
	      out);
}

static const struct verb *find_command(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static int run(const struct verb *verb, int argc, const char **argv)
{
	const struct verb *command;
	char name[NAME_LENGTH_MAX];

	if (argc < 2) {
		print_help(stderr);
		return OUTPUT_USAGE;
	}
	if (!strcmp(argv[1], "-?") || !strcmp(argv[1], "--help")) {
		print_help(stdout);
		return OUTPUT_DONE;
	}
	command = find_command(argv[1]);
	if (!command) {
		output_error(argv[1], "no such command; msfctl agent --help lists them");
		return OUTPUT_USAGE;
	}
	snprintf(name, sizeof(name), "msfctl %s %s", verb->name, command->name);
	argv[1] = name;
	return command->run(command, argc - 1, argv + 1);
}

const struct verb agent_verb = { "agent", "COMMAND [ARGUMENT...]",
				 "ask msfd what it knows and counts, and set it", run };
