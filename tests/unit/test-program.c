/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs of the ASM backend: what they say of a packet is what the state says,
 * the state comes back out of them, and the kernel takes them. Random states and
 * packets, the same ones in every run.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "asm/program.h"
#include "asm-same.h"
#include "bpf-machine.h"
#include "tap.h"

#define N_STATES  4000
#define N_PACKETS 200
#define N_GROUPS  3
#define NOBODY    65534

/* xorshift64: the same sequence everywhere */
static uint64_t draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static uint32_t draw_below(uint64_t *seed, uint32_t n)
{
	return (uint32_t)(draw(seed) >> 16) % n;
}

static struct addr ipv6(uint64_t hi, uint64_t lo)
{
	return (struct addr){ hi, lo };
}

/* What the sources of a list have in common. */
enum kind {
	CLOSE,     /* one behind the other */
	UNRELATED, /* nothing */
	SCATTERED, /* IPv6: a prefix of 96 bits */
	SUBNETS,   /* IPv6: one host part, many subnets */
	MIXED,     /* IPv6: few values in each word */
	N_KINDS,
};

static struct addr draw_source(uint64_t *seed, bool is_ipv4, enum kind kind, uint32_t i)
{
	uint64_t random = draw(seed);

	if (is_ipv4)
		return addr_from_ipv4(kind == CLOSE ? 0x7ffffe00 + i : (uint32_t)random);
	switch (kind) {
	case CLOSE:
		return ipv6(0x20010db800000000, 0xfffffff0 + i);
	case UNRELATED:
		return ipv6(random, draw(seed));
	case SCATTERED:
		return ipv6(0x20010db800010002, 0x0003000400000000 | (uint32_t)random);
	case SUBNETS:
		return ipv6(0x20010db800000000 | (uint32_t)random, 1);
	case MIXED:
	case N_KINDS:
		break;
	}
	return ipv6(0x2001000000000000 | (random & 0x300000007),
		    (random >> 8 & 0xf0000000f) << 3);
}

static struct source_set draw_sources(uint64_t *seed, bool is_ipv4, enum kind kind,
				      uint32_t n)
{
	struct source_set set = { .n = n, .addr = malloc((n + 1) * sizeof(*set.addr)) };
	struct addr *scratch = malloc((n + 1) * sizeof(*scratch));

	if (!set.addr || !scratch)
		tap_bail_out("no memory");
	for (uint32_t i = 0; i < n; i++)
		set.addr[i] = draw_source(seed, is_ipv4, kind, i);
	set.n = source_set_sort(set.addr, n, scratch);
	free(scratch);
	return set;
}

/* Adds a membership, or changes it. */
static void put(struct asm_state *state, uint32_t ifindex, struct addr group,
		enum filter_mode mode, struct source_set sources)
{
	struct filter filter = { .mode = mode, .sources = sources };
	struct asm_state next;

	if (state_copy_with(state, ifindex, group, &filter, &next) < 0)
		tap_bail_out("no memory");
	free(sources.addr);
	state_fini(state);
	*state = next;
}

/* A few groups that have words in common. */
static struct addr get_group(bool is_ipv4, uint32_t i)
{
	static const struct addr groups[N_GROUPS] = {
		{ 0xff3e000000000000, 0x80000001 },
		{ 0xff3e000000000000, 0x180000001 },
		{ 0xff0e000012345678, 0x1 },
	};

	return is_ipv4 ? addr_from_ipv4(0xe8010101 + i * i * 200) : groups[i];
}

static const struct sock_filter all[] = { BPF_STMT(BPF_RET | BPF_K, 0xffffffff) };
static const struct sock_filter few[] = { BPF_STMT(BPF_RET | BPF_K, 20) };
/* A and X are 0 */
static const struct sock_filter registers[] = {
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3),
	BPF_STMT(BPF_MISC | BPF_TXA, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 31),
	BPF_STMT(BPF_RET | BPF_K, 32),
};
static const struct sock_filter length[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
	BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 3),
	BPF_STMT(BPF_RET | BPF_A, 0),
};
static const struct sock_filter memory[] = {
	BPF_STMT(BPF_LDX | BPF_IMM, 5),         BPF_STMT(BPF_STX, 0),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 3),  BPF_STMT(BPF_ST, 15),
	BPF_STMT(BPF_LDX | BPF_MEM, 0),         BPF_STMT(BPF_LD | BPF_MEM, 15),
	BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0), BPF_STMT(BPF_RET | BPF_A, 0),
};
/* A load from where nothing is ends it with 0. */
static const struct sock_filter far_load[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4000),
	BPF_STMT(BPF_RET | BPF_K, 33),
};

