/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table-kernel: every start state, with every request, on a socket of its own; the
 * first row of the table that matches is the one that is judged, as RFC 3678 4.1.3
 * and README 4-2 have it (see table-kernel.h).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "table-kernel.h"

#define N(array) (sizeof(array) / sizeof(*(array)))

/* Ways into a state. */
enum history {
	HISTORY_PLAIN,    /* the shortest */
	HISTORY_LEFT,     /* joined and left */
	HISTORY_SET_LEFT, /* joined, and left with a full-state INCLUDE {} */
	HISTORY_EMPTIED,  /* a source was blocked and unblocked */
};

struct start {
	const char *state; /* of the table */
	const char *when;
	struct kernel_filter filter;
	enum history history;
};

static const struct start starts[] = {
	{ "none", "new socket", { .mode = KERNEL_NONE }, HISTORY_PLAIN },
	{ "none", "after leave_group", { .mode = KERNEL_NONE }, HISTORY_LEFT },
	{ "none", "after set_include {}", { .mode = KERNEL_NONE }, HISTORY_SET_LEFT },
	{ "INCLUDE{A}", "A = {1}", { .mode = KERNEL_INCLUDE, .set = 1 }, HISTORY_PLAIN },
	{ "INCLUDE{A}",
	  "A = {1,2}",
	  { .mode = KERNEL_INCLUDE, .set = 3 },
	  HISTORY_PLAIN },
	{ "EXCLUDE{B}", "B = {}", { .mode = KERNEL_EXCLUDE }, HISTORY_PLAIN },
	{ "EXCLUDE{B}", "B = {}, emptied", { .mode = KERNEL_EXCLUDE }, HISTORY_EMPTIED },
	{ "EXCLUDE{B}", "B = {1}", { .mode = KERNEL_EXCLUDE, .set = 1 }, HISTORY_PLAIN },
	{ "EXCLUDE{B}",
	  "B = {1,2}",
	  { .mode = KERNEL_EXCLUDE, .set = 3 },
	  HISTORY_PLAIN },
};

/* Requests by the name that the table has for them. */
enum kind { KIND_GROUP, KIND_SOURCE, KIND_SET, KIND_GET };

struct verb_name {
	const char *name;
	enum kind kind;
	int option; /* KIND_SET: the filter mode */
};

static const struct verb_name verbs[] = {
	{ "join_group", KIND_GROUP, MCAST_JOIN_GROUP },
	{ "leave_group", KIND_GROUP, MCAST_LEAVE_GROUP },
	{ "join_source", KIND_SOURCE, MCAST_JOIN_SOURCE_GROUP },
	{ "leave_source", KIND_SOURCE, MCAST_LEAVE_SOURCE_GROUP },
	{ "block_source", KIND_SOURCE, MCAST_BLOCK_SOURCE },
	{ "unblock_source", KIND_SOURCE, MCAST_UNBLOCK_SOURCE },
	{ "set_include", KIND_SET, MCAST_INCLUDE },
	{ "set_exclude", KIND_SET, MCAST_EXCLUDE },
	{ "get", KIND_GET, 0 },
};

/* Sources S and lists L, as bits; S is one bit. */
static const unsigned int sources[] = { 1, 4 };
static const unsigned int lists[] = { 0, 1, 3, 4, 6 };
static const unsigned int nothing[] = { 0 };

struct request {
	const struct verb_name *verb;
	unsigned int set; /* S or L */
};

/* One state, one request, one family. */
struct trial {
	int family;
	const struct start *start;
	struct request request;
};

static bool is_state(const struct kernel_filter *a, const struct kernel_filter *b)
{
	return a->mode == b->mode && (a->mode == KERNEL_NONE || a->set == b->set);
}

/* What a word of the table says of a request in a state. */
static bool is_argument(const char *word, unsigned int stored,
			const struct request *request)
{
	const unsigned int set = request->set;
	const struct {
		const char *word;
		bool holds;
	} words[] = {
		{ "-", true },
		{ "S", true },
		{ "any", true },
		{ "empty", !set },
		{ "not_empty", set },
		{ "S_in_A", stored & set },
		{ "S_in_B", stored & set },
		{ "S_not_in_A", !(stored & set) },
		{ "S_not_in_B", !(stored & set) },
		{ "S_is_all_of_A", stored == set },
		{ "S_is_all_of_B", stored == set },
		{ "L_equals_A", stored == set },
		{ "L_equals_B", stored == set },
		{ "A_empty", !stored },
		{ "B_empty", !stored },
	};

	for (size_t i = 0; i < N(words); i++)
		if (!strcmp(word, words[i].word))
			return words[i].holds;
	return false;
}

