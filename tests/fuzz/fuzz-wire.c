/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: packets that msfctl monitor, show and doctor read. Sent by: anybody on a
 * link.
 *
 * Any bytes end as no packet, or as one whose every part lies within them. Since most
 * changes of a packet break a checksum, each input is read once more with its
 * checksums mended.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "querier.h"
#include "target.h"
#include "wire.h"

#define IPV6_HEADER 40u

static uint32_t add_up(uint32_t sum, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static void put_checksum(uint8_t *place, uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	place[0] = (uint8_t)(~sum >> 8);
	place[1] = (uint8_t)~sum;
}

static void mend_ipv4(uint8_t *bytes, size_t n)
{
	size_t n_header = (bytes[0] & 0x0f) * 4u, end = (size_t)bytes[2] << 8 | bytes[3];

	if (n < 20 || n_header < 20 || n < n_header)
		return;
	memset(bytes + 10, 0, 2);
	put_checksum(bytes + 10, add_up(0, bytes, n_header));
	end = end < n ? end : n;
	if (bytes[9] != IPPROTO_IGMP || end < n_header + 4)
		return;
	memset(bytes + n_header + 2, 0, 2);
	put_checksum(bytes + n_header + 2, add_up(0, bytes + n_header, end - n_header));
}

/* MLD, at once or behind one extension header. */
static void mend_ipv6(uint8_t *bytes, size_t n)
{
	size_t at = IPV6_HEADER, end;

	if (n < IPV6_HEADER + 8)
		return;
	if (bytes[6] != IPPROTO_ICMPV6)
		at += 8 + bytes[at + 1] * 8u;
	end = IPV6_HEADER + ((size_t)bytes[4] << 8 | bytes[5]);
	end = end < n ? end : n;
	if (end < at + 4)
		return;
	memset(bytes + at + 2, 0, 2);
	put_checksum(bytes + at + 2,
		     add_up(add_up((uint32_t)(end - at) + IPPROTO_ICMPV6, bytes + 8, 32),
			    bytes + at, end - at));
}

static void mend(uint8_t *bytes, size_t n)
{
	if (n >= 4 && bytes[0] >> 4 == 4)
		mend_ipv4(bytes, n);
	else if (n >= 4 && bytes[0] >> 4 == 6)
		mend_ipv6(bytes, n);
}

static size_t get_length(const struct wire_packet *packet)
{
	return packet->family == AF_INET ? 4 : 16;
}

static void check_sources(const struct wire_packet *packet, const uint8_t *sources,
			  uint32_t n)
{
	struct sockaddr_storage source;

	if (!n)
		return;
	target_expect(
		sources >= packet->payload &&
			n * get_length(packet) <=
				(size_t)(packet->payload + packet->n_payload - sources),
		"sources lie within the payload");
	wire_read_source(packet->family, sources, n - 1, &source);
	target_expect(source.ss_family == packet->family, "a source has its family");
}

static void check_records(const struct wire_packet *packet)
{
	struct wire_record record;
	uint32_t offset = 0, before = 0;

	for (uint32_t i = 0; i < packet->n_records; i++) {
		if (wire_read_record(packet, &offset, &record) < 0)
			return;
		target_expect(offset > before && offset <= packet->n_payload,
			      "a record takes room within the payload");
		check_sources(packet, record.sources, record.n_sources);
		before = offset;
	}
}

static void check_control(const struct wire_packet *packet)
{
	target_expect(packet->version >= 1 &&
			      packet->version <= (packet->family == AF_INET ? 3 : 2),
		      "a version that exists");
	target_expect(packet->group.ss_family == AF_UNSPEC ||
			      endpoint_is_multicast(&packet->group),
		      "a group is multicast");
	target_expect(packet->port == 0 && packet->source_port == 0, "no port");
	target_expect(packet->max_response_ms <= 8387584, "RFC 3810 5.1.3");
	target_expect(packet->query_interval_s <= 31744, "RFC 3376 4.1.7");
	if (packet->kind == WIRE_QUERY)
		check_sources(packet, packet->payload, packet->n_sources);
	else
		check_records(packet);
}

static void check_packet(const struct wire_packet *packet, const uint8_t *bytes, size_t n)
{
	target_expect(packet->family == AF_INET || packet->family == AF_INET6,
		      "a family");
	target_expect(packet->source.ss_family == packet->family &&
			      packet->destination.ss_family == packet->family,
		      "addresses of the family");
	target_expect(
		packet->n_payload == 0 ||
			(packet->payload >= bytes &&
			 packet->n_payload <= (size_t)(bytes + n - packet->payload)),
		"the payload lies within the bytes");
	if (packet->kind == WIRE_DATAGRAM)
		target_expect(endpoint_is_multicast(&packet->destination), "to a group");
	else
		check_control(packet);
}

/* The second time a packet is heard it tells nothing new. */
static void check_querier(const struct wire_packet *packet)
{
	struct querier_list *list;
	const struct querier *querier = NULL;

	target_expect(querier_list_new(&list) == 0, "no memory");
	if (querier_list_observe(list, packet, 0, &querier) == QUERIER_HEARD)
		target_expect(querier && querier->version == packet->version &&
				      querier_get_patience(querier) >= 0,
			      "a querier is what it sent");
	target_expect(querier_list_observe(list, packet, 0, &querier) == QUERIER_SAME,
		      "heard twice is the same");
	querier_list_free(list);
}

static void run(const uint8_t *data, size_t len, bool is_mended)
{
	uint8_t *bytes = (uint8_t *)target_text(data, len);
	/* Of just that size, so that a look behind the end is seen. */
	uint8_t *exact = len ? malloc(len) : NULL;
	struct wire_packet packet;
	int r;

	target_expect(exact || !len, "no memory");
	if (is_mended)
		mend(bytes, len);
	if (len)
		memcpy(exact, bytes, len);
	r = wire_parse(exact, (uint32_t)len, &packet);
	target_expect(r == 0 || r == 1, "a packet or none");
	if (r == 1) {
		check_packet(&packet, exact, len);
		check_querier(&packet);
	}
	free(exact);
	target_free((char *)bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	run(data, len, false);
	run(data, len, true);
	return 0;
}
