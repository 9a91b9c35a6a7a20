/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of the table in the words of the contract. */
#include "base/table.h"

#include <errno.h>

#include <msf.h>

static const char *const states[] = {
	[FILTER_NONE] = "none",
	[FILTER_INCLUDE] = "INCLUDE{A}",
	[FILTER_EXCLUDE] = "EXCLUDE{B}",
};

static const char *const verbs[] = {
	[JOIN_GROUP] = "join_group",
	[LEAVE_GROUP] = "leave_group",
	[JOIN_SOURCE] = "join_source",
	[LEAVE_SOURCE] = "leave_source",
	[BLOCK_SOURCE] = "block_source",
	[UNBLOCK_SOURCE] = "unblock_source",
	[SET_INCLUDE] = "set_include",
	[SET_EXCLUDE] = "set_exclude",
	[GET_FILTER] = "get",
};

/* The stored list is called A in INCLUDE mode and B in EXCLUDE mode. */
static const char *const arguments[][2] = {
	[ARGUMENT_NONE] = { "-", "-" },
	[ARGUMENT_SOURCE] = { "S", "S" },
	[ARGUMENT_ANY] = { "any", "any" },
	[LIST_EMPTY] = { "empty", "empty" },
	[LIST_NOT_EMPTY] = { "not_empty", "not_empty" },
	[LIST_IS_STORED] = { "L_equals_A", "L_equals_B" },
	[SOURCE_STORED] = { "S_in_A", "S_in_B" },
	[SOURCE_NOT_STORED] = { "S_not_in_A", "S_not_in_B" },
	[SOURCE_IS_ALL_STORED] = { "S_is_all_of_A", "S_is_all_of_B" },
	[STORED_EMPTY] = { "A_empty", "B_empty" },
};

static const char *const next_states[][2] = {
	[NEXT_NONE] = { "none", "none" },
	[NEXT_EXCLUDE_EMPTY] = { "EXCLUDE{}", "EXCLUDE{}" },
	[NEXT_INCLUDE_SOURCE] = { "INCLUDE{S}", "INCLUDE{S}" },
	[NEXT_PLUS_SOURCE] = { "INCLUDE{A+S}", "EXCLUDE{B+S}" },
	[NEXT_MINUS_SOURCE] = { "INCLUDE{A-S}", "EXCLUDE{B-S}" },
	[NEXT_INCLUDE_LIST] = { "INCLUDE{L}", "INCLUDE{L}" },
	[NEXT_EXCLUDE_LIST] = { "EXCLUDE{L}", "EXCLUDE{L}" },
};

int msf_table_get_row(enum msf_semantics semantics, unsigned int i,
		      struct msf_table_row *ret_row)
{
	const struct table_row *row;
	bool is_exclude;

	if (semantics != MSF_SEMANTICS_TABLE && semantics != MSF_SEMANTICS_LINUX)
		return -EINVAL;
	row = table_get_row(semantics == MSF_SEMANTICS_LINUX ? TABLE_LINUX : TABLE_STRICT,
			    i);
	if (!row)
		return -ENOENT;
	is_exclude = row->state == FILTER_EXCLUDE;
	*ret_row = (struct msf_table_row){
		.state = states[row->state],
		.request = verbs[row->verb],
		.argument = arguments[row->argument][is_exclude],
		.error = row->error,
		.next_state = row->next == NEXT_SAME ? states[row->state]
						     : next_states[row->next][is_exclude],
		.authority = row->authority,
	};
	return 0;
}
