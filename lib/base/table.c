/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both tables and the one interpreter that reads them. tests/semantics.csv is
 * the contract that the strict one is held against, row by row. "README" is the
 * README of the IGMPv3 host implementation for NetBSD, release 20040622.
 */
#include "base/table.h"

#include <errno.h>
#include <string.h>

#define BOTH   (1u << TABLE_STRICT | 1u << TABLE_LINUX)
#define STRICT (1u << TABLE_STRICT)
#define LINUX  (1u << TABLE_LINUX)

static const char readme[] = "README 4-2";
static const char readme_1[] = "README 4-2 *1";
static const char readme_2[] = "README 4-2 *2";
static const char identical[] = "README 4-2 (error; the errno is ours)";
static const char measured[] = "Linux 6.18 measured";
static const char rfc3376_entry[] = "RFC 3376 3.1";
static const char rfc3678_errors[] = "RFC 3678 4.1.3";
static const char rfc3678_get[] = "RFC 3678 4.2.2";

#define ROW(in, state, verb, argument, error, next, authority)                        \
	{                                                                             \
		in,                                                                   \
		{                                                                     \
			FILTER_##state, verb, argument, error, NEXT_##next, authority \
		}                                                                     \
	}

/* clang-format off */
static const struct {
	unsigned int tables; /* that have the row: a bit for each enum table */
	struct table_row row;
} rows[] = {
	ROW(BOTH, NONE, JOIN_GROUP, ARGUMENT_NONE, 0, EXCLUDE_EMPTY, rfc3376_entry),
	ROW(BOTH, NONE, LEAVE_GROUP, ARGUMENT_NONE, EADDRNOTAVAIL, NONE,
	    rfc3678_errors),
	ROW(BOTH, NONE, JOIN_SOURCE, ARGUMENT_SOURCE, 0, INCLUDE_SOURCE,
	    "RFC 3678 4.1.2"),
	ROW(STRICT, NONE, LEAVE_SOURCE, ARGUMENT_SOURCE, EADDRNOTAVAIL, NONE,
	    rfc3678_errors),
	ROW(LINUX, NONE, LEAVE_SOURCE, ARGUMENT_SOURCE, EINVAL, NONE, measured),
	ROW(BOTH, NONE, BLOCK_SOURCE, ARGUMENT_SOURCE, EINVAL, NONE, rfc3678_errors),
	ROW(STRICT, NONE, UNBLOCK_SOURCE, ARGUMENT_SOURCE, EINVAL, NONE, rfc3678_errors),
	ROW(LINUX, NONE, UNBLOCK_SOURCE, ARGUMENT_SOURCE, EINVAL, NONE, measured),
	ROW(BOTH, NONE, SET_INCLUDE, LIST_EMPTY, EADDRNOTAVAIL, NONE,
	    "KAME; RFC 3376 3.1 ignores it"),
	ROW(STRICT, NONE, SET_INCLUDE, LIST_NOT_EMPTY, 0, INCLUDE_LIST, readme),
	ROW(LINUX, NONE, SET_INCLUDE, LIST_NOT_EMPTY, EINVAL, NONE, measured),
	ROW(STRICT, NONE, SET_EXCLUDE, ARGUMENT_ANY, 0, EXCLUDE_LIST, readme),
	ROW(LINUX, NONE, SET_EXCLUDE, ARGUMENT_ANY, EINVAL, NONE, measured),
	ROW(BOTH, NONE, GET_FILTER, ARGUMENT_NONE, EADDRNOTAVAIL, NONE,
	    "Linux, FreeBSD; RFC 3678 is silent"),

	ROW(BOTH, INCLUDE, JOIN_GROUP, ARGUMENT_NONE, EADDRINUSE, SAME, readme),
	ROW(BOTH, INCLUDE, LEAVE_GROUP, ARGUMENT_NONE, 0, NONE, readme),
	ROW(BOTH, INCLUDE, JOIN_SOURCE, SOURCE_STORED, EADDRNOTAVAIL, SAME, readme_1),
	ROW(BOTH, INCLUDE, JOIN_SOURCE, SOURCE_NOT_STORED, 0, PLUS_SOURCE, readme_1),
	ROW(BOTH, INCLUDE, LEAVE_SOURCE, SOURCE_IS_ALL_STORED, 0, NONE,
	    "README 4-2 *2; RFC 3376 3.1"),
	ROW(BOTH, INCLUDE, LEAVE_SOURCE, SOURCE_STORED, 0, MINUS_SOURCE, readme_2),
	ROW(BOTH, INCLUDE, LEAVE_SOURCE, SOURCE_NOT_STORED, EADDRNOTAVAIL, SAME,
	    readme_2),
	ROW(BOTH, INCLUDE, BLOCK_SOURCE, ARGUMENT_ANY, EINVAL, SAME, readme),
	ROW(BOTH, INCLUDE, UNBLOCK_SOURCE, ARGUMENT_ANY, EINVAL, SAME, readme),
	ROW(BOTH, INCLUDE, SET_INCLUDE, LIST_EMPTY, 0, NONE, rfc3376_entry),
	ROW(STRICT, INCLUDE, SET_INCLUDE, LIST_IS_STORED, EADDRINUSE, SAME, identical),
	ROW(LINUX, INCLUDE, SET_INCLUDE, LIST_IS_STORED, 0, SAME, measured),
	ROW(BOTH, INCLUDE, SET_INCLUDE, ARGUMENT_ANY, 0, INCLUDE_LIST, readme),
	ROW(BOTH, INCLUDE, SET_EXCLUDE, ARGUMENT_ANY, 0, EXCLUDE_LIST, readme),
	ROW(BOTH, INCLUDE, GET_FILTER, ARGUMENT_NONE, 0, SAME, rfc3678_get),

	ROW(BOTH, EXCLUDE, JOIN_GROUP, ARGUMENT_NONE, EADDRINUSE, SAME, readme),
	ROW(BOTH, EXCLUDE, LEAVE_GROUP, ARGUMENT_NONE, 0, NONE, readme),
	ROW(LINUX, EXCLUDE, JOIN_SOURCE, STORED_EMPTY, 0, INCLUDE_SOURCE, measured),
	ROW(BOTH, EXCLUDE, JOIN_SOURCE, ARGUMENT_ANY, EINVAL, SAME, readme),
	ROW(LINUX, EXCLUDE, LEAVE_SOURCE, STORED_EMPTY, EADDRNOTAVAIL, SAME,
	    "Linux 6.18 measured (its state change is a bug and not copied)"),
	ROW(BOTH, EXCLUDE, LEAVE_SOURCE, ARGUMENT_ANY, EINVAL, SAME, readme),
	ROW(BOTH, EXCLUDE, BLOCK_SOURCE, SOURCE_STORED, EADDRNOTAVAIL, SAME, readme_1),
	ROW(BOTH, EXCLUDE, BLOCK_SOURCE, SOURCE_NOT_STORED, 0, PLUS_SOURCE, readme_1),
	ROW(BOTH, EXCLUDE, UNBLOCK_SOURCE, SOURCE_STORED, 0, MINUS_SOURCE,
	    "README 4-2 *2; the group stays joined when the list empties"),
	ROW(BOTH, EXCLUDE, UNBLOCK_SOURCE, SOURCE_NOT_STORED, EADDRNOTAVAIL, SAME,
	    "README 4-2 *2; RFC 3678 4.1.3"),
	ROW(BOTH, EXCLUDE, SET_INCLUDE, LIST_EMPTY, 0, NONE, rfc3376_entry),
	ROW(BOTH, EXCLUDE, SET_INCLUDE, LIST_NOT_EMPTY, 0, INCLUDE_LIST, readme),
	ROW(STRICT, EXCLUDE, SET_EXCLUDE, LIST_IS_STORED, EADDRINUSE, SAME, identical),
	ROW(LINUX, EXCLUDE, SET_EXCLUDE, LIST_IS_STORED, 0, SAME, measured),
	ROW(BOTH, EXCLUDE, SET_EXCLUDE, ARGUMENT_ANY, 0, EXCLUDE_LIST, readme),
	ROW(BOTH, EXCLUDE, GET_FILTER, ARGUMENT_NONE, 0, SAME, rfc3678_get),
};
/* clang-format on */

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

