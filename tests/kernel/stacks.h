/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A part of a test on an older stack: in a process of its own, as there is no way back
 * from one. What it expects counts in the test of the parent.
 */
#ifndef STACKS_H
#define STACKS_H

#include "old-stack.h"
#include "tap.h"
#include "traffic.h"

struct fixture {
	struct tap tap;
	struct netns net;
	struct traffic traffic;
};

/* work() in a child on that stack (NULL: on this one), which has no default context if
 * the parent has none. */
void stacks_visit(struct fixture *fixture, const struct old_stack *stack,
		  const char *name, void (*work)(struct fixture *fixture));

/* A context whose configuration says this backend, and whether the receive calls
 * filter. */
struct msf *stacks_make_context(enum msf_backend backend, bool receives);

/* INCLUDE of sources 0 to n - 1 of link 0, by deltas: the first error, or 0. */
int stacks_join(struct fixture *fixture, struct msf *msf, int fd, enum flavour flavour,
		unsigned int n);

#endif
