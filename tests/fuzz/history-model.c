/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * history-model: what sockets want, and what the RFCs make of it (see history.h).
 */
#include <string.h>

#include "history.h"

struct interface_model *model_find_interface(struct history *h, uint32_t ifindex)
{
	if (ifindex < 1 || ifindex > N_INTERFACES || !h->interfaces[ifindex - 1].is_known)
		return NULL;
	return &h->interfaces[ifindex - 1];
}

struct addr model_make_ipv6(uint32_t first, uint32_t last)
{
	return (struct addr){ .hi = (uint64_t)first << 32, .lo = last };
}

struct addr model_get_group(enum engine_family family, unsigned int i)
{
	static const uint32_t ipv4[] = {
		0xe0000001, /* 224.0.0.1 */
		0xe0000005, 0xe8010101, 0xe8010102, 0xeffffffa,
	};
	static const struct addr ipv6[] = {
		{ 0xff02ull << 48, 1 }, { 0xff01ull << 48, 5 }, { 0xff3eull << 48, 1 },
		{ 0xff35ull << 48, 2 }, { 0xff00ull << 48, 9 }, { 0xff02ull << 48, 0xfb },
	};

	if (family == ENGINE_IPV4)
		return addr_from_ipv4(i < 5 ? ipv4[i] : 0xef010100 + i);
	return i < 6 ? ipv6[i] : model_make_ipv6(0xff0e0000, i);
}

struct addr model_get_source(enum engine_family family, unsigned int i)
{
	return family == ENGINE_IPV4 ? addr_from_ipv4(0x0a010000 + i)
				     : model_make_ipv6(0x20010db8, 1 + i);
}

/* The number of a group that is reported, N_GROUPS: none of ours. */
unsigned int model_find_group(enum engine_family family, struct addr group)
{
	unsigned int i = 0;

	while (i < N_GROUPS && !addr_equal(model_get_group(family, i), group))
		i++;
	return i;
}

unsigned int model_find_source(enum engine_family family, struct addr source)
{
	uint64_t i = source.lo - model_get_source(family, 0).lo;

	if (i >= N_SOURCES ||
	    !addr_equal(source, model_get_source(family, (unsigned int)i)))
		return N_SOURCES;
	return (unsigned int)i;
}

/* What is never told (RFC 9776 5, RFC 9777 6). */
bool model_is_silent(enum engine_family family, unsigned int i)
{
	return i == 0 || (family == ENGINE_IPV6 && (i == 1 || i == 4));
}

bool model_is_linklocal(enum engine_family family, unsigned int i)
{
	return family == ENGINE_IPV4 && i <= 1;
}

void wish_add(struct wish *wish, const struct wish *more)
{
	for (unsigned int i = 0; i < N_WORDS; i++)
		wish->sources[i] |= more->sources[i];
}

void wish_remove(struct wish *wish, const struct wish *less)
{
	for (unsigned int i = 0; i < N_WORDS; i++)
		wish->sources[i] &= ~less->sources[i];
}

void wish_add_range(uint64_t *sources, unsigned int first, unsigned int n)
{
	for (unsigned int i = first; i < first + n && i < N_SOURCES; i++)
		sources[i / 64] |= 1ull << i % 64;
}

bool wish_has(const struct wish *wish, unsigned int i)
{
	return i < N_SOURCES && (wish->sources[i / 64] >> i % 64 & 1);
}

uint32_t wish_count(const struct wish *wish)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < N_WORDS; i++)
		n += (uint32_t)__builtin_popcountll(wish->sources[i]);
	return n;
}

bool wish_is_empty(const struct wish *wish)
{
	return wish->mode == FILTER_NONE ||
	       (wish->mode == FILTER_INCLUDE && !wish_count(wish));
}

/* All of them are INCLUDE: the union; else what all EXCLUDE lists have and no INCLUDE
 * list (RFC 9776 3.2). */
struct wish model_merge(const struct wish *wishes, bool is_include_only)
{
	struct wish in = { FILTER_INCLUDE, { 0 } }, ex = { FILTER_EXCLUDE, { 0 } };
	bool has_exclude = false;

	memset(ex.sources, 0xff, sizeof(ex.sources));
	for (unsigned int i = 0; i < N_SOCKETS; i++) {
		bool is_exclude = wishes[i].mode == FILTER_EXCLUDE;

		has_exclude |= is_exclude && !is_include_only;
		for (unsigned int j = 0; j < N_WORDS; j++) {
			if (is_exclude)
				ex.sources[j] &= wishes[i].sources[j];
			else if (wishes[i].mode == FILTER_INCLUDE)
				in.sources[j] |= wishes[i].sources[j];
		}
	}
	if (!has_exclude)
		return in;
	for (unsigned int j = 0; j < N_WORDS; j++)
		ex.sources[j] &= ~in.sources[j];
	return ex;
}

bool model_is_wanted(const struct wish *wishes)
{
	for (unsigned int i = 0; i < N_SOCKETS; i++) {
		if (!wish_is_empty(&wishes[i]))
			return true;
	}
	return false;
}

static bool has_prefix(const struct ssm_range *range, struct addr group,
		       unsigned int skip)
{
	uint8_t a[16], b[16];
	unsigned int bits = range->len + skip;

	if (bits > 128)
		return false;
	addr_to_bytes(range->prefix, a);
	addr_to_bytes(group, b);
	for (unsigned int i = 0; i < bits; i++) {
		if ((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1)
			return false;
	}
	return true;
}

/* Are only INCLUDE filters of that group told (RFC 4604 2)? */
static bool is_ssm(const struct history *h, enum engine_family family, unsigned int i)
{
	if (h->ssm[family].is_set)
		return has_prefix(&h->ssm[family], model_get_group(family, i),
				  family == ENGINE_IPV4 ? 96 : 0);
	return i == 2 || i == 3;
}

static bool get_tunable_flag(const struct history *h, enum engine_tunable tunable)
{
	return engine_get_tunable(h->engine, tunable) != 0;
}

/* What reports of the newest version say of a group. */
struct wish model_get_told(const struct history *h, const struct interface_model *model,
			   enum engine_family family, unsigned int group)
{
	struct wish told = model_merge(model->wishes[family][group],
				       is_ssm(h, family, group));

	/* RFC 5790 3. */
	if (told.mode == FILTER_EXCLUDE && get_tunable_flag(h, ENGINE_LIGHTWEIGHT))
		memset(told.sources, 0, sizeof(told.sources));
	return told;
}
