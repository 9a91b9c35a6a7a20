/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the codec sends, and the numbers in it: codes against their formula, checksums
 * against division, datagrams against bytes that scapy and the Linux kernel's selftests
 * have for the same messages, and against the parser of msfctl.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/wire-packets.h"
#include "engine/code.h"
#include "tap.h"
#include "vectors-linux.h"
#include "vectors.h"
#include "wire.h"

#define VALUE8_MAX  31744u   /* RFC 9776 4.1.7 */
#define VALUE16_MAX 8387584u /* RFC 9777 5.1.3 */
#define SECOND      1000000u

#define SOURCE4 "10.9.0.1"
#define SOURCE6 "fe80::1"

static struct vector vector, other;

/* RFC 9776 4.1.1, word for word. */
static uint32_t get_formula8(unsigned int code)
{
	unsigned int exp = code >> 4 & 7, mant = code & 0xf;

	return code >= 128 ? (mant | 0x10u) << (exp + 3) : code;
}

/* RFC 9777 5.1.3 */
static uint32_t get_formula16(unsigned int code)
{
	unsigned int exp = code >> 12 & 7, mant = code & 0xfff;

	return code >= 32768 ? (mant | 0x1000u) << (exp + 3) : code;
}

static void test_decode_codes(struct tap *tap)
{
	for (unsigned int code = 0; code < 256; code++)
		tap_expect(tap, code_decode8((uint8_t)code) == get_formula8(code),
			   "code %u is %u", code, code_decode8((uint8_t)code));
	tap_expect(tap, code_decode8(255) == VALUE8_MAX, "the largest");
	tap_end(tap, "all codes of 8 bits mean what the formula says, with the implicit "
		     "one [R-FMT-5, B-1]");
	for (unsigned int code = 0; code < 65536; code++)
		tap_expect(tap, code_decode16((uint16_t)code) == get_formula16(code),
			   "code %u is %u", code, code_decode16((uint16_t)code));
	tap_expect(tap, code_decode16(32767) == 32767 && code_decode16(32768) == 32768,
		   "the first of the floating ones is 32768");
	tap_expect(tap, code_decode16(65535) == VALUE16_MAX, "the largest");
	tap_end(tap,
		"all codes of 16 bits mean what the formula says [R-FMT-5, B-1, B-2]");
}

static void test_encode_codes(struct tap *tap)
{
	unsigned int best = 0;

	for (uint32_t value = 0; value <= VALUE8_MAX + 2000; value++) {
		while (best < 255 && get_formula8(best + 1) <= value)
			best++;
		tap_expect(tap, code_encode8(value) == best, "%u becomes %u, not %u",
			   value, code_encode8(value), best);
	}
	tap_expect(tap, code_encode8(UINT32_MAX) == 255, "too much is the largest");
	tap_end(tap, "the code of a value is the largest one not above it, 8 bits "
		     "[R-FMT-5, B-18]");
	best = 0;
	for (uint32_t value = 0; value <= VALUE16_MAX + 2000; value++) {
		while (best < 65535 && get_formula16(best + 1) <= value)
			best++;
		if (code_encode16(value) != best)
			tap_expect(tap, false, "%u becomes %u, not %u", value,
				   code_encode16(value), best);
	}
	tap_expect(tap, code_encode16(UINT32_MAX) == 65535, "too much is the largest");
	tap_end(tap, "the code of a value is the largest one not above it, 16 bits "
		     "[R-FMT-5, B-18]");
}

/* The same number in one's complement: 0 and 0xffff are one. */
static bool is_same_sum(uint32_t a, uint32_t b)
{
	return a % 0xffff == b % 0xffff && (a == 0) == (b == 0);
}

