/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/msfctl/sources.h: every way to write a list is read, every mistake
 * is named with its line, and no text at all leads astray.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "sources.h"
#include "tap.h"

#define N_MUTATIONS 50000
#define TEXT_MAX    256

static const struct {
	const char *text;
	int family;
	size_t first_line;
	const char *list; /* in ascending order */
} good[] = {
	{ "10.0.0.1", AF_INET, 0, "10.0.0.1" },
	{ "10.0.0.2,10.0.0.1", AF_INET, 0, "10.0.0.1 10.0.0.2" },
	{ "10.0.0.2, 10.0.0.1", AF_INET, 0, "10.0.0.1 10.0.0.2" },
	{ "", AF_INET, 0, "" },
	{ ",", AF_INET, 0, "" },
	{ "", AF_INET, 1, "" },
	{ "\n\n", AF_INET, 1, "" },
	{ "# 10.0.0.1\n", AF_INET, 1, "" },
	{ "10.0.0.1#10.0.0.2", AF_INET, 1, "10.0.0.1" },
	{ "10.0.0.3\r\n10.0.0.1\t10.0.0.2,\r\n", AF_INET, 1,
	  "10.0.0.1 10.0.0.2 10.0.0.3" },
	{ "10.0.0.10\n10.0.0.9", AF_INET, 1, "10.0.0.9 10.0.0.10" },
	{ "127.0.0.1 240.0.0.1 1.0.0.0", AF_INET, 1, "1.0.0.0 127.0.0.1 240.0.0.1" },
	{ "fd00::2\nFD00:0::1", AF_INET6, 1, "fd00::1 fd00::2" },
	{ "::1", AF_INET6, 0, "::1" },
};

static const struct {
	const char *text;
	int family;
	size_t first_line, line;
	const char *word, *why; /* a part of it */
} bad[] = {
	{ "10.0.0.256", AF_INET, 0, 0, "10.0.0.256", "misspelt IPv4" },
	{ "# a\n10.0.0.1\n10.0.0.2 x", AF_INET, 1, 3, "x", "neither" },
	{ "10.0.0.1#", AF_INET, 0, 0, "10.0.0.1#", "neither" },
	{ "10.0.0.1\n10.0.0.2", AF_INET, 0, 0, "10.0.0.1\n10.0.0.2", "neither" },
	{ "239.0.0.1", AF_INET, 1, 1, "239.0.0.1", "multicast" },
	{ "ff02::1", AF_INET6, 1, 1, "ff02::1", "multicast" },
	{ "0.1.2.3", AF_INET, 1, 1, "0.1.2.3", "0.0.0.0/8" },
	{ "255.255.255.255", AF_INET, 1, 1, "255.255.255.255", "broadcast" },
	{ "::", AF_INET6, 1, 1, "::", "unspecified" },
	{ "::ffff:10.0.0.1", AF_INET6, 1, 1, "::ffff:10.0.0.1", "v4-mapped" },
	{ "::ffff:10.0.0.1", AF_INET, 1, 1, "::ffff:10.0.0.1", "v4-mapped" },
	{ "fd00::1", AF_INET, 1, 1, "fd00::1", "the group is IPv4" },
	{ "10.0.0.1", AF_INET6, 1, 1, "10.0.0.1", "the group is IPv6" },
	{ "10.0.0.1\n10.0.0.2\n10.0.0.1", AF_INET, 1, 3, "10.0.0.1", "twice" },
	{ "fd00::1 fd00:0::1", AF_INET6, 0, 0, "fd00::1", "twice" },
	{ "1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1",
	  AF_INET, 1, 1,
	  "1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1", "too long" },
};

static int parse(struct sources *sources, const char *text, size_t len, int family,
		 size_t first_line, struct sources_mistake *mistake)
{
	int r = sources_parse(sources, text, len, family, first_line, mistake);

	return r ? r : sources_sort(sources, mistake);
}

static void format(const struct sources *sources, char *buf, size_t size)
{
	struct sockaddr_storage *list = sources_get_list(sources);
	char text[ENDPOINT_TEXT_MAX];
	size_t len = 0;

	buf[0] = '\0';
	for (uint32_t i = 0; i < sources->n && list && len < size; i++) {
		endpoint_format_address(&list[i], text, sizeof(text));
		len += (size_t)snprintf(buf + len, size - len, "%s%s", i ? " " : "",
					text);
	}
	free(list);
}

static void test_good(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct sources_mistake mistake;
		struct sources sources = { 0 };
		char list[TEXT_MAX];
		int r = parse(&sources, good[i].text, strlen(good[i].text),
			      good[i].family, good[i].first_line, &mistake);

		format(&sources, list, sizeof(list));
		tap_expect(tap, r == 0 && !strcmp(list, good[i].list), "%d: \"%s\"", r,
			   list);
		sources_fini(&sources);
	}
	tap_end(tap, "every way to write a list is read and sorted");
}

