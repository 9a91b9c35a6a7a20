/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets in a known state on one interface, and requests for them; what the two
 * halves of preload-table share. The group of a place is joined by nobody else.
 */
#ifndef PRELOAD_TABLE_H
#define PRELOAD_TABLE_H

#include "model.h"
#include "plain.h"

struct place {
	enum flavour flavour;
	uint32_t ifindex;
	struct in_addr ifaddr;
	struct sockaddr_storage group;
};

/* Address i of the peer, which need not exist. */
struct sockaddr_storage place_source(const struct place *place, unsigned int i);

/* A sound request of a shape that can do it. */
struct plain_request place_spell(const struct place *place, enum plain_shape shape,
				 const struct model_request *request);

/* Text such as "INCLUDE{02}" and "leave_source 1". */
const char *place_name_filter(struct model_filter filter, char text[MODEL_TEXT]);
const char *place_name_request(const struct model_request *request,
			       char text[MODEL_TEXT]);

/* A UDP socket with the filter; is_emptied: EXCLUDE {} that had a source before. */
int place_open(const struct place *place, struct model_filter filter, bool is_emptied);

/* All that a caller can see of the answer: errno, a get's filter, and the state. */
#define ANSWER_TEXT (2 * PLAIN_TEXT + 32)
void place_ask(const struct place *place, int fd, const struct plain_request *rq,
	       char text[ANSWER_TEXT]);

/* Every shape with everything that can be wrong in a request, in three states. */
void wrong_run(const struct place *place);

#endif
