/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line that the benchmarks share:
 * [--json] [--only TEXT] [--rounds N] [--budget MS] IFACE
 * --json: figures (figure.h) instead of tables. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

struct options {
	int json;
	const char *only;
	long rounds;
	long budget_ms;
	const char *interface;
};

/* *options: the defaults in, what was said out. 0 or -EINVAL. */
int options_parse(struct options *options, int argc, char **argv);

#endif
