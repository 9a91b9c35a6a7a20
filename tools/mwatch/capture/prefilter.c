/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prefilter: the program is written from its settings (see prefilter.h), front to back.
 * What does not pass ends at a "return 0" on the spot, so that all jumps are short.
 *
 * Invariant: a load behind the end of a packet drops it, so nothing is loaded that
 * datagram_parse() could do without.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "link.h"
#include "prefilter.h"

/* With a constant: BPF_K, BPF_IMM and BPF_W are 0. */
#define ADD    (BPF_ALU | BPF_ADD)
#define LOAD_X (BPF_LDX | BPF_IMM)

#define IPV4_HEADER 20u
#define IPV6_HEADER 40u
#define UDP_HEADER  8u

/* More than this is asked in vain: one look at the packet behind is cheaper. */
#define MAX_GROUPS 32u

/* All of a packet. */
#define WHOLE 0x40000u

/* A packet that is longer than what most links carry may be glued datagrams. */
#define MAX_PLAIN 1600u

/* Link headers that are not Ethernet's may have so many bytes. */
#define MAX_LINK 64u

/* ISO/IEC 13818-1 2.4.3.2; RFC 3550 5.1. */
#define TS_SYNC     0x47u
#define RTP_HEADER  12u
#define RTP_VERSION 0x80u

/* RFC 3551 6: behind a header of any length. */
#define RTP_TYPE_TS 33u

#define PROTOCOL_NONE 59u /* RFC 8200 4.7 */

/* How to look at IP in a packet. */
struct view {
	const struct prefilter_settings *settings;
	struct prefilter *program;
	uint32_t base;   /* of the IP header */
	uint16_t mode;   /* BPF_ABS, or BPF_IND: X is added */
	uint32_t n_link; /* bytes before the IP header at most, without X */
};

static uint16_t put(struct prefilter *program, uint16_t code, uint32_t k, uint8_t yes,
		    uint8_t no)
{
	program->lines[program->n_lines] = (struct sock_filter){ code, yes, no, k };
	return program->n_lines++;
}

static void put_return(struct prefilter *program, uint32_t n)
{
	put(program, BPF_RET | BPF_K, n, 0, 0);
}

static void put_load(const struct view *view, uint16_t size, uint32_t offset)
{
	put(view->program, BPF_LD | size | view->mode, view->base + offset, 0, 0);
}

/* The next "skip" lines are passed over unless A is the value. */
static void put_if_equal(struct prefilter *program, uint32_t value, uint8_t skip)
{
	put(program, BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip);
}

/* A jump whose place is known later; land() says it is here. */
static uint16_t put_jump(struct prefilter *program)
{
	return put(program, BPF_JMP | BPF_JA, 0, 0, 0);
}

static void land(struct prefilter *program, uint16_t jump)
{
	program->lines[jump].k = program->n_lines - jump - 1u;
}

