/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: IPv4 and IPv6 packets with IGMP (RFC 2236, 3376), MLD (RFC 2710, 3810) or UDP
 * in them (see wire.h).
 *
 * Invariant: bytes are taken from a struct reader only, which knows how many there
 * are.  What is broken is no packet: a host would not have read it either.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "endpoint.h"
#include "wire.h"

#define IPV4_HEADER      20u
#define IPV4_VERSION     4
#define IPV6_VERSION     6
#define IPV6_HEADER      40u
#define IPV6_HEADERS_MAX 8 /* extension headers; nobody sends that many */
#define UDP_HEADER       8u

#define FRAGMENT_OFFSET   0x1fff /* RFC 791 3.1 */
#define FRAGMENT_MORE     0x2000
#define FRAGMENT_OFFSET_6 0xfff8 /* RFC 8200 4.5 */
#define FRAGMENT_MORE_6   0x0001

#define OPTION_END            0 /* RFC 791 3.1 */
#define OPTION_NOP            1
#define OPTION_ROUTER_ALERT   148 /* RFC 2113 */
#define OPTION_PAD1           0   /* RFC 8200 4.2 */
#define OPTION_ROUTER_ALERT_6 5   /* RFC 2711 */

#define IGMP_QUERY     0x11
#define IGMP_V1_REPORT 0x12
#define IGMP_V2_REPORT 0x16
#define IGMP_LEAVE     0x17
#define IGMP_V3_REPORT 0x22
#define IGMP_LENGTH    8u  /* of messages before version 3, and of a report's head */
#define IGMP_V3_QUERY  12u /* without sources */

#define IGMP_V1_RESPONSE_MS 10000 /* RFC 3376 7.2.1 */

#define MLD_QUERY     130
#define MLD_V1_REPORT 131
#define MLD_DONE      132
#define MLD_V2_REPORT 143
#define MLD_LENGTH    24u
#define MLD_V2_QUERY  28u
#define MLD_V2_HEAD   8u

struct reader {
	const uint8_t *bytes;
	uint32_t n_bytes;
};

/* What stands behind the IP headers. */
struct body {
	struct reader reader;
	uint8_t protocol;
	uint32_t length; /* by the IP header; the reader may have less */
	bool is_fragment;
	bool is_later_fragment;
};

static uint16_t get_16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* The next n bytes; NULL: there are not as many. */
static const uint8_t *take(struct reader *reader, uint32_t n)
{
	const uint8_t *bytes = reader->bytes;

	if (n > reader->n_bytes)
		return NULL;
	reader->bytes += n;
	reader->n_bytes -= n;
	return bytes;
}

/* RFC 1071; the sum of 64 kB fits. */
static uint32_t add_up(uint32_t sum, const uint8_t *bytes, uint32_t n)
{
	for (; n > 1; n -= 2, bytes += 2)
		sum += get_16(bytes);
	if (n)
		sum += (uint32_t)bytes[0] << 8;
	return (sum & 0xffff) + (sum >> 16);
}

static bool is_sum_right(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

static void set_address(struct sockaddr_storage *ret, int family, const uint8_t *bytes)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	ret->ss_family = (sa_family_t)family;
	if (family == AF_INET)
		memcpy(&sin->sin_addr, bytes, sizeof(sin->sin_addr));
	else
		memcpy(&sin6->sin6_addr, bytes, sizeof(sin6->sin6_addr));
}

