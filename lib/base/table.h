/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The error table: which request is legal in which state, and what the state is
 * afterwards (RFC 3678 4.1.3, RFC 3376 3.1). Data, not branches: the first row
 * that matches decides.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/filter.h"

enum table { TABLE_STRICT, TABLE_LINUX };

enum request_verb {
	JOIN_GROUP,
	LEAVE_GROUP,
	JOIN_SOURCE,
	LEAVE_SOURCE,
	BLOCK_SOURCE,
	UNBLOCK_SOURCE,
	SET_INCLUDE,
	SET_EXCLUDE,
	GET_FILTER,
};

/* What a row asks of the request. S is its source, L its list, A the stored
 * list. */
enum table_argument {
	ARGUMENT_NONE,
	ARGUMENT_SOURCE,
	ARGUMENT_ANY,
	LIST_EMPTY,
	LIST_NOT_EMPTY,
	LIST_IS_STORED,
	SOURCE_STORED,
	SOURCE_NOT_STORED,
	SOURCE_IS_ALL_STORED,
	STORED_EMPTY,
};

enum table_next {
	NEXT_SAME,
	NEXT_NONE,
	NEXT_EXCLUDE_EMPTY,
	NEXT_INCLUDE_SOURCE,
	NEXT_PLUS_SOURCE,
	NEXT_MINUS_SOURCE,
	NEXT_INCLUDE_LIST,
	NEXT_EXCLUDE_LIST,
};

struct table_row {
	enum filter_mode state;
	enum request_verb verb;
	enum table_argument argument;
	int error; /* positive errno value or 0 */
	enum table_next next;
	const char *authority;
};

enum fact { FACT_NO, FACT_YES, FACT_UNKNOWN };

/*
 * What is known when the table is asked. Zero-initialised: an empty stored
 * list, an empty list in the request, S not stored, L not the stored one.
 */
struct table_facts {
	enum filter_mode state;
	enum request_verb verb;
	uint32_t n_stored;
	uint32_t n_list;
	enum fact is_source_stored;
	enum fact is_list_stored; /* L equals the stored list, modes aside */
};

/* The row that decides; NULL where that hangs on an unknown fact. */
const struct table_row *table_find(enum table table, const struct table_facts *facts);

/* Row i, or NULL behind the last. */
const struct table_row *table_get_row(enum table table, unsigned int i);

/* A request as the table sees it. */
struct table_request {
	enum request_verb verb;
	struct addr source;     /* of the source deltas */
	struct source_set list; /* of SET_INCLUDE, SET_EXCLUDE */
};

/*
 * The whole contract as one function: 0 or a negative errno value. On 0 *ret is
 * the new state; its addr points to storage with room for one address more than
 * old or the list holds, whichever is larger. Untouched when refused.
 */
int filter_apply(enum table table, const struct filter *old,
		 const struct table_request *request, struct filter *ret);

/* The facts of a request against a wholly known state. */
struct table_facts table_get_facts(const struct filter *old,
				   const struct table_request *request);

#endif
