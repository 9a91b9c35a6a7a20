/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many hosts and a router on a bad link, in virtual time: after any history the router
 * forwards what the hosts want, no more and no less (see judge.h for when).
 *
 *	test-sim [--histories N]  N of each family and kind
 *	test-sim --seed N         one of them, packet by packet
 *
 * A history that fails is cut down and printed.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "shrink.h"
#include "tap.h"

#define HISTORIES      3400u
#define HISTORIES_MAX  10000000u
#define SABOTAGED_MAX  2000u
#define SABOTAGED_LEFT 4u /* events that are enough to show it */

static void print_lines(char *text)
{
	char *rest = text;

	for (char *line; (line = strsep(&rest, "\n"));) {
		if (*line)
			tap_comment("%s", line);
	}
}

/* The history, its packets and what is wrong, as text: free() it. */
static char *tell(const struct history *history)
{
	struct sim_counts counts = { 0 };
	struct verdict verdict;
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);

	if (!stream)
		tap_bail_out("no memory");
	history_print(history, stream);
	verdict = sim_run(history, stream, &counts);
	verdict_print(&verdict, stream);
	if (fclose(stream))
		tap_bail_out("no memory");
	return text;
}

static void comment_history(const struct history *history)
{
	char *text = tell(history);

	print_lines(text);
	free(text);
}

static void comment_failure(struct history *history, uint64_t seed,
			    const struct verdict *verdict)
{
	tap_comment("--seed %llu: %s; cut down:", (unsigned long long)seed,
		    verdict_describe(verdict));
	shrink(history, verdict->failure);
	comment_history(history);
}

/* Runs n histories, tells of the first that fails. */
static unsigned int run_all(enum engine_family family, enum history_kind kind,
			    unsigned int n, struct sim_counts *counts)
{
	struct history history;
	unsigned int n_failed = 0;

	for (unsigned int i = 0; i < n; i++) {
		uint64_t seed = get_seed(family, kind, i);
		struct verdict verdict;

		history_make(&history, seed);
		verdict = sim_run(&history, NULL, counts);
		if (verdict.failure != NO_FAILURE && !n_failed++)
			comment_failure(&history, seed, &verdict);
	}
	return n_failed;
}

static const char *const sentences[HISTORY_KINDS] = {
	[BOUNDED_LOSS] =
		"%s: %u histories: a router forwards at any time what the hosts want, "
		"within (RV-1)*URI and LMQT, though all but one of RV repetitions are "
		"lost [R-CHG-1, R-CHG-2, R-CHG-4, R-CHG-6, R-CHG-7, R-CHG-8, "
		"R-CHG-10, R-CHG-11, R-FMT-9, R-MRG-4, R-MRG-5, R-MRG-13, R-QRY-1, "
		"R-QRY-3, R-QRY-5, R-QRY-8]",
	[ANY_LOSS] =
		"%s: %u histories: after any loss, failed links, addresses that come "
		"and go, deleted interfaces and restarts a router forwards what the "
		"hosts want, within GMI and a cycle of queries [R-MRG-4, R-MRG-5, "
		"R-QRY-4, R-SSM-1, R-LW-1, R-LW-2]",
	[OLDER_QUERIER] =
		"%s: %u histories: with queriers of all versions in turn a router "
		"forwards what the hosts want, at last source by source [R-CHG-12, "
		"R-CMP-1, R-CMP-3, R-CMP-5, R-CMP-8, R-V1-1, R-V2-3, R-M1-2]",
};

static void test_kind(struct tap *tap, enum engine_family family, enum history_kind kind,
		      unsigned int n)
{
	struct sim_counts counts = { 0 };
	unsigned int n_failed = run_all(family, kind, n, &counts);

	tap_expect(tap, n_failed == 0, "%u of %u fail", n_failed, n);
	tap_expect(tap, counts.n_lost && counts.n_twice, "the link is too good");
	tap_comment("%lu moments, %lu reports, %lu queries; %lu packets lost, %lu "
		    "duplicated",
		    counts.n_steps, counts.n_reports, counts.n_queries, counts.n_lost,
		    counts.n_twice);
	tap_end(tap, sentences[kind],
		get_version_name(family, get_newest_version(family)), n);
}

