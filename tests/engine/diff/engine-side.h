/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine-side: the same host as an engine under virtual time.
 */
#ifndef DIFF_ENGINE_SIDE_H
#define DIFF_ENGINE_SIDE_H

#include "message.h"
#include "normal.h"

struct engine_side {
	const struct script_plan *plan;
	struct engine *engine;
	struct engine_interface interface;
	uint64_t now, random;
	size_t n_used;        /* bytes */
	unsigned int n_wrong; /* calls that the engine refused, packets that are broken */
	uint8_t *buffer;
};

void engine_side_init(struct engine_side *side, const struct script_plan *plan,
		      uint64_t seed);
/* Bytes that were not given back. */
size_t engine_side_fini(struct engine_side *side);

void engine_side_call(struct engine_side *side, const struct script_call *call);
void engine_side_hear(struct engine_side *side, const struct message_bytes *message);
void engine_side_set_link(struct engine_side *side, bool is_up);

/* Adds what is due now, and what will be until there is nothing left to say. */
void engine_side_pull(struct engine_side *side, struct normal *normal);
void engine_side_run(struct engine_side *side, struct normal *normal);

#endif
