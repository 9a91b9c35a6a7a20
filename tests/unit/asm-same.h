/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Are two states of the ASM backend the same, in their order? For those that put one into
 * a program and read it back: a unit test, and a target of tests/fuzz.
 */
#ifndef ASM_SAME_H
#define ASM_SAME_H

#include <stdbool.h>
#include <string.h>

#include "asm/state.h"

static inline bool asm_same(const struct asm_state *a, const struct asm_state *b)
{
	if (a->n != b->n || a->is_all != b->is_all || a->is_all6 != b->is_all6 ||
	    a->n_application != b->n_application)
		return false;
	for (uint32_t i = 0; i < a->n; i++) {
		const struct asm_membership *x = &a->memberships[i];
		const struct asm_membership *y = &b->memberships[i];

		if (!addr_equal(x->group, y->group) || x->ifindex != y->ifindex ||
		    !filter_equal(&x->filter, &y->filter))
			return false;
	}
	return !a->n_application || !memcmp(a->application, b->application,
					    a->n_application * sizeof(*a->application));
}

#endif
