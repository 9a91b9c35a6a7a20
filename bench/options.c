/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line: a number is from 1 to 10,000, or the whole line is refused. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

static int parse_number(const char *text, long *ret)
{
	char *end;

	errno = 0;
	*ret = strtol(text, &end, 10);
	return errno || *end || end == text || *ret < 1 || *ret > 10000 ? -EINVAL : 0;
}

int options_parse(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "only", required_argument, NULL, 'o' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "budget", required_argument, NULL, 'b' },
		{ 0 },
	};
	int c, r = 0;

	while (!r && (c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 'j')
			options->json = 1;
		else if (c == 'o')
			options->only = optarg;
		else if (c == 'r')
			r = parse_number(optarg, &options->rounds);
		else if (c == 'b')
			r = parse_number(optarg, &options->budget_ms);
		else
			r = -EINVAL;
	}
	if (r || optind + 1 != argc)
		return -EINVAL;
	options->interface = argv[optind];
	return 0;
}
