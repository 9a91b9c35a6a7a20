/* SPDX-License-Identifier: BSD-2-Clause */
/* Backwards, so that a label is always behind the jumps to it. */
#include "asm/program-assembler.h"

#define NEAR_MAX UINT8_MAX

static void put(struct assembler *as, struct sock_filter instruction)
{
	if (as->n == as->n_max) {
		as->is_full = true;
		return;
	}
	as->n++;
	as->code[as->n_max - as->n] = instruction;
}

void assembler_add(struct assembler *as, uint16_t code, uint32_t k)
{
	put(as, (struct sock_filter){ .code = code, .k = k });
}

/* Brings a label within reach. */
static void come_near(struct assembler *as, struct label *label, uint32_t reach)
{
	if (as->n - label->n <= reach)
		return;
	assembler_add(as, BPF_JMP | BPF_JA, as->n - label->n);
	*label = assembler_here(as);
}

void assembler_add_jump(struct assembler *as, uint16_t code, uint32_t k,
			struct label *yes, struct label *no)
{
	struct label behind = assembler_here(as);

	yes = yes ? yes : &behind;
	no = no ? no : &behind;
	/* Bringing the other one near moves this one away by an instruction. */
	come_near(as, no, NEAR_MAX - 1);
	come_near(as, yes, NEAR_MAX);
	put(as, (struct sock_filter){ .code = code,
				      .jt = (uint8_t)(as->n - yes->n),
				      .jf = (uint8_t)(as->n - no->n),
				      .k = k });
}
