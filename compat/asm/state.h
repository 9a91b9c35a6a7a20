/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a socket holds: its memberships with their filters, whether multicast packets
 * for others pass, and the classic filter that the application put on it.
 *
 * INCLUDE {} is a membership that is closed (closed.h): it admits nothing, and to whoever
 * asks there is none.
 */
#ifndef ASM_STATE_H
#define ASM_STATE_H

#include <linux/filter.h>

#include "asm/asm.h"

struct asm_state {
	struct asm_membership
		*memberships; /* owned, as are their lists; ordered by group,
					     * then interface */
	uint32_t n;
	bool is_all;  /* IPv4 groups that are not joined pass (IP_MULTICAST_ALL) */
	bool is_all6; /* IPv6 groups (IPV6_MULTICAST_ALL) */

	struct sock_filter *application; /* owned: its filter, behind ours */
	uint32_t n_application;          /* instructions; 0: none */
};

#define ASM_STATE_INIT                          \
	{                                       \
		.is_all = true, .is_all6 = true \
	}

void state_fini(struct asm_state *state);

/* NULL: none. */
struct asm_membership *state_find(const struct asm_state *state, uint32_t ifindex,
				  struct addr group);

/* A copy with the filter of that membership replaced: added, changed or, for
 * FILTER_NONE, taken out. 0 or -ENOMEM. */
int state_copy_with(const struct asm_state *state, uint32_t ifindex, struct addr group,
		    const struct filter *filter, struct asm_state *ret);

int state_set_application(struct asm_state *state, const struct sock_filter *code,
			  uint32_t n);

/* Is a packet delivered? destination and source as addr: IPv4 ones v4-mapped. A
 * destination that is no group always is. The application's filter is not asked. */
bool state_admits(const struct asm_state *state, struct addr destination,
		  uint32_t ifindex, struct addr source);

#endif
