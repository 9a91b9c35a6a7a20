/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source: ranges of senders' addresses (see source.h).
 *
 * Invariant: a range does not wrap around, and begins and ends with an address that
 * can be a sender (RFC 1122 3.2.1.3, RFC 4291 2.7); it is shorter than the multicast
 * addresses, so none of those is between.
 */
#include "source.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"

static const char why_count[] = "the number of sources after + must be 1 to 1048576";

size_t source_get(const struct source *source, uint32_t i, uint8_t ret[16])
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)&source->first;
	const struct sockaddr_in *sin = (const struct sockaddr_in *)&source->first;
	size_t len = sizeof(struct in_addr);
	uint64_t carry = i;

	if (source->first.ss_family == AF_INET6) {
		len = sizeof(struct in6_addr);
		memcpy(ret, &sin6->sin6_addr, len);
	} else {
		memcpy(ret, &sin->sin_addr, len);
	}
	for (uint8_t *at = ret + len; at != ret && carry; carry >>= 8) {
		carry += *--at;
		*at = (uint8_t)carry;
	}
	return len;
}

static struct sockaddr_storage get_last(const struct source *source)
{
	struct sockaddr_storage last = source->first;
	uint8_t bytes[16];
	size_t len = source_get(source, source->n_addresses - 1, bytes);

	if (source->first.ss_family == AF_INET6)
		memcpy(&((struct sockaddr_in6 *)&last)->sin6_addr, bytes, len);
	else
		memcpy(&((struct sockaddr_in *)&last)->sin_addr, bytes, len);
	return last;
}

bool source_overlaps(const struct source *a, const struct source *b)
{
	struct sockaddr_storage last_a = get_last(a), last_b = get_last(b);

	return a->first.ss_family == b->first.ss_family &&
	       endpoint_compare_addresses(&a->first, &last_b) <= 0 &&
	       endpoint_compare_addresses(&b->first, &last_a) <= 0;
}

static const char *parse_count(const char *text, uint32_t *ret)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	/* strtoul() would take a sign, and blanks. */
	if (*text < '0' || *text > '9' || *end || errno || value == 0 ||
	    value > SOURCE_MAX)
		return why_count;
	*ret = (uint32_t)value;
	return NULL;
}

static const char *parse(const char *text, struct source *source)
{
	const char *plus = strchr(text, '+'), *why = NULL;
	size_t len = plus ? (size_t)(plus - text) : strlen(text);
	struct sockaddr_storage last;
	char address[96];

	if (len >= sizeof(address))
		return "the address is too long";
	memcpy(address, text, len);
	address[len] = '\0';
	if (strchr(address, '/'))
		return "a prefix is no address; N sources are written SOURCE+N";
	if (endpoint_parse_address(address, &source->first, &why) < 0)
		return why;
	if (plus)
		why = parse_count(plus + 1, &source->n_addresses);
	if (!why)
		why = endpoint_explain_source(&source->first);
	if (why)
		return why;
	last = get_last(source);
	if (endpoint_compare_addresses(&last, &source->first) < 0 ||
	    endpoint_explain_source(&last))
		return "the range runs past the last address that can be a source";
	return NULL;
}

int source_parse(const char *text, struct source *ret, const char **ret_why)
{
	struct source source = { .n_addresses = 1 };
	const char *why = parse(text, &source);

	if (why) {
		*ret_why = why;
		return -EINVAL;
	}
	*ret = source;
	return 0;
}

void source_format(const struct source *source, char *buf, size_t len)
{
	char address[INET6_ADDRSTRLEN] = "";

	endpoint_format_address(&source->first, address, sizeof(address));
	if (source->n_addresses > 1)
		snprintf(buf, len, "%s+%u", address, source->n_addresses);
	else
		snprintf(buf, len, "%s", address);
}