static const struct {
	const struct sock_filter *code;
	uint32_t n;
} applications[] = {
#define APPLICATION(code)                            \
	{                                            \
		code, sizeof(code) / sizeof(code[0]) \
	}
	{ NULL, 0 },           APPLICATION(all),
	APPLICATION(few),      APPLICATION(registers),
	APPLICATION(length),   APPLICATION(memory),
	APPLICATION(far_load),
};
#define N_APPLICATIONS (sizeof(applications) / sizeof(applications[0]))

static void put_application(struct asm_state *state, size_t i)
{
	if (state_set_application(state, applications[i].code, applications[i].n) < 0)
		tap_bail_out("no memory");
}

static void draw_state(uint64_t *seed, int family, struct asm_state *ret)
{
	static const uint32_t sizes[] = { 0, 0, 1, 1, 2, 3, 5, 9, 17, 64, 128, 300 };
	uint32_t n = 1 + draw_below(seed, draw_below(seed, 4) ? 4 : 24);

	*ret = (struct asm_state){ .is_all = draw_below(seed, 2),
				   .is_all6 = draw_below(seed, 2) };
	for (uint32_t i = 0; i < n; i++) {
		bool is_ipv4 = family == AF_INET || draw_below(seed, 2);
		uint32_t size = sizes[draw_below(seed, n > 4 ? 7 : 12)];
		enum kind kind = draw_below(seed, N_KINDS);

		if (kind == UNRELATED && size > 128)
			size = 128;
		put(ret, 1 + draw_below(seed, 3),
		    get_group(is_ipv4, draw_below(seed, N_GROUPS)),
		    draw_below(seed, 2) ? FILTER_INCLUDE : FILTER_EXCLUDE,
		    draw_sources(seed, is_ipv4, kind, size));
	}
	put_application(ret, draw_below(seed, N_APPLICATIONS));
}

/* An address that differs a little, or in one word. */
static struct addr disturb(uint64_t *seed, struct addr a, bool is_ipv4)
{
	switch (draw_below(seed, 4)) {
	case 0:
		a.lo++;
		break;
	case 1:
		a.lo--;
		break;
	case 2:
		a.lo ^= draw(seed) & 0xffffffff;
		break;
	default:
		if (is_ipv4)
			a.lo ^= 1ull << draw_below(seed, 32);
		else if (draw_below(seed, 2))
			a.hi ^= 1ull << draw_below(seed, 64);
		else
			a.lo ^= 1ull << draw_below(seed, 64);
	}
	return is_ipv4 ? addr_from_ipv4((uint32_t)a.lo) : a;
}

static struct addr draw_destination(uint64_t *seed, struct addr group, bool is_ipv4)
{
	static const uint32_t edges[] = { 0xdfffffff, 0xe0000000, 0xefffffff, 0xf0000000,
					  0xffffffff, 0x7f000001, 0 };
	static const uint64_t edges6[] = { 0xfe80000000000000, 0xfeffffffffffffff,
					   0xff00000000000000, 0xffffffffffffffff, 0 };

	switch (draw_below(seed, 8)) {
	case 0:
		return disturb(seed, group, is_ipv4);
	case 1:
		return is_ipv4 ? addr_from_ipv4(edges[draw_below(seed, 7)])
			       : ipv6(edges6[draw_below(seed, 5)], draw(seed));
	default:
		return group;
	}
}

static struct addr draw_sender(uint64_t *seed, const struct source_set *set, bool is_ipv4)
{
	struct addr any = is_ipv4 ? addr_from_ipv4((uint32_t)draw(seed))
				  : ipv6(draw(seed), draw(seed));

	if (!set->n || !draw_below(seed, 8))
		return any;
	any = set->addr[draw_below(seed, set->n)];
	return draw_below(seed, 2) ? any : disturb(seed, any, is_ipv4);
}

