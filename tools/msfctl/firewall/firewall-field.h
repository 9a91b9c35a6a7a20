/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firewall-field: the packet as rules see it. The two headers are images of which
 * single bits may be unknown, so that "udp dport", "th dport" and "@th,16,16" are one
 * thing; what is beside the packet (interfaces, mark, connection state) are values.
 */
#ifndef MSFCTL_FIREWALL_FIELD_H
#define MSFCTL_FIREWALL_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "firewall-value.h"
#include "firewall.h"

#define FIELD_HEADER_MAX 40u /* bytes; IPv6 */

/* Known bits are ones in the second image. */
struct field_header {
	uint8_t bytes[FIELD_HEADER_MAX];
	uint8_t known[FIELD_HEADER_MAX];
};

enum field_beside {
	FIELD_IIF,
	FIELD_IIFNAME,
	FIELD_OIF,
	FIELD_OIFNAME,
	FIELD_L4PROTO,
	FIELD_NFPROTO,
	FIELD_PROTOCOL,
	FIELD_PKTTYPE,
	FIELD_MARK,
	FIELD_LENGTH,
	FIELD_CT_STATE,
	FIELD_BESIDES,
};

/* Changes on the way: rules set marks and rewrite headers. */
struct field_state {
	int family;
	uint8_t protocol;
	struct field_header network;
	struct field_header transport;
	enum truth is_untracked; /* by "notrack", or because it never is tracked */
	enum truth is_seen;      /* by connection tracking: too late for "notrack" */
	struct value length;     /* of the IP packet, without padding of the frame */
	struct value beside[FIELD_BESIDES];
};

/* Where the packet is on its way, in the order of the way. */
enum field_hook {
	FIELD_INGRESS,
	FIELD_PREROUTING,
	FIELD_INPUT,
	FIELD_OUTPUT,
	FIELD_POSTROUTING,
	FIELD_EGRESS,
	FIELD_HOOKS,
};

void field_init(struct field_state *state, const struct firewall_packet *packet);

/* The packet comes to a base chain: what connection tracking has done by then. */
void field_enter(struct field_state *state, enum field_hook hook, int priority);

/* "notrack" */
void field_untrack(struct field_state *state);

/* The field of {"meta": ...}, {"ct": ...} or {"payload": ...}; unknown if it is one
 * that we do not know. */
struct value field_get(const struct field_state *state, const json_t *expression);

/* Rewrites it. What we do not know is unknown before and after. */
void field_set(struct field_state *state, const json_t *expression,
	       const struct value *value);

/* Writes "ip saddr", what the field is called. */
void field_format(const json_t *expression, char *ret, size_t size);

/* What is known in whichever of the two states the packet is. */
void field_join(struct field_state *state, const struct field_state *other);

/* Is the packet still for the same group and port? */
bool field_is_same_flow(const struct field_state *a, const struct field_state *b);

#endif
