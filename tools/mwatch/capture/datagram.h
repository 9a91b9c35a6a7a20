/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * datagram: a UDP datagram to a multicast group, out of the bytes of a packet: IPv4 with
 * options, IPv6 with extension headers, VLAN tags inside, several datagrams that
 * were glued together on the way (GRO, GSO), and fragments.
 *
 * Invariant: a length that was received is checked here, once; nothing behind sees
 * more than payload[0] to payload[n_payload - 1].
 */
#ifndef MWATCH_CAPTURE_DATAGRAM_H
#define MWATCH_CAPTURE_DATAGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "ring.h"

/* What a flow is told from others by; without holes, compared as bytes. */
struct datagram_key {
	uint8_t source[16]; /* IPv4: 4 bytes and zeros */
	uint8_t group[16];
	uint16_t port; /* host order */
	uint16_t vlan;
	uint16_t i_interface;
	uint8_t is_ipv6;
	uint8_t is_outgoing;
};

struct datagram {
	struct datagram_key key;
	const uint8_t *payload;
	uint32_t n_payload;    /* captured */
	uint32_t length;       /* of the payload on the wire; fragments: of the whole */
	uint32_t segment_size; /* payload of each datagram but the last; 0: just one */
	uint64_t when_ns;
	uint8_t ttl; /* or hop limit */
};

enum datagram_kind {
	DATAGRAM_WHOLE,     /* or glued ones */
	DATAGRAM_FRAGMENT,  /* for fragments.h */
	DATAGRAM_OTHER,     /* not UDP to a group */
	DATAGRAM_MALFORMED, /* lengths that contradict each other */
};

/* One piece of a datagram (RFC 791 3.2, RFC 8200 4.5). */
struct datagram_fragment {
	uint32_t id;
	uint32_t offset; /* bytes */
	uint32_t length; /* bytes of the datagram in it, the UDP header included */
	/* First one only: IPv6 extension headers before the UDP header, within length. */
	uint32_t n_options;
	bool is_last;
};

/*
 * Fills *ret, but for key.i_interface, which it keeps; *ret_fragment for a fragment.  A
 * fragment has a port, a payload and a length, which is what the UDP header claims, when
 * it is the first one. What *ret and *ret_fragment hold of other kinds means nothing.
 */
enum datagram_kind datagram_parse(const struct ring_packet *packet, struct datagram *ret,
				  struct datagram_fragment *ret_fragment);

#endif
