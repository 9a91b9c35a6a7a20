/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/mwatch/capture/datagram.h and link.h: what a packet is, whatever
 * stands in its headers and however much of it was captured.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <linux/if_ether.h>

#include "capture/datagram.h"
#include "capture/link.h"
#include "frame.h"
#include "tap.h"

#define KEPT 0x0102u /* i_interface is the caller's */

#define HEADERS(...) \
	.n_headers = sizeof((uint8_t[]){ __VA_ARGS__ }), .headers = { __VA_ARGS__ }
#define PIECE(from, n) .has_piece = true, .offset = (from), .n_piece = (n)

struct row {
	const char *name;
	struct frame_plan plan;
	enum datagram_kind kind;
	/* Counted from the IP header; n bytes there get this value. */
	struct {
		uint32_t at, value;
		uint8_t n;
	} change;
	uint32_t n_cut;      /* bytes that the wire does not have */
	uint32_t n_captured; /* bytes from the IP header; 0: all */
	uint16_t segment_size, want_segment_size;
};

static const struct row rows[] = {
	{ "IPv4", { .length = 100 }, .kind = DATAGRAM_WHOLE },
	{ "IPv4 without payload", { .length = 0 }, .kind = DATAGRAM_WHOLE },
	{ "IPv4, padded by the link",
	  { .length = 3, .n_padding = 20 },
	  .kind = DATAGRAM_WHOLE },
	{ "IPv4 with options",
	  { .length = 100, .n_options = 24 },
	  .kind = DATAGRAM_WHOLE },
	{ "IPv4 of which the headers were captured",
	  { .length = 100 },
	  .kind = DATAGRAM_WHOLE,
	  .n_captured = 28 },
	{ "IPv4 with bytes behind the UDP datagram",
	  { .length = 100 },
	  .kind = DATAGRAM_WHOLE,
	  .change = { 24, 50, 2 } },
	{ "IPv4 in a VLAN",
	  { .length = 9, .tags = { 5 }, .n_tags = 1 },
	  .kind = DATAGRAM_WHOLE },
	{ "IPv4 in two VLANs",
	  { .length = 9, .tags = { 5, 6 }, .tag_types = { ETH_P_8021AD }, .n_tags = 2 },
	  .kind = DATAGRAM_WHOLE },
	{ "IPv4, glued",
	  { .length = 1000 },
	  .kind = DATAGRAM_WHOLE,
	  .segment_size = 300,
	  .want_segment_size = 300 },
	{ "IPv4, glued, all in one",
	  { .length = 1000 },
	  .kind = DATAGRAM_WHOLE,
	  .segment_size = 1000 },
	{ "IPv4 but TCP",
	  { .length = 9, .protocol = IPPROTO_TCP },
	  .kind = DATAGRAM_OTHER },
	{ "IPv4 but unicast",
	  { .length = 9 },
	  .kind = DATAGRAM_OTHER,
	  .change = { 16, 10, 1 } },
	{ "IPv4 but broadcast",
	  { .length = 9 },
	  .kind = DATAGRAM_OTHER,
	  .change = { 16, 255, 1 } },
	{ "IPv4 with too few captured bytes",
	  { .length = 100 },
	  .kind = DATAGRAM_OTHER,
	  .n_captured = 27 },
	{ "IPv4 with too few captured bytes of IP",
	  { .length = 100 },
	  .kind = DATAGRAM_OTHER,
	  .n_captured = 19 },

	{ "IPv4 of version 6",
	  { .length = 9 },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 0, 0x65, 1 } },
	{ "IPv4 with a header of 16 bytes",
	  { .length = 9 },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 0, 0x44, 1 } },
	{ "IPv4 with a header that is longer than the packet",
	  { .length = 9 },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 0, 0x4f, 1 } },
	{ "IPv4 with a total length within the header",
	  { .length = 9 },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 2, 19, 2 } },
	{ "IPv4 with a total length beyond the wire",
	  { .length = 9 },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 2, 38, 2 } },
	{ "IPv4 cut on the wire",
	  { .length = 9 },
	  .kind = DATAGRAM_MALFORMED,
	  .n_cut = 1 },
	{ "IPv4 cut within its header",
	  { .length = 0 },
	  .kind = DATAGRAM_MALFORMED,
	  .n_cut = 9 },
	{ "IPv4 with room for no UDP header",
	  { .length = 9 },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 2, 27, 2 } },
	{ "UDP with a length beyond IP",
	  { .length = 9, .n_padding = 9 },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 24, 18, 2 } },
	{ "UDP with a length of 7",
	  { .length = 9 },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 24, 7, 2 } },
	{ "UDP with a length of 0",
	  { .length = 9 },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 24, 0, 2 } },

	{ "IPv6", { .is_ipv6 = true, .length = 100 }, .kind = DATAGRAM_WHOLE },
	{ "IPv6, padded by the link",
	  { .is_ipv6 = true, .length = 3, .n_padding = 20 },
	  .kind = DATAGRAM_WHOLE },
	{ "IPv6 of which the headers were captured",
	  { .is_ipv6 = true, .length = 100 },
	  .kind = DATAGRAM_WHOLE,
	  .n_captured = 48 },
	{ "IPv6 in a VLAN behind a priority tag",
	  { .is_ipv6 = true, .length = 9, .tags = { 0xe000, 0xe007 }, .n_tags = 2 },
	  .kind = DATAGRAM_WHOLE },
	{ "IPv6, glued",
	  { .is_ipv6 = true, .length = 1001 },
	  .kind = DATAGRAM_WHOLE,
	  .segment_size = 1000,
	  .want_segment_size = 1000 },
	{ "IPv6 behind hop-by-hop options",
	  { .is_ipv6 = true, .length = 9, HEADERS(IPPROTO_HOPOPTS) },
	  .kind = DATAGRAM_WHOLE },
	{ "IPv6 behind every kind of header",
	  { .is_ipv6 = true,
	    .length = 9,
	    HEADERS(IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT,
		    IPPROTO_AH, IPPROTO_DSTOPTS) },
	  .kind = DATAGRAM_WHOLE },
	{ "IPv6, a fragment that is all of it (RFC 6946)",
	  { .is_ipv6 = true, .length = 9, HEADERS(IPPROTO_FRAGMENT) },
	  .kind = DATAGRAM_WHOLE },
	{ "IPv6 but ICMPv6",
	  { .is_ipv6 = true,
	    .length = 9,
	    .protocol = IPPROTO_ICMPV6,
	    HEADERS(IPPROTO_HOPOPTS) },
	  .kind = DATAGRAM_OTHER },
	{ "IPv6 but unicast",
	  { .is_ipv6 = true, .length = 9 },
	  .kind = DATAGRAM_OTHER,
	  .change = { 24, 0xfd, 1 } },
	{ "IPv6, a jumbogram (RFC 2675)",
	  { .is_ipv6 = true, .length = 9, HEADERS(IPPROTO_HOPOPTS) },
	  .kind = DATAGRAM_OTHER,
	  .change = { 4, 0, 2 } },
	{ "IPv6 with too few captured bytes of UDP",
	  { .is_ipv6 = true, .length = 100 },
	  .kind = DATAGRAM_OTHER,
	  .n_captured = 47 },
	{ "IPv6 with too few captured bytes of its headers",
	  { .is_ipv6 = true, .length = 100, HEADERS(IPPROTO_HOPOPTS, IPPROTO_DSTOPTS) },
	  .kind = DATAGRAM_OTHER,
	  .n_captured = 55 },

	{ "IPv6 of version 4",
	  { .is_ipv6 = true, .length = 9 },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 0, 0x45, 1 } },
	{ "IPv6 with a length beyond the wire",
	  { .is_ipv6 = true, .length = 9 },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 4, 18, 2 } },
	{ "IPv6 with a length of 0",
	  { .is_ipv6 = true, .length = 9 },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 4, 0, 2 } },
	{ "IPv6 cut within its header",
	  { .is_ipv6 = true, .length = 0 },
	  .kind = DATAGRAM_MALFORMED,
	  .n_cut = 9 },
	{ "IPv6 with a header that leaves the packet",
	  { .is_ipv6 = true, .length = 9, HEADERS(IPPROTO_HOPOPTS) },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 41, 3, 1 } },
	{ "IPv6 with a chain that ends before its last header",
	  { .is_ipv6 = true, .length = 0, HEADERS(IPPROTO_DSTOPTS, IPPROTO_DSTOPTS) },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 4, 8, 2 } },
	{ "IPv6 with a chain that ends before UDP",
	  { .is_ipv6 = true, .length = 0, HEADERS(IPPROTO_DSTOPTS) },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 4, 8, 2 } },
	{ "IPv6 with two fragment headers",
	  { .is_ipv6 = true,
	    .length = 64,
	    HEADERS(IPPROTO_FRAGMENT),
	    PIECE(0, 64),
	    .has_more = true },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 40, IPPROTO_FRAGMENT, 1 } },
	{ "IPv6 with 17 headers",
	  { .is_ipv6 = true, .length = 9, .n_headers = 17 },
	  .kind = DATAGRAM_MALFORMED },
	{ "IPv6 with 16 headers",
	  { .is_ipv6 = true, .length = 9, .n_headers = 16 },
	  .kind = DATAGRAM_WHOLE },
	{ "UDP over IPv6 with a length of 0",
	  { .is_ipv6 = true, .length = 9 },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 44, 0, 2 } },

	{ "an IPv4 fragment of 12 bytes that is not the last one",
	  { .length = 64, PIECE(0, 12), .has_more = true },
	  .kind = DATAGRAM_MALFORMED },
	{ "an IPv4 fragment of nothing",
	  { .length = 64, PIECE(8, 0) },
	  .kind = DATAGRAM_MALFORMED },
	{ "an IPv4 fragment behind 65535 bytes",
	  { .length = 64, PIECE(8, 64) },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 6, 0x1fff, 2 } },
	{ "an IPv6 fragment behind 65535 bytes",
	  { .is_ipv6 = true, .length = 64, HEADERS(IPPROTO_FRAGMENT), PIECE(8, 64) },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 42, 0xfff8, 2 } },
	{ "an IPv6 fragment of 12 bytes that is not the last one",
	  { .is_ipv6 = true,
	    .length = 64,
	    HEADERS(IPPROTO_FRAGMENT),
	    PIECE(8, 12),
	    .has_more = true },
	  .kind = DATAGRAM_MALFORMED },
	{ "a first IPv6 fragment without all headers (RFC 7112)",
	  { .is_ipv6 = true,
	    .length = 64,
	    HEADERS(IPPROTO_FRAGMENT, IPPROTO_DSTOPTS),
	    PIECE(0, 8),
	    .has_more = true },
	  .kind = DATAGRAM_MALFORMED },
	{ "a first fragment whose UDP length is 7",
	  { .length = 64, PIECE(0, 16), .has_more = true },
	  .kind = DATAGRAM_MALFORMED,
	  .change = { 24, 7, 2 } },
	{ "a later IPv6 fragment of TCP",
	  { .is_ipv6 = true,
	    .length = 64,
	    HEADERS(IPPROTO_FRAGMENT),
	    PIECE(8, 8),
	    .protocol = IPPROTO_TCP },
	  .kind = DATAGRAM_OTHER },
};

