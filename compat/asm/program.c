/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program of a state:
 *
 *	[an AF_INET6 socket: the version of the packet]
 *	IPv4, then IPv6:
 *		the destination is no group: accept
 *		words that are needed in many places: into M[]
 *		search the group, then the interface, then the source
 *	reject
 *	accept: the application's filter
 *	the trailer
 *
 * The part of a family is program-part.c's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "asm/program-format.h"
#include "asm/program-part.h"

/* The longest run of comparisons in a search: the quickest first, then ever tighter
 * ones. Their order is part of the format. */
static const uint32_t leaves[] = { 16, 32, 64, 256, 0 };
#define N_LEAVES (sizeof(leaves) / sizeof(leaves[0]))

uint32_t program_get_offset(uint32_t word, bool is_ipv4)
{
	const uint32_t net = (uint32_t)SKF_NET_OFF;

	if (word == WORD_INTERFACE)
		return (uint32_t)SKF_AD_OFF + SKF_AD_IFINDEX;
	if (is_ipv4)
		return net + (word < WORD_INTERFACE ? 16 : 12);
	return word < WORD_INTERFACE ? net + 24 + 4 * word
				     : net + 8 + 4 * (word - WORD_SOURCE);
}

/* FNV-1a over instructions, the upper half folded in. */
uint32_t program_sum(const struct sock_filter *code, uint32_t n)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (uint32_t i = 0; i < n; i++) {
		sum ^= (uint64_t)code[i].code << 48 | (uint64_t)code[i].jt << 40 |
		       (uint64_t)code[i].jf << 32 | code[i].k;
		sum *= 0x100000001b3u;
		sum ^= sum >> 32;
	}
	return (uint32_t)(sum ^ sum >> 32);
}

void program_fini(struct program *program)
{
	free(program->code);
	*program = (struct program){ 0 };
}

static int program_set(struct program *ret, const struct sock_filter *code, uint32_t n)
{
	struct program program = { .n = n };

	if (n) {
		program.code = malloc(n * sizeof(*code));
		if (!program.code)
			return -ENOMEM;
		memcpy(program.code, code, n * sizeof(*code));
	}
	*ret = program;
	return 0;
}

static int check_membership(const struct asm_membership *m)
{
	bool is_ipv4 = addr_is_ipv4(m->group);

	if (!addr_is_multicast(m->group) || m->filter.mode == FILTER_NONE)
		return -EINVAL;
	for (uint32_t i = 0; is_ipv4 && i < m->filter.sources.n; i++)
		if (!addr_is_ipv4(m->filter.sources.addr[i]))
			return -EINVAL;
	return 0;
}

/* IPv4 groups, which are v4-mapped, are before the IPv6 ones: how many? */
static int check_state(const struct asm_state *state, int family, uint32_t *ret_n_ipv4)
{
	uint32_t n_ipv4 = 0, n_sources = 0;

	for (uint32_t i = 0; i < state->n; i++) {
		const struct asm_membership *m = &state->memberships[i];

		if (check_membership(m) < 0)
			return -EINVAL;
		n_ipv4 += addr_is_ipv4(m->group);
		if (m->filter.sources.n > BPF_MAXINSNS - n_sources || i == BPF_MAXINSNS)
			return -ENOBUFS;
		n_sources += m->filter.sources.n;
	}
	if (state->n_application > BPF_MAXINSNS)
		return -ENOBUFS;
	if (family == AF_INET && n_ipv4 < state->n)
		return -EINVAL;
	*ret_n_ipv4 = n_ipv4;
	return 0;
}

/* What is written from: both families, and where their sources are searched. */
struct draft {
	const struct asm_state *state;
	bool is_inet6;
	struct part part, part6;
	struct label *places; /* owned: one a membership; n 0: no sources */
};

static void draft_fini(struct draft *draft)
{
	part_fini(&draft->part);
	part_fini(&draft->part6);
	free(draft->places);
}

static int draft_init(struct draft *draft, const struct asm_state *state, int family)
{
	uint32_t n_ipv4;
	int r = check_state(state, family, &n_ipv4);

	*draft = (struct draft){ .state = state, .is_inet6 = family == AF_INET6 };
	if (r < 0)
		return r;
	draft->places = calloc(state->n, sizeof(*draft->places));
	if (!draft->places)
		return -ENOMEM;
	r = part_init(&draft->part, state->memberships, n_ipv4, true);
	if (r == 0)
		r = part_init(&draft->part6, state->memberships + n_ipv4,
			      state->n - n_ipv4, false);
	if (r < 0)
		draft_fini(draft);
	return r;
}

