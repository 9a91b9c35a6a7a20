/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine against the host of Linux: the same histories through both, and what they
 * say must be equal, but for what exceptions.c names.
 *
 *	test-engine-diff [--seed N] [--percent N]
 *
 * The histories follow from the seed; the percentage is how much of them is run.
 *
 * What differs is run again with the same seed: a wrong engine is wrong again, but the
 * kernel's timers may have run out in the middle of calls without a trace on the wire.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "runner.h"
#include "tap.h"

#define MAX_RUNS 3u
#define MAX_TORN 50u /* percent: more, and the machine is too busy to tell */

static const char *const kinds[SCRIPT_KINDS] = {
	[SCRIPT_BURST] = "bursts of calls",
	[SCRIPT_OVERLAP] = "calls while a report is still repeated",
	[SCRIPT_GENERAL_QUERY] = "General Queries",
	[SCRIPT_GROUP_QUERY] = "Group-Specific Queries",
	[SCRIPT_SOURCE_QUERY] = "Group-and-Source-Specific Queries",
	[SCRIPT_OLDER_QUERY] = "General Queries of an older version",
	[SCRIPT_HEARD] = "reports of other hosts",
	[SCRIPT_LINK] = "a link that goes down and up",
};

static void tell_scores(struct tap *tap, const struct runner *runner, unsigned int plan,
			enum script_kind kind)
{
	const struct runner_score *score = runner_get_score(runner, plan, kind);

	if (!plans[plan].rows[kind])
		return;
	tap_comment("%s: %u %s (%u torn), %u different records", plans[plan].name,
		    score->n_steps, kinds[kind], score->n_torn, score->n_notes);
	tap_expect(tap, score->n_wrong == 0, "%u of %u steps differ", score->n_wrong,
		   score->n_steps);
	tap_expect(tap, score->n_torn * 100 <= score->n_steps * MAX_TORN,
		   "%u of %u steps are torn", score->n_torn, score->n_steps);
	tap_end(tap, "%s: engine and Linux say the same to %s [%s]", plans[plan].name,
		kinds[kind], plans[plan].rows[kind]);
}

/* The last run, and how often each exception was seen in all of them. */
struct outcome {
	struct runner *runner;
	size_t n_leaked;
	unsigned int seen[EXCEPTIONS];
};

static void run_once(struct outcome *outcome, unsigned long long seed,
		     unsigned int percent)
{
	outcome->runner = runner_new(seed, percent);
	runner_run(outcome->runner);
	outcome->n_leaked = runner_count_leaks(outcome->runner);
	for (unsigned int i = 0; i < EXCEPTIONS; i++)
		outcome->seen[i] += runner_get_exception(outcome->runner, i);
}

static bool is_clean(const struct outcome *outcome)
{
	for (unsigned int i = 0; i < EXCEPTIONS; i++)
		if (outcome->seen[i] == 0)
			return false;
	return runner_count_wrong(outcome->runner) == 0;
}

static void tell_exceptions(struct tap *tap, const struct outcome *outcome)
{
	for (unsigned int i = 0; i < EXCEPTIONS; i++) {
		tap_comment("seen %u times", outcome->seen[i]);
		tap_expect(tap, outcome->seen[i] > 0, "it was not seen");
		tap_end(tap, "%s", exceptions[i].sentence);
	}
}

static void tell_rest(struct tap *tap, const struct outcome *outcome)
{
	unsigned int n_wrong = runner_count_wrong(outcome->runner);

	tap_expect(tap, n_wrong == 0, "%u things went wrong", n_wrong);
	tap_expect(tap, outcome->n_leaked == 0, "%zu bytes are not given back",
		   outcome->n_leaked);
	tap_end(tap, "nothing else is told, no packet exceeds the MTU, and all memory "
		     "comes back [R-MRG-13, R-MRG-9]");
}

static void read_options(int argc, char **argv, unsigned long long *ret_seed,
			 unsigned int *ret_percent)
{
	static const struct option options[] = { { "seed", required_argument, NULL, 's' },
						 { "percent", required_argument, NULL,
						   'p' },
						 { 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
		if (option == 's')
			*ret_seed = strtoull(optarg, NULL, 0);
		else if (option == 'p')
			*ret_percent = (unsigned int)strtoul(optarg, NULL, 0);
		else
			tap_bail_out("usage: %s [--seed N] [--percent N]", argv[0]);
}

int main(int argc, char **argv)
{
	unsigned long long seed = (unsigned long long)time(NULL);
	unsigned int percent = 100;
	struct tap tap = { 0 };
	struct outcome outcome = { 0 };

	read_options(argc, argv, &seed, &percent);
	tap_comment("--seed %llu", seed);
	run_once(&outcome, seed, percent);
	for (unsigned int run = 2; run <= MAX_RUNS && !is_clean(&outcome); run++) {
		tap_comment("run %u", run);
		runner_free(outcome.runner);
		run_once(&outcome, seed, percent);
	}
	for (unsigned int plan = 0; plan < PLANS; plan++)
		for (unsigned int kind = 0; kind < SCRIPT_KINDS; kind++)
			tell_scores(&tap, outcome.runner, plan, (enum script_kind)kind);
	tell_exceptions(&tap, &outcome);
	tell_rest(&tap, &outcome);
	runner_free(outcome.runner);
	return tap_finish(&tap);
}