/* The bytes in memory of just that size, so that a look behind the end is seen. */
struct copy {
	struct ring_packet packet;
	uint8_t *bytes;
};

static void copy_init(struct copy *copy, const struct frame *frame, uint32_t n_captured)
{
	struct ring_packet *packet = &copy->packet;
	uint32_t n_link = link_read(frame->bytes, frame->n, packet);

	packet->length = frame->n - n_link;
	packet->n_bytes = n_captured ? n_captured : packet->length;
	copy->bytes = malloc(packet->n_bytes);
	if (!copy->bytes)
		tap_bail_out("no memory");
	memcpy(copy->bytes, frame->bytes + n_link, packet->n_bytes);
	packet->bytes = copy->bytes;
}

static void copy_make(struct copy *copy, const struct row *row)
{
	struct frame frame;

	frame_make(&frame, &row->plan);
	for (unsigned int i = 0; i < row->change.n; i++)
		frame.bytes[frame.n_link + row->change.at + i] =
			(uint8_t)(row->change.value >> 8 * (row->change.n - 1 - i));
	frame.n -= row->n_cut;
	*copy = (struct copy){ .packet = { .when_ns = 77,
					   .segment_size = row->segment_size,
					   .is_outgoing = true } };
	copy_init(copy, &frame, row->n_captured);
}

