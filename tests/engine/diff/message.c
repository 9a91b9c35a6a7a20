/* SPDX-License-Identifier: BSD-2-Clause */
/* See message.h. RFC 2236 2, 2710 3, 9776 4.1, 9777 5.1. */
#include <string.h>

#include "message.h"

#define IGMP_QUERY     0x11
#define IGMP_V1_REPORT 0x12
#define IGMP_V2_REPORT 0x16
#define MLD_QUERY      130
#define MLD_REPORT     131

#define PROTOCOL_IGMP   2
#define PROTOCOL_ICMPV6 58

static const struct addr all_hosts[ENGINE_FAMILIES] = {
	[ENGINE_IPV4] = { 0, ADDR_MAPPED | 0xe0000001 },
	[ENGINE_IPV6] = { 0xff02000000000000, 1 },
};

static const struct addr sender[ENGINE_FAMILIES] = {
	[ENGINE_IPV4] = { 0, ADDR_MAPPED | 0x0a0900fe },
	[ENGINE_IPV6] = { 0xfe80000000000000, 0xfe },
};

static void put(struct message_bytes *m, const void *bytes, size_t len)
{
	memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

static void put_16(struct message_bytes *m, unsigned int value)
{
	put(m, (uint8_t[2]){ (uint8_t)(value >> 8), (uint8_t)value }, 2);
}

static void put_addr(struct message_bytes *m, enum engine_family family, struct addr a)
{
	uint8_t bytes[16] = { 0 };

	addr_to_bytes(a, bytes);
	if (family == ENGINE_IPV4)
		put(m, bytes + 12, 4);
	else
		put(m, bytes, 16);
}

static void put_group(struct message_bytes *m, enum engine_family family, uint8_t group)
{
	if (group == SCRIPT_GENERAL)
		put_addr(m, family, (struct addr){ 0, 0 });
	else
		put_addr(m, family, names_get_group(family, group));
}

/* RFC 1071. */
static uint16_t get_checksum(const uint8_t *bytes, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | (i + 1 < len ? bytes[i + 1] : 0);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void set_16(uint8_t *bytes, unsigned int value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

/* What stands behind the group in a query of the newest version. */
static void put_tail(struct message_bytes *m, const struct script_message *message,
		     enum engine_family family)
{
	/* S flag: hosts do not care (R-QRY-8). */
	put(m, (uint8_t[2]){ (uint8_t)(0x08 | message->robustness), 125 }, 2);
	put_16(m, bits_count(&message->sources));
	for (unsigned int i = 0; i < NAMES_SOURCES; i++)
		if (bits_has(&message->sources, i))
			put_addr(m, family, names_get_source(family, i));
}

/*
 * Code 0 is the shortest of IGMPv3; in an older mode it would be version 1's query. MLD
 * counts in ms, and 0 is "at once" for MLDv1.
 */
static void put_igmp(struct message_bytes *m, const struct script_message *message,
		     bool is_newest)
{
	uint8_t code = message->version == 1 || (message->version == 3 && is_newest) ? 0
										     : 1;
	uint8_t type = IGMP_QUERY;

	if (message->is_report) {
		type = message->version == 1 ? IGMP_V1_REPORT : IGMP_V2_REPORT;
		code = 0;
	}
	put(m, (uint8_t[4]){ type, code, 0, 0 }, 4);
	put_group(m, ENGINE_IPV4, message->group);
	if (!message->is_report && message->version == 3)
		put_tail(m, message, ENGINE_IPV4);
}

static void put_mld(struct message_bytes *m, const struct script_message *message,
		    bool is_slow)
{
	unsigned int ms = is_slow ? MESSAGE_MLD_MS : 1;

	put(m, (uint8_t[4]){ message->is_report ? MLD_REPORT : MLD_QUERY, 0, 0, 0 }, 4);
	put_16(m, message->is_report ? 0 : ms);
	put_16(m, 0);
	put_group(m, ENGINE_IPV6, message->group);
	if (!message->is_report && message->version == 2)
		put_tail(m, message, ENGINE_IPV6);
}

static void put_ipv4(struct message_bytes *m, struct addr to)
{
	static const uint8_t head[12] = {
		0x46, 0xc0, 0, 0, 0, 0, 0, 0, 1, PROTOCOL_IGMP
	};
	static const uint8_t alert[4] = { 0x94, 4 };

	put(m, head, sizeof(head));
	put_addr(m, ENGINE_IPV4, sender[ENGINE_IPV4]);
	put_addr(m, ENGINE_IPV4, to);
	put(m, alert, sizeof(alert));
}

static void end_ipv4(struct message_bytes *m)
{
	set_16(m->bytes + 2, (unsigned int)m->len);
	set_16(m->bytes + 10, get_checksum(m->bytes, 24, 0));
	set_16(m->bytes + 26, get_checksum(m->bytes + 24, m->len - 24, 0));
}

static void put_ipv6(struct message_bytes *m, struct addr to)
{
	static const uint8_t head[8] = { 0x60, 0, 0, 0, 0, 0, 0, 1 };
	static const uint8_t options[8] = { PROTOCOL_ICMPV6, 0, 5, 2, 0, 0, 1, 0 };

	put(m, head, sizeof(head));
	put_addr(m, ENGINE_IPV6, sender[ENGINE_IPV6]);
	put_addr(m, ENGINE_IPV6, to);
	put(m, options, sizeof(options));
}

/* RFC 8200 8.1: the pseudo-header has both addresses, length and protocol. */
static void end_ipv6(struct message_bytes *m)
{
	uint32_t sum = (uint32_t)(m->len - 48) + PROTOCOL_ICMPV6;

	for (unsigned int i = 8; i < 40; i += 2)
		sum += (uint32_t)m->bytes[i] << 8 | m->bytes[i + 1];
	set_16(m->bytes + 4, (unsigned int)(m->len - 40));
	set_16(m->bytes + 50, get_checksum(m->bytes + 48, m->len - 48, sum));
}

static void set_mac(struct message_bytes *m, enum engine_family family, struct addr to)
{
	if (family == ENGINE_IPV4)
		memcpy(m->mac,
		       (uint8_t[6]){ 1, 0, 0x5e, to.lo >> 16 & 0x7f,
				     (uint8_t)(to.lo >> 8), (uint8_t)to.lo },
		       6);
	else
		memcpy(m->mac,
		       (uint8_t[6]){ 0x33, 0x33, (uint8_t)(to.lo >> 24),
				     (uint8_t)(to.lo >> 16), (uint8_t)(to.lo >> 8),
				     (uint8_t)to.lo },
		       6);
}

void message_make(const struct script_message *message, enum engine_family family,
		  bool is_newest, bool is_slow, struct message_bytes *ret)
{
	struct addr to = all_hosts[family];

	if (message->is_misled)
		to = names_get_group(family, 0);
	else if (message->group != SCRIPT_GENERAL && !message->is_to_all)
		to = names_get_group(family, message->group);
	ret->len = 0;
	set_mac(ret, family, to);
	if (family == ENGINE_IPV4) {
		put_ipv4(ret, to);
		put_igmp(ret, message, is_newest);
		end_ipv4(ret);
	} else {
		put_ipv6(ret, to);
		put_mld(ret, message, is_slow);
		end_ipv6(ret);
	}
}