static void test_checksum(struct tap *tap)
{
	static uint8_t bytes[ENGINE_PACKET_MAX];
	size_t split;

	srandom(1);
	for (size_t len = 0; len < 600; len++) {
		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)random();
		split = (size_t)random() % (len + 1) & ~(size_t)1;
		tap_expect(tap,
			   is_same_sum(checksum_fold(checksum_add(0, bytes, len)),
				       vector_sum(bytes, len)),
			   "%zu bytes", len);
		tap_expect(tap,
			   checksum_fold(checksum_add(checksum_add(0, bytes, split),
						      bytes + split, len - split)) ==
				   checksum_fold(checksum_add(0, bytes, len)),
			   "%zu bytes in two pieces", len);
	}
	memset(bytes, 0xff, sizeof(bytes));
	tap_expect(
		tap,
		is_same_sum(checksum_fold(checksum_add(0xffffffff, bytes, sizeof(bytes))),
			    vector_sum(bytes, sizeof(bytes))),
		"as many carries as there can be");
	tap_end(tap, "the checksum is that of division by 65535, at every length "
		     "[R-FMT-2]");
}

/* What scapy and we do otherwise, made equal: IPv4 identification and what follows of it;
 * TOS (see test-capture.c). */
static void normalise(struct vector *of)
{
	uint8_t *bytes = of->bytes;
	uint32_t sum;

	if (bytes[0] >> 4 != 4)
		return;
	memset(bytes + 4, 0, 2);
	memset(bytes + 10, 0, 2);
	sum = 0xffff - vector_sum(bytes, (bytes[0] & 0xf) * 4u);
	bytes[10] = (uint8_t)(sum >> 8);
	bytes[11] = (uint8_t)sum;
}

static void expect_hex(struct tap *tap, const char *hex, const char *what)
{
	other.len = vector_read_hex(hex, other.bytes);
	normalise(&other);
	tap_expect(tap,
		   vector.len == other.len &&
			   memcmp(vector.bytes, other.bytes, other.len) == 0,
		   "%s, %zu bytes, are not those of scapy", what, vector.len);
}

static void expect_report(struct tap *tap, enum engine_family family, const char *records,
			  const char *hex)
{
	vector_encode_report(&vector, family, family == ENGINE_IPV4 ? SOURCE4 : SOURCE6,
			     records, true);
	expect_hex(tap, hex, records);
}

static void expect_older(struct tap *tap, enum engine_family family, uint8_t version,
			 const char *group, bool is_leave, const char *hex)
{
	vector_encode_older(&vector, family, family == ENGINE_IPV4 ? SOURCE4 : SOURCE6,
			    version, group, is_leave, true);
	expect_hex(tap, hex, is_leave ? "leave" : "report");
}

#define IGMP1_REPORT_PLAIN "4500001c00000000010200000a090001ef0102031200fcfaef010203"
#define IGMP2_REPORT_PLAIN "4500001c00000000010200000a090001ef0102031600f8faef010203"

static void test_scapy_reports(struct tap *tap)
{
	expect_report(tap, ENGINE_IPV4,
		      "ALLOW(232.1.1.1){10.9.0.1,10.9.0.2} TO_EX(239.1.2.3){}",
		      IGMP3_REPORT);
	expect_report(tap, ENGINE_IPV6, "ALLOW(ff3e::1){fd09::1} TO_EX(ff1e::2){}",
		      MLD2_REPORT);
	tap_end(tap, "reports of the newest versions are byte by byte what scapy makes, "
		     "with TTL 1, TOS 0xc0 and Router Alert [R-FMT-1, R-FMT-7, R-FMT-8, "
		     "S-V3-28, S-V3-39]");
	expect_older(tap, ENGINE_IPV4, 2, "239.1.2.3", false, IGMP2_REPORT);
	expect_older(tap, ENGINE_IPV4, 2, "239.1.2.3", true, IGMP2_LEAVE);
	tap_end(tap,
		"reports of IGMPv2 go to the group, leaves to all routers, with TOS 0 "
		"and TTL 1 [R-FMT-8, R-FMT-11, R-FMT-13, S-IGMP-37, S-V3-28, "
		"S-V3-40]");
	expect_older(tap, ENGINE_IPV4, 1, "239.1.2.3", false, IGMP1_REPORT_PLAIN);
	vector_encode_older(&vector, ENGINE_IPV4, SOURCE4, 2, "239.1.2.3", false, false);
	expect_hex(tap, IGMP2_REPORT_PLAIN, "report without alert");
	tap_end(tap, "IGMPv1 never has Router Alert, IGMPv2 only where it is asked for "
		     "[R-FMT-11, S-V3-6, B-11]");
	expect_older(tap, ENGINE_IPV6, 1, "ff3e::1", false, MLD1_REPORT);
	expect_older(tap, ENGINE_IPV6, 1, "ff3e::1", true, MLD1_DONE);
	vector_encode_older(&vector, ENGINE_IPV6, SOURCE6, 1, "ff3e::1", true, false);
	expect_hex(tap, MLD1_DONE, "done without alert");
	tap_end(tap,
		"MLD has hop limit 1 and Router Alert always, and zeros where nothing "
		"is said [R-FMT-1, R-FMT-8, R-FMT-11, S-MLD-1, S-MLD-2, S-MLD-23]");
}

