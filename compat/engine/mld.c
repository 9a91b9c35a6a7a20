/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mld: MLDv1 (RFC 2710) and MLDv2 (RFC 9777 5). Every message but the report of v2
 * begins alike, and that is all of v1:
 *
 *	+---------------+---------------+-------------------------------+
 *	|     Type      |     Code      |           Checksum            |
 *	+---------------+---------------+-------------------------------+
 *	|     Maximum Response Code     |           Reserved            |
 *	+-------------------------------+-------------------------------+
 *	|                                                               |
 *	+                                                               +
 *	|                                                               |
 *	+                       Multicast Address                       +
 *	|                                                               |
 *	+                                                               +
 *	|                                                               |
 *	+---------------------------------------------------------------+
 *
 * What stands behind it in v2, and the report of v2, is in body.h. The checksum is that
 * of ICMPv6, with a pseudo-header. Code and Reserved are sent as 0 and not looked at.
 */
#include "engine/body.h"
#include "engine/datagram.h"

#define QUERY     130u
#define V1_REPORT 131u
#define V1_DONE   132u
#define V2_REPORT 143u

#define MESSAGE_LEN  24u
#define CHECKSUM     2u /* offsets */
#define RESPONSE     4u
#define GROUP        8u
#define ADDR_LEN     16u
#define RECORD_LEN   (BODY_RECORD + ADDR_LEN)
#define V2_QUERY_LEN (MESSAGE_LEN + BODY_QUERY)

#define RESPONSE_UNIT 1000u /* us: RFC 2710 3.4, RFC 9777 5.1.3 */

/* ff02::1, ff02::2, ff02::16 */
#define LINK_SCOPE  0xff02000000000000u
#define ALL_NODES   1u
#define ALL_ROUTERS 2u
#define V2_ROUTERS  0x16u

#define SCOPE_INTERFACE_LOCAL 1u /* RFC 4291 2.7 */

#define UNSOLICITED_REPORT_INTERVAL (10 * ENGINE_SECOND) /* RFC 2710 7.10 */

static bool is_sum_right(const struct engine_datagram *datagram)
{
	uint32_t sum = datagram_sum_pseudo(datagram->source, datagram->destination,
					   datagram->len);

	return datagram->is_verified ||
	       checksum_fold(checksum_add(sum, datagram->message, datagram->len)) ==
		       0xffff;
}

/* Of any address: v4-mapped ones are no group. */
static bool is_multicast(struct addr group)
{
	return group.hi >> 56 == 0xff;
}

/* RFC 9777 5.1, 8.1: the length tells the version. */
static enum message_kind read_query(const uint8_t *bytes, size_t len, struct message *ret)
{
	uint16_t code = bytes_get16(bytes + RESPONSE);
	struct query *query = &ret->query;

	query->older_version = 1;
	query->older_response = (uint64_t)code * RESPONSE_UNIT;
	if (len == MESSAGE_LEN) {
		ret->version = 1;
		query->max_response = query->older_response;
	} else if (len < V2_QUERY_LEN) {
		return MESSAGE_UNKNOWN_LENGTH;
	} else {
		ret->version = 2;
		query->max_response = (uint64_t)code_decode16(code) * RESPONSE_UNIT;
		if (!body_read_query(bytes + MESSAGE_LEN, len - MESSAGE_LEN, ADDR_LEN,
				     query))
			return MESSAGE_BAD_QUERY;
	}
	ret->group = addr_from_bytes(bytes + GROUP);
	if (addr_equal(ret->group, (struct addr){ 0, 0 }))
		return query->n_sources ? MESSAGE_BAD_QUERY : MESSAGE_QUERY;
	return is_multicast(ret->group) ? MESSAGE_QUERY : MESSAGE_BAD_QUERY;
}

static enum message_kind read_report(const uint8_t *bytes, struct message *ret)
{
	ret->version = 1;
	ret->group = addr_from_bytes(bytes + GROUP);
	return is_multicast(ret->group) ? MESSAGE_REPORT : MESSAGE_BAD_REPORT;
}

static size_t get_min_len(uint8_t type)
{
	return type == V2_REPORT ? BODY_REPORT : MESSAGE_LEN;
}

static bool is_mld(uint8_t type)
{
	return type == QUERY || type == V1_REPORT || type == V1_DONE || type == V2_REPORT;
}

static enum message_kind read_message(const struct engine_datagram *datagram,
				      struct message *ret)
{
	const uint8_t *bytes = datagram->message;
	size_t len = datagram->len;

	if (len == 0)
		return MESSAGE_SHORT;
	if (!is_mld(bytes[0]))
		return MESSAGE_OTHER;
	if (len < get_min_len(bytes[0]))
		return MESSAGE_SHORT;
	if (!is_sum_right(datagram))
		return MESSAGE_BAD_CHECKSUM;
	switch (bytes[0]) {
	case QUERY:
		return read_query(bytes, len, ret);
	case V1_REPORT:
		return read_report(bytes, ret);
	case V1_DONE:
		read_report(bytes, ret);
		return MESSAGE_LEAVE;
	default:
		ret->version = 2;
		body_read_report(bytes, len, ret);
		return MESSAGE_RECORDS;
	}
}

static void decode(const struct engine_datagram *datagram, struct message *ret)
{
	*ret = (struct message){ 0 };
	ret->kind = read_message(datagram, ret);
}

