/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trailer tells the memberships, and the walk through the code of each search its
 * sources. What was found is then encoded again: only where that gives the very same
 * instructions is the program ours. So nothing before has to be believed, only to be
 * bounded: each comparison is seen once, and a walk takes a limited number of steps.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "asm/program-format.h"

#define DEPTH_MAX 64u

struct reader {
	const struct sock_filter *code;
	uint32_t n_code; /* ours, without the application's filter */
	uint32_t n_application;
	uint32_t n_memberships;
	uint32_t leaf;
	uint32_t flags;
	uint32_t record; /* behind the record that is read next */

	uint32_t n_steps; /* left for all walks */

	/* of one walk */
	bool is_ipv4;
	uint64_t seen[BPF_MAXINSNS / 64];
	struct addr *sources;
	uint32_t n_sources;
};

/* What a way through the code has compared so far. */
struct way {
	uint32_t values[4];
	uint32_t is_known; /* a bit a word */
	uint32_t word;     /* in A; 4: none of them */
};

static int take_load(const struct reader *reader, const struct sock_filter *in,
		     struct way *way)
{
	uint32_t n = reader->is_ipv4 ? 1 : 4;

	for (uint32_t w = 0; w < n; w++) {
		bool is_kept = in->code == (BPF_LD | BPF_MEM) && in->k == WORD_SOURCE + w;
		bool is_read = in->code == (BPF_LD | BPF_W | BPF_ABS) &&
			       in->k == program_get_offset(WORD_SOURCE + w,
							   reader->is_ipv4);

		if ((is_kept || is_read) && !(way->is_known & 1u << w)) {
			way->word = w;
			return 1;
		}
	}
	return 0;
}

static struct addr get_source(const struct reader *reader, const struct way *way)
{
	const uint32_t *v = way->values;

	if (reader->is_ipv4)
		return addr_from_ipv4(v[0]);
	return (struct addr){ (uint64_t)v[0] << 32 | v[1], (uint64_t)v[2] << 32 | v[3] };
}

static bool is_seen(struct reader *reader, uint32_t at)
{
	uint64_t bit = 1ull << at % 64;
	bool is = reader->seen[at / 64] & bit;

	reader->seen[at / 64] |= bit;
	return is;
}

static int walk(struct reader *reader, uint32_t at, struct way way, uint32_t depth);

/* The word has that value: what else does the source have? */
static int take_value(struct reader *reader, uint32_t at, struct way way, uint32_t depth)
{
	const struct sock_filter *in = &reader->code[at];

	way.values[way.word] = in->k;
	way.is_known |= 1u << way.word;
	way.word = 4;
	if (way.is_known != (reader->is_ipv4 ? 1u : 0xfu))
		return walk(reader, at + 1 + in->jt, way, depth + 1);
	reader->sources[reader->n_sources++] = get_source(reader, &way);
	return 0;
}

/* One instruction: 1, 0 at the end of the way, -EINVAL. */
static int step(struct reader *reader, uint32_t *at, struct way *way, uint32_t depth)
{
	const struct sock_filter *in = &reader->code[*at];
	bool is_compared = way->word < 4;
	uint32_t next = *at + 1;
	int r = 0;

	switch (in->code) {
	case BPF_RET | BPF_K:
		return 0;
	case BPF_JMP | BPF_JA:
		if (in->k >= reader->n_code - *at)
			return -EINVAL;
		next += in->k;
		break;
	case BPF_JMP | BPF_JGE | BPF_K:
		if (!is_compared || is_seen(reader, *at))
			return -EINVAL;
		r = walk(reader, next + in->jf, *way, depth + 1);
		next += in->jt;
		break;
	case BPF_JMP | BPF_JEQ | BPF_K:
		if (!is_compared || is_seen(reader, *at))
			return -EINVAL;
		r = take_value(reader, *at, *way, depth);
		next += in->jf;
		break;
	default:
		if (is_compared || !take_load(reader, in, way))
			return -EINVAL;
		break;
	}
	*at = next;
	return r < 0 ? r : 1;
}

/* Follows a way to its end, where packets are accepted or rejected: 0, -EINVAL. */
static int walk(struct reader *reader, uint32_t at, struct way way, uint32_t depth)
{
	int r = depth < DEPTH_MAX ? 1 : -EINVAL;

	while (r > 0 && at < reader->n_code - 1)
		r = reader->n_steps-- ? step(reader, &at, &way, depth) : -EINVAL;
	return r < 0 ? r : 0;
}

/* The sources of the search that begins there: 0, -EINVAL, -ENOMEM. */
static int read_sources(struct reader *reader, uint32_t place, struct source_set *ret)
{
	struct source_set set = { 0 };
	int r;

	reader->n_sources = 0;
	r = walk(reader, place, (struct way){ .word = 4 }, 0);
	if (r < 0 || !reader->n_sources)
		return -EINVAL;
	set.addr = malloc(reader->n_sources * sizeof(*set.addr));
	if (!set.addr)
		return -ENOMEM;
	set.n = source_set_sort(reader->sources, reader->n_sources, set.addr);
	memcpy(set.addr, reader->sources, set.n * sizeof(*set.addr));
	*ret = set;
	return 0;
}

static uint32_t read_back(struct reader *reader)
{
	return reader->code[--reader->record].k;
}

