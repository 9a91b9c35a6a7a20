/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * semantics.csv as data: which row decides about a request in a state, and what
 * comes after it. A word that this file does not know ends the program, so that
 * no row of the contract is passed over.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "tap.h"

static int parse_errno(const char *text)
{
	static const struct {
		const char *name;
		int value;
	} names[] = {
		{ "0", 0 },
		{ "EINVAL", EINVAL },
		{ "EADDRINUSE", EADDRINUSE },
		{ "EADDRNOTAVAIL", EADDRNOTAVAIL },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i].name) == 0)
			return names[i].value;
	tap_bail_out("contract: unknown errno %s", text);
}

void contract_read(struct contract *contract, const char *path)
{
	FILE *file = path != NULL ? fopen(path, "re") : NULL;
	char line[256], error[16];

	if (file == NULL)
		tap_bail_out("contract: cannot read %s", path != NULL ? path : "(none)");
	contract->n_rows = 0;
	if (fgets(line, sizeof(line), file) == NULL ||
	    strncmp(line, "state,request,argument,errno,next_state,", 40) != 0)
		tap_bail_out("contract: %s has another header", path);
	while (fgets(line, sizeof(line), file) != NULL) {
		struct contract_row *row = &contract->rows[contract->n_rows];

		if (line[0] == '\n')
			continue;
		if (contract->n_rows == CONTRACT_MAX_ROWS ||
		    sscanf(line, "%15[^,],%15[^,],%15[^,],%15[^,],%15[^,],", row->state,
			   row->request, row->argument, error, row->next_state) != 5)
			tap_bail_out("contract: cannot read %s", line);
		row->error = parse_errno(error);
		contract->n_rows++;
	}
	fclose(file);
}

static bool is_state(const char *text, enum model_mode mode)
{
	if (strcmp(text, "none") == 0)
		return mode == MODEL_NONE;
	if (strcmp(text, "INCLUDE{A}") == 0)
		return mode == MODEL_INCLUDE;
	if (strcmp(text, "EXCLUDE{B}") == 0)
		return mode == MODEL_EXCLUDE;
	tap_bail_out("contract: unknown state %s", text);
}

static bool is_request(const char *text, const struct model_request *request)
{
	static const struct {
		const char *name;
		enum msf_verb verb;
		uint32_t fmode;
	} names[] = {
		{ "join_group", MSF_JOIN_GROUP, 0 },
		{ "leave_group", MSF_LEAVE_GROUP, 0 },
		{ "join_source", MSF_JOIN_SOURCE, 0 },
		{ "leave_source", MSF_LEAVE_SOURCE, 0 },
		{ "block_source", MSF_BLOCK_SOURCE, 0 },
		{ "unblock_source", MSF_UNBLOCK_SOURCE, 0 },
		{ "set_include", MSF_SET_FILTER, MCAST_INCLUDE },
		{ "set_exclude", MSF_SET_FILTER, MCAST_EXCLUDE },
		{ "get", MSF_GET_FILTER, 0 },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i].name) == 0)
			return request->verb == names[i].verb &&
			       (request->verb != MSF_SET_FILTER ||
				request->fmode == names[i].fmode);
	tap_bail_out("contract: unknown request %s", text);
}

static bool is_argument(const char *text, struct model_filter filter,
			const struct model_request *request)
{
	unsigned int bit = 1u << request->source;
	const struct {
		const char *name;
		bool holds;
	} words[] = {
		{ "-", true },
		{ "S", true },
		{ "any", true },
		{ "empty", request->set == 0 },
		{ "not_empty", request->set != 0 },
		{ "S_in_A", (filter.set & bit) != 0 },
		{ "S_in_B", (filter.set & bit) != 0 },
		{ "S_not_in_A", (filter.set & bit) == 0 },
		{ "S_not_in_B", (filter.set & bit) == 0 },
		{ "S_is_all_of_A", filter.set == bit },
		{ "L_equals_A", filter.set == request->set },
		{ "L_equals_B", filter.set == request->set },
		{ "B_empty", filter.set == 0 },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i].name) == 0)
			return words[i].holds;
	tap_bail_out("contract: unknown argument %s", text);
}

const struct contract_row *contract_find(const struct contract *contract,
					 struct model_filter filter,
					 const struct model_request *request)
{
	for (unsigned int i = 0; i < contract->n_rows; i++) {
		const struct contract_row *row = &contract->rows[i];

		if (is_state(row->state, filter.mode) &&
		    is_request(row->request, request) &&
		    is_argument(row->argument, filter, request))
			return row;
	}
	tap_bail_out("contract: no row for a request");
}

struct model_filter contract_get_next(const struct contract_row *row,
				      struct model_filter filter,
				      const struct model_request *request)
{
	unsigned int bit = 1u << request->source;
	const struct {
		const char *name;
		struct model_filter filter;
	} names[] = {
		{ "none", { MODEL_NONE, 0 } },
		{ "INCLUDE{S}", { MODEL_INCLUDE, bit } },
		{ "INCLUDE{L}", { MODEL_INCLUDE, request->set } },
		{ "INCLUDE{A}", { MODEL_INCLUDE, filter.set } },
		{ "INCLUDE{A+S}", { MODEL_INCLUDE, filter.set | bit } },
		{ "INCLUDE{A-S}", { MODEL_INCLUDE, filter.set & ~bit } },
		{ "EXCLUDE{}", { MODEL_EXCLUDE, 0 } },
		{ "EXCLUDE{L}", { MODEL_EXCLUDE, request->set } },
		{ "EXCLUDE{B}", { MODEL_EXCLUDE, filter.set } },
		{ "EXCLUDE{B+S}", { MODEL_EXCLUDE, filter.set | bit } },
		{ "EXCLUDE{B-S}", { MODEL_EXCLUDE, filter.set & ~bit } },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(row->next_state, names[i].name) == 0)
			return names[i].filter;
	tap_bail_out("contract: unknown next state %s", row->next_state);
}

bool contract_next_filter(struct model_filter *filter, unsigned int n_sources)
{
	if (filter->mode != MODEL_NONE && ++filter->set < 1u << n_sources)
		return true;
	if (filter->mode == MODEL_EXCLUDE)
		return false;
	filter->mode++;
	filter->set = filter->mode == MODEL_INCLUDE ? 1 : 0;
	return true;
}

bool contract_next_request(struct model_request *request, unsigned int n_sources)
{
	if (request->verb >= MSF_JOIN_SOURCE && request->verb <= MSF_UNBLOCK_SOURCE &&
	    ++request->source < n_sources)
		return true;
	if (request->verb == MSF_SET_FILTER && ++request->set < 1u << n_sources)
		return true;
	if (request->verb == MSF_SET_FILTER && request->fmode == MCAST_EXCLUDE) {
		*request = (struct model_request){ .verb = MSF_SET_FILTER,
						   .fmode = MCAST_INCLUDE };
		return true;
	}
	if (request->verb == MSF_GET_FILTER)
		return false;
	*request = (struct model_request){ .verb = request->verb + 1,
					   .fmode = MCAST_EXCLUDE };
	return true;
}