static void expect_query(struct tap *tap, enum engine_family family, uint8_t version,
			 const char *group, uint64_t max_response, uint8_t robustness,
			 const char *hex)
{
	bool is_ipv4 = family == ENGINE_IPV4;
	const char *hosts = is_ipv4 ? "224.0.0.1" : "ff02::1";
	struct addr sources[2] = { vector_addr(is_ipv4 ? "10.9.0.1" : "fd09::1"),
				   vector_addr(is_ipv4 ? "10.9.0.2" : "fd09::2") };
	bool is_newest = version == vector_protos[family]->newest;
	struct query_fields fields = {
		.version = version,
		.source = vector_addr(is_ipv4 ? SOURCE4 : SOURCE6),
		.destination = vector_addr(group ? group : hosts),
		.group = group ? vector_addr(group)
			       : (is_ipv4 ? addr_from_ipv4(0) : (struct addr){ 0 }),
		.max_response = max_response,
		.robustness = robustness,
		.interval_s = group ? 60 : 125,
		.sources = sources,
		.n_sources = group && is_newest ? 2 : 0,
	};

	vector.len = vector_protos[family]->encode_query(vector.bytes, &fields);
	expect_hex(tap, hex, "query");
}

#define IGMP1_QUERY_PLAIN "4500001c00000000010200000a090001e00000011100eeff00000000"
#define IGMP2_QUERY_BARE \
	"4600002000000000010200000a090001e0000001940400001164ee9b00000000"

static void test_scapy_queries(struct tap *tap)
{
	expect_query(tap, ENGINE_IPV4, 1, NULL, 10 * SECOND, 2, IGMP1_QUERY_PLAIN);
	expect_query(tap, ENGINE_IPV4, 2, NULL, 10 * SECOND, 2, IGMP2_QUERY_BARE);
	expect_query(tap, ENGINE_IPV4, 2, "239.1.2.3", SECOND, 2, IGMP2_QUERY_GROUP);
	expect_query(tap, ENGINE_IPV4, 3, NULL, 10 * SECOND, 2, IGMP3_QUERY);
	expect_query(tap, ENGINE_IPV4, 3, "232.1.1.1", SECOND, 2, IGMP3_QUERY_SOURCES);
	expect_query(tap, ENGINE_IPV6, 1, NULL, 10 * SECOND, 2, MLD1_QUERY);
	expect_query(tap, ENGINE_IPV6, 1, "ff3e::1", SECOND, 2, MLD1_QUERY_GROUP);
	expect_query(tap, ENGINE_IPV6, 2, NULL, 10 * SECOND, 2, MLD2_QUERY);
	expect_query(tap, ENGINE_IPV6, 2, "ff3e::1", SECOND, 2, MLD2_QUERY_SOURCES);
	tap_end(tap, "queries of every version are byte by byte what scapy makes "
		     "[R-FMT-5, R-FMT-6, R-QRY-12]");
}

/* The message alone; that of MLD with the destination that the vector has. */
static void encode_linux(const struct vector_linux *linux_vector)
{
	vector_encode_report(
		&vector, linux_vector->family,
		linux_vector->family == ENGINE_IPV4 ? SOURCE4 : VECTORS_LINUX_MLD_SOURCE,
		linux_vector->records, true);
	if (linux_vector->family == ENGINE_IPV4)
		return;
	addr_to_bytes(vector_addr(VECTORS_LINUX_MLD_DESTINATION), vector.bytes + 24);
	vector_mend(&vector);
}

