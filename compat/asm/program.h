/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A state as a classic BPF program, and back.
 *
 *	ours: destination group (balanced search), interface, source (balanced search)
 *	the application's filter, entered with A, X and the length as at the start
 *	a trailer that never runs: BPF_LD|BPF_IMM instructions whose constants tell the
 *	memberships and where the code of each begins, a checksum, and at the very end
 *	a BPF_RET with the magic number
 *
 * The sources are not written twice: they are read back out of the comparisons of the
 * search code. Offsets are SKF_NET_OFF and SKF_AD_OFF ones, so that UDP, raw and ping
 * sockets of both families take the same program.
 */
#ifndef ASM_PROGRAM_H
#define ASM_PROGRAM_H

#include "asm/state.h"

struct program {
	struct sock_filter *code; /* owned */
	uint32_t n;
};

/*
 * family: of the socket; an AF_INET6 one may receive IPv4 packets too. -ENOBUFS: more
 * than BPF_MAXINSNS instructions in the tightest form; -ENOMEM. A state without
 * memberships is the application's filter alone, or no instruction at all.
 */
int program_encode(struct program *ret, const struct asm_state *state, int family);
void program_fini(struct program *program);

/*
 * 1: ours, and *ret is the state; 0: not ours, so *ret has no membership and the code
 * as the application's filter. -ENOMEM. Any instructions that a kernel may answer with
 * are safe to look at.
 */
int program_decode(const struct sock_filter *code, uint32_t n, struct asm_state *ret);

#endif