/* One packet: does the program say what the state says? */
static bool try_packet(struct tap *tap, uint64_t *seed, const struct asm_state *state,
		       const struct program *program)
{
	const struct asm_membership *m = &state->memberships[draw_below(seed, state->n)];
	bool is_ipv4 = addr_is_ipv4(m->group);
	struct addr to = draw_destination(seed, m->group, is_ipv4);
	struct addr from = draw_sender(seed, &m->filter.sources, is_ipv4);
	uint32_t ifindex = draw_below(seed, 4) ? m->ifindex : draw_below(seed, 5);
	uint32_t expected = 0, said;
	struct bpf_packet packet;
	uint64_t n_steps = 0;

	if (!is_ipv4 && (addr_is_ipv4(to) || addr_is_ipv4(from)))
		return true;
	bpf_packet_init(&packet, is_ipv4 ? 4 : 6, to, ifindex, from);
	if (state_admits(state, to, ifindex, from))
		expected = state->n_application
				   ? bpf_run(state->application, &packet, &n_steps)
				   : UINT32_MAX;
	said = bpf_run(program->code, &packet, &n_steps);
	return tap_expect(tap, said == expected,
			  "to %llx:%llx from %llx:%llx on %u: %u, not %u",
			  (unsigned long long)to.hi, (unsigned long long)to.lo,
			  (unsigned long long)from.hi, (unsigned long long)from.lo,
			  ifindex, said, expected);
}

static void check_round_trip(struct tap *tap, const struct asm_state *state,
			     const struct program *program)
{
	struct asm_state again;
	int r = program_decode(program->code, program->n, &again);

	tap_expect(tap, r == (state->n > 0), "decoding answers %d", r);
	if (r < 0)
		return;
	tap_expect(tap, asm_same(state, &again), "another state comes back");
	state_fini(&again);
}

/* The kernel takes it, and gives back the same. */
static void check_kernel(struct tap *tap, int fd, const struct program *program)
{
	struct sock_fprog fprog = { .len = (unsigned short)program->n,
				    .filter = program->code };
	/* memcheck takes the length that comes back for bytes, and it is instructions */
	struct sock_filter back[BPF_MAXINSNS] = { 0 };
	socklen_t n = BPF_MAXINSNS;

	setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &n, sizeof(n));
	if (!tap_expect(tap,
			setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &fprog,
				   sizeof(fprog)) == 0,
			"%u instructions are refused: %s", program->n, strerror(errno)))
		return;
	tap_expect(tap,
		   getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, back, &n) == 0 &&
			   n == program->n &&
			   !memcmp(back, program->code, n * sizeof(back[0])),
		   "%u other instructions come back", n);
}

static int get_socket(int family)
{
	int fd = socket(family, SOCK_DGRAM, 0);

	if (fd < 0)
		tap_bail_out("socket: %s", strerror(errno));
	return fd;
}

/* The whole of what a program must be. 0, or what encoding answers. */
static int check_state(struct tap *tap, uint64_t *seed, const struct asm_state *state,
		       int family, int fd, uint32_t n_packets)
{
	struct program program;
	const char *why;
	int r = program_encode(&program, state, family);

	if (r < 0)
		return r;
	why = bpf_check(program.code, program.n);
	if (tap_expect(tap, !why, "it is not right: %s", why ? why : "")) {
		for (uint32_t i = 0; i < n_packets; i++)
			if (!try_packet(tap, seed, state, &program))
				break;
		check_round_trip(tap, state, &program);
		check_kernel(tap, fd, &program);
	}
	program_fini(&program);
	return 0;
}

static void test_random(struct tap *tap, uint64_t *seed, int family)
{
	int fd = get_socket(family);

	for (uint32_t i = 0; i < N_STATES / 2; i++) {
		struct asm_state state;

		draw_state(seed, family, &state);
		tap_expect(tap,
			   check_state(tap, seed, &state, family, fd, N_PACKETS) == 0,
			   "a random state is not encoded");
		state_fini(&state);
	}
	close(fd);
	tap_end(tap,
		"%u random states of an AF_INET%s socket, %u packets each: program "
		"and state agree, the state comes back, the kernel takes it",
		N_STATES / 2, family == AF_INET ? "" : "6", N_PACKETS);
}

