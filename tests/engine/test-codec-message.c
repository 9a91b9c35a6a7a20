/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the codec makes of messages that are heard: their version by length and code,
 * their times as either version reads them, what is no query and no report, and what is
 * nothing to a host.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/code.h"
#include "tap.h"
#include "vectors.h"

#define MESSAGE_MAX 2048u
#define IGMP_LEN    8u
#define IGMP3_LEN   12u
#define MLD_LEN     24u
#define MLD2_LEN    28u

#define TENTH       100000ull   /* us */
#define MILLISECOND 1000ull     /* us */
#define TEN_SECONDS 10000000ull /* us */

static struct vector vector;
static struct message message;
static uint8_t bytes[MESSAGE_MAX];

static void put_16(uint8_t *place, size_t value)
{
	place[0] = (uint8_t)(value >> 8);
	place[1] = (uint8_t)value;
}

/* As many bytes as the notation has, v4-mapped or not. */
static void put_addr(uint8_t *place, const char *text)
{
	bool is_ipv6 = strchr(text, ':') != NULL;
	uint8_t all[16];

	addr_to_bytes(vector_addr(text), all);
	memcpy(place, is_ipv6 ? all : all + 12, is_ipv6 ? 16 : 4);
}

static void make_igmp(uint8_t type, uint8_t code, const char *group)
{
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = type;
	bytes[1] = code;
	put_addr(bytes + 4, group);
}

static void make_mld(uint8_t type, uint16_t code, const char *group)
{
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = type;
	put_16(bytes + 4, code);
	put_addr(bytes + 8, group);
}

static enum message_kind hear(enum engine_family family, size_t len)
{
	return vector_decode_message(family, bytes, len, &vector, &message);
}

static enum message_kind hear_igmp(size_t len)
{
	return hear(ENGINE_IPV4, len);
}

static enum message_kind hear_mld(size_t len)
{
	return hear(ENGINE_IPV6, len);
}

static void test_igmp_versions(struct tap *tap)
{
	for (size_t len = 0; len < 40; len++)
		for (int code = 0; code < 2; code++) {
			enum message_kind kind, expected = MESSAGE_QUERY;
			uint8_t version = len >= IGMP3_LEN ? 3 : code ? 2 : 1;

			make_igmp(0x11, (uint8_t)code, "0.0.0.0");
			kind = hear_igmp(len);
			if (len < IGMP_LEN)
				expected = MESSAGE_SHORT;
			else if (len > IGMP_LEN && len < IGMP3_LEN)
				expected = MESSAGE_UNKNOWN_LENGTH;
			tap_expect(tap, kind == expected, "%zu bytes, code %d: %d", len,
				   code, kind);
			if (expected == MESSAGE_QUERY)
				tap_expect(tap,
					   message.version == version &&
						   message.query.older_version ==
							   code + 1,
					   "%zu bytes, code %d: version %u", len, code,
					   message.version);
		}
	tap_end(tap, "the length of an IGMP query tells its version, code 0 that of 8 "
		     "bytes [R-QRY-10, S-V3-14, S-IGMP-13, S-IGMP-6]");
}

