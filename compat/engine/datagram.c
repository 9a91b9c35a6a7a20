/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * datagram: IP datagrams in both directions: IPv4 (RFC 791) and its Router Alert (RFC
 * 2113), IPv6 with extension headers (RFC 8200) and its Router Alert (RFC 2711).
 *
 * Invariant: lengths of the outside are checked here, once: a datagram that was read
 * lies within its bytes.
 */
#include "engine/datagram.h"

#include <errno.h>

#include "engine/bytes.h"
#include "engine/code.h"
#include "engine/engine.h"

#define IPV4_MIN            20u
#define IPV4_FRAGMENT       0x3fffu /* offset, and the flag of more */
#define IPV4_OPTION_END     0u
#define IPV4_OPTION_NOP     1u
#define IPV4_OPTION_MIN     2u
#define IPV4_ALERT          148u
#define IPV4_ALERT_LEN      4u
#define IPV4_VERSION        4u
#define IPV4_BYTES_OF_WORDS 4u

#define IPV6_VERSION        6u
#define IPV6_MIN            40u
#define IPV6_HOP_BY_HOP     0u
#define IPV6_ROUTING        43u
#define IPV6_DESTINATION    60u
#define IPV6_EXTENSION_UNIT 8u
#define IPV6_OPTION_PAD1    0u
#define IPV6_OPTION_PADN    1u
#define IPV6_OPTION_HEAD    2u
#define IPV6_ALERT          5u
#define IPV6_ALERT_LEN      2u
#define IPV6_ALERT_MLD      0u

#define TTL 1u /* RFC 9776 4, RFC 9777 5 */

/* False: an option is longer than the header. */
static bool read_ipv4_options(const uint8_t *option, const uint8_t *end, bool *ret_alert)
{
	for (; option < end && *option != IPV4_OPTION_END;) {
		size_t rest = (size_t)(end - option);

		if (*option == IPV4_OPTION_NOP) {
			option++;
			continue;
		}
		if (rest < IPV4_OPTION_MIN || option[1] < IPV4_OPTION_MIN ||
		    option[1] > rest)
			return false;
		*ret_alert |= *option == IPV4_ALERT && option[1] == IPV4_ALERT_LEN;
		option += option[1];
	}
	return true;
}

static int read_ipv4(const uint8_t *ip, size_t len, struct engine_datagram *ret)
{
	size_t header_len, total_len;
	bool has_alert = false;

	if (len < IPV4_MIN)
		return -EBADMSG;
	header_len = (ip[0] & 0x0fu) * IPV4_BYTES_OF_WORDS;
	total_len = bytes_get16(ip + 2);
	if (header_len < IPV4_MIN || header_len > total_len || total_len > len ||
	    !read_ipv4_options(ip + IPV4_MIN, ip + header_len, &has_alert))
		return -EBADMSG;
	if (ip[9] != PROTOCOL_IGMP || bytes_get16(ip + 6) & IPV4_FRAGMENT)
		return -EPROTO;
	*ret = (struct engine_datagram){
		.source = bytes_get_ipv4(ip + 12),
		.destination = bytes_get_ipv4(ip + 16),
		.hop_limit = ip[8],
		.has_router_alert = has_alert,
		.total_len = total_len,
		.message = ip + header_len,
		.len = total_len - header_len,
	};
	return 0;
}

static bool read_hop_by_hop(const uint8_t *option, const uint8_t *end, bool *ret_alert)
{
	while (option < end) {
		size_t rest = (size_t)(end - option);

		if (*option == IPV6_OPTION_PAD1) {
			option++;
			continue;
		}
		if (rest < IPV6_OPTION_HEAD || option[1] > rest - IPV6_OPTION_HEAD)
			return false;
		*ret_alert |= *option == IPV6_ALERT && option[1] == IPV6_ALERT_LEN &&
			      bytes_get16(option + IPV6_OPTION_HEAD) == IPV6_ALERT_MLD;
		option += IPV6_OPTION_HEAD + option[1];
	}
	return true;
}

/* The message of an IPv6 datagram: what is behind the extension headers. */
struct payload {
	uint8_t protocol;
	const uint8_t *bytes, *end;
	bool has_alert;
};

/* Goes behind the header in front, if it is one that may stand before ICMPv6: 1; 0: it
 * is none. */
static int skip_extension(struct payload *payload, bool is_first)
{
	const uint8_t *header = payload->bytes;
	size_t rest = (size_t)(payload->end - header), len;
	uint8_t kind = payload->protocol;

	if (kind != IPV6_HOP_BY_HOP && kind != IPV6_ROUTING && kind != IPV6_DESTINATION)
		return 0;
	if (rest < IPV6_EXTENSION_UNIT)
		return -EBADMSG;
	len = (header[1] + 1u) * IPV6_EXTENSION_UNIT;
	if (len > rest)
		return -EBADMSG;
	payload->protocol = header[0];
	payload->bytes += len;
	if (kind != IPV6_HOP_BY_HOP)
		return 1;
	/* RFC 8200 4.1: it is the first, or the datagram is broken. */
	if (!is_first || !read_hop_by_hop(header + 2, header + len, &payload->has_alert))
		return -EBADMSG;
	return 1;
}

