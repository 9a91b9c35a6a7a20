/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: see report.h. RFC 9776 4.2, RFC 9777 5.2; the older ones RFC 2236 2, RFC
 * 2710 3.
 */
#include "report.h"

#include <netinet/in.h>
#include <string.h>

#include "wire.h"

static struct addr read_address(const struct sockaddr_storage *address)
{
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;

	if (address->ss_family == AF_INET) {
		memcpy(&ipv4, address, sizeof(ipv4));
		return addr_from_ipv4(ntohl(ipv4.sin_addr.s_addr));
	}
	memcpy(&ipv6, address, sizeof(ipv6));
	return addr_from_bytes(ipv6.sin6_addr.s6_addr);
}

static bool find_group(const struct history *history,
		       const struct sockaddr_storage *address, unsigned int *ret)
{
	struct addr addr = read_address(address);

	for (unsigned int i = 0; i < history->n_groups; i++) {
		if (!addr_equal(addr, get_group(history, i)))
			continue;
		*ret = i;
		return true;
	}
	return false;
}

static const char *read_sources(const struct history *history,
				const struct wire_record *record, unsigned int *ret)
{
	struct sockaddr_storage address;
	struct addr first = get_source(history, 0), addr;

	for (uint32_t i = 0; i < record->n_sources; i++) {
		wire_read_source(record->group.ss_family, record->sources, i, &address);
		addr = read_address(&address);
		if (addr.hi != first.hi || addr.lo - first.lo >= history->n_sources)
			return "a source that nobody names";
		if (*ret & 1u << (addr.lo - first.lo))
			return "a source twice in a record";
		*ret |= 1u << (addr.lo - first.lo);
	}
	return NULL;
}

static bool is_sent_empty(unsigned int type)
{
	return type == IS_EX || type == TO_EX || type == TO_IN;
}

/* A group has one record in a message, or ALLOW and BLOCK. */
static bool clashes(const struct report_record *a, const struct report_record *b)
{
	if (a->group != b->group)
		return false;
	return a->type == b->type || a->type < ALLOW || b->type < ALLOW ||
	       (a->sources & b->sources);
}

static const char *read_record(const struct history *history,
			       const struct wire_record *wire, struct report *ret)
{
	struct report_record *record = &ret->records[ret->n_records];
	const char *why;

	if (ret->n_records == RECORDS_MAX)
		return "too many records";
	*record = (struct report_record){ .type = wire->type };
	if (wire->type < IS_IN || wire->type > BLOCK)
		return "a record of unknown type";
	if (!find_group(history, &wire->group, &record->group))
		return "a group that nobody names";
	if (is_ssm(history, record->group) &&
	    (wire->type == IS_EX || wire->type == TO_EX))
		return "EXCLUDE of a source-specific group";
	why = read_sources(history, wire, &record->sources);
	if (why)
		return why;
	if (!record->sources && !is_sent_empty(wire->type))
		return "a record without sources";
	ret->n_records++;
	for (unsigned int i = 0; i + 1 < ret->n_records; i++) {
		if (clashes(record, &ret->records[i]))
			return "records of one group that contradict each other";
	}
	return NULL;
}

static const char *read_records(const struct history *history,
				const struct wire_packet *packet, struct report *ret)
{
	struct wire_record record;
	uint32_t offset = 0;
	const char *why;

	if (!packet->n_records)
		return "a report without records";
	for (uint32_t i = 0; i < packet->n_records; i++) {
		if (wire_read_record(packet, &offset, &record) < 0)
			return "a record that is cut off";
		why = read_record(history, &record, ret);
		if (why)
			return why;
	}
	return offset == packet->n_payload ? NULL : "bytes behind the last record";
}

static struct addr get_destination(const struct history *history,
				   const struct report *report)
{
	bool is_ipv4 = history->family == ENGINE_IPV4;

	if (report->version == get_newest_version(history->family))
		return is_ipv4 ? addr_from_ipv4(0xe0000016)
			       : (struct addr){ 0xff02000000000000, 0x16 };
	if (!report->is_leave)
		return get_group(history, report->group);
	return is_ipv4 ? addr_from_ipv4(0xe0000002)
		       : (struct addr){ 0xff02000000000000, 2 };
}

static const char *check_head(const struct history *history,
			      const struct wire_packet *packet,
			      const struct report *report, struct addr from)
{
	if (!addr_equal(read_address(&packet->source), from))
		return "a source address that is not the host's";
	if (!addr_equal(read_address(&packet->destination),
			get_destination(history, report)))
		return "a wrong destination";
	if (packet->ttl != 1)
		return "a TTL that is not 1";
	if (!packet->has_router_alert &&
	    (report->version > 1 || history->family == ENGINE_IPV6))
		return "no Router Alert";
	return packet->length <= history->mtu ? NULL : "larger than the MTU";
}

const char *report_read(const struct history *history, unsigned int host,
			bool has_address, const uint8_t *bytes, size_t len,
			struct report *ret)
{
	bool is_ipv4 = history->family == ENGINE_IPV4;
	struct addr nobody = is_ipv4 ? addr_from_ipv4(0) : (struct addr){ 0 };
	struct wire_packet packet;
	const char *why = NULL;

	if (!wire_parse(bytes, (uint32_t)len, &packet) || packet.kind != WIRE_REPORT)
		return "no report";
	*ret = (struct report){
		.version = (unsigned int)packet.version,
		.is_leave = packet.is_leave,
		.is_from_nobody = !has_address,
	};
	if (ret->version == get_newest_version(history->family))
		why = read_records(history, &packet, ret);
	else if (!find_group(history, &packet.group, &ret->group))
		why = "a group that nobody names";
	if (why)
		return why;
	return check_head(history, &packet, ret,
			  has_address ? get_host(history, host) : nobody);
}

void report_print(const struct history *history, const struct report *report,
		  FILE *stream)
{
	static const char *const types[] = { "",      "IS_IN", "IS_EX", "TO_IN",
					     "TO_EX", "ALLOW", "BLOCK" };
	char sources[SOURCES_TEXT];

	if (report->version < get_newest_version(history->family))
		fprintf(stream, " %s %s(%u)",
			get_version_name(history->family, report->version),
			report->is_leave ? "leave" : "report", report->group);
	for (unsigned int i = 0; i < report->n_records; i++) {
		const struct report_record *record = &report->records[i];

		format_sources(record->sources, sources);
		fprintf(stream, " %s(%u)%s", types[record->type], record->group, sources);
	}
}
