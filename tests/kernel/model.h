/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filters and requests over a handful of sources, as bit sets, and the rules of
 * RFC 3678 4.1.3 for them, written down a second time: nothing here asks the
 * library. The contract is the same as data, read from semantics.csv.
 */
#ifndef MODEL_H
#define MODEL_H

#include <msf.h>
#include <stdbool.h>

#include "traffic.h"

enum model_mode { MODEL_NONE, MODEL_INCLUDE, MODEL_EXCLUDE };

struct model_filter {
	enum model_mode mode;
	unsigned int set; /* bit i: source i of the link */
};

struct model_request {
	enum msf_verb verb;
	unsigned int source; /* the four source deltas */
	uint32_t fmode;      /* MSF_SET_FILTER */
	unsigned int set;    /* MSF_SET_FILTER */
};

bool model_is_equal(struct model_filter a, struct model_filter b);

/* The senders of a link that the filter admits, as bits. */
unsigned int model_admit(struct model_filter filter);

/* 0 or -errno; the next filter in *ret, which equals filter after a refusal. */
int model_apply(struct model_filter filter, const struct model_request *request,
		enum msf_semantics semantics, struct model_filter *ret);

/* Text such as "INCLUDE{02}"; buffers of MODEL_TEXT bytes. */
#define MODEL_TEXT 48
const char *model_print_filter(struct model_filter filter, char text[MODEL_TEXT]);
const char *model_print_request(const struct model_request *request,
				char text[MODEL_TEXT]);

/* Where requests go. */
struct model_place {
	enum flavour flavour;
	unsigned int link;
	uint32_t ifindex;
	struct sockaddr_storage group;
};

/* A request with addresses; points into itself and at the place. */
struct model_call {
	struct msf_request request;
	struct sockaddr_storage source;
	struct sockaddr_storage slist[32];
};

void model_spell(const struct model_place *place, const struct model_request *request,
		 struct model_call *ret);

/* raw_delta(), or system_delta(). */
typedef int model_delta(int fd, enum msf_verb verb, uint32_t ifindex,
			const struct sockaddr_storage *group,
			const struct sockaddr_storage *source);

/* A receiver with that filter, made by deltas. The program ends when that fails. */
int model_open(model_delta *delta, const struct model_place *place,
	       struct model_filter filter);

/* What the socket holds, as the kernel has it or (system.h) the library. MODEL_NONE for
 * no membership; false for a list with a source that is not of this link, or one twice,
 * or INCLUDE {}. */
bool model_look(int fd, const struct model_place *place, struct model_filter *ret);

/* The rows of semantics.csv. */
#define CONTRACT_MAX_ROWS 64

struct contract_row {
	char state[16];
	char request[16];
	char argument[16];
	char next_state[16];
	int error;
};

struct contract {
	unsigned int n_rows;
	struct contract_row rows[CONTRACT_MAX_ROWS];
};

/* The program ends when the file is not what it should be. */
void contract_read(struct contract *contract, const char *path);

/* The row that decides. */
const struct contract_row *contract_find(const struct contract *contract,
					 struct model_filter filter,
					 const struct model_request *request);

/* All filters over so many sources, from MODEL_NONE on, and all requests over so many,
 * from MSF_JOIN_GROUP on, one after the other; false behind the last. */
bool contract_next_filter(struct model_filter *filter, unsigned int n_sources);
bool contract_next_request(struct model_request *request, unsigned int n_sources);

/* The state that the row leads to. */
struct model_filter contract_get_next(const struct contract_row *row,
				      struct model_filter filter,
				      const struct model_request *request);

#endif
