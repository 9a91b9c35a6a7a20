/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/msfctl/wire.h and querier.h: packets that scapy made (and tshark
 * reads as the comments say) are read as what they are, broken ones not at all.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "querier.h"
#include "tap.h"
#include "wire-packets.h"
#include "wire.h"

static const char *get_text(const struct sockaddr_storage *address,
			    char buf[ENDPOINT_TEXT_MAX])
{
	if (endpoint_format_address(address, buf, ENDPOINT_TEXT_MAX) < 0)
		return "-";
	return buf;
}

static const struct query {
	const char *name, *hex, *group;
	int version;
	uint32_t max_response_ms, query_interval_s, robustness, n_sources;
	bool has_router_alert;
} queries[] = {
	{ "IGMPv1", IGMP1_QUERY, "-", 1, 10000, 0, 0, 0, true },
	{ "IGMPv2, padded by the link", IGMP2_QUERY, "-", 2, 10000, 0, 0, 0, true },
	{ "IGMPv2 for a group", IGMP2_QUERY_GROUP, "239.1.2.3", 2, 1000, 0, 0, 0, true },
	{ "IGMPv3", IGMP3_QUERY, "-", 3, 10000, 125, 2, 0, true },
	{ "IGMPv3 with floating-point codes", IGMP3_QUERY_CODES, "-", 3, 24800, 31744, 7,
	  0, true },
	{ "IGMPv3 for sources", IGMP3_QUERY_SOURCES, "232.1.1.1", 3, 1000, 60, 2, 2,
	  true },
	{ "MLDv1", MLD1_QUERY, "-", 1, 10000, 0, 0, 0, true },
	{ "MLDv1 for a group", MLD1_QUERY_GROUP, "ff3e::1", 1, 1000, 0, 0, 0, true },
	{ "MLDv2", MLD2_QUERY, "-", 2, 10000, 125, 2, 0, true },
	{ "MLDv2 with floating-point codes", MLD2_QUERY_CODES, "-", 2, 65528, 248, 3, 0,
	  true },
	{ "MLDv2 for sources", MLD2_QUERY_SOURCES, "ff3e::1", 2, 1000, 60, 2, 2, true },
	{ "MLDv2 without router alert", MLD2_QUERY_BARE, "-", 2, 10000, 125, 2, 0,
	  false },
};

static void test_query(struct tap *tap, const struct query *want)
{
	struct wire_packet packet = { 0 };
	char group[ENDPOINT_TEXT_MAX];
	uint8_t bytes[BYTES_MAX];
	uint32_t n = read_hex(want->hex, bytes);

	tap_expect(tap, wire_parse(bytes, n, &packet) == 1, "it is read");
	tap_expect(tap, packet.kind == WIRE_QUERY, "kind %d", packet.kind);
	tap_expect(tap, packet.version == want->version, "version %d", packet.version);
	tap_expect(tap, !strcmp(get_text(&packet.group, group), want->group), "group %s",
		   group);
	tap_expect(tap, packet.max_response_ms == want->max_response_ms, "response %u ms",
		   packet.max_response_ms);
	tap_expect(tap, packet.query_interval_s == want->query_interval_s,
		   "interval %u s", packet.query_interval_s);
	tap_expect(tap, packet.robustness == want->robustness, "robustness %u",
		   packet.robustness);
	tap_expect(tap, packet.n_sources == want->n_sources, "%u sources",
		   packet.n_sources);
	tap_expect(tap, packet.has_router_alert == want->has_router_alert,
		   "router alert");
	tap_end(tap, "a query is read: %s", want->name);
}

static const struct report {
	const char *name, *hex, *group;
	int version;
	bool is_leave;
} reports[] = {
	{ "IGMPv1", IGMP1_REPORT, "239.1.2.3", 1, false },
	{ "IGMPv2", IGMP2_REPORT, "239.1.2.3", 2, false },
	{ "IGMPv2 leave", IGMP2_LEAVE, "239.1.2.3", 2, true },
	{ "MLDv1", MLD1_REPORT, "ff3e::1", 1, false },
	{ "MLDv1 done", MLD1_DONE, "ff3e::1", 1, true },
};

