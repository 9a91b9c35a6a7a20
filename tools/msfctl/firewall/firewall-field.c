/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packet as rules see it (see firewall-field.h): RFC 791, 768, 8200 for the
 * headers; IGMP carries the Router Alert option (RFC 3376 4), MLD a hop-by-hop
 * header (RFC 3810 5), which is why its next header is not ICMPv6.
 *
 * Invariant: a bit is known only if every packet that fits the description has it.
 */
#include <netinet/icmp6.h>
#include <netinet/in.h>

/* Behind <netinet/in.h>, which they would hide. */
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter_ipv4.h>
#include <net/ethernet.h>
#include <stdio.h>
#include <string.h>

#include "firewall-field.h"

#define MLD2_REPORT       143 /* RFC 3810 5.2 */
#define IPV4_BYTES        20u
#define IPV4_ALERT_WORDS  6u /* header of IGMP, with the Router Alert option */
#define IPV6_BYTES        40u
#define FIELD_BITS_MAX    128u
#define ADDRESS_IPV4_BITS 32u
#define ADDRESS_IPV6_BITS 128u

static const struct {
	const char *object, *key;
	enum kind kind;
	unsigned int width;
} besides[FIELD_BESIDES] = {
	[FIELD_IIF] = { "meta", "iif", KIND_INTERFACE, 128 },
	[FIELD_IIFNAME] = { "meta", "iifname", KIND_NAME, 128 },
	[FIELD_OIF] = { "meta", "oif", KIND_INTERFACE, 128 },
	[FIELD_OIFNAME] = { "meta", "oifname", KIND_NAME, 128 },
	[FIELD_L4PROTO] = { "meta", "l4proto", KIND_PROTOCOL, 8 },
	[FIELD_NFPROTO] = { "meta", "nfproto", KIND_NFPROTO, 8 },
	[FIELD_PROTOCOL] = { "meta", "protocol", KIND_ETHERTYPE, 16 },
	[FIELD_PKTTYPE] = { "meta", "pkttype", KIND_PACKET_TYPE, 8 },
	[FIELD_MARK] = { "meta", "mark", KIND_NUMBER, 32 },
	[FIELD_LENGTH] = { "meta", "length", KIND_NUMBER, 32 },
	[FIELD_CT_STATE] = { "ct", "state", KIND_CT_STATE, 32 },
};

/* Which packets have a header of that name. */
enum presence {
	PRESENT_IPV4,
	PRESENT_IPV6,
	PRESENT_TRANSPORT, /* of the protocol */
	PRESENT_ALWAYS,
};

static const struct {
	const char *name;
	enum presence presence;
	uint8_t protocol;
} headers[] = {
	{ "ip", PRESENT_IPV4, 0 },
	{ "ip6", PRESENT_IPV6, 0 },
	{ "th", PRESENT_ALWAYS, 0 },
	{ "udp", PRESENT_TRANSPORT, IPPROTO_UDP },
	{ "igmp", PRESENT_TRANSPORT, IPPROTO_IGMP },
	{ "icmpv6", PRESENT_TRANSPORT, IPPROTO_ICMPV6 },
	{ "icmp", PRESENT_TRANSPORT, IPPROTO_ICMP },
	{ "tcp", PRESENT_TRANSPORT, IPPROTO_TCP },
	{ "udplite", PRESENT_TRANSPORT, IPPROTO_UDPLITE },
	{ "sctp", PRESENT_TRANSPORT, IPPROTO_SCTP },
	{ "dccp", PRESENT_TRANSPORT, IPPROTO_DCCP },
	{ "esp", PRESENT_TRANSPORT, IPPROTO_ESP },
	{ "ah", PRESENT_TRANSPORT, IPPROTO_AH },
	{ "comp", PRESENT_TRANSPORT, IPPROTO_COMP },
};

