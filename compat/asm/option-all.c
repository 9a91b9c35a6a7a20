/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IP_MULTICAST_ALL and IPV6_MULTICAST_ALL. The kernel's own come first; the program
 * says the same, and stands in for a kernel that does not know them.
 */
#include "asm/option.h"

#include <errno.h>
#include <netinet/in.h>

#include "asm/closed.h"
#include "asm/plain.h"

static bool *get_flag(const struct option *option, struct asm_state *state)
{
	return option->level == IPPROTO_IP ? &state->is_all : &state->is_all6;
}

static bool is_unknown(int error)
{
	return error == -ENOPROTOOPT || error == -EOPNOTSUPP;
}

/* Tells the program. Others' groups are delivered then, so none stays closed but for
 * what waits in the queue. */
static int rewrite(const struct option *option, const struct asm_state *from, bool is_all)
{
	const struct filter none = { .mode = FILTER_NONE };
	struct asm_state to;
	int r = state_copy_with(from, 0, (struct addr){ 0 }, &none, &to);

	if (r < 0)
		return r;
	*get_flag(option, &to) = is_all;
	if (is_all && option->carrier.filters != ASM_FILTERS_NONE)
		closed_prune(&to);
	r = carrier_write(&option->carrier, from, &to, option->is_receive_filtered);
	state_fini(&to);
	return r;
}

static int set_ours(const struct option *option, struct asm_state *state,
		    struct option_value value)
{
	int family = option->level == IPPROTO_IP ? AF_INET : AF_INET6;
	int r = option_set(option, value), written, on;
	bool is_emulated = is_unknown(r);

	if (r < 0 && !is_emulated)
		return r;
	r = option_parse(option, value, &on);
	if (r < 0)
		return r;
	written = rewrite(option, state, on);
	if (written < 0 && !is_emulated)
		plain_set_all(option->carrier.fd, family, *get_flag(option, state));
	return written;
}

int option_set_all(const struct option *option, struct option_value value)
{
	struct asm_state state = ASM_STATE_INIT;
	int r = carrier_read(&option->carrier, &state);

	r = r > 0 && state.n ? set_ours(option, &state, value)
			     : option_set(option, value);
	state_fini(&state);
	return r;
}

int option_get_all(const struct option *option, struct option_answer answer)
{
	struct asm_state state = ASM_STATE_INIT;
	int r = option_get(option, answer);

	if (!is_unknown(r))
		return r;
	if (carrier_read(&option->carrier, &state) > 0 && state.n)
		r = option_print(option, answer, *get_flag(option, &state));
	state_fini(&state);
	return r;
}