const struct table_row *table_get_row(enum table table, unsigned int i)
{
	for (size_t r = 0; r < N_ROWS; r++)
		if (rows[r].tables >> table & 1 && !i--)
			return &rows[r].row;
	return NULL;
}

static enum fact fact_of(bool is_true)
{
	return is_true ? FACT_YES : FACT_NO;
}

static enum fact fact_not(enum fact fact)
{
	return fact == FACT_UNKNOWN ? FACT_UNKNOWN : fact_of(fact == FACT_NO);
}

static enum fact argument_matches(enum table_argument argument,
				  const struct table_facts *facts)
{
	switch (argument) {
	case ARGUMENT_NONE:
	case ARGUMENT_SOURCE:
	case ARGUMENT_ANY:
		return FACT_YES;
	case LIST_EMPTY:
		return fact_of(!facts->n_list);
	case LIST_NOT_EMPTY:
		return fact_of(facts->n_list);
	case LIST_IS_STORED:
		return facts->is_list_stored;
	case SOURCE_STORED:
		return facts->is_source_stored;
	case SOURCE_NOT_STORED:
		return fact_not(facts->is_source_stored);
	case SOURCE_IS_ALL_STORED:
		return facts->n_stored == 1 ? facts->is_source_stored : FACT_NO;
	case STORED_EMPTY:
		return fact_of(!facts->n_stored);
	}
	return FACT_NO;
}

