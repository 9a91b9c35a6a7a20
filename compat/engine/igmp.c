/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * igmp: IGMPv1 (RFC 1112 appendix I), IGMPv2 (RFC 2236) and IGMPv3 (RFC 9776 4). Every
 * message begins alike, and that is all of v1 and v2:
 *
 *	+---------------+---------------+-------------------------------+
 *	|     Type      | Max Resp Code |           Checksum            |
 *	+---------------+---------------+-------------------------------+
 *	|                         Group Address                         |
 *	+---------------------------------------------------------------+
 *
 * What stands behind it in v3 is in body.h.
 */
#include "engine/body.h"
#include "engine/datagram.h"

#define QUERY     0x11u
#define V1_REPORT 0x12u
#define V2_REPORT 0x16u
#define V2_LEAVE  0x17u
#define V3_REPORT 0x22u

#define MESSAGE_LEN  8u
#define CHECKSUM     2u /* offsets */
#define GROUP        4u
#define ADDR_LEN     4u
#define RECORD_LEN   (BODY_RECORD + ADDR_LEN)
#define V3_QUERY_LEN (MESSAGE_LEN + BODY_QUERY)

#define RESPONSE_UNIT 100000u   /* us: RFC 2236 2.2, RFC 9776 4.1.1 */
#define V1_RESPONSE   10000000u /* us: RFC 9776 7.2.1 */
#define V2_CODE_MAX   255u

#define TOS_V3    0xc0u /* RFC 9776 4 */
#define TOS_OLDER 0u

#define ALL_HOSTS   0xe0000001u /* 224.0.0.1 */
#define ALL_ROUTERS 0xe0000002u /* 224.0.0.2 */
#define V3_ROUTERS  0xe0000016u /* 224.0.0.22 */

#define UNSOLICITED_REPORT_INTERVAL (10 * ENGINE_SECOND) /* RFC 2236 8.10 */

#define IPV4(host_order)                      \
	{                                     \
		0, ADDR_MAPPED | (host_order) \
	}

static bool is_sum_right(const struct engine_datagram *datagram)
{
	return datagram->is_verified ||
	       checksum_fold(checksum_add(0, datagram->message, datagram->len)) == 0xffff;
}

/* As the first 8 bytes say it: linear, and in v1, which has no such field, 10 s. */
static void read_older_response(uint8_t code, struct query *ret)
{
	ret->older_version = code ? 2 : 1;
	ret->older_response = code ? (uint64_t)code * RESPONSE_UNIT : V1_RESPONSE;
}

/* RFC 9776 4.1, 7.1: the length tells the version. */
static enum message_kind read_query(const uint8_t *bytes, size_t len, struct message *ret)
{
	struct query *query = &ret->query;

	read_older_response(bytes[1], query);
	if (len == MESSAGE_LEN) {
		ret->version = query->older_version;
		query->max_response = query->older_response;
	} else if (len < V3_QUERY_LEN) {
		return MESSAGE_UNKNOWN_LENGTH;
	} else {
		ret->version = 3;
		query->max_response = (uint64_t)code_decode8(bytes[1]) * RESPONSE_UNIT;
		if (!body_read_query(bytes + MESSAGE_LEN, len - MESSAGE_LEN, ADDR_LEN,
				     query))
			return MESSAGE_BAD_QUERY;
	}
	/* RFC 1112 appendix I: v1 has no group. */
	if (ret->version > 1)
		ret->group = bytes_get_ipv4(bytes + GROUP);
	if (addr_is_unspecified(ret->group))
		return query->n_sources ? MESSAGE_BAD_QUERY : MESSAGE_QUERY;
	return addr_is_multicast(ret->group) ? MESSAGE_QUERY : MESSAGE_BAD_QUERY;
}

static enum message_kind read_older(const uint8_t *bytes, enum message_kind kind,
				    uint8_t version, struct message *ret)
{
	ret->version = version;
	ret->group = bytes_get_ipv4(bytes + GROUP);
	return addr_is_multicast(ret->group) ? kind : MESSAGE_BAD_REPORT;
}

static enum message_kind read_message(const struct engine_datagram *datagram,
				      struct message *ret)
{
	const uint8_t *bytes = datagram->message;

	if (datagram->len < MESSAGE_LEN)
		return MESSAGE_SHORT;
	if (!is_sum_right(datagram))
		return MESSAGE_BAD_CHECKSUM;
	switch (bytes[0]) {
	case QUERY:
		return read_query(bytes, datagram->len, ret);
	case V1_REPORT:
		return read_older(bytes, MESSAGE_REPORT, 1, ret);
	case V2_REPORT:
		return read_older(bytes, MESSAGE_REPORT, 2, ret);
	case V2_LEAVE:
		read_older(bytes, MESSAGE_LEAVE, 2, ret);
		return MESSAGE_LEAVE;
	case V3_REPORT:
		ret->version = 3;
		body_read_report(bytes, datagram->len, ret);
		return MESSAGE_RECORDS;
	default:
		return MESSAGE_OTHER;
	}
}

static void decode(const struct engine_datagram *datagram, struct message *ret)
{
	*ret = (struct message){ .group = IPV4(0) };
	ret->kind = read_message(datagram, ret);
}