static void test_igmp_times(struct tap *tap)
{
	for (unsigned int code = 0; code < 256; code++) {
		uint64_t older = code ? code * TENTH : TEN_SECONDS;
		struct query *query = &message.query;

		make_igmp(0x11, (uint8_t)code, "0.0.0.0");
		hear_igmp(IGMP_LEN);
		tap_expect(tap,
			   query->max_response == older && query->older_response == older,
			   "code %u of 8 bytes", code);
		tap_expect(tap, query->robustness == 0 && query->interval_s == 0,
			   "an older query tells neither QRV nor QQI");
		hear_igmp(IGMP3_LEN);
		tap_expect(tap,
			   query->max_response == code_decode8((uint8_t)code) * TENTH,
			   "code %u of 12 bytes", code);
		tap_expect(tap,
			   query->older_response == older &&
				   query->older_version == (code ? 2 : 1),
			   "code %u of 12 bytes, as the older version has it", code);
	}
	make_igmp(0x11, 0, "0.0.0.0");
	hear_igmp(IGMP3_LEN);
	tap_expect(tap, message.query.max_response == 0, "code 0 of v3");
	make_igmp(0x11, 1, "0.0.0.0");
	hear_igmp(IGMP3_LEN);
	tap_expect(tap, message.query.max_response == TENTH, "code 1 of v3");
	tap_end(tap,
		"the code of 8 bytes is linear, 0 being 10 s; that of v3 is floating, "
		"0 and 1 being what they are, and linear for who speaks v1 or v2 "
		"[R-FMT-5, R-FMT-6, R-CMP-9, S-IGMP-18, S-V3-20, S-V3-21, S-V3-42, B-4, "
		"B-6, B-7]");
}

static void test_igmp_groups(struct tap *tap)
{
	static const struct {
		const char *group;
		enum message_kind kind;
	} groups[] = {
		{ "0.0.0.0", MESSAGE_QUERY },
		{ "224.0.0.1", MESSAGE_QUERY },
		{ "239.255.255.255", MESSAGE_QUERY },
		{ "223.255.255.255", MESSAGE_BAD_QUERY },
		{ "240.0.0.0", MESSAGE_BAD_QUERY },
		{ "255.255.255.255", MESSAGE_BAD_QUERY },
		{ "0.0.0.1", MESSAGE_BAD_QUERY },
	};

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		make_igmp(0x11, 100, groups[i].group);
		tap_expect(tap, hear_igmp(IGMP_LEN) == groups[i].kind, "v2, %s",
			   groups[i].group);
		tap_expect(tap, hear_igmp(IGMP3_LEN) == groups[i].kind, "v3, %s",
			   groups[i].group);
		if (groups[i].kind == MESSAGE_QUERY)
			tap_expect(
				tap,
				addr_equal(message.group, vector_addr(groups[i].group)),
				"the group is %s", groups[i].group);
	}
	tap_end(tap, "an IGMP query is for all groups or for a multicast one, or none "
		     "[R-QRY-12, S-V3-22, R-V2-3]");
	make_igmp(0x11, 0, "239.1.1.1");
	tap_expect(tap, hear_igmp(IGMP_LEN) == MESSAGE_QUERY, "a group");
	tap_expect(tap, addr_equal(message.group, addr_from_ipv4(0)), "it counts");
	make_igmp(0x11, 0, "10.0.0.1");
	tap_expect(tap, hear_igmp(IGMP_LEN) == MESSAGE_QUERY, "a group that is none");
	tap_expect(tap, addr_equal(message.group, addr_from_ipv4(0)), "it counts");
	tap_end(tap, "an IGMPv1 query is for all groups whatever its group field has "
		     "[R-V1-1, S-IGMP-16]");
}

/* A query of the newest version that says it has n sources, and room for them. */
static void make_sources(enum engine_family family, const char *group, size_t n)
{
	bool is_ipv4 = family == ENGINE_IPV4;
	uint8_t *tail = bytes + (is_ipv4 ? IGMP_LEN : MLD_LEN);

	if (is_ipv4)
		make_igmp(0x11, 10, group);
	else
		make_mld(130, 1000, group);
	tail[0] = 2;
	tail[1] = 125;
	put_16(tail + 2, n);
	for (size_t i = 0; i < 20; i++)
		put_addr(tail + 4 + i * (is_ipv4 ? 4 : 16),
			 is_ipv4 ? "10.0.0.7" : "fd00::7");
}

