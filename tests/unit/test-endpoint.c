/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/common/endpoint.h: every legal form is read and written
 * back, every illegal one is refused with its own reason.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "endpoint.h"
#include "tap.h"

static void check(struct tap *tap, bool is_ok, const char *what, const char *detail)
{
	tap_expect(tap, is_ok, "%s", detail);
	tap_end(tap, "%s%s%s", what, *detail ? ": " : "", detail);
}

static const struct {
	const char *text;
	const char *canonical;
	uint32_t n_groups;
	uint16_t port;
	uint16_t doubtful_port;
	const char *last; /* canonical text of the last group */
} good[] = {
	{ "232.1.1.1", "232.1.1.1", 1, 0, 0, "232.1.1.1" },
	{ "232.1.1.1:5000", "232.1.1.1:5000", 1, 5000, 0, "232.1.1.1" },
	{ "232.1.1.1:1", "232.1.1.1:1", 1, 1, 0, "232.1.1.1" },
	{ "232.1.1.1:65535", "232.1.1.1:65535", 1, 65535, 0, "232.1.1.1" },
	{ "232.1.1.1:005000", "232.1.1.1:5000", 1, 5000, 0, "232.1.1.1" },
	{ "232.1.1.1+20:5000", "232.1.1.1+20:5000", 20, 5000, 0, "232.1.1.20" },
	{ "232.1.1.1+1", "232.1.1.1", 1, 0, 0, "232.1.1.1" },
	{ "232.1.1.255+2", "232.1.1.255+2", 2, 0, 0, "232.1.2.0" },
	{ "232.1.255.255+65535", "232.1.255.255+65535", 65535, 0, 0, "232.2.255.253" },
	{ "239.255.255.254+2", "239.255.255.254+2", 2, 0, 0, "239.255.255.255" },
	{ "10.9.0.1", "10.9.0.1", 1, 0, 0, "10.9.0.1" },
	{ "ff3e::1", "ff3e::1", 1, 0, 0, "ff3e::1" },
	{ "FF3E:0::0001", "ff3e::1", 1, 0, 0, "ff3e::1" },
	{ "[ff3e::1]", "ff3e::1", 1, 0, 0, "ff3e::1" },
	{ "[ff3e::1]:5000", "[ff3e::1]:5000", 1, 5000, 0, "ff3e::1" },
	{ "[ff3e::1]+3:5000", "[ff3e::1]+3:5000", 3, 5000, 0, "ff3e::3" },
	{ "[ff3e::1]+3", "ff3e::1+3", 3, 0, 0, "ff3e::3" },
	{ "ff3e::1+3", "ff3e::1+3", 3, 0, 0, "ff3e::3" },
	{ "ff3e::ffff:ffff+2", "ff3e::ffff:ffff+2", 2, 0, 0, "ff3e::1:0:0" },
	{ "ff3e::1:5000", "ff3e::1:5000", 1, 0, 5000, "ff3e::1:5000" },
	{ "ff3e::8000:1", "ff3e::8000:1", 1, 0, 0, "ff3e::8000:1" },
	{ "[ff3e::1:5000]", "ff3e::1:5000", 1, 0, 0, "ff3e::1:5000" },
	{ "::ffff:232.1.1.1", "::ffff:232.1.1.1", 1, 0, 0, "::ffff:232.1.1.1" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff+1",
	  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1, 0, 0,
	  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
};

#define WHY_BRACKETS "needs brackets"
#define WHY_COUNT    "groups after + must be 1 to 65535"
#define WHY_PORT     "port must be a number from 1 to 65535"
#define WHY_RANGE    "past the last multicast address"
#define WHY_TAIL     "unexpected text at the end"
#define WHY_V4       "misspelt IPv4 address"
#define WHY_ZEROS    "from 0 to 255, without leading zeros"
#define WHY_URL      "a URL is no group"
#define WHY_V6       "misspelt IPv6 address"
#define WHY_NEITHER  "neither an IPv4 nor an IPv6 address"

static const struct {
	const char *text;
	const char *why;
} bad[] = {
	{ "", "the address is missing" },
	{ ":5000", "the address is missing" },
	{ "[]:5000", "the address is missing" },
	{ "garbage", WHY_NEITHER },
	{ "garbage:5000", WHY_NEITHER },
	{ "example.org:5000", WHY_NEITHER },
	{ " 232.1.1.1", WHY_NEITHER },
	{ "232.1.1.1 ", WHY_NEITHER },
	{ "232.1.1", WHY_V4 },
	{ "232.1.1.256", WHY_V4 },
	{ "232.1.1.1.1:5000", WHY_V4 },
	{ "232.01.1.1", WHY_ZEROS },
	{ "232.1.1.001:5000", WHY_ZEROS },
	{ "232.00.1.1", WHY_ZEROS },
	{ "0232.0001.00001.000001", WHY_ZEROS },
	{ "232.01.1", "from 0 to 255" },
	{ "232.1.1.1:50:60", WHY_TAIL },
	{ "232.1.1.1:5000x", WHY_TAIL },
	{ "232.1.1.1:5000+3", WHY_TAIL },
	{ "232.1.1.1+3x", WHY_TAIL },
	{ "[ff3e::1]5000", WHY_TAIL },
	{ "232.1.1.1:", WHY_PORT },
	{ "232.1.1.1:0", WHY_PORT },
	{ "232.1.1.1:65536", WHY_PORT },
	{ "232.1.1.1:4294967297", WHY_PORT },
	{ "232.1.1.1:18446744073709551617", WHY_PORT },
	{ "232.1.1.1:-1", WHY_PORT },
	{ "232.1.1.1:http", WHY_PORT },
	{ "232.1.1.1+", WHY_COUNT },
	{ "232.1.1.1+0", WHY_COUNT },
	{ "232.1.1.1+65536", WHY_COUNT },
	{ "232.1.1.1+-1", WHY_COUNT },
	{ "232.1.1.1+x:5000", WHY_COUNT },
	{ "239.255.255.255+2", WHY_RANGE },
	{ "223.255.255.255+2", WHY_RANGE },
	{ "255.255.255.255+2", WHY_RANGE },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff+2", WHY_RANGE },
	{ "ff3e:::1", WHY_V6 },
	{ "ff3g::1", WHY_V6 },
	{ "ff3e::1::2", WHY_V6 },
	{ "ff3e:0:0:0:0:0:0:1:5000", WHY_BRACKETS },
	{ "ff3e::1+3:5000", WHY_BRACKETS },
	{ "ff3e::1:65536", WHY_BRACKETS },
	{ "[ff3e::1:5000", "the closing bracket ] is missing" },
	{ "[232.1.1.1]:5000", "brackets are for IPv6 addresses" },
	{ "232.1.1.0/24", "a prefix is no address; N groups are written GROUP+N" },
	{ "udp://232.1.1.1", WHY_URL },
	{ "udp://232.1.1.1:5000", WHY_URL },
	{ "rtp://@[ff3e::1]:5000", WHY_URL },
	{ "ff02::1%eth0", "the interface is an argument of its own" },
	{ "11111111111111111111111111111111111111111111111111111111111111111111111111111"
	  "1111111111111111111111111111111111111111111111111111111111111",
	  "the address is too long" },
};

/* The port stands at the same place in both families. */
static uint16_t get_port(const struct sockaddr_storage *address)
{
	struct sockaddr_in sin;

	memcpy(&sin, address, sizeof(sin));
	return ntohs(sin.sin_port);
}

static void test_good(struct tap *tap, size_t i)
{
	char text[ENDPOINT_TEXT_MAX] = "", last[INET6_ADDRSTRLEN] = "", detail[200];
	struct sockaddr_storage group = { 0 };
	struct endpoint endpoint, again;
	const char *why = "";
	bool is_ok;

	is_ok = endpoint_parse(good[i].text, &endpoint, &why) == 0 &&
		endpoint.n_groups == good[i].n_groups && endpoint.port == good[i].port &&
		endpoint.doubtful_port == good[i].doubtful_port &&
		endpoint_format(&endpoint, text, sizeof(text)) == (int)strlen(text) &&
		strcmp(text, good[i].canonical) == 0 &&
		endpoint_get_group(&endpoint, endpoint.n_groups - 1, &group) == 0 &&
		endpoint_format_address(&group, last, sizeof(last)) > 0 &&
		strcmp(last, good[i].last) == 0 && get_port(&group) == good[i].port &&
		endpoint_get_group(&endpoint, endpoint.n_groups, &group) == -ERANGE &&
		endpoint_parse(text, &again, &why) == 0 &&
		memcmp(&again.group, &endpoint.group, sizeof(again.group)) == 0 &&
		again.n_groups == endpoint.n_groups && again.port == endpoint.port;
	snprintf(detail, sizeof(detail), "%s -> %s, last %s %s", good[i].text, text, last,
		 why);
	check(tap, is_ok, "is read and written back", detail);
}

static void test_bad(struct tap *tap, size_t i)
{
	struct endpoint endpoint, before;
	const char *why = "(no reason)";
	char detail[300];
	int r;

	memset(&endpoint, 0x5a, sizeof(endpoint));
	memcpy(&before, &endpoint, sizeof(before));
	r = endpoint_parse(bad[i].text, &endpoint, &why);
	snprintf(detail, sizeof(detail), "'%.60s' -> %s", bad[i].text, why);
	check(tap,
	      r == -EINVAL && strstr(why, bad[i].why) &&
		      memcmp(&before, &endpoint, sizeof(before)) == 0,
	      "is refused with its reason", detail);
}

static void test_address(struct tap *tap)
{
	struct sockaddr_storage address;
	const char *why = "";

	check(tap,
	      endpoint_parse_address("10.9.0.1", &address, &why) == 0 &&
		      address.ss_family == AF_INET && !endpoint_is_multicast(&address) &&
		      endpoint_get_length(&address) == sizeof(struct sockaddr_in),
	      "an IPv4 address is read", "");
	check(tap,
	      endpoint_parse_address("ff02::1", &address, &why) == 0 &&
		      address.ss_family == AF_INET6 && endpoint_is_multicast(&address) &&
		      endpoint_get_length(&address) == sizeof(struct sockaddr_in6),
	      "an IPv6 address is read", "");
	check(tap,
	      endpoint_parse_address("10.9.0.1:5000", &address, &why) == -EINVAL &&
		      address.ss_family == AF_INET6,
	      "an address has no port", why);
	check(tap,
	      endpoint_parse_address("10.9.0.0/24", &address, &why) == -EINVAL &&
		      strstr(why, "each address has to be named"),
	      "nor is it a prefix", why);
	check(tap,
	      endpoint_parse_address("udp://10.9.0.1", &address, &why) == -EINVAL &&
		      strstr(why, "a URL is no address"),
	      "nor a URL", why);
	check(tap,
	      endpoint_parse_address("010.9.0.1", &address, &why) == -EINVAL &&
		      strstr(why, WHY_ZEROS),
	      "nor has it leading zeros", why);
	check(tap,
	      endpoint_parse_address("010.9.0.256", &address, &why) == -EINVAL &&
		      !strstr(why, "zeros") &&
		      endpoint_parse_address("100.100.100.1001", &address, &why) ==
			      -EINVAL &&
		      !strstr(why, "zeros"),
	      "which are not told of where it would be none without them", why);
}

static void test_short_buffers(struct tap *tap)
{
	struct endpoint endpoint;
	const char *why = "";
	char text[ENDPOINT_TEXT_MAX];
	bool is_ok = endpoint_parse("[ff3e::1]+3:5000", &endpoint, &why) == 0;

	check(tap,
	      is_ok && endpoint_format(&endpoint, text, 16) == -ENOSPC &&
		      endpoint_format(&endpoint, text, 17) == 16,
	      "a buffer without room for the NUL is refused", "");
	check(tap, is_ok && endpoint_format_address(&endpoint.group, text, 7) == -ENOSPC,
	      "a buffer without room for the address is refused", "");
	endpoint.group.ss_family = AF_UNIX;
	check(tap, endpoint_format(&endpoint, text, sizeof(text)) == -EAFNOSUPPORT,
	      "another family has no text", "");
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		test_good(&tap, i);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		test_bad(&tap, i);
	test_address(&tap);
	test_short_buffers(&tap);
	return tap_finish(&tap);
}
