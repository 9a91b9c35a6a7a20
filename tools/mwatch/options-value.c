/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options-value: what stands behind an option (see options-value.h).
 *
 * Invariant: a value that is refused has been said, and changes nothing.
 */
#include "options-value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"

#define DIGITS "0123456789"

#define INTERVAL_MIN_MS 10
#define FLOWS_MAX       4194304
#define RING_MAX_MIB    2047
#define BYTES_PER_MIB   (1024 * 1024)

/* The payload of the longest datagram (RFC 768, RFC 8200). */
#define PAYLOAD_MAX 65527

#define FIELD_MAX_SIZE 8

static int take_text(char **ret, const char *name, const char *text)
{
	if (!*text)
		return value_refuse_word(name, text, "must not be empty");
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int take_number(uint32_t *ret, const char *name, const char *text,
		       const char *what, uint32_t max)
{
	uint64_t value = 0;
	int r = value_parse_count(name, text, what, 1, max, &value);

	if (r == 0)
		*ret = (uint32_t)value;
	return r;
}

static int take_pid(struct options *options, const char *name, const char *text)
{
	uint64_t value = 0;

	if (value_read_count(text, 1, INT32_MAX, &value) < 0)
		return value_refuse_word(name, text, "must be the number of a process");
	options->pid = (pid_t)value;
	return 0;
}

static int take_loss(struct options *options, const char *name, const char *text)
{
	static const struct {
		const char *name;
		enum flow_loss loss;
	} names[] = {
		{ "auto", FLOW_LOSS_AUTO }, { "rtp", FLOW_LOSS_RTP },
		{ "ts", FLOW_LOSS_TS },     { "msend", FLOW_LOSS_MSEND },
		{ "none", FLOW_LOSS_NONE },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i].name) == 0) {
			options->flow.loss = names[i].loss;
			return 0;
		}
	return value_refuse_word(name, text,
				 "must be auto, rtp, ts, msend or none; "
				 "--seq takes a sequence field");
}

/* Digits up to the first other character, where *text is left then. */
static bool read_number(const char **text, unsigned long max, unsigned long *ret)
{
	size_t n_digits = strspn(*text, DIGITS);

	/* Six digits never overflow, and more are too many for any payload. */
	if (n_digits == 0 || n_digits > 6)
		return false;
	*ret = strtoul(*text, NULL, 10);
	*text += n_digits;
	return *ret <= max;
}

/* OFFSET:SIZE[:be|le]; NULL, or why not. */
static const char *read_field(const char **text, struct flow_field *ret)
{
	unsigned long offset, size;

	if (!read_number(text, PAYLOAD_MAX, &offset) || **text != ':')
		return "must be OFFSET:SIZE[:be|le]; the offset is 0 to 65527 bytes";
	(*text)++;
	if (!read_number(text, FIELD_MAX_SIZE, &size) || size == 0)
		return "the size of a field must be 1 to 8 bytes";
	*ret = (struct flow_field){ .offset = (uint32_t)offset, .size = (uint8_t)size };
	if (offset + size > PAYLOAD_MAX)
		return "the field runs past the longest payload, 65527 bytes";
	if (strncmp(*text, ":le", 3) == 0)
		ret->is_little_endian = true;
	else if (strncmp(*text, ":be", 3) != 0)
		return NULL;
	*text += 3;
	return NULL;
}

static int take_seq(struct options *options, const char *name, const char *text)
{
	struct flow_field sequence, count = { 0 };
	const char *rest = text, *why = read_field(&rest, &sequence);
	bool has_count = !why && *rest == '+';

	if (has_count) {
		rest++;
		why = read_field(&rest, &count);
	}
	if (!why && *rest)
		why = "must be OFFSET:SIZE[:be|le][+OFFSET:SIZE[:be|le]]: unexpected "
		      "text at the end";
	if (why)
		return value_refuse_word(name, text, why);
	options->flow.loss = FLOW_LOSS_FIELD;
	options->flow.sequence = sequence;
	options->flow.has_count = has_count;
	options->flow.count = count;
	return 0;
}

static int take_sort(struct options *options, const char *name, const char *text)
{
	char why[160] = "must be one of";

	if (order_find(text, &options->order) == 0)
		return 0;
	for (int i = 0; i < ORDER_N; i++) {
		size_t len = strlen(why);

		snprintf(why + len, sizeof(why) - len, "%s %s", i ? "," : "",
			 order_get_name((enum order_key)i));
	}
	return value_refuse_word(name, text, why);
}

static int take_expect(struct options *options, const char *name, const char *text)
{
	const char *why;
	int r = expect_list_add(&options->expect, text, &why);

	return r == -EINVAL ? value_refuse_word(name, text, why) : r;
}

static int take_ring(struct options *options, const char *name, const char *text)
{
	uint32_t size = 0;
	int r = take_number(&size, name, text, "mebibytes", RING_MAX_MIB);

	if (r == 0)
		options->ring_size = size * BYTES_PER_MIB;
	return r;
}

int options_take_value(struct options *options, enum option option, const char *name,
		       const char *text)
{
	switch (option) {
	case OPTION_INCLUDE:
	case OPTION_EXCLUDE:
		return options_add_sources(options, text);
	case OPTION_PID:
		return take_pid(options, name, text);
	case OPTION_LOSS:
		return take_loss(options, name, text);
	case OPTION_SEQ:
		return take_seq(options, name, text);
	case OPTION_RTP_CLOCK:
		return take_number(&options->flow.rtp_clock, name, text, "hertz",
				   UINT32_MAX);
	case OPTION_INTERVAL:
		return value_parse_seconds_from(name, text, INTERVAL_MIN_MS,
						&options->interval_ms);
	case OPTION_COUNT:
		return value_parse_count(name, text, "intervals", 1, UINT64_MAX,
					 &options->count);
	case OPTION_DURATION:
		return value_parse_seconds(name, text, &options->duration_ms);
	case OPTION_TOP:
		return take_number(&options->top, name, text, "flows", UINT32_MAX);
	case OPTION_SORT:
		return take_sort(options, name, text);
	case OPTION_EXPECT:
		return take_expect(options, name, text);
	case OPTION_RECORD:
		return take_text(&options->record, name, text);
	case OPTION_REPORT:
		return take_text(&options->report, name, text);
	case OPTION_LISTEN:
		return take_text(&options->listen, name, text);
	case OPTION_TEXTFILE:
		return take_text(&options->textfile, name, text);
	case OPTION_FLOWS:
		return take_number(&options->flow.max, name, text, "flows", FLOWS_MAX);
	case OPTION_RING:
		return take_ring(options, name, text);
	default:
		return -EINVAL;
	}
}
