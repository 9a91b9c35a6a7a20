/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IP datagrams taken apart: options, extension headers, lengths, fragments. And what
 * the codec makes of a packet of which something is missing, or a bit wrong.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/wire-packets.h"
#include "tap.h"
#include "vectors-linux.h"
#include "vectors.h"

#define IPV4_MIN 20u
#define IPV6_MIN 40u

#define QUERY4 "1164ee9b00000000"

static struct vector vector, other;

static void put_16(uint8_t *bytes, size_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static int read_vector(struct engine_datagram *ret)
{
	struct message message;
	bool is_within;
	int r = vector_decode(&vector, ret, &message, &is_within);

	return r == 0 && !is_within ? -EFAULT : r;
}

/* A query of IGMPv2 behind the options. */
static void make_ipv4(const char *options, size_t header_len)
{
	static const uint8_t head[] = { 0, 0xc0, 0,  0, 0, 7, 0x40, 0, 9, 2,
					0, 0,    10, 9, 0, 5, 224,  0, 0, 1 };
	size_t n_options;

	memcpy(vector.bytes, head, sizeof(head));
	n_options = vector_read_hex(options, vector.bytes + IPV4_MIN);
	vector.message = IPV4_MIN + n_options;
	vector.len = vector.message +
		     vector_read_hex(QUERY4, vector.bytes + vector.message);
	vector.bytes[0] = (uint8_t)(0x40 | header_len / 4);
	put_16(vector.bytes + 2, vector.len);
}

static void expect_ipv4(struct tap *tap, const char *options, int expected,
			bool has_alert)
{
	struct engine_datagram datagram = { 0 };
	int r;

	make_ipv4(options, IPV4_MIN + strlen(options) / 2);
	r = read_vector(&datagram);
	tap_expect(tap, r == expected, "options %s: %d", options, r);
	if (expected < 0)
		return;
	tap_expect(tap, datagram.has_router_alert == has_alert, "options %s: alert %d",
		   options, datagram.has_router_alert);
	tap_expect(tap,
		   datagram.message == vector.bytes + vector.message &&
			   datagram.len == 8 && datagram.total_len == vector.len &&
			   datagram.hop_limit == 9 &&
			   addr_equal(datagram.source, vector_addr("10.9.0.5")) &&
			   addr_equal(datagram.destination, vector_addr("224.0.0.1")) &&
			   !datagram.is_own && !datagram.is_verified,
		   "options %s: another datagram", options);
}

static void test_ipv4_options(struct tap *tap)
{
	expect_ipv4(tap, "", 0, false);
	expect_ipv4(tap, "94040000", 0, true);
	expect_ipv4(tap, "94041234", 0, true);
	expect_ipv4(tap, "0101010194040000", 0, true);
	expect_ipv4(tap, "0194040000010101", 0, true);
	expect_ipv4(tap, "83070404000000019404000000000000", 0, true);
	expect_ipv4(tap,
		    "010101010101010101010101010101010101010101010101"
		    "01010101010101010101010194040000",
		    0, true);
	tap_end(tap, "Router Alert is seen wherever it stands among IPv4 options "
		     "[R-QRY-6, S-V3-7, B-13]");
	expect_ipv4(tap, "01010101", 0, false);
	expect_ipv4(tap, "0000000094040000", 0, false);
	expect_ipv4(tap, "0708049404000000", 0, false);
	expect_ipv4(tap, "9403000094020000", 0, false);
	tap_end(tap, "what looks like Router Alert behind the end of options, within "
		     "another option or in another length is none [S-V3-7]");
	expect_ipv4(tap, "94050000", -EBADMSG, false);
	expect_ipv4(tap, "01010194", -EBADMSG, false);
	expect_ipv4(tap, "94010000", -EBADMSG, false);
	expect_ipv4(tap, "07000000", -EBADMSG, false);
	expect_ipv4(tap, "0101010707ff0000", -EBADMSG, false);
	tap_end(tap, "an IPv4 option that is longer than the header, or too short to be "
		     "one, breaks the datagram");
}

static void expect_bytes4(struct tap *tap, size_t at, unsigned int value, int expected)
{
	struct engine_datagram datagram;
	int r;

	make_ipv4("", IPV4_MIN);
	put_16(vector.bytes + at, value);
	r = read_vector(&datagram);
	tap_expect(tap, r == expected, "%#06x at %zu: %d", value, at, r);
}

static void test_ipv4_header(struct tap *tap)
{
	struct engine_datagram datagram;

	expect_bytes4(tap, 0, 0x4400, -EBADMSG);
	expect_bytes4(tap, 0, 0x4000, -EBADMSG);
	expect_bytes4(tap, 0, 0x4800, -EBADMSG);
	expect_bytes4(tap, 0, 0x5500, -EBADMSG);
	expect_bytes4(tap, 0, 0x0500, -EBADMSG);
	expect_bytes4(tap, 2, 29, -EBADMSG);
	expect_bytes4(tap, 2, 65535, -EBADMSG);
	expect_bytes4(tap, 2, 19, -EBADMSG);
	expect_bytes4(tap, 2, 0, -EBADMSG);
	tap_end(tap,
		"an IPv4 header that is longer than its datagram, or a datagram that "
		"is longer than its bytes, is broken [S-IGMP-6]");
	expect_bytes4(tap, 6, 0x2000, -EPROTO);
	expect_bytes4(tap, 6, 0x0001, -EPROTO);
	expect_bytes4(tap, 6, 0x1fff, -EPROTO);
	expect_bytes4(tap, 6, 0x4000, 0);
	expect_bytes4(tap, 6, 0x8000, 0);
	expect_bytes4(tap, 8, 0x0111, -EPROTO);
	expect_bytes4(tap, 8, 0x0101, -EPROTO);
	expect_bytes4(tap, 10, 0xdead, 0);
	tap_end(tap, "IPv4 fragments and other protocols are not ours; the header's "
		     "checksum and Don't Fragment do not matter");
	make_ipv4("94040000", 24);
	memset(vector.bytes + vector.len, 0x5a, 14);
	vector.len += 14;
	tap_expect(tap,
		   read_vector(&datagram) == 0 && datagram.len == 8 &&
			   datagram.total_len == vector.len - 14,
		   "padding of the link is part of the datagram");
	put_16(vector.bytes + 2, 24);
	tap_expect(tap, read_vector(&datagram) == 0 && datagram.len == 0,
		   "a header alone");
	vector.len = 24;
	vector.bytes[20] = 1;
	vector.bytes[21] = 1;
	vector.bytes[22] = 1;
	vector.bytes[23] = 148;
	tap_expect(tap, read_vector(&datagram) == -EBADMSG,
		   "an option that begins with the last byte");
	tap_end(tap, "what is behind the IPv4 datagram is padding");
}

/* A query of MLDv1 behind extension headers, the first of which is kind. */
static void make_ipv6(uint8_t kind, const char *headers)
{
	uint8_t message[24] = { 130, 0, 0, 0, 39, 16 };

	vector_wrap(&vector, ENGINE_IPV6, message, sizeof(message));
	vector.bytes[6] = kind;
	vector.message = IPV6_MIN + vector_read_hex(headers, vector.bytes + IPV6_MIN);
	memcpy(vector.bytes + vector.message, message, sizeof(message));
	vector.len = vector.message + sizeof(message);
	put_16(vector.bytes + 4, vector.len - IPV6_MIN);
	vector_mend(&vector);
}

static void expect_ipv6(struct tap *tap, uint8_t kind, const char *headers, int expected,
			bool has_alert)
{
	struct engine_datagram datagram = { 0 };
	int r;

	make_ipv6(kind, headers);
	r = read_vector(&datagram);
	tap_expect(tap, r == expected, "headers %u %s: %d", kind, headers, r);
	if (expected < 0)
		return;
	tap_expect(tap,
		   datagram.has_router_alert == has_alert &&
			   datagram.message == vector.bytes + vector.message &&
			   datagram.len == 24 && datagram.hop_limit == 1 &&
			   datagram.total_len == vector.len &&
			   addr_equal(datagram.source, vector_addr("fe80::fe")) &&
			   addr_equal(datagram.destination, vector_addr("ff02::1")),
		   "headers %u %s: another datagram", kind, headers);
}

static void test_ipv6_options(struct tap *tap)
{
	expect_ipv6(tap, 58, "", 0, false);
	expect_ipv6(tap, 0, "3a00050200000100", 0, true);
	expect_ipv6(tap, 0, "3a00010005020000", 0, true);
	expect_ipv6(tap, 0, "3a00000005020000", 0, true);
	expect_ipv6(tap, 0, "3a00050200000000", 0, true);
	expect_ipv6(tap, 0, "3a011e04000000000502000001020000", 0, true);
	tap_end(tap, "Router Alert is seen wherever it stands among hop-by-hop options "
		     "[R-QRY-7]");
	expect_ipv6(tap, 0, "3a00050200010100", 0, false);
	expect_ipv6(tap, 0, "3a00010400000000", 0, false);
	expect_ipv6(tap, 0, "3a00010405020000", 0, false);
	expect_ipv6(tap, 0, "3a010504000000000104000000000000", 0, false);
	expect_ipv6(tap, 60, "3a00050200000100", 0, false);
	tap_end(tap, "Router Alert of another value, in other places or lengths is not "
		     "MLD's [R-QRY-7]");
	expect_ipv6(tap, 0, "3a00050200000101", -EBADMSG, false);
	expect_ipv6(tap, 0, "3a00050200000001", -EBADMSG, false);
	expect_ipv6(tap, 0, "3a00050500000000", -EBADMSG, false);
	expect_ipv6(tap, 0, "3a04050200000100", -EBADMSG, false);
	expect_ipv6(tap, 0, "3aff050200000100", -EBADMSG, false);
	tap_end(tap, "hop-by-hop options that are longer than their header, or than the "
		     "datagram, break it");
}

/* len: bytes that are there; -1: all. */
static void expect_alert(struct tap *tap, const char *hex, int len, bool has_alert)
{
	uint8_t bytes[64];
	size_t n = vector_read_hex(hex, bytes);
	/* A block of its own, so that a byte read behind it is seen. */
	uint8_t *header = malloc(n + 1);

	if (!header)
		tap_bail_out("no memory");
	if (len >= 0)
		n = (size_t)len;
	header = realloc(header, n + !n);
	memcpy(header, bytes, n);
	tap_expect(tap, engine_has_router_alert(header, n) == has_alert,
		   "%s, %zu bytes: not %d", hex, n, has_alert);
	free(header);
}

/* What IPV6_RECVHOPOPTS tells. */
static void test_hop_by_hop(struct tap *tap)
{
	const char *longer = "3a010104000000000502000001020000";

	expect_alert(tap, "3a00050200000100", -1, true);
	expect_alert(tap, "0000050200000100", -1, true);
	expect_alert(tap, "3a00010005020000", -1, true);
	expect_alert(tap, "3a00000005020000", -1, true);
	expect_alert(tap, "3a011e04000000000502000001020000", -1, true);
	/* What is behind the header is not its own. */
	expect_alert(tap, "3a000502000001000104000000000000", -1, true);
	expect_alert(tap, "3a000104000000000502000001020000", -1, false);
	tap_end(tap, "Router Alert is seen in a hop-by-hop header alone [R-FMT-1]");
	expect_alert(tap, "3a00050200010100", -1, false);
	expect_alert(tap, "3a00010400000000", -1, false);
	expect_alert(tap, "3a00010405020000", -1, false);
	expect_alert(tap, "3a010504000000000104000000000000", -1, false);
	tap_end(tap, "that of another protocol, or in another option, is none [R-FMT-1]");
	expect_alert(tap, "3a00050200000101", -1, false);
	expect_alert(tap, "3a00050200000001", -1, false);
	expect_alert(tap, "3a00050500000000", -1, false);
	expect_alert(tap, "3aff050200000100", -1, false);
	for (int len = 0; len < 8; len++)
		expect_alert(tap, "3a00050200000100", len, false);
	for (int len = 0; len < 16; len++)
		expect_alert(tap, longer, len, false);
	tap_end(tap, "a hop-by-hop header that is broken, or cut short, has none "
		     "[R-FMT-1]");
}

static void test_ipv6_headers(struct tap *tap)
{
	expect_ipv6(tap, 0, "3c000502000001003a00010400000000", 0, true);
	expect_ipv6(tap, 0, "2b000502000001003a00040000000000", 0, true);
	expect_ipv6(tap, 0,
		    "3c00050200000100"
		    "2b01010c000000000000000000000000"
		    "3c00040000000000"
		    "3a00010400000000",
		    0, true);
	tap_end(tap, "destination options and routing headers are passed over");
	expect_ipv6(tap, 44, "3a00000000000001", -EPROTO, false);
	expect_ipv6(tap, 44, "3a00000100000001", -EPROTO, false);
	expect_ipv6(tap, 0, "2c000502000001003a00000000000001", -EPROTO, false);
	expect_ipv6(tap, 17, "", -EPROTO, false);
	expect_ipv6(tap, 59, "", -EPROTO, false);
	expect_ipv6(tap, 51, "3a04000000000000", -EPROTO, false);
	expect_ipv6(tap, 2, "", -EPROTO, false);
	tap_end(tap, "IPv6 fragments and other protocols are not ours");
	expect_ipv6(tap, 60, "00000104000000003a00050200000100", -EBADMSG, false);
	expect_ipv6(tap, 0, "00000502000001003a00050200000100", -EBADMSG, false);
	expect_ipv6(tap, 60, "3aff010400000000", -EBADMSG, false);
	tap_end(tap, "a hop-by-hop header that is not the first breaks the datagram");
}

static void test_ipv6_lengths(struct tap *tap)
{
	static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff, 10, 9, 0, 1 };
	struct engine_datagram datagram;

	make_ipv6(0, "3a00050200000100");
	put_16(vector.bytes + 4, vector.len - IPV6_MIN + 1);
	tap_expect(tap, read_vector(&datagram) == -EBADMSG, "one byte is missing");
	put_16(vector.bytes + 4, 0);
	tap_expect(tap, read_vector(&datagram) == -EBADMSG, "no room for the options");
	vector.len = IPV6_MIN;
	tap_expect(tap, read_vector(&datagram) == -EBADMSG, "no byte for the options");
	make_ipv6(0, "3a00050200000100");
	put_16(vector.bytes + 4, 7);
	tap_expect(tap, read_vector(&datagram) == -EBADMSG,
		   "little room for the options");
	put_16(vector.bytes + 4, 8);
	tap_expect(tap, read_vector(&datagram) == 0 && datagram.len == 0,
		   "headers alone");
	tap_end(tap,
		"an IPv6 datagram that is longer than its bytes, or a header that is "
		"longer than its datagram, is broken");
	make_ipv6(0, "3a00050200000100");
	memset(vector.bytes + vector.len, 0x5a, 14);
	vector.len += 14;
	tap_expect(tap,
		   read_vector(&datagram) == 0 && datagram.len == 24 &&
			   datagram.total_len == vector.len - 14,
		   "padding of the link is part of the datagram");
	tap_end(tap, "what is behind the IPv6 datagram is padding");
	for (size_t at = 8; at <= 24; at += 16) {
		make_ipv6(0, "3a00050200000100");
		memcpy(vector.bytes + at, mapped, sizeof(mapped));
		tap_expect(tap, read_vector(&datagram) == -EPROTO, "mapped at %zu", at);
	}
	tap_end(tap, "v4-mapped addresses in an IPv6 header are nobody's");
}