static const struct place {
	const char *header, *field;
	enum kind kind;
	unsigned int offset, width; /* bits */
} places[] = {
	{ "ip", "version", KIND_NUMBER, 0, 4 },
	{ "ip", "hdrlength", KIND_NUMBER, 4, 4 },
	{ "ip", "dscp", KIND_NUMBER, 8, 6 },
	{ "ip", "ecn", KIND_NUMBER, 14, 2 },
	{ "ip", "length", KIND_NUMBER, 16, 16 },
	{ "ip", "id", KIND_NUMBER, 32, 16 },
	{ "ip", "frag-off", KIND_NUMBER, 48, 16 },
	{ "ip", "ttl", KIND_NUMBER, 64, 8 },
	{ "ip", "protocol", KIND_PROTOCOL, 72, 8 },
	{ "ip", "checksum", KIND_NUMBER, 80, 16 },
	{ "ip", "saddr", KIND_ADDRESS, 96, ADDRESS_IPV4_BITS },
	{ "ip", "daddr", KIND_ADDRESS, 128, ADDRESS_IPV4_BITS },
	{ "ip6", "version", KIND_NUMBER, 0, 4 },
	{ "ip6", "dscp", KIND_NUMBER, 4, 6 },
	{ "ip6", "ecn", KIND_NUMBER, 10, 2 },
	{ "ip6", "flowlabel", KIND_NUMBER, 12, 20 },
	{ "ip6", "length", KIND_NUMBER, 32, 16 },
	{ "ip6", "nexthdr", KIND_PROTOCOL, 48, 8 },
	{ "ip6", "hoplimit", KIND_NUMBER, 56, 8 },
	{ "ip6", "saddr", KIND_ADDRESS, 64, ADDRESS_IPV6_BITS },
	{ "ip6", "daddr", KIND_ADDRESS, 192, ADDRESS_IPV6_BITS },
	{ "th", "sport", KIND_NUMBER, 0, 16 },
	{ "th", "dport", KIND_NUMBER, 16, 16 },
	{ "udp", "sport", KIND_NUMBER, 0, 16 },
	{ "udp", "dport", KIND_NUMBER, 16, 16 },
	{ "udp", "length", KIND_NUMBER, 32, 16 },
	{ "udp", "checksum", KIND_NUMBER, 48, 16 },
	{ "igmp", "type", KIND_IGMP_TYPE, 0, 8 },
	{ "igmp", "mrt", KIND_NUMBER, 8, 8 },
	{ "igmp", "checksum", KIND_NUMBER, 16, 16 },
	{ "igmp", "group", KIND_ADDRESS, 32, ADDRESS_IPV4_BITS },
	{ "icmpv6", "type", KIND_ICMPV6_TYPE, 0, 8 },
	{ "icmpv6", "code", KIND_NUMBER, 8, 8 },
	{ "icmpv6", "checksum", KIND_NUMBER, 16, 16 },
};

/* Where a payload expression reads. */
struct spot {
	bool is_network;
	struct place place;
};

static void put(struct field_header *header, unsigned int at, const void *bytes,
		unsigned int n_bytes)
{
	memcpy(header->bytes + at, bytes, n_bytes);
	memset(header->known + at, 0xff, n_bytes);
}

static void put_octet(struct field_header *header, unsigned int at, uint8_t octet)
{
	put(header, at, &octet, 1);
}

static void put_short(struct field_header *header, unsigned int at, uint32_t number)
{
	uint16_t octets = htons((uint16_t)number);

	put(header, at, &octets, sizeof(octets));
}

static void init_ipv4(struct field_header *header, const struct firewall_packet *packet)
{
	const struct sockaddr_in *source = (const void *)&packet->source;
	const struct sockaddr_in *group = (const void *)&packet->destination;

	put_octet(header, 0, 4 << 4 | IPV4_BYTES / 4);
	if (packet->protocol == IPPROTO_IGMP) {
		header->bytes[0] = 4 << 4 | IPV4_ALERT_WORDS;
		/* Hosts of old send none. */
		header->known[0] = packet->is_outgoing ? 0xff : 0xf0;
	}
	if (packet->has_length)
		put_short(header, 2, packet->length);
	/* No fragment: all but the "don't fragment" bit is zero. */
	header->known[6] = 0xbf;
	header->known[7] = 0xff;
	if (packet->has_ttl)
		put_octet(header, 8, packet->ttl);
	put_octet(header, 9, packet->protocol);
	if (packet->source.ss_family == AF_INET)
		put(header, 12, &source->sin_addr, 4);
	put(header, 16, &group->sin_addr, 4);
}

static void init_ipv6(struct field_header *header, const struct firewall_packet *packet)
{
	const struct sockaddr_in6 *source = (const void *)&packet->source;
	const struct sockaddr_in6 *group = (const void *)&packet->destination;

	header->bytes[0] = 6 << 4;
	header->known[0] = 0xf0;
	if (packet->has_length && packet->length >= IPV6_BYTES)
		put_short(header, 4, packet->length - IPV6_BYTES);
	put_octet(header, 6,
		  packet->protocol == IPPROTO_ICMPV6 ? IPPROTO_HOPOPTS
						     : packet->protocol);
	if (packet->has_ttl)
		put_octet(header, 7, packet->ttl);
	if (packet->source.ss_family == AF_INET6)
		put(header, 8, &source->sin6_addr, 16);
	put(header, 24, &group->sin6_addr, 16);
}

