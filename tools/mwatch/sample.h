/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sample: what was counted until one moment, on every interface: the one thing that
 * views, metrics, records and expectations read.  Plain values; nothing points into
 * the flow table, which goes on counting meanwhile.
 */
#ifndef MWATCH_SAMPLE_H
#define MWATCH_SAMPLE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Gaps between packets: bucket 0 is below 1 us, bucket i from 2^(i-1) to 2^i us, the last
 * one from 4 s upwards. */
#define SAMPLE_N_BUCKETS 24

/* What the loss of a flow is told by. */
enum sample_sequence {
	SAMPLE_NO_SEQUENCE, /* lost, duplicates and reordered cannot be known */
	SAMPLE_RTP,         /* RFC 3550 5.1 */
	SAMPLE_TS, /* ISO/IEC 13818-1 2.4.3.3; lost counts TS packets, no order known */
	SAMPLE_MSEND,
	SAMPLE_FIELD, /* --seq */
};

/* What the jitter of a flow is measured against (RFC 3550 6.4.1). */
enum sample_clock {
	SAMPLE_NO_JITTER, /* too few packets */
	SAMPLE_RTP_CLOCK,
	SAMPLE_MSEND_CLOCK,
	SAMPLE_ARRIVAL, /* no sender's time: how far gaps differ from the one before */
};

enum sample_verdict {
	SAMPLE_UNKNOWN, /* it cannot be known */
	SAMPLE_ACCEPT,
	SAMPLE_BLOCK,
	SAMPLE_UNJOINED,
};

/* Counted over some time. A datagram counts once, however it was cut or glued. */
struct sample_counts {
	uint64_t packets;    /* UDP datagrams */
	uint64_t bytes;      /* of UDP payload */
	uint64_t lost;       /* not seen until now */
	uint64_t duplicates; /* seen again */
	uint64_t reordered;  /* seen late; not in lost */
	uint64_t restarts;   /* the sender began anew */
	uint64_t ts_lost;    /* TS packets that are missing, if it carries any */
	uint64_t gap_ns;     /* the largest between two packets; 0: fewer than two */
	uint32_t peak_1ms;   /* most packets in any 1 ms */
	uint32_t peak_100ms; /* most packets in any 100 ms */
};

struct sample_flow {
	uint64_t id; /* of this flow alone, as long as the table holds it */
	int family;
	uint8_t source[16], group[16]; /* the first 4 bytes for AF_INET */
	uint16_t port;                 /* host order */
	uint16_t vlan;                 /* 0: none */
	uint8_t ttl;                   /* of the last packet */
	uint8_t ttl_min, ttl_max;
	bool is_outgoing; /* sent by this host */
	bool has_ts;      /* ts_lost means something */
	uint32_t i_interface;
	enum sample_sequence sequence;
	enum sample_clock clock;
	enum sample_verdict verdict;
	uint64_t jitter_ns;
	uint64_t first_ns, last_ns; /* since the epoch */
	struct sample_counts interval, total;
	uint32_t buckets[SAMPLE_N_BUCKETS]; /* gaps in this interval */
};

/* What does not belong to a flow, over some time. */
struct sample_wire {
	uint64_t packets;      /* UDP datagrams counted in flows, evicted ones too */
	uint64_t bytes;        /* of their payload */
	uint64_t kernel_drops; /* packets that found the ring full */
	uint64_t malformed;    /* headers that contradict themselves, or are cut */
	uint64_t orphans;      /* fragments whose first one was not seen */
	uint64_t evicted;      /* flows that made room for others */
};

struct sample_interface {
	char name[IF_NAMESIZE];
	uint32_t ifindex;
	bool is_gone; /* it was removed, or is down */
	struct sample_wire interval, total;
};

/* Where packets that a socket should get vanish (delivered.h). */
struct sample_delivery {
	uint32_t i_interface;
	int family;
	uint8_t group[16];
	uint16_t port;
	uint64_t wire;          /* datagrams that the filter in force admits */
	int64_t socket;         /* that came as far as a socket; -1: cannot be known */
	int64_t queue_drops;    /* that found the receive queue full; -1: the same */
	int64_t checksum_drops; /* of the network namespace, not of this group alone */
	int64_t memory_drops;   /* UDP memory; the same */
	int64_t route_drops;    /* reverse-path check; the same */
	uint64_t under_way; /* wire and socket may differ by so many: not read at once */
};

struct sample {
	uint64_t when_ns;     /* since the epoch: the end of the interval */
	uint64_t interval_ns; /* how long it was */
	uint64_t total_ns;    /* since the start */
	struct sample_interface *interfaces;
	uint32_t n_interfaces;
	struct sample_flow *flows; /* in no order */
	uint32_t n_flows;
	uint32_t max_flows; /* room for so many; of its owner */
	struct sample_delivery *deliveries;
	uint32_t n_deliveries;
};

void sample_fini(struct sample *sample);

/* A copy of all of it, in memory that *to may have already. -ENOMEM: *to holds
 * nothing then. */
int sample_copy(struct sample *to, const struct sample *from);

/* As sockaddr, port 0. */
void sample_get_source(const struct sample_flow *flow, struct sockaddr_storage *ret);
void sample_get_group(const struct sample_flow *flow, struct sockaddr_storage *ret);

/* Per second over the interval or the whole; 0 when no time has passed. */
double sample_get_rate(uint64_t count, uint64_t ns);

/* Can be known what came late? TS counters come round too soon for that. */
bool sample_has_reordered(const struct sample_flow *flow);

/* "rtp", "ts", "msend", "field"; NULL: none. */
const char *sample_get_sequence_name(enum sample_sequence sequence);

/* "rtp", "msend", "arrival"; NULL: none. */
const char *sample_get_clock_name(enum sample_clock clock);

/* "accept", "block", "unjoined"; NULL: unknown. */
const char *sample_get_verdict_name(enum sample_verdict verdict);

#endif