/* Packets of every form, whole ones. */
static const char *const packets[] = {
	IGMP1_QUERY,         IGMP2_QUERY_GROUP,  IGMP3_QUERY,      IGMP3_QUERY_CODES,
	IGMP3_QUERY_SOURCES, IGMP1_REPORT,       IGMP2_REPORT,     IGMP2_LEAVE,
	IGMP3_REPORT,        MLD1_QUERY,         MLD1_QUERY_GROUP, MLD2_QUERY,
	MLD2_QUERY_CODES,    MLD2_QUERY_SOURCES, MLD1_REPORT,      MLD1_DONE,
	MLD2_REPORT,         MLD2_QUERY_BARE,
};

#define PACKETS (sizeof(packets) / sizeof(packets[0]))

static void test_kept(struct tap *tap)
{
	struct engine_datagram datagram, before;

	memset(&datagram, 0x5a, sizeof(datagram));
	memcpy(&before, &datagram, sizeof(before));
	for (size_t i = 0; i < PACKETS; i++) {
		size_t len = vector_read_hex(packets[i], vector.bytes);

		tap_expect(tap,
			   engine_read_datagram(vector.bytes, len - 1, &datagram) ==
				   -EBADMSG,
			   "packet %zu", i);
	}
	vector_read_hex(NOT_PIM, vector.bytes);
	engine_read_datagram(vector.bytes, sizeof(vector.bytes), &datagram);
	tap_expect(tap, memcmp(&datagram, &before, sizeof(before)) == 0,
		   "what is returned was touched");
	tap_end(tap, "a datagram that is refused leaves what is returned untouched");
}