static void write_code(const struct draft *draft, struct assembler *as, uint32_t n_leaf)
{
	const struct asm_state *state = draft->state;
	struct part_ends ends;
	struct label ipv4, ipv6;

	if (state->n_application)
		assembler_add(as, BPF_LD | BPF_IMM, 0);
	else
		assembler_add(as, BPF_RET | BPF_K, UINT32_MAX);
	ends.accept = assembler_here(as);
	assembler_add(as, BPF_RET | BPF_K, 0);
	ends.reject = assembler_here(as);
	if (!draft->is_inet6) {
		part_write(&draft->part, as, n_leaf, state->is_all, &ends, draft->places);
		return;
	}
	ipv6 = part_write(&draft->part6, as, n_leaf, state->is_all6, &ends,
			  draft->places + draft->part.n);
	ipv4 = part_write(&draft->part, as, n_leaf, state->is_all, &ends, draft->places);
	assembler_add_jump(as, BPF_JMP | BPF_JGE | BPF_K, 0x60000000, &ipv6, &ipv4);
	assembler_add(as, BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_NET_OFF);
}

static uint32_t get_trailer_size(const struct draft *draft)
{
	return draft->part.n * PROGRAM_N_RECORD + draft->part6.n * PROGRAM_N_RECORD6 +
	       PROGRAM_N_FIXED;
}

static struct sock_filter *add_word(struct sock_filter *at, uint32_t k)
{
	*at = (struct sock_filter){ .code = PROGRAM_WORD, .k = k };
	return at + 1;
}

static struct sock_filter *add_record(struct sock_filter *at,
				      const struct asm_membership *m, uint32_t place)
{
	uint32_t bits = place;

	if (addr_is_ipv4(m->group)) {
		at = add_word(at, addr_ipv4(m->group));
	} else {
		at = add_word(at, (uint32_t)(m->group.hi >> 32));
		at = add_word(at, (uint32_t)m->group.hi);
		at = add_word(at, (uint32_t)(m->group.lo >> 32));
		at = add_word(at, (uint32_t)m->group.lo);
		bits |= RECORD_IS_IPV6;
	}
	if (m->filter.mode == FILTER_EXCLUDE)
		bits |= RECORD_IS_EXCLUDE;
	return add_word(add_word(at, m->ifindex), bits);
}

/* Behind our code, which is there. */
static void write_tail(const struct draft *draft, struct program *program,
		       uint32_t n_code, uint32_t leaf)
{
	const struct asm_state *state = draft->state;
	struct sock_filter *at = program->code + n_code;
	uint32_t flags = (state->is_all ? PROGRAM_IS_ALL : 0) |
			 (state->is_all6 ? PROGRAM_IS_ALL6 : 0) |
			 (draft->is_inet6 ? PROGRAM_IS_INET6 : 0);

	if (state->n_application)
		memcpy(at, state->application, state->n_application * sizeof(*at));
	at += state->n_application;
	for (uint32_t i = 0; i < state->n; i++) {
		uint32_t n = draft->places[i].n;

		at = add_record(at, &state->memberships[i], n ? n_code - n : 0);
	}
	at = add_word(at, state->n << 16 | state->n_application);
	at = add_word(at, PROGRAM_VERSION << 24 | leaf << 8 | flags);
	at = add_word(at, program_sum(program->code, (uint32_t)(at - program->code)));
	*at = (struct sock_filter){ .code = BPF_RET | BPF_K, .k = PROGRAM_MAGIC };
}

/* Room is BPF_MAXINSNS instructions for the code. */
static int draft_write(const struct draft *draft, struct sock_filter *room, uint32_t leaf,
		       struct program *ret)
{
	uint32_t n_behind = get_trailer_size(draft) + draft->state->n_application;
	struct assembler as = { .code = room };
	struct program program;

	if (n_behind >= BPF_MAXINSNS)
		return -ENOBUFS;
	as.n_max = BPF_MAXINSNS - n_behind;
	write_code(draft, &as, leaves[leaf]);
	if (as.is_full)
		return -ENOBUFS;
	program.n = as.n + n_behind;
	program.code = malloc(program.n * sizeof(*program.code));
	if (!program.code)
		return -ENOMEM;
	memcpy(program.code, assembler_start(&as), as.n * sizeof(*program.code));
	write_tail(draft, &program, as.n, leaf);
	*ret = program;
	return 0;
}

static int encode(struct program *ret, const struct asm_state *state, int family,
		  uint32_t first_leaf, uint32_t last_leaf)
{
	struct sock_filter *room;
	struct draft draft;
	int r = draft_init(&draft, state, family);

	if (r < 0)
		return r;
	room = malloc(BPF_MAXINSNS * sizeof(*room));
	r = room ? -ENOBUFS : -ENOMEM;
	for (uint32_t i = first_leaf; r == -ENOBUFS && i <= last_leaf; i++)
		r = draft_write(&draft, room, i, ret);
	free(room);
	draft_fini(&draft);
	return r;
}

int program_encode(struct program *ret, const struct asm_state *state, int family)
{
	if (!state->n)
		return program_set(ret, state->application, state->n_application);
	return encode(ret, state, family, 0, N_LEAVES - 1);
}

int program_encode_leaf(struct program *ret, const struct asm_state *state, int family,
			uint32_t leaf)
{
	if (!state->n || leaf >= N_LEAVES)
		return -EINVAL;
	return encode(ret, state, family, leaf, leaf);
}