/* From the bytes of no source to those of three, what is it that says it has n? */
static void expect_sources(struct tap *tap, enum engine_family family, size_t n)
{
	size_t head = family == ENGINE_IPV4 ? IGMP3_LEN : MLD2_LEN;
	const struct proto *proto = vector_protos[family];
	struct addr source = vector_addr(family == ENGINE_IPV4 ? "10.0.0.7" : "fd00::7");

	for (size_t rest = 0; rest <= 3 * proto->addr_len; rest++) {
		enum message_kind kind;

		make_sources(family, family == ENGINE_IPV4 ? "232.1.1.1" : "ff3e::1", n);
		kind = hear(family, head + rest);
		if (n * proto->addr_len > rest) {
			tap_expect(tap, kind == MESSAGE_BAD_QUERY,
				   "%zu sources in %zu bytes", n, rest);
			continue;
		}
		tap_expect(tap, kind == MESSAGE_QUERY && message.query.n_sources == n,
			   "%zu sources in %zu bytes", n, rest);
		for (uint16_t i = 0; i < n; i++)
			tap_expect(tap,
				   addr_equal(proto->get_source(message.query.sources, i),
					      source),
				   "source %u", i);
	}
}

static void test_sources(struct tap *tap)
{
	static const size_t huge[] = { 4, 20, 0x4000, 0x4001, 0x8000, 0xffff };

	for (int family = 0; family < 2; family++) {
		for (size_t n = 0; n < 4; n++)
			expect_sources(tap, (enum engine_family)family, n);
		for (size_t i = 0; i < sizeof(huge) / sizeof(huge[0]); i++)
			expect_sources(tap, (enum engine_family)family, huge[i]);
	}
	tap_end(tap,
		"a query with fewer sources than it says is none, octets behind them "
		"do not matter [R-QRY-11, R-FMT-3, S-V3-26, B-5, B-24, B-25, B-26]");
	for (size_t n = 1; n < 4; n++) {
		make_sources(ENGINE_IPV4, "0.0.0.0", n);
		tap_expect(tap, hear_igmp(IGMP3_LEN + n * 4) == MESSAGE_BAD_QUERY,
			   "IGMPv3, %zu sources", n);
		make_sources(ENGINE_IPV6, "::", n);
		tap_expect(tap, hear_mld(MLD2_LEN + n * 16) == MESSAGE_BAD_QUERY,
			   "MLDv2, %zu sources", n);
	}
	tap_end(tap, "a query for all groups with sources is none [R-QRY-12, S-V3-22]");
}

static void test_query_fields(struct tap *tap)
{
	for (unsigned int flags = 0; flags < 256; flags++)
		for (unsigned int code = 0; code < 256; code += flags == 2 ? 1 : 85) {
			for (int i = 0; i < 2; i++) {
				enum engine_family family = (enum engine_family)i;
				size_t at = i ? MLD_LEN : IGMP_LEN;

				make_sources(family, i ? "ff3e::1" : "232.1.1.1", 1);
				bytes[at] = (uint8_t)flags;
				bytes[at + 1] = (uint8_t)code;
				hear(family, at + 4 + (i ? 16 : 4));
				tap_expect(tap,
					   message.kind == MESSAGE_QUERY &&
						   message.query.robustness == flags % 8,
					   "flags %#x", flags);
				tap_expect(tap,
					   message.query.interval_s ==
						   code_decode8((uint8_t)code),
					   "QQIC %u", code);
			}
		}
	tap_end(tap, "QRV and QQIC are read, the S flag, the E bit and the bits that are "
		     "nobody's do not matter [R-FMT-5, R-QRY-8, R-EXT-1, S-V3-20, B-3]");
}

