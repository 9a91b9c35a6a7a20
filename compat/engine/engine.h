/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine: the host side of IGMPv1, v2 and v3 (RFC 1112, 2236, 9776) and of MLDv1 and v2
 * (RFC 2710, 9777), without a clock, a socket or an allocation of its own. This is the
 * only door of compat/engine.
 *
 * The caller says what sockets want (engine_set_filter), what interfaces are like
 * (engine_set_interface) and what was heard (engine_receive), and pulls the packets that
 * are due (engine_pull). Packets are made when they are pulled: what waits to be sent is
 * state, never a queue. All that a flood makes grow are sources that queries ask for,
 * up to maxrecorded.
 *
 *	engine_set_filter(engine, ifindex, socket, group, &filter, now);
 *	while (engine_pull(engine, buffer, sizeof(buffer), &packet, now) > 0)
 *		send(packet.ifindex, buffer, packet.len);
 *	sleep_until(engine_get_deadline(engine));
 *
 * Time is the last argument: microseconds of any clock; one that goes back stands still.
 * Changes that are made before the next pull are told in one report.
 *
 * Calls return 0 or -errno; a refused one has changed no filter and no setting. One
 * thread at a time may use an engine. Addresses and sets are those of lib/base: IPv4 in
 * the v4-mapped form.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/filter.h"

struct engine;

#define ENGINE_SECOND 1000000ull
#define ENGINE_NEVER  UINT64_MAX

enum engine_family { ENGINE_IPV4, ENGINE_IPV6 };
#define ENGINE_FAMILIES 2u

/*
 * What the outside did that an operator may want to know. Interfaces, groups and
 * sources are told where there is one.
 */
enum engine_event {
	ENGINE_VERSION_CHANGED,  /* version: the one in force */
	ENGINE_OLD_SSM_QUERY,    /* an older querier asks for a source-specific group */
	ENGINE_BAD_QUERY_SOURCE, /* an MLD query that is not from a link-local address */
	ENGINE_RECORDING_FULL,   /* sources of queries are not recorded: whole answers */
};

struct engine_notice {
	enum engine_event event;
	uint32_t ifindex;
	enum engine_family family;
	uint8_t version; /* IGMP 1, 2, 3; MLD 1, 2 */
	struct addr group, source;
};

struct engine_config {
	/* As realloc() and free(): NULL and 0 are new memory, len 0 frees and
	 * returns NULL. old_len is what was asked for before. */
	void *(*resize)(void *context, void *memory, size_t old_len, size_t len);
	/* 32 random bits. */
	uint32_t (*draw)(void *context);
	/* May be NULL. Calls nothing of the engine. There may be one for each message
	 * that is received: whoever writes them down limits their rate. */
	void (*log)(void *context, const struct engine_notice *notice);
	void *context;
};

/* 0, or -ENOMEM. The config is copied. */
int engine_new(struct engine **ret, const struct engine_config *config);

/* Frees it with all that it holds; nothing is sent any more. NULL is fine. Returns
 * NULL. */
struct engine *engine_free(struct engine *engine);

/* A sentence for people, without a full stop. */
const char *engine_describe_event(enum engine_event event);

/*
 * Interfaces
 */

enum engine_address_state {
	ENGINE_ADDRESS_NONE,
	ENGINE_ADDRESS_TENTATIVE, /* not to be sent from yet (RFC 4862 5.4) */
	ENGINE_ADDRESS_VALID,
};

#define ENGINE_MTU_MIN 68u /* RFC 791 */

struct engine_interface {
	uint32_t ifindex;
	uint32_t mtu; /* bytes of an IP datagram */
	bool is_up;   /* can send and receive */
	bool is_loopback;
	struct {
		enum engine_address_state state;
		struct addr addr;
	} source[ENGINE_FAMILIES]; /* what reports are sent from; IPv6: link-local */
};

/*
 * Makes the interface known, or changes it. When it comes up, and when it first has a
 * valid address, everything is reported again (RFC 9777 5.2.13); until then reports
 * are sent from 0.0.0.0 or ::. Below an MTU of 1280 it speaks no MLD. -EINVAL: index 0,
 * an MTU below ENGINE_MTU_MIN, an address of the wrong family; -ENOMEM.
 */
int engine_set_interface(struct engine *engine, const struct engine_interface *interface,
			 uint64_t now);

/* It is gone, with every filter on it; nothing is sent. -ENODEV: not known. */
int engine_del_interface(struct engine *engine, uint32_t ifindex, uint64_t now);

/*
 * Forces the version of IGMP (1 to 3) or MLD (1, 2); 0: whatever the queriers speak.
 * The newest version, forced, knows no older one: v1 queries and older General Queries
 * are ignored. A forced IGMPv2 falls back to v1. Stays while the interface
 * does. -EINVAL, -ENODEV.
 */
int engine_force_version(struct engine *engine, uint32_t ifindex,
			 enum engine_family family, uint8_t version, uint64_t now);

