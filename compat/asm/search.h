/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of many values do some words of a packet have? Code that finds out, in
 * O(log n): word by word, each by a balanced search.
 *
 *	load the word
 *	BPF_JGE ... the inner nodes
 *	BPF_JEQ ... runs of them are the leaves; a hit goes on to the next word
 *
 * The words that differ least between the values come first, so that what many values
 * share is compared once.
 */
#ifndef ASM_SEARCH_H
#define ASM_SEARCH_H

#include "asm/program-assembler.h"
#include "base/source_set.h"

#define SEARCH_WORDS 4u

struct search {
	uint32_t n;
	struct addr *rows; /* owned: ascending; their last n_columns words count */
	uint32_t n_columns;
	uint32_t words[SEARCH_WORDS];           /* which of them a column has */
	uint32_t n_loads[SEARCH_WORDS];         /* places where its word is loaded */
	struct sock_filter loads[SEARCH_WORDS]; /* to be set: how a column is loaded */
	bool is_loaded;                         /* the first column is: no load */
	uint32_t *starts;                       /* owned: scratch */
};

/* The values are ascending; their last n_columns words count. is_reordered: all four
 * do, in the order that suits, so that a row is not the value of its number. -ENOMEM. */
int search_init(struct search *ret, const struct addr *values, uint32_t n,
		uint32_t n_columns, bool is_reordered);
void search_fini(struct search *search);

/*
 * Where to go once a value is found: writes code that handles it and sets *own to its
 * place, which is then returned, or returns a label of its own.
 */
typedef struct label *(*search_place)(struct assembler *as, void *closure, uint32_t row,
				      struct label *own);

struct search_plan {
	const struct search *search;
	uint32_t n_leaf;    /* the longest run of BPF_JEQ; 0: any */
	struct label *miss; /* where to go when it is none of them */
	struct label *hit;  /* and when it is one, */
	search_place place; /* unless this tells it */
	void *closure;
};

/* Writes the code for the rows from first to before end, at least one. */
void search_write(const struct search_plan *plan, struct assembler *as, uint32_t first,
		  uint32_t end);

#endif