static void test_igmp_reports(struct tap *tap)
{
	static const uint8_t types[] = { 0x12, 0x16, 0x17 };

	for (size_t i = 0; i < sizeof(types); i++) {
		enum message_kind kind = types[i] == 0x17 ? MESSAGE_LEAVE
							  : MESSAGE_REPORT;

		make_igmp(types[i], 0, "239.1.2.3");
		tap_expect(tap, hear_igmp(IGMP_LEN) == kind, "type %#x", types[i]);
		tap_expect(tap,
			   message.version == (i ? 2 : 1) &&
				   addr_equal(message.group, vector_addr("239.1.2.3")),
			   "type %#x: version and group", types[i]);
		tap_expect(tap, hear_igmp(IGMP_LEN + 7) == kind, "type %#x, longer",
			   types[i]);
		bytes[1] = 77;
		tap_expect(tap, hear_igmp(IGMP_LEN) == kind, "type %#x, with a time",
			   types[i]);
		tap_expect(tap, hear_igmp(IGMP_LEN - 1) == MESSAGE_SHORT,
			   "type %#x, 7 bytes", types[i]);
	}
	tap_end(tap,
		"reports and leaves of IGMPv1 and v2 are read, whatever their second "
		"byte has and stands behind them [R-FMT-11, R-FMT-13, S-IGMP-6, "
		"S-IGMP-8]");
	make_igmp(0x12, 0, "10.1.2.3");
	tap_expect(tap, hear_igmp(IGMP_LEN) == MESSAGE_BAD_REPORT, "v1");
	make_igmp(0x16, 0, "0.0.0.0");
	tap_expect(tap, hear_igmp(IGMP_LEN) == MESSAGE_BAD_REPORT, "v2");
	tap_end(tap, "a report of a group that is not multicast is bad [S-IGMP-23]");
}

static void test_igmp_types(struct tap *tap)
{
	for (unsigned int type = 0; type < 256; type++) {
		enum message_kind kind = MESSAGE_OTHER;

		make_igmp((uint8_t)type, 100, "239.1.2.3");
		if (type == 0x11)
			kind = MESSAGE_QUERY;
		else if (type == 0x12 || type == 0x16)
			kind = MESSAGE_REPORT;
		else if (type == 0x17)
			kind = MESSAGE_LEAVE;
		else if (type == 0x22)
			kind = MESSAGE_RECORDS;
		tap_expect(tap, hear_igmp(IGMP_LEN) == kind, "type %#x: %d", type,
			   message.kind);
		tap_expect(tap, hear_igmp(IGMP_LEN - 1) == MESSAGE_SHORT,
			   "type %#x, 7 bytes: %d", type, message.kind);
		vector_wrap(&vector, ENGINE_IPV4, bytes, IGMP_LEN);
	}
	tap_end(tap, "other types of IGMP are nothing to a host, but all have 8 bytes "
		     "[R-FMT-4, S-IGMP-6, S-IGMP-9]");
}

/* Decodes the vector as it stands, is_verified or not. */
static enum message_kind decode_as(bool is_verified, size_t payload_len)
{
	struct engine_datagram datagram;

	if (engine_read_datagram(vector.bytes, vector.len, &datagram) < 0)
		tap_bail_out("a whole datagram is not read");
	if (payload_len)
		datagram.len = payload_len;
	datagram.is_verified = is_verified;
	vector_protos[vector.bytes[0] >> 4 == 6]->decode(&datagram, &message);
	return message.kind;
}

static void expect_summed(struct tap *tap, enum engine_family family, size_t len,
			  enum message_kind kind)
{
	tap_expect(tap, hear(family, len) == kind, "kind %d is not read", kind);
	for (size_t i = 0; i < len; i++) {
		vector.bytes[vector.message + i] ^= 0x40;
		if (i > 0)
			tap_expect(tap, decode_as(false, 0) == MESSAGE_BAD_CHECKSUM,
				   "kind %d, byte %zu", kind, i);
		vector.bytes[vector.message + i] ^= 0x40;
	}
	vector.bytes[vector.message + 2] ^= 1;
	tap_expect(tap, decode_as(false, 0) == MESSAGE_BAD_CHECKSUM, "kind %d", kind);
	tap_expect(tap, decode_as(true, 0) == kind, "kind %d, which was verified", kind);
}

