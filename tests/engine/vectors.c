/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages as bytes and as text (see vectors.h). */
#include "vectors.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

const struct proto *const vector_protos[ENGINE_FAMILIES] = {
	[ENGINE_IPV4] = &proto_igmp,
	[ENGINE_IPV6] = &proto_mld,
};

static const char *const types[] = { "?",     "IS_IN", "IS_EX", "TO_IN",
				     "TO_EX", "ALLOW", "BLOCK" };

#define TYPES (sizeof(types) / sizeof(types[0]))

static const uint8_t ipv4_header[24] = {
	0x46, 0xc0, 0, 0,   0, 0, 0, 0, 1, 2, 0, 0, /* TTL 1, IGMP */
	10,   9,    0, 254,                         /* 10.9.0.254 */
	224,  0,    0, 1,                           /* 224.0.0.1 */
	148,  4,    0, 0,                           /* Router Alert */
};

static const uint8_t ipv6_header[48] = {
	0x60, 0,    0, 0, 0, 0, 0, 1,                            /* hop limit 1 */
	0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfe, /* fe80::fe */
	0xff, 2,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,    /* ff02::1 */
	58,   0,    5, 2, 0, 0, 1, 0,                            /* Router Alert */
};

struct addr vector_addr(const char *text)
{
	uint8_t bytes[16] = { 0 };

	if (inet_pton(AF_INET, text, bytes) == 1)
		return addr_from_ipv4((uint32_t)bytes[0] << 24 | bytes[1] << 16 |
				      bytes[2] << 8 | bytes[3]);
	if (inet_pton(AF_INET6, text, bytes) != 1)
		tap_bail_out("not an address: %s", text);
	return addr_from_bytes(bytes);
}

static void print_addr(struct addr addr, char ret_text[INET6_ADDRSTRLEN])
{
	uint8_t bytes[16];

	addr_to_bytes(addr, bytes);
	if (addr_is_ipv4(addr))
		inet_ntop(AF_INET, bytes + 12, ret_text, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, bytes, ret_text, INET6_ADDRSTRLEN);
}

size_t vector_read_hex(const char *hex, uint8_t *ret_bytes)
{
	size_t n = 0;

	for (; hex[0] && hex[1]; hex += 2) {
		char octet[3] = { hex[0], hex[1], '\0' };

		ret_bytes[n++] = (uint8_t)strtoul(octet, NULL, 16);
	}
	return n;
}

uint32_t vector_sum(const uint8_t *bytes, size_t len)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += (uint64_t)bytes[i] << (i % 2 ? 0 : 8);
	return sum && sum % 0xffff == 0 ? 0xffff : (uint32_t)(sum % 0xffff);
}

