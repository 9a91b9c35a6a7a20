/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies instead of changes: a request that is refused leaves the old state whole. */
#include "asm/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void state_fini(struct asm_state *state)
{
	for (uint32_t i = 0; i < state->n; i++)
		free(state->memberships[i].filter.sources.addr);
	free(state->memberships);
	free(state->application);
	*state = (struct asm_state)ASM_STATE_INIT;
}

/* Where it is, or would be inserted. */
static uint32_t find_position(const struct asm_state *state, uint32_t ifindex,
			      struct addr group, bool *ret_is_there)
{
	uint32_t low = 0, high = state->n;

	*ret_is_there = false;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct asm_membership *m = &state->memberships[middle];
		int order = addr_compare(m->group, group);

		if (!order && m->ifindex == ifindex) {
			*ret_is_there = true;
			return middle;
		}
		if (order < 0 || (!order && m->ifindex < ifindex))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct asm_membership *state_find(const struct asm_state *state, uint32_t ifindex,
				  struct addr group)
{
	bool is_there;
	uint32_t position = find_position(state, ifindex, group, &is_there);

	return is_there ? &state->memberships[position] : NULL;
}

/* Appends a copy; the array has room. */
static int append(struct asm_state *state, uint32_t ifindex, struct addr group,
		  const struct filter *filter)
{
	struct asm_membership *to = &state->memberships[state->n];
	size_t size = filter->sources.n * sizeof(*filter->sources.addr);

	*to = (struct asm_membership){
		.ifindex = ifindex,
		.group = group,
		.filter = { .mode = filter->mode, .sources.n = filter->sources.n },
	};
	if (size) {
		to->filter.sources.addr = malloc(size);
		if (!to->filter.sources.addr)
			return -ENOMEM;
		memcpy(to->filter.sources.addr, filter->sources.addr, size);
	}
	state->n++;
	return 0;
}

/* The memberships of another state from the first on, up to end. */
static int append_all(struct asm_state *state, const struct asm_state *from,
		      uint32_t first, uint32_t end)
{
	int r = 0;

	for (uint32_t i = first; i < end && r == 0; i++)
		r = append(state, from->memberships[i].ifindex,
			   from->memberships[i].group, &from->memberships[i].filter);
	return r;
}

int state_copy_with(const struct asm_state *state, uint32_t ifindex, struct addr group,
		    const struct filter *filter, struct asm_state *ret)
{
	struct asm_state copy = { .is_all = state->is_all, .is_all6 = state->is_all6 };
	bool is_there;
	uint32_t position = find_position(state, ifindex, group, &is_there);
	int r;

	copy.memberships = calloc(state->n + 1, sizeof(*copy.memberships));
	if (!copy.memberships)
		return -ENOMEM;
	r = append_all(&copy, state, 0, position);
	if (r == 0 && filter->mode != FILTER_NONE)
		r = append(&copy, ifindex, group, filter);
	if (r == 0)
		r = append_all(&copy, state, position + is_there, state->n);
	if (r == 0)
		r = state_set_application(&copy, state->application,
					  state->n_application);
	if (r < 0) {
		state_fini(&copy);
		return r;
	}
	*ret = copy;
	return 0;
}

int state_set_application(struct asm_state *state, const struct sock_filter *code,
			  uint32_t n)
{
	struct sock_filter *copy = NULL;

	if (n) {
		copy = malloc(n * sizeof(*copy));
		if (!copy)
			return -ENOMEM;
		memcpy(copy, code, n * sizeof(*copy));
	}
	free(state->application);
	state->application = copy;
	state->n_application = n;
	return 0;
}

bool state_admits(const struct asm_state *state, struct addr destination,
		  uint32_t ifindex, struct addr source)
{
	const struct asm_membership *membership;

	if (!addr_is_multicast(destination))
		return true;
	membership = state_find(state, ifindex, destination);
	if (membership)
		return filter_accepts(&membership->filter, source);
	return addr_is_ipv4(destination) ? state->is_all : state->is_all6;
}
