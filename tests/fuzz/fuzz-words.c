/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: words of command lines and of the environment: addresses, ranges, lists of
 * sources, numbers, seconds, and the options of mwatch. Sent by: who runs the tool, or
 * the program that made the words for him, as a script does of names it was given.
 *
 * The first octet chooses the reader, the rest is the word. Each word is read as what its
 * text says, or refused with a reason.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edit/sources.h"
#include "endpoint.h"
#include "export/metrics-listen.h"
#include "numbers.h"
#include "options-value.h"
#include "said.h"
#include "target.h"
#include "value.h"

/* msend's; msfctl has another one. */
#define source senders
#include "source.h"
#undef source

#define CENTURY_MS 3155760000000u

static void read_endpoint(char *word)
{
	char text[ENDPOINT_TEXT_MAX];
	struct endpoint endpoint, again;
	const char *why = NULL;
	int r = endpoint_parse(word, &endpoint, &why);

	target_expect(r == 0 || (r == -EINVAL && why && *why), "an endpoint, or why not");
	if (r < 0)
		return;
	target_expect(endpoint.n_groups >= 1 && endpoint.n_groups <= ENDPOINT_MAX_GROUPS,
		      "as many groups as there may be");
	target_expect(endpoint_format(&endpoint, text, sizeof(text)) > 0,
		      "it has a text");
	target_expect(endpoint_parse(text, &again, &why) == 0 &&
			      again.port == endpoint.port &&
			      again.n_groups == endpoint.n_groups &&
			      !endpoint_compare_addresses(&again.group, &endpoint.group),
		      "which is read as the same");
}

static void read_senders(char *word)
{
	struct senders source;
	const char *why = NULL;
	char text[SOURCE_TEXT_MAX];
	uint8_t address[16];
	int r = source_parse(word, &source, &why);

	target_expect(r == 0 || (r == -EINVAL && why && *why), "senders, or why not");
	if (r < 0)
		return;
	target_expect(source.n_addresses >= 1 && source.n_addresses <= SOURCE_MAX,
		      "as many senders as there may be");
	target_expect(source_get(&source, source.n_addresses - 1, address) > 0,
		      "there is a last one");
	source_format(&source, text, sizeof(text));
	target_expect(source_parse(text, &source, &why) == 0, "which is read as such");
}

static void read_numbers(char *word)
{
	static struct numbers numbers;
	const char *why = NULL;
	int r;

	numbers.n_rules = 0;
	r = numbers_add(&numbers, word, true, &why);
	target_expect(r == 0 || (r == -EINVAL && why && *why), "numbers, or why not");
	target_expect(numbers.n_rules <= NUMBERS_MAX_RULES, "no more rules than fit");
	for (unsigned int i = 0; i < numbers.n_rules; i++)
		target_expect(numbers.rules[i].step >= 1 &&
				      numbers.rules[i].distance <= NUMBERS_MAX_DISTANCE &&
				      numbers.rules[i].first <= numbers.rules[i].last,
			      "a rule that can be followed");
}

static void read_sources(char *word)
{
	struct sources sources = { 0 };
	struct sources_mistake mistake = { 0 };
	int r = 0;

	for (int family = AF_INET; family == AF_INET || family == AF_INET6;
	     family += AF_INET6 - AF_INET) {
		r = sources_parse(&sources, word, strlen(word), family, 0, &mistake);
		target_expect(r == 0 || (r == -EINVAL && mistake.why),
			      "sources, or why not");
		if (r == 0 && sources_sort(&sources, &mistake) < 0)
			target_expect(mistake.why != NULL, "why not");
		target_expect(sources.n <= SOURCES_MAX, "no more than there may be");
		sources_fini(&sources);
		sources = (struct sources){ 0 };
	}
}

static void read_listen(char *word)
{
	struct sockaddr_storage address;
	const char *why = NULL;
	int r = metrics_listen_parse(word, &address, &why);

	target_expect(r == 0 || (r == -EINVAL && why && *why), "a place, or why not");
	target_expect(r < 0 || !endpoint_is_multicast(&address), "to listen on");
}

static void read_value(char *word)
{
	uint64_t value = 0;

	if (value_read_seconds(word, &value) == 0)
		target_expect(value >= 1 && value <= CENTURY_MS * 2, "up to a century");
	if (value_read_count(word, 3, 70000, &value) == 0)
		target_expect(value >= 3 && value <= 70000, "within the range");
}

/* Any option, by the first letter of the word. */
static void read_option(char *word)
{
	static const enum option all[] = {
		OPTION_INCLUDE,  OPTION_EXCLUDE, OPTION_PID,       OPTION_LOSS,
		OPTION_SEQ,      OPTION_SEQ,     OPTION_RTP_CLOCK, OPTION_INTERVAL,
		OPTION_COUNT,    OPTION_TOP,     OPTION_SORT,      OPTION_EXPECT,
		OPTION_EXPECT,   OPTION_LISTEN,  OPTION_FLOWS,     OPTION_RING,
		OPTION_DURATION,
	};
	enum option option = all[(unsigned char)*word % (sizeof(all) / sizeof(*all))];
	struct options options = { 0 };
	unsigned long n_said = said_count();
	int r = options_take_value(&options, option, "--option", *word ? word + 1 : word);

	target_expect(r == 0 || r == -EINVAL, "taken or refused");
	target_expect((r == 0) == (said_count() == n_said), "a refusal is said");
	if (r == 0 && option == OPTION_SEQ)
		target_expect(options.flow.sequence.size >= 1 &&
				      options.flow.sequence.size <= 8 &&
				      options.flow.sequence.offset <= UINT16_MAX,
			      "a field of a payload");
	for (uint32_t i = 0; i < options.expect.n; i++)
		target_expect(options.expect.expects[i].group.n_groups == 1 &&
				      options.expect.expects[i].min_pps >= 0,
			      "a flow that can be expected");
	options_fini(&options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const readers[])(char *word) = {
		read_endpoint, read_senders, read_numbers, read_sources,
		read_listen,   read_value,   read_option,
	};
	char *word;

	if (!len)
		return 0;
	word = target_text(data + 1, len - 1);
	readers[*data % (sizeof(readers) / sizeof(readers[0]))](word);
	target_free(word);
	return 0;
}
