/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: the classic BPF program that a socket has. Sent by: whoever attached it, which
 * may be another program that shares the socket.
 *
 * Any instructions are safe to look at. They are a filter of the
 * application, or they are ours, and then their state gives a program that has the same
 * state. Since a change of a program breaks its checksum, each input is read once more
 * with that mended.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "asm/program-format.h"
#include "../unit/asm-same.h"
#include "target.h"

static void mend(struct sock_filter *code, uint32_t n)
{
	if (n < PROGRAM_N_FIXED)
		return;
	code[n - 1] = (struct sock_filter){ .code = BPF_RET | BPF_K, .k = PROGRAM_MAGIC };
	code[n - 2] = (struct sock_filter){ .code = PROGRAM_WORD,
					    .k = program_sum(code, n - 2) };
	code[n - 3].code = PROGRAM_WORD;
	code[n - 3].k = PROGRAM_VERSION << 24 | (code[n - 3].k & 0xffffff);
}

static void check_application(const struct asm_state *state,
			      const struct sock_filter *code, uint32_t n)
{
	target_expect(!state->n && state->is_all && state->is_all6, "no membership");
	target_expect(
		state->n_application == n &&
			(!n || !memcmp(state->application, code, n * sizeof(*code))),
		"the application's filter as it is");
}

static void check_ours(const struct asm_state *state)
{
	struct program program;
	struct asm_state again;
	int r = program_encode(&program, state, AF_INET);

	if (r == -EINVAL)
		r = program_encode(&program, state, AF_INET6);
	target_expect(r == 0, "what was a program can be one");
	target_expect(program_decode(program.code, program.n, &again) == 1, "ours again");
	target_expect(asm_same(state, &again), "the same state");
	state_fini(&again);
	program_fini(&program);
}

static void run(const uint8_t *data, size_t len, bool is_mended)
{
	uint32_t n = (uint32_t)(len / sizeof(struct sock_filter));
	/* Of just that size, so that a look behind the end is seen. */
	struct sock_filter *code = n ? malloc(n * sizeof(*code)) : NULL;
	struct asm_state state;
	int r;

	target_expect(code || !n, "no memory");
	if (n)
		memcpy(code, data, n * sizeof(*code));
	if (is_mended)
		mend(code, n);
	r = program_decode(code, n, &state);
	target_expect(r == 0 || r == 1, "ours or not");
	if (r == 1)
		check_ours(&state);
	else
		check_application(&state, code, n);
	state_fini(&state);
	free(code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	run(data, len, false);
	run(data, len, true);
	return 0;
}
