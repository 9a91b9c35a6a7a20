/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: IGMP and MLD messages in IP, as msfd hears them. Sent by: anybody on a link.
 *
 * Up to where it is bytes no longer: any packet ends as none, or as views that lie
 * within it, and what was read of a message, sent again, is read as the same. Since
 * most changes of a packet break its checksum, each input is also read as one that was
 * verified, and as the message of either protocol without IP headers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/proto.h"
#include "target.h"

#define SOURCES_MAX 16384u

/* Behind a datagram's views: the packet that they have to lie in. */
struct room {
	const uint8_t *bytes, *end;
};

static const struct proto *const protos[ENGINE_FAMILIES] = { &proto_igmp, &proto_mld };

static uint8_t packet[ENGINE_PACKET_MAX];

static void expect_within(const struct room *room, const uint8_t *bytes, size_t len)
{
	target_expect(len == 0 || (bytes >= room->bytes && bytes <= room->end &&
				   len <= (size_t)(room->end - bytes)),
		      "a view lies within the packet");
}

/* Reads the packet that was made, len bytes. */
static void read_again(const struct proto *proto, size_t len, struct message *ret)
{
	struct engine_datagram datagram;

	target_expect(len <= sizeof(packet), "a packet is no larger than IP allows");
	target_expect(engine_read_datagram(packet, len, &datagram) == 0,
		      "what is sent is a datagram");
	target_expect(datagram.total_len == len && datagram.hop_limit == 1,
		      "of the length that it has, for this link");
	proto->decode(&datagram, ret);
}

static void check_query(const struct proto *proto, const struct message *message)
{
	static struct addr sources[SOURCES_MAX];
	const struct query *query = &message->query;
	struct query_fields fields = {
		.version = message->version,
		.source = message->group, /* any: its family is right */
		.destination = proto->all_hosts,
		.group = message->group,
		.max_response = query->max_response,
		.robustness = query->robustness,
		.interval_s = query->interval_s,
		.sources = sources,
		.n_sources = query->n_sources,
	};
	struct message again;

	target_expect(query->n_sources < SOURCES_MAX, "sources of a datagram");
	target_expect(!query->n_sources || !addr_is_unspecified(message->group),
		      "sources are those of a group");
	for (uint16_t i = 0; i < query->n_sources; i++)
		sources[i] = proto->get_source(query->sources, i);
	read_again(proto, proto->encode_query(packet, &fields), &again);
	target_expect(again.kind == MESSAGE_QUERY && again.version == message->version,
		      "a query is one of the same version");
	target_expect(addr_equal(again.group, message->group) &&
			      again.query.max_response == query->max_response &&
			      again.query.older_response == query->older_response &&
			      again.query.older_version == query->older_version &&
			      again.query.robustness == query->robustness &&
			      again.query.interval_s == query->interval_s,
		      "with the same fields");
	target_expect(again.query.n_sources == query->n_sources, "and sources");
	for (uint16_t i = 0; i < query->n_sources; i++)
		target_expect(
			addr_equal(proto->get_source(again.query.sources, i), sources[i]),
			"a source is the same");
}

static void check_older(const struct proto *proto, const struct message *message,
			bool has_alert)
{
	bool is_leave = message->kind == MESSAGE_LEAVE;
	struct message again;
	size_t at;
	size_t len = proto->encode_older(packet, proto->all_hosts, message->version,
					 message->group, is_leave, has_alert, &at);

	target_expect(at < len && len <= 128, "a short packet");
	read_again(proto, len, &again);
	target_expect(again.kind == message->kind && again.version == message->version &&
			      addr_equal(again.group, message->group),
		      "a report is the same");
}

static bool is_same(const struct proto *proto, const struct record *a,
		    const struct record *b)
{
	return a->type == b->type && addr_equal(a->group, b->group) &&
	       a->n_sources == b->n_sources &&
	       memcmp(a->sources, b->sources, a->n_sources * proto->addr_len) == 0;
}

/* Copies the records that can be read, as far as there is room. Returns how many. */
static uint16_t copy_records(const struct proto *proto, const struct room *room,
			     struct message message, size_t *len)
{
	struct record record;
	uint16_t n = 0;

