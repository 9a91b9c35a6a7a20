/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames: Ethernet, IPv4 or IPv6, UDP with its checksum, 16 bytes of payload.
 */
#include "inject.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#define UDP_HEADER     8u
#define UDP_LENGTH     (UDP_HEADER + (uint32_t)sizeof(struct inject_payload))
#define HOP_LIMIT      7u
#define MAX_STATISTICS 128u
#define PAD_OPTION     1u

static const uint8_t sender_mac[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };

static void put(struct inject_frame *frame, const void *bytes, uint32_t n)
{
	if (n > INJECT_MAX - frame->n)
		abort();
	memcpy(frame->bytes + frame->n, bytes, n);
	frame->n += n;
}

static void put_8(struct inject_frame *frame, unsigned int value)
{
	uint8_t byte = (uint8_t)value;

	put(frame, &byte, 1);
}

static void put_16(struct inject_frame *frame, unsigned int value)
{
	put_8(frame, value >> 8);
	put_8(frame, value & 0xff);
}

static void set_16(struct inject_frame *frame, uint32_t at, uint32_t value)
{
	frame->bytes[at] = (uint8_t)(value >> 8);
	frame->bytes[at + 1] = (uint8_t)value;
}

static uint32_t sum(const uint8_t *bytes, uint32_t n)
{
	uint32_t total = 0;

	for (uint32_t i = 0; i < n; i += 2)
		total += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return total;
}

/* The one's complement of the one's complement sum (RFC 1071). */
static uint32_t finish(uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return ~total & 0xffff;
}

static const uint8_t *get_address(const struct sockaddr_storage *ss)
{
	if (ss->ss_family == AF_INET)
		return (const uint8_t *)&((const struct sockaddr_in *)ss)->sin_addr;
	return (const uint8_t *)&((const struct sockaddr_in6 *)ss)->sin6_addr;
}

static void put_link(struct inject_frame *frame, const struct inject_plan *plan)
{
	const uint8_t *to = get_address(plan->to);
	uint8_t mac[ETH_ALEN] = { 0x33, 0x33 };

	if (plan->to->ss_family == AF_INET) {
		const uint8_t of_group[ETH_ALEN] = { 1,     0,    0x5e, to[1] & 0x7f,
						     to[2], to[3] };

		memcpy(mac, of_group, ETH_ALEN);
	} else {
		memcpy(mac + 2, to + 12, 4);
	}
	put(frame, plan->mac ? plan->mac : mac, ETH_ALEN);
	put(frame, sender_mac, ETH_ALEN);
	put_16(frame, plan->to->ss_family == AF_INET ? ETHERTYPE_IP : ETHERTYPE_IPV6);
}

static void put_ipv4(struct inject_frame *frame, const struct inject_plan *plan)
{
	uint32_t at = frame->n, n_header = 20 + 4 * plan->n_words;

	put_8(frame, 0x40 | n_header / 4);
	put_8(frame, 0);
	put_16(frame, n_header + UDP_LENGTH);
	put_16(frame, 0);
	put_16(frame, 0);
	put_8(frame, HOP_LIMIT);
	put_8(frame, IPPROTO_UDP);
	put_16(frame, 0); /* filled in */
	put(frame, get_address(plan->from), 4);
	put(frame, get_address(plan->to), 4);
	for (uint32_t i = 0; i < 4 * plan->n_words; i++)
		put_8(frame, PAD_OPTION);
	set_16(frame, at + 10, finish(sum(frame->bytes + at, n_header)));
}

static void put_ipv6(struct inject_frame *frame, const struct inject_plan *plan)
{
	static const uint8_t options[8] = { IPPROTO_UDP, 0, PAD_OPTION, 4 };
	static const uint8_t version[4] = { 0x60 };

	put(frame, version, sizeof(version));
	put_16(frame, UDP_LENGTH + (plan->n_words ? sizeof(options) : 0));
	put_8(frame, plan->n_words ? IPPROTO_DSTOPTS : IPPROTO_UDP);
	put_8(frame, HOP_LIMIT);
	put(frame, get_address(plan->from), 16);
	put(frame, get_address(plan->to), 16);
	if (plan->n_words)
		put(frame, options, sizeof(options));
}

