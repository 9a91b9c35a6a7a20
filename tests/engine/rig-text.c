/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig: a packet of the engine as a line of text, and what no host may send as "BROKEN"
 * and why (see rig.h). The bytes are read by msfctl's parser, which checks lengths and
 * checksums; what stands beside them in struct engine_packet is held against them.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "rig-text.h"
#include "wire.h"

#define IPV4_HEADER       20u
#define IPV4_ALERT_HEADER 24u
#define IPV6_ALERT_HEADER 48u
#define IGMP_TOS          0xc0

static struct addr read_address(const struct sockaddr_storage *from)
{
	const struct sockaddr_in *sin = (const void *)from;
	const struct sockaddr_in6 *sin6 = (const void *)from;

	if (from->ss_family == AF_INET)
		return addr_from_ipv4(ntohl(sin->sin_addr.s_addr));
	return addr_from_bytes(sin6->sin6_addr.s6_addr);
}

static uint32_t get_run(const struct addr *list, uint32_t n)
{
	uint32_t run = 1;

	while (run < n && list[run].hi == list[0].hi && list[run].lo == list[0].lo + run)
		run++;
	return run;
}

void rig_write_list(FILE *stream, const struct addr *list, uint32_t n)
{
	char text[RIG_ADDR_TEXT];

	fputc('{', stream);
	for (uint32_t i = 0; i < n;) {
		uint32_t run = get_run(list + i, n - i);

		rig_format(list[i], text);
		fprintf(stream, "%s%s", i ? "," : "", text);
		if (run >= RIG_RUN)
			fprintf(stream, "+%u", run);
		i += run >= RIG_RUN ? run : 1;
	}
	fputc('}', stream);
}

/* A parsed packet under judgement. */
struct judged {
	const struct rig *rig;
	const struct engine_packet *packet;
	const uint8_t *bytes;
	struct wire_packet wire;
};

static bool is_newest(const struct judged *j)
{
	return j->wire.version == (j->wire.family == AF_INET ? 3 : 2);
}

static const char *judge_alert(const struct judged *j)
{
	bool has = j->wire.has_router_alert;

	if (j->wire.family == AF_INET6)
		return has ? NULL : "MLD without Router Alert";
	if (j->wire.version == 1)
		return has ? "IGMPv1 with Router Alert" : NULL;
	if (has != !!engine_get_tunable(j->rig->engine, ENGINE_SENDWITHRA))
		return "Router Alert is not as sendwithra says";
	return NULL;
}

static const char *judge_source(const struct judged *j,
				const struct engine_interface *interface)
{
	struct addr source = read_address(&j->wire.source);
	enum engine_family family = j->packet->family;

	if (!addr_equal(source, j->packet->source))
		return "another source than it says";
	if (interface->source[family].state == ENGINE_ADDRESS_VALID)
		return addr_equal(source, interface->source[family].addr)
			       ? NULL
			       : "not from the interface's address";
	return addr_equal(source, rig_addr(family == ENGINE_IPV4 ? "0.0.0.0" : "::"))
		       ? NULL
		       : "from an address that is not valid";
}

/* RFC 9776 4.2.14, RFC 9777 5.2.14; RFC 2236 9; RFC 2710 8 */
static const char *judge_destination(const struct judged *j)
{
	bool is_ipv4 = j->wire.family == AF_INET;
	struct addr expected;

	if (is_newest(j))
		expected = rig_addr(is_ipv4 ? "224.0.0.22" : "ff02::16");
	else if (j->wire.is_leave)
		expected = rig_addr(is_ipv4 ? "224.0.0.2" : "ff02::2");
	else
		expected = read_address(&j->wire.group);
	if (!addr_equal(j->packet->destination, expected) ||
	    !addr_equal(read_address(&j->wire.destination), expected))
		return "to a wrong destination";
	return NULL;
}

static size_t get_header_length(const struct judged *j)
{
	if (j->wire.family == AF_INET6)
		return IPV6_ALERT_HEADER;
	return j->wire.has_router_alert ? IPV4_ALERT_HEADER : IPV4_HEADER;
}

/* What every report of the newest version has 0 (RFC 9776 4.2, RFC 9777 5.2). */
static bool has_reserved(const uint8_t *message)
{
	return message[1] || message[4] || message[5];
}