static uint32_t get_address_length(int family)
{
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

static bool is_zero(const uint8_t *bytes, uint32_t n)
{
	while (n && !*bytes)
		bytes++, n--;
	return !n;
}

/* The group of a query, which may be none, or of a report. */
static bool read_group(struct wire_packet *packet, const uint8_t *bytes, bool is_query)
{
	if (is_query && is_zero(bytes, get_address_length(packet->family)))
		return true;
	set_address(&packet->group, packet->family, bytes);
	return endpoint_is_multicast(&packet->group);
}

/* RFC 3376 4.1.1, 4.1.7; RFC 3810 5.1.9 */
static uint32_t decode_8(uint8_t code)
{
	uint32_t mantissa = (code & 0x0fu) | 0x10;

	return code < 128 ? code : mantissa << ((code >> 4 & 7) + 3);
}

/* RFC 3810 5.1.3 */
static uint32_t decode_16(uint16_t code)
{
	uint32_t mantissa = (code & 0x0fffu) | 0x1000;

	return code < 32768 ? code : mantissa << ((code >> 12 & 7) + 3);
}

/* S, QRV, QQIC and the sources, which both families have in the same form. */
static bool read_query_tail(struct wire_packet *packet, struct reader *reader)
{
	const uint8_t *bytes = take(reader, 4);
	uint32_t n_bytes;

	packet->robustness = bytes[0] & 7;
	packet->query_interval_s = decode_8(bytes[1]);
	packet->n_sources = get_16(bytes + 2);
	n_bytes = packet->n_sources * get_address_length(packet->family);
	packet->payload = take(reader, n_bytes);
	packet->n_payload = n_bytes;
	return packet->payload != NULL;
}

/* RFC 3376 7.1: the length tells the version. */
static bool read_igmp_query(struct wire_packet *packet, struct reader *reader)
{
	uint32_t n_bytes = reader->n_bytes;
	const uint8_t *bytes = take(reader, IGMP_LENGTH);
	uint8_t code = bytes[1];

	packet->kind = WIRE_QUERY;
	if (n_bytes == IGMP_LENGTH) {
		packet->version = code ? 2 : 1;
		packet->max_response_ms = code ? code * 100u : IGMP_V1_RESPONSE_MS;
		/* Version 1 has no queries for a group (RFC 1112 appendix I). */
		return !code || read_group(packet, bytes + 4, true);
	}
	if (n_bytes < IGMP_V3_QUERY)
		return false;
	packet->version = 3;
	packet->max_response_ms = decode_8(code) * 100;
	return read_group(packet, bytes + 4, true) && read_query_tail(packet, reader);
}

static bool read_old_report(struct wire_packet *packet, const uint8_t *group, int version,
			    bool is_leave)
{
	packet->kind = WIRE_REPORT;
	packet->version = version;
	packet->is_leave = is_leave;
	return read_group(packet, group, false);
}

/* The head of both families has its number of records at the same place. */
static bool read_record_report(struct wire_packet *packet, struct reader *reader,
			       int version)
{
	const uint8_t *head = take(reader, IGMP_LENGTH);

	packet->kind = WIRE_REPORT;
	packet->version = version;
	packet->n_records = get_16(head + 6);
	packet->payload = reader->bytes;
	packet->n_payload = reader->n_bytes;
	return true;
}

static bool read_igmp(struct wire_packet *packet, struct body *body)
{
	const uint8_t *bytes = body->reader.bytes;
	uint32_t n_bytes = body->reader.n_bytes;

	if (body->is_fragment || n_bytes < body->length || n_bytes < IGMP_LENGTH ||
	    !is_sum_right(add_up(0, bytes, n_bytes)))
		return false;
	switch (bytes[0]) {
	case IGMP_QUERY:
		return read_igmp_query(packet, &body->reader);
	case IGMP_V1_REPORT:
		return read_old_report(packet, bytes + 4, 1, false);
	case IGMP_V2_REPORT:
		return read_old_report(packet, bytes + 4, 2, false);
	case IGMP_LEAVE:
		return read_old_report(packet, bytes + 4, 2, true);
	case IGMP_V3_REPORT:
		return read_record_report(packet, &body->reader, 3);
	}
	return false;
}

/* RFC 3810 8.1: the length tells the version. */
static bool read_mld_query(struct wire_packet *packet, struct reader *reader)
{
	uint32_t n_bytes = reader->n_bytes;
	const uint8_t *bytes = take(reader, MLD_LENGTH);

	packet->kind = WIRE_QUERY;
	packet->version = n_bytes == MLD_LENGTH ? 1 : 2;
	packet->max_response_ms = get_16(bytes + 4);
	if (!read_group(packet, bytes + 8, true))
		return false;
	if (packet->version == 1)
		return true;
	if (n_bytes < MLD_V2_QUERY)
		return false;
	packet->max_response_ms = decode_16(get_16(bytes + 4));
	return read_query_tail(packet, reader);
}

/* RFC 8200 8.1 */
static uint32_t add_up_pseudo_header(const struct wire_packet *packet, uint32_t n_bytes)
{
	const struct sockaddr_in6 *source = (const void *)&packet->source;
	const struct sockaddr_in6 *destination = (const void *)&packet->destination;
	uint32_t sum = (n_bytes >> 16) + (n_bytes & 0xffff) + IPPROTO_ICMPV6;

	sum = add_up(sum, source->sin6_addr.s6_addr, sizeof(source->sin6_addr));
	return add_up(sum, destination->sin6_addr.s6_addr,
		      sizeof(destination->sin6_addr));
}

static bool read_mld(struct wire_packet *packet, struct body *body)
{
	const uint8_t *bytes = body->reader.bytes;
	uint32_t n_bytes = body->reader.n_bytes;

	if (body->is_fragment || n_bytes < body->length || n_bytes < MLD_V2_HEAD ||
	    !is_sum_right(add_up(add_up_pseudo_header(packet, n_bytes), bytes, n_bytes)))
		return false;
	if (bytes[0] == MLD_V2_REPORT)
		return read_record_report(packet, &body->reader, 2);
	if (n_bytes < MLD_LENGTH)
		return false;
	switch (bytes[0]) {
	case MLD_QUERY:
		return read_mld_query(packet, &body->reader);
	case MLD_V1_REPORT:
		return read_old_report(packet, bytes + 8, 1, false);
	case MLD_DONE:
		return read_old_report(packet, bytes + 8, 1, true);
	}
	return false;
}

/* FNV-1a */
static uint32_t hash(const uint8_t *bytes, uint32_t n_bytes)
{
	uint32_t value = 2166136261u;

	while (n_bytes--)
		value = (value ^ *bytes++) * 16777619u;
	return value;
}

static bool read_udp(struct wire_packet *packet, struct body *body)
{
	packet->kind = WIRE_DATAGRAM;
	if (!endpoint_is_multicast(&packet->destination))
		return false;
	if (!body->is_later_fragment) {
		const uint8_t *header = take(&body->reader, UDP_HEADER);

		if (!header || get_16(header + 4) < UDP_HEADER)
			return false;
		packet->source_port = get_16(header);
		packet->port = get_16(header + 2);
	}
	packet->payload = body->reader.bytes;
	packet->n_payload = body->reader.n_bytes;
	packet->payload_hash = hash(packet->payload, packet->n_payload);
	return true;
}

/* Of an IPv4 header. */
static bool find_router_alert(const uint8_t *options, uint32_t n)
{
	for (uint32_t i = 0; i < n && options[i] != OPTION_END;) {
		if (options[i] == OPTION_ROUTER_ALERT)
			return true;
		if (options[i] == OPTION_NOP) {
			i++;
			continue;
		}
		if (i + 1 >= n || options[i + 1] < 2)
			return false;
		i += options[i + 1];
	}
	return false;
}

/* What links pad a short packet with is not its own. */
static void cut(struct reader *reader, uint32_t n_bytes)
{
	if (reader->n_bytes > n_bytes)
		reader->n_bytes = n_bytes;
}

static bool read_ipv4(struct wire_packet *packet, struct reader reader, struct body *body)
{
	const uint8_t *header = take(&reader, IPV4_HEADER);
	uint32_t n_header = header ? (header[0] & 0x0f) * 4u : 0;
	uint16_t fragment;

	if (n_header < IPV4_HEADER || !take(&reader, n_header - IPV4_HEADER))
		return false;
	packet->family = AF_INET;
	packet->length = get_16(header + 2);
	if (packet->length < n_header || !is_sum_right(add_up(0, header, n_header)))
		return false;
	packet->ttl = header[8];
	packet->has_router_alert = find_router_alert(header + IPV4_HEADER,
						     n_header - IPV4_HEADER);
	set_address(&packet->source, AF_INET, header + 12);
	set_address(&packet->destination, AF_INET, header + 16);
	fragment = get_16(header + 6);
	*body = (struct body){
		.reader = reader,
		.protocol = header[9],
		.length = packet->length - n_header,
		.is_fragment = (fragment & (FRAGMENT_OFFSET | FRAGMENT_MORE)) != 0,
		.is_later_fragment = (fragment & FRAGMENT_OFFSET) != 0,
	};
	cut(&body->reader, body->length);
	return true;
}

/* Of a hop-by-hop header, without its first two bytes. */
static bool find_router_alert_6(const uint8_t *options, uint32_t n)
{
	for (uint32_t i = 0; i < n;) {
		if (options[i] == OPTION_PAD1) {
			i++;
			continue;
		}
		if (options[i] == OPTION_ROUTER_ALERT_6)
			return i + 3 < n && options[i + 1] == 2;
		if (i + 1 >= n)
			return false;
		i += 2u + options[i + 1];
	}
	return false;
}

/* Steps over one extension header (RFC 8200 4). */
static bool skip_header(struct wire_packet *packet, struct body *body)
{
	bool is_fragment = body->protocol == IPPROTO_FRAGMENT;
	const uint8_t *header = take(&body->reader, 8);
	uint32_t n_more = header && !is_fragment ? header[1] * 8u : 0;

	if (!header || !take(&body->reader, n_more))
		return false;
	if (body->protocol == IPPROTO_HOPOPTS)
		packet->has_router_alert = find_router_alert_6(header + 2, 6 + n_more);
	if (is_fragment) {
		uint16_t fragment = get_16(header + 2);

		body->is_fragment = (fragment & (FRAGMENT_OFFSET_6 | FRAGMENT_MORE_6)) !=
				    0;
		body->is_later_fragment = (fragment & FRAGMENT_OFFSET_6) != 0;
	}
	body->protocol = header[0];
	if (body->length < 8 + n_more)
		return false;
	body->length -= 8 + n_more;
	return true;
}

static bool is_extension(uint8_t protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
	       protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_DSTOPTS;
}

static bool read_ipv6(struct wire_packet *packet, struct reader reader, struct body *body)
{
	const uint8_t *header = take(&reader, IPV6_HEADER);

	if (!header)
		return false;
	packet->family = AF_INET6;
	packet->length = IPV6_HEADER + get_16(header + 4);
	packet->ttl = header[7];
	set_address(&packet->source, AF_INET6, header + 8);
	set_address(&packet->destination, AF_INET6, header + 24);
	*body = (struct body){
		.reader = reader,
		.protocol = header[6],
		.length = packet->length - IPV6_HEADER,
	};
	cut(&body->reader, body->length);
	/* Behind the header of a later fragment stands what it continues. */
	for (int i = 0; is_extension(body->protocol) && !body->is_later_fragment; i++)
		if (i == IPV6_HEADERS_MAX || !skip_header(packet, body))
			return false;
	return true;
}

static bool read_body(struct wire_packet *packet, struct body *body)
{
	if (body->protocol == IPPROTO_UDP)
		return read_udp(packet, body);
	if (packet->family == AF_INET && body->protocol == IPPROTO_IGMP)
		return read_igmp(packet, body);
	if (packet->family == AF_INET6 && body->protocol == IPPROTO_ICMPV6)
		return read_mld(packet, body);
	return false;
}

int wire_parse(const uint8_t *bytes, uint32_t n_bytes, struct wire_packet *ret)
{
	struct reader reader = { bytes, n_bytes };
	struct wire_packet packet = { 0 };
	struct body body;
	bool is_read = false;

	if (n_bytes && bytes[0] >> 4 == IPV4_VERSION)
		is_read = read_ipv4(&packet, reader, &body);
	else if (n_bytes && bytes[0] >> 4 == IPV6_VERSION)
		is_read = read_ipv6(&packet, reader, &body);
	if (!is_read || !read_body(&packet, &body))
		return 0;
	*ret = packet;
	return 1;
}

int wire_read_record(const struct wire_packet *report, uint32_t *offset,
		     struct wire_record *ret)
{
	uint32_t n_address = get_address_length(report->family);
	struct reader reader = { report->payload, report->n_payload };
	const uint8_t *head, *group, *sources;
	uint32_t n_sources, n_auxiliary;

	if (!take(&reader, *offset))
		return -EBADMSG;
	head = take(&reader, 4);
	group = take(&reader, n_address);
	if (!head || !group)
		return -EBADMSG;
	n_sources = get_16(head + 2);
	n_auxiliary = head[1] * 4u;
	sources = take(&reader, n_sources * n_address);
	if (!sources || !take(&reader, n_auxiliary))
		return -EBADMSG;
	ret->type = head[0];
	set_address(&ret->group, report->family, group);
	ret->n_sources = n_sources;
	ret->sources = sources;
	*offset = report->n_payload - reader.n_bytes;
	return 0;
}

void wire_read_source(int family, const uint8_t *sources, uint32_t i,
		      struct sockaddr_storage *ret)
{
	set_address(ret, family, sources + (size_t)i * get_address_length(family));
}
