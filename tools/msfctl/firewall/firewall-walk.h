/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firewall-walk: a packet on its way through one base chain. Where an answer is
 * unknown the walk goes on in both ways at once, with what is known in both.
 */
#ifndef MSFCTL_FIREWALL_WALK_H
#define MSFCTL_FIREWALL_WALK_H

#include "firewall-field.h"
#include "firewall-match.h"
#include "firewall-ruleset.h"

#define WALK_BUDGET (1u << 20) /* rules and elements of sets for one packet */

/* What made the way unsure; object is NULL as long as it is sure. */
struct walk_doubt {
	const json_t *object; /* a rule, or a base chain for its policy */
	char why[MATCH_WHY_MAX];
};

/* How a base chain may end. */
struct walk {
	const struct firewall *firewall;
	uint32_t budget;
	bool is_outgoing;
	bool may_accept;
	bool may_drop;
	unsigned int n_ends;         /* verdicts so far, to see whether there was any */
	struct field_state accepted; /* if it may */
	struct walk_doubt maybe;     /* what the first drop hangs on */
	const json_t *dropped_by;    /* the last one that may drop */
};

/* Leads the packet through the chain. is_sure: is the chain called at all? */
void walk_base(struct walk *walk, const struct base_chain *base, bool is_sure,
	       const struct field_state *state);

#endif
