/* SPDX-License-Identifier: BSD-2-Clause */
/* See names.h. */
#include <stdio.h>

#include "base/addr.h"
#include "names.h"

#define SOURCES_IPV4 0x0a4d0001u /* 10.77.0.1 */
#define SOURCES_IPV6 0xfd77000000000000ull

static const struct addr groups[ENGINE_FAMILIES][NAMES_GROUPS] = {
	[ENGINE_IPV4] = {
		{ 0, ADDR_MAPPED | 0xef090001 },
		{ 0, ADDR_MAPPED | 0xef090002 },
		{ 0, ADDR_MAPPED | 0xef090003 },
		{ 0, ADDR_MAPPED | 0xe000014d },
		[NAMES_GROUP_SSM] = { 0, ADDR_MAPPED | 0xe8090001 },
		[NAMES_GROUP_LOCAL] = { 0, ADDR_MAPPED | 0xe000004d },
	},
	[ENGINE_IPV6] = {
		{ 0xff15000000000000, 0x00090001 },
		{ 0xff15000000000000, 0x00090002 },
		{ 0xff1e000000000000, 0x00090003 },
		{ 0xff05000000000000, 0x0009004d },
		[NAMES_GROUP_SSM] = { 0xff3e000000000000, 0x80090001 },
		[NAMES_GROUP_LOCAL] = { 0xff02000000000000, 0x0009004d },
	},
};

/* Solicited-node groups have a prefix of 104 bits (RFC 4291 2.7.1). */
#define SOLICITED_HI 0xff02000000000000ull
#define SOLICITED_LO 0x1ff000000ull

static const struct {
	struct addr group;
	const char *name;
} noise[] = {
	{ { 0, ADDR_MAPPED | 0xe000006a }, "all snoopers, 224.0.0.106" },
	{ { 0xff02000000000000, 0x6a }, "all snoopers, ff02::6a" },
	{ { 0xff02000000000000, 0x02 }, "all routers, ff02::2" },
	{ { 0xff02000000000000, 0xfb }, "multicast DNS, ff02::fb" },
};

struct addr names_get_group(enum engine_family family, unsigned int group)
{
	return groups[family][group];
}

struct addr names_get_source(enum engine_family family, unsigned int source)
{
	if (family == ENGINE_IPV4)
		return addr_from_ipv4(SOURCES_IPV4 + source);
	return (struct addr){ SOURCES_IPV6, source + 1 };
}

int names_find_group(struct addr address)
{
	unsigned int family = addr_is_ipv4(address) ? ENGINE_IPV4 : ENGINE_IPV6;

	for (unsigned int i = 0; i < NAMES_GROUPS; i++)
		if (addr_equal(groups[family][i], address))
			return (int)i;
	return -1;
}

int names_find_source(struct addr address)
{
	enum engine_family family = addr_is_ipv4(address) ? ENGINE_IPV4 : ENGINE_IPV6;
	struct addr first = names_get_source(family, 0);

	if (address.hi != first.hi || address.lo < first.lo ||
	    address.lo - first.lo >= NAMES_SOURCES)
		return -1;
	return (int)(address.lo - first.lo);
}

bool names_is_noise(struct addr group)
{
	if (group.hi == SOLICITED_HI && group.lo >> 24 == SOLICITED_LO >> 24)
		return true;
	for (unsigned int i = 0; i < sizeof(noise) / sizeof(noise[0]); i++)
		if (addr_equal(noise[i].group, group))
			return true;
	return false;
}

unsigned int bits_count(const struct source_bits *bits)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < 4; i++)
		n += (unsigned int)__builtin_popcountll(bits->words[i]);
	return n;
}

bool bits_equal(const struct source_bits *a, const struct source_bits *b)
{
	for (unsigned int i = 0; i < 4; i++)
		if (a->words[i] != b->words[i])
			return false;
	return true;
}

struct source_bits bits_union(struct source_bits a, struct source_bits b)
{
	for (unsigned int i = 0; i < 4; i++)
		a.words[i] |= b.words[i];
	return a;
}

struct source_bits bits_intersection(struct source_bits a, struct source_bits b)
{
	for (unsigned int i = 0; i < 4; i++)
		a.words[i] &= b.words[i];
	return a;
}

struct source_bits bits_difference(struct source_bits a, struct source_bits b)
{
	for (unsigned int i = 0; i < 4; i++)
		a.words[i] &= ~b.words[i];
	return a;
}

size_t bits_print(const struct source_bits *bits, char *text, size_t size)
{
	const char *comma = "";
	size_t len = (size_t)snprintf(text, size, "{");

	for (unsigned int i = 0; i < NAMES_SOURCES && len + 8 < size; i++)
		if (bits_has(bits, i)) {
			len += (size_t)snprintf(text + len, size - len, "%s%u", comma, i);
			comma = ",";
		}
	len += (size_t)snprintf(text + len, size - len, "}");
	return len;
}
