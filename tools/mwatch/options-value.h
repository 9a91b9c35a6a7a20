/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options-value: the options of mwatch one by one, and what stands behind them.
 */
#ifndef MWATCH_OPTIONS_VALUE_H
#define MWATCH_OPTIONS_VALUE_H

#include "options.h"

/* As popt returns them; those with a letter are the letter. */
enum option {
	OPTION_JOIN = 'J',
	OPTION_INCLUDE = 's',
	OPTION_EXCLUDE = 'x',
	OPTION_PID = 'p',
	OPTION_LOSS = 'l',
	OPTION_INTERVAL = 'i',
	OPTION_COUNT = 'n',
	OPTION_DURATION = 'd',
	OPTION_TOP = 't',
	OPTION_SORT = 'o',
	OPTION_JSON = 'j',
	OPTION_QUIET = 'q',
	OPTION_EXPECT = 'e',
	OPTION_RESOLVE = 'r',
	OPTION_VERSION = 'V',
	OPTION_DELIVERED = 256, /* these have no letter */
	OPTION_ALL_MULTICAST,
	OPTION_SEQ,
	OPTION_RTP_CLOCK,
	OPTION_CSV,
	OPTION_TEXT,
	OPTION_RECORD,
	OPTION_REPORT,
	OPTION_LISTEN,
	OPTION_TEXTFILE,
	OPTION_FLOWS,
	OPTION_RING,
	OPTION_END,
};

/* Reads the value of an option that has one; name is how it is spelt ("--count").
 * -EINVAL, said; -ENOMEM. */
int options_take_value(struct options *options, enum option option, const char *name,
		       const char *text);

/* Adds SOURCE[,SOURCE...] to options->sources. Errors as above. */
int options_add_sources(struct options *options, const char *text);

/* IFACE... and GROUP[+N][:PORT]..., told apart. words may be NULL. Errors as above. */
int options_take_targets(struct options *options, const char **words);

/* What contradicts itself; is_given tells by enum option. Errors as above. */
int options_check(struct options *options, const bool is_given[OPTION_END]);

#endif