/* The first history that fails with it in that way. */
static bool find_sabotaged(struct history *ret, enum engine_family family,
			   enum sabotage sabotage, enum failure failure)
{
	struct sim_counts counts = { 0 };

	for (unsigned int i = 0; i < SABOTAGED_MAX; i++) {
		history_make(ret, get_seed(family, BOUNDED_LOSS, i));
		ret->sabotage = sabotage;
		if (sim_run(ret, NULL, &counts).failure == failure)
			return true;
	}
	return false;
}

/* Whoever does not find this finds nothing. */
static void test_sabotage(struct tap *tap, enum sabotage sabotage, enum failure failure,
			  const char *what)
{
	struct history history;
	struct verdict verdict;

	for (enum engine_family family = 0; family < ENGINE_FAMILIES; family++) {
		if (!tap_expect(tap, find_sabotaged(&history, family, sabotage, failure),
				"not found"))
			continue;
		verdict = shrink(&history, failure);
		tap_expect(tap, verdict.failure == failure, "%s",
			   verdict_describe(&verdict));
		tap_expect(tap, history.n_events <= SABOTAGED_LEFT, "%u events",
			   history.n_events);
		tap_expect(tap, count_faults(&history) == 0, "%u faults",
			   count_faults(&history));
		comment_history(&history);
	}
	tap_end(tap, "%s is found, and told in %u events or fewer", what, SABOTAGED_LEFT);
}

static void test_replay(struct tap *tap)
{
	for (uint64_t seed = 0; seed < (uint64_t)ENGINE_FAMILIES * HISTORY_KINDS;
	     seed++) {
		struct history history;
		char *first, *second;

		history_make(&history, seed);
		first = tell(&history);
		second = tell(&history);
		tap_expect(tap, strcmp(first, second) == 0, "seed %u",
			   (unsigned int)seed);
		free(first);
		free(second);
	}
	tap_end(tap, "a seed tells the same history each time");
}

/* A group joined anew while an answer to a General Query was due; a query about a group
 * whose part of that answer was far behind; a record of which half was told when another
 * General Query came, and when the filter changed, too. */
static void test_once_failed(struct tap *tap)
{
	static const uint64_t seeds[] = { 131869, 252960, 112076, 9290 };

	for (unsigned int i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		struct sim_counts counts = { 0 };
		struct history history;
		struct verdict verdict;

		history_make(&history, seeds[i]);
		verdict = sim_run(&history, NULL, &counts);
		if (!tap_expect(tap, verdict.failure == NO_FAILURE, "a failure"))
			comment_failure(&history, seeds[i], &verdict);
	}
	tap_end(tap, "what failed once does not fail any more [R-QRY-3, R-QRY-4]");
}

static int replay(uint64_t seed)
{
	struct sim_counts counts = { 0 };
	struct history history;
	struct verdict verdict;

	history_make(&history, seed);
	comment_history(&history);
	verdict = sim_run(&history, NULL, &counts);
	if (verdict.failure == NO_FAILURE)
		return 0;
	comment_failure(&history, seed, &verdict);
	return 1;
}

static uint64_t read_number(const char *text)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || end == text || *end)
		tap_bail_out("%s: no number", text);
	return n;
}

static int run_tests(unsigned int n)
{
	struct tap tap = { 0 };

	for (enum history_kind kind = 0; kind < HISTORY_KINDS; kind++) {
		for (enum engine_family family = 0; family < ENGINE_FAMILIES; family++)
			test_kind(&tap, family, kind, n);
	}
	test_sabotage(&tap, TO_IN_IS_LOST, FORWARDED, "a host that never tells TO_IN");
	test_sabotage(&tap, IS_IN_IS_LOST, NOT_FORWARDED,
		      "a host that never answers IS_IN");
	test_sabotage(&tap, BLOCK_IS_ALLOW, FORWARDED,
		      "a host that tells ALLOW instead of BLOCK");
	test_once_failed(&tap);
	test_replay(&tap);
	return tap_finish(&tap);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "histories", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 's' },
		{ 0 },
	};
	uint64_t n = HISTORIES;

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 's')
			return replay(read_number(optarg));
		if (option != 'n')
			return 2;
		n = read_number(optarg);
	}
	if (!n || n > HISTORIES_MAX)
		tap_bail_out("that many histories cannot be");
	return run_tests((unsigned int)n);
}
