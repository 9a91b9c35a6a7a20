/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig: an engine with a clock that the test turns, one interface, memory that is
 * counted and can run out, and every packet that it sends as a line of text, read by the
 * parser of msfctl, which knows nothing of the engine.
 */
#ifndef ENGINE_RIG_H
#define ENGINE_RIG_H

#include "engine/engine.h"
#include "tap.h"

#define RIG_IFINDEX   7u
#define RIG_MS        1000ull
#define RIG_LINES     4096u
#define RIG_RUN       32u
#define RIG_ADDR_TEXT 46u /* INET6_ADDRSTRLEN */
#define RIG_OTHERS    3u  /* interfaces besides the first */

struct rig_line {
	uint64_t when; /* us */
	struct engine_packet packet;
	/*
	 * "v3 TO_EX(239.1.1.1){} ALLOW(239.1.1.2){10.0.0.1,10.0.0.2}",
	 * "v2 REPORT(239.1.1.1)", "v2 LEAVE(239.1.1.1)", "v1 REPORT(239.1.1.1)"; MLD:
	 * "mld2 ...", "mld1 REPORT(...)", "mld1 DONE(...)". RIG_RUN addresses and more
	 * that follow each other are written as the first and their number,
	 * "10.1.0.0+365". What no host may send is "BROKEN" and why: it is printed at
	 * once, and rig_fini() tells of it. Owned by the rig.
	 */
	char *text;
	uint8_t *bytes; /* packet.len of them */
};

struct rig {
	struct engine *engine;
	struct engine_interface interface;
	struct engine_interface others[RIG_OTHERS]; /* as rig_change() told them */
	size_t n_others;
	uint64_t now;
	uint64_t seed;       /* of draw() */
	uint32_t fixed_draw; /* what draw() answers when is_fixed */
	bool is_fixed;
	size_t n_used;   /* bytes of the engine's memory */
	size_t n_calls;  /* of resize() for more memory */
	size_t fails_at; /* the call that fails; 0: none */
	size_t room;     /* of the buffer to pull to; 0: ENGINE_PACKET_MAX */
	size_t n_broken; /* lines, those that are forgotten too */
	size_t n_notices;
	struct engine_notice last_notice;
	size_t n_lines;
	struct rig_line lines[RIG_LINES];
};

/* A new engine with interface RIG_IFINDEX up, MTU 1500, 10.9.0.1 and fe80::1 valid;
 * nothing pending. Bails out when that fails. rig_fini() checks that all memory came
 * back. */
void rig_init(struct rig *rig, uint64_t seed);
void rig_fini(struct rig *rig, struct tap *tap);

/* Pulls what is due now, without turning the clock. */
void rig_pull(struct rig *rig);

/* Turns the clock from deadline to deadline, pulling, up to now + us. */
void rig_run(struct rig *rig, uint64_t us);

/* Forgets the lines. */
void rig_clear(struct rig *rig);

/* The texts of the lines, one a line of text, "" for none: free() it. */
char *rig_print(const struct rig *rig);

/* Expects exactly these lines, "" for none, and forgets them. */
bool rig_expect(struct rig *rig, struct tap *tap, const char *what, const char *lines);

/* Pulls; expects the lines, which all are sent now, and forgets them. */
bool rig_expect_now(struct rig *rig, struct tap *tap, const char *what,
		    const char *lines);

/* Turns the clock by us; expects these lines in that time, and forgets them. */
bool rig_expect_in(struct rig *rig, struct tap *tap, uint64_t us, const char *what,
		   const char *lines);

/* engine_set_interface(), and remembers it as what packets are judged by. */
int rig_change(struct rig *rig, const struct engine_interface *interface);

/* A second one like the first, with addresses of its own. Bails out when that fails. */
void rig_add_interface(struct rig *rig, uint32_t ifindex);

/* How many lines have exactly that text; or contain it. */
size_t rig_count(const struct rig *rig, const char *text);
size_t rig_count_like(const struct rig *rig, const char *part);

struct addr rig_addr(const char *text);

/* As inet_ntop(). */
void rig_format(struct addr addr, char ret_text[RIG_ADDR_TEXT]);

/* Socket `socket` wants filter text "IN{a,b}", "EX{}", "IN{}", "NONE"; "10.1.0.0+365" are
 * as many addresses. Bails out at bad text. Returns what engine_set_filter() does; does
 * not pull. */
int rig_set(struct rig *rig, uint64_t socket, const char *group, const char *filter);
int rig_set_on(struct rig *rig, uint32_t ifindex, uint64_t socket, const char *group,
	       const char *filter);

/* The merged filter of a group as such a text, the runs as in lines; "NONE" where there
 * is none: free() it. */
char *rig_get_on(const struct rig *rig, uint32_t ifindex, const char *group);

/* Reads "a,b+3": a list that the caller frees, in the order of the text. */
struct addr *rig_list(const char *text, uint32_t *ret_n);

/*
 * Hears a query, from 10.9.0.254 or fe80::fe to the usual destination for it, with Router
 * Alert and TTL 1, made by bytes that the rig writes itself. group NULL: General Query.
 * sources: "a,b+3" or NULL. max_response in ms, written as the largest code that is not
 * above it; 0 is code 0. version as IGMP 1, 2, 3; MLD 1, 2.
 */
struct rig_query {
	enum engine_family family;
	uint8_t version;
	const char *group;
	const char *sources;
	uint64_t max_response_ms;
	uint8_t robustness;  /* 0: not told */
	uint32_t interval_s; /* 0: not told */
	/* Overrides, NULL or 0: the usual. */
	const char *from, *to;
	uint8_t hop_limit;
	bool is_without_alert;
	int code; /* -1 - n: raw code n in the field instead of max_response; 0: no */
	uint32_t ifindex;    /* 0: RIG_IFINDEX */
	bool is_suppressing; /* S flag */
	bool has_bad_sum;
	int n_claimed_more;   /* sources, than there are */
	unsigned int n_extra; /* bytes behind the message, 0xee */
};
int rig_query(struct rig *rig, const struct rig_query *query);

/* Hears an older report (IGMP 1, 2; MLD 1) of another host, sent to the group. */
int rig_report(struct rig *rig, enum engine_family family, uint8_t version,
	       const char *group);

/* Hears any message of another host, with Router Alert and TTL 1. The checksum, bytes 2
 * and 3, is written by the rig. */
int rig_message(struct rig *rig, enum engine_family family, const char *to,
		const void *message, size_t len);

/* Hears a raw IP datagram. -EBADMSG, -EPROTO, or what engine_receive() returns. */
int rig_hear(struct rig *rig, const void *packet, size_t len);
int rig_hear_on(struct rig *rig, uint32_t ifindex, const void *packet, size_t len);

/*
 * Inner
 */

/* The bytes as a line of text: free() it. */
char *rig_describe(const struct rig *rig, const struct engine_packet *packet,
		   const uint8_t *bytes);

/* The interface as the rig knows it; NULL: it does not. */
const struct engine_interface *rig_find(const struct rig *rig, uint32_t ifindex);

#endif
