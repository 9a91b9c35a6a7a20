/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig: queries and reports of others, byte by byte (see rig.h): RFC 1112 appendix I, RFC
 * 2236 2, RFC 9776 4.1; RFC 2710 3, RFC 9777 5.1. Nothing here is the engine's.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "writer.h"

#define MESSAGE_MAX 65536u
#define HEADERS_MAX 48u

#define IGMP_QUERY     0x11
#define IGMP_V1_REPORT 0x12
#define IGMP_V2_REPORT 0x16
#define MLD_QUERY      130
#define MLD_V1_REPORT  131

static struct writer *writer_new(void)
{
	struct writer *self = calloc(1, sizeof(*self) + HEADERS_MAX + MESSAGE_MAX);

	if (!self)
		tap_bail_out("no memory");
	self->bytes = (uint8_t *)(self + 1);
	self->size = HEADERS_MAX + MESSAGE_MAX;
	return self;
}

/* What surrounds a message. */
struct envelope {
	enum engine_family family;
	struct addr source, destination;
	uint8_t hop_limit;
	bool has_alert;
};

static void put_ipv4(struct writer *writer, const struct envelope *e, size_t len)
{
	size_t begin = writer->len;

	writer_put_8(writer, e->has_alert ? 0x46 : 0x45);
	writer_put_8(writer, 0xc0);
	writer_put_16(writer, (unsigned int)(len + (e->has_alert ? 24 : 20)));
	writer_put_16(writer, 0x1234);
	writer_put_16(writer, 0x4000);
	writer_put_8(writer, e->hop_limit);
	writer_put_8(writer, 2);
	writer_put_16(writer, 0);
	writer_put_addr(writer, ENGINE_IPV4, e->source);
	writer_put_addr(writer, ENGINE_IPV4, e->destination);
	if (e->has_alert) {
		writer_put_16(writer, 0x9404);
		writer_put_16(writer, 0);
	}
	writer_put_sum(writer->bytes + begin + 10,
		       writer_add(0, writer->bytes + begin, writer->len - begin));
}

static void put_ipv6(struct writer *writer, const struct envelope *e, size_t len)
{
	writer_put_16(writer, 0x6000);
	writer_put_16(writer, 0);
	writer_put_16(writer, (unsigned int)(len + (e->has_alert ? 8 : 0)));
	writer_put_8(writer, e->has_alert ? 0 : 58);
	writer_put_8(writer, e->hop_limit);
	writer_put_addr(writer, ENGINE_IPV6, e->source);
	writer_put_addr(writer, ENGINE_IPV6, e->destination);
	if (!e->has_alert)
		return;
	writer_put_16(writer, 58 << 8);
	writer_put_16(writer, 0x0502);
	writer_put_16(writer, 0);
	writer_put_16(writer, 0x0100);
}

/* Over the message, and what RFC 8200 8.1 puts before it. */
static void put_message_sum(struct writer *message, const struct envelope *e, bool is_bad)
{
	uint8_t room[32];
	struct writer pseudo = { room, sizeof(room), 0 };
	uint32_t sum = 0;

	if (e->family == ENGINE_IPV6) {
		writer_put_addr(&pseudo, ENGINE_IPV6, e->source);
		writer_put_addr(&pseudo, ENGINE_IPV6, e->destination);
		sum = writer_add((uint32_t)message->len + 58, pseudo.bytes, pseudo.len);
	}
	writer_put_sum(message->bytes + 2, writer_add(sum, message->bytes, message->len));
	if (is_bad)
		message->bytes[3] ^= 0x10;
}

static int hear(struct rig *rig, uint32_t ifindex, const struct envelope *e,
		const struct writer *message)
{
	struct writer *packet = writer_new();
	int r;

	if (e->family == ENGINE_IPV4)
		put_ipv4(packet, e, message->len);
	else
		put_ipv6(packet, e, message->len);
	for (size_t i = 0; i < message->len; i++)
		writer_put_8(packet, message->bytes[i]);
	r = rig_hear_on(rig, ifindex, packet->bytes, packet->len);
	free(packet);
	return r;
}

/* The largest code not above the value: linear below 1 << bits, else a mantissa of
 * n_mantissa bits, a leading 1 that is not written, and an exponent of three bits. */
static unsigned int encode_float(uint64_t value, unsigned int n_mantissa)
{
	unsigned int exponent = 0;

	if (value < 1ull << (n_mantissa + 3))
		return (unsigned int)value;
	while (exponent < 7 && value >> (exponent + 4 + n_mantissa))
		exponent++;
	if (value >> (exponent + 4 + n_mantissa))
		return (1u << (n_mantissa + 4)) - 1;
	value >>= exponent + 3;
	return 1u << (n_mantissa + 3) | exponent << n_mantissa |
	       (unsigned int)(value & ((1u << n_mantissa) - 1));
}

static unsigned int get_code(const struct rig_query *query)
{
	uint64_t ms = query->max_response_ms;

	if (query->code)
		return (unsigned int)(-1 - query->code);
	if (query->family == ENGINE_IPV6)
		return query->version == 2 ? encode_float(ms, 12)
		       : ms > 0xffff       ? 0xffff
					   : (unsigned int)ms;
	if (query->version == 3)
		return encode_float(ms / 100, 4);
	return query->version == 1 ? 0 : ms > 25500 ? 255 : (unsigned int)(ms / 100);
}