static void test_checksums(struct tap *tap)
{
	make_igmp(0x11, 100, "239.1.1.1");
	expect_summed(tap, ENGINE_IPV4, IGMP_LEN, MESSAGE_QUERY);
	make_sources(ENGINE_IPV4, "232.1.1.1", 2);
	expect_summed(tap, ENGINE_IPV4, IGMP3_LEN + 2 * 4, MESSAGE_QUERY);
	expect_summed(tap, ENGINE_IPV4, IGMP3_LEN + 2 * 4 + 5, MESSAGE_QUERY);
	make_igmp(0x12, 0, "239.1.1.1");
	expect_summed(tap, ENGINE_IPV4, IGMP_LEN + 3, MESSAGE_REPORT);
	make_igmp(0x13, 0, "239.1.1.1");
	expect_summed(tap, ENGINE_IPV4, IGMP_LEN + 3, MESSAGE_OTHER);
	tap_end(tap,
		"the checksum of IGMP counts the whole payload, octets at its end "
		"too, unless it was verified [R-FMT-2, R-FMT-3, R-FMT-13, S-IGMP-7]");
	make_mld(130, 1000, "ff15::1");
	expect_summed(tap, ENGINE_IPV6, MLD_LEN, MESSAGE_QUERY);
	make_sources(ENGINE_IPV6, "ff3e::1", 2);
	expect_summed(tap, ENGINE_IPV6, MLD2_LEN + 2 * 16 + 5, MESSAGE_QUERY);
	make_mld(131, 0, "ff15::1");
	expect_summed(tap, ENGINE_IPV6, MLD_LEN + 3, MESSAGE_REPORT);
	tap_end(tap, "that of MLD too [R-FMT-2, R-FMT-3, R-FMT-13]");
	make_mld(130, 1000, "::");
	hear_mld(MLD_LEN);
	for (size_t at = 8; at < 40; at++) {
		vector.bytes[at] ^= 1;
		tap_expect(tap, decode_as(false, 0) == MESSAGE_BAD_CHECKSUM,
			   "address byte %zu", at);
		vector.bytes[at] ^= 1;
	}
	tap_expect(tap, decode_as(false, MLD_LEN) == MESSAGE_QUERY, "it is broken");
	tap_end(tap,
		"the checksum of MLD counts the addresses of the datagram [R-FMT-2]");
}

static void test_no_checks(struct tap *tap)
{
	static const char *const sources[] = { "0.0.0.0", "192.0.2.1", "239.1.1.1",
					       "255.255.255.255" };

	make_igmp(0x11, 100, "0.0.0.0");
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		vector_wrap(&vector, ENGINE_IPV4, bytes, IGMP_LEN);
		put_addr(vector.bytes + 12, sources[i]);
		vector.bytes[8] = 200;
		memset(vector.bytes + 20, 1, 4);
		tap_expect(tap, decode_as(false, 0) == MESSAGE_QUERY, "from %s",
			   sources[i]);
	}
	tap_end(tap,
		"the codec looks neither at TTL, nor Router Alert, nor the source of "
		"IGMP [S-IGMP-8]");
}

static void test_mld_versions(struct tap *tap)
{
	for (size_t len = 4; len < 80; len++) {
		enum message_kind kind, expected = MESSAGE_QUERY;

		make_mld(130, 1000, "::");
		kind = hear_mld(len);
		if (len < MLD_LEN)
			expected = MESSAGE_SHORT;
		else if (len > MLD_LEN && len < MLD2_LEN)
			expected = MESSAGE_UNKNOWN_LENGTH;
		tap_expect(tap, kind == expected, "%zu bytes: %d", len, kind);
		if (expected == MESSAGE_QUERY)
			tap_expect(tap,
				   message.version == (len == MLD_LEN ? 1 : 2) &&
					   message.query.older_version == 1,
				   "%zu bytes: version %u", len, message.version);
	}
	tap_end(tap, "the length of an MLD query tells its version [R-QRY-10, R-M1-1, "
		     "S-MLD-7]");
}