static void init_transport(struct field_header *header,
			   const struct firewall_packet *packet)
{
	uint32_t n_before = packet->family == AF_INET ? IPV4_BYTES : IPV6_BYTES;

	if (packet->protocol != IPPROTO_UDP) {
		if (packet->has_type)
			put_octet(header, 0, packet->type);
		return;
	}
	if (packet->has_source_port)
		put_short(header, 0, packet->source_port);
	if (packet->has_port)
		put_short(header, 2, packet->port);
	if (packet->has_length && packet->length >= n_before)
		put_short(header, 4, packet->length - n_before);
}

static void know(struct field_state *state, enum field_beside field, struct bits bits)
{
	state->beside[field] = value_known(besides[field].kind, besides[field].width,
					   bits);
}

static void forget(struct field_state *state, enum field_beside field)
{
	state->beside[field] = value_unknown(besides[field].kind, besides[field].width);
}

void field_init(struct field_state *state, const struct firewall_packet *packet)
{
	bool is_ipv4 = packet->family == AF_INET, is_out = packet->is_outgoing;
	struct bits name = bits_of_name(packet->interface), none = bits_of(0);

	*state = (struct field_state){ .family = packet->family,
				       .protocol = packet->protocol };
	if (is_ipv4)
		init_ipv4(&state->network, packet);
	else
		init_ipv6(&state->network, packet);
	init_transport(&state->transport, packet);
	know(state, FIELD_IIF, is_out ? none : name);
	know(state, FIELD_IIFNAME, is_out ? none : name);
	know(state, FIELD_OIF, is_out ? name : none);
	know(state, FIELD_OIFNAME, is_out ? name : none);
	know(state, FIELD_L4PROTO, bits_of(packet->protocol));
	know(state, FIELD_NFPROTO, bits_of(is_ipv4 ? NFPROTO_IPV4 : NFPROTO_IPV6));
	know(state, FIELD_PROTOCOL, bits_of(is_ipv4 ? ETHERTYPE_IP : ETHERTYPE_IPV6));
	if (is_out)
		forget(state, FIELD_PKTTYPE);
	else
		know(state, FIELD_PKTTYPE, bits_of(PACKET_MULTICAST));
	know(state, FIELD_MARK, none);
	forget(state, FIELD_LENGTH);
	state->length = state->beside[FIELD_LENGTH];
	if (packet->has_length)
		state->length = value_known(KIND_NUMBER, besides[FIELD_LENGTH].width,
					    bits_of(packet->length));
	forget(state, FIELD_CT_STATE);
}

/* The kernel does not track MLD (nf_conntrack_icmpv6); it tracks all else. */
static enum truth is_never_tracked(const struct field_state *state)
{
	uint8_t type = state->transport.bytes[0];

	if (state->protocol != IPPROTO_ICMPV6)
		return TRUTH_NO;
	if (!state->transport.known[0])
		return TRUTH_UNKNOWN;
	return (type >= MLD_LISTENER_QUERY && type <= MLD_LISTENER_REDUCTION) ||
			       type == MLD2_REPORT
		       ? TRUTH_YES
		       : TRUTH_UNKNOWN;
}

/* Has connection tracking had the packet by then? */
static enum truth is_behind_tracking(enum field_hook hook, int priority)
{
	switch (hook) {
	case FIELD_INGRESS:
		return TRUTH_NO;
	case FIELD_PREROUTING:
	case FIELD_OUTPUT:
		if (priority == NF_IP_PRI_CONNTRACK)
			return TRUTH_UNKNOWN;
		return priority > NF_IP_PRI_CONNTRACK ? TRUTH_YES : TRUTH_NO;
	default:
		return TRUTH_YES;
	}
}

/* What goes to a group is never replied to: it stays new. */
static void tell_ct_state(struct field_state *state)
{
	struct value untracked = value_known(KIND_CT_STATE, besides[FIELD_CT_STATE].width,
					     bits_of(NF_CT_STATE_UNTRACKED_BIT));
	struct value *ct = &state->beside[FIELD_CT_STATE];

	if (state->is_seen == TRUTH_UNKNOWN)
		forget(state, FIELD_CT_STATE);
	else
		know(state, FIELD_CT_STATE,
		     bits_of(state->is_seen == TRUTH_YES ? NF_CT_STATE_BIT(IP_CT_NEW)
							 : NF_CT_STATE_INVALID_BIT));
	if (state->is_untracked == TRUTH_YES)
		*ct = untracked;
	else if (state->is_untracked == TRUTH_UNKNOWN)
		*ct = value_join(ct, &untracked);
}