static void expect_key(struct tap *tap, const struct frame_plan *plan,
		       const struct datagram_key *key)
{
	static const uint8_t sources[2][16] = { { 10, 9, 0, 1 }, { 0xfd, 9, [15] = 1 } };
	static const uint8_t groups[2][16] = { { 232, 1, 1, 1 },
					       { 0xff, 0x3e, [15] = 1 } };
	uint16_t vlan = plan->tags[0] & 0xfff ? plan->tags[0] & 0xfff
					      : plan->tags[1] & 0xfff;

	tap_expect(tap, !memcmp(key->source, sources[plan->is_ipv6], 16), "source");
	tap_expect(tap, !memcmp(key->group, groups[plan->is_ipv6], 16), "group");
	tap_expect(tap, key->vlan == vlan, "VLAN %u", key->vlan);
	tap_expect(tap, key->i_interface == KEPT, "the interface is kept");
	tap_expect(tap, key->is_ipv6 == plan->is_ipv6 && key->is_outgoing == 1,
		   "family %u, direction %u", key->is_ipv6, key->is_outgoing);
}

static void expect_whole(struct tap *tap, const struct row *row, const struct copy *copy,
			 const struct datagram *datagram)
{
	uint32_t n = (uint32_t)(copy->bytes + copy->packet.n_bytes - datagram->payload);
	uint32_t length = row->plan.length;

	if (row->change.at == 24)
		length = row->change.value - 8;
	expect_key(tap, &row->plan, &datagram->key);
	tap_expect(tap, datagram->key.port == FRAME_PORT, "port %u", datagram->key.port);
	tap_expect(tap, datagram->length == length, "length %u", datagram->length);
	tap_expect(tap, datagram->n_payload == (n < length ? n : length), "payload %u",
		   datagram->n_payload);
	tap_expect(tap, datagram->segment_size == row->want_segment_size, "segments %u",
		   datagram->segment_size);
	tap_expect(tap, datagram->ttl == FRAME_TTL && datagram->when_ns == 77,
		   "TTL %u, time", datagram->ttl);
}

