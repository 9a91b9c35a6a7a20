/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * history-hear: packets that the engine hears, of any bytes or well formed but for one
 * flaw (see history.h).
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"

static uint32_t take32(struct history *h)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 8 | history_take(h);
	return value;
}

static void hear(struct history *h, uint32_t ifindex,
		 const struct engine_datagram *datagram)
{
	int r = engine_receive(h->engine, ifindex, datagram, h->now);

	if (model_find_interface(h, ifindex))
		target_expect(r == 0 || r == ENGINE_DROPPED, "heard or dropped");
	else
		target_expect(r == -ENODEV, "no such interface");
}

/* Any bytes, in memory of just that size. */
void hear_bytes(struct history *h)
{
	uint32_t ifindex = history_take_ifindex(h);
	uint8_t flags = history_take(h);
	size_t n = history_take(h) + (flags & 1 ? 256u : 0u);
	struct engine_datagram datagram;
	uint8_t *exact;
	int r;

	n = n < h->len ? n : h->len;
	exact = malloc(n ? n : 1);
	target_expect(exact != NULL, "no memory");
	memcpy(exact, h->data, n);
	h->data += n;
	h->len -= n;
	r = engine_read_datagram(exact, n, &datagram);
	target_expect(r == 0 || r == -EBADMSG || r == -EPROTO, "a datagram or none");
	if (r == 0) {
		target_expect(datagram.message >= exact &&
				      datagram.len <=
					      (size_t)(exact + n - datagram.message),
			      "a message lies within its packet");
		datagram.is_verified = flags & 2;
		hear(h, ifindex, &datagram);
	}
	free(exact);
}

static void put16(uint8_t *place, uint32_t value)
{
	place[0] = (uint8_t)(value >> 8);
	place[1] = (uint8_t)value;
}

static void put_addr(uint8_t *place, enum engine_family family, struct addr addr)
{
	uint8_t bytes[16];

	addr_to_bytes(addr, bytes);
	if (family == ENGINE_IPV4)
		memcpy(place, bytes + 12, 4);
	else
		memcpy(place, bytes, 16);
}

static uint32_t add_up(uint32_t sum, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static void put_checksum(const struct engine_datagram *datagram,
			 enum engine_family family, uint8_t *bytes)
{
	uint8_t addresses[32];
	uint32_t sum = 0;

	if (family == ENGINE_IPV6) {
		addr_to_bytes(datagram->source, addresses);
		addr_to_bytes(datagram->destination, addresses + 16);
		sum = add_up((uint32_t)datagram->len + IPPROTO_ICMPV6, addresses, 32);
	}
	sum = add_up(sum, bytes, datagram->len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(bytes + 2, ~sum);
}

/* A well-formed message of len bytes around its group, from a querier. */
static void hear_message(struct history *h, uint32_t ifindex, enum engine_family family,
			 uint8_t *bytes, size_t len, uint8_t flaws)
{
	bool is_ipv4 = family == ENGINE_IPV4;
	struct engine_datagram datagram = {
		.source = is_ipv4 ? addr_from_ipv4(0x0a0900fe)
				  : model_make_ipv6(0xfe800000, 0xfe),
		.destination = is_ipv4 ? addr_from_ipv4(0xe0000001)
				       : model_make_ipv6(0xff020000, 1),
		.hop_limit = flaws == 1 ? 64 : 1,
		.has_router_alert = flaws != 2,
		.is_own = flaws == 3,
		.total_len = len + (is_ipv4 ? 24 : 48),
		.message = bytes,
		.len = len,
	};

	if (flaws == 4)
		datagram.source = is_ipv4 ? addr_from_ipv4(0)
					  : model_make_ipv6(0x20010db8, 9);
	if (flaws == 5)
		datagram.destination = model_get_group(family, 7);
	put_checksum(&datagram, family, bytes);
	if (flaws == 6)
		bytes[2] ^= 1;
	hear(h, ifindex, &datagram);
}

/*
 * A query: what it asks for (a length and so a version, group, sources), and its codes.
 */
void hear_query(struct history *h)
{
	uint32_t ifindex = history_take_ifindex(h);
	uint8_t how = history_take(h), which = history_take(h), flaws = history_take(h);
	enum engine_family family = how & 0x40 ? ENGINE_IPV6 : ENGINE_IPV4;
	bool is_ipv4 = family == ENGINE_IPV4;
	size_t addr_len = is_ipv4 ? 4 : 16, header = is_ipv4 ? 8 : 24;
	unsigned int first = history_take(h), n = how & 0x20 ? history_take(h) % 100 : 0;
	uint32_t codes = take32(h);
	uint8_t bytes[28 + 100 * 16] = { 0 };

	bytes[0] = is_ipv4 ? 0x11 : 130;
	bytes[1] = is_ipv4 ? (uint8_t)(codes >> 16) : 0;
	if (!is_ipv4)
		put16(bytes + 4, codes >> 16);
	if (how & 0x10)
		put_addr(bytes + header - addr_len, family,
			 model_get_group(family, which % N_GROUPS));
	put16(bytes + header, codes & 0xffff);
	for (unsigned int i = 0; i < n; i++)
		put_addr(bytes + header + 4 + i * addr_len, family,
			 model_get_source(family, first + i));
	put16(bytes + header + 2, flaws == 7 ? n + 1 : n);
	hear_message(h, ifindex, family, bytes,
		     how & 0x80 ? header : header + 4 + n * addr_len, flaws);
}

/* A report of an older version, or a leave. */
void hear_report(struct history *h)
{
	static const uint8_t types[] = { 0x12, 0x16, 0x17, 0x22 };
	uint32_t ifindex = history_take_ifindex(h);
	uint8_t how = history_take(h), which = history_take(h), flaws = history_take(h);
	enum engine_family family = how & 0x40 ? ENGINE_IPV6 : ENGINE_IPV4;
	bool is_ipv4 = family == ENGINE_IPV4;
	uint8_t bytes[24] = { is_ipv4 ? types[how % 4] : (uint8_t)(131 + how % 2) };

	put_addr(bytes + (is_ipv4 ? 4 : 8), family,
		 model_get_group(family, which % N_GROUPS));
	hear_message(h, ifindex, family, bytes, is_ipv4 ? 8 : 24, flaws);
}