static struct addr get_source(const uint8_t *sources, uint16_t i)
{
	return bytes_get_ipv4(sources + i * ADDR_LEN);
}

static int next_record(struct message *message, struct record *ret)
{
	const uint8_t *bytes = message->records;
	int r = body_next_record(message, ADDR_LEN, ret);

	if (r > 0)
		ret->group = bytes_get_ipv4(bytes + BODY_RECORD);
	return r;
}

static void put_message(uint8_t *bytes, uint8_t type, uint8_t code, struct addr group)
{
	bytes[0] = type;
	bytes[1] = code;
	bytes_put_ipv4(bytes + GROUP, group);
}

/* Puts the header before the message and the checksum into it. */
static size_t finish(uint8_t *bytes, const struct datagram_header *header)
{
	size_t at = datagram_get_ipv4_len(header->has_alert);
	uint8_t *message = bytes + at;

	datagram_put_ipv4(bytes, header);
	datagram_put_checksum(message + CHECKSUM, 0, message, header->len - at);
	return header->len;
}

/* RFC 1112 appendix I and RFC 2236 3: to the group, or all routers (RFC 2236 9). */
static size_t encode_older(uint8_t *bytes, struct addr source, uint8_t version,
			   struct addr group, bool is_leave, bool has_alert,
			   size_t *ret_message)
{
	struct datagram_header header = {
		.source = source,
		.destination = is_leave ? proto_igmp.leaves : group,
		.tos = TOS_OLDER,
		.has_alert = has_alert && version > 1,
	};
	size_t at = datagram_get_ipv4_len(header.has_alert);

	header.len = at + MESSAGE_LEN;
	put_message(bytes + at,
		    is_leave      ? V2_LEAVE
		    : version > 1 ? V2_REPORT
				  : V1_REPORT,
		    0, group);
	*ret_message = at;
	return finish(bytes, &header);
}

static size_t begin_report(bool has_alert)
{
	return datagram_get_ipv4_len(has_alert) + BODY_REPORT;
}

static size_t end_report(uint8_t *bytes, size_t len, struct addr source,
			 uint16_t n_records, bool has_alert, size_t *ret_message)
{
	struct datagram_header header = {
		.source = source,
		.destination = proto_igmp.reports,
		.len = len,
		.tos = TOS_V3,
		.has_alert = has_alert,
	};
	size_t at = datagram_get_ipv4_len(has_alert);

	body_put_report(bytes + at, V3_REPORT, n_records);
	*ret_message = at;
	return finish(bytes, &header);
}

/* In v2 a code of 0 would be a query of v1. */
static uint8_t get_code(const struct query_fields *fields)
{
	uint64_t units = fields->max_response / RESPONSE_UNIT;

	if (units > UINT32_MAX)
		units = UINT32_MAX;
	if (fields->version > 2)
		return code_encode8((uint32_t)units);
	if (fields->version < 2)
		return 0;
	return (uint8_t)(units == 0 ? 1 : units < V2_CODE_MAX ? units : V2_CODE_MAX);
}

static size_t encode_query(uint8_t *bytes, const struct query_fields *fields)
{
	bool is_v3 = fields->version > 2;
	struct datagram_header header = {
		.source = fields->source,
		.destination = fields->destination,
		.tos = is_v3 ? TOS_V3 : TOS_OLDER,
		.has_alert = fields->version > 1,
	};
	size_t at = datagram_get_ipv4_len(header.has_alert);
	uint8_t *message = bytes + at;
	uint16_t n_sources = 0;

	put_message(message, QUERY, get_code(fields), fields->group);
	if (is_v3) {
		n_sources = body_count_sources(fields, at + V3_QUERY_LEN, ADDR_LEN);
		body_put_query(message + MESSAGE_LEN, fields, n_sources);
	}
	for (uint16_t i = 0; i < n_sources; i++)
		bytes_put_ipv4(message + V3_QUERY_LEN + i * ADDR_LEN, fields->sources[i]);
	header.len = at + (is_v3 ? V3_QUERY_LEN : MESSAGE_LEN) + n_sources * ADDR_LEN;
	return finish(bytes, &header);
}

static void put_record(uint8_t *bytes, enum record_type type, struct addr group,
		       uint16_t n_sources)
{
	body_put_record(bytes, type, n_sources);
	bytes_put_ipv4(bytes + BODY_RECORD, group);
}

static void put_source(uint8_t *bytes, struct addr source)
{
	bytes_put_ipv4(bytes, source);
}

/* RFC 9776 5: every host is a member for ever, and never says so. */
static bool is_reportable(struct addr group)
{
	return addr_ipv4(group) != ALL_HOSTS;
}

static bool is_local_control(struct addr group)
{
	return addr_ipv4(group) >> 8 == ALL_HOSTS >> 8;
}

const struct proto proto_igmp = {
	.family = ENGINE_IPV4,
	.newest = 3,
	.record_len = RECORD_LEN,
	.addr_len = ADDR_LEN,
	.reports = IPV4(V3_ROUTERS),
	.leaves = IPV4(ALL_ROUTERS),
	.all_hosts = IPV4(ALL_HOSTS),
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