	while (proto->next_record(&message, &record) > 0) {
		size_t n_bytes = record.n_sources * proto->addr_len;

		expect_within(room, record.sources, n_bytes);
		expect_within(room, message.records, message.n_record_bytes);
		if (n_bytes + proto->record_len > sizeof(packet) - *len)
			break;
		proto->put_record(packet + *len, (enum record_type)record.type,
				  record.group, record.n_sources);
		*len += proto->record_len;
		for (uint16_t i = 0; i < record.n_sources; i++, *len += proto->addr_len)
			proto->put_source(packet + *len,
					  proto->get_source(record.sources, i));
		n++;
	}
	return n;
}

static void check_records(const struct proto *proto, const struct room *room,
			  struct message message, bool has_alert)
{
	size_t at, len = proto->begin_report(has_alert);
	uint16_t n = copy_records(proto, room, message, &len);
	struct record record, record_again;
	struct message again;

	len = proto->end_report(packet, len, proto->all_hosts, n, has_alert, &at);
	read_again(proto, len, &again);
	target_expect(again.kind == MESSAGE_RECORDS && again.n_records == n,
		      "as many records");
	for (uint16_t i = 0; i < n; i++)
		target_expect(proto->next_record(&message, &record) == 1 &&
				      proto->next_record(&again, &record_again) == 1 &&
				      is_same(proto, &record, &record_again),
			      "a record is the same");
	target_expect(proto->next_record(&again, &record_again) == 0 &&
			      again.n_record_bytes == 0,
		      "no record is left");
}

static bool is_group(const struct proto *proto, struct addr group)
{
	return addr_is_multicast(group) &&
	       addr_is_ipv4(group) == (proto->family == ENGINE_IPV4);
}

static void check_times(const struct query *query)
{
	target_expect(query->max_response <= 8387584000ull &&
			      query->older_response <= 65535000ull,
		      "times that codes have");
	target_expect(query->robustness < 8 && query->interval_s <= 31744,
		      "numbers that codes have");
}

static void check_message(const struct proto *proto, const struct room *room,
			  const struct engine_datagram *datagram)
{
	struct message message;

	proto->decode(datagram, &message);
	switch (message.kind) {
	case MESSAGE_QUERY:
		target_expect(addr_is_unspecified(message.group) ||
				      is_group(proto, message.group),
			      "all groups, or one");
		expect_within(room, message.query.sources,
			      message.query.n_sources * proto->addr_len);
		check_times(&message.query);
		check_query(proto, &message);
		break;
	case MESSAGE_REPORT:
		target_expect(is_group(proto, message.group), "a group");
		check_older(proto, &message, datagram->has_router_alert);
		break;
	case MESSAGE_LEAVE:
		if (is_group(proto, message.group))
			check_older(proto, &message, datagram->has_router_alert);
		break;
	case MESSAGE_RECORDS:
		expect_within(room, message.records, message.n_record_bytes);
		check_records(proto, room, message, datagram->has_router_alert);
		break;
	case MESSAGE_OTHER:
	case MESSAGE_UNKNOWN_LENGTH:
	case MESSAGE_SHORT:
	case MESSAGE_BAD_CHECKSUM:
	case MESSAGE_BAD_QUERY:
	case MESSAGE_BAD_REPORT:
		break;
	}
}

/* A whole packet, as it is and as one that was verified. */
static void run_packet(const uint8_t *bytes, size_t len)
{
	struct room room = { bytes, bytes + len };
	struct engine_datagram datagram;
	int r = engine_read_datagram(bytes, len, &datagram);

	target_expect(r == 0 || r == -EBADMSG || r == -EPROTO, "0, or one of two errors");
	if (r < 0)
		return;
	expect_within(&room, datagram.message, datagram.len);
	target_expect(datagram.total_len <= len && datagram.len < datagram.total_len,
		      "a message is shorter than its datagram");
	for (int i = 0; i < 2; i++) {
		datagram.is_verified = i;
		check_message(protos[bytes[0] >> 4 == 6], &room, &datagram);
	}
}

/* The message of a datagram that begins with it. */
static void run_message(const struct proto *proto, const uint8_t *bytes, size_t len)
{
	struct room room = { bytes, bytes + len };
	struct engine_datagram datagram = {
		.source = proto->all_hosts,
		.destination = proto->all_hosts,
		.is_verified = true,
		.message = bytes,
		.len = len,
	};

	check_message(proto, &room, &datagram);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *bytes = malloc(len ? len : 1);

	target_expect(bytes != NULL, "no memory");
	if (len > 0)
		memcpy(bytes, data, len);
	run_packet(bytes, len);
	run_message(&proto_igmp, bytes, len);
	run_message(&proto_mld, bytes, len);
	free(bytes);
	return 0;
}
