/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of a program that judges the packets of one family: group, interface,
 * source.
 */
#ifndef ASM_PROGRAM_PART_H
#define ASM_PROGRAM_PART_H

#include "asm/program-format.h"
#include "asm/search.h"

struct part {
	const struct asm_membership *memberships; /* borrowed */
	uint32_t n;
	bool is_ipv4;
	struct search groups;
	uint32_t *firsts;         /* owned: the first membership of each group; the end */
	struct search interfaces; /* of all groups, one behind the other */
	struct search *sources;   /* owned: one a membership, empty where it has none */
	bool is_kept[N_WORDS];    /* in M[] */
};

int part_init(struct part *ret, const struct asm_membership *memberships, uint32_t n,
	      bool is_ipv4);
void part_fini(struct part *part);

struct part_ends {
	struct label accept;
	struct label reject;
};

/* Writes the code and returns where it begins. is_all: other groups are accepted.
 * places: for each membership where its sources are searched, or untouched. */
struct label part_write(const struct part *part, struct assembler *as, uint32_t n_leaf,
			bool is_all, struct part_ends *ends, struct label *places);

#endif
