/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/msend/frame.h, packet.h and ts.h: checksums as a receiver computes
 * them, byte by byte (RFC 1071), and TS counters as a receiver follows them.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "packet.h"
#include "tap.h"
#include "ts.h"

#define MAX_SIZE 1500u

#define ETHERNET_SIZE 14u
#define UDP_CHECKSUM  6u

struct wire {
	int family;
	size_t size;
	size_t ip; /* offset of the IP header */
	size_t udp;
	uint8_t bytes[FRAME_HEAD_MAX + MAX_SIZE];
};

static uint32_t sum_bytes(uint32_t sum, const uint8_t *at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint32_t get_16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

/* 0xffff: right. */
static uint32_t check_udp(const struct wire *wire)
{
	size_t n_addresses = wire->family == AF_INET6 ? 32 : 8;
	uint32_t len = (uint32_t)wire->size + 8;
	uint32_t sum = sum_bytes(IPPROTO_UDP + len, wire->bytes + wire->udp - n_addresses,
				 n_addresses);

	return sum_bytes(sum, wire->bytes + wire->udp, len);
}

static struct sockaddr_storage make_group(int family)
{
	struct sockaddr_storage group = { .ss_family = (sa_family_t)family };
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&group;
	struct sockaddr_in *sin = (struct sockaddr_in *)&group;

	if (family == AF_INET6) {
		sin6->sin6_port = htons(5000);
		memcpy(&sin6->sin6_addr, "\xff\x3e\0\0\0\0\0\0\0\0\0\0\x80\1\2\3", 16);
	} else {
		sin->sin_port = htons(5000);
		memcpy(&sin->sin_addr, "\xe8\x81\2\3", 4);
	}
	return group;
}

static void make_wire(struct wire *wire, const struct frame *frame)
{
	static const uint8_t source[16] = { 10, 9, 255, 254, [12] = 255, 1, 2, 3 };
	struct sockaddr_storage group = make_group(wire->family);
	size_t head = frame_get_head_size(frame, wire->family);

	wire->ip = ETHERNET_SIZE + (frame->vlan ? 4 : 0);
	wire->udp = head - 8;
	frame_encode(frame, source, &group, wire->size, wire->bytes);
}

static void check_sizes(struct tap *tap, struct wire *wire, const struct frame *frame)
{
	for (wire->size = 0; wire->size <= MAX_SIZE; wire->size++) {
		uint8_t *payload = wire->bytes + frame_get_head_size(frame, wire->family);

		for (size_t i = 0; i < wire->size; i++)
			payload[i] = (uint8_t)rand();
		make_wire(wire, frame);
		tap_expect(tap, check_udp(wire) == 0xffff, "size %zu: UDP", wire->size);
		tap_expect(tap,
			   wire->family == AF_INET6 ||
				   sum_bytes(0, wire->bytes + wire->ip, 20) == 0xffff,
			   "size %zu: IP", wire->size);
	}
}

static void test_checksums(struct tap *tap, int family, uint16_t vlan)
{
	const struct frame frame = { { 2, 0, 0, 0, 0, 1 }, vlan, 50000, 9 };
	static struct wire wire;

	wire = (struct wire){ .family = family };
	check_sizes(tap, &wire, &frame);
	tap_end(tap, "checksums of %s%s are right for every size",
		family == AF_INET6 ? "IPv6" : "IPv4", vlan ? " behind a tag" : "");
}

/* A payload word that makes the sum 0xffff would make the checksum 0. */
static void test_no_zero(struct tap *tap, int family)
{
	const struct frame frame = { { 2, 0, 0, 0, 0, 1 }, 0, 50000, 9 };
	static struct wire wire;
	uint32_t checksum;
	uint8_t *payload;

	wire = (struct wire){ .family = family, .size = 2 };
	payload = wire.bytes + frame_get_head_size(&frame, family);
	make_wire(&wire, &frame);
	checksum = get_16(wire.bytes + wire.udp + UDP_CHECKSUM);
	payload[0] = (uint8_t)(checksum >> 8);
	payload[1] = (uint8_t)checksum;
	make_wire(&wire, &frame);
	checksum = get_16(wire.bytes + wire.udp + UDP_CHECKSUM);
	tap_expect(tap, checksum == 0xffff, "checksum %x", checksum);
	tap_expect(tap, check_udp(&wire) == 0xffff, "it is wrong");
	tap_end(tap, "a UDP checksum of 0 is sent as ffff in %s",
		family == AF_INET6 ? "IPv6" : "IPv4");
}

struct counters {
	int last[TS_NULL_PID + 1]; /* -1: not seen */
	unsigned int n_payloads;
	unsigned int n_fields;
	unsigned int n_null;
};

/* As H.222.0 2.4.3.3 has it. */
static void read_ts(struct tap *tap, struct counters *counters, const uint8_t *at)
{
	uint32_t pid = get_16(at + 1) & TS_NULL_PID;
	int counter = at[3] & 0xf;
	int last = counters->last[pid];

	tap_expect(tap, at[0] == 0x47, "no sync byte");
	if (pid == TS_NULL_PID) {
		counters->n_null++;
		return;
	}
	if (at[3] & 0x20) {
		counters->n_fields++;
		tap_expect(tap, at[4] <= (at[3] & 0x10 ? 182 : 183), "field of %u",
			   at[4]);
	}
	if (at[3] & 0x10)
		counters->n_payloads++;
	if (last >= 0)
		tap_expect(tap, counter == (at[3] & 0x10 ? (last + 1) % 16 : last),
			   "pid %x: counter %d behind %d", pid, counter, last);
	counters->last[pid] = counter;
}

static void test_ts(struct tap *tap, uint32_t n_pids, size_t n_ts)
{
	const struct packet_shape shape = { .size = 12 + n_ts * TS_SIZE,
					    .is_rtp = true,
					    .is_ts = true,
					    .n_pids = n_pids };
	static struct counters counters;
	static uint8_t buffer[MAX_SIZE];

	counters = (struct counters){ 0 };
	memset(counters.last, 0xff, sizeof(counters.last));
	packet_fill(&shape, buffer);
	for (uint64_t i = 0; i < 4000; i++) {
		struct packet packet = { .sequence = (uint32_t)i, .position = i };

		packet_encode(&shape, &packet, buffer);
		for (size_t k = 0; k < n_ts; k++)
			read_ts(tap, &counters, buffer + 12 + k * TS_SIZE);
	}
	tap_expect(tap, counters.n_null == 4000 * n_ts / 16, "%u null packets",
		   counters.n_null);
	tap_expect(tap, counters.n_fields > 0 && counters.n_payloads > counters.n_fields,
		   "%u fields, %u payloads", counters.n_fields, counters.n_payloads);
	tap_expect(tap,
		   counters.last[TS_FIRST_PID + n_pids - 1] >= 0 &&
			   counters.last[TS_FIRST_PID + n_pids] < 0,
		   "not %u PIDs", n_pids);
	tap_end(tap, "counters of %u PIDs in packets of %zu are without a gap", n_pids,
		n_ts);
}

static void test_head(struct tap *tap)
{
	static const uint8_t wanted[] = { 0x80, 96, 0x12, 0x35, 0,   0x01, 0x5f, 0x91,
					  1,    2,  3,    4,    'm', 's',  'n',  'd',
					  0,    0,  0,    1,    0,   0,    0,    0,
					  0,    0,  0,    5,    0,   0 };
	const struct packet_shape shape = { .size = 30,
					    .is_rtp = true,
					    .payload_type = 96 };
	const struct packet packet = {
		.sequence = 1,
		.realtime = 5,
		.elapsed = 1000000000,
		.rtp = { .sequence = 0x1234, .timestamp = 1, .ssrc = 0x01020304 },
	};
	uint8_t buffer[30];

	packet_fill(&shape, buffer);
	packet_encode(&shape, &packet, buffer);
	tap_expect(tap, !memcmp(buffer, wanted, sizeof(wanted)), "other bytes");
	tap_end(tap, "RTP header and msend's head, one second after the start");
}

int main(void)
{
	struct tap tap = { 0 };

	test_checksums(&tap, AF_INET, 0);
	test_checksums(&tap, AF_INET, 7);
	test_checksums(&tap, AF_INET6, 0);
	test_checksums(&tap, AF_INET6, 7);
	test_no_zero(&tap, AF_INET);
	test_no_zero(&tap, AF_INET6);
	test_ts(&tap, 1, 7);
	test_ts(&tap, 2, 7);
	test_ts(&tap, 5, 1);
	test_ts(&tap, 300, 7);
	test_head(&tap);
	return tap_finish(&tap);
}