void field_enter(struct field_state *state, enum field_hook hook, int priority)
{
	if (hook == FIELD_INGRESS)
		forget(state, FIELD_LENGTH);
	else
		state->beside[FIELD_LENGTH] = state->length;
	state->is_seen = is_behind_tracking(hook, priority);
	if (state->is_seen != TRUTH_NO && state->is_untracked == TRUTH_NO)
		state->is_untracked = state->is_seen == TRUTH_YES ||
						      state->protocol != IPPROTO_ICMPV6
					      ? is_never_tracked(state)
					      : TRUTH_UNKNOWN;
	tell_ct_state(state);
	/* There it may be that nothing is tracked at all. */
	if (hook == FIELD_EGRESS)
		forget(state, FIELD_CT_STATE);
}

void field_untrack(struct field_state *state)
{
	if (state->is_seen == TRUTH_YES)
		return; /* too late */
	if (state->is_seen == TRUTH_NO)
		state->is_untracked = TRUTH_YES;
	else if (state->is_untracked == TRUTH_NO)
		state->is_untracked = TRUTH_UNKNOWN;
	tell_ct_state(state);
}

static const char *get_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static enum truth is_present(const struct field_state *state, const char *header)
{
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		if (strcmp(headers[i].name, header) != 0)
			continue;
		switch (headers[i].presence) {
		case PRESENT_IPV4:
			return state->family == AF_INET ? TRUTH_YES : TRUTH_NO;
		case PRESENT_IPV6:
			return state->family == AF_INET6 ? TRUTH_YES : TRUTH_NO;
		case PRESENT_TRANSPORT:
			return state->protocol == headers[i].protocol ? TRUTH_YES
								      : TRUTH_NO;
		case PRESENT_ALWAYS:
			return TRUTH_YES;
		}
	}
	return TRUTH_UNKNOWN;
}

static bool find_raw_spot(const json_t *payload, struct spot *ret)
{
	const char *base = get_text(payload, "base");
	json_int_t offset = json_integer_value(json_object_get(payload, "offset"));
	json_int_t width = json_integer_value(json_object_get(payload, "len"));

	ret->is_network = !strcmp(base, "nh");
	ret->place = (struct place){ .kind = KIND_NUMBER,
				     .offset = (unsigned int)offset,
				     .width = (unsigned int)width };
	return (ret->is_network || !strcmp(base, "th")) && offset >= 0 &&
	       offset < FIELD_HEADER_MAX * 8 && width > 0 && width <= FIELD_BITS_MAX;
}

static bool find_named_spot(const json_t *payload, struct spot *ret)
{
	const char *header = get_text(payload, "protocol");
	const char *field = get_text(payload, "field");

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (strcmp(places[i].header, header) != 0 ||
		    strcmp(places[i].field, field) != 0)
			continue;
		ret->place = places[i];
		ret->is_network = !strncmp(header, "ip", 2);
		return true;
	}
	return false;
}

static bool find_spot(const json_t *payload, struct spot *ret)
{
	if (json_object_get(payload, "base") ? !find_raw_spot(payload, ret)
					     : !find_named_spot(payload, ret))
		return false;
	return ret->place.offset + ret->place.width <= FIELD_HEADER_MAX * 8;
}

/* The bits from offset on, out of the bytes that hold them. */
static struct bits cut(const uint8_t *bytes, const struct place *place)
{
	unsigned int first = place->offset / 8;
	unsigned int end = place->offset + place->width, last = (end + 7) / 8;

	/* A field that is no whole number of bytes is a short one. */
	return bits_and(bits_shift_right(bits_of_bytes(bytes + first, last - first),
					 8 * last - end),
			bits_ones(place->width));
}

static bool is_readable(const struct place *place)
{
	return (place->offset % 8 + place->width + 7) / 8 <= FIELD_BITS_MAX / 8;
}

static struct value get_payload(const struct field_state *state, const json_t *payload)
{
	const struct field_header *header;
	struct value value = value_unknown(KIND_NUMBER, FIELD_BITS_MAX);
	struct spot spot;

