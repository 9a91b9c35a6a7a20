/* SPDX-License-Identifier: BSD-2-Clause */
/* A trie over words, each node of it a balanced search; written from its end. */
#include "asm/search.h"

#include <errno.h>
#include <stdlib.h>

/* Of a run whose hits lead to code of their own: 36 times the shortest, a comparison
 * and three loads with theirs, is what a conditional jump reaches over. */
#define RUN_MAX 36u

#define MAP_BITS  8192u
#define MAP_SHIFT 19u

static uint32_t get_word(struct addr value, uint32_t word)
{
	uint64_t half = word < 2 ? value.hi : value.lo;

	return (uint32_t)(word % 2 ? half : half >> 32);
}

static uint32_t get_column(const struct search *search, uint32_t row, uint32_t column)
{
	return get_word(search->rows[row], SEARCH_WORDS - search->n_columns + column);
}

/* How many different values a word has, nearly: some share a bit of the map. */
static uint32_t count_distinct(const struct addr *values, uint32_t n, uint32_t word)
{
	uint64_t seen[MAP_BITS / 64] = { 0 };
	uint32_t distinct = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t bit = get_word(values[i], word) * 0x9e3779b1u >> MAP_SHIFT;
		uint64_t mask = 1ull << bit % 64;

		distinct += !(seen[bit / 64] & mask);
		seen[bit / 64] |= mask;
	}
	return distinct;
}

/* Those with fewer values first; as they are where that is equal. */
static void order_words(struct search *search, const struct addr *values)
{
	uint32_t distinct[SEARCH_WORDS] = { 0 };

	for (uint32_t w = 0; w < SEARCH_WORDS; w++) {
		uint32_t n = count_distinct(values, search->n, w);
		uint32_t at = w;

		for (; at && distinct[at - 1] > n; at--) {
			distinct[at] = distinct[at - 1];
			search->words[at] = search->words[at - 1];
		}
		distinct[at] = n;
		search->words[at] = w;
	}
}

static struct addr permute(const struct search *search, struct addr value)
{
	const uint32_t *w = search->words;

	return (struct addr){
		(uint64_t)get_word(value, w[0]) << 32 | get_word(value, w[1]),
		(uint64_t)get_word(value, w[2]) << 32 | get_word(value, w[3]),
	};
}

/* A node loads its word once; there are as many as different values before it. */
static void count_loads(struct search *search)
{
	for (uint32_t c = 0; c < search->n_columns; c++)
		search->n_loads[c] = search->n > 0;
	for (uint32_t i = 1; i < search->n; i++) {
		uint32_t c = 0;

		while (c < search->n_columns &&
		       get_column(search, i, c) == get_column(search, i - 1, c))
			c++;
		for (c++; c < search->n_columns; c++)
			search->n_loads[c]++;
	}
}

static int fill_rows(struct search *search, const struct addr *values, bool is_reordered)
{
	struct addr *scratch = NULL;

	if (is_reordered && search->n_columns == SEARCH_WORDS) {
		order_words(search, values);
		scratch = malloc((search->n + 1) * sizeof(*scratch));
		if (!scratch)
			return -ENOMEM;
	} else {
		for (uint32_t w = 0; w < SEARCH_WORDS; w++)
			search->words[w] = w;
	}
	for (uint32_t i = 0; i < search->n; i++)
		search->rows[i] = permute(search, values[i]);
	if (scratch)
		source_set_sort(search->rows, search->n, scratch);
	free(scratch);
	return 0;
}

int search_init(struct search *ret, const struct addr *values, uint32_t n,
		uint32_t n_columns, bool is_reordered)
{
	struct search search = { .n = n, .n_columns = n_columns };
	int r = -ENOMEM;

	search.rows = malloc((n + 1) * sizeof(*search.rows));
	search.starts = malloc((size_t)(n + 1) * SEARCH_WORDS * sizeof(*search.starts));
	if (search.rows && search.starts)
		r = fill_rows(&search, values, is_reordered);
	if (r < 0) {
		search_fini(&search);
		return r;
	}
	count_loads(&search);
	*ret = search;
	return 0;
}

