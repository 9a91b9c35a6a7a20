/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proto: what differs between IGMP and MLD: numbers, formats, addresses. The state
 * machines know neither; igmp.c and mld.c do, a router's side of the codec too.
 * Messages are decoded into views that borrow the bytes of the packet; behind the codec
 * nobody sees a length that was not checked.
 */
#ifndef ENGINE_PROTO_H
#define ENGINE_PROTO_H

#include "engine/engine.h"

/* RFC 9776 4.2.12, RFC 9777 5.2.12. */
enum record_type {
	MODE_IS_INCLUDE = 1,
	MODE_IS_EXCLUDE = 2,
	CHANGE_TO_INCLUDE_MODE = 3,
	CHANGE_TO_EXCLUDE_MODE = 4,
	ALLOW_NEW_SOURCES = 5,
	BLOCK_OLD_SOURCES = 6,
};

enum message_kind {
	MESSAGE_QUERY,
	MESSAGE_REPORT,         /* of an older version */
	MESSAGE_LEAVE,          /* or Done */
	MESSAGE_RECORDS,        /* a report of the newest version; nothing to a host */
	MESSAGE_OTHER,          /* of a type that is nothing to a host */
	MESSAGE_UNKNOWN_LENGTH, /* a query of 9 to 11 (25 to 27) bytes (R-QRY-10) */
	MESSAGE_SHORT,
	MESSAGE_BAD_CHECKSUM,
	MESSAGE_BAD_QUERY,  /* fewer sources than it says; a group that is none */
	MESSAGE_BAD_REPORT, /* its group is not multicast */
};

struct query {
	uint64_t max_response;   /* us, as its own version reads the code */
	uint64_t older_response; /* us, as the older one does (R-CMP-9): linear; IGMP code
				  * 0 is 10 s */
	uint8_t older_version;   /* what the older one takes it for */
	uint8_t robustness;      /* QRV; 0: not told */
	uint32_t interval_s;     /* QQI; 0: not told */
	uint16_t n_sources;
	const uint8_t *sources; /* borrowed, unaligned, network order; see get_source */
};

struct message {
	enum message_kind kind;
	uint8_t version;   /* IGMP 1, 2, 3; MLD 1, 2 */
	struct addr group; /* unspecified: all (General Query; every IGMPv1 query) */
	struct query query;
	uint16_t n_records;
	const uint8_t *records; /* borrowed, n_record_bytes of them */
	size_t n_record_bytes;
};

/* One group record of a report of the newest version: what a router hears. */
struct record {
	uint8_t type; /* enum record_type, or one that nobody knows */
	struct addr group;
	uint16_t n_sources;
	const uint8_t *sources; /* borrowed, see get_source */
};

/* A query of any version, as a router asks. */
struct query_fields {
	uint8_t version;
	struct addr source, destination, group;
	uint64_t max_response; /* us */
	bool is_suppressing;   /* S flag */
	uint8_t robustness;
	uint32_t interval_s;
	const struct addr *sources;
	uint16_t n_sources;
};

struct proto {
	enum engine_family family;
	uint8_t newest;    /* version */
	size_t record_len; /* header of a group record */
	size_t addr_len;
	struct addr reports;   /* where reports of the newest version go */
	struct addr leaves;    /* where Leave and Done go */
	struct addr all_hosts; /* 224.0.0.1, ff02::1: joined for ever, never reported */
	/* Unsolicited Report Interval of the older versions, us. */
	uint64_t older_unsolicited;

	/* Reads a message. Never fails: what is wrong is a kind. Of a bad message only
	 * the kind and, of a bad query or report, the version are defined. */
	void (*decode)(const struct engine_datagram *datagram, struct message *ret);
	/* Source i of a query or record, which has as many. */
	struct addr (*get_source)(const uint8_t *sources, uint16_t i);
	/* Takes the next record off message->records: 1; 0: no more; -EBADMSG: the rest
	 * is shorter than it says. Auxiliary data is skipped. */
	int (*next_record)(struct message *message, struct record *ret);

	/*
	 * Encoders write a whole datagram to bytes, from the IP header on, and return
	 * its length; *ret_message is where the message begins. Nothing of the buffer is
	 * left unwritten.
	 */

	/* An older report (is_leave: Leave, Done), at most 128 bytes. has_alert: IGMP
	 * alone has a choice, and v1 has none. */
	size_t (*encode_older)(uint8_t *bytes, struct addr source, uint8_t version,
			       struct addr group, bool is_leave, bool has_alert,
			       size_t *ret_message);

	/* A report of the newest version around n_records, which already stand at
	 * bytes + begin_report(); len is what they and the headers make. */
	size_t (*begin_report)(bool has_alert);
	size_t (*end_report)(uint8_t *bytes, size_t len, struct addr source,
			     uint16_t n_records, bool has_alert, size_t *ret_message);

	/* Returns its length; bytes has room for ENGINE_PACKET_MAX. */
	size_t (*encode_query)(uint8_t *bytes, const struct query_fields *fields);

	/* One record header of record_len bytes, and one source of addr_len. */
	void (*put_record)(uint8_t *bytes, enum record_type type, struct addr group,
			   uint16_t n_sources);
	void (*put_source)(uint8_t *bytes, struct addr source);

	/* May it be told at all: not 224.0.0.1, ff02::1, scopes 0 and 1 (R-MRG-9)? */
	bool (*is_reportable)(struct addr group);
	/* 224.0.0.0/24, the Local Network Control Block (RFC 5771); IPv6 has none. */
	bool (*is_local_control)(struct addr group);
};

extern const struct proto proto_igmp;
extern const struct proto proto_mld;

#endif