static void put_udp(struct inject_frame *frame, const struct inject_plan *plan)
{
	uint32_t n = plan->to->ss_family == AF_INET ? 4 : 16, at = frame->n, total;
	struct inject_payload payload = { 0, ~0u, plan->tag, ~plan->tag };
	/* sin6_port lies at the same place */
	uint16_t port = ntohs(((const struct sockaddr_in *)plan->to)->sin_port);

	put_16(frame, 4999);
	put_16(frame, port);
	put_16(frame, UDP_LENGTH);
	put_16(frame, 0); /* filled in */
	frame->n_head = frame->n;
	put(frame, &payload, sizeof(payload));
	total = sum(get_address(plan->from), n) + sum(get_address(plan->to), n) +
		IPPROTO_UDP + UDP_LENGTH + sum(frame->bytes + at, UDP_LENGTH);
	total = finish(total);
	set_16(frame, at + 6, total ? total : 0xffff);
}

void inject_make(struct inject_frame *ret, const struct inject_plan *plan)
{
	ret->n = 0;
	put_link(ret, plan);
	if (plan->to->ss_family == AF_INET)
		put_ipv4(ret, plan);
	else
		put_ipv6(ret, plan);
	put_udp(ret, plan);
}

void inject_set_stamp(struct inject_frame *frame, uint32_t stamp)
{
	uint32_t words[2] = { stamp, ~stamp };

	memcpy(frame->bytes + frame->n_head, words, sizeof(words));
}

int inject_read(const void *data, size_t n, struct inject_payload *ret)
{
	if (n < sizeof(*ret))
		return 0;
	memcpy(ret, (const uint8_t *)data + n - sizeof(*ret), sizeof(*ret));
	return ret->stamp == ~ret->stamp_inverted && ret->tag == ~ret->tag_inverted;
}

int inject_open(uint32_t ifindex)
{
	struct sockaddr_ll place = { .sll_family = AF_PACKET,
				     .sll_ifindex = (int)ifindex };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), one = 1, r = 0;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&place, sizeof(place)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) < 0)
		r = -errno;
	if (r < 0)
		close(fd);
	return r < 0 ? r : fd;
}

int inject_send(int fd, struct inject_frame *const *frames, unsigned int n)
{
	struct mmsghdr messages[INJECT_BATCH];
	struct iovec pieces[INJECT_BATCH];
	unsigned int n_sent = 0;
	int r;

	memset(messages, 0, n * sizeof(messages[0]));
	for (unsigned int i = 0; i < n; i++) {
		pieces[i] = (struct iovec){ frames[i]->bytes, frames[i]->n };
		messages[i].msg_hdr.msg_iov = &pieces[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	while (n_sent < n) {
		r = sendmmsg(fd, messages + n_sent, n - n_sent, 0);
		if (r < 0 && errno != ENOBUFS && errno != EINTR)
			return -errno;
		n_sent += r > 0 ? (unsigned int)r : 0;
	}
	return 0;
}

static int ask_driver(const char *interface, void *question)
{
	struct ifreq request = { .ifr_data = question };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = 0;

	if (fd < 0)
		return -errno;
	memcpy(request.ifr_name, interface, strnlen(interface, IF_NAMESIZE - 1));
	if (ioctl(fd, SIOCETHTOOL, &request) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* The statistics of veth begin with it. */
int inject_find_peer(const char *interface, uint32_t *ret_ifindex)
{
	union {
		struct ethtool_sset_info info;
		uint32_t room[8];
	} count = { .info = { .cmd = ETHTOOL_GSSET_INFO,
			      .sset_mask = 1ull << ETH_SS_STATS } };
	union {
		struct ethtool_stats stats;
		uint64_t room[MAX_STATISTICS + 1];
	} answer = { .stats = { .cmd = ETHTOOL_GSTATS } };
	int r = ask_driver(interface, &count);

	if (r < 0)
		return r;
	answer.stats.n_stats = count.info.data[0];
	if (answer.stats.n_stats < 1 || answer.stats.n_stats > MAX_STATISTICS)
		return -EOPNOTSUPP;
	r = ask_driver(interface, &answer);
	if (!r)
		*ret_ifindex = (uint32_t)answer.stats.data[0];
	return r;
}
