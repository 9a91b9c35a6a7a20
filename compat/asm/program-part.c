/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A load from a packet is a call, eight instructions once the kernel has translated
 * it. So a word that is needed in one place is loaded there, once on every path, and
 * one that is needed in more places is put into M[] first.
 */
#include "asm/program-part.h"

#include <errno.h>
#include <stdlib.h>

#define PLACES_MAX 2u

static uint32_t get_address_columns(bool is_ipv4)
{
	return is_ipv4 ? 1 : SEARCH_WORDS;
}

static int init_sources(struct part *part)
{
	uint32_t n_columns = get_address_columns(part->is_ipv4);
	int r = 0;

	for (uint32_t i = 0; i < part->n && r == 0; i++) {
		const struct source_set *set = &part->memberships[i].filter.sources;

		if (set->n)
			r = search_init(&part->sources[i], set->addr, set->n, n_columns,
					true);
	}
	return r;
}

static int init_groups(struct part *part, struct addr *scratch)
{
	uint32_t n = 0;
	int r;

	for (uint32_t i = 0; i < part->n; i++) {
		if (i && addr_equal(part->memberships[i].group, scratch[n - 1]))
			continue;
		part->firsts[n] = i;
		scratch[n++] = part->memberships[i].group;
	}
	part->firsts[n] = part->n;
	r = search_init(&part->groups, scratch, n, get_address_columns(part->is_ipv4),
			false);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < part->n; i++)
		scratch[i] = (struct addr){ .lo = part->memberships[i].ifindex };
	return search_init(&part->interfaces, scratch, part->n, 1, false);
}

static void add_loads(const struct search *search, uint32_t first_word,
		      uint32_t n_loads[N_WORDS])
{
	for (uint32_t c = 0; c < search->n_columns; c++)
		n_loads[first_word + search->words[c]] += search->n_loads[c];
}

static void choose_kept(struct part *part)
{
	uint32_t n_loads[N_WORDS] = { 0 };
	bool is_any = false;

	add_loads(&part->groups, WORD_GROUP, n_loads);
	n_loads[WORD_INTERFACE] = part->groups.n;
	for (uint32_t i = 0; i < part->n; i++)
		add_loads(&part->sources[i], WORD_SOURCE, n_loads);
	for (uint32_t w = 0; w < N_WORDS; w++) {
		part->is_kept[w] = n_loads[w] > PLACES_MAX;
		is_any = is_any || part->is_kept[w];
	}
	/* The first one, which is in A until another is kept. */
	part->is_kept[WORD_GROUP] = is_any;
}

static struct sock_filter get_load(const struct part *part, uint32_t word)
{
	if (part->is_kept[word])
		return (struct sock_filter){ .code = BPF_LD | BPF_MEM, .k = word };
	return (struct sock_filter){ .code = BPF_LD | BPF_W | BPF_ABS,
				     .k = program_get_offset(word, part->is_ipv4) };
}

static void set_loads(const struct part *part, struct search *search, uint32_t first_word)
{
	for (uint32_t c = 0; c < search->n_columns; c++)
		search->loads[c] = get_load(part, first_word + search->words[c]);
}

int part_init(struct part *ret, const struct asm_membership *memberships, uint32_t n,
	      bool is_ipv4)
{
	struct part part = { .memberships = memberships, .n = n, .is_ipv4 = is_ipv4 };
	struct addr *scratch = malloc((n + 1) * sizeof(*scratch));
	int r = -ENOMEM;

	part.firsts = calloc(n + 1, sizeof(*part.firsts));
	part.sources = calloc(n + 1, sizeof(*part.sources));
	if (scratch && part.firsts && part.sources)
		r = init_groups(&part, scratch);
	if (r == 0)
		r = init_sources(&part);
	free(scratch);
	if (r < 0) {
		part_fini(&part);
		return r;
	}
	choose_kept(&part);
	set_loads(&part, &part.groups, WORD_GROUP);
	part.groups.is_loaded = !part.is_kept[WORD_GROUP];
	set_loads(&part, &part.interfaces, WORD_INTERFACE);
	for (uint32_t i = 0; i < n; i++)
		set_loads(&part, &part.sources[i], WORD_SOURCE);
	*ret = part;
	return 0;
}