static void test_linux_vectors(struct tap *tap)
{
	for (size_t i = 0; i < VECTORS_LINUX; i++) {
		size_t len = vector_read_hex(vectors_linux[i].hex, other.bytes);

		encode_linux(&vectors_linux[i]);
		tap_expect(tap,
			   vector.len - vector.message == len &&
				   memcmp(vector.bytes + vector.message, other.bytes,
					  len) == 0,
			   "%s", vectors_linux[i].records);
	}
	tap_end(tap,
		"the reports of the kernel's selftests are what the encoder makes of "
		"their records [R-FMT-2, R-FMT-7]");
}

static struct addr get_addr(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *sin = (const void *)address;
	const struct sockaddr_in6 *sin6 = (const void *)address;

	if (address->ss_family == AF_INET)
		return addr_from_ipv4(ntohl(sin->sin_addr.s_addr));
	return addr_from_bytes(sin6->sin6_addr.s6_addr);
}

static void expect_older_parsed(struct tap *tap, enum engine_family family,
				uint8_t version, bool is_leave, bool has_alert)
{
	const struct proto *proto = vector_protos[family];
	const char *group = family == ENGINE_IPV4 ? "239.1.2.3" : "ff15::3";
	struct wire_packet packet;

	vector_encode_older(&vector, family, family == ENGINE_IPV4 ? SOURCE4 : SOURCE6,
			    version, group, is_leave, has_alert);
	tap_expect(tap, wire_parse(vector.bytes, (uint32_t)vector.len, &packet) == 1,
		   "version %u is no packet", version);
	tap_expect(tap,
		   packet.version == version && packet.is_leave == is_leave &&
			   packet.ttl == 1 && packet.kind == WIRE_REPORT &&
			   addr_equal(get_addr(&packet.group), vector_addr(group)) &&
			   addr_equal(get_addr(&packet.destination),
				      is_leave ? proto->leaves : vector_addr(group)) &&
			   packet.has_router_alert ==
				   (family == ENGINE_IPV6 || (has_alert && version > 1)),
		   "version %u is another packet", version);
}

static void expect_records_parsed(struct tap *tap, enum engine_family family,
				  const char *from, const char *records, uint16_t n)
{
	const struct proto *proto = vector_protos[family];
	struct engine_datagram datagram;
	struct wire_packet packet;
	struct message message;
	bool is_within;
	char *text;

	vector_encode_report(&vector, family, from, records, true);
	tap_expect(tap, wire_parse(vector.bytes, (uint32_t)vector.len, &packet) == 1,
		   "%s is no packet", records);
	tap_expect(tap,
		   packet.version == proto->newest && packet.n_records == n &&
			   packet.has_router_alert &&
			   addr_equal(get_addr(&packet.destination), proto->reports) &&
			   addr_equal(get_addr(&packet.source), vector_addr(from)),
		   "%s is another packet", records);
	tap_expect(tap,
		   vector_decode(&vector, &datagram, &message, &is_within) == 0 &&
			   is_within && message.kind == MESSAGE_RECORDS,
		   "%s is not read", records);
	text = vector_print_records(family, message);
	tap_expect(tap, strcmp(text, records) == 0, "%s, not %s", text, records);
	free(text);
}