	if (is_present(state, get_text(payload, "protocol")) == TRUTH_NO) {
		value.is_absent = true;
		return value;
	}
	if (!find_spot(payload, &spot) || !is_readable(&spot.place))
		return value;
	header = spot.is_network ? &state->network : &state->transport;
	value = value_unknown(spot.place.kind, spot.place.width);
	value.known = bits_or(value.known, cut(header->known, &spot.place));
	value.bits = bits_and(value.known, cut(header->bytes, &spot.place));
	return value;
}

static int find_beside(const json_t *expression)
{
	for (int i = 0; i < FIELD_BESIDES; i++) {
		const json_t *inner = json_object_get(expression, besides[i].object);

		if (inner && !strcmp(get_text(inner, "key"), besides[i].key))
			return i;
	}
	return -1;
}

struct value field_get(const struct field_state *state, const json_t *expression)
{
	const json_t *payload = json_object_get(expression, "payload");
	int beside = find_beside(expression);

	if (payload)
		return get_payload(state, payload);
	return beside < 0 ? value_unknown(KIND_NUMBER, FIELD_BITS_MAX)
			  : state->beside[beside];
}

static void put_bit(uint8_t *bytes, unsigned int at, bool is_one)
{
	uint8_t bit = (uint8_t)(0x80 >> at % 8);

	bytes[at / 8] = (uint8_t)((bytes[at / 8] & ~bit) | (is_one ? bit : 0));
}

static void set_payload(struct field_state *state, const json_t *payload,
			const struct value *value)
{
	struct field_header *header;
	struct spot spot;

	if (!find_spot(payload, &spot))
		return;
	header = spot.is_network ? &state->network : &state->transport;
	for (unsigned int i = 0; i < spot.place.width; i++) {
		unsigned int at = spot.place.offset + spot.place.width - 1 - i;
		bool is_known = bits_shift_right(value->known, i).low & 1;

		put_bit(header->known, at, is_known);
		put_bit(header->bytes, at,
			is_known && bits_shift_right(value->bits, i).low & 1);
	}
}

void field_set(struct field_state *state, const json_t *expression,
	       const struct value *value)
{
	const json_t *payload = json_object_get(expression, "payload");
	int beside = find_beside(expression);

	if (payload)
		set_payload(state, payload, value);
	else if (beside >= 0)
		state->beside[beside] = *value;
}

void field_format(const json_t *expression, char *ret, size_t size)
{
	static const char *const objects[] = { "meta", "ct", "payload" };
	const char *kind = "expression";
	const json_t *inner;

	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++) {
		inner = json_object_get(expression, objects[i]);
		if (!inner)
			continue;
		if (json_object_get(inner, "field"))
			snprintf(ret, size, "%s %s", get_text(inner, "protocol"),
				 get_text(inner, "field"));
		else if (json_object_get(inner, "base"))
			snprintf(ret, size, "@%s", get_text(inner, "base"));
		else
			snprintf(ret, size, "%s %s", objects[i], get_text(inner, "key"));
		return;
	}
	if (json_is_object(expression) && json_object_size(expression))
		kind = json_object_iter_key(json_object_iter((json_t *)expression));
	snprintf(ret, size, "%s", kind);
}

static void join_header(struct field_header *header, const struct field_header *other)
{
	for (unsigned int i = 0; i < FIELD_HEADER_MAX; i++) {
		header->known[i] &= other->known[i] &
				    (uint8_t) ~(header->bytes[i] ^ other->bytes[i]);
		header->bytes[i] &= header->known[i];
	}
}

void field_join(struct field_state *state, const struct field_state *other)
{
	join_header(&state->network, &other->network);
	join_header(&state->transport, &other->transport);
	for (int i = 0; i < FIELD_BESIDES; i++)
		state->beside[i] = value_join(&state->beside[i], &other->beside[i]);
	if (state->is_untracked != other->is_untracked)
		state->is_untracked = TRUTH_UNKNOWN;
}

bool field_is_same_flow(const struct field_state *a, const struct field_state *b)
{
	bool is_ipv4 = a->family == AF_INET;
	unsigned int at = is_ipv4 ? 12 : 8, n_bytes = is_ipv4 ? 8 : 32;

	/* Addresses of the packet, then the ports. */
	return !memcmp(a->network.bytes + at, b->network.bytes + at, n_bytes) &&
	       !memcmp(a->network.known + at, b->network.known + at, n_bytes) &&
	       !memcmp(a->transport.bytes, b->transport.bytes, 4) &&
	       !memcmp(a->transport.known, b->transport.known, 4);
}
