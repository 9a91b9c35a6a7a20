/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: packets that mwatch captures. Sent by: anybody who reaches a link of the
 * host.
 *
 * Any bytes are a datagram that lies within them, a fragment, or nothing; fragments
 * come together to no more than what was sent.
 *
 * An input is packets of Ethernet, each behind three bytes: flags and a length.
 */
#include <stdlib.h>
#include <string.h>

#include "capture/datagram.h"
#include "capture/fragments.h"
#include "capture/link.h"
#include "target.h"

#define HEAD 3u

#define IS_OUTGOING 0x01 /* flags */
#define IS_GLUED    0x02
#define MORE        0xf0 /* so many bytes of the wire, times 8, were not captured */

#define SEGMENT  100
#define KEPT     77
#define STEP_NS  1000000u
#define START_NS UINT64_C(1700000000000000000)

struct run {
	struct fragments *fragments;
	uint64_t now, n_fragments, n_whole;
};

static void check_key(const struct datagram_key *key, const struct ring_packet *packet)
{
	static const uint8_t zeros[12];

	target_expect(key->i_interface == KEPT, "the interface is kept");
	target_expect(key->is_outgoing == packet->is_outgoing, "the direction is kept");
	target_expect(key->vlan == packet->vlan && key->vlan < 4096, "a VLAN");
	target_expect(key->is_ipv6 == (packet->protocol == ETH_P_IPV6), "a family");
	if (key->is_ipv6)
		target_expect(key->group[0] == 0xff, "an IPv6 group");
	else
		target_expect(key->group[0] >> 4 == 0xe &&
				      !memcmp(key->group + 4, zeros, 12) &&
				      !memcmp(key->source + 4, zeros, 12),
			      "an IPv4 group, and zeros");
}

static void check_payload(const struct datagram *datagram,
			  const struct ring_packet *packet)
{
	const uint8_t *end = packet->bytes + packet->n_bytes;

	target_expect(datagram->n_payload == 0 ||
			      (datagram->payload >= packet->bytes &&
			       datagram->n_payload <= (size_t)(end - datagram->payload)),
		      "the payload lies within the packet");
	target_expect(datagram->ttl == packet->bytes[datagram->key.is_ipv6 ? 7 : 8],
		      "the TTL");
	target_expect(datagram->when_ns == packet->when_ns, "the time");
}

static void check_whole(const struct datagram *datagram, const struct ring_packet *packet)
{
	target_expect(datagram->n_payload <= datagram->length &&
			      datagram->length + 28 <= packet->length,
		      "a length that the wire has room for");
	target_expect(datagram->segment_size == 0 ||
			      (datagram->segment_size == packet->segment_size &&
			       datagram->length > datagram->segment_size),
		      "segments that are smaller than all");
}

static void check_fragment(struct run *run, const struct datagram *datagram,
			   const struct datagram_fragment *fragment)
{
	struct datagram whole;
	uint32_t sum = 0;

	run->n_fragments++;
	target_expect(fragment->length > 0 &&
			      fragment->offset + fragment->length <= UINT16_MAX &&
			      fragment->offset % 8 == 0 &&
			      (fragment->is_last || fragment->length % 8 == 0),
		      "a sound fragment");
	target_expect(fragment->offset == 0 ||
			      (datagram->n_payload == 0 && datagram->key.port == 0),
		      "a later fragment has neither port nor payload");
	target_expect(fragment->offset > 0 ||
			      fragment->n_options + datagram->n_payload + 8 <=
				      fragment->length,
		      "a first one holds its payload");
	if (!fragments_add(run->fragments, datagram, fragment, &whole))
		return;
	run->n_whole++;
	target_expect(whole.length <= UINT16_MAX - 8 && whole.segment_size == 0,
		      "a whole one is no longer than any");
	/* Reads all of it, for the sanitizer. */
	for (uint32_t i = 0; i < whole.n_payload; i++)
		sum += whole.payload[i];
	target_expect(sum <= 255u * whole.n_payload, "bytes");
}

static void run_packet(struct run *run, const struct ring_packet *packet)
{
	struct datagram datagram;
	struct datagram_fragment fragment;

	memset(&datagram, 0xaa, sizeof(datagram));
	datagram.key.i_interface = KEPT;
	switch (datagram_parse(packet, &datagram, &fragment)) {
	case DATAGRAM_WHOLE:
		check_key(&datagram.key, packet);
		check_payload(&datagram, packet);
		check_whole(&datagram, packet);
		break;
	case DATAGRAM_FRAGMENT:
		check_key(&datagram.key, packet);
		check_payload(&datagram, packet);
		check_fragment(run, &datagram, &fragment);
		break;
	case DATAGRAM_OTHER:
	case DATAGRAM_MALFORMED:
		break;
	}
}

/* The bytes in memory of just that size, so that a look behind the end is seen. */
static void run_frame(struct run *run, uint8_t flags, const uint8_t *data, size_t len)
{
	struct ring_packet packet = { .when_ns = run->now += STEP_NS,
				      .segment_size = flags & IS_GLUED ? SEGMENT : 0,
				      .is_outgoing = flags & IS_OUTGOING };
	uint32_t n_link, n = (uint32_t)len;
	uint8_t *link = malloc(len), *bytes;

	target_expect(link || !len, "no memory");
	if (len)
		memcpy(link, data, len);
	n_link = link_read(link, n, &packet);
	target_expect(n_link <= n, "a link header lies within the packet");
	packet.n_bytes = n - n_link;
	packet.length = packet.n_bytes + (flags & MORE) / 16 * 8;
	bytes = malloc(packet.n_bytes);
	target_expect(bytes || !packet.n_bytes, "no memory");
	if (packet.n_bytes)
		memcpy(bytes, link + n_link, packet.n_bytes);
	packet.bytes = bytes;
	run_packet(run, &packet);
	free(bytes);
	free(link);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct run run = { .now = START_NS };

	target_expect(fragments_new(&run.fragments) == 0, "no memory");
	while (len >= HEAD) {
		size_t n = (size_t)data[1] << 8 | data[2];

		n = n < len - HEAD ? n : len - HEAD;
		run_frame(&run, data[0], data + HEAD, n);
		data += HEAD + n;
		len -= HEAD + n;
	}
	fragments_expire(run.fragments, UINT64_MAX);
	target_expect(run.n_whole + fragments_get_orphans(run.fragments) <=
			      run.n_fragments,
		      "each datagram counts once, whole or not");
	fragments_free(run.fragments);
	return 0;
}
