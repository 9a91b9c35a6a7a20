/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet socket that reads IGMPv3 reports (RFC 3376 4.2) and notes which of the crowd's
 * groups were told with their source.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "bench-msfd.h"

#define BUFFER      (16 << 20)
#define FRAME_MAX   2048
#define REPORT_V3   0x22u
#define QUERY       0x11u
#define IS_IN       1u
#define ALLOW       5u
#define REPORT_HEAD 8u
#define RECORD_HEAD 8u
#define SILENCE_MS  1500 /* longer than the pause between two reports of a change */
#define QUERY_LEN   36u  /* IP header with Router Alert, IGMPv3 query without sources */

int ear_init(struct ear *ear, const char *interface)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(ETH_P_IP) };
	int size = BUFFER;

	*ear = (struct ear){ .fd = -1, .ifindex = if_nametoindex(interface) };
	if (!ear->ifindex)
		return -errno;
	address.sll_ifindex = (int)ear->ifindex;
	ear->is_heard = calloc(N_GROUPS, 1);
	if (!ear->is_heard)
		return -ENOMEM;
	ear->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP));
	if (ear->fd < 0)
		return -errno;
	setsockopt(ear->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return bind(ear->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno
									       : 0;
}

void ear_fini(struct ear *ear)
{
	if (ear->fd >= 0)
		close(ear->fd);
	free(ear->is_heard);
}

void ear_start(struct ear *ear, uint64_t interval_ms)
{
	char waste[FRAME_MAX];

	while (recv(ear->fd, waste, sizeof(waste), MSG_DONTWAIT) >= 0)
		;
	memset(ear->is_heard, 0, N_GROUPS);
	memset(ear->n_tenth, 0, sizeof(ear->n_tenth));
	ear->n_heard = ear->n_packets = 0;
	ear->first = ear->last = 0;
	ear->from = series_now();
	ear->interval = interval_ms * 1000000u;
}

static void hear_group(struct ear *ear, uint32_t group, uint64_t now)
{
	uint32_t number = group - crowd_get_group(0);

	if (number >= N_GROUPS || ear->is_heard[number])
		return;
	ear->is_heard[number] = 1;
	ear->n_heard++;
	ear->last = now;
	if (!ear->first)
		ear->first = now;
}

static uint32_t get_32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
	       at[3];
}

static uint32_t get_16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

/* Group records (RFC 3376 4.2.4). */
static void hear_records(struct ear *ear, const uint8_t *at, size_t len, unsigned int n,
			 uint64_t now)
{
	while (n-- && len >= RECORD_HEAD) {
		size_t size = RECORD_HEAD + 4 * (get_16(at + 2) + at[1]);

		if (size > len)
			return;
		if ((at[0] == IS_IN || at[0] == ALLOW) && get_16(at + 2) == 1 &&
		    get_32(at + RECORD_HEAD) == CROWD_SOURCE)
			hear_group(ear, get_32(at + 4), now);
		at += size;
		len -= size;
	}
}

static void hear(struct ear *ear, const uint8_t *packet, size_t len)
{
	size_t head = len ? 4u * (packet[0] & 15u) : 0;
	uint64_t now = series_now(), tenth;

	if (len < head + REPORT_HEAD || packet[9] != IPPROTO_IGMP ||
	    packet[head] != REPORT_V3)
		return;
	ear->n_packets++;
	if (ear->interval) {
		tenth = (now - ear->from) * 10 / ear->interval;
		ear->n_tenth[tenth > 9 ? 9 : tenth]++;
	}
	hear_records(ear, packet + head + REPORT_HEAD, len - head - REPORT_HEAD,
		     get_16(packet + head + 6), now);
}

static int receive(struct ear *ear)
{
	uint8_t packet[FRAME_MAX];
	struct sockaddr_ll from = { 0 };
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(ear->fd, packet, sizeof(packet), MSG_DONTWAIT,
			     (struct sockaddr *)&from, &from_len);

	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (from.sll_pkttype != PACKET_OUTGOING)
		hear(ear, packet, (size_t)n);
	return 1;
}

int ear_wait_for_silence(const struct ear *ear)
{
	struct pollfd poller = { .fd = ear->fd, .events = POLLIN };
	char waste[FRAME_MAX];
	int r;

	while ((r = poll(&poller, 1, SILENCE_MS)) > 0)
		while (recv(ear->fd, waste, sizeof(waste), MSG_DONTWAIT) >= 0)
			;
	return r < 0 ? -errno : 0;
}

int ear_listen(struct ear *ear, unsigned int timeout_ms)
{
	uint64_t end = series_now() + timeout_ms * 1000000ull, now;
	struct pollfd poller = { .fd = ear->fd, .events = POLLIN };
	int r = 0;

	while (r >= 0 && ear->n_heard < N_GROUPS && (now = series_now()) < end) {
		if (poll(&poller, 1, (int)((end - now) / 1000000u) + 1) < 0)
			return -errno;
		while ((r = receive(ear)) > 0)
			;
	}
	return r < 0 ? r : (int)ear->n_heard;
}

static uint16_t get_checksum(const uint8_t *at, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += get_16(at + i);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

static void set_16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

int ear_ask(const struct ear *ear, uint8_t max_resp)
{
	uint8_t query[QUERY_LEN] = {
		0x46, 0xc0, 0,  QUERY_LEN, 0,     0,        0,   0, 1, IPPROTO_IGMP,
		0,    0,    10, 9,         0,     254,      224, 0, 0, 1,
		0x94, 4,    0,  0,         QUERY, max_resp, 0,   0, 0, 0,
		0,    0,    2,  125,       0,     0,
	};
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_IP),
				  .sll_ifindex = (int)ear->ifindex,
				  .sll_halen = ETH_ALEN,
				  .sll_addr = { 1, 0, 0x5e, 0, 0, 1 } };

	set_16(query + 10, get_checksum(query, 24));
	set_16(query + 26, get_checksum(query + 24, 12));
	if (sendto(ear->fd, query, sizeof(query), 0, (struct sockaddr *)&to, sizeof(to)) <
	    0)
		return -errno;
	return 0;
}
