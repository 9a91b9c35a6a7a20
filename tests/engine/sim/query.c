/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * query: the router's queries, byte by byte: RFC 9776 4.1, RFC 9777 5.1, RFC 2236 2,
 * RFC 2710 3 (see router.h).
 */
#include <string.h>

#include "router.h"
#include "writer.h"

#define IGMP_QUERY 0x11
#define MLD_QUERY  130

static struct addr get_destination(const struct history *history,
				   const struct router_query *query)
{
	if (!query->is_general &&
	    !(query->version == 1 && history->family == ENGINE_IPV4))
		return get_group(history, query->group);
	return history->family == ENGINE_IPV4 ? addr_from_ipv4(0xe0000001)
					      : (struct addr){ 0xff02000000000000, 1 };
}

static struct addr get_router(const struct history *history)
{
	return history->family == ENGINE_IPV4 ? addr_from_ipv4(0x0a0900fe)
					      : (struct addr){ 0xfe80000000000000, 0xfe };
}

static uint64_t get_response_ms(const struct history *history,
				const struct router_query *query)
{
	const struct timing *timing = &history->timing;

	return (query->is_general ? timing->response_interval : timing->last_interval) /
	       MS;
}

/* What the newest version adds: all of it small enough for the linear codes. */
static void put_newest(struct writer *writer, const struct history *history,
		       const struct router_query *query)
{
	const struct timing *timing = &history->timing;
	unsigned int n = (unsigned int)__builtin_popcount(query->sources);

	writer_put_8(writer, (query->is_suppressing ? 8u : 0u) | timing->robustness);
	writer_put_8(writer, timing->query_interval / SECOND);
	writer_put_16(writer, n);
	for (unsigned int i = 0; i < SOURCES_MAX; i++) {
		if (query->sources & 1u << i)
			writer_put_addr(writer, history->family, get_source(history, i));
	}
}

static void put_group(struct writer *writer, const struct history *history,
		      const struct router_query *query)
{
	struct addr none = history->family == ENGINE_IPV4 ? addr_from_ipv4(0)
							  : (struct addr){ 0 };

	writer_put_addr(writer, history->family,
			query->is_general ? none : get_group(history, query->group));
}

static size_t encode_igmp(const struct history *history, const struct router_query *query,
			  uint8_t *bytes)
{
	struct writer writer = { bytes, QUERY_LEN_MAX, 0 };
	bool is_v1 = query->version == 1;

	writer_put_16(&writer, 0x46c0); /* with Router Alert */
	writer_put_16(&writer, 0);      /* length, below */
	writer_put_16(&writer, 0x1234);
	writer_put_16(&writer, 0);
	writer_put_16(&writer, 0x0102); /* TTL 1, IGMP */
	writer_put_16(&writer, 0);
	writer_put_addr(&writer, history->family, get_router(history));
	writer_put_addr(&writer, history->family, get_destination(history, query));
	writer_put_16(&writer, 0x9404);
	writer_put_16(&writer, 0);
	writer_put_8(&writer, IGMP_QUERY);
	writer_put_8(&writer, is_v1 ? 0 : get_response_ms(history, query) / 100);
	writer_put_16(&writer, 0);
	put_group(&writer, history, query);
	if (query->version == 3)
		put_newest(&writer, history, query);
	bytes[3] = (uint8_t)writer.len;
	writer_put_sum(bytes + 10, writer_add(0, bytes, 24));
	writer_put_sum(bytes + 26, writer_add(0, bytes + 24, writer.len - 24));
	return writer.len;
}

static size_t encode_mld(const struct history *history, const struct router_query *query,
			 uint8_t *bytes)
{
	struct writer writer = { bytes, QUERY_LEN_MAX, 0 };

	writer_put_16(&writer, 0x6000);
	writer_put_16(&writer, 0);
	writer_put_16(&writer, 0); /* length, below */
	writer_put_16(&writer, 0x0001);
	writer_put_addr(&writer, history->family, get_router(history));
	writer_put_addr(&writer, history->family, get_destination(history, query));
	writer_put_16(&writer, 58 << 8); /* hop-by-hop options: Router Alert, PadN */
	writer_put_16(&writer, 0x0502);
	writer_put_16(&writer, 0);
	writer_put_16(&writer, 0x0100);
	writer_put_8(&writer, MLD_QUERY);
	writer_put_8(&writer, 0);
	writer_put_16(&writer, 0);
	writer_put_16(&writer, get_response_ms(history, query));
	writer_put_16(&writer, 0);
	put_group(&writer, history, query);
	if (query->version == 2)
		put_newest(&writer, history, query);
	bytes[5] = (uint8_t)(writer.len - 40);
	writer_put_sum(bytes + 50,
		       writer_add((uint32_t)writer.len - 48 + 58, bytes + 8, 32) +
			       writer_add(0, bytes + 48, writer.len - 48));
	return writer.len;
}

size_t query_encode(const struct history *history, const struct router_query *query,
		    uint8_t bytes[QUERY_LEN_MAX])
{
	return history->family == ENGINE_IPV4 ? encode_igmp(history, query, bytes)
					      : encode_mld(history, query, bytes);
}

void query_print(const struct history *history, const struct router_query *query,
		 FILE *stream)
{
	char sources[SOURCES_TEXT];

	fprintf(stream, " %s query", get_version_name(history->family, query->version));
	if (query->is_general)
		return;
	fprintf(stream, "(%u)", query->group);
	format_sources(query->sources, sources);
	if (query->sources)
		fprintf(stream, "%s", sources);
	if (query->is_suppressing)
		fprintf(stream, " S");
}