static void test_truncation(struct tap *tap)
{
	struct engine_datagram datagram;

	for (size_t i = 0; i < PACKETS; i++) {
		size_t len = vector_read_hex(packets[i], vector.bytes);

		for (vector.len = 0; vector.len < len; vector.len++)
			tap_expect(tap, read_vector(&datagram) == -EBADMSG,
				   "packet %zu, %zu of %zu bytes", i, vector.len, len);
		tap_expect(tap, read_vector(&datagram) == 0, "packet %zu", i);
	}
	tap_expect(tap, engine_read_datagram(NULL, 0, &datagram) == -EBADMSG, "nothing");
	tap_end(tap,
		"a packet that was cut short anywhere is refused, and no byte behind "
		"it is read");
}

/* The same in all that a host looks at. */
static bool is_same(const struct message *a, const struct message *b)
{
	return a->kind == b->kind && a->version == b->version &&
	       addr_equal(a->group, b->group) &&
	       a->query.max_response == b->query.max_response &&
	       a->query.robustness == b->query.robustness &&
	       a->query.interval_s == b->query.interval_s &&
	       a->query.n_sources == b->query.n_sources && a->n_records == b->n_records &&
	       a->n_record_bytes == b->n_record_bytes;
}

static bool is_refused(const struct message *message)
{
	return message->kind == MESSAGE_BAD_CHECKSUM || message->kind == MESSAGE_SHORT ||
	       message->kind == MESSAGE_OTHER;
}