static void test_round_trip(struct tap *tap)
{
	for (int i = 0; i < 2; i++) {
		expect_older_parsed(tap, ENGINE_IPV4, 1, false, i);
		expect_older_parsed(tap, ENGINE_IPV4, 2, false, i);
		expect_older_parsed(tap, ENGINE_IPV4, 2, true, i);
		expect_older_parsed(tap, ENGINE_IPV6, 1, false, i);
		expect_older_parsed(tap, ENGINE_IPV6, 1, true, i);
	}
	expect_records_parsed(tap, ENGINE_IPV4, "10.9.0.1",
			      "IS_IN(239.1.1.1){10.0.0.1} IS_EX(239.1.1.2){} "
			      "TO_IN(239.1.1.3){} TO_EX(239.1.1.4){10.0.0.1,10.0.0.2} "
			      "ALLOW(232.1.1.5){10.0.0.9} BLOCK(239.1.1.6){10.0.0.1}",
			      6);
	expect_records_parsed(tap, ENGINE_IPV4, "0.0.0.0", "TO_EX(224.0.0.251){}", 1);
	expect_records_parsed(tap, ENGINE_IPV6, "fe80::1",
			      "IS_IN(ff15::1){fd00::1} IS_EX(ff15::2){} TO_IN(ff02::3){} "
			      "TO_EX(ff3e::4){fd00::1,fd00::2} ALLOW(ff3e::5){fd00::9} "
			      "BLOCK(ff0e::6){fd00::1}",
			      6);
	expect_records_parsed(tap, ENGINE_IPV6, "::", "TO_EX(ff02::1:ff00:1){}", 1);
	tap_end(tap,
		"all that is sent is read back, by the engine and by another parser, "
		"also from 0.0.0.0 and :: [R-FMT-7, R-FMT-9, R-FMT-11]");
}

/* As many sources of one record as there is room for in len bytes of an IP datagram. */
static uint16_t fill_record(enum engine_family family, size_t len)
{
	const struct proto *proto = vector_protos[family];
	size_t at = proto->begin_report(true);
	uint16_t n = (uint16_t)((len - at - proto->record_len) / proto->addr_len);
	bool is_ipv4 = family == ENGINE_IPV4;

	proto->put_record(vector.bytes + at, ALLOW_NEW_SOURCES,
			  vector_addr(is_ipv4 ? "232.1.1.1" : "ff3e::1"), n);
	at += proto->record_len;
	for (uint32_t i = 1; i <= n; i++, at += proto->addr_len)
		proto->put_source(vector.bytes + at,
				  is_ipv4 ? addr_from_ipv4(0x0a000000u + i)
					  : (struct addr){ 0xfd00ull << 48, i });
	vector.len = proto->end_report(vector.bytes, at,
				       vector_addr(is_ipv4 ? SOURCE4 : SOURCE6), 1, true,
				       &vector.message);
	return n;
}

static void expect_full(struct tap *tap, enum engine_family family, size_t mtu,
			uint16_t n_sources)
{
	struct wire_packet packet = { 0 };
	struct wire_record record = { 0 };
	uint32_t offset = 0;
	uint16_t n = fill_record(family, mtu);

	tap_expect(tap, n == n_sources, "%u sources in %zu bytes", n, mtu);
	tap_expect(tap,
		   wire_parse(vector.bytes, (uint32_t)vector.len, &packet) == 1 &&
			   packet.length == vector.len &&
			   wire_read_record(&packet, &offset, &record) == 0 &&
			   record.n_sources == n,
		   "%u sources are not read", n);
}

static void test_capacity(struct tap *tap)
{
	expect_full(tap, ENGINE_IPV4, 1500, 365);
	expect_full(tap, ENGINE_IPV6, 1500, 89);
	tap_end(tap, "a record of 1500 bytes holds 365 sources of IGMPv3, 89 of MLDv2 "
		     "[R-FMT-10]");
	expect_full(tap, ENGINE_IPV4, ENGINE_PACKET_MAX, 16373);
	tap_expect(tap, vector.len - vector.message <= 65511,
		   "an IGMP message is larger");
	expect_full(tap, ENGINE_IPV6, ENGINE_PACKET_MAX, 4091);
	tap_expect(tap, vector.len - vector.message <= 65527, "an MLD message is larger");
	tap_end(tap, "the largest reports have lengths and checksums that are right "
		     "[R-SEC-4]");
}

