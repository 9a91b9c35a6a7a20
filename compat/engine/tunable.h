/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tunable: the values of the engine's tunables. Their table is in tunable.c.
 */
#ifndef ENGINE_TUNABLE_H
#define ENGINE_TUNABLE_H

#include "engine/engine.h"

struct tunables {
	uint64_t value[ENGINE_TUNABLES];
};

void tunables_init(struct tunables *tunables);

/* 0, -EINVAL: no such tunable; -ERANGE. */
int tunables_set(struct tunables *tunables, enum engine_tunable tunable, uint64_t value);

#endif