static void test_mld_times(struct tap *tap)
{
	struct query *query = &message.query;

	for (unsigned int code = 0; code < 65536; code += code % 4096 < 8 ? 1 : 61) {
		make_mld(130, (uint16_t)code, "::");
		hear_mld(MLD_LEN);
		tap_expect(tap,
			   query->max_response == code * MILLISECOND &&
				   query->older_response == code * MILLISECOND,
			   "code %u of 24 bytes", code);
		hear_mld(MLD2_LEN);
		tap_expect(tap,
			   query->max_response ==
				   code_decode16((uint16_t)code) * MILLISECOND,
			   "code %u of 28 bytes", code);
		tap_expect(tap, query->older_response == code * MILLISECOND,
			   "code %u of 28 bytes, as MLDv1 has it", code);
	}
	tap_end(tap,
		"the delay of MLDv1 is linear and may be 0, that of MLDv2 floating, "
		"and linear for who speaks MLDv1 [R-FMT-5, R-FMT-6, R-CMP-9, R-M1-6, "
		"B-2, B-4]");
}

static void test_mld_groups(struct tap *tap)
{
	static const char *const groups[] = { "fe80::1", "::1", "::ffff:239.1.1.1",
					      "::ffff:0.0.0.0", "fd00::1" };

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		make_mld(130, 1000, groups[i]);
		tap_expect(tap, hear_mld(MLD_LEN) == MESSAGE_BAD_QUERY, "MLDv1, %s",
			   groups[i]);
		tap_expect(tap, hear_mld(MLD2_LEN) == MESSAGE_BAD_QUERY, "MLDv2, %s",
			   groups[i]);
		make_mld(131, 0, groups[i]);
		tap_expect(tap, hear_mld(MLD_LEN) == MESSAGE_BAD_REPORT, "report of %s",
			   groups[i]);
	}
	make_mld(130, 1000, "ff02::1:ff00:1");
	tap_expect(tap,
		   hear_mld(MLD_LEN) == MESSAGE_QUERY &&
			   addr_equal(message.group, vector_addr("ff02::1:ff00:1")),
		   "a solicited-node group");
	tap_end(tap, "MLD knows no group that is not multicast, a v4-mapped one neither "
		     "[R-QRY-12, R-M1-1, S-MLD-11, S-MLD-18]");
}

static void test_mld_reports(struct tap *tap)
{
	for (uint8_t type = 131; type <= 132; type++) {
		enum message_kind kind = type == 131 ? MESSAGE_REPORT : MESSAGE_LEAVE;

		make_mld(type, 77, "ff15::3");
		bytes[1] = 1;
		bytes[7] = 1;
		tap_expect(tap, hear_mld(MLD_LEN) == kind, "type %u", type);
		tap_expect(tap,
			   message.version == 1 &&
				   addr_equal(message.group, vector_addr("ff15::3")),
			   "type %u: version and group", type);
		tap_expect(tap, hear_mld(MLD_LEN + 9) == kind, "type %u, longer", type);
		tap_expect(tap, hear_mld(MLD_LEN - 1) == MESSAGE_SHORT, "type %u, short",
			   type);
	}
	make_mld(143, 0, "::");
	tap_expect(tap, hear_mld(7) == MESSAGE_SHORT, "a report of 7 bytes");
	tap_expect(tap, hear_mld(8) == MESSAGE_RECORDS && message.version == 2,
		   "a report of 8 bytes");
	tap_end(tap, "reports and Done of MLDv1 are read, whatever Code, delay and "
		     "Reserved have and stands behind them [R-FMT-11, R-FMT-13, R-QRY-7, "
		     "S-MLD-7]");
	for (unsigned int type = 0; type < 256; type++) {
		if ((type >= 130 && type <= 132) || type == 143)
			continue;
		make_mld((uint8_t)type, 1000, "ff15::3");
		tap_expect(tap,
			   hear_mld(MLD_LEN) == MESSAGE_OTHER &&
				   hear_mld(8) == MESSAGE_OTHER,
			   "type %u", type);
	}
	tap_end(tap, "other types of ICMPv6 are nothing to MLD, of any length [R-FMT-4]");
}