/* One membership with a list of that size. */
static void make_list(uint64_t *seed, bool is_ipv4, enum kind kind, uint32_t n,
		      enum filter_mode mode, struct asm_state *ret)
{
	*ret = (struct asm_state){ .is_all = false, .is_all6 = false };
	put(ret, 2, get_group(is_ipv4, 0), mode, draw_sources(seed, is_ipv4, kind, n));
}

struct shape {
	const char *name;
	int family;
	enum kind kind;
};

static const struct shape shapes[] = {
	{ "IPv4, unrelated", AF_INET, UNRELATED },
	{ "IPv4, one behind the other", AF_INET, CLOSE },
	{ "IPv6, one /96", AF_INET6, SCATTERED },
	{ "IPv6, one host part", AF_INET6, SUBNETS },
	{ "IPv6, unrelated", AF_INET6, UNRELATED },
};
#define N_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static void describe(const struct shape *shape, const struct asm_state *state)
{
	struct program program;

	if (program_encode(&program, state, shape->family) < 0)
		return;
	tap_comment("%s: %u sources, %u instructions, %u translated", shape->name,
		    state->memberships[0].filter.sources.n, program.n,
		    bpf_count_translated(program.code, program.n));
	program_fini(&program);
}

static void test_sizes(struct tap *tap, uint64_t *seed)
{
	static const uint32_t sizes[] = { 0, 1, 10, 64, 100, 128, 1000 };

	for (size_t s = 0; s < N_SHAPES; s++) {
		const struct shape *shape = &shapes[s];
		int fd = get_socket(shape->family);

		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			struct asm_state state;
			int r, wanted = shape->family == AF_INET6 &&
							shape->kind == UNRELATED &&
							sizes[i] == 1000
						? -ENOBUFS
						: 0;

			make_list(seed, shape->family == AF_INET, shape->kind, sizes[i],
				  i % 2 ? FILTER_EXCLUDE : FILTER_INCLUDE, &state);
			r = check_state(tap, seed, &state, shape->family, fd, 1000);
			tap_expect(tap, r == wanted, "%s, %u sources: %d, not %d",
				   shape->name, sizes[i], r, wanted);
			describe(shape, &state);
			state_fini(&state);
		}
		close(fd);
	}
	tap_end(tap,
		"lists of 0 to 1,000 sources; 1,000 unrelated IPv6 ones are too many");
}

static uint32_t find_largest(uint64_t *seed, const struct shape *shape)
{
	uint32_t low = 1, high = BPF_MAXINSNS;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		uint64_t same = *seed;
		struct program program;
		struct asm_state state;
		int r;

		make_list(&same, shape->family == AF_INET, shape->kind, middle,
			  FILTER_INCLUDE, &state);
		r = program_encode(&program, &state, shape->family);
		if (r == 0)
			program_fini(&program);
		state_fini(&state);
		*(r == 0 ? &low : &high) = middle;
	}
	return low;
}

static void test_largest(struct tap *tap, uint64_t *seed)
{
	static const uint32_t least[N_SHAPES] = { 3900, 3900, 3900, 3900, 570 };

	for (size_t s = 0; s < N_SHAPES; s++) {
		const struct shape *shape = &shapes[s];
		uint32_t n = find_largest(seed, shape);
		int fd = get_socket(shape->family);
		uint64_t same = *seed;
		struct asm_state state;

		make_list(&same, shape->family == AF_INET, shape->kind, n, FILTER_INCLUDE,
			  &state);
		tap_expect(tap,
			   check_state(tap, seed, &state, shape->family, fd, 2000) == 0,
			   "the largest list is not encoded");
		describe(shape, &state);
		tap_expect(tap, n >= least[s], "%s: %u sources are the most", shape->name,
			   n);
		state_fini(&state);
		close(fd);
	}
	tap_end(tap, "the largest lists fill the 4,096 instructions");
}