static void test_report(struct tap *tap, const struct report *want)
{
	struct wire_packet packet = { 0 };
	char group[ENDPOINT_TEXT_MAX];
	uint8_t bytes[BYTES_MAX];
	uint32_t n = read_hex(want->hex, bytes);

	tap_expect(tap, wire_parse(bytes, n, &packet) == 1, "it is read");
	tap_expect(tap,
		   packet.kind == WIRE_REPORT && packet.version == want->version &&
			   packet.is_leave == want->is_leave && packet.ttl == 1,
		   "version %d", packet.version);
	tap_expect(tap, !strcmp(get_text(&packet.group, group), want->group), "group %s",
		   group);
	tap_end(tap, "a report is read: %s", want->name);
}

static const struct record_report {
	const char *name, *hex, *texts[2], *source;
	int version;
	uint32_t n_sources;
} record_reports[] = {
	{ "IGMPv3", IGMP3_REPORT, { "232.1.1.1", "239.1.2.3" }, "10.9.0.2", 3, 2 },
	{ "MLDv2", MLD2_REPORT, { "ff3e::1", "ff1e::2" }, "fd09::1", 2, 1 },
};

static void test_records(struct tap *tap, const struct record_report *want)
{
	struct wire_packet packet = { 0 };
	struct wire_record record;
	struct sockaddr_storage source;
	char text[ENDPOINT_TEXT_MAX];
	uint8_t bytes[BYTES_MAX];
	uint32_t n = read_hex(want->hex, bytes), offset = 0;

	tap_expect(tap, wire_parse(bytes, n, &packet) == 1, "it is read");
	tap_expect(tap,
		   packet.kind == WIRE_REPORT && packet.version == want->version &&
			   packet.n_records == 2 && packet.group.ss_family == AF_UNSPEC,
		   "%u records", packet.n_records);
	tap_expect(tap,
		   wire_read_record(&packet, &offset, &record) == 0 && record.type == 5 &&
			   record.n_sources == want->n_sources &&
			   !strcmp(get_text(&record.group, text), want->texts[0]),
		   "first record: type %u, %u sources", record.type, record.n_sources);
	wire_read_source(packet.family, record.sources, want->n_sources - 1, &source);
	tap_expect(tap, !strcmp(get_text(&source, text), want->source), "source %s",
		   text);
	tap_expect(tap,
		   wire_read_record(&packet, &offset, &record) == 0 && record.type == 4 &&
			   record.n_sources == 0 &&
			   !strcmp(get_text(&record.group, text), want->texts[1]),
		   "second record");
	tap_expect(tap, wire_read_record(&packet, &offset, &record) == -EBADMSG,
		   "no third record");
	tap_end(tap, "the records of a report are read: %s", want->name);
}

static const struct datagram {
	const char *name, *hex, *source, *destination;
	uint32_t length, n_payload;
	uint16_t source_port, port;
} datagrams[] = {
	{ "IPv4", UDP4, "10.9.0.1", "232.1.1.1", 33, 5, 4000, 5000 },
	{ "IPv6", UDP6, "fd09::1", "ff3e::1", 53, 5, 4000, 5000 },
	{ "behind destination options", UDP6_OPTIONS, "fd09::1", "ff3e::1", 61, 5, 4000,
	  5000 },
	{ "first fragment, IPv4", UDP4_FIRST, "10.9.0.1", "232.1.1.1", 44, 16, 4000,
	  5000 },
	{ "later fragment, IPv4", UDP4_LATER, "10.9.0.1", "232.1.1.1", 44, 24, 0, 0 },
	{ "first fragment, IPv6", UDP6_FIRST, "fd09::1", "ff3e::1", 96, 40, 4000, 5000 },
	{ "later fragment, IPv6", UDP6_LATER, "fd09::1", "ff3e::1", 72, 24, 0, 0 },
};

static void test_datagram(struct tap *tap, const struct datagram *want)
{
	struct wire_packet packet = { 0 };
	char text[ENDPOINT_TEXT_MAX];
	uint8_t bytes[BYTES_MAX];
	uint32_t n = read_hex(want->hex, bytes);

	tap_expect(tap, wire_parse(bytes, n, &packet) == 1, "it is read");
	tap_expect(tap, packet.kind == WIRE_DATAGRAM && packet.ttl == 8, "ttl %u",
		   packet.ttl);
	tap_expect(tap, !strcmp(get_text(&packet.source, text), want->source),
		   "source %s", text);
	tap_expect(tap, !strcmp(get_text(&packet.destination, text), want->destination),
		   "destination %s", text);
	tap_expect(tap,
		   packet.port == want->port && packet.source_port == want->source_port,
		   "ports %u, %u", packet.source_port, packet.port);
	tap_expect(tap, packet.length == want->length, "length %u", packet.length);
	tap_expect(tap, packet.n_payload == want->n_payload, "payload %u",
		   packet.n_payload);
	tap_end(tap, "a datagram is read: %s", want->name);
}