static void put_query_tail(struct writer *writer, const struct rig_query *query)
{
	uint32_t n = 0;
	struct addr *list = rig_list(query->sources ? query->sources : "", &n);

	writer_put_8(writer, (query->is_suppressing ? 8u : 0) | (query->robustness & 7));
	writer_put_8(writer, encode_float(query->interval_s, 4));
	writer_put_16(writer, (unsigned int)((int)n + query->n_claimed_more));
	for (uint32_t i = 0; i < n; i++)
		writer_put_addr(writer, query->family, list[i]);
	free(list);
}

static void put_query(struct writer *writer, const struct rig_query *query)
{
	struct addr group = { 0 };
	bool is_ipv4 = query->family == ENGINE_IPV4;

	if (query->group)
		group = rig_addr(query->group);
	writer_put_8(writer, is_ipv4 ? IGMP_QUERY : MLD_QUERY);
	writer_put_8(writer, is_ipv4 ? get_code(query) : 0);
	writer_put_16(writer, 0);
	if (!is_ipv4) {
		writer_put_16(writer, get_code(query));
		writer_put_16(writer, 0);
	}
	writer_put_addr(writer, query->family, group);
	if (query->version == (is_ipv4 ? 3 : 2))
		put_query_tail(writer, query);
	for (unsigned int i = 0; i < query->n_extra; i++)
		writer_put_8(writer, 0xee);
}

static const char *get_destination(const struct rig_query *query)
{
	if (query->to)
		return query->to;
	if (query->group && !(query->family == ENGINE_IPV4 && query->version == 1))
		return query->group;
	return query->family == ENGINE_IPV4 ? "224.0.0.1" : "ff02::1";
}

int rig_query(struct rig *rig, const struct rig_query *query)
{
	bool is_ipv4 = query->family == ENGINE_IPV4;
	const char *from = is_ipv4 ? "10.9.0.254" : "fe80::fe";
	struct writer *message = writer_new();
	struct envelope e = {
		.family = query->family,
		.source = rig_addr(query->from ? query->from : from),
		.destination = rig_addr(get_destination(query)),
		.hop_limit = query->hop_limit ? query->hop_limit : 1,
		.has_alert = !query->is_without_alert &&
			     !(is_ipv4 && query->version == 1),
	};
	int r;

	put_query(message, query);
	put_message_sum(message, &e, query->has_bad_sum);
	r = hear(rig, query->ifindex ? query->ifindex : RIG_IFINDEX, &e, message);
	free(message);
	return r;
}

static int hear_from_host(struct rig *rig, enum engine_family family, const char *to,
			  bool has_alert, struct writer *message)
{
	struct envelope e = {
		.family = family,
		.source = rig_addr(family == ENGINE_IPV4 ? "10.9.0.77" : "fe80::77"),
		.destination = rig_addr(to),
		.hop_limit = 1,
		.has_alert = has_alert,
	};

	put_message_sum(message, &e, false);
	return hear(rig, RIG_IFINDEX, &e, message);
}

int rig_message(struct rig *rig, enum engine_family family, const char *to,
		const void *message, size_t len)
{
	struct writer *writer = writer_new();
	int r;

	for (size_t i = 0; i < len; i++)
		writer_put_8(writer,
			     i == 2 || i == 3 ? 0 : ((const uint8_t *)message)[i]);
	r = hear_from_host(rig, family, to, true, writer);
	free(writer);
	return r;
}

static uint8_t get_report_type(enum engine_family family, uint8_t version)
{
	if (family == ENGINE_IPV6)
		return MLD_V1_REPORT;
	return version == 1 ? IGMP_V1_REPORT : IGMP_V2_REPORT;
}

int rig_report(struct rig *rig, enum engine_family family, uint8_t version,
	       const char *group)
{
	bool is_ipv4 = family == ENGINE_IPV4;
	struct writer *message = writer_new();
	int r;

	writer_put_8(message, get_report_type(family, version));
	writer_put_8(message, 0);
	writer_put_16(message, 0);
	if (!is_ipv4) {
		writer_put_16(message, 0);
		writer_put_16(message, 0);
	}
	writer_put_addr(message, family, rig_addr(group));
	r = hear_from_host(rig, family, group, !(is_ipv4 && version == 1), message);
	free(message);
	return r;
}

int rig_hear_on(struct rig *rig, uint32_t ifindex, const void *packet, size_t len)
{
	struct engine_datagram datagram;
	uint8_t *bytes = malloc(len + !len);
	int r;

	if (!bytes)
		tap_bail_out("no memory");
	/* Of its own length, so that reading behind it is seen. */
	memcpy(bytes, packet, len);
	r = engine_read_datagram(bytes, len, &datagram);
	if (r == 0)
		r = engine_receive(rig->engine, ifindex, &datagram, rig->now);
	memset(bytes, 0xa5, len);
	free(bytes);
	return r;
}

int rig_hear(struct rig *rig, const void *packet, size_t len)
{
	return rig_hear_on(rig, RIG_IFINDEX, packet, len);
}
