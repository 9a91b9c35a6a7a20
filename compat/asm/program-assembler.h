/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An assembler for classic BPF that writes from the end to the start. As jumps only go
 * forward, every distance is known when a jump is written; where it is over the 255
 * that fit in a conditional jump, a BPF_JA is put between, and the label then names
 * that one, for the jumps still to come.
 */
#ifndef ASM_PROGRAM_ASSEMBLER_H
#define ASM_PROGRAM_ASSEMBLER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

struct assembler {
	struct sock_filter *code; /* borrowed, room for n_max; filled from its end */
	uint32_t n_max;
	uint32_t n;
	bool is_full; /* more was to be written than fits */
};

/* A place: the instructions from it to the end. */
struct label {
	uint32_t n;
};

static inline struct label assembler_here(const struct assembler *as)
{
	return (struct label){ as->n };
}

/* The first instruction. */
static inline const struct sock_filter *assembler_start(const struct assembler *as)
{
	return as->code + as->n_max - as->n;
}

void assembler_add(struct assembler *as, uint16_t code, uint32_t k);

/* A conditional jump. NULL: what was written last, so the instruction behind. */
void assembler_add_jump(struct assembler *as, uint16_t code, uint32_t k,
			struct label *yes, struct label *no);

#endif