/* Three records: auxiliary data and a type that nobody knows are in the second. */
static size_t make_records(enum engine_family family)
{
	const struct proto *proto = vector_protos[family];
	bool is_ipv4 = family == ENGINE_IPV4;
	size_t at = 8;

	memset(bytes, 0, sizeof(bytes));
	bytes[0] = is_ipv4 ? 0x22 : 143;
	bytes[4] = 0x80;
	put_16(bytes + 6, 3);
	for (uint8_t i = 1; i <= 3; i++) {
		bytes[at] = i == 2 ? 77 : 5;
		bytes[at + 1] = i == 2 ? 3 : 0;
		put_16(bytes + at + 2, i);
		put_addr(bytes + at + 4, is_ipv4 ? "232.1.1.1" : "ff3e::1");
		at += proto->record_len;
		for (uint8_t k = 0; k < i; k++, at += proto->addr_len)
			put_addr(bytes + at, is_ipv4 ? "10.0.0.7" : "fd00::7");
		at += bytes[at - proto->record_len - i * proto->addr_len + 1] * 4u;
	}
	return at;
}

static void test_records(struct tap *tap)
{
	static const char *const texts[ENGINE_FAMILIES] = {
		"ALLOW(232.1.1.1){10.0.0.7} 77(232.1.1.1){10.0.0.7,10.0.0.7} "
		"ALLOW(232.1.1.1){10.0.0.7,10.0.0.7,10.0.0.7}",
		"ALLOW(ff3e::1){fd00::7} 77(ff3e::1){fd00::7,fd00::7} "
		"ALLOW(ff3e::1){fd00::7,fd00::7,fd00::7}",
	};

	for (int i = 0; i < 2; i++) {
		enum engine_family family = (enum engine_family)i;
		size_t len = make_records(family);
		char *text;

		for (size_t rest = 8; rest <= len + 4; rest++) {
			tap_expect(tap, hear(family, rest) == MESSAGE_RECORDS,
				   "%zu bytes", rest);
			text = vector_print_records(family, message);
			tap_expect(tap,
				   rest < len ? strstr(text, " short") != NULL
					      : strcmp(text, texts[i]) == 0,
				   "%zu of %zu bytes: %s", rest, len, text);
			free(text);
		}
	}
	tap_end(tap, "records of unknown types and auxiliary data are passed over, a "
		     "record that is cut short anywhere ends them [R-FMT-3, R-FMT-4, "
		     "R-FMT-7, R-EXT-1]");
}

static void test_record_counts(struct tap *tap)
{
	struct record record;

	for (int i = 0; i < 2; i++) {
		enum engine_family family = (enum engine_family)i;
		const struct proto *proto = vector_protos[family];
		size_t len = make_records(family);

		put_16(bytes + 6, 0xffff);
		hear(family, len);
		for (int k = 0; k < 3; k++)
			tap_expect(tap, proto->next_record(&message, &record) == 1,
				   "record %d", k);
		tap_expect(tap, proto->next_record(&message, &record) == -EBADMSG,
			   "a record that is not there");
		make_records(family);
		put_16(bytes + 8 + 2, 0xffff);
		bytes[8 + 1] = 0xff;
		hear(family, len);
		tap_expect(tap, proto->next_record(&message, &record) == -EBADMSG,
			   "sources that are not there");
		make_records(family);
		put_16(bytes + 6, 0);
		hear(family, len);
		tap_expect(tap, proto->next_record(&message, &record) == 0, "no record");
	}
	tap_end(tap,
		"a report that says it has 65535 records or sources is read as far as "
		"it goes [R-FMT-4, R-SEC-4]");
}

