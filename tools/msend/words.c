/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * words: values of options (see words.h).
 *
 * Invariant: a number that is accepted is within its limits; limits that depend on
 * other options are the caller's to check.
 */
#include "words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "output.h"
#include "pace.h"
#include "ts.h"
#include "value.h"

/* About 30 years; what a double holds to the nanosecond is less. */
#define MAX_DURATION 1e9
#define MIN_DURATION 0.001

#define DIGITS "0123456789"

/* UDP_MAX_SEGMENTS of kernels before 6.9; a batch has as many packets. */
#define MAX_GSO 64

static const struct number {
	const char *name;
	long long min;
	long long max;
	long long fallback;
} numbers[WORDS_END] = {
	[WORDS_COUNT] = { "--count", 0, INT64_MAX, 0 },
	[WORDS_RATE] = { "--rate", 0, PACE_MAX_RATE, 100 },
	[WORDS_SIZE] = { "--size", 0, INT64_MAX, WORDS_NONE },
	[WORDS_TTL] = { "--ttl", 0, 255, 1 },
	[WORDS_PAYLOAD_TYPE] = { "--payload-type", 0, 127, WORDS_NONE },
	[WORDS_PIDS] = { "--pids", 1, TS_MAX_PIDS, WORDS_NONE },
	[WORDS_FIRST] = { "--first", 0, UINT32_MAX, WORDS_NONE },
	[WORDS_RESTART] = { "--restart", 0, INT64_MAX, WORDS_NONE },
	[WORDS_VLAN] = { "--vlan", 1, FRAME_MAX_VLAN, WORDS_NONE },
	[WORDS_GSO] = { "--gso", 2, MAX_GSO, WORDS_NONE },
};

int words_refuse(const char *what, const char *format, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	output_error(what, "%s", why);
	return -EINVAL;
}

void words_init(struct words *words)
{
	*words = (struct words){ 0 };
	for (unsigned int i = WORDS_COUNT; i < WORDS_END; i++)
		words->numbers[i] = numbers[i].fallback;
}

bool words_has(const struct words *words, enum words_option option)
{
	return words->numbers[option] != WORDS_NONE;
}

static int take_number(struct words *words, enum words_option option, const char *text)
{
	const struct number *number = &numbers[option];
	long long value;
	char *end;

	errno = 0;
	value = strtoll(text, &end, 10);
	/* strtoll() would take a plus, and blanks. */
	if (!strchr(DIGITS "-", *text) || !*text || *end || errno)
		return value_refuse_word(number->name, text, "must be a whole number");
	if (value < number->min || value > number->max)
		return words_refuse(number->name, "%lld is not from %lld to %lld", value,
				    number->min, number->max);
	words->numbers[option] = value;
	return 0;
}

static int take_duration(struct words *words, const char *text)
{
	char *end;

	double duration = strtod(text, &end);

	if (strspn(text, DIGITS ".-") != strlen(text) || !*text || *end)
		return value_refuse_word("--duration", text,
					 "must be a number of seconds, such as 5 or 0.5");
	if (duration < 0 || duration > MAX_DURATION)
		return words_refuse("--duration", "seconds are from 0 to 1000000000");
	/* Not 0, which is never. */
	if (duration > 0 && duration < MIN_DURATION)
		return value_refuse_word("--duration", text,
					 "must be 0.001 seconds or more, or 0: never");
	words->duration = duration;
	return 0;
}

static int add_source(struct options *options, const char *text)
{
	struct source source, *sources;
	const char *why;

	if (source_parse(text, &source, &why) < 0)
		return words_refuse(text, "%s", why);
	for (unsigned int i = 0; i < options->n_sources; i++)
		if (source_overlaps(&options->sources[i], &source))
			return words_refuse(text, "the source is given twice");
	if (options->n_sources == OPTIONS_MAX_SOURCES)
		return words_refuse(text, "more than 1024 sources");
	sources = reallocarray(options->sources, options->n_sources + 1,
			       sizeof(*sources));
	if (!sources)
		return -ENOMEM;
	sources[options->n_sources++] = source;
	options->sources = sources;
	return 0;
}

/* One source, or several with commas between them. */
static int add_sources(struct options *options, char *list)
{
	char *text;
	int r = 0;

	while (r == 0 && (text = strsep(&list, ","))) {
		if (*text)
			r = add_source(options, text);
		else
			r = words_refuse("--source", "an empty source is in the list; "
						     "commas stand only between sources");
	}
	return r;
}

static int add_numbers(const char *option, struct numbers *list, char *text,
		       bool has_distances)
{
	char copy[40];
	const char *why;

	snprintf(copy, sizeof(copy), "%s", text);
	if (numbers_add(list, text, has_distances, &why) == 0)
		return 0;
	return value_refuse_word(option, copy, why);
}

/* Lists grow; of two other values one would silently replace the other. */
static int check_once(struct words *words, enum words_option option)
{
	if (option < WORDS_DURATION || option >= WORDS_END)
		return 0;
	if (words->is_given[option])
		return value_refuse(option == WORDS_DURATION ? "--duration"
							     : numbers[option].name,
				    "given twice");
	words->is_given[option] = true;
	return 0;
}

int words_take(struct words *words, struct options *options, enum words_option option,
	       char *text)
{
	struct faults *faults = &options->faults;

	if (check_once(words, option) < 0)
		return -EINVAL;
	switch (option) {
	case WORDS_SOURCE:
		return add_sources(options, text);
	case WORDS_LOSE:
		return add_numbers("--lose", &faults->lose, text, false);
	case WORDS_DUPLICATE:
		return add_numbers("--duplicate", &faults->duplicate, text, false);
	case WORDS_REORDER:
		return add_numbers("--reorder", &faults->reorder, text, true);
	case WORDS_DURATION:
		return take_duration(words, text);
	default:
		return take_number(words, option, text);
	}
}