/* No packet carries a v4-mapped address (RFC 4038 4.2), which is IPv4's here. */
static bool is_ipv6(struct addr addr)
{
	return !addr_is_ipv4(addr);
}

static int read_ipv6(const uint8_t *ip, size_t len, struct engine_datagram *ret)
{
	struct addr source, destination;
	struct payload payload;
	size_t total_len;
	int r;

	if (len < IPV6_MIN)
		return -EBADMSG;
	total_len = IPV6_MIN + bytes_get16(ip + 4);
	if (total_len > len)
		return -EBADMSG;
	payload = (struct payload){ ip[6], ip + IPV6_MIN, ip + total_len, false };
	for (bool is_first = true; (r = skip_extension(&payload, is_first)) > 0;)
		is_first = false;
	if (r < 0)
		return r;
	source = addr_from_bytes(ip + 8);
	destination = addr_from_bytes(ip + 24);
	if (payload.protocol != PROTOCOL_ICMPV6 || !is_ipv6(source) ||
	    !is_ipv6(destination))
		return -EPROTO;
	*ret = (struct engine_datagram){
		.source = source,
		.destination = destination,
		.hop_limit = ip[7],
		.has_router_alert = payload.has_alert,
		.total_len = total_len,
		.message = payload.bytes,
		.len = (size_t)(payload.end - payload.bytes),
	};
	return 0;
}

bool engine_has_router_alert(const void *hop_by_hop, size_t len)
{
	const uint8_t *header = hop_by_hop;
	bool has_alert = false;

	if (len < IPV6_EXTENSION_UNIT || len < (header[1] + 1u) * IPV6_EXTENSION_UNIT)
		return false;
	len = (header[1] + 1u) * IPV6_EXTENSION_UNIT;
	return read_hop_by_hop(header + 2, header + len, &has_alert) && has_alert;
}

int engine_read_datagram(const void *packet, size_t len, struct engine_datagram *ret)
{
	const uint8_t *bytes = packet;

	if (len == 0)
		return -EBADMSG;
	if (bytes[0] >> 4 == IPV4_VERSION)
		return read_ipv4(bytes, len, ret);
	if (bytes[0] >> 4 == IPV6_VERSION)
		return read_ipv6(bytes, len, ret);
	return -EBADMSG;
}

size_t datagram_get_ipv4_len(bool has_alert)
{
	return IPV4_MIN + (has_alert ? IPV4_ALERT_LEN : 0);
}

void datagram_put_ipv4(uint8_t *bytes, const struct datagram_header *header)
{
	size_t header_len = datagram_get_ipv4_len(header->has_alert);

	bytes[0] = (uint8_t)(IPV4_VERSION << 4 | header_len / IPV4_BYTES_OF_WORDS);
	bytes[1] = header->tos;
	bytes_put16(bytes + 2, header->len);
	bytes_put16(bytes + 4, 0);
	bytes_put16(bytes + 6, 0);
	bytes[8] = TTL;
	bytes[9] = PROTOCOL_IGMP;
	bytes_put_ipv4(bytes + 12, header->source);
	bytes_put_ipv4(bytes + 16, header->destination);
	if (header->has_alert) {
		bytes[20] = IPV4_ALERT;
		bytes[21] = IPV4_ALERT_LEN;
		bytes_put16(bytes + 22, 0);
	}
	datagram_put_checksum(bytes + 10, 0, bytes, header_len);
}

void datagram_put_ipv6(uint8_t *bytes, const struct datagram_header *header)
{
	bytes_put16(bytes, IPV6_VERSION << 12);
	bytes_put16(bytes + 2, 0);
	bytes_put16(bytes + 4, header->len - IPV6_MIN);
	bytes[6] = IPV6_HOP_BY_HOP;
	bytes[7] = TTL;
	addr_to_bytes(header->source, bytes + 8);
	addr_to_bytes(header->destination, bytes + 24);
	bytes[40] = PROTOCOL_ICMPV6;
	bytes[41] = 0;
	bytes[42] = IPV6_ALERT;
	bytes[43] = IPV6_ALERT_LEN;
	bytes_put16(bytes + 44, IPV6_ALERT_MLD);
	bytes[46] = IPV6_OPTION_PADN;
	bytes[47] = 0;
}

uint32_t datagram_sum_pseudo(struct addr source, struct addr destination, size_t len)
{
	uint8_t bytes[32];

	addr_to_bytes(source, bytes);
	addr_to_bytes(destination, bytes + 16);
	return checksum_add(PROTOCOL_ICMPV6 + (uint32_t)len, bytes, sizeof(bytes));
}

void datagram_put_checksum(uint8_t *checksum, uint32_t sum, const uint8_t *bytes,
			   size_t len)
{
	bytes_put16(checksum, 0);
	sum = checksum_add(sum, bytes, len);
	bytes_put16(checksum, (uint16_t)~checksum_fold(sum));
}
