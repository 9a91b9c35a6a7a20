/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * endpoint: GROUP[+N][:PORT], read from text and written back (see endpoint.h).
 *
 * Invariant: what endpoint_parse() accepts, endpoint_format() writes in a form
 * that endpoint_parse() reads as the same groups and port.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "endpoint.h"

#define DIGITS "0123456789"

/* An IPv6 address, its NUL, and a zone that a user may have left in it. */
#define ADDRESS_TEXT_MAX 96

/* Shortest tail of an IPv6 address that people take for a port. */
#define DOUBTFUL_PORT_DIGITS 4

static const char why_brackets[] =
	"an IPv6 address with a port needs brackets: [ff3e::1]:5000";

/* Not by casts: compilers may take struct sockaddr_in and sockaddr_storage for
 * objects that never overlap. */
union address {
	struct sockaddr_storage storage;
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool address_parse(const char *text, struct sockaddr_storage *ret)
{
	union address address = { .storage.ss_family = AF_INET };

	if (inet_pton(AF_INET, text, &address.sin.sin_addr) != 1) {
		address = (union address){ .storage.ss_family = AF_INET6 };
		if (inet_pton(AF_INET6, text, &address.sin6.sin6_addr) != 1)
			return false;
	}
	*ret = address.storage;
	return true;
}

/* ff3e:0:0:0:0:0:0:1:5000 is no address, but one with a port behind it. */
static bool is_unbracketed_port(const char *text)
{
	const char *colon = strrchr(text, ':');
	struct sockaddr_storage address;
	char head[INET6_ADDRSTRLEN];
	size_t len = colon ? (size_t)(colon - text) : 0;

	if (len == 0 || len >= sizeof(head) || colon[-1] == ':' ||
	    strspn(colon + 1, DIGITS) == 0)
		return false;
	memcpy(head, text, len);
	head[len] = '\0';
	return address_parse(head, &address) && address.ss_family == AF_INET6;
}

/* Would it be an address without them? inet_aton(3) reads them as octal numbers. */
static bool has_leading_zeros(const char *text)
{
	struct sockaddr_storage address;
	char plain[INET_ADDRSTRLEN];
	size_t n = 0;

	for (; *text && n < sizeof(plain) - 1; text++)
		if (*text != '0' || !is_digit(text[1]) || (n && is_digit(plain[n - 1])))
			plain[n++] = *text;
	plain[n] = '\0';
	return !*text && address_parse(plain, &address);
}

static const char *why_not_ipv4(const char *text)
{
	if (has_leading_zeros(text))
		return "misspelt IPv4 address: it has four numbers from 0 to 255, "
		       "without leading zeros";
	return "misspelt IPv4 address: it has four numbers from 0 to 255";
}

static const char *why_no_address(const char *text)
{
	if (!*text)
		return "the address is missing";
	if (strstr(text, "://"))
		return "a URL is no address";
	if (strchr(text, '/'))
		return "a prefix is no address; each address has to be named";
	if (strchr(text, '%'))
		return "the interface is an argument of its own, not a part of the "
		       "address";
	if (is_unbracketed_port(text))
		return why_brackets;
	if (strchr(text, ':'))
		return "misspelt IPv6 address";
	if (strspn(text, DIGITS ".") == strlen(text))
		return why_not_ipv4(text);
	return "neither an IPv4 nor an IPv6 address (names are not looked up)";
}

int endpoint_parse_address(const char *text, struct sockaddr_storage *ret,
			   const char **ret_why)
{
	if (address_parse(text, ret))
		return 0;
	*ret_why = why_no_address(text);
	return -EINVAL;
}

/* Reads digits up to the first other character, where *text is left then.
 * Larger numbers than 32 bits hold become UINT32_MAX. */
static bool number_parse(const char **text, uint32_t *ret)
{
	size_t n_digits = strspn(*text, DIGITS);
	uint64_t value = 0;

	if (n_digits == 0)
		return false;
	for (size_t i = 0; i < n_digits; i++) {
		value = value * 10 + (uint64_t)((*text)[i] - '0');
		if (value > UINT32_MAX)
			value = UINT32_MAX;
	}
	*text += n_digits;
	*ret = (uint32_t)value;
	return true;
}

/* Where the address ends; *ret_rest is what follows it and its bracket. */
static const char *split_address(const char *text, const char **ret_start,
				 size_t *ret_len, const char **ret_rest)
{
	size_t len;

	if (*text == '[') {
		const char *end = strchr(text, ']');

		if (!end)
			return "the closing bracket ] is missing";
		*ret_start = text + 1;
		*ret_len = (size_t)(end - text) - 1;
		*ret_rest = end + 1;
		return NULL;
	}
	/* IPv6 never has a dot before its first colon, nor one colon only. */
	len = strcspn(text, "+:");
	if (!memchr(text, '.', len) && strchr(text, ':') != strrchr(text, ':'))
		len = strcspn(text, "+");
	*ret_start = text;
	*ret_len = len;
	*ret_rest = text + len;
	return NULL;
}

static const char *parse_group(const char *text, struct endpoint *endpoint,
			       const char **ret_rest)
{
	char address[ADDRESS_TEXT_MAX];
	const char *start, *why;
	size_t len;

	if (strstr(text, "://"))
		return "a URL is no group: write 232.1.1.1:5000";
	why = split_address(text, &start, &len, ret_rest);
	if (why)
		return why;
	if (len >= sizeof(address))
		return "the address is too long";
	memcpy(address, start, len);
	address[len] = '\0';
	if (strchr(address, '/'))
		return "a prefix is no address; N groups are written GROUP+N";
	if (endpoint_parse_address(address, &endpoint->group, &why) < 0)
		return why;
	if (*text == '[' && endpoint->group.ss_family == AF_INET)
		return "brackets are for IPv6 addresses";
	return NULL;
}

static const char *parse_numbers(const char *rest, struct endpoint *endpoint,
				 bool is_bracketed)
{
	uint32_t value;

	if (*rest == '+') {
		rest++;
		if (!number_parse(&rest, &value) || value == 0 ||
		    value > ENDPOINT_MAX_GROUPS)
			return "the number of groups after + must be 1 to 65535";
		endpoint->n_groups = value;
	}
	if (*rest == ':') {
		if (endpoint->group.ss_family == AF_INET6 && !is_bracketed)
			return why_brackets;
		rest++;
		if (!number_parse(&rest, &value) || value == 0 || value > UINT16_MAX)
			return "the port must be a number from 1 to 65535";
		endpoint->port = (uint16_t)value;
	}
	return *rest ? "unexpected text at the end" : NULL;
}

static uint16_t guess_port(const char *text, const struct endpoint *endpoint)
{
	const char *tail = strrchr(text, ':');
	uint32_t value;

	if (endpoint->group.ss_family != AF_INET6 || *text == '[' || !tail)
		return 0;
	tail++;
	if (*tail == '0' || strspn(tail, DIGITS) < DOUBTFUL_PORT_DIGITS ||
	    !number_parse(&tail, &value) || *tail || value > UINT16_MAX)
		return 0;
	return (uint16_t)value;
}

int endpoint_parse(const char *text, struct endpoint *ret, const char **ret_why)
{
	struct endpoint endpoint = { .n_groups = 1 };
	struct sockaddr_storage last;
	const char *rest, *why;

	why = parse_group(text, &endpoint, &rest);
	if (!why)
		why = parse_numbers(rest, &endpoint, *text == '[');
	if (!why &&
	    (endpoint_get_group(&endpoint, endpoint.n_groups - 1, &last) < 0 ||
	     endpoint_is_multicast(&last) != endpoint_is_multicast(&endpoint.group)))
		why = "the range of groups runs past the last multicast address";
	if (why) {
		*ret_why = why;
		return -EINVAL;
	}
	endpoint.doubtful_port = guess_port(text, &endpoint);
	*ret = endpoint;
	return 0;
}

/* Adds to a number in network order; false when it wraps around. */
static bool bytes_add(uint8_t *bytes, size_t len, uint32_t addend)
{
	uint64_t carry = addend;

	for (size_t i = len; i-- > 0 && carry;) {
		carry += bytes[i];
		bytes[i] = (uint8_t)carry;
		carry >>= 8;
	}
	return carry == 0;
}

int endpoint_get_group(const struct endpoint *endpoint, uint32_t i,
		       struct sockaddr_storage *ret)
{
	union address group = { .storage = endpoint->group };
	bool fits;