/* The row that decides, and its number; -ENOENT: the table has none. */
static int find_row(enum msf_semantics semantics, const struct trial *trial,
		    struct msf_table_row *ret)
{
	for (unsigned int i = 0; i < TABLE_KERNEL_ROWS; i++) {
		if (msf_table_get_row(semantics, i, ret) < 0)
			break;
		if (!strcmp(ret->state, trial->start->state) &&
		    !strcmp(ret->request, trial->request.verb->name) &&
		    is_argument(ret->argument, trial->start->filter.set, &trial->request))
			return (int)i;
	}
	return -ENOENT;
}

/* The words for states; the first that fits is shown. */
static const struct {
	const char *word;
	enum kernel_mode mode;
	unsigned int stored, request; /* masks: which of the two sets take part */
	bool is_difference;
} next_words[] = {
	{ "none", KERNEL_NONE, 0, 0, false },
	{ "INCLUDE{}", KERNEL_INCLUDE, 0, 0, false },
	{ "EXCLUDE{}", KERNEL_EXCLUDE, 0, 0, false },
	{ "INCLUDE{S}", KERNEL_INCLUDE, 0, ~0u, false },
	{ "INCLUDE{L}", KERNEL_INCLUDE, 0, ~0u, false },
	{ "EXCLUDE{L}", KERNEL_EXCLUDE, 0, ~0u, false },
	{ "INCLUDE{A}", KERNEL_INCLUDE, ~0u, 0, false },
	{ "EXCLUDE{B}", KERNEL_EXCLUDE, ~0u, 0, false },
	{ "INCLUDE{A+S}", KERNEL_INCLUDE, ~0u, ~0u, false },
	{ "EXCLUDE{B+S}", KERNEL_EXCLUDE, ~0u, ~0u, false },
	{ "INCLUDE{A-S}", KERNEL_INCLUDE, ~0u, ~0u, true },
	{ "EXCLUDE{B-S}", KERNEL_EXCLUDE, ~0u, ~0u, true },
};

static struct kernel_filter get_next(size_t word, const struct trial *trial)
{
	unsigned int stored = trial->start->filter.set & next_words[word].stored;
	unsigned int set = trial->request.set & next_words[word].request;

	return (struct kernel_filter){
		.mode = next_words[word].mode,
		.set = next_words[word].is_difference ? stored & ~set : stored | set,
	};
}

/* What the row says the state will be. */
static bool is_expected(const struct msf_table_row *row, const struct trial *trial,
			const struct kernel_filter *found)
{
	for (size_t i = 0; i < N(next_words); i++) {
		struct kernel_filter next = get_next(i, trial);

		if (!strcmp(row->next_state, next_words[i].word))
			return is_state(&next, found);
	}
	return false;
}

/* The state in the words of the table. */
static const char *name_state(const struct msf_table_row *row, const struct trial *trial,
			      const struct kernel_filter *found)
{
	bool is_set = trial->request.verb->kind == KIND_SET;

	if (found->mode == KERNEL_UNREADABLE)
		return "unreadable";
	if (is_expected(row, trial, found))
		return row->next_state;
	if (is_state(&trial->start->filter, found))
		return row->state;
	for (size_t i = 0; i < N(next_words); i++) {
		struct kernel_filter next = get_next(i, trial);
		bool is_list = strstr(next_words[i].word, "{L}");

		if (is_state(&next, found) && (is_list == is_set || !next.set))
			return next_words[i].word;
	}
	return "other";
}

static int send_set(int fd, int family, int option, unsigned int set)
{
	int r = 0;

	for (unsigned int i = 0; !r && i < KERNEL_SOURCES; i++)
		if (set >> i & 1)
			r = kernel_send_source(fd, family, option, i);
	return r;
}

static int send_list(int fd, int family, uint32_t fmode, unsigned int set)
{
	unsigned int list[KERNEL_SOURCES];
	uint32_t n = 0;

	for (unsigned int i = 0; i < KERNEL_SOURCES; i++)
		if (set >> i & 1)
			list[n++] = i;
	return kernel_send_filter(fd, family, fmode, n, list);
}

static int enter_none(int fd, int family, enum history history)
{
	int r;

	if (history == HISTORY_PLAIN)
		return 0;
	r = kernel_send_group(fd, family, MCAST_JOIN_GROUP);
	if (r < 0)
		return r;
	return history == HISTORY_LEFT
		       ? kernel_send_group(fd, family, MCAST_LEAVE_GROUP)
		       : kernel_send_filter(fd, family, MCAST_INCLUDE, 0, NULL);
}

static int enter_exclude(int fd, int family, const struct start *start)
{
	int r = kernel_send_group(fd, family, MCAST_JOIN_GROUP);

	if (!r && start->history == HISTORY_EMPTIED) {
		r = kernel_send_source(fd, family, MCAST_BLOCK_SOURCE, 0);
		if (!r)
			r = kernel_send_source(fd, family, MCAST_UNBLOCK_SOURCE, 0);
	}
	return r < 0 ? r : send_set(fd, family, MCAST_BLOCK_SOURCE, start->filter.set);
}