static const char *judge_message(const struct judged *j)
{
	const uint8_t *message = j->bytes + j->packet->message;

	if (j->packet->message != get_header_length(j))
		return "the message is not where it says";
	if (j->wire.kind != WIRE_REPORT)
		return "no report";
	if (!is_newest(j))
		return message[1] ? "a code that is not 0" : NULL;
	if (j->wire.family == AF_INET && j->bytes[1] != IGMP_TOS)
		return "IGMPv3 with another TOS";
	if (has_reserved(message))
		return "reserved bits";
	return j->wire.n_records ? NULL : "no records";
}

static const char *judge(const struct judged *j)
{
	const struct engine_interface *interface = rig_find(j->rig, j->packet->ifindex);
	const char *why;

	if (!interface)
		return "on an interface that is not known";
	if ((j->wire.family == AF_INET) != (j->packet->family == ENGINE_IPV4))
		return "of another family than it says";
	if (j->wire.length != j->packet->len)
		return "longer or shorter than it says";
	if (j->packet->len > interface->mtu)
		return "larger than the MTU";
	if (j->wire.ttl != 1)
		return "TTL is not 1";
	why = judge_alert(j);
	why = why ? why : judge_source(j, interface);
	why = why ? why : judge_message(j);
	return why ? why : judge_destination(j);
}

/* An empty IS_IN, ALLOW or BLOCK says nothing (RFC 9776 4.2.12, 5.1, 5.2). */
static bool may_be_empty(uint8_t type)
{
	return type >= 2 && type <= 4;
}

static const char *write_record(FILE *stream, int family,
				const struct wire_record *record)
{
	static const char *const names[] = { NULL,    "IS_IN", "IS_EX", "TO_IN",
					     "TO_EX", "ALLOW", "BLOCK" };
	struct addr *list = calloc(record->n_sources + 1, sizeof(*list));
	struct sockaddr_storage source;
	char group[RIG_ADDR_TEXT];

	if (!list)
		tap_bail_out("no memory");
	for (uint32_t i = 0; i < record->n_sources; i++) {
		wire_read_source(family, record->sources, i, &source);
		list[i] = read_address(&source);
	}
	rig_format(read_address(&record->group), group);
	if (record->type >= 1 && record->type <= 6) {
		fprintf(stream, " %s(%s)", names[record->type], group);
		rig_write_list(stream, list, record->n_sources);
	}
	free(list);
	if (record->type < 1 || record->type > 6)
		return "an unknown record";
	if (!record->n_sources && !may_be_empty(record->type))
		return "a record that says nothing";
	return NULL;
}

static const char *write_records(FILE *stream, const struct wire_packet *wire)
{
	uint32_t offset = 0;

	for (uint32_t i = 0; i < wire->n_records; i++) {
		uint32_t begin = offset;
		struct wire_record record;
		const char *why;

		if (wire_read_record(wire, &offset, &record))
			return "fewer records than it says";
		if (wire->payload[begin + 1])
			return "auxiliary data";
		why = write_record(stream, wire->family, &record);
		if (why)
			return why;
	}
	return offset == wire->n_payload ? NULL : "bytes behind the records";
}

static const char *write_packet(FILE *stream, const struct judged *j)
{
	char group[RIG_ADDR_TEXT];
	const char *why = judge(j);

	if (why)
		return why;
	fprintf(stream, "%s%d", j->wire.family == AF_INET ? "v" : "mld", j->wire.version);
	if (is_newest(j))
		return write_records(stream, &j->wire);
	rig_format(read_address(&j->wire.group), group);
	fprintf(stream, " %s(%s)",
		!j->wire.is_leave           ? "REPORT"
		: j->wire.family == AF_INET ? "LEAVE"
					    : "DONE",
		group);
	return NULL;
}

static void write_bytes(FILE *stream, const char *why, const struct judged *j)
{
	size_t n = j->packet->len < 96 ? j->packet->len : 96;

	fprintf(stream, "BROKEN %s (%zu bytes):", why, j->packet->len);
	for (size_t i = 0; i < n; i++)
		fprintf(stream, "%s%02x", i % 4 ? "" : " ", j->bytes[i]);
}

char *rig_describe(const struct rig *rig, const struct engine_packet *packet,
		   const uint8_t *bytes)
{
	struct judged j = { .rig = rig, .packet = packet, .bytes = bytes };
	const char *why = "the parser refuses it";
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);

	if (!stream)
		tap_bail_out("no memory");
	if (wire_parse(bytes, (uint32_t)packet->len, &j.wire))
		why = write_packet(stream, &j);
	if (why) {
		rewind(stream);
		write_bytes(stream, why, &j);
	}
	if (fclose(stream))
		tap_bail_out("no memory");
	return text;
}
