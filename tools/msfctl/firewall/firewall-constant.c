/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Constants of a ruleset, as libnftables writes them in JSON: numbers, addresses,
 * words of the types (RFC 9776 names stand in <linux/igmp.h>), prefixes, ranges and
 * lists of flags.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <netdb.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firewall-value.h"

#define NUMBER_BITS_MAX 63u /* of a jansson integer */

static const struct {
	const char *word;
	enum kind kind;
	uint32_t number;
} words[] = {
	{ "icmp", KIND_PROTOCOL, IPPROTO_ICMP },
	{ "igmp", KIND_PROTOCOL, IPPROTO_IGMP },
	{ "tcp", KIND_PROTOCOL, IPPROTO_TCP },
	{ "udp", KIND_PROTOCOL, IPPROTO_UDP },
	{ "icmpv6", KIND_PROTOCOL, IPPROTO_ICMPV6 },
	{ "ipv6-icmp", KIND_PROTOCOL, IPPROTO_ICMPV6 },
	{ "ipv4", KIND_NFPROTO, NFPROTO_IPV4 },
	{ "ipv6", KIND_NFPROTO, NFPROTO_IPV6 },
	{ "ip", KIND_ETHERTYPE, ETHERTYPE_IP },
	{ "ip6", KIND_ETHERTYPE, ETHERTYPE_IPV6 },
	{ "arp", KIND_ETHERTYPE, ETHERTYPE_ARP },
	{ "vlan", KIND_ETHERTYPE, ETHERTYPE_VLAN },
	{ "8021q", KIND_ETHERTYPE, ETHERTYPE_VLAN },
	{ "8021ad", KIND_ETHERTYPE, 0x88a8 },
	{ "host", KIND_PACKET_TYPE, PACKET_HOST },
	{ "unicast", KIND_PACKET_TYPE, PACKET_HOST },
	{ "broadcast", KIND_PACKET_TYPE, PACKET_BROADCAST },
	{ "multicast", KIND_PACKET_TYPE, PACKET_MULTICAST },
	{ "other", KIND_PACKET_TYPE, PACKET_OTHERHOST },
	{ "invalid", KIND_CT_STATE, NF_CT_STATE_INVALID_BIT },
	{ "established", KIND_CT_STATE, NF_CT_STATE_BIT(IP_CT_ESTABLISHED) },
	{ "related", KIND_CT_STATE, NF_CT_STATE_BIT(IP_CT_RELATED) },
	{ "new", KIND_CT_STATE, NF_CT_STATE_BIT(IP_CT_NEW) },
	{ "untracked", KIND_CT_STATE, NF_CT_STATE_UNTRACKED_BIT },
	{ "membership-query", KIND_IGMP_TYPE, 0x11 },
	{ "membership-report-v1", KIND_IGMP_TYPE, 0x12 },
	{ "membership-report-v2", KIND_IGMP_TYPE, 0x16 },
	{ "leave-group", KIND_IGMP_TYPE, 0x17 },
	{ "membership-report-v3", KIND_IGMP_TYPE, 0x22 },
	{ "destination-unreachable", KIND_ICMPV6_TYPE, 1 },
	{ "packet-too-big", KIND_ICMPV6_TYPE, 2 },
	{ "time-exceeded", KIND_ICMPV6_TYPE, 3 },
	{ "parameter-problem", KIND_ICMPV6_TYPE, 4 },
	{ "echo-request", KIND_ICMPV6_TYPE, 128 },
	{ "echo-reply", KIND_ICMPV6_TYPE, 129 },
	{ "mld-listener-query", KIND_ICMPV6_TYPE, 130 },
	{ "mld-listener-report", KIND_ICMPV6_TYPE, 131 },
	{ "mld-listener-done", KIND_ICMPV6_TYPE, 132 },
	{ "mld-listener-reduction", KIND_ICMPV6_TYPE, 132 },
	{ "nd-router-solicit", KIND_ICMPV6_TYPE, 133 },
	{ "nd-router-advert", KIND_ICMPV6_TYPE, 134 },
	{ "nd-neighbor-solicit", KIND_ICMPV6_TYPE, 135 },
	{ "nd-neighbor-advert", KIND_ICMPV6_TYPE, 136 },
	{ "nd-redirect", KIND_ICMPV6_TYPE, 137 },
	{ "router-renumbering", KIND_ICMPV6_TYPE, 138 },
	{ "ind-neighbor-solicit", KIND_ICMPV6_TYPE, 141 },
	{ "ind-neighbor-advert", KIND_ICMPV6_TYPE, 142 },
	{ "mld2-listener-report", KIND_ICMPV6_TYPE, 143 },
};

static bool parse_number(struct bits *ret, const char *word, unsigned int width)
{
	char *end;
	unsigned long long number;

	if (*word < '0' || *word > '9')
		return false;
	errno = 0;
	number = strtoull(word, &end, 0);
	if (errno || *end || width > 64)
		return false;
	*ret = bits_of(number);
	return true;
}