struct engine_status {
	uint8_t version;      /* in force: the Host Compatibility Mode */
	uint8_t forced;       /* 0: none */
	bool is_speaking;     /* up, no loopback, large enough */
	uint64_t older_us[2]; /* v1's, v2's querier (MLD: v1's, 0): how long it counts */
	uint8_t robustness;   /* of the last query, or the default */
	uint32_t query_interval_s;
	uint64_t response_us; /* Query Response Interval of the last query */
	struct addr querier;  /* who sent the last General Query; unspecified: nobody */
	size_t n_groups;      /* with leaves that are not told yet */
};

/* -ENODEV. */
int engine_get_status(struct engine *engine, uint32_t ifindex, enum engine_family family,
		      struct engine_status *ret, uint64_t now);

/*
 * Filters
 */

/*
 * What a socket wants of a group on an interface from now on (IPMulticastListen, RFC
 * 9776 2): the filters of all sockets are merged, and what changes thereby is
 * reported at once. FILTER_NONE and INCLUDE without a source end its membership, which
 * needs no memory and cannot fail. The sources are sorted, each once, and copied.
 *
 * Filters are kept by group: the caller knows what a socket has, and ends it all when
 * the socket is gone.
 *
 * -ENODEV: no such interface; -EINVAL: no multicast group, or a source that is none, or
 * of the other family; -ENOBUFS: more sources than somaxsrc or maxsrcfilter allow, or
 * more groups than maxgroups; -ENOMEM.
 */
int engine_set_filter(struct engine *engine, uint32_t ifindex, uint64_t socket,
		      struct addr group, const struct filter *filter, uint64_t now);

/* The merged filter of the interface. *n is the room in list before and the number of
 * sources after, which may be more than the room. -ENODEV; -ENOENT: nobody wants it. */
int engine_get_filter(const struct engine *engine, uint32_t ifindex, struct addr group,
		      enum filter_mode *ret_mode, struct addr *list, uint32_t *n);

/* Walks the groups of an interface that some socket wants, in no order: the first when
 * *group is unspecified, else the one behind *group. -ENOENT: no more; -ENODEV. Any
 * other call but the getters, a pull too, ends the walk. */
int engine_next_group(const struct engine *engine, uint32_t ifindex,
		      enum engine_family family, struct addr *group);

/*
 * Packets in
 */

/* An IP datagram that carries IGMP or ICMPv6, taken apart. */
struct engine_datagram {
	struct addr source, destination;
	uint8_t hop_limit; /* or TTL */
	bool has_router_alert;
	bool is_own;            /* looped back: this host has sent it */
	bool is_verified;       /* whoever received it has checked the checksum */
	size_t total_len;       /* with the IP header */
	const uint8_t *message; /* borrowed */
	size_t len;
};

/* Takes apart what begins with an IPv4 or IPv6 header. -EBADMSG: it is broken, or cut
 * short; -EPROTO: a whole one, but not of ours, or a fragment. */
int engine_read_datagram(const void *packet, size_t len, struct engine_datagram *ret);

/* For whoever gets no IPv6 header, but the hop-by-hop header behind it (IPV6_HOPOPTS,
 * RFC 3542 6): does it carry the Router Alert of MLD? false also when it is broken. */
bool engine_has_router_alert(const void *hop_by_hop, size_t len);

/* A message that is broken, or one that no host may believe. */
#define ENGINE_DROPPED 1

/*
 * Hears a message. 0; ENGINE_DROPPED: whoever passes messages on to raw sockets does not
 * pass on this one; -ENODEV. Messages that do not matter to a host are 0.
 */
int engine_receive(struct engine *engine, uint32_t ifindex,
		   const struct engine_datagram *datagram, uint64_t now);

/*
 * Packets out
 */

/* The smallest buffer, and the largest datagram that is ever made. */
#define ENGINE_BUFFER_MIN 1280u
#define ENGINE_PACKET_MAX 65535u

struct engine_packet {
	uint32_t ifindex;
	enum engine_family family;
	struct addr source, destination;
	size_t len;
	size_t message; /* offset of the IGMP or ICMPv6 message, behind headers and
			 * Router Alert */
};

/*
 * Makes the next packet that is due: a whole IP datagram with its checksums, no larger
 * than the interface's MTU and the buffer. Call it until it returns 0. What is pulled
 * counts as sent: if it cannot be sent now, keep it and send it later. 1 and a packet;
 * 0: nothing is due; -EINVAL: a buffer below ENGINE_BUFFER_MIN.
 */
int engine_pull(struct engine *engine, void *buffer, size_t size,
		struct engine_packet *ret, uint64_t now);

/* When to pull next, ENGINE_NEVER: nothing is pending. It may be too early, but never
 * too late; in the past: at once. */
uint64_t engine_get_deadline(const struct engine *engine);

/*
 * Tunables and counters
 */