static void expect_query_again(struct tap *tap, enum engine_family family,
			       const struct query_fields *fields)
{
	const struct query *query = &message.query;
	struct engine_datagram datagram;
	bool is_within;

	vector.len = vector_protos[family]->encode_query(vector.bytes, fields);
	tap_expect(tap,
		   vector_decode(&vector, &datagram, &message, &is_within) == 0 &&
			   is_within && message.kind == MESSAGE_QUERY &&
			   message.version == fields->version &&
			   addr_equal(message.group, fields->group) &&
			   query->max_response == fields->max_response &&
			   query->n_sources == fields->n_sources,
		   "version %u, %llu us", fields->version,
		   (unsigned long long)fields->max_response);
	tap_expect(tap,
		   datagram.has_router_alert == (family || fields->version > 1) &&
			   datagram.hop_limit == 1,
		   "Router Alert and TTL");
}

static void test_query_times(struct tap *tap)
{
	struct query_fields fields = {
		.source = vector_addr("10.9.0.1"),
		.destination = vector_addr("239.1.1.1"),
		.group = vector_addr("239.1.1.1"),
	};

	for (unsigned int code = 0; code < 256; code++) {
		fields.version = 3;
		fields.max_response = code_decode8((uint8_t)code) * TENTH;
		expect_query_again(tap, ENGINE_IPV4, &fields);
		fields.version = 2;
		fields.max_response = code * TENTH;
		if (code > 0)
			expect_query_again(tap, ENGINE_IPV4, &fields);
	}
	fields.source = vector_addr("fe80::1");
	fields.group = fields.destination = vector_addr("ff15::1");
	for (unsigned int code = 0; code < 65536; code += 17) {
		fields.version = 2;
		fields.max_response = code_decode16((uint16_t)code) * MILLISECOND;
		expect_query_again(tap, ENGINE_IPV6, &fields);
		fields.version = 1;
		fields.max_response = code * MILLISECOND;
		expect_query_again(tap, ENGINE_IPV6, &fields);
	}
	tap_end(tap, "a query of every version is read with the time it was made of "
		     "[R-FMT-5, R-FMT-6]");
	fields.group = fields.destination = vector_addr("239.1.1.1");
	fields.source = vector_addr("10.9.0.1");
	fields.version = 2;
	fields.max_response = 1;
	vector.len = proto_igmp.encode_query(vector.bytes, &fields);
	tap_expect(tap, vector.bytes[24 + 1] == 1, "a short time makes it IGMPv1");
	fields.max_response = 256 * TENTH;
	vector.len = proto_igmp.encode_query(vector.bytes, &fields);
	tap_expect(tap, vector.bytes[24 + 1] == 255, "a long time is another one");
	fields.max_response = UINT64_MAX;
	fields.version = 3;
	fields.robustness = 9;
	vector.len = proto_igmp.encode_query(vector.bytes, &fields);
	tap_expect(tap, vector.bytes[24 + 1] == 255 && vector.bytes[24 + 8] == 0,
		   "a long time, or a robustness without room in QRV");
	fields.version = 1;
	fields.max_response = 65536 * MILLISECOND;
	vector.len = proto_mld.encode_query(vector.bytes, &fields);
	tap_expect(tap, vector.bytes[48 + 4] == 255 && vector.bytes[48 + 5] == 255,
		   "a long time of MLDv1");
	tap_end(tap,
		"a time without a code becomes the next one that is no other version, "
		"a robustness without room is not told [R-FMT-6]");
}

int main(void)
{
	struct tap tap = { 0 };

	test_igmp_versions(&tap);
	test_igmp_times(&tap);
	test_igmp_groups(&tap);
	test_sources(&tap);
	test_query_fields(&tap);
	test_igmp_reports(&tap);
	test_igmp_types(&tap);
	test_checksums(&tap);
	test_no_checks(&tap);
	test_mld_versions(&tap);
	test_mld_times(&tap);
	test_mld_groups(&tap);
	test_mld_reports(&tap);
	test_records(&tap);
	test_record_counts(&tap);
	test_query_times(&tap);
	return tap_finish(&tap);
}
