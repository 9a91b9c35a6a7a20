/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame: multicast frames (see frame.h; RFC 1112 6.4, RFC 2464 7, IEEE 802.1Q, RFC 791
 * 3.1, RFC 8200 3 and 8.1, RFC 768, RFC 1071).
 *
 * Invariant: both checksums are right, and a UDP checksum is never 0, which would say
 * that there is none.
 */
#include "frame.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "bytes.h"

#define VLAN_SIZE 4u
#define IPV4_SIZE 20u
#define IPV6_SIZE 40u
#define UDP_SIZE  8u

#define IPV4_CHECKSUM 10u /* offsets in the headers */
#define IPV4_SOURCE   12u
#define IPV6_SOURCE   8u
#define UDP_CHECKSUM  6u

#define IPV4_DONT_FRAGMENT 0x4000

size_t frame_get_overhead(int family)
{
	return (family == AF_INET6 ? IPV6_SIZE : IPV4_SIZE) + UDP_SIZE;
}

size_t frame_get_head_size(const struct frame *frame, int family)
{
	return ETH_HLEN + (frame->vlan ? VLAN_SIZE : 0) + frame_get_overhead(family);
}

/* A sum of 16-bit words is the same in any byte order, but for the order of its own
 * bytes (RFC 1071 2 B): so words are added as they stand in memory, two at once. */
static uint64_t add_bytes(uint64_t sum, const uint8_t *at, size_t n)
{
	uint32_t pair;
	uint16_t word;

	for (; n >= sizeof(pair); at += sizeof(pair), n -= sizeof(pair)) {
		memcpy(&pair, at, sizeof(pair));
		sum += pair;
	}
	for (; n >= sizeof(word); at += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum += word;
	}
	if (n)
		sum += htobe16((uint16_t)(*at << 8));
	return sum;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return be16toh((uint16_t)~sum);
}

static uint8_t *put_ethernet(uint8_t *at, const struct frame *frame,
			     const struct sockaddr_storage *group)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)group;
	const struct sockaddr_in *sin = (const struct sockaddr_in *)group;
	bool is_ipv6 = group->ss_family == AF_INET6;

	if (is_ipv6) {
		at = bytes_put_16(at, 0x3333); /* RFC 2464 7 */
		at = bytes_put(at, &sin6->sin6_addr.s6_addr[12], 4);
	} else {
		uint32_t address = ntohl(sin->sin_addr.s_addr);

		at = bytes_put_16(at, 0x0100); /* RFC 1112 6.4 */
		at = bytes_put_32(at, 0x5e000000 | (address & 0x7fffff));
	}
	at = bytes_put(at, frame->mac, FRAME_MAC_SIZE);
	if (frame->vlan) {
		at = bytes_put_16(at, ETH_P_8021Q);
		at = bytes_put_16(at, frame->vlan);
	}
	return bytes_put_16(at, is_ipv6 ? ETH_P_IPV6 : ETH_P_IP);
}

static uint8_t *put_ipv4(uint8_t *at, const struct frame *frame, const uint8_t *source,
			 const struct sockaddr_in *group, size_t size)
{
	uint8_t *start = at;

	at = bytes_put_8(at, 4 << 4 | IPV4_SIZE / 4);
	at = bytes_put_8(at, 0);
	at = bytes_put_16(at, (uint16_t)(IPV4_SIZE + UDP_SIZE + size));
	/* What is never fragmented needs no identification (RFC 6864 4.1). */
	at = bytes_put_16(at, 0);
	at = bytes_put_16(at, IPV4_DONT_FRAGMENT);
	at = bytes_put_8(at, frame->ttl);
	at = bytes_put_8(at, IPPROTO_UDP);
	at = bytes_put_16(at, 0);
	at = bytes_put(at, source, 4);
	at = bytes_put(at, &group->sin_addr, 4);
	bytes_put_16(start + IPV4_CHECKSUM, fold(add_bytes(0, start, IPV4_SIZE)));
	return at;
}

static uint8_t *put_ipv6(uint8_t *at, const struct frame *frame, const uint8_t *source,
			 const struct sockaddr_in6 *group, size_t size)
{
	at = bytes_put_32(at, 6u << 28);
	at = bytes_put_16(at, (uint16_t)(UDP_SIZE + size));
	at = bytes_put_8(at, IPPROTO_UDP);
	at = bytes_put_8(at, frame->ttl);
	at = bytes_put(at, source, 16);
	return bytes_put(at, &group->sin6_addr, 16);
}

/* The pseudo header's addresses stand right before, in both families. */
static void put_udp(uint8_t *at, uint16_t source_port, in_port_t port, size_t size,
		    size_t n_addresses)
{
	size_t len = UDP_SIZE + size;
	uint64_t sum = htobe16(IPPROTO_UDP) + (uint64_t)htobe16((uint16_t)len);
	uint8_t *start = at;

	at = bytes_put_16(at, source_port);
	at = bytes_put(at, &port, sizeof(port));
	at = bytes_put_16(at, (uint16_t)len);
	bytes_put_16(at, 0);
	sum = fold(add_bytes(sum, start - n_addresses, n_addresses + len));
	bytes_put_16(start + UDP_CHECKSUM, sum ? (uint16_t)sum : 0xffff);
}

void frame_encode(const struct frame *frame, const uint8_t *source,
		  const struct sockaddr_storage *group, size_t size, uint8_t *at)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)group;
	const struct sockaddr_in *sin = (const struct sockaddr_in *)group;

	at = put_ethernet(at, frame, group);
	if (group->ss_family == AF_INET6) {
		at = put_ipv6(at, frame, source, sin6, size);
		put_udp(at, frame->port, sin6->sin6_port, size, IPV6_SIZE - IPV6_SOURCE);
	} else {
		at = put_ipv4(at, frame, source, sin, size);
		put_udp(at, frame->port, sin->sin_port, size, IPV4_SIZE - IPV4_SOURCE);
	}
}