enum engine_tunable {
	ENGINE_SENDWITHRA,
	ENGINE_DROPWITHNORA,
	ENGINE_DROPWITHBADTTL,
	ENGINE_MAXSRCFILTER,
	ENGINE_SOMAXSRC,
	ENGINE_ALWAYS_V3,
	ENGINE_IGMP_VERSION,
	ENGINE_MLD_VERSION,
	ENGINE_ROBUSTNESS,
	ENGINE_UNSOLICITED_INTERVAL,
	ENGINE_OLDER_INTERVAL,
	ENGINE_LINKLOCAL,
	ENGINE_ALWAYS_LEAVE,
	ENGINE_LIGHTWEIGHT,
	ENGINE_MAXQUERYSRC,
	ENGINE_MAXRECORDED,
	ENGINE_MAXGROUPS,
};
#define ENGINE_TUNABLES 17u

struct engine_tunable_info {
	enum engine_tunable tunable;
	const char *name;
	const char *unit;
	uint64_t value, min, max; /* default and range */
	const char *help;         /* one sentence without a full stop */
};

/* Tunable i, or NULL behind the last. */
const struct engine_tunable_info *engine_get_tunable_info(unsigned int i);

uint64_t engine_get_tunable(const struct engine *engine, enum engine_tunable tunable);

/* Takes effect at once; filters that exceed a lowered limit stay. -ERANGE, -EINVAL: no
 * such tunable. */
int engine_set_tunable(struct engine *engine, enum engine_tunable tunable, uint64_t value,
		       uint64_t now);

/*
 * The range of groups where only INCLUDE filters are told (RFC 4604 2): 232.0.0.0/8 and
 * ff3x::/32, as IANA has it, until it is set. Groups that exist are reported anew where
 * that changes what is told. A prefix_len above the bits of the family: no group is in
 * it.
 * -EINVAL: groups are not all multicast.
 */
int engine_set_ssm_range(struct engine *engine, enum engine_family family,
			 struct addr prefix, uint8_t prefix_len, uint64_t now);

/* As IANA has it. */
void engine_reset_ssm_range(struct engine *engine, enum engine_family family,
			    uint64_t now);

enum engine_counter {
	/* IGMP, as KAME counts (S-V3-3). */
	ENGINE_IGMP_RCV_TOTAL,
	ENGINE_IGMP_RCV_TOOSHORT,
	ENGINE_IGMP_RCV_TOOLONG,
	ENGINE_IGMP_RCV_BADSUM,
	ENGINE_IGMP_RCV_BADTTL,
	ENGINE_IGMP_RCV_NORA,
	ENGINE_IGMP_RCV_V1_QUERIES,
	ENGINE_IGMP_RCV_V2_QUERIES,
	ENGINE_IGMP_RCV_V3_QUERIES,
	ENGINE_IGMP_RCV_BADQUERIES,
	ENGINE_IGMP_RCV_QUERY_FAILS,
	ENGINE_IGMP_RCV_REPORTS,
	ENGINE_IGMP_RCV_BADREPORTS,
	ENGINE_IGMP_RCV_OURREPORTS,
	ENGINE_IGMP_SND_V1V2_REPORTS,
	ENGINE_IGMP_SND_V3_REPORTS,
	/* The same of MLD. */
	ENGINE_MLD_RCV_TOTAL,
	ENGINE_MLD_RCV_TOOSHORT,
	ENGINE_MLD_RCV_TOOLONG,
	ENGINE_MLD_RCV_BADSUM,
	ENGINE_MLD_RCV_BADHOPLIMIT,
	ENGINE_MLD_RCV_NORA,
	ENGINE_MLD_RCV_BADSOURCE,
	ENGINE_MLD_RCV_V1_QUERIES,
	ENGINE_MLD_RCV_V2_QUERIES,
	ENGINE_MLD_RCV_BADQUERIES,
	ENGINE_MLD_RCV_QUERY_FAILS,
	ENGINE_MLD_RCV_REPORTS,
	ENGINE_MLD_RCV_BADREPORTS,
	ENGINE_MLD_RCV_OURREPORTS,
	ENGINE_MLD_SND_V1_REPORTS,
	ENGINE_MLD_SND_V1_DONES,
	ENGINE_MLD_SND_V2_REPORTS,
	/* Gauges: bytes asked of resize() and not given back (S-V3-11). */
	ENGINE_MEMORY_MSFILTER, /* source filters of interfaces */
	ENGINE_MEMORY_MOPTIONS, /* filters of sockets */
	ENGINE_MEMORY_OTHER,
	ENGINE_RECORDED_SOURCES, /* of queries that are not answered yet */
};
#define ENGINE_COUNTERS 37u

struct engine_counter_info {
	enum engine_counter counter;
	const char *name;
	const char *help; /* as netstat prints it: "%llu " stands before it */
	bool is_gauge;
};

/* Counter i, or NULL behind the last. */
const struct engine_counter_info *engine_get_counter_info(unsigned int i);

uint64_t engine_get_counter(const struct engine *engine, enum engine_counter counter);

#endif