/* The record before those that were read. */
static int read_record(struct reader *reader, struct asm_membership *m)
{
	uint32_t bits = read_back(reader), lo, place = bits & RECORD_PLACE;

	reader->is_ipv4 = !(bits & RECORD_IS_IPV6);
	m->ifindex = read_back(reader);
	m->filter.mode = bits & RECORD_IS_EXCLUDE ? FILTER_EXCLUDE : FILTER_INCLUDE;
	lo = read_back(reader);
	if (reader->is_ipv4) {
		m->group = addr_from_ipv4(lo);
	} else {
		m->group.lo = (uint64_t)read_back(reader) << 32 | lo;
		m->group.hi = read_back(reader);
		m->group.hi |= (uint64_t)read_back(reader) << 32;
	}
	return place ? read_sources(reader, place, &m->filter.sources) : 0;
}

static bool is_word(const struct reader *reader, uint32_t at)
{
	return reader->code[at].code == PROGRAM_WORD;
}

/* Finds where our code ends: before the application's, before the records. */
static bool find_code(struct reader *reader, uint32_t n)
{
	uint32_t at = reader->record;

	for (uint32_t i = 0; i < reader->n_memberships; i++) {
		uint32_t n_record;

		if (!at || !is_word(reader, at - 1))
			return false;
		n_record = reader->code[at - 1].k & RECORD_IS_IPV6 ? PROGRAM_N_RECORD6
								   : PROGRAM_N_RECORD;
		if (at < n_record)
			return false;
		at -= n_record;
	}
	if (at <= reader->n_application || at > n)
		return false;
	reader->n_code = at - reader->n_application;
	/* A comparison that fails leads to its end over a jump in 255 at most. */
	reader->n_steps = reader->n_code * (reader->n_code / 254 + 4);
	return true;
}

/* Is there a trailer that may be ours? */
static bool read_trailer(struct reader *reader, const struct sock_filter *code,
			 uint32_t n)
{
	const struct sock_filter *end;
	uint32_t version, counts;

	if (n <= PROGRAM_N_FIXED || n > BPF_MAXINSNS)
		return false;
	end = code + n; /* of none there is no place to count from */
	if (end[-1].code != (BPF_RET | BPF_K) || end[-1].k != PROGRAM_MAGIC ||
	    end[-2].code != PROGRAM_WORD || end[-2].k != program_sum(code, n - 2))
		return false;
	version = end[-3].k;
	counts = end[-4].k;
	if (version >> 24 != PROGRAM_VERSION)
		return false;
	*reader = (struct reader){
		.code = code,
		.n_application = counts & 0xffff,
		.n_memberships = counts >> 16,
		.leaf = version >> 8 & 0xffff,
		.flags = version & 0xff,
		.record = n - PROGRAM_N_FIXED,
	};
	return reader->n_memberships && find_code(reader, n);
}

/* 0, -EINVAL, -ENOMEM: *state may have a part of it then. */
static int read_state(struct reader *reader, struct asm_state *state)
{
	int r = 0;

	*state = (struct asm_state){ .is_all = reader->flags & PROGRAM_IS_ALL,
				     .is_all6 = reader->flags & PROGRAM_IS_ALL6 };
	state->memberships = calloc(reader->n_memberships, sizeof(*state->memberships));
	if (!state->memberships)
		return -ENOMEM;
	state->n = reader->n_memberships;
	for (uint32_t i = state->n; r == 0 && i-- > 0;)
		r = read_record(reader, &state->memberships[i]);
	for (uint32_t i = 1; r == 0 && i < state->n; i++) {
		const struct asm_membership *m = &state->memberships[i];
		int order = addr_compare(m[-1].group, m->group);

		if (order > 0 || (!order && m[-1].ifindex >= m->ifindex))
			r = -EINVAL;
	}
	if (r == 0)
		r = state_set_application(state, reader->code + reader->n_code,
					  reader->n_application);
	return r;
}

/* Does encoding give these instructions? 1, 0, -ENOMEM. */
static int is_encoded(const struct reader *reader, const struct asm_state *state,
		      uint32_t n)
{
	struct program again;
	int family = reader->flags & PROGRAM_IS_INET6 ? AF_INET6 : AF_INET;
	int r = program_encode_leaf(&again, state, family, reader->leaf);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	/* No instruction has padding. */
	r = again.n == n && !memcmp(again.code, reader->code, n * sizeof(*again.code));
	program_fini(&again);
	return r;
}

static int decode(struct reader *reader, uint32_t n, struct asm_state *ret)
{
	struct asm_state state = { 0 };
	int r = -ENOMEM;

	reader->sources = malloc(n * sizeof(*reader->sources));
	if (reader->sources)
		r = read_state(reader, &state);
	free(reader->sources);
	if (r == 0)
		r = is_encoded(reader, &state, n);
	if (r == 1)
		*ret = state;
	else
		state_fini(&state);
	return r == -EINVAL ? 0 : r;
}

int program_decode(const struct sock_filter *code, uint32_t n, struct asm_state *ret)
{
	struct asm_state state = ASM_STATE_INIT;
	struct reader reader;
	int r;

	if (read_trailer(&reader, code, n)) {
		r = decode(&reader, n, ret);
		if (r)
			return r;
	}
	r = state_set_application(&state, code, n);
	if (r < 0)
		return r;
	*ret = state;
	return 0;
}