static bool parse_word(struct bits *ret, const char *word, enum kind kind,
		       unsigned int width)
{
	const struct protoent *entry;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (words[i].kind != kind || strcmp(words[i].word, word) != 0)
			continue;
		*ret = bits_of(words[i].number);
		return true;
	}
	if (parse_number(ret, word, width))
		return true;
	/* libnftables took the word from the same table. */
	entry = kind == KIND_PROTOCOL ? getprotobyname(word) : NULL;
	if (entry)
		*ret = bits_of((uint32_t)entry->p_proto);
	return entry != NULL;
}

static bool parse_address(struct bits *ret, const char *word, unsigned int width)
{
	uint8_t address[16];
	int family = width == 32 ? AF_INET : AF_INET6;

	if (inet_pton(family, word, address) != 1)
		return false;
	*ret = bits_of_bytes(address, width / 8);
	return true;
}

/* "eth*" are all names that begin so; "eth\*" is a name with a star. */
static bool parse_name(struct pattern *ret, const char *word)
{
	char name[IF_NAMESIZE + 1] = { 0 };
	size_t n = strlen(word);
	bool is_wildcard = n > 0 && word[n - 1] == '*', is_escaped;

	is_escaped = is_wildcard && n > 1 && word[n - 2] == '\\';
	if (is_wildcard)
		n -= is_escaped ? 2 : 1;
	if (n >= IF_NAMESIZE)
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)n, word);
	if (is_escaped)
		name[n] = '*';
	ret->low = ret->high = bits_of_name(name);
	if (is_wildcard && !is_escaped)
		ret->mask = bits_not(bits_ones(128 - 8 * (unsigned int)n));
	return true;
}

static bool parse_integer(struct pattern *ret, json_int_t number, enum kind kind,
			  unsigned int width)
{
	/* libnftables cuts what does not fit into its integers, and writes those of
	 * Ethernet in the byte order of the host. Interfaces are words, always. */
	if (number < 0 || width > NUMBER_BITS_MAX || kind == KIND_ETHERTYPE)
		return false;
	ret->low = ret->high = bits_of((uint64_t)number);
	return true;
}

static bool parse_string(struct pattern *ret, const char *word, enum kind kind,
			 unsigned int width)
{
	switch (kind) {
	case KIND_ADDRESS:
		if (!parse_address(&ret->low, word, width))
			return false;
		break;
	case KIND_NAME:
		return parse_name(ret, word);
	case KIND_INTERFACE:
		if (strlen(word) >= IF_NAMESIZE)
			return false;
		ret->low = bits_of_name(word);
		break;
	default:
		if (!parse_word(&ret->low, word, kind, width))
			return false;
		break;
	}
	ret->high = ret->low;
	return true;
}

static bool parse_prefix(struct pattern *ret, const json_t *json, enum kind kind,
			 unsigned int width)
{
	const json_t *len = json_object_get(json, "len");
	struct bits hosts;

	if (!json_is_integer(len) || json_integer_value(len) < 0 ||
	    json_integer_value(len) > width ||
	    !constant_parse(&ret->low, json_object_get(json, "addr"), kind, width))
		return false;
	hosts = bits_ones(width - (unsigned int)json_integer_value(len));
	ret->mask = bits_not(hosts);
	ret->low = ret->high = bits_and(ret->low, ret->mask);
	return true;
}

static bool parse_range(struct pattern *ret, const json_t *json, enum kind kind,
			unsigned int width)
{
	return json_array_size(json) == 2 &&
	       constant_parse(&ret->low, json_array_get(json, 0), kind, width) &&
	       constant_parse(&ret->high, json_array_get(json, 1), kind, width);
}

/* Flags, "new" or "untracked", are one number together. */
static bool parse_flags(struct pattern *ret, const json_t *json, enum kind kind,
			unsigned int width)
{
	struct bits flag, all = bits_of(0);
	const json_t *element;
	size_t i;

	json_array_foreach(json, i, element)
	{
		/* A list in a list is none of libnftables. */
		if (json_is_array(element) || json_is_object(element) ||
		    !constant_parse(&flag, element, kind, width))
			return false;
		all = bits_or(all, flag);
	}
	ret->low = ret->high = all;
	return json_array_size(json) > 0;
}

bool pattern_parse(struct pattern *ret, const json_t *json, enum kind kind,
		   unsigned int width)
{
	const json_t *inner;

	*ret = (struct pattern){ .mask = bits_ones(128) };
	if (json_is_integer(json))
		return parse_integer(ret, json_integer_value(json), kind, width);
	if (json_is_string(json))
		return parse_string(ret, json_string_value(json), kind, width);
	if (json_is_array(json))
		return parse_flags(ret, json, kind, width);
	if ((inner = json_object_get(json, "prefix")))
		return parse_prefix(ret, inner, kind, width);
	if ((inner = json_object_get(json, "range")))
		return parse_range(ret, inner, kind, width);
	if ((inner = json_object_get(json, "|")))
		return parse_flags(ret, inner, kind, width);
	return false;
}

bool constant_parse(struct bits *ret, const json_t *json, enum kind kind,
		    unsigned int width)
{
	struct pattern pattern;

	/* Prefixes and ranges are no constants: no deeper than this. */
	if (json_is_object(json) && !json_object_get(json, "|"))
		return false;
	if (!pattern_parse(&pattern, json, kind, width) ||
	    !bits_are_zero(bits_not(pattern.mask)))
		return false;
	*ret = pattern.low;
	return true;
}
