/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value: what people write behind options (see value.h).
 *
 * Invariant: results are written last; after a refusal they are as they were.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "value.h"

/* The longest time that can be asked for, in seconds: a century. */
#define SECONDS_MAX 3.2e9

#define DIGITS "0123456789"

int value_refuse(const char *what, const char *why)
{
	output_error(what, "%s", why);
	return -EINVAL;
}

int value_refuse_word(const char *option, const char *text, const char *why)
{
	char what[80];

	snprintf(what, sizeof(what), "%s: %.40s", option, *text ? text : "\"\"");
	return value_refuse(what, why);
}

int value_refuse_option(poptContext popt, const char *command, int error)
{
	const char *option = poptBadOption(popt, POPT_BADOPTION_NOALIAS);

	if (error != POPT_ERROR_BADOPT)
		return value_refuse(option, poptStrerror(error));
	output_error(option, "unknown option; %s --help lists them", command);
	return -EINVAL;
}

int value_take_once(char **word, char *value, const char *option)
{
	if (!value)
		return -ENOMEM;
	if (*word) {
		free(value);
		return value_refuse(option, "given twice");
	}
	*word = value;
	return 0;
}

int value_read_seconds(const char *text, uint64_t *ret_ms)
{
	char *end;
	double seconds;

	if (strspn(text, DIGITS ".") != strlen(text) || !*text)
		return -EINVAL;
	seconds = strtod(text, &end);
	if (*end || !(seconds >= 0.001) || seconds > SECONDS_MAX)
		return -ERANGE;
	*ret_ms = (uint64_t)llround(seconds * 1000);
	return 0;
}

int value_parse_seconds(const char *option, const char *text, uint64_t *ret_ms)
{
	return value_parse_seconds_from(option, text, 1, ret_ms);
}

int value_parse_seconds_from(const char *option, const char *text, uint64_t min_ms,
			     uint64_t *ret_ms)
{
	char why[80] = "must be a number of seconds, such as 5 or 0.5", *end;
	uint64_t ms = 0;
	int r = value_read_seconds(text, &ms);
	double seconds = strtod(text, &end);

	if (r == 0 && ms >= min_ms) {
		*ret_ms = ms;
		return 0;
	}
	if (r == -EINVAL || *end)
		return value_refuse_word(option, text, why);
	if (seconds > SECONDS_MAX)
		snprintf(why, sizeof(why), "must be a century, %.0f seconds, or less",
			 SECONDS_MAX);
	else if (seconds > 0)
		snprintf(why, sizeof(why), "must be %g seconds or more",
			 (double)min_ms / 1000);
	else
		snprintf(why, sizeof(why), "must be a number of seconds, more than 0");
	return value_refuse_word(option, text, why);
}

int value_read_count(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	unsigned long long value;

	if (strspn(text, DIGITS) != strlen(text) || !*text)
		return -EINVAL;
	errno = 0;
	value = strtoull(text, NULL, 10);
	if (errno || value < min || value > max)
		return -EINVAL;
	*ret = value;
	return 0;
}

int value_parse_count(const char *option, const char *text, const char *what,
		      uint64_t min, uint64_t max, uint64_t *ret)
{
	char why[120];

	if (value_read_count(text, min, max, ret) == 0)
		return 0;
	if (max == UINT64_MAX)
		snprintf(why, sizeof(why), "must be a number of %s, at least %" PRIu64,
			 what, min);
	else
		snprintf(why, sizeof(why),
			 "must be a number of %s, %" PRIu64 " to %" PRIu64, what, min,
			 max);
	return value_refuse_word(option, text, why);
}