static void test_row(struct tap *tap, const struct row *row)
{
	struct datagram datagram;
	struct datagram_fragment fragment;
	struct copy copy;
	enum datagram_kind kind;

	memset(&datagram, 0xaa, sizeof(datagram));
	datagram.key.i_interface = KEPT;
	copy_make(&copy, row);
	kind = datagram_parse(&copy.packet, &datagram, &fragment);
	tap_expect(tap, kind == row->kind, "kind %d, not %d", kind, row->kind);
	if (kind == DATAGRAM_WHOLE)
		expect_whole(tap, row, &copy, &datagram);
	free(copy.bytes);
	tap_end(tap, "%s", row->name);
}

static const struct piece {
	const char *name;
	struct frame_plan plan;
	uint32_t n_options, n_payload;
} pieces[] = {
	{ "the first IPv4 fragment",
	  { .length = 100, PIECE(0, 32), .has_more = true },
	  .n_options = 0,
	  .n_payload = 24 },
	{ "a middle IPv4 fragment",
	  { .length = 100, PIECE(32, 32), .has_more = true },
	  .n_payload = 0 },
	{ "the last IPv4 fragment", { .length = 100, PIECE(64, 44) }, .n_payload = 0 },
	{ "the last IPv4 fragment behind options, padded",
	  { .length = 100, PIECE(64, 44), .n_options = 4, .n_padding = 6 },
	  .n_payload = 0 },
	{ "the first IPv6 fragment",
	  { .is_ipv6 = true,
	    .length = 100,
	    HEADERS(IPPROTO_HOPOPTS, IPPROTO_FRAGMENT),
	    PIECE(0, 32),
	    .has_more = true,
	    .id = 0x70000 },
	  .n_options = 0,
	  .n_payload = 24 },
	{ "the first IPv6 fragment, options in what was cut",
	  { .is_ipv6 = true,
	    .length = 100,
	    HEADERS(IPPROTO_FRAGMENT, IPPROTO_DSTOPTS, IPPROTO_DSTOPTS),
	    PIECE(0, 32),
	    .has_more = true },
	  .n_options = 16,
	  .n_payload = 8 },
	{ "a later IPv6 fragment",
	  { .is_ipv6 = true, .length = 100, HEADERS(IPPROTO_FRAGMENT), PIECE(32, 76) },
	  .n_payload = 0 },
	{ "a later IPv6 fragment, options in what was cut",
	  { .is_ipv6 = true,
	    .length = 100,
	    HEADERS(IPPROTO_FRAGMENT, IPPROTO_DSTOPTS),
	    PIECE(32, 84) },
	  .n_payload = 0 },
};