/* Groups, each joined on two interfaces. */
static void test_many_groups(struct tap *tap, uint64_t *seed)
{
	int fd = get_socket(AF_INET6);
	struct asm_state state = ASM_STATE_INIT;

	for (uint32_t i = 0; i < 120; i++) {
		bool is_ipv4 = i % 2;
		struct addr group = is_ipv4 ? addr_from_ipv4(0xef000000 + i * 77)
					    : ipv6(0xff3e000000000000, 0x80000000 + i);

		put(&state, 1 + i % 4 / 2, group, i % 3 ? FILTER_INCLUDE : FILTER_EXCLUDE,
		    draw_sources(seed, is_ipv4, UNRELATED, i % 5));
		put(&state, 5, group, FILTER_EXCLUDE, (struct source_set){ 0 });
	}
	tap_expect(tap, check_state(tap, seed, &state, AF_INET6, fd, 20000) == 0,
		   "240 memberships are not encoded");
	state_fini(&state);
	close(fd);
	tap_end(tap, "240 memberships in one program");
}

static void test_no_memberships(struct tap *tap)
{
	struct asm_state state = ASM_STATE_INIT, again;
	struct program program;

	tap_expect(tap, program_encode(&program, &state, AF_INET) == 0 && !program.n,
		   "it is not empty");
	tap_expect(tap,
		   program_decode(program.code, 0, &again) == 0 && !again.n &&
			   !again.n_application && again.is_all && again.is_all6,
		   "nothing is not nothing");
	tap_end(tap, "a state of nothing is no program");

	put_application(&state, 2);
	tap_expect(tap,
		   program_encode(&program, &state, AF_INET6) == 0 && program.n == 1 &&
			   program.code[0].k == few[0].k,
		   "it is not the application's");
	tap_expect(tap,
		   program_decode(program.code, program.n, &again) == 0 &&
			   asm_same(&state, &again),
		   "the application's filter does not come back");
	tap_end(tap, "without memberships the application's filter stands alone");
	program_fini(&program);
	state_fini(&again);
	state_fini(&state);
}

static void test_senseless(struct tap *tap)
{
	struct addr six = ipv6(0x2001, 1);
	struct asm_membership m = { .ifindex = 1, .group = addr_from_ipv4(0xe8010101) };
	struct asm_state state = { .memberships = &m, .n = 1 };
	struct program program;

	tap_expect(tap, program_encode(&program, &state, AF_INET) == -EINVAL,
		   "a membership without a filter");
	m.filter = (struct filter){ FILTER_INCLUDE, { 1, &six } };
	tap_expect(tap, program_encode(&program, &state, AF_INET) == -EINVAL,
		   "an IPv6 source of an IPv4 group");
	m.group = ipv6(0xff3e000000000000, 1);
	tap_expect(tap, program_encode(&program, &state, AF_INET) == -EINVAL,
		   "an IPv6 group on an AF_INET socket");
	m.group = six;
	tap_expect(tap, program_encode(&program, &state, AF_INET6) == -EINVAL,
		   "a group that is none");
	tap_end(tap, "a state that makes no sense is refused");
}

/* Of a program of ours, with one instruction changed. */
static void check_changed(struct tap *tap, uint64_t *seed, const struct program *program)
{
	struct sock_filter code[BPF_MAXINSNS];
	struct asm_state state;
	uint32_t at = draw_below(seed, program->n);
	int r;

	memcpy(code, program->code, program->n * sizeof(*code));
	switch (draw_below(seed, 4)) {
	case 0:
		code[at].k ^= 1u << draw_below(seed, 32);
		break;
	case 1:
		code[at].jt ^= (uint8_t)(1u << draw_below(seed, 8));
		break;
	case 2:
		code[at].jf ^= (uint8_t)(1u << draw_below(seed, 8));
		break;
	default:
		code[at].code ^= (uint16_t)(1u << draw_below(seed, 16));
	}
	r = program_decode(code, program->n, &state);
	tap_expect(tap, r == 0 && !state.n && state.n_application == program->n,
		   "instruction %u changed: %d", at, r);
	state_fini(&state);
	r = program_decode(code, at, &state);
	tap_expect(tap, r == 0 && state.n_application == at, "cut at %u: %d", at, r);
	state_fini(&state);
}

static void test_changed(struct tap *tap, uint64_t *seed)
{
	for (uint32_t i = 0; i < 100; i++) {
		struct asm_state state;
		struct program program;

		draw_state(seed, AF_INET6, &state);
		if (program_encode(&program, &state, AF_INET6) < 0)
			tap_bail_out("no program");
		for (uint32_t j = 0; j < 20; j++)
			check_changed(tap, seed, &program);
		program_fini(&program);
		state_fini(&state);
	}
	tap_end(tap, "a program with a changed bit, or cut, is not ours");
}