static void put_16(uint8_t *bytes, size_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

void vector_mend(struct vector *vector)
{
	uint8_t *message = vector->bytes + vector->message;
	size_t len = vector->len - vector->message;
	uint32_t sum = 0;

	if (len < 4)
		return;
	put_16(message + 2, 0);
	if (vector->bytes[0] >> 4 == 6)
		sum = vector_sum(vector->bytes + 8, 32) + (uint32_t)len + 58;
	sum += vector_sum(message, len);
	put_16(message + 2, 0xffff - sum % 0xffff);
}

void vector_wrap(struct vector *ret, enum engine_family family, const uint8_t *message,
		 size_t len)
{
	bool is_ipv4 = family == ENGINE_IPV4;

	ret->message = is_ipv4 ? sizeof(ipv4_header) : sizeof(ipv6_header);
	ret->len = ret->message + len;
	memcpy(ret->bytes, is_ipv4 ? ipv4_header : ipv6_header, ret->message);
	memcpy(ret->bytes + ret->message, message, len);
	put_16(ret->bytes + (is_ipv4 ? 2 : 4), is_ipv4 ? ret->len : ret->len - 40);
	vector_mend(ret);
}

static bool is_within(const struct vector *vector, const uint8_t *bytes, size_t len)
{
	return len == 0 ||
	       (bytes >= vector->bytes && bytes + len <= vector->bytes + vector->len);
}

/* Reads all records where one byte too many is seen. */
static void walk_records(const struct proto *proto, struct message message)
{
	struct record record;

	if (message.kind == MESSAGE_RECORDS)
		while (proto->next_record(&message, &record) > 0)
			continue;
}

/* A view into the copy becomes one into the vector. */
static const uint8_t *move(const struct vector *vector, const uint8_t *copy,
			   const uint8_t *view)
{
	return view ? vector->bytes + (view - copy) : NULL;
}

int vector_decode(const struct vector *vector, struct engine_datagram *ret_datagram,
		  struct message *ret, bool *ret_is_within)
{
	const struct proto *proto =
		vector_protos[vector->bytes[0] >> 4 == 4 ? ENGINE_IPV4 : ENGINE_IPV6];
	uint8_t *copy = malloc(vector->len);
	int r;

	if (!copy)
		tap_bail_out("no memory");
	memcpy(copy, vector->bytes, vector->len);
	*ret_is_within = true;
	r = engine_read_datagram(copy, vector->len, ret_datagram);
	if (r == 0) {
		proto->decode(ret_datagram, ret);
		walk_records(proto, *ret);
		ret_datagram->message = move(vector, copy, ret_datagram->message);
		ret->query.sources = move(vector, copy, ret->query.sources);
		ret->records = move(vector, copy, ret->records);
		*ret_is_within = is_within(vector, ret_datagram->message,
					   ret_datagram->len) &&
				 is_within(vector, ret->records, ret->n_record_bytes) &&
				 (ret->kind != MESSAGE_QUERY ||
				  is_within(vector, ret->query.sources,
					    ret->query.n_sources * proto->addr_len));
	}
	free(copy);
	return r;
}

enum message_kind vector_decode_message(enum engine_family family, const uint8_t *message,
					size_t len, struct vector *vector,
					struct message *ret)
{
	struct engine_datagram datagram;
	bool is_inside;

	vector_wrap(vector, family, message, len);
	if (vector_decode(vector, &datagram, ret, &is_inside) < 0 || !is_inside)
		tap_bail_out("a whole datagram is not read");
	return ret->kind;
}

static enum record_type find_type(const char *name, size_t len)
{
	for (size_t i = 1; i < TYPES; i++)
		if (strlen(types[i]) == len && strncmp(types[i], name, len) == 0)
			return (enum record_type)i;
	tap_bail_out("no record type: %s", name);
}

/* Takes an address off the text, which ends at one of the ends. */
static struct addr take_addr(const char **text, const char *ends)
{
	char word[INET6_ADDRSTRLEN + 1];
	size_t len = strcspn(*text, ends);

	snprintf(word, sizeof(word), "%.*s", (int)len, *text);
	*text += len + 1;
	return vector_addr(word);
}

/* Takes a record off the text. Returns its length as bytes. */
static size_t take_record(const struct proto *proto, const char **text, uint8_t *bytes)
{
	size_t name_len = strcspn(*text, "("), len = proto->record_len;
	enum record_type type = find_type(*text, name_len);
	uint16_t n_sources = 0;
	struct addr group;
	const char *end;

	*text += name_len + 1;
	group = take_addr(text, ")");
	*text += 1;
	end = strchr(*text, '}');
	while (*text < end) {
		proto->put_source(bytes + len, take_addr(text, ",}"));
		len += proto->addr_len;
		n_sources++;
	}
	*text = end + 1;
	proto->put_record(bytes, type, group, n_sources);
	return len;
}

void vector_encode_report(struct vector *ret, enum engine_family family, const char *from,
			  const char *records, bool has_alert)
{
	const struct proto *proto = vector_protos[family];
	uint16_t n_records = 0;

	ret->len = proto->begin_report(has_alert);
	while (*records) {
		ret->len += take_record(proto, &records, ret->bytes + ret->len);
		n_records++;
		if (*records == ' ')
			records++;
	}
	ret->len = proto->end_report(ret->bytes, ret->len, vector_addr(from), n_records,
				     has_alert, &ret->message);
}

void vector_encode_older(struct vector *ret, enum engine_family family, const char *from,
			 uint8_t version, const char *group, bool is_leave,
			 bool has_alert)
{
	ret->len = vector_protos[family]->encode_older(
		ret->bytes, vector_addr(from), version, vector_addr(group), is_leave,
		has_alert, &ret->message);
}

static void print_record(const struct proto *proto, const struct record *record,
			 FILE *out)
{
	char text[INET6_ADDRSTRLEN];

	print_addr(record->group, text);
	if (record->type > 0 && record->type < TYPES)
		fprintf(out, "%s(%s){", types[record->type], text);
	else
		fprintf(out, "%u(%s){", record->type, text);
	for (uint16_t i = 0; i < record->n_sources; i++) {
		print_addr(proto->get_source(record->sources, i), text);
		fprintf(out, "%s%s", i ? "," : "", text);
	}
	fputc('}', out);
}

char *vector_print_records(enum engine_family family, struct message message)
{
	const struct proto *proto = vector_protos[family];
	struct record record;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int r;

	if (!out)
		tap_bail_out("no memory");
	for (bool is_first = true; (r = proto->next_record(&message, &record)) > 0;
	     is_first = false) {
		fputs(is_first ? "" : " ", out);
		print_record(proto, &record, out);
	}
	fputs(r < 0 ? " short" : "", out);
	fclose(out);
	return text;
}
