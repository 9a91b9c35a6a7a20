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
#include <stdlib.h>
#include <string.h>

#include "firewall-value.h"

#define NUMBER_BITS_MAX 63u /* of a jansson integer */

static const struct {
	enum kind kind;
	const char *word;
	uint32_t number;
} words[] = {
	{ KIND_PROTOCOL, "icmp", IPPROTO_ICMP },
	{ KIND_PROTOCOL, "igmp", IPPROTO_IGMP },
	{ KIND_PROTOCOL, "tcp", IPPROTO_TCP },
	{ KIND_PROTOCOL, "udp", IPPROTO_UDP },
	{ KIND_PROTOCOL, "icmpv6", IPPROTO_ICMPV6 },
	{ KIND_PROTOCOL, "ipv6-icmp", IPPROTO_ICMPV6 },
	{ KIND_NFPROTO, "ipv4", NFPROTO_IPV4 },
	{ KIND_NFPROTO, "ipv6", NFPROTO_IPV6 },
	{ KIND_ETHERTYPE, "ip", ETHERTYPE_IP },
	{ KIND_ETHERTYPE, "ip6", ETHERTYPE_IPV6 },
	{ KIND_ETHERTYPE, "arp", ETHERTYPE_ARP },
	{ KIND_ETHERTYPE, "vlan", ETHERTYPE_VLAN },
	{ KIND_ETHERTYPE, "8021q", ETHERTYPE_VLAN },
	{ KIND_ETHERTYPE, "8021ad", 0x88a8 },
	{ KIND_PACKET_TYPE, "host", PACKET_HOST },
	{ KIND_PACKET_TYPE, "unicast", PACKET_HOST },
	{ KIND_PACKET_TYPE, "broadcast", PACKET_BROADCAST },
	{ KIND_PACKET_TYPE, "multicast", PACKET_MULTICAST },
	{ KIND_PACKET_TYPE, "other", PACKET_OTHERHOST },
	{ KIND_CT_STATE, "invalid", NF_CT_STATE_INVALID_BIT },
	{ KIND_CT_STATE, "established", NF_CT_STATE_BIT(IP_CT_ESTABLISHED) },
	{ KIND_CT_STATE, "related", NF_CT_STATE_BIT(IP_CT_RELATED) },
	{ KIND_CT_STATE, "new", NF_CT_STATE_BIT(IP_CT_NEW) },
	{ KIND_CT_STATE, "untracked", NF_CT_STATE_UNTRACKED_BIT },
	{ KIND_IGMP_TYPE, "membership-query", 0x11 },
	{ KIND_IGMP_TYPE, "membership-report-v1", 0x12 },
	{ KIND_IGMP_TYPE, "membership-report-v2", 0x16 },
	{ KIND_IGMP_TYPE, "leave-group", 0x17 },
	{ KIND_IGMP_TYPE, "membership-report-v3", 0x22 },
	{ KIND_ICMPV6_TYPE, "destination-unreachable", 1 },
	{ KIND_ICMPV6_TYPE, "packet-too-big", 2 },
	{ KIND_ICMPV6_TYPE, "time-exceeded", 3 },
	{ KIND_ICMPV6_TYPE, "parameter-problem", 4 },
	{ KIND_ICMPV6_TYPE, "echo-request", 128 },
	{ KIND_ICMPV6_TYPE, "echo-reply", 129 },
	{ KIND_ICMPV6_TYPE, "mld-listener-query", 130 },
	{ KIND_ICMPV6_TYPE, "mld-listener-report", 131 },
	{ KIND_ICMPV6_TYPE, "mld-listener-done", 132 },
	{ KIND_ICMPV6_TYPE, "mld-listener-reduction", 132 },
	{ KIND_ICMPV6_TYPE, "nd-router-solicit", 133 },
	{ KIND_ICMPV6_TYPE, "nd-router-advert", 134 },
	{ KIND_ICMPV6_TYPE, "nd-neighbor-solicit", 135 },
	{ KIND_ICMPV6_TYPE, "nd-neighbor-advert", 136 },
	{ KIND_ICMPV6_TYPE, "nd-redirect", 137 },
	{ KIND_ICMPV6_TYPE, "router-renumbering", 138 },
	{ KIND_ICMPV6_TYPE, "ind-neighbor-solicit", 141 },
	{ KIND_ICMPV6_TYPE, "ind-neighbor-advert", 142 },
	{ KIND_ICMPV6_TYPE, "mld2-listener-report", 143 },
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
	memcpy(name, word, n);
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
