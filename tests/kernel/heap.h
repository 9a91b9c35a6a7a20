/* SPDX-License-Identifier: BSD-2-Clause */
/* heap: the engine's memory (engine.h), of malloc() and never short. */
#ifndef HEAP_H
#define HEAP_H

#include <stddef.h>
#include <stdlib.h>

static inline void *heap_resize(void *context, void *memory, size_t old_len, size_t len)
{
	(void)context;
	(void)old_len;
	if (len)
		return realloc(memory, len);
	free(memory);
	return NULL;
}

#endif