static struct addr get_source(const uint8_t *sources, uint16_t i)
{
	return addr_from_bytes(sources + i * ADDR_LEN);
}

static int next_record(struct message *message, struct record *ret)
{
	const uint8_t *bytes = message->records;
	int r = body_next_record(message, ADDR_LEN, ret);

	if (r > 0)
		ret->group = addr_from_bytes(bytes + BODY_RECORD);
	return r;
}

static void put_message(uint8_t *bytes, uint8_t type, uint16_t code, struct addr group)
{
	bytes[0] = type;
	bytes[1] = 0;
	bytes_put16(bytes + RESPONSE, code);
	bytes_put16(bytes + RESPONSE + 2, 0);
	addr_to_bytes(group, bytes + GROUP);
}

/* Puts the headers before the message and the checksum into it. */
static size_t finish(uint8_t *bytes, const struct datagram_header *header)
{
	uint8_t *message = bytes + IPV6_HEADER;
	size_t len = header->len - IPV6_HEADER;
	uint32_t sum = datagram_sum_pseudo(header->source, header->destination, len);

	datagram_put_ipv6(bytes, header);
	datagram_put_checksum(message + CHECKSUM, sum, message, len);
	return header->len;
}

/* RFC 2710 8: Reports go to the group, Done to all routers. */
static size_t encode_older(uint8_t *bytes, struct addr source, uint8_t version,
			   struct addr group, bool is_leave, bool has_alert,
			   size_t *ret_message)
{
	struct datagram_header header = {
		.source = source,
		.destination = is_leave ? proto_mld.leaves : group,
		.len = IPV6_HEADER + MESSAGE_LEN,
	};

	(void)version;
	(void)has_alert;
	put_message(bytes + IPV6_HEADER, is_leave ? V1_DONE : V1_REPORT, 0, group);
	*ret_message = IPV6_HEADER;
	return finish(bytes, &header);
}

static size_t begin_report(bool has_alert)
{
	(void)has_alert;
	return IPV6_HEADER + BODY_REPORT;
}

static size_t end_report(uint8_t *bytes, size_t len, struct addr source,
			 uint16_t n_records, bool has_alert, size_t *ret_message)
{
	struct datagram_header header = {
		.source = source,
		.destination = proto_mld.reports,
		.len = len,
	};

	(void)has_alert;
	body_put_report(bytes + IPV6_HEADER, V2_REPORT, n_records);
	*ret_message = IPV6_HEADER;
	return finish(bytes, &header);
}

static uint16_t get_code(const struct query_fields *fields)
{
	uint64_t units = fields->max_response / RESPONSE_UNIT;

	if (units > UINT32_MAX)
		units = UINT32_MAX;
	if (fields->version > 1)
		return code_encode16((uint32_t)units);
	return units < UINT16_MAX ? (uint16_t)units : UINT16_MAX;
}

static size_t encode_query(uint8_t *bytes, const struct query_fields *fields)
{
	bool is_v2 = fields->version > 1;
	struct datagram_header header = {
		.source = fields->source,
		.destination = fields->destination,
		.len = IPV6_HEADER + (is_v2 ? V2_QUERY_LEN : MESSAGE_LEN),
	};
	uint8_t *message = bytes + IPV6_HEADER;
	uint16_t n_sources = 0;

	put_message(message, QUERY, get_code(fields), fields->group);
	if (is_v2) {
		n_sources = body_count_sources(fields, header.len, ADDR_LEN);
		body_put_query(message + MESSAGE_LEN, fields, n_sources);
	}
	for (uint16_t i = 0; i < n_sources; i++)
		addr_to_bytes(fields->sources[i], message + V2_QUERY_LEN + i * ADDR_LEN);
	header.len += n_sources * ADDR_LEN;
	return finish(bytes, &header);
}

static void put_record(uint8_t *bytes, enum record_type type, struct addr group,
		       uint16_t n_sources)
{
	body_put_record(bytes, type, n_sources);
	addr_to_bytes(group, bytes + BODY_RECORD);
}

static void put_source(uint8_t *bytes, struct addr source)
{
	addr_to_bytes(source, bytes);
}

/* RFC 9777 6: all but ff02::1 and the scopes 0 (reserved) and 1 (interface-local). */
static bool is_reportable(struct addr group)
{
	unsigned int scope = group.hi >> 48 & 0x0f;

	return scope > SCOPE_INTERFACE_LOCAL && !addr_equal(group, proto_mld.all_hosts);
}

static bool is_local_control(struct addr group)
{
	(void)group;
	return false;
}

const struct proto proto_mld = {
	.family = ENGINE_IPV6,
	.newest = 2,
	.record_len = RECORD_LEN,
	.addr_len = ADDR_LEN,
	.reports = { LINK_SCOPE, V2_ROUTERS },
	.leaves = { LINK_SCOPE, ALL_ROUTERS },
	.all_hosts = { LINK_SCOPE, ALL_NODES },
	.older_unsolicited = UNSOLICITED_REPORT_INTERVAL,
	.decode = decode,
	.get_source = get_source,
	.next_record = next_record,
	.encode_older = encode_older,
	.begin_report = begin_report,
	.end_report = end_report,
	.encode_query = encode_query,
	.put_record = put_record,
	.put_source = put_source,
	.is_reportable = is_reportable,
	.is_local_control = is_local_control,
};
