/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * body: what IGMPv3 and MLDv2 have alike but for the length of addresses. Behind the
 * group of a query (RFC 9776 4.1, RFC 9777 5.1):
 *
 *	+-------+-+-----+---------------+-------------------------------+
 *	| Flags |S| QRV |     QQIC      |     Number of Sources (N)     |
 *	+-------+-+-----+---------------+-------------------------------+
 *	|                   Source Address [1] ... [N]                  |
 *	+---------------------------------------------------------------+
 *
 * A report and each of its group records (RFC 9776 4.2, RFC 9777 5.2):
 *
 *	+---------------+---------------+-------------------------------+
 *	|     Type      |   Reserved    |           Checksum            |
 *	+---------------+---------------+-------------------------------+
 *	|             Flags             |  Number of Group Records (M)  |
 *	+-------------------------------+-------------------------------+
 *
 *	+---------------+---------------+-------------------------------+
 *	|  Record Type  | Aux Data Len  |     Number of Sources (N)     |
 *	+---------------+---------------+-------------------------------+
 *	|                       Multicast Address                       |
 *	+---------------------------------------------------------------+
 *	|                   Source Address [1] ... [N]                  |
 *	+---------------------------------------------------------------+
 *	|                         Auxiliary Data                        |
 *	+---------------------------------------------------------------+
 *
 * Octets behind them are ignored (RFC 9776 4.1.10, 4.2.11).
 */
#ifndef ENGINE_BODY_H
#define ENGINE_BODY_H

#include <errno.h>

#include "engine/bytes.h"
#include "engine/code.h"
#include "engine/proto.h"

#define BODY_QUERY  4u /* bytes of a query between group and sources */
#define BODY_REPORT 8u /* bytes of a report before its records */
#define BODY_RECORD 4u /* bytes of a record before its group */

#define BODY_QRV_MASK 0x07u
#define BODY_S_FLAG   0x08u
#define BODY_AUX_UNIT 4u

/* Fills what stands behind the group. False: it has fewer sources than it says. */
static inline bool body_read_query(const uint8_t *bytes, size_t len, size_t addr_len,
				   struct query *ret)
{
	ret->robustness = bytes[0] & BODY_QRV_MASK;
	ret->interval_s = code_decode8(bytes[1]);
	ret->n_sources = bytes_get16(bytes + 2);
	ret->sources = bytes + BODY_QUERY;
	return ret->n_sources <= (len - BODY_QUERY) / addr_len;
}

/* A robustness that QRV has no room for is not told (RFC 9776 4.1.6). */
static inline void body_put_query(uint8_t *bytes, const struct query_fields *fields,
				  uint16_t n_sources)
{
	bytes[0] = fields->robustness > BODY_QRV_MASK ? 0 : fields->robustness;
	bytes[0] |= fields->is_suppressing ? BODY_S_FLAG : 0;
	bytes[1] = code_encode8(fields->interval_s);
	bytes_put16(bytes + 2, n_sources);
}

/* As many of the sources as the largest datagram has room for behind head bytes. */
static inline uint16_t body_count_sources(const struct query_fields *fields, size_t head,
					  size_t addr_len)
{
	size_t room = (ENGINE_PACKET_MAX - head) / addr_len;

	return fields->n_sources < room ? fields->n_sources : (uint16_t)room;
}

static inline void body_read_report(const uint8_t *bytes, size_t len, struct message *ret)
{
	ret->n_records = bytes_get16(bytes + 6);
	ret->records = bytes + BODY_REPORT;
	ret->n_record_bytes = len - BODY_REPORT;
}

/* The checksum is still to come. */
static inline void body_put_report(uint8_t *bytes, uint8_t type, uint16_t n_records)
{
	bytes[0] = type;
	bytes[1] = 0;
	bytes_put16(bytes + 4, 0);
	bytes_put16(bytes + 6, n_records);
}

/* As next_record() of struct proto, but for the group, which is left as it is. */
static inline int body_next_record(struct message *message, size_t addr_len,
				   struct record *ret)
{
	const uint8_t *bytes = message->records;
	size_t head = BODY_RECORD + addr_len, len;

	if (message->n_records == 0)
		return 0;
	if (message->n_record_bytes < head)
		return -EBADMSG;
	len = head + bytes_get16(bytes + 2) * addr_len + bytes[1] * BODY_AUX_UNIT;
	if (message->n_record_bytes < len)
		return -EBADMSG;
	ret->type = bytes[0];
	ret->n_sources = bytes_get16(bytes + 2);
	ret->sources = bytes + head;
	message->n_records--;
	message->records += len;
	message->n_record_bytes -= len;
	return 1;
}

static inline void body_put_record(uint8_t *bytes, enum record_type type,
				   uint16_t n_sources)
{
	bytes[0] = (uint8_t)type;
	bytes[1] = 0;
	bytes_put16(bytes + 2, n_sources);
}

#endif
