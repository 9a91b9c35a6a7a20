/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flood: messages by the hundred thousand (see flood.h).
 */
#include "flood.h"

#include <stdlib.h>
#include <string.h>

void flood_init(struct flood *flood, struct tap *tap)
{
	*flood = (struct flood){ .rig = calloc(1, sizeof(*flood->rig)), .tap = tap };
	if (!flood->rig)
		tap_bail_out("no memory");
	rig_init(flood->rig, 20260101);
	flood_begin(flood);
}

void flood_fini(struct flood *flood)
{
	rig_fini(flood->rig, flood->tap);
	free(flood->rig);
}

void flood_join(struct flood *flood, const char *first, unsigned int n,
		const char *filter)
{
	struct addr group = rig_addr(first);
	char text[RIG_ADDR_TEXT];

	for (unsigned int i = 0; i < n; i++, group.lo++) {
		rig_format(group, text);
		if (rig_set(flood->rig, i + 1, text, filter))
			tap_bail_out("%s cannot be joined", text);
	}
	rig_run(flood->rig, 10 * ENGINE_SECOND);
	rig_clear(flood->rig);
	flood_begin(flood);
}

void flood_begin(struct flood *flood)
{
	flood->n_base = flood->n_peak = flood->rig->n_used;
	flood->n_resizes = flood->n_resizes_max = 0;
	flood->n_messages = flood->n_packets = 0;
}

int flood_hear(struct flood *flood, enum engine_family family, const uint8_t *message,
	       size_t len)
{
	bool is_ipv4 = family == ENGINE_IPV4;
	const struct engine_datagram datagram = {
		.source = rig_addr(is_ipv4 ? "10.9.0.254" : "fe80::fe"),
		.destination = rig_addr(is_ipv4 ? "224.0.0.1" : "ff02::1"),
		.hop_limit = 1,
		.has_router_alert = true,
		.is_verified = true,
		.total_len = len + (is_ipv4 ? 24 : 48),
		.message = message,
		.len = len,
	};
	struct rig *rig = flood->rig;
	size_t n_calls = rig->n_calls, n;
	int r = engine_receive(rig->engine, RIG_IFINDEX, &datagram, rig->now);

	n = rig->n_calls - n_calls;
	flood->n_messages++;
	flood->n_resizes += n;
	if (n > flood->n_resizes_max)
		flood->n_resizes_max = n;
	if (rig->n_used > flood->n_peak)
		flood->n_peak = rig->n_used;
	return r;
}

static bool pull_slowly(struct flood *flood)
{
	struct rig *rig = flood->rig;
	size_t n = rig->n_lines;

	rig_pull(rig);
	rig->now += (rig->n_lines - n) * flood->packet_us;
	return rig->n_lines > n;
}

static void run_slowly(struct flood *flood, uint64_t us)
{
	struct rig *rig = flood->rig;
	uint64_t end = rig->now + us, deadline = rig->now;

	while (deadline <= end && rig->now < end) {
		if (deadline > rig->now)
			rig->now = deadline;
		if (!pull_slowly(flood))
			deadline = engine_get_deadline(rig->engine);
	}
	if (rig->now < end)
		rig->now = end;
}

void flood_run(struct flood *flood, uint64_t us)
{
	struct rig *rig = flood->rig;
	size_t n_calls = rig->n_calls;

	if (flood->packet_us)
		run_slowly(flood, us);
	else
		rig_run(rig, us);
	tap_expect(flood->tap, rig->n_calls == n_calls, "pulling asks for memory");
	flood->n_packets += rig->n_lines;
	rig_clear(rig);
}

static size_t put_addr(uint8_t *bytes, enum engine_family family, struct addr addr)
{
	uint8_t all[16];

	addr_to_bytes(addr, all);
	if (family == ENGINE_IPV6) {
		memcpy(bytes, all, 16);
		return 16;
	}
	memcpy(bytes, all + 12, 4);
	return 4;
}

size_t flood_write_query(uint8_t *bytes, enum engine_family family, struct addr group,
			 uint16_t code, struct addr first, uint16_t n)
{
	bool is_ipv4 = family == ENGINE_IPV4;
	size_t len = is_ipv4 ? 4 : 8;

	memset(bytes, 0, 12);
	bytes[0] = is_ipv4 ? 0x11 : 130;
	bytes[1] = is_ipv4 ? (uint8_t)code : 0;
	if (!is_ipv4) {
		bytes[4] = (uint8_t)(code >> 8);
		bytes[5] = (uint8_t)code;
	}
	len += put_addr(bytes + len, family, group);
	bytes[len++] = 2;
	bytes[len++] = 125;
	bytes[len++] = (uint8_t)(n >> 8);
	bytes[len++] = (uint8_t)n;
	for (uint16_t i = 0; i < n; i++, first.lo++)
		len += put_addr(bytes + len, family, first);
	return len;
}
