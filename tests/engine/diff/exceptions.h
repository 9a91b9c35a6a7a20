/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exceptions: where Linux is known to say something else than the engine, by name. Each
 * one says exactly what then differs, so it hides nothing else; and each must be seen
 * in every run, or it is stale.
 */
#ifndef DIFF_EXCEPTIONS_H
#define DIFF_EXCEPTIONS_H

#include "normal.h"

/* One step, when it is over. */
struct episode {
	const struct script *script;
	const struct script_step *step;
	const struct normal *kernel, *engine;
};

struct exception {
	const char *sentence; /* with the rows that it is about */
	bool (*explains)(const struct episode *episode, unsigned int group);
	/* It would explain half of what Linux says, too: wait for the rest. */
	bool is_loose;
};

#define EXCEPTIONS      13u
#define EXCEPTION_TWICE 12u /* which explains no difference */

extern const struct exception exceptions[EXCEPTIONS];

/* Which one explains the difference about the group; -1: none. */
int exceptions_find(const struct episode *episode, unsigned int group);

#endif