/* false: this kernel does not get there. */
static bool enter(int fd, int family, const struct start *start)
{
	struct kernel_filter found;
	int r = 0;

	switch (start->filter.mode) {
	case KERNEL_NONE:
		r = enter_none(fd, family, start->history);
		break;
	case KERNEL_INCLUDE:
		r = send_set(fd, family, MCAST_JOIN_SOURCE_GROUP, start->filter.set);
		break;
	case KERNEL_EXCLUDE:
		r = enter_exclude(fd, family, start);
		break;
	case KERNEL_UNREADABLE:
		return false; /* no start */
	}
	if (r < 0)
		return false;
	found = kernel_get_filter(fd, family);
	return found.mode == KERNEL_UNREADABLE || is_state(&start->filter, &found);
}

static int get_error(int fd, int family)
{
	switch (kernel_get_filter(fd, family).mode) {
	case KERNEL_INCLUDE:
	case KERNEL_EXCLUDE:
		return 0;
	case KERNEL_NONE:
		return -EADDRNOTAVAIL;
	case KERNEL_UNREADABLE:
		break;
	}
	return -errno;
}

static int send_request(int fd, const struct trial *trial)
{
	const struct verb_name *verb = trial->request.verb;

	switch (verb->kind) {
	case KIND_GROUP:
		return kernel_send_group(fd, trial->family, verb->option);
	case KIND_SOURCE:
		return send_set(fd, trial->family, verb->option, trial->request.set);
	case KIND_SET:
		return send_list(fd, trial->family, (uint32_t)verb->option,
				 trial->request.set);
	case KIND_GET:
		return get_error(fd, trial->family);
	}
	return -EINVAL;
}

/* The case that a row tells of is the first that deviates. */
static void note(struct table_kernel_row *result, const struct msf_table_row *row,
		 const struct trial *trial, int error, const struct kernel_filter *found)
{
	bool is_deviating = error != row->error || (found->mode != KERNEL_UNREADABLE &&
						    !is_expected(row, trial, found));

	if (!result->n_cases || (is_deviating && !result->n_deviating)) {
		result->error = error;
		snprintf(result->state, sizeof(result->state), "%s",
			 name_state(row, trial, found));
		snprintf(result->when, sizeof(result->when), "%s", trial->start->when);
	}
	result->n_cases++;
	result->n_deviating += is_deviating;
	result->is_deviating[trial->family == AF_INET6] |= is_deviating;
}

static void try_one(struct table_kernel *table, const struct trial *trial)
{
	struct table_kernel_row *result;
	struct kernel_filter found;
	struct msf_table_row row;
	int i = find_row(table->semantics, trial, &row), fd, r;

	if (i < 0)
		return;
	result = &table->rows[i];
	fd = kernel_open(trial->family);
	if (fd < 0) {
		result->n_unreached++;
		return;
	}
	if (enter(fd, trial->family, trial->start)) {
		r = send_request(fd, trial);
		found = kernel_get_filter(fd, trial->family);
		note(result, &row, trial, -r, &found);
	} else {
		result->n_unreached++;
	}
	close(fd);
}

static void try_verb(struct table_kernel *table, struct trial *trial)
{
	static const struct {
		const unsigned int *sets;
		size_t n;
	} choices[] = {
		[KIND_GROUP] = { nothing, N(nothing) },
		[KIND_SOURCE] = { sources, N(sources) },
		[KIND_SET] = { lists, N(lists) },
		[KIND_GET] = { nothing, N(nothing) },
	};
	enum kind kind = trial->request.verb->kind;

	for (size_t i = 0; i < choices[kind].n; i++) {
		trial->request.set = choices[kind].sets[i];
		try_one(table, trial);
	}
}

static void try_family(struct table_kernel *table, int family)
{
	for (size_t s = 0; s < N(starts); s++)
		for (size_t v = 0; v < N(verbs); v++) {
			struct trial trial = { .family = family,
					       .start = &starts[s],
					       .request = { .verb = &verbs[v] } };

			try_verb(table, &trial);
		}
}

static bool has_family(int family)
{
	int fd = kernel_open(family);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

void table_kernel_run(void *shared)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct table_kernel *table = shared;
	struct msf_table_row row;

	while (table->n_rows < TABLE_KERNEL_ROWS &&
	       !msf_table_get_row(table->semantics, table->n_rows, &row))
		table->n_rows++;
	for (size_t i = 0; i < N(families); i++) {
		table->has_family[i] = has_family(families[i]);
		if (table->has_family[i])
			try_family(table, families[i]);
	}
}

unsigned int table_kernel_count(const struct table_kernel *table)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < table->n_rows; i++)
		n += table->rows[i].n_deviating > 0;
	return n;
}
