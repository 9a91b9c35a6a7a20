/* SPDX-License-Identifier: BSD-2-Clause */
/* The application's classic filter, which stands behind ours in one program. */
#include "asm/option.h"

#include <errno.h>
#include <linux/bpf_common.h>
#include <string.h>

#include "asm/closed.h"
#include "asm/program.h"
#include "asm/scratch.h"
#include "asm/store.h"

/* Makes code the application's filter of a socket that has a state. */
static int put_application(const struct option *option, const struct asm_state *old,
			   const struct sock_filter *code, uint32_t n)
{
	const struct filter none = { .mode = FILTER_NONE };
	struct asm_state state;
	int r = state_copy_with(old, 0, (struct addr){ 0 }, &none, &state);

	if (r < 0)
		return r;
	r = state_set_application(&state, code, n);
	if (r == 0)
		r = carrier_write(&option->carrier, old, &state,
				  option->is_receive_filtered);
	state_fini(&state);
	/* the kernel's word, and for a program of the application's alone its own */
	return r == -ENOBUFS ? -ENOMEM : r;
}

/* The kernel's own, on the program that was read. */
static int set_alone(const struct option *option, struct option_value value)
{
	int r = carrier_confirm(&option->carrier);

	return r == 0 ? option_set(option, value) : r;
}

/* 1: ours, and *ret is the state; 0: the kernel is to answer; or -errno. */
static int read_ours(const struct option *option, struct asm_state *ret)
{
	int r;

	if (option->carrier.filters == ASM_FILTERS_NONE)
		return 0;
	r = carrier_read(&option->carrier, ret);
	return r == -EBUSY ? 0 : r;
}

bool asm_is_program(const struct sock_fprog *fprog)
{
	struct asm_state state = ASM_STATE_INIT;
	int r;

	if (!fprog->filter || fprog->len > BPF_MAXINSNS)
		return false;
	r = program_decode(fprog->filter, fprog->len, &state);
	state_fini(&state);
	return r > 0;
}

/* The kernel looks at the filter first, before its address is trusted. */
static int attach_behind(const struct option *option, const struct asm_state *old,
			 struct option_value value)
{
	struct sock_fprog fprog;
	int r;

	if (value.len != sizeof(fprog))
		return -EINVAL;
	if (!value.at)
		return -EFAULT;
	memcpy(&fprog, value.at, sizeof(fprog));
	r = scratch_try(&fprog);
	return r < 0 ? r : put_application(option, old, fprog.filter, fprog.len);
}

/*
 * Where filters work but cannot be read back, the first one is noted down: a membership
 * that begins later must not lose it.
 */
int option_attach_filter(const struct option *option, struct option_value value)
{
	struct asm_state old = ASM_STATE_INIT;
	int r = read_ours(option, &old);

	if (r > 0 || (r == 0 && option->carrier.filters == ASM_FILTERS_BLIND))
		r = attach_behind(option, &old, value);
	else if (r == 0)
		r = set_alone(option, value);
	state_fini(&old);
	return r;
}

static int detach_behind(const struct option *option, const struct asm_state *old,
			 struct option_value value)
{
	if (value.len < sizeof(int))
		return -EINVAL;
	if (!value.at)
		return -EFAULT;
	return old->n_application ? put_application(option, old, NULL, 0) : -ENOENT;
}

int option_detach_filter(const struct option *option, struct option_value value)
{
	struct asm_state old = ASM_STATE_INIT;
	int r = read_ours(option, &old);

	if (r > 0)
		r = detach_behind(option, &old, value);
	else if (r == 0)
		r = set_alone(option, value);
	if (r == 0 && option->carrier.filters == ASM_FILTERS_BLIND)
		store_put_foreign(option->carrier.key, false);
	state_fini(&old);
	return r;
}

/* Where it cannot be read back it is noted down, instead of a filter that it takes the
 * place of. */
static int attach_noted(const struct option *option, const struct asm_state *old,
			struct option_value value, bool was_foreign)
{
	int r = store_put_foreign(option->carrier.key, true);

	if (r < 0)
		return r;
	r = option_set(option, value);
	if (r < 0 && !was_foreign)
		store_put(option->carrier.key, old);
	return r;
}

/* It cannot be put together with ours. */
int option_attach_bpf(const struct option *option, struct option_value value)
{
	struct asm_state old = ASM_STATE_INIT;
	int r = 0;

	if (option->carrier.filters != ASM_FILTERS_NONE)
		r = carrier_read(&option->carrier, &old);
	if (r > 0 && closed_count_others(&old))
		r = -EBUSY;
	else if (option->carrier.filters == ASM_FILTERS_BLIND && (r >= 0 || r == -EBUSY))
		r = attach_noted(option, &old, value, r == -EBUSY);
	else if (r >= 0 || r == -EBUSY)
		r = set_alone(option, value);
	state_fini(&old);
	return r;
}

/* Lengths are counted in instructions. */
static int print_filter(struct option_answer answer, const struct asm_state *state)
{
	uint32_t n = state->n_application;

	if (!answer.len)
		return -EFAULT;
	if (n && *answer.len) {
		if (*answer.len < n)
			return -EINVAL;
		if (!answer.at)
			return -EFAULT;
		memcpy(answer.at, state->application, n * sizeof(*state->application));
	}
	*answer.len = n;
	return 0;
}

int option_get_filter(const struct option *option, struct option_answer answer)
{
	struct asm_state state = ASM_STATE_INIT;
	int r = read_ours(option, &state);

	if (r > 0)
		r = print_filter(answer, &state);
	else if (r == 0)
		r = option_get(option, answer);
	state_fini(&state);
	return r;
}
