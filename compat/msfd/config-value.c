/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config-value: words become values (see config-value.h).
 */
#include "msfd/config-value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "value.h"

#define NAME_MAX_LEN 32u /* longer ones are not guessed at */

int config_value_parse_bool(const char *text, bool *ret)
{
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return -EINVAL;
	*ret = *text == 'y';
	return 0;
}

int config_value_parse_address(const char *text, struct addr *ret)
{
	uint8_t bytes[16];
	struct addr addr;

	if (inet_pton(AF_INET, text, bytes) == 1) {
		*ret = addr_from_ipv4((uint32_t)bytes[0] << 24 |
				      (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
				      bytes[3]);
		return 0;
	}
	if (inet_pton(AF_INET6, text, bytes) != 1)
		return -EINVAL;
	addr = addr_from_bytes(bytes);
	if (addr_is_ipv4(addr)) /* RFC 4291 2.5.5.2: an address of the inside */
		return -EINVAL;
	*ret = addr;
	return 0;
}

/* Are the bits behind the first n all 0? */
static bool is_prefix(struct addr addr, unsigned int n)
{
	if (n < 64)
		return !addr.lo && !(addr.hi & (n ? UINT64_MAX >> n : UINT64_MAX));
	return n == 128 || !(addr.lo & UINT64_MAX >> (n - 64));
}

static int parse_range(char *text, bool is_ipv4, struct addr *ret_prefix,
		       uint8_t *ret_prefix_len)
{
	const unsigned int min = is_ipv4 ? 4 : 8, max = is_ipv4 ? 32 : 128;
	char *slash = strchr(text, '/');
	struct addr prefix;
	uint64_t len;

	if (!slash || value_read_count(slash + 1, min, max, &len) < 0)
		return -EINVAL;
	*slash = '\0';
	if (config_value_parse_address(text, &prefix) < 0 ||
	    addr_is_ipv4(prefix) != is_ipv4 || !addr_is_multicast(prefix) ||
	    !is_prefix(prefix, (unsigned int)len + 128 - max))
		return -EINVAL;
	*ret_prefix = prefix;
	*ret_prefix_len = (uint8_t)len;
	return 0;
}

int config_value_parse_range(const char *text, bool is_ipv4, struct addr *ret_prefix,
			     uint8_t *ret_prefix_len)
{
	char copy[64];
	size_t len = strlen(text);

	if (strcmp(text, "none") == 0) {
		*ret_prefix = is_ipv4 ? addr_from_ipv4(0xe0000000u)
				      : (struct addr){ .hi = 0xff00ull << 48 };
		*ret_prefix_len = CONFIG_VALUE_NO_RANGE;
		return 0;
	}
	if (len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len + 1);
	return parse_range(copy, is_ipv4, ret_prefix, ret_prefix_len);
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int min = a < b ? a : b;

	return min < c ? min : c;
}

/* How many letters are to be put in, taken out or changed (Levenshtein). */
static unsigned int get_distance(const char *a, const char *b)
{
	unsigned int row[NAME_MAX_LEN + 1], n = (unsigned int)strlen(b);

	for (unsigned int j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned int i = 1; a[i - 1]; i++) {
		unsigned int corner = row[0];

		row[0] = i;
		for (unsigned int j = 1; j <= n; j++) {
			unsigned int above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1,
				      corner + (a[i - 1] != b[j - 1]));
			corner = above;
		}
	}
	return row[n];
}

const char *config_value_guess(const char *name, const char *(*get)(unsigned int i))
{
	unsigned int best = (unsigned int)strlen(name) / 3 + 1;
	const char *guess = NULL, *candidate;

	if (strlen(name) > NAME_MAX_LEN)
		return NULL;
	for (unsigned int i = 0; (candidate = get(i)); i++) {
		unsigned int distance = strlen(candidate) > NAME_MAX_LEN
						? best
						: get_distance(name, candidate);

		if (distance < best) {
			best = distance;
			guess = candidate;
		}
	}
	return guess;
}
