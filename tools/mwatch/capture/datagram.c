/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * datagram: the headers of a packet (see datagram.h): IPv4 (RFC 791), IPv6 with its
 * extension headers (RFC 8200), UDP (RFC 768).
 *
 * Every packet of the wire goes through here: what nearly all of them are comes first.
 * Invariant: "at" never exceeds "end", and no byte at or behind n_bytes is read.
 */
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#include "datagram.h"

#define IPV4_HEADER 20u
#define IPV6_HEADER 40u
#define UDP_HEADER  8u

#define IPV4_MORE_FRAGMENTS 0x2000u
#define IPV4_OFFSET         0x1fffu

#define IPV6_FRAGMENT_HEADER 8u
#define IPV6_MORE_FRAGMENTS  0x0001u
#define IPV6_OFFSET          0xfff8u

/* RFC 8200 4.1 knows seven, each once or twice. */
#define IPV6_MAX_HEADERS 16

#define is_likely(what)   __builtin_expect(!!(what), 1)
#define is_unlikely(what) __builtin_expect(!!(what), 0)

_Static_assert(sizeof(struct datagram_key) == 40, "a key has no holes");

static inline uint32_t get_16(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

static inline uint32_t get_32(const uint8_t *bytes)
{
	return get_16(bytes) << 16 | get_16(bytes + 2);
}

/* n bytes are needed that are not there: the packet has no more, or no more of it was
 * captured, which is not its fault. */
static enum datagram_kind lack(const struct ring_packet *packet, uint32_t n)
{
	return packet->length < n ? DATAGRAM_MALFORMED : DATAGRAM_OTHER;
}

static inline void set_payload(const struct ring_packet *packet, uint32_t at,
			       uint32_t length, struct datagram *ret)
{
	uint32_t n = packet->n_bytes - at;

	ret->payload = packet->bytes + at;
	ret->n_payload = n < length ? n : length;
	ret->length = length;
	ret->segment_size = length > packet->segment_size ? packet->segment_size : 0;
}

static inline void set_rest(const struct ring_packet *packet, bool is_ipv6, uint8_t ttl,
			    struct datagram *ret)
{
	ret->key.vlan = packet->vlan;
	ret->key.is_ipv6 = is_ipv6;
	ret->key.is_outgoing = packet->is_outgoing;
	ret->when_ns = packet->when_ns;
	ret->ttl = ttl;
}

/* The UDP header, in an IP packet that ends at "end". */
static inline enum datagram_kind read_udp(const struct ring_packet *packet, uint32_t at,
					  uint32_t end, struct datagram *ret)
{
	const uint8_t *udp = packet->bytes + at;
	uint32_t length;

	if (is_unlikely(end - at < UDP_HEADER))
		return DATAGRAM_MALFORMED;
	if (is_unlikely(packet->n_bytes < at + UDP_HEADER))
		return lack(packet, at + UDP_HEADER);
	length = get_16(udp + 4);
	if (is_unlikely(length < UDP_HEADER || length > end - at))
		return DATAGRAM_MALFORMED;
	ret->key.port = (uint16_t)get_16(udp + 2);
	set_payload(packet, at + UDP_HEADER, length - UDP_HEADER, ret);
	return DATAGRAM_WHOLE;
}

/* The UDP header of a first fragment tells how long all of it is. */
static enum datagram_kind read_first(const struct ring_packet *packet, uint32_t at,
				     uint32_t end, struct datagram *ret)
{
	const uint8_t *udp = packet->bytes + at;
	uint32_t length;

	if (end - at < UDP_HEADER)
		return DATAGRAM_MALFORMED;
	if (packet->n_bytes < at + UDP_HEADER)
		return lack(packet, at + UDP_HEADER);
	length = get_16(udp + 4);
	if (length < UDP_HEADER)
		return DATAGRAM_MALFORMED;
	ret->key.port = (uint16_t)get_16(udp + 2);
	set_payload(packet, at + UDP_HEADER, end - at - UDP_HEADER, ret);
	ret->length = length - UDP_HEADER;
	ret->segment_size = 0;
	return DATAGRAM_FRAGMENT;
}

static enum datagram_kind read_later(struct datagram *ret)
{
	ret->key.port = 0;
	ret->payload = NULL;
	ret->n_payload = 0;
	ret->length = 0;
	ret->segment_size = 0;
	return DATAGRAM_FRAGMENT;
}

/* Do the offset and the length of a fragment make sense? */
static bool is_sound(const struct datagram_fragment *fragment)
{
	return fragment->length > 0 &&
	       fragment->offset + fragment->length <= UINT16_MAX &&
	       (fragment->is_last || fragment->length % 8 == 0);
}

static enum datagram_kind read_ipv4_fragment(const struct ring_packet *packet,
					     uint32_t at, uint32_t end,
					     struct datagram *ret,
					     struct datagram_fragment *ret_fragment)
{
	uint32_t flags = get_16(packet->bytes + 6);

	ret_fragment->id = get_16(packet->bytes + 4);
	ret_fragment->offset = (flags & IPV4_OFFSET) * 8;
	ret_fragment->length = end - at;
	ret_fragment->is_last = !(flags & IPV4_MORE_FRAGMENTS);
	ret_fragment->n_options = 0;
	if (!is_sound(ret_fragment))
		return DATAGRAM_MALFORMED;
	return ret_fragment->offset ? read_later(ret) : read_first(packet, at, end, ret);
}

static inline enum datagram_kind parse_ipv4(const struct ring_packet *packet,
					    struct datagram *ret,
					    struct datagram_fragment *ret_fragment)
{
	const uint8_t *ip = packet->bytes;
	uint32_t at, end;

	if (is_unlikely(packet->n_bytes < IPV4_HEADER))
		return lack(packet, IPV4_HEADER);
	at = (ip[0] & 0x0fu) * 4;
	end = get_16(ip + 2);
	if (is_unlikely(ip[0] >> 4 != 4 || at < IPV4_HEADER))
		return DATAGRAM_MALFORMED;
	if (is_unlikely(ip[9] != IPPROTO_UDP || ip[16] >> 4 != 0xe))
		return DATAGRAM_OTHER;
	if (is_unlikely(end < at || end > packet->length))
		return DATAGRAM_MALFORMED;

	memcpy(ret->key.source, ip + 12, 4);
	memset(ret->key.source + 4, 0, 12);
	memcpy(ret->key.group, ip + 16, 4);
	memset(ret->key.group + 4, 0, 12);
	set_rest(packet, false, ip[8], ret);
	if (is_unlikely(get_16(ip + 6) & (IPV4_MORE_FRAGMENTS | IPV4_OFFSET)))
		return read_ipv4_fragment(packet, at, end, ret, ret_fragment);
	return read_udp(packet, at, end, ret);
}

/* Where a chain of extension headers has come to. */
struct chain {
	uint8_t next; /* the header at "at" */
	uint32_t at, end;
	bool has_fragment;
};

/* The length of an extension header that is passed over; 0: it is none. */
static uint32_t get_header_length(uint8_t kind, const uint8_t *header)
{
	switch (kind) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		return (header[1] + 1u) * 8;
	case IPPROTO_AH: /* RFC 4302 2.2 */
		return (header[1] + 2u) * 4;
	default:
		return 0;
	}
}

