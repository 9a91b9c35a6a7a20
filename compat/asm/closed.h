/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A membership INCLUDE {} in a state: one that is none (RFC 3376 3.1), and stands
 * there to reject what is still on its way from when there was one.
 */
#ifndef ASM_CLOSED_H
#define ASM_CLOSED_H

#include "asm/state.h"

static inline bool closed_is(const struct asm_membership *membership)
{
	return membership->filter.mode == FILTER_INCLUDE && !membership->filter.sources.n;
}

/* Takes them out. */
void closed_prune(struct asm_state *state);

/* Those without which a packet of their groups is refused as well, since groups of
 * others are; but for the last membership of all. */
void closed_prune_refused(struct asm_state *state);

/* The memberships that are. */
uint32_t closed_count_others(const struct asm_state *state);

/* The filter of a membership; FILTER_NONE where it is closed or not there. Its
 * sources are those of the state. */
struct filter closed_find_filter(const struct asm_state *state, uint32_t ifindex,
				 struct addr group);

/*
 * A state that admits no multicast packet at all, with the application's filter of
 * the other. 0 or -ENOMEM.
 */
int closed_init(struct asm_state *ret, const struct asm_state *other);

#endif
