/* SPDX-License-Identifier: BSD-2-Clause */
/* See closed.h. */
#include "asm/closed.h"

#include <stdlib.h>

/* 233.252.0.0/24 is for documentation (RFC 6676): nobody's group. */
#define NOBODYS_GROUP 0xe9fc0001u

static bool is_refused_anyway(const struct asm_state *state,
			      const struct asm_membership *membership)
{
	return !(addr_is_ipv4(membership->group) ? state->is_all : state->is_all6);
}

static void prune(struct asm_state *state, bool is_any)
{
	uint32_t n = 0, n_left = state->n;

	for (uint32_t i = 0; i < state->n; i++) {
		struct asm_membership *membership = &state->memberships[i];

		if (closed_is(membership) &&
		    (is_any || (n_left > 1 && is_refused_anyway(state, membership)))) {
			free(membership->filter.sources.addr);
			n_left--;
		} else {
			state->memberships[n++] = *membership;
		}
	}
	state->n = n;
}

void closed_prune(struct asm_state *state)
{
	prune(state, true);
}

void closed_prune_refused(struct asm_state *state)
{
	prune(state, false);
}

uint32_t closed_count_others(const struct asm_state *state)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < state->n; i++)
		n += !closed_is(&state->memberships[i]);
	return n;
}

struct filter closed_find_filter(const struct asm_state *state, uint32_t ifindex,
				 struct addr group)
{
	const struct asm_membership *membership = state_find(state, ifindex, group);

	if (!membership || closed_is(membership))
		return (struct filter){ .mode = FILTER_NONE };
	return membership->filter;
}

int closed_init(struct asm_state *ret, const struct asm_state *other)
{
	const struct asm_state empty = { .application = other->application,
					 .n_application = other->n_application };
	const struct filter closed = { .mode = FILTER_INCLUDE };

	return state_copy_with(&empty, 1, addr_from_ipv4(NOBODYS_GROUP), &closed, ret);
}