static void test_piece(struct tap *tap, const struct piece *piece)
{
	const struct frame_plan *plan = &piece->plan;
	struct row row = { .plan = *plan, .segment_size = 10 };
	struct datagram datagram = { .key = { .i_interface = KEPT } };
	struct datagram_fragment fragment = { 0 };
	uint16_t port = plan->offset ? 0 : FRAME_PORT;
	struct copy copy;

	copy_make(&copy, &row);
	tap_expect(tap,
		   datagram_parse(&copy.packet, &datagram, &fragment) ==
			   DATAGRAM_FRAGMENT,
		   "it is a fragment");
	expect_key(tap, plan, &datagram.key);
	tap_expect(tap, datagram.key.port == port, "port %u", datagram.key.port);
	tap_expect(tap, datagram.length == (plan->offset ? 0 : plan->length), "length %u",
		   datagram.length);
	tap_expect(tap, datagram.n_payload == piece->n_payload, "payload %u",
		   datagram.n_payload);
	tap_expect(tap, datagram.segment_size == 0, "segments %u", datagram.segment_size);
	tap_expect(
		tap,
		fragment.id == FRAME_ID + plan->id && fragment.offset == plan->offset &&
			fragment.length == plan->n_piece &&
			fragment.is_last == !plan->has_more &&
			fragment.n_options == piece->n_options,
		"id %x, offset %u, length %u, last %d, options %u", fragment.id,
		fragment.offset, fragment.length, fragment.is_last, fragment.n_options);
	free(copy.bytes);
	tap_end(tap, "%s", piece->name);
}

static void test_link(struct tap *tap)
{
	static const uint8_t tag_only[18] = { [12] = 0x81, 0, 0, 5, 8, 0 };
	struct ring_packet packet = { 0 };

	tap_expect(tap, link_read(tag_only, 13, &packet) == 13 && packet.protocol == 0,
		   "no room for a type");
	tap_expect(tap,
		   link_read(tag_only, 17, &packet) == 14 &&
			   packet.protocol == ETH_P_8021Q && packet.vlan == 0,
		   "no room for a tag");
	tap_expect(tap,
		   link_read(tag_only, 18, &packet) == 18 &&
			   packet.protocol == ETH_P_IP && packet.vlan == 5,
		   "VLAN %u", packet.vlan);
	packet.vlan = 9;
	tap_expect(tap, link_read(tag_only, 18, &packet) == 18 && packet.vlan == 9,
		   "the outer tag, which the kernel took out, stays");
	tap_end(tap, "a link header is read as far as it goes");
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		test_row(&tap, &rows[i]);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		test_piece(&tap, &pieces[i]);
	test_link(&tap);
	return tap_finish(&tap);
}