	if (i >= endpoint->n_groups)
		return -ERANGE;
	if (endpoint->group.ss_family == AF_INET6) {
		fits = bytes_add(group.sin6.sin6_addr.s6_addr, 16, i);
		group.sin6.sin6_port = htons(endpoint->port);
	} else {
		fits = bytes_add((uint8_t *)&group.sin.sin_addr, 4, i);
		group.sin.sin_port = htons(endpoint->port);
	}
	if (!fits)
		return -ERANGE;
	*ret = group.storage;
	return 0;
}

int endpoint_format_address(const struct sockaddr_storage *address, char *buf, size_t len)
{
	union address any = { .storage = *address };
	const void *bytes = &any.sin.sin_addr;

	if (address->ss_family == AF_INET6)
		bytes = &any.sin6.sin6_addr;
	else if (address->ss_family != AF_INET)
		return -EAFNOSUPPORT;
	if (!inet_ntop(address->ss_family, bytes, buf, (socklen_t)len))
		return -ENOSPC;
	return (int)strlen(buf);
}

int endpoint_format(const struct endpoint *endpoint, char *buf, size_t len)
{
	char address[INET6_ADDRSTRLEN], count[16] = "", port[16] = "";
	bool has_brackets = endpoint->group.ss_family == AF_INET6 && endpoint->port;
	int n = endpoint_format_address(&endpoint->group, address, sizeof(address));

	if (n < 0)
		return n;
	if (endpoint->n_groups > 1)
		snprintf(count, sizeof(count), "+%u", endpoint->n_groups);
	if (endpoint->port)
		snprintf(port, sizeof(port), ":%u", endpoint->port);
	n = snprintf(buf, len, "%s%s%s%s%s", has_brackets ? "[" : "", address,
		     has_brackets ? "]" : "", count, port);
	return (size_t)n < len ? n : -ENOSPC;
}

bool endpoint_is_multicast(const struct sockaddr_storage *address)
{
	union address any = { .storage = *address };

	if (address->ss_family == AF_INET6)
		return IN6_IS_ADDR_MULTICAST(&any.sin6.sin6_addr);
	return address->ss_family == AF_INET &&
	       IN_MULTICAST(ntohl(any.sin.sin_addr.s_addr));
}

socklen_t endpoint_get_length(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					      : sizeof(struct sockaddr_in);
}

const char *endpoint_explain_source(const struct sockaddr_storage *address)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *sin = (const struct sockaddr_in *)address;
	uint32_t ipv4 = ntohl(sin->sin_addr.s_addr);

