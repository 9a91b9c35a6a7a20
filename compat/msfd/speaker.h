/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * speaker: lets the engine speak. Whoever has told the engine something calls
 * speaker_poke(); what is due is pulled and sent before the loop waits again, or a few
 * milliseconds later where something was said just now, so that programs that join at the
 * same time share packets. A timer is set for what is due later.
 */
#ifndef MSFD_SPEAKER_H
#define MSFD_SPEAKER_H

#include "engine/engine.h"
#include "loop.h"
#include "msfd/wire.h"

struct speaker;

int speaker_new(struct speaker **ret, struct loop *loop, struct engine *engine,
		struct wire *wire);
struct speaker *speaker_free(struct speaker *speaker);

/* Cheap; may be called from anywhere, as often as one likes. */
void speaker_poke(struct speaker *speaker);

/* Pulls and sends everything that is due at once, waiting up to timeout_ms for a socket
 * that is full: for the leaves at the end. */
void speaker_drain(struct speaker *speaker, unsigned int timeout_ms);

#endif
