/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msfctl run: a program as it is, with libmsf-preload.so between it and the C library
 * (libmsf-preload(7)). It replaces this process.
 *
 * Invariant: the program is started with its filters or not at all.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "environment.h"
#include "options.h"
#include "output.h"
#include "run-library.h"
#include "run-marker.h"
#include "run-program.h"
#include "verb.h"

/* The words of the options, owned, and the command line behind them, of popt. */
struct words {
	char *backend, *semantics, *max_sources, *library;
	const char **command;
	int n_command;
};

/* Words are NULL where none was given. */
static int check_choice(const char *option, const char *word, const char *const choices[])
{
	if (!word)
		return 0;
	for (int i = 0; choices[i]; i++)
		if (!strcmp(word, choices[i]))
			return 0;
	output_error(option, "must be %s%s%s%s%s", choices[0], choices[2] ? ", " : " or ",
		     choices[1], choices[2] ? " or " : "", choices[2] ? choices[2] : "");
	return -EINVAL;
}

static int check_number(const char *word)
{
	uint64_t value;
	int r;

	if (!word)
		return 0;
	r = options_parse_number("--max-sources", word, UINT32_MAX, &value);
	if (r == 0 && value == 0) {
		output_error("--max-sources", "must be 1 at least");
		r = -EINVAL;
	}
	return r;
}

static int check_words(const struct words *words)
{
	static const char *const backends[] = { "auto", "kernel", "asm", NULL };
	static const char *const tables[] = { "table", "linux", NULL };

	if (check_choice("--backend", words->backend, backends) < 0 ||
	    check_choice("--semantics", words->semantics, tables) < 0 ||
	    check_number(words->max_sources) < 0)
		return -EINVAL;
	if (words->n_command > 0)
		return 0;
	output_error(NULL, "a program is missing; --help tells more");
	return -EINVAL;
}

static int set_variable(const char *name, const char *value)
{
	if (!value || setenv(name, value, 1) == 0)
		return 0;
	output_error(name, "%s", strerror(errno));
	return -ENOMEM;
}

/* The library refuses every request when a variable is wrong: it is said here. */
static int set_environment(const struct words *words, const char *library)
{
	if (set_variable("MSF_BACKEND", words->backend) < 0 ||
	    set_variable("MSF_SEMANTICS", words->semantics) < 0 ||
	    set_variable("MSF_MAX_SOURCES", words->max_sources) < 0 ||
	    environment_check() < 0)
		return -1;
	return run_library_preload(library);
}

/* Returns only if the program could not be started. */
static void run_words(const struct words *words)
{
	char *library = run_library_find(words->library);
	char *path = library ? run_program_find(words->command[0]) : NULL;

	if (path && run_program_check(path, library) == 0 &&
	    run_marker_check(library) == 0 && set_environment(words, library) == 0) {
		fflush(NULL);
		execvp(path, (char *const *)words->command);
		output_error(path, "%s", strerror(errno));
	}
	free(path);
	free(library);
}

static int run(const struct verb *verb, int argc, const char **argv)
{
	struct words words = { .n_command = 0 };
	const struct poptOption table[] = {
		{ "backend", '\0', POPT_ARG_STRING, &words.backend, 0,
		  "who filters (auto)", "auto|kernel|asm" },
		{ "semantics", '\0', POPT_ARG_STRING, &words.semantics, 0,
		  "whose errors (linux)", "table|linux" },
		{ "max-sources", '\0', POPT_ARG_STRING, &words.max_sources, 0,
		  "sources that one filter may have", "N" },
		{ "library", '\0', POPT_ARG_STRING, &words.library, 0,
		  "another libmsf-preload.so", "PATH" },
		POPT_AUTOHELP POPT_TABLEEND,
	};
	poptContext context;
	int r = options_read_command(&context, verb, table, argc, argv, &words.command,
				     &words.n_command);

	if (r == 0)
		r = check_words(&words);
	if (r == 0)
		run_words(&words);
	options_free(context);
	free(words.backend);
	free(words.semantics);
	free(words.max_sources);
	free(words.library);
	return r == 0 ? OUTPUT_FAILED : output_get_status(r);
}

const struct verb run_verb = {
	"run", "[--] PROGRAM [ARGUMENT...]",
	"run a program with source filters, also on kernels that have none", run
};