static void test_application_size(struct tap *tap)
{
	struct sock_filter code[BPF_MAXINSNS];
	struct asm_state state = ASM_STATE_INIT;
	struct program program;
	uint32_t n = 0;
	int r;

	for (uint32_t i = 0; i < BPF_MAXINSNS; i++)
		code[i] = all[0];
	put(&state, 1, get_group(true, 0), FILTER_EXCLUDE, (struct source_set){ 0 });
	for (uint32_t size = BPF_MAXINSNS - 30; size <= BPF_MAXINSNS; size++) {
		if (state_set_application(&state, code, size) < 0)
			tap_bail_out("no memory");
		r = program_encode(&program, &state, AF_INET6);
		tap_expect(tap, r == (n ? -ENOBUFS : r) && (r == 0 || r == -ENOBUFS),
			   "%u instructions of the application: %d", size, r);
		if (r == -ENOBUFS && !n)
			n = size;
		if (r == 0)
			program_fini(&program);
	}
	tap_expect(tap, n > BPF_MAXINSNS - 30, "not even %u fit", n);
	tap_end(tap, "a filter of the application that leaves no room is -ENOBUFS");
	state_fini(&state);
}

static void test_states(struct tap *tap, uint64_t *seed)
{
	struct asm_state state = ASM_STATE_INIT, next;
	struct addr group = get_group(true, 0), other = get_group(true, 1);
	struct filter none = { .mode = FILTER_NONE };

	put_application(&state, 2);
	put(&state, 2, other, FILTER_EXCLUDE, (struct source_set){ 0 });
	put(&state, 3, group, FILTER_INCLUDE, draw_sources(seed, true, CLOSE, 3));
	put(&state, 2, group, FILTER_INCLUDE, draw_sources(seed, true, CLOSE, 2));
	tap_expect(tap,
		   state.n == 3 && state.memberships[0].ifindex == 2 &&
			   state.memberships[1].ifindex == 3 &&
			   addr_equal(state.memberships[2].group, other),
		   "another order");
	tap_expect(tap,
		   state_find(&state, 3, group) == &state.memberships[1] &&
			   !state_find(&state, 3, other) && !state_find(&state, 1, group),
		   "what is there is found, what is not is not");
	tap_expect(tap, state.n_application == 1, "the application's filter is lost");
	tap_end(tap, "memberships are ordered by group and interface");

	put(&state, 3, group, FILTER_INCLUDE, (struct source_set){ 0 });
	tap_expect(tap,
		   state.n == 3 && state_find(&state, 3, group) &&
			   !state_admits(&state, group, 3, addr_from_ipv4(0x7ffffe00)),
		   "a closed membership is open or gone");
	tap_expect(tap,
		   state_copy_with(&state, 3, group, &none, &next) == 0 && next.n == 2 &&
			   !state_find(&next, 3, group) && state_find(&state, 3, group),
		   "it is still there");
	tap_expect(tap,
		   state_admits(&next, group, 3, addr_from_ipv4(1)) &&
			   !state_admits(&next, group, 2, addr_from_ipv4(1)),
		   "a group that is held on another interface only is any other group");
	state_fini(&next);
	tap_expect(tap,
		   state_copy_with(&state, 9, group, &none, &next) == 0 &&
			   asm_same(&state, &next),
		   "taking out what is not there changes the state");
	tap_end(tap, "INCLUDE {} closes a membership, FILTER_NONE takes it out");
	state_fini(&next);
	state_fini(&state);
}

int main(void)
{
	struct tap tap = { 0 };
	uint64_t seed = 20260701;

	/* What the kernel takes, it takes from anyone. */
	if (!geteuid() && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
		tap_bail_out("setuid: %s", strerror(errno));
	test_states(&tap, &seed);
	test_no_memberships(&tap);
	test_senseless(&tap);
	test_random(&tap, &seed, AF_INET);
	test_random(&tap, &seed, AF_INET6);
	test_many_groups(&tap, &seed);
	test_sizes(&tap, &seed);
	test_largest(&tap, &seed);
	test_changed(&tap, &seed);
	test_application_size(&tap);
	return tap_finish(&tap);
}
