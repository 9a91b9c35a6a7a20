/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sources: source lists from text (see sources.h).
 *
 * RFC 3376 2: a source list holds unicast addresses, each once.  Invariant: what a
 * mistake names is a word of the text, cut to its room.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "sources.h"

#define SEPARATORS " \t\r\v\f,"

static int fail(struct sources_mistake *ret, size_t line, const char *word, size_t len,
		const char *why)
{
	*ret = (struct sources_mistake){ .line = line, .why = why };
	if (len >= sizeof(ret->word))
		len = sizeof(ret->word) - 1;
	memcpy(ret->word, word, len);
	return -EINVAL;
}

/* Which addresses cannot be those of a sender in a group of the family. */
static const char *why_not_source(const struct sockaddr_storage *address, int family)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)address;
	bool is_mapped = address->ss_family == AF_INET6 &&
			 IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr);

	if (address->ss_family != family && !is_mapped && !endpoint_is_multicast(address))
		return family == AF_INET ? "an IPv6 source, and the group is IPv4"
					 : "an IPv4 source, and the group is IPv6";
	return endpoint_explain_source(address);
}

static int append(struct sources *sources, const struct source *source)
{
	uint32_t n = sources->n;

	/* The room doubles whenever the number reaches a power of two. */
	if ((n & (n - 1)) == 0) {
		struct source *larger = reallocarray(
			sources->source, n ? 2 * (size_t)n : 1, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		sources->source = larger;
	}
	sources->source[sources->n++] = *source;
	return 0;
}

static int add_word(struct sources *sources, const char *word, size_t len, int family,
		    size_t line, struct sources_mistake *ret)
{
	struct source source = { .line = line };
	char text[ENDPOINT_TEXT_MAX] = "";
	const char *why = "too long for an address";

	if (memchr(word, '\0', len))
		return fail(ret, line, "NUL", 3, "a text has no NUL characters");
	if (len >= sizeof(text))
		return fail(ret, line, word, len, why);
	memcpy(text, word, len);
	if (endpoint_parse_address(text, &source.address, &why) < 0)
		return fail(ret, line, word, len, why);
	why = why_not_source(&source.address, family);
	if (!why && sources->n == SOURCES_MAX)
		why = "more sources than one request can carry (65536)";
	return why ? fail(ret, line, word, len, why) : append(sources, &source);
}

/* strcspn() for text that may hold NUL characters. */
static size_t span(const char *text, size_t len, const char *set, bool is_in)
{
	size_t n = 0;

	while (n < len && (text[n] && strchr(set, text[n]) != NULL) == is_in)
		n++;
	return n;
}

static int parse_line(struct sources *sources, const char *line, size_t len, int family,
		      size_t number, struct sources_mistake *ret)
{
	int r = 0;

	while (!r) {
		size_t n = span(line, len, SEPARATORS, true);

		line += n;
		len -= n;
		if (!len)
			break;
		n = span(line, len, SEPARATORS, false);
		r = add_word(sources, line, n, family, number, ret);
		line += n;
		len -= n;
	}
	return r;
}

int sources_parse(struct sources *sources, const char *text, size_t len, int family,
		  size_t first_line, struct sources_mistake *ret)
{
	const char *end = text + len;
	size_t number = first_line;
	int r = 0;

	if (!first_line)
		return parse_line(sources, text, len, family, 0, ret);
	while (!r && text < end) {
		size_t n = span(text, (size_t)(end - text), "\n", false);
		size_t words = span(text, n, "#", false);

		r = parse_line(sources, text, words, family, number++, ret);
		text += n + (text + n < end);
	}
	return r;
}

static int compare_sources(const void *a, const void *b)
{
	const struct source *x = a, *y = b;
	int r = endpoint_compare_addresses(&x->address, &y->address);

	if (!r)
		r = (x->line > y->line) - (x->line < y->line);
	return r;
}

int sources_sort(struct sources *sources, struct sources_mistake *ret)
{
	if (sources->n > 1)
		qsort(sources->source, sources->n, sizeof(*sources->source),
		      compare_sources);
	for (uint32_t i = 1; i < sources->n; i++) {
		const struct source *source = &sources->source[i];
		char text[ENDPOINT_TEXT_MAX];

		if (endpoint_compare_addresses(&source[-1].address, &source->address))
			continue;
		endpoint_format_address(&source->address, text, sizeof(text));
		return fail(ret, source->line, text, strlen(text),
			    "this source is given twice");
	}
	return 0;
}

struct sockaddr_storage *sources_get_list(const struct sources *sources)
{
	struct sockaddr_storage *list = calloc(sources->n + 1, sizeof(*list));

	for (uint32_t i = 0; i < sources->n && list; i++)
		list[i] = sources->source[i].address;
	return list;
}

void sources_fini(struct sources *sources)
{
	free(sources->source);
	*sources = (struct sources){ 0 };
}
