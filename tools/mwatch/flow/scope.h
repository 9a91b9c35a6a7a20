/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scope: the groups and ports that are watched.
 */
#ifndef MWATCH_FLOW_SCOPE_H
#define MWATCH_FLOW_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/datagram.h"
#include "endpoint.h"

struct scope_range {
	uint8_t first[16], last[16]; /* groups, as in struct datagram_key */
	uint16_t port;               /* 0: any */
	bool is_ipv6;
};

struct scope {
	struct scope_range *ranges; /* owned */
	uint32_t n_ranges;          /* 0: all groups */
};

/* -ENOMEM */
int scope_init(struct scope *scope, const struct endpoint *groups, uint32_t n_groups);
void scope_fini(struct scope *scope);

bool scope_has(const struct scope *scope, const struct datagram_key *key);

#endif