static void test_hash(struct tap *tap)
{
	struct wire_packet one = { 0 }, other = { 0 };
	uint8_t bytes[BYTES_MAX];
	uint32_t n = read_hex(UDP4, bytes);

	wire_parse(bytes, n, &one);
	bytes[n - 1] ^= 1;
	wire_parse(bytes, n, &other);
	tap_expect(tap, one.payload_hash != other.payload_hash, "hash %08x",
		   one.payload_hash);
	n = read_hex(UDP6, bytes);
	wire_parse(bytes, n, &other);
	tap_expect(tap, one.payload_hash == other.payload_hash, "hash %08x",
		   other.payload_hash);
	tap_expect(tap,
		   wire_parse(bytes, n - 2, &other) == 1 && other.n_payload == 3 &&
			   other.length == 53,
		   "a datagram that was cut short");
	tap_end(tap, "payloads can be told apart, and the same be seen again");
}

static const struct {
	const char *name, *hex;
} bad[] = {
	{ "a query of 10 bytes (RFC 3376 7.1)", BAD_IGMP_LENGTH },
	{ "a query with fewer sources than it says", BAD_IGMP_SOURCES },
	{ "a wrong IGMP checksum", BAD_IGMP_CHECKSUM },
	{ "a wrong IPv4 checksum", BAD_IP_CHECKSUM },
	{ "a report of a unicast address", BAD_GROUP },
	{ "a wrong MLD checksum", BAD_MLD_CHECKSUM },
	{ "PIM", NOT_PIM },
	{ "a unicast datagram", NOT_UNICAST },
	{ "an echo request", NOT_ECHO },
	{ "nothing", "" },
	{ "another version of IP", "5500" },
};

static void test_bad(struct tap *tap, size_t i)
{
	struct wire_packet packet, before;
	uint8_t bytes[BYTES_MAX];
	uint32_t n = read_hex(bad[i].hex, bytes);

	memset(&packet, 0x5a, sizeof(packet));
	before = packet;
	tap_expect(tap, wire_parse(bytes, n, &packet) == 0, "it is no packet");
	tap_expect(tap, !memcmp(&before, &packet, sizeof(packet)), "nothing is written");
	tap_end(tap, "is not read: %s", bad[i].name);
}

/* No report or query can be read without its last byte. */
static void test_cut(struct tap *tap)
{
	unsigned int n_read = 0;

	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
		struct wire_packet packet;
		uint8_t bytes[BYTES_MAX], *exact;
		uint32_t n = read_hex(queries[i].hex, bytes);

		/* What the link has padded can lose that. */
		n = queries[i].hex[0] == '4' ? (uint32_t)bytes[2] << 8 | bytes[3] : n;
		for (uint32_t len = 1; len < n; len++) {
			exact = malloc(len);
			if (!exact)
				tap_bail_out("no memory");
			memcpy(exact, bytes, len);
			n_read += (unsigned int)wire_parse(exact, len, &packet);
			free(exact);
		}
	}
	tap_expect(tap, n_read == 0, "%u of them were read", n_read);
	tap_end(tap, "what is cut short is not read");
}

static struct wire_packet make_query(const char *hex, const char *source)
{
	struct wire_packet packet = { 0 };
	uint8_t bytes[BYTES_MAX];
	const char *why;

	if (wire_parse(bytes, read_hex(hex, bytes), &packet) != 1 ||
	    endpoint_parse_address(source, &packet.source, &why) < 0)
		tap_bail_out("no query");
	packet.ifindex = 7;
	return packet;
}

/* Hears a query; returns the change. */
static int hear(struct querier_list *list, const char *hex, const char *source,
		int64_t now_ms)
{
	struct wire_packet packet = make_query(hex, source);

	return querier_list_observe(list, &packet, now_ms, NULL);
}