static void test_huge_query(struct tap *tap)
{
	static struct addr sources[UINT16_MAX];
	struct query_fields fields = { .n_sources = UINT16_MAX, .sources = sources };
	struct wire_packet packet = { 0 };

	for (size_t i = 0; i < UINT16_MAX; i++)
		sources[i] = addr_from_ipv4(0x0a000000u + (uint32_t)i);
	fields.version = 3;
	fields.source = vector_addr(SOURCE4);
	fields.group = fields.destination = vector_addr("232.1.1.1");
	vector.len = proto_igmp.encode_query(vector.bytes, &fields);
	tap_expect(tap,
		   vector.len <= ENGINE_PACKET_MAX &&
			   wire_parse(vector.bytes, (uint32_t)vector.len, &packet) == 1 &&
			   packet.n_sources == 16374,
		   "IGMPv3: %zu bytes", vector.len);
	fields.version = 2;
	fields.source = vector_addr(SOURCE6);
	fields.group = fields.destination = vector_addr("ff3e::1");
	vector.len = proto_mld.encode_query(vector.bytes, &fields);
	tap_expect(tap,
		   vector.len <= ENGINE_PACKET_MAX &&
			   wire_parse(vector.bytes, (uint32_t)vector.len, &packet) == 1 &&
			   packet.n_sources == 4091,
		   "MLDv2: %zu bytes", vector.len);
	tap_end(tap,
		"a query names as many sources as a datagram has room for [R-SEC-4]");
}

/* What is not written keeps the byte that was there. */
static void expect_written(struct tap *tap, enum engine_family family, int what,
			   bool has_alert)
{
	bool is_ipv4 = family == ENGINE_IPV4;
	const char *from = is_ipv4 ? SOURCE4 : SOURCE6;
	const char *group = is_ipv4 ? "239.1.2.3" : "ff15::3";
	struct vector *of[2] = { &vector, &other };

	for (int i = 0; i < 2; i++) {
		memset(of[i]->bytes, i ? 0xff : 0, sizeof(of[i]->bytes));
		if (what < 2)
			vector_encode_older(of[i], family, from, 1, group, what == 1,
					    has_alert);
		else
			vector_encode_report(of[i], family, from,
					     is_ipv4 ? "BLOCK(239.1.1.1){10.0.0.1}"
						     : "BLOCK(ff15::1){fd00::1}",
					     has_alert);
	}
	tap_expect(tap,
		   vector.len == other.len &&
			   memcmp(vector.bytes, other.bytes, vector.len) == 0,
		   "form %d of family %d", what, family);
	tap_expect(tap, other.bytes[other.len] == 0xff, "more is written than is said");
}

static void test_all_written(struct tap *tap)
{
	for (int what = 0; what < 3; what++)
		for (int i = 0; i < 2; i++) {
			expect_written(tap, ENGINE_IPV4, what, i);
			expect_written(tap, ENGINE_IPV6, what, i);
		}
	tap_end(tap, "no byte of the buffer is sent that was not written [R-FMT-3, "
		     "R-FMT-4, B-27]");
}

static void test_reportable(struct tap *tap)
{
	static const struct {
		const char *group;
		bool is_reportable, is_local_control;
	} groups[] = {
		{ "224.0.0.1", false, true },  { "224.0.0.2", true, true },
		{ "224.0.0.255", true, true }, { "224.0.1.1", true, false },
		{ "239.0.0.1", true, false },  { "225.0.0.1", true, false },
		{ "ff02::1", false, false },   { "ff02::2", true, false },
		{ "ff00::5", false, false },   { "ff01::5", false, false },
		{ "ff30::5", false, false },   { "ff11::5", false, false },
		{ "ff12::1", true, false },    { "ff02::1:ff00:1", true, false },
		{ "ff05::1", true, false },    { "ff3e::5", true, false },
	};

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		struct addr group = vector_addr(groups[i].group);
		const struct proto *proto = vector_protos[!addr_is_ipv4(group)];

		tap_expect(tap,
			   proto->is_reportable(group) == groups[i].is_reportable &&
				   proto->is_local_control(group) ==
					   groups[i].is_local_control,
			   "%s", groups[i].group);
	}
	tap_end(tap, "224.0.0.1, ff02::1 and the scopes 0 and 1 are never told of "
		     "[R-MRG-9]");
}

int main(void)
{
	struct tap tap = { 0 };

	test_decode_codes(&tap);
	test_encode_codes(&tap);
	test_checksum(&tap);
	test_scapy_reports(&tap);
	test_scapy_queries(&tap);
	test_linux_vectors(&tap);
	test_round_trip(&tap);
	test_capacity(&tap);
	test_huge_query(&tap);
	test_all_written(&tap);
	test_reportable(&tap);
	return tap_finish(&tap);
}
