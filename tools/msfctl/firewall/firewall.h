/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firewall: would the nftables ruleset of this network namespace drop a packet?
 * The ruleset is read once through libnftables; a packet is then walked through the
 * base chains as the kernel does it. What cannot be known here (rates, fields that
 * the caller does not know, matches of iptables) is kept as unknown, and a verdict
 * that hangs on it is FIREWALL_MAYBE, never a guess.
 *
 * Taken as given: an incoming packet is of another host and whole (no fragment); it
 * is the first of its flow or one of a flow without replies, as all multicast is;
 * nothing outside the ruleset (tc, BPF) has marked it.
 */
#ifndef MSFCTL_FIREWALL_H
#define MSFCTL_FIREWALL_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define FIREWALL_NAME_MAX 256
#define FIREWALL_TEXT_MAX 512

/* Set is_outgoing for what this host sends (its reports); else it comes in. */
struct firewall_packet {
	bool is_outgoing;
	uint32_t ifindex;
	char interface[IF_NAMESIZE];
	int family;
	struct sockaddr_storage source; /* ss_family AF_UNSPEC: not known */
	struct sockaddr_storage destination;
	uint8_t protocol; /* IPPROTO_UDP, IPPROTO_IGMP, IPPROTO_ICMPV6 */

	bool has_ttl, has_length, has_source_port, has_port, has_type;
	uint8_t ttl;          /* or hop limit */
	uint32_t length;      /* of the IP packet, bytes */
	uint16_t source_port; /* UDP, host order */
	uint16_t port;
	uint8_t type; /* IGMP and ICMPv6 */
};

enum firewall_verdict {
	FIREWALL_ACCEPT,
	FIREWALL_DROP,
	FIREWALL_MAYBE, /* the finding's rule decides, and why says what is unknown */
	FIREWALL_UNREADABLE, /* why says what kept us from reading */
};

/* What decided. Empty strings where there is nothing to tell; control characters in
 * what others wrote are replaced. */
struct firewall_finding {
	char family[16]; /* of the table: "inet", "ip", "netdev" */
	char table[FIREWALL_NAME_MAX];
	char chain[FIREWALL_NAME_MAX];
	uint64_t handle;              /* of the rule; 0: no rule, but the policy */
	char rule[FIREWALL_TEXT_MAX]; /* as nft prints it, or "policy drop" */
	char why[FIREWALL_TEXT_MAX];  /* MAYBE, UNREADABLE: a clause, no full stop */
};

struct firewall;

/*
 * Reads the ruleset of this network namespace. A ruleset that may not be read is no
 * failure: firewall_judge() tells. 0; -ENOMEM; or -EBADMSG: what libnftables gave
 * cannot be understood.
 */
int firewall_new(struct firewall **ret);

/* The same from the text of "nft -j list ruleset". */
int firewall_new_from_json(struct firewall **ret, const char *text, size_t len);

/* Frees; NULL is fine. Returns NULL. */
struct firewall *firewall_free(struct firewall *firewall);

/* *ret_finding is filled in unless the verdict is FIREWALL_ACCEPT: then it is empty. */
enum firewall_verdict firewall_judge(const struct firewall *firewall,
				     const struct firewall_packet *packet,
				     struct firewall_finding *ret_finding);

/* "table inet filter, chain input: udp dport 5000 drop" */
int firewall_format(const struct firewall_finding *finding, char *ret, size_t size);

#endif