/* Drops the packet unless A is the value. */
static void put_require(struct prefilter *program, uint32_t value)
{
	put(program, BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
	put_return(program, 0);
}

static bool has_few_groups(const struct prefilter_settings *settings)
{
	return settings->groups && settings->n_groups > 0 &&
	       settings->n_groups <= MAX_GROUPS;
}

/* So much of a packet: its headers and the payload that is read. */
static void put_short(const struct view *view, uint32_t n_headers)
{
	uint32_t n = view->settings->n_payload;

	n = n < WHOLE ? view->n_link + n_headers + n : WHOLE;
	if (view->mode == BPF_ABS) {
		put_return(view->program, n);
		return;
	}
	put(view->program, BPF_MISC | BPF_TXA, 0, 0, 0);
	put(view->program, ADD, n, 0, 0);
	put(view->program, BPF_RET | BPF_A, 0, 0, 0);
}

/* Of a datagram with TS, alone or in RTP, all is read. It has room for the first byte. */
static void put_whole_if_ts(const struct view *view, uint32_t n_headers)
{
	struct prefilter *program = view->program;

	put_load(view, BPF_B, n_headers);
	put_if_equal(program, TS_SYNC, 1);
	put_return(program, WHOLE);
	put(program, BPF_ALU | BPF_AND | BPF_K, 0xc0, 0, 0);
	put_if_equal(program, RTP_VERSION, 7);
	put_load(view, BPF_B, n_headers + RTP_HEADER);
	put_if_equal(program, TS_SYNC, 1);
	put_return(program, WHOLE);
	put_load(view, BPF_B, n_headers + 1);
	put(program, BPF_ALU | BPF_AND | BPF_K, 0x7f, 0, 0);
	put_if_equal(program, RTP_TYPE_TS, 1);
	put_return(program, WHOLE);
}

/* UDP right behind an IP header without options. */
static void put_udp(const struct view *view, uint32_t n_headers)
{
	uint32_t n_looked_at = view->n_link + LINK_MAX_TAGS * LINK_TAG + n_headers +
			       RTP_HEADER + 1;
	struct prefilter *program = view->program;
	uint16_t at;

	if (view->settings->has_whole_payload) {
		put_return(program, WHOLE);
		return;
	}
	put(program, BPF_LD | BPF_W | BPF_LEN, 0, 0, 0);
	put(program, BPF_JMP | BPF_JGT | BPF_K, MAX_PLAIN, 0, 1);
	put_return(program, WHOLE);
	at = put(program, BPF_JMP | BPF_JGE | BPF_K, n_looked_at, 0, 0);
	put_whole_if_ts(view, n_headers);
	program->lines[at].jf = (uint8_t)(program->n_lines - at - 1);
	put_short(view, n_headers);
}

static uint32_t get_group_word(const struct sockaddr_storage *group, unsigned int i)
{
	uint32_t words[4];

	if (group->ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)group)->sin_addr.s_addr);
	memcpy(words, &((const struct sockaddr_in6 *)group)->sin6_addr, sizeof(words));
	return ntohl(words[i]);
}

static unsigned int count_groups(const struct prefilter_settings *settings, int family)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < settings->n_groups; i++)
		n += settings->groups[i].ss_family == family;
	return n;
}

static void put_ipv4_groups(const struct view *view)
{
	const struct prefilter_settings *settings = view->settings;
	unsigned int n = count_groups(settings, AF_INET);

	put_load(view, BPF_W, 16);
	for (uint32_t i = 0; i < settings->n_groups; i++)
		if (settings->groups[i].ss_family == AF_INET)
			put(view->program, BPF_JMP | BPF_JEQ | BPF_K,
			    get_group_word(&settings->groups[i], 0), (uint8_t)n--, 0);
	put_return(view->program, 0);
}

/* A packet to a group passes over all that follows. */
static void put_ipv6_groups(const struct view *view)
{
	const struct prefilter_settings *settings = view->settings;
	uint16_t jumps[MAX_GROUPS], n = 0;

	for (uint32_t i = 0; i < settings->n_groups; i++) {
		if (settings->groups[i].ss_family != AF_INET6)
			continue;
		for (unsigned int w = 0; w < 4; w++) {
			put_load(view, BPF_W, 24 + 4 * w);
			put_if_equal(view->program,
				     get_group_word(&settings->groups[i], w),
				     (uint8_t)(7 - 2 * w));
		}
		jumps[n++] = put_jump(view->program);
	}
	put_return(view->program, 0);
	while (n > 0)
		land(view->program, jumps[--n]);
}

static void put_ipv4(const struct view *view)
{
	struct prefilter *program = view->program;

	put_load(view, BPF_B, 9);
	put_require(program, IPPROTO_UDP);
	if (has_few_groups(view->settings)) {
		put_ipv4_groups(view);
	} else {
		put_load(view, BPF_B, 16);
		put(program, BPF_ALU | BPF_AND | BPF_K, 0xf0, 0, 0);
		put_require(program, 0xe0);
	}
	put_load(view, BPF_B, 0);
	put(program, BPF_JMP | BPF_JEQ | BPF_K, 0x45, 1, 0);
	put_return(program, WHOLE);
	/* Nothing is read of a later fragment but its header. */
	put_load(view, BPF_H, 6);
	put(program, BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 0, 1);
	put_return(program, view->n_link + LINK_MAX_TAGS * LINK_TAG + IPV4_HEADER);
	put_udp(view, IPV4_HEADER + UDP_HEADER);
}