static bool is_extension(uint8_t kind)
{
	static const uint8_t two[2];

	return kind == IPPROTO_FRAGMENT || get_header_length(kind, two) > 0;
}

static void read_fragment_header(const uint8_t *header, const struct chain *chain,
				 struct datagram_fragment *ret)
{
	uint32_t flags = get_16(header + 2);

	ret->id = get_32(header + 4);
	ret->offset = flags & IPV6_OFFSET;
	ret->length = chain->end - chain->at;
	ret->is_last = !(flags & IPV6_MORE_FRAGMENTS);
	ret->n_options = 0;
}

/*
 * Follows the chain to UDP, or to a fragment that is not the first one.
 * DATAGRAM_WHOLE: there it is.
 */
static enum datagram_kind follow(const struct ring_packet *packet, struct chain *chain,
				 struct datagram_fragment *ret_fragment)
{
	for (unsigned int i = 0; is_extension(chain->next); i++) {
		const uint8_t *header = packet->bytes + chain->at;
		uint8_t kind = chain->next;

		if (i == IPV6_MAX_HEADERS || chain->end - chain->at < 8)
			return DATAGRAM_MALFORMED;
		if (packet->n_bytes < chain->at + 8)
			return lack(packet, chain->at + 8);
		chain->next = header[0];
		if (kind != IPPROTO_FRAGMENT) {
			uint32_t length = get_header_length(kind, header);

			if (length > chain->end - chain->at)
				return DATAGRAM_MALFORMED;
			chain->at += length;
			continue;
		}
		if (chain->has_fragment)
			return DATAGRAM_MALFORMED;
		chain->at += IPV6_FRAGMENT_HEADER;
		read_fragment_header(header, chain, ret_fragment);
		/* RFC 6946: a fragment that is all of it is none */
		chain->has_fragment = ret_fragment->offset || !ret_fragment->is_last;
		if (ret_fragment->offset)
			break;
	}
	return DATAGRAM_WHOLE;
}

