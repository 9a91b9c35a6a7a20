/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame: packets by hand (see frame.h).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "frame.h"
#include "tap.h"

#define UDP_HEADER 8u

static void put(struct frame *frame, const void *bytes, uint32_t n)
{
	if (frame->n + n > FRAME_MAX)
		tap_bail_out("a frame is too long");
	memcpy(frame->bytes + frame->n, bytes, n);
	frame->n += n;
}

static void put_8(struct frame *frame, unsigned int value)
{
	uint8_t byte = (uint8_t)value;

	put(frame, &byte, 1);
}

static void put_16(struct frame *frame, unsigned int value)
{
	put_8(frame, value >> 8);
	put_8(frame, value);
}

static void put_32(struct frame *frame, uint32_t value)
{
	put_16(frame, value >> 16);
	put_16(frame, value & 0xffff);
}

static void put_zeros(struct frame *frame, uint32_t n)
{
	while (n-- > 0)
		put_8(frame, 0);
}

static void put_link(struct frame *frame, const struct frame_plan *plan)
{
	static const uint8_t to[2][ETH_ALEN] = { { 1, 0, 0x5e, 1, 1, 1 },
						 { 0x33, 0x33, 0, 0, 0, 1 } };
	static const uint8_t from[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };

	put(frame, to[plan->is_ipv6], ETH_ALEN);
	put(frame, from, ETH_ALEN);
	for (unsigned int i = 0; i < plan->n_tags; i++) {
		put_16(frame, plan->tag_types[i] ? plan->tag_types[i] : ETHERTYPE_VLAN);
		put_16(frame, plan->tags[i]);
	}
	put_16(frame, plan->is_ipv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	frame->n_link = frame->n;
}

static void put_udp(struct frame *frame, const struct frame_plan *plan)
{
	uint32_t n = plan->length;

	put_16(frame, 4999);
	put_16(frame, FRAME_PORT);
	put_16(frame, UDP_HEADER + n);
	put_16(frame, 0);
	put(frame, plan->payload, n < sizeof(plan->payload) ? n : sizeof(plan->payload));
	if (n > sizeof(plan->payload))
		put_zeros(frame, n - (uint32_t)sizeof(plan->payload));
}

static uint8_t get_protocol(const struct frame_plan *plan)
{
	return plan->protocol ? plan->protocol : IPPROTO_UDP;
}

/* The header behind extension header i - 1. */
static uint8_t get_next(const struct frame_plan *plan, unsigned int i)
{
	return i < plan->n_headers ? plan->headers[i] : get_protocol(plan);
}

/* Options that are padding; a routing header to nowhere; a fragment header. */
static void put_extension(struct frame *frame, const struct frame_plan *plan,
			  unsigned int i)
{
	put_8(frame, get_next(plan, i + 1));
	put_8(frame, 0);
	if (plan->headers[i] == IPPROTO_FRAGMENT) {
		put_16(frame, plan->offset | plan->has_more);
		put_32(frame, FRAME_ID + plan->id);
	} else {
		put_16(frame, 0x0104);
		put_zeros(frame, 4);
	}
}

/* Cuts the piece out of all that was put since "from". */
static void cut(struct frame *frame, uint32_t from, const struct frame_plan *plan)
{
	if (!plan->has_piece)
		return;
	memmove(frame->bytes + from, frame->bytes + from + plan->offset, plan->n_piece);
	frame->n = from + plan->n_piece;
}

static void set_16(struct frame *frame, uint32_t at, uint32_t value)
{
	frame->bytes[at] = (uint8_t)(value >> 8);
	frame->bytes[at + 1] = (uint8_t)value;
}

static void set_checksum(struct frame *frame, uint32_t n_header)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < n_header; i += 2)
		sum += (uint32_t)frame->bytes[frame->n_link + i] << 8 |
		       frame->bytes[frame->n_link + i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	set_16(frame, frame->n_link + 10, ~sum & 0xffff);
}

static void put_ipv4(struct frame *frame, const struct frame_plan *plan)
{
	uint32_t at = frame->n_link, n_header = 20u + plan->n_options;

	put_8(frame, 0x40 | n_header / 4);
	put_8(frame, 0);
	put_16(frame, 0); /* filled in */
	put_16(frame, FRAME_ID + plan->id);
	put_16(frame, plan->has_piece ? plan->offset / 8 | plan->has_more << 13 : 0);
	put_8(frame, FRAME_TTL);
	put_8(frame, get_protocol(plan));
	put_16(frame, 0);
	put_32(frame, 0x0a090001 + plan->source);
	put_32(frame, 0xe8010100 + (plan->group_end ? plan->group_end : 1));
	for (unsigned int i = 0; i < plan->n_options; i++)
		put_8(frame, 1);
	put_udp(frame, plan);
	cut(frame, at + n_header, plan);
	set_16(frame, at + 2, frame->n - at);
	set_checksum(frame, n_header);
}

static void put_ipv6(struct frame *frame, const struct frame_plan *plan)
{
	uint32_t at = frame->n_link, from;

	put_32(frame, 0x60000000);
	put_16(frame, 0); /* filled in */
	put_8(frame, get_next(plan, 0));
	put_8(frame, FRAME_TTL);
	put_32(frame, 0xfd090000);
	put_zeros(frame, 8);
	put_32(frame, 1 + plan->source);
	put_32(frame, 0xff3e0000);
	put_zeros(frame, 8);
	put_32(frame, plan->group_end ? plan->group_end : 1);
	from = frame->n;
	for (unsigned int i = 0; i < plan->n_headers; i++) {
		put_extension(frame, plan, i);
		if (plan->headers[i] == IPPROTO_FRAGMENT)
			from = frame->n;
	}
	put_udp(frame, plan);
	cut(frame, from, plan);
	set_16(frame, at + 4, frame->n - at - 40);
}

void frame_make(struct frame *ret, const struct frame_plan *plan)
{
	ret->n = 0;
	put_link(ret, plan);
	if (plan->is_ipv6)
		put_ipv6(ret, plan);
	else
		put_ipv4(ret, plan);
	put_zeros(ret, plan->n_padding);
}

int frame_open(const char *interface)
{
	struct sockaddr_ll place = { .sll_family = AF_PACKET,
				     .sll_ifindex = (int)if_nametoindex(interface) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const void *)&place, sizeof(place)) < 0)
		tap_bail_out("cannot send out of %s: %s", interface, strerror(errno));
	return fd;
}

void frame_send(int fd, const struct frame *frame)
{
	while (send(fd, frame->bytes, frame->n, 0) < 0)
		if (errno != ENOBUFS)
			tap_bail_out("send: %s", strerror(errno));
}
