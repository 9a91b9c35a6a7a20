/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory: what the engine asks of its caller's allocator, counted by what it is for.
 */
#ifndef ENGINE_MEMORY_H
#define ENGINE_MEMORY_H

#include <stddef.h>

#include "engine/engine.h"

enum memory_kind {
	MEMORY_MSFILTER, /* sources of groups */
	MEMORY_MOPTIONS, /* filters of sockets */
	MEMORY_OTHER,
};
#define MEMORY_KINDS 3u

struct memory {
	void *(*resize)(void *context, void *memory, size_t old_len, size_t len);
	void *context;
	uint64_t used[MEMORY_KINDS]; /* bytes */
};

/* New memory, not cleared; NULL when there is none. */
void *memory_get(struct memory *memory, enum memory_kind kind, size_t len);

/* len is what it was asked for with; NULL is fine. Returns NULL. */
void *memory_put(struct memory *memory, enum memory_kind kind, void *block, size_t len);

/* As realloc(): NULL when there is none, and the block is as it was. */
void *memory_resize(struct memory *memory, enum memory_kind kind, void *block,
		    size_t old_len, size_t len);

#endif