void search_fini(struct search *search)
{
	free(search->rows);
	free(search->starts);
	*search = (struct search){ 0 };
}

/* The rows of a node that begin a value of its column: as many, and the end. */
static uint32_t *get_starts(const struct search *search, uint32_t column)
{
	return search->starts + (size_t)column * (search->n + 1);
}

static uint32_t find_starts(const struct search *search, uint32_t column, uint32_t first,
			    uint32_t end)
{
	uint32_t *starts = get_starts(search, column), n = 0;

	for (uint32_t i = first; i < end; i++)
		if (i == first ||
		    get_column(search, i, column) != get_column(search, i - 1, column))
			starts[n++] = i;
	starts[n] = end;
	return n;
}

static void write_node(const struct search_plan *plan, struct assembler *as,
		       uint32_t column, uint32_t first, uint32_t end);

static bool has_code(const struct search_plan *plan, uint32_t column)
{
	return plan->place || column + 1 < plan->search->n_columns;
}

/* What is behind a hit, in this column, of the value that begins there. */
static struct label *write_hit(const struct search_plan *plan, struct assembler *as,
			       uint32_t column, const uint32_t *start, struct label *own)
{
	if (column + 1 < plan->search->n_columns) {
		write_node(plan, as, column + 1, start[0], start[1]);
		*own = assembler_here(as);
		return own;
	}
	return plan->place ? plan->place(as, plan->closure, *start, own) : plan->hit;
}

static void write_run(const struct search_plan *plan, struct assembler *as,
		      uint32_t column, const uint32_t *starts, uint32_t n)
{
	struct label own[RUN_MAX], *hits[RUN_MAX];
	bool is_own = has_code(plan, column);

	for (uint32_t i = n; is_own && i-- > 0;)
		hits[i] = write_hit(plan, as, column, starts + i, &own[i]);
	for (uint32_t i = n; i-- > 0;)
		assembler_add_jump(as, BPF_JMP | BPF_JEQ | BPF_K,
				   get_column(plan->search, starts[i], column),
				   is_own ? hits[i] : plan->hit,
				   i + 1 == n ? plan->miss : NULL);
}

static uint32_t get_leaf_size(const struct search_plan *plan, uint32_t column)
{
	bool is_limited = has_code(plan, column);

	if (is_limited && (!plan->n_leaf || plan->n_leaf > RUN_MAX))
		return RUN_MAX;
	return plan->n_leaf;
}

/* As few leaves as can be, of much the same size. */
static void write_tree(const struct search_plan *plan, struct assembler *as,
		       uint32_t column, const uint32_t *starts, uint32_t n)
{
	uint32_t n_leaf = get_leaf_size(plan, column), n_leaves, middle;
	struct label upper;

	if (as->is_full)
		return;
	if (!n_leaf || n <= n_leaf) {
		write_run(plan, as, column, starts, n);
		return;
	}
	n_leaves = 1 + (n - 1) / n_leaf;
	middle = n * (n_leaves / 2) / n_leaves;
	write_tree(plan, as, column, starts + middle, n - middle);
	upper = assembler_here(as);
	write_tree(plan, as, column, starts, middle);
	assembler_add_jump(as, BPF_JMP | BPF_JGE | BPF_K,
			   get_column(plan->search, starts[middle], column), &upper,
			   NULL);
}

static void write_node(const struct search_plan *plan, struct assembler *as,
		       uint32_t column, uint32_t first, uint32_t end)
{
	const struct search *search = plan->search;
	uint32_t n = find_starts(search, column, first, end);

	write_tree(plan, as, column, get_starts(search, column), n);
	if (column || !search->is_loaded)
		assembler_add(as, search->loads[column].code, search->loads[column].k);
}

void search_write(const struct search_plan *plan, struct assembler *as, uint32_t first,
		  uint32_t end)
{
	write_node(plan, as, 0, first, end);
}