const struct table_row *table_find(enum table table, const struct table_facts *facts)
{
	for (size_t r = 0; r < N_ROWS; r++) {
		const struct table_row *row = &rows[r].row;

		if (!(rows[r].tables >> table & 1) || row->state != facts->state ||
		    row->verb != facts->verb)
			continue;
		switch (argument_matches(row->argument, facts)) {
		case FACT_YES:
			return row;
		case FACT_UNKNOWN:
			return NULL;
		case FACT_NO:
			break;
		}
	}
	return NULL;
}

struct table_facts table_get_facts(const struct filter *old,
				   const struct table_request *request)
{
	struct table_facts facts = { .state = old->mode, .verb = request->verb };

	if (old->mode != FILTER_NONE) {
		facts.n_stored = old->sources.n;
		facts.is_source_stored =
			fact_of(source_set_has(&old->sources, request->source, NULL));
		facts.is_list_stored =
			fact_of(source_set_equal(&old->sources, &request->list));
	}
	facts.n_list = request->list.n;
	return facts;
}

static void set_list(struct filter *ret, enum filter_mode mode,
		     const struct source_set *list)
{
	ret->mode = mode;
	ret->sources.n = list->n;
	if (list->n)
		memmove(ret->sources.addr, list->addr, list->n * sizeof(*list->addr));
}

static void step_next(enum table_next next, const struct filter *old,
		      const struct table_request *request, struct filter *ret)
{
	const struct source_set one = { 1, (struct addr[]){ request->source } };
	const struct source_set empty = { 0 };

	switch (next) {
	case NEXT_SAME:
		set_list(ret, old->mode, &old->sources);
		break;
	case NEXT_NONE:
		set_list(ret, FILTER_NONE, &empty);
		break;
	case NEXT_EXCLUDE_EMPTY:
		set_list(ret, FILTER_EXCLUDE, &empty);
		break;
	case NEXT_INCLUDE_SOURCE:
		set_list(ret, FILTER_INCLUDE, &one);
		break;
	case NEXT_PLUS_SOURCE:
		ret->mode = old->mode;
		source_set_union(&old->sources, &one, &ret->sources);
		break;
	case NEXT_MINUS_SOURCE:
		ret->mode = old->mode;
		source_set_difference(&old->sources, &one, &ret->sources);
		break;
	case NEXT_INCLUDE_LIST:
		set_list(ret, FILTER_INCLUDE, &request->list);
		break;
	case NEXT_EXCLUDE_LIST:
		set_list(ret, FILTER_EXCLUDE, &request->list);
		break;
	}
}

int filter_apply(enum table table, const struct filter *old,
		 const struct table_request *request, struct filter *ret)
{
	struct table_facts facts = table_get_facts(old, request);
	const struct table_row *row = table_find(table, &facts);

	if (!row)
		return -EINVAL;
	if (row->error)
		return -row->error;
	step_next(row->next, old, request, ret);
	return 0;
}