	if (endpoint_is_multicast(address))
		return "a multicast address cannot be a source";
	if (address->ss_family == AF_INET6) {
		if (IN6_IS_ADDR_UNSPECIFIED(&sin6->sin6_addr))
			return "the unspecified address cannot be a source";
		if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr))
			return "a v4-mapped address cannot be a source; write the IPv4 "
			       "address";
		return NULL;
	}
	if (ipv4 >> IN_CLASSA_NSHIFT == 0)
		return "an unspecified address (0.0.0.0/8) cannot be a source";
	if (ipv4 == INADDR_BROADCAST)
		return "the broadcast address cannot be a source";
	return NULL;
}

int endpoint_compare_addresses(const void *a, const void *b)
{
	const struct sockaddr_storage *x = a, *y = b;

	if (x->ss_family != y->ss_family)
		return x->ss_family < y->ss_family ? -1 : 1;
	if (x->ss_family == AF_INET)
		return memcmp(&((const struct sockaddr_in *)x)->sin_addr,
			      &((const struct sockaddr_in *)y)->sin_addr,
			      sizeof(struct in_addr));
	return memcmp(&((const struct sockaddr_in6 *)x)->sin6_addr,
		      &((const struct sockaddr_in6 *)y)->sin6_addr,
		      sizeof(struct in6_addr));
}
