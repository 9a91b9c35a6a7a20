/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: what passes an interface that has to do with multicast, in both
 * directions: queries and reports of IGMP (RFC 2236, 3376) and MLD (RFC 2710, 3810),
 * and UDP datagrams to groups.  An AF_PACKET socket with a filter in the kernel; it
 * changes nothing and joins nothing (an interface that filters in hardware shows
 * what somebody joined).  Needs CAP_NET_RAW.
 */
#ifndef MSFCTL_WIRE_H
#define MSFCTL_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

#define WIRE_MAC 6

enum wire_kind {
	WIRE_QUERY,
	WIRE_REPORT, /* a leave or done too */
	WIRE_DATAGRAM,
};

/*
 * One packet, checked for its lengths and the checksums of IPv4, IGMP and MLD (that of
 * UDP may be unfinished in what this host sends).  Pointers are into the bytes that
 * were read: those of the wire are valid until the next wire_pop().
 */
struct wire_packet {
	enum wire_kind kind;
	struct timespec when; /* CLOCK_REALTIME */
	uint32_t ifindex;
	bool is_outgoing;      /* sent by this host */
	uint8_t mac[WIRE_MAC]; /* of the sender; zero where links have none */
	int family;
	struct sockaddr_storage source, destination;
	uint8_t ttl;           /* or hop limit */
	bool has_router_alert; /* RFC 2113, RFC 2711 */
	uint32_t length;       /* of the IP packet, bytes */

	/* WIRE_QUERY, WIRE_REPORT */
	int version;                   /* IGMP 1, 2, 3; MLD 1, 2 */
	struct sockaddr_storage group; /* queried, or of a v1/v2/MLDv1 report; ss_family
					* AF_UNSPEC: general query, or records */
	uint32_t max_response_ms;      /* queries */
	uint32_t query_interval_s;     /* QQI of v3 and MLDv2 queries; 0: not told */
	uint8_t robustness;            /* QRV of them; 0: not told */
	bool is_leave;                 /* IGMPv2 leave, MLDv1 done */

	/* WIRE_DATAGRAM; ports in host order, 0 in later fragments */
	uint16_t source_port, port;
	uint32_t payload_hash; /* of what was captured, to see the same twice */

	const uint8_t *payload; /* of the datagram, the sources of a query, or the
				 * group records of a report; NULL: none */
	uint32_t n_payload;     /* bytes captured */
	uint32_t n_sources;     /* of a v3 or MLDv2 query: 4 or 16 bytes each */
	uint32_t n_records;     /* of a v3 or MLDv2 report */
};

/* One group record of a report (RFC 3376 4.2.4). */
struct wire_record {
	uint8_t type; /* 1 MODE_IS_INCLUDE ... 6 BLOCK_OLD_SOURCES */
	struct sockaddr_storage group;
	uint32_t n_sources;
	const uint8_t *sources; /* n_sources addresses, 4 or 16 bytes each */
};

#define WIRE_CONTROL   1u /* queries and reports */
#define WIRE_DATAGRAMS 2u /* UDP to multicast groups */

struct wire;

/* ifindex 0: every interface. 0 or -errno (-EPERM: no CAP_NET_RAW; -ENODEV). */
int wire_new(struct wire **ret, uint32_t ifindex, unsigned int what);

/* Frees; NULL is fine. Returns NULL. */
struct wire *wire_free(struct wire *wire);

int wire_get_fd(const struct wire *wire);

/* 1 and the next packet of those we know; 0: nothing to read now; or -errno. */
int wire_pop(struct wire *wire, struct wire_packet *ret);

/* Packets lost because we were too slow, since the last call. */
uint32_t wire_take_drops(struct wire *wire);

/* The next record of a report; *offset starts as 0 and is kept between
 * calls. 0, or -EBADMSG: the report is shorter than it says. */
int wire_read_record(const struct wire_packet *report, uint32_t *offset,
		     struct wire_record *ret);

/* Source number i of a query or record, which is of that family. */
void wire_read_source(int family, const uint8_t *sources, uint32_t i,
		      struct sockaddr_storage *ret);

/* Reads a packet from bytes that begin with the IP header; what the fuzzer calls.
 * Fills all but when, ifindex, is_outgoing and mac, which are 0. 1, or 0: none of our
 * kinds, or broken. A datagram may be cut short behind its headers. */
int wire_parse(const uint8_t *bytes, uint32_t n_bytes, struct wire_packet *ret);

#endif