static const struct step {
	const char *name, *hex, *source;
	int64_t now_ms;
	enum querier_change change;
	const char *querier; /* behind it */
} steps[] = {
	{ "a first query", IGMP3_QUERY, "10.9.0.5", 0, QUERIER_HEARD, "10.9.0.5" },
	{ "the same again", IGMP3_QUERY, "10.9.0.5", 1000, QUERIER_SAME, "10.9.0.5" },
	{ "a higher address", IGMP3_QUERY, "10.9.0.9", 2000, QUERIER_SAME, "10.9.0.5" },
	{ "no address", IGMP3_QUERY, "0.0.0.0", 2000, QUERIER_SAME, "10.9.0.5" },
	{ "a lower address", IGMP3_QUERY, "10.9.0.1", 3000, QUERIER_CHANGED, "10.9.0.1" },
	{ "an older version", IGMP2_QUERY, "10.9.0.1", 4000, QUERIER_CHANGED,
	  "10.9.0.1" },
	{ "a query for a group", IGMP2_QUERY_GROUP, "10.0.0.1", 5000, QUERIER_SAME,
	  "10.9.0.1" },
	{ "a report", IGMP3_REPORT, "10.0.0.1", 5000, QUERIER_SAME, "10.9.0.1" },
	{ "a higher address before the other one is silent", IGMP3_QUERY, "10.9.0.9",
	  4000 + 255000, QUERIER_SAME, "10.9.0.1" },
	{ "a higher address behind that", IGMP3_QUERY, "10.9.0.9", 4001 + 255000,
	  QUERIER_CHANGED, "10.9.0.9" },
};

static void test_election(struct tap *tap)
{
	struct querier_list *list;
	struct querier silent;
	char text[ENDPOINT_TEXT_MAX];

	if (querier_list_new(&list) < 0)
		tap_bail_out("no memory");
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		const struct step *step = &steps[i];
		int change = hear(list, step->hex, step->source, step->now_ms);
		const struct querier *querier = querier_list_find(list, 7, AF_INET);

		tap_expect(tap, change == (int)step->change, "change %d", change);
		tap_expect(tap,
			   querier && !strcmp(get_text(&querier->address, text),
					      step->querier),
			   "querier %s", text);
		tap_end(tap, "the election of a querier: %s", step->name);
	}
	tap_expect(tap,
		   querier_list_expire(list, 259001 + 255000, &silent) == QUERIER_SAME,
		   "too early");
	tap_expect(tap,
		   querier_list_expire(list, 259002 + 255000, &silent) ==
				   QUERIER_SILENT &&
			   silent.ifindex == 7,
		   "too late");
	tap_expect(tap, !querier_list_find(list, 7, AF_INET), "it is not forgotten");
	tap_end(tap, "a querier that is not heard is silent (RFC 3376 8.5)");
	querier_list_free(list);
}

/* RFC 3810 6.2 */
static void test_belief(struct tap *tap)
{
	struct wire_packet far_away = make_query(MLD2_QUERY, "fe80::2");
	struct querier_list *list;

	if (querier_list_new(&list) < 0)
		tap_bail_out("no memory");
	far_away.ttl = 2;
	tap_expect(tap, hear(list, MLD2_QUERY, "fd09::1", 0) == QUERIER_SAME,
		   "a source that is not link-local");
	tap_expect(tap, hear(list, MLD2_QUERY_BARE, "fe80::2", 0) == QUERIER_SAME,
		   "no router alert");
	tap_expect(tap, querier_list_observe(list, &far_away, 0, NULL) == QUERIER_SAME,
		   "another hop limit");
	tap_expect(tap, hear(list, MLD2_QUERY, "fe80::2", 0) == QUERIER_HEARD,
		   "a good one");
	tap_end(tap, "MLD queries that hosts do not believe elect nobody");
	querier_list_forget(list, 7);
	tap_expect(tap, !querier_list_find(list, 7, AF_INET6), "it is still there");
	tap_end(tap, "with an interface its querier is forgotten");
	querier_list_free(list);
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++)
		test_query(&tap, &queries[i]);
	for (size_t i = 0; i < sizeof(reports) / sizeof(*reports); i++)
		test_report(&tap, &reports[i]);
	for (size_t i = 0; i < sizeof(record_reports) / sizeof(*record_reports); i++)
		test_records(&tap, &record_reports[i]);
	for (size_t i = 0; i < sizeof(datagrams) / sizeof(*datagrams); i++)
		test_datagram(&tap, &datagrams[i]);
	test_hash(&tap);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		test_bad(&tap, i);
	test_cut(&tap);
	test_election(&tap);
	test_belief(&tap);
	return tap_finish(&tap);
}