static void test_bad(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sources_mistake mistake = { 0 };
		struct sources sources = { 0 };
		int r = parse(&sources, bad[i].text, strlen(bad[i].text), bad[i].family,
			      bad[i].first_line, &mistake);
		bool is_so = r == -EINVAL && mistake.line == bad[i].line &&
			     !strcmp(mistake.word, bad[i].word) &&
			     strstr(mistake.why, bad[i].why);

		tap_expect(tap, is_so, "%s: %d, line %zu, \"%s\": %s", bad[i].text, r,
			   mistake.line, mistake.word, mistake.why ? mistake.why : "-");
		sources_fini(&sources);
	}
	tap_end(tap, "every mistake is named, with its line");
}

static void test_nul(struct tap *tap)
{
	static const char text[] = "10.0.0.1\n10.0.0.2\0.3\n";
	struct sources_mistake mistake = { 0 };
	struct sources sources = { 0 };
	int r = parse(&sources, text, sizeof(text) - 1, AF_INET, 1, &mistake);

	tap_expect(tap, r == -EINVAL && mistake.line == 2 && !strcmp(mistake.word, "NUL"),
		   "%d, line %zu, \"%s\"", r, mistake.line, mistake.word);
	sources_fini(&sources);
	tap_end(tap, "a NUL in a text is a mistake of its line");
}

static void test_too_many(struct tap *tap)
{
	size_t size = (size_t)(SOURCES_MAX + 1) * 16, len = 0;
	struct sources_mistake mistake = { 0 };
	struct sources sources = { 0 };
	char *text = malloc(size);
	int r = -ENOMEM;

	for (uint32_t i = 0; i <= SOURCES_MAX && text; i++)
		len += (size_t)snprintf(text + len, size - len, "10.%u.%u.%u\n", i >> 16,
					i >> 8 & 255, i & 255);
	if (text)
		r = parse(&sources, text, len, AF_INET, 1, &mistake);
	tap_expect(tap, r == -EINVAL && mistake.line == SOURCES_MAX + 1, "%d, line %zu",
		   r, mistake.line);
	tap_expect(tap, sources.n == SOURCES_MAX, "%u were read", sources.n);
	sources_fini(&sources);
	free(text);
	tap_end(tap, "one source more than a request can carry is refused");
}

/* xorshift64* */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1du;
}

static size_t mutate(uint64_t *random, char text[TEXT_MAX])
{
	static const char bytes[] = "\0 0123456789.:abcdf,#\n\r\t\xff";
	const char *from =
		good[next_random(random) % (sizeof(good) / sizeof(good[0]))].text;
	size_t len = strlen(from);

	memcpy(text, from, len);
	for (uint64_t n = next_random(random) % 5 + 1; n > 0; n--) {
		size_t at = next_random(random) % (len + 1);

		if (at == len && len < TEXT_MAX)
			len++;
		text[at] = bytes[next_random(random) % (sizeof(bytes) - 1)];
	}
	return len;
}

/* The text in memory of just its size, for the sanitizers. */
static bool survives(const char *text, size_t len, int family, size_t first_line)
{
	struct sources_mistake mistake = { 0 };
	struct sources sources = { 0 };
	char *copy = malloc(len + 1);
	bool is_so = false;
	int r;

	if (!copy)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	r = parse(&sources, copy, len, family, first_line, &mistake);
	if (r == -EINVAL)
		is_so = mistake.why && mistake.word[0] &&
			(mistake.line > 0) == (first_line > 0);
	else if (r == 0)
		is_so = true;
	for (uint32_t i = 1; i < sources.n && r == 0; i++)
		is_so &= endpoint_compare_addresses(&sources.source[i - 1].address,
						    &sources.source[i].address) < 0;
	sources_fini(&sources);
	free(copy);
	return is_so;
}

static void test_mutations(struct tap *tap)
{
	uint64_t random = 0x3678;

	for (size_t i = 0; i < N_MUTATIONS; i++) {
		char text[TEXT_MAX];
		size_t len = mutate(&random, text);

		tap_expect(tap,
			   survives(text, len, i & 1 ? AF_INET : AF_INET6, i >> 1 & 1),
			   "mutation %zu: \"%.*s\"", i, (int)len, text);
	}
	tap_end(tap, "any text is a list in ascending order or has a mistake");
}

int main(void)
{
	struct tap tap = { 0 };

	test_good(&tap);
	test_bad(&tap);
	test_nul(&tap);
	test_too_many(&tap);
	test_mutations(&tap);
	return tap_finish(&tap);
}