void part_fini(struct part *part)
{
	for (uint32_t i = 0; part->sources && i < part->n; i++)
		search_fini(&part->sources[i]);
	search_fini(&part->groups);
	search_fini(&part->interfaces);
	free(part->sources);
	free(part->firsts);
	*part = (struct part){ 0 };
}

/* What the places of a search need to know. */
struct writing {
	const struct part *part;
	uint32_t n_leaf;
	struct part_ends *ends;
	struct label *other; /* packets to groups that are not joined */
	struct label *places;
};

/* A membership is found: the sources decide. */
static struct label *place_sources(struct assembler *as, void *closure, uint32_t row,
				   struct label *own)
{
	const struct writing *writing = closure;
	const struct search *sources = &writing->part->sources[row];
	bool is_exclude = writing->part->memberships[row].filter.mode == FILTER_EXCLUDE;
	struct label *accept = &writing->ends->accept, *reject = &writing->ends->reject;
	struct search_plan plan = {
		.search = sources,
		.n_leaf = writing->n_leaf,
		.miss = is_exclude ? accept : reject,
		.hit = is_exclude ? reject : accept,
	};

	if (!sources->n)
		return plan.miss;
	search_write(&plan, as, 0, sources->n);
	*own = assembler_here(as);
	writing->places[row] = *own;
	return own;
}

/* A group is found: is it joined on that interface? */
static struct label *place_interfaces(struct assembler *as, void *closure, uint32_t row,
				      struct label *own)
{
	struct writing *writing = closure;
	const uint32_t *firsts = writing->part->firsts;
	struct search_plan plan = {
		.search = &writing->part->interfaces,
		.n_leaf = writing->n_leaf,
		.miss = writing->other,
		.place = place_sources,
		.closure = closure,
	};

	search_write(&plan, as, firsts[row], firsts[row + 1]);
	*own = assembler_here(as);
	return own;
}

static void write_groups(const struct part *part, struct assembler *as,
			 struct writing *writing)
{
	struct search_plan plan = {
		.search = &part->groups,
		.n_leaf = writing->n_leaf,
		.miss = writing->other,
		.place = place_interfaces,
		.closure = writing,
	};

	search_write(&plan, as, 0, part->groups.n);
	for (uint32_t w = N_WORDS; w-- > 0;) {
		if (!part->is_kept[w])
			continue;
		assembler_add(as, BPF_ST, w);
		if (w != WORD_GROUP)
			assembler_add(as, BPF_LD | BPF_W | BPF_ABS,
				      program_get_offset(w, part->is_ipv4));
	}
}

/* With the first word of the destination in A. */
static void write_is_multicast(const struct part *part, struct assembler *as,
			       struct label *yes, struct label *no)
{
	const uint16_t jge = BPF_JMP | BPF_JGE | BPF_K;

	if (part->is_ipv4) {
		assembler_add_jump(as, jge, 0xe0000000, yes, no);
		assembler_add_jump(as, jge, 0xf0000000, no, NULL);
	} else {
		assembler_add_jump(as, jge, 0xff000000, yes, no);
	}
}

struct label part_write(const struct part *part, struct assembler *as, uint32_t n_leaf,
			bool is_all, struct part_ends *ends, struct label *places)
{
	struct writing writing = {
		.part = part,
		.n_leaf = n_leaf,
		.ends = ends,
		.other = is_all ? &ends->accept : &ends->reject,
		.places = places,
	};

	if (!part->n && is_all)
		return ends->accept;
	if (part->n)
		write_groups(part, as, &writing);
	write_is_multicast(part, as, part->n ? NULL : &ends->reject, &ends->accept);
	assembler_add(as, BPF_LD | BPF_W | BPF_ABS,
		      program_get_offset(WORD_GROUP, part->is_ipv4));
	return assembler_here(as);
}