/* Flips one bit of the packet in vector and looks at it. */
static void expect_flipped(struct tap *tap, size_t i, size_t bit,
			   const struct message *whole)
{
	struct engine_datagram datagram;
	struct message message;
	bool is_within;
	int r;

	vector.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	r = vector_decode(&vector, &datagram, &message, &is_within);
	tap_expect(tap, is_within, "packet %zu, bit %zu: views", i, bit);
	if (bit / 8 >= vector.message)
		tap_expect(tap, r == 0 && is_refused(&message),
			   "packet %zu, bit %zu of the message: %d", i, bit, r);
	else
		tap_expect(tap, r < 0 || is_refused(&message) || is_same(&message, whole),
			   "packet %zu, bit %zu of the headers: %d", i, bit, r);
	vector.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

static void flip_all(struct tap *tap, size_t i)
{
	struct engine_datagram datagram;
	struct message whole;
	bool is_within;

	tap_expect(tap, vector_decode(&vector, &datagram, &whole, &is_within) == 0,
		   "packet %zu is not read", i);
	tap_expect(tap, !is_refused(&whole), "packet %zu is refused", i);
	vector.message = (size_t)(datagram.message - vector.bytes);
	for (size_t bit = 0; bit < datagram.total_len * 8; bit++)
		expect_flipped(tap, i, bit, &whole);
}

static void test_flips(struct tap *tap)
{
	for (size_t i = 0; i < PACKETS; i++) {
		vector.len = vector_read_hex(packets[i], vector.bytes);
		flip_all(tap, i);
	}
	for (size_t i = 0; i < VECTORS_LINUX; i++) {
		vector_encode_report(&vector, vectors_linux[i].family,
				     vectors_linux[i].family == ENGINE_IPV4
					     ? "10.9.0.1"
					     : VECTORS_LINUX_MLD_SOURCE,
				     vectors_linux[i].records, i % 2);
		flip_all(tap, PACKETS + i);
	}
	tap_end(tap, "one wrong bit in a message is seen by its checksum, one in its "
		     "headers does no harm [R-FMT-2, S-IGMP-7]");
}

/* Every value of every byte of the headers: nothing is read that is not there. */
static void test_header_bytes(struct tap *tap)
{
	struct engine_datagram datagram;
	unsigned int n_read = 0;

	for (size_t i = 0; i < PACKETS; i++) {
		size_t len = vector_read_hex(packets[i], vector.bytes);
		size_t head = vector.bytes[0] >> 4 == 4 ? 24 : 48;

		vector.len = len;
		memcpy(other.bytes, vector.bytes, len);
		for (size_t at = 0; at < head; at++)
			for (unsigned int value = 0; value < 256; value++) {
				int r;

				vector.bytes[at] = (uint8_t)value;
				r = read_vector(&datagram);
				n_read += r == 0;
				tap_expect(tap, r == 0 || r == -EBADMSG || r == -EPROTO,
					   "packet %zu, %u at %zu: %d", i, value, at, r);
				vector.bytes[at] = other.bytes[at];
			}
	}
	tap_expect(tap, n_read > 0, "none was read");
	tap_end(tap, "whatever a byte of the headers says, what is read lies within the "
		     "packet");
}

int main(void)
{
	struct tap tap = { 0 };

	test_ipv4_options(&tap);
	test_ipv4_header(&tap);
	test_ipv6_options(&tap);
	test_hop_by_hop(&tap);
	test_ipv6_headers(&tap);
	test_ipv6_lengths(&tap);
	test_kept(&tap);
	test_truncation(&tap);
	test_flips(&tap);
	test_header_bytes(&tap);
	return tap_finish(&tap);
}
