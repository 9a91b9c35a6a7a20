/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * datagram: the IP headers of what is sent. What is received is taken apart by
 * engine_read_datagram() of engine.h.
 */
#ifndef ENGINE_DATAGRAM_H
#define ENGINE_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define PROTOCOL_IGMP   2u
#define PROTOCOL_ICMPV6 58u

#define IPV6_HEADER 48u /* with the hop-by-hop header that says Router Alert */

struct datagram_header {
	struct addr source, destination;
	size_t len; /* of the datagram */
	uint8_t tos;
	bool has_alert; /* IPv6: always */
};

/* Bytes of an IPv4 header. */
size_t datagram_get_ipv4_len(bool has_alert);

/* TTL 1, protocol IGMP, its own checksum. */
void datagram_put_ipv4(uint8_t *bytes, const struct datagram_header *header);

/* Hop limit 1, IPV6_HEADER bytes, ICMPv6 behind them. */
void datagram_put_ipv6(uint8_t *bytes, const struct datagram_header *header);

/* The sum over the pseudo-header of ICMPv6 (RFC 8200 8.1). */
uint32_t datagram_sum_pseudo(struct addr source, struct addr destination, size_t len);

/* Puts the checksum of len bytes into two of them; sum is that of a pseudo-header. */
void datagram_put_checksum(uint8_t *checksum, uint32_t sum, const uint8_t *bytes,
			   size_t len);

#endif