/* Behind other headers may be UDP; MLD stands behind hop-by-hop options. */
static void put_extensions(const struct view *view)
{
	static const uint8_t kinds[] = { IPPROTO_FRAGMENT, IPPROTO_DSTOPTS,
					 IPPROTO_ROUTING, IPPROTO_AH };
	struct prefilter *program = view->program;

	for (size_t i = 0; i < sizeof(kinds); i++) {
		put_if_equal(program, kinds[i], 1);
		put_return(program, WHOLE);
	}
	put_require(program, IPPROTO_HOPOPTS);
	put_load(view, BPF_B, IPV6_HEADER);
	put_if_equal(program, IPPROTO_ICMPV6, 1);
	put_return(program, 0);
	put_return(program, WHOLE);
}

static void put_ipv6(const struct view *view)
{
	struct prefilter *program = view->program;
	uint16_t udp;

	if (has_few_groups(view->settings)) {
		put_ipv6_groups(view);
	} else {
		put_load(view, BPF_B, 24);
		put_require(program, 0xff);
	}
	put_load(view, BPF_B, 6);
	put(program, BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 1);
	udp = put_jump(program);
	put_extensions(view);
	land(program, udp);
	put_udp(view, IPV6_HEADER + UDP_HEADER);
}

/* A holds the protocol, and still does for what is neither IPv4 nor IPv6. */
static void put_network(const struct view *view)
{
	struct prefilter *program = view->program;
	uint16_t over;

	put(program, BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 1, 0);
	over = put_jump(program);
	put_ipv4(view);
	land(program, over);
	put(program, BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 1, 0);
	over = put_jump(program);
	put_ipv6(view);
	land(program, over);
}

/* Only tags pass; the next type is in A then. */
static void put_tag(struct prefilter *program, uint32_t n_tags)
{
	put(program, BPF_JMP | BPF_JEQ | BPF_K, ETH_P_8021Q, 3, 0);
	put(program, BPF_JMP | BPF_JEQ | BPF_K, ETH_P_8021AD, 2, 0);
	put(program, BPF_JMP | BPF_JEQ | BPF_K, ETH_P_QINQ1, 1, 0);
	put_return(program, 0);
	put(program, LOAD_X, n_tags * LINK_TAG, 0, 0);
	put(program, BPF_LD | BPF_H | BPF_ABS, LINK_TYPE + n_tags * LINK_TAG, 0, 0);
}

/* The kernel has taken out the outermost tag of what comes in: it is not to be seen. */
static void put_ethernet(const struct view *view)
{
	struct prefilter *program = view->program;
	struct view tagged = *view;
	uint16_t over[2];

	put(program, BPF_LD | BPF_H | BPF_ABS, LINK_TYPE, 0, 0);
	put_network(view);

	/* Loads that add X are calls of functions in the kernel: for tags only. */
	tagged.mode = BPF_IND;
	put_tag(program, 1);
	put(program, BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 2, 0);
	put(program, BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 1, 0);
	over[0] = put_jump(program);
	over[1] = put_jump(program);
	land(program, over[0]);
	put_tag(program, 2);
	land(program, over[1]);
	put_network(&tagged);
	put_return(program, 0);
}

void prefilter_init(struct prefilter *prefilter,
		    const struct prefilter_settings *settings, uint16_t arphrd)
{
	struct view view = { .settings = settings,
			     .program = prefilter,
			     .mode = BPF_ABS };

	prefilter->n_lines = 0;
	if (link_is_ethernet(arphrd)) {
		view.base = view.n_link = ETH_HLEN;
		put_ethernet(&view);
		return;
	}
	view.base = (uint32_t)SKF_NET_OFF;
	view.n_link = MAX_LINK;
	put(prefilter, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL),
	    0, 0);
	put_network(&view);
	put_return(prefilter, 0);
}