static enum datagram_kind read_ipv6_fragment(const struct ring_packet *packet,
					     const struct chain *chain,
					     struct datagram *ret,
					     struct datagram_fragment *ret_fragment)
{
	if (!is_sound(ret_fragment))
		return DATAGRAM_MALFORMED;
	if (ret_fragment->offset)
		return read_later(ret);
	/* Headers may stand before the UDP header in what was cut. */
	ret_fragment->n_options = ret_fragment->length - (chain->end - chain->at);
	return read_first(packet, chain->at, chain->end, ret);
}

static enum datagram_kind parse_ipv6_rest(const struct ring_packet *packet,
					  struct chain *chain, struct datagram *ret,
					  struct datagram_fragment *ret_fragment)
{
	enum datagram_kind kind = follow(packet, chain, ret_fragment);

	if (kind != DATAGRAM_WHOLE)
		return kind;
	/* A later fragment may be of UDP behind further headers. */
	if (chain->next != IPPROTO_UDP && !is_extension(chain->next))
		return DATAGRAM_OTHER;
	if (chain->has_fragment)
		return read_ipv6_fragment(packet, chain, ret, ret_fragment);
	return read_udp(packet, chain->at, chain->end, ret);
}

static inline enum datagram_kind parse_ipv6(const struct ring_packet *packet,
					    struct datagram *ret,
					    struct datagram_fragment *ret_fragment)
{
	const uint8_t *ip = packet->bytes;
	struct chain chain;

	if (is_unlikely(packet->n_bytes < IPV6_HEADER))
		return lack(packet, IPV6_HEADER);
	chain = (struct chain){ .next = ip[6], .at = IPV6_HEADER };
	chain.end = IPV6_HEADER + get_16(ip + 4);
	if (is_unlikely(ip[0] >> 4 != 6))
		return DATAGRAM_MALFORMED;
	if (is_unlikely(ip[24] != 0xff))
		return DATAGRAM_OTHER;
	/* RFC 2675: a jumbogram */
	if (is_unlikely(chain.end == IPV6_HEADER && chain.next == IPPROTO_HOPOPTS))
		return DATAGRAM_OTHER;
	if (is_unlikely(chain.end > packet->length))
		return DATAGRAM_MALFORMED;

	memcpy(ret->key.source, ip + 8, 16);
	memcpy(ret->key.group, ip + 24, 16);
	set_rest(packet, true, ip[7], ret);
	if (is_likely(chain.next == IPPROTO_UDP))
		return read_udp(packet, IPV6_HEADER, chain.end, ret);
	return parse_ipv6_rest(packet, &chain, ret, ret_fragment);
}

enum datagram_kind datagram_parse(const struct ring_packet *packet, struct datagram *ret,
				  struct datagram_fragment *ret_fragment)
{
	if (is_likely(packet->protocol == ETH_P_IP))
		return parse_ipv4(packet, ret, ret_fragment);
	if (is_likely(packet->protocol == ETH_P_IPV6))
		return parse_ipv6(packet, ret, ret_fragment);
	return DATAGRAM_OTHER;
}
